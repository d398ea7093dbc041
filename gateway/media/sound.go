package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
)

// ErrBadSound: a description of sound that cannot be read, or says what no
// camera sends.
var ErrBadSound = errors.New("sound that cannot be used")

// What sound may claim of itself.
const (
	leastRate    = 7350  // samples a second: the least that AAC has a number for
	mostRate     = 96000 // the most that anything plays
	mostChannels = 8
	maxConfig    = 64 // bytes of an AudioSpecificConfig; they have two to five
)

// OpusRate is the rate by which Opus counts, whatever was recorded (RFC 6716, 2).
const OpusRate = 48000

// AACFormat makes a format of an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) of
// AAC-LC, or of HE-AAC over it. It keeps a copy. The error is ErrBadSound.
func AACFormat(config []byte) (*Format, error) {
	var parsed mpeg4audio.AudioSpecificConfig
	if len(config) > maxConfig {
		return nil, fmt.Errorf("%w: a configuration of AAC of %d bytes", ErrBadSound, len(config))
	}
	if err := parsed.Unmarshal(config); err != nil {
		return nil, fmt.Errorf("%w: configuration of AAC: %w", ErrBadSound, err)
	}
	samples, rate := 1024, parsed.SampleRate
	if parsed.FrameLengthFlag {
		samples = 960
	}
	if twice := parsed.ExtensionSampleRate; twice == 2*rate {
		samples, rate = 2*samples, twice
	}
	channels := int(parsed.ChannelConfig)
	if channels == 7 { // 7.1
		channels = 8
	}
	if err := checkSound(AAC, rate, channels); err != nil {
		return nil, err
	}
	return &Format{Codec: AAC, Rate: rate, Channels: channels, Config: slices.Clone(config), samples: samples}, nil
}

// OpusFormat makes a format of Opus in one or two channels. The error is
// ErrBadSound.
func OpusFormat(channels int) (*Format, error) {
	if channels != 1 && channels != 2 {
		return nil, fmt.Errorf("%w: Opus in %d channels; it is one or two", ErrBadSound, channels)
	}
	config := []byte{0, byte(channels), 0, 0} // version, channels, nothing to skip at the start
	config = binary.BigEndian.AppendUint32(config, OpusRate)
	config = append(config, 0, 0, 0) // gain, mapping family
	return &Format{Codec: Opus, Rate: OpusRate, Channels: channels, Config: config}, nil
}

// formatOfDOps makes a format of what is in dOps.
func formatOfDOps(config []byte) (*Format, error) {
	if len(config) < 11 || config[0] != 0 || config[10] != 0 {
		return nil, fmt.Errorf("%w: configuration of Opus of %d bytes", ErrBadSound, len(config))
	}
	return OpusFormat(int(config[1]))
}

// G711Format makes a format of PCMA or PCMU. The error is ErrBadSound.
func G711Format(codec Codec, rate, channels int) (*Format, error) {
	if codec != PCMA && codec != PCMU || channels > 2 {
		return nil, fmt.Errorf("%w: %s in %d channels is no G.711 of a camera", ErrBadSound, codec, channels)
	}
	if err := checkSound(codec, rate, channels); err != nil {
		return nil, err
	}
	return &Format{Codec: codec, Rate: rate, Channels: channels}, nil
}

func checkSound(codec Codec, rate, channels int) error {
	if rate < leastRate || rate > mostRate || channels < 1 || channels > mostChannels {
		return fmt.Errorf("%w: %s at %d Hz in %d channels", ErrBadSound, codec, rate, channels)
	}
	return nil
}

// Samples counts the samples of each channel in a frame of sound, at Format.Rate.
// It is 0 for pictures, and for a packet of Opus that is none.
func (f *Frame) Samples() int {
	switch f.Format.Codec {
	case AAC:
		return f.Format.samples
	case Opus:
		return int(opus.PacketDuration2(f.Data))
	case PCMA, PCMU:
		return len(f.Data) / f.Format.Channels
	}
	return 0
}

// Duration is how long a frame of sound is to be heard.
func (f *Frame) Duration() time.Duration {
	if f.Format.Rate == 0 {
		return 0
	}
	return time.Duration(f.Samples()) * time.Second / time.Duration(f.Format.Rate)
}
