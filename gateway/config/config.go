// Package config turns a YAML file and the environment into one Config that
// is complete and checked, or into errors that say where each mistake stands
// and what to write instead.
//
// The file is strict: unknown keys, keys given twice and values that do not
// fit are errors with file, line and column. It is one plain YAML document of
// at most 1 MiB, without anchors, aliases, tags and merge keys, so that what it
// says is what stands there. Every key can be overridden by a variable
// FRAMEGATE_SECTION__KEY; see environment.go for how names are formed.
//
// A file that has the key cameras lists all cameras there are. Without it, and
// without a file, there are two: the test pattern "demo" and the upload camera
// "phone". Variables change single keys of what the file says, and may add
// cameras to it.
//
// Names of files in the file are relative to its folder, and so is the data
// folder where it names none: what is meant does not depend on where a command
// was started. Without a file, and in variables, they are relative to the
// working directory.
//
// The package opens nothing but the file and the password files it names. It
// starts nothing, does not look whether a camera answers or ffmpeg exists, and
// knows no command line. Packages command and server call Read and Parse at the
// start and when the file changes, and Load for what is done once.
package config

import (
	"maps"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"framegate/gateway/secret"
)

// Config is everything an operator can set. Load makes it; nobody changes it
// afterwards, so it may be read from any goroutine.
type Config struct {
	Listen         string // host:port; port 0 takes a free one
	Data           string // the folder of what the server keeps: its state and keys
	Auth           Auth
	BasePath       string   // under which a proxy shows this server, as /cams; "" for the root
	FrameAncestors []string // origins whose pages may show ours in a frame
	Hosts          []string // further names of this server, lower case, without port
	TLS            TLS
	RTSP           RTSP
	Compat         []Compat // programs at whose addresses it answers as they do
	RTMP           RTMP
	WebRTC         WebRTC
	Cluster        Cluster
	CORS           CORS
	Network        Network
	TrustedProxies []netip.Prefix // whose word on where a request comes from is taken
	DefaultCamera  string         // id of the upload camera that /upload and /stream mean; "" where there is none
	FFmpeg         FFmpeg
	Limits         Limits
	Recordings     Recordings
	Notify         Notify
	Cameras        []Camera // in the file's order, then those of the environment

	given map[string]place // where settings were given, by key
}

// Auth says who may use the server.
type Auth string

// Those who say who they are, or whoever can reach the listener.
const (
	AuthRequired Auth = "required"
	AuthOff      Auth = "off"
)

// TLS says where the server's certificate comes from.
type TLS struct {
	Mode      TLSMode
	Cert, Key string // TLSFiles: PEM files
	Email     string // TLSACME: where the issuer writes to; may be empty
	Directory string // TLSACME: the URL of the issuer's directory; "" is Let's Encrypt
}

// TLSMode is one way to a certificate.
type TLSMode string

// Plain HTTP; a certificate of our own authority; one of files, which may
// change while we run; or one of an ACME issuer for the names in Hosts.
const (
	TLSOff        TLSMode = "off"
	TLSSelfSigned TLSMode = "self-signed"
	TLSFiles      TLSMode = "files"
	TLSACME       TLSMode = "acme"
)

// RTSP says where cameras are given out over RTSP; each "" for nowhere.
type RTSP struct {
	Listen    string // host:port
	TLSListen string // host:port, in TLS
	UDP       string // host:port of the first of the two ports that packets come from over UDP
}

// Compat is a program whose clients find at its addresses here what they look for.
type Compat string

// These programs.
const (
	CompatGo2RTC       Compat = "go2rtc"
	CompatMJPGStreamer Compat = "mjpg-streamer" // of OctoPrint, Mainsail and Fluidd
)

// RTMP says where pictures are sent in by RTMP; each "" for nowhere.
type RTMP struct {
	Listen    string // host:port
	TLSListen string // host:port, in TLS
}

// WebRTC says where its packets come and go.
type WebRTC struct {
	Listen string   // host:port of UDP and TCP, WebRTCAuto or WebRTCOff
	Hosts  []string // addresses and names at which the port can be reached besides those that this machine knows of
}

const (
	// WebRTCAuto is WebRTCPort at the address of listen.
	WebRTCAuto = "auto"
	// WebRTCOff is nowhere.
	WebRTCOff = "off"
	// WebRTCPort is the usual one.
	WebRTCPort = "8555"
)

// Cluster says how this server is one of several, whose nodes share cameras. Which of
// them it is its certificate says, in the data folder.
type Cluster struct {
	Name        string        // "" where it is one alone
	TokenFile   string        // of what makes this server a node, where it is none yet; "" for none
	Listen      string        // host:port at which nodes hear of each other
	RelayListen string        // host:port at which nodes get each other's cameras
	Seeds       []string      // host:port of Listen of some nodes, perhaps its own
	Advertise   string        // the host by which others reach this one; "" finds it out
	Roles       []ClusterRole // none is all
	Labels      []string      // that a camera may want of the node that has it
	Stores      []string      // nodes that keep what all have in common; none is the one where the cluster was made
	NATS        NATS          // by which nodes speak in place of Listen and Seeds; Stores then vote only
	Public      string        // URL by which viewers reach this one; "" where others send nobody here
	Redirect    Redirect
}

// Redirect says which viewers a node sends to another.
type Redirect string

// Nobody; those of a camera whose label another node has and this one has not; those who come
// while this one is busy and another is not.
const (
	RedirectOff   Redirect = "off"
	RedirectLabel Redirect = "label"
	RedirectLoad  Redirect = "load"
)

// ClusterRole is what a node is for.
type ClusterRole string

// Connecting to cameras, and serving viewers.
const (
	RoleCamera ClusterRole = "camera"
	RoleEdge   ClusterRole = "edge"
)

// CORS says which other sites' pages may read what the server answers.
type CORS struct {
	Origins []string // scheme://host[:port], as browsers send it
}

// Network says where cameras may be that are added while the server runs.
type Network struct {
	Allow []netip.Prefix // besides what is allowed anyway
}

// FFmpeg says which ffmpeg to start, and with what help.
type FFmpeg struct {
	Path    string // a path, or a name to be found in PATH
	HWAccel HWAccel
}

// HWAccel says what hardware decodes and encodes.
type HWAccel string

// None at all, the first that works, or a certain one.
const (
	HWAccelNone         HWAccel = "none"
	HWAccelAuto         HWAccel = "auto"
	HWAccelVAAPI        HWAccel = "vaapi"
	HWAccelCUDA         HWAccel = "cuda"
	HWAccelQSV          HWAccel = "qsv"
	HWAccelVideoToolbox HWAccel = "videotoolbox"
)

// Limits bound what clients and cameras can take. All are positive.
type Limits struct {
	Viewers             int           // clients watching anything
	ViewersPerCamera    int           // clients watching one camera
	ViewersPerPrincipal int           // clients one user or token may have
	ViewersPerAddress   int           // clients from one network address
	ViewerPatience      time.Duration // that a client may take nothing of what is written to it

	FrameBytes      int           // size of one JPEG from a camera or publisher, in bytes
	PublisherFPS    int           // pictures a second from one publisher
	PublisherBytes  int           // bytes a second from one publisher
	PostTime        time.Duration // for all of a POST that is one picture
	PostBytes       int           // bytes a second that such a POST must bring at least
	PostsPerAddress int           // such POSTs at once from one network address

	Connections           int           // at once, besides those of viewers
	ConnectionsPerAddress int           // of them, from one network address
	HeaderBytes           int           // size of a request's head
	HeaderTimeout         time.Duration // for it to come, and for the handshake of TLS
	IdleTimeout           time.Duration // that a connection may have no request
	APIBodyBytes          int           // size of a request's body to the API

	Encoders      int // ffmpegs at once that encode
	EncoderStarts int // of those, that start in a second

	CameraConnect   time.Duration // for a camera to be reached
	CameraFirstByte time.Duration // for it to answer, and again for what it answers to begin
	CameraSilence   time.Duration // without a picture, unless the camera's own rate is that low
}

// Camera is one configured origin of pictures.
type Camera struct {
	ID       string // [a-z0-9][a-z0-9-]{0,62}
	Name     string // free text; the ID where none is given
	Source   Source
	Sub      Source        // of smaller pictures, at the source's host; its Kind is "" for none
	Username string        // what an HTTP or RTSP camera asks for
	Password secret.Text   // what an HTTP or RTSP camera asks for
	Keep     Keep          // whether to stay connected without viewers
	Interval time.Duration // from one snapshot of an HTTP camera to the next; 0 leaves it to the input
	// TLSInsecure accepts any certificate from an https, rtsps or rtmps camera. Cameras
	// come with self-signed ones, and few let their owner replace them.
	TLSInsecure bool
	ONVIF       string    // the address of the device service that turns it, at the source's host; "" for none
	Transport   Transport // SourceRTSP only
	Sound       Sound     // SourceRTSP, SourceFLV, SourceMPEGTS, SourceFile and SourceUpload
	Normalize   Normalize // SourceHTTP and SourceRTSP
	Record      Record
	NodeLabel   string // that a node of a cluster must have to connect to it; "" for any
	Standby     bool   // a second node of a cluster keeps it connected
	Exclusive   bool   // no two nodes of a cluster connect to it at the same time
}

// Normalize says which JPEGs of a camera are decoded and encoded anew.
type Normalize string

// Those of kinds that browsers do not show; all of them, for cameras whose
// JPEGs are broken in other ways; or none.
const (
	NormalizeAuto   Normalize = "auto"
	NormalizeAlways Normalize = "always"
	NormalizeNever  Normalize = "never"
)

// Transport says how an RTSP camera sends its packets (RFC 7826 section 18.54).
type Transport string

// How packets come: as the input finds best, within the connection that asks
// for them, or as datagrams of their own.
const (
	TransportAuto Transport = "auto"
	TransportTCP  Transport = "tcp"
	TransportUDP  Transport = "udp"
)

// Sound says whether a camera's sound is taken.
type Sound string

// Sound is taken where a camera has some that can be, or never.
const (
	SoundAuto Sound = "auto"
	SoundOff  Sound = "off"
)

// Keep says when a camera is connected.
type Keep string

// When a camera is connected: while somebody watches, or always, so that
// joining is instant.
const (
	KeepOnDemand Keep = "on_demand"
	KeepAlways   Keep = "always"
)

// Camera finds a camera by its id.
func (c *Config) Camera(id string) (Camera, bool) {
	i := slices.IndexFunc(c.Cameras, func(c Camera) bool { return c.ID == id })
	if i < 0 {
		return Camera{}, false
	}
	return c.Cameras[i], true
}

// Loopback says whether only this machine can reach the listeners. An empty host
// and 0.0.0.0 are every address of the machine; of names only localhost counts,
// since another may come to mean something else.
func (c *Config) Loopback() bool {
	_, open := c.OpenListener()
	return !open
}

// OpenListener gives the first of the listeners that others than this machine can
// reach, where there is one.
func (c *Config) OpenListener() (address string, open bool) {
	for _, other := range []string{c.RTSP.Listen, c.RTSP.TLSListen, c.RTMP.Listen, c.RTMP.TLSListen, c.WebRTC.Listen} {
		if other != "" && other != WebRTCAuto && other != WebRTCOff && !isLoopback(other) {
			address, open = other, true
		}
	}
	if !isLoopback(c.Listen) {
		address, open = c.Listen, true
	}
	return address, open
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// WithListen gives a copy that listens elsewhere, as a flag of the command
// line may say. The error says what is wrong with addr, without naming a flag.
func (c *Config) WithListen(addr string) (*Config, error) {
	if err := checkListen(addr); err != nil {
		return nil, err
	}
	other := *c
	other.Listen = addr
	other.given = maps.Clone(c.given)
	if other.given == nil {
		other.given = make(map[string]place)
	}
	other.given["listen"] = place{flag: "--listen"}
	return &other, nil
}

// The default cameras, used where no file lists any.
const (
	demoCamera  = "demo"
	phoneCamera = "phone"
)

// defaultData is the data folder where none is named.
const defaultData = "data"

// Load is Read and Parse.
func Load(path string, environ []string) (*Config, error) {
	content, err := Read(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, content, environ)
}

// Examples says whether the cameras are those that there are where nobody lists
// any.
func (c *Config) Examples() bool {
	usual, err := Parse("", nil, nil)
	return err == nil && reflect.DeepEqual(c.Cameras, usual.Cameras)
}

// Parse gives what the content of the file at path and the environment say,
// the latter given as os.Environ gives it. An empty path means the defaults and
// the environment alone. The error holds every mistake found, one to a line,
// each naming file, line and column or the variable, and never the value of a
// secret.
func Parse(path string, content []byte, environ []string) (*Config, error) {
	return ParseKept(nil, path, content, environ)
}

// ParseKept is Parse on top of what was given in the app, which counts where neither the
// file nor the environment says anything.
func ParseKept(kept Kept, path string, content []byte, environ []string) (*Config, error) {
	d := newDraft()
	d.readKept(kept)
	if path != "" {
		d.config.Data = value{text: defaultData, at: place{file: path}}.fileName()
		d.readYAML(path, content)
	}
	if !d.camerasListed {
		d.addDefaultCameras()
	}
	d.readEnvironment(environ)
	return d.finish()
}
