package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/config"
	"framegate/gateway/secret"
	"framegate/gateway/store"
)

const signingText = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

// told gives who is told besides those of the file.
func (r *rig) told() config.Added {
	r.gateway.mu.Lock()
	defer r.gateway.mu.Unlock()
	return r.gateway.told
}

// TestWebhooksAreAdded, shown without what is secret, changed, switched off and on, and removed; and
// each time what is told is another.
func TestWebhooksAreAdded(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	var w webhook
	answer := c.do("POST", "/api/v1/webhooks", object{"name": "ops", "url": "https://user:canary@example.org/canary", "secret": signingText, "cameras": []string{"front"}}).want(201)
	answer.into(&w)
	if w.Name != "ops" || w.Origin != "api" || !w.Enabled || w.Address != "https://example.org" || !w.SecretSet || !w.Usual || !slices.Equal(w.Events, config.UsualWebhookEvents()) ||
		!slices.Equal(w.Cameras, []string{"front"}) || w.Created == nil || answer.response.Header.Get("Location") != "/api/v1/webhooks/ops" {
		t.Errorf("%+v", w)
	}
	told := r.told().Webhooks
	if len(told) != 1 || told[0].URL.Reveal() != "https://user:canary@example.org/canary" || told[0].Key.Reveal() != "01234567890123456789012345678901" || !told[0].Added {
		t.Fatalf("%+v", told)
	}
	first := answer.response.Header.Get("ETag")
	c.do("POST", "/api/v1/webhooks", object{"name": "ops", "url": "https://example.org/other"}).want(409).says(`"exists"`)
	answer = c.do("PATCH", "/api/v1/webhooks/ops", object{"events": []string{"camera_idle"}, "enabled": false, "secret": ""}, "If-Match", first).want(200)
	answer.into(&w)
	if w.Enabled || w.SecretSet || w.Usual || !slices.Equal(w.Events, []string{"camera_idle"}) || w.Telling != nil {
		t.Errorf("%+v", w)
	}
	if len(r.told().Webhooks) != 0 {
		t.Error("what is switched off is told")
	}
	c.do("PATCH", "/api/v1/webhooks/ops", object{"enabled": true}, "If-Match", first).want(412)
	c.do("DELETE", "/api/v1/webhooks/ops", nil, "If-Match", first).want(412)
	c.do("PATCH", "/api/v1/webhooks/ops", object{"enabled": true, "events": []string{}, "cameras": []string{}}).want(200)
	if told := r.told().Webhooks; len(told) != 1 || told[0].URL.Reveal() != "https://user:canary@example.org/canary" || !told[0].Key.Empty() || told[0].Cameras != nil {
		t.Errorf("%+v", told)
	}
	at := time.Now().UTC()
	r.gateway.change(func() {
		r.gateway.facts.Notified = []Notified{{Name: "ops", Kind: "webhook", State: "failing", Error: "answers 503", ErrorAt: &at, Queued: 2}}
	})
	var list webhookList
	c.do("GET", "/api/v1/webhooks", nil).want(200).into(&list)
	if len(list.Webhooks) != 1 || list.Webhooks[0].Telling == nil || list.Webhooks[0].Telling.Error != "answers 503" || list.Webhooks[0].Telling.Queued != 2 || list.Most != config.MaxWebhooks || len(list.Usual) == 0 {
		t.Errorf("%+v", list)
	}
	for _, path := range []string{"webhooks", "webhooks/ops", "settings", "diagnostics", "log"} {
		if got := c.do("GET", "/api/v1/"+path, nil).want(200); strings.Contains(string(got.body), "canary") || strings.Contains(string(got.body), signingText) {
			t.Errorf("%s shows what is secret: %s", path, got.body)
		}
	}
	if said := r.log.String(); strings.Contains(said, "canary") || !strings.Contains(said, "webhook added") || !strings.Contains(said, "webhook changed") {
		t.Errorf("the log: %s", said)
	}
	c.do("DELETE", "/api/v1/webhooks/ops", nil).want(204)
	c.do("GET", "/api/v1/webhooks/ops", nil).want(404)
	c.do("PATCH", "/api/v1/webhooks/ops", object{"enabled": true}).want(404)
	c.do("DELETE", "/api/v1/webhooks/ops", nil).want(404)
	c.do("POST", "/api/v1/webhooks/ops/test", nil).want(404)
	if len(r.told().Webhooks) != 0 {
		t.Error("what was removed is told")
	}
}

// TestWebhooksAreRefused at the field, without what is secret; nothing of it is kept.
func TestWebhooksAreRefused(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.do("POST", "/api/v1/webhooks", object{"name": "taken", "url": "https://example.org/taken"}).want(201)
	for _, test := range []struct {
		body object
		says []string
	}{
		{object{"name": "No!", "url": "https://example.org/"}, []string{"body.name", "is not a name of a webhook"}},
		{object{"name": "a", "url": "canary://x"}, []string{"body.url", "must be an address such as"}},
		{object{"name": "a", "url": "http://169.254.169.254/canary"}, []string{"body.url", "nobody may be there"}},
		{object{"name": "a", "url": "https://example.org/taken"}, []string{"body.url", "is that of taken too"}},
		{object{"name": "a", "url": "https://example.org/", "secret": "canary"}, []string{"body.secret", "must be whsec_"}},
		{object{"name": "a", "url": "https://example.org/", "events": []string{"camera_ofline"}}, []string{"body.events", "did you mean camera_offline"}},
		{object{"name": "a", "url": "https://example.org/", "cameras": []string{"Front door"}}, []string{"body.cameras", "must be ids"}},
	} {
		answer := c.do("POST", "/api/v1/webhooks", test.body).want(422)
		for _, text := range test.says {
			answer.says(text)
		}
		if strings.Contains(string(answer.body), "canary") {
			t.Errorf("what is secret is answered: %s", answer.body)
		}
	}
	c.do("PATCH", "/api/v1/webhooks/taken", object{"url": "http://169.254.169.254/"}).want(422).says("body.url")
	for i := range config.MaxWebhooks - 1 {
		c.do("POST", "/api/v1/webhooks", object{"name": fmt.Sprint("w", i), "url": fmt.Sprint("https://example.org/", i)}).want(201)
	}
	c.do("POST", "/api/v1/webhooks", object{"name": "over", "url": "https://example.org/over"}).want(409).says(`"too_many"`)
	if n := len(r.told().Webhooks); n != config.MaxWebhooks {
		t.Errorf("%d are told", n)
	}
	other := r.as(r.token("viewer", "view:*"))
	for _, one := range [][2]string{{"GET", "webhooks"}, {"POST", "webhooks"}, {"GET", "webhooks/taken"}, {"PATCH", "webhooks/taken"}, {"DELETE", "webhooks/taken"}, {"POST", "webhooks/taken/test"}, {"GET", "mqtt"}, {"PATCH", "mqtt"}, {"DELETE", "mqtt"}, {"POST", "mqtt/test"}} {
		other.do(one[0], "/api/v1/"+one[1], nil).want(404)
	}
}

// TestThoseOfTheFileAreShown as the file's, and changed there alone.
func TestThoseOfTheFileAreShown(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.do("POST", "/api/v1/webhooks", object{"name": "ops", "url": "https://app.example/"}).want(201)
	c.do("PATCH", "/api/v1/mqtt", object{"url": "mqtt://192.168.1.5"}).want(200)
	r.gateway.path, r.gateway.text = "f.yaml", "notify: {webhooks: {ops: {url: 'https://file.example/canary'}}, mqtt: {url: 'mqtt://192.168.1.9', username: u, password: canary}}\n"
	must(t, r.gateway.TakeSettings(nil))
	var list webhookList
	c.do("GET", "/api/v1/webhooks", nil).want(200).into(&list)
	if len(list.Webhooks) != 1 || list.Webhooks[0].Origin != "file" || list.Webhooks[0].Address != "https://file.example" {
		t.Errorf("%+v", list.Webhooks)
	}
	c.do("GET", "/api/v1/webhooks/ops", nil).want(200).says(`"file"`)
	c.do("PATCH", "/api/v1/webhooks/ops", object{"enabled": false}).want(409).says(`"of_file"`)
	c.do("DELETE", "/api/v1/webhooks/ops", nil).want(409).says(`"of_file"`)
	c.do("POST", "/api/v1/webhooks", object{"name": "ops", "url": "https://b.example/"}).want(409).says(`"exists"`)
	var b broker
	answer := c.do("GET", "/api/v1/mqtt", nil).want(200).into(&b)
	if b.Origin != "file" || b.URL != "mqtt://192.168.1.9:1883" || !b.PasswordSet || b.Username != "u" || strings.Contains(string(answer.body), "canary") {
		t.Errorf("%s", answer.body)
	}
	c.do("PATCH", "/api/v1/mqtt", object{"enabled": false}).want(409).says(`"of_file"`)
	c.do("DELETE", "/api/v1/mqtt", nil).want(409).says(`"of_file"`)
	var tried []config.Notify
	r.gateway.try = func(n config.Notify) error { tried = append(tried, n); return nil }
	c.do("POST", "/api/v1/webhooks/ops/test", nil).want(200).says(`"taken":true`)
	c.do("POST", "/api/v1/mqtt/test", nil).want(200)
	if len(tried) != 2 || len(tried[0].Webhooks) != 1 || tried[0].Webhooks[0].URL.Reveal() != "https://file.example/canary" || tried[0].MQTT.URL != "" || tried[1].MQTT.URL != "mqtt://192.168.1.9:1883" || len(tried[1].Webhooks) != 0 {
		t.Errorf("%+v", tried)
	}
}

// TestTheBrokerIsGiven, changed, and taken away; its password goes to no other host unnamed.
func TestTheBrokerIsGiven(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	var b broker
	c.do("GET", "/api/v1/mqtt", nil).want(200).into(&b)
	if b.Origin != "none" || b.URL != "" || b.Enabled || b.Prefix != "framegate" || b.Discovery != "homeassistant" || b.Pictures != "off" {
		t.Errorf("%+v", b)
	}
	c.do("POST", "/api/v1/mqtt/test", nil).want(404)
	c.do("DELETE", "/api/v1/mqtt", nil).want(404)
	c.do("PATCH", "/api/v1/mqtt", object{"username": "u"}).want(422).says("body.url")
	c.do("PATCH", "/api/v1/mqtt", object{"url": "http://x"}).want(422).says("must be an address such as mqtt://")
	c.do("PATCH", "/api/v1/mqtt", object{"url": "mqtt://169.254.1.1"}).want(422).says("nobody may be there")
	c.do("PATCH", "/api/v1/mqtt", object{"url": "mqtt://a", "password": "canary"}).want(422).says("body.password")
	answer := c.do("PATCH", "/api/v1/mqtt", object{"url": "mqtts://broker.example.org", "username": "framegate", "password": "canary"}).want(200)
	answer.into(&b)
	if b.Origin != "api" || b.URL != "mqtts://broker.example.org:8883" || !b.Enabled || b.Username != "framegate" || !b.PasswordSet {
		t.Errorf("%+v", b)
	}
	if m := r.told().MQTT; m.URL != "mqtts://broker.example.org:8883" || m.Password.Reveal() != "canary" || !m.Added {
		t.Errorf("%+v", m)
	}
	tag := answer.response.Header.Get("ETag")
	for _, url := range []string{"mqtts://elsewhere.example.org", "mqtt://broker.example.org"} {
		c.do("PATCH", "/api/v1/mqtt", object{"url": url}).want(422).says("body.password")
	}
	c.do("PATCH", "/api/v1/mqtt", object{"url": "mqtts://Broker.example.org:9000"}).want(200)
	c.do("PATCH", "/api/v1/mqtt", object{"enabled": false}, "If-Match", tag).want(412)
	c.do("PATCH", "/api/v1/mqtt", object{"enabled": false}).want(200)
	if r.told().MQTT.URL != "" {
		t.Error("what is switched off is told")
	}
	var tried config.Notify
	r.gateway.try = func(n config.Notify) error { tried = n; return errors.New("not Authorized") }
	c.do("POST", "/api/v1/mqtt/test", nil).want(200).says(`"taken":false,"said":"not Authorized"`)
	if tried.MQTT.Password.Reveal() != "canary" || tried.MQTT.Prefix != "framegate" || !tried.MQTT.Added {
		t.Errorf("%+v", tried.MQTT)
	}
	c.do("PATCH", "/api/v1/mqtt", object{"username": "", "enabled": true}).want(200).into(&b)
	if m := r.told().MQTT; b.PasswordSet || !m.Password.Empty() || m.URL != "mqtts://Broker.example.org:9000" {
		t.Errorf("%+v, %+v", b, m)
	}
	for _, path := range []string{"mqtt", "diagnostics", "log"} {
		if got := c.do("GET", "/api/v1/"+path, nil).want(200); strings.Contains(string(got.body), "canary") {
			t.Errorf("%s shows what is secret: %s", path, got.body)
		}
	}
	c.do("DELETE", "/api/v1/mqtt", nil).want(204)
	if r.told().MQTT.URL != "" || strings.Contains(r.log.String(), "canary") {
		t.Error("what was taken away is told, or the log has what is secret")
	}
}

// TestTestsAreFew at a time, and end with who asked for them.
func TestTestsAreFew(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.do("POST", "/api/v1/webhooks", object{"name": "ops", "url": "https://example.org/"}).want(201)
	begun, free := make(chan struct{}, maxTries), make(chan struct{})
	r.gateway.try = func(config.Notify) error { begun <- struct{}{}; <-free; return nil }
	done := make(chan struct{}, maxTries)
	for range maxTries {
		go func() { // ends with free
			c.do("POST", "/api/v1/webhooks/ops/test", nil)
			done <- struct{}{}
		}()
	}
	for range maxTries {
		<-begun
	}
	c.do("POST", "/api/v1/webhooks/ops/test", nil).want(503)
	close(free)
	for range maxTries {
		<-done
	}
	r.gateway.try = func(config.Notify) error { return nil }
	c.do("POST", "/api/v1/webhooks/ops/test", nil).want(200)
}

// TestWhatCannotBeReadIsLeftOut, said, and can be removed; the rest is told.
func TestWhatCannotBeReadIsLeftOut(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.do("POST", "/api/v1/webhooks", object{"name": "good", "url": "https://example.org/"}).want(201)
	for name, row := range map[string][2]string{
		"webhook/garbled": {`{`, `{"url":"https://example.org/canary"}`}, "webhook/newer": {`{"events":["of_tomorrow"]}`, `{"url":"https://example.org/canary-2"}`}, "smoke": {`{}`, ""}, "mqtt": {`{"url":"canary"}`, ""},
	} {
		_, err := r.options.Store.AddNotified(t.Context(), store.Notified{Name: name, Document: json.RawMessage(row[0]), Secret: secret.New(row[1])})
		must(t, err)
	}
	must(t, r.ReadNotified(context.Background()))
	if told := r.told(); len(told.Webhooks) != 1 || told.Webhooks[0].Name != "good" || told.MQTT.URL != "" {
		t.Errorf("%+v", told)
	}
	var list webhookList
	c.do("GET", "/api/v1/webhooks", nil).want(200).into(&list)
	left := 0
	for _, w := range list.Webhooks {
		if w.Left != "" {
			left++
		}
	}
	var b broker
	c.do("GET", "/api/v1/mqtt", nil).want(200).into(&b)
	if len(list.Webhooks) != 3 || left != 2 || b.Left == "" || strings.Contains(r.log.String(), "canary") {
		t.Errorf("%+v, %+v, %s", list.Webhooks, b, r.log.String())
	}
	c.do("DELETE", "/api/v1/webhooks/garbled", nil).want(204)
	c.do("PATCH", "/api/v1/webhooks/newer", object{"events": []string{"camera_offline"}}).want(200)
	if n := len(r.told().Webhooks); n != 2 {
		t.Errorf("%d are told", n)
	}
}
