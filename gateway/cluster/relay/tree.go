package relay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"framegate/gateway/stream"
)

// Branches is how many nodes a node shows a stream, where Tree.Most says nothing else.
const Branches = 16

// LimitBranches names the limit on nodes that a stream is shown to, twice Branches, where
// those that have it cannot show it on.
const LimitBranches = "relay_branches"

// ErrLoop: the pictures would come back to the node that asks for them.
var ErrLoop = errors.New("the pictures would go in a circle")

// Elsewhere is the answer to a node that is to get a stream of another, which has it.
type Elsewhere struct{ Node string }

func (e *Elsewhere) Error() string { return fmt.Sprintf("node %s has it too", e.Node) }

// Tree is which streams this node shows to which others, and by which nodes those come
// that it does not make itself. The zero value shows each stream to Branches nodes. Its
// methods may be called from any goroutine.
//
// Each node knows by which nodes its pictures come, since the one that it asked said so,
// and what comes below it ends when that does. So who would be asked for what comes from
// himself knows it, and refuses.
type Tree struct {
	Most int // nodes that a stream is shown to; 0 is Branches
	// Load says how many streams a node shows, and counts how often it said so; lives is
	// false where it says nothing more. A nil one knows of no load.
	Load func(node string) (shown int, said uint64, lives bool)

	mu    sync.Mutex // guards what follows; never held while others are called but Load
	shown map[stream.Key]map[*branch]bool
	ways  map[stream.Key]*way
}

// way is by which nodes a stream comes, its owner first.
type way struct{ nodes []string }

// branch is a node that is shown a stream.
type branch struct {
	node string
	end  context.CancelFunc
	sent int    // nodes that were sent to it,
	said uint64 // since it said this
}

// Header is what of an answer says by which nodes a stream comes.
func Header(path []string) http.Header {
	return http.Header{pathHeader: {strings.Join(path, ",")}}
}

// Enter counts a node in that is shown a stream which this node makes itself, or which
// comes from others. leave counts it out, and ctx ends when the stream is not to be had
// here any more. path is by which nodes it comes to who asks, this one the last. The
// error is ErrElsewhere, ErrLoop, stream.ErrFull, or Elsewhere.
func (t *Tree) Enter(within context.Context, ask Ask, self string, owner bool) (ctx context.Context, leave func(), path []string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var above []string
	w, comes := t.ways[ask.Key]
	if comes && !owner {
		above = w.nodes
	}
	switch {
	case !owner && !comes:
		return nil, nil, nil, ErrElsewhere
	case !owner && slices.Contains(above, ask.Node):
		return nil, nil, nil, ErrLoop
	case len(above) >= maxPath-1:
		return nil, nil, nil, fmt.Errorf("%w: the pictures go by too many nodes", stream.ErrFull)
	}
	if most := cmp.Or(t.Most, Branches); len(t.shown[ask.Key]) >= most {
		if b := t.least(ask); b != nil {
			b.sent++
			return nil, nil, nil, &Elsewhere{b.node}
		}
		if len(t.shown[ask.Key]) >= 2*most {
			return nil, nil, nil, fmt.Errorf("%w: %d nodes of this stream", stream.ErrFull, 2*most)
		}
	}
	ctx, end := context.WithCancel(within)
	b := &branch{node: ask.Node, end: end}
	if t.shown == nil {
		t.shown = make(map[stream.Key]map[*branch]bool)
	}
	if t.shown[ask.Key] == nil {
		t.shown[ask.Key] = make(map[*branch]bool)
	}
	t.shown[ask.Key][b] = true
	return ctx, func() { end(); t.leave(ask.Key, b) }, append(slices.Clone(above), self), nil
}

// least gives the branch that shows least, of those that who asks did not try; nil where
// there is none. The tree is locked.
func (t *Tree) least(ask Ask) (best *branch) {
	least := 0
	for b := range t.shown[ask.Key] {
		if b.node == ask.Node || slices.Contains(ask.Not, b.node) {
			continue
		}
		load := b.sent
		if t.Load != nil {
			shown, said, lives := t.Load(b.node)
			if !lives {
				continue
			}
			if said > b.said+1 { // who was sent there since then is counted in it
				b.sent, b.said = 0, said
			}
			load = b.sent + shown
		}
		if best == nil || cmp.Or(cmp.Compare(load, least), strings.Compare(b.node, best.node)) < 0 {
			best, least = b, load
		}
	}
	return best
}

func (t *Tree) leave(key stream.Key, b *branch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.shown[key], b)
	if len(t.shown[key]) == 0 {
		delete(t.shown, key)
	}
}

// comes notes by which nodes a stream comes from now on. gone must be called when it
// does not any more, which ends all that are shown it. The error is ErrLoop.
func (t *Tree) comes(key stream.Key, path []string, self string) (gone func(), err error) {
	if slices.Contains(path, self) {
		return nil, ErrLoop
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ways == nil {
		t.ways = make(map[stream.Key]*way)
	}
	if t.ways[key] != nil { // another, by which what is below does not know that it comes now
		t.cut(key)
	}
	w := &way{path}
	t.ways[key] = w
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.ways[key] == w {
			delete(t.ways, key)
			t.cut(key)
		}
	}, nil
}

// cut ends all that are shown a stream. The tree is locked.
func (t *Tree) cut(key stream.Key) {
	for b := range t.shown[key] {
		b.end()
	}
}

// End ends all that are shown streams of a camera, as when it moves.
func (t *Tree) End(camera string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key := range t.shown {
		if key.Camera == camera {
			t.cut(key)
		}
	}
}

// By gives the cameras of which a stream comes by a node that does not own them.
func (t *Tree) By(node string) (cameras []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, w := range t.ways {
		if slices.Contains(w.nodes[1:], node) && !slices.Contains(cameras, key.Camera) {
			cameras = append(cameras, key.Camera)
		}
	}
	return cameras
}

// Shown counts the streams that other nodes are shown, once for each.
func (t *Tree) Shown() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, branches := range t.shown {
		n += len(branches)
	}
	return n
}
