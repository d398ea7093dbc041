package config

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"framegate/gateway/regular"
	"framegate/gateway/secret"
)

// maxPasswordFileBytes bounds the file of a password.
const maxPasswordFileBytes = 4 << 10

// maxIDBytes is how long an id of a camera may be.
const maxIDBytes = 63

// ComesFrom says that two cameras are asked for the same, by the same name and password.
func (c Camera) ComesFrom(other Camera) bool {
	return c.Source == other.Source && c.Username == other.Username && c.Password.Reveal() == other.Password.Reveal()
}

// IDOf gives the id that a camera has which other programs know by a name: the name,
// as far as ids can say it. It is never "".
func IDOf(name string) string {
	id := strings.Trim(notInIDs.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if len(id) > maxIDBytes {
		id = strings.TrimRight(id[:maxIDBytes], "-")
	}
	return cmp.Or(id, "camera")
}

var notInIDs = regexp.MustCompile(`[^a-z0-9-]+`)

// cameraDraft is one camera while it is read. What depends on the kind of its
// source is judged by finish, since keys come in any order.
type cameraDraft struct {
	at    place            // where its id was first given
	given map[string]value // by key; what is given in no place is not there
	added bool             // while the server runs, by somebody who need not be its operator
}

func newCameraDraft() *cameraDraft { return &cameraDraft{given: make(map[string]value)} }

// fields is the table of a camera's keys.
func (c *cameraDraft) fields() map[string]field {
	fields := make(map[string]field)
	for _, key := range cameraKeys {
		putField(fields, key.Name, c.field(key))
	}
	return fields
}

func (c *cameraDraft) field(key CameraKey) field {
	f := field{value: func(v value) error { return c.take(key, v) }}
	if key.List {
		f.list = func(items []value) (value, error) { return c.takeList(key, items) }
	}
	return f
}

// takeList notes the value of a key that a file gives as a list. What is
// wrong with one item is told where it stands.
func (c *cameraDraft) takeList(key CameraKey, items []value) (wrong value, err error) {
	var all value
	for i, item := range items {
		if i == 0 {
			all = item
			continue
		}
		all.text += ", " + item.text
	}
	err = c.take(key, all)
	for _, item := range items {
		if err := key.check(item.text); err != nil {
			return item, err
		}
	}
	return all, err
}

// take notes the value of a key. What the environment says takes the place of
// what the file said, under either of two keys that say the same.
func (c *cameraDraft) take(key CameraKey, v value) error {
	c.given[key.Name] = v
	if v.at.variable != "" && c.given[key.instead].at.variable == "" {
		delete(c.given, key.instead)
	}
	return key.check(v.text)
}

// reporter is draft.report.
type reporter func(at place, path, format string, args ...any)

// finish gives the camera, which has a source, and reports what of it does not
// fit together.
func (c *cameraDraft) finish(id string, report reporter) Camera {
	camera := Camera{ID: id, Name: id}
	path := "cameras." + id
	source, user, err := c.source()
	if err != nil {
		report(c.given["source"].at, path+".source", "%v", err)
		return camera
	}
	camera.Source = source
	for _, key := range cameraKeys {
		if v, given := c.given[key.Name]; given {
			_ = key.read(&camera, v.text) // what is wrong with it was said when it was taken
		}
	}
	for _, key := range cameraKeys {
		v, given := c.given[key.Name]
		misplaced := key.misplaced(camera)
		if of := (*notFor)(nil); c.added && errors.As(misplaced, &of) {
			misplaced = of.forAdded()
		}
		switch {
		case given && misplaced != nil:
			report(v.at, path+"."+key.Name, "%v", misplaced)
		case given || misplaced != nil:
		case key.withoutIt(camera) != "":
			_ = key.put(&camera, key.withoutIt(camera)) // which it takes
		}
	}
	c.credentials(&camera, user, path, report)
	c.subCredentials(camera, path, report)
	return camera
}

// source reads the source, and says what to write instead that the camera may have.
func (c *cameraDraft) source() (Source, *url.Userinfo, error) {
	text := c.given["source"].text
	if row, _ := schemeOf(text); c.added && row != nil && !row.added {
		return Source{}, nil, fmt.Errorf("%s: is for the configuration file alone; write %s", row.name, sourceForms(false))
	}
	return parseSource(text, sourceForms(!c.added))
}

// subCredentials refuses a name and a password in the address of the sub-stream that
// are others than the camera's.
func (c *cameraDraft) subCredentials(camera Camera, path string, report reporter) {
	_, user, _ := parseSource(c.given["sub"].text, subForm)
	if user == nil {
		return
	}
	if password, _ := user.Password(); user.Username() != camera.Username || password != camera.Password.Reveal() {
		report(c.given["sub"].at, path+".sub", "holds another name or password than the camera's; leave them out, since those of the source are taken")
	}
}

// credentials sets the user name and the password, from the keys or out of the
// source's URL.
func (c *cameraDraft) credentials(camera *Camera, user *url.Userinfo, path string, report reporter) {
	if !camera.Source.remote() {
		return
	}
	const once = "is given in the source's URL too; give it in one place"
	username, named := c.given["username"]
	inline, hasInline := c.given["password"]
	file, hasFile := c.given["password_file"]
	given, key := inline, "password"
	if hasFile {
		given, key = file, "password_file"
		if hasInline {
			report(inline.at, path+".password", "is given by password_file too; give it in one place")
		}
	}
	switch {
	case user != nil && named:
		report(username.at, path+".username", once)
	case user != nil && (hasFile || hasInline):
		report(given.at, path+"."+key, once)
	case user != nil:
		password, _ := user.Password()
		camera.Username, camera.Password = user.Username(), secret.New(password)
		return
	case (hasFile || hasInline) && !named:
		report(given.at, path+"."+key, "needs a username beside it")
	}
	if hasFile && filePath(file.text) == nil { // else that was said when it was taken
		password, err := readPassword(file)
		if err != nil {
			report(file.at, path+".password_file", "%v", err)
		}
		camera.Password = secret.New(password)
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
