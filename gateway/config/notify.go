package config

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"framegate/gateway/secret"
)

// Notify says who is told of what happens, without having to ask.
type Notify struct {
	Address  string    // of this server's pages, for links in what is told; "" where they are not known
	Webhooks []Webhook // in the file's order, then those of the environment
	MQTT     MQTT
}

// Webhook is an address that events are posted to.
type Webhook struct {
	Name    string      // of the operator's choice
	URL     secret.Text // whoever knows it may often post there too
	Key     secret.Text // that deliveries are signed with, as bytes; empty for no signature
	Events  []string    // the kinds that are told; never empty
	Cameras []string    // whose events are told; nil for all, and those that are of no camera come anyway
	Added   bool        // in the app, which may not lead to any address
}

// Shown gives where a webhook leads, as people may see it.
func (w Webhook) Shown() string {
	u, err := url.Parse(w.URL.Reveal())
	if err != nil {
		return secret.Redacted
	}
	return u.Scheme + "://" + u.Host
}

// String is MarshalText's.
func (w Webhook) String() string {
	return w.Name + ": " + w.Shown() + ": " + strings.Join(w.Events, " ")
}

// MarshalText gives it as people may see it.
func (w Webhook) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// The kinds of events that webhooks can have; those that are marked they have where
// nothing is said of that.
var webhookEvents = []struct {
	kind  string
	usual bool
}{
	{"camera_online", true}, {"camera_offline", true}, {"camera_idle", false}, {"camera_added", false}, {"camera_changed", false}, {"camera_removed", false},
	{"publisher_came", false}, {"publisher_went", false},
	{"recording_changed", true}, {"recording_gap", true}, {"recordings_added", false}, {"recordings_deleted", false},
	{"recording_mark_added", false}, {"recording_mark_changed", false}, {"recording_mark_deleted", false},
	{"export_changed", false}, {"export_removed", false},
	{"settings_changed", false}, {"settings_refused", true}, {"trouble_began", true}, {"trouble_ended", true},
}

// WebhookEvents gives the kinds of events that webhooks can have.
func WebhookEvents() (all []string) {
	for _, e := range webhookEvents {
		all = append(all, e.kind)
	}
	return all
}

// UsualWebhookEvents gives those that a webhook has where nothing is said of that.
func UsualWebhookEvents() (all []string) {
	for _, e := range webhookEvents {
		if e.usual {
			all = append(all, e.kind)
		}
	}
	return all
}

// WebhookKey is one key of a webhook. A further key is a further row of webhookKeys.
type WebhookKey struct {
	Name    string
	About   string // for people who set it
	Without string // what is so without the key; "" for nothing
	one     func(*Webhook, value) error
	many    func(*Webhook, string) error // for keys that take a list, item by item
}

// webhookKeys is the table of the keys of a webhook.
var webhookKeys = []WebhookKey{
	{Name: "url", About: "where events are posted to, http or https", one: func(w *Webhook, v value) error {
		w.URL = secret.New(v.text)
		return postable(v.text)
	}},
	{Name: "secret", About: "what deliveries are signed with: `whsec_` and 24 to 64 bytes in base64", one: func(w *Webhook, v value) (err error) {
		w.Key, err = signingKey(v.text)
		return err
	}},
	{Name: "secret_file", About: "the file that holds the secret", one: func(_ *Webhook, v value) error {
		return filePath(v.text) // it is read by draft.finishWebhook
	}},
	{Name: "events", About: "which kinds of events", Without: "`" + strings.Join(UsualWebhookEvents(), "`, `") + "`", many: func(w *Webhook, text string) error {
		w.Events = append(w.Events, text)
		if known := WebhookEvents(); !slices.Contains(known, text) {
			return fmt.Errorf("has no events %s; %s", quote(text), suggestion(text, known))
		}
		return nil
	}},
	{Name: "cameras", About: "the ids of the cameras whose events it has; those of no camera come anyway", Without: "all", many: func(w *Webhook, text string) error {
		w.Cameras = append(w.Cameras, text)
		if !idPattern.MatchString(text) {
			return fmt.Errorf("must be ids of cameras, such as front, not %s", quote(text))
		}
		return nil
	}},
}

// WebhookKeys gives the table of the keys of a webhook. It is the caller's.
func WebhookKeys() []WebhookKey { return slices.Clone(webhookKeys) }

// MaxWebhooks bounds what each event can cost.
const MaxWebhooks = 16

// namePatternOfWebhooks is what the name of a webhook looks like, which needs no
// escaping in names of variables: see idPattern.
var namePatternOfWebhooks = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// webhookDraft is a webhook while it is read.
type webhookDraft struct {
	Webhook
	at    place
	given map[string]value // by key, of a list the last
}

// webhookFields gives the keys of a webhook, and makes it where there is none.
func (d *draft) webhookFields(name string) (map[string]field, error) {
	if len(name) > 32 || !namePatternOfWebhooks.MatchString(name) {
		return nil, errors.New("is not a name of a webhook; use up to 32 of a-z, 0-9 and -, such as ops")
	}
	w, fields := d.webhook(name), make(map[string]field)
	for _, key := range webhookKeys {
		fields[key.Name] = w.field(key)
	}
	return fields, nil
}

// webhook gives the webhook with this name, and makes it where there is none.
func (d *draft) webhook(name string) *webhookDraft {
	for _, w := range d.webhooks {
		if w.Name == name {
			return w
		}
	}
	w := &webhookDraft{Webhook: Webhook{Name: name}, given: make(map[string]value)}
	d.webhooks = append(d.webhooks, w)
	return w
}

func (w *webhookDraft) field(key WebhookKey) field {
	note := func(v value) {
		w.given[key.Name] = v
		if !w.at.given() {
			w.at = v.at
		}
	}
	if key.one != nil {
		return field{value: func(v value) error {
			note(v)
			return key.one(&w.Webhook, v)
		}}
	}
	return field{list: func(items []value) (value, error) {
		empty := Webhook{Name: w.Name, URL: w.URL, Key: w.Key}
		if key.Name == "cameras" {
			empty.Events = w.Events
		} else {
			empty.Cameras = w.Cameras
		}
		w.Webhook = empty
		for _, v := range items {
			note(v)
			if err := key.many(&w.Webhook, v.text); err != nil {
				return v, err
			}
		}
		return value{}, nil
	}}
}

// finishNotify checks what can be judged only when everything is read.
func (d *draft) finishNotify() {
	n := &d.config.Notify
	for _, w := range d.webhooks {
		if path := "notify.webhooks." + w.Name; d.finishWebhook(w, path) {
			n.Webhooks = append(n.Webhooks, w.Webhook)
			d.given["notify.webhooks"] = cmp.Or(d.given["notify.webhooks"], w.at)
		}
	}
	if len(n.Webhooks) > MaxWebhooks {
		d.report(d.webhooks[MaxWebhooks].at, "notify.webhooks", "are more than %d; remove some", MaxWebhooks)
	}
	d.finishMQTT(&n.MQTT)
}

// finishWebhook says whether there is such a webhook: an empty variable makes none.
func (d *draft) finishWebhook(w *webhookDraft, path string) bool {
	if !w.at.given() {
		return false
	}
	if w.Events == nil {
		w.Events = UsualWebhookEvents()
	}
	if file := d.secretFile(w.given["secret"], w.given["secret_file"], path+".secret"); file.at.given() {
		text, err := readPassword(file)
		if err == nil {
			w.Key, err = signingKey(text)
		}
		if err != nil {
			d.report(file.at, path+".secret_file", "%v", err)
		}
	}
	at := w.given["url"].at
	if !at.given() && !d.problemsWith(path) {
		d.report(w.at, path, "webhook %s has no url; add url with the address that events are to be posted to", w.Name)
	}
	for _, other := range d.config.Notify.Webhooks {
		if at.given() && other.URL == w.URL {
			d.report(at, path+".url", "is that of %s too; name the events of both there, and remove this one", other.Name)
		}
	}
	return true
}

// secretFile gives which file a secret is to be read of, if any: what the environment
// says goes before what the file says, and one of them may say it in one way only.
func (d *draft) secretFile(direct, file value, path string) value {
	switch {
	case !direct.at.given() || file.at.variable != "" && direct.at.variable == "":
		return file
	case file.at.given() && (file.at.variable == "") == (direct.at.variable == ""):
		d.report(direct.at, path, "is given by %s_file too; give it in one place", path[strings.LastIndexByte(path, '.')+1:])
	}
	return value{}
}

// finishPassword reads the password below a key, where it is given as a file, and sees that
// there is a username beside it.
func (d *draft) finishPassword(path, username, name string, password *secret.Text) {
	inline, file := d.given[path+".password"], d.given[path+".password_file"]
	if from := d.secretFile(value{at: inline}, value{at: file}, path+".password"); from.at.given() {
		text, err := readPassword(value{text: name})
		if err != nil {
			d.report(file, path+".password_file", "%v", err)
		}
		*password = secret.New(text)
	}
	if at := cmp.Or(inline, file); username == "" && at.given() {
		d.report(at, path+".password", "needs a username beside it")
	}
}

// postable checks the address of a webhook. The error does not hold it.
func postable(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Fragment != "" {
		return errors.New("must be an address such as https://example.org/hook or http://192.168.1.5:8123/api/webhook/framegate")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return errors.New("must have a port from 1 to 65535, or none")
		}
	}
	return line(text, 2048)
}

// signingKey reads the secret of a webhook (Standard Webhooks 1.0.0, "Signature
// scheme"). The error does not hold it.
func signingKey(text string) (secret.Text, error) {
	encoded, marked := strings.CutPrefix(text, "whsec_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !marked || err != nil || len(key) < 24 || len(key) > 64 {
		return secret.Text{}, errors.New("must be whsec_ and 24 to 64 bytes in base64, as this makes one: echo whsec_$(openssl rand -base64 32)")
	}
	return secret.New(string(key)), nil
}

// pagesAddress reads where this server's pages are.
func pagesAddress(v value) (string, error) {
	u, err := url.Parse(v.text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("must be an address such as https://cams.example.org or http://192.168.1.5:8080, not %s", quote(v.text))
	}
	return strings.TrimSuffix(v.text, "/"), line(v.text, 2048)
}
