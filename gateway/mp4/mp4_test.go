package mp4

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"framegate/gateway/media"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares bytes with those in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("not as in %s:\n%s", path, hex.Dump(got))
	}
}

func TestMIME(t *testing.T) {
	for want, f := range map[string]*media.Format{
		`video/mp4; codecs="avc1.42C00D"`: inOrder(t),
		`video/mp4; codecs="avc1.64001F"`: feared(t),

		`video/mp4; codecs="hvc1.1.6.L30.90"`: formatH265(t),
	} {
		if got := MIME(f); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for _, f := range []*media.Format{nil, {}, {Codec: media.JPEG}, {Codec: media.H264, Config: []byte{1, 0x67, 1}}, {Codec: media.H265, Config: make([]byte, 22)}} {
		if got := MIME(f); got != "" {
			t.Errorf("%+v is called %s", f, got)
		}
	}
}

func TestInit(t *testing.T) {
	for name, f := range map[string]*media.Format{
		"baseline.mp4": inOrder(t), "high.mp4": feared(t), "high444.mp4": formatOf(t, high444SPS), "h265.mp4": formatH265(t),
	} {
		b, err := Init(f)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, b)
		if bytes.Contains(b, []byte("mehd")) {
			t.Error("mehd takes Chrome out of its low-delay mode")
		}
		got, timescale, err := ReadInit(b)
		if err != nil || timescale != Timescale {
			t.Fatalf("timescale %d, %v", timescale, err)
		}
		if !bytes.Equal(got.Config, f.Config) || got.Width != f.Width || got.Height != f.Height {
			t.Errorf("%+v comes back as %+v", f, got)
		}
	}
}

func TestInitRefuses(t *testing.T) {
	good := inOrder(t)
	change := func(f func(*media.Format)) *media.Format {
		changed := *good
		f(&changed)
		return &changed
	}
	for name, f := range map[string]*media.Format{
		"nothing":           nil,
		"JPEG":              {Codec: media.JPEG, Width: 16, Height: 16},
		"no parameter sets": change(func(f *media.Format) { f.Config = nil }),
		"no width":          change(func(f *media.Format) { f.Width = 0 }),
		"no height":         change(func(f *media.Format) { f.Height = -1 }),
		"too wide":          change(func(f *media.Format) { f.Width = 1 << 16 }),
	} {
		if _, err := Init(f); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
