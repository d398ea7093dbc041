package rtpaudio

import (
	"bytes"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"
	"github.com/pion/rtp"

	"framegate/gateway/media"
)

// opusPackets is Opus in packets as of RFC 7587: one in each.
type opusPackets struct{ format *media.Format }

func (o *opusPackets) add(p *rtp.Packet, _ bool, frames []media.Frame) ([]media.Frame, uint32, error) {
	if len(p.Payload) == 0 || len(p.Payload) > maxUnit {
		return frames, 0, errNoSound
	}
	f := media.Frame{Format: o.format, Data: bytes.Clone(p.Payload)}
	if f.Samples() == 0 {
		return frames, 0, errNoSound
	}
	return append(frames, f), p.Timestamp, nil
}

// samples is what has a byte for each sample, or two that are made one (L16), in
// packets of any size (RFC 3551, 4.5). Frames have 20 to 100 ms of it, whatever
// packets have.
type samples struct {
	format *media.Format
	linear bool

	kept []byte // less than a frame
}

func (s *samples) add(p *rtp.Packet, lost bool, frames []media.Frame) ([]media.Frame, uint32, error) {
	data := p.Payload
	if s.linear {
		data, _ = g711.Mulaw(data[:len(data)&^1]).Marshal() // there is no error but of an odd size
	}
	if lost {
		s.kept = s.kept[:0]
	}
	begin := p.Timestamp - uint32(len(s.kept)/s.format.Channels)
	s.kept = append(s.kept, data[:len(data)-len(data)%s.format.Channels]...)
	least, most := s.bytes(20), s.bytes(100)
	at := 0
	for len(s.kept)-at >= least {
		n := min(len(s.kept)-at, most)
		frames = append(frames, media.Frame{Format: s.format, Data: bytes.Clone(s.kept[at : at+n])})
		at += n
	}
	s.kept = s.kept[:copy(s.kept, s.kept[at:])]
	return frames, begin, nil
}

// bytes of so many milliseconds.
func (s *samples) bytes(millis int) int {
	return (s.format.Rate*millis + 999) / 1000 * s.format.Channels
}
