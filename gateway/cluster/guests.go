package cluster

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats-server/v2/server"
)

// maxGuests bounds the certificates that are remembered of connections to the bus.
const maxGuests = 1024

// guests are the nodes that were connected to the bus, by their keys. It may be used
// from any goroutine.
type guests struct {
	identity *Identity
	voids    *atomic.Uint64 // counts connections of those that were shut out

	mu   sync.Mutex // guards what follows
	seen map[string]*x509.Certificate
}

func newGuests(i *Identity, voids *atomic.Uint64) *guests {
	return &guests{identity: i, voids: voids, seen: make(map[string]*x509.Certificate)}
}

// tls gives the settings of connections to and from other buses.
func (g *guests) tls() *tls.Config {
	settings := g.identity.TLS("")
	verify := settings.VerifyConnection
	settings.VerifyConnection = func(c tls.ConnectionState) error {
		switch err := verify(c); {
		case errors.Is(err, errVoid):
			g.voids.Add(1)
			return err
		case err != nil:
			return err
		}
		g.came(c.PeerCertificates[0])
		return nil
	}
	return settings
}

// came remembers a certificate that is good. Where there are too many all others are
// forgotten, and so connect once more when one is shut out.
func (g *guests) came(cert *x509.Certificate) {
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.seen) >= maxGuests {
		clear(g.seen)
	}
	g.seen[hex.EncodeToString(sum[:])] = cert
}

// good gives the keys of those that were not shut out since, and forgets the others.
func (g *guests) good() server.PinnedCertSet {
	g.mu.Lock()
	defer g.mu.Unlock()
	good := make(server.PinnedCertSet)
	for key, cert := range g.seen {
		if g.identity.voids(cert.Subject.CommonName, numberOf(cert)) {
			delete(g.seen, key)
			continue
		}
		good[key] = struct{}{}
	}
	return good
}
