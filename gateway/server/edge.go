package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"framegate/gateway/cluster/relay"
	"framegate/gateway/media"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

const (
	// busyLoad is the load of a node beyond which others make renditions of its cameras
	// themselves.
	busyLoad = 0.7
	// lessLoad is by how much less one must have to do that makes them instead, so that
	// nodes that are equally busy hand nothing back and forth.
	lessLoad = 0.15
)

// madeHere says whether a node makes a rendition of a camera of another, by how much
// both have to do. Where it did before it goes on, unless it is the busy one by now.
func madeHere(before bool, owner, own float64) bool {
	if before {
		return own <= busyLoad || owner > own-lessLoad
	}
	return owner > busyLoad && own < min(busyLoad, owner-lessLoad)
}

// edge knows the renditions of other nodes' cameras that this one makes itself. The zero
// value is ready, and may be used from any goroutine.
type edge struct {
	mu   sync.Mutex // guards what follows
	made map[stream.Key]int
}

// begin notes one; end notes that it ended.
func (e *edge) begin(key stream.Key) (end func()) {
	add := func(n int) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.made == nil {
			e.made = make(map[stream.Key]int)
		}
		if e.made[key] += n; e.made[key] == 0 {
			delete(e.made, key)
		}
	}
	add(1)
	return func() { add(-1) }
}

// all gives them, by camera.
func (e *edge) all() (keys []stream.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for key := range e.made {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b stream.Key) int {
		return cmp.Or(strings.Compare(a.Camera, b.Camera), strings.Compare(a.Rendition, b.Rendition))
	})
	return keys
}

// eitherNode is a rendition of a camera that another node owns. Where it is made is
// decided when it begins, so that what runs stays where it is: by its owner, or, where
// that has too much to do, by this node, of the camera's own pictures.
type eitherNode struct {
	node  *node
	owner string
	key   stream.Key
	far   stream.Source // what the owner makes
	near  stream.Source
	here  bool // where it was made last
}

// newEither makes the source of a rendition. What needs no encoder in any case comes of
// the owner.
func (n *node) newEither(far relay.Options) (stream.Source, error) {
	request, ok := rendition.ParseKey(far.Key.Rendition)
	if !ok || request.Codec == 0 {
		return relay.New(far), nil
	}
	near, err := n.server.newRendition(n.server.hub, far.Key)
	if err != nil {
		return nil, err
	}
	far.Able = func() bool { return n.hasRoom(far.Key) }
	return &eitherNode{node: n, owner: far.Owner, key: far.Key, far: relay.New(far), near: near}, nil
}

// Run gives the pictures of whoever makes them.
func (e *eitherNode) Run(ctx context.Context, emit func(media.Frame)) error {
	owner, _ := e.node.cluster.Member(e.owner)
	e.here = madeHere(e.here, owner.Load, e.node.machine.now())
	if !e.here {
		err := e.far.Run(ctx, emit)
		if !errors.Is(err, relay.ErrBusy) || !e.node.hasRoom(e.key) {
			return err
		}
		e.here = true
	}
	defer e.node.edge.begin(e.key)()
	return e.near.Run(ctx, emit)
}

// hasRoom says whether a rendition can have an encoder here at once.
func (n *node) hasRoom(key stream.Key) bool {
	request, _ := rendition.ParseKey(key.Rendition)
	return n.server.encoders.HasRoom(key, isCommon(request))
}

// mayMake says why this node does not make what another asks it for. What it makes for
// viewers of others counts as what it makes for its own.
func (n *node) mayMake(ask relay.Ask, c stream.Client) error {
	request, ok := rendition.ParseKey(ask.Key.Rendition)
	if !ok || request.Codec == 0 {
		return nil
	}
	err := n.server.encodes(ask.Key, c)
	switch {
	case errors.Is(err, rendition.ErrCrowded):
		return fmt.Errorf("%w: %w", relay.ErrBusy, err)
	case err == nil && ask.Able && !n.server.passes(ask.Key) && !n.hasRoom(ask.Key):
		return relay.ErrBusy
	}
	return err
}

// MadeHere gives this node, and the renditions of cameras of others that it makes.
func (s control) MadeHere() (node string, renditions []stream.Key) {
	if s.node == nil {
		return "", nil
	}
	return s.node.name(), s.node.edge.all()
}
