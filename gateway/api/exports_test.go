package api

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"framegate/gateway/api/events"
	"framegate/gateway/export"
	"framegate/gateway/media"
	"framegate/gateway/playback/clip"
	"framegate/gateway/record/index"
	rec "framegate/gateway/record/segment"
)

// reel is one recording of the camera gate, of ten seconds from afternoon on.
type reel struct {
	path string
	row  index.Segment
}

func newReel(t *testing.T) *reel {
	path := filepath.Join(t.TempDir(), "1.mp4")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	w, err := rec.Create(f, rec.Head{Camera: "gate", Sequence: 1, Start: afternoon}, []rec.Track{{Format: picture.Format}}, 10)
	must(t, err)
	for n := range int64(10) {
		must(t, w.Append([]rec.Sample{{Decode: n * rec.Timescale, Duration: rec.Timescale, Key: true, Data: picture.Data}}))
	}
	s, err := w.Finish(1)
	must(t, err)
	return &reel{path, index.Segment{
		ID: 1, Camera: "gate", Sequence: 1, Path: "1.mp4", Start: afternoon, End: afternoon.Add(10 * time.Second), Bytes: s.Bytes, Frames: s.Frames,
		Keys: s.Keys, STTS: s.STTS, DataAt: s.DataAt, Fragments: s.Fragments, Format: 1, Rate: 1,
	}}
}

func (*reel) Hours(context.Context, string, time.Time, time.Time) ([]index.Hour, error) {
	return nil, nil
}

func (r *reel) Between(_ context.Context, camera string, from, to time.Time, _ int) ([]index.Segment, error) {
	if camera != "gate" || !r.row.End.After(from) || !r.row.Start.Before(to) {
		return nil, nil
	}
	return []index.Segment{r.row}, nil
}

func (r *reel) Format(context.Context, int64) (index.Format, error) {
	return index.Format{Codec: media.JPEG.String(), Width: 640, Height: 480}, nil
}

func (r *reel) Spans(context.Context, string, time.Time, time.Time) ([]index.Span, error) {
	return []index.Span{{From: r.row.Start, To: r.row.End}}, nil
}

func (r *reel) Growing(string) (clip.Growing, bool) { return clip.Growing{}, false }

func (r *reel) Open(index.Segment) (clip.File, error) { return os.Open(r.path) }

// exporting has files made of a reel, until the test ends.
func (r *rig) exporting(t *testing.T) {
	reel := newReel(t)
	r.exports = filepath.Join(t.TempDir(), "exports")
	r.options.Exports = export.New(export.Options{Dir: r.exports, Finder: reel, Opener: reel, Changed: r.Changed})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.options.Exports.Run(ctx); close(done) }() // ends by the cleanup, which waits for it
	t.Cleanup(func() { cancel(); <-done })
}

// awaited waits until an export is done.
func (c client) awaited(id string) (e exported) {
	waitFor(c.t, "an export", func() bool {
		e = exported{}
		c.do("GET", "/api/v1/exports/"+id, nil).want(200).into(&e)
		return e.State == "done"
	})
	return e
}

const tenSeconds = `"from": "2020-11-20T14:00:02Z", "to": "2020-11-20T14:00:08Z"`

// TestExportIsItsMakers, and admins', and is downloaded for as long as its maker may
// see what is in it.
func TestExportIsItsMakers(t *testing.T) {
	r := newRig(t)
	r.exporting(t)
	r.user("anna", "playback:gate")
	anna, bob, admin := r.login("anna"), r.as(r.token("bob", "playback:gate")), r.admin()
	var made exported
	a := anna.do("POST", "/api/v1/exports", `{"camera": "gate", "start": "exact", "silent": true, "tz": "Europe/Berlin", `+tenSeconds+`}`).want(201).into(&made)
	if at := a.response.Header.Get("Location"); at != "/api/v1/exports/"+made.ID || made.By != "user:anna" || made.Name != "gate_2020-11-20_15-00-02_to_15-00-08.mp4" || !made.Silent {
		t.Errorf("%+v at %s", made, at)
	}
	done := anna.awaited(made.ID)
	if done.Progress != 1 || done.Bytes == 0 || done.Ended == nil || done.Expires == nil || done.URL != "/api/v1/exports/"+made.ID+"/file" {
		t.Errorf("done it is %+v", done)
	}
	for name, c := range map[string]struct {
		client
		sees int
	}{"anna": {anna, 1}, "bob": {bob, 0}, "admin": {admin, 1}} {
		var list exportList
		if c.do("GET", "/api/v1/exports", nil).want(200).into(&list); len(list.Exports) != c.sees {
			t.Errorf("%s sees %d", name, len(list.Exports))
		}
	}
	for _, method := range []string{"GET", "DELETE"} {
		bob.do(method, "/api/v1/exports/"+made.ID, nil).want(404)
		bob.do(method, "/api/v1/exports/absent", nil).want(404)
	}
	bob.do("GET", done.URL, nil).want(404)
	whole := anna.do("GET", done.URL, nil).want(200)
	h := whole.response.Header
	if int64(len(whole.body)) != done.Bytes || h.Get("Content-Type") != "video/mp4" || h.Get("X-Content-Type-Options") != "nosniff" ||
		h.Get("Content-Disposition") != `attachment; filename="`+made.Name+`"` || h.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("%d bytes with %v", len(whole.body), h)
	}
	part := anna.do("GET", done.URL, nil, "Range", "bytes=100-", "If-Range", h.Get("ETag")).want(206)
	if string(part.body) != string(whole.body[100:]) {
		t.Error("a range is another one")
	}
	admin.do("GET", done.URL, nil).want(200)
	admin.do("PATCH", "/api/v1/users/anna", object{"grants": []string{"view:gate"}}).want(200)
	anna.do("GET", "/api/v1/exports/"+made.ID, nil).want(200)
	anna.do("GET", done.URL, nil).want(404)
	anna.do("DELETE", "/api/v1/exports/"+made.ID, nil).want(204)
	admin.do("GET", done.URL, nil).want(404)
}

// TestDownloadEndsWithThePermission, in whatever way that goes, or with what is
// downloaded, for privacy.
func TestDownloadEndsWithThePermission(t *testing.T) {
	r := newRig(t)
	r.exporting(t)
	admin := r.admin()
	token, text, err := r.options.Auth.CreateToken(t.Context(), "t", r.grants([]string{"playback:gate"}), time.Time{}, false)
	must(t, err)
	users := func(method string, body any) func(client) {
		return func(client) { admin.do(method, "/api/v1/users/anna", body) }
	}
	for name, c := range map[string]struct {
		who  func() client
		take func(client)
	}{
		"lowered":  {func() client { return r.login("anna") }, users("PATCH", object{"grants": []string{"view:gate"}})},
		"removed":  {func() client { return r.login("anna") }, users("DELETE", nil)},
		"password": {func() client { return r.login("anna") }, users("PATCH", object{"password": good + "er"})},
		"logout":   {func() client { return r.login("anna") }, func(c client) { c.do("POST", "/api/v1/logout", nil).want(204) }},
		"erased": {func() client { return r.login("anna") }, func(client) {
			admin.do("DELETE", "/api/v1/cameras/gate/recordings?from=2020-11-20T14:00:02Z&to=2020-11-20T14:00:03Z", nil).want(200)
		}},
		"removed, then erased": {func() client { return r.login("anna") }, func(c client) {
			var list exportList
			c.do("GET", "/api/v1/exports", nil).want(200).into(&list)
			c.do("DELETE", "/api/v1/exports/"+list.Exports[0].ID, nil).want(204)
			admin.do("DELETE", "/api/v1/cameras/gate/recordings?from=2020-11-20T14:00:02Z&to=2020-11-20T14:00:03Z", nil)
		}},
		"token": {func() client { return r.as(text.Reveal()) }, func(client) { must(t, r.options.Auth.RevokeToken(t.Context(), token.ID)) }},
	} {
		r.user("anna", "playback:gate")
		who := c.who()
		var made exported
		who.do("POST", "/api/v1/exports", `{"camera": "gate", `+tenSeconds+`}`).want(201).into(&made)
		made = who.awaited(made.ID)
		const large = 1 << 30 // a hole, which no connection holds
		must(t, os.Truncate(filepath.Join(r.exports, made.ID, "file"), large))
		q, err := http.NewRequest("GET", r.server.URL+made.URL, nil)
		must(t, err)
		who.identify(q)
		answer, err := r.server.Client().Do(q)
		must(t, err)
		if _, err := io.CopyN(io.Discard, answer.Body, 1000); err != nil || answer.StatusCode != 200 {
			t.Fatalf("%s: %s, %v", name, answer.Status, err)
		}
		c.take(who)
		if n, err := io.Copy(io.Discard, answer.Body); err == nil {
			t.Errorf("%s: after it there came %d bytes, and the end", name, n)
		}
		answer.Body.Close()
		admin.do("DELETE", "/api/v1/exports/"+made.ID, nil) // which may be gone
		_ = r.options.Auth.RemoveUser(t.Context(), "anna")  // who may be gone
	}
}

// TestExportIsNotANamesakes: who gets a name that somebody had before has nothing
// of theirs.
func TestExportIsNotANamesakes(t *testing.T) {
	r := newRig(t)
	r.exporting(t)
	r.user("anna", "playback:gate")
	var made exported
	r.login("anna").do("POST", "/api/v1/exports", `{"camera": "gate", `+tenSeconds+`}`).want(201).into(&made)
	must(t, r.options.Auth.RemoveUser(t.Context(), "anna"))
	r.user("anna", "playback:gate")
	anna := r.login("anna")
	anna.do("GET", "/api/v1/exports", nil).want(200).says(`{"exports":[]}`)
	anna.do("GET", "/api/v1/exports/"+made.ID, nil).want(404)
	anna.do("DELETE", "/api/v1/exports/"+made.ID, nil).want(404)
	r.admin().do("GET", "/api/v1/exports/"+made.ID, nil).want(200).says(`"by":"user:anna"`)
}

func TestExportIsRefusedInWords(t *testing.T) {
	r := newRig(t)
	r.exporting(t)
	c := r.as(r.token("p", "playback:gate"))
	for body, want := range map[string]struct {
		status int
		words  string
	}{
		`{` + tenSeconds + `}`: {422, "name a camera"},
		`{"camera": "gate", "cameras": ["gate"], ` + tenSeconds + `}`:                      {422, "name a camera"},
		`{"camera": "gate", "from": "yesterday", "to": "now"}`:                             {422, "must be a time"},
		`{"camera": "gate", "from": "", "to": "now"}`:                                      {422, "from and to"},
		`{"camera": "gate", "from": "2020-11-20T14:00:00Z", "to": "2020-11-20T13:00:00Z"}`: {422, "later than from"},
		`{"camera": "gate", "tz": "Moon/Sea", ` + tenSeconds + `}`:                         {422, "Europe/Berlin"},
		`{"camera": "gate", "from": "2020-11-21T14:00:00Z", "to": "2020-11-21T15:00:00Z"}`: {404, "nothing was recorded"},
		`{"camera": "phone", ` + tenSeconds + `}`:                                          {404, notThere},
		`{"cameras": ["gate", "phone"], ` + tenSeconds + `}`:                               {404, notThere},
		`{"camera": "gate", "start": "encode", "width": 9, ` + tenSeconds + `}`:            {400, "width"},
		`{"camera": "gate", "start": "middle", ` + tenSeconds + `}`:                        {400, "keyframe, exact, encode"},
		`{"camera": "gate", "speed": 1.5, ` + tenSeconds + `}`:                             {422, "from 2 to 20000"},
		`{"camera": "gate", "speed": 20001, ` + tenSeconds + `}`:                           {400, "speed"},
	} {
		c.do("POST", "/api/v1/exports", body).want(want.status).says(want.words)
	}
	c.do("POST", "/api/v1/exports", `{"camera": "gate", "speed": 300, `+tenSeconds+`}`).want(201).says(`"speed":300`).says("_300x.mp4")
	r.as(r.token("v", "view:gate")).do("POST", "/api/v1/exports", `{"camera": "gate", `+tenSeconds+`}`).want(404)
	r.as("").do("POST", "/api/v1/exports", `{"camera": "gate", `+tenSeconds+`}`).want(401)
	r.options.Exports = nil
	c.do("POST", "/api/v1/exports", `{"camera": "gate", `+tenSeconds+`}`).want(404).says("keeps no recordings")
	c.do("GET", "/api/v1/exports", nil).want(200).says(`{"exports":[]}`)
	c.do("GET", "/api/v1/exports/absent", nil).want(404)
}

// TestErasingReachesExports, also where the recordings went before.
func TestErasingReachesExports(t *testing.T) {
	r := newRig(t)
	r.exporting(t)
	c := r.as(r.token("p", "playback:gate"))
	admin := r.admin()
	var made exported
	c.do("POST", "/api/v1/exports", `{"camera": "gate", `+tenSeconds+`}`).want(201).into(&made)
	c.awaited(made.ID)
	erase := func(from, to string) answered {
		return admin.do("DELETE", "/api/v1/cameras/gate/recordings?from=2020-11-20T14:00:"+from+"Z&to=2020-11-20T14:00:"+to+"Z", nil).want(200)
	}
	erase("09", "30").says(`"exports":0`)
	r.past.erase = func() (Erased, error) {
		return Erased{Segments: 1, From: afternoon, To: afternoon.Add(10 * time.Second)}, nil
	}
	erase("09", "30").says(`"exports":1`) // the file went whole
	c.do("GET", "/api/v1/exports/"+made.ID, nil).want(404)
}

// TestEventsOfExports come to who asked for them, and to admins.
func TestEventsOfExports(t *testing.T) {
	r := newRig(t)
	r.exporting(t)
	r.run()
	c := r.as(r.token("p", "playback:gate"))
	mine, admins, others := c.hear(), r.admin().hear(), r.as(r.token("o", "playback:gate")).hear()
	var made exported
	c.do("POST", "/api/v1/exports", `{"camera": "gate", `+tenSeconds+`}`).want(201).into(&made)
	c.awaited(made.ID)
	mine.expect(events.ExportChanged, "")
	c.do("DELETE", "/api/v1/exports/"+made.ID, nil).want(204)
	for _, e := range []ears{mine, admins} {
		for removed := false; !removed; {
			v, ok := e.next()
			if !ok || v.Export != made.ID || v.Kind != events.ExportChanged && v.Kind != events.ExportRemoved {
				t.Fatalf("heard %+v, %v", v, ok)
			}
			removed = v.Kind == events.ExportRemoved
		}
	}
	if len(others.events) > 0 {
		t.Errorf("somebody else heard %+v", <-others.events)
	}
}
