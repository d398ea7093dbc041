package web

import (
	"encoding/json"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
)

// views are the scripts of the app's views, by the first part of their addresses.
var views = map[string]string{
	"": "Wall.js", "broadcast": "Broadcast.js", "camera": "Camera.js", "recordings": "Recordings.js",
	"settings": "settings.js", "login": "Login.js", "welcome": "Welcome.js",
}

// Answers are the addresses of what the app asks the API as soon as it begins, of who is logged in. No view
// shows anything before it has these, so its page carries what is answered (web/app/api/ahead.ts).
var Answers = []string{"/api/v1/me", "/api/v1/me/preferences", "/api/v1/cameras", "/api/v1/status"}

// ahead is what a page has before its scripts ask for it.
type ahead struct {
	Scripts []string                   // of the app
	German  []string                   // the words of these
	Answers map[string]json.RawMessage // of the API, by address
}

const (
	own  = "app.js"     // which each page names
	said = "said.de.js" // what the server says, which comes when it says something
)

// needed finds what a script of the app cannot begin without.
var needed = regexp.MustCompile("(?:import|from) *[\"'`]\\./([\\w.-]+\\.js)")

// inGerman finds which words a script of the app wants for who reads German.
var inGerman = regexp.MustCompile("[\"'`]\\./([\\w-]+\\.de\\.js)[\"'`]\\)")

// scriptsOfViews gives what each view has ahead, by the first part of its address.
func (p *Pages) scriptsOfViews() map[string]ahead {
	of := make(map[string]ahead)
	for part, view := range views {
		a := ahead{Scripts: p.scripts(nil, view)}
		for _, name := range append([]string{own}, a.Scripts...) {
			for _, match := range inGerman.FindAllSubmatch(p.assets[path.Join("/assets/app", name)].content, -1) {
				if piece := string(match[1]); piece != said && !slices.Contains(a.German, piece) {
					a.German = append(a.German, piece)
				}
			}
		}
		of[part] = a
	}
	return of
}

// readsGerman guesses whether the app will be in German: it goes by what the browser prefers, unless somebody chose.
func readsGerman(r *http.Request) bool {
	for tag := range strings.SplitSeq(strings.ToLower(r.Header.Get("Accept-Language")), ",") {
		switch language, _, _ := strings.Cut(strings.TrimSpace(tag), "-"); language[:min(2, len(language))] {
		case "de":
			return true
		case "en":
			return false
		}
	}
	return false
}

// scripts adds a script of the app, and all that it cannot begin without, to those
// that are found, but for the app's own, which each page names. A browser that
// loads them ahead need not read one to learn of the next.
func (p *Pages) scripts(found []string, name string) []string {
	if name == own || slices.Contains(found, name) {
		return found
	}
	found = append(found, name)
	for _, match := range needed.FindAllSubmatch(p.assets[path.Join("/assets/app", name)].content, -1) {
		found = p.scripts(found, string(match[1]))
	}
	return found
}
