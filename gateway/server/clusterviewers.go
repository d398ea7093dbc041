package server

import (
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"

	"framegate/gateway/auth"
	"framegate/gateway/cluster"
	"framegate/gateway/front"
)

// maxWays bounds the nodes that a viewer is told of.
const maxWays = 8

// publics gives the URLs by which viewers reach other nodes, also such as are gone, whose pages
// are looked at still.
func (n *node) publics() []string {
	if n == nil {
		return nil
	}
	return n.cluster.Publics()
}

// isShown says that viewers may be told where other nodes are, or others where this one is.
func (n *node) isShown() bool {
	return n != nil && (n.server.Config.Cluster.Public != "" || len(n.cluster.Publics()) > 0)
}

// places gives all nodes that viewers of a camera can be sent to, the best first: those that know the
// camera by the same configuration, then those that are less busy.
func (n *node) places() []cluster.Member {
	if n == nil {
		return nil
	}
	all := n.cluster.Shows()
	tenths := func(m cluster.Member) int { return int(math.Round(10 * m.Load)) }
	slices.SortFunc(all, func(a, b cluster.Member) int {
		if a.Same != b.Same {
			return map[bool]int{true: -1, false: 1}[a.Same]
		}
		return cmp.Or(cmp.Compare(tenths(a), tenths(b)), cmp.Compare(a.Viewers, b.Viewers), cmp.Compare(a.Node, b.Node))
	})
	return all
}

// ifNode gives a name where this server is a node, and so an address to name.
func (s *server) ifNode(link string) string {
	if s.Config.Cluster.Name == "" {
		return ""
	}
	return link
}

// nodesAnswer is where a viewer goes on.
type nodesAnswer struct {
	Nodes []string `json:"nodes"` // addresses of the camera at other nodes, the best first
	Here  string   `json:"here"`  // a fresh one of this node, for who came by such an address; else ""
}

// nodes tells a viewer at which addresses other nodes show him the camera.
func (s *server) nodes(w http.ResponseWriter, r *http.Request, v front.Visit) error {
	way, err := s.auth.SignWay(r.Context(), v.Principal, v.Camera)
	if errors.Is(err, auth.ErrForbidden) {
		err = auth.ErrDenied // it was taken away in between
	}
	if err != nil {
		return err
	}
	answer := nodesAnswer{Nodes: []string{}}
	places := s.node.places()
	for _, m := range places[:min(len(places), maxWays)] {
		answer.Nodes = append(answer.Nodes, addressAt(m.Public, v.Camera, way))
	}
	if public := s.Config.Cluster.Public; s.node != nil && public != "" && r.URL.Query().Has("way") {
		answer.Here = addressAt(public, v.Camera, way)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(answer)
}

// addressAt gives the address of a camera at a node.
func addressAt(public, camera, way string) string {
	address := public + "/live/" + camera
	if way != "" {
		address += "?" + url.Values{"way": {way}}.Encode()
	}
	return address
}
