package operation

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"framegate/gateway/e2e/rig"
	"framegate/gateway/onvif/onviftest"
)

// TestTurnedCamerasStop: a camera stops when who turned it is gone before it answered, and
// when the server ends.
func TestTurnedCamerasStop(t *testing.T) {
	came, gone := make(chan struct{}), make(chan struct{})
	var once sync.Once
	camera := (&onviftest.Camera{Username: "u", Password: "pw", Answer: func(question string) (int, string) {
		if question == "ContinuousMove" {
			once.Do(func() { close(came); <-gone })
		}
		return 0, ""
	}}).Start(t)
	s := rig.Start(t, "cameras: {front: {source: 'rtsp://127.0.0.1:1/x', username: u, password: pw, onvif: '"+camera.URL+"'}}")
	move := func(ctx context.Context, body string) (int, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/v1/cameras/front/ptz", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err
		}
		a.Body.Close()
		return a.StatusCode, nil
	}
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-came
		leave()
	}()
	if status, err := move(ctx, `{"pan": 0.5, "for": "100ms"}`); err == nil {
		t.Fatalf("answered with %d before the camera did", status)
	}
	close(gone)
	rig.Await(t, "the stop", func() bool { return slices.Equal(camera.Told(), []string{"move 0.5 0 for PT1S", "stop"}) })
	if status, err := move(t.Context(), `{"zoom": -1, "for": "5s"}`); status != http.StatusNoContent {
		t.Fatalf("status %d, %v", status, err)
	}
	s.EndInTime(t)
	if told := camera.Told(); !slices.Equal(told[2:], []string{"move zoom -1 for PT5S", "stop"}) {
		t.Errorf("told %q", told)
	}
}
