package record

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"
	"time"

	"framegate/gateway/record/index"
)

// picture sees that a picture has its row.
func (c *comparison) picture(ctx context.Context, name string) error {
	c.found[name] = true
	of := pictureOf(name)
	if c.next.Camera == of.Camera && c.next.Start.After(of.Start) {
		of.End = earlier(c.next.Start, of.Start.Add(longestPicture))
	}
	c.next = of
	known, err := c.v.index.SegmentByPath(ctx, name)
	there := err == nil && !known.Lost
	if there && !c.read || err != nil && !errors.Is(err, index.ErrUnknown) {
		return err
	}
	if err != nil && c.isGarbage(name) {
		return nil
	}
	b, err := readPicture(c.v.disk, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		_, _, err = film(of, b)
	}
	switch {
	case err != nil:
		return c.notUnderstood(name, err)
	case there && !c.anew:
		return nil
	case !c.mend:
		c.tell(name, "is not in the index", "")
		return nil
	}
	return c.enterPicture(ctx, of, known, b)
}

// enterPicture makes a row of a picture, of which one may be known.
func (c *comparison) enterPicture(ctx context.Context, of, known index.Segment, b []byte) error {
	name := of.Path
	if known.ID != 0 {
		of.Start, of.End = known.Start, known.End
	}
	of, err := pictureRow(ctx, c.v.index, of, b)
	if err != nil {
		return c.notUnderstood(name, err)
	}
	defer c.hold()()
	if _, err := c.v.index.Replace(ctx, of); errors.Is(err, index.ErrExists) {
		return nil // it was deleted, and is about to go
	} else if err != nil {
		return c.notUnderstood(name, err)
	}
	c.rows++
	c.came = append(c.came, of)
	if known.ID == 0 || known.Lost {
		c.tell(name, "is not in the index", "entered")
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// pictureOf gives what the name of a picture says.
func pictureOf(name string) index.Segment {
	camera, _, _ := strings.Cut(name, "/")
	start, sequence, _ := nameParts(path.Base(name)) // which was taken for ours
	return index.Segment{Camera: camera, Sequence: sequence, Path: name, Start: start, End: start.Add(time.Second)}
}

// halfPicture is one that was being written when the process died.
func (c *comparison) halfPicture(ctx context.Context, name string) error {
	if c.leaves(name) {
		return nil
	}
	b, err := readPicture(c.v.disk, name)
	if err == nil {
		_, _, err = film(pictureOf(name), b)
	}
	final := strings.TrimSuffix(name, partSuffix)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, errNoPicture) && !isBegun(b):
		c.aside(name, err.Error())
		return nil
	case errors.Is(err, errNoPicture):
		if err := c.v.disk.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		c.tell(name, "was not finished, and is no picture", "removed")
		return nil
	case err != nil:
		return err
	}
	if err := c.v.disk.Rename(name, final); errors.Is(err, fs.ErrExist) {
		c.aside(name, "is one whose recording is there already")
		return nil
	} else if err != nil {
		return err
	}
	if err := c.v.syncEntry(final); err != nil {
		return err
	}
	return c.picture(ctx, final)
}

// isBegun says of what is no picture that it may be what was written of one, or what
// a loss of power left of that. nil is what was too long to be read.
func isBegun(b []byte) bool {
	return b != nil && (bytes.HasPrefix(b, []byte{0xFF, 0xD8}) || len(bytes.Trim(b, "\x00")) == 0)
}
