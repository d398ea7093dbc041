package playback

import (
	"context"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/segment"
)

// Picture is a picture that was recorded, and what it takes to decode it. It is
// for one goroutine at a time. Close must be called in the end.
type Picture struct {
	Wall   time.Time     // when it was taken
	Format *media.Format // of all frames that Each gives

	cursor *Cursor
	until  time.Time // the last that is decoded for it
}

// At finds the picture that was shown at a moment, or the keyframe with which it
// begins, without reading it. The error is ErrNothing where nothing is recorded
// of that, or says what cannot be read.
func (l *Library) At(ctx context.Context, camera string, at time.Time, keyframe bool) (*Picture, error) {
	c := l.Cursor(camera)
	found, err := c.seekIn(ctx, at)
	if err == nil && !found {
		err = ErrNothing
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	p := &Picture{Wall: c.from, Format: c.format, cursor: c, until: c.from}
	if !keyframe {
		p.Wall, p.until = c.shownAt(at), at
	}
	return p, nil
}

// Close gives back what is open.
func (p *Picture) Close() { p.cursor.Close() }

// Each reads the frames that it takes to decode the picture, one by one in the
// order of decoding, from its keyframe on. It is called once.
func (p *Picture) Each(take func(media.Frame) error) error {
	c := p.cursor
	for _, e := range c.through(p.until) {
		if c.leans(e) {
			c.next++
			continue
		}
		f, err := c.give()
		if err != nil {
			return err
		}
		if err := take(f.Frame); err != nil {
			return err
		}
	}
	return nil
}

// through gives the entries from where the cursor is up to the last that is
// decoded by a moment; one at least.
func (c *Cursor) through(at time.Time) []segment.Entry {
	entries := c.piece.entries()[c.next:]
	for i, e := range entries {
		if i > 0 && c.piece.decoded(e).After(at) {
			return entries[:i]
		}
	}
	return entries
}

// shownAt gives when the picture was taken that was shown at a moment to which the
// cursor was moved.
func (c *Cursor) shownAt(at time.Time) time.Time {
	shown := c.from
	for _, e := range c.through(at) {
		if t := c.piece.shown(e); !t.After(at) {
			shown = later(shown, t)
		}
	}
	return shown
}

// reordered gives how long before it is shown a picture is decoded: 0 where they
// come in order.
func (c *Cursor) reordered() time.Duration { return c.piece.since(int64(c.piece.entries()[0].Offset)) }
