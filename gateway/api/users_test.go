package api

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"time"

	"framegate/gateway/store"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/api/events"
	"framegate/gateway/auth"
)

func TestUsers(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	body := object{"name": "Anna", "password": good, "grants": []string{"view:*", "publish:phone"}}
	var u user
	a := c.do("POST", "/api/v1/users", body).want(201).into(&u)
	if u.Name != "Anna" || u.Admin || !cmp.Equal(u.Grants, []string{"view:*", "publish:phone"}) || strings.Contains(string(a.body), good) {
		t.Errorf("added %s", a.body)
	}
	if got := a.response.Header.Get("Location"); got != "/api/v1/users/Anna" {
		t.Errorf("Location %s", got)
	}
	c.do("POST", "/api/v1/users", body).want(409)
	c.do("GET", "/api/v1/users/anna", nil).want(200).says(`"name":"Anna"`)
	c.do("GET", "/api/v1/users/berta", nil).want(404)
	session := r.login("anna")

	var read object
	c.do("GET", "/api/v1/users/anna", nil).into(&read)
	c.do("PATCH", "/api/v1/users/anna", read).want(200)
	session.do("GET", "/api/v1/me", nil).want(200).says("publish:phone")

	c.do("PATCH", "/api/v1/users/anna", object{"grants": []string{"view:gate"}}).want(200).says(`["view:gate"]`)
	session.do("GET", "/api/v1/me", nil).want(200).says(`["view:gate"]`)
	c.do("PATCH", "/api/v1/users/anna", object{"password": "another horse battery"}).want(200)
	session.do("GET", "/api/v1/me", nil).want(401)
	r.as("").do("POST", "/api/v1/login", object{"name": "anna", "password": "another horse battery"}).want(200)
	c.do("DELETE", "/api/v1/users/anna", nil).want(204)
	c.do("DELETE", "/api/v1/users/anna", nil).want(404)
}

func TestUsersThatAreNotTaken(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	r.user("boss", "admin")
	r.user("anna", "view:gate")
	for name, x := range map[string]struct {
		method, address string
		body            object
		status          int
		says            string
	}{
		"weak password":      {"POST", "", object{"name": "b", "password": "short"}, 422, "weak password"},
		"redacted password":  {"POST", "", object{"name": "b", "password": "<redacted>"}, 422, "body.password"},
		"bad name":           {"POST", "", object{"name": "b:c", "password": good}, 422, "bad name"},
		"bad grant":          {"POST", "", object{"name": "b", "password": good, "grants": []string{"view:*", "fly:*"}}, 422, "body.grants[1]"},
		"another name":       {"PATCH", "/anna", object{"name": "berta"}, 422, "body.name"},
		"last admin":         {"PATCH", "/boss", object{"grants": []string{"view:*"}}, 409, "admin"},
		"weak new password":  {"PATCH", "/anna", object{"grants": []string{"admin"}, "password": "x"}, 422, "weak password"},
		"redacted new":       {"PATCH", "/anna", object{"grants": []string{"admin"}, "password": "<redacted>"}, 422, "body.password"},
		"the last admin":     {"DELETE", "/boss", nil, 409, "last one"},
		"unknown":            {"PATCH", "/berta", object{"grants": []string{}}, 404, ""},
		"nothing of a grant": {"PATCH", "/anna", object{"grants": []string{""}}, 422, "body.grants[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			var body any
			if x.body != nil {
				body = x.body
			}
			a := c.do(x.method, "/api/v1/users"+x.address, body).want(x.status).says(x.says)
			if strings.Contains(string(a.body), good) {
				t.Errorf("the password is answered: %s", a.body)
			}
		})
	}
	// Of a change with two parts neither is made where one is refused.
	c.do("GET", "/api/v1/users/anna", nil).want(200).says(`["view:gate"]`)
}

func TestTokens(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	var made token
	c.do("POST", "/api/v1/tokens", object{"name": "nvr", "grants": []string{"view:gate"}, "expires_in": "1h"}).want(201).into(&made)
	if made.Text == "" || made.Expires == nil || time.Until(*made.Expires) > time.Hour || time.Until(*made.Expires) < 30*time.Minute {
		t.Errorf("made %+v", made)
	}
	holder := r.as(made.Text)
	holder.do("GET", "/api/v1/cameras/gate", nil).want(200)
	if list := c.do("GET", "/api/v1/tokens", nil).want(200).says(`"nvr"`); strings.Contains(string(list.body), made.Text) || strings.Contains(string(list.body), `"text"`) {
		t.Errorf("the text is listed: %s", list.body)
	}
	if strings.Contains(r.log.String(), made.Text) {
		t.Error("the text is in the log")
	}
	c.do("POST", "/api/v1/tokens", object{"name": "nvr"}).want(409)
	c.do("POST", "/api/v1/tokens", object{"name": "old", "expires_in": "0s"}).want(422)
	c.do("POST", "/api/v1/tokens", object{"name": "bad", "expires_in": "tomorrow"}).want(422)
	address := "/api/v1/tokens/" + itoa(made.ID)
	holder.do("DELETE", address, nil).want(404)
	c.do("DELETE", address, nil).want(204)
	c.do("DELETE", address, nil).want(404)
	for _, bad := range []string{"0", "-1", "x", "1.5", "99999999999999999999", "1%2f2"} {
		if a := c.do("DELETE", "/api/v1/tokens/"+bad, nil); a.response.StatusCode != 400 {
			t.Errorf("token %s: status %d", bad, a.response.StatusCode)
		}
	}
	holder.do("GET", "/api/v1/me", nil).want(401)
}

func TestLoggingInAndOut(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:gate")
	wrong := r.as("").do("POST", "/api/v1/login", object{"name": "anna", "password": "wrong"}).want(401)
	if strings.Contains(string(wrong.body), "anna") || wrong.response.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("%v %s", wrong.response.Header, wrong.body)
	}
	again := r.as("").do("POST", "/api/v1/login", object{"name": "anna", "password": "another"}).want(429)
	if again.response.Header.Get("Retry-After") == "" {
		t.Error("not told when to come again")
	}
	var c client
	waitFor(t, "the limit to pass", func() bool {
		a := r.as("").do("POST", "/api/v1/login", object{"name": "anna", "password": good})
		if cookies := a.response.Cookies(); len(cookies) == 1 {
			c = client{rig: r, cookie: cookies[0]}
		}
		return a.response.StatusCode == 200
	})
	var who me
	c.do("GET", "/api/v1/me", nil).want(200).into(&who)
	if who.Kind != "user" || who.Name != "anna" || who.Admin || who.Session == 0 || who.Expires == nil {
		t.Errorf("me %+v", who)
	}
	var out answered
	waitFor(t, "the limit on what the public asks for to pass", func() bool { // which the wait before may have used up
		out = c.do("POST", "/api/v1/logout", nil)
		return out.response.StatusCode != 429
	})
	out.want(204)
	if cookies := out.response.Cookies(); len(cookies) != 1 || cookies[0].MaxAge >= 0 {
		t.Errorf("cookies %v", cookies)
	}
	c.do("GET", "/api/v1/me", nil).want(401)
}

// TestALoginLinkLogsInOnce whom it was made for, elsewhere.
func TestALoginLinkLogsInOnce(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:gate")
	r.options.Base = func(context.Context) string { return "/cams" }
	anna, nobody := r.login("anna"), r.as("")
	const address = "/api/v1/me/login-link"
	var first, second loginLink
	anna.do("POST", address, nil).want(201).into(&first)
	anna.do("POST", address, object{"next": "/camera/gate?x=1"}).want(201).into(&second)
	if first.URL != "/cams/login#"+first.Link || second.URL != "/cams/login?next=%2Fcamera%2Fgate%3Fx%3D1#"+second.Link || second.Link == "" {
		t.Errorf("%+v, %+v", first, second)
	}
	if left := time.Until(second.Expires); left <= 0 || left > 10*time.Minute {
		t.Errorf("it is good for %v", left)
	}
	nobody.do("POST", "/api/v1/login", object{"link": first.Link}).want(401) // there is a newer one
	var who me
	a := nobody.do("POST", "/api/v1/login", object{"link": second.Link}).want(200).into(&who)
	if cookies := a.response.Cookies(); len(cookies) != 1 || who.Name != "anna" || who.Session == 0 {
		t.Errorf("%v, %+v", cookies, who)
	}
	nobody.do("POST", "/api/v1/login", object{"link": second.Link}).want(401)
	anna.do("GET", "/api/v1/me", nil).want(200) // the session that made it goes on
	for _, body := range []object{{}, {"name": "anna"}, {"password": good}, {"link": ""}, {"link": "x", "name": "anna", "password": good}} {
		nobody.do("POST", "/api/v1/login", body).want(422)
	}
	for _, next := range []string{"camera", "//foe.example", "https://foe.example/", `/\foe.example`, "/a\n"} {
		anna.do("POST", address, object{"next": next}).want(422)
	}
	r.as(r.token("t", "admin")).do("POST", address, nil).want(403).says("a token")
	for _, text := range []string{first.Link, second.Link} {
		if strings.Contains(r.log.String(), text) {
			t.Error("the log has a link's secret")
		}
	}
}

func TestChangingOnesPassword(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:gate")
	c, other := r.login("anna"), r.login("anna")
	c.do("POST", "/api/v1/me/password", object{"old": good, "password": "x"}).want(422)
	c.do("POST", "/api/v1/me/password", object{"old": good, "password": "<redacted>"}).want(422)
	a := c.do("POST", "/api/v1/me/password", object{"old": good, "password": "another horse battery"}).want(200)
	cookies := a.response.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("cookies %v", cookies)
	}
	c.do("GET", "/api/v1/me", nil).want(401)
	other.do("GET", "/api/v1/me", nil).want(401)
	again := client{rig: r, cookie: cookies[0]}
	again.do("GET", "/api/v1/me", nil).want(200)
	again.do("POST", "/api/v1/me/password", object{"old": good, "password": good}).want(422).says("body.old") // not 401, which would be to log in
	r.as(r.token("t", "view:gate")).do("POST", "/api/v1/me/password", object{"old": good, "password": good}).want(403)
}

func TestSessionsAreOnesOwn(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:gate")
	r.user("berta", "view:gate")
	anna, berta := r.login("anna"), r.login("berta")
	sessions := func(c client) []session {
		t.Helper()
		var list sessionList
		c.do("GET", "/api/v1/sessions", nil).want(200).into(&list)
		return list.Sessions
	}
	own := sessions(anna)
	if len(own) != 1 || own[0].User != "anna" || !own[0].Current {
		t.Fatalf("anna sees %+v", own)
	}
	theirs := sessions(berta)
	if all := sessions(r.admin()); len(all) != 2 || all[0].Current {
		t.Errorf("an admin sees %+v", all)
	}
	if got := sessions(r.as(r.token("t", "view:gate"))); len(got) != 0 {
		t.Errorf("a token sees %+v", got)
	}
	anna.do("DELETE", "/api/v1/sessions/"+itoa(theirs[0].ID), nil).want(404)
	r.as(r.token("u", "view:gate")).do("DELETE", "/api/v1/sessions/"+itoa(own[0].ID), nil).want(404)
	berta.do("GET", "/api/v1/me", nil).want(200)
	anna.do("DELETE", "/api/v1/sessions/"+itoa(own[0].ID), nil).want(204)
	anna.do("GET", "/api/v1/me", nil).want(401)
	r.as(r.token("b", "admin")).do("DELETE", "/api/v1/sessions/"+itoa(theirs[0].ID), nil).want(204)
	berta.do("GET", "/api/v1/me", nil).want(401)
}

// Where auth is off everybody is anyone, and may do everything but have a
// password.
func TestAnyone(t *testing.T) {
	r := newRig(t)
	open, err := auth.New(t.Context(), auth.Options{Store: r.options.Store, Open: true})
	must(t, err)
	r.options.Auth = open
	c := r.as("")
	c.do("GET", "/api/v1/me", nil).want(200).says(`"kind":"anyone"`).says(`"admin":true`)
	c.do("POST", "/api/v1/me/password", object{"old": good, "password": good}).want(403)
	c.do("POST", "/api/v1/cameras/gate/links", object{"action": "view", "expires_in": "1m"}).want(403)
	c.do("POST", "/api/v1/cameras", object{"id": "a", "source": "upload:"}).want(201)
	c.do("GET", "/api/v1/sessions", nil).want(200)
	e := c.hear()
	c.do("PUT", "/api/v1/me/preferences", object{"theme": "dark"}).want(204)
	e.expect(events.PreferencesChanged, "")
	c.do("GET", "/api/v1/me/preferences", nil).want(200).says(`{"theme":"dark"}`)
}

// Users of names that may not be given any more, since they stand badly in
// addresses, can still be changed and removed there.
func TestUsersOfOddNames(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	for _, name := range []string{"a//b", "a/b", "..", ".", "a/../b", "%2e", "a b+c?d#e"} {
		_, err := r.options.Store.AddUser(t.Context(), store.User{Name: name, Password: "x"})
		must(t, err)
		at := "/api/v1/users/" + strings.ReplaceAll(url.PathEscape(name), ".", "%2E")
		var u user
		if c.do("GET", at, nil).want(200).into(&u); u.Name != name {
			t.Errorf("%q is %q", name, u.Name)
		}
		c.do("PATCH", at, object{"grants": []string{"view:*"}}).want(200)
		c.do("DELETE", at, nil).want(204)
	}
	for _, at := range []string{"/api/v1/users/../cameras", "/api/v1//users", "/api/v1/users/", "/api/v1/./users"} {
		c.do("GET", at, nil).want(404)
	}
}

// The document says how long a password has to be; those of before stay good
// (see auth's TestHashIsRenewedAtLogin).
func TestPasswordsAreAsLongAsTheDocumentSays(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	const least = 12
	long := strings.Repeat("ü", least)
	c.do("POST", "/api/v1/users", object{"name": "anna", "password": long[:len(long)-2]}).want(422).says("at least 12 characters")
	c.do("POST", "/api/v1/users", object{"name": "anna", "password": long}).want(201)
	c.do("PATCH", "/api/v1/users/anna", object{"password": long[:len(long)-2]}).want(422)
	if n := strings.Count(string(r.document), `"12 characters or more"`); n != 3 {
		t.Errorf("the document says so %d times", n)
	}
}

// A grant for a camera that is not there may be mistyped, or for one to come: it
// is given, and told.
func TestGrantsForAbsentCamerasAreTold(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	grants := []string{"view:gate", "view:gaet", "publish:*", "metrics", "view:gaet"}
	const want = "view:gaet is permitted, but there is no camera gaet at the moment"
	var u, changed user
	c.do("POST", "/api/v1/users", object{"name": "anna", "password": good, "grants": grants}).want(201).into(&u)
	c.do("PATCH", "/api/v1/users/anna", object{"grants": grants}).want(200).into(&changed)
	var made token
	c.do("POST", "/api/v1/tokens", object{"name": "nvr", "grants": grants}).want(201).into(&made)
	for what, warnings := range map[string][]string{"a new user": u.Warnings, "a change": changed.Warnings, "a token": made.Warnings} {
		if len(warnings) != 1 || warnings[0] != want {
			t.Errorf("%s: %q", what, warnings)
		}
	}
	c.do("PATCH", "/api/v1/users/anna", changed).want(200) // what was read can be sent back
	var fine user
	if c.do("PATCH", "/api/v1/users/anna", object{"grants": []string{"view:gate", "view:*"}}).want(200).into(&fine); fine.Warnings != nil {
		t.Errorf("of cameras that are there: %q", fine.Warnings)
	}
	many := make([]string, 100)
	for i := range many {
		many[i] = "view:absent-" + itoa(int64(i))
	}
	if c.do("PATCH", "/api/v1/users/anna", object{"grants": many}).want(200).into(&fine); len(fine.Warnings) != maxWarnings {
		t.Errorf("%d are told", len(fine.Warnings))
	}
}
