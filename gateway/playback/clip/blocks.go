package clip

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"framegate/gateway/record/index"
)

// block is a stretch of a clip: an hour of which all is wanted, and whose parts are
// looked up when their tables or pictures are read; or parts that are known.
type block struct {
	hours  []index.Hour // of one hour, a format each; nil where the parts are known
	parts  []part       // nil where they are not
	silent bool         // of an hour: it has not the sound of the clip
	moved  bool         // the parts of an hour have other times than when it was planned

	pictures [sha256.Size]byte // of an hour that was looked up: see picturesOf

	has   counts
	bytes int64
	ticks int64
	tones tones
	ahead
}

// survey gives the blocks of a request, none of whose parts is cut yet.
func survey(ctx context.Context, finder Finder, entries *entries, request Request) ([]block, error) {
	growing, grows := finder.Growing(request.Camera) // first, so that it is in one of both
	whole := request.To
	if grows = grows && growing.in(request); grows { // its row is to be seen, if it has one by now
		whole = growing.Segment.Start.Add(-index.MaxLength)
	}
	var hours []index.Hour
	if request.Subtitles == nil { // which want to know when each part begins
		var err error
		if hours, err = finder.Hours(ctx, request.Camera, request.From, whole); err != nil {
			return nil, err
		}
	}
	s := surveyor{finder: finder, entries: entries, request: request}
	if err := s.all(ctx, hours); err != nil {
		return nil, err
	}
	if grows && !s.finished(growing) {
		parts, err := entries.grow(nil, growing)
		if err != nil {
			return nil, err
		}
		s.blocks = append(s.blocks, block{parts: parts})
	}
	if len(s.blocks) == 0 {
		return nil, errEmpty
	}
	return s.blocks, nil
}

// surveyor makes the blocks of a request, in order.
type surveyor struct {
	finder  Finder
	entries *entries
	request Request
	blocks  []block
	count   int // segments
}

// all adds hours, and what is before and behind them.
func (s *surveyor) all(ctx context.Context, hours []index.Hour) error {
	if len(hours) == 0 {
		return s.rows(ctx, s.request.From, s.request.To, true)
	}
	behind := hours[len(hours)-1].Start.Add(time.Hour)
	err := s.rows(ctx, s.request.From, hours[0].Start, true)
	for len(hours) > 0 && err == nil {
		n := 1
		for n < len(hours) && hours[n].Start.Equal(hours[0].Start) {
			n++
		}
		err = s.hour(ctx, hours[:n])
		hours = hours[n:]
	}
	if err != nil {
		return err
	}
	return s.rows(ctx, behind, s.request.To, false)
}

// rows adds a block of the segments that start between two times, or also of those
// that began before and are in it.
func (s *surveyor) rows(ctx context.Context, from, to time.Time, before bool) error {
	rows, err := s.finder.Between(ctx, s.request.Camera, from, to, MaxSegments+1)
	if err != nil {
		return err
	}
	if !before {
		rows = startingFrom(rows, from)
	}
	parts, err := s.entries.parts(ctx, rows)
	if err == nil && len(parts) > 0 {
		s.blocks = append(s.blocks, block{parts: parts})
	}
	return s.add(err, len(parts))
}

// startingFrom gives rows, which are in order, without those that start before.
func startingFrom(rows []index.Segment, from time.Time) []index.Segment {
	for len(rows) > 0 && rows[0].Start.Before(from) {
		rows = rows[1:]
	}
	return rows
}

// hour adds an hour, all of which is wanted.
func (s *surveyor) hour(ctx context.Context, hours []index.Hour) error {
	b, n, odd := block{hours: hours}, 0, 0
	for _, h := range hours {
		if _, err := s.entries.of(ctx, h.Format); err != nil {
			return err
		}
		if _, err := s.entries.hear(ctx, h.Sound); err != nil {
			return err
		}
		if n, odd = n+h.Segments, odd+h.Odd; unheard(h.Sound, s.request) {
			odd++
		}
	}
	if odd > 0 {
		return s.rows(ctx, hours[0].Start, hours[0].Start.Add(time.Hour), false)
	}
	s.blocks = append(s.blocks, b)
	return s.add(nil, n)
}

func (s *surveyor) add(err error, segments int) error {
	s.count += segments
	if err == nil && s.count > MaxSegments {
		err = tooMany()
	}
	return err
}

// finished says whether a segment that grew a moment ago has its row among those
// that were found since.
func (s *surveyor) finished(growing Growing) bool {
	n := len(s.blocks)
	return n > 0 && has(s.blocks[n-1].parts, growing)
}

// hourOf gives the segments that start in an hour, and then the sums of it, so that
// rows of which these are the sums are those that were counted.
func hourOf(ctx context.Context, finder Finder, camera string, start time.Time) ([]index.Segment, []index.Hour, error) {
	end := start.Add(time.Hour)
	rows, err := finder.Between(ctx, camera, start, end, MaxSegments+1)
	if err != nil {
		return nil, nil, err
	}
	hours, err := finder.Hours(ctx, camera, start, end.Add(index.MaxLength))
	for len(hours) > 0 && !hours[len(hours)-1].Start.Equal(start) {
		hours = hours[:len(hours)-1]
	}
	return startingFrom(rows, start), hours, err
}

// open makes of an hour a block whose parts are known.
func (c *Clip) open(b *block) error {
	if b.hours == nil {
		return nil
	}
	parts, err := c.planned(b)
	b.hours, b.parts = nil, parts
	return err
}

// planned gives the parts of an hour, as they were when the clip was planned.
func (c *Clip) planned(b *block) ([]part, error) {
	parts, changed, err := c.lookUp(b)
	if err == nil && changed {
		err = b.changed()
	}
	return parts, err
}

// lookUp gives the parts of an hour, and says whether they are not any more what
// they were when the clip was planned.
func (c *Clip) lookUp(b *block) (parts []part, changed bool, err error) {
	rows, hours, err := c.rows(b.hours[0].Start)
	if err != nil {
		return nil, false, err
	}
	parts, changed = make([]part, len(rows)), len(rows) == 0 || !slices.Equal(hours, b.hours)
	for i, row := range rows {
		entry, known := c.entries.byID[row.Format]
		sound, heard := c.entries.sounds[row.Sound]
		parts[i], changed = partOf(row, entry), changed || !known || !heard && row.Sound > 0
		parts[i].sings(sound)
	}
	return parts, changed, nil
}

// changed is the error for an hour that is not what it was.
func (b *block) changed() error {
	return fmt.Errorf("%w: from %s to an hour later other segments are recorded than there were", ErrChanged, b.hours[0].Start.Format(time.RFC3339))
}

// sum gives what a block has in all columns of a layout, with offsets for each segment
// where any of the clip has some.
func (b *block) sum(l *layout) {
	b.has, b.bytes, b.ticks, b.tones = counts{}, 0, 0, tones{}
	for _, h := range b.hours {
		has := counts{h.Frames, h.Keys, h.Durations, h.Offsets, h.Fragments}
		if l.shifted {
			has.offsets += h.Plain
		}
		b.has, b.bytes, b.ticks = b.has.plus(has), b.bytes+h.Bytes, b.ticks+h.Ticks
	}
	for i := range b.parts {
		p := &b.parts[i]
		if l.shifted {
			p.has.offsets = max(p.has.offsets, 1)
		}
		if p.tones = (tones{}); !b.silent {
			p.tones = l.voice.of(p)
		}
		b.has, b.bytes, b.ticks, b.tones = b.has.plus(p.has), b.bytes+p.to-p.from, b.ticks+p.ticks, b.tones.plus(p.tones)
	}
	if b.hours != nil || b.silent {
		b.tones = l.voice.ofAll(b, b.ticks)
	}
}

// shifts says whether any of a block's pictures may be shown in another order.
func (b *block) shifts() bool {
	for _, h := range b.hours {
		if h.Offsets > 0 {
			return true
		}
	}
	for i := range b.parts {
		if b.parts[i].has.offsets > 0 {
			return true
		}
	}
	return false
}

// place notes what is before each of a block's parts in a layout, and gives what is
// before what follows.
func (b *block) place(l *layout) ahead {
	next := b.ahead
	if b.silent {
		next.data += l.voice.room(b.tones) // which is its silence
	}
	for i := range b.parts {
		p := &b.parts[i]
		p.ahead = next
		next.before, next.data, next.decode = next.before.plus(p.has), next.data+p.to-p.from+l.voice.room(p.tones), next.decode+p.ticks
		next.heard = next.heard.plus(p.tones)
		if l.cues.zone != nil {
			count, runs := p.texts()
			next.cues, next.runs = next.cues+count, next.runs+runs
		}
	}
	next.before, next.data, next.decode, next.heard = b.before.plus(b.has), b.data+b.bytes+l.voice.room(b.tones), b.decode+b.ticks, b.heard.plus(b.tones)
	return next
}
