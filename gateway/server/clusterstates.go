package server

import (
	"errors"

	"framegate/gateway/api"
	"framegate/gateway/cluster"
	"framegate/gateway/stream"
)

// restate has other nodes told how the cameras of this one are, where that is news.
func (n *node) restate() {
	if n != nil {
		n.cluster.Restate()
	}
}

// otherStates says that cameras of other nodes may be in other states.
func (s *server) otherStates() { s.api.Changed() }

// condition gives how a camera of this node is.
func (n *node) condition(camera string) cluster.Condition {
	stats, _ := n.server.hub.Stat(stream.Key{Camera: camera})
	c := cluster.Condition{State: stateNumbers[stats.State], Run: stats.Runs}
	if stats.State == stream.Offline && stats.LastError != nil {
		c.Reason = uint8(stream.ReasonOf(stats.LastError)) + 1
	}
	return c
}

// stateNumbers are the states of streams as nodes tell them.
var stateNumbers = [...]cluster.State{
	stream.Idle: cluster.Idle, stream.Connecting: cluster.Connecting, stream.Online: cluster.Online, stream.Offline: cluster.Offline,
}

// stateOf is the other way about.
func stateOf(number cluster.State) stream.State {
	for state, of := range stateNumbers {
		if of == number {
			return stream.State(state)
		}
	}
	return stream.Idle
}

// reasonOf puts into words why a camera is offline at another node.
func reasonOf(number uint8) error {
	all := stream.Reasons()
	switch {
	case number == 0:
		return nil
	case int(number) > len(all): // of a newer version
		return errors.New(stream.ReasonOther.Words())
	}
	return errors.New(all[number-1].Words())
}

// NodeCameras gives how the cameras of the cluster are, by id; nil for a server alone.
func (s control) NodeCameras() map[string]api.NodeCamera {
	if s.node == nil {
		return nil
	}
	states := s.node.cluster.States()
	all := make(map[string]api.NodeCamera, len(states))
	for id, is := range states {
		c := api.NodeCamera{
			Node: is.Node, Own: is.Node == s.node.identity.Node, Unsaid: is.Soon || is.Node != "" && is.State == cluster.Unsaid, State: stateOf(is.State), Since: is.Since,
		}
		if c.State == stream.Offline {
			c.Why = reasonOf(is.Reason)
		}
		all[id] = c
	}
	return all
}
