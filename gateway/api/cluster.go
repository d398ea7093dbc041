package api

import (
	"context"
	"net/http"
	"time"

	"framegate/gateway/auth"
)

func (a *API) registerCluster(r registrar) {
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/cluster", auth.Admin}, id: "get-cluster", tag: "server",
		summary: "Show the nodes of the cluster, and which of them has which camera",
		about:   "As the node that is asked knows it. A server alone has no name of a cluster, and empty lists.",
	}, a.showCluster)
}

// Cluster is what a server knows of the cluster that it is a node of.
type Cluster struct {
	Name         string          `json:"name" doc:"of the cluster; empty for a server alone" example:"yard"`
	Node         string          `json:"node" doc:"this server" example:"a"`
	Nodes        []ClusterNode   `json:"nodes" nullable:"false" doc:"by name"`
	Cameras      []ClusterCamera `json:"cameras" nullable:"false" doc:"those that a node owns, by id"`
	Relays       int64           `json:"relays" doc:"streams of cameras of other nodes that come to this one now" example:"3"`
	RelayedBytes uint64          `json:"relayed_bytes" doc:"of those, since the start" example:"75000000"`
	Moves        uint64          `json:"moves" doc:"times that a camera went to another node, or to none or one again, since the start" example:"4"`
	Common       ClusterCommon   `json:"common" doc:"what all nodes have in common: users, tokens, links, logins, and cameras that the API added"`
	Refused      []ClusterFault  `json:"refused" nullable:"false" doc:"what other nodes said or asked for that was not taken, since the start"`
}

// ClusterNode is a node.
type ClusterNode struct {
	Name    string   `json:"name" example:"b"`
	Alive   bool     `json:"alive" doc:"it was heard of in the last two seconds"`
	HeardMs int64    `json:"heard_ms" doc:"how long ago it was heard of, in milliseconds" example:"320"`
	Relay   string   `json:"relay" doc:"where other nodes get its cameras" example:"192.168.1.11:7422"`
	Version string   `json:"version" example:"1.4.0"`
	Roles   []string `json:"roles" nullable:"false"`
	Labels  []string `json:"labels" nullable:"false"`
	Cameras int      `json:"cameras" doc:"that it owns" example:"12"`
	Viewers int      `json:"viewers" example:"40"`
	Common  uint64   `json:"common" doc:"the version of what all nodes have in common that it has" example:"17"`
	Agrees  bool     `json:"agrees" doc:"its configuration has the same cameras as that of this server"`
}

// ClusterCommon is how it is with what all nodes have in common.
type ClusterCommon struct {
	Version uint64         `json:"version" doc:"which state of it this node has; it grows with each change; 0 where it has met no others yet" example:"17"`
	State   string         `json:"state" enum:"alone,waiting,together,apart,refused" doc:"alone: this is no node; waiting: this node has not met those that keep it; together: it can be changed here; apart: it is as it was, and cannot be changed until the nodes that keep it are reached and most of them live; refused: what they keep is not taken" example:"together"`
	Since   *time.Time     `json:"since,omitempty" doc:"since when it is apart"`
	Problem string         `json:"problem,omitempty" doc:"what is wrong with what is kept"`
	Writes  uint64         `json:"writes" doc:"changes that this node made, since the start" example:"3"`
	Lost    uint64         `json:"lost" doc:"changes that were made here while it was apart, and otherwise at another node" example:"0"`
	Refused []ClusterFault `json:"refused" nullable:"false" doc:"states that this node did not take, by reason: garbled, form, old, content"`
}

// ClusterCamera is a camera and the node that owns it.
type ClusterCamera struct {
	Camera string `json:"camera" example:"front"`
	Node   string `json:"node" example:"b"`
	Epoch  uint64 `json:"epoch" doc:"counts its owners; of two that have it, as after a split, the higher counts" example:"2"`
}

// ClusterFault counts what was refused for one reason.
type ClusterFault struct {
	Reason string `json:"reason" doc:"broken, too large, stranger, name (it speaks for another node), epoch, old, duplicate (another process has this node's name), role, or of relays relay_name, relay_loop and relay_query" example:"name"`
	Count  uint64 `json:"count" example:"0"`
}

func (a *API) showCluster(context.Context, *nothing) (*struct{ Body Cluster }, error) {
	return &struct{ Body Cluster }{a.options.Gateway.Cluster()}, nil
}
