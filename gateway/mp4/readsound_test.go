package mp4

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"framegate/gateway/media"
)

// TestSoundIsReadAsWritten in both codecs, and nothing of what is cut off.
func TestSoundIsReadAsWritten(t *testing.T) {
	aac, err1 := media.AACFormat([]byte{0x14, 0x08})
	opus, err2 := media.OpusFormat(2)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for _, format := range []*media.Format{aac, opus} {
		init, err := Init(format)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadSoundInit(init)
		if err != nil || got.Codec != format.Codec || got.Rate != format.Rate || got.Channels != format.Channels || !bytes.Equal(got.Config, format.Config) {
			t.Errorf("%v is read as %+v, %v", format.Codec, got, err)
		}
		var pictures Muxer
		var sound Sound
		pictures.Pass(media.Frame{Key: true, Format: &media.Format{Codec: media.JPEG}})
		first := media.Frame{Format: format, PTS: 2 * time.Second, Data: []byte{0xFC, 1, 2}}
		second := media.Frame{Format: format, PTS: 2*time.Second + first.Duration(), Data: []byte{0xFC, 3}}
		b := sound.AppendFragment(nil, &pictures, first, second)
		frames, decode, err := ReadSound(b)
		if err != nil || len(frames) != 2 || !bytes.Equal(frames[0], first.Data) || !bytes.Equal(frames[1], second.Data) || decode/uint64(format.Rate) != 2 {
			t.Errorf("%v: %d frames at %d, %v", format.Codec, len(frames), decode, err)
		}
		for n := range b {
			if _, _, err := ReadSound(b[:n]); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, ErrMalformed) {
				t.Errorf("%d of %d bytes: %v", n, len(b), err)
			}
		}
		for n := range init {
			if _, err := ReadSoundInit(init[:n]); err == nil {
				t.Errorf("%d of %d bytes of an init segment are taken", n, len(init))
			}
		}
	}
}
