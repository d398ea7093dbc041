package playback

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// Frame is a picture of a recording. Its Wall is when it was taken, its PTS when
// it is shown, since the beginning of its file.
type Frame struct {
	media.Frame
	Decode time.Time // when a decoder is to have it: its Wall, or before that where frames are reordered
	Joins  bool      // it does not follow on the picture before: there is a hole, another run, or the cursor was moved
}

// Cursor is a place in what is recorded of a camera. It is for one goroutine at
// a time. Close must be called in the end.
type Cursor struct {
	library *Library
	camera  string
	piece   *piece // nil where it is nowhere
	next    int    // entry of piece
	joins   bool   // what comes next does not follow on what came
	from    time.Time
	format  *media.Format
	ears    ears
}

// Cursor gives a cursor that is nowhere yet.
func (l *Library) Cursor(camera string) *Cursor { return &Cursor{library: l, camera: camera} }

// Close gives back what is open.
func (c *Cursor) Close() { c.leave(true) }

// neighbours is how many rows are looked at to find the one that comes next.
const neighbours = 32

// Seek goes to the keyframe with which the picture of a moment begins. Where
// nothing is recorded of it that is the first picture behind it, and at the end
// the last keyframe. The error is ErrNothing, or says what cannot be read.
func (c *Cursor) Seek(ctx context.Context, at time.Time) error {
	if done, err := c.seekIn(ctx, at); done || err != nil {
		return err
	}
	c.Close()
	if err := c.enterAfter(ctx, at); !errors.Is(err, ErrEnd) {
		return err
	}
	p, err := c.openBefore(ctx, at)
	if errors.Is(err, ErrEnd) {
		return ErrNothing
	}
	if err == nil {
		c.enter(p, max(p.keyBefore(at), 0), true)
	}
	return err
}

// seekIn goes to a moment of which something is recorded: of several files the
// one that was written last.
func (c *Cursor) seekIn(ctx context.Context, at time.Time) (bool, error) {
	rows, err := c.library.rows(ctx, c.camera, at, at.Add(time.Microsecond), neighbours)
	if err != nil {
		return false, err
	}
	var best *index.Segment
	for i, r := range rows {
		if !r.From().After(at) && r.To().After(at) && (best == nil || r.ID == 0 || best.ID != 0 && r.WrittenAfter(*best)) {
			best = &rows[i]
		}
	}
	if best == nil {
		return false, nil
	}
	p, err := c.library.open(*best)
	if err != nil {
		return false, c.passOver(err)
	}
	c.enter(p, max(p.keyBefore(at), 0), true)
	return true, nil
}

// enterAfter goes to the first picture that begins at a moment or after it.
func (c *Cursor) enterAfter(ctx context.Context, at time.Time) error {
	for {
		rows, err := c.library.rows(ctx, c.camera, at, time.Time{}, neighbours)
		if err != nil {
			return err
		}
		next := at
		for _, r := range rows {
			next = later(next, r.Start.Add(time.Microsecond))
			if r.From().Before(at) {
				continue
			}
			p, err := c.library.open(r)
			if err == nil {
				c.enter(p, 0, true)
				return nil
			}
			if err := c.passOver(err); err != nil {
				return err
			}
		}
		if len(rows) < neighbours || next.Equal(at) {
			return ErrEnd
		}
		at = next
	}
}

// openBefore opens what begins last before a moment.
func (c *Cursor) openBefore(ctx context.Context, at time.Time) (*piece, error) {
	for {
		row, err := c.library.before(ctx, c.camera, at)
		if err != nil {
			return nil, err
		}
		p, err := c.library.open(row)
		if err == nil {
			return p, nil
		}
		if err := c.passOver(err); err != nil {
			return nil, err
		}
		at = row.Start
	}
}

// passOver makes nothing of an error that only says that a file is not there or
// cannot be understood.
func (c *Cursor) passOver(err error) error {
	if !unreadable(err) {
		return err
	}
	if c.library.Log != nil {
		c.library.Log.Log(context.Background(), slog.LevelWarn, "recording passed over", "camera", c.camera, "err", err)
	}
	return nil
}

// enter goes to an entry of a file, which is a keyframe.
func (c *Cursor) enter(p *piece, entry int, joins bool) {
	if joins || c.format == nil || !alike(c.format, p.format) {
		format := *p.format
		format.Refreshed = format.Refreshed || p.refreshed(p.entries()[entry])
		c.format, joins = &format, true
	}
	c.leave(joins)
	c.piece, c.next = p, entry
	if c.joins = c.joins || joins; c.joins { // else what leans on the file before has been read
		c.from = p.shown(p.entries()[entry])
	}
}

// alike says whether one decoder shows pictures of both formats.
func alike(a, b *media.Format) bool {
	return a.Codec == b.Codec && a.Width == b.Width && a.Height == b.Height && bytes.Equal(a.Config, b.Config)
}

// Peek gives when the picture that Next gives is to be decoded, and whether it is a
// keyframe, without reading it. The error is that of Next.
func (c *Cursor) Peek(ctx context.Context) (decode time.Time, key bool, err error) {
	if err := c.advance(ctx); err != nil {
		return time.Time{}, false, err
	}
	e := c.piece.entries()[c.next]
	return c.piece.decoded(e), e.Key, nil
}

// Next gives the next picture in decode order. The error is ErrEnd where none has
// been written yet, after which the cursor is as good as before; or it says what
// cannot be read.
func (c *Cursor) Next(ctx context.Context) (Frame, error) {
	if err := c.advance(ctx); err != nil {
		return Frame{}, err
	}
	return c.give()
}

// give gives the picture that the cursor is at, and goes behind it.
func (c *Cursor) give() (Frame, error) {
	e := c.piece.entries()[c.next]
	data, err := c.piece.read(e)
	if errors.Is(err, ErrAway) {
		c.next = len(c.piece.entries()) // nor can what follows in this file be read
		return Frame{}, err
	}
	if err != nil {
		c.skip()
		return Frame{}, err
	}
	shown := c.piece.shown(e)
	f := Frame{
		Frame:  media.Frame{PTS: shown.Sub(c.piece.row.Start), Wall: shown, Key: e.Key, Format: c.format, Data: data},
		Decode: c.piece.decoded(e), Joins: c.joins,
	}
	c.next, c.joins = c.next+1, false
	return f, nil
}

// skip goes to the next keyframe, since what comes before leans on a picture that
// cannot be read, and so does what is shown before it.
func (c *Cursor) skip() {
	entries := c.piece.entries()
	c.next, c.joins = c.piece.keyAfter(c.next+1, time.Time{}), true
	if c.next < len(entries) {
		c.from = c.piece.shown(entries[c.next])
	}
}

// advance sees to it that there is an entry to give.
func (c *Cursor) advance(ctx context.Context) error {
	for {
		if c.piece == nil {
			return ErrEnd
		}
		entries := c.piece.entries()
		for c.next < len(entries) {
			if !c.leans(entries[c.next]) {
				return nil
			}
			c.next++
		}
		if c.piece.grown() {
			continue
		}
		if err := c.follow(ctx); err != nil {
			return err
		}
	}
}

// leans says of a picture that it leans on what was not read: it comes behind the
// keyframe that the cursor went to, and is shown before it.
func (c *Cursor) leans(e segment.Entry) bool { return !e.Key && c.piece.shown(e).Before(c.from) }

// follow goes on with the file that comes next.
func (c *Cursor) follow(ctx context.Context) error {
	end, present := c.piece.end(), c.piece.row
	for {
		rows, err := c.library.rows(ctx, c.camera, end.Add(-index.Joint), time.Time{}, neighbours)
		if err != nil {
			return err
		}
		row, ok := successor(rows, present, end)
		if !ok {
			return ErrEnd
		}
		p, err := c.library.open(row)
		if err != nil {
			if err := c.passOver(err); err != nil {
				return err
			}
			present, end = row, later(end, row.To())
			continue
		}
		entry := 0
		if p.row.Start.Before(end.Add(-index.Joint)) {
			if entry = p.keyAfter(0, end); entry == len(p.entries()) {
				p.close()
				present, end = row, later(end, row.To())
				continue
			}
		}
		c.enter(p, entry, p.row.Run != c.piece.row.Run || p.row.From().Sub(c.piece.end()) > index.Joint || entry > 0)
		return nil
	}
}

// successor gives, of rows by start, the one that goes on where one ends: that
// of the same run, if several do.
func successor(rows []index.Segment, present index.Segment, end time.Time) (best index.Segment, ok bool) {
	for _, r := range rows {
		if !r.From().After(present.From()) || r.Path == present.Path && r.Node == present.Node || r.From().Before(end.Add(-index.Joint)) && !r.To().After(end.Add(index.Joint)) {
			continue
		}
		from, of := later(r.From(), end), later(best.From(), end)
		if !ok || from.Before(of.Add(-index.Joint)) || best.Run != present.Run && r.Run == present.Run && from.Before(of.Add(index.Joint)) {
			best, ok = r, true
		}
	}
	return best, ok
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// filesAhead is how many files like the present one are passed over one by one.
const filesAhead = 4

// NextKey gives the next keyframe that is shown at a moment or after it. Where that
// is many files ahead the cursor is moved there. The error is that of Next.
func (c *Cursor) NextKey(ctx context.Context, at time.Time) (Frame, error) {
	if c.piece != nil && at.Sub(c.piece.end()) > filesAhead*c.piece.end().Sub(c.piece.row.Start) {
		if err := c.Seek(ctx, at); err != nil {
			return Frame{}, err
		}
	}
	for {
		if err := c.advance(ctx); err != nil {
			return Frame{}, err
		}
		if c.next = c.piece.keyAfter(c.next, at); c.next < len(c.piece.entries()) {
			c.from = c.piece.shown(c.piece.entries()[c.next])
			return c.give()
		}
	}
}

// PrevKey gives the last keyframe that is shown at a moment or before it, and
// goes behind it. The error is ErrEnd at the beginning of all.
func (c *Cursor) PrevKey(ctx context.Context, at time.Time) (Frame, error) {
	if c.piece == nil {
		return Frame{}, ErrEnd
	}
	entry := c.piece.keyBefore(at)
	if entry < 0 {
		p, err := c.openBefore(ctx, c.piece.row.Start)
		if err != nil {
			return Frame{}, err
		}
		entry = max(p.keyBefore(at), 0)
		c.enter(p, entry, p.row.Run != c.piece.row.Run || c.piece.row.Start.Sub(p.end()) > index.Joint)
	}
	c.next, c.from = entry, c.piece.shown(c.piece.entries()[entry])
	return c.give()
}
