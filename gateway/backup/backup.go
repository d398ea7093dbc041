// Package backup puts what a server cannot do without into one file, and takes
// it out again: who may do what, cameras that the API added, the key that opens their
// passwords, certificates that devices trust, and what makes a server a node of a
// cluster. Recordings are not among it.
//
// The file is a tar archive, compressed by gzip, whose sum shows what is damaged or
// cut off. Its files are named as they are below the data folder:
//
//	key
//	state.db
//	tls/ca.crt
//	tls/ca.key
//	acme/…
//	cluster/ca.count
//	cluster/ca.crt
//	cluster/ca.key
//	cluster/node.crt
//	cluster/node.key
//	cluster/revoked
//	cluster/secret
//
// Whoever can read it can read all of that, so it is made for its owner only.
package backup

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"framegate/gateway/certs"
	"framegate/gateway/store"
)

const (
	mostBytes  = 1 << 30 // of all files; a database is a thousandth of that
	mostFiles  = 1000
	tlsFolder  = "tls"
	acmeFolder = "acme"

	// Folders in which backups are put together and taken apart have names that the
	// store sweeps, in case the process is killed.
	workPattern = ".backup.new-*"
)

// folders are those of a data folder of which a backup has files.
var folders = []string{tlsFolder, acmeFolder, "cluster"}

// WriteFile makes a backup of a data folder and gives it a name once it is whole
// and on the disk; a file of that name is replaced then. A server may run meanwhile. It
// blocks for the disks.
func WriteFile(ctx context.Context, data, name string) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".new-*") // which only we can read
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = Write(ctx, data, f)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// Write writes a backup of a data folder, all of one moment but for certificates. A
// server may run meanwhile. What is damaged is an error, as for a server that starts.
func Write(ctx context.Context, data string, w io.Writer) error {
	work, err := os.MkdirTemp(data, workPattern)
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := store.Copy(ctx, data, work); err != nil {
		return err
	}
	if err := certs.CheckAuthority(filepath.Join(data, tlsFolder)); err != nil {
		return err
	}
	for _, folder := range folders {
		if err := copyFiles(data, work, folder); err != nil {
			return err
		}
	}
	compressed := gzip.NewWriter(w)
	archive := tar.NewWriter(compressed)
	if err := archive.AddFS(os.DirFS(work)); err != nil {
		return err
	}
	return errors.Join(archive.Close(), compressed.Close())
}

// copyFiles copies a folder of a data folder with those below it. Files that are being
// made have other names, and may go while it looks at them.
func copyFiles(data, work, folder string) error {
	from, to := filepath.Join(data, folder), filepath.Join(work, folder)
	return filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, name)
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, relative), 0o700)
		case !entry.Type().IsRegular() || !known(path.Join(folder, filepath.ToSlash(relative))):
			return nil
		}
		content, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, relative), content, 0o600)
	})
}

// known says whether a backup may hold a file of this name.
func known(name string) bool {
	switch name {
	case "key", "state.db", "tls/ca.crt", "tls/ca.key",
		"cluster/ca.count", "cluster/ca.crt", "cluster/ca.key", "cluster/node.crt", "cluster/node.key", "cluster/revoked", "cluster/secret":
		return true
	}
	rest, ok := strings.CutPrefix(name, acmeFolder+"/")
	return ok && fs.ValidPath(name) && !strings.Contains(rest, "/") && !strings.HasPrefix(rest, ".")
}

// Read takes a backup apart into a data folder, in which none of what it holds may
// be yet; a folder that is missing is made. All of it is checked, as for a
// server that starts, before anything has its name; store.ErrNewer is an error like
// others. A read of more than 1 GiB or a thousand files is refused.
func Read(ctx context.Context, data string, r io.Reader) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	for _, name := range append([]string{"state.db", "state.db-wal", "key"}, folders...) {
		if _, err := os.Lstat(filepath.Join(data, name)); err == nil {
			return fmt.Errorf("%s is there already: restore into another data folder, or end the server and move it away", filepath.Join(data, name))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	work, err := os.MkdirTemp(data, workPattern)
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := extract(work, r); err != nil {
		return fmt.Errorf("this is no backup of Framegate, or it is damaged: %w", err)
	}
	if err := check(ctx, work); err != nil {
		return err
	}
	if err := giveAway(work, data); err != nil {
		return err
	}
	for _, folder := range folders {
		if err := os.Rename(filepath.Join(work, folder), filepath.Join(data, folder)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return store.Move(work, data)
}

func check(ctx context.Context, work string) error {
	if err := store.Check(ctx, work); err != nil {
		return fmt.Errorf("in the backup: %w", err)
	}
	if exists, err := store.Exists(work); err != nil || !exists {
		return errors.Join(err, errors.New("this is no backup of Framegate: there is no state.db in it"))
	}
	if err := certs.CheckAuthority(filepath.Join(work, tlsFolder)); err != nil {
		return fmt.Errorf("in the backup: %w", err)
	}
	return nil
}

// extract writes the files of an archive to the disk.
func extract(work string, r io.Reader) error {
	root, err := os.OpenRoot(work)
	if err != nil {
		return err
	}
	defer root.Close()
	compressed, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	archive := tar.NewReader(compressed)
	left := int64(mostBytes)
	for range mostFiles {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return readToEnd(compressed)
		}
		if err != nil {
			return err
		}
		if header.Typeflag == tar.TypeDir {
			continue // they come with their files
		}
		if header.Typeflag != tar.TypeReg || !known(header.Name) {
			return fmt.Errorf("%q does not belong in one", header.Name)
		}
		if left -= header.Size; left < 0 {
			return fmt.Errorf("it holds more than %d bytes", mostBytes)
		}
		if err := root.MkdirAll(path.Dir(header.Name), 0o700); err != nil {
			return err
		}
		if err := writeTo(root, header.Name, archive); err != nil {
			return err
		}
	}
	return fmt.Errorf("it holds more than %d files", mostFiles)
}

// readToEnd has the sum of what was read compared, which stands behind it.
func readToEnd(compressed io.Reader) error {
	const padding = 1 << 20
	n, err := io.Copy(io.Discard, io.LimitReader(compressed, padding))
	if err == nil && n == padding {
		err = errors.New("something follows it")
	}
	return err
}

// writeTo writes a new file to the disk.
func writeTo(root *os.Root, name string, r io.Reader) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Sync(), f.Close())
}

// giveAway has what root took out of a backup belong to whom the data folder does: the
// server that runs as that user could not read it.
func giveAway(work, data string) error {
	about, err := os.Stat(data)
	if err != nil {
		return err
	}
	owner, ok := about.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 || owner.Uid == 0 {
		return nil
	}
	return filepath.WalkDir(work, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, int(owner.Uid), int(owner.Gid))
	})
}
