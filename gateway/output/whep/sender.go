package whep

import (
	"time"

	"framegate/gateway/output/rtppack"
	"framegate/gateway/rtc"
)

const (
	// remembered is how many packets of a track a viewer can send again: more than a second
	// of what cameras send. It is a power of two, as numbers of packets go round.
	remembered = 512
	// mostAgain is how often each is sent again, which is as often as browsers ask: who
	// asks without end gets no more for it.
	mostAgain = 10
)

// sender sends the packets of one track to one viewer. It belongs to the viewer's
// goroutine.
type sender struct {
	rtppack.Track
	session *rtc.Session
	room    []byte                  // for a packet
	sent    *[remembered]sentPacket // by number; nil: nothing is sent again
	fresh   int                     // how many were sent for the first time since missing
	asked   int                     // how many were asked for for the first time since
}

// sentPacket is one that was sent.
type sentPacket struct {
	packet    *packet
	timestamp uint32
	seq       uint16
	again     uint8 // how often it was sent again
}

// newSender makes one for a track of an answer.
func newSender(t rtc.Track, again bool) *sender {
	s := &sender{Track: rtppack.NewTrack(t.Codec.Payload, t.Codec.Rate)}
	if s.SSRC = t.SSRC; again {
		s.sent = new([remembered]sentPacket)
	}
	return s
}

// send sends a packet.
func (s *sender) send(p *packet, timestamp uint32) error {
	seq := s.Count(len(p.payload))
	if s.sent != nil {
		s.fresh++
		s.sent[seq%remembered] = sentPacket{packet: p, timestamp: timestamp, seq: seq}
	}
	return s.write(p, timestamp, seq)
}

// again sends a packet once more, if it is remembered, and was not sent too often.
func (s *sender) again(seq uint16) error {
	if s.sent == nil {
		return nil
	}
	if sent := &s.sent[seq%remembered]; sent.packet != nil && sent.seq == seq && sent.again < mostAgain {
		if sent.again == 0 {
			s.asked++
		}
		sent.again++
		return s.write(sent.packet, sent.timestamp, seq)
	}
	return nil
}

// missing gives the part of the packets that did not come at first, of those since it was
// asked last.
func (s *sender) missing() float64 {
	part := float64(s.asked) / float64(max(s.fresh, 1))
	s.fresh, s.asked = 0, 0
	return part
}

func (s *sender) write(p *packet, timestamp uint32, seq uint16) error {
	s.room = append(s.AppendHead(s.room[:0], p.marker, seq, timestamp), p.payload...)
	return s.session.Send(s.room)
}

// sendReport says when something of the track was taken that is due at a time.
func (s *sender) sendReport(taken time.Time, at time.Duration) error {
	return s.session.Report(s.Report(taken, at))
}

// sendBye says that no more comes.
func (s *sender) sendBye() error { return s.session.Report(s.Bye()) }
