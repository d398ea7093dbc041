package server

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"

	"framegate/gateway/cluster"
	"framegate/gateway/config"
	"framegate/gateway/front"
)

// A node sends viewers away from when its processors are as busy as busyAt until they are less busy
// than calmAt, so that it does not change its mind with each viewer; and only to one that is less
// busy by lessBusy, since it will be busier once they are there.
const (
	busyAt   = 0.8
	calmAt   = 0.6
	lessBusy = 0.3
)

// sentBy marks addresses to which a node sent somebody: nobody is sent twice, and so in no circle.
const sentBy = "sent_by"

// threshold says whether a node is busy.
type threshold struct{ busy atomic.Bool }

func (t *threshold) at(load float64) bool {
	least := busyAt
	if t.busy.Load() {
		least = calmAt
	}
	t.busy.Store(load >= least)
	return load >= least
}

// sending makes a handle that sends viewers to another node as they come, where that is
// configured and better for them. extension is what stands behind the camera in the address.
func (s *server) sending(extension string, serve front.Handle) front.Handle {
	return func(w http.ResponseWriter, r *http.Request, v front.Visit) error {
		query := r.URL.Query()
		if s.node == nil || query.Has(sentBy) {
			return serve(w, r, v)
		}
		label := ""
		if c, there := s.cameras.Find(v.Camera); there {
			label = c.NodeLabel
		}
		to, better := s.node.better(s.settings().Cluster.Redirect, label)
		if !better {
			return serve(w, r, v)
		}
		way, err := s.auth.SignWay(r.Context(), v.Principal, v.Camera)
		if err != nil {
			return serve(w, r, v)
		}
		if query.Del("way"); way != "" {
			query.Set("way", way)
		}
		query.Set(sentBy, s.node.identity.Node)
		w.Header().Set("Location", to.Public+"/live/"+v.Camera+extension+"?"+query.Encode())
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusTemporaryRedirect)
		return nil
	}
}

// better gives the node to which a viewer is to be sent of a camera with a label.
func (n *node) better(by config.Redirect, label string) (cluster.Member, bool) {
	switch by {
	case config.RedirectLabel:
		if label == "" || slices.Contains(n.server.Config.Cluster.Labels, label) {
			return cluster.Member{}, false
		}
		return anyOf(n.places(), func(m cluster.Member) bool { return slices.Contains(m.Labels, label) })
	case config.RedirectLoad:
		load := n.machine.now()
		if !n.busy.at(load) {
			return cluster.Member{}, false
		}
		return anyOf(n.places(), func(m cluster.Member) bool { return m.Load > 0 && m.Load <= load-lessBusy }) // 0 is not known
	}
	return cluster.Member{}, false
}

// anyOf gives one of the nodes that will do, of which two are drawn by lot and the better one is
// taken: what nodes say of themselves is half a second old, and not all who come are to go to the same.
func anyOf(places []cluster.Member, does func(cluster.Member) bool) (cluster.Member, bool) {
	places = slices.DeleteFunc(places, func(m cluster.Member) bool { return !m.Same || !does(m) })
	if len(places) == 0 {
		return cluster.Member{}, false
	}
	return places[min(rand.IntN(len(places)), rand.IntN(len(places)))], true
}
