package rtspcam

import (
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"framegate/gateway/camtest"
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
	video := &format.H264{PayloadTyp: 97}
	medias := offer(&format.MJPEG{}, video, &format.H264{PayloadTyp: 98})
	got, err := chooseTrack(&description.Session{BaseURL: new(base.URL), Medias: medias}, nil, budget{bytes: 1000})
	if err != nil || got.format != video || got.media != medias[1] {
		t.Errorf("chosen: %+v, %v", got, err)
	}
}

// TestVideoMarkedAsSent: some cameras call their video "sendonly", by which
// gortsplib understands a way back to them.
func TestVideoMarkedAsSent(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{Answer: described("m=audio 0 RTP/AVP 0\na=control:trackID=7\nm=video 0 RTP/AVP 96\na=sendonly\na=rtpmap:96 H264/90000\na=control:trackID=0\n")})
	run := start(t, newSource(t, Options{URL: camera.URL("/")}))
	awaitPlay(t, camera, 1)
	send(t, camera, packets(t, encoded(t, 1, 160, 120))[0])
	run.next(t)
}
