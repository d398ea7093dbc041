package regular

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Write writes a file so that under its name there is all of it or what was there before,
// also where the disk is full or the power fails. It blocks for the disk.
func Write(name string, content []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails where it was renamed
	_, err = f.Write(content)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
