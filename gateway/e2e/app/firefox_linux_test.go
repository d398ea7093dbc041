package app

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"framegate/gateway/browsertest"
	"framegate/gateway/e2e/rig"
)

// fillLogin fills in the form of the login with a name and a password, and sends it.
const fillLogin = `(() => {
	const field = (name) => document.querySelector('input[name=' + name + ']');
	for (const [name, value] of [['name', %q], ['password', %q]]) {
		field(name).value = value;
		field(name).dispatchEvent(new Event('input', { bubbles: true }));
	}
	field('name').form.requestSubmit();
})()`

// TestFirefox has somebody log in, look around and log out in Firefox.
func TestFirefox(t *testing.T) {
	t.Parallel()
	rig.NeedFirefox(t)
	g := rig.StartGuarded(t, "cameras: {yard: {source: 'upload:'}, gate: {name: Gate, source: 'upload:'}}")
	g.AddUser(t, "anna", "view:*", "playback:*")
	firefox, err := browsertest.StartFirefox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer firefox.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*rig.Ceiling)
	defer cancel()
	if err := firefox.Navigate(ctx, g.URL+"/login?next=%2Fsettings"); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ do, until string }{
		{"", "document.activeElement === document.querySelector('input[name=name]')"},
		{fmt.Sprintf(fillLogin, "anna", rig.GoodPassword), "location.pathname === '/settings' && document.querySelector('h1')"},
		{"document.querySelector('nav a').click()", "location.pathname === '/' && document.title.startsWith('Cameras') && document.querySelector('nav a[href$=recordings]')"},
		{"document.querySelector('nav a[href$=recordings]').click()", "location.pathname === '/recordings' && document.querySelector('h1')"},
		{"history.back()", "location.pathname === '/'"},
		{"document.querySelector('body > header button').click()", "document.querySelector('input[name=password]')"},
	} {
		if step.do != "" {
			if err := firefox.Evaluate(ctx, step.do, nil); err != nil {
				t.Fatal(step.do, err)
			}
		}
		if err := firefox.Await(ctx, step.until); err != nil {
			t.Fatal(err)
		}
	}
	for _, complaint := range firefox.Complaints() {
		if !strings.Contains(complaint, "401") {
			t.Error("it complains:", complaint)
		}
	}
}
