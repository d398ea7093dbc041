package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"framegate/gateway/secret"
)

// CameraKey is one key of a camera, with all that is known of it: how it stands
// in a file, a variable, the API and the state, and what it does to a Camera.
// A further key is a further row of cameraKeys.
type CameraKey struct {
	Name     string   // with dots where it is in a section of the camera's, as record.mode
	About    string   // for people who set it
	Example  string   // a text that it takes; "" where About says enough
	Words    []string // the texts that it takes, what it is without the key first; nil where there are others
	MaxBytes int      // of its text
	Boolean  bool     // its text is true or false
	List     bool     // a file may hold a list instead, of what commas separate in its text
	Secret   bool     // its text must not be shown
	FileOnly bool     // for the operator's configuration alone, not for who adds cameras while the server runs

	instead string                             // another key that sets the same, whose value the environment's takes away
	put     func(c *Camera, text string) error // reads the text into a camera
	text    func(Camera) string                // what put reads; "" for what is so anyway
	shown   func(Camera) string                // what people see; nil is text, and nothing of a secret
	suits   func(Camera) error                 // says why the camera, all of whose keys are read, has no use for it; nil suits all
	usual   func(Camera) string                // what is so without the key, "" for nothing; nil is the first of Words, or nothing
}

// cameraKeys is the table of the keys of a camera. What several of them mean
// together is in cameraDraft.finish.
var cameraKeys = append([]CameraKey{
	{
		Name: "source", MaxBytes: 4096,
		About:   "where its pictures come from: http://, https://, rtsp://, rtsps://, rtmp:// or rtmps:// and where it is; upload: for one whose pictures are sent in; test: for a test pattern",
		Example: "rtsp://192.168.1.20:554/stream1",
		put:     func(*Camera, string) error { return nil }, // which parseSource does
		text:    func(c Camera) string { return c.Source.Text() },
		shown:   func(c Camera) string { return c.Source.Shown() },
	},
	{
		Name: "sub", MaxBytes: 4096,
		About:   "where the camera has smaller pictures, its sub-stream: at the source's host, with the same name and password; who wants small ones gets them from there, where they are large enough",
		Example: "rtsp://192.168.1.20:554/stream2",
		put: func(c *Camera, text string) (err error) {
			if c.Sub, _, err = parseSource(text, subForm); err == nil && !c.Sub.remote() {
				err = fmt.Errorf("is %s:, and not what a camera is asked for over the network; %s", c.Sub.scheme(), rtspForm)
			}
			return err
		},
		text:  func(c Camera) string { return c.Sub.Text() },
		shown: func(c Camera) string { return c.Sub.Shown() },
		suits: func(c Camera) error {
			if err := onlyFor(Source.remote, "http", "https", "rtsp", "rtsps", "rtmp", "rtmps")(c); err != nil {
				return err
			}
			if c.Sub.Kind != "" && c.Sub == c.Source {
				return errors.New("is the source itself; write where the smaller pictures are, or remove it")
			}
			return atSource(c, c.Sub.URL)
		},
	},
	{
		Name: "name", About: "its name for people; the id without one", Example: "Front door", MaxBytes: 200,
		put: func(c *Camera, text string) error {
			c.Name = text
			if strings.TrimSpace(text) == "" {
				return errors.New("is empty; write a name, or remove the key to show the id")
			}
			return shown(text)
		},
		text:  func(c Camera) string { return unless(c.Name, c.ID) },
		shown: func(c Camera) string { return c.Name },
	},
	{
		Name: "username", About: "what the camera asks for", MaxBytes: 256,
		// HTTP's Basic scheme ends the name at a colon (RFC 7617 section 2).
		put: func(c *Camera, text string) error {
			c.Username = text
			if strings.Contains(text, ":") {
				return errors.New("must not contain a colon; a password goes into password or password_file")
			}
			return nil
		},
		text:  func(c Camera) string { return c.Username },
		suits: onlyFor(Source.logsIn, "http", "https", "rtsp", "rtsps"),
	},
	{
		Name: "password", About: "what the camera asks for", MaxBytes: maxPasswordFileBytes, Secret: true, instead: "password_file",
		put:   func(c *Camera, text string) error { c.Password = secret.New(text); return nil },
		text:  func(c Camera) string { return c.Password.Reveal() },
		suits: onlyFor(Source.logsIn, "http", "https", "rtsp", "rtsps"),
	},
	{
		Name: "password_file", About: "the file that holds the password", MaxBytes: 4096, FileOnly: true, instead: "password",
		put: func(_ *Camera, text string) error {
			if text == "" {
				return errors.New("must name a file")
			}
			return nil
		},
		text:  func(Camera) string { return "" }, // the password is the password's
		suits: onlyFor(Source.logsIn, "http", "https", "rtsp", "rtsps"),
	},
	{
		Name: "keep", About: "whether it stays connected without viewers, so that joining is instant",
		Words: words(KeepOnDemand, KeepAlways),
		put:   func(c *Camera, text string) error { c.Keep = Keep(text); return nil },
		text:  func(c Camera) string { return unless(c.Keep, KeepOnDemand) },
		shown: func(c Camera) string { return string(c.Keep) },
		suits: func(c Camera) error {
			if c.Source.Kind == SourceUpload && c.Keep == KeepAlways {
				return errors.New("an upload camera is connected when its publisher is; remove it")
			}
			return nil
		},
	},
	{
		Name: "interval", About: "from one snapshot of an HTTP camera to the next, 20ms to 24h", Example: "500ms", MaxBytes: 40,
		put: func(c *Camera, text string) (err error) {
			c.Interval, err = durationWithin(text, minInterval, maxInterval)
			return err
		},
		text:  func(c Camera) string { return unless(c.Interval.String(), time.Duration(0).String()) },
		suits: onlyFor(func(s Source) bool { return s.Kind == SourceHTTP }, "http", "https"),
	},
	{
		Name: "transport", About: "how an RTSP camera sends",
		Words: words(TransportAuto, TransportTCP, TransportUDP),
		put:   func(c *Camera, text string) error { c.Transport = Transport(text); return nil },
		text:  func(c Camera) string { return unless(c.Transport, TransportAuto) },
		suits: onlyFor(func(s Source) bool { return s.Kind == SourceRTSP }, "rtsp", "rtsps"),
	},
	{
		Name: "sound", About: "whether the camera's sound is taken too",
		Words: words(SoundAuto, SoundOff),
		put:   func(c *Camera, text string) error { c.Sound = Sound(text); return nil },
		text:  func(c Camera) string { return unless(c.Sound, SoundAuto) },
		suits: onlyFor(Source.sounds, "rtsp", "rtsps", "rtmp", "rtmps", "FLV by http and https", "tcp", "tcp-listen", "file", "upload"),
	},
	{
		Name: "normalize", About: "which JPEGs are encoded anew: those that browsers do not show, all, or none",
		Words: words(NormalizeAuto, NormalizeAlways, NormalizeNever),
		put:   func(c *Camera, text string) error { c.Normalize = Normalize(text); return nil },
		text:  func(c Camera) string { return unless(c.Normalize, NormalizeAuto) },
		suits: onlyFor(Source.normalizes, "http", "https", "rtsp", "rtsps"),
	},
	{
		Name: "node_label", About: "the label that a node of the cluster must have to connect to it", Example: "site=barn", MaxBytes: maxLabel, FileOnly: true,
		put:  func(c *Camera, text string) error { c.NodeLabel = text; return nodeLabel(text) },
		text: func(c Camera) string { return c.NodeLabel },
		suits: func(c Camera) error {
			if c.Source.Kind == SourceUpload {
				return errors.New("an upload camera is where its publisher is; remove it")
			}
			return nil
		},
	},
	{
		Name: "standby", About: "how many nodes of a cluster keep it connected besides the one that has it, so that its pictures go on at once where that one dies; it is kept connected there too",
		Words: []string{"0", "1"},
		put:   func(c *Camera, text string) error { c.Standby = text == "1"; return nil },
		text:  func(c Camera) string { return map[bool]string{true: "1"}[c.Standby] },
		suits: onlyFor(Source.dialed, "http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "tcp"),
	},
	{
		Name: "exclusive", About: "whether it takes one connection only: no two nodes of a cluster connect to it at the same time, and none does that hears too few of those that keep what all have in common", Boolean: true,
		put: func(c *Camera, text string) (err error) {
			c.Exclusive, err = boolean(text)
			return err
		},
		text: func(c Camera) string { return unless(strconv.FormatBool(c.Exclusive), "false") },
		suits: func(c Camera) error {
			switch {
			case c.Standby:
				return errors.New("does not go with standby, which is a second connection; remove one of them")
			case c.Sub.Kind != "":
				return errors.New("does not go with sub, which is a second connection; remove one of them")
			}
			return onlyFor(Source.dialed, "http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "tcp")(c)
		},
	},
	{
		Name: "tls_insecure", About: "whether any certificate of an https, rtsps or rtmps camera will do, and of an onvif address or a sub-stream", Boolean: true,
		put: func(c *Camera, text string) (err error) {
			c.TLSInsecure, err = boolean(text)
			return err
		},
		text: func(c Camera) string { return unless(strconv.FormatBool(c.TLSInsecure), "false") },
		suits: func(c Camera) error {
			if strings.HasPrefix(c.ONVIF, "https:") {
				return nil
			}
			if c.Sub.encrypted() {
				return nil
			}
			return onlyFor(Source.encrypted, "https", "rtsps", "rtmps")(c)
		},
	},
	{
		Name: "onvif", MaxBytes: 2048,
		About:   "where the camera is told to turn and zoom: the address of its ONVIF device service, at the source's host, with the same name and password",
		Example: "http://192.168.1.20/onvif/device_service",
		put: func(c *Camera, text string) error {
			c.ONVIF = text
			return onvifAddress(text)
		},
		text: func(c Camera) string { return c.ONVIF },
		suits: func(c Camera) error {
			if err := onlyFor(Source.logsIn, "http", "https", "rtsp", "rtsps")(c); err != nil {
				return err
			}
			return atSource(c, c.ONVIF)
		},
	},
}, recordKeys...)

// CameraKeys gives the table of the keys of a camera, in the order in which
// people read them. It is the caller's.
func CameraKeys() []CameraKey { return slices.Clone(cameraKeys) }

// Text gives what the key says of a camera, as it would be written; "" for what
// is so without the key. That of a secret is the secret.
func (k CameraKey) Text(c Camera) string { return k.text(c) }

// Shown gives what people may see of that, also where it is so without the key
// if they expect to see it.
func (k CameraKey) Shown(c Camera) string {
	switch {
	case k.shown != nil:
		return k.shown(c)
	case k.Secret:
		return ""
	}
	return k.text(c)
}

// Usual gives the text that says what is so without the key, for keys of Words.
func (k CameraKey) Usual() string {
	if k.Words == nil {
		return ""
	}
	return k.Words[0]
}

// withoutIt gives the text of what is so of a camera where the key is not given;
// "" for none.
func (k CameraKey) withoutIt(c Camera) string {
	if k.usual != nil {
		return k.usual(c)
	}
	return k.Usual()
}

// check says what is wrong with a text, whatever the camera is.
func (k CameraKey) check(text string) error { return k.read(&Camera{}, text) }

// read puts a text into a camera.
func (k CameraKey) read(c *Camera, text string) error {
	if k.Words != nil {
		if err := oneOf(text, k.Words...); err != nil {
			return err
		}
	}
	if err := k.put(c, text); err != nil || k.MaxBytes == 0 {
		return err
	}
	return line(text, k.MaxBytes)
}

// misplaced says why a camera has no use for the key.
func (k CameraKey) misplaced(c Camera) error {
	if k.suits == nil {
		return nil
	}
	return k.suits(c)
}

// onlyFor refuses a key where the source is another: who writes one expects
// something of it.
func onlyFor(is func(Source) bool, cameras ...string) func(Camera) error {
	return func(c Camera) error {
		if is(c.Source) {
			return nil
		}
		return &notFor{cameras, c.Source.scheme()}
	}
}

// notFor says that a key is for cameras of other sources.
type notFor struct {
	cameras []string
	scheme  string
}

func (e *notFor) Error() string {
	last := len(e.cameras) - 1
	cameras := e.cameras[last]
	if last > 0 {
		cameras = strings.Join(e.cameras[:last], ", ") + " and " + cameras
	}
	return fmt.Sprintf("is for %s cameras, not for %s:; remove it", cameras, e.scheme)
}

// forAdded is the error for who adds a camera while the server runs, without sources
// that the file alone may have.
func (e *notFor) forAdded() error {
	addable := slices.DeleteFunc(slices.Clone(e.cameras), func(name string) bool {
		return slices.ContainsFunc(sourceSchemes, func(row sourceScheme) bool { return row.name == name && !row.added })
	})
	return &notFor{addable, e.scheme}
}

// atSource refuses an address besides the source that is at another host.
func atSource(c Camera, address string) error {
	if address != "" && hostOf(address) != hostOf(c.Source.URL) {
		return errors.New("is at another host than the source, and the camera's name and password go to its own host alone; write both alike")
	}
	return nil
}

// unless gives the text of a value that is neither zero nor usual, and else "".
func unless[text ~string](value, usual text) string {
	if value == usual {
		return ""
	}
	return string(value)
}

// words gives texts of their values.
func words[word ~string](all ...word) (texts []string) {
	for _, w := range all {
		texts = append(texts, string(w))
	}
	return texts
}
