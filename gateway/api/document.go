package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"framegate/gateway/api/problem"
	"framegate/gateway/config"
	"framegate/gateway/secret"
	"framegate/gateway/store"
)

// keys are the settings of a camera as they stand in a configuration file,
// without what is as it is anyway. They are what is kept of a camera.
type keys map[string]string

// keysOf gives the keys of a camera.
func keysOf(c config.Camera) keys {
	k := make(keys)
	for _, key := range config.CameraKeys() {
		if text := key.Text(c); text != "" {
			k[key.Name] = text
		}
	}
	return k
}

// secrets are what of a camera is encrypted in the store.
type secrets struct {
	Password string `json:"password,omitempty"`
	Source   string `json:"source,omitempty"` // where it has a query
	Sub      string `json:"sub,omitempty"`    // where that has one
	Owner    string `json:"owner,omitempty"`  // who put it (API.Put), as auth.Principal.Owner says; nobody else may put it elsewhere
}

// ownerOf gives who put a camera that is kept; "" for nobody, or where that cannot be read.
func ownerOf(kept store.Camera) string {
	var hidden secrets
	if json.Unmarshal([]byte(kept.Secret.Reveal()), &hidden) != nil {
		return ""
	}
	return hidden.Owner
}

// pack gives a camera as it is kept.
func pack(c config.Camera, owner string) (store.Camera, error) {
	k := keysOf(c)
	hidden := secrets{Password: k["password"], Owner: owner}
	delete(k, "password")
	if shown := c.Source.Shown(); shown != k["source"] {
		hidden.Source, k["source"] = k["source"], shown
	}
	if shown := c.Sub.Shown(); shown != k["sub"] {
		hidden.Sub, k["sub"] = k["sub"], shown
	}
	document, err := json.Marshal(k)
	if err != nil {
		return store.Camera{}, err
	}
	kept := store.Camera{ID: c.ID, Document: document}
	if hidden != (secrets{}) {
		text, err := json.Marshal(hidden)
		if err != nil {
			return store.Camera{}, err
		}
		kept.Secret = secret.New(string(text))
	}
	return kept, nil
}

// unpack gives the keys of a camera as it is kept.
func unpack(kept store.Camera) (keys, error) {
	k := make(keys)
	if err := json.Unmarshal(kept.Document, &k); err != nil {
		return nil, fmt.Errorf("camera %s in the state: %w", kept.ID, store.ErrDamaged)
	}
	if kept.Secret.Empty() {
		return k, nil
	}
	var hidden secrets
	if err := json.Unmarshal([]byte(kept.Secret.Reveal()), &hidden); err != nil {
		return nil, fmt.Errorf("the secrets of camera %s in the state: %w", kept.ID, store.ErrDamaged)
	}
	if hidden.Password != "" {
		k["password"] = hidden.Password
	}
	if hidden.Source != "" {
		k["source"] = hidden.Source
	}
	if hidden.Sub != "" {
		k["sub"] = hidden.Sub
	}
	return k, nil
}

// cameraOf gives the camera that is kept.
func cameraOf(kept store.Camera) (config.Camera, error) {
	k, err := unpack(kept)
	if err != nil {
		return config.Camera{}, err
	}
	return config.NewCamera(kept.ID, k)
}

// document is a camera as it is answered. Admins get its settings too, which
// stand among the other members.
type document struct {
	ID   string   `json:"id" doc:"its name in addresses" example:"front"`
	Name string   `json:"name" doc:"its name for people" example:"Front door"`
	May  []string `json:"may" nullable:"false" doc:"what you may do with it: view, publish (where its source is upload:), playback, ptz (where it has an onvif address)" example:"[\"view\"]"`

	Small bool `json:"small,omitempty" doc:"it has a sub-stream: who asks for min_width gets that, where it is so wide, and no encoder"`

	Origin      string     `json:"origin,omitempty" enum:"file,api" doc:"where it was configured; one of the file is changed there alone. Admins see this and what follows"`
	PasswordSet *bool      `json:"password_set,omitempty" doc:"whether there is a password, which is never shown"`
	Revision    int64      `json:"revision,omitempty" doc:"which state this is; the ETag has it too"`
	Created     *time.Time `json:"created,omitempty" doc:"when it was added"`
	Changed     *time.Time `json:"changed,omitempty" doc:"when it was changed last"`

	settings settings
}

// describe gives the document of a camera for admins.
func describe(c config.Camera) document {
	set := !c.Password.Empty()
	d := document{ID: c.ID, Name: c.Name, PasswordSet: &set, settings: make(settings)}
	for _, key := range config.CameraKeys() {
		if text := key.Shown(c); text != "" && key.Name != "name" {
			d.settings[key.Name] = text
		}
	}
	return d
}

// MarshalJSON writes the settings among the other members.
func (d document) MarshalJSON() ([]byte, error) {
	type others document
	return d.settings.marshalWith(others(d))
}

// TransformSchema adds the settings to what package huma found out.
func (document) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	for _, key := range apiKeys() {
		if !key.Secret && s.Properties[key.Name] == nil {
			setProperty(s, key.Name, shownSchema(key))
		}
	}
	return s
}

// fresh is a camera as it is added.
type fresh struct {
	ID string `json:"id" doc:"its name in addresses: 1 to 63 of a-z, 0-9 and -, not beginning with -" minLength:"1" maxLength:"63" example:"front"`

	settings settings // that are named and not empty
}

// UnmarshalJSON reads the settings too.
func (f *fresh) UnmarshalJSON(b []byte) error {
	type others fresh
	err := json.Unmarshal(b, (*others)(f))
	if err == nil {
		f.settings, err = freshSettingsIn(b)
	}
	return err
}

// TransformSchema adds the settings to what package huma found out.
func (fresh) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return withFreshSettings(s)
}

// change is what is to be different of a camera. What is not named stays; an
// empty text takes a setting away. The other members are those of a document
// that cannot be changed, so that one that was read can be sent back.
type change struct {
	ID          string   `json:"id,omitempty" readOnly:"true" maxLength:"63" doc:"as in the address"`
	May         []string `json:"may,omitempty" readOnly:"true" nullable:"false" maxItems:"9" doc:"not looked at"`
	Small       bool     `json:"small,omitempty" readOnly:"true" doc:"not looked at"`
	Origin      string   `json:"origin,omitempty" readOnly:"true" doc:"not looked at"`
	PasswordSet bool     `json:"password_set,omitempty" readOnly:"true" doc:"not looked at"`
	Revision    int64    `json:"revision,omitempty" readOnly:"true" doc:"not looked at; say If-Match"`
	Created     string   `json:"created,omitempty" readOnly:"true" doc:"not looked at"`
	Changed     string   `json:"changed,omitempty" readOnly:"true" doc:"not looked at"`

	settings settings // that are named
}

// UnmarshalJSON reads the settings too.
func (c *change) UnmarshalJSON(b []byte) error {
	type others change
	err := json.Unmarshal(b, (*others)(c))
	if err == nil {
		c.settings, err = settingsIn(b)
	}
	return err
}

// TransformSchema adds the settings to what package huma found out.
func (change) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	for _, key := range apiKeys() {
		setProperty(s, key.Name, givenSchema(key, false))
	}
	return s
}

// to gives the camera that is to be in place of what is kept of it, and the keys
// that there are. The error is a problem where the change is to blame.
func (c change) to(kept store.Camera) (camera config.Camera, before keys, err error) {
	if before, err = unpack(kept); err != nil {
		return camera, nil, err
	}
	if c.ID != "" && c.ID != kept.ID {
		return camera, nil, faulty("body.id", "an id cannot be changed; add another camera and remove this one")
	}
	if camera, err = c.apply(kept.ID, before); err != nil {
		return camera, nil, err
	}
	if old, err := cameraOf(kept); err == nil && c.misleads(old, camera) {
		return camera, nil, faulty("body.password", "write the camera's password once more, since it is to be sent to another host, or without encryption; or an empty one")
	}
	return camera, before, nil
}

// apply gives the camera that is to be, of the keys that are. It is for a new
// camera too, which has none. The error is a problem.
func (c change) apply(id string, before keys) (config.Camera, error) {
	named := maps.Clone(c.settings)
	after := maps.Clone(before)
	if after == nil {
		after = make(keys)
	}
	shown := shownOf(id, before)
	if named["sub"] != "" && named["sub"] == shown.Sub.Shown() {
		delete(named, "sub") // it stays
	}
	switch source, given := named["source"]; {
	case !given:
	case source == shown.Source.Shown():
		delete(named, "source") // it stays
	default:
		// A name and password in the new source are instead of those there were.
		if u, err := url.Parse(source); err == nil && u.User != nil {
			delete(after, "username")
			delete(after, "password")
		}
	}
	if p := refuseRedacted(named); p != nil {
		return config.Camera{}, p
	}
	for _, key := range apiKeys() { // what is so anyway may be named for any camera
		switch text, given := named[key.Name]; {
		case !given:
		case text == "" && key.Name != "source", key.Words != nil && text == key.Usual():
			delete(after, key.Name)
		default:
			after[key.Name] = text
		}
	}
	camera, err := config.NewCamera(id, after)
	if err != nil {
		return config.Camera{}, badCamera(err)
	}
	return camera, nil
}

// misleads says that a change of where a camera is would send the password that
// is kept of it where it never was meant to go, to another host or in clear:
// who may change cameras need not know their passwords.
func (c change) misleads(before, after config.Camera) bool {
	source, moves := c.settings["source"]
	_, named := c.settings["password"]
	if named || before.Password.Empty() || after.Password.Empty() {
		return false
	}
	if before.ONVIF != after.ONVIF && strings.HasPrefix(after.ONVIF, "http:") && !strings.HasPrefix(before.ONVIF, "http:") {
		if u, err := url.Parse(before.Source.URL); err != nil || isSecure(u) { // it is at the same host
			return true
		}
	}
	if before.Sub != after.Sub && inClear(after.Sub) && !inClear(before.Source) { // it is at the same host, too
		return true
	}
	if !moves {
		return false
	}
	if u, err := url.Parse(source); err == nil && u.User != nil {
		return false // the password is in it
	}
	from, errFrom := url.Parse(before.Source.URL)
	to, errTo := url.Parse(after.Source.URL)
	if errFrom != nil || errTo != nil {
		return true
	}
	return !sameHost(from, to) || isSecure(from) && !isSecure(to)
}

func sameHost(a, b *url.URL) bool {
	return strings.EqualFold(strings.TrimSuffix(a.Hostname(), "."), strings.TrimSuffix(b.Hostname(), "."))
}

// inClear says of a source that what is sent there others can hear.
func inClear(s config.Source) bool {
	u, err := url.Parse(s.URL)
	return s.Kind != "" && (err != nil || !isSecure(u))
}

func isSecure(u *url.URL) bool { return u.Scheme == "https" || u.Scheme == "rtsps" }

// shownOf gives the camera of these keys; one without a source where they are none.
func shownOf(id string, k keys) config.Camera {
	camera, err := config.NewCamera(id, k)
	if err != nil {
		return config.Camera{}
	}
	return camera
}

// refuseRedacted refuses what was read here and does not mean itself.
func refuseRedacted(named settings) *problem.Problem {
	for _, key := range slices.Sorted(maps.Keys(named)) {
		text := named[key]
		if decoded, err := url.PathUnescape(text); err == nil {
			text += "\n" + decoded
		}
		if strings.Contains(strings.ToLower(text), secret.Redacted) {
			return faulty("body."+key, "holds "+secret.Redacted+", which only stands for what is not shown; write it whole, or leave the field out to keep what is there")
		}
	}
	return nil
}

// faulty is the problem of one mistake.
func faulty(location, detail string) *problem.Problem {
	p := problem.New(http.StatusUnprocessableEntity, "what was sent cannot be accepted")
	p.Errors = []problem.Fault{{Location: location, Detail: detail}}
	return p
}

// badCamera makes a problem of the error of config.NewCamera, which has a line
// for each mistake, beginning with the key.
func badCamera(err error) *problem.Problem {
	return mistakesIn("the camera cannot be taken", err)
}
