package clip

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sort"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
)

// What a timelapse has at most: pictures in a second, so that players keep up,
// and pictures, whose places are kept in memory.
const (
	lapseRate = 30
	// lapseLeast is how long each is shown at least, in ticks: a little less than the
	// interval, since cameras' times jitter, and every second one would be too soon.
	lapseLeast = Timescale * 95 / 100 / lapseRate
	maxPicks   = 100_000
)

// pick is a picture of a timelapse.
type pick struct {
	part  int32
	size  uint32
	ticks uint32 // that it is shown
	at    int64  // in its file
	data  int64  // bytes of mdat before it
}

// rowsAtOnce is how many segments of a timelapse are looked up at a time.
const rowsAtOnce = 1000

// lapse makes the clip of keyframes.
func (c *Clip) lapse(ctx context.Context, finder Finder) error {
	l := picker{speed: c.request.Speed}
	if err := eachPart(ctx, finder, c.entries, c.request, func(p part) error { return c.pick(&l, p) }); err != nil {
		return err
	}
	if len(l.picks) == 0 {
		return errEmpty
	}
	l.end(l.now)
	n := len(l.picks)
	last := l.picks[n-1]
	media := l.shown(l.now) - l.shown(l.start)
	c.layout.picks = l.picks
	movie := movie{formats: c.entries.formats, created: c.Start, media: media, to: media}
	c.layout.arrange(movie, counts{samples: n, keys: n, durations: n, chunks: n}, last.data+int64(last.size), pictures)
	c.layout.tag = c.layout.hash()
	for i := range c.layout.parts {
		if p := &c.layout.parts[i]; p.entry != c.layout.parts[0].entry {
			c.Next = p.start
			break
		}
	}
	return nil
}

// eachPart calls with the segments that have to do with a request, by their start,
// none of which is cut yet.
func eachPart(ctx context.Context, finder Finder, entries *entries, request Request, take func(part) error) error {
	growing, grows := finder.Growing(request.Camera) // first, so that it is in one of both
	grows = grows && growing.in(request)
	for from, last, more := request.From, int64(0), true; more; {
		rows, err := finder.Between(ctx, request.Camera, from, request.To, rowsAtOnce)
		if err != nil {
			return err
		}
		more = len(rows) == rowsAtOnce
		if rows = behind(rows, last); more && len(rows) == 0 {
			return tooMany() // at one moment
		}
		parts, err := entries.parts(ctx, rows)
		if err != nil {
			return err
		}
		for _, p := range parts {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := take(p); err != nil {
				return err
			}
			from, last = p.row.Start, p.row.ID
		}
		grows = grows && !has(parts, growing)
	}
	if !grows {
		return nil
	}
	parts, err := entries.grow(nil, growing)
	if err == nil {
		err = take(parts[0])
	}
	return err
}

// behind gives those of rows, in their order, that are behind one, if that is among
// them.
func behind(rows []index.Segment, id int64) []index.Segment {
	return rows[1+slices.IndexFunc(rows, func(r index.Segment) bool { return r.ID == id }):]
}

// pick takes what is shown of a part, whose file is opened for it.
func (c *Clip) pick(l *picker, p part) error {
	inside := p.inside(c.request)
	if inside && l.passes(&p) {
		l.now, c.End = l.now+p.ticks, p.row.End
		return nil
	}
	if c.entries.formats[p.entry-1].Codec == media.JPEG {
		return ErrStills
	}
	if l.opened++; l.opened > MaxSegments || len(l.picks) > maxPicks {
		return fmt.Errorf("%w: a timelapse looks into %d segments at most, for %d pictures; ask for a higher speed or a shorter stretch of time, or have it exported", ErrTooLong, MaxSegments, maxPicks)
	}
	v, err := c.files.view(&p)
	if err != nil {
		return err
	}
	if inside {
		v.last = len(v.all)
	} else if _, _, ok := v.cutFor(c.request); !ok {
		return nil
	}
	if c.Start.IsZero() {
		c.Start = v.wall(v.entries[0])
	}
	c.End = v.wallAt(v.decodeOf(v.last))
	if l.pick(v, int32(len(c.layout.parts))) {
		c.layout.parts = append(c.layout.parts, p)
	}
	return nil
}

// picker chooses pictures.
type picker struct {
	speed       float64
	picks       []pick
	now         int64 // ticks of all parts so far, at true speed
	start, last int64 // when the first and the last picture were taken, by the same count
	opened      int   // files
}

// shown gives when something is shown.
func (l *picker) shown(at int64) int64 { return int64(float64(at) / l.speed) }

// passes says that no picture of a part is taken, since another is still shown: its
// file need not be opened.
func (l *picker) passes(p *part) bool {
	return len(l.picks) > 0 && l.shown(l.now+p.ticks)-l.shown(l.last) < lapseLeast
}

// pick takes keyframes of a part, none too soon after another, and says whether it
// took any.
func (l *picker) pick(v *view, part int32) bool {
	before := len(l.picks)
	start := v.ticksAt(v.decodeOf(v.first))
	for i, e := range v.entries {
		if !e.Key {
			continue
		}
		at := l.now + v.ticksAt(v.decodeOf(v.first+i)) - start
		if len(l.picks) > 0 && l.shown(at)-l.shown(l.last) < lapseLeast {
			continue
		}
		data := int64(0)
		if n := len(l.picks); n > 0 {
			l.end(at)
			data = l.picks[n-1].data + int64(l.picks[n-1].size)
		} else {
			l.start = at
		}
		l.picks = append(l.picks, pick{part: part, size: e.Size, at: e.At, data: data})
		l.last = at
	}
	l.now += v.ticks
	return len(l.picks) > before
}

// end notes until when the last picture is shown.
func (l *picker) end(at int64) {
	l.picks[len(l.picks)-1].ticks = uint32(min(l.shown(at)-l.shown(l.last), math.MaxUint32))
}

// readPick reads what lies so far into the pictures of a timelapse.
func (c *Clip) readPick(b []byte, in int64) (int, error) {
	picks := c.layout.picks
	p := picks[sort.Search(len(picks), func(i int) bool { return picks[i].data > in })-1]
	o, err := c.files.get(&c.layout.parts[p.part])
	if err != nil {
		return 0, err
	}
	skip := in - p.data
	return readFull(o.file, b[:min(int64(len(b)), int64(p.size)-skip)], p.at+skip)
}

// writePicks appends all of a column of a timelapse, each picture of which is a
// chunk.
func (l *layout) writePicks(b []byte, c column) []byte {
	u32 := binary.BigEndian.AppendUint32
	for i, p := range l.picks {
		switch c {
		case durations:
			b = u32(u32(b, 1), p.ticks)
		case sizes:
			b = u32(b, p.size)
		case chunkSamples:
			b = u32(u32(u32(b, uint32(i+1)), 1), l.parts[p.part].entry)
		case chunkOffsets:
			at := uint64(l.dataAt + p.data)
			if l.wide {
				b = binary.BigEndian.AppendUint64(b, at)
			} else {
				b = u32(b, uint32(at))
			}
		}
	}
	return b
}
