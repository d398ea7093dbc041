package api

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"framegate/gateway/auth"
)

// Every route, asked by everybody: who may gets past the door, nobody gets 401,
// and who may not gets what is there for what does not exist. Package front asks
// the same of its whole table.
func TestEveryRouteByEverybody(t *testing.T) {
	r := newRig(t)
	r.gateway.file["front"] = fileCamera(t, "front", keys{"source": "upload:"})
	everybody := map[string]string{
		"nobody":          "",
		"viewer":          r.token("v", "view:front"),
		"viewer of other": r.token("o", "view:gate"),
		"publisher":       r.token("p", "publish:front"),
		"playback":        r.token("b", "playback:front"),
		"turner":          r.token("t", "ptz:front"),
		"admin":           r.token("a", "admin"),
	}
	for _, route := range New(Options{}).Routes() {
		if route.Path == "/api/v1/events" {
			continue // which does not end; see events_test.go
		}
		address := strings.NewReplacer("{id}", "front", "{name}", "nobody-of-this-name", "{number}", "987654").Replace(route.Path)
		for who, token := range everybody {
			may := map[auth.Action]bool{
				Public:        true,
				Anybody:       true,
				Known:         who != "nobody",
				auth.View:     who == "viewer" || who == "admin",
				auth.Playback: who == "playback" || who == "admin",
				auth.PTZ:      who == "turner" || who == "admin",
				auth.Admin:    who == "admin",
			}[route.Action]
			if route.Path == "/api/v1/cameras/{id}/status" {
				may = who == "viewer" || who == "playback" || who == "admin"
			}
			a := r.as(token).do(route.Method, address, nil)
			refused := string(a.body) != "" && (a.response.StatusCode == 401 && strings.Contains(string(a.body), "log in first") ||
				a.response.StatusCode == 404 && strings.Contains(string(a.body), notThere))
			missing := strings.Contains(address, "nobody") || strings.Contains(address, "987654")
			switch {
			case may && refused && !missing:
				t.Errorf("%s %s by %s: refused: %s", route.Method, address, who, a.body)
			case !may && !refused:
				t.Errorf("%s %s by %s: status %d: %s", route.Method, address, who, a.response.StatusCode, a.body)
			case who == "nobody" && !may && a.response.StatusCode != 401:
				t.Errorf("%s %s by nobody: status %d", route.Method, address, a.response.StatusCode)
			}
		}
	}
}

// Without a principal in the context nothing is open that is not Public, should
// package front forget it.
func TestNobodyIsWhoeverIsNotTold(t *testing.T) {
	r := newRig(t)
	for _, address := range []string{"/api/v1/cameras", "/api/v1/cameras/gate", "/api/v1/users", "/api/v1/events", "/api/v1/me"} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest("GET", address, nil))
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%s: status %d", address, w.Code)
		}
	}
}

func TestLinksNeedNoLogin(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("a", "view:gate"))
	var s signed
	c.do("POST", "/api/v1/cameras/gate/links", object{"action": "view", "expires_in": "1m"}).want(201).into(&s)
	if left := time.Until(*s.Expires); left > time.Minute || left < 30*time.Second {
		t.Errorf("expires %v", s.Expires)
	}
	address, err := url.Parse(s.Links["mjpeg"])
	must(t, err)
	if address.Path != "/live/gate.mjpeg" || address.RawQuery != s.Query || s.Links["publish"] != "" || s.Links["page"] != "" {
		t.Errorf("links %+v", s)
	}
	for camera, want := range map[string]bool{"gate": true, "phone": false} {
		q := httptest.NewRequest("GET", "/live/x?"+s.Query, nil)
		p, _ := r.options.Auth.Identify(q, auth.Use{Action: auth.View, Camera: camera, Ways: auth.Media})
		if got := auth.Authorize(p, auth.View, camera); got != want {
			t.Errorf("viewing %s by the link: %v", camera, got)
		}
	}
	c.do("POST", "/api/v1/cameras/phone/links", object{"action": "view", "expires_in": "1m"}).want(404)
	c.do("POST", "/api/v1/cameras/gate/links", object{"action": "publish", "expires_in": "1m"}).want(404)
	for _, x := range []struct {
		body   object
		status int
	}{
		{object{"action": "view", "expires_in": "0s"}, 422},
		{object{"action": "view", "expires_in": "-1m"}, 422},
		{object{"action": "view", "expires_in": "soon"}, 422},
		{object{"action": "view", "expires_in": "1m", "name": "x"}, 422},
		{object{"action": "view", "expires_in": "7d1s"}, 403}, // which admins may
		{object{"action": "view"}, 403},
		{object{"action": "view", "expires_in": 60}, 400},
		{object{"action": "admin", "expires_in": "1m"}, 400},
	} {
		c.do("POST", "/api/v1/cameras/gate/links", x.body).want(x.status)
	}
	c.do("POST", "/api/v1/cameras/gate/links", object{"action": "view", "expires_in": "7d"}).want(201)
}

// TestPlaybackIsApartFromView: who may see the present may not see the past, nor
// give a link to it, and the other way around.
func TestPlaybackIsApartFromView(t *testing.T) {
	r := newRig(t)
	viewer, looker := r.as(r.token("v", "view:gate")), r.as(r.token("p", "playback:gate"))
	viewer.do("POST", "/api/v1/cameras/gate/links", object{"action": "playback", "expires_in": "1m"}).want(404)
	looker.do("POST", "/api/v1/cameras/gate/links", object{"action": "view", "expires_in": "1m"}).want(404)
	looker.do("POST", "/api/v1/cameras/phone/links", object{"action": "playback", "expires_in": "1m"}).want(404)
	looker.do("GET", "/api/v1/cameras/gate", nil).want(404)
	r.gateway.recordings = []Recording{{Camera: "gate", Mode: "continuous", State: "recording", Damped: 3}}
	status := func(c client, camera string) (s cameraStatus) {
		c.do("GET", "/api/v1/cameras/"+camera+"/status", nil).want(200).into(&s)
		return s
	}
	if s := status(looker, "gate"); s.Recording == nil || s.Recording.Damped != 3 || s.State != "" || len(s.Streams) > 0 || s.Links["mp4"] != "" || s.Links["recording"] == "" {
		t.Errorf("who may look back sees %+v", s)
	}
	if s := status(viewer, "gate"); s.Recording != nil || s.State != "idle" || s.Links["recording"] != "" {
		t.Errorf("who may view sees %+v", s)
	}
	looker.do("GET", "/api/v1/cameras/phone/status", nil).want(404)
	var all overview
	looker.do("GET", "/api/v1/status", nil).want(200).into(&all)
	if len(all.Cameras) != 1 || all.Cameras[0].ID != "gate" || all.Cameras[0].State != "" {
		t.Errorf("of all, who may look back sees %+v", all.Cameras)
	}
	var timed, lasting signed
	looker.do("POST", "/api/v1/cameras/gate/links", object{"action": "playback", "expires_in": "1m"}).want(201).into(&timed)
	r.admin().do("POST", "/api/v1/cameras/gate/links", object{"action": "playback"}).want(201).into(&lasting)
	for _, s := range []signed{timed, lasting} {
		if len(s.Links) != 1 || s.Links["recording"] != "/live/gate/recording.mp4?"+s.Query {
			t.Errorf("links %+v", s)
		}
		for action, want := range map[auth.Action]bool{auth.Playback: true, auth.View: false, auth.Publish: false} {
			p, _ := r.options.Auth.Identify(httptest.NewRequest("GET", s.Links["recording"], nil), auth.Use{Action: action, Camera: "gate", Ways: auth.Media})
			if got := auth.Authorize(p, action, "gate"); got != want {
				t.Errorf("%s by a link for playback: %v", action, got)
			}
		}
	}
	for grants, want := range map[string]string{"view:gate": "", "view:gate playback:gate": "/live/gate/recording.mp4"} {
		var s cameraStatus
		r.as(r.token("of "+itoa(int64(len(grants))), strings.Fields(grants)...)).do("GET", "/api/v1/cameras/gate/status", nil).want(200).into(&s)
		if s.Links["recording"] != want {
			t.Errorf("%s gets the links %v", grants, s.Links)
		}
	}
}

// Lasting links are made, listed and revoked by admins.
func TestLastingLinks(t *testing.T) {
	r := newRig(t)
	admin, viewer := r.admin(), r.as(r.token("a", "view:*"))
	var ever, year signed
	admin.do("POST", "/api/v1/cameras/gate/links", object{"action": "view", "name": "OctoPrint"}).want(201).into(&ever)
	admin.do("POST", "/api/v1/cameras/phone/links", object{"action": "publish", "expires_in": "365d"}).want(201).into(&year)
	if ever.Expires != nil || year.Expires == nil || time.Until(*year.Expires) < 364*24*time.Hour || ever.ID == 0 || year.ID == ever.ID {
		t.Errorf("%+v, %+v", ever, year)
	}
	if want := "link=" + itoa(ever.ID) + "&sig="; !strings.HasPrefix(ever.Query, want) || ever.Links["jpeg"] != "/live/gate.jpg?"+ever.Query || year.Links["post_jpeg"] != "/live/phone.jpg?"+year.Query {
		t.Errorf("%+v, %+v", ever, year)
	}
	identify := func() auth.Principal {
		p, _ := r.options.Auth.Identify(httptest.NewRequest("GET", ever.Links["jpeg"], nil), auth.Use{Action: auth.View, Camera: "gate", Ways: auth.Media})
		return p
	}
	if p := identify(); p.String() != "link:OctoPrint" {
		t.Errorf("the link makes %v", p)
	}
	var list lastingLinkList
	a := admin.do("GET", "/api/v1/links", nil).want(200).into(&list)
	if len(list.Links) != 2 || list.Links[0].Name != "OctoPrint" || list.Links[0].Camera != "gate" || list.Links[1].Action != "publish" ||
		!strings.HasPrefix(list.Links[0].Maker, "token:admin") || list.Links[0].Expires != nil || list.Links[1].Expires == nil {
		t.Errorf("%+v", list)
	}
	if strings.Contains(string(a.body), "sig") {
		t.Errorf("the list gives links away: %s", a.body)
	}
	viewer.do("GET", "/api/v1/links", nil).want(404)
	viewer.do("DELETE", "/api/v1/links/"+itoa(ever.ID), nil).want(404)
	admin.do("DELETE", "/api/v1/links/"+itoa(ever.ID), nil).want(204)
	admin.do("DELETE", "/api/v1/links/"+itoa(ever.ID), nil).want(404)
	if p := identify(); p.Known() {
		t.Errorf("revoked, it makes %v", p)
	}
	admin.do("POST", "/api/v1/cameras/absent/links", object{"action": "view"}).want(404)
	admin.do("POST", "/api/v1/cameras/gate/links", object{"action": "view", "name": "a\u202eb"}).want(422)
}

func TestUnknownAddressesAndMethods(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	for _, address := range []string{"/api", "/api/", "/api/v1", "/api/v2/cameras", "/api/v1/cameras/", "/api/v1/cameras/a/b/c", "/api/v1//cameras", "/api/v1/x/../cameras", "/api/docs/secret"} {
		q, err := http.NewRequest("GET", r.server.URL, nil)
		must(t, err)
		q.URL.Path = address
		c.identify(q)
		c.send(q).want(404)
	}
	a := c.do("PUT", "/api/v1/cameras/gate", object{}).want(405)
	if allow := a.response.Header.Get("Allow"); !strings.Contains(allow, "PATCH") || !strings.Contains(allow, "GET") {
		t.Errorf("Allow %q", allow)
	}
	if head := c.do("HEAD", "/api/v1/cameras", nil); head.response.StatusCode != 200 || len(head.body) != 0 {
		t.Errorf("HEAD: status %d", head.response.StatusCode)
	}
}

func TestBodiesThatAreNotTaken(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	const address = "/api/v1/cameras"
	fits := `{"id":"a","source":"upload:"}`
	for name, x := range map[string]struct {
		body, contentType string
		status            int
	}{
		"plain text":          {fits, "text/plain", 415},
		"form":                {"id=a&source=upload:", "application/x-www-form-urlencoded", 415},
		"no type":             {fits, "", 415},
		"other charset":       {fits, "application/json; charset=utf-16", 415},
		"merge patch":         {fits, "application/merge-patch+json", 415},
		"suffix":              {fits, "application/x+json", 415},
		"bad type":            {fits, "application/json;;=", 415},
		"empty":               {"", "application/json", 400},
		"not JSON":            {"{", "application/json", 400},
		"two values":          {fits + "{}", "application/json", 400},
		"a list":              {"[" + fits + "]", "application/json", 400},
		"a number":            {"1", "application/json", 400},
		"not UTF-8":           {"{\"id\":\"a\",\"source\":\"upload:\",\"name\":\"\xff\"}", "application/json", 400},
		"deep":                {strings.Repeat("[", 30000), "application/json", 400},
		"deep and closed":     {`{"may":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}`, "application/json", 400},
		"many members":        {"{" + strings.Repeat(`"a":1,`, 9000) + `"b":1}`, "application/json", 400},
		"huge number":         {`{"id":1e999999,"source":"upload:"}`, "application/json", 400},
		"exactly too large":   {fits + strings.Repeat(" ", maxBodyBytes+1-len(fits)), "application/json", 413},
		"much too large":      {strings.Repeat("x", 1<<20), "application/json", 413},
		"the largest, fits":   {strings.Replace(fits, "a", "big", 1) + strings.Repeat(" ", maxBodyBytes-len(fits)-2), "application/json", 201},
		"with a charset":      {strings.Replace(fits, "a", "cs", 1), "application/json;charset=UTF-8", 201},
		"byte order mark":     {"\xef\xbb\xbf" + fits, "application/json", 400},
		"null":                {"null", "application/json", 400},
		"an escaped key":      {`{"\u0069d":"esc","source":"upload:"}`, "application/json", 201},
		"an escaped twin":     {`{"\u0069d":"esc","id":"a","source":"upload:"}`, "application/json", 400},
		"a lone surrogate":    {`{"id":"a","source":"upload:","name":"\ud800"}`, "application/json", 201},
		"a control character": {`{"id":"b","source":"upload:","name":"\u0000"}`, "application/json", 422},
	} {
		t.Run(name, func(t *testing.T) {
			headers := []string{"Content-Type", x.contentType}
			q := c.do("POST", address, x.body, headers...)
			if q.response.StatusCode != x.status {
				t.Errorf("status %d, want %d: %s", q.response.StatusCode, x.status, q.body)
			}
		})
	}
	c.do("POST", "/api/v1/logout", "{}").want(204)
	c.do("POST", "/api/v1/logout", nil).want(204)
	c.do("POST", "/api/v1/logout", `{"a":1}`).want(400)
	c.do("POST", "/api/v1/logout", "x", "Content-Type", "text/plain").want(415)
}

// A body that announces much and sends nothing holds nothing up, and what says
// it is chunked is bounded like the rest.
func TestBodiesThatDoNotEnd(t *testing.T) {
	r := newRig(t)
	token := r.token("a", "admin")
	conn, err := net.Dial("tcp", r.server.Listener.Addr().String())
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	fmt.Fprintf(conn, "POST /api/v1/cameras HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", token)
	go func() { // ends with the connection
		chunk := fmt.Sprintf("%x\r\n%s\r\n", 8192, strings.Repeat(" ", 8192))
		for {
			if _, err := conn.Write([]byte(chunk)); err != nil {
				return
			}
		}
	}()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", response.StatusCode)
	}
}
