package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// field is what the configuration knows of one key. Exactly one of its members
// is set, or value and list for a text that a file may give as a list.
type field struct {
	value   func(value) error                         // takes one text
	list    func([]value) (wrong value, err error)    // takes any number of texts
	section map[string]field                          // holds further keys
	each    func(id string) (map[string]field, error) // holds a section for each id, made by asking for it
	such    string                                    // of each: of what, and an example
}

// putField puts a field where its key says, in sections within sections, which it
// makes.
func putField(fields map[string]field, key string, f field) {
	section, below, nested := strings.Cut(key, ".")
	if !nested {
		fields[key] = f
		return
	}
	if fields[section].section == nil {
		fields[section] = field{section: make(map[string]field)}
	}
	putField(fields[section].section, below, f)
}

// draft is a Config while it is read: values are put into it, first those of
// the file, then those of the environment, and it collects what is wrong.
type draft struct {
	config        Config
	fields        map[string]field
	given         map[string]place // where settings were given, by key
	cameras       map[string]*cameraDraft
	order         []string // their ids
	webhooks      []*webhookDraft
	camerasListed bool // the file has the key cameras
	problems      problems
}

func newDraft() *draft {
	d := &draft{config: defaults(), given: make(map[string]place), cameras: make(map[string]*cameraDraft)}
	d.fields = d.topFields()
	return d
}

func (d *draft) addDefaultCameras() {
	d.camera(demoCamera).given["source"] = value{text: "test:"}
	d.camera(phoneCamera).given["source"] = value{text: "upload:"}
}

// camera gives the camera with this id, and makes it where there is none.
func (d *draft) camera(id string) *cameraDraft {
	c, ok := d.cameras[id]
	if !ok {
		c = newCameraDraft()
		d.cameras[id] = c
		d.order = append(d.order, id)
	}
	return c
}

// report notes a mistake.
func (d *draft) report(at place, path, format string, args ...any) {
	d.problems = append(d.problems, problem{at: at, path: path, text: fmt.Sprintf(format, args...)})
}

// topFields is the whole configuration but the cameras' own keys, for which
// see cameraDraft.fields.
func (d *draft) topFields() map[string]field {
	top := map[string]field{"cameras": {each: d.cameraFields, such: "camera, such as cameras: {front: {source: \"http://192.168.1.21/mjpeg\"}}"}}
	for _, s := range settings {
		if s.each {
			putField(top, s.Key, field{each: d.webhookFields, such: "webhook, such as webhooks: {ops: {url: \"https://example.org/hook\"}}"})
			continue
		}
		putField(top, s.Key, d.settingField(s))
	}
	return top
}

func (d *draft) settingField(s Setting) field {
	if s.list {
		return field{list: func(items []value) (value, error) {
			if len(items) > 0 { // else walker.list notes where the empty list stands
				d.given[s.Key] = items[0].at
			}
			return s.read(&d.config, items)
		}}
	}
	return field{value: func(v value) error {
		d.given[s.Key] = v.at
		_, err := s.read(&d.config, []value{v})
		return err
	}}
}

// finishTLS checks what the mode needs and has no use for.
func (d *draft) finishTLS() {
	t, mode := d.config.TLS, d.given["tls.mode"]
	rtsp := d.config.RTSP
	if rtsp.TLSListen != "" && t.Mode == TLSOff {
		d.report(d.given["rtsp.tls_listen"], "rtsp.tls_listen", "needs a certificate; set tls.mode")
	}
	if d.config.RTMP.TLSListen != "" && t.Mode == TLSOff {
		d.report(d.given["rtmp.tls_listen"], "rtmp.tls_listen", "needs a certificate; set tls.mode")
	}
	if rtsp.UDP != "" && rtsp.Listen == "" {
		d.report(d.given["rtsp.udp"], "rtsp.udp", "is for who asks at rtsp.listen; set that too")
	}
	switch files := t.Cert != "" || t.Key != ""; {
	case t.Mode == TLSFiles && (t.Cert == "" || t.Key == ""):
		d.report(mode, "tls", "mode: files needs cert and key, the names of PEM files")
	case t.Mode != TLSFiles && files:
		d.report(cmp.Or(d.given["tls.cert"], d.given["tls.key"]), "tls", "cert and key are for mode: files; remove them")
	case t.Email != "" && t.Mode != TLSACME:
		d.report(d.given["tls.email"], "tls.email", "is for mode: acme; remove it")
	case t.Directory != "" && t.Mode != TLSACME:
		d.report(d.given["tls.directory"], "tls.directory", "is for mode: acme; remove it")
	case t.Mode == TLSACME && !slices.ContainsFunc(d.config.Hosts, isDomain):
		d.report(mode, "tls", "mode: acme needs the public names of this server under hosts")
	}
}

// cameraFields gives the keys of the camera with this id, and makes the camera
// where there is none.
func (d *draft) cameraFields(id string) (map[string]field, error) {
	if !idPattern.MatchString(id) {
		return nil, errors.New("is not a camera id; use 1 to 63 of a-z, 0-9 and -, not beginning with -, and put other text into name")
	}
	return d.camera(id).fields(), nil
}

// finish checks what can be judged only when everything is read, and gives the
// Config or all problems.
func (d *draft) finish() (*Config, error) {
	d.finishTLS()
	d.finishCluster()
	c := d.config
	d.config.Recordings.Dir = cmp.Or(c.Recordings.Dir, usualRecordings(&c))
	c.Recordings.Dir = d.config.Recordings.Dir
	d.finishRecordings()
	d.finishNotify()
	c.Notify = d.config.Notify
	for _, id := range d.order {
		c.Cameras = append(c.Cameras, d.finishCamera(id))
	}
	c.DefaultCamera = d.chooseDefaultCamera(&c)
	if len(d.problems) > 0 {
		return nil, d.problems.sorted()
	}
	c.given = d.given
	return &c, nil
}

// usualRecordings is where recordings are if nothing says so.
func usualRecordings(c *Config) string { return filepath.Join(c.Data, "recordings") }

// ownFolders are those in the data folder that have other things than recordings.
var ownFolders = []string{"acme", "cluster", "exports", "nats", "tls"}

// finishRecordings refuses a folder for recordings among other files of ours, whose
// folders may be named as cameras.
func (d *draft) finishRecordings() {
	if slices.ContainsFunc(d.problems, func(p problem) bool { return p.path == "recordings.dir" }) {
		return
	}
	dir, data := d.config.Recordings.Dir, d.config.Data
	within := below(data, dir)
	first, _, _ := strings.Cut(filepath.ToSlash(within), "/")
	switch at := d.given["recordings.dir"]; {
	case within == ".":
		d.report(at, "recordings.dir", "is the data folder, which has files of its own; use a folder below it, or elsewhere")
	case below(dir, data) != "":
		d.report(at, "recordings.dir", "has the data folder %s in it; use a folder below that, or elsewhere", quote(data))
	case slices.Contains(ownFolders, first):
		d.report(at, "recordings.dir", "is in the folder %s of the data folder, which has other files; use another folder below that, or elsewhere", first)
	}
}

// below gives the way from one folder down to another, "." where they are one, and ""
// where there is none.
func below(folder, other string) string {
	from, err := filepath.Abs(folder)
	to, err2 := filepath.Abs(other)
	way, err3 := filepath.Rel(from, to)
	if errors.Join(err, err2, err3) != nil || way == ".." || strings.HasPrefix(way, ".."+string(filepath.Separator)) {
		return ""
	}
	return way
}

// finishCamera checks a camera as a whole. A missing source is no second
// problem for one whose keys are wrong already: it may be among them.
func (d *draft) finishCamera(id string) Camera {
	c := d.cameras[id]
	path := "cameras." + id
	if _, given := c.given["source"]; given {
		return c.finish(id, d.report)
	}
	if !d.problemsWith(path) {
		d.report(c.at, path, "camera %s has no source; add source with %s", id, sourceForms(true))
	}
	return Camera{ID: id}
}

// problemsWith says whether there are some with a section, or a key in it.
func (d *draft) problemsWith(path string) bool {
	return slices.ContainsFunc(d.problems, func(p problem) bool { return p.path == path || strings.HasPrefix(p.path, path+".") })
}

// chooseDefaultCamera gives the id asked for, which must be that of an upload
// camera. Where none is asked for it is phone if that is one, and else none:
// who lists one HTTP camera need not think of publishers.
func (d *draft) chooseDefaultCamera(c *Config) string {
	id, at := c.DefaultCamera, d.given["default_camera"]
	if !at.given() {
		return usualDefaultCamera(c)
	}
	camera, ok := c.Camera(id)
	switch {
	case at.app && (idPattern.MatchString(id) || id == ""): // it may be one that was added in the app
		return id
	case ok && camera.Source.Kind == SourceUpload:
		return id
	case !ok:
		d.report(at, "default_camera", "there is no camera %s; %s", quote(id), suggestUpload(id, c))
	case camera.Source.Kind != "": // else its source is reported already
		d.report(at, "default_camera", "camera %s takes no uploads; name one whose source is \"upload:\"", id)
	}
	return ""
}

func usualDefaultCamera(c *Config) string {
	if camera, _ := c.Camera(phoneCamera); camera.Source.Kind == SourceUpload {
		return phoneCamera
	}
	return ""
}

// suggestUpload says which upload camera may be meant by an id.
func suggestUpload(id string, c *Config) string {
	var ids []string
	for _, camera := range c.Cameras {
		if camera.Source.Kind == SourceUpload {
			ids = append(ids, camera.ID)
		}
	}
	if ids == nil {
		return "add one whose source is \"upload:\""
	}
	return suggestion(id, ids)
}

// unknownKey says what to do about a key that fields does not have.
func unknownKey(key string, fields map[string]field) string {
	return "unknown key; " + suggestion(key, slices.Collect(maps.Keys(fields)))
}

// sectionText says that a section was given one value.
func sectionText(f field) string {
	if f.each != nil {
		return "holds a section for each " + f.such
	}
	return "holds further keys: " + strings.Join(slices.Sorted(maps.Keys(f.section)), ", ")
}

// The shortest and the longest time between two snapshots of a camera.
const (
	minInterval = 20 * time.Millisecond
	maxInterval = 24 * time.Hour
)
