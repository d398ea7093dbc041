package api

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/api/events"
	"framegate/gateway/record/index"
)

// TestMarks are added for now and the past, read, changed, ended and deleted.
func TestMarks(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("mqtt", "playback:gate"))
	var past, open mark
	a := c.do("POST", "/api/v1/cameras/gate/events", object{
		"kind": "motion", "start": "2020-11-20T15:05:10.5+01:00", "end": "2020-11-20T14:05:40Z", "before": "5s", "after": "1m30s",
		"keep": true, "note": "the parcel\nat the gate", "data": object{"Zone": "drive way", "score": 0.8, "box": []any{1, nil}},
	}).want(201).into(&past)
	if where := a.response.Header.Get("Location"); where != "/api/v1/cameras/gate/events/"+itoa(past.ID) {
		t.Errorf("Location %q", where)
	}
	a.says(`"start":"2020-11-20T14:05:10.5Z"`).says(`"end":"2020-11-20T14:05:40Z"`).says(`"before":"5s","after":"1m30s","keep":true`).
		says(`"data":{"Zone":"drive way","box":[1,null],"score":0.8},"by":"token:mqtt"`)
	before := time.Now().Add(-time.Millisecond)
	c.do("POST", "/api/v1/cameras/gate/events", `{"kind": "doorbell"}`).want(201).into(&open)
	if open.Start.Before(before) || time.Since(open.Start) < 0 || open.End != nil || open.Keep || open.Data != nil {
		t.Errorf("a mark without more than a kind is %+v", open)
	}
	at := "/api/v1/cameras/gate/events/" + itoa(open.ID)
	var ended mark
	c.do("PATCH", at, object{"end": "now"}).want(200).into(&ended)
	if ended.End == nil || ended.End.Before(ended.Start) || ended.Kind != "doorbell" || !ended.Start.Equal(open.Start) {
		t.Errorf("ended, it is %+v", ended)
	}
	var changed mark
	c.do("PATCH", at, object{"kind": "bookmark", "start": "2020-11-20T10:00:00Z", "end": "2020-11-20T11:00:00Z", "before": "1h", "keep": true, "note": "x", "data": object{"a": 1}}).want(200).into(&changed)
	if changed.Kind != "bookmark" || changed.Start.Hour() != 10 || changed.Before != "1h0m0s" || !changed.Keep || changed.Note != "x" || string(changed.Data) != `{"a":1}` || changed.End.Hour() != 11 || changed.By != "token:mqtt" {
		t.Errorf("changed, it is %+v", changed)
	}
	var read mark
	c.do("GET", at, nil).want(200).into(&read)
	if fmt.Sprint(read) == "" || read.ID != changed.ID || read.Note != "x" {
		t.Errorf("read, it is %+v", read)
	}
	c.do("DELETE", at, nil).want(204)
	c.do("GET", at, nil).want(404)
	c.do("PATCH", at, object{"note": "y"}).want(404)
	c.do("DELETE", at, nil).want(404)
	if text := r.log.String(); !strings.Contains(text, "not protected any more") || !strings.Contains(text, "by=token:mqtt") {
		t.Errorf("the log says %s", text)
	}
}

// TestChangesOfAMarkAtATime are all kept.
func TestChangesOfAMarkAtATime(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("mqtt", "playback:gate"))
	for range 20 {
		var m mark
		c.do("POST", "/api/v1/cameras/gate/events", object{"kind": "motion"}).want(201).into(&m)
		at := "/api/v1/cameras/gate/events/" + itoa(m.ID)
		var changing sync.WaitGroup
		for _, change := range []object{{"end": "now"}, {"note": "mine"}} {
			changing.Go(func() { c.do("PATCH", at, change) })
		}
		changing.Wait()
		c.do("GET", at, nil).want(200).into(&m)
		if m.End == nil || m.Note != "mine" {
			t.Fatalf("of two changes there is left %+v", m)
		}
	}
}

// TestMarksAreToldToWhoMayLookBack and to nobody else.
func TestMarksAreToldToWhoMayLookBack(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("mqtt", "playback:gate"))
	heard, viewer := c.hear(), r.as(r.token("wall", "view:gate")).hear()
	var m mark
	c.do("POST", "/api/v1/cameras/gate/events", object{"kind": "motion"}).want(201).into(&m)
	at := "/api/v1/cameras/gate/events/" + itoa(m.ID)
	c.do("PATCH", at, object{"end": "now"}).want(200)
	c.do("DELETE", at, nil).want(204)
	for _, kind := range []string{events.MarkAdded, events.MarkChanged, events.MarkDeleted} {
		if v, ok := heard.next(); !ok || v.Kind != kind || v.Camera != "gate" || v.Mark != m.ID {
			t.Errorf("told is %+v, %v; want %s", v, ok, kind)
		}
	}
	r.listeners.Tell(events.Event{Kind: events.CameraOnline, Camera: "gate", At: time.Now()})
	viewer.expect(events.CameraOnline, "gate")
}

// TestMarksOfOthers are for admins to change, since they say what is kept; and
// one is found at its own camera alone.
func TestMarksOfOthers(t *testing.T) {
	r := newRig(t)
	maker, other := r.as(r.token("maker", "playback:*")), r.as(r.token("other", "playback:*"))
	var m mark
	maker.do("POST", "/api/v1/cameras/gate/events", object{"kind": "protect", "end": "now", "keep": true}).want(201).into(&m)
	at := "/api/v1/cameras/gate/events/" + itoa(m.ID)
	other.do("GET", at, nil).want(200)
	other.do("PATCH", at, object{"keep": false}).want(403).says("made by token:maker")
	other.do("DELETE", at, nil).want(403)
	elsewhere := strings.Replace(at, "gate", "phone", 1)
	maker.do("GET", elsewhere, nil).want(404)
	maker.do("PATCH", elsewhere, object{"keep": false}).want(404)
	maker.do("DELETE", elsewhere, nil).want(404)
	admin := r.admin()
	admin.do("PATCH", at, object{"note": "kept by an admin"}).want(200).says(`"by":"token:maker"`)
	admin.do("DELETE", at, nil).want(204)
}

// TestProtectingForCenturies is too long, however it adds up.
func TestProtectingForCenturies(t *testing.T) {
	r := newRig(t)
	viewer := r.as(r.token("nvr", "playback:*"))
	for _, mark := range []object{
		{"start": "1970-01-01T00:00:00Z", "end": "2300-01-01T00:00:00Z", "before": "1s"},
		{"start": "1970-01-01T00:00:00Z", "end": "2262-01-01T00:00:00Z", "before": "1s", "after": "100000h"},
		{"start": "-1h", "end": "now", "after": "25h"},
	} {
		mark["kind"], mark["keep"] = "protect", true
		viewer.do("POST", "/api/v1/cameras/gate/events", mark).want(403).says("more than a day")
	}
	var m mark
	short := object{"kind": "protect", "start": "-1h", "end": "now", "keep": true}
	viewer.do("POST", "/api/v1/cameras/gate/events", short).want(201).into(&m)
	long, err := r.past.open().Mark(t.Context(), m.ID)
	must(t, err)
	long.ID, long.Start, long.End = 0, time.Unix(0, 0), time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC) // as of who was an admin
	_, err = r.past.open().AddMark(t.Context(), long)
	must(t, err)
	viewer.do("POST", "/api/v1/cameras/gate/events", short).want(403).says("other marks protect")
}

// TestMarksOfWhoHadTheName before are those of others, and no limit of who has it now.
// Those of before that was kept go by the name.
func TestMarksOfWhoHadTheName(t *testing.T) {
	r := newRig(t)
	const granted = "playback:*"
	first := r.as(r.token("nvr", granted))
	var m mark
	protect := object{"kind": "protect", "start": "-24h", "end": "now", "keep": true}
	for range 7 {
		first.do("POST", "/api/v1/cameras/gate/events", protect).want(201).into(&m)
	}
	at := "/api/v1/cameras/gate/events/" + itoa(m.ID)
	all, err := r.options.Auth.Tokens(t.Context())
	must(t, err)
	for _, token := range all {
		if token.Name == "nvr" {
			must(t, r.options.Auth.RevokeToken(t.Context(), token.ID))
		}
	}
	second := r.as(r.token("nvr", granted))
	second.do("PATCH", at, object{"keep": false}).want(403).says("made by token:nvr")
	second.do("DELETE", at, nil).want(403)
	second.do("POST", "/api/v1/cameras/gate/events", protect).want(201)
	old, err := r.past.open().AddMark(t.Context(), index.Mark{Camera: "gate", Kind: "motion", Start: time.Now(), By: "token:nvr", Created: time.Now()})
	must(t, err)
	second.do("PATCH", "/api/v1/cameras/gate/events/"+itoa(old), object{"end": "now"}).want(200)
}

// TestOnlyAdminsProtectWithoutAnEnd since what nothing deletes fills the disk.
func TestOnlyAdminsProtectWithoutAnEnd(t *testing.T) {
	r := newRig(t)
	c, admin := r.as(r.token("p", "playback:gate")), r.admin()
	endless := object{"kind": "protect", "start": "2020-11-20T14:00:00Z", "keep": true}
	long := object{"kind": "protect", "start": "2020-11-20T14:00:00Z", "end": "2020-11-22T14:00:00Z", "keep": true}
	for _, body := range []object{endless, long} {
		c.do("POST", "/api/v1/cameras/gate/events", body).want(403).says("only an admin may protect")
		admin.do("POST", "/api/v1/cameras/gate/events", body).want(201)
	}
	var m mark
	c.do("POST", "/api/v1/cameras/gate/events", object{"kind": "motion"}).want(201).into(&m)
	at := "/api/v1/cameras/gate/events/" + itoa(m.ID)
	c.do("PATCH", at, object{"keep": true}).want(403)
	c.do("PATCH", at, object{"keep": true, "end": "now"}).want(200)
}

// TestWhatOneProtectsIsBounded: with what a mark reaches beyond its ends, and with
// all others of the same maker, but not of anybody else.
func TestWhatOneProtectsIsBounded(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("p", "playback:*"))
	body := func(hours, before, after string) object {
		return object{"kind": "protect", "start": "2020-11-20T00:00:00Z", "end": "2020-11-20T" + hours, "before": before, "after": after, "keep": true}
	}
	c.do("POST", "/api/v1/cameras/gate/events", body("12:00:01Z", "6h", "6h")).want(403).says("24h at most, with its before and after")
	var last mark
	for i := range 7 {
		c.do("POST", "/api/v1/cameras/"+[]string{"gate", "phone"}[i%2]+"/events", body("12:00:00Z", "6h", "6h")).want(201).into(&last)
	}
	c.do("POST", "/api/v1/cameras/gate/events", body("00:00:01Z", "0s", "0s")).want(403).says("protect 168h0m0s of recordings already").says("168h in all")
	c.do("POST", "/api/v1/cameras/gate/events", object{"kind": "motion"}).want(201)
	at := "/api/v1/cameras/" + last.Camera + "/events/" + itoa(last.ID)
	c.do("PATCH", at, object{"note": "x"}).want(200)
	c.do("PATCH", at, object{"after": "7h"}).want(403)
	c.do("PATCH", at, object{"after": "5h"}).want(200)
	c.do("POST", "/api/v1/cameras/gate/events", body("01:00:00Z", "0s", "0s")).want(201)
	r.as(r.token("q", "playback:*")).do("POST", "/api/v1/cameras/gate/events", body("12:00:00Z", "6h", "6h")).want(201)
	r.admin().do("POST", "/api/v1/cameras/gate/events", body("12:00:01Z", "6h", "6h")).want(201)
}

func TestMarksThatCannotBe(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("p", "playback:gate"))
	for says, body := range map[string]object{
		`"location":"body.start"`:            {"kind": "a", "start": "yesterday"},
		`"location":"body.end","detail":"mu`: {"kind": "a", "end": "1969-12-31T23:59:59Z"},
		`"location":"body.before"`:           {"kind": "a", "before": "-1s"},
		`"location":"body.after"`:            {"kind": "a", "after": "soon"},
		"cannot end before it starts":        {"kind": "a", "start": "2020-11-20T14:00:00Z", "end": "2020-11-20T13:00:00Z"},
		"letters, digits":                    {"kind": "a b"},
		"24h":                                {"kind": "a", "before": "25h"},
		"16384 bytes":                        {"kind": "a", "data": object{"a": strings.Repeat("x", 17000)}},
	} {
		c.do("POST", "/api/v1/cameras/gate/events", body).want(422).says(says)
	}
	for _, body := range []object{{}, {"kind": ""}, {"kind": "a", "data": []any{1}}, {"kind": "a", "data": "x"}, {"kind": "a", "camera": "phone"}, {"kind": "a", "by": "anna"}, {"kind": "a", "data": nil}} {
		c.do("POST", "/api/v1/cameras/gate/events", body).want(400)
	}
	c.do("POST", "/api/v1/cameras/phone/events", object{"kind": "a"}).want(404)
	r.admin().do("POST", "/api/v1/cameras/absent/events", object{"kind": "a"}).want(404)
	var list markList
	c.do("GET", "/api/v1/cameras/gate/events", nil).want(200).into(&list)
	if len(list.Marks) != 0 {
		t.Errorf("there are %v", list.Marks)
	}
}

// TestMarksAreListed page after page, also while some of them go.
func TestMarksAreListed(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("p", "playback:*"))
	for i := range 5 {
		start := time.Date(2020, 11, 20, 10+i, 0, 0, 0, time.UTC)
		c.do("POST", "/api/v1/cameras/gate/events", object{
			"kind": []string{"motion", "bookmark"}[i%2], "keep": i == 4, "start": start, "end": start.Add(time.Minute), "note": itoa(int64(i)),
		}).want(201)
	}
	c.do("POST", "/api/v1/cameras/phone/events", object{"kind": "motion", "end": "now"}).want(201)
	list := func(query string) (notes []string, next string) {
		var l markList
		c.do("GET", "/api/v1/cameras/gate/events?"+query, nil).want(200).into(&l)
		for _, m := range l.Marks {
			notes = append(notes, m.Note)
		}
		return notes, l.Next
	}
	for query, want := range map[string]string{
		"": "4 3 2 1 0", "kind=motion": "4 2 0", "keep=true": "4", "from=2020-11-20T12:00:30Z": "4 3 2", "to=2020-11-20T12:00:00Z": "1 0",
		"from=2020-11-20T12:00:00%2B01:00&to=2020-11-20T13:00:00+01:00": "1", "kind=none": "", "from=2020-11-21T00:00:00Z&to=now": "",
	} {
		if notes, next := list(query); strings.Join(notes, " ") != want || next != "" {
			t.Errorf("%s: %v, and then %q; want %s", query, notes, next, want)
		}
	}
	var all []string
	next := ""
	for range 10 {
		notes, after := list("limit=2&after=" + url.QueryEscape(next))
		all = append(all, notes...)
		if next = after; next == "" {
			break
		}
		must(t, r.past.Look(func(x *index.Index) error { // the last one that was listed goes
			found, err := x.Marks(t.Context(), index.MarkFilter{Cameras: []string{"gate"}})
			must(t, err)
			for _, m := range found {
				if m.Note == notes[len(notes)-1] {
					return x.DeleteMark(t.Context(), m.ID)
				}
			}
			return nil
		}))
	}
	if !slices.Equal(all, []string{"4", "3", "2", "1", "0"}) {
		t.Errorf("page after page: %v", all)
	}
	for _, query := range []string{"after=x", "after=1", "after=1-", "after=-1-1", "after=1-0", "from=x", "to=2020-11-20"} {
		c.do("GET", "/api/v1/cameras/gate/events?"+query, nil).want(422)
	}
	for _, query := range []string{"limit=0", "limit=1001", "limit=x", "keep=2"} {
		c.do("GET", "/api/v1/cameras/gate/events?"+query, nil).want(400)
	}
}
