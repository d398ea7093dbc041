package playback

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// maxPicture bounds what is read at once, in bytes, whatever a file says.
const maxPicture = 64 << 20

// piece is one file that is open.
type piece struct {
	library *Library
	row     index.Segment // without an ID while it grows
	file    File
	format  *media.Format
	track   int
	table   segment.Table
	first   int32 // Offset of the first picture of the file
	grows   bool
	slower  float64 // media seconds in a true second, of a table that does not say

	sound      *media.Format // nil where there is none
	soundTrack int
}

// open opens the file of a row.
func (l *Library) open(row index.Segment) (*piece, error) {
	if row.ID == 0 {
		if g, ok := l.Growing(row.Camera); ok && g.Segment.Path == row.Path {
			return l.openGrowing(g)
		}
	}
	file, size, err := l.Open(row)
	if err != nil {
		return nil, err
	}
	p := &piece{library: l, row: row, file: file, slower: 1}
	s, err := segment.Open(file, size)
	if err == nil {
		p.table = s.Table
		p.track = max(slices.IndexFunc(s.Formats, func(f *media.Format) bool { return f != nil && f.Codec.Kind() == media.Video }), 0)
		p.format = s.Formats[p.track]
		p.hears(s.Formats)
		if err = p.check(); err == nil {
			p.first = p.entries()[0].Offset
			err = p.confine()
		}
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", row.Path, err)
	}
	return p, nil
}

// openGrowing opens what is being written.
func (l *Library) openGrowing(g Growing) (*piece, error) {
	file, _, err := l.Open(g.Segment)
	if err != nil {
		return nil, err
	}
	p := &piece{library: l, row: g.Segment, file: file, format: g.Format, grows: true}
	p.take(g)
	if err := p.check(); err != nil {
		file.Close()
		return nil, err
	}
	p.first = p.entries()[0].Offset
	return p, nil
}

// confine leaves the pictures that count, where others go before the rest: from the
// first keyframe on.
func (p *piece) confine() error {
	all := p.entries()
	from, to := 0, len(all)
	if !p.row.Since.IsZero() {
		from = p.keyAfter(0, p.row.Since)
	}
	if !p.row.Until.IsZero() {
		for to > from && !p.shown(all[to-1]).Before(p.row.Until) {
			to--
		}
	}
	if from == to {
		return fmt.Errorf("%s: %w", p.row.Path, segment.ErrNothing)
	}
	if to-from < len(all) {
		p.table.Entries = slices.Clone(p.table.Entries)
		p.table.Entries[p.track] = all[from:to]
	}
	return nil
}

func (p *piece) take(g Growing) {
	p.table, p.slower = g.Table, cmp.Or(g.Segment.Rate, 1)
	p.hears([]*media.Format{g.Format, g.Sound})
}

// grown looks whether there are more pictures than before.
func (p *piece) grown() bool {
	if !p.grows {
		return false
	}
	before := len(p.entries())
	if g, ok := p.library.Growing(p.row.Camera); ok && g.Segment.Path == p.row.Path {
		p.take(g)
		return len(p.entries()) > before
	}
	whole, err := p.library.open(p.row) // it is finished
	if err != nil {
		p.grows = false
		return false
	}
	if len(whole.entries()) < before { // it is being finished, or the disk had no room for all of it
		whole.close()
		return false
	}
	p.close()
	whole.row, whole.format = p.row, p.format
	*p = *whole
	p.row.End = time.Time{} // which was that of an earlier moment
	return len(p.entries()) > before
}

// check says whether there is a picture to begin with.
func (p *piece) check() error {
	if p.format == nil || p.table.Timescale == 0 || len(p.table.Entries) <= p.track || len(p.entries()) == 0 || !p.entries()[0].Key {
		return fmt.Errorf("%s: %w", p.row.Path, segment.ErrNothing)
	}
	return nil
}

// unreadable says that a file is as good as not there: what it should hold is a
// hole. So is one of which the disk cannot be read, or that nobody may read.
func unreadable(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EIO) || errors.Is(err, segment.ErrNothing) || errors.Is(err, segment.ErrDamaged) || errors.Is(err, segment.ErrForeign)
}

func (p *piece) close() { p.file.Close() }

// entries gives the pictures so far, in decode order.
func (p *piece) entries() []segment.Entry { return p.table.Entries[p.track] }

// since gives how much true time so many ticks are.
func (p *piece) since(ticks int64) time.Duration {
	scale := int64(p.table.Timescale)
	media := time.Duration(ticks/scale)*time.Second + time.Duration(ticks%scale)*time.Second/time.Duration(scale)
	if p.slower == 1 {
		return media
	}
	return time.Duration(float64(media) / p.slower)
}

// shown gives when a picture was taken, which is when it is shown.
func (p *piece) shown(e segment.Entry) time.Time {
	return p.row.Start.Add(p.since(e.Decode + int64(e.Offset) - int64(p.first)))
}

// decoded gives when a decoder is to have it, which is never after it is shown.
func (p *piece) decoded(e segment.Entry) time.Time {
	return p.row.Start.Add(p.since(e.Decode - int64(p.first)))
}

// end gives when the last picture ends, as far as it is known: all durations
// together are the time from the first picture on.
func (p *piece) end() time.Time {
	if !p.grows && p.row.To().After(p.row.Start) {
		return p.row.To()
	}
	last := p.entries()[len(p.entries())-1]
	return p.row.Start.Add(p.since(last.Decode + int64(last.Duration)))
}

// keyBefore gives the last keyframe that is shown at a moment or before it, or
// -1.
func (p *piece) keyBefore(at time.Time) int {
	for i, e := range slices.Backward(p.entries()) {
		if e.Key && !p.shown(e).After(at) {
			return i
		}
	}
	return -1
}

// keyAfter gives the first keyframe from an entry on that is shown at a moment
// or after it, or the number of entries.
func (p *piece) keyAfter(from int, at time.Time) int {
	for i, e := range p.entries()[from:] {
		if e.Key && !p.shown(e).Before(at) {
			return from + i
		}
	}
	return len(p.entries())
}

// refreshed says of a keyframe that it is one as of media.Format.Refreshed, which
// files do not tell. Where it cannot be read it is none.
func (p *piece) refreshed(e segment.Entry) bool {
	const enough = 4 << 10 // bytes, that a picture's parameter sets and messages take
	if p.format.Codec == media.JPEG {
		return false
	}
	head := make([]byte, min(e.Size, enough))
	n, _ := p.file.ReadAt(head, e.At)
	return media.RefreshedFrom(p.format.Codec, head[:n])
}

// read reads a picture.
func (p *piece) read(e segment.Entry) ([]byte, error) {
	if e.Size > maxPicture {
		return nil, fmt.Errorf("%s: %w: a picture of %d bytes", p.row.Path, segment.ErrDamaged, e.Size)
	}
	data := make([]byte, e.Size)
	if _, err := p.file.ReadAt(data, e.At); err != nil {
		return nil, fmt.Errorf("%s: %w", p.row.Path, err)
	}
	return data, nil
}

// rows gives what there is between two moments, by start: rows, and, with them
// where it belongs there, the file that grows.
func (l *Library) rows(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error) {
	g, ok := l.Growing(camera) // first, so that a file that is finished meanwhile is in one of both
	rows, err := l.Between(ctx, camera, from, to, limit)
	if err != nil {
		return nil, err
	}
	if !ok || !to.IsZero() && !g.Segment.Start.Before(to) || g.Segment.End.Before(from) || len(rows) == limit {
		return rows, nil
	}
	if slices.ContainsFunc(rows, func(r index.Segment) bool { return r.Path == g.Segment.Path }) {
		return rows, nil // it has its row by now
	}
	g.Segment.ID = 0
	rows = append(rows, g.Segment)
	slices.SortStableFunc(rows, func(a, b index.Segment) int { return a.Start.Compare(b.Start) })
	return rows, nil
}
