package server

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/stream"
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

// TestSoundOfAFileIsAskedForAsConfigured.
func TestSoundOfAFileIsAskedForAsConfigured(t *testing.T) {
	clip := filepath.Join(t.TempDir(), "clip.mp4")
	camtest.Output(t, nil, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=2", "-f", "lavfi", "-i", "sine=d=2", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", clip)
	configured := func(sound string) string {
		return "cameras:\n  loop: {source: 'file://" + clip + "', keep: always, sound: " + sound + "}\n"
	}
	s, reload := wired(t, configured("auto"))
	key := stream.Key{Camera: "loop"}
	await(t, "sound", func() bool { return s.hub.Sounds(key).Frames > 0 })
	before, _ := s.hub.Newest(key)
	reload(configured("off"))
	await(t, "pictures without sound", func() bool {
		now, ok := s.hub.Newest(key)
		return ok && now.Run > before.Run && now.PTS > 12*time.Second // two seconds of it
	})
	if s.hub.Sounds(key).Format != nil {
		t.Error("there is sound that nobody wants")
	}
}

// TestPublishersAreSilentAsConfigured, from the moment on that it is.
func TestPublishersAreSilentAsConfigured(t *testing.T) {
	s, reload := wired(t, "cameras:\n  phone: {source: 'upload:', sound: off}\n  tablet: {source: 'upload:'}\n")
	silent := s.uploadOptions(s.settings().Limits).Silent
	if !silent("phone") || silent("tablet") || silent("nobody") {
		t.Errorf("silent: phone %v, tablet %v, nobody %v", silent("phone"), silent("tablet"), silent("nobody"))
	}
	reload("cameras:\n  phone: {source: 'upload:'}\n  tablet: {source: 'upload:', sound: off}\n")
	if silent("phone") || !silent("tablet") {
		t.Errorf("after a reload silent: phone %v, tablet %v", silent("phone"), silent("tablet"))
	}
}
