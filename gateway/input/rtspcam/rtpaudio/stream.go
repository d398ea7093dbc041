package rtpaudio

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"framegate/gateway/media"
)

// Description is what a session description says of a stream of sound (RFC 8866).
type Description struct {
	Name        string // for people
	PayloadType uint8
	Encoding    string            // its name, in capitals
	Rate        int               // ticks a second; 0 if it does not say
	Channels    int               // 1 if it does not say
	Parameters  map[string]string // "fmtp", by names in lower case
}

// Stream says what the packets of a stream of sound carry.
type Stream struct {
	Format *media.Format // of its frames

	payloadType uint8
	rate        int // ticks a second
	carrier     func() carrier
}

// ErrUnknown: sound of a kind that is not taken.
var ErrUnknown = errors.New("sound of a kind that is not taken")

// NewStream makes a Stream of a description. The error says why that cannot be: it is
// ErrUnknown, or says what is wrong with the description.
func NewStream(d Description) (*Stream, error) {
	s := &Stream{payloadType: d.PayloadType, rate: d.Rate}
	err := s.prepare(d)
	if err != nil {
		return nil, err
	}
	s.rate = cmp.Or(s.rate, s.Format.Rate)
	if s.rate < minClock || s.rate > maxClock {
		return nil, fmt.Errorf("%w: a clock of %d Hz", media.ErrBadSound, s.rate)
	}
	return s, nil
}

// The clocks of sound, in ticks a second.
const (
	minClock = 1000
	maxClock = 192000
)

// prepare finds out what the packets carry.
func (s *Stream) prepare(d Description) (err error) {
	switch d.Encoding {
	case "MPEG4-GENERIC":
		return s.prepareAAC(d)
	case "MP4A-LATM":
		return s.prepareLATM(d)
	case "OPUS":
		channels := 1
		if d.Parameters["sprop-stereo"] == "1" {
			channels = 2
		}
		s.Format, err = media.OpusFormat(channels)
		s.carrier = func() carrier { return &opusPackets{s.Format} }
	case "PCMA":
		return s.prepareSamples(d, media.PCMA, false)
	case "PCMU":
		return s.prepareSamples(d, media.PCMU, false)
	case "L16":
		return s.prepareSamples(d, media.PCMU, true)
	default:
		return ErrUnknown
	}
	return err
}

// prepareSamples is for what is one byte a sample, or is made so.
func (s *Stream) prepareSamples(d Description, codec media.Codec, linear bool) (err error) {
	const most = 48000 // who has more to tell does not tell it in G.711
	if d.Rate > most {
		return fmt.Errorf("%w: %s at %d Hz", media.ErrBadSound, d.Encoding, d.Rate)
	}
	s.Format, err = media.G711Format(codec, d.Rate, d.Channels)
	s.carrier = func() carrier { return &samples{format: s.Format, linear: linear} }
	return err
}

// prepareAAC is for RFC 3640.
func (s *Stream) prepareAAC(d Description) error {
	if mode := strings.ToLower(d.Parameters["mode"]); mode != "" && mode != "aac-hbr" && mode != "aac-lbr" {
		return fmt.Errorf("%w: AAC in the mode %q", media.ErrBadSound, mode)
	}
	config, err := configOf(d)
	if err != nil {
		return err
	}
	s.Format, err = media.AACFormat(config)
	if err != nil {
		return err
	}
	var bits auHeader
	for name, to := range map[string]*int{"sizelength": &bits.size, "indexlength": &bits.index, "indexdeltalength": &bits.delta} {
		if *to, err = number(d, name); err != nil {
			return err
		}
	}
	if d.Parameters["sizelength"] == "" { // not said: it is what the mode says (RFC 3640, 3.3.5 and 3.3.6)
		bits = auHeader{13, 3, 3}
		if strings.EqualFold(d.Parameters["mode"], "aac-lbr") {
			bits = auHeader{6, 2, 2}
		}
	}
	s.carrier = func() carrier { return &aacPackets{header: bits, aacUnits: aacUnits{format: s.Format}} }
	return nil
}

// configOf reads a configuration, in hexadecimal digits.
func configOf(d Description) ([]byte, error) {
	text := d.Parameters["config"]
	if text == "" {
		return nil, fmt.Errorf("%w: AAC without its configuration", media.ErrBadSound)
	}
	config, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: the configuration of AAC is not in hexadecimal digits", media.ErrBadSound)
	}
	return config, nil
}

// number reads how many bits something has: none if it is not said.
func number(d Description, name string) (int, error) {
	text := d.Parameters[name]
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 16 {
		return 0, fmt.Errorf("%w: %s of AAC is %q", media.ErrBadSound, name, text[:min(len(text), 20)])
	}
	return n, nil
}
