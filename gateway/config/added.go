package config

import (
	"errors"
	"maps"
	"slices"
)

// Added is who is told of what happens as the app has it, besides those of the file.
type Added struct {
	Webhooks []Webhook
	MQTT     MQTT // of it the address and the login; without an address there is none
}

// With gives who is told of what happens, with those of the app: the file's go before them
// where names are the same, and of brokers there is one.
func (n Notify) With(added Added) Notify {
	n.Webhooks = slices.Clone(n.Webhooks)
	for _, w := range added.Webhooks {
		if len(n.Webhooks) < MaxWebhooks && !slices.ContainsFunc(n.Webhooks, func(o Webhook) bool { return o.Name == w.Name }) {
			n.Webhooks = append(n.Webhooks, w)
		}
	}
	if n.MQTT.URL == "" && added.MQTT.URL != "" {
		n.MQTT.URL, n.MQTT.Username, n.MQTT.Password, n.MQTT.Added = added.MQTT.URL, added.MQTT.Username, added.MQTT.Password, true
	}
	return n
}

// NewWebhook reads a webhook that is added in the app. The keys are those of WebhookKeys,
// each with its texts as they would stand in the file, but that no file is named. The
// error has a line for each mistake, which begins with the key.
func NewWebhook(name string, keys map[string][]string) (Webhook, error) {
	d := newDraft()
	fields, err := d.webhookFields(name)
	if err != nil {
		return Webhook{}, errors.New("name: " + err.Error())
	}
	delete(fields, "secret_file")
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		at := place{variable: key}
		var values []value
		for _, text := range keys[key] {
			values = append(values, value{text: text, at: at})
		}
		f, known := fields[key]
		switch {
		case !known:
			d.report(at, key, "%s", unknownKey(key, fields))
			continue
		case f.list != nil:
			_, err = f.list(values)
		case len(values) == 1:
			err = f.value(values[0])
		default:
			err = errors.New("takes one text")
		}
		if err != nil {
			d.report(at, key, "%v", err)
		}
	}
	if len(keys["url"]) == 0 {
		d.report(place{variable: "url"}, "url", "is missing; write the address that events are to be posted to")
	}
	w := d.webhook(name).Webhook
	w.Added = true
	if w.Events == nil {
		w.Events = UsualWebhookEvents()
	}
	return w, d.problem()
}

// NewBroker reads where a broker is that is added in the app, and how to log in. The
// error has a line for each mistake, which begins with the key.
func NewBroker(url, username, password string) (m MQTT, err error) {
	d := newDraft()
	report := func(key string, err error) {
		if err != nil {
			d.report(place{variable: key}, key, "%v", err)
		}
	}
	m.Added = true
	m.URL, err = brokerURL(value{text: url})
	report("url", err)
	m.Username = username
	report("username", line(username, 256))
	if password != "" {
		m.Password, err = credential(value{text: password})
		report("password", err)
	}
	if password != "" && username == "" {
		report("password", errors.New("needs a username beside it"))
	}
	return m, d.problem()
}

// problem gives what was reported as an error; nil for nothing.
func (d *draft) problem() error {
	if len(d.problems) > 0 {
		return d.problems
	}
	return nil
}
