package server

import (
	"strings"
	"testing"

	"framegate/gateway/camtest"
)

// TestSoundIsAskedForAsConfigured, and a camera is asked anew as soon as it is
// configured otherwise.
func TestSoundIsAskedForAsConfigured(t *testing.T) {
	const sdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:v\r\nm=audio 0 RTP/AVP 8\r\na=control:s\r\n"
	camera, err := camtest.NewRTSPTextCamera(camtest.RTSPTextOptions{SDP: sdp})
	if err != nil {
		t.Fatal(err)
	}
	defer camera.Close()
	configured := func(sound string) string {
		return "cameras:\n  front: {source: '" + camera.URL("/cam") + "', keep: always, sound: " + sound + "}\n"
	}
	// asked gives what the camera was asked for in the last run that it was to play in.
	asked := func() (last string) {
		setUp := ""
		for _, r := range camera.Requests() {
			switch r.Method {
			case "SETUP":
				setUp += r.URL[strings.LastIndex(r.URL, "/")+1:]
			case "PLAY":
				last, setUp = setUp, ""
			}
		}
		return last
	}
	_, reload := wired(t, configured("auto"))
	await(t, "asked for sound", func() bool { return asked() == "vs" })
	reload(configured("off"))
	await(t, "asked for its video alone", func() bool { return asked() == "v" })
	reload(configured("auto"))
	await(t, "asked for sound again", func() bool { return asked() == "vs" })
}
