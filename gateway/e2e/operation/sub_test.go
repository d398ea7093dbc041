package operation

import (
	"bytes"
	"encoding/json"
	"image/jpeg"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// filming starts a camera over RTSP that sends H.264 of a size, until the test or close
// ends it.
func filming(t *testing.T, width, height int) (url string, close func()) {
	t.Helper()
	footage, err := camtest.NewFootage(camtest.FootageOptions{Codec: "h264", Width: width, Height: height, Rate: 10, Seconds: 4})
	if err != nil {
		t.Fatal(err)
	}
	c, err := camtest.NewFakeCamera(camtest.FakeOptions{Footage: footage, Protocol: "rtsp"})
	if err != nil {
		t.Fatal(err)
	}
	close = sync.OnceFunc(c.Close)
	t.Cleanup(close)
	return c.URL, close
}

// inStatus is what the status says of a camera's streams.
type inStatus struct {
	Streams []struct {
		Rendition, State string
		Readers, Runs    int
		LastError        *struct{ Text string } `json:"last_error"`
		Encoder          *struct{}
	}
}

// streamsOf gives in a line which streams of a camera there are, and how they are or that
// they are encoded.
func streamsOf(t *testing.T, s *rig.Server) string {
	t.Helper()
	var status inStatus
	if err := json.Unmarshal(s.Get(t, "/api/v1/cameras/front/status", rig.Credentials{}).Content, &status); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, one := range status.Streams {
		said := "own"
		if one.Rendition != "" {
			said = one.Rendition
		}
		switch {
		case one.Readers == 0:
			said += " unread" // and let go soon
		case one.Encoder != nil:
			said += " encoded"
		default:
			said += " " + one.State
		}
		all = append(all, said)
	}
	return strings.Join(all, ", ")
}

// TestSmallPicturesOfACamera come of its sub-stream: untouched for a player, encoded from it
// for who wants JPEGs, and nothing else is connected to. Where that fails the camera stands
// in, and the status says so; whoever watches stays.
func TestSmallPicturesOfACamera(t *testing.T) {
	rig.Need(t, "ffmpeg")
	main, _ := filming(t, 640, 480)
	sub, endSub := filming(t, 320, 240)
	again, _ := filming(t, 320, 240)
	configured := func(sub string) string {
		return "cameras: {front: {source: '" + main + "', sub: '" + sub + "?key=canary'}}\n"
	}
	s := rig.Start(t, configured(sub))

	dialer := websocket.Dialer{Subprotocols: []string{"framegate.v1"}}
	player, _, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/live/front?min_width=300", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer player.Close()
	if err := player.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello","codecs":["h264","jpeg"]}`)); err != nil {
		t.Fatal(err)
	}
	// pictures waits for pictures as wide as that, after all that came before.
	pictures := func(width int) {
		t.Helper()
		_ = player.SetReadDeadline(time.Now().Add(time.Minute))
		for is := 0; ; {
			kind, message, err := player.ReadMessage()
			if err != nil {
				t.Fatalf("waiting for pictures %d wide: %v", width, err)
			}
			var hello struct {
				Type  string
				Width int
			}
			if kind == websocket.TextMessage && json.Unmarshal(message, &hello) == nil && hello.Type == "hello" {
				is = hello.Width
			}
			if kind == websocket.BinaryMessage && is == width {
				return
			}
		}
	}
	pictures(320)
	small := func() bool {
		got := streamsOf(t, s)
		return !strings.Contains(got, "own o") && strings.HasSuffix(got, "own-m320-sub online, sub online")
	}
	rig.Await(t, "the sub-stream alone to be read", small)

	still := s.Get(t, "/live/front.jpg?width=300", rig.Credentials{})
	if size, err := jpeg.DecodeConfig(bytes.NewReader(still.Content)); err != nil || size.Width != 320 || size.Height != 240 {
		t.Errorf("a small picture is %dx%d, %v", size.Width, size.Height, err)
	}
	rig.Await(t, "nothing else to be read for a small picture", small)

	endSub()
	pictures(640)
	rig.Await(t, "the status to tell of it", func() bool { return strings.HasPrefix(streamsOf(t, s), "own online, own-m320-sub online, sub ") })
	a := s.Get(t, "/api/v1/cameras/front/status", rig.Credentials{})
	var status inStatus
	_ = json.Unmarshal(a.Content, &status)
	last := status.Streams[len(status.Streams)-1]
	if last.Rendition != "sub" || last.LastError == nil || last.LastError.Text == "" || strings.Contains(string(a.Content), "canary") {
		t.Errorf("the status says %s", a.Content)
	}

	runs := status.Streams[0].Runs
	rewrite(t, s.Config, configured(again))
	pictures(320)
	rig.Await(t, "the camera to be let go", func() bool { return streamsOf(t, s) == "own unread, own-m320-sub online, sub online" })
	_ = json.Unmarshal(s.Get(t, "/api/v1/cameras/front/status", rig.Credentials{}).Content, &status)
	if status.Streams[0].Runs != runs {
		t.Errorf("a change of the sub-stream has the camera connected to %d times instead of %d", status.Streams[0].Runs, runs)
	}
	player.Close()
	rig.Await(t, "the sub-stream to be let go", func() bool { return strings.HasSuffix(streamsOf(t, s), "sub unread") })

	shown := s.Call(t, http.MethodGet, "/api/v1/cameras/front", nil, rig.Credentials{}, http.StatusOK)
	if text := string(shown.Content); !strings.Contains(text, `"small":true`) || !strings.Contains(text, `/stream?\u003credacted\u003e"`) && !strings.Contains(text, `/stream?<redacted>"`) {
		t.Errorf("the camera is told as %s", text)
	}
}
