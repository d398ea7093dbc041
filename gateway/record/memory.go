package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
)

// memory is which volume was found in a folder the last time. It lies elsewhere,
// so that an empty folder is known for one whose disk is not mounted.
type memory struct {
	Folder string `json:"folder"`
	Volume string `json:"volume"`
	// Others are the volumes of folders that were used before.
	Others map[string]string `json:"others,omitempty"`
	// Cameras is what is kept of each, and of those that are not there any more.
	Cameras map[string]Keep `json:"cameras,omitempty"`
	// Removed are the latter alone, as it was written before.
	Removed map[string]Keep `json:"removed,omitempty"`
}

// remembered gives the memory of a folder: of one that is not used at the moment another
// Volume, and the zero value where there is none. One that cannot be read is an
// error: a folder without its disk is not to be taken for a new one.
func remembered(file, folder string) (m memory, err error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return memory{}, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		return memory{}, fmt.Errorf("%s, which says whose recordings are in %s, cannot be read; put it back from a backup, or delete it to use what is there: %w", file, folder, err)
	}
	if m.Folder != folder {
		return memory{Volume: m.Others[folder], Cameras: m.Cameras, Removed: m.Removed}, nil
	}
	return m, nil
}

// remember writes down which volume is in a folder, beside those of other folders.
func remember(file string, m memory) error {
	if b, err := os.ReadFile(file); err == nil {
		var before memory
		_ = json.Unmarshal(b, &before) // what is damaged was refused
		m.Others = before.Others
		if before.Folder != m.Folder && before.Folder != "" {
			m.Others = map[string]string{before.Folder: before.Volume}
			maps.Copy(m.Others, before.Others)
		}
		delete(m.Others, m.Folder)
	}
	b, _ := json.MarshalIndent(m, "", "  ") // strings
	half := file + ".new"
	f, err := os.OpenFile(half, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(half, file); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(file))
}

// syncFolder brings to the disk what there is in a folder, by name.
func syncFolder(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
