package config

import (
	"slices"
	"strings"
	"testing"

	"framegate/gateway/secret"
)

const aSigningKey = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

func TestNewWebhook(t *testing.T) {
	w, err := NewWebhook("ops", map[string][]string{"url": {"https://example.org/hook"}, "secret": {aSigningKey}, "cameras": {"front", "gate"}})
	if err != nil || !w.Added || w.Name != "ops" || w.URL.Reveal() != "https://example.org/hook" || w.Key.Reveal() != "01234567890123456789012345678901" ||
		!slices.Equal(w.Events, UsualWebhookEvents()) || !slices.Equal(w.Cameras, []string{"front", "gate"}) {
		t.Errorf("%+v, %v", w, err)
	}
	for _, c := range []struct {
		name string
		keys map[string][]string
		says []string
	}{
		{"Ops!", nil, []string{"name: is not a name of a webhook"}},
		{"ops", nil, []string{"url: is missing"}},
		{"ops", map[string][]string{"url": {"canary://x"}, "events": {"camera_ofline"}, "cameras": {"No"}, "secret": {"canary"}}, []string{"url: must be an address", "events: has no events", "camera_offline", "cameras: must be ids", "secret: must be whsec_"}},
		{"ops", map[string][]string{"url": {"https://example.org/"}, "secret_file": {"/etc/shadow"}}, []string{"secret_file: unknown key"}},
		{"ops", map[string][]string{"url": {"https://example.org/", "https://example.org/"}}, []string{"url: takes one text"}},
		{"ops", map[string][]string{"url": {"https://example.org/\nx"}}, []string{"url: must be"}},
	} {
		_, err := NewWebhook(c.name, c.keys)
		for _, want := range c.says {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%v: %v, want %s", c.keys, err, want)
			}
		}
	}
}

func TestNewBroker(t *testing.T) {
	m, err := NewBroker("mqtt://192.168.1.5", "framegate", "pw")
	if err != nil || m.URL != "mqtt://192.168.1.5:1883" || m.Username != "framegate" || m.Password.Reveal() != "pw" || !m.Added {
		t.Errorf("%+v, %v", m, err)
	}
	for _, c := range []struct{ url, username, password, says string }{
		{"http://x", "", "", "url: must be an address such as mqtt://"},
		{"", "", "", "url: must be an address"},
		{"mqtt://x", "", "canary", "password: needs a username"},
		{"mqtt://x", "a\nb", "", "username: must be one line"},
		{"mqtt://x", "a", "canary\n", "password: must be one line"},
	} {
		if _, err := NewBroker(c.url, c.username, c.password); err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestThoseOfTheAppStandBehindThoseOfTheFile, which go before them by name; of brokers there
// is one, with what else is said of it.
func TestThoseOfTheAppStandBehindThoseOfTheFile(t *testing.T) {
	file := Notify{Webhooks: []Webhook{{Name: "ops", URL: secret.New("https://file/")}}, MQTT: MQTT{Prefix: "house", Discovery: "homeassistant"}}
	app := Added{Webhooks: []Webhook{{Name: "ops", URL: secret.New("https://app/"), Added: true}, {Name: "home", URL: secret.New("https://home/"), Added: true}}, MQTT: MQTT{URL: "mqtt://a:1883", Username: "u", Password: secret.New("p")}}
	both := file.With(app)
	if len(both.Webhooks) != 2 || both.Webhooks[0].URL.Reveal() != "https://file/" || both.Webhooks[1].Name != "home" || len(file.Webhooks) != 1 {
		t.Errorf("%v", both.Webhooks)
	}
	if want := (MQTT{URL: "mqtt://a:1883", Username: "u", Password: secret.New("p"), Prefix: "house", Discovery: "homeassistant", Added: true}); both.MQTT != want {
		t.Errorf("%+v", both.MQTT)
	}
	file.MQTT.URL = "mqtt://b:1883"
	if both := file.With(app); both.MQTT.URL != "mqtt://b:1883" || both.MQTT.Username != "" || both.MQTT.Added {
		t.Errorf("%+v", both.MQTT)
	}
	for range MaxWebhooks {
		file.Webhooks = append(file.Webhooks, Webhook{Name: "x"})
	}
	if n := len(file.With(app).Webhooks); n != MaxWebhooks+1 {
		t.Errorf("%d webhooks", n)
	}
}

// TestTheAppMaySayHowABrokerIsTold before there is one: it may be added there too.
func TestTheAppMaySayHowABrokerIsTold(t *testing.T) {
	c, err := ParseKept(Kept{"notify.mqtt.prefix": {"house"}, "notify.mqtt.pictures": {"30s"}}, "", nil, nil)
	if err != nil || c.Notify.MQTT.Prefix != "house" {
		t.Errorf("%v", err)
	}
}
