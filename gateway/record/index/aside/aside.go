// Package aside moves databases that are damaged out of the way, in steps between
// any of which the process may die, and remembers them until what they have was
// taken over. Beside the database at PATH lie
//
//	PATH.condemned       it is damaged, whoever opens it
//	PATH.salvage         the names of those that were moved, a line each
//	PATH.damaged-TIME    one of them
//
// It knows nothing of what is in them. Errors are of the file system.
package aside

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// condemned is the end of the name of a file which says that the database is
	// damaged.
	condemned = ".condemned"
	// salvaging is that of one with the names of databases, a line each, that were
	// moved aside and from which marks are still to be taken over.
	salvaging = ".salvage"
)

// Suffixes are those of the files that SQLite has of a database.
var Suffixes = []string{"", "-wal", "-shm", "-journal"}

// Move gives all files of a damaged database another name, under which it can
// still be opened.
func Move(path string) error {
	for _, step := range Steps(path) {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// Steps are those of Move. The process may die between any two, and then
// all are taken again: nothing is moved before it is noted where to, nor taken for
// whole before everything is moved.
func Steps(path string) []func() error {
	steps := []func() error{
		func() error { return note(path) },
		func() error { return Condemn(path) },
	}
	for _, suffix := range slices.Backward(Suffixes) { // the database last
		steps = append(steps, func() error { return moveOne(path, suffix) })
	}
	return append(steps,
		func() error { return syncFolder(path) },
		func() error { return remove(path + condemned) },
	)
}

// note notes a name to move the database to. The last that was noted is used
// again, unless that would move one database over another.
func note(path string) error {
	asides, err := Pending(path)
	if err != nil {
		return err
	}
	if len(asides) > 0 && !(there(asides[len(asides)-1]) && slices.ContainsFunc(Suffixes, func(s string) bool { return there(path + s) })) {
		return nil
	}
	var text strings.Builder
	for _, name := range append(asides, path+".damaged-"+time.Now().UTC().Format("20060102T150405.000Z")) {
		fmt.Fprintln(&text, filepath.Base(name))
	}
	const half = salvaging + ".new"
	if err := writeSynced(path+half, text.String()); err != nil {
		return err
	}
	if err := os.Rename(path+half, path+salvaging); err != nil {
		return err
	}
	return syncFolder(path)
}

// Pending gives the databases that were moved, or were to be, the last one last.
func Pending(path string) (asides []string, err error) {
	text, err := os.ReadFile(path + salvaging)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for name := range strings.FieldsSeq(string(text)) {
		asides = append(asides, filepath.Join(filepath.Dir(path), filepath.Base(name)))
	}
	return asides, nil
}

func moveOne(path, suffix string) error {
	asides, err := Pending(path)
	if err != nil {
		return err
	}
	if err = os.Rename(path+suffix, asides[len(asides)-1]+suffix); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Forget forgets them: what they have was taken over.
func Forget(path string) error { return remove(path + salvaging) }

// Condemn says of a database, for who opens it next, that it is damaged.
func Condemn(path string) error {
	err := writeSynced(path+condemned, "")
	if err == nil {
		err = syncFolder(path)
	}
	return err
}

// Condemned says whether somebody did.
func Condemned(path string) bool { return there(path + condemned) }

func there(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

func writeSynced(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// remove removes a file for good.
func remove(name string) error {
	if err := os.RemoveAll(name); err != nil {
		return err
	}
	return syncFolder(name)
}

// syncFolder brings to the disk which names there are beside one.
func syncFolder(name string) error {
	folder, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
