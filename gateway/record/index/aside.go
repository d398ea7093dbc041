package index

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

// moveAside gives all files of a damaged database another name, under which it can
// still be opened.
func moveAside(path string) error {
	for _, step := range asideSteps(path) {
		if err := step(); err != nil {
			return fmt.Errorf("moving a damaged index aside: %w", explainFile(path, err))
		}
	}
	return nil
}

// asideSteps are those of moveAside. The process may die between any two, and then
// all are taken again: nothing is moved before it is noted where to, nor taken for
// whole before everything is moved.
func asideSteps(path string) []func() error {
	steps := []func() error{
		func() error { return noteAside(path) },
		func() error { return condemn(path) },
	}
	for _, suffix := range slices.Backward(suffixes) { // the database last
		steps = append(steps, func() error { return moveOne(path, suffix) })
	}
	return append(steps,
		func() error { return syncFolder(path) },
		func() error { return remove(path + condemned) },
	)
}

// noteAside notes a name to move the database to. The last that was noted is used
// again, unless that would move one database over another.
func noteAside(path string) error {
	asides, err := pending(path)
	if err != nil {
		return err
	}
	if len(asides) > 0 && !(there(asides[len(asides)-1]) && slices.ContainsFunc(suffixes, func(s string) bool { return there(path + s) })) {
		return nil
	}
	var text strings.Builder
	for _, aside := range append(asides, path+".damaged-"+time.Now().UTC().Format("20060102T150405.000Z")) {
		fmt.Fprintln(&text, filepath.Base(aside))
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

// pending gives the databases that were noted, the last one last.
func pending(path string) (asides []string, err error) {
	text, err := os.ReadFile(path + salvaging)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, explainFile(path, err)
	}
	for name := range strings.FieldsSeq(string(text)) {
		asides = append(asides, filepath.Join(filepath.Dir(path), filepath.Base(name)))
	}
	return asides, nil
}

func moveOne(path, suffix string) error {
	asides, err := pending(path)
	if err != nil {
		return err
	}
	if err = os.Rename(path+suffix, asides[len(asides)-1]+suffix); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func condemn(path string) error {
	err := writeSynced(path+condemned, "")
	if err == nil {
		err = syncFolder(path)
	}
	return explainFile(path, err)
}

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
		return explainFile(name, err)
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
