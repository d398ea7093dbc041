package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"framegate/gateway/config"
	"framegate/gateway/store"
)

// redacted stands where something is that must not be seen.
const redacted = "<redacted>"

// keys are the settings of a camera as they stand in a configuration file,
// without what is as it is anyway. They are what is kept of a camera.
type keys map[string]string

// keysOf gives the keys of a camera.
func keysOf(c config.Camera) keys {
	k := keys{"source": sourceText(c.Source)}
	set := func(key, text, usual string) {
		if text != usual {
			k[key] = text
		}
	}
	set("name", c.Name, c.ID)
	set("username", c.Username, "")
	if !c.Password.Empty() {
		k["password"] = c.Password.Reveal()
	}
	set("keep", string(c.Keep), string(config.KeepOnDemand))
	set("interval", c.Interval.String(), "0s")
	set("tls_insecure", strconv.FormatBool(c.TLSInsecure), "false")
	if c.Transport != config.TransportAuto {
		set("transport", string(c.Transport), "")
	}
	if c.Normalize != config.NormalizeAuto {
		set("normalize", string(c.Normalize), "")
	}
	return k
}

// sourceText gives a source as it is written, with the query, which may be a
// secret.
func sourceText(s config.Source) string {
	switch s.Kind {
	case config.SourceHTTP, config.SourceRTSP:
		return s.URL
	case config.SourceTest, config.SourceV4L2:
		return s.String() + pictureQuery(s)
	}
	return s.String()
}

// sourceShown gives a source as an admin may see it.
func sourceShown(s config.Source) string {
	switch s.Kind {
	case config.SourceHTTP, config.SourceRTSP:
		return s.String()
	}
	return sourceText(s)
}

// pictureQuery gives what size and rate a source is asked for.
func pictureQuery(s config.Source) string {
	q := make(url.Values)
	if s.Width > 0 {
		q.Set("width", strconv.Itoa(s.Width))
		q.Set("height", strconv.Itoa(s.Height))
	}
	if s.FPS > 0 {
		q.Set("fps", strconv.Itoa(s.FPS))
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// secrets are what of a camera is encrypted in the store.
type secrets struct {
	Password string `json:"password,omitempty"`
	Source   string `json:"source,omitempty"` // where it has a query
}

// pack gives a camera as it is kept.
func pack(c config.Camera) (store.Camera, error) {
	k := keysOf(c)
	hidden := secrets{Password: k["password"]}
	delete(k, "password")
	if shown := sourceShown(c.Source); shown != k["source"] {
		hidden.Source, k["source"] = k["source"], shown
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
		kept.Secret = store.NewSecret(string(text))
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

// document is a camera as it is answered.
type document struct {
	ID   string   `json:"id" doc:"its name in addresses" example:"front"`
	Name string   `json:"name" doc:"its name for people" example:"Front door"`
	May  []string `json:"may" nullable:"false" doc:"what you may do with it: view, publish, playback" example:"[\"view\"]"`

	Origin      string     `json:"origin,omitempty" enum:"file,api" doc:"where it was configured; one of the file is changed there alone. Admins see this and what follows"`
	Source      string     `json:"source,omitempty" doc:"where its pictures come from; a query is not shown, since it may hold a password" example:"rtsp://192.168.1.20:554/stream1"`
	Username    string     `json:"username,omitempty" doc:"what the camera asks for"`
	PasswordSet *bool      `json:"password_set,omitempty" doc:"whether there is a password, which is never shown"`
	Keep        string     `json:"keep,omitempty" doc:"whether it stays connected without viewers"`
	Interval    string     `json:"interval,omitempty" doc:"from one snapshot of an HTTP camera to the next" example:"500ms"`
	Transport   string     `json:"transport,omitempty" doc:"how an RTSP camera sends, where that is not auto"`
	Normalize   string     `json:"normalize,omitempty" doc:"which JPEGs are encoded anew, where that is not auto"`
	TLSInsecure bool       `json:"tls_insecure,omitempty" doc:"whether any certificate will do"`
	Revision    int64      `json:"revision,omitempty" doc:"which state this is; the ETag has it too"`
	Created     *time.Time `json:"created,omitempty" doc:"when it was added"`
	Changed     *time.Time `json:"changed,omitempty" doc:"when it was changed last"`
}

// describe gives the document of a camera for admins.
func describe(c config.Camera) document {
	k, set := keysOf(c), !c.Password.Empty()
	return document{
		ID: c.ID, Name: c.Name,
		Source:      sourceShown(c.Source),
		Username:    c.Username,
		PasswordSet: &set,
		Keep:        string(c.Keep),
		Interval:    k["interval"],
		Transport:   k["transport"],
		Normalize:   k["normalize"],
		TLSInsecure: c.TLSInsecure,
	}
}

// fresh is a camera as it is added.
type fresh struct {
	ID          string `json:"id" doc:"its name in addresses: 1 to 63 of a-z, 0-9 and -, not beginning with -" minLength:"1" maxLength:"63" example:"front"`
	Source      string `json:"source" doc:"http://, https://, rtsp:// or rtsps:// and where it is; upload: for one whose pictures are sent in; test: for a test pattern" maxLength:"4096" example:"rtsp://192.168.1.20:554/stream1"`
	Name        string `json:"name,omitempty" doc:"its name for people; the id without one" maxLength:"800" example:"Front door"`
	Username    string `json:"username,omitempty" doc:"what the camera asks for" maxLength:"256"`
	Password    string `json:"password,omitempty" doc:"what the camera asks for" maxLength:"4096" writeOnly:"true" format:"password"`
	Keep        string `json:"keep,omitempty" doc:"always stays connected without viewers, so that joining is instant" enum:"on_demand,always"`
	Interval    string `json:"interval,omitempty" doc:"from one snapshot of an HTTP camera to the next, 20ms to 24h" maxLength:"40" example:"500ms"`
	Transport   string `json:"transport,omitempty" doc:"how an RTSP camera sends" enum:"auto,tcp,udp"`
	Normalize   string `json:"normalize,omitempty" doc:"which JPEGs are encoded anew: those that browsers do not show, all, none" enum:"auto,always,never"`
	TLSInsecure bool   `json:"tls_insecure,omitempty" doc:"take any certificate from an https or rtsps camera"`
}

func (f fresh) change() change {
	c := change{Source: &f.Source, TLSInsecure: &f.TLSInsecure}
	for text, to := range map[*string]**string{
		&f.Name: &c.Name, &f.Username: &c.Username, &f.Password: &c.Password, &f.Keep: &c.Keep,
		&f.Interval: &c.Interval, &f.Transport: &c.Transport, &f.Normalize: &c.Normalize,
	} {
		if *text != "" {
			*to = text
		}
	}
	return c
}

// change is what is to be different of a camera. What is not named stays; an
// empty text takes a setting away. The members at the end are those of a
// document that cannot be changed, so that one that was read can be sent back.
type change struct {
	Source      *string `json:"source,omitempty" doc:"as when it is added; as it is shown, it stays" maxLength:"4096"`
	Name        *string `json:"name,omitempty" doc:"its name for people" maxLength:"800"`
	Username    *string `json:"username,omitempty" doc:"what the camera asks for" maxLength:"256"`
	Password    *string `json:"password,omitempty" doc:"what the camera asks for" maxLength:"4096" writeOnly:"true" format:"password"`
	Keep        *string `json:"keep,omitempty" doc:"on_demand or always" maxLength:"40"`
	Interval    *string `json:"interval,omitempty" doc:"from one snapshot of an HTTP camera to the next" maxLength:"40"`
	Transport   *string `json:"transport,omitempty" doc:"auto, tcp or udp" maxLength:"40"`
	Normalize   *string `json:"normalize,omitempty" doc:"auto, always or never" maxLength:"40"`
	TLSInsecure *bool   `json:"tls_insecure,omitempty" doc:"take any certificate"`

	ID          string   `json:"id,omitempty" readOnly:"true" maxLength:"63" doc:"as in the address"`
	May         []string `json:"may,omitempty" readOnly:"true" nullable:"false" maxItems:"9" doc:"not looked at"`
	Origin      string   `json:"origin,omitempty" readOnly:"true" doc:"not looked at"`
	PasswordSet bool     `json:"password_set,omitempty" readOnly:"true" doc:"not looked at"`
	Revision    int64    `json:"revision,omitempty" readOnly:"true" doc:"not looked at; say If-Match"`
	Created     string   `json:"created,omitempty" readOnly:"true" doc:"not looked at"`
	Changed     string   `json:"changed,omitempty" readOnly:"true" doc:"not looked at"`
}

// texts are the settings that a change names, but the source.
func (c change) texts() keys {
	k := make(keys)
	for key, text := range map[string]*string{
		"name": c.Name, "username": c.Username, "password": c.Password, "keep": c.Keep,
		"interval": c.Interval, "transport": c.Transport, "normalize": c.Normalize,
	} {
		if text != nil {
			k[key] = *text
		}
	}
	if c.TLSInsecure != nil {
		k["tls_insecure"] = strings.TrimPrefix(strconv.FormatBool(*c.TLSInsecure), "false")
	}
	return k
}

// usual are settings that are so anyway. They may be named for any camera.
var usual = keys{
	"keep":      string(config.KeepOnDemand),
	"transport": string(config.TransportAuto),
	"normalize": string(config.NormalizeAuto),
}

// apply gives the camera that is to be, of the keys that are. It is for a new
// camera too, which has none. The error is a problem.
func (c change) apply(id string, before keys) (config.Camera, error) {
	named := c.texts()
	after := maps.Clone(before)
	if after == nil {
		after = make(keys)
	}
	if c.Source != nil && *c.Source != shownOf(id, before) {
		// A name and password in the new source are instead of those there were.
		if u, err := url.Parse(*c.Source); err == nil && u.User != nil {
			delete(after, "username")
			delete(after, "password")
		}
		named["source"] = *c.Source
	}
	if p := refuseRedacted(named); p != nil {
		return config.Camera{}, p
	}
	for key, text := range named {
		after[key] = text
		if text == "" && key != "source" || text == usual[key] {
			delete(after, key)
		}
	}
	camera, err := config.NewCamera(id, after)
	if err != nil {
		return config.Camera{}, badCamera(err)
	}
	return camera, nil
}

// misleads says that a change of a camera's source would send the password that
// is kept of it where it never was meant to go, to another host or in clear:
// who may change cameras need not know their passwords.
func (c change) misleads(before, after config.Camera) bool {
	if c.Source == nil || c.Password != nil || before.Password.Empty() || after.Password.Empty() {
		return false
	}
	if u, err := url.Parse(*c.Source); err == nil && u.User != nil {
		return false // the password is in it
	}
	from, errFrom := url.Parse(before.Source.URL)
	to, errTo := url.Parse(after.Source.URL)
	if errFrom != nil || errTo != nil {
		return true
	}
	sameHost := strings.EqualFold(strings.TrimSuffix(from.Hostname(), "."), strings.TrimSuffix(to.Hostname(), "."))
	return !sameHost || isSecure(from) && !isSecure(to)
}

func isSecure(u *url.URL) bool { return u.Scheme == "https" || u.Scheme == "rtsps" }

// shownOf gives the source of a camera's keys as it is answered.
func shownOf(id string, k keys) string {
	camera, err := config.NewCamera(id, k)
	if err != nil {
		return ""
	}
	return sourceShown(camera.Source)
}

// refuseRedacted refuses what was read here and does not mean itself.
func refuseRedacted(named keys) *problem {
	for _, key := range slices.Sorted(maps.Keys(named)) {
		text := named[key]
		if decoded, err := url.PathUnescape(text); err == nil {
			text += "\n" + decoded
		}
		if strings.Contains(strings.ToLower(text), redacted) {
			return faulty("body."+key, "holds "+redacted+", which only stands for what is not shown; write it whole, or leave the field out to keep what is there")
		}
	}
	return nil
}

// faulty is the problem of one mistake.
func faulty(location, detail string) *problem {
	p := newProblem(http.StatusUnprocessableEntity, "what was sent cannot be accepted")
	p.Errors = []fault{{Location: location, Detail: detail}}
	return p
}

// badCamera makes a problem of the error of config.NewCamera, which has a line
// for each mistake, beginning with the key.
func badCamera(err error) *problem {
	p := newProblem(http.StatusUnprocessableEntity, "the camera cannot be taken")
	for line := range strings.Lines(err.Error()) {
		key, text, _ := strings.Cut(strings.TrimSpace(line), ": ")
		p.Errors = append(p.Errors, fault{Location: "body." + key, Detail: text})
	}
	return p
}
