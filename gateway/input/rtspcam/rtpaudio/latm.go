package rtpaudio

import (
	"bytes"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"

	"framegate/gateway/media"
)

// prepareLATM is for RFC 6416, with a configuration that is described. Who describes
// one sends none in packets, also where "cpresent" does not say so.
func (s *Stream) prepareLATM(d Description) error {
	if d.Parameters["cpresent"] == "1" {
		return fmt.Errorf("%w: LATM with its configuration in packets", media.ErrBadSound)
	}
	config, err := configOf(d)
	if err != nil {
		return err
	}
	var mux mpeg4audio.StreamMuxConfig
	if err := mux.Unmarshal(config); err != nil {
		return fmt.Errorf("%w: configuration of LATM: %w", media.ErrBadSound, err)
	}
	if len(mux.Programs) != 1 || len(mux.Programs[0].Layers) != 1 || mux.Programs[0].Layers[0].FrameLengthType != 0 {
		return fmt.Errorf("%w: LATM of several programs, or of speech", media.ErrBadSound)
	}
	config, err = mux.Programs[0].Layers[0].AudioSpecificConfig.Marshal()
	if err != nil {
		return fmt.Errorf("%w: configuration of LATM: %w", media.ErrBadSound, err)
	}
	s.Format, err = media.AACFormat(config)
	s.carrier = func() carrier { return &latmPackets{format: s.Format, units: int(mux.NumSubFrames) + 1} }
	return err
}

// latmPackets is AAC in packets as of RFC 6416, of one program. Its elements (ISO/IEC
// 14496-3, 1.7.3) hold a few units, each behind its size. The last packet of an element
// is marked.
type latmPackets struct {
	format *media.Format
	units  int // in an element
	pieces []byte
	began  uint32 // timestamp of the pieces
	broken bool   // a piece is missing, or there are too many
}

func (l *latmPackets) add(p *rtp.Packet, lost bool, frames []media.Frame) ([]media.Frame, uint32, error) {
	if p.Timestamp != l.began {
		l.pieces, l.began, l.broken = l.pieces[:0], p.Timestamp, false
	}
	tooLong := len(l.pieces)+len(p.Payload) > maxUnit
	if l.broken = l.broken || tooLong || lost && len(l.pieces) > 0; l.broken {
		l.pieces, l.broken = l.pieces[:0], !p.Marker
		if tooLong {
			return frames, 0, errTooLong
		}
		return frames, 0, nil
	}
	l.pieces = append(l.pieces, p.Payload...)
	if !p.Marker {
		return frames, 0, nil
	}
	rest := l.pieces
	l.pieces = l.pieces[:0]
	for range l.units {
		unit, after, ok := cutUnit(rest)
		if !ok {
			return frames, l.began, errNoSound
		}
		if len(unit) > 0 {
			frames = append(frames, media.Frame{Format: l.format, Data: bytes.Clone(unit)})
		}
		rest = after
	}
	return frames, l.began, nil
}

// cutUnit cuts off the first unit. Its size is the sum of bytes up to the first that
// is not 255.
func cutUnit(b []byte) (unit, rest []byte, ok bool) {
	size := 0
	for i, v := range b {
		size += int(v)
		if v == 255 {
			continue
		}
		if b = b[i+1:]; size > len(b) {
			return nil, nil, false
		}
		return b[:size], b[size:], true
	}
	return nil, nil, false
}
