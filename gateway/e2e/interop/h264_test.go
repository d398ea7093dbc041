package interop

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestCamerasOfH264AreShown watches cameras that send H.264 as JPEGs, as sent
// and smaller, with nothing else configured.
func TestCamerasOfH264AreShown(t *testing.T) {
	t.Parallel()
	clip := rig.NumberedClip(t, 600)
	port := rig.HeldPort(t)
	for name, source := range map[string]string{
		"RTSP":    rig.RTSPServer(t, clip),
		"a file":  "file://" + clip,
		"MPEG-TS": fmt.Sprintf("tcp-listen://127.0.0.1:%d", port),
	} {
		t.Run(name, func(t *testing.T) {
			s := rig.Start(t, fmt.Sprintf("cameras: {front: {source: '%s', keep: always}}", source))
			if name == "MPEG-TS" {
				sender := rig.Program(t, "sh", "-c", fmt.Sprintf(
					"until ffmpeg -v error -re -i '%s' -c copy -f mpegts tcp://127.0.0.1:%d; do sleep 0.1; done", clip, port))
				if err := sender.Start(); err != nil {
					t.Fatal(err)
				}
			}
			rig.ExpectNumbers(t, s, "front", 20)
			s.Ask(t, rig.Question{Name: "snapshot", Path: "/live/front.jpg", Status: http.StatusOK})
			s.Ask(t, rig.Question{Name: "smaller snapshot", Path: "/live/front.jpg?width=160", Status: http.StatusOK})
		})
	}
}

// TestEncoderConnectsBeforeViewers: a camera that dials us is taken while nobody
// watches, and without an ffmpeg of ours.
func TestEncoderConnectsBeforeViewers(t *testing.T) {
	t.Parallel()
	port := rig.HeldPort(t)
	s := rig.Start(t, fmt.Sprintf("cameras: {front: {source: 'tcp-listen://127.0.0.1:%d'}}", port))
	var sent net.Conn
	rig.Await(t, "the encoder is let in", func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		sent = conn
		return err == nil
	})
	sent.Close()
	sender := rig.Program(t, "ffmpeg", "-v", "error", "-re", "-i", rig.NumberedClip(t, 600), "-c", "copy", "-f", "mpegts", fmt.Sprintf("tcp://127.0.0.1:%d", port))
	if err := sender.Start(); err != nil {
		t.Fatal(err)
	}
	rig.Await(t, "its pictures come", func() bool {
		response, err := http.Get(s.URL + "/api/v1/cameras/front/status")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		var said struct{ State string }
		text, _ := io.ReadAll(response.Body)
		return json.Unmarshal(text, &said) == nil && said.State == "online"
	})
	rig.ExpectNumbers(t, s, "front", 5)
}
