package server

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"framegate/gateway/api"
	"framegate/gateway/cluster"
	"framegate/gateway/cluster/relay"
	"framegate/gateway/metrics"
	"framegate/gateway/store"
	"framegate/gateway/stream"
)

// status answers another node, or framegate cluster status on this one.
func (n *node) status(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	s := n.cluster.Status()
	s.Waits = n.cluster.Routes()
	for i := range s.Members {
		s.Members[i].Way = n.way(s.Members[i].Node)
	}
	_ = json.NewEncoder(w).Encode(s) // whoever is gone misses nothing
}

// refused counts what other nodes said or asked for that was not taken.
func (n *node) refused(s cluster.Status) []cluster.Refused {
	return append(s.Refused,
		cluster.Refused{Reason: relay.RefusedName, Count: n.door.Name.Load()},
		cluster.Refused{Reason: relay.RefusedLoop, Count: n.door.Loop.Load()},
		cluster.Refused{Reason: relay.RefusedQuery, Count: n.door.Query.Load()},
		cluster.Refused{Reason: relay.RefusedCall, Count: n.ways.Strange.Load()},
		cluster.Refused{Reason: relay.RefusedAnswer, Count: n.relayed.Broken.Load() + n.ways.Broken.Load()},
		cluster.Refused{Reason: "recordings_query", Count: n.shelves.Refused.Load()},
		cluster.Refused{Reason: "recordings_answer", Count: n.archive.Nonsense.Load()},
		cluster.Refused{Reason: "report_query", Count: n.reporting.Refused.Load()},
		cluster.Refused{Reason: "report_answer", Count: n.reports.Nonsense.Load()},
	)
}

// Cluster gives what is known of the cluster that the server is a node of.
func (s control) Cluster() api.Cluster {
	c := api.Cluster{Nodes: []api.ClusterNode{}, Cameras: []api.ClusterCamera{}, MadeHere: []api.ClusterRendition{}, Refused: []api.ClusterFault{}, Common: commonOf(s.node, s.store.CommonStatus())}
	n := s.node
	if n == nil {
		return c
	}
	status := n.cluster.Status()
	c.Name, c.Node, c.Moves = status.Cluster, status.Node, status.Moves
	c.Seed, c.MakesTokens = n.seed, cluster.HasAuthority(n.server.Config.Data)
	c.Relays, c.RelayedBytes = n.relayed.Running.Load(), n.relayed.Bytes.Load()
	for _, key := range n.edge.all() {
		c.MadeHere = append(c.MadeHere, api.ClusterRendition{Camera: key.Camera, Rendition: key.Rendition})
	}
	if out := status.Outside; out != nil {
		c.NATS = &api.ClusterNATS{Connected: out.Connected, Server: out.Server, Since: out.Since.UTC(), Problem: out.Problem}
	}
	waits := n.cluster.Routes()
	for _, m := range status.Members {
		c.Nodes = append(c.Nodes, api.ClusterNode{
			Name: m.Node, Alive: m.Alive, Left: m.Left, Since: m.Since.UTC(), HeardMs: m.Heard.Milliseconds(), Relay: m.Relay, Version: m.Version,
			Roles: append([]string{}, m.Roles...), Labels: append([]string{}, m.Labels...), Cameras: m.Owned, Viewers: m.Viewers, Load: m.Load, ClockMs: m.Clock.Milliseconds(), ClockDoubtMs: doubtOf(m), PendingBytes: waits[m.Node], Public: m.Public, Common: m.Common, Agrees: m.Same, ShutOut: m.ShutOut, Direct: m.Direct, Way: nameOf(n.way(m.Node)),
		})
	}
	for _, p := range status.Cameras {
		c.Cameras = append(c.Cameras, api.ClusterCamera{Camera: p.Camera, Node: p.Node, Why: string(p.Why), Epoch: p.Epoch, Standby: p.Standby, StandbyState: p.Stood})
	}
	for _, r := range n.refused(status) {
		c.Refused = append(c.Refused, api.ClusterFault(r))
	}
	return c
}

// doubtOf gives by how much it can be wrong what is said of a node's clock, in
// milliseconds; nil where it was not measured.
func doubtOf(m cluster.Member) *float64 {
	if m.Doubt == 0 {
		return nil
	}
	ms := float64(m.Doubt.Microseconds()) / 1000
	return &ms
}

// commonOf gives how it is with what all nodes have in common.
func commonOf(n *node, s store.CommonStatus) api.ClusterCommon {
	c := api.ClusterCommon{Version: s.Version, State: "together", Problem: s.Problem, Writes: s.Writes, Lost: s.Lost, Refused: []api.ClusterFault{}}
	switch {
	case n == nil:
		c.State = "alone"
	case s.Version == 0:
		c.State = "waiting"
	case !s.Apart.IsZero():
		c.State, c.Since = "apart", &s.Apart
	case s.Problem != "":
		c.State = "refused"
	}
	for _, why := range slices.Sorted(maps.Keys(s.Refused)) {
		c.Refused = append(c.Refused, api.ClusterFault{Reason: why, Count: s.Refused[why]})
	}
	return c
}

// metrics gives what gives Cluster for scrapes; nil for a server alone.
func (n *node) metrics() func() metrics.Cluster {
	if n == nil {
		return nil
	}
	return func() metrics.Cluster {
		status := n.cluster.Status()
		c := metrics.Cluster{
			Moves: status.Moves, Late: status.Late, Relays: int(n.relayed.Running.Load()), Shown: n.tree.Shown(), Sent: n.door.Sent.Load(),
			Pulls: n.relayed.Pulls.Load(), Frames: n.relayed.Frames.Load(), Bytes: n.relayed.Bytes.Load(), Refused: make(map[string]uint64),
		}
		if status.Outside != nil {
			c.NATS = &status.Outside.Connected
		}
		c.Taken = n.standbys.taken.Load()
		c.MadeHere = len(n.edge.all())
		c.Waits = n.cluster.Routes()
		c.Ways = n.connections()
		c.Failovers = metrics.Failovers{Sum: status.Failovers.Sum, Count: status.Failovers.Count, UpTo: make(map[float64]uint64)}
		upTo := uint64(0)
		for i, bound := range cluster.FailoverBounds {
			if status.Failovers.Took != nil {
				upTo += status.Failovers.Took[i]
			}
			c.Failovers.UpTo[bound.Seconds()] = upTo
		}
		c.Asked, c.Away, c.Given = n.archive.Questions.Load(), n.archive.Away.Load(), n.shelves.Bytes.Load()
		common := n.server.store.CommonStatus()
		c.Version, c.Apart, c.Writes, c.Lost, c.NotTaken = common.Version, !common.Apart.IsZero(), common.Writes, common.Lost, common.Refused
		for _, m := range status.Members {
			if m.Doubt > 0 {
				c.Clocks = append(c.Clocks, metrics.Clock{Node: m.Node, Ahead: m.Clock, Doubt: m.Doubt})
			}
			if m.Alive {
				c.Alive++
			} else {
				c.Gone++
			}
		}
		for _, p := range status.Cameras {
			c.Epoch = max(c.Epoch, p.Epoch)
			if p.Node == status.Node {
				c.Owned++
			}
			if p.Standby == status.Node {
				c.Stands++
				if p.Stood == stream.Online.String() {
					c.Ready++
				}
			}
		}
		for _, r := range n.refused(status) {
			c.Refused[r.Reason] = r.Count
		}
		return c
	}
}
