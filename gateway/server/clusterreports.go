package server

import (
	"context"
	"errors"
	"fmt"

	"framegate/gateway/api"
	"framegate/gateway/cluster/reports"
)

// openReports makes what asks other nodes how they are, and what answers those that ask.
func (n *node) openReports() {
	n.reports = reports.New(reports.Options[*api.Report]{
		Client: n.asking, Log: n.server.Log,
		Nodes: n.others,
		Read: func(text []byte) (*api.Report, error) {
			r, err := api.ReadReport(text)
			if err != nil {
				err = fmt.Errorf("%w: %w", reports.ErrNonsense, err)
			}
			return r, err
		},
	})
	n.reporting = reports.NewDoor(
		func() ([]byte, error) { return n.server.api.Report() }, func(number uint64, by string) bool { return n.server.api.EndViewer(number, by) }, nodeOf,
	)
}

// Reports gives what the other nodes of the cluster say of themselves, and this one's name.
func (s control) Reports(ctx context.Context) (self string, others []api.NodeReport) {
	if s.node == nil {
		return "", nil
	}
	for _, said := range s.node.reports.Look(ctx) {
		others = append(others, api.NodeReport{Node: said.Node, Report: said.Report, At: said.At})
	}
	for _, m := range s.node.cluster.Status().Members {
		if !m.Alive && m.Node != s.node.identity.Node {
			others = append(others, api.NodeReport{Node: m.Node})
		}
	}
	return s.node.identity.Node, others
}

// EndViewerAt ends a viewer of another node.
func (s control) EndViewerAt(ctx context.Context, node string, number uint64) (there bool, err error) {
	if s.node == nil {
		return false, nil
	}
	if node == s.node.identity.Node {
		return s.api.EndViewer(number, "node:"+node), nil
	}
	if !s.node.lives(node) {
		return false, fmt.Errorf("%w: %s", api.ErrNodeAway, node)
	}
	there, err = s.node.reports.End(ctx, node, number)
	if err != nil {
		err = errors.Join(api.ErrNodeAway, err)
	}
	return there, err
}
