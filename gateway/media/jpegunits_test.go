package media_test

import (
	"bytes"
	"errors"
	"image/jpeg"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// sequential are pictures whose units can be counted.
func sequential(t testing.TB) map[string][]byte {
	pictures := map[string][]byte{
		"no tables": withoutSegments(camtest.Picture(7, 96, 64), 0xC4),
		"odd size":  camtest.Picture(7, 75, 43),
		"noise":     camtest.NoisePicture(7, 160, 96, 12_000),
	}
	for _, name := range []string{"yuv420", "yuv422", "yuv444", "yuv440", "yuv411", "rgb", "gray", "restart", "optimized"} {
		pictures[name] = sample(t, name)
	}
	return pictures
}

// TestPicturesWithoutEOIAreWhole where nothing else is missing, whatever stands
// behind them.
func TestPicturesWithoutEOIAreWhole(t *testing.T) {
	for name, b := range sequential(t) {
		t.Run(name, func(t *testing.T) {
			want, err := media.JPEGFrame(b, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, behind := range []string{"", "\r\n", "\x00\x00\x00", "\r\n--frame\r\n"} {
				cut := append(bytes.Clone(b[:len(b)-2]), behind...)
				f, err := media.JPEGFrame(cut, nil)
				if err != nil || !bytes.Equal(f.Data, want.Data) {
					t.Errorf("with %q behind: %d bytes of %d, %v", behind, len(f.Data), len(want.Data), err)
				}
				if _, err := jpeg.Decode(bytes.NewReader(f.Data)); err != nil && name != "yuv411" {
					t.Error(err)
				}
			}
		})
	}
}

// TestCutOffPicturesStayBad, and the end of whole ones is known with their last
// byte.
func TestCutOffPicturesStayBad(t *testing.T) {
	for name, b := range sequential(t) {
		t.Run(name, func(t *testing.T) {
			b := b[:len(b)-2]
			var s media.JPEGScanner
			for have := range len(b) {
				if _, err := s.Scan(b[:have]); err != nil {
					t.Fatal(err)
				}
				if end := s.EndOfScan(b[:have]); end != 0 {
					t.Fatalf("whole with %d of %d bytes", have, len(b))
				}
			}
			if _, err := s.Scan(b); err != nil {
				t.Fatal(err)
			}
			if end := s.EndOfScan(b); end != len(b) {
				t.Errorf("ends at %d of %d", end, len(b))
			}
		})
	}
}

// TestMarkCutsOffScansAlone: one within a segment is part of the segment.
func TestMarkCutsOffScansAlone(t *testing.T) {
	mark := []byte("--frame")
	b := camtest.Picture(1, 96, 64)
	comment := append([]byte{0xFF, 0xFE, 0, 14}, "\r\n--frame\r\n\r"...)
	commented := insert(b, 2, comment[:16])
	for step := 1; step < 40; step++ {
		s := media.JPEGScanner{Mark: mark}
		if n := scanBy(t, &s, commented, step); n != len(commented) {
			t.Errorf("by %d: a picture of %d bytes, want %d", step, n, len(commented))
		}
	}
	whole := append(bytes.Clone(b[:len(b)-2]), "\r\n--frame\r\n"...)
	part := append(bytes.Clone(b[:len(b)-40]), "\r\n--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 123456\r\n\r\n"...)
	for _, c := range []struct {
		b    []byte
		want int
	}{{whole, len(b) - 2}, {part, 0}} {
		s := media.JPEGScanner{Mark: mark}
		if _, err := s.Scan(c.b); !errors.Is(err, media.ErrCutOff) {
			t.Errorf("cut off: %v", err)
		}
		if end := s.EndOfScan(c.b); end != c.want {
			t.Errorf("ends at %d, want %d", end, c.want)
		}
	}
}

func scanBy(t *testing.T, s *media.JPEGScanner, b []byte, step int) int {
	t.Helper()
	for have := 0; have < len(b); {
		have = min(have+step, len(b))
		n, err := s.Scan(b[:have])
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return n
		}
	}
	return 0
}

// BenchmarkEndOfScan is what a picture without EOI costs besides.
func BenchmarkEndOfScan(b *testing.B) {
	picture := camtest.NoisePicture(1, 640, 360, 75_000)
	picture = picture[:len(picture)-2]
	b.SetBytes(int64(len(picture)))
	for b.Loop() {
		var s media.JPEGScanner
		if n, err := s.Scan(picture); n != 0 || err != nil {
			b.Fatal(err)
		}
		if s.EndOfScan(picture) != len(picture) {
			b.Fatal("not whole")
		}
	}
}
