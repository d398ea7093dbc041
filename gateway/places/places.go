// Package places counts who does something at a time: so many in all, of which so
// many for one client, so that nobody takes them all.
//
// It waits for nothing and knows no HTTP. Outputs that read the disk for whoever asks
// have some.
package places

import (
	"sync"

	"framegate/gateway/stream"
)

// Places are so many places. Their methods may be called from any goroutine.
type Places struct {
	most, each int

	mu    sync.Mutex // guards what follows
	all   int
	taken map[who]int
}

// who is a client as far as that matters here: two of one household are two, and so
// are two users at one address.
type who struct{ address, principal string }

// New makes some: so many in all, of which each client may have so many.
func New(most, each int) *Places {
	return &Places{most: most, each: each, taken: make(map[who]int)}
}

// Take takes a place for a client, which leave gives back, and is to be called once.
// There may be none.
func (p *Places) Take(c stream.Client) (leave func(), ok bool) {
	w := who{c.Network(), c.Principal}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all >= p.most || p.taken[w] >= p.each {
		return nil, false
	}
	p.all++
	p.taken[w]++
	return func() { p.leave(w) }, true
}

func (p *Places) leave(w who) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all--
	if p.taken[w]--; p.taken[w] == 0 {
		delete(p.taken, w)
	}
}
