package rtspcam

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
)

// impatient is for tests that wait until patience is at an end.
var impatient = patience{connect: 300 * time.Millisecond, answer: 300 * time.Millisecond, describe: 300 * time.Millisecond, picture: 300 * time.Millisecond}

// newCamera starts a camera that ends with the test. It offers H.264 if nothing
// else is said.
func newCamera(t *testing.T, options camtest.RTSPOptions) *camtest.RTSPCamera {
	t.Helper()
	if options.Medias == nil {
		options.Medias = offer(&format.H264{PayloadTyp: 96, PacketizationMode: 1})
	}
	c, err := camtest.NewRTSPCamera(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// offer is a stream of video for each format.
func offer(formats ...format.Format) []*description.Media {
	var medias []*description.Media
	for _, f := range formats {
		medias = append(medias, &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{f}})
	}
	return medias
}

// awaitPlay waits until a camera was asked to play n times.
func awaitPlay(t *testing.T, c *camtest.RTSPCamera, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), generous)
	defer cancel()
	if err := c.AwaitPlay(ctx, n); err != nil {
		t.Fatalf("camera was not asked to play: %v", err)
	}
}

// send sends packets, which the camera's queue must have room for.
func send(t *testing.T, c *camtest.RTSPCamera, packets []*rtp.Packet) {
	t.Helper()
	for _, p := range packets {
		if err := c.Send(p); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFrameBeforeNextPacket: over every transport, and for either codec, each
// frame is emitted before the camera sends anything more.
func TestFrameBeforeNextPacket(t *testing.T) {
	const n = 12
	h264 := offer(&format.H264{PayloadTyp: 96, PacketizationMode: 1})
	streams := map[string]struct {
		medias []*description.Media
		groups func() [][]*rtp.Packet
	}{
		"H.264":                       {h264, func() [][]*rtp.Packet { return rtptest.Packets(t, rtptest.Encoded(t, n, 160, 120)) }},
		"H.265":                       {offer(&format.H265{PayloadTyp: 96}), func() [][]*rtp.Packet { return rtptest.PacketsH265(t, rtptest.EncodedH265(t, n, 160, 120)) }},
		"JPEG":                        {offer(&format.MJPEG{}), func() [][]*rtp.Packet { return rtptest.JPEGPackets(t, n) }},
		"JPEG of a number of its own": {offer(&format.Generic{PayloadTyp: 97, RTPMa: "JPEG/90000", ClockRat: 90000}), func() [][]*rtp.Packet { return rtptest.JPEGPackets(t, n) }},
		"H.264 beside JPEG":           {append(slices.Clone(h264), offer(&format.MJPEG{})...), func() [][]*rtp.Packet { return rtptest.Packets(t, rtptest.Encoded(t, n, 160, 120)) }},
	}
	for name, s := range streams {
		groups := s.groups()
		for way, c := range map[string]struct {
			camera camtest.RTSPOptions
			opt    Options
		}{
			"TCP":             {camtest.RTSPOptions{}, Options{Transport: TCP}},
			"UDP":             {camtest.RTSPOptions{UDP: true}, Options{Transport: UDP}},
			"automatic":       {camtest.RTSPOptions{UDP: true}, Options{}},
			"TCP refused":     {camtest.RTSPOptions{UDP: true, RefuseTCP: true}, Options{}},
			"TLS":             {camtest.RTSPOptions{TLS: true}, Options{InsecureTLS: true}},
			"UDP with TLS":    {camtest.RTSPOptions{TLS: true, UDP: true}, Options{InsecureTLS: true, Transport: UDP}},
			"with a password": {camtest.RTSPOptions{Username: "viewer", Password: "p:ä\"s"}, Options{Username: "viewer", Password: "p:ä\"s"}},
		} {
			t.Run(name+", "+way, func(t *testing.T) {
				t.Parallel()
				c.camera.Medias = s.medias
				camera := newCamera(t, c.camera)
				c.opt.URL = camera.URL("/video")
				run := start(t, newSource(t, c.opt))
				awaitPlay(t, camera, 1)
				var frames []media.Frame
				for _, group := range copied(groups) {
					send(t, camera, group)
					frames = append(frames, run.next(t))
				}
				rtptest.WantNumbers(t, frames, rtptest.Span(0, n))
				if len(run.frames) > 0 {
					t.Errorf("%d frames too many", len(run.frames))
				}
				if got := camera.Setups(); got != 1 {
					t.Errorf("%d streams set up", got)
				}
			})
		}
	}
}

// TestWallClock: the time of day comes from the camera's reports, with its
// fraction of a second, if it may be true.
func TestWallClock(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{Medias: offer(&format.MJPEG{})})
	run := start(t, newSource(t, Options{URL: camera.URL("/")}))
	awaitPlay(t, camera, 1)
	groups := rtptest.JPEGPackets(t, 4)
	const ntpEpoch = 2208988800 // 1900-01-01 in seconds before 1970
	ntp := func(at time.Time) uint64 {
		return uint64(at.Unix()+ntpEpoch)<<32 | uint64(at.Nanosecond())<<32/uint64(time.Second)
	}
	send(t, camera, groups[0])
	if age := time.Since(run.next(t).Wall); age < 0 || age > generous {
		t.Errorf("without a report, taken %v ago", age)
	}
	now := time.Now().Truncate(time.Second).Add(-2500 * time.Millisecond)
	for i, c := range []struct{ says, want time.Time }{
		{now, now.Add(33333333)},
		{now.AddDate(-30, 0, 0), time.Time{}},
		{now.Add(5 * time.Second), time.Time{}},
	} {
		if err := camera.Report(ntp(c.says), rtptest.TicksOf(i)); err != nil {
			t.Fatal(err)
		}
		send(t, camera, groups[i+1])
		got := run.next(t).Wall
		if c.want.IsZero() && time.Since(got).Abs() > generous || !c.want.IsZero() && got.Sub(c.want).Abs() > time.Microsecond {
			t.Errorf("report of %v: taken at %v, want %v", c.says, got, c.want)
		}
	}
}

// TestUDPOutOfOrder: packets over UDP come doubled and late, and nothing is
// missing.
func TestUDPOutOfOrder(t *testing.T) {
	const n = 12
	camera := newCamera(t, camtest.RTSPOptions{UDP: true})
	run := start(t, newSource(t, Options{URL: camera.URL("/"), Transport: UDP}))
	awaitPlay(t, camera, 1)
	var frames []media.Frame
	for i, group := range rtptest.Packets(t, rtptest.Encoded(t, n, 160, 120)) {
		if i > 0 {
			slices.Reverse(group)
			group = append(group, group...)
		}
		send(t, camera, group)
		frames = append(frames, run.next(t))
	}
	rtptest.WantNumbers(t, frames, rtptest.Span(0, n))
}

// TestUDPLoss: what follows a lost packet is not shown, up to the keyframe.
// gortsplib waits for the packet first, until 64 others came.
func TestUDPLoss(t *testing.T) {
	const n = 60
	camera := newCamera(t, camtest.RTSPOptions{UDP: true})
	run := start(t, newSource(t, Options{URL: camera.URL("/"), Transport: UDP}))
	awaitPlay(t, camera, 1)
	for i, group := range rtptest.Packets(t, rtptest.Encoded(t, n, 160, 120)) {
		if i == 4 {
			group = group[1:]
		}
		send(t, camera, group)
		time.Sleep(time.Millisecond) // for the socket's buffer: UDP may lose more than was asked for
	}
	frames := run.take(t, n-6)
	rtptest.WantNumbers(t, frames, append(rtptest.Span(0, 4), rtptest.Span(10, n)...))
}
