package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"framegate/gateway/browsertest"
	"framegate/gateway/e2e/rig"
)

// TestDoors has people log in, look and log out at each address by which they
// reach a server: loopback, a name, and an address of the network, which
// browsers trust less; over HTTP and HTTPS.
func TestDoors(t *testing.T) {
	t.Parallel()
	rig.NeedBrowser(t)
	rig.Need(t, "ffmpeg")
	for name, mode := range map[string]string{"http": "off", "https": "self-signed"} {
		t.Run(name, func(t *testing.T) {
			g := rig.StartGuardedAt(t, "0.0.0.0:0", doorsConfiguration+"\ntls: {mode: "+mode+"}")
			g.Beside(t, "user", "add", "viewer", "--password-file", rig.PasswordFile(t, rig.HardPassword), "--grant", "view:*")
			var flags []string
			if mode != "off" {
				flags = append(flags, "--ignore-certificate-errors-spki-list="+authorityKey(t, g.Data))
			}
			doors := doorsOf(t, g.URL)
			passDoors(t, g, doors, true, flags...)
			g.URL = doors[len(doors)-1]
			t.Run("first link", func(t *testing.T) { g.Story(t, "link", "", "", g.Admin.Link, flags...) })
		})
	}
}

const doorsConfiguration = "hosts: [" + browsertest.LocalName + "]\ncameras: {phone: {source: 'test:?width=320&height=240&fps=10'}}"

// doorsOf gives the addresses that lead to a server that listens on all of this
// machine's, one of the network last where there is one.
func doorsOf(t *testing.T, address string) (doors []string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	hosts := []string{"127.0.0.1", browsertest.LocalName}
	for _, ip := range networkAddresses(t) {
		if net.ParseIP(ip).To4() != nil {
			hosts = append(hosts, ip)
			break
		}
	}
	for _, host := range hosts {
		doors = append(doors, u.Scheme+"://"+net.JoinHostPort(host, u.Port()))
	}
	return doors
}

// passDoors has Chromium and Firefox log in, look and log out at addresses,
// which may let WebSockets through or not.
func passDoors(t *testing.T, g *rig.Guarded, doors []string, sockets bool, flags ...string) {
	t.Helper()
	told, err := json.Marshal(map[string]any{"doors": doors, "sockets": sockets})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("Chromium", func(t *testing.T) {
		g.Story(t, "doors", "viewer", rig.HardPassword, string(told), append(flags, browsertest.ResolverRules)...)
	})
	t.Run("Firefox", func(t *testing.T) {
		firefox, err := browsertest.StartFirefox(t.Context()) // which has a ceiling of its own
		if err != nil {
			t.Fatal(err)
		}
		defer firefox.Close()
		for _, door := range doors {
			if err := errors.Join(passInFirefox(t.Context(), firefox, door), firefox.Renew(t.Context())); err != nil {
				t.Errorf("%s: %v", door, err)
			}
		}
		for _, complaint := range firefox.Complaints() {
			if !strings.Contains(complaint, " ws") { // as a WebSocket of who was logged out meanwhile
				t.Errorf("it complains: %s", complaint)
			}
		}
	})
}

// fillLogin fills in the form of the login with a name and a password, and sends it.
const fillLogin = `(() => {
	const field = (name) => document.querySelector('input[name=' + name + ']');
	for (const [name, value] of [['name', %q], ['password', %q]]) {
		field(name).value = value;
		field(name).dispatchEvent(new Event('input', { bubbles: true }));
	}
	field('name').form.requestSubmit();
})()`

// passInFirefox logs in at an address, sees pictures and logs out.
func passInFirefox(ctx context.Context, firefox *browsertest.Firefox, door string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*rig.Ceiling)
	defer cancel()
	steps := []struct{ do, until string }{
		{"", "document.querySelector('input[name=password]')"},
		{fmt.Sprintf(fillLogin, "viewer", rig.HardPassword), "location.href === '" + door + "/camera/phone' && document.querySelector('framegate-player')?.state === 'live'"},
		{"document.querySelector('body > header button').click()", "document.querySelector('input[name=password]')"},
	}
	if err := firefox.Navigate(ctx, door+"/login?next=%2Fcamera%2Fphone"); err != nil {
		return err
	}
	for _, step := range steps {
		if step.do != "" {
			if err := firefox.Evaluate(ctx, step.do, nil); err != nil {
				return err
			}
		}
		if err := firefox.Await(ctx, step.until); err != nil {
			return err
		}
	}
	return nil
}
