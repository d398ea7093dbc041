package api

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/secret"
	"framegate/gateway/stream"
)

// A camera's status as an admin and as a viewer sees it, before, during and
// after a run of its source.
func TestStatusOfACamera(t *testing.T) {
	r := newRig(t)
	admin, viewer := r.admin(), r.as(r.token("v", "view:gate"))
	status := func(c client) (s cameraStatus) {
		t.Helper()
		c.do("GET", "/api/v1/cameras/gate/status", nil).want(200).into(&s)
		return s
	}
	if s := status(viewer); s.State != "idle" || len(s.Streams) != 0 || s.FrameAgeMs != nil || s.Links["mjpeg"] != "/live/gate.mjpeg" || s.Links["publish"] != "" {
		t.Errorf("before: %+v", s)
	}
	ended := 0
	reader, err := r.hub.Open(stream.Key{Camera: "gate"}, stream.ReadOptions{
		Client: &stream.Client{Form: "framegate.v1", Address: "192.0.2.3", Principal: "user:anna", Exit: &stream.Exit{End: func() { ended++ }}},
	})
	must(t, err)
	defer reader.Close()
	r.sources["gate"].next <- picture
	waitFor(t, "a frame", func() bool { return status(viewer).State == "online" })
	_, err = reader.Next(t.Context())
	must(t, err)
	reader.Report(stream.Report{Shown: 100, Dropped: 2, Buffer: 20 * time.Millisecond, Delay: 150 * time.Millisecond})
	r.gateway.change(func() {
		r.gateway.encoders = []Encoder{{Camera: "gate", Dropped: 5, FPS: 10}, {Camera: "gate", Rendition: "h264", Waiting: true}}
	})
	s := status(admin)
	if s.Codec != "jpeg" || s.Width != 640 || s.Height != 480 || s.Viewers != 1 || s.FrameAgeMs == nil || len(s.Streams) != 1 || s.Streams[0].Frames != 1 || s.Streams[0].Runs != 1 {
		t.Errorf("during: %+v", s)
	}
	if e := s.Streams[0].Encoder; e == nil || *e != (encoder{State: "overloaded", Dropped: 5, FPS: 10}) {
		t.Errorf("its ffmpeg is %+v", e)
	}
	want := []watcher{{Camera: "gate", Form: "framegate.v1", Codec: "jpeg", Address: "192.0.2.3", Principal: "user:anna",
		Player: &player{Shown: 100, Dropped: 2, BufferMs: 20, DelayMs: 150}}}
	if len(s.Watching) == 1 {
		want[0].Since, want[0].ID = s.Watching[0].Since, s.Watching[0].ID
	}
	if !cmp.Equal(s.Watching, want) {
		t.Errorf("watching: %s", cmp.Diff(want, s.Watching))
	}
	if s := status(viewer); s.Watching != nil || s.Viewers != 1 {
		t.Errorf("a viewer sees who watches: %+v", s)
	}
	at := "/api/v1/viewers/" + strconv.FormatUint(want[0].ID, 10)
	viewer.do("DELETE", at, nil).want(404)
	admin.do("DELETE", at+"0", nil).want(404)
	if admin.do("DELETE", at, nil).want(204); ended != 1 || !strings.Contains(r.log.String(), "principal=user:anna by=\"token:admin "+t.Name()) {
		t.Errorf("ended %d times; %s", ended, r.log)
	}
	r.sources["gate"].fail <- &url.Error{Op: "Get", URL: "http://192.0.2.7/mjpeg?pwd=canary-query", Err: errors.New("connection refused")}
	waitFor(t, "the failure", func() bool { return status(viewer).LastError != nil })
	if e := status(viewer).LastError; e.Text != "unreachable" || time.Since(e.At) > time.Minute {
		t.Errorf("a viewer sees %+v", e)
	}
	a := admin.do("GET", "/api/v1/cameras/gate/status", nil).says("connection refused").says(`"failures":1`)
	if strings.Contains(string(a.body), "canary") {
		t.Errorf("a secret is answered: %s", a.body)
	}
}

// TestErrorsAreToldWithoutSecrets in whatever spelling, and wherever in an error
// they are.
func TestErrorsAreToldWithoutSecrets(t *testing.T) {
	c := Camera{Camera: fileCamera(t, "a", keys{"source": "http://192.0.2.1/x?user=u&pwd=canary1", "username": "u", "password": "canary 2"})}
	for _, err := range []error{
		errors.New("dialling http://192.0.2.1/x?user=u&pwd=canary1: refused"),
		errors.New("Authorization: u:canary 2"), errors.New("pass=canary+2"), errors.New("pass=canary%202"),
		errors.New("Authorization: Basic dTpjYW5hcnkgMg=="),
		&url.Error{Op: "Get", URL: "http://192.0.2.1/x?pwd=canary1", Err: errors.New("Basic dTpjYW5hcnkgMg==: refused")},
	} {
		got := statusOf(stream.Stats{LastError: err}, c, true).LastError.Text
		if strings.Contains(got, "canary") || strings.Contains(got, "dTpjYW5hcnkgMg") || !strings.Contains(got, secret.Redacted) {
			t.Errorf("%q is told as %q", err, got)
		}
		trouble := stream.Stats{Sound: stream.Sound{Trouble: err}}
		if text := soundTroubleOf(trouble, c, true); text != got {
			t.Errorf("of sound %q is told as %q", err, text)
		}
		if text := soundTroubleOf(trouble, c, false); text != "left out" {
			t.Errorf("who is no admin is told %q", text)
		}
	}
}

func TestStatusOfAll(t *testing.T) {
	r := newRig(t)
	see := func(c client) (all []string) {
		t.Helper()
		var o overview
		c.do("GET", "/api/v1/status", nil).want(200).into(&o)
		if o.Version != "test" || o.Started.IsZero() {
			t.Errorf("%+v", o)
		}
		for _, s := range o.Cameras {
			all = append(all, s.ID)
		}
		return all
	}
	if got := see(r.admin()); !cmp.Equal(got, []string{"gate", "phone"}) {
		t.Errorf("an admin sees %v", got)
	}
	if got := see(r.as(r.token("v", "view:phone"))); !cmp.Equal(got, []string{"phone"}) {
		t.Errorf("a viewer sees %v", got)
	}
	r.as(r.token("p", "view:phone", "publish:phone")).do("GET", "/api/v1/status", nil).says("/live/phone/publish")
}

func TestPublishersAreForAdmins(t *testing.T) {
	r := newRig(t)
	r.gateway.publishers = []Publisher{{Camera: "phone", Address: "192.0.2.5", Principal: "user:anna", Since: time.Now()}}
	r.admin().do("GET", "/api/v1/publishers", nil).want(200).says("192.0.2.5").says("user:anna")
	r.as(r.token("v", "view:*")).do("GET", "/api/v1/publishers", nil).want(404)
}
