package httpcam

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// TestKindsThatBrowsersDoNotShow are an error in clear words, or emitted and
// marked where that is wanted.
func TestKindsThatBrowsersDoNotShow(t *testing.T) {
	for name, kind := range map[string]camtest.Kind{
		"4 colour components": camtest.CMYK,
		"12 bits a sample":    camtest.Colour12,
		"lossless":            camtest.Lossless,
	} {
		t.Run(name, func(t *testing.T) {
			var pictures [][]byte
			for n := range 3 {
				pictures = append(pictures, camtest.PictureOfKind(kind, n, 160, 96))
			}
			camera := cameraOf(t, pictures...)
			err := firstPictureOf(t, newSource(t, Options{URL: camera.URL("/")}))
			if !errors.Is(err, media.ErrUnshowable) || !strings.Contains(err.Error(), name) {
				t.Errorf("refused with: %v", err)
			}
			run := start(t, newSource(t, Options{URL: camera.URL("/"), AnyKind: true}))
			for _, want := range pictures {
				f := <-run.frames
				if !f.Format.Unshowable || f.Format.Width != 160 || !bytes.Equal(f.Data, want) {
					t.Errorf("%+v, %d bytes", *f.Format, len(f.Data))
				}
			}
		})
	}
}

// TestKindsThatNobodyDecodes say so.
func TestKindsThatNobodyDecodes(t *testing.T) {
	arithmetic, err := os.ReadFile("../../media/testdata/arithmetic.jpg")
	if err != nil {
		t.Fatal(err)
	}
	for name, picture := range map[string][]byte{
		"arithmetic":          arithmetic,
		"2 colour components": camtest.PictureOfKind(camtest.TwoColours, 1, 160, 96),
		"sampling 3x1":        camtest.PictureOfKind(camtest.Fractional, 1, 160, 96),
	} {
		camera := cameraOf(t, picture, picture, picture)
		err := firstPictureOf(t, newSource(t, Options{URL: camera.URL("/"), AnyKind: true}))
		if !errors.Is(err, media.ErrUnshowable) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "cannot convert") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOnePictureOfAnotherKindIsLeftOut: it does not end the run.
func TestOnePictureOfAnotherKindIsLeftOut(t *testing.T) {
	odd := camtest.PictureOfKind(camtest.CMYK, 0, 160, 96)
	camera := cameraOf(t, odd, odd, camtest.Picture(1, 64, 32), odd, odd, camtest.Picture(2, 64, 32))
	run := start(t, newSource(t, Options{URL: camera.URL("/")}))
	for want := 1; want <= 2; want++ {
		if got := run.next(t); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
}

// cameraOf sends these pictures to each that asks, and then nothing more.
func cameraOf(t *testing.T, pictures ...[]byte) *camtest.HTTPCamera {
	t.Helper()
	return newCamera(t, func(c *camtest.HTTPConn) {
		if c.Request() == nil {
			return
		}
		c.Send("HTTP/1.1 200 OK\r\n\r\n")
		for _, picture := range pictures {
			c.Send("--x\r\nContent-Type: image/jpeg\r\n\r\n", picture, "\r\n")
		}
		c.WaitClosed()
	})
}
