package app

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framegate/gateway/browsertest"
	"framegate/gateway/e2e/rig"
	"framegate/gateway/playback/tape"
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

// typeTime writes a time into the field of the bar of time, and goes there.
const typeTime = `(() => {
	const field = document.querySelector('.timebar input');
	field.value = %q;
	field.dispatchEvent(new Event('input', { bubbles: true }));
	field.form.requestSubmit();
})()`

// TestFirefox has somebody log in, look at all cameras and at one, now and in the
// past, go through the recordings, and log out in Firefox.
func TestFirefox(t *testing.T) {
	t.Parallel()
	rig.NeedFirefox(t)
	rig.Need(t, "ffmpeg")
	film := tape.Film(t, time.Now().Add(-2*time.Hour).Truncate(time.Minute), "-bf", "0")
	folder := filepath.Join(t.TempDir(), "recordings")
	tape.Folder(t, folder, "film", film)
	g := rig.StartGuarded(t, fmt.Sprintf(houseCameras, folder, rig.HeldPort(t)))
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
	const player = "document.querySelector('framegate-player')"
	at := film[1].Start.Add(2 * time.Second)
	lookBack := fmt.Sprintf(typeTime, at.UTC().Format(time.RFC3339))
	shown := fmt.Sprintf("%[1]s.state === 'playback' && Math.abs(%[1]s.time - %[2]d) < 6000", player, at.UnixMilli())
	for _, step := range []struct{ do, until string }{
		{"", "document.activeElement === document.querySelector('input[name=name]')"},
		{fmt.Sprintf(fillLogin, "anna", rig.GoodPassword), "location.pathname === '/settings' && document.querySelector('h1')"},
		{"document.querySelector('nav a').click()", "location.pathname === '/' && document.title.startsWith('Cameras') && document.querySelector('nav a[href$=recordings]')"},
		{"", "document.querySelector('[data-camera=yard].live') && document.querySelector('[data-camera=yard] framegate-player').time"},
		{"document.querySelector('[data-camera=gate] h2 a').click()", "location.pathname === '/camera/gate' && " + player + ".state === 'live' && document.querySelector('h1').textContent === 'Gate'"},
		{"history.back()", "document.querySelector('[data-camera=film] h2 a')"},
		{"document.querySelector('[data-camera=film] h2 a').click()", "location.pathname === '/camera/film' && document.querySelector('[role=slider]')"},
		{lookBack, shown},
		{"document.querySelector('nav a[href$=recordings]').click()", "location.pathname === '/recordings' && document.querySelector('h1')"},
		{"document.querySelector('main nav a[href$=storage]').click()", "document.querySelector('main').textContent.includes('Film')"},
		{"history.back()", "location.pathname === '/recordings'"},
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
		if !strings.Contains(complaint, "401") && !strings.Contains(complaint, "ws://") { // who goes on leaves connections that only begin
			t.Error("it complains:", complaint)
		}
	}
}
