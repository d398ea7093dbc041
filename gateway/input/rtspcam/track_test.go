package rtspcam

import (
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
)

func TestAnnouncedSize(t *testing.T) {
	for sdp, want := range map[string][2]int{
		"v=0\r\na=x-dimensions:2304,1296\r\na=control:x\r\n": {2304, 1296},
		"a=framesize:26 4096-2160\n":                         {4096, 2160},
		"a=x-dimensions:99999999,1\r\n":                      {0, 0},
		"b=x-dimensions:1,1":                                 {0, 0},
		"":                                                   {0, 0},
	} {
		if w, h := announcedSize([]byte(sdp)); w != want[0] || h != want[1] {
			t.Errorf("%q tells %dx%d", sdp, w, h)
		}
	}
}

// TestH264IsPreferred, wherever it stands.
func TestH264IsPreferred(t *testing.T) {
	d, err := readSDP([]byte("v=0\nm=video 0 RTP/AVP 26\na=control:a\nm=video 0 RTP/AVP 97 98\na=rtpmap:97 H264/90000\na=rtpmap:98 H264/90000\na=control:b\nm=video 0 RTP/AVP 99\na=rtpmap:99 H264/90000\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, others, err := d.choose()
	if err != nil || got.kind != 97 || got.stream.control != "b" || len(others) != 3 {
		t.Errorf("chosen: %+v, and not %q, %v", got, others, err)
	}
}

// TestVideoMarkedAsSent: some cameras call their video "sendonly", by which
// gortsplib understands a way back to them.
func TestVideoMarkedAsSent(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{Answer: described("m=audio 0 RTP/AVP 0\na=control:trackID=7\nm=video 0 RTP/AVP 96\na=sendonly\na=rtpmap:96 H264/90000\na=control:trackID=0\n")})
	run := start(t, newSource(t, Options{URL: camera.URL("/")}))
	awaitPlay(t, camera, 1)
	send(t, camera, rtptest.Packets(t, rtptest.Encoded(t, 1, 160, 120))[0])
	run.next(t)
}
