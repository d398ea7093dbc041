package whep

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/pion/rtcp"

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
	session *rtc.Session
	payload byte // type
	rate    int  // of timestamps
	ssrc    uint32
	seq     uint16 // of the next packet
	zero    uint32 // the timestamp of time 0
	room    []byte // for a packet

	sent            *[remembered]sentPacket // by number; nil: nothing is sent again
	packets, octets uint32                  // so far, as reports have them
}

// sentPacket is one that was sent.
type sentPacket struct {
	packet    *packet
	timestamp uint32
	seq       uint16
	again     uint8 // how often it was sent again
}

// newSender makes one. Numbers begin where nobody can guess (RFC 3550, 5.1), but where
// they do not go round at once.
func newSender(t rtc.Track, again bool) *sender {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	s := &sender{payload: t.Codec.Payload, rate: t.Codec.Rate, ssrc: t.SSRC, seq: binary.BigEndian.Uint16(b[:]) >> 1, zero: binary.BigEndian.Uint32(b[2:])}
	if again {
		s.sent = new([remembered]sentPacket)
	}
	return s
}

// newSSRC gives what a track is known by.
func newSSRC() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint32(b[:]) | 1
}

// timestamp gives a time as packets have it.
func (s *sender) timestamp(t time.Duration) uint32 {
	whole, rest := t/time.Second, t%time.Second
	return s.zero + uint32(int64(whole)*int64(s.rate)+int64(rest)*int64(s.rate)/int64(time.Second))
}

// send sends a packet.
func (s *sender) send(p *packet, timestamp uint32) error {
	if s.sent != nil {
		s.sent[s.seq%remembered] = sentPacket{packet: p, timestamp: timestamp, seq: s.seq}
	}
	seq := s.seq
	s.seq++
	s.packets++
	s.octets += uint32(len(p.payload))
	return s.write(p, timestamp, seq)
}

// again sends a packet once more, if it is remembered, and was not sent too often.
func (s *sender) again(seq uint16) error {
	if s.sent == nil {
		return nil
	}
	if sent := &s.sent[seq%remembered]; sent.packet != nil && sent.seq == seq && sent.again < mostAgain {
		sent.again++
		return s.write(sent.packet, sent.timestamp, seq)
	}
	return nil
}

func (s *sender) write(p *packet, timestamp uint32, seq uint16) error {
	kind := s.payload
	if p.marker {
		kind |= 0x80
	}
	b := append(s.room[:0], 2<<6, kind, byte(seq>>8), byte(seq))
	b = binary.BigEndian.AppendUint32(b, timestamp)
	b = binary.BigEndian.AppendUint32(b, s.ssrc)
	s.room = append(b, p.payload...)
	return s.session.Send(s.room)
}

// ntpEpoch is how many seconds NTP began before 1970.
const ntpEpoch = 2208988800

// report says when something of the track was taken that is due at a time: RFC 3550,
// 6.4.1. Players put pictures and sound in step by it.
func (s *sender) report(taken time.Time, at time.Duration) error {
	ntp := uint64(taken.Unix()+ntpEpoch)<<32 | uint64(taken.Nanosecond())<<32/uint64(time.Second)
	return s.control(&rtcp.SenderReport{SSRC: s.ssrc, NTPTime: ntp, RTPTime: s.timestamp(at), PacketCount: s.packets, OctetCount: s.octets},
		rtcp.NewCNAMESourceDescription(s.ssrc, "framegate"))
}

// bye says that no more comes: RFC 3550, 6.6.
func (s *sender) bye() error {
	return s.control(&rtcp.ReceiverReport{SSRC: s.ssrc}, &rtcp.Goodbye{Sources: []uint32{s.ssrc}})
}

func (s *sender) control(packets ...rtcp.Packet) error {
	text, err := rtcp.Marshal(packets)
	if err != nil {
		return nil // of a constant shape, which does not fail
	}
	return s.session.Report(text)
}
