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

// Nothing at all; what the start of a server does; and that with everything entered
// anew that can be read out of the files.
const (
	Look Repair = iota
	Mend
	Rebuild
)

// ErrInUse says that a running server has the recordings, which mends them itself.
var ErrInUse = errLocked

// Check reads what all files of a folder of recordings say of themselves, compares
// it with the index, while no server records there, and says what does not fit
// together. Files that are being written, where
// a server does after all, are nothing unusual to Look, and the others refuse
// with ErrInUse. The folders of cameras are those that the index knows, that hold
// recordings of a camera with their name, or that are named here.
func Check(ctx context.Context, dir string, repair Repair, say func(Finding), cameras ...string) error {
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
	v := &volume{disk: disk, id: id, log: slog.New(slog.DiscardHandler), lasting: make(map[string]string)}
	if v.corrections, err = readCorrections(disk); err != nil {
		return err
	}
	c := checking(v, repair, busy != nil, say, cameras)
	if repair == Look {
		return look(ctx, &c, dir)
	}
	if v.index, err = mended(ctx, dir, say); err != nil {
		return err
	}
	defer v.index.Close()
	if err := c.deleted(ctx); err != nil {
		return err
	}
	if err := c.all(ctx); err != nil {
		return err
	}
	return verify(ctx, v, repair, say)
}

// checking gives the comparison of a check.
func checking(v *volume, repair Repair, busy bool, say func(Finding), cameras []string) comparison {
	known := make(map[string]Keep, len(cameras))
	for _, camera := range cameras {
		known[camera] = Keep{}
	}
	return comparison{
		v: v, mend: repair != Look, read: true, anew: repair == Rebuild, known: known, say: say, busy: busy,
		news: func(NewsKind, string, ...index.Segment) {}, hold: func() func() { return func() {} },
	}
}

// look compares with the index as it is. That it cannot be read is a finding.
func look(ctx context.Context, c *comparison, dir string) (err error) {
	switch c.v.index, err = index.Look(ctx, filepath.Join(dir, indexName), !c.busy); {
	case errors.Is(err, fs.ErrNotExist):
		c.tell(indexName, "is not there", "")
		return nil
	case err == nil:
		defer c.v.index.Close()
		if err = c.deleted(ctx); err == nil {
			err = c.all(ctx)
		}
		if err == nil {
			err = verify(ctx, c.v, Look, c.say)
		}
	}
	if errors.Is(err, index.ErrDamaged) || errors.Is(err, index.ErrOlder) {
		c.tell(indexName, err.Error(), "")
		return nil
	}
	return err
}

// deleted unlinks what was deleted when the process died, as the start of a server
// does, or notes what that would be.
func (c *comparison) deleted(ctx context.Context) error {
	garbage, err := c.v.index.Garbage(ctx, 0)
	if err != nil {
		return err
	}
	c.garbage = make(map[string]bool)
	for _, g := range garbage {
		if isThere(c.v.disk, g.Path) {
			c.garbage[g.Path] = true
		}
	}
	if !c.mend {
		return nil
	}
	err = New(Options{}).unlink(ctx, c.v)
	for name := range c.garbage {
		if !isThere(c.v.disk, name) {
			c.tell(name, "was deleted, and still there", "unlinked")
			delete(c.garbage, name)
		}
	}
	var stuck *errStuck
	if errors.As(err, &stuck) {
		c.tell(stuck.path, "was deleted, and cannot be unlinked: "+stuck.err.Error(), "")
		err = nil
	}
	return err
}

// isGarbage says of a file that it was deleted, and tells of it.
func (c *comparison) isGarbage(name string) bool {
	if c.garbage[name] && !c.mend && !c.busy {
		c.tell(name, "was deleted, and is still there", "")
	}
	return c.garbage[name]
}

// mended opens the index, and makes it where there is none.
func mended(ctx context.Context, dir string, say func(Finding)) (*index.Index, error) {
	x, err := index.Open(ctx, filepath.Join(dir, indexName))
	if err == nil && x.Aside() != "" {
		say(Finding{indexName, "was damaged", "made anew; the old one is " + x.Aside()})
	}
	return x, err
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
