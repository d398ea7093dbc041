package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"framegate/gateway/secret"
)

// SourceKind says which input makes a camera's frames.
type SourceKind string

// The inputs of this version.
const (
	SourceHTTP   SourceKind = "http"   // pulled from an http or https URL
	SourceRTSP   SourceKind = "rtsp"   // pulled from an rtsp or rtsps URL
	SourceFLV    SourceKind = "flv"    // pulled from an rtmp or rtmps URL, or as FLV from an http or https URL
	SourceMPEGTS SourceKind = "mpegts" // an MPEG transport stream over TCP
	SourceFile   SourceKind = "file"   // a video file, again and again
	SourceV4L2   SourceKind = "v4l2"   // a camera of this machine, by Video4Linux2
	SourceUpload SourceKind = "upload" // sent in by a publisher
	SourceTest   SourceKind = "test"   // the test pattern
)

// Source says where a camera's frames come from. Many cameras take their
// password in the query of the URL or in its path, so that printing a Source, in
// any way, leaves these out. Log the Source, never its URL.
type Source struct {
	Kind          SourceKind
	URL           string // SourceHTTP, SourceRTSP, SourceFLV: absolute, without user name and password
	Address       string // SourceMPEGTS: host:port; only where Listen is set the host may be empty
	Listen        bool   // SourceMPEGTS: the camera dials us, at Address
	Path          string // SourceFile, SourceV4L2: absolute
	Width, Height int    // SourceTest, SourceV4L2: pixels; both 0 leaves them to the input
	FPS           int    // SourceTest, SourceV4L2: frames per second; 0 leaves it to the input
}

// String gives the source for people, without the query of its URL and the
// credentials in its path.
func (s Source) String() string {
	switch s.Kind {
	case "":
		return ""
	case SourceHTTP, SourceRTSP, SourceFLV:
		before, _, hasQuery := strings.Cut(s.URL, "?")
		before = withoutCredentials(before)
		if hasQuery {
			return before + "?" + secret.Redacted
		}
		return before
	case SourceMPEGTS:
		return s.scheme() + "://" + s.Address
	case SourceFile, SourceV4L2:
		return s.scheme() + "://" + s.Path
	}
	return s.scheme() + ":"
}

// Text gives the source as it is written, with the query of its URL and the
// credentials in its path, which may be secret.
func (s Source) Text() string {
	switch s.Kind {
	case SourceHTTP, SourceRTSP, SourceFLV:
		return s.URL
	case SourceFile:
		return s.scheme() + "://" + (&url.URL{Path: s.Path}).EscapedPath()
	}
	return s.String() + s.pictureQuery()
}

// Shown gives the source as it is written, but for what String leaves out.
func (s Source) Shown() string {
	if s.remote() {
		return s.String()
	}
	return s.Text()
}

// pictureQuery gives what size and rate a source is asked for.
func (s Source) pictureQuery() string {
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

// Format prints String for every verb of fmt.
func (s Source) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// MarshalText is String, for JSON and YAML.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue is String, for slog.
func (s Source) LogValue() slog.Value { return slog.StringValue(s.String()) }

// remote says whether the camera is a server that is asked for its pictures by
// URL, perhaps with a name and a password.
func (s Source) remote() bool {
	return s.Kind == SourceHTTP || s.Kind == SourceRTSP || s.Kind == SourceFLV
}

// dialed says whether we connect to the camera over the network.
func (s Source) dialed() bool { return s.remote() || s.Kind == SourceMPEGTS && !s.Listen }

// logsIn says whether it may ask for a name and a password.
func (s Source) logsIn() bool { return s.remote() && !strings.HasPrefix(s.scheme(), "rtmp") }

// encrypted says whether its connections are.
func (s Source) encrypted() bool {
	return slices.Contains([]string{"https", "rtsps", "rtmps"}, s.scheme())
}

// normalizes says whether its JPEGs may be encoded anew.
func (s Source) normalizes() bool { return s.Kind == SourceHTTP || s.Kind == SourceRTSP }

// sounds says whether sound may come with the pictures.
func (s Source) sounds() bool {
	switch s.Kind {
	case SourceRTSP, SourceFLV, SourceMPEGTS, SourceFile, SourceUpload:
		return true
	}
	return false
}

// scheme gives what stands before the colon of the source's text.
func (s Source) scheme() string {
	switch {
	case s.remote():
		scheme, _, _ := strings.Cut(s.URL, ":")
		return scheme
	case s.Kind == SourceMPEGTS && s.Listen:
		return "tcp-listen"
	case s.Kind == SourceMPEGTS:
		return "tcp"
	}
	return string(s.Kind)
}

// What to write for each source.
const (
	httpForm   = "write http://host:port/path"
	rtmpForm   = "write rtmp://host:port/app/key"
	rtspForm   = "write rtsp://host:port/path"
	tcpForm    = "write tcp://host:port"
	listenForm = "write tcp-listen://:port, or tcp-listen://address:port to listen on one address"
	fileForm   = "write file:///path/clip.mp4, with special characters as %XX (a space as %20, % as %25)"
	v4l2Form   = "write v4l2:///dev/video0, or v4l2:///dev/video0?width=1280&height=720&fps=30"
	subForm    = "rtsp://host/path"
	testForm   = `write "test:?width=640&height=480&fps=10"`
)

// sourceScheme is what the text of a source may begin with.
type sourceScheme struct {
	name    string
	example string // for the lists of what can be written; "" where another row's says enough
	added   bool   // it will do for cameras that are added while the server runs; else it is the operator's file's alone
	parse   func(text, rest string) (Source, *url.Userinfo, error)
}

// sourceSchemes is the table of them. A further input is a further row.
var sourceSchemes = []sourceScheme{
	{"http", "http://host/path", true, httpSource},
	{"https", "", true, httpSource},
	{"rtsp", "rtsp://host/path", true, remoteSource(SourceRTSP, rtspForm)},
	{"rtsps", "", true, remoteSource(SourceRTSP, rtspForm)},
	{"rtmp", "rtmp://host/app/key", true, rtmpSource},
	{"rtmps", "", true, rtmpSource},
	{"tcp", "tcp://host:port", false, localSource(func(rest string) (Source, error) { return parseTCPSource(rest, false, tcpForm) })},
	{"tcp-listen", "tcp-listen://:port", false, localSource(func(rest string) (Source, error) { return parseTCPSource(rest, true, listenForm) })},
	{"file", "file:///path", false, localSource(parseFileSource)},
	{"v4l2", "v4l2:///dev/video0", false, localSource(parseV4L2Source)},
	{"upload", `"upload:"`, true, localSource(parseUploadSource)},
	{"test", `"test:"`, true, localSource(parseTestSource)},
}

// remoteSource makes a row's parse of a source that is a server's URL.
func remoteSource(kind SourceKind, form string) func(text, rest string) (Source, *url.Userinfo, error) {
	return func(text, _ string) (Source, *url.Userinfo, error) { return parseRemoteSource(kind, text, form) }
}

// httpSource reads a URL of HTTP. What its path calls FLV is that from the first connection on;
// of others the camera says it. The app has the same rule.
func httpSource(text, _ string) (Source, *url.Userinfo, error) {
	source, user, err := parseRemoteSource(SourceHTTP, text, httpForm)
	if u, bad := url.Parse(source.URL); err == nil && bad == nil {
		if at := strings.ToLower(u.EscapedPath()); strings.HasSuffix(at, ".flv") || strings.HasSuffix(at, "/flv") {
			source.Kind = SourceFLV
		}
	}
	return source, user, err
}

// rtmpSource reads a URL of RTMP, whose servers ask for no name and no password.
func rtmpSource(text, _ string) (Source, *url.Userinfo, error) {
	source, user, err := parseRemoteSource(SourceFLV, text, rtmpForm)
	if err != nil {
		return source, nil, err
	}
	if user != nil {
		return source, nil, errors.New("holds a name and a password, for which there is no place in RTMP; write them as the camera wants them, often at the end: ?user=…&password=…")
	}
	if u, bad := url.Parse(source.URL); bad != nil || strings.Trim(u.Path, "/") == "" {
		return source, nil, errors.New("has no path; " + rtmpForm)
	}
	return source, nil, nil
}

// localSource makes a row's parse of what reads behind the colon.
func localSource(parse func(rest string) (Source, error)) func(text, rest string) (Source, *url.Userinfo, error) {
	return func(_, rest string) (Source, *url.Userinfo, error) {
		source, err := parse(rest)
		return source, nil, err
	}
}

// AddedSchemes gives what the sources of cameras may begin with that are added while the server runs.
func AddedSchemes() (names []string) {
	for _, s := range sourceSchemes {
		if s.added {
			names = append(names, s.name)
		}
	}
	return names
}

// sourceForms lists what can be written, for people: all of it, or what will do
// for cameras that are added while the server runs.
func sourceForms(all bool) string {
	var examples []string
	for _, s := range sourceSchemes {
		if s.example != "" && (all || s.added) {
			examples = append(examples, s.example)
		}
	}
	last := len(examples) - 1
	return strings.Join(examples[:last], ", ") + " or " + examples[last]
}

// parseSource reads the text of a source, and gives the credentials of its URL
// apart. Its errors hold nothing of the text beyond the scheme and the keys of
// a query that is not sent anywhere: there may be a password in it. Of what is none
// at all they say what to write instead: see sourceForms.
func parseSource(text, instead string) (Source, *url.Userinfo, error) {
	row, rest := schemeOf(text)
	switch {
	case row == nil:
	case len(text) > len(row.name):
		return row.parse(text, rest)
	case row.example == fmt.Sprintf("%q", row.name+":"):
		return Source{}, nil, fmt.Errorf(`did you mean "%s:"? (with the colon, in quotes)`, row.name)
	}
	return Source{}, nil, errors.New("is not a source; write one such as " + instead)
}

// schemeOf gives the row of what a text begins with, nil where there is none, and what
// is behind the colon.
func schemeOf(text string) (row *sourceScheme, rest string) {
	scheme, rest, _ := strings.Cut(text, ":")
	i := slices.IndexFunc(sourceSchemes, func(s sourceScheme) bool { return s.name == strings.ToLower(scheme) })
	if i < 0 {
		return nil, rest
	}
	return &sourceSchemes[i], rest
}

// parseRemoteSource leaves out what net/url says of a bad URL, for that quotes
// parts of it.
func parseRemoteSource(kind SourceKind, text, form string) (Source, *url.Userinfo, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Source{}, nil, errors.New("is not a URL; " + form + ", and special characters in a name or password as %XX (/ is %2F, # is %23)")
	}
	if u.Hostname() == "" {
		return Source{}, nil, errors.New("names no host; " + form)
	}
	if port := u.Port(); port != "" && !isPort(port) {
		return Source{}, nil, errors.New("has a port that is not from 1 to 65535; " + form)
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
	return Source{Kind: kind, URL: u.String()}, user, nil
}

// parseTCPSource reads what follows "tcp:" or "tcp-listen:".
func parseTCPSource(rest string, listen bool, form string) (Source, error) {
	source := Source{Kind: SourceMPEGTS, Listen: listen}
	address, ok := strings.CutPrefix(rest, "//")
	if !ok || strings.ContainsAny(address, "/?#@") {
		return source, errors.New("is not an address alone; " + form)
	}
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return source, errors.New("has no port, or an IPv6 address without brackets; " + form)
	case !isPort(port):
		return source, errors.New("has a port that is not from 1 to 65535; " + form)
	case host == "" && !listen:
		return source, errors.New("names no host; " + form)
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && !namePattern.MatchString(host) {
		return source, errors.New("has a host that is neither a name nor an address; " + form)
	}
	source.Address = address
	return source, nil
}

// onvifAddress says what is wrong with the address of a device service.
func onvifAddress(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Port() != "" && !isPort(u.Port()):
		return errors.New("is not the address of a device service; write http://host/onvif/device_service, or https://, and a port where it has another")
	case u.User != nil:
		return errors.New("holds a name or password; the camera's username and password are taken")
	case u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#"):
		return errors.New("contains a ? or a #, which no device service has; leave it out")
	}
	return nil
}

// hostOf gives the host of a URL, however it is written.
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// parseFileSource reads what follows "file:" (RFC 8089). There are no relative
// names: Framegate may be started in any folder.
func parseFileSource(rest string) (Source, error) {
	source := Source{Kind: SourceFile}
	u, err := url.Parse("file:" + rest)
	switch {
	case err != nil:
		return source, errors.New("is not a URL; " + fileForm)
	case !strings.HasPrefix(rest, "///") || u.Path == "":
		return source, errors.New("has no path of three slashes and more; " + fileForm)
	case strings.ContainsAny(rest, "?#"):
		return source, errors.New("contains a ? or a #; write %3F or %23 where it belongs to the name")
	case strings.HasSuffix(u.Path, "/"):
		return source, errors.New("names no file; " + fileForm)
	case line(u.Path, 4096) != nil:
		return source, errors.New("has a path that is too long or holds control characters")
	}
	if source.Path = path.Clean(u.Path); source.Path == "/" {
		return source, errors.New("names no file; " + fileForm)
	}
	return source, nil
}

// parseV4L2Source reads what follows "v4l2:": the path of a device, and perhaps
// a query.
func parseV4L2Source(rest string) (Source, error) {
	source := Source{Kind: SourceV4L2}
	device, query, _ := strings.Cut(rest, "?")
	name, ok := strings.CutPrefix(device, "//")
	switch {
	case !ok || !strings.HasPrefix(name, "/dev/") || strings.ContainsAny(device, "#%"):
		return source, errors.New("names no device by three slashes and its path in /dev; " + v4l2Form)
	case line(name, 4096) != nil:
		return source, errors.New("has a path that is too long or holds control characters")
	}
	source.Path = path.Clean(name)
	if !strings.HasPrefix(source.Path, "/dev/") {
		return source, errors.New("names no device in /dev; " + v4l2Form)
	}
	return source, parsePictureQuery(&source, query, pictureBounds{width: 8192, height: 8192, fps: 240}, v4l2Form)
}

func parseUploadSource(rest string) (Source, error) {
	if rest != "" {
		return Source{}, errors.New(`"upload:" takes nothing behind it`)
	}
	return Source{Kind: SourceUpload}, nil
}

// parseTestSource reads what follows "test:", nothing or a query.
func parseTestSource(rest string) (Source, error) {
	source := Source{Kind: SourceTest}
	query, hasQuery := strings.CutPrefix(rest, "?")
	if !hasQuery && rest != "" {
		return source, errors.New(`"test:" takes only a query, such as "test:?width=640&height=480&fps=10"`)
	}
	return source, parsePictureQuery(&source, query, pictureBounds{width: 3840, height: 2160, fps: 60}, testForm)
}

// pictureBounds are the most that a query may ask for.
type pictureBounds struct {
	width, height int // pixels
	fps           int
}

// parsePictureQuery reads width and height (pixels), which go together, and fps.
func parsePictureQuery(source *Source, query string, most pictureBounds, form string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("has a query that cannot be read; " + form)
	}
	settings := map[string]struct {
		to        *int
		low, high int
	}{
		"width": {&source.Width, 16, most.width}, "height": {&source.Height, 16, most.height}, "fps": {&source.FPS, 1, most.fps},
	}
	for key, given := range values {
		setting, ok := settings[key]
		if !ok || len(given) != 1 {
			return fmt.Errorf("%s is not one of width, height and fps, each once; %s", quote(key), form)
		}
		if *setting.to, err = count(given[0], setting.low, setting.high); err != nil {
			return fmt.Errorf("%s %w", key, err)
		}
	}
	if (source.Width == 0) != (source.Height == 0) {
		return errors.New("has a width or a height alone; " + form)
	}
	return nil
}
