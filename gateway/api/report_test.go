package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"framegate/gateway/stream"
)

// reportOfB is what a node says that has the camera gate, keeps some of it, and shows it to
// two.
func reportOfB(t *testing.T) *Report {
	t.Helper()
	r, err := ReadReport([]byte(`{
		"cameras": [{"id": "gate", "name": "", "state": "online", "codec": "h264", "width": 1920, "height": 1080, "fps": 25, "frame_age_ms": 40, "viewers": 2,
			"last_error": {"text": "connection reset", "at": "2026-11-20T10:00:00Z"}, "sound_trouble": "G.722 is not taken",
			"streams": [{"rendition": "", "state": "online", "fps": 25, "last_error": {"text": "connection reset", "at": "2026-11-20T10:00:00Z"}}], "links": {}},
			{"id": "phone", "name": "", "state": "online", "fps": 9, "viewers": 0, "streams": [], "links": {}}],
		"recorded": {"gate": {"mode": "continuous", "state": "recording", "kept": {"segments": 3, "bytes": 3000, "protected": 10, "oldest": "2026-11-20T09:00:00Z", "lasts_days": 12, "bound": "max_age"}}},
		"viewers": {"gate": 2},
		"watching": [{"id": 7, "camera": "gate", "rendition": "", "form": "mjpeg", "address": "192.0.2.9", "principal": "user:bert", "since": "2026-11-20T10:00:00Z", "dropped": 0}],
		"recordings": {"volume": "v", "free": 100, "total": 1000, "recorded": 3000, "protected": 10, "crammed": false, "sync_s": 1, "slow_sync": false},
		"troubles": [{"name": "clock", "code": "clock_wrong", "text": "the clock is wrong", "since": "2026-11-20T10:00:00Z"}]}`))
	must(t, err)
	return r
}

// TestStatusOfAllNodes: a camera of another node is shown as that says, to each as much as
// is for them; viewers and what is kept are summed up; disks are shown by node; and of a
// node that is away that is said.
func TestStatusOfAllNodes(t *testing.T) {
	r := newRig(t)
	r.gateway.change(func() {
		r.gateway.nodes = map[string]NodeCamera{"gate": {Node: "b", State: stream.Online, Since: time.Now()}, "phone": {Node: "c", State: stream.Offline, Since: time.Now()}}
		r.gateway.reports = []NodeReport{{Node: "b", Report: reportOfB(t), At: time.Now()}, {Node: "c"}}
		r.gateway.room = RecordingRoom{Volume: "own", Free: 50, Total: 500, Recorded: 700}
		r.gateway.recordings = []Recording{{Camera: "gate", Mode: "off", State: "off", Kept: Kept{Segments: 2, Bytes: 700, Oldest: time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC)}}}
	})
	reader, err := r.hub.Open(stream.Key{Camera: "gate"}, stream.ReadOptions{Client: &stream.Client{Form: "mjpeg", Address: "192.0.2.3", Principal: "user:anna"}})
	must(t, err)
	defer reader.Close()
	admin, viewer := r.admin(), r.as(r.token("v", "view:gate", "playback:gate", "view:phone"))
	status := func(c client) (o overview) {
		t.Helper()
		c.do("GET", "/api/v1/status", nil).want(200).into(&o)
		return o
	}
	of := func(o overview, id string) cameraStatus {
		for _, c := range o.Cameras {
			if c.ID == id {
				return c
			}
		}
		t.Fatalf("there is no %s", id)
		return cameraStatus{}
	}
	all := status(admin)
	gate := of(all, "gate")
	if gate.State != "online" || gate.Codec != "h264" || gate.FPS != 25 || gate.Name != "The gate" || gate.Viewers != 3 || len(gate.Streams) != 1 || gate.LastError.Text != "connection reset" || gate.LeftOut != "G.722 is not taken" || gate.Away {
		t.Errorf("gate is %+v", gate)
	}
	if w := gate.Watching; len(w) != 2 || w[0].Node != "a" || w[1].Node != "b" || w[1].ID != 7 {
		t.Errorf("who watches: %+v", w)
	}
	if k := gate.Recording; k == nil || k.State != "recording" || k.Kept.Segments != 5 || k.Kept.Bytes != 3700 || k.Kept.LastsDays != 12 || k.Kept.Oldest.Day() != 19 || len(k.KeptAt) != 2 || k.KeptAt[0].Node != "a" || k.KeptAt[1].Kept.Bytes != 3000 {
		t.Errorf("its recording: %+v", k)
	}
	if phone := of(all, "phone"); phone.State != "offline" || !phone.Away || phone.FPS != 0 {
		t.Errorf("a camera of a node that is away, and that another speaks of: %+v", phone)
	}
	if n := all.Nodes; len(n) != 3 || n[0].Node != "a" || !n[0].Own || n[0].Recordings.Total != 500 || n[1].Recordings.Total != 1000 || n[1].Troubles[0].Name != "clock" || n[1].Recorded[0].State != "recording" || n[1].Viewers != 2 || !n[2].Away || n[2].Recordings != nil {
		t.Errorf("nodes: %+v", n)
	}
	if c := all.Cluster; c == nil || *c != (clusterTotals{Nodes: 3, Away: 1, Cameras: 2, Online: 1, Offline: 1, Viewers: 3, Recording: 1, Recorded: 3700, Free: 150, Total: 1500}) {
		t.Errorf("in all: %+v", c)
	}
	seen := status(viewer)
	gate = of(seen, "gate")
	if gate.LastError.Text != "unreachable" || gate.Streams[0].LastError.Text != "unreachable" || gate.LeftOut != "left out" || gate.Watching != nil || gate.Recording.KeptAt != nil || gate.Recording.Kept.Bytes != 3700 || gate.Viewers != 3 || seen.Nodes != nil || seen.Cluster != nil {
		t.Errorf("a viewer sees %+v of %+v", gate, seen)
	}
	if again := of(status(admin), "gate"); again.LastError.Text != "connection reset" || again.Streams[0].LastError.Text != "connection reset" {
		t.Errorf("what is hidden from some is gone for all: %+v", again)
	}

	var list viewerList
	admin.do("GET", "/api/v1/viewers", nil).want(200).into(&list)
	if w := list.Viewers; len(w) != 2 || w[0].Node != "b" || w[1].Node != "a" {
		t.Errorf("the list: %+v", w)
	}
	admin.do("DELETE", "/api/v1/viewers/7?node=b", nil).want(204)
	admin.do("DELETE", "/api/v1/viewers/8?node=b", nil).want(404)
	admin.do("DELETE", "/api/v1/viewers/7?node=c", nil).want(503)
	viewer.do("DELETE", "/api/v1/viewers/7?node=b", nil).want(404)

	text, err := r.Report()
	must(t, err)
	own, err := ReadReport(text)
	must(t, err)
	if len(own.Cameras) != 0 || own.Viewers["gate"] != 1 || len(own.Watching) != 1 || own.Recorded["gate"].Kept.Bytes != 700 || own.Recordings.Recorded != 700 {
		t.Errorf("of itself a says %s", text)
	}
}

// TestReportsThatCannotBe are refused, each as a whole.
func TestReportsThatCannotBe(t *testing.T) {
	good, err := json.Marshal(reportOfB(t))
	must(t, err)
	if _, err := ReadReport(good); err != nil {
		t.Fatal(err)
	}
	for _, lie := range [][2]string{
		{`"state":"online"`, `"state":"on fire"`},
		{`"state":"recording"`, `"state":"constructor"`},
		{`"bound":"max_age"`, `"bound":"never"`},
		{`"code":"clock_wrong"`, `"code":"<b>"`},
		{`"viewers":2,`, `"viewers":-2,`},
		{`"free":100`, `"free":-1`},
		{`"gate":2`, `"gate":-7`},
		{`"id":"phone"`, `"id":"gate"`},
		{`"user:bert"`, `"` + strings.Repeat("x", maxReportS+1) + `"`},
		{`"watching":[`, `"watching":[{"id":7},`},
		{`"troubles":[`, `"troubles":[{"name":"clock"},`},
		{`"rendition":"","state":"online",`, `"rendition":"","state":"online"},{"rendition":"","state":"online",`},
		{`"watching":[`, `"watching":[` + strings.Repeat(`{},`, maxReported)},
		{`"watching":[`, `"more":[` + strings.Repeat(`{},`, maxParts) + `{}],"watching":[`},
		{`"width":1920`, `"width":"wide"`},
	} {
		text := strings.Replace(string(good), lie[0], lie[1], 1)
		if text == string(good) {
			t.Fatalf("there is no %s in %s", lie[0], good)
		}
		if r, err := ReadReport([]byte(text)); !errors.Is(err, ErrReport) {
			t.Errorf("%.60s is taken: %v, %+v", lie[1], err, r)
		}
	}
}

// FuzzReport has a node say anything, which may at most be refused.
func FuzzReport(f *testing.F) {
	f.Add([]byte(`{"cameras":[{"id":"gate","state":"online","streams":[{"rendition":"h264","encoder":{"state":"running"}}]}],"recorded":{"gate":{"mode":"off","state":"off","kept_at":[{"node":"c","kept":{"segments":1}}]}},"viewers":{"gate":1},"watching":[{"id":1,"camera":"gate"}]}`))
	f.Add([]byte(`{"recordings":{"removed":[{"camera":"x","kept":{"oldest":"0001-01-01T00:00:00Z"}}]},"troubles":[{"name":"disk","code":"disk_full"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ReadReport(text)
		if err != nil {
			if !errors.Is(err, ErrReport) {
				t.Errorf("%v", err)
			}
			return
		}
		o := others{self: "a", own: r, told: make(map[string]*told), kept: make(map[string][]recorded), viewers: make(map[string]int), watch: make(map[string][]watcher), reports: []NodeReport{{Node: "b", Report: r}}}
		o.add(o.reports[0], map[string]NodeCamera{"gate": {Node: "b"}})
		s := snapshot{nodes: map[string]NodeCamera{"gate": {Node: "b"}}, others: o}
		status := cameraStatus{ID: "gate"}
		o.put(&status, time.Now(), false)
		nodes, totals := s.nodeStatuses()
		if _, err := json.Marshal([]any{status, s.recording("gate", true), nodes, totals}); err != nil {
			t.Errorf("what came of %s cannot be shown: %v", fmt.Sprintf("%.300s", text), err)
		}
	})
}
