package index

import (
	"context"
	"time"
)

// Flag is a mark in a timeline, or several of a kind that begin within a step. A
// step is the timeline's resolution, or, of more than 7.5 minutes, the next longer
// one of 15 and 30 minutes, 1, 2, 4, 8, 16 and 32 hours, or of multiples of 32 hours.
type Flag struct {
	ID       int64 // the lowest of theirs
	Kind     string
	From, To time.Time // To is zero if one of them is still open
	Keep     bool      // one of them protects
	Count    int
}

// Timeline is what is to be seen of a stretch of time.
type Timeline struct {
	From, To   time.Time
	Resolution time.Duration // that was used: what was asked for, or what keeps all below MaxStretches
	Spans      []Span        // cut to the stretch, as gaps
	Gaps       []Gap         // none overlaps a span or another gap
	Flags      []Flag        // whole, by their beginnings
	MoreFlags  bool          // there are more than MaxStretches, none of an earlier step
}

// Timeline gives what is to be seen of a camera, at a resolution: holes that
// are shorter are not shown. It opens no file. Both times have to be given.
func (x *Index) Timeline(ctx context.Context, camera string, from, to time.Time, resolution time.Duration) (Timeline, error) {
	if err := checkStretch("a timeline", from, to); err != nil {
		return Timeline{}, err
	}
	s := stretch{from.UnixMicro(), to.UnixMicro()}
	step := max(resolution.Microseconds(), (s.to-s.from)/MaxStretches+1)
	t := Timeline{From: fromMicros(s.from), To: fromMicros(s.to), Resolution: time.Duration(step) * time.Microsecond}
	spans, err := x.coarse(ctx, camera, s, step)
	if err != nil {
		return Timeline{}, x.explain("reading a timeline", err)
	}
	gaps, err := x.gaps(ctx, camera, s, step, spans)
	if err != nil {
		return Timeline{}, x.explain("reading a timeline", err)
	}
	t.Flags, err = x.flags(ctx, camera, s, step)
	if err != nil {
		return Timeline{}, x.explain("reading a timeline", err)
	}
	if len(t.Flags) > MaxStretches {
		t.Flags, t.MoreFlags = t.Flags[:MaxStretches], true
	}
	for i := range spans {
		spans[i].from, spans[i].to = max(spans[i].from, s.from), min(spans[i].to, s.to)
	}
	t.Spans, t.Gaps = publicSpans(spans), publicGaps(camera, gaps)
	return t, nil
}
