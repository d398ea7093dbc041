package server

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/cluster"
)

// asks are what other nodes ask of this one now, by their connections, so that those of
// a node that is shut out can be ended. The zero value is ready.
type asks struct {
	mu   sync.Mutex // guards what follows
	open map[*tls.Conn]bool
}

// set notes whether something is asked by a connection.
func (a *asks) set(c *tls.Conn, open bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !open {
		delete(a.open, c)
		return
	}
	if a.open == nil {
		a.open = make(map[*tls.Conn]bool)
	}
	a.open[c] = true
}

// cut ends the connections of nodes that were shut out.
func (a *asks) cut(voids func(*tls.Conn) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for c := range a.open {
		if voids(c) {
			c.NetConn().Close()
		}
	}
}

// connectionKey is that of a request's connection, in its context.
type connectionKey struct{}

// withConnection adds it to what a context has otherwise.
func withConnection(otherwise func(context.Context, net.Conn) context.Context) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(otherwise(ctx, c), connectionKey{}, c)
	}
}

// guard answers no node that was shut out, also not by a connection of before.
func (n *node) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(connectionKey{}).(*tls.Conn)
		if !ok { // which the server does not have
			http.Error(w, "no connection of a node", http.StatusForbidden)
			return
		}
		n.asks.set(c, true)
		defer n.asks.set(c, false)
		if n.voids(c) {
			w.Header().Set("Connection", "close")
			http.Error(w, cluster.ErrRevoked.Error(), http.StatusForbidden)
			return
		}
		if r.ContentLength != 0 { // net/http waits for it also where nobody reads it, and takes the deadline away once all came
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(n.server.Config.Limits.HeaderTimeout)) // all that nodes bring is small
		}
		next.ServeHTTP(w, r)
	})
}

func (n *node) voids(c *tls.Conn) bool {
	return n.cluster.Voids(c.ConnectionState().PeerCertificates[0])
}

// shutOut ends what nodes have of this one that were shut out. What they recorded is not
// missed any more.
func (n *node) shutOut(nodes []string) {
	n.asks.cut(n.voids)
	n.ways.End(nodes...)
	n.asking.CloseIdleConnections()
	n.telling.CloseIdleConnections()
	for _, name := range nodes {
		n.archive.Forget(name)
	}
}

// hearRevoked takes a list of nodes that were shut out, of framegate cluster revoke on
// this machine. Who brings it does not matter, since the authority signed it.
func (n *node) hearRevoked(w http.ResponseWriter, r *http.Request) {
	list, err := io.ReadAll(http.MaxBytesReader(w, r.Body, cluster.MaxRevokedList))
	if err == nil {
		err = n.cluster.Revoke(list)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// RevokeNode shuts a node out of the cluster, wherever nodes are reached, and elsewhere
// as soon as they are.
func (s control) RevokeNode(node string) error {
	authority, err := s.authority()
	if err != nil {
		return err
	}
	list, err := authority.Revoke(node)
	if errors.Is(err, cluster.ErrOwnNode) {
		return api.ErrOwnNode
	}
	if err != nil {
		return err
	}
	return s.node.cluster.Revoke(list)
}
