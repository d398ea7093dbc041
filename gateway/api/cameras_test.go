package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/config"
	"framegate/gateway/secret"
	"framegate/gateway/store"
)

type object = map[string]any

// secretive is a camera with a secret wherever one can be.
var secretive = object{
	"id": "front", "name": "Front door", "source": "rtsp://192.0.2.9:554/stream1?token=canary-query",
	"username": "viewer", "password": "canary-password", "transport": "tcp",
}

// shown is a camera as it is answered.
type shown struct {
	ID, Name, Origin, Source, Username, Keep, Interval, Transport, Normalize string

	Record struct {
		Mode, Every, Codec string
		Schedule           struct{ Zone, Hours string }
		Keep               struct {
			MaxAge   string `json:"max_age"`
			MaxBytes string `json:"max_bytes"`
			Marked   struct {
				MaxAge string `json:"max_age"`
			}
		}
	}

	May         []string
	PasswordSet *bool      `json:"password_set"`
	TLSInsecure bool       `json:"tls_insecure"`
	Revision    int64      `json:"revision"`
	Created     *time.Time `json:"created"`
	Changed     *time.Time `json:"changed"`
}

func ids(list []shown) (all []string) {
	for _, d := range list {
		all = append(all, d.ID)
	}
	return all
}

func TestCamerasAsWhoeverAsksMaySeeThem(t *testing.T) {
	r := newRig(t)
	r.admin().do("POST", "/api/v1/cameras", secretive).want(201)
	for who, c := range map[string]struct {
		client client
		want   []string
	}{
		"admin":         {r.as(r.token("a", "admin")), []string{"front", "gate", "phone"}},
		"viewer of all": {r.as(r.token("all", "view:*")), []string{"front", "gate", "phone"}},
		"viewer of one": {r.as(r.token("one", "view:front", "publish:front")), []string{"front"}},
		"publisher":     {r.as(r.token("pub", "publish:*")), []string{"phone"}}, // the others have sources of their own
		"nobody":        {r.as(r.token("nobody", "metrics")), nil},
		"playback":      {r.as(r.token("back", "playback:gate")), []string{"gate"}},
	} {
		var list struct{ Cameras []shown }
		a := c.client.do("GET", "/api/v1/cameras", nil).want(200).into(&list)
		if got := ids(list.Cameras); !slices.Equal(got, c.want) {
			t.Errorf("%s sees %v, want %v", who, got, c.want)
		}
		if strings.Contains(string(a.body), "canary") {
			t.Errorf("%s sees a secret: %s", who, a.body)
		}
		if who != "admin" {
			for _, private := range []string{"192.0.2", "rtsp", "viewer", "password", "revision", "origin", "keep"} {
				if strings.Contains(string(a.body), private) {
					t.Errorf("%s sees %s: %s", who, private, a.body)
				}
			}
		}
	}
	one := r.as(r.token("another", "view:front", "publish:front"))
	var d shown
	a := one.do("GET", "/api/v1/cameras/front", nil).want(200).into(&d)
	if want := (shown{ID: "front", Name: "Front door", May: []string{"view"}}); !cmp.Equal(d, want) {
		t.Errorf("a viewer sees %+v", d)
	}
	if tag := a.response.Header.Get("ETag"); tag != "" {
		t.Errorf("a viewer gets the revision %s", tag)
	}
	for _, address := range []string{"gate", "nobody", "..%2f..%2fgate", "%2e%2e%2fgate"} {
		one.do("GET", "/api/v1/cameras/"+address, nil).want(404)
	}
}

// TestSettingsInOtherLetters are refused, since they would be passed over.
func TestSettingsInOtherLetters(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.do("POST", "/api/v1/cameras", object{"id": "front", "SOURCE": "https://192.0.2.1/x"}).want(400)
	c.do("POST", "/api/v1/cameras", object{"id": "front", "source": "https://192.0.2.1/x", "Tls_Insecure": true}).want(400)
	c.do("POST", "/api/v1/cameras", object{"id": "front", "source": "https://192.0.2.1/x", "tls_insecure": true}).want(201)
	c.do("PATCH", "/api/v1/cameras/front", object{"Keep": "always"}).want(400)
	c.do("PATCH", "/api/v1/cameras/front", object{"keep": "always", "KEEP": "on_demand"}).want(400)
	if camera := r.gateway.added["front"]; camera.Keep != "on_demand" || !camera.TLSInsecure {
		t.Errorf("%+v", camera)
	}
}

func TestAddingACamera(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	var d shown
	a := c.do("POST", "/api/v1/cameras", secretive).want(201).into(&d)
	if a.response.Header.Get("Location") != "/api/v1/cameras/front" || a.response.Header.Get("ETag") == "" {
		t.Errorf("headers %v", a.response.Header)
	}
	if d.Source != "rtsp://192.0.2.9:554/stream1?<redacted>" || d.PasswordSet == nil || !*d.PasswordSet || d.Origin != "api" || d.Created == nil {
		t.Errorf("document %s", a.body)
	}
	live := r.gateway.added["front"]
	if live.Source.URL != secretive["source"] || live.Password.Reveal() != "canary-password" || live.Transport != "tcp" {
		t.Errorf("in effect is %+v", live)
	}
	kept, err := r.options.Store.Camera(t.Context(), "front")
	must(t, err)
	if strings.Contains(string(kept.Document), "canary") {
		t.Errorf("kept in clear: %s", kept.Document)
	}
	again, broken, err := Added(t.Context(), r.options.Store)
	if err != nil || broken != nil || len(again) != 1 || again[0] != live {
		t.Errorf("the next start has %+v, %v, %v", again, broken, err)
	}
	var got shown
	b := c.do("GET", "/api/v1/cameras/front", nil).want(200).into(&got)
	if !cmp.Equal(got, d) || b.response.Header.Get("ETag") != a.response.Header.Get("ETag") {
		t.Errorf("read back: %s, added: %s", b.body, a.body)
	}
}

// TestRecordingOfAnAddedCamera is set as in the file, in objects within objects,
// and each of its settings is changed and taken away by itself.
func TestRecordingOfAnAddedCamera(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	record := object{
		"mode": "scheduled", "schedule": object{"zone": "Europe/Berlin", "hours": "mon-fri 08:00-18:00"},
		"keep": object{"max_age": "30d", "max_bytes": "200GB", "marked": object{"max_age": "90d"}},
	}
	var d shown
	a := c.do("POST", "/api/v1/cameras", object{"id": "front", "source": "test:", "record": record}).want(201).into(&d)
	want := config.Record{
		Mode: config.RecordScheduled, Codec: config.RecordAuto, Sound: config.RecordSoundOn, Schedule: config.Schedule{Zone: "Europe/Berlin", Hours: "mon-fri 08:00-18:00"},
		Keep: config.Retention{MaxAge: 720 * time.Hour, MaxBytes: 200e9, MarkedMaxAge: 2160 * time.Hour},
	}
	if got := r.gateway.added["front"].Record; got != want {
		t.Errorf("in effect is %+v", got)
	}
	if k := d.Record.Keep; d.Record.Mode != "scheduled" || d.Record.Schedule.Zone != "Europe/Berlin" || k.MaxAge != "30d" || k.MaxBytes != "200GB" || k.Marked.MaxAge != "90d" {
		t.Errorf("document %s", a.body)
	}
	var same shown
	c.do("PATCH", "/api/v1/cameras/front", string(a.body)).want(200).into(&same)
	if !cmp.Equal(same, d) {
		t.Errorf("what was read and sent back is %+v", same)
	}
	c.do("PATCH", "/api/v1/cameras/front", object{"record": object{"mode": "events", "schedule": object{"zone": "", "hours": ""}, "keep": object{"max_bytes": "", "max_age": ""}}}).want(200)
	want.Mode, want.Schedule = config.RecordEvents, config.Schedule{}
	want.Keep = config.Retention{MaxAge: 5 * time.Minute, MarkedMaxAge: 2160 * time.Hour}
	if got := r.gateway.added["front"].Record; got != want {
		t.Errorf("changed, it is %+v", got)
	}
	again, broken, err := Added(t.Context(), r.options.Store)
	if err != nil || broken != nil || len(again) != 1 || again[0].Record != want {
		t.Errorf("the next start has %+v, %v, %v", again, broken, err)
	}
	c.do("PATCH", "/api/v1/cameras/front", object{"record": object{}}).want(200)
	c.do("PATCH", "/api/v1/cameras/front", object{"record": object{"mode": "", "keep": object{"marked": object{"max_age": ""}}}}).want(200)
	if got := r.gateway.added["front"].Record; got != (config.Record{Mode: config.RecordOff, Codec: config.RecordAuto, Sound: config.RecordSoundOn}) {
		t.Errorf("taken away, it is %+v", got)
	}
}

func TestRecordingThatCannotBe(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	for says, record := range map[string]any{
		`"location":"body.record.mode","detail":"scheduled needs a schedule`:                         object{"mode": "scheduled"},
		`"location":"body.record.keep.marked.max_age"`:                                               object{"mode": "events", "keep": object{"marked": object{"max_age": "1m"}}},
		`"location":"body.record.schedule.zone","detail":"must be a time zone such as Europe/Berlin`: object{"schedule": object{"zone": "Berlin", "hours": "daily 8:00-9:00"}},
		`"location":"body.record.keep.max_bytes"`:                                                    object{"keep": object{"max_bytes": "90%"}},
	} {
		a := c.do("POST", "/api/v1/cameras", object{"id": "a", "source": "test:", "record": record}).want(422)
		if !strings.Contains(string(a.body), says) {
			t.Errorf("%v: %s, want %s", record, a.body, says)
		}
	}
	for _, record := range []any{"on", nil, object{"Mode": "off"}, object{"mode": "on"}, object{"keep": "30d"}, object{"keep": object{"marked": object{"MAX_AGE": "1d"}}}, object{"sound": true}, object{"schedule": object{"hours": []string{"daily 8:00-9:00"}}}} {
		c.do("POST", "/api/v1/cameras", object{"id": "a", "source": "test:", "record": record}).want(400)
	}
}

func TestACameraThatCannotBeAddedIsToldWhy(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	for name, x := range map[string]struct {
		body   any
		status int
		says   string
	}{
		"exists in the file":  {object{"id": "gate", "source": "upload:"}, 409, "there is a camera gate already"},
		"bad id":              {object{"id": "Front Door", "source": "upload:"}, 422, `"location":"body.id"`},
		"bad source":          {object{"id": "a", "source": "ftp://x/y"}, 422, `"location":"body.source"`},
		"file":                {object{"id": "a", "source": "file:///etc/passwd"}, 422, "for the configuration file alone"},
		"device":              {object{"id": "a", "source": "v4l2:///dev/video0"}, 422, "for the configuration file alone"},
		"port of ours":        {object{"id": "a", "source": "tcp-listen://:5000"}, 422, "for the configuration file alone"},
		"forbidden address":   {object{"id": "a", "source": "http://169.254.169.254/latest"}, 422, "no camera may be there"},
		"password file":       {object{"id": "a", "source": "http://192.0.2.1/", "password_file": "/etc/passwd"}, 400, "unexpected property"},
		"redacted password":   {object{"id": "a", "source": "http://192.0.2.1/", "username": "u", "password": "<redacted>"}, 422, `"location":"body.password"`},
		"redacted query":      {object{"id": "a", "source": "http://192.0.2.1/?<redacted>"}, 422, `"location":"body.source"`},
		"redacted, encoded":   {object{"id": "a", "source": "http://192.0.2.1/?%3CRedacted%3e"}, 422, `"location":"body.source"`},
		"redacted, in a user": {object{"id": "a", "source": "http://u:%3Credacted%3E@192.0.2.1/"}, 422, `"location":"body.source"`},
		"several mistakes":    {object{"id": "a", "source": "http://192.0.2.1/", "interval": "1", "password": "x"}, 422, `"location":"body.interval"`},
		"misplaced":           {object{"id": "a", "source": "upload:", "transport": "tcp"}, 422, `"location":"body.transport"`},
		"no source":           {object{"id": "a"}, 400, "source"},
		"unknown field":       {object{"id": "a", "source": "upload:", "sauce": 1}, 400, "sauce"},
		"other case":          {`{"id":"a","source":"upload:","Name":"x"}`, 400, "Name"},
		"kelvin sign":         {"{\"id\":\"a\",\"source\":\"upload:\",\"\u212aeep\":\"always\"}", 400, "unknown field"},
		"twice":               {`{"id":"a","source":"upload:","source":"test:"}`, 400, "twice"},
		"null":                {`{"id":"a","source":"upload:","name":null}`, 400, "null"},
		"wrong type":          {object{"id": "a", "source": "upload:", "tls_insecure": "yes"}, 400, "body.tls_insecure"},
	} {
		t.Run(name, func(t *testing.T) {
			a := c.do("POST", "/api/v1/cameras", x.body).want(x.status).says(x.says)
			if strings.Contains(string(a.body), "canary") {
				t.Errorf("a secret is answered: %s", a.body)
			}
		})
	}
	if r.gateway.sets != 0 {
		t.Errorf("%d changes took effect", r.gateway.sets)
	}
	all, err := r.options.Store.Cameras(t.Context())
	if err != nil || len(all) != 0 {
		t.Errorf("kept are %v, %v", all, err)
	}
	c.do("POST", "/api/v1/cameras", object{"id": "a", "source": "upload:", "transport": "auto", "keep": "on_demand"}).want(201)
	c.do("POST", "/api/v1/cameras", object{"id": "a", "source": "upload:"}).want(409)
}

func TestAChangeChangesWhatItNames(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.do("POST", "/api/v1/cameras", secretive).want(201)
	for _, x := range []struct {
		body object
		want func() bool
	}{
		{object{"name": "Hall"}, func() bool { return r.gateway.added["front"].Name == "Hall" }},
		{object{"keep": "always"}, func() bool { return r.gateway.added["front"].Keep == "always" }},
		{object{"transport": ""}, func() bool { return r.gateway.added["front"].Transport == "auto" }},
		{object{"password": "canary-second"}, func() bool { return r.gateway.added["front"].Password.Reveal() == "canary-second" }},
		{object{"source": "rtsp://192.0.2.10/two", "password": "canary-again"}, func() bool { return r.gateway.added["front"].Source.URL == "rtsp://192.0.2.10/two" }},
		{object{"source": "rtsp://anna:canary-third@192.0.2.10/two"}, func() bool {
			now := r.gateway.added["front"]
			return now.Username == "anna" && now.Password.Reveal() == "canary-third" && now.Source.URL == "rtsp://192.0.2.10/two"
		}},
		{object{"source": "http://192.0.2.10/two"}, func() bool { return r.gateway.added["front"].Source.Kind == "http" }},
		{object{"interval": "1m"}, func() bool { return r.gateway.added["front"].Interval.String() == "1m0s" }},
		{object{"username": "", "password": ""}, func() bool { return r.gateway.added["front"].Password.Empty() }},
		{object{"name": ""}, func() bool { return r.gateway.added["front"].Name == "front" }},
	} {
		before := r.gateway.added["front"]
		a := c.do("PATCH", "/api/v1/cameras/front", x.body).want(200)
		if !x.want() {
			t.Errorf("%v made %+v of %+v: %s", x.body, r.gateway.added["front"], before, a.body)
		}
		if strings.Contains(string(a.body), "canary") {
			t.Errorf("%v: a secret is answered: %s", x.body, a.body)
		}
	}
	for _, body := range []object{
		{"source": "http://192.0.2.10/three?<redacted>"},
		{"password": "<redacted>"},
		{"id": "back"},
		{"password": "without a name"},
		{"source": "http://169.254.169.254/"},
	} {
		before := r.gateway.added["front"]
		c.do("PATCH", "/api/v1/cameras/front", body).want(422)
		if r.gateway.added["front"] != before {
			t.Errorf("%v was refused and took effect", body)
		}
	}
}

// A camera's password goes nowhere but where it was given for: whoever changes
// the source to another host has to know it.
func TestAPasswordIsNotSentElsewhere(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.do("POST", "/api/v1/cameras", object{"id": "front", "source": "https://cam.example/one?token=x", "username": "u", "password": "canary-password"}).want(201)
	patch := func(body object) answered { return c.do("PATCH", "/api/v1/cameras/front", body) }
	for _, body := range []object{
		{"source": "https://192.0.2.66/one"},
		{"source": "https://cam.example.evil.example/one"},
		{"source": "rtsps://192.0.2.66/one"},
		{"source": "http://cam.example/one"}, // in clear
		{"source": "rtsp://cam.example/one"},
		{"source": "https://192.0.2.66/one", "username": "other"},
		{"source": "https://192.0.2.66/one", "id": "front", "password_set": true},
	} {
		before := r.gateway.added["front"]
		patch(body).want(422).says(`"location":"body.password"`).says("once more")
		if r.gateway.added["front"] != before {
			t.Errorf("%v was refused and took effect", body)
		}
	}
	for _, body := range []object{
		{"source": "https://CAM.example.:8443/two"},
		{"source": "rtsps://cam.example/three"},
		{"name": "Another"},
		{"source": "https://192.0.2.66/one", "password": "canary-password"},
		{"source": "http://u:canary-password@192.0.2.67/one"},
		{"source": "http://192.0.2.68/one", "username": "", "password": ""},
		{"source": "http://192.0.2.69/one"}, // there is none any more
	} {
		patch(body).want(200)
	}
	for _, from := range []string{"upload:", "test:"} { // nor by a way round
		c.do("POST", "/api/v1/cameras", object{"id": from[:4], "source": "http://192.0.2.1/", "username": "u", "password": "canary-password"}).want(201)
		c.do("PATCH", "/api/v1/cameras/"+from[:4], object{"source": from, "username": ""}).want(422)
		c.do("PATCH", "/api/v1/cameras/"+from[:4], object{"source": from, "username": "", "password": ""}).want(200)
		c.do("PATCH", "/api/v1/cameras/"+from[:4], object{"source": "http://192.0.2.66/", "username": "u"}).want(200)
		if now := r.gateway.added[from[:4]]; !now.Password.Empty() {
			t.Errorf("by way of %s the password went along", from)
		}
	}
}

// What was read can be sent back, and changes nothing: no secret is lost, and
// the camera goes on.
func TestSendingBackWhatWasReadChangesNothing(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	for i, body := range []object{
		secretive,
		{"id": "a", "source": "http://u:p@192.0.2.1/mjpeg", "keep": "always", "interval": "90s", "normalize": "never"},
		{"id": "b", "source": "https://192.0.2.1/?canary", "tls_insecure": true},
		{"id": "c", "source": "upload:", "name": "Ünicode \U0001f4f7"},
		{"id": "d", "source": "test:?width=640&height=480&fps=5"},
		{"id": "e", "source": "test:"},
	} {
		id := body["id"].(string)
		added := c.do("POST", "/api/v1/cameras", body).want(201)
		before, sets := r.gateway.added[id], r.gateway.sets
		var read object
		must(t, json.Unmarshal(c.do("GET", "/api/v1/cameras/"+id, nil).want(200).body, &read))
		a := c.do("PATCH", "/api/v1/cameras/"+id, read).want(200)
		if r.gateway.sets != sets || r.gateway.added[id] != before {
			t.Errorf("%d: %v became %v", i, before, r.gateway.added[id])
		}
		if a.response.Header.Get("ETag") != added.response.Header.Get("ETag") {
			t.Errorf("%d: another revision", i)
		}
		if string(a.body) != string(added.body) {
			t.Errorf("%d: %s became %s", i, added.body, a.body)
		}
	}
}

func TestRemovingACamera(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.do("POST", "/api/v1/cameras", secretive).want(201)
	c.do("DELETE", "/api/v1/cameras/front", nil, "If-Match", `"99"`).want(412)
	if len(r.gateway.added) != 1 {
		t.Error("it was removed")
	}
	c.do("DELETE", "/api/v1/cameras/front", nil).want(204)
	if len(r.gateway.added) != 0 {
		t.Error("it is still there")
	}
	c.do("GET", "/api/v1/cameras/front", nil).want(404)
	c.do("DELETE", "/api/v1/cameras/front", nil).want(404)
	c.do("DELETE", "/api/v1/cameras/gate", nil).want(409).says("in the configuration file")
	c.do("PATCH", "/api/v1/cameras/gate", object{"name": "x"}).want(409).says("in the configuration file")
}

// What cannot be put into effect is not kept either.
func TestARefusedChangeIsTakenBack(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.do("POST", "/api/v1/cameras", secretive).want(201)
	_, err := r.options.Auth.AddUser(t.Context(), "anna", secret.New(good), r.grants([]string{"view:front"}))
	must(t, err)
	state := func() string {
		all, err := r.options.Store.Cameras(context.Background())
		must(t, err)
		u, err := r.options.Auth.User(context.Background(), "anna")
		must(t, err)
		text := fmt.Sprint(u.Grants)
		for _, k := range all {
			camera, err := cameraOf(k)
			must(t, err)
			text += fmt.Sprint(camera, camera.Source.URL, camera.Password.Reveal())
		}
		return text
	}
	before, live := state(), r.gateway.added["front"]
	r.gateway.refuse = errors.New("no room")
	c.do("POST", "/api/v1/cameras", object{"id": "back", "source": "test:"}).want(500).says("nothing was changed: no room")
	c.do("PATCH", "/api/v1/cameras/front", object{"name": "x", "password": "y"}).want(500).says("no room")
	c.do("DELETE", "/api/v1/cameras/front", nil).want(500).says("no room")
	if after := state(); after != before {
		t.Errorf("kept is %s, was %s", after, before)
	}
	r.gateway.refuse = nil
	if r.gateway.added["front"] != live {
		t.Error("another camera is in effect")
	}
	c.do("POST", "/api/v1/cameras", object{"id": "back", "source": "test:"}).want(201)
}

func TestOneOfManyChangesOfTheSameStateWins(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	tag := c.do("POST", "/api/v1/cameras", secretive).want(201).response.Header.Get("ETag")
	var mu sync.Mutex
	statuses := make(map[int]int)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			a := c.do("PATCH", "/api/v1/cameras/front", object{"name": fmt.Sprint("name ", i)}, "If-Match", tag)
			mu.Lock()
			defer mu.Unlock()
			statuses[a.response.StatusCode]++
		})
	}
	all.Wait()
	if !cmp.Equal(statuses, map[int]int{200: 1, 412: 7}) {
		t.Errorf("statuses %v", statuses)
	}
	for match, want := range map[string]int{`*`: 200, tag: 412, `W/"1"`: 412, `x`: 412, `"1", *`: 200} {
		c.do("PATCH", "/api/v1/cameras/front", object{"name": "for " + match}, "If-Match", match).want(want)
	}
}

// A camera that another process damaged, or another version kept, is left out,
// and the others are not.
func TestACameraThatCannotBeReadIsLeftOut(t *testing.T) {
	r := newRig(t)
	_, err := r.options.Store.AddCamera(t.Context(), store.Camera{ID: "old", Document: []byte(`{"source":"file:///etc/passwd"}`)})
	must(t, err)
	_, err = r.options.Store.AddCamera(t.Context(), store.Camera{ID: "torn", Document: []byte(`{"source":`)})
	must(t, err)
	c := r.admin()
	c.do("POST", "/api/v1/cameras", secretive).want(201)
	cameras, broken, err := Added(t.Context(), r.options.Store)
	if err != nil || len(cameras) != 1 || len(broken) != 2 {
		t.Errorf("%v, %v, %v", cameras, broken, err)
	}
	c.do("GET", "/api/v1/cameras", nil).want(200)
	c.do("DELETE", "/api/v1/cameras/torn", nil).want(204)
	c.do("DELETE", "/api/v1/cameras/old", nil).want(204)
}

func TestADocumentSurvivesTheStore(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "d"))
	must(t, err)
	defer s.Close()
	for i, k := range []keys{
		{"source": "rtsp://192.0.2.1/x?user=a&pwd=b", "username": "u", "password": "p", "transport": "udp", "normalize": "always"},
		{"source": "https://192.0.2.1/", "tls_insecure": "true", "interval": "1m30s", "keep": "always", "name": "N"},
		{"source": "test:?fps=5&height=480&width=640"},
	} {
		camera := fileCamera(t, fmt.Sprint("c", i), k)
		packed, err := pack(camera, "")
		must(t, err)
		kept, err := s.AddCamera(t.Context(), packed)
		must(t, err)
		again, err := cameraOf(kept)
		if err != nil || again != camera {
			t.Errorf("%v became %v, %v", camera, again, err)
		}
		if got := keysOf(camera); !cmp.Equal(got, k) {
			t.Errorf("keys %v became %v", k, got)
		}
	}
}

func TestProbing(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	body := object{"source": "rtsp://192.0.2.1/x?token=canary-query", "username": "u", "password": "canary-password"}
	r.gateway.probe = func(_ context.Context, c config.Camera, patience time.Duration) (Probed, error) {
		if patience != probePatience {
			t.Errorf("a patience of %v", patience)
		}
		return Probed{
			Codec: "h264", Width: 1280, Height: 720, FPS: 25, FirstFrame: 120e6, KeyframeInterval: 2e9, Frames: 51, Bytes: 9,
			Sound: ProbedSound{"aac", 48000, 2}, Picture: []byte("JPEG"),
		}, nil
	}
	var p probed
	c.do("POST", "/api/v1/cameras/probe", body).want(200).into(&p)
	if want := (probed{OK: true, Codec: "h264", Width: 1280, Height: 720, FPS: 25, FirstFrameMs: 120, KeyframeIntervalMs: 2000, Frames: 51, Bytes: 9, Sound: &probedSound{"aac", 48000, 2}, Picture: "data:image/jpeg;base64,SlBFRw=="}); !cmp.Equal(p, want) {
		t.Errorf("probed %+v", p)
	}
	r.gateway.probe = func(context.Context, config.Camera, time.Duration) (Probed, error) {
		return Probed{}, fmt.Errorf("asking rtsp://192.0.2.1/x?token=canary-query as canary-password: refused")
	}
	a := c.do("POST", "/api/v1/cameras/probe", body).want(200).says(`"ok":false`).says("refused")
	if strings.Contains(string(a.body), "canary") {
		t.Errorf("a secret is answered: %s", a.body)
	}
	r.gateway.probe = func(context.Context, config.Camera, time.Duration) (Probed, error) {
		return Probed{}, context.DeadlineExceeded
	}
	c.do("POST", "/api/v1/cameras/probe", body).want(200).says("within 15s")
	c.do("POST", "/api/v1/cameras/probe", object{"source": "upload:"}).want(422)
	c.do("POST", "/api/v1/cameras/probe", object{"source": "http://169.254.1.1/"}).want(422)
	c.do("POST", "/api/v1/cameras/probe", object{"source": "file:///etc/passwd"}).want(422)

	entered, release := make(chan struct{}), make(chan struct{})
	r.gateway.probe = func(context.Context, config.Camera, time.Duration) (Probed, error) {
		entered <- struct{}{}
		<-release
		return Probed{}, nil
	}
	var all sync.WaitGroup
	for range maxProbes {
		all.Go(func() { c.do("POST", "/api/v1/cameras/probe", body) })
		<-entered
	}
	if third := c.do("POST", "/api/v1/cameras/probe", body).want(http.StatusServiceUnavailable); third.response.Header.Get("Retry-After") == "" {
		t.Error("not told when to come again")
	}
	close(release)
	all.Wait()
}

// A camera that is there is tried with the password that is kept of it, but not
// at another host.
func TestProbingWithAChange(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.do("POST", "/api/v1/cameras", object{"id": "front", "source": "rtsp://192.0.2.1/x", "username": "u", "password": "canary-password"}).want(201)
	var tried config.Camera
	r.gateway.probe = func(_ context.Context, c config.Camera, _ time.Duration) (Probed, error) {
		tried = c
		return Probed{Codec: "jpeg"}, nil
	}
	c.do("POST", "/api/v1/cameras/front/probe", object{}).want(200)
	if tried.Source.URL != "rtsp://192.0.2.1/x" || tried.Password.Reveal() != "canary-password" {
		t.Errorf("tried %v", tried.Source)
	}
	c.do("POST", "/api/v1/cameras/front/probe", object{"source": "rtsp://192.0.2.1/y", "transport": "udp"}).want(200)
	if tried.Source.URL != "rtsp://192.0.2.1/y" || tried.Transport != config.TransportUDP || tried.Password.Empty() {
		t.Errorf("tried %v over %q", tried.Source, tried.Transport)
	}
	c.do("POST", "/api/v1/cameras/front/probe", object{"source": "rtsp://192.0.2.2/y"}).want(422).says("body.password")
	c.do("POST", "/api/v1/cameras/front/probe", object{"source": "upload:", "username": "", "password": ""}).want(422)
	c.do("POST", "/api/v1/cameras/gate/probe", object{}).want(http.StatusConflict)
	c.do("POST", "/api/v1/cameras/nowhere/probe", object{}).want(404)
	if kept := r.gateway.added["front"]; kept.Source.URL != "rtsp://192.0.2.1/x" {
		t.Errorf("the camera became %v", kept.Source)
	}
}

// Another process may have changed what was read here a moment ago.
func TestAChangeOfAnotherProcessIsNotOverwritten(t *testing.T) {
	r := newRig(t)
	r.admin().do("POST", "/api/v1/cameras", secretive).want(201)
	stale, err := r.options.Store.Camera(t.Context(), "front")
	must(t, err)
	camera, err := cameraOf(stale)
	must(t, err)
	theirs, err := r.options.Store.SetCamera(t.Context(), stale)
	must(t, err)
	camera.Name = "ours"
	if _, err := r.replace(t.Context(), stale, camera); problemOf(err).Status != http.StatusPreconditionFailed {
		t.Errorf("error %v", err)
	}
	now, err := r.options.Store.Camera(t.Context(), "front")
	if err != nil || now.Revision != theirs.Revision || r.gateway.added["front"].Name == "ours" {
		t.Errorf("revision %d, want %d: %v", now.Revision, theirs.Revision, err)
	}
}
