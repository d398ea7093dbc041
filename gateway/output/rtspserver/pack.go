package rtspserver

import (
	"time"

	"framegate/gateway/media"
	"framegate/gateway/output/rtppack"
)

const (
	// maxPacket bounds a packet: with the heads of UDP and IP it goes through tunnels
	// whole.
	maxPacket  = 1400
	maxPayload = maxPacket - rtppack.HeadBytes
	// framing stands before each packet within the connection: RFC 2326, 10.12.
	framing = 4
)

// packer writes the frames of one track into packets, each with the framing that it
// has within a connection. It allocates nothing but the room for them.
type packer struct {
	rtppack.Track
	channel byte
	jpeg    jpegPicture // that goes out; see takes
}

// newPacker makes one for frames of a format, on a channel.
func newPacker(f *media.Format, channel byte) packer {
	rate := f.Rate
	if f.Codec.Kind() == media.Video {
		rate = rtppack.PictureRate
	}
	return packer{Track: rtppack.NewTrack(payloadOf(f), rate), channel: channel}
}

// appendPacket appends a packet whose payload is head and body.
func (p *packer) appendPacket(b []byte, timestamp uint32, marker bool, head, body []byte) []byte {
	payload := len(head) + len(body)
	b = appendFraming(b, p.channel, rtppack.HeadBytes+payload)
	b = p.AppendHead(b, marker, p.Count(payload), timestamp)
	return append(append(b, head...), body...)
}

// appendFraming appends what stands before so many bytes of a channel.
func appendFraming(b []byte, channel byte, n int) []byte {
	return append(b, interleaved, channel, byte(n>>8), byte(n))
}

// appendFrame appends the packets of a frame that is due at a time, and that takes
// has taken.
func (p *packer) appendFrame(b []byte, f *media.Frame, at time.Duration) []byte {
	timestamp := p.Timestamp(at)
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

// appendPicture appends the packets of a picture.
func (p *packer) appendPicture(b []byte, f *media.Frame, timestamp uint32) []byte {
	for c := rtppack.Cut(f, maxPayload); c.Next(); {
		head, body := c.Payload()
		b = p.appendPacket(b, timestamp, c.Last(), head, body)
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

// appendReport appends what says when something of a track was taken that is due at a
// time.
func (p *packer) appendReport(b []byte, taken time.Time, at time.Duration) []byte {
	return p.appendControl(b, p.Report(taken, at))
}

// appendBye appends what says that no more comes.
func (p *packer) appendBye(b []byte) []byte { return p.appendControl(b, p.Bye()) }

func (p *packer) appendControl(b, text []byte) []byte {
	return append(appendFraming(b, p.channel+1, len(text)), text...)
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
