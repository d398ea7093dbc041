package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/cluster"
	"framegate/gateway/cluster/relay"
)

// maxFlows bounds what a node answers that is asked for its relays, in bytes.
const maxFlows = 1 << 20

// flows answers another node which streams come to this one.
func (n *node) flows(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(n.relayed.Flows()) // whoever is gone misses nothing
}

// askDial is how long it may take to connect to another node that is asked something.
const askDial = 5 * time.Second

// newAsking makes what asks other nodes how they are, whose addresses name them as hosts. dial
// connects to a node, which ends after within, since a transport goes on with it when who asked
// does not wait any more, and where nothing passes there would be ever more.
func newAsking(dial func(ctx context.Context, node string) (net.Conn, error), within time.Duration) *http.Client {
	connect := func(ctx context.Context, _, host string) (net.Conn, error) {
		node, _, err := net.SplitHostPort(host) // with the port of HTTPS, which means nothing
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		return dial(ctx, node)
	}
	return &http.Client{
		Transport:     &http.Transport{DialTLSContext: connect, IdleConnTimeout: 10 * time.Second, ResponseHeaderTimeout: 5 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// flowsOf asks a node which streams come to it.
func (n *node) flowsOf(ctx context.Context, m cluster.Member) (flows []relay.Flow, err error) {
	if m.Node == n.identity.Node {
		return n.relayed.Flows(), nil
	}
	answer, err := n.ask(ctx, http.MethodGet, m.Node, "/relays", nil)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	return relay.ReadFlows(io.LimitReader(answer, maxFlows))
}

// ask asks another node, and gives what it says, which is to be closed.
func (n *node) ask(ctx context.Context, method, of, path string, body []byte) (io.ReadCloser, error) {
	return n.askBy(ctx, n.asking, method, of, path, body)
}

// askBy is ask by one of the clients.
func (n *node) askBy(ctx context.Context, by *http.Client, method, of, path string, body []byte) (io.ReadCloser, error) {
	answer, err := cluster.Ask(ctx, by, method, of, path, body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("node %s answers %s", of, answer.Status)
	}
	return answer.Body, nil
}

// Relays gives the streams that go from node to node, as far as nodes answer before
// ctx is done, and which of those that live did not.
func (s control) Relays(ctx context.Context) (relays []api.ClusterRelay, silent []string) {
	if s.node == nil {
		return nil, nil
	}
	var mu sync.Mutex // guards the results
	var asked sync.WaitGroup
	for _, m := range s.node.cluster.Status().Members {
		if !m.Alive {
			continue
		}
		asked.Go(func() {
			flows, err := s.node.flowsOf(ctx, m)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				silent = append(silent, m.Node)
				return
			}
			for _, f := range flows {
				relays = append(relays, api.ClusterRelay{Camera: f.Camera, Rendition: f.Rendition, From: f.From, To: m.Node, Since: f.Since.UTC(), Bytes: f.Bytes})
			}
		})
	}
	asked.Wait()
	slices.SortFunc(relays, func(a, b api.ClusterRelay) int {
		return cmp.Or(cmp.Compare(a.Camera, b.Camera), cmp.Compare(a.Rendition, b.Rendition), cmp.Compare(a.To, b.To))
	})
	slices.Sort(silent)
	return relays, silent
}

// NodeToken makes what lets a machine join the cluster as a node of that name.
func (s control) NodeToken(node string) (string, error) {
	authority, err := s.authority()
	if err != nil {
		return "", err
	}
	return authority.Token(node)
}

// authority opens that of the cluster. The error is api.ErrNoAuthority where it is elsewhere.
func (s control) authority() (*cluster.Authority, error) {
	if s.node == nil {
		return nil, api.ErrNoAuthority
	}
	authority, err := cluster.OpenAuthority(s.Config.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, api.ErrNoAuthority
	}
	return authority, err
}
