package operation

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/e2e/rig"
)

// TestDrain: at its end the server takes nobody new, goes on for who is there, and waits
// for an export that is being made; then all are told to come back, and it ends well.
func TestDrain(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg")
	s := rig.LaunchFlags(t, "limits: {encoders: 2}\nrtsp: {listen: '127.0.0.1:0'}\ncameras: {front: {source: 'upload:', record: {mode: continuous, codec: mjpeg}}}\n", "--drain", rig.Ceiling.String())
	from := time.Now().UTC().Add(-time.Second)
	rig.SendNumbers(t, s, "front")
	rig.Await(t, "something is recorded", func() bool {
		return strings.Contains(metricsOf(t, s), `framegate_recording_last_frame_timestamp_seconds{camera="front"}`)
	})
	watch := func(form string) *rig.OpenStream {
		return s.Open(t, s.Request(t, http.MethodGet, "/live/front."+form, nil, nil), rig.Credentials{}, nil)
	}
	encoded, relayed := watch("mp4"), watch("mjpeg") // the first has the encoder that the export needs
	dialer := websocket.Dialer{Subprotocols: []string{"framegate.v1"}}
	player, answer, err := dialer.Dial("ws"+strings.TrimPrefix(s.URL, "http")+"/live/front", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	defer player.Close()
	if err := player.WriteJSON(map[string]any{"type": "hello", "codecs": []string{"h264", "jpeg"}}); err != nil {
		t.Fatal(err)
	}
	var job struct{ ID, State, URL string }
	ask := func(method, path string, body any, status int) {
		t.Helper()
		if err := json.Unmarshal(s.Call(t, method, path, body, rig.Credentials{}, status).Content, &job); err != nil {
			t.Fatal(err)
		}
	}
	ask(http.MethodPost, "/api/v1/exports", map[string]any{"camera": "front", "from": from, "to": "now", "start": "encode"}, http.StatusCreated)
	rig.Await(t, "the export is being made", func() bool {
		ask(http.MethodGet, "/api/v1/exports/"+job.ID, nil, http.StatusOK)
		return job.State == "running"
	})

	rtsp := s.RTSP(t, false, "front")
	s.Stop()
	refused := func(path string) {
		t.Helper()
		a := s.Get(t, path, rig.Credentials{})
		if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || !strings.Contains(string(a.Content), "about to end") {
			t.Errorf("%s answers %d, Retry-After %q: %s", path, a.StatusCode, a.Header.Get("Retry-After"), a.Content)
		}
	}
	rig.Await(t, "it is not ready", func() bool { return s.Get(t, "/readyz", rig.Credentials{}).StatusCode != http.StatusOK })
	for _, path := range []string{"/readyz", "/live/front.mjpeg", "/live/front.jpg", "/live/front/recording.m3u8"} {
		refused(path)
	}
	if _, answer, err := dialer.Dial("ws"+strings.TrimPrefix(s.URL, "http")+"/live/front", nil); err == nil || answer == nil || answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("another player: %v, %+v", err, answer)
	}
	if status, _ := rig.AskRTSP(t, "DESCRIBE", rtsp, rig.Credentials{}); status != http.StatusServiceUnavailable {
		t.Errorf("by RTSP it answers %d", status)
	}
	if a := s.Get(t, "/healthz", rig.Credentials{}); a.StatusCode != http.StatusOK {
		t.Errorf("it is alive, and answers %d", a.StatusCode)
	}
	had := relayed.Came.Load()
	rig.Await(t, "who watches goes on", func() bool { return relayed.Came.Load() > had+20_000 })
	ask(http.MethodGet, "/api/v1/exports/"+job.ID, nil, http.StatusOK)
	if job.State != "running" {
		t.Errorf("the export is %s", job.State)
	}

	encoded.Conn.Close() // so that the export has its encoder
	for err = nil; err == nil; _, _, err = player.ReadMessage() {
	}
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != websocket.CloseGoingAway {
		t.Errorf("the player is told %v", err)
	}
	<-relayed.Ended
	s.End(t)
	if !strings.Contains(s.Log.String(), `msg="framegate has drained" exports=0`) {
		t.Error("it ended before the export was made")
	}
	s.StartAgain(t)
	ask(http.MethodGet, "/api/v1/exports/"+job.ID, nil, http.StatusOK)
	if a := s.Get(t, job.URL, rig.Credentials{}); job.State != "done" || a.StatusCode != http.StatusOK {
		t.Errorf("the export is %s, and its file answers %d", job.State, a.StatusCode)
	}
}
