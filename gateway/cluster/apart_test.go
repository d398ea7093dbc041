package cluster

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
)

// TestNodesThatMissEachOther by the bus that they have of their own ask each other directly, whatever the bus does: nothing moves while
// that works, and once it works again one of two owners is left. Who misses nobody asks nobody.
func TestNodesThatMissEachOther(t *testing.T) {
	t.Parallel()
	ids, cameras := identities(t, "a", "b"), numbered(6)
	var p telephone
	var down atomic.Bool
	direct := func(o *Options) {
		o.Exchange = func(ctx context.Context, to Place, said []byte) ([]byte, error) {
			if down.Load() {
				return nil, errors.New("nothing passes")
			}
			return p.exchange(ctx, to, said)
		}
	}
	a := startWith(t, ids[0], nil, direct, cameras...)
	way := newLine(t, a.Address())
	b := startWith(t, ids[1], []string{way.address()}, direct, cameras...)
	p.add(a)
	p.add(b)
	agree(t, "cam-0", a, b)
	heard := func(n *node, other string) uint64 { m, _ := n.Member(other); return m.Said }
	until := heard(a, "b") + 6
	await(t, "they hear each other by the bus", func() bool { return heard(a, "b") > until })
	if calls := p.calls.Load(); calls > 0 {
		t.Errorf("they ask each other directly %d times, and miss nobody", calls)
	}

	way.set(true)
	calm := moves(a) + moves(b)
	began := p.calls.Load()
	await(t, "they ask each other", func() bool { return p.calls.Load() > began+20 }) // for longer than until one is dead
	if after := moves(a) + moves(b); after != calm {
		t.Errorf("%d moves, and they hear each other directly", after-calm)
	}
	down.Store(true)
	await(t, "b has the cameras, too", func() bool { return b.Owns("cam-0") && b.Owns("cam-5") })
	if !a.Owns("cam-0") {
		t.Error("a gave up a camera that it hears of from nobody")
	}
	down.Store(false)
	for _, camera := range cameras { // the bus is away still
		agree(t, camera.ID, a, b)
	}
	way.set(false)
	await(t, "they hear each other by the bus again", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		m := a.table.members["b"]
		return m.heard.Equal(m.bus)
	})
	for _, r := range append(a.Status().Refused, b.Status().Refused...) {
		if r.Count > 0 {
			t.Errorf("%d messages are refused: %s", r.Count, r.Reason)
		}
	}
}
