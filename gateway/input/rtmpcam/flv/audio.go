package flv

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"framegate/gateway/media"
)

// What bounds sound: the bytes of a frame, and how much of it may come, half as much
// again as can be heard, but for what has waited.
const (
	maxUnit        = 8 << 10
	maxSoundConfig = 256
	soundRate      = rate.Limit(1500) // ms a second
	soundBurst     = 15_000           // ms
)

// Sounds as FLV numbers them (E.4.2.1).
const (
	soundPCMA     = 7
	soundPCMU     = 8
	soundExtended = 9 // Enhanced RTMP
	soundAAC      = 10
)

// otherSounds names what is not taken.
var otherSounds = map[byte]string{0: "PCM", 1: "ADPCM", 2: "MP3", 3: "PCM", 4: "Nellymoser", 5: "Nellymoser", 6: "Nellymoser", 11: "Speex", 14: "MP3"}

var (
	errNoConfig = errors.New("sound comes without what describes it")
	errTooLong  = errors.New("a frame of sound, or what describes it, is too large")
	errTooFast  = errors.New("sound comes faster than it could be heard")
)

// sound is what is known of a sender's sound.
type sound struct {
	format *media.Format // nil before it is described
	config []byte        // that format was made of, with its codec before it
	heard  *rate.Limiter
	last   time.Duration // PTS of the sound given last
}

// Sound takes a message or tag of sound, and keeps nothing of it.
func (r *Receiver) Sound(stamp uint32, body []byte) {
	if r.opt.Silent || len(body) == 0 {
		return
	}
	if err := r.hear(stamp, body); err != nil && !r.told {
		r.told = true
		r.opt.Trouble(err)
	}
}

// hear takes sound. The error says why some is left out.
func (r *Receiver) hear(stamp uint32, b []byte) error {
	switch kind := b[0] >> 4; kind {
	case soundAAC:
		if len(b) < 2 {
			return nil
		}
		return r.aac(b[1] == 0, stamp, b[2:])
	case soundPCMA, soundPCMU:
		codec, channels := media.PCMA, int(b[0]&1)+1
		if kind == soundPCMU {
			codec = media.PCMU
		}
		const rate = 8000
		err := r.describe([]byte{byte(codec), byte(channels)}, func() (*media.Format, error) { return media.G711Format(codec, rate, channels) })
		if err != nil || r.sound.format == nil {
			return err
		}
		return r.samples(stamp, b[1:])
	case soundExtended:
		return readExtended(b[0]&0x0F, b[1:], exSoundMulti, func(t track) error { return r.extended(stamp, t) })
	default:
		name := otherSounds[kind]
		if name == "" {
			name = fmt.Sprintf("kind %d of FLV", kind)
		}
		return fmt.Errorf("sound of a kind that is not taken: %s", name)
	}
}

// extended takes sound of Enhanced RTMP.
func (r *Receiver) extended(stamp uint32, t track) error {
	if t.kind != exConfig && t.kind != exFrames {
		return nil
	}
	switch t.codec {
	case "mp4a":
		return r.aac(t.kind == exConfig, stamp, t.data)
	case "Opus":
		if t.kind == exConfig {
			return r.describe(append([]byte{byte(media.Opus)}, t.data...), func() (*media.Format, error) { return opusFormat(t.data) })
		}
		return r.unit(media.Opus, stamp, t.data)
	}
	return fmt.Errorf("sound of a kind that is not taken: %s", t.codec)
}

// aac takes what describes AAC, or a unit of it.
func (r *Receiver) aac(config bool, stamp uint32, data []byte) error {
	if !config {
		return r.unit(media.AAC, stamp, data)
	}
	if len(data) == 0 {
		return nil // as some say that there will be none
	}
	return r.describe(append([]byte{byte(media.AAC)}, data...), func() (*media.Format, error) { return media.AACFormat(data) })
}

// opusFormat reads the head of Opus (RFC 7845, 5.1), of a stream of one or two channels.
func opusFormat(head []byte) (*media.Format, error) {
	const mapped = 18 // its mapping family
	if len(head) < mapped+1 || !bytes.HasPrefix(head, []byte("OpusHead")) || head[mapped] != 0 {
		return nil, fmt.Errorf("%w: a head of Opus of %d bytes", media.ErrBadSound, len(head))
	}
	return media.OpusFormat(int(head[9]))
}

// describe makes the format where what says it has become another, and announces it.
func (r *Receiver) describe(config []byte, format func() (*media.Format, error)) (err error) {
	s := &r.sound
	switch {
	case bytes.Equal(config, s.config):
		return nil
	case len(config) > maxSoundConfig:
		return errTooLong
	}
	s.config = config
	if s.format, err = format(); err != nil {
		s.format = nil
		return err
	}
	r.opt.Emit(media.Frame{Format: s.format})
	return nil
}

// unit emits a frame of AAC or Opus, at the time that its pictures have.
func (r *Receiver) unit(codec media.Codec, stamp uint32, data []byte) error {
	switch f := r.sound.format; {
	case f == nil && r.sound.config != nil, len(data) == 0:
		return nil // of what it was told already
	case f == nil, f.Codec != codec:
		return errNoConfig
	case len(data) > maxUnit:
		return errTooLong
	}
	at, ok := r.clock.Near(uint64(stamp))
	if !ok {
		return nil
	}
	return r.emit(media.Frame{Format: r.sound.format, PTS: at, Data: bytes.Clone(data)})
}

// samples emits G.711, in frames of 100 ms at most.
func (r *Receiver) samples(stamp uint32, data []byte) error {
	const most, least = 100, 10 // ms
	perMillis := r.sound.format.Rate / 1000 * r.sound.format.Channels
	at, ok := r.clock.Near(uint64(stamp))
	for ok && len(data) >= least*perMillis {
		n := min(len(data), most*perMillis)
		if rest := len(data) - n; rest > 0 && rest < least*perMillis {
			n = len(data) / 2 / perMillis * perMillis
		}
		f := media.Frame{Format: r.sound.format, PTS: at, Data: bytes.Clone(data[:n])}
		if err := r.emit(f); err != nil {
			return err
		}
		at, data = at+f.Duration(), data[n:]
	}
	return nil
}

// emit emits a frame of sound, unless it comes too fast, is none, or is of a time that was
// heard already.
func (r *Receiver) emit(f media.Frame) error {
	s := &r.sound
	length := f.Duration()
	if length <= 0 {
		return nil
	}
	if !s.heard.AllowN(time.Now(), int(length.Milliseconds())+1) {
		return errTooFast
	}
	if f.PTS < s.last {
		return nil
	}
	s.last = f.PTS
	r.opt.Emit(f)
	return nil
}
