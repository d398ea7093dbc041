package archive

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"framegate/gateway/record/index"
	"framegate/gateway/regular"
)

const (
	// learnEvery is how often nodes are asked what they have, and saveEvery how often
	// that is written down.
	learnEvery = 10 * time.Second
	saveEvery  = time.Minute
	maxKnown   = 256     // nodes
	maxMemory  = 8 << 20 // bytes of the file
)

// known is what nodes have, as they said last: from when until when, of each camera.
type known struct {
	path string
	log  *slog.Logger

	mu    sync.Mutex // guards what follows
	nodes map[string]map[string]index.Span
	saved map[string]map[string]index.Span
}

// openKnown reads what was written down.
func openKnown(path string, log *slog.Logger) *known {
	k := &known{path: path, log: log, nodes: make(map[string]map[string]index.Span)}
	if path == "" {
		return k
	}
	b, err := os.ReadFile(path)
	if err == nil && len(b) <= maxMemory {
		err = json.Unmarshal(b, &k.nodes)
	}
	for node, extents := range k.nodes {
		if checkExtents(extents) != nil {
			delete(k.nodes, node)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("what other nodes have recorded is not remembered", "err", err)
	}
	if k.nodes == nil {
		k.nodes = make(map[string]map[string]index.Span)
	}
	k.saved = maps.Clone(k.nodes)
	return k
}

func (k *known) learn(node string, extents map[string]index.Span) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, there := k.nodes[node]; there || len(k.nodes) < maxKnown {
		k.nodes[node] = extents
	}
}

// sees takes note of spans, which come in order, that a node has of a camera.
func (a *All) sees(p *peer, camera string, spans []index.Span) {
	if p == nil || len(spans) == 0 {
		return
	}
	a.known.mu.Lock()
	defer a.known.mu.Unlock()
	extents := maps.Clone(a.known.nodes[p.name])
	s, there := extents[camera]
	first, last := spans[0].From, spans[len(spans)-1].To
	if there && !first.Before(s.From) && !last.After(s.To) || extents == nil && len(a.known.nodes) >= maxKnown {
		return
	}
	if !there || first.Before(s.From) {
		s.From = first
	}
	if last.After(s.To) {
		s.To = last
	}
	if extents == nil {
		extents = make(map[string]index.Span)
	}
	extents[camera] = s
	a.known.nodes[p.name] = extents
}

// save writes down what is known, where that is news.
func (k *known) save() {
	k.mu.Lock()
	b, err := json.Marshal(k.nodes)
	nodes := maps.Clone(k.nodes)
	news := !maps.EqualFunc(nodes, k.saved, maps.Equal[map[string]index.Span])
	k.mu.Unlock()
	if k.path == "" || !news || err != nil {
		return
	}
	if err := regular.Write(k.path, b, 0o600); err != nil {
		k.log.Warn("what other nodes have recorded is not written down", "err", err)
		return
	}
	k.mu.Lock()
	k.saved = nodes
	k.mu.Unlock()
}

// of gives what nodes have of a camera.
func (k *known) of(camera string) map[string]index.Span {
	k.mu.Lock()
	defer k.mu.Unlock()
	spans := make(map[string]index.Span)
	for node, extents := range k.nodes {
		if s, there := extents[camera]; there {
			spans[node] = s
		}
	}
	return spans
}

// Forget has a node not be missed any more that is not there, until it says again what it has.
func (a *All) Forget(node string) {
	a.known.mu.Lock()
	delete(a.known.nodes, node)
	a.known.mu.Unlock()
	a.known.save()
}

// has says whether a node ever said what it has.
func (k *known) has(node string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, there := k.nodes[node]
	return there
}

// cameras gives those of which any node has something.
func (k *known) cameras() (cameras []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, extents := range k.nodes {
		cameras = slices.AppendSeq(cameras, maps.Keys(extents))
	}
	return cameras
}

// Run keeps in mind what nodes have, until ctx is done.
func (a *All) Run(ctx context.Context) {
	learn := time.NewTicker(learnEvery)
	defer learn.Stop()
	defer a.known.save()
	saved := time.Now()
	var before map[string]map[string]index.Span
	for {
		a.Learn(ctx)
		before = a.tell(before)
		if time.Since(saved) >= saveEvery {
			saved = time.Now()
			a.known.save()
		}
		select {
		case <-ctx.Done():
			return
		case <-learn.C:
		}
	}
}

// tell tells what is another at other nodes than it was, and gives what is.
func (a *All) tell(before map[string]map[string]index.Span) (now map[string]map[string]index.Span) {
	there := map[string]bool{}
	for _, p := range a.asked() {
		there[p.name] = true
	}
	now = make(map[string]map[string]index.Span)
	a.known.mu.Lock()
	for node, extents := range a.known.nodes {
		if there[node] {
			now[node] = extents
		}
	}
	a.known.mu.Unlock()
	for _, node := range slices.Sorted(maps.Keys(now)) {
		for camera, s := range now[node] {
			was, had := before[node][camera]
			switch {
			case !had:
				a.options.Changed(camera, true, s.From, s.To)
			case s.To.After(was.To):
				a.options.Changed(camera, true, was.To, s.To)
			}
			if had && s.From.After(was.From) {
				a.options.Changed(camera, false, was.From, s.From)
			}
		}
	}
	for node, extents := range before {
		for camera, was := range extents {
			if _, has := now[node][camera]; !has { // it is away, or has nothing any more
				a.options.Changed(camera, false, was.From, was.To)
			}
		}
	}
	return now
}

// Learn asks nodes what they have.
func (a *All) Learn(ctx context.Context) {
	var wait sync.WaitGroup
	for _, p := range a.asked() {
		wait.Go(func() { // ends by its patience, or with ctx
			if extents, err := p.remote.extents(ctx); err == nil {
				a.known.learn(p.name, extents)
			}
		})
	}
	if extents, err := a.options.Local.Extents(ctx); err == nil {
		a.known.learn(a.options.Self, extents)
	}
	wait.Wait()
}

// Absent gives the nodes that cannot be asked now, by name, and what they may have of
// a camera in a stretch of time: as they said last, or all of it where they live and
// never said. A node that was never heard of is not known to be away.
func (a *All) Absent(camera string, from, to time.Time) (absent []Absence) {
	there := map[string]bool{a.options.Self: true}
	for _, p := range a.asked() {
		there[p.name] = true
	}
	if _, err := a.options.Local.Cameras(context.Background()); errors.Is(err, a.options.Missing) {
		there[a.options.Self] = false
	}
	spans := a.known.of(camera)
	for _, n := range a.options.Nodes() {
		if !there[n] && !a.known.has(n) {
			spans[n] = index.Span{From: from, To: to}
		}
	}
	for _, node := range slices.Sorted(maps.Keys(spans)) {
		s := spans[node]
		if there[node] || !overlaps(s, from, to) {
			continue
		}
		x := Absence{Node: node, From: s.From, To: s.To}
		if x.From.Before(from) {
			x.From = from
		}
		if !to.IsZero() && x.To.After(to) {
			x.To = to
		}
		absent = append(absent, x)
	}
	return absent
}
