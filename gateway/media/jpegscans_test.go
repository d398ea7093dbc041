package media_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// TestScansWithoutNumberAreRefused: each takes a dozen bytes, and a decoder
// seconds in all. They are refused at the first that is too many, so that what
// follows need not even come.
func TestScansWithoutNumberAreRefused(t *testing.T) {
	progressive, baseline := sample(t, "progressive"), camtest.Picture(1, 96, 64)
	for _, c := range []struct {
		name          string
		picture       []byte
		width, height int
		scans         int
		taken         bool
	}{
		{"as many as an encoder may make", progressive, 96, 64, 90, true},
		{"one over a hundred", progressive, 96, 64, 101, false},
		{"thousands", progressive, 96, 64, 20_000, false},
		{"thousands, baseline", baseline, 96, 64, 20_000, false},
		{"fewer, of a large picture", progressive, 7680, 4320, 21, false},
		{"fewer, of one of 4K", progressive, 3840, 2160, 81, false},
		{"all that an encoder makes, of a large picture", progressive, 7680, 4320, 18, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := withScans(c.picture, c.width, c.height, c.scans)
			began := time.Now()
			_, n, err := media.ParseJPEG(b)
			if c.taken && (err != nil || n != len(b)) || !c.taken && !errors.Is(err, media.ErrTooManyScans) {
				t.Errorf("%d bytes: %v", len(b), err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			if _, err := media.AnyJPEGFrame(b, nil); (err == nil) != c.taken {
				t.Errorf("of any kind: %v", err)
			}
		})
	}
}

// TestProgressionsOfEncoders are taken in every size.
func TestProgressionsOfEncoders(t *testing.T) {
	for _, name := range []string{"progressive", "yuv444", "restart", "optimized", "rgb"} {
		b := withSize(sample(t, name), 96, 64)
		if _, err := media.JPEGFrame(b, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := media.JPEGFrame(withSize(sample(t, "progressive"), 7680, 4320), nil); err != nil {
		t.Error(err)
	}
}

// withSize is a picture that says to be of another size.
func withSize(picture []byte, width, height int) []byte {
	b := bytes.Clone(picture)
	sof := max(bytes.Index(b, []byte{0xFF, 0xC0}), bytes.Index(b, []byte{0xFF, 0xC2}))
	copy(b[sof+5:], []byte{byte(height >> 8), byte(height), byte(width >> 8), byte(width)})
	return b
}

// withScans is a picture with its last scan again and again, until it has so
// many.
func withScans(picture []byte, width, height, scans int) []byte {
	b := withSize(picture, width, height)
	last := bytes.LastIndex(b, []byte{0xFF, 0xDA})
	body, again := b[:len(b)-2], b[last:len(b)-2]
	more := scans - bytes.Count(b, []byte{0xFF, 0xDA})
	return append(append(body, bytes.Repeat(again, more)...), 0xFF, 0xD9)
}
