package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"framegate/gateway/regular"
)

// openToOthers says whether other users of the machine can read or write. On
// Windows the bits say nothing.
func openToOthers(mode fs.FileMode) bool {
	return runtime.GOOS != "windows" && mode.Perm()&0o077 != 0
}

// prepareFolder makes the folder where there is none. Who can write to it can
// put other files in the place of ours, so nobody else may.
func prepareFolder(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if info, statErr := os.Stat(dir); err != nil && (statErr != nil || info.IsDir()) {
		return fmt.Errorf("making the data folder: %w", explainFile(dir, err))
	}
	return checkFolder(dir)
}

// checkFolder refuses a folder in which ours would not be safe.
func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("looking at the data folder: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("the data folder %s is a file; name another one, or move the file away", dir)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("the data folder %s %w (mode %04o): run chmod 700 on it, or name a new folder inside it, which is then made so",
			dir, ErrUnsafe, info.Mode().Perm())
	}
	return nil
}

// databaseExists looks for the database. makeDatabase lets it appear complete,
// so an empty one was once more.
func databaseExists(dir string) (bool, error) {
	name := filepath.Join(dir, databaseName)
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, refuseOrphan(name)
	case err != nil:
		return false, fmt.Errorf("looking for the database: %w", explainFile(dir, err))
	case !info.Mode().IsRegular():
		return false, damaged(name, "not a file")
	case info.Size() == 0:
		return false, damaged(name, "empty")
	case info.Size()%pageBytes != 0 && !hasLog(name):
		return false, damaged(name, "cut off")
	}
	return true, nil
}

// hasLog says whether there are writes that are not in the database file yet,
// which may then have been left in the middle of a page.
func hasLog(name string) bool {
	info, err := os.Stat(name + "-wal")
	return err == nil && info.Size() > 0
}

// refuseOrphan refuses to start anew beside a log that holds writes of a
// database that is gone.
func refuseOrphan(name string) error {
	if !hasLog(name) {
		return nil
	}
	return fmt.Errorf("%s is missing, while %s-wal is there and holds what was last written: %w: restore the first; or move the second away to start without users, tokens and added cameras",
		name, name, ErrDamaged)
}

// keyBytes is the size of an AES-256 key. The file has it in hexadecimal, as
// one line, so that it can be kept where people keep secrets.
const keyBytes = 32

// readOrMakeKey reads the key, and makes it where there is no database yet that
// would need another.
func readOrMakeKey(dir string, databaseExists bool) ([]byte, error) {
	name := filepath.Join(dir, keyName)
	key, err := readKey(name)
	switch {
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return key, err
	case databaseExists:
		return nil, fmt.Errorf("%s is missing: %w: restore it from a backup; without it the passwords in %s cannot be read, and that has to be moved away to start anew",
			name, ErrKey, filepath.Join(dir, databaseName))
	}
	key = make([]byte, keyBytes)
	rand.Read(key)
	err = publish(dir, name, func(f *os.File) error {
		_, err := fmt.Fprintln(f, hex.EncodeToString(key))
		return err
	})
	if errors.Is(err, fs.ErrExist) { // another process was faster
		return readKey(name)
	}
	if err != nil {
		return nil, fmt.Errorf("making the key: %w", explainFile(dir, err))
	}
	return key, nil
}

func readKey(name string) ([]byte, error) {
	f, err := regular.Open(name)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("reading the key: %w; run this as the user whom the data folder belongs to", err)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading the key: %w", err)
	}
	if openToOthers(info.Mode()) {
		return nil, fmt.Errorf("the key %s %w (mode %04o): run chmod 600 on it, and change the cameras' passwords if others may have read it", name, ErrUnsafe, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, 4*keyBytes))
	if err != nil {
		return nil, fmt.Errorf("reading the key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keyBytes {
		return nil, fmt.Errorf("%s %w: it has to be one line of %d hexadecimal digits: %w: restore it from a backup", name, ErrDamaged, 2*keyBytes, ErrKey)
	}
	return key, nil
}

// publish lets a file appear under its name complete, or not at all: it is
// written under another one first. fs.ErrExist says that somebody else did.
func publish(dir, name string, write func(*os.File) error) error {
	f, err := createHidden(dir, name)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return appear(dir, f.Name(), name)
}

// createHidden makes an empty file that only we can read, for what becomes
// name.
func createHidden(dir, name string) (*os.File, error) {
	hidden := filepath.Join(dir, "."+filepath.Base(name)+".new-"+rand.Text())
	return os.OpenFile(hidden, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// sweep removes what processes left that were killed while they made
// something. What is young may be another process at work.
func sweep(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // again the next time
	}
	for _, entry := range entries {
		name := entry.Name()
		ours := strings.HasPrefix(name, ".") && strings.Contains(name, ".new-") || strings.HasPrefix(name, ".room-")
		if info, err := entry.Info(); ours && err == nil && time.Since(info.ModTime()) > time.Hour {
			os.RemoveAll(filepath.Join(dir, name)) // a folder, where it was a backup
		}
	}
}

// appear gives a finished file its name, unless that is taken. Where the file
// system has no links it renames.
func appear(dir, hidden, name string) error {
	err := os.Link(hidden, name)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		if _, statErr := os.Lstat(name); statErr == nil {
			return fs.ErrExist
		}
		err = os.Rename(hidden, name)
	}
	if err != nil {
		return err
	}
	return syncFolder(dir)
}

// syncFolder sees to it that a new name survives a power failure.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && runtime.GOOS != "windows" {
		return err
	}
	return nil
}

// makeDatabase makes a new database under another name and lets it appear.
// That another process was faster is no error.
func makeDatabase(ctx context.Context, dir string, seal *sealer) error {
	name := filepath.Join(dir, databaseName)
	f, err := createHidden(dir, name)
	if err != nil {
		return err
	}
	hidden := f.Name()
	f.Close() // before SQLite takes locks on it, which a later close would lose
	defer func() {
		for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
			os.Remove(hidden + suffix)
		}
	}()
	if err := fillDatabase(ctx, hidden, seal); err != nil {
		return err
	}
	err = appear(dir, hidden, name)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
