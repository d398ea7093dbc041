package rtspserver

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/pion/rtcp"

	"framegate/gateway/media"
	"framegate/transcode/h264"
	"framegate/transcode/h265"
)

const (
	// maxPacket bounds a packet: with the heads of UDP and IP it goes through tunnels
	// whole.
	maxPacket  = 1400
	headBytes  = 12 // of a packet: RFC 3550, 5.1
	maxPayload = maxPacket - headBytes
	// framing stands before each packet within the connection: RFC 2326, 10.12.
	framing = 4
)

// picturesRate is how many ticks a second the timestamps of pictures have.
const picturesRate = 90000

// packer writes the frames of one track into packets, each with the framing that it
// has within a connection. It allocates nothing but the room for them.
type packer struct {
	channel byte
	payload byte // type
	rate    int  // of timestamps
	ssrc    uint32
	seq     uint16      // of the next packet
	zero    uint32      // the timestamp of time 0
	jpeg    jpegPicture // that goes out; see takes

	packets, octets uint32 // so far, as reports have them
}

// newPacker makes one for frames of a format, on a channel. Numbers begin where nobody
// can guess (RFC 3550, 5.1).
func newPacker(f *media.Format, channel byte) packer {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails
	p := packer{
		channel: channel, payload: payloadOf(f), rate: f.Rate,
		ssrc: binary.BigEndian.Uint32(b[:]), seq: binary.BigEndian.Uint16(b[4:]), zero: binary.BigEndian.Uint32(b[6:]),
	}
	if f.Codec.Kind() == media.Video {
		p.rate = picturesRate
	}
	return p
}

// timestamp gives a time as packets have it.
func (p *packer) timestamp(t time.Duration) uint32 {
	whole, rest := t/time.Second, t%time.Second
	return p.zero + uint32(int64(whole)*int64(p.rate)+int64(rest)*int64(p.rate)/int64(time.Second))
}

// appendPacket appends a packet whose payload is head and body.
func (p *packer) appendPacket(b []byte, timestamp uint32, marker bool, head, body []byte) []byte {
	n := headBytes + len(head) + len(body)
	kind := p.payload
	if marker {
		kind |= 0x80
	}
	b = append(b, interleaved, p.channel, byte(n>>8), byte(n), 2<<6, kind, byte(p.seq>>8), byte(p.seq))
	b = binary.BigEndian.AppendUint32(b, timestamp)
	b = binary.BigEndian.AppendUint32(b, p.ssrc)
	p.seq++
	p.packets++
	p.octets += uint32(n - headBytes)
	return append(append(b, head...), body...)
}

// appendFrame appends the packets of a frame that is due at a time, and that takes
// has taken.
func (p *packer) appendFrame(b []byte, f *media.Frame, at time.Duration) []byte {
	timestamp := p.timestamp(at)
	switch f.Format.Codec {
	case media.H264, media.H265:
		return p.appendPicture(b, f, timestamp)
	case media.JPEG:
		return p.appendJPEG(b, timestamp)
	case media.AAC:
		return p.appendAAC(b, f.Data, timestamp)
	case media.PCMA, media.PCMU:
		return p.appendPlain(b, f, timestamp)
	}
	return p.appendPacket(b, timestamp, false, nil, f.Data) // Opus: RFC 7587, 4.2
}

// appendPicture appends the NAL units of a picture, each in a packet or in parts, with
// the parameter sets in front of a keyframe.
func (p *packer) appendPicture(b []byte, f *media.Frame, timestamp uint32) []byte {
	part := p.appendH264
	if f.Format.Codec == media.H265 {
		part = p.appendH265
	}
	if f.Key {
		vps, sps, pps := f.Format.ParameterSets()
		for _, sets := range [...][][]byte{vps, sps, pps} {
			for _, set := range sets {
				b = part(b, set, timestamp, false)
			}
		}
	}
	for data := f.Data; len(data) > 4; {
		n := min(int(binary.BigEndian.Uint32(data)), len(data)-4)
		unit := data[4 : 4+n]
		if data = data[4+n:]; n > 0 {
			b = part(b, unit, timestamp, len(data) <= 4)
		}
	}
	return b
}

// appendH264 appends a NAL unit by itself or as FU-A: RFC 6184, 5.6 and 5.8.
func (p *packer) appendH264(b, unit []byte, timestamp uint32, last bool) []byte {
	if len(unit) <= maxPayload {
		return p.appendPacket(b, timestamp, last, nil, unit)
	}
	const fuA = 28
	kind, start := h264.Type(unit), byte(0x80)
	indicator := unit[0]&^0x1F | fuA
	for rest := unit[1:]; len(rest) > 0; start = 0 {
		n := min(len(rest), maxPayload-2)
		head := [2]byte{indicator, start | kind}
		if n == len(rest) {
			head[1] |= 0x40
		}
		b = p.appendPacket(b, timestamp, last && n == len(rest), head[:], rest[:n])
		rest = rest[n:]
	}
	return b
}

// appendH265 appends a NAL unit by itself or in fragments: RFC 7798, 4.4.1 and 4.4.3.
func (p *packer) appendH265(b, unit []byte, timestamp uint32, last bool) []byte {
	if len(unit) <= maxPayload {
		return p.appendPacket(b, timestamp, last, nil, unit)
	}
	const fragment = 49
	kind, start := h265.Type(unit), byte(0x80)
	for rest := unit[h265.HeaderSize:]; len(rest) > 0; start = 0 {
		n := min(len(rest), maxPayload-3)
		head := [3]byte{unit[0]&^0x7E | fragment<<1, unit[1], start | kind}
		if n == len(rest) {
			head[2] |= 0x40
		}
		b = p.appendPacket(b, timestamp, last && n == len(rest), head[:], rest[:n])
		rest = rest[n:]
	}
	return b
}

// appendAAC appends an access unit with its size in 13 bits in front, in parts where
// it is large: RFC 3640, 3.2.
func (p *packer) appendAAC(b, unit []byte, timestamp uint32) []byte {
	if len(unit) >= 1<<13 {
		return b // which no encoder makes: 13.6.2 of ISO/IEC 14496-3 bounds it to 6144 bits a channel
	}
	head := [4]byte{0, 16, byte(len(unit) >> 5), byte(len(unit) << 3)}
	for rest := unit; len(rest) > 0; {
		n := min(len(rest), maxPayload-len(head))
		b = p.appendPacket(b, timestamp, n == len(rest), head[:], rest[:n])
		rest = rest[n:]
	}
	return b
}

// appendPlain appends samples of a byte for each channel: RFC 3551, 4.5.14.
func (p *packer) appendPlain(b []byte, f *media.Frame, timestamp uint32) []byte {
	channels := max(f.Format.Channels, 1)
	most := maxPayload / channels * channels
	for rest := f.Data; len(rest) > 0; {
		n := min(len(rest), most)
		b = p.appendPacket(b, timestamp, false, nil, rest[:n])
		rest, timestamp = rest[n:], timestamp+uint32(n/channels)
	}
	return b
}

// ntpEpoch is how many seconds NTP began before 1970.
const ntpEpoch = 2208988800

// ntp gives a moment as NTP has it: seconds, and their 2^32th parts (RFC 3550, 4).
func ntp(t time.Time) uint64 {
	return uint64(t.Unix()+ntpEpoch)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// appendReport appends what says when something of a track was taken that is due at a
// time: RFC 3550, 6.4.1. Players put pictures and sound in step by it.
func (p *packer) appendReport(b []byte, taken time.Time, at time.Duration) []byte {
	return p.appendControl(b, &rtcp.SenderReport{
		SSRC: p.ssrc, NTPTime: ntp(taken), RTPTime: p.timestamp(at), PacketCount: p.packets, OctetCount: p.octets,
	}, rtcp.NewCNAMESourceDescription(p.ssrc, "framegate"))
}

// appendBye appends what says that no more comes: RFC 3550, 6.6.
func (p *packer) appendBye(b []byte) []byte {
	return p.appendControl(b, &rtcp.ReceiverReport{SSRC: p.ssrc}, &rtcp.Goodbye{Sources: []uint32{p.ssrc}})
}

func (p *packer) appendControl(b []byte, packets ...rtcp.Packet) []byte {
	text, err := rtcp.Marshal(packets)
	if err != nil {
		return b // which is of a constant shape, and does not fail
	}
	b = append(b, interleaved, p.channel+1, byte(len(text)>>8), byte(len(text)))
	return append(b, text...)
}

// clock is the timeline of one viewer: that of the frames, moved by as much as
// brings a further run behind the last in the time that went by.
type clock struct {
	run     uint64
	shift   time.Duration
	last    time.Duration
	arrived time.Time
}

// at gives the time at which a picture is due.
func (c *clock) at(f *media.Frame) time.Duration {
	switch {
	case c.arrived.IsZero():
		c.run, c.shift = f.Run, -f.PTS
	case f.Run != c.run:
		c.run, c.shift = f.Run, c.last+max(f.Arrived.Sub(c.arrived), time.Millisecond)-f.PTS
	}
	c.last, c.arrived = f.PTS+c.shift, f.Arrived
	return c.last
}

// beside gives the time at which sound of the same run is due.
func (c *clock) beside(f *media.Frame) time.Duration { return f.PTS + c.shift }
