package media_test

import (
	"bytes"
	"errors"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// sample reads a small picture that libjpeg-turbo's cjpeg made.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".jpg"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestHeaderTellsSizeAndSampling(t *testing.T) {
	for _, c := range []struct {
		name, sampling string
		progressive    bool
	}{
		{"yuv420", "4:2:0", false},
		{"yuv422", "4:2:2", false},
		{"yuv444", "4:4:4", false},
		{"yuv440", "4:4:0", false},
		{"yuv411", "4:1:1", false},
		{"rgb", "4:4:4", false},
		{"gray", "gray", false},
		{"restart", "4:2:0", false},
		{"optimized", "4:2:0", false},
		{"progressive", "4:2:0", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := sample(t, c.name)
			h, n, err := media.ParseJPEG(b)
			if err != nil {
				t.Fatal(err)
			}
			if n != len(b) || h.Width != 96 || h.Height != 64 || h.Precision != 8 {
				t.Errorf("got %d of %d bytes, %dx%d, %d bit", n, len(b), h.Width, h.Height, h.Precision)
			}
			if h.Sampling() != c.sampling || h.Progressive != c.progressive {
				t.Errorf("got %s, progressive %v", h.Sampling(), h.Progressive)
			}
		})
	}
}

func TestEndIsFoundForEverySplit(t *testing.T) {
	for _, name := range []string{"yuv420", "restart", "progressive", "optimized"} {
		t.Run(name, func(t *testing.T) {
			picture := withThumbnail(sample(t, name))
			stream := append(bytes.Clone(picture), "\r\n--boundary"...)
			for range 50 {
				if n, have := scanInPieces(t, stream, func() int { return 1 + rand.N(100) }); n != len(picture) || have-n > 100 {
					t.Fatalf("got a picture of %d bytes, having %d", n, have)
				}
			}
			if n, have := scanInPieces(t, stream, func() int { return 1 }); n != len(picture) || have != n {
				t.Fatalf("got a picture of %d bytes, having %d: want %d, with its last byte", n, have, len(picture))
			}
		})
	}
}

// scanInPieces scans b as it arrives in pieces of the given sizes, and gives
// the picture's length and how much had arrived when it was known.
func scanInPieces(t *testing.T, b []byte, size func() int) (n, have int) {
	t.Helper()
	var s media.JPEGScanner
	for have < len(b) {
		have = min(have+size(), len(b))
		n, err := s.Scan(b[:have])
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return n, have
		}
	}
	t.Fatal("no end found")
	return 0, 0
}

// withThumbnail puts a whole JPEG into an EXIF segment.
func withThumbnail(picture []byte) []byte {
	segment := append([]byte("Exif\x00\x00"), camtest.Picture(1, 32, 16)...)
	return insert(picture, 2, append([]byte{0xFF, 0xE1, byte((len(segment) + 2) >> 8), byte(len(segment) + 2)}, segment...))
}

func insert(b []byte, at int, what []byte) []byte {
	return append(append(bytes.Clone(b[:at]), what...), b[at:]...)
}

func TestFrameIsStrippedOfWhatFollows(t *testing.T) {
	picture := camtest.Picture(42, 96, 64)
	for _, padding := range []string{"", "\x00\x00\x00", "\xFF\xD9", "\r\n--boundary\r\n", string(picture)} {
		f, err := media.JPEGFrame(append(bytes.Clone(picture), padding...), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(f.Data, picture) || cap(f.Data) != len(picture) || !f.Key {
			t.Errorf("%d bytes of padding: frame of %d bytes, want %d", len(padding), len(f.Data), len(picture))
		}
	}
}

func TestFramesOfOneSizeShareTheirFormat(t *testing.T) {
	first, err := media.JPEGFrame(camtest.Picture(1, 96, 64), nil)
	if err != nil {
		t.Fatal(err)
	}
	if f := first.Format; f.Codec != media.JPEG || f.Width != 96 || f.Height != 64 {
		t.Errorf("format is %+v", *f)
	}
	same, err := media.JPEGFrame(camtest.Picture(2, 96, 64), first.Format)
	if err != nil || same.Format != first.Format {
		t.Errorf("%v; same size, another format", err)
	}
	other, err := media.JPEGFrame(camtest.Picture(3, 64, 64), first.Format)
	if err != nil || other.Format == first.Format || other.Format.Width != 64 {
		t.Errorf("%v; other size, format %+v", err, *other.Format)
	}
}

func TestMissingHuffmanTablesAreInserted(t *testing.T) {
	whole := camtest.Picture(4711, 96, 64)
	bare := withoutSegments(whole, 0xC4)
	if _, err := jpeg.Decode(bytes.NewReader(bare)); err == nil {
		t.Fatal("the picture is good without tables: nothing is tested")
	}
	before := bytes.Clone(bare)
	f, err := media.JPEGFrame(bare, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := camtest.ReadJPEGNumber(f.Data); n != 4711 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	if !bytes.Equal(bare, before) {
		t.Error("the camera's bytes were changed")
	}
}

// withoutSegments leaves out the segments of a marker before the first scan.
func withoutSegments(b []byte, marker byte) []byte {
	out := bytes.Clone(b[:2])
	for p := 2; ; {
		n := 2 + int(b[p+2])<<8 + int(b[p+3])
		if b[p+1] == 0xDA {
			return append(out, b[p:]...)
		}
		if b[p+1] != marker {
			out = append(out, b[p:p+n]...)
		}
		p += n
	}
}

func TestRefusedPictures(t *testing.T) {
	good := camtest.Picture(1, 96, 64)
	sof := bytes.Index(good, []byte{0xFF, 0xC0})
	scan := bytes.Index(good, []byte{0xFF, 0xDA})
	dhtAt := bytes.Index(good, []byte{0xFF, 0xC4})
	patched := func(at int, bytes ...byte) []byte {
		b := append([]byte(nil), good...)
		copy(b[at:], bytes)
		return b
	}
	for _, c := range []struct {
		name string
		b    []byte
		want error
		says string
	}{
		{"nothing", nil, media.ErrMalformed, "cut off after 0 bytes"},
		{"HTML", []byte("<html><body>Login"), media.ErrNotJPEG, "not a JPEG"},
		{"PNG", []byte("\x89PNG\r\n\x1a\n"), media.ErrNotJPEG, "not a JPEG: it is a PNG"},
		{"SOI alone", good[:2], media.ErrMalformed, "cut off after 2 bytes"},
		{"SOI and EOI", []byte{0xFF, 0xD8, 0xFF, 0xD9}, media.ErrMalformed, "EOI before any scan"},
		{"cut off in the data", good[:len(good)-100], media.ErrMalformed, "before EOI"},
		{"cut off, and another behind", append(bytes.Clone(good[:len(good)-100]), good...), media.ErrMalformed, "another picture starts"},
		{"cut off, but with an EOI", append(bytes.Clone(good[:scan+20]), 0xFF, 0xD9), media.ErrMalformed, "cannot hold 96x64"},
		{"garbage between segments", insert(good, sof, []byte("xx")), media.ErrMalformed, "where a marker must stand"},
		{"segment of no length", patched(sof+2, 0, 1), media.ErrMalformed, "segment 0xffc0 of 1 bytes"},
		{"zero pixels", patched(sof+5, 0, 0), media.ErrMalformed, "96x0"},
		{"too wide", patched(sof+7, 0x20, 0x01), media.ErrTooManyPixels, "8193x64"},
		{"too many pixels", patched(sof+5, 0x20, 0, 0x1F, 0xF0), media.ErrTooManyPixels, "8176x8192"},
		{"a bomb of 64k by 64k", patched(sof+5, 0xFF, 0xFF, 0xFF, 0xFF), media.ErrTooManyPixels, "65535x65535"},
		{"claims more pixels than it can hold", patched(sof+5, 0x10, 0, 0x10, 0), media.ErrMalformed, "cannot hold 4096x4096"},
		{"12 bit", patched(sof+4, 12), media.ErrUnshowable, "12 bits"},
		{"lossless", patched(sof+1, 0xC3), media.ErrUnshowable, "lossless"},
		{"arithmetic", sample(t, "arithmetic"), media.ErrUnshowable, "arithmetic"},
		{"CMYK", camtest.PictureOfKind(camtest.CMYK, 1, 160, 96), media.ErrUnshowable, "4 colour components"},
		{"two components", camtest.PictureOfKind(camtest.TwoColours, 1, 160, 96), media.ErrUnshowable, "2 colour components"},
		{"factors that do not divide", camtest.PictureOfKind(camtest.Fractional, 1, 160, 96), media.ErrUnshowable, "sampling 3x1,2x1,1x1"},
		{"hierarchical", patched(sof+1, 0xC5), media.ErrUnshowable, "hierarchical"},
		{"two frame headers", insert(good, sof, good[sof:sof+19]), media.ErrMalformed, "two frame headers"},
		{"sampling of 0", patched(sof+11, 0x02), media.ErrMalformed, "sampling 0x2"},
		{"frame header cut short", patched(sof+9, 2), media.ErrMalformed, "frame header of 15 bytes"},
		{"scan of a component that is not there", patched(scan+5, 9), media.ErrMalformed, "component 9"},
		{"scan with a table that is not there", patched(scan+6, 0x33), media.ErrMalformed, "tables 3 and 3"},
		{"no quantisation table", withoutSegments(good, 0xDB), media.ErrMalformed, "quantisation table"},
		{"too many codes in a Huffman table", patched(dhtAt+5, 3), media.ErrMalformed, "too many codes"},
		{"more symbols than bytes", moreSymbols(sample(t, "gray")), media.ErrMalformed, "of 112 symbols in 12 bytes"},
		{"scan before the frame header", withoutSegments(good, 0xC0), media.ErrMalformed, "scan before the frame header"},
		{"progressive scan out of range", patched(sof+1, 0xC2), media.ErrMalformed, "progressive scan of 0-63"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := media.JPEGFrame(c.b, nil)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v that says %q", err, c.want, c.says)
			}
		})
	}
}

// moreSymbols makes the first Huffman table promise a hundred codes more.
func moreSymbols(b []byte) []byte {
	b[bytes.Index(b, []byte{0xFF, 0xC4})+20] = 100
	return b
}

// TestAnyKindIsTakenFromCameras takes what a decoder can make showable, and
// says what it cannot.
func TestAnyKindIsTakenFromCameras(t *testing.T) {
	for name, kind := range map[string]camtest.Kind{
		"12 bit, gray":        camtest.Gray12,
		"12 bit":              camtest.Colour12,
		"12 bit, progressive": camtest.Progressive,
		"CMYK":                camtest.CMYK,
		"lossless":            camtest.Lossless,
		"lossless, 16 bit":    camtest.Lossless16,
	} {
		t.Run(name, func(t *testing.T) {
			b := camtest.PictureOfKind(kind, 1, 160, 96)
			if _, err := media.JPEGFrame(b, nil); !errors.Is(err, media.ErrUnshowable) || strings.Contains(err.Error(), "either") {
				t.Errorf("from anybody: %v", err)
			}
			f, err := media.AnyJPEGFrame(b, nil)
			if err != nil {
				t.Fatal(err)
			}
			if f.Format.Width != 160 || f.Format.Height != 96 || !f.Format.Unshowable || !bytes.Equal(f.Data, b) {
				t.Errorf("%+v of %d bytes, want %d", *f.Format, len(f.Data), len(b))
			}
			next, err := media.AnyJPEGFrame(camtest.Picture(2, 160, 96), f.Format)
			if err != nil || next.Format == f.Format || next.Format.Unshowable {
				t.Errorf("a usual picture after it: %v", err)
			}
			if again, err := media.AnyJPEGFrame(b, f.Format); err != nil || again.Format != f.Format {
				t.Errorf("the same again has another format, %v", err)
			}
			for cut := range len(b) - 2 { // up to EOI
				if _, err := media.AnyJPEGFrame(b[:cut], nil); err == nil {
					t.Fatalf("whole with %d of %d bytes", cut, len(b))
				}
			}
		})
	}
	for name, b := range map[string][]byte{
		"arithmetic":     sample(t, "arithmetic"),
		"two components": camtest.PictureOfKind(camtest.TwoColours, 1, 160, 96),
		"fractional":     camtest.PictureOfKind(camtest.Fractional, 1, 160, 96),
		"hierarchical":   bytes.Replace(camtest.Picture(1, 96, 64), []byte{0xFF, 0xC0}, []byte{0xFF, 0xC5}, 1),
		"9 bit":          camtest.PictureOfKind(camtest.Kind{SOF: 0xC1, Precision: 9}, 1, 160, 96),
		"12 bit, CMYK":   camtest.PictureOfKind(camtest.Kind{SOF: 0xC1, Precision: 12, Sampling: camtest.CMYK.Sampling}, 1, 160, 96),
	} {
		if _, err := media.AnyJPEGFrame(b, nil); !errors.Is(err, media.ErrUnshowable) || !strings.HasSuffix(err.Error(), "ffmpeg cannot convert either") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAnyKindIsCheckedLikeOthers holds that bounds and tables of what will be
// converted are looked at.
func TestAnyKindIsCheckedLikeOthers(t *testing.T) {
	lossless := camtest.PictureOfKind(camtest.Lossless, 1, 160, 96)
	sof := bytes.Index(lossless, []byte{0xFF, 0xC3})
	scan := bytes.Index(lossless, []byte{0xFF, 0xDA})
	patched := func(at int, with ...byte) []byte {
		b := bytes.Clone(lossless)
		copy(b[at:], with)
		return b
	}
	for _, c := range []struct {
		name string
		b    []byte
		want error
		says string
	}{
		{"a bomb", patched(sof+5, 0xFF, 0xFF, 0xFF, 0xFF), media.ErrTooManyPixels, "65535x65535"},
		{"more pixels than it can hold", patched(sof+5, 0x10, 0, 0x10, 0), media.ErrMalformed, "cannot hold"},
		{"predictor 8", patched(scan+7, 8), media.ErrMalformed, "predictor 8"},
		{"shifted away", patched(scan+9, 8), media.ErrMalformed, "shifted by 8"},
		{"no Huffman table", withoutSegments(lossless, 0xC4), media.ErrMalformed, "Huffman tables"},
		{"a usual picture with a lossless one's table", patched(sof+1, 0xC0), media.ErrMalformed, "categories over 15"},
	} {
		if _, err := media.AnyJPEGFrame(c.b, nil); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %v that says %q", c.name, err, c.want, c.says)
		}
	}
}

// TestOversizeIsKnownFromTheHeader holds that a picture is refused before its
// data has come.
func TestOversizeIsKnownFromTheHeader(t *testing.T) {
	good := camtest.Picture(1, 96, 64)
	sof := bytes.Index(good, []byte{0xFF, 0xC0})
	copy(good[sof+5:], []byte{0xFF, 0xFF, 0xFF, 0xFF})
	var s media.JPEGScanner
	if _, err := s.Scan(good[:sof+19]); !errors.Is(err, media.ErrTooManyPixels) {
		t.Errorf("got %v", err)
	}
}

// FuzzJPEG holds that no bytes make the walk fail or read beyond them, that
// the same bytes give the same answer in whatever pieces they come, and that
// a frame it makes of them is whole.
func FuzzJPEG(f *testing.F) {
	names, err := filepath.Glob("testdata/*.jpg")
	if err != nil || len(names) == 0 {
		f.Fatal("no samples", err)
	}
	for _, name := range names {
		f.Add(sample(f, strings.TrimSuffix(filepath.Base(name), ".jpg")), 7)
	}
	f.Add(withoutSegments(camtest.Picture(1, 96, 64), 0xC4), 1)
	for _, kind := range []camtest.Kind{camtest.Colour12, camtest.CMYK, camtest.Lossless, camtest.Fractional} {
		f.Add(camtest.PictureOfKind(kind, 1, 160, 96), 5)
	}
	f.Fuzz(func(t *testing.T, b []byte, step int) {
		header, n, err := media.ParseJPEG(b)
		step = 1 + max(step, -step, 0)%max(len(b), 1)
		var s media.JPEGScanner
		var piecewise int
		var pieceErr error
		for have := min(step, len(b)); piecewise == 0 && pieceErr == nil; have = min(have+step, len(b)) {
			piecewise, pieceErr = s.Scan(b[:have])
			if have == len(b) {
				break
			}
		}
		if err == nil && (piecewise != n || pieceErr != nil) {
			t.Fatalf("at once %d, in pieces of %d: %d, %v", n, step, piecewise, pieceErr)
		}
		if err != nil && piecewise != 0 {
			t.Fatalf("at once %v, in pieces of %d: %d", err, step, piecewise)
		}
		frame, frameErr := media.JPEGFrame(b, nil)
		converted, anyErr := media.AnyJPEGFrame(b, nil)
		if (anyErr == nil && converted.Format.Unshowable) != (frameErr != nil && anyErr == nil) {
			t.Fatalf("from anybody %v, from a camera %v, %+v", frameErr, anyErr, converted.Format)
		}
		if frameErr != nil {
			if err == nil {
				t.Fatalf("frame: %v", frameErr)
			}
			return
		}
		if frame.Format.Width != header.Width || !bytes.HasSuffix(frame.Data, []byte{0xFF, 0xD9}) {
			t.Fatalf("frame of %d bytes", len(frame.Data))
		}
		if _, n, err := media.ParseJPEG(frame.Data); err != nil || n != len(frame.Data) {
			t.Fatalf("the frame's own bytes: %d of %d, %v", n, len(frame.Data), err)
		}
	})
}

// BenchmarkJPEGScanner measures the walk through a picture of 75 kB that is
// mostly entropy-coded data, as from a camera.
func BenchmarkJPEGScanner(b *testing.B) {
	picture := camtest.NoisePicture(1, 640, 360, 75_000)
	b.SetBytes(int64(len(picture)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := media.ParseJPEG(picture); err != nil {
			b.Fatal(err)
		}
	}
}
