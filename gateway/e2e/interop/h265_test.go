package interop

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/e2e/rig"
)

// TestCameraOfH265IsShown has everybody watch a camera that sends H.265, with
// nothing else configured: as it comes who can show that, and all others as H.264
// and JPEG.
func TestCameraOfH265IsShown(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg", "ffprobe")
	source := rig.RTSPServerOf(t, "h265", rig.NumberedH265(t, 600))
	s := rig.Start(t, "cameras: {front: {source: '"+source+"', keep: always}}")
	t.Run("JPEG", func(t *testing.T) { rig.ExpectNumbers(t, s, "front", 20) })
	for query, want := range map[string]string{"": "h264,avc1", "?codec=h264": "h264,avc1", "?codec=h265": "hevc,hvc1"} {
		t.Run("MP4"+query, func(t *testing.T) {
			movie := s.URL + "/live/front.mp4" + query
			out, err := rig.Program(t, "ffprobe", "-v", "error", "-show_entries", "stream=codec_name,codec_tag_string", "-of", "csv=p=0", movie).Output()
			if got := strings.TrimSpace(string(out)); err != nil || got != want {
				t.Errorf("%v: %q, want %q", err, got, want)
			}
			rig.ExpectRaw(t, rig.Program(t, "ffmpeg", "-hide_banner", "-i", movie, "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"), 20)
		})
	}
	for codecs, want := range map[string]string{"h265 h264 jpeg": "h265", "h264 jpeg": "h264", "jpeg": "jpeg"} {
		t.Run("a player of "+codecs, func(t *testing.T) {
			if got := helloTo(t, s, strings.Fields(codecs)); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

// helloTo gives the codec of what a player is shown that can show these.
func helloTo(t *testing.T, s *rig.Server, codecs []string) string {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"framegate.v1"}}
	conn, _, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/live/front", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(rig.Ceiling))
	if err := conn.WriteJSON(map[string]any{"type": "hello", "codecs": codecs}); err != nil {
		t.Fatal(err)
	}
	for {
		kind, message, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		var hello struct{ Type, Codec string }
		if kind == websocket.TextMessage && json.Unmarshal(message, &hello) == nil && hello.Type == "hello" {
			return hello.Codec
		}
	}
}
