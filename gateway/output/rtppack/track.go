package rtppack

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/pion/rtcp"
)

// HeadBytes is what stands before each payload (RFC 3550, 5.1).
const HeadBytes = 12

// PictureRate is how many ticks a second the timestamps of pictures have.
const PictureRate = 90000

// Track is the numbers and times of one track's packets to one viewer. It belongs to one
// goroutine.
type Track struct {
	Payload byte // type
	Rate    int  // of timestamps
	SSRC    uint32

	seq             uint16 // of the next packet
	zero            uint32 // the timestamp of time 0
	packets, octets uint32 // so far, as reports have them
}

// NewTrack makes one. Numbers begin where nobody can guess (RFC 3550, 5.1), but where they
// do not go round at once (RFC 3711, 3.3.1).
func NewTrack(payload byte, rate int) Track {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return Track{Payload: payload, Rate: rate, SSRC: NewSSRC(), seq: binary.BigEndian.Uint16(b[:]) >> 1, zero: binary.BigEndian.Uint32(b[2:])}
}

// NewSSRC gives what a track is known by, which is not 0.
func NewSSRC() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint32(b[:]) | 1
}

// Seq gives the number of the next packet.
func (t *Track) Seq() uint16 { return t.seq }

// Count counts a packet with a payload of so many bytes, and gives its number.
func (t *Track) Count(payload int) (seq uint16) {
	seq = t.seq
	t.seq++
	t.packets++
	t.octets += uint32(payload)
	return seq
}

// Timestamp gives a time as packets have it.
func (t *Track) Timestamp(at time.Duration) uint32 {
	whole, rest := at/time.Second, at%time.Second // so that no product is too large
	return t.zero + uint32(int64(whole)*int64(t.Rate)+int64(rest)*int64(t.Rate)/int64(time.Second))
}

// AppendHead appends the head of a packet.
func (t *Track) AppendHead(b []byte, marker bool, seq uint16, timestamp uint32) []byte {
	kind := t.Payload
	if marker {
		kind |= 0x80
	}
	b = append(b, 2<<6, kind, byte(seq>>8), byte(seq))
	b = binary.BigEndian.AppendUint32(b, timestamp)
	return binary.BigEndian.AppendUint32(b, t.SSRC)
}

// ntpEpoch is how many seconds NTP began before 1970.
const ntpEpoch = 2208988800

// Report gives what says when something of the track was taken that is due at a time
// (RFC 3550, 6.4.1). Players put pictures and sound in step by it.
func (t *Track) Report(taken time.Time, at time.Duration) []byte {
	ntp := uint64(taken.Unix()+ntpEpoch)<<32 | uint64(taken.Nanosecond())<<32/uint64(time.Second) // RFC 3550, 4
	return control(&rtcp.SenderReport{
		SSRC: t.SSRC, NTPTime: ntp, RTPTime: t.Timestamp(at), PacketCount: t.packets, OctetCount: t.octets,
	}, rtcp.NewCNAMESourceDescription(t.SSRC, "framegate"))
}

// Bye gives what says that no more comes (RFC 3550, 6.6).
func (t *Track) Bye() []byte {
	return control(&rtcp.ReceiverReport{SSRC: t.SSRC}, &rtcp.Goodbye{Sources: []uint32{t.SSRC}})
}

func control(packets ...rtcp.Packet) []byte {
	text, _ := rtcp.Marshal(packets) // of a constant shape, which does not fail
	return text
}
