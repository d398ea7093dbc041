package api

import (
	"strings"
	"testing"
	"time"

	"framegate/gateway/api/events"
)

// TestPreferencesAreOnesOwn: nobody sees those of others, nor hears of them, not
// even an admin.
func TestPreferencesAreOnesOwn(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	r.user("boss", "admin")
	anna, other, boss := r.login("anna"), r.login("anna"), r.login("boss")
	heard, bossHeard := other.hear(), boss.hear()
	const address = "/api/v1/me/preferences"
	is := func(c client, want string) {
		t.Helper()
		if got := strings.TrimSpace(string(c.do("GET", address, nil).want(200).body)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	is(anna, `{}`)
	anna.do("PUT", address, `{"Order": ["front", "gate"], "theme": null, "n": 1.50}`).want(204)
	heard.expect(events.PreferencesChanged, "")
	is(other, `{"Order":["front","gate"],"theme":null,"n":1.50}`)
	is(boss, `{}`)
	other.do("PUT", address, `{}`).want(204)
	heard.expect(events.PreferencesChanged, "")
	is(anna, `{}`)
	boss.do("PUT", address, `{"a": 1}`).want(204)
	r.listeners.Tell(events.Event{Kind: events.SettingsChanged, At: time.Now()})
	bossHeard.expect(events.PreferencesChanged, "") // no more than this one
	bossHeard.expect(events.SettingsChanged, "")
	is(anna, `{}`)
	program := r.admin()
	program.do("GET", address, nil).want(403).says("a token has none")
	program.do("PUT", address, object{}).want(403).says("a token has none")
	for body, status := range map[string]int{
		`[]`: 400, `"x"`: 400, `null`: 400, `{"a":1,"a":2}`: 400, "": 400,
		`{"a":"` + strings.Repeat("x", maxPreferencesBytes-len(`{"a":""}`)+1) + `"}`: 413,
		`{"a":"` + strings.Repeat("x", maxPreferencesBytes-len(`{"a":""}`)) + `"} `:  204,
	} {
		if a := anna.do("PUT", address, body).want(status); status == 413 {
			a.says("16 KiB")
		}
	}
}
