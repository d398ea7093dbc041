package media

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSoundIsWhatItsConfigurationSays(t *testing.T) {
	for _, test := range []struct {
		name           string
		codec          Codec
		config         []byte
		rate, channels int
		frame          []byte
		lasts          time.Duration
	}{
		{"AAC-LC, 48 kHz, stereo", AAC, []byte{0x11, 0x90}, 48000, 2, []byte{1}, 1024 * time.Second / 48000},
		{"AAC-LC, 8 kHz, mono", AAC, []byte{0x15, 0x88}, 8000, 1, []byte{1}, 128 * time.Millisecond},
		{"AAC-LC, 960 samples", AAC, []byte{0x11, 0x94}, 48000, 2, []byte{1}, 20 * time.Millisecond},
		{"HE-AAC, 24 to 48 kHz", AAC, []byte{0x2B, 0x11, 0x88, 0x00}, 48000, 2, []byte{1}, 2048 * time.Second / 48000},
		{"Opus, a frame of 20 ms", Opus, []byte{0, 2, 0, 0, 0, 0, 0xBB, 0x80, 0, 0, 0}, 48000, 2, []byte{0xFC, 1, 2}, 20 * time.Millisecond},
		{"Opus, two of 20 ms", Opus, []byte{0, 1, 0, 0, 0, 0, 0xBB, 0x80, 0, 0, 0}, 48000, 1, []byte{0xF9, 1, 2}, 40 * time.Millisecond},
	} {
		f, err := FormatOfConfig(test.codec, test.config)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if f.Rate != test.rate || f.Channels != test.channels || f.Codec != test.codec {
			t.Errorf("%s: %s at %d Hz in %d channels, want %d in %d", test.name, f.Codec, f.Rate, f.Channels, test.rate, test.channels)
		}
		if diff := cmp.Diff(test.config, f.Config); diff != "" {
			t.Errorf("%s: its configuration became another (-given +kept):\n%s", test.name, diff)
		}
		frame := Frame{Format: f, Data: test.frame}
		if frame.Duration() != test.lasts {
			t.Errorf("%s: a frame lasts %v, want %v", test.name, frame.Duration(), test.lasts)
		}
	}
}

func TestG711LastsAsLongAsItsBytes(t *testing.T) {
	for _, test := range []struct {
		codec          Codec
		rate, channels int
		bytes          int
		lasts          time.Duration
	}{
		{PCMA, 8000, 1, 160, 20 * time.Millisecond},
		{PCMU, 8000, 1, 480, 60 * time.Millisecond},
		{PCMU, 16000, 2, 640, 20 * time.Millisecond},
	} {
		f, err := G711Format(test.codec, test.rate, test.channels)
		if err != nil {
			t.Fatal(err)
		}
		frame := Frame{Format: f, Data: make([]byte, test.bytes)}
		if frame.Duration() != test.lasts {
			t.Errorf("%d bytes of %s at %d Hz in %d channels last %v, want %v", test.bytes, test.codec, test.rate, test.channels, frame.Duration(), test.lasts)
		}
	}
}

func TestWhatIsNoSoundIsRefused(t *testing.T) {
	refused := map[string]func() (*Format, error){
		"no configuration of AAC":       func() (*Format, error) { return AACFormat(nil) },
		"an enormous one":               func() (*Format, error) { return AACFormat(append([]byte{0x11, 0x90}, make([]byte, 1<<16)...)) },
		"AAC Main":                      func() (*Format, error) { return AACFormat([]byte{0x09, 0x90}) },
		"AAC at 7 Hz in 8 channels":     func() (*Format, error) { return AACFormat([]byte{0x17, 0x80, 0x00, 0x03, 0xB8}) },
		"a configuration cut off":       func() (*Format, error) { return AACFormat([]byte{0x11}) },
		"Opus in 3 channels":            func() (*Format, error) { return OpusFormat(3) },
		"Opus of a later version":       func() (*Format, error) { return FormatOfConfig(Opus, []byte{1, 2, 0, 0, 0, 0, 0xBB, 0x80, 0, 0, 0}) },
		"Opus in a family of its own":   func() (*Format, error) { return FormatOfConfig(Opus, []byte{0, 2, 0, 0, 0, 0, 0xBB, 0x80, 0, 0, 1}) },
		"a configuration of Opus, half": func() (*Format, error) { return FormatOfConfig(Opus, []byte{0, 2, 0, 0}) },
		"G.711 at 7 Hz":                 func() (*Format, error) { return G711Format(PCMA, 7, 1) },
		"G.711 in 8 channels":           func() (*Format, error) { return G711Format(PCMU, 8000, 8) },
		"G.711 in none":                 func() (*Format, error) { return G711Format(PCMU, 8000, 0) },
		"G.711 that is AAC":             func() (*Format, error) { return G711Format(AAC, 8000, 1) },
	}
	for name, make := range refused {
		if f, err := make(); !errors.Is(err, ErrBadSound) {
			t.Errorf("%s: %+v, %v; want ErrBadSound", name, f, err)
		}
	}
}

func FuzzAACFormat(f *testing.F) {
	for _, config := range [][]byte{{0x11, 0x90}, {0x15, 0x88}, {0x2B, 0x11, 0x88, 0x00}, {0x17, 0x80, 0x00, 0x03, 0xB8}, nil} {
		f.Add(config)
	}
	f.Fuzz(func(t *testing.T, config []byte) {
		format, err := AACFormat(config)
		if err != nil {
			return
		}
		frame := Frame{Format: format, Data: []byte{1}}
		if d := frame.Duration(); d < 5*time.Millisecond || d > 300*time.Millisecond {
			t.Errorf("a frame of %x lasts %v", config, d)
		}
	})
}
