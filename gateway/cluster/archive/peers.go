package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"framegate/gateway/record/index"
)

const (
	// restFor is for how long a node that did not answer is not asked again, and
	// distrustFor one that answered what cannot be.
	restFor     = 3 * time.Second
	distrustFor = 30 * time.Second
)

// peer is another node that was met.
type peer struct {
	name   string
	number int64 // of its IDs here
	remote *Remote

	mu    sync.Mutex // guards what follows
	until time.Time  // it is not asked before that
}

// asked gives the nodes that are asked now, by name.
func (a *All) asked() (asked []*peer) {
	now := time.Now()
	for _, n := range a.options.Nodes() {
		p := a.peer(n)
		p.mu.Lock()
		if !now.Before(p.until) {
			asked = append(asked, p)
		}
		p.mu.Unlock()
	}
	slices.SortFunc(asked, func(a, b *peer) int { return strings.Compare(a.name, b.name) })
	return asked
}

// peer gives the one that a node is.
func (a *All) peer(node string) *peer {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.peers[node]
	if p == nil {
		p = &peer{name: node, number: int64(len(a.order) + 1)}
		p.remote = newRemote(node, a.options.Dial, a.options.Patience, func(err error) { a.went(p, err) })
		a.peers[node], a.order = p, append(a.order, p)
	}
	return p
}

// went notes how a question went.
func (a *All) went(p *peer, err error) {
	a.Questions.Add(1)
	if err == nil {
		return
	}
	rest := restFor
	if a.Away.Add(1); errors.Is(err, ErrNonsense) {
		a.Nonsense.Add(1)
		rest = distrustFor
	}
	p.mu.Lock()
	news := !time.Now().Before(p.until)
	p.until = time.Now().Add(rest)
	p.mu.Unlock()
	if news {
		a.options.Log.Warn("the recordings of a node are not at hand", "node", p.name, "err", err)
	}
}

// answer is what a node says; peer is nil for this one.
type answer[T any] struct {
	peer *peer
	said T
}

// ask asks this node and all others that live, at the same time, and gives what those
// say that answer. The error is of what was asked, or of this node alone where there
// are no others. Where nothing is kept here, and who may have something does not answer,
// it is Options.Missing.
func ask[T any](ctx context.Context, a *All, question func(context.Context, Source) (T, error)) ([]answer[T], error) {
	peers := a.asked()
	answers, errs := make([]answer[T], len(peers)+1), make([]error, len(peers)+1)
	var wait sync.WaitGroup
	for i, p := range peers {
		wait.Go(func() { // ends by its patience, or with ctx
			said, err := question(ctx, p.remote)
			answers[i+1], errs[i+1] = answer[T]{p, said}, err
		})
	}
	answers[0].said, errs[0] = question(ctx, a.options.Local)
	wait.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err := errs[0]; err != nil && !errors.Is(err, a.options.Empty) && (!errors.Is(err, a.options.Missing) || len(peers) == 0) {
		return nil, err
	}
	var some []answer[T]
	for i, err := range errs {
		if err == nil {
			some = append(some, answers[i])
		}
	}
	switch {
	case len(some) > 0:
		return some, nil
	case slices.ContainsFunc(errs, a.mayHave) || len(peers) < len(a.options.Nodes()) || len(a.known.cameras()) > 0:
		return nil, a.options.Missing
	}
	return nil, errs[0]
}

// mayHave says of the error of a node that it may have something all the same.
func (a *All) mayHave(err error) bool {
	return !errors.Is(err, a.options.Empty) && !errors.Is(err, fs.ErrNotExist)
}

// here makes an ID of a node one of this All.
func (p *peer) here(id int64) int64 {
	if p == nil || id <= 0 {
		return id
	}
	return id | p.number<<numberBits
}

// whose gives the node that an ID is of, nil for this one, and the ID that it has there.
func (a *All) whose(id int64) (p *peer, own int64, err error) {
	number := id >> numberBits
	if number == 0 {
		return nil, id, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if number < 0 || number > int64(len(a.order)) {
		return nil, 0, index.ErrUnknown
	}
	return a.order[number-1], id & (1<<numberBits - 1), nil
}

// take makes a row of a node one of this All.
func (p *peer) take(s index.Segment) index.Segment {
	if p != nil {
		s.Node, s.ID, s.Format, s.Sound = p.name, p.here(s.ID), p.here(s.Format), p.here(s.Sound)
	}
	return s
}

// named gives a node that is asked now, or ErrAway.
func (a *All) named(name string) (*peer, error) {
	for _, p := range a.asked() {
		if p.name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrAway, name)
}
