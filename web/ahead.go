package web

import (
	"path"
	"regexp"
	"slices"
)

// views are the scripts of the app's views, by the first part of their addresses.
var views = map[string]string{
	"": "Wall.js", "broadcast": "Broadcast.js", "camera": "Camera.js", "recordings": "Recordings.js",
	"settings": "settings.js", "login": "Login.js", "welcome": "Welcome.js",
}

// answers are what the app asks of the API as soon as it begins, of who is logged in, by the first part
// of its address. The wall shows no tile before it has these; web/app/live.svelte.ts takes them.
var answers = map[string][]string{
	"": {"cameras", "status", "me/preferences"},
}

// ahead is what a page has loaded before its scripts ask for it.
type ahead struct {
	Scripts []string // of the app
	Answers []string // of the API, below its root
}

// needed finds what a script of the app cannot begin without.
var needed = regexp.MustCompile("(?:import|from) *[\"'`]\\./([\\w.-]+\\.js)")

// scriptsOfViews gives those of each view, by the first part of its address.
func (p *Pages) scriptsOfViews() map[string][]string {
	of := make(map[string][]string)
	for part, view := range views {
		of[part] = p.scripts(nil, view)
	}
	return of
}

// scripts adds a script of the app, and all that it cannot begin without, to those
// that are found, but for the app's own, which each page names. A browser that
// loads them ahead need not read one to learn of the next.
func (p *Pages) scripts(found []string, name string) []string {
	const own = "app.js"
	if name == own || slices.Contains(found, name) {
		return found
	}
	found = append(found, name)
	for _, match := range needed.FindAllSubmatch(p.assets[path.Join("/assets/app", name)].content, -1) {
		found = p.scripts(found, string(match[1]))
	}
	return found
}
