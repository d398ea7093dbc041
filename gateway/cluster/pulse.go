package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// A pulse is what a node says where its last beat still holds: that it lives. It proves
// that it is of the node without a signature, which costs others more than all else
// that they do with a beat. For each beat has a link of a chain of hashes, and each
// pulse after it shows the link before: to find that of a link is to turn a hash
// round, and so only who made the chain knows it, but everybody can see that it fits.
//
// Who has not the beat of a pulse says so in its own next one (Beat.Lacks), and the node
// makes a beat of its next pulse. So it does when it hears of a node that is new, and
// as long as one lives that makes no chains, which is older and knows no pulses. No
// message goes out for that besides, so that many nodes that come or lag make no storm.
type pulse struct {
	node        string
	incarnation uint64
	sequence    uint64 // of the pulse, which is among those of beats
	beat        uint64 // the sequence of the beat that holds
	link        link
}

type link [sha256.Size]byte

const (
	// pulses is how many come after a beat at most, so that what changes all the time,
	// as how many viewers there are, is two seconds old at most.
	pulses = 3
	// chainLinks is for how many beats and pulses a chain is: for eight minutes.
	chainLinks = 1000
	// maxMissed is how many links may be missing before one.
	maxMissed = 100
	// pulseMark stands in place of the length of a certificate.
	pulseMark = 0xFFFF
	// maxLacks is of how many nodes a beat says at most that theirs is missing.
	maxLacks = 64
)

// chained separates hashes of chains from all others.
const chained = "framegate cluster pulse 1\n"

// after gives the link that was shown before one.
func (l link) after() link { return sha256.Sum256(append([]byte(chained), l[:]...)) }

// append gives a pulse as it travels.
func (p pulse) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, pulseMark)
	b = append(b, byte(len(p.node)))
	b = append(b, p.node...)
	b = binary.BigEndian.AppendUint64(b, p.incarnation)
	b = binary.BigEndian.AppendUint64(b, p.sequence)
	b = binary.BigEndian.AppendUint64(b, p.beat)
	return append(b, p.link[:]...)
}

// readPulse reads a pulse; false where a message is none. The error is errBroken.
func readPulse(message []byte) (p pulse, is bool, err error) {
	if len(message) < 3 || binary.BigEndian.Uint16(message) != pulseMark {
		return p, false, nil
	}
	n := int(message[2])
	if message = message[3:]; len(message) != n+3*8+len(p.link) {
		return p, true, errBroken
	}
	p.node, message = string(message[:n]), message[n:]
	p.incarnation = binary.BigEndian.Uint64(message)
	p.sequence = binary.BigEndian.Uint64(message[8:])
	p.beat = binary.BigEndian.Uint64(message[16:])
	copy(p.link[:], message[24:])
	if !ValidName(p.node) || p.beat == 0 || p.sequence <= p.beat {
		return p, true, errBroken
	}
	return p, true, nil
}

// teller makes messages of what a node has to say: beats, and pulses between them. It
// is not safe for concurrent use.
type teller struct {
	identity *Identity
	said     []byte // the last beat, without what changes all the time
	beat     uint64 // its sequence
	chain    []link // in the order in which they are made; they are shown from the last on
	first    uint64 // the sequence with which the last of chain is shown
}

// message gives what is sent of a beat: a pulse where the last one holds. whole has it be
// sent as it is.
func (t *teller) message(b Beat, whole bool) ([]byte, error) {
	text, err := json.Marshal(lasting(b))
	if err != nil {
		return nil, err
	}
	shown := b.Sequence - t.first // links of this chain
	if !whole && shown < uint64(len(t.chain)) && b.Sequence-t.beat <= pulses && bytes.Equal(text, t.said) {
		p := pulse{node: b.Node, incarnation: b.Incarnation, sequence: b.Sequence, beat: t.beat, link: t.chain[len(t.chain)-1-int(shown)]}
		return p.append(nil), nil
	}
	if shown >= uint64(len(t.chain)) {
		t.forge()
		t.first, shown = b.Sequence, 0
	}
	t.said, t.beat = text, b.Sequence
	b.Chain = t.chain[len(t.chain)-1-int(shown)][:]
	return t.identity.seal(b)
}

// whole gives a beat that message was made of as a whole one, of the same sequence. It is safe for
// concurrent use.
func (t *teller) whole(message []byte, b Beat) []byte {
	p, is, _ := readPulse(message)
	if !is {
		return message
	}
	b.Chain = p.link[:]
	sealed, err := t.identity.seal(b)
	if err != nil {
		return nil // it is too large
	}
	return sealed
}

// forge makes a chain.
func (t *teller) forge() {
	t.chain = make([]link, chainLinks)
	_, _ = rand.Read(t.chain[0][:]) // never fails
	for i := range chainLinks - 1 {
		t.chain[i+1] = t.chain[i].after()
	}
}

// lasting gives a beat without what changes all the time, and need not be known at once.
func lasting(b Beat) Beat {
	b.Sequence, b.Viewers, b.Shown, b.Load, b.At = 0, 0, 0, 0, 0
	return b
}

// errLacking: a pulse of which this node has not the beat, which is nobody's lie.
var errLacking = errors.New("lacking")

// pulse takes note of one. The error is errLacking where its chain is not known; that, and
// where its beat is not, the next beat says.
func (t *table) pulse(p pulse, now time.Time) error {
	if p.node == t.self.Node {
		return nil // another process of this name says it in its beats, too
	}
	m := t.members[p.node]
	last := t.past[p.node]
	if m != nil {
		last = progress{m.Incarnation, m.Sequence}
	}
	if p.incarnation < last.incarnation || p.incarnation == last.incarnation && p.sequence <= last.sequence {
		return errOld
	}
	if m != nil && m.shutOut {
		return errVoid
	}
	if m == nil || m.Incarnation != p.incarnation || p.beat > m.beat {
		t.lack(p.node)
	}
	switch {
	case m != nil && m.Incarnation == p.incarnation && m.follows(p):
	case m != nil && m.Incarnation == p.incarnation && m.beat >= p.beat:
		return fmt.Errorf("%w: what says that it is %s", errStranger, p.node)
	default:
		return errLacking
	}
	m.Chain, m.Sequence, m.heard = p.link[:], p.sequence, now
	if !m.alive && !m.Leaving {
		m.alive, m.since = true, now
	}
	return nil
}

// follows says whether the link of a pulse is of the node's chain.
func (m *member) follows(p pulse) bool {
	missed := p.sequence - m.Sequence
	if missed > maxMissed || len(m.Chain) != len(p.link) {
		return false
	}
	last := p.link
	for range missed {
		last = last.after()
	}
	return bytes.Equal(last[:], m.Chain)
}

// lack notes that the beat of a node is missing.
func (t *table) lack(node string) {
	if len(t.lacks) < maxLacks {
		t.lacks[node] = true
	}
}

// whole says whether what this node says next has to be a beat, and puts into it whose
// are missing.
func (t *table) whole(b *Beat) bool {
	b.Lacks = slices.Sorted(maps.Keys(t.lacks))
	whole := t.asked || len(b.Lacks) > 0
	t.asked = false
	clear(t.lacks)
	for _, m := range t.members {
		whole = whole || m.alive && len(m.Chain) == 0
	}
	return whole
}

// restless says whether something is to be settled between beats since time went on: who
// is dead, and what a node may claim that waited for others.
func (t *table) restless(now time.Time) bool {
	if len(t.exclusive)+len(t.votes) > 0 {
		return true // votes count for a while, which may end at any time
	}
	waited := t.settled.Sub(t.began) < t.patient && now.Sub(t.began) >= t.patient
	t.wake(now)
	for _, m := range t.members {
		waited = waited || m.alive && now.Sub(m.heard) > deadAfter
	}
	return waited
}

// look has what time brings be settled. Nearly always there is nothing to do.
func (c *Cluster) look(ctx context.Context) {
	sent := c.options.Sent()
	c.mu.Lock()
	restless := c.table.restless(time.Now()) || !c.table.sends(sent)
	c.mu.Unlock()
	if restless || c.stale.Load() {
		c.step(ctx, false)
	}
}

// sends says whether those are the cameras whose pictures are sent in here.
func (t *table) sends(cameras []string) bool {
	for _, id := range cameras {
		if !t.sent[id] {
			return false
		}
	}
	return len(cameras) == len(t.sent)
}

// feel takes note of a pulse. It says whether who owns what may be another now.
func (c *Cluster) feel(p pulse, direct bool) (news bool, err error) {
	c.mu.Lock()
	m := c.table.members[p.node]
	dead := m == nil || !m.alive
	now := time.Now()
	err = c.table.pulse(p, now)
	news = err == nil && m != nil && dead
	if err == nil && m != nil && !direct {
		m.bus = now
	}
	var common uint64
	if err == nil && m != nil {
		common = m.Common
	}
	c.mu.Unlock()
	if common > c.options.Common() {
		c.options.Newer()
	}
	return news, err
}
