package record

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"

	"framegate/gateway/record/index"
)

// Repair says what Check does about what it finds.
type Repair uint8

// Nothing; what the start of a server does; and that with everything read anew
// that can be read out of the files.
const (
	Look Repair = iota
	Mend
	Rebuild
)

// ErrInUse says that a running server has the recordings, which mends them itself.
var ErrInUse = errLocked

// Check compares a folder of recordings with its index, while no server records
// there, and says what does not fit together. Files that are being written, where
// a server does after all, are nothing unusual to Look, and the others refuse
// with ErrInUse.
func Check(ctx context.Context, dir string, repair Repair, say func(Finding)) error {
	disk, err := OpenFolder(dir)
	if err != nil {
		return err
	}
	defer disk.Close()
	busy := disk.Lock()
	if busy != nil && (repair != Look || !errors.Is(busy, ErrInUse)) {
		return busy
	}
	id, err := marked(disk)
	if err != nil {
		return err
	}
	if id == "" {
		return fmt.Errorf("%s has no recordings of Framegate: %s is not there", dir, markerName)
	}
	v, err := checked(ctx, disk, dir, id, repair, say)
	if err != nil || v == nil {
		return err
	}
	defer v.index.Close()
	c := comparison{v: v, mend: repair != Look, anew: repair == Rebuild, say: say, hold: func() func() { return func() {} }, busy: busy != nil}
	if err := c.all(ctx); err != nil {
		return err
	}
	return verify(ctx, v, repair, say)
}

// checked opens the index, and makes none where there is none that is to be
// looked at only.
func checked(ctx context.Context, disk Disk, dir, id string, repair Repair, say func(Finding)) (*volume, error) {
	f, _, err := disk.Open(indexName, false)
	if err != nil && (repair == Look || !errors.Is(err, fs.ErrNotExist)) {
		if errors.Is(err, fs.ErrNotExist) {
			say(Finding{indexName, "is not there", ""})
			return nil, nil
		}
		return nil, err
	}
	if err == nil {
		_ = f.Close()
	}
	corrections, err := readCorrections(disk)
	if err != nil {
		return nil, err
	}
	x, err := index.Open(ctx, filepath.Join(dir, indexName))
	if err != nil {
		return nil, err
	}
	if x.Aside() != "" {
		say(Finding{indexName, "was damaged", "made anew; the old one is " + x.Aside()})
	}
	return &volume{disk: disk, index: x, id: id, corrections: corrections, log: slog.New(slog.DiscardHandler)}, nil
}

// verify says what in the index contradicts itself.
func verify(ctx context.Context, v *volume, repair Repair, say func(Finding)) error {
	wrong, err := v.index.Verify(ctx)
	if err != nil {
		return err
	}
	done := ""
	if repair == Rebuild || repair == Mend && len(wrong) > 0 {
		if err := v.index.Mend(ctx); err != nil {
			return err
		}
		done = "mended"
	}
	for _, text := range wrong {
		say(Finding{indexName, text, done})
	}
	return nil
}
