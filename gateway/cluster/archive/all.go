package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/record/index"
	"framegate/gateway/record/thumbs"
)

// Options are what an All is made of.
type Options struct {
	Self  string
	Local Local
	// Nodes gives the names of the other nodes that live, and Owner that of the node that
	// connects to a camera, and so records it; "" for none. Both are asked often.
	Nodes func() []string
	Owner func(camera string) string
	// Dial connects to the Door of a node, and to no other's.
	Dial func(ctx context.Context, node string) (net.Conn, error)
	// Empty is the error of Local where it has nothing and is to have nothing, and
	// Missing where what it has is not at hand.
	Empty, Missing error
	// Changed is told, some time later, of stretches of time of which there is more or
	// less of a camera than before at other nodes, by one goroutine.
	Changed func(camera string, more bool, from, to time.Time)
	Memory  string // the file in which it is kept what other nodes have; "" for none
	// Patience is how long a node may take to answer, and so how long others wait for one
	// that hangs; 0 stands for two seconds.
	Patience time.Duration
	Log      *slog.Logger
}

// All is what all nodes of a cluster recorded, as one Source. Its segments, formats
// and marks have IDs that are good while it lives: those of this node as they are.
type All struct {
	options Options
	known   *known

	// Questions counts those that other nodes were asked, Away those without an answer,
	// and Nonsense those with one that cannot be.
	Questions, Away, Nonsense atomic.Uint64

	mu    sync.Mutex // guards what follows
	peers map[string]*peer
	order []*peer // by number, from 1
}

// New makes one. Run keeps in mind what nodes have, and Close must be called in the
// end.
func New(o Options) *All {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Patience = cmp.Or(o.Patience, usualPatience)
	if o.Changed == nil {
		o.Changed = func(string, bool, time.Time, time.Time) {}
	}
	return &All{options: o, known: openKnown(o.Memory, o.Log), peers: make(map[string]*peer)}
}

// Close closes what is open to other nodes.
func (a *All) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.order {
		p.remote.close()
	}
}

// Between is as Source has it.
func (a *All) Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error) {
	if limit <= 0 || limit > index.MaxRows {
		limit = index.MaxRows
	}
	for many := limit; ; many = min(2*many+32, index.MaxRows) {
		all, err := ask(ctx, a, func(ctx context.Context, s Source) ([]index.Segment, error) {
			return s.Between(ctx, camera, from, to, many)
		})
		if err != nil {
			return nil, err
		}
		rows, whole := a.merge(all, many, camera)
		if whole || len(rows) >= limit || many == index.MaxRows {
			return rows[:min(len(rows), limit)], nil
		}
	}
}

// merge makes one list of those of all nodes, each of which has so many at most. It says
// whether that is all there is: else it goes as far as each of them does.
func (a *All) merge(all []answer[[]index.Segment], many int, camera string) (rows []index.Segment, whole bool) {
	var last time.Time
	nodes := 0
	for _, one := range all {
		if n := len(one.said); n == many && (last.IsZero() || one.said[n-1].Start.Before(last)) {
			last = one.said[n-1].Start
		}
		if len(one.said) > 0 {
			nodes++
		}
		for _, r := range one.said {
			rows = append(rows, one.peer.take(r))
		}
	}
	if written, ok := a.written(camera, rows); ok {
		rows = index.Prefer(append(rows, written), a.ranks)
		rows = slices.DeleteFunc(rows, func(r index.Segment) bool { return r.ID == writtenID })
	} else if nodes > 1 {
		rows = index.Prefer(rows, a.ranks)
	}
	if last.IsZero() {
		return rows, true
	}
	return slices.DeleteFunc(rows, func(r index.Segment) bool { return r.Start.After(last) }), false
}

// writtenID is the number of what is being written, which has no row.
const writtenID = math.MinInt64

// written gives what a node writes of a camera that owns it, where others have rows: they
// count no more than beside a row of its. It is none of what is asked for, and has no row
// for as long as it grows.
func (a *All) written(camera string, rows []index.Segment) (index.Segment, bool) {
	owner := a.options.Owner(camera)
	if !slices.ContainsFunc(rows, func(r index.Segment) bool { return cmp.Or(r.Node, a.options.Self) != owner }) {
		return index.Segment{}, false
	}
	g, ok := a.Growing(camera)
	g.Segment.ID = writtenID
	return g.Segment, ok
}

// ranks says which of two segments counts where both are of a time: as of claims to a
// camera, the one with the higher epoch, and then that of the node whose name sorts
// last.
func (a *All) ranks(x, y index.Segment) int {
	return cmp.Or(cmp.Compare(epochOf(x), epochOf(y)), strings.Compare(cmp.Or(x.Node, a.options.Self), cmp.Or(y.Node, a.options.Self)))
}

// Timeline is as Source has it. Nodes that are away are gaps.
func (a *All) Timeline(ctx context.Context, camera string, from, to time.Time, resolution time.Duration) (index.Timeline, error) {
	all, err := ask(ctx, a, func(ctx context.Context, s Source) (index.Timeline, error) {
		return s.Timeline(ctx, camera, from, to, resolution)
	})
	if err != nil {
		return index.Timeline{}, err
	}
	var lines []index.Timeline
	var holders []holder
	for _, one := range all {
		holders = append(holders, a.holds(one.peer, one.said.Spans))
		a.sees(one.peer, camera, one.said.Spans)
		for i, f := range one.said.Flags {
			one.said.Flags[i].ID = one.peer.here(f.ID)
		}
		lines = append(lines, one.said)
	}
	lines = append(lines, index.Timeline{Gaps: moves(camera, holders)})
	return index.JoinTimelines(camera, a.awayGaps(camera, from, to), lines...), nil
}

// awayGaps gives the gaps that nodes are that are away.
func (a *All) awayGaps(camera string, from, to time.Time) (gaps []index.Gap) {
	for _, x := range a.Absent(camera, from, to) {
		next := index.Gap{Camera: camera, From: x.From, To: x.To, Reason: ReasonAway(x.Node)}
		gaps = append(gaps, index.JoinGaps(camera, spansOf(gaps), 0, []index.Gap{next})...)
		slices.SortFunc(gaps, func(a, b index.Gap) int { return a.From.Compare(b.From) })
	}
	return gaps
}

func spansOf(gaps []index.Gap) []index.Span {
	spans := make([]index.Span, len(gaps))
	for i, g := range gaps {
		spans[i] = index.Span{From: g.From, To: g.To}
	}
	return spans
}

// longestMove is how long a camera is on no node at most, for that to be why there is
// a hole.
const longestMove = 30 * time.Second

// holder is a node, and what it has.
type holder struct {
	node  string
	spans []index.Span
}

func (a *All) holds(p *peer, spans []index.Span) holder {
	if p == nil {
		return holder{a.options.Self, spans}
	}
	return holder{p.name, spans}
}

// moves gives the holes between what one node has and what another has next, in which
// the camera moved from one to the other.
func moves(camera string, all []holder) (gaps []index.Gap) {
	var held []holder // a span each
	for _, h := range all {
		for _, s := range h.spans {
			held = append(held, holder{h.node, []index.Span{s}})
		}
	}
	slices.SortFunc(held, func(a, b holder) int { return a.spans[0].From.Compare(b.spans[0].From) })
	for i := 1; i < len(held); i++ {
		before, next := held[i-1], held[i]
		from, to := before.spans[0].To, next.spans[0].From
		if before.node != next.node && from.Before(to) && to.Sub(from) <= longestMove {
			gaps = append(gaps, index.Gap{Camera: camera, From: from, To: to, Reason: fmt.Sprintf("the camera went from node %s to node %s", before.node, next.node)})
		}
	}
	return gaps
}

// ReasonAway is the reason of a gap in which a node may have recordings that is away.
func ReasonAway(node string) string {
	return fmt.Sprintf("node %s cannot be reached, and what it has of this time is not shown", node)
}

// Days is as Source has it.
func (a *All) Days(ctx context.Context, camera string, zone *time.Location, from, to time.Time) (days []string, err error) {
	all, err := ask(ctx, a, func(ctx context.Context, s Source) ([]string, error) { return s.Days(ctx, camera, zone, from, to) })
	for _, one := range all {
		days = append(days, one.said...)
	}
	slices.Sort(days)
	return slices.Compact(days), err
}

// Spans is as Source has it.
func (a *All) Spans(ctx context.Context, camera string, from, to time.Time) ([]index.Span, error) {
	all, err := ask(ctx, a, func(ctx context.Context, s Source) ([]index.Span, error) { return s.Spans(ctx, camera, from, to) })
	var lists [][]index.Span
	for _, one := range all {
		lists = append(lists, one.said)
	}
	spans := index.JoinSpans(0, lists...)
	return spans[:min(len(spans), index.MaxRows)], err
}

// Hours is as Source has it. There are none where two nodes have recordings of the
// same time, not all of which count.
func (a *All) Hours(ctx context.Context, camera string, from, to time.Time) (hours []index.Hour, err error) {
	type sums struct {
		spans []index.Span
		hours []index.Hour
	}
	if !from.Before(to) {
		return nil, nil // as of what is no longer than a segment
	}
	all, err := ask(ctx, a, func(ctx context.Context, s Source) (said sums, err error) {
		if said.hours, err = s.Hours(ctx, camera, from, to); err == nil {
			said.spans, err = s.Spans(ctx, camera, from, to)
		}
		return said, err
	})
	if err != nil {
		return nil, err
	}
	var spans []index.Span
	nodes := 0
	for _, one := range all {
		if len(one.said.spans) > 0 {
			nodes++
		}
		spans = append(spans, one.said.spans...)
		for _, h := range one.said.hours {
			h.Format, h.Sound = one.peer.here(h.Format), one.peer.here(h.Sound)
			hours = append(hours, h)
		}
	}
	if nodes <= 1 {
		return hours, nil
	}
	slices.SortFunc(spans, func(a, b index.Span) int { return a.From.Compare(b.From) })
	for i := 1; i < len(spans); i++ {
		if spans[i].From.Before(spans[i-1].To) {
			return nil, nil
		}
	}
	// Each leaves out hours at the end by its own longest segment.
	hours = slices.DeleteFunc(hours, func(h index.Hour) bool { return h.Start.Add(time.Hour + index.MaxLength).After(to) })
	slices.SortStableFunc(hours, func(a, b index.Hour) int { return a.Start.Compare(b.Start) })
	return hours[:min(len(hours), index.MaxRows)], nil
}

// Gaps is as Source has it. Nodes that are away are among them.
func (a *All) Gaps(ctx context.Context, camera string, from, to time.Time) ([]index.Gap, error) {
	type sums struct {
		spans []index.Span
		gaps  []index.Gap
	}
	all, err := ask(ctx, a, func(ctx context.Context, s Source) (said sums, err error) {
		if said.gaps, err = s.Gaps(ctx, camera, from, to); err == nil {
			said.spans, err = s.Spans(ctx, camera, from, to)
		}
		return said, err
	})
	if err != nil {
		return nil, err
	}
	spans, gaps := [][]index.Span{}, [][]index.Gap{a.awayGaps(camera, from, to)}
	var holders []holder
	for _, one := range all {
		holders = append(holders, a.holds(one.peer, one.said.spans))
		spans, gaps = append(spans, one.said.spans), append(gaps, one.said.gaps)
	}
	gaps = append(gaps, moves(camera, holders))
	return index.JoinGaps(camera, index.JoinSpans(0, spans...), 0, gaps...), nil
}

// Format is as Source has it.
func (a *All) Format(ctx context.Context, id int64) (index.Format, error) {
	p, own, err := a.whose(id)
	if err != nil {
		return index.Format{}, err
	}
	if p == nil {
		return a.options.Local.Format(ctx, id)
	}
	f, err := p.remote.Format(ctx, own)
	if errors.Is(err, fs.ErrNotExist) {
		err = index.ErrUnknown
	}
	f.ID = id
	return f, err
}

// Cameras is as Source has it. What nodes have that are away is among them.
func (a *All) Cameras(ctx context.Context) ([]string, error) {
	cameras, err := a.options.Local.Cameras(ctx)
	if err != nil && !errors.Is(err, a.options.Empty) && !errors.Is(err, a.options.Missing) {
		return nil, err
	}
	cameras = append(cameras, a.known.cameras()...)
	slices.Sort(cameras)
	return slices.Compact(cameras), nil
}

// owner gives the node that records a camera, nil for this one.
func (a *All) owner(camera string) *peer {
	owner := a.options.Owner(camera)
	if owner == "" || owner == a.options.Self {
		return nil
	}
	for _, p := range a.asked() {
		if p.name == owner {
			return p
		}
	}
	return nil
}

// Growing is as Source has it: that of the node that records the camera.
func (a *All) Growing(camera string) (Growing, bool) {
	if g, ok := a.options.Local.Growing(camera); ok {
		return g, true
	}
	p := a.owner(camera)
	if p == nil {
		return Growing{}, false
	}
	g, ok := p.remote.Growing(camera)
	if g.Segment = p.take(g.Segment); ok {
		a.sees(p, camera, []index.Span{{From: g.Segment.Start, To: g.Segment.End}})
	}
	return g, ok
}

// Missing is as Source has it: that of the node that records the camera.
func (a *All) Missing(camera string) (index.Gap, bool) {
	if p := a.owner(camera); p != nil {
		return p.remote.Missing(camera)
	}
	return a.options.Local.Missing(camera)
}

// Open is as Source has it.
func (a *All) Open(s index.Segment) (File, int64, error) {
	if s.Node == "" {
		return a.options.Local.Open(s)
	}
	p, err := a.named(s.Node)
	if err != nil {
		return nil, 0, err
	}
	return p.remote.Open(s)
}

// Thumbnail is as Source has it.
func (a *All) Thumbnail(of index.Segment, moment time.Time) (thumbs.Picture, error) {
	if of.Node == "" {
		return a.options.Local.Thumbnail(of, moment)
	}
	p, err := a.named(of.Node)
	if err != nil {
		return thumbs.Picture{}, err
	}
	return p.remote.Thumbnail(of, moment)
}

// Erase is as Source has it. It deletes wherever it can, and is an error where a node
// is away that may have something of it. Files go whole, and so what other nodes made of
// more than the stretch goes as well; what this one made is the caller's.
func (a *All) Erase(ctx context.Context, camera string, from, to time.Time) (gone Erased, err error) {
	gone, err = a.options.Local.Erase(ctx, camera, from, to)
	if errors.Is(err, a.options.Empty) {
		err = nil
	}
	for _, p := range a.asked() {
		more, failed := p.remote.Erase(ctx, camera, from, to)
		gone = gone.Plus(more)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("node %s: %w", p.name, failed))
		}
	}
	if more := gone.Plus(Erased{From: from, To: to}); more.From.Before(from) || more.To.After(to) {
		for _, p := range a.asked() {
			if failed := p.remote.Withdraw(ctx, camera, more.From, more.To); failed != nil {
				err = errors.Join(err, fmt.Errorf("node %s: %w", p.name, failed))
			}
		}
	}
	for _, x := range a.Absent(camera, from, to) {
		if x.Node != a.options.Self {
			err = errors.Join(err, fmt.Errorf("%w: %s may have some, delete again when it is there", ErrAway, x.Node))
		}
	}
	return gone, err
}
