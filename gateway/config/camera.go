package config

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"framegate/gateway/regular"
)

// maxPasswordFileBytes bounds the file of a password.
const maxPasswordFileBytes = 4 << 10

// cameraDraft is one camera while it is read. What depends on the kind of its
// source is judged by finish, since keys come in any order.
type cameraDraft struct {
	at           place // where its id was first given
	name         value
	source       value
	username     value
	password     value
	passwordFile value
	keep         value
	interval     value
	tlsInsecure  value
	transport    value
	normalize    value

	parsedInterval time.Duration
	parsedInsecure bool
}

// fields is the table of a camera's keys.
func (c *cameraDraft) fields() map[string]field {
	return map[string]field{
		"name":          {value: c.setName},
		"source":        {value: keepIn(&c.source, 4096)},
		"username":      {value: c.setUsername},
		"password":      {value: c.setPassword},
		"password_file": {value: c.setPasswordFile},
		"keep":          {value: c.setKeep},
		"interval":      {value: c.setInterval},
		"tls_insecure":  {value: c.setTLSInsecure},
		"transport":     {value: c.setTransport},
		"normalize":     {value: c.setNormalize},
		"record":        {later: true},
	}
}

// keepIn stores a text of one line as it is.
func keepIn(to *value, maxBytes int) func(value) error {
	return func(v value) error {
		*to = v
		return line(v.text, maxBytes)
	}
}

func (c *cameraDraft) setName(v value) error {
	c.name = v
	if strings.TrimSpace(v.text) == "" {
		return errors.New("is empty; write a name, or remove the key to show the id")
	}
	if err := shown(v.text); err != nil {
		return err
	}
	return line(v.text, 200)
}

// setUsername refuses a colon: HTTP's Basic scheme ends the name there
// (RFC 7617 section 2).
func (c *cameraDraft) setUsername(v value) error {
	c.username = v
	if strings.Contains(v.text, ":") {
		return errors.New("must not contain a colon; a password goes into password or password_file")
	}
	return line(v.text, 256)
}

// setPassword and setPasswordFile take what the environment says instead of
// what the file said, in either form.
func (c *cameraDraft) setPassword(v value) error {
	c.password = v
	if v.at.variable != "" && c.passwordFile.at.variable == "" {
		c.passwordFile = value{}
	}
	return line(v.text, maxPasswordFileBytes)
}

func (c *cameraDraft) setPasswordFile(v value) error {
	c.passwordFile = v
	if v.at.variable != "" && c.password.at.variable == "" {
		c.password = value{}
	}
	if v.text == "" {
		return errors.New("must name a file")
	}
	return line(v.text, 4096)
}

func (c *cameraDraft) setKeep(v value) error {
	c.keep = v
	return oneOf(v.text, KeepOnDemand, KeepAlways)
}

func (c *cameraDraft) setTransport(v value) error {
	c.transport = v
	return oneOf(v.text, TransportAuto, TransportTCP, TransportUDP)
}

func (c *cameraDraft) setNormalize(v value) error {
	c.normalize = v
	return oneOf(v.text, NormalizeAuto, NormalizeAlways, NormalizeNever)
}

func (c *cameraDraft) setInterval(v value) (err error) {
	c.interval = v
	c.parsedInterval, err = duration(v.text)
	if err != nil {
		return err
	}
	if c.parsedInterval < minInterval || c.parsedInterval > maxInterval {
		return fmt.Errorf("must be from %v to 24h, not %s", minInterval, quote(v.text))
	}
	return nil
}

func (c *cameraDraft) setTLSInsecure(v value) (err error) {
	c.tlsInsecure = v
	c.parsedInsecure, err = boolean(v.text)
	return err
}

// reporter is draft.report.
type reporter func(at place, path, format string, args ...any)

// finish gives the camera, which has a source, and reports what of it does not
// fit together.
func (c *cameraDraft) finish(id string, report reporter) Camera {
	camera := Camera{ID: id, Name: id, Keep: KeepOnDemand, Interval: c.parsedInterval, TLSInsecure: c.parsedInsecure}
	if c.name.at.given() {
		camera.Name = c.name.text
	}
	if c.keep.at.given() {
		camera.Keep = Keep(c.keep.text)
	}
	path := "cameras." + id
	source, user, err := parseSource(c.source.text)
	if err != nil {
		report(c.source.at, path+".source", "%v", err)
		return camera
	}
	camera.Source = source
	c.refuseMisplaced(source, path, report)
	c.credentials(&camera, user, path, report)
	if source.Kind == SourceRTSP {
		camera.Transport = cmp.Or(Transport(c.transport.text), TransportAuto)
	}
	if source.remote() {
		camera.Normalize = cmp.Or(Normalize(c.normalize.text), NormalizeAuto)
	}
	return camera
}

// refuseMisplaced reports keys that mean nothing for this source: who writes
// one expects something of it.
func (c *cameraDraft) refuseMisplaced(s Source, path string, report reporter) {
	refuse := func(v value, key, cameras string) {
		if v.at.given() {
			report(v.at, path+"."+key, "is for %s cameras, not for %s:; remove it", cameras, s.scheme())
		}
	}
	if !s.remote() {
		const cameras = "http, https, rtsp and rtsps"
		refuse(c.username, "username", cameras)
		refuse(c.password, "password", cameras)
		refuse(c.passwordFile, "password_file", cameras)
		refuse(c.normalize, "normalize", cameras)
	}
	if s.Kind != SourceHTTP {
		refuse(c.interval, "interval", "http and https")
	}
	if s.Kind != SourceRTSP {
		refuse(c.transport, "transport", "rtsp and rtsps")
	}
	if scheme := s.scheme(); scheme != "https" && scheme != "rtsps" {
		refuse(c.tlsInsecure, "tls_insecure", "https and rtsps")
	}
	if s.Kind == SourceUpload && c.keep.text == string(KeepAlways) {
		report(c.keep.at, path+".keep", "an upload camera is connected when its publisher is; remove it")
	}
}

// credentials sets the user name and the password, from the keys or out of the
// source's URL.
func (c *cameraDraft) credentials(camera *Camera, user *url.Userinfo, path string, report reporter) {
	if !camera.Source.remote() {
		return
	}
	const once = "is given in the source's URL too; give it in one place"
	secret, key := c.password, "password"
	if c.passwordFile.at.given() {
		secret, key = c.passwordFile, "password_file"
		if c.password.at.given() {
			report(c.password.at, path+".password", "is given by password_file too; give it in one place")
		}
	}
	switch {
	case user != nil && c.username.at.given():
		report(c.username.at, path+".username", once)
	case user != nil && secret.at.given():
		report(secret.at, path+"."+key, once)
	case user != nil:
		password, _ := user.Password()
		camera.Username, camera.Password = user.Username(), NewSecret(password)
		return
	case secret.at.given() && !c.username.at.given():
		report(secret.at, path+"."+key, "needs a username beside it")
	}
	camera.Username, camera.Password = c.username.text, NewSecret(c.password.text)
	if c.passwordFile.at.given() && c.passwordFile.text != "" {
		password, err := readPassword(c.passwordFile)
		if err != nil {
			report(c.passwordFile.at, path+".password_file", "%v", err)
		}
		camera.Password = NewSecret(password)
	}
}

// readPassword reads the file of a password: one line, whose end is not part
// of the password.
func readPassword(v value) (string, error) {
	name := v.fileName()
	b, err := regular.Read(name, maxPasswordFileBytes)
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if password == "" {
		return "", fmt.Errorf("reading the password: %s is empty", name)
	}
	if err := line(password, maxPasswordFileBytes); err != nil {
		return "", fmt.Errorf("reading the password: %s %w", name, err)
	}
	return password, nil
}
