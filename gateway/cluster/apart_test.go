package cluster

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// TestNodesThatMissEachOther by the bus that they have of their own ask each other directly, whatever the bus does: one owns each camera while
// that works, and once it works again one of two is left.
func TestNodesThatMissEachOther(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes long")
	}
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

	way.set(true)
	began := p.calls.Load()
	await(t, "they ask each other", func() bool { return p.calls.Load() > began+20 }) // for longer than until one is dead
	for _, camera := range cameras {
		agree(t, camera.ID, a, b)
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

// TestWhoIsAsked directly: who lives and was not heard by the bus, who is dead, and nobody else. Three exchanges with one node
// are on at most.
func TestWhoIsAsked(t *testing.T) {
	now := time.Unix(1e9, 0)
	well := member{Beat: Beat{Relay: "b:1"}, heard: now, bus: now, alive: true}
	for name, c := range map[string]struct {
		with func(c *Cluster, m *member)
		want bool
	}{
		"it is heard by the bus": {func(_ *Cluster, m *member) { m.bus = now.Add(-missAfter) }, false},
		"it is not":              {func(_ *Cluster, m *member) { m.bus = now.Add(-missAfter - 1) }, true},
		"this node is apart":     {func(c *Cluster, m *member) { c.exchanges.apart = true }, true},
		"it is dead": {func(_ *Cluster, m *member) {
			m.bus, m.since, m.alive = now.Add(-time.Second*5), now.Add(-time.Second*3), false
		}, true},
		"it is long dead, at an odd": {func(_ *Cluster, m *member) { m.bus, m.since, m.alive = now.Add(-time.Hour), now.Add(-time.Hour), false }, false},
		"it is long dead, at an even": {func(c *Cluster, m *member) {
			m.bus, m.since, m.alive, c.table.self.Sequence = now.Add(-time.Hour), now.Add(-time.Hour), false, 8
		}, true},
		"it left":                {func(_ *Cluster, m *member) { m.bus, m.Leaving, m.alive = now.Add(-time.Hour), true, false }, false},
		"it was shut out":        {func(_ *Cluster, m *member) { m.bus, m.shutOut, m.alive = now.Add(-time.Hour), true, false }, false},
		"this node was shut out": {func(c *Cluster, m *member) { m.bus, c.table.closed = now.Add(-time.Hour), true }, false},
		"three exchanges are on": {func(c *Cluster, m *member) { m.bus, c.exchanges.asked["b"] = now.Add(-time.Hour), askAtOnce }, false},
		"two exchanges are on":   {func(c *Cluster, m *member) { m.bus, c.exchanges.asked["b"] = now.Add(-time.Hour), askAtOnce-1 }, true},
	} {
		m := well
		cluster := &Cluster{table: newTable(Beat{Node: "a", Sequence: 7}, now, 0), exchanges: exchanges{asked: make(map[string]int)}}
		cluster.table.members["b"] = &m
		c.with(cluster, &m)
		if asked := cluster.toAsk(now); (len(asked) == 1) != c.want {
			t.Errorf("%s: %v", name, asked)
		}
	}
}
