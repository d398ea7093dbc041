package cluster

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

// BenchmarkSixteenNodes is what it costs a node to be one of sixteen that share 160
// cameras, in parts of a processor. All of them run in this process.
func BenchmarkSixteenNodes(b *testing.B) {
	const count = 16
	var names []string
	for i := range count {
		names = append(names, string(rune('a'+i)))
	}
	cameras := numbered(160)
	var nodes []*node
	var seeds []string
	for _, id := range identities(b, names...) {
		n := startWith(b, id, seeds, func(o *Options) {
			o.State = func(string) Condition { return Condition{State: Online, Run: 1} }
		}, cameras...)
		nodes, seeds = append(nodes, n), []string{nodes0(nodes, n).Address()}
	}
	for _, c := range cameras {
		agree(b, c.ID, nodes...)
	}
	await(b, "each knows the clocks of all", func() bool { // which it asks for more often at first
		return !slices.ContainsFunc(nodes, func(n *node) bool { return !n.echoes.settled(count - 1) })
	})
	for b.Loop() {
		before, began := processorTime(b), time.Now()
		time.Sleep(10 * time.Second)
		used := processorTime(b) - before
		b.ReportMetric(100*used.Seconds()/time.Since(began).Seconds()/count, "%core/node")
	}
}

// settled says whether so many nodes were asked for their time as often as at first.
func (e *echoes) settled(nodes int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, n := range e.nodes {
		if n.times >= echoFirst && !n.waiting {
			nodes--
		}
	}
	return nodes <= 0
}

// nodes0 gives the first of the nodes, or the one that is to be it.
func nodes0(nodes []*node, first *node) *node {
	if len(nodes) > 0 {
		return nodes[0]
	}
	return first
}

// processorTime gives what this process has used.
func processorTime(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
