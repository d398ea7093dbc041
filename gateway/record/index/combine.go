package index

import (
	"cmp"
	"slices"
	"time"
)

// JoinSpans makes one list of several, each by time: where they overlap or are no
// further apart than a distance, and than Joint, they become one.
func JoinSpans(apart time.Duration, lists ...[]Span) []Span {
	var all []stretch
	for _, list := range lists {
		all = append(all, stretchesOf(list)...)
	}
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
	return publicSpans(merge(all, max(apart.Microseconds(), joint)))
}

// JoinGaps makes one list of several of a camera: what of them is in no span, and in
// no list before, and lasts as long as something at least. MaxRows at most.
func JoinGaps(camera string, spans []Span, least time.Duration, lists ...[]Gap) []Gap {
	var gaps []gap
	others, all := stretchesOf(spans), stretch{0, endless}
	for _, list := range lists {
		var more []gap
		for _, g := range list {
			more = append(more, gap{stretch{g.From.UnixMicro(), g.To.UnixMicro()}, g.Reason})
		}
		gaps = append(gaps, cut(cut(more, all, others), all, stretches(gaps))...)
		slices.SortFunc(gaps, func(a, b gap) int { return cmp.Compare(a.from, b.from) })
	}
	gaps = slices.DeleteFunc(joinGaps(gaps, 0), func(g gap) bool { return g.to-g.from < max(least.Microseconds(), 1) })
	return publicGaps(camera, gaps[:min(len(gaps), MaxRows)])
}

// JoinTimelines makes one of several of a camera, which are of the same stretch of
// time at the same resolution; first are gaps that go before theirs.
func JoinTimelines(camera string, first []Gap, all ...Timeline) Timeline {
	t := all[0]
	spans, gaps := [][]Span{}, [][]Gap{first}
	t.Flags = nil
	for _, one := range all {
		spans, gaps = append(spans, one.Spans), append(gaps, one.Gaps)
		t.Flags = append(t.Flags, one.Flags...)
		t.MoreFlags = t.MoreFlags || one.MoreFlags
	}
	t.Spans = JoinSpans(t.Resolution-time.Microsecond, spans...)
	t.Gaps = JoinGaps(camera, t.Spans, t.Resolution, gaps...)
	t.Flags = joinCopies(t.Flags)
	if len(t.Flags) > MaxStretches {
		t.Flags, t.MoreFlags = t.Flags[:MaxStretches], true
	}
	return t
}

// joinCopies makes one of flags of a kind that begin together, which are copies: the
// first, with as many marks as any has.
func joinCopies(flags []Flag) []Flag {
	slices.SortStableFunc(flags, func(a, b Flag) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Kind, b.Kind)) })
	joined := flags[:0]
	for _, f := range flags {
		if n := len(joined); n > 0 && joined[n-1].Kind == f.Kind && joined[n-1].From.Equal(f.From) {
			last := &joined[n-1]
			last.Count, last.Keep = max(last.Count, f.Count), last.Keep || f.Keep
			continue
		}
		joined = append(joined, f)
	}
	return joined
}

// Prefer has each segment count where no segment of another node does that ranks
// higher, and gives those that count at all, by start. Of what is left of one in
// several pieces the longest counts.
func Prefer(segments []Segment, ranks func(a, b Segment) int) []Segment {
	slices.SortStableFunc(segments, func(a, b Segment) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID)) })
	order := slices.Clone(segments)
	slices.SortStableFunc(order, func(a, b Segment) int { return ranks(b, a) })
	taken := make(map[string][]stretch) // by node, of those that rank higher
	count := make(map[int64]stretch)
	for len(order) > 0 {
		n := 1
		for n < len(order) && ranks(order[n], order[0]) == 0 {
			n++
		}
		var own []stretch
		for _, s := range order[:n] {
			whole := stretch{s.Start.UnixMicro(), s.End.UnixMicro()}
			own = append(own, whole)
			left := []stretch{whole}
			for node, others := range taken {
				if node != s.Node {
					left = subtractAll(left, others)
				}
			}
			if len(left) > 0 {
				count[s.ID] = slices.MaxFunc(left, func(a, b stretch) int { return cmp.Compare(a.to-a.from, b.to-b.from) })
			}
		}
		node := order[0].Node
		own = append(own, taken[node]...)
		slices.SortFunc(own, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
		taken[node] = merge(own, joint)
		order = order[n:]
	}
	kept := segments[:0]
	for _, s := range segments {
		c, counts := count[s.ID]
		if !counts {
			continue
		}
		if c.from > s.Start.UnixMicro() {
			s.Since = fromMicros(c.from)
		}
		if c.to < s.End.UnixMicro() {
			s.Until = fromMicros(c.to)
		}
		kept = append(kept, s)
	}
	return kept
}

func subtractAll(from, others []stretch) (left []stretch) {
	for _, s := range from {
		left = append(left, subtract(s, others)...)
	}
	return left
}

func stretchesOf(spans []Span) []stretch {
	all := make([]stretch, len(spans))
	for i, s := range spans {
		all[i] = stretch{s.From.UnixMicro(), s.To.UnixMicro()}
	}
	return all
}
