package rtpaudio

import (
	"bytes"
	"encoding/binary"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"

	"framegate/gateway/media"
)

const (
	// maxUnits is how many frames of AAC a packet may hold: two seconds.
	maxUnits = 100
	// fragmentBytes is how large a packet is at least that may hold a piece of a
	// unit, and not all of it. Some cameras mark no packet.
	fragmentBytes = 1000
)

// auHeader is how many bits the parts of an AU-header have (RFC 3640, 3.2.1).
type auHeader struct{ size, index, delta int }

// aacPackets is AAC in packets as of RFC 3640, with units in their order. It does
// not insist on markers, which many cameras do not set.
type aacPackets struct {
	aacUnits
	header auHeader
	sizes  []int // of the units in a packet, kept to be used again

	piece   []byte // of a unit that comes in several packets
	whole   int    // its size, if that is known; else 0
	started uint32 // its timestamp
	broken  bool   // a piece is missing
}

func (a *aacPackets) add(p *rtp.Packet, lost bool, frames []media.Frame) ([]media.Frame, uint32, error) {
	if p.Timestamp != a.started {
		a.piece, a.broken = a.piece[:0], false
	}
	if a.broken = a.broken || lost && len(a.piece) > 0; a.broken {
		a.piece, a.broken = a.piece[:0], !p.Marker
		return frames, 0, nil
	}
	if a.header.size == 0 || isADTS(p.Payload) { // no AU-headers, or nothing of RFC 3640 at all
		frames, err := a.unit(p.Payload, frames)
		return frames, p.Timestamp, err
	}
	data, ok := a.readHeaders(p.Payload)
	if !ok {
		return frames, 0, errNoSound
	}
	if len(a.sizes) == 1 && a.continues(p, a.sizes[0], len(data)) {
		return a.join(p, a.sizes[0], data, frames)
	}
	var err error
	for _, size := range a.sizes {
		if size > len(data) {
			return frames, p.Timestamp, errNoSound
		}
		unit := data[:size]
		data = data[size:]
		var bad error
		if frames, bad = a.unit(unit, frames); bad != nil {
			err = bad
		}
	}
	return frames, p.Timestamp, err
}

// readHeaders reads the AU-headers into sizes, and gives the data of the units. ok
// is false for what is nothing of the kind, or has units in another order.
func (a *aacPackets) readHeaders(b []byte) (data []byte, ok bool) {
	if len(b) < 2 {
		return nil, false
	}
	bits, head := int(binary.BigEndian.Uint16(b)), b[2:]
	if (bits+7)/8 > len(head) {
		return nil, false
	}
	a.sizes = a.sizes[:0]
	at := 0
	for index := a.header.index; at+a.header.size+index <= bits; index = a.header.delta {
		size := readBits(head, at, a.header.size)
		out := readBits(head, at+a.header.size, index)
		at += a.header.size + index
		if out != 0 && len(a.sizes) > 0 || len(a.sizes) == maxUnits {
			return nil, false
		}
		a.sizes = append(a.sizes, size)
	}
	return head[(bits+7)/8:], len(a.sizes) > 0
}

// readBits reads n bits, which are there.
func readBits(b []byte, at, n int) (v int) {
	for i := at; i < at+n; i++ {
		v = v<<1 | int(b[i/8]>>(7-i%8)&1)
	}
	return v
}

// continues says whether a packet with one size holds a piece of a unit. The size
// is that of all of it (RFC 3640, 3.2.1), or, of some senders, of the piece.
func (a *aacPackets) continues(p *rtp.Packet, size, there int) bool {
	return len(a.piece) > 0 || size > there || !p.Marker && len(p.Payload) >= fragmentBytes
}

// join puts a unit together of its pieces.
func (a *aacPackets) join(p *rtp.Packet, size int, data []byte, frames []media.Frame) ([]media.Frame, uint32, error) {
	if len(a.piece) == 0 {
		a.started, a.whole = p.Timestamp, 0
		if size > len(data) {
			a.whole = size
		}
	}
	if len(a.piece)+len(data) > maxUnit {
		a.piece = a.piece[:0]
		return frames, 0, errTooLong
	}
	a.piece = append(a.piece, data...)
	if len(a.piece) < a.whole || a.whole == 0 && !p.Marker {
		return frames, 0, nil
	}
	unit := a.piece
	if a.whole > 0 {
		unit = unit[:a.whole]
	}
	frames, err := a.unit(unit, frames)
	a.piece = a.piece[:0]
	return frames, a.started, err
}

// aacUnits makes frames of units of AAC, some of which come with the head of a file
// (ADTS).
type aacUnits struct {
	format   *media.Format
	rate     int // that the last head says,
	channels int // and how many channels
}

// unit appends a unit to frames.
func (a *aacUnits) unit(b []byte, frames []media.Frame) ([]media.Frame, error) {
	if isADTS(b) {
		return a.units(b, frames)
	}
	if len(b) == 0 {
		return frames, nil
	}
	if len(b) > maxUnit {
		return frames, errTooLong
	}
	return append(frames, media.Frame{Format: a.format, Data: bytes.Clone(b)}), nil
}

// isADTS says whether that begins with the syncword (ISO/IEC 14496-3, 1.A.2.2.1),
// with which no unit begins.
func isADTS(b []byte) bool { return len(b) > 2 && b[0] == 0xFF && b[1]&0xF6 == 0xF0 }

// units appends those that have heads of their own.
func (a *aacUnits) units(b []byte, frames []media.Frame) ([]media.Frame, error) {
	var err error
	for len(b) > 0 && len(frames) < maxUnits {
		const head, check = 7, 2
		if !isADTS(b) || len(b) < head {
			return frames, errNoSound
		}
		skip := head
		if b[1]&1 == 0 {
			skip += check
		}
		size := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5
		if size < skip || size > len(b) {
			return frames, errNoSound
		}
		if err = a.follow(b); err != nil {
			return frames, err
		}
		if unit := b[skip:size]; len(unit) > 0 {
			frames = append(frames, media.Frame{Format: a.format, Data: bytes.Clone(unit)})
		}
		b = b[size:]
	}
	return frames, err
}

// follow has the format be what a head says, once that says something new.
func (a *aacUnits) follow(head []byte) error {
	config := mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectType(head[2]>>6 + 1)}
	config.ChannelConfig = head[2]&1<<2 | head[3]>>6
	channels, index := int(config.ChannelConfig), int(head[2]>>2&15)
	if channels == 7 {
		channels = 8
	}
	if index >= len(adtsRates) {
		return errNoSound
	}
	config.SampleRate = adtsRates[index]
	if a.rate == config.SampleRate && a.channels == channels {
		return nil
	}
	twice := a.rate == 0 && a.format.Rate == 2*config.SampleRate // with SBR, which the head does not tell
	if !twice && (a.format.Rate != config.SampleRate || a.format.Channels != channels) {
		b, err := config.Marshal()
		if err != nil {
			return err
		}
		format, err := media.AACFormat(b)
		if err != nil {
			return err
		}
		a.format = format
	}
	a.rate, a.channels = config.SampleRate, channels
	return nil
}

// adtsRates are the rates by their index (ISO/IEC 14496-3, table 1.18).
var adtsRates = [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
