package access

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
)

// TestPeopleGetPages where programs get a line of text, and what each says.
func TestPeopleGetPages(t *testing.T) {
	t.Parallel()
	g := rig.StartGuarded(t, "cameras: {front: {source: 'upload:'}, back: {source: 'upload:'}}")
	g.AddUser(t, "viewer", "view:front")
	viewer := rig.Credentials{Cookie: g.AddSession(t, "viewer", time.Hour)}
	for name, row := range map[string]struct {
		method, path string
		change       func(*http.Request)
		status       int
		says         string
	}{
		"an address of nothing":      {"GET", "/nothing/here", nil, 404, "No page of this server has that address."},
		"a camera that is not there": {"GET", "/live/absent.jpg", nil, 404, "There is nothing here"},
		"a way back":                 {"GET", "/logout", nil, 404, "To the cameras"},
		"a form of another site":     {"POST", "/live/front.jpg", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, 403, "trusted_proxies"},
		"another server's name":      {"GET", "/", func(r *http.Request) { r.Host = "other.example" }, 421, "list it under hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, person := range []bool{true, false} {
				r := g.Request(t, row.method, row.path, nil, nil)
				if person {
					r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
				}
				if row.change != nil {
					row.change(r)
				}
				a := g.Send(t, r, viewer)
				body, kind := string(a.Content), a.Header.Get("Content-Type")
				if person && (a.StatusCode != row.status || !strings.HasPrefix(kind, "text/html") || !strings.Contains(body, row.says) ||
					!strings.Contains(body, `<html lang="en">`) || !strings.Contains(body, "<title>") || !strings.Contains(body, `name="viewport"`)) {
					t.Errorf("a person gets %d %s: %s", a.StatusCode, kind, body)
				}
				if !person && strings.HasPrefix(kind, "text/html") {
					t.Errorf("a program gets %d %s: %s", a.StatusCode, kind, body)
				}
			}
		})
	}
	t.Run("the app", func(t *testing.T) { looksAhead(t, g, viewer) })
}

var carried = regexp.MustCompile(`<script type="application/json" data-answer="([^"]*)">(.*)</script>`)

// looksAhead: a page of the app carries what the API answers who asks for it, and nothing else of
// anything; for who is nobody, their page asks.
func looksAhead(t *testing.T, g *rig.Guarded, viewer rig.Credentials) {
	stranger := *viewer.Cookie
	stranger.Value = strings.Repeat("x", len(stranger.Value))
	for who, row := range map[string]struct {
		rig.Credentials
		answers string
	}{
		"admin":    {g.AsAdmin(t), "/api/v1/cameras /api/v1/me /api/v1/me/preferences /api/v1/status"},
		"viewer":   {viewer, "/api/v1/cameras /api/v1/me /api/v1/me/preferences /api/v1/status"},
		"token":    {rig.Credentials{Bearer: g.AddToken(t, "program", "view:front")}, "/api/v1/cameras /api/v1/me /api/v1/status"}, // which has no preferences
		"nobody":   {},
		"stranger": {Credentials: rig.Credentials{Cookie: &stranger}},
	} {
		for _, path := range []string{"/", "/camera/front"} {
			var page string
			rig.Await(t, who+" gets a page with just "+row.answers+", which asks itself where answers are late", func() bool {
				a := g.Send(t, g.Request(t, "GET", path, nil, nil), row.Credentials)
				page = string(a.Content)
				var addresses []string
				for _, match := range carried.FindAllStringSubmatch(page, -1) {
					addresses = append(addresses, match[1])
				}
				return a.StatusCode == 200 && strings.Contains(page, "api/v1/me\" as=") == (row.answers == "") && strings.Join(addresses, " ") == row.answers
			})
			for _, match := range carried.FindAllStringSubmatch(page, -1) {
				if want, got := of(t, g.Get(t, match[1], row.Credentials).Content), of(t, []byte(match[2])); !reflect.DeepEqual(got, want) {
					t.Errorf("%s has of %s %v, not %v", who, match[1], got, want)
				}
			}
			if back := strings.Contains(page, "back"); back != (who == "admin") {
				t.Errorf("%s hears of a camera that is not theirs: %v: %s", who, back, page)
			}
		}
	}
}

// of reads an answer, without what is of one moment alone.
func of(t *testing.T, answer []byte) (read map[string]any) {
	t.Helper()
	if err := json.Unmarshal(answer, &read); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	delete(read, "recordings") // the room on the disk
	delete(read, "at")
	return read
}
