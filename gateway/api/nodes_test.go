package api

import (
	"errors"
	"testing"
	"time"

	"framegate/gateway/api/events"
	"framegate/gateway/stream"
)

// TestOwnersSayHowCamerasAre: of a camera of another node what that says is shown and
// told, and not what this server sees of it; why it is offline hear admins alone.
func TestOwnersSayHowCamerasAre(t *testing.T) {
	r := newRig(t)
	since := time.Now().Add(-time.Hour).Truncate(time.Second)
	nodes := func(c NodeCamera) {
		r.gateway.change(func() { r.gateway.nodes = map[string]NodeCamera{"gate": c, "phone": {Node: "a", Own: true}} })
	}
	nodes(NodeCamera{Node: "b", Unsaid: true})
	admin, viewer := r.admin(), r.as(r.token("v", "view:gate", "view:phone"))
	r.run()
	ears := admin.hear()
	status := func(c client) (s cameraStatus) {
		t.Helper()
		c.do("GET", "/api/v1/cameras/gate/status", nil).want(200).into(&s)
		return s
	}
	if s := status(admin); s.State != "idle" || s.Node != "b" || s.Since != nil {
		t.Errorf("before b says anything: %+v", s)
	}
	nodes(NodeCamera{Node: "b", State: stream.Online, Since: since})
	ears.expect(events.CameraOnline, "gate")
	if s := status(admin); s.State != "online" || s.Node != "b" || s.Since == nil || !s.Since.Equal(since) {
		t.Errorf("of one that is online at b: %+v", s)
	}
	nodes(NodeCamera{Node: "b", State: stream.Offline, Why: errors.New("the camera refuses the login"), Since: since.Add(time.Minute)})
	if e := ears.expect(events.CameraOffline, "gate"); e.Reason != "" {
		t.Errorf("%+v", e)
	}
	if s := status(admin); s.State != "offline" || s.LastError == nil || s.LastError.Text != "the camera refuses the login" || !s.LastError.At.Equal(since.Add(time.Minute)) {
		t.Errorf("of one that is offline at b: %+v", s)
	}
	if s := status(viewer); s.State != "offline" || s.LastError.Text != "unreachable" || s.Node != "" {
		t.Errorf("a viewer sees %+v", s)
	}
	nodes(NodeCamera{Node: "a", Own: true, State: stream.Idle, Since: since})
	ears.expect(events.CameraIdle, "gate") // as this server sees it itself
	if s := status(admin); s.State != "idle" || s.Node != "a" || s.LastError != nil {
		t.Errorf("of one of its own: %+v", s)
	}
}
