package cluster

import (
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
		n := start(b, id, seeds, cameras...)
		nodes, seeds = append(nodes, n), []string{nodes0(nodes, n).Address()}
	}
	for _, c := range cameras {
		agree(b, c.ID, nodes...)
	}
	for b.Loop() {
		before, began := processorTime(b), time.Now()
		time.Sleep(10 * time.Second)
		used := processorTime(b) - before
		b.ReportMetric(100*used.Seconds()/time.Since(began).Seconds()/count, "%core/node")
	}
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
