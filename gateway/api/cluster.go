package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
)

func (a *API) registerCluster(r registrar) {
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/cluster", auth.Admin}, id: "get-cluster", tag: "server",
		summary: "Show the nodes of the cluster, and which of them has which camera",
		about:   "As the node that is asked knows it. A server alone has no name of a cluster, and empty lists.",
	}, a.showCluster)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/cluster/relays", auth.Admin}, id: "get-cluster-relays", tag: "server",
		summary: "Show the streams that go from node to node",
		about:   "Each node that lives is asked for those that come to it, for a second at most.",
	}, a.showRelays)
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/cluster/tokens", auth.Admin}, id: "make-node-token", tag: "server", status: http.StatusCreated,
		summary:  "Make a token of a node",
		about:    "Lets another machine join the cluster, by framegate cluster join. Who has it is that node, and sees every camera. It is in this answer and nowhere else. Only the server with the cluster's authority makes any, which is where framegate cluster ca was run.",
		problems: []int{http.StatusConflict, http.StatusUnprocessableEntity},
	}, a.makeNodeToken)
	add(r, operation{
		Route: Route{http.MethodDelete, "/api/v1/cluster/nodes/{node}", auth.Admin}, id: "shut-out-node", tag: "server",
		summary:  "Shut a node out of the cluster",
		about:    "Every token of its name that was made until now counts no more: within two seconds at all nodes that are reached, and at others once they are. What it has of them ends, its cameras go to others, and what it recorded is not missed any more. A token that is made afterwards lets it in again. Only the server with the cluster's authority does it, and not to itself.",
		problems: []int{http.StatusConflict, http.StatusUnprocessableEntity},
	}, a.shutOutNode)
}

// Errors of who makes tokens of nodes, and shuts them out.
var (
	// ErrNoAuthority: the cluster's certificate authority is on another server.
	ErrNoAuthority = errors.New("this server has not the cluster's authority")
	// ErrOwnNode: the node has the authority itself.
	ErrOwnNode = errors.New("this is the server that has the cluster's authority")
)

// Cluster is what a server knows of the cluster that it is a node of.
type Cluster struct {
	Name         string             `json:"name" doc:"of the cluster; empty for a server alone" example:"yard"`
	Node         string             `json:"node" doc:"this server" example:"a"`
	Seed         string             `json:"seed" doc:"host and port at which a new node finds this one; empty where that is not known" example:"192.168.1.10:7421"`
	MakesTokens  bool               `json:"makes_tokens" doc:"this server has the cluster's authority, and so can make tokens of nodes"`
	Nodes        []ClusterNode      `json:"nodes" nullable:"false" doc:"by name"`
	Cameras      []ClusterCamera    `json:"cameras" nullable:"false" doc:"those of the configuration, by id"`
	MadeHere     []ClusterRendition `json:"made_here" nullable:"false" doc:"renditions of cameras of other nodes that this server makes itself, since those have too much to do"`
	Relays       int64              `json:"relays" doc:"streams of cameras of other nodes that come to this one now" example:"3"`
	RelayedBytes uint64             `json:"relayed_bytes" doc:"of those, since the start" example:"75000000"`
	Moves        uint64             `json:"moves" doc:"times that a camera went to another node, or to none or one again, since the start" example:"4"`
	NATS         *ClusterNATS       `json:"nats,omitempty" doc:"by which nodes speak; not there where they have a bus of their own"`
	Common       ClusterCommon      `json:"common" doc:"what all nodes have in common: users, tokens, links, logins, and cameras that the API added"`
	Refused      []ClusterFault     `json:"refused" nullable:"false" doc:"what other nodes said or asked for that was not taken, since the start"`
}

// ClusterNode is a node.
type ClusterNode struct {
	Name         string    `json:"name" example:"b"`
	Alive        bool      `json:"alive" doc:"it was heard of in the last two seconds"`
	Left         bool      `json:"left" doc:"it said that it ends"`
	Since        time.Time `json:"since" doc:"since when it is alive, or is not, as this server noticed"`
	HeardMs      int64     `json:"heard_ms" doc:"how long ago it was heard of, in milliseconds" example:"320"`
	Relay        string    `json:"relay" doc:"where other nodes get its cameras" example:"192.168.1.11:7422"`
	Public       string    `json:"public,omitempty" doc:"the URL by which viewers reach it, where it says one" example:"https://b.example.org"`
	Version      string    `json:"version" example:"1.4.0"`
	Roles        []string  `json:"roles" nullable:"false"`
	Labels       []string  `json:"labels" nullable:"false"`
	Cameras      int       `json:"cameras" doc:"that it owns" example:"12"`
	Viewers      int       `json:"viewers" example:"40"`
	Load         float64   `json:"load" doc:"of its processors, as a part of one; 0 where that is not known" example:"0.25"`
	ClockMs      int64     `json:"clock_ms" doc:"by how much its clock is ahead of this server's, in milliseconds, about, where it was not measured yet" example:"-1"`
	ClockDoubtMs *float64  `json:"clock_doubt_ms,omitempty" doc:"by how much clock_ms can be wrong, which is half of how long the fastest of the last answers took; not of this server, nor before it was measured" example:"0.4"`
	PendingBytes int       `json:"pending_bytes" doc:"what waits for it, in bytes, of all that nodes tell each other; it is cut where it takes nothing for two seconds" example:"0"`
	Common       uint64    `json:"common" doc:"the version of what all nodes have in common that it has" example:"17"`
	Agrees       bool      `json:"agrees" doc:"its configuration has the same cameras as that of this server"`
	Direct       bool      `json:"direct" doc:"it is alive, and has said so itself for ten seconds: by the bus, or the NATS, nothing comes of it"`
	Way          string    `json:"way,omitempty" enum:"called_back,by_the_bus" doc:"how this server connects to it, where that is not directly: called_back: the other one connects, since this one cannot; by_the_bus: neither can, and what both say to each other goes where nodes hear of each other"`
	ShutOut      bool      `json:"shut_out" doc:"it was shut out of the cluster, and is in this list for an hour more"`
}

// ClusterNATS is how it is with the NATS of a cluster.
type ClusterNATS struct {
	Connected bool      `json:"connected" doc:"this node is connected to it"`
	Server    string    `json:"server,omitempty" doc:"host and port of the server of it that this node is connected to, or was last" example:"nats-1.lan:4222"`
	Since     time.Time `json:"since" doc:"since when it is, or is not"`
	Problem   string    `json:"problem,omitempty" doc:"why it is not, or what it refuses" example:"dial: connect: connection refused"`
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
	Node   string `json:"node" doc:"empty where none does" example:"b"`
	Why    string `json:"why" enum:"sent,label,shared,unsent,no_node,soon,apart" doc:"why it is there: sent, its pictures are sent in there; label, the node has the label that it asks for; shared, it fell to it when cameras were shared out; or why it is nowhere: unsent, nobody sends its pictures; no_node, no node that lives has the role and the label; soon, a node is about to take it; apart, it takes one connection only, and too few are heard of the nodes that say whose it is" example:"shared"`
	Epoch  uint64 `json:"epoch" doc:"0 where none owns it; it counts its owners; of two that have it, as after a split, the higher counts" example:"2"`
	// Of a camera with a standby.
	Standby      string `json:"standby,omitempty" doc:"the node that keeps it connected besides, to take it over; not there where none does" example:"c"`
	StandbyState string `json:"standby_state,omitempty" enum:"idle,connecting,online,offline,denied,unreachable,silent,ended,limit,panic,other" doc:"how that is: a state, or why there are no pictures" example:"online"`
}

// ClusterRendition is a camera in another size, rate, quality or codec.
type ClusterRendition struct {
	Camera    string `json:"camera" example:"front"`
	Rendition string `json:"rendition" example:"jpeg-w640"`
}

// ClusterFault counts what was refused for one reason.
type ClusterFault struct {
	Reason string `json:"reason" doc:"broken, too large, stranger, name (it speaks for another node), epoch, old, duplicate (another process has this node's name), role, shut out, or of relays relay_name, relay_loop, relay_query, relay_call and relay_answer" example:"name"`
	Count  uint64 `json:"count" example:"0"`
}

// ClusterRelay is a stream that goes from a node to another.
type ClusterRelay struct {
	Camera    string    `json:"camera" example:"front"`
	Rendition string    `json:"rendition" doc:"empty for what the camera sends"`
	From      string    `json:"from" example:"b"`
	To        string    `json:"to" example:"a"`
	Since     time.Time `json:"since"`
	Bytes     uint64    `json:"bytes" doc:"since then" example:"75000000"`
}

func (a *API) showCluster(context.Context, *nothing) (*struct{ Body Cluster }, error) {
	return &struct{ Body Cluster }{a.options.Gateway.Cluster()}, nil
}

// relaysPatience is how long nodes may take to say what comes to them.
const relaysPatience = time.Second

type clusterRelays struct {
	Relays []ClusterRelay `json:"relays" nullable:"false" doc:"by camera"`
	Silent []string       `json:"silent" nullable:"false" doc:"nodes that live, and did not say which streams come to them"`
}

func (a *API) showRelays(ctx context.Context, _ *nothing) (*struct{ Body clusterRelays }, error) {
	ctx, cancel := context.WithTimeout(ctx, relaysPatience)
	defer cancel()
	relays, silent := a.options.Gateway.Relays(ctx)
	return &struct{ Body clusterRelays }{clusterRelays{append([]ClusterRelay{}, relays...), append([]string{}, silent...)}}, nil
}

// newNode is a node that is to join.
type newNode struct {
	Node string `json:"node" pattern:"^[a-z0-9][a-z0-9-]{0,62}$" patternDescription:"1 to 63 of a-z, 0-9 and -, not beginning with -" doc:"its name in the cluster; another token of a node that there is makes another certificate of the same one" example:"c"`
}

// nodeToken is what lets it.
type nodeToken struct {
	Node  string `json:"node" example:"c"`
	Token string `json:"token" example:"fgnode1_…"`
}

func (a *API) makeNodeToken(ctx context.Context, in *struct{ Body newNode }) (*struct{ Body nodeToken }, error) {
	token, err := a.options.Gateway.NodeToken(in.Body.Node)
	if errors.Is(err, ErrNoAuthority) {
		return nil, problem.New(http.StatusConflict, "this server has not the cluster's authority: tokens of nodes are made where framegate cluster ca was run")
	}
	if err != nil {
		return nil, err
	}
	a.log.Info("token of a node made", "node", in.Body.Node, "by", principalOf(ctx).String())
	return &struct{ Body nodeToken }{nodeToken{in.Body.Node, token}}, nil
}

type nodeNamed struct {
	Node string `path:"node" pattern:"^[a-z0-9][a-z0-9-]{0,62}$" patternDescription:"1 to 63 of a-z, 0-9 and -, not beginning with -" doc:"its name in the cluster" example:"c"`
}

func (a *API) shutOutNode(ctx context.Context, in *nodeNamed) (*nothing, error) {
	err := a.options.Gateway.RevokeNode(in.Node)
	switch {
	case errors.Is(err, ErrNoAuthority):
		return nil, problem.New(http.StatusConflict, "this server has not the cluster's authority: nodes are shut out where framegate cluster ca was run")
	case errors.Is(err, ErrOwnNode):
		return nil, problem.New(http.StatusConflict, "this server is node "+in.Node+", which has the cluster's authority: to end a cluster, remove cluster: from the configuration of its nodes")
	case err != nil:
		return nil, err
	}
	a.log.Info("node shut out of the cluster", "node", in.Node, "by", principalOf(ctx).String())
	return nil, nil
}
