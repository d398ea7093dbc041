package api

import (
	"sync"

	"golang.org/x/time/rate"
)

const (
	// publicRate is how many requests a second are read that come from one
	// network and change something without a login.
	publicRate  = 20
	publicBurst = 100
	// maxPaced bounds the networks that are counted.
	maxPaced = 1024
)

// pace bounds how often each network asks. The zero value is ready.
type pace struct {
	mu       sync.Mutex // guards networks
	networks map[string]*rate.Limiter
}

// allows counts a request, and says whether it is within the pace.
func (p *pace) allows(network string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.networks == nil {
		p.networks = make(map[string]*rate.Limiter)
	}
	limiter, ok := p.networks[network]
	if !ok {
		for other := range p.networks { // some one of them
			if len(p.networks) < maxPaced {
				break
			}
			delete(p.networks, other)
		}
		limiter = rate.NewLimiter(publicRate, publicBurst)
		p.networks[network] = limiter
	}
	return limiter.Allow()
}
