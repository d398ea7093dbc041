package relay

import (
	"encoding/binary"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/output/live/wire"
)

// FuzzReader has a node say anything, in messages that each have a length of four
// bytes before them. What is taken must be what frames of a camera may be.
func FuzzReader(f *testing.F) {
	aac, err := media.AACFormat([]byte{0x14, 0x08})
	if err != nil {
		f.Fatal(err)
	}
	init, err := mp4.Init(aac)
	if err != nil {
		f.Fatal(err)
	}
	header := func(kind byte, payload []byte) []byte {
		b := make([]byte, wire.HeadSize)
		b[0], b[1], b[3] = 1, kind, wire.FlagKey
		return append(b, payload...)
	}
	var pictures mp4.Muxer
	var sound mp4.Sound
	jpeg := media.Frame{Key: true, Format: &media.Format{Codec: media.JPEG}, Data: camtest.Picture(1, 64, 32)}
	pictures.Pass(jpeg)
	fragment := sound.AppendFragment(nil, &pictures, media.Frame{Format: aac, Data: []byte("aac")}, media.Frame{Format: aac, PTS: 64 * time.Millisecond, Data: []byte("more")})
	f.Add(said(header(wire.KindFrame, jpeg.Data), header(wire.KindSoundInit, init), header(wire.KindSound, fragment), header(wire.KindFrame, jpeg.Data)), true)
	f.Add(said(header(wire.KindInit, init), header(wire.KindFrame, fragment)), false)
	f.Fuzz(func(t *testing.T, messages []byte, asJPEG bool) {
		var last time.Duration
		r := &reader{counters: new(Counters), emit: func(f media.Frame) {
			if now := time.Now(); !f.Wall.IsZero() && (f.Wall.After(now.Add(future)) || f.Wall.Before(now.Add(-longAgo-time.Minute))) {
				t.Errorf("a frame that was taken %v", f.Wall)
			}
			kind := f.Format.Codec.Kind()
			if kind == media.Video && len(f.Data) == 0 || kind == 0 {
				t.Errorf("a frame of %d bytes of %v", len(f.Data), f.Format.Codec)
			}
			if f.Format.Codec != media.JPEG {
				return
			}
			if f.PTS < last {
				t.Errorf("a JPEG at %v after one at %v", f.PTS, last)
			}
			last = f.PTS
		}}
		if asJPEG {
			r.hello(message{Codec: "jpeg"})
		}
		for len(messages) >= 4 {
			n := min(binary.BigEndian.Uint32(messages), uint32(len(messages)-4))
			if r.take(append([]byte{}, messages[4:4+n]...)) != nil {
				return
			}
			messages = messages[4+n:]
		}
	})
}

// said puts lengths before messages.
func said(messages ...[]byte) (b []byte) {
	for _, m := range messages {
		b = binary.BigEndian.AppendUint32(b, uint32(len(m)))
		b = append(b, m...)
	}
	return b
}
