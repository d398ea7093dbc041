package api

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/record/index"
	"framegate/gateway/store"
)

// recorded adds segments of a minute to what there is of a camera.
func (r *rig) recorded(camera string, from time.Time, minutes int) {
	r.t.Helper()
	must(r.t, r.past.Look(func(x *index.Index) error {
		format, err := x.AddFormat(r.t.Context(), index.Format{Codec: "h264", Width: 1280, Height: 720, Config: []byte{1}})
		must(r.t, err)
		for i := range minutes {
			start := from.Add(time.Duration(i) * time.Minute)
			sequence := uint64(start.Unix())
			_, err := x.Add(r.t.Context(), index.Segment{
				Camera: camera, Run: "run", Sequence: sequence, Path: fmt.Sprintf("%s/%s-%d.mp4", camera, start.UTC().Format("20060102T150405"), sequence),
				Start: start, End: start.Add(time.Minute), Bytes: 1000, Frames: 60, Keys: 1, STTS: 1, MoovBytes: 100, DataAt: 200, Fragments: 60, Format: format, Rate: 1,
			})
			must(r.t, err)
		}
		return nil
	}))
}

var afternoon = time.Date(2020, 11, 20, 14, 0, 0, 0, time.UTC)

// timelineText writes a timeline short.
func timelineText(t timeline) string {
	text := ""
	clock := func(t time.Time) string { return t.Format("15:04:05") }
	for _, s := range t.Spans {
		text += " " + clock(s.From) + "-" + clock(s.To)
	}
	for _, g := range t.Gaps {
		text += " " + g.Reason + " " + clock(g.From) + "-" + clock(g.To)
		if g.Open {
			text += "..."
		}
	}
	for _, m := range t.Marks {
		text += fmt.Sprintf(" %s %s %d", m.Kind, clock(m.From), m.Count)
	}
	return strings.TrimSpace(text)
}

func TestTimeline(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("p", "playback:gate"))
	r.recorded("gate", afternoon, 10)
	r.recorded("gate", afternoon.Add(20*time.Minute), 5)
	must(t, r.past.Look(func(x *index.Index) error {
		return x.AddGap(t.Context(), index.Gap{Camera: "gate", From: afternoon.Add(10 * time.Minute), To: afternoon.Add(20 * time.Minute), Reason: "the disk is full"})
	}))
	c.do("POST", "/api/v1/cameras/gate/events", object{"kind": "motion", "start": afternoon.Add(time.Minute), "end": afternoon.Add(2 * time.Minute)}).want(201)
	const day = "from=2020-11-20T00:00:00Z&to=2020-11-21T00:00:00Z"
	show := func(query string) timeline {
		var line timeline
		c.do("GET", "/api/v1/cameras/gate/timeline?"+query, nil).want(200).into(&line)
		return line
	}
	if got := timelineText(show(day)); got != "14:00:00-14:10:00 14:20:00-14:25:00 the disk is full 14:10:00-14:20:00 motion 14:01:00 1" {
		t.Errorf("the day is %s", got)
	}
	if got := timelineText(show("from=2020-11-20T15:05:00+01:00&to=2020-11-20T14:12:00Z")); got != "14:05:00-14:10:00 the disk is full 14:10:00-14:12:00" {
		t.Errorf("a part of it is %s", got)
	}
	if line := show(day + "&resolution=30m"); timelineText(line) != "14:00:00-14:25:00 motion 14:01:00 1" || line.Resolution != "30m0s" {
		t.Errorf("roughly it is %+v", line)
	}
	var line timeline
	c.do("GET", "/api/v1/cameras/gate/timeline", nil).want(200).into(&line)
	if got := line.To.Sub(line.From); got != 24*time.Hour || time.Since(line.To) > time.Minute || line.Spans == nil || line.Gaps == nil || line.Marks == nil {
		t.Errorf("without a time it is %+v", line)
	}
}

// TestTimelineHasWhatIsBeingWritten, joined to what is finished.
func TestTimelineHasWhatIsBeingWritten(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("p", "playback:gate"))
	r.recorded("gate", afternoon, 2)
	for name, x := range map[string]struct {
		start, end time.Duration // after 14:00
		from, to   string
		want       string
	}{
		"behind it":            {2 * time.Minute, 150 * time.Second, "13:00", "15:00", "14:00:00-14:02:30"},
		"a little behind it":   {2*time.Minute + 400*time.Millisecond, 150 * time.Second, "13:00", "15:00", "14:00:00-14:02:30"},
		"after a gap":          {3 * time.Minute, 200 * time.Second, "13:00", "15:00", "14:00:00-14:02:00 14:03:00-14:03:20"},
		"finished meanwhile":   {time.Minute, 2 * time.Minute, "13:00", "15:00", "14:00:00-14:02:00"},
		"cut off at the end":   {2 * time.Minute, 5 * time.Minute, "13:00", "14:03", "14:00:00-14:03:00"},
		"later than asked for": {2 * time.Minute, 3 * time.Minute, "13:00", "14:01", "14:00:00-14:01:00"},
		"all that is asked of": {2 * time.Minute, 9 * time.Minute, "14:05", "14:06", "14:05:00-14:06:00"},
	} {
		r.past.growing["gate"] = index.Segment{Camera: "gate", Start: afternoon.Add(x.start), End: afternoon.Add(x.end)}
		var line timeline
		c.do("GET", "/api/v1/cameras/gate/timeline?from=2020-11-20T"+x.from+":00Z&to=2020-11-20T"+x.to+":00Z", nil).want(200).into(&line)
		if got := timelineText(line); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
}

// TestTimelineOfWhatIsBeingWritten of a camera that was removed a moment ago, of which
// nothing was finished before.
func TestTimelineOfWhatIsBeingWritten(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("p", "playback:*"))
	const path = "/api/v1/cameras/passing/timeline?from=2020-11-20T13:00:00Z&to=2020-11-20T15:00:00Z"
	c.do("GET", path, nil).want(404)
	r.past.growing["passing"] = index.Segment{Camera: "passing", Start: afternoon, End: afternoon.Add(time.Minute)}
	var line timeline
	c.do("GET", path, nil).want(200).into(&line)
	if got := timelineText(line); got != "14:00:00-14:01:00" {
		t.Errorf("it is %s", got)
	}
}

// TestTimelineHasTheGapThatGoesOn, once, with what the index knows of it.
func TestTimelineHasTheGapThatGoesOn(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("p", "playback:gate"))
	r.recorded("gate", afternoon, 2)
	must(t, r.past.Look(func(x *index.Index) error {
		return x.AddGap(t.Context(), index.Gap{Camera: "gate", From: afternoon.Add(2 * time.Minute), To: afternoon.Add(5 * time.Minute), Reason: "the camera was away"})
	}))
	const hours = "from=2020-11-20T13:00:00Z&to=2020-11-20T15:00:00Z"
	for name, x := range map[string]struct {
		start  time.Duration // minutes after 14:00; until 14:09
		reason string
		writes [2]time.Duration // from when to when there is what is being written, if anything
		query  string
		want   string
	}{
		"known in part":                {start: 2, reason: "the camera was away", want: "14:00:00-14:02:00 the camera was away 14:02:00-14:09:00..."},
		"for another reason":           {start: 2, reason: "full", want: "14:00:00-14:02:00 the camera was away 14:02:00-14:05:00 full 14:05:00-14:09:00..."},
		"later":                        {start: 6, reason: "full", want: "14:00:00-14:02:00 the camera was away 14:02:00-14:05:00 full 14:06:00-14:09:00..."},
		"cut off at the end":           {start: 2, reason: "full", query: "from=2020-11-20T13:00:00Z&to=2020-11-20T14:07:00Z", want: "14:00:00-14:02:00 the camera was away 14:02:00-14:05:00 full 14:05:00-14:07:00..."},
		"later than asked for":         {start: 6, reason: "full", query: "from=2020-11-20T13:00:00Z&to=2020-11-20T14:04:00Z", want: "14:00:00-14:02:00 the camera was away 14:02:00-14:04:00"},
		"earlier than asked for":       {start: 6, reason: "full", query: "from=2020-11-20T14:20:00Z&to=2020-11-20T14:30:00Z"},
		"all that is asked for":        {start: 6, reason: "full", query: "from=2020-11-20T14:07:00Z&to=2020-11-20T14:08:00Z", want: "full 14:07:00-14:08:00..."},
		"shorter than need be told":    {start: 6, reason: "full", query: hours + "&resolution=10m", want: "14:00:00-14:02:00"},
		"over, as pictures are there":  {start: 1, reason: "full", want: "14:00:00-14:02:00 the camera was away 14:02:00-14:05:00"},
		"over, as pictures come":       {start: 6, reason: "full", writes: [2]time.Duration{7, 8}, want: "14:00:00-14:02:00 14:07:00-14:08:00 the camera was away 14:02:00-14:05:00"},
		"behind what is being written": {start: 6, reason: "slow", writes: [2]time.Duration{5, 6}, want: "14:00:00-14:02:00 14:05:00-14:06:00 the camera was away 14:02:00-14:05:00 slow 14:06:00-14:09:00..."},
	} {
		delete(r.past.growing, "gate")
		if x.writes[1] > 0 {
			r.past.growing["gate"] = index.Segment{Camera: "gate", Start: afternoon.Add(x.writes[0] * time.Minute), End: afternoon.Add(x.writes[1] * time.Minute)}
		}
		r.past.missing["gate"] = index.Gap{Camera: "gate", From: afternoon.Add(x.start * time.Minute), To: afternoon.Add(9 * time.Minute), Reason: x.reason}
		var line timeline
		c.do("GET", "/api/v1/cameras/gate/timeline?"+cmp.Or(x.query, hours), nil).want(200).into(&line)
		if got := timelineText(line); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
}

func TestDays(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("p", "playback:gate"))
	r.recorded("gate", time.Date(2020, 11, 18, 22, 58, 0, 0, time.UTC), 4) // over midnight in Berlin
	r.recorded("gate", afternoon, 1)
	r.past.growing["gate"] = index.Segment{Camera: "gate", Start: afternoon.Add(33 * time.Hour), End: afternoon.Add(33*time.Hour + time.Minute)}
	for query, want := range map[string]string{
		"":                                 "UTC 2020-11-18 2020-11-20 2020-11-21",
		"tz=Europe/Berlin":                 "Europe/Berlin 2020-11-18 2020-11-19 2020-11-20 2020-11-22",
		"tz=UTC&to=2020-11-20T00:00:00Z":   "UTC 2020-11-18",
		"from=2020-11-20T14:00:30Z":        "UTC 2020-11-20 2020-11-21",
		"from=2020-11-25T14:00:30Z&to=now": "UTC",
	} {
		var d days
		c.do("GET", "/api/v1/cameras/gate/days?"+query, nil).want(200).into(&d)
		if got := strings.Join(append([]string{d.Zone}, d.Days...), " "); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for _, query := range []string{"tz=Berlin", "tz=Local", "from=2020-11-20", "from=2020-11-20T00:00:00Z&to=2020-11-19T00:00:00Z", "from=1971-01-01T00:00:00Z&to=2026-01-01T00:00:00Z"} {
		c.do("GET", "/api/v1/cameras/gate/days?"+query, nil).want(422)
	}
}

func TestSegments(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("p", "playback:gate"))
	r.recorded("gate", afternoon, 5)
	r.past.growing["gate"] = index.Segment{
		Camera: "gate", Run: "run", Sequence: 1, Path: "gate/open.part", Start: afternoon.Add(5 * time.Minute), End: afternoon.Add(330 * time.Second), Bytes: 5, Frames: 30,
	}
	list := func(query string) (starts []string, l segmentList) {
		c.do("GET", "/api/v1/cameras/gate/segments?from=2020-11-20T14:00:30Z&to=2020-11-20T15:00:00Z"+query, nil).want(200).into(&l)
		for _, s := range l.Segments {
			starts = append(starts, s.Start.Format("04"))
		}
		return starts, l
	}
	starts, all := list("")
	if !slices.Equal(starts, []string{"00", "01", "02", "03", "04", "05"}) || all.More {
		t.Fatalf("all are %+v", all)
	}
	if s := all.Segments[1]; s.Path != "gate/20201120T140100-"+itoa(s.Start.Unix())+".mp4" || s.Bytes != 1000 || s.Frames != 60 || s.Growing || s.Codec != "h264" || s.Width != 1280 || s.Height != 720 || s.End.Sub(s.Start) != time.Minute {
		t.Errorf("a segment is %+v", s)
	}
	if s := all.Segments[5]; !s.Growing || s.Path != "gate/open.part" || s.Bytes != 5 {
		t.Errorf("what is being written is %+v", s)
	}
	if starts, l := list("&limit=2"); !slices.Equal(starts, []string{"00", "01"}) || !l.More {
		t.Errorf("two are %+v", l)
	}
	if starts, l := list("&limit=6"); len(starts) != 6 || l.More {
		t.Errorf("six are %+v", l)
	}
	r.past.growing["gate"] = index.Segment{Camera: "gate", Run: "run", Sequence: uint64(afternoon.Add(4 * time.Minute).Unix()), Start: afternoon.Add(4 * time.Minute), End: afternoon.Add(5 * time.Minute)}
	if starts, l := list(""); len(starts) != 5 {
		t.Errorf("what was finished meanwhile is there twice: %+v", l)
	}
	c.do("GET", "/api/v1/cameras/gate/segments?limit=1001", nil).want(400)
	c.do("GET", "/api/v1/cameras/gate/segments?from=now&to=2020-11-20T15:00:00Z", nil).want(422)
}

// TestErasing is for admins, asks for both times, and is in the log with who.
func TestErasing(t *testing.T) {
	r := newRig(t)
	const at, span = "/api/v1/cameras/gate/recordings", "?from=2020-11-20T14:00:00Z&to=2020-11-20T15:30:00%2B01:00"
	r.as(r.token("p", "playback:gate", "view:gate")).do("DELETE", at+span, nil).want(404)
	admin := r.as(r.token("boss", "admin"))
	for _, query := range []string{"", "?from=2020-11-20T14:00:00Z", "?to=now", "?from=&to="} {
		admin.do("DELETE", at+query, nil).want(400)
	}
	admin.do("DELETE", at+"?from=now&to=2020-11-20T14:00:00Z", nil).want(422)
	admin.do("DELETE", "/api/v1/cameras/absent/recordings"+span, nil).want(404)
	if len(r.past.erased) != 0 {
		t.Fatalf("erased are %v", r.past.erased)
	}
	r.past.erase = func() (Erased, error) {
		return Erased{Segments: 2, Bytes: 2000, From: afternoon, To: afternoon.Add(31 * time.Minute)}, nil
	}
	admin.do("DELETE", at+span, nil).want(200).says(`{"segments":2,"bytes":2000,"from":"2020-11-20T14:00:00Z","to":"2020-11-20T14:31:00Z","exports":0}`)
	if !slices.Equal(r.past.erased, []string{"gate 2020-11-20T14:00:00Z 2020-11-20T14:30:00Z"}) {
		t.Errorf("erased are %v", r.past.erased)
	}
	if text := r.log.String(); !strings.Contains(text, `"recordings deleted" camera=gate`) || !strings.Contains(text, "segments=2 bytes=2000 exports=0 by=token:boss") {
		t.Errorf("the log says %s", text)
	}
	r.past.erase = func() (Erased, error) { return Erased{Segments: 1}, errors.New("canary on the disk") }
	if a := admin.do("DELETE", at+span, nil).want(500); strings.Contains(string(a.body), "canary") {
		t.Errorf("the answer is %s", a.body)
	}
	if text := r.log.String(); !strings.Contains(text, "not deleted, or not all") || !strings.Contains(text, "canary on the disk") {
		t.Errorf("the log says %s", text)
	}
}

// TestRecordingsOfARemovedCamera are found as long as there are any.
func TestRecordingsOfARemovedCamera(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("p", "playback:*"))
	c.do("GET", "/api/v1/cameras/old/timeline", nil).want(404)
	r.recorded("old", afternoon, 1)
	c.do("GET", "/api/v1/cameras/old/days", nil).want(200)
	c.do("GET", "/api/v1/cameras/old/events", nil).want(200)
}

// TestRecordingsThatAreNotThere: none at all is not found, and a disk that is
// away is said to be, to be tried again.
func TestRecordingsThatAreNotThere(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	addresses := []string{"timeline", "days", "segments", "events", "events/1"}
	r.past.away = ErrNotHere
	var away cameraStatus
	c.do("GET", "/api/v1/cameras/gate/status", nil).want(200).into(&away)
	if away.Links["recording"] == "" {
		t.Errorf("the status leads to no recordings, since their disk is away: %v", away.Links)
	}
	for _, address := range addresses {
		a := c.do("GET", "/api/v1/cameras/gate/"+address, nil).want(503).says("not at hand")
		if a.response.Header.Get("Retry-After") == "" {
			t.Errorf("%s: when to ask again is not said", address)
		}
	}
	c.do("POST", "/api/v1/cameras/gate/events", object{"kind": "a"}).want(503)
	for _, none := range []func(){func() { r.past.away = ErrNoRecordings }, func() { r.API.options.Recordings = nil }} {
		none()
		for _, address := range addresses {
			c.do("GET", "/api/v1/cameras/gate/"+address, nil).want(404).says("keeps no recordings")
		}
		var gate cameraStatus
		c.do("GET", "/api/v1/cameras/gate/status", nil).want(200).into(&gate)
		if links := gate.Links; links["recording"] != "" || links["page"] == "" {
			t.Errorf("the status leads to recordings that nobody keeps: %v", links)
		}
	}
	c.do("DELETE", "/api/v1/cameras/gate/recordings?from=2020-11-20T14:00:00Z&to=now", nil).want(404)
}

// TestErrorsOfDisksNameNoFile to who asks, but in the log.
func TestErrorsOfDisksNameNoFile(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("p", "playback:gate"))
	for err, status := range map[error]int{index.ErrReadOnly: 503, index.ErrBusy: 503, index.ErrFull: 507, store.ErrReadOnly: 503} {
		r.past.away = fmt.Errorf("adding a mark: /canary/index.db %w: see the disk", err)
		a := c.do("POST", "/api/v1/cameras/gate/events", object{"kind": "a"}).want(status)
		if strings.Contains(string(a.body), "canary") || !strings.Contains(r.log.String(), "/canary/index.db "+err.Error()) {
			t.Errorf("%v: answered %s; the log has %s", err, a.body, r.log)
		}
	}
}

// FuzzStretch reads any two times of an address. What is taken is a stretch of
// time that the index can have, and what is not is a problem.
func FuzzStretch(f *testing.F) {
	f.Add("2020-11-20T14:00:00Z", "2020-11-20T15:00:00+01:00")
	f.Add("", "now")
	f.Add("", "1970-01-01T00:00:01Z")
	f.Add("1970-01-01T00:00:00+14:00", "9998-12-31T23:59:59-12:00")
	f.Fuzz(func(t *testing.T, from, to string) {
		begin, end, err := stretchOf(from, to)
		if err != nil {
			if p := problemOf(err); p.Status != 422 || len(p.Errors) != 1 || !strings.HasPrefix(p.Errors[0].Location, "query.") {
				t.Errorf("%q, %q: %+v", from, to, p)
			}
			return
		}
		if !begin.Before(end) || begin.Before(time.Unix(0, 0)) || end.UTC().Year() > 9999 {
			t.Errorf("%q, %q: from %s to %s", from, to, begin, end)
		}
	})
}
