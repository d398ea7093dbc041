package access

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
)

// TestPeopleGetPages where programs get a line of text, and what each says.
func TestPeopleGetPages(t *testing.T) {
	t.Parallel()
	g := rig.StartGuarded(t, "cameras: {front: {source: 'upload:'}}")
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
	t.Run("the wall", func(t *testing.T) { looksAhead(t, g, viewer) })
}

// looksAhead: the page of the wall has what the API answers fetched at once by who is logged in, and not
// by others, who would be refused; and has nothing of it in itself.
func looksAhead(t *testing.T, g *rig.Guarded, viewer rig.Credentials) {
	stranger := *viewer.Cookie
	stranger.Value = strings.Repeat("x", len(stranger.Value))
	for who, credentials := range map[string]rig.Credentials{"viewer": viewer, "nobody": {}, "stranger": {Cookie: &stranger}} {
		a := g.Send(t, g.Request(t, "GET", "/", nil, nil), credentials)
		page := string(a.Content)
		if a.StatusCode != 200 || !strings.Contains(page, "api/v1/me\"") || strings.Contains(page, "front") {
			t.Errorf("%s gets %d: %s", who, a.StatusCode, page)
		}
		for _, answer := range []string{"cameras", "status", "me/preferences"} {
			if ahead := strings.Contains(page, "api/v1/"+answer+"\""); ahead != (who == "viewer") {
				t.Errorf("%s has %s ahead: %v", who, answer, ahead)
			}
		}
	}
}
