// Package flv makes frames of what Adobe's Flash Video carries, in messages of RTMP and
// in the tags of a file (file.go): H.264 and H.265 (video.go), AAC, Opus and G.711
// (audio.go), as version 10.1 of the format has them and as Enhanced RTMP (v2) has.
//
// Times have 32 bits of milliseconds, begin anywhere, and begin anew when the sender does
// (clock.go). Sound that cannot be used is left out, and never more than that. The
// package opens nothing and starts nothing.
package flv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"framegate/gateway/input/stamps"
	"framegate/gateway/media"
)

// Options say whom a Receiver tells of what comes. They are told in the caller's
// goroutine. Emit and Trouble are needed.
type Options struct {
	Emit func(media.Frame)
	// Picture is told when each whole picture came, whether it can be shown or not; nil
	// is not told.
	Picture func(at time.Time)
	// Trouble is told once why sound is left out, or part of it.
	Trouble func(error)
	Silent  bool // no sound is taken
}

// Receiver is the way of pictures and sound from one sender to frames. It is not safe
// for concurrent use.
type Receiver struct {
	opt   Options
	began time.Time
	clock stamps.Clock

	codec   media.Codec // of framer; 0 before the first picture
	framer  framer
	config  []byte // that was announced last
	lengths int    // bytes of the lengths of NAL units
	join    media.Join

	sound sound
	told  bool // of trouble
}

// framer is media.H264Framer or media.H265Framer.
type framer interface {
	Frame(nalus [][]byte) (frame media.Frame, ok bool, err error)
}

// New makes a Receiver. The media time begins with it.
func New(o Options) *Receiver {
	if o.Picture == nil {
		o.Picture = func(time.Time) {}
	}
	return &Receiver{opt: o, began: time.Now(), clock: stamps.Clock{Bits: 32, Rate: 1000}, sound: sound{heard: rate.NewLimiter(soundRate, soundBurst)}}
}

// ErrCodec: the pictures are of a codec that is not taken.
var ErrCodec = errors.New("pictures are taken as H.264 or H.265")

// Pictures takes a message or tag of pictures, and keeps nothing of it. The error is
// ErrCodec, or media.ErrBadParameterSets. What else is wrong with a picture costs it, and
// those up to the next keyframe.
func (r *Receiver) Pictures(stamp uint32, body []byte) error {
	now := time.Now()
	return readVideo(body, func(p videoPacket) error {
		if p.codec == 0 {
			return fmt.Errorf("%w, not as %s", ErrCodec, p.other)
		}
		if p.codec != r.codec {
			r.codec, r.config = p.codec, nil
			r.startOver()
		}
		switch p.kind {
		case packetConfig:
			r.announce(p.data)
			return nil
		case packetFrame:
			return r.picture(p, stamp, now)
		}
		return nil
	})
}

// Lost says that a picture is missing.
func (r *Receiver) Lost() { r.join.Lost() }

// lengthAt is where avcC and hvcC say how long the lengths are (ISO/IEC 14496-15,
// 5.3.3.1.2 and 8.3.3.1.2).
var lengthAt = map[media.Codec]int{media.H264: 4, media.H265: 21}

// maxConfig bounds a decoder configuration. They have a hundred bytes.
const maxConfig = 64 << 10

// announce takes a decoder configuration.
func (r *Receiver) announce(config []byte) {
	if at := lengthAt[r.codec]; at < len(config) {
		r.lengths = int(config[at]&3) + 1
	}
	if bytes.Equal(config, r.config) || len(config) > maxConfig {
		return
	}
	r.config = bytes.Clone(config)
	r.tellConfig()
}

func (r *Receiver) tellConfig() {
	switch f := r.framer.(type) {
	case *media.H264Framer:
		f.AnnounceAVCC(r.config)
	case *media.H265Framer:
		f.AnnounceHVCC(r.config)
	}
}

// startOver forgets what is known of the sender's pictures and its time, but not the
// media time, nor what it announced.
func (r *Receiver) startOver() {
	r.framer = new(media.H264Framer)
	if r.codec == media.H265 {
		r.framer = new(media.H265Framer)
	}
	r.tellConfig()
	r.clock.Stop()
	r.join.Lost()
}

// picture emits the picture of a packet.
func (r *Receiver) picture(p videoPacket, stamp uint32, now time.Time) error {
	nalus, whole := splitUnits(p.data, r.lengths)
	if !whole {
		r.join.Lost()
		return nil
	}
	shown := stamp + uint32(p.shift)
	frame, ok, err := r.framer.Frame(nalus)
	if err == nil && ok && r.clock.Broken(uint64(shown), frame.Key, now) {
		r.startOver()
		frame, ok, err = r.framer.Frame(nalus)
	}
	if err != nil || !ok {
		return err
	}
	r.opt.Picture(now)
	if !r.join.Takes(frame) {
		return nil
	}
	frame.PTS = r.clock.Set(uint64(shown), frame.Key, now, now.Sub(r.began))
	r.opt.Emit(frame)
	return nil
}

// splitUnits gives the NAL units behind their lengths, each of so many bytes. whole is
// false for what ends too soon.
func splitUnits(b []byte, lengths int) (nalus [][]byte, whole bool) {
	if lengths == 0 {
		return nil, false // nothing was announced
	}
	for len(b) > 0 {
		if len(b) < lengths {
			return nil, false
		}
		var long [4]byte
		copy(long[4-lengths:], b)
		n := binary.BigEndian.Uint32(long[:])
		if b = b[lengths:]; uint64(n) > uint64(len(b)) {
			return nil, false
		}
		if n > 0 {
			nalus = append(nalus, b[:n])
		}
		b = b[n:]
	}
	return nalus, true
}
