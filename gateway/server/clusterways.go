package server

import (
	"context"
	"strings"

	"framegate/gateway/cluster/passage"
)

// nodeBus is the bus of a node, as package passage has it.
type nodeBus struct{ *node }

// Call tells another node something.
func (b nodeBus) Call(ctx context.Context, node string, text []byte) error {
	return b.cluster.Call(ctx, node, text)
}

// OpenLine opens a way for what is no small thing.
func (b nodeBus) OpenLine(take func(message []byte), gone func()) (passage.Line, error) {
	line, err := b.cluster.OpenLine(take, gone)
	if err != nil {
		return nil, err // and not a Line that is a nil pointer
	}
	return line, nil
}

// where gives where another node is that was heard of, be it dead.
func (n *node) where(node string) (passage.Place, bool) {
	m, known := n.cluster.Member(node)
	return passage.Place{Address: m.Relay, Life: m.Life}, known
}

// others gives the other nodes that live.
func (n *node) others() (names []string) {
	for _, m := range n.cluster.Others() {
		names = append(names, m.Node)
	}
	return names
}

// way says by which way a node is reached; "" for directly, or where it was not tried.
func (n *node) way(node string) string {
	if way, seen := n.ways.Way(node); seen && way != passage.Direct {
		return way.String()
	}
	return ""
}

// nameOf gives a way as the API and metrics name it.
func nameOf(way string) string { return strings.ReplaceAll(way, " ", "_") }

// connections gives how many were made to other nodes, by way.
func (n *node) connections() map[string]uint64 {
	made := make(map[string]uint64)
	for way := range n.ways.Made {
		made[nameOf(passage.Way(way).String())] = n.ways.Made[way].Load()
	}
	return made
}
