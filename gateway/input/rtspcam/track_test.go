package rtspcam

import (
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
)

// TestVideoMarkedAsSent: some cameras call their video "sendonly", by which
// gortsplib understands a way back to them.
func TestVideoMarkedAsSent(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{Answer: described("m=audio 0 RTP/AVP 9\na=control:trackID=7\nm=video 0 RTP/AVP 96\na=sendonly\na=rtpmap:96 H264/90000\na=control:trackID=0\n")})
	run := start(t, newSource(t, Options{URL: camera.URL("/")}))
	awaitPlay(t, camera, 1)
	send(t, camera, rtptest.Packets(t, rtptest.Encoded(t, 1, 160, 120))[0])
	run.next(t)
}
