package server

import "time"

// clockUnknown is by how much a clock may be wrong that was not measured.
const clockUnknown = time.Second

// ahead gives by how much the clock of another node is ahead of this one's, where that is
// more than it can be wrong by.
func (n *node) ahead(node string) time.Duration {
	ahead, doubt, known := n.cluster.Ahead(node)
	if !known || ahead.Abs() <= doubt {
		return 0
	}
	return ahead
}

// doubt gives by how much the times of a camera's pictures may be wrong by this node's
// clock; 0 where they are this node's own.
func (n *node) doubt(camera string) time.Duration {
	place, owned := n.cluster.Where(camera)
	if !owned || place.Node == n.identity.Node {
		return 0
	}
	if _, doubt, known := n.cluster.Ahead(place.Node); known {
		return doubt
	}
	return clockUnknown
}
