package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/cluster"
	"framegate/gateway/cluster/archive"
	"framegate/gateway/cluster/passage"
	"framegate/gateway/cluster/relay"
	"framegate/gateway/cluster/reports"
	"framegate/gateway/config"
	"framegate/gateway/delivery"
	"framegate/gateway/httplimit"
	"framegate/gateway/media"
	"framegate/gateway/output/live"
	"framegate/gateway/rendition"
	"framegate/gateway/roster"
	"framegate/gateway/stream"
)

// node is this server's part in a cluster. A server alone has none.
type node struct {
	server    *server
	identity  *cluster.Identity
	cluster   *cluster.Cluster
	player    *live.Handler // of those nodes that have viewers of cameras of this one
	door      *relay.Door
	archive   *archive.All  // what all nodes recorded
	shelves   *archive.Door // what this one did, for the others
	relayed   relay.Counters
	reports   *reports.Reports[*api.Report] // of other nodes
	reporting *reports.Door                 // to those
	machine   *machineLoad
	busy      threshold    // of it, for who comes
	asking    *http.Client // asks other nodes how they are
	telling   *http.Client // tells nodes that are not heard by the bus how this one is
	seed      string       // host:port at which new nodes find this one; "" where that is not known
	listener  net.Listener
	http      *http.Server
	keeps     bool // what all nodes have in common, or has a NATS outside keep it

	standbys *standbys // cameras of other nodes that are kept connected here

	asks asks // of other nodes
	tree relay.Tree
	edge edge
	ways *passage.Ways // to other nodes
}

// openNode joins the cluster that the configuration names, if it does. Nothing of it
// runs yet but the two ports.
func (s *server) openNode(ctx context.Context) (*node, error) {
	c := s.Config.Cluster
	if c.Name == "" {
		return nil, nil
	}
	identity, err := s.becomeNode()
	if err != nil {
		return nil, err
	}
	n := &node{server: s, identity: identity, machine: new(machineLoad)}
	n.tree.Load, n.standbys = n.load, newStandbys(n)
	if n.listener, err = net.Listen("tcp", c.RelayListen); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	if err := n.join(c); err != nil {
		n.listener.Close()
		return nil, fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	if err := n.share(ctx); err != nil {
		n.listener.Close()
		n.cluster.Close()
		return nil, fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	n.player = live.New(delivery.Options{Hub: s.hub, Patience: s.settings().Limits.ViewerPatience, Limited: s.hits.Hit, Log: s.Log})
	n.door = &relay.Door{Self: identity.Node, NodeOf: nodeOf, Show: n.show, Address: n.addressOf, Status: n.status, Relays: n.flows}
	n.openArchive()
	n.openReports()
	n.http = &http.Server{Handler: n.guard(n.handler()), ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug), TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
	return n, nil
}

// join opens the bus.
func (n *node) join(c config.Cluster) (err error) {
	host, err := reachedAt(c)
	if err != nil {
		return err
	}
	n.ways = passage.New(passage.Options{
		Self: n.identity.Node, TLS: n.identity.TLS, Dialer: cluster.Dialer(host), Where: n.where, Bus: nodeBus{n}, Log: n.server.Log,
	})
	n.asking, n.telling = newAsking(n.ways.Dial, askDial), newAsking(n.ways.Straight, cluster.ExchangeTime)
	bus := ""
	if _, port, _ := net.SplitHostPort(c.Listen); port != "0" {
		bus = net.JoinHostPort(host, port)
	}
	_, port, _ := net.SplitHostPort(n.listener.Addr().String())
	life, err := cluster.NextLife(n.server.Config.Data)
	if err != nil {
		return err
	}
	origin := cluster.HasAuthority(n.server.Config.Data)
	stores, disk := keeping(c, n.server.Config.Data, n.identity.Node, origin)
	outside, err := natsOf(c.NATS)
	if err != nil {
		return err
	}
	if len(outside.Servers) > 0 {
		stores, disk, bus = nil, "", ""
	}
	n.keeps = disk != "" || len(outside.Servers) > 0
	n.cluster, err = cluster.New(cluster.Options{
		Identity: n.identity, Life: life, Listen: c.Listen, Seeds: c.Seeds, Advertise: bus, Relay: net.JoinHostPort(host, port), Public: c.Public,
		Version: n.server.Version, Roles: rolesOf(c, disk != ""), Labels: c.Labels, Stores: stores, Disk: disk, Origin: origin, NATS: outside, Exchange: n.exchange,
		Common: n.server.store.CommonVersion, Newer: n.server.store.LookSoon,
		Viewers: n.server.hub.Watching, Shown: n.tree.Shown, Load: n.machine.now, Sent: n.sent, State: n.condition, Told: n.server.otherStates, Moved: n.moved, Gone: n.gone, ShutOut: n.shutOut, Standing: n.standbys.review, Stood: n.standbys.state, Voters: c.Stores, Open: n.open,
		Called: n.ways.Called, Now: n.server.Now, Log: n.server.Log,
	})
	if err == nil && n.cluster.Address() != "" {
		_, port, _ = net.SplitHostPort(n.cluster.Address())
		n.seed = net.JoinHostPort(host, port)
	}
	return err
}

// reachedAt gives the host by which other nodes reach this one.
func reachedAt(c config.Cluster) (string, error) {
	if c.Advertise != "" {
		return c.Advertise, nil
	}
	listen, others := c.Listen, c.Seeds
	if len(c.NATS.URLs) > 0 {
		listen, others = c.RelayListen, c.NATS.Servers()
	}
	host, _, _ := net.SplitHostPort(listen)
	if ip, err := netip.ParseAddr(host); host != "" && (err != nil || !ip.IsUnspecified()) {
		return host, nil
	}
	var wrong error
	for _, other := range others {
		conn, err := net.Dial("udp", other) // which sends nothing
		if err != nil {
			wrong = err
			continue
		}
		at := conn.LocalAddr().(*net.UDPAddr).IP
		conn.Close()
		if !at.IsLoopback() && !at.IsLinkLocalUnicast() {
			return at.String(), nil
		}
		wrong = fmt.Errorf("%s, by which this one reaches %s, is of no use to them", at, other)
	}
	return "", fmt.Errorf("by which address other nodes reach this one is not known, say it as cluster.advertise: %w", wrong)
}

// keeping gives the nodes that keep what all nodes have in common, where this node is
// one of them, and the folder in which it does.
func keeping(c config.Cluster, data, node string, origin bool) (stores []string, disk string) {
	stores = c.Stores
	if len(stores) == 0 && origin {
		stores = []string{node}
	}
	if !slices.Contains(stores, node) {
		return nil, ""
	}
	return stores, filepath.Join(data, "nats")
}

func rolesOf(c config.Cluster, store bool) (roles []string) {
	for _, role := range c.Roles {
		roles = append(roles, string(role))
	}
	if roles == nil {
		roles = []string{cluster.RoleCamera, cluster.RoleEdge}
	}
	if store {
		roles = append(roles, cluster.RoleStore)
	}
	return roles
}

// nodeOf gives the node that asks.
func nodeOf(r *http.Request) string { return cluster.NodeOf(*r.TLS) }

// serve has what takes part, until ctx is done, and what answers other nodes, until
// close, run.
func (n *node) serve(ctx context.Context, run, answer func(func())) {
	if n == nil {
		return
	}
	l := n.server.Config.Limits
	limits := httplimit.Limits{HeaderTimeout: l.HeaderTimeout, HeaderBytes: l.HeaderBytes, IdleTimeout: l.IdleTimeout, Patience: l.ViewerPatience, Room: nodesRoom}
	n.listener = n.ways.Listen(n.listener)
	inTLS := tls.NewListener(n.ways.Knocks(httplimit.Put(limits, n.http, n.listener, n.server.hits.Hit)), n.identity.TLS(""))
	n.http.ConnContext = withConnection(n.http.ConnContext)
	run(func() { n.cluster.Run(ctx) })
	run(func() { n.archive.Run(ctx) })
	run(func() { n.server.store.RunCommon(ctx) })
	if n.keeps {
		run(func() { n.prepare(ctx) })
	}
	answer(func() { _ = n.http.Serve(inTLS) }) // gives http.ErrServerClosed, after close
	n.server.Log.Info("node of a cluster", "cluster", n.identity.Cluster, "node", n.identity.Node, "listens", n.cluster.Address(), "relays", n.listener.Addr().String())
}

// leave has other nodes take over what this one owns, before it ends.
func (n *node) leave() {
	if n == nil {
		return
	}
	n.cluster.Leave()
	ctx, cancel := context.WithTimeout(context.Background(), letGo)
	defer cancel()
	n.cluster.LetGo(ctx)
}

// letGo is what the connections to exclusive cameras get to end, before the server goes on
// to.
const letGo = 900 * time.Millisecond

// close ends what other nodes are shown, and the ports. Nothing of serve runs but
// the answers.
func (n *node) close() {
	if n == nil {
		return
	}
	n.player.Close()
	n.http.Close()
	n.archive.Close()
	n.standbys.close()
	n.reports.Close()
	n.asking.CloseIdleConnections()
	n.telling.CloseIdleConnections()
	n.listener.Close()
	n.ways.Close()
	n.cluster.Close()
}

// owns says whether a camera is this server's.
func (n *node) owns(camera string) bool { return n == nil || n.cluster.Owns(camera) }

// toldElsewhere says of a camera that another node tells others of it; of "" that
// another tells of servers.
func (n *node) toldElsewhere(camera string) bool { return n != nil && !n.cluster.Speaks(camera) }

// name gives that of this node; "" for a server alone.
func (n *node) name() string {
	if n == nil {
		return ""
	}
	return n.identity.Node
}

// configure tells the cluster which cameras there are.
func (n *node) configure(cameras []roster.Camera) {
	if n == nil {
		return
	}
	var all []cluster.Camera
	for _, c := range cameras {
		all = append(all, cluster.Camera{ID: c.ID, Label: c.NodeLabel, Sent: c.Source.Kind == config.SourceUpload, Standby: c.Standby, Exclusive: c.Exclusive})
	}
	n.cluster.Configure(all)
	n.standbys.review()
}

// sent gives the cameras whose pictures are sent in here.
func (n *node) sent() (cameras []string) {
	for _, p := range n.server.publishers.All() {
		cameras = append(cameras, p.Camera)
	}
	return cameras
}

// open says whether this server is connected to an exclusive camera, or not yet
// disconnected.
func (n *node) open(camera string) bool {
	source, _ := n.server.cameras.Source(camera)
	carried, ok := source.(*stream.Carried)
	return ok && carried.Running()
}

// soon has the cluster told what changed.
func (n *node) soon() {
	if n != nil {
		n.cluster.Soon()
	}
}

// addressOf gives where a node that lives gives out what it has.
func (n *node) addressOf(node string) (string, bool) {
	m, known := n.cluster.Member(node)
	return m.Relay, known && m.Alive
}

// lives says whether a node does.
func (n *node) lives(node string) bool {
	_, lives := n.addressOf(node)
	return lives
}

// load gives how many streams a node shows others, how often it said so, and whether it
// lives.
func (n *node) load(node string) (shown int, said uint64, lives bool) {
	m, _ := n.cluster.Member(node)
	return m.Shown, m.Said, m.Alive
}

// gone has streams come by other nodes than one that is gone, of cameras that it did not
// own: those move.
func (n *node) gone(node string) {
	if m, _ := n.cluster.Member(node); !m.Left { // who ends shows what it has until others do
		n.ways.Gone(node)
	}
	for _, id := range n.tree.By(node) {
		n.server.hub.Move(id)
	}
}

// moved has cameras come from where they are now.
func (n *node) moved(cameras []string) {
	for _, id := range cameras {
		if !n.cluster.Owns(id) {
			n.tree.End(id)
		}
		n.server.hub.Move(id)
	}
	n.server.cameras.Review()
	n.server.notifier.Moved()
}

// elsewhere gives what makes the frames of a stream whose camera this node does not
// own; false where it makes them itself. It is called with the hub locked.
func (n *node) elsewhere(c roster.Camera, k stream.Key) (stream.Source, bool) {
	if n == nil {
		return nil, false
	}
	if _, sound := rendition.ParseSoundKey(k.Rendition); sound {
		return nil, false // made of the camera's, which is relayed
	}
	place, owned := n.cluster.Where(c.ID)
	switch {
	case owned && place.Node == n.identity.Node:
		return nil, false
	case owned:
		source, err := n.newEither(relay.Options{
			Key: k, Owner: place.Node, Epoch: place.Epoch, Self: n.identity.Node, Dial: n.ways.Dial, Lives: n.lives, Tree: &n.tree,
			Silent: c.Sound == config.SoundOff, MaxFrameBytes: n.server.settings().Limits.FrameBytes, Counters: &n.relayed,
			Ahead: func() time.Duration { return n.ahead(place.Node) },
		})
		return source, err == nil
	case k.Rendition != "" && k.Rendition != stream.Sub, c.Source.Kind == config.SourceUpload:
		return nil, false
	}
	return nowhere{n.cluster, c.ID}, true
}

// nowhere is a camera that no node owns, as for a moment after one died.
type nowhere struct {
	cluster *cluster.Cluster
	camera  string
}

// ownedSoon is how long somebody takes at most to own a camera, if anybody does.
const ownedSoon = 5 * time.Second

// Run waits for the camera to move.
func (n nowhere) Run(ctx context.Context, _ func(media.Frame)) error {
	late := time.NewTimer(ownedSoon)
	defer late.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		if n.cluster.Why(n.camera) == cluster.WhyApart {
			return stream.Unreachable("the camera takes one connection only, and too few of the nodes that say whose it is are heard of")
		}
		return stream.Unreachable("no node of the cluster connects to this camera: see its roles and labels")
	}
}

// show shows another node a stream of a camera that this one owns, or gets itself.
func (n *node) show(w http.ResponseWriter, r *http.Request, ask relay.Ask) error {
	place, owned := n.cluster.Where(ask.Key.Camera)
	if !owned || place.Epoch != ask.Epoch {
		return relay.ErrElsewhere
	}
	choice, codec, err := relayed(ask.Key)
	if err != nil {
		return err
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	client := stream.Client{Address: host, Principal: "node:" + ask.Node, Node: true, For: ask.For}
	if place.Node == n.identity.Node {
		if err := n.mayMake(ask, client); err != nil {
			return err
		}
	}
	ctx, leave, path, err := n.tree.Enter(r.Context(), ask, n.identity.Node, place.Node == n.identity.Node)
	if errors.Is(err, stream.ErrFull) {
		n.server.hits.Hit(relay.LimitBranches)
	}
	if err != nil {
		return err
	}
	defer leave()
	if now, _ := n.cluster.Where(ask.Key.Camera); now != place {
		return relay.ErrElsewhere // it moved before it could be ended
	}
	choice.Header = relay.Header(path)
	if place.Node != n.identity.Node { // whose times go on as they came
		choice.Ahead = func() time.Duration { return n.ahead(place.Node) }
	}
	r = r.Clone(ctx)
	r.URL.RawQuery = codec
	return n.player.ServeWebSocket(w, r, choice, client)
}

// relayed gives the streams that a node may be shown which asks for one, and the
// query that asks for it.
func relayed(k stream.Key) (choice live.Choice, query string, err error) {
	own := stream.Key{Camera: k.Camera}
	choice = live.Choice{H264: own, Why: func(failed *stream.SourceError) string {
		return strings.TrimPrefix(failed.Error(), "camera "+k.Camera+": ")
	}}
	if k.Rendition == "" {
		plain := func(codec media.Codec) stream.Key {
			return stream.Key{Camera: k.Camera, Rendition: rendition.Request{Codec: codec}.Key()}
		}
		choice.Own, choice.H264, choice.JPEG = own, plain(media.H264), plain(media.JPEG)
		choice.AAC, choice.Opus = rendition.SoundKey(k.Camera, media.AAC), rendition.SoundKey(k.Camera, media.Opus)
		return choice, "", nil
	}
	request, ok := rendition.ParseKey(k.Rendition)
	if ok && request.Sub {
		small, _ := request.Own()
		choice.Small = stream.Key{Camera: k.Camera, Rendition: small.Key()}
	}
	switch {
	case ok && request.Codec == 0:
		choice.Own = k
		return choice, "", nil
	case ok && request.Codec == media.H264:
		choice.H264 = k
	case ok && request.Codec == media.JPEG:
		choice.JPEG = k
	default:
		return choice, "", stream.ErrUnknown
	}
	return choice, "codec=" + request.Codec.String(), nil
}
