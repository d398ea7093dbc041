package server

import (
	"sync"
	"sync/atomic"

	"framegate/gateway/stream"
)

// standbys keeps the cameras connected that this node stands by, in a hub of their
// own, which nobody is shown. Where this node comes to own one, the stream that is
// shown takes over its run (stream.Carried).
type standbys struct {
	node *node
	hub  *stream.Hub
	// taken counts how often a standby went on as the camera that is shown, or the other
	// way about.
	taken atomic.Uint64

	mu   sync.Mutex // one review at a time; taken before the hub's lock
	held map[string]standby
}

// standby is a camera that is kept connected.
type standby struct {
	reader *stream.Reader
	source stream.Source // of the camera, as it was configured then
}

// newStandbys makes what keeps none connected yet. close must be called in the end.
func newStandbys(n *node) *standbys {
	b := &standbys{node: n, held: make(map[string]standby)}
	// What of the frames is of use, the camera's source keeps.
	b.hub = stream.New(stream.Options{Resolve: b.resolve, RingBytes: 1, Log: n.server.Log.With("standby", true)})
	return b
}

// resolve finds what keeps a camera connected. It is called with the hub locked.
func (b *standbys) resolve(k stream.Key) (stream.Source, error) {
	if carried, ok := b.source(k.Camera).(*stream.Carried); ok && k.Rendition == "" {
		return carried.Ready(), nil
	}
	return nil, stream.ErrUnknown
}

// source gives that of a camera that this node stands by; nil for any other.
func (b *standbys) source(camera string) stream.Source {
	c, _ := b.node.server.cameras.Find(camera)
	if !c.Standby || !b.node.cluster.StandsBy(camera) {
		return nil
	}
	source, _ := b.node.server.cameras.Source(camera)
	return source
}

// review keeps connected what this node stands by now, and lets go of the rest: at once,
// but for what it owns, which the stream that is shown takes over first.
func (b *standbys) review() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, held := range b.held {
		switch source := b.source(id); {
		case source == held.source:
			continue
		case source == nil && b.node.cluster.Owns(id):
			held.reader.Close()
		default:
			held.reader.Close()
			b.hub.Change(id)
		}
		delete(b.held, id)
	}
	for _, c := range b.node.server.cameras.All() {
		if _, held := b.held[c.ID]; c.Standby && !held {
			b.hold(c.ID)
		}
	}
}

// hold keeps a camera connected, where this node stands by it. There is one review at a
// time.
func (b *standbys) hold(camera string) {
	source := b.source(camera)
	if source == nil {
		return
	}
	key := stream.Key{Camera: camera}
	b.hub.Change(camera) // in an earlier life it may have lost the run
	reader, err := b.hub.Open(key, stream.ReadOptions{Hold: true})
	if err != nil { // the server ends
		b.node.server.Log.Warn("camera is not kept connected as a standby", "camera", camera, "err", err)
		return
	}
	b.held[camera] = standby{reader, source}
}

// state gives how it is with a camera that this node stands by, as cluster.Options.Stood.
func (b *standbys) state(camera string) string {
	key := stream.Key{Camera: camera}
	if why, failed := b.hub.Fault(key); failed {
		return why.String()
	}
	return b.hub.State(key).String()
}

func (b *standbys) close() { b.hub.Close() }
