package rtspcam

import (
	"errors"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
)

// TestPictureOfTooManyPixels ends the run, and is counted.
func TestPictureOfTooManyPixels(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{Medias: offer(&format.MJPEG{})})
	var hits []string // of the one run
	run := start(t, newSource(t, Options{URL: camera.URL("/"), Limited: func(limit string) { hits = append(hits, limit) }}))
	awaitPlay(t, camera, 1)
	p := rtptest.JPEGPackets(t, 1)[0][0]
	p.Marker = true
	p.Extension, p.ExtensionProfile = true, rtptest.ONVIFJPEG
	if err := p.SetExtension(0, []byte{0xFF, 0xC0, 0, 17, 8, 0xFF, 0xFF, 0xFF, 0xFF, 3, 0, 0}); err != nil {
		t.Fatal(err)
	}
	send(t, camera, []*rtp.Packet{p})
	if err := run.wait(t); !errors.Is(err, media.ErrTooManyPixels) {
		t.Errorf("ended with %v", err)
	}
	if diff := cmp.Diff([]string{LimitFramePixels}, hits); diff != "" {
		t.Error(diff)
	}
}

// TestPatienceOfOptions: what is said counts, and what is not is as usual.
func TestPatienceOfOptions(t *testing.T) {
	for want, given := range map[patience]Patience{
		usualPatience: {},
		{2 * time.Second, 10 * time.Second, 30 * time.Second, 30 * time.Second}: {Connect: 2 * time.Second},
		{5 * time.Second, 3 * time.Second, 30 * time.Second, 30 * time.Second}:  {FirstByte: 3 * time.Second},
		{5 * time.Second, time.Minute, time.Minute, 30 * time.Second}:           {FirstByte: time.Minute},
	} {
		if got := newSource(t, Options{URL: "rtsp://camera.example", Patience: given}).patience; got != want {
			t.Errorf("%+v: %+v, want %+v", given, got, want)
		}
	}
	s := newSource(t, Options{URL: "rtsp://camera.example", Patience: Patience{Silence: time.Minute}})
	s.silence.Picture(time.Now())
	if got := s.silence.Allowed(); got != time.Minute {
		t.Errorf("it may be silent for %v, want a minute", got)
	}
}
