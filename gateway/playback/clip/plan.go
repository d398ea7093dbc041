package clip

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
)

// errEmpty: there is nothing to make a clip of.
var errEmpty = errors.New("empty")

// plan finds out what the clip is made of.
func (c *Clip) plan(ctx context.Context, finder Finder) error {
	if c.request.Speed > 1 {
		return c.lapse(ctx, finder)
	}
	blocks, err := survey(ctx, finder, c.entries, c.request)
	if err != nil {
		return err
	}
	return c.cut(ctx, blocks)
}

// find gives the segments that have to do with a stretch of time, none of which is
// cut yet.
func find(ctx context.Context, finder Finder, entries *entries, request Request) ([]part, error) {
	growing, grows := finder.Growing(request.Camera) // first, so that it is in one of both
	rows, err := finder.Between(ctx, request.Camera, request.From, request.To, MaxSegments+1)
	if err != nil {
		return nil, err
	}
	if len(rows) > MaxSegments {
		return nil, tooMany()
	}
	parts, err := entries.parts(ctx, rows)
	if err != nil {
		return nil, err
	}
	if grows && growing.in(request) && !has(parts, growing) {
		parts, err = entries.grow(parts, growing)
	}
	if err == nil && len(parts) == 0 {
		err = errEmpty
	}
	return parts, err
}

func tooMany() error {
	return fmt.Errorf("%w: it has more than %d segments; ask for a shorter stretch of time", ErrTooLong, MaxSegments)
}

// in says whether what grows has to do with a request.
func (g Growing) in(r Request) bool {
	return g.Segment.Start.Before(r.To) && g.Segment.End.After(r.From)
}

// has says whether a segment that grew a moment ago is among others.
func has(parts []part, growing Growing) bool {
	for i := range parts {
		if row := &parts[i].row; row.Sequence == growing.Segment.Sequence && row.Run == growing.Segment.Run {
			return true
		}
	}
	return false
}

// partOf makes a part of a whole segment.
func partOf(row index.Segment, entry uint32) part {
	length := min(timeToTicks(row.End.Sub(row.Start)), int64(row.Frames)*math.MaxUint32)
	return part{
		row: row, start: row.Start, length: length, entry: entry, whole: true, from: row.DataAt, to: row.Bytes, ticks: length,
		has: counts{row.Frames, row.Keys, durationEntries(row.STTS, row.Frames), row.CTTS, row.Fragments},
	}
}

// cut makes the clip of blocks, whose parts are cut that are not wanted whole: the
// first, the last, and whatever is not inside.
func (c *Clip) cut(ctx context.Context, blocks []block) error {
	var show shows
	kept := blocks[:0]
	for i, b := range blocks {
		if len(kept) == 0 || i == len(blocks)-1 {
			if err := c.open(&b); err != nil {
				return err
			}
		}
		if err := c.trimAll(ctx, &b, &show, len(kept) == 0, i == len(blocks)-1); err != nil {
			return err
		}
		if b.hours != nil || len(b.parts) > 0 {
			kept = append(kept, b)
		}
	}
	if len(kept) == 0 {
		return errEmpty
	}
	last := &kept[len(kept)-1]
	if err := c.open(last); err != nil {
		return err
	}
	_, err := c.trim(&last.parts[len(last.parts)-1], &show, len(kept) == 1 && len(last.parts) == 1) // again, where those behind it have nothing
	if err != nil {
		return err
	}
	if err := c.tune(kept); err != nil {
		return err
	}
	c.Start, c.End = show.start, show.end
	c.layout.make(kept, c.entries.formats, show, c.request)
	c.Next, err = c.next(kept)
	return err
}

// next gives when the first picture of another format was taken. At most one hour is
// looked up for it.
func (c *Clip) next(blocks []block) (time.Time, error) {
	first := uint32(0)
	for i := range blocks {
		b, parts := &blocks[i], blocks[i].parts
		if parts == nil {
			entry := c.entries.byID[b.hours[0].Format]
			if len(b.hours) == 1 && (first == 0 || first == entry) && !c.other(c.entries.first(b)) {
				first = entry
				continue
			}
			var err error
			if parts, err = c.planned(b); err != nil {
				return time.Time{}, err
			}
		}
		for i := range parts {
			if p := &parts[i]; first != 0 && p.entry != first || c.other(p.sound) {
				return p.start, nil
			}
			first = parts[i].entry
		}
	}
	return time.Time{}, nil
}

// other says that sound is of another format than that of the clip.
func (c *Clip) other(sound *media.Format) bool {
	return !c.request.Silent && sound != nil && sound != c.layout.voice.sound
}

// trimAll cuts the parts of a block, which may be the first or the last of all, and
// leaves out those of which nothing is wanted.
func (c *Clip) trimAll(ctx context.Context, b *block, show *shows, first, last bool) error {
	kept := b.parts[:0]
	for i, p := range b.parts {
		first := first && len(kept) == 0
		if first || last && i == len(b.parts)-1 || !p.inside(c.request) {
			if err := ctx.Err(); err != nil {
				return err
			}
			ok, err := c.trim(&p, show, first)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
		}
		kept = append(kept, p)
	}
	b.parts = kept
	return nil
}

// inside says that all of a segment is wanted, and its row has all there is to
// know of it.
func (p *part) inside(r Request) bool {
	return p.growing == nil && p.row.Since.IsZero() && p.row.Until.IsZero() && p.has.samples > 0 && p.has.chunks > 0 && !unheard(p.row.Sound, r) && !p.row.Start.Before(r.From) && !p.row.End.After(r.To)
}

// shows is what a clip shows of its pictures: what the edit list says.
type shows struct {
	start, end time.Time
	from, to   int64 // ticks: since the first part's decode time, and since the last's
	shift      int64 // ticks: the first part's, which becomes that of all
}

// trim cuts a part to what is wanted of it, and notes what is to be shown if it
// is the first or may be the last.
func (c *Clip) trim(p *part, show *shows, first bool) (bool, error) {
	v, err := c.files.view(p)
	if err != nil {
		return false, err
	}
	begin, shownAll, ok := v.cutFor(c.request)
	if !ok {
		return false, nil
	}
	if !c.request.Silent {
		v.listen(c.entries)
	}
	if first {
		if !c.request.Exact {
			begin = v.first
		}
		show.start = v.wall(v.all[begin])
		show.shift = v.shift()
		show.from = v.decodedAt(begin-v.first) + v.offset(begin-v.first, show.shift)
	}
	show.to = v.decodedAt(shownAll-v.first) + show.shift
	show.end = v.wallAt(v.decodeOf(shownAll) + v.earliest - shown(v.all[0]))
	return true, nil
}

// entries are the sample entries of a clip: its formats, each once, and those of the
// sound that was recorded.
type entries struct {
	finder  Finder
	byID    map[int64]uint32
	formats []*media.Format
	sounds  map[int64]*media.Format // by ID, of those in heard
	heard   []*media.Format
}

func entriesOf(finder Finder) *entries {
	return &entries{finder: finder, byID: make(map[int64]uint32), sounds: make(map[int64]*media.Format)}
}

// parts makes parts of whole segments.
func (e *entries) parts(ctx context.Context, rows []index.Segment) ([]part, error) {
	parts := make([]part, 0, len(rows)+1)
	for _, row := range rows {
		entry, err := e.of(ctx, row.Format)
		if err != nil {
			return nil, err
		}
		sound, err := e.hear(ctx, row.Sound)
		if err != nil {
			return nil, err
		}
		p := partOf(row, entry)
		p.sings(sound)
		parts = append(parts, p)
	}
	return parts, nil
}

// grow adds a segment that grows.
func (e *entries) grow(parts []part, growing Growing) ([]part, error) {
	entry, err := e.add(growing.Format)
	if err != nil {
		return nil, err
	}
	p := partOf(growing.Segment, entry)
	p.growing, p.length = &growing, Timescale
	return append(parts, p), nil
}

// of gives the number of the entry of a format of the index, from 1.
func (e *entries) of(ctx context.Context, id int64) (uint32, error) {
	if n, known := e.byID[id]; known {
		return n, nil
	}
	f, err := e.finder.Format(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("format %d: %w", id, err)
	}
	format, err := FormatOf(f)
	if err != nil {
		return 0, err
	}
	n, err := e.add(format)
	e.byID[id] = n
	return n, err
}

// add gives the number of the entry of a format, which may be there already.
func (e *entries) add(format *media.Format) (uint32, error) {
	for i, known := range e.formats {
		if known.Codec == format.Codec && known.Width == format.Width && known.Height == format.Height && string(known.Config) == string(format.Config) {
			return uint32(i + 1), nil
		}
	}
	if len(e.formats) == maxFormats {
		return 0, fmt.Errorf("%w: its pictures have more than %d formats; ask for a shorter stretch of time", ErrTooLong, maxFormats)
	}
	e.formats = append(e.formats, format)
	return uint32(len(e.formats)), nil
}

// FormatOf makes of a format of the index what its frames have.
func FormatOf(f index.Format) (*media.Format, error) {
	switch f.Codec {
	case media.H264.String():
		return media.FormatOfAVCC(f.Config)
	case media.H265.String():
		return media.FormatOfHVCC(f.Config)
	case media.JPEG.String():
		return &media.Format{Codec: media.JPEG, Width: f.Width, Height: f.Height}, nil
	}
	return nil, fmt.Errorf("%w: pictures of codec %.20q", ErrChanged, f.Codec)
}

// around is how far nearest looks.
const around = 7 * 24 * time.Hour

// nearest puts into words that there is nothing, and what is nearest.
func nearest(ctx context.Context, finder Finder, request Request) error {
	spans, err := finder.Spans(ctx, request.Camera, request.From.Add(-around), request.To.Add(around))
	if err != nil {
		return err
	}
	var before, after time.Time
	for _, span := range spans {
		if !span.To.After(request.From) && span.To.After(before) {
			before = span.To
		}
		if !span.From.Before(request.To) && (after.IsZero() || span.From.Before(after)) {
			after = span.From
		}
	}
	const stamp = "2006-01-02T15:04:05.000Z07:00"
	text := "within a week of that time there is nothing either"
	switch in := request.From.Location(); {
	case !before.IsZero() && !after.IsZero():
		text = "the nearest there is ends at " + before.In(in).Format(stamp) + " and begins at " + after.In(in).Format(stamp)
	case !before.IsZero():
		text = "the last before it ends at " + before.In(in).Format(stamp)
	case !after.IsZero():
		text = "the first after it begins at " + after.In(in).Format(stamp)
	}
	return fmt.Errorf("%w of %s from %s to %s; %s", ErrNothing, request.Camera, request.From.Format(stamp), request.To.Format(stamp), text)
}
