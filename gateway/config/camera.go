package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
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
	if v.text != string(KeepOnDemand) && v.text != string(KeepAlways) {
		return fmt.Errorf("must be on_demand or always, not %s", quote(v.text))
	}
	return nil
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
	return camera
}

// refuseMisplaced reports keys that mean nothing for this kind of source: who
// writes one expects something of it.
func (c *cameraDraft) refuseMisplaced(s Source, path string, report reporter) {
	refuse := func(v value, key, reason string) {
		if v.at.given() {
			report(v.at, path+"."+key, "%s; remove it", reason)
		}
	}
	if s.Kind != SourceHTTP {
		reason := fmt.Sprintf("is for http and https cameras, not for %s:", s.Kind)
		refuse(c.username, "username", reason)
		refuse(c.password, "password", reason)
		refuse(c.passwordFile, "password_file", reason)
		refuse(c.interval, "interval", reason)
		refuse(c.tlsInsecure, "tls_insecure", reason)
	} else if !strings.HasPrefix(s.URL, "https:") {
		refuse(c.tlsInsecure, "tls_insecure", "is for https cameras, not for http:")
	}
	if s.Kind == SourceUpload && c.keep.text == string(KeepAlways) {
		refuse(c.keep, "keep", "an upload camera is connected when its publisher is")
	}
}

// credentials sets the user name and the password, from the keys or out of the
// source's URL.
func (c *cameraDraft) credentials(camera *Camera, user *url.Userinfo, path string, report reporter) {
	if camera.Source.Kind != SourceHTTP {
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
// of the password. A relative name in the configuration file is relative to
// that file, and one in the environment to the working directory.
func readPassword(v value) (string, error) {
	name := v.text
	if v.at.file != "" && !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(v.at.file), name)
	}
	b, err := readBounded(name, maxPasswordFileBytes)
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

// notBuiltSources are the schemes that later versions will know.
const notBuiltSources = " rtsp rtsps file v4l2 tcp tcp-listen "

// parseSource reads the text of a source, and gives the credentials of its URL
// apart. Its errors hold nothing of the text beyond the scheme: there may be a
// password in it.
func parseSource(text string) (Source, *url.Userinfo, error) {
	scheme, rest, hasColon := strings.Cut(text, ":")
	scheme = strings.ToLower(scheme)
	switch {
	case !hasColon && (scheme == "upload" || scheme == "test"):
		return Source{}, nil, fmt.Errorf(`did you mean "%s:"? (with the colon, in quotes)`, scheme)
	case !hasColon:
	case scheme == "http" || scheme == "https":
		return parseHTTPSource(text)
	case scheme == "upload":
		if rest != "" {
			return Source{}, nil, errors.New(`"upload:" takes nothing behind it`)
		}
		return Source{Kind: SourceUpload}, nil, nil
	case scheme == "test":
		source, err := parseTestSource(rest)
		return source, nil, err
	case strings.Contains(notBuiltSources, " "+scheme+" "):
		return Source{}, nil, fmt.Errorf("%s: sources are not built yet; this version has http://, https://, \"upload:\" and \"test:\"", scheme)
	}
	return Source{}, nil, errors.New(`is not a source; write http://host/path, https://host/path, "upload:" or "test:"`)
}

// parseHTTPSource leaves out what net/url says of a bad URL, for that quotes
// parts of it.
func parseHTTPSource(text string) (Source, *url.Userinfo, error) {
	const form = "write http://host:port/path"
	u, err := url.Parse(text)
	if err != nil {
		return Source{}, nil, errors.New("is not a URL; " + form + ", and special characters in a name or password as %XX (/ is %2F, # is %23)")
	}
	if u.Hostname() == "" {
		return Source{}, nil, errors.New("names no host; " + form)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return Source{}, nil, errors.New("has a port that is not from 1 to 65535; " + form)
		}
	}
	if u.Fragment != "" || strings.Contains(text, "#") {
		return Source{}, nil, errors.New("contains a #, which is never sent to a camera; write %23 where it belongs to the name or the path")
	}
	user := u.User
	u.User = nil
	password, _ := user.Password()
	if line(user.Username(), 256) != nil || line(password, maxPasswordFileBytes) != nil {
		return Source{}, nil, errors.New("has a name or password that is too long or holds control characters")
	}
	return Source{Kind: SourceHTTP, URL: u.String()}, user, nil
}

// parseTestSource reads what follows "test:", nothing or a query with width,
// height (pixels) and fps.
func parseTestSource(rest string) (Source, error) {
	source := Source{Kind: SourceTest}
	query, hasQuery := strings.CutPrefix(rest, "?")
	if !hasQuery && rest != "" {
		return source, errors.New(`"test:" takes only a query, such as "test:?width=640&height=480&fps=10"`)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return source, errors.New(`has a query that cannot be read; write "test:?width=640&height=480&fps=10"`)
	}
	settings := map[string]struct {
		to        *int
		low, high int
	}{
		"width": {&source.Width, 16, 3840}, "height": {&source.Height, 16, 2160}, "fps": {&source.FPS, 1, 60},
	}
	for key, given := range values {
		setting, ok := settings[key]
		if !ok || len(given) != 1 {
			return source, fmt.Errorf(`%s is not one of width, height and fps, each once; write "test:?width=640&height=480&fps=10"`, quote(key))
		}
		if *setting.to, err = count(given[0], setting.low, setting.high); err != nil {
			return source, fmt.Errorf("%s %w", key, err)
		}
	}
	return source, nil
}

// readBounded reads a file of at most maxBytes bytes.
func readBounded(name string, maxBytes int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := readAtMost(f, maxBytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}
