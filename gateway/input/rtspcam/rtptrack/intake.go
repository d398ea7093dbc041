package rtptrack

import (
	"cmp"
	"time"

	"github.com/pion/rtp"
)

// Continuity is how a packet follows the one before it.
type Continuity uint8

const (
	Next     Continuity = iota
	Renamed             // it follows, but under another name (SSRC)
	AfterGap            // packets may be missing before it
	Another             // it is the first of another source
)

const (
	// maxMisorder and maxDropout are how far behind, and ahead of what is
	// expected, a packet may be. One farther away means that the camera began
	// to count anew (RFC 3550, A.1).
	maxMisorder = 100
	maxDropout  = 3000
	// reordered is how many packets are awaited before one is given up that is
	// missing, if nobody says otherwise.
	reordered = 64
	// awaitedFor is how long they wait at most, where packets are rare. Who is asked for one
	// again has given up by then.
	awaitedFor = 500 * time.Millisecond
	// minAlone is how long a source must be silent for one to be taken that was
	// found to be beside it.
	minAlone = time.Second
)

// Intake decides which packets are of the track, and when it is their turn.
//
// Over TCP (Reliable) nothing is late and nothing is lost on the way: a number
// that goes back is the camera's whim, and one that leaves out some says that
// the camera left out packets. Over UDP packets are put in order. A packet of
// another source (SSRC), or with a number out of any order, is kept until the
// next says that it goes on so: one alone is a stray.
type Intake struct {
	Reliable bool
	Awaited  int // packets that are awaited before one is given up that is missing; 0 = 64, which is the most

	begun    bool
	source   uint32 // SSRC
	expected uint16 // the next number
	arrived  time.Time
	newest   uint32 // timestamp
	last     mark   // of the packet taken last
	early    [reordered]*rtp.Packet
	waiting  int       // packets in early
	since    time.Time // when the first of them came

	stray    *rtp.Packet // kept, or nil
	strayed  time.Time   // when it came
	renames  bool        // the source counts on under other names
	former   uint32      // the source before this one,
	promised uint16      // and its next number
	beside   uint32      // a source that is there beside this one, if found
	found    bool
}

// mark tells a packet from others with the same number.
type mark struct {
	number    uint16
	timestamp uint32
	size      int
	ends      [2][8]byte
}

func markOf(p *rtp.Packet) mark {
	m := mark{number: p.SequenceNumber, timestamp: p.Timestamp, size: len(p.Payload)}
	copy(m.ends[0][:], p.Payload)
	copy(m.ends[1][:], p.Payload[max(0, len(p.Payload)-len(m.ends[1])):])
	return m
}

// Give hands on a packet.
type Give func(*rtp.Packet, time.Time, Continuity)

// Take takes a packet, and gives those whose turn it is.
func (t *Intake) Take(p *rtp.Packet, arrived time.Time, give Give) {
	ahead := int16(p.SequenceNumber - t.expected)
	switch {
	case !t.begun:
		t.begun, t.source = true, p.SSRC
		t.hand(p, arrived, Next, give)
	case p.SSRC != t.source && t.renames && ahead == 0:
		t.source = p.SSRC
		t.hand(p, arrived, Renamed, give)
	case p.SSRC != t.source:
		t.foreign(p, arrived, give)
	case t.Reliable:
		t.inOrder(p, ahead, arrived, give)
	default:
		t.outOfOrder(p, ahead, arrived, give)
	}
}

// hand gives a packet, which is the newest.
func (t *Intake) hand(p *rtp.Packet, arrived time.Time, c Continuity, give Give) {
	t.expected, t.arrived, t.newest = p.SequenceNumber+1, arrived, p.Timestamp
	if t.Reliable {
		t.last = markOf(p)
	}
	t.stray = nil
	give(p, arrived, c)
}

// inOrder takes a packet of the source over TCP.
func (t *Intake) inOrder(p *rtp.Packet, ahead int16, arrived time.Time, give Give) {
	switch {
	case ahead == -1 && markOf(p) == t.last: // some cameras send each twice
	case ahead > 0 && ahead <= maxDropout:
		t.hand(p, arrived, AfterGap, give)
	default:
		t.hand(p, arrived, Next, give)
	}
}

// outOfOrder takes a packet of the source over UDP.
func (t *Intake) outOfOrder(p *rtp.Packet, ahead int16, arrived time.Time, give Give) {
	late := ahead < 0 && ahead >= -maxMisorder && int32(p.Timestamp-t.newest) <= 0
	switch {
	case late:
	case ahead < 0 || ahead > maxDropout:
		t.anew(p, arrived, give)
	case int(ahead) >= cmp.Or(t.Awaited, reordered):
		t.flush(arrived, give)
		t.hand(p, arrived, t.gap(p.SequenceNumber), give)
	case ahead > 0:
		if place := &t.early[p.SequenceNumber%reordered]; *place == nil {
			*place, t.waiting = p.Clone(), t.waiting+1 // whose bytes may be the caller's again soon
		}
		if t.waiting == 1 {
			t.since = arrived
		} else if arrived.Sub(t.since) > awaitedFor {
			t.flush(arrived, give)
		}
	default:
		t.hand(p, arrived, Next, give)
		for t.waiting > 0 && t.early[t.expected%reordered] != nil {
			t.hand(t.takeEarly(t.expected), arrived, Next, give)
		}
		t.since = arrived // of those that wait for another one
	}
}

// takeEarly takes out the early packet with a number.
func (t *Intake) takeEarly(number uint16) *rtp.Packet {
	p := t.early[number%reordered]
	t.early[number%reordered] = nil
	t.waiting--
	return p
}

// flush gives all packets that wait for one that is missing.
func (t *Intake) flush(arrived time.Time, give Give) {
	for number := t.expected; t.waiting > 0; number++ {
		if t.early[number%reordered] == nil {
			continue
		}
		t.hand(t.takeEarly(number), arrived, t.gap(number), give)
	}
}

// gap says whether packets are missing before a number.
func (t *Intake) gap(number uint16) Continuity {
	if number == t.expected {
		return Next
	}
	return AfterGap
}

// foreign takes a packet of another source.
func (t *Intake) foreign(p *rtp.Packet, arrived time.Time, give Give) {
	ahead := int16(p.SequenceNumber - t.promised)
	switch {
	case t.found && p.SSRC == t.beside && arrived.Sub(t.arrived) < minAlone:
	case t.former != t.source && p.SSRC == t.former && ahead >= 0 && ahead < maxDropout:
		// The one before has never ended: there are two.
		t.beside, t.found = t.source, true
		t.adopt(p, arrived, give)
	default:
		t.anew(p, arrived, give)
	}
}

// anew takes a packet that may be the first of another source, or of another
// count, or a stray.
func (t *Intake) anew(p *rtp.Packet, arrived time.Time, give Give) {
	kept, since := t.stray, t.strayed
	follows := kept != nil && kept.SequenceNumber+1 == p.SequenceNumber
	countsOn := follows && kept.SSRC != t.source && kept.SequenceNumber == t.expected
	if !follows || !countsOn && kept.SSRC != p.SSRC {
		t.stray, t.strayed = p.Clone(), arrived
		return
	}
	t.flush(arrived, give)
	if countsOn {
		t.renames, t.source = true, p.SSRC
		t.hand(kept, since, Renamed, give)
	} else {
		t.adopt(kept, since, give)
	}
	t.hand(p, arrived, Next, give)
}

// adopt goes on with the source of a packet.
func (t *Intake) adopt(p *rtp.Packet, arrived time.Time, give Give) {
	c := AfterGap
	if p.SSRC != t.source {
		t.former, t.promised = t.source, t.expected
		t.source, c = p.SSRC, Another
	}
	clear(t.early[:])
	t.waiting = 0
	t.hand(p, arrived, c, give)
}
