package record

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"time"

	"framegate/gateway/record/index"
	"framegate/gateway/record/thumbs"
)

// Thumbnail gives the small picture of a moment that is kept of a segment. The
// error is fs.ErrNotExist where none is, ErrMissing, or of the disk.
func (r *Recorders) Thumbnail(of index.Segment, moment time.Time) (thumbs.Picture, error) {
	v, err := r.there()
	if err != nil {
		return thumbs.Picture{}, err
	}
	defer v.users.Done()
	v.thumbs.RLock()
	defer v.thumbs.RUnlock()
	return thumbs.Read(v.disk, thumbs.Name(of.Path), of.Sequence, moment)
}

// KeepThumbnails keeps small pictures of a finished segment. The error is
// fs.ErrNotExist where that was deleted meanwhile, ErrMissing, or of the disk.
func (r *Recorders) KeepThumbnails(ctx context.Context, of index.Segment, pictures ...thumbs.Picture) error {
	v, err := r.there()
	if err != nil {
		return err
	}
	defer v.users.Done()
	if err := v.check(); err != nil {
		return err
	}
	// Rows go first, and then pictures, under the same lock: none comes back.
	v.thumbs.Lock()
	defer v.thumbs.Unlock()
	if _, err := v.index.SegmentByPath(ctx, of.Path); errors.Is(err, index.ErrUnknown) {
		return &fs.PathError{Op: "thumbnails", Path: of.Path, Err: fs.ErrNotExist}
	} else if err != nil {
		return err
	}
	return thumbs.Append(v.disk, thumbs.Name(of.Path), pictures...)
}

// eraseThumbnails takes away the small pictures of recordings of an hour. Where
// that cannot be done, those of the whole hour go: they can be made again.
func (v *volume) eraseThumbnails(hour string, sequences []uint64) error {
	v.thumbs.Lock()
	defer v.thumbs.Unlock()
	name := thumbs.Name(path.Join(hour, "x"))
	err := thumbs.Erase(v.disk, name, sequences...)
	if err == nil || errors.Is(err, thumbs.ErrForeign) {
		return nil
	}
	if removed := v.disk.Remove(name); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
		return errors.Join(err, removed)
	}
	return nil
}

// allThumbnails looks at the small pictures of each hour of a day.
func (c *comparison) allThumbnails(day string) {
	entries, _ := c.v.disk.List(day) // who compares the day says so
	for _, e := range entries {
		if hour, ok := thumbs.Shows(e.Name()); ok && e.Type().IsRegular() {
			c.thumbnails(path.Join(day, e.Name()), path.Join(day, hour))
		}
	}
}

// thumbnails finds what is wrong with an hour's small pictures: that what they
// show is gone. Those of a recording come after its file, and so are read first.
func (c *comparison) thumbnails(name, hour string) {
	c.v.thumbs.Lock()
	defer c.v.thumbs.Unlock()
	shown, foreign := thumbs.Sequences(c.v.disk, name)
	if foreign != nil && !errors.Is(foreign, thumbs.ErrForeign) {
		return // it went meanwhile, or is read when it is asked for
	}
	entries, err := c.v.disk.List(hour)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return
	}
	var there []uint64
	for _, e := range entries {
		if n, ok := sequenceOf(e.Name()); ok {
			there = append(there, n)
		}
	}
	if foreign != nil {
		if len(there) > 0 { // else the hour is not ours either
			c.aside(name, "is nothing of ours")
		}
		return
	}
	orphan := func(n uint64) bool { return !slices.Contains(there, n) }
	if len(there) > 0 && !slices.ContainsFunc(shown, orphan) {
		return
	}
	const what = "has pictures of recordings that are gone"
	if !c.mend {
		c.tell(name, what, "")
		return
	}
	if err := thumbs.Retain(c.v.disk, name, there...); err != nil {
		c.tell(name, what, "cannot be mended: "+reason(err))
		return
	}
	c.tell(name, what, "taken out")
}
