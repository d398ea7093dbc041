package cluster

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// A camera that takes one connection only (Camera.Exclusive) is owned by whom most of
// the nodes vote for that keep what all have in common. Who wants one asks for it in
// its beats (Beat.Asks), and goes on asking as long as it owns it, or is connected
// still. Each voter votes for one node at a time, and says how far it heard it (Vote):
// what a node said that long ago it said deadAfter ago at most, by its own clock, or
// the vote counts no more for it. A voter votes for another only once the node
// asks no more, or was not heard for freeAfter, by the voter's clock. So who is apart,
// or was stopped, knows that it owns nothing before another can be voted for: whoever
// is heard, and by whom, since a vote is an answer.
//
// A voter that begins may have voted before, and waits as long.

// freeAfter is how long a voter stays with a node that it does not hear: what that has
// at most, and what it takes it to notice and to close a connection.
const freeAfter = deadAfter + 1500*time.Millisecond

// Vote says that a node may own a camera, as far as it is for the one that says so.
type Vote struct {
	Camera      string `json:"camera"`
	Node        string `json:"node"`
	Incarnation uint64 `json:"incarnation"` // of the node
	Sequence    uint64 `json:"sequence"`    // the last that was heard of it
}

// vote is what a voter knows of its own.
type vote struct {
	Vote
	heard time.Time // the node
}

// checkVotes says what is wrong with what a node asks for and votes for.
func (b *Beat) checkVotes() error {
	if len(b.Asks) > maxOwned || len(b.Votes) > maxOwned {
		return errTooLarge
	}
	asked := make(map[string]bool, len(b.Asks))
	for _, id := range b.Asks {
		if !ValidName(id) || asked[id] {
			return errBroken
		}
		asked[id] = true
	}
	voted := make(map[string]bool, len(b.Votes))
	for _, v := range b.Votes {
		if !ValidName(v.Camera) || !ValidName(v.Node) || voted[v.Camera] {
			return errBroken
		}
		voted[v.Camera] = true
	}
	return nil
}

// electors gives the nodes that vote: those that are named, or else those where the
// cluster was made, which is one.
func (t *table) electors() []string {
	if len(t.voters) > 0 {
		return t.voters
	}
	if t.self.Origin {
		t.origins[t.self.Node] = true
	}
	for name, m := range t.members {
		if m.Origin {
			t.origins[name] = true // also once it is gone
		}
	}
	return slices.Sorted(maps.Keys(t.origins))
}

// most says whether it is so of most of those that vote.
func (t *table) most(so func(voter string) bool) bool {
	all, yes := t.electors(), 0
	for _, voter := range all {
		if so(voter) {
			yes++
		}
	}
	return 2*yes > len(all)
}

// hearsMost says whether this node hears most of those that vote.
func (t *table) hearsMost() bool {
	return t.most(func(voter string) bool {
		m := t.members[voter]
		return voter == t.self.Node || m != nil && m.alive
	})
}

// ask finds what this node asks for, given what others claim.
func (t *table) ask(claims map[string]Place, now time.Time) {
	if len(t.exclusive) == 0 {
		t.asks, t.wanted, t.self.Apart = nil, nil, false
		return
	}
	t.self.Apart = !t.hearsMost()
	before := t.asks
	t.asks, t.wanted = make(map[string]uint64), make(map[string]bool)
	for _, id := range t.exclusive {
		t.wanted[id] = t.wants(t.cameras[id], claims[id], now)
		if t.wanted[id] || t.open[id] {
			t.asks[id] = cmp.Or(before[id], t.self.Sequence+1) // that is said next
		}
	}
}

// wants says whether this node is to own a camera, if it is voted for.
func (t *table) wants(c Camera, others Place, now time.Time) bool {
	mine, have := t.own[c.ID]
	switch {
	case t.self.Leaving:
		return false // it is let go before another connects
	case have:
		return others.Node == "" || outranks(mine.Epoch, t.self.Node, others.Epoch, others.Node)
	}
	return others.Node == "" && !t.self.Apart && t.wins(c, now) && !t.yields(c.ID)
}

// yields says whether somebody votes for a node that goes with a camera better, so
// that of several that ask, since they do not hear each other, one is left.
func (t *table) yields(camera string) bool {
	for _, voter := range t.electors() {
		m := t.members[voter]
		if m == nil || !m.alive {
			continue
		}
		for _, v := range m.Votes {
			if v.Camera == camera && v.Node != t.self.Node && outranks(weight(camera, v.Node), v.Node, weight(camera, t.self.Node), t.self.Node) {
				return true
			}
		}
	}
	return false
}

// vote votes for who asks, where this node is one that votes.
func (t *table) vote(now time.Time) {
	if !slices.Contains(t.electors(), t.self.Node) {
		t.votes = nil
		return
	}
	for id, v := range t.votes {
		if !t.stays(v, now) {
			delete(t.votes, id)
		}
	}
	if now.Sub(t.began) < freeAfter {
		return
	}
	best := make(map[string]string) // who asks, by camera
	ask := func(camera, node string) {
		if other := best[camera]; other == "" || outranks(weight(camera, node), node, weight(camera, other), other) {
			best[camera] = node
		}
	}
	for id := range t.asks {
		ask(id, t.self.Node)
	}
	for name, m := range t.members {
		if !m.alive {
			continue
		}
		for _, id := range m.Asks {
			ask(id, name)
		}
	}
	for id, node := range best {
		if t.votes[id] == nil && len(t.votes) < maxOwned {
			t.elect(id, node)
		}
	}
}

// elect votes for a node.
func (t *table) elect(camera, node string) {
	if t.votes == nil {
		t.votes = make(map[string]*vote)
	}
	v := &vote{Vote: Vote{Camera: camera, Node: node, Incarnation: t.self.Incarnation}}
	if m := t.members[node]; m != nil {
		v.Incarnation, v.Sequence, v.heard = m.Incarnation, m.Sequence, m.heard
	}
	t.votes[camera] = v
}

// stays says whether this node votes for the same one still, and notes how far that was
// heard.
func (t *table) stays(v *vote, now time.Time) bool {
	if v.Node == t.self.Node {
		return t.asks[v.Camera] > 0
	}
	if m := t.members[v.Node]; m != nil && m.Incarnation == v.Incarnation {
		if !slices.Contains(m.Asks, v.Camera) {
			return false
		}
		v.Sequence, v.heard = m.Sequence, m.heard
	}
	return now.Sub(v.heard) <= freeAfter
}

// elected says whether most vote for this node to own a camera that it asks for.
func (t *table) elected(camera string, now time.Time) bool {
	since := t.asks[camera]
	return since > 0 && t.most(func(voter string) bool {
		if voter == t.self.Node {
			v := t.votes[camera]
			return v != nil && v.Node == voter
		}
		m := t.members[voter]
		if m == nil {
			return false
		}
		i := slices.IndexFunc(m.Votes, func(v Vote) bool { return v.Camera == camera })
		return i >= 0 && m.Votes[i].Node == t.self.Node && m.Votes[i].Incarnation == t.self.Incarnation && m.Votes[i].Sequence >= since && t.recent(m.Votes[i].Sequence, now)
	})
}

// recent says whether this node said something a short time ago.
func (t *table) recent(sequence uint64, now time.Time) bool {
	return sequence <= t.self.Sequence && t.self.Sequence-sequence < uint64(len(t.spoke)) && elapsed(t.spoke[sequence%uint64(len(t.spoke))], now) < deadAfter
}

// elapsed gives the time from then to now, by the clock that says more: one of them
// may stand still while a machine sleeps.
func elapsed(then, now time.Time) time.Duration {
	return max(now.Sub(then), now.Round(0).Sub(then.Round(0)))
}

// voted gives what this node says of its votes.
func (t *table) voted() (all []Vote) {
	for _, v := range t.votes {
		said := v.Vote
		if v.Node == t.self.Node {
			said.Sequence = t.self.Sequence
		}
		all = append(all, said)
	}
	slices.SortFunc(all, func(a, b Vote) int { return cmp.Compare(a.Camera, b.Camera) })
	return all
}

// ballot gives what others should know at once when it becomes another: what this node
// asks for, and for whom it votes; nil for nothing.
func (t *table) ballot() map[string]string {
	if len(t.asks)+len(t.votes) == 0 {
		return nil
	}
	all := make(map[string]string, len(t.asks)+len(t.votes))
	for id := range t.asks {
		all["asks "+id] = ""
	}
	for id, v := range t.votes {
		all["votes "+id] = v.Node
	}
	return all
}
