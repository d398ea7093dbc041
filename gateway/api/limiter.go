package api

import (
	"sync"

	"golang.org/x/time/rate"
)

const (
	// PublicRate is how many requests a second are read that come from one
	// network and change something without a login.
	PublicRate  = 20
	publicBurst = 100
	// maxNetworks bounds the networks that are counted.
	maxNetworks = 1024
)

// limiter bounds how often each network asks. The zero value is ready.
type limiter struct {
	mu       sync.Mutex // guards networks
	networks map[string]*rate.Limiter
}

// allows counts a request, and says whether it is within the limit.
func (l *limiter) allows(network string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.networks == nil {
		l.networks = make(map[string]*rate.Limiter)
	}
	of, ok := l.networks[network]
	if !ok {
		for other := range l.networks { // some one of them
			if len(l.networks) < maxNetworks {
				break
			}
			delete(l.networks, other)
		}
		of = rate.NewLimiter(PublicRate, publicBurst)
		l.networks[network] = of
	}
	return of.Allow()
}
