package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const testKey = "whsec_d2ViaG9va3Mgb2YgdGhlIGZpcnN0IGNhbWVyYQ=="

// TestMistakesInWebhooksAndMQTT are told where they are, and without what is secret.
func TestMistakesInWebhooksAndMQTT(t *testing.T) {
	for text, want := range map[string]string{
		"webhooks: [a]":                                                            `13: notify.webhooks: holds a section for each webhook, such as webhooks: {ops: {url: "https://example.org/hook"}}`,
		"webhooks: {Ops: {url: http://a/}}":                                        "14: notify.webhooks.Ops: is not a name of a webhook; use up to 32 of a-z, 0-9 and -, such as ops",
		"webhooks: {a: {}}":                                                        "14: notify.webhooks.a: webhook a has no url; add url with the address that events are to be posted to",
		"webhooks: {a: {link: http://a/}}":                                         "18: notify.webhooks.a.link: unknown key; known here: cameras, events, secret, secret_file, url",
		"webhooks: {a: {url: canary}}":                                             "23: notify.webhooks.a.url: must be an address such as https://example.org/hook or http://192.168.1.5:8123/api/webhook/framegate",
		"webhooks: {a: {url: 'ftp://canary/'}}":                                    "23: notify.webhooks.a.url: must be an address",
		"webhooks: {a: {url: 'http://canary:0/'}}":                                 "23: notify.webhooks.a.url: must have a port from 1 to 65535",
		"webhooks: {a: {url: 'http://a/canary#x'}}":                                "23: notify.webhooks.a.url: must be an address",
		"webhooks: {a: {url: http://a/, secret: canary}}":                          "42: notify.webhooks.a.secret: must be whsec_ and 24 to 64 bytes in base64, as this makes one: echo whsec_$(openssl rand -base64 32)",
		"webhooks: {a: {url: http://a/, secret: whsec_Y2FuYXJ5}}":                  "42: notify.webhooks.a.secret: must be whsec_",
		"webhooks: {a: {url: http://a/, secret: " + testKey + ", secret_file: x}}": "42: notify.webhooks.a.secret: is given by secret_file too; give it in one place",
		"webhooks: {a: {url: http://a/, secret_file: nowhere}}":                    "47: notify.webhooks.a.secret_file: reading the password: ",
		"webhooks: {a: {url: http://a/, events: [camera_ofline]}}":                 `43: notify.webhooks.a.events: has no events "camera_ofline"; did you mean camera_offline?`,
		"webhooks: {a: {url: http://a/, events: [log_added]}}":                     `43: notify.webhooks.a.events: has no events "log_added"; known here: camera_added`,
		"webhooks: {a: {url: http://a/, cameras: [Front door]}}":                   `44: notify.webhooks.a.cameras: must be ids of cameras, such as front, not "Front door"`,
		"webhooks: {a: {url: http://a/}, b: {url: http://a/}}":                     "44: notify.webhooks.b.url: is that of a too; name the events of both there, and remove this one",
		"webhooks: {a: {url: '${HOOK}'}}":                                          "23: notify.webhooks.a.url: holds ${...}, and variables are not replaced in here; set FRAMEGATE_NOTIFY__WEBHOOKS__A__URL in the environment instead",
		"webhooks: {a: {url: http://a/, secret: '${HOOK}'}}":                       "42: notify.webhooks.a.secret: holds ${...}, and variables are not replaced in here; set FRAMEGATE_NOTIFY__WEBHOOKS__A__SECRET in the environment instead, or name a secret_file",
		"mqtt: {username: a}":                                                      "20: notify.mqtt.username: needs a broker: write its url beside it, such as mqtt://192.168.1.5",
		"mqtt: {url: mqtt://a, password: canary}":                                  "35: notify.mqtt.password: needs a username beside it",
		"mqtt: {url: mqtt://a, ca: /ca.pem}":                                       "29: notify.mqtt.ca: is for mqtts://; remove it, or write mqtts:// in url",
		"mqtt: {url: mqtt://a, username: u, password: canary, password_file: x}":   "48: notify.mqtt.password: is given by password_file too; give it in one place",
	} {
		_, err := Parse("f.yaml", []byte("notify:\n  "+text+"\n"), nil)
		if err == nil || !strings.HasPrefix(err.Error(), "f.yaml:2:"+want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
	many := "notify:\n  webhooks:\n"
	for i := range MaxWebhooks + 1 {
		many += "    a" + strings.Repeat("x", i) + ": {url: http://a/" + strings.Repeat("x", i) + "}\n"
	}
	if _, err := Parse("f.yaml", []byte(many), nil); err == nil || !strings.Contains(err.Error(), "f.yaml:19:5: notify.webhooks: are more than 16; remove some") {
		t.Error(err)
	}
}

// TestWebhooksOfTheEnvironment: each key of one that the file has, and more of them; a
// secret in a variable goes before a file that the file names, and the other way around.
func TestWebhooksOfTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"key": testKey + "\n", "password": "of-a-file\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := "notify:\n  webhooks: {ops-team: {url: http://a/, secret: " + testKey + ", events: [trouble_began]}, b: {url: http://b/, secret_file: nowhere}}\n" +
		"  mqtt: {url: mqtt://a, username: u, password: of-the-yaml}\n"
	c, err := Parse(filepath.Join(dir, "f.yaml"), []byte(file), []string{
		"FRAMEGATE_NOTIFY__WEBHOOKS__OPS_TEAM__URL=http://c/", "FRAMEGATE_NOTIFY__WEBHOOKS__OPS_TEAM__EVENTS=camera_online, camera_offline",
		"FRAMEGATE_NOTIFY__WEBHOOKS__OPS_TEAM__CAMERAS=front", "FRAMEGATE_NOTIFY__WEBHOOKS__B__SECRET=" + testKey, "FRAMEGATE_NOTIFY__WEBHOOKS__NONE__URL=",
		"FRAMEGATE_NOTIFY__WEBHOOKS__NEW__URL=http://d/", "FRAMEGATE_NOTIFY__WEBHOOKS__NEW__SECRET_FILE=" + filepath.Join(dir, "key"),
		"FRAMEGATE_NOTIFY__MQTT__PASSWORD_FILE=" + filepath.Join(dir, "password"),
	})
	if err != nil {
		t.Fatal(err)
	}
	all := c.Notify.Webhooks
	if len(all) != 3 || all[0].URL.Reveal() != "http://c/" || strings.Join(all[0].Events, " ") != "camera_online camera_offline" || strings.Join(all[0].Cameras, " ") != "front" ||
		all[2].Name != "new" || all[0].Key != all[1].Key || all[1].Key != all[2].Key || all[2].Key.Empty() || c.Notify.MQTT.Password.Reveal() != "of-a-file" {
		t.Errorf("%+v, %q", all, c.Notify.MQTT.Password.Reveal())
	}
	for variable, want := range map[string]string{
		"FRAMEGATE_NOTIFY__WEBHOOKS=x":               "unknown variable",
		"FRAMEGATE_NOTIFY__WEBHOOKS__A=http://a/":    "unknown variable",
		"FRAMEGATE_NOTIFY__WEBHOOKS__a__URL=x":       "names no webhook",
		"FRAMEGATE_NOTIFY__WEBHOOKS__A__LINK=x":      "unknown variable; known here: FRAMEGATE_NOTIFY__WEBHOOKS__A__CAMERAS",
		"FRAMEGATE_NOTIFY__WEBHOOKS__A__URL=canary":  "must be an address",
		"FRAMEGATE_NOTIFY__WEBHOOKS__A__EVENTS=what": `has no events "what"`,
		"FRAMEGATE_NOTIFY__WEBHOOKS__A__CAMERAS=a":   "webhook a has no url",
	} {
		name, _, _ := strings.Cut(variable, "=")
		if _, err := Parse("", nil, []string{variable}); err == nil || !strings.HasPrefix(err.Error(), name+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", variable, err)
		}
	}
}

// TestWebhooksAsPeopleSeeThem: where they lead, and nothing by which to post there.
func TestWebhooksAsPeopleSeeThem(t *testing.T) {
	c := mustLoad(t, "notify: {webhooks: {ops: {url: 'https://u:canary@example.org:8443/canary?canary', events: [trouble_began, trouble_ended]}}}\n")
	for _, s := range Settings() {
		if s.Key != "notify.webhooks" {
			continue
		}
		if b, err := json.Marshal(s.Value(c)); err != nil || string(b) != `["ops: https://example.org:8443: trouble_began trouble_ended"]` {
			t.Errorf("%s, %v", b, err)
		}
		other := mustLoad(t, "notify: {webhooks: {ops: {url: 'https://u:canary@example.org:8443/another?canary', events: [trouble_began, trouble_ended]}}}\n")
		if s.Same(c, other) {
			t.Error("another address is the same")
		}
	}
}
