package cluster

import (
	"cmp"
	"slices"
	"time"
)

// standsReady is the state of a stand that has pictures.
const standsReady = "online"

// aside is a node that keeps a camera connected that another owns.
type aside struct{ camera, node string }

// standers gives the others that live and stand by cameras, with how that is; nil for
// none.
func (t *table) standers() map[aside]string {
	var all map[aside]string
	for name, m := range t.members {
		if !m.alive || len(m.Stands) == 0 {
			continue
		}
		if all == nil {
			all = make(map[aside]string)
		}
		for _, s := range m.Stands {
			all[aside{s.Camera, name}] = s.State
		}
	}
	return all
}

// stateOf gives how it is with a node that stands by a camera; "" for one that does
// not.
func (t *table) stateOf(camera, node string) string {
	switch {
	case node != t.self.Node:
		return t.aside[aside{camera, node}]
	case t.stands[camera]:
		return cmp.Or(t.stood[camera], standStates[0])
	}
	return ""
}

// stand finds the cameras that this node is to keep connected beside their owners: of
// all that may own one besides its owner, a node that does so already, and else the
// one that goes with it best. Each node finds the same one by itself, and it stays
// when another comes. While a camera has no owner, who stood by stays ready.
func (t *table) stand(now time.Time) {
	var next map[string]bool
	for _, id := range t.standby {
		if c := t.cameras[id]; mayOwn(t.self, c) && !t.self.Leaving && len(next) < maxOwned && t.standsBy(c, now) {
			if next == nil {
				next = make(map[string]bool)
			}
			next[id] = true
		}
	}
	t.stands = next
}

func (t *table) standsBy(c Camera, now time.Time) bool {
	switch place, owned := t.where[c.ID]; {
	case !owned:
		return t.stands[c.ID]
	case place.Node == t.self.Node, now.Sub(t.began) < t.patient:
		return false
	default:
		return t.fitsBest(c, place.Node, func(node string) bool { return t.stateOf(c.ID, node) != "" })
	}
}

// standing gives what this node says of the cameras that it stands by.
func (t *table) standing() (all []Stand) {
	for id := range t.stands {
		all = append(all, Stand{id, t.stateOf(id, t.self.Node)})
	}
	slices.SortFunc(all, func(a, b Stand) int { return cmp.Compare(a.Camera, b.Camera) })
	return all
}

// stander gives the node that stands by a camera, and how that is there; "" for none.
// Of two, as for a moment when one comes, it is the one that goes with it better.
func (t *table) stander(camera string) (node, state string) {
	for at := range t.members {
		if s := t.stateOf(camera, at); s != "" && (node == "" || outranks(weight(camera, at), at, weight(camera, node), node)) {
			node, state = at, s
		}
	}
	if s := t.stateOf(camera, t.self.Node); s != "" {
		return t.self.Node, s
	}
	return node, state
}
