package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"framegate/gateway/secret"
)

// Setting is one key of the configuration that is none of a camera, with all
// that is known of it: how it stands in a file and in a variable, what it is
// without either, and whether a running server takes another value. A further
// key is a field of Config and a row of settings.
type Setting struct {
	Key     string // as it stands in the file: limits.viewers is the key viewers of limits
	Restart bool   // another value takes a restart
	App     bool   // an admin may give it in the app, where nothing stronger does
	Kind    Kind   // what is filled in for it

	each  bool                                            // it holds a section for each name, which draft.webhookFields reads
	words []string                                        // it is one of these, or a list of some; nil for any
	list  bool                                            // it takes any number of texts, else one
	usual func(*Config)                                   // gives it what it is without being given
	read  func(*Config, []value) (wrong value, err error) // gives it what the texts say
	in    func(*Config) any                               // points to where it is
}

// Kind says what a setting is, for who fills it in.
type Kind string

// One text, or one of Words; a whole number; a number of bytes; a time; any number of
// texts; or more than that, which is for the file alone.
const (
	KindText     Kind = "text"
	KindWord     Kind = "word"
	KindNumber   Kind = "number"
	KindBytes    Kind = "bytes"
	KindDuration Kind = "duration"
	KindList     Kind = "list"
	KindSections Kind = "sections"
)

// takes says what another value of a setting takes.
type takes bool

// Nothing, since it is looked at whenever it matters, or a restart, since it is
// given to what is made at the start.
const (
	nothing  takes = false
	aRestart takes = true
)

// maxEncoders is more than any machine can feed.
const maxEncoders = 1024

// settings is the table of all keys but those of cameras, in the order in which
// people read them, with what can be meant by each: a bound that stops
// everything, or nothing, is a slip of the pen. What several of them mean
// together is in draft.finish.
var settings = []Setting{
	one("listen", aRestart, func(c *Config) *string { return &c.Listen }, "127.0.0.1:8080", checked(checkListen)),
	one("data", aRestart, func(c *Config) *string { return &c.Data }, defaultData, named),
	word("auth", aRestart, func(c *Config) *Auth { return &c.Auth }, AuthRequired, AuthOff),
	one("base_path", nothing, func(c *Config) *string { return &c.BasePath }, "", text(BasePath)),
	inApp(many("frame_ancestors", nothing, func(c *Config) *[]string { return &c.FrameAncestors }, origin)),
	inApp(many("hosts", nothing, func(c *Config) *[]string { return &c.Hosts }, hostName)),

	word("tls.mode", aRestart, func(c *Config) *TLSMode { return &c.TLS.Mode }, TLSOff, TLSSelfSigned, TLSFiles, TLSACME),
	one("tls.cert", aRestart, func(c *Config) *string { return &c.TLS.Cert }, "", named),
	one("tls.key", aRestart, func(c *Config) *string { return &c.TLS.Key }, "", named),
	one("tls.email", aRestart, func(c *Config) *string { return &c.TLS.Email }, "", checked(emailAddress)),
	one("tls.directory", aRestart, func(c *Config) *string { return &c.TLS.Directory }, "", checked(httpsURL)),

	inApp(one("rtsp.listen", aRestart, func(c *Config) *string { return &c.RTSP.Listen }, "", noneOrListen)),
	inApp(one("rtsp.tls_listen", aRestart, func(c *Config) *string { return &c.RTSP.TLSListen }, "", noneOrListen)),
	inApp(one("rtsp.udp", aRestart, func(c *Config) *string { return &c.RTSP.UDP }, "", noneOrPair)),

	inApp(some(many("compat", nothing, func(c *Config) *[]Compat { return &c.Compat }, func(text string) (Compat, error) { return Compat(text), oneOf(text, CompatGo2RTC, CompatMJPGStreamer) }), CompatGo2RTC, CompatMJPGStreamer)),
	inApp(one("rtmp.listen", aRestart, func(c *Config) *string { return &c.RTMP.Listen }, "", noneOrListen)),
	inApp(one("rtmp.tls_listen", aRestart, func(c *Config) *string { return &c.RTMP.TLSListen }, "", noneOrListen)),

	inApp(one("webrtc.listen", aRestart, func(c *Config) *string { return &c.WebRTC.Listen }, WebRTCAuto, autoOrListen)),
	inApp(many("webrtc.hosts", nothing, func(c *Config) *[]string { return &c.WebRTC.Hosts }, hostName)),
	one("cluster.name", aRestart, func(c *Config) *string { return &c.Cluster.Name }, "", orNothing(clusterName)),
	one("cluster.token_file", aRestart, func(c *Config) *string { return &c.Cluster.TokenFile }, "", named),
	one("cluster.listen", aRestart, func(c *Config) *string { return &c.Cluster.Listen }, ":7421", checked(checkListen)),
	one("cluster.relay_listen", aRestart, func(c *Config) *string { return &c.Cluster.RelayListen }, ":7422", checked(checkListen)),
	many("cluster.seeds", aRestart, func(c *Config) *[]string { return &c.Cluster.Seeds }, func(text string) (string, error) { return text, hostPort(text) }),
	one("cluster.advertise", aRestart, func(c *Config) *string { return &c.Cluster.Advertise }, "", orNothing(reachedBy)),
	many("cluster.roles", aRestart, func(c *Config) *[]ClusterRole { return &c.Cluster.Roles }, func(text string) (ClusterRole, error) { return ClusterRole(text), oneOf(text, RoleCamera, RoleEdge) }),
	inAll(mostOfThem, many("cluster.stores", aRestart, func(c *Config) *[]string { return &c.Cluster.Stores }, func(text string) (string, error) { return text, clusterName(text) })),
	inAll(oneScheme, many("cluster.nats.urls", aRestart, func(c *Config) *[]string { return &c.Cluster.NATS.URLs }, natsURL)),
	one("cluster.nats.username", aRestart, func(c *Config) *string { return &c.Cluster.NATS.Username }, "", checked(func(text string) error { return line(text, 256) })),
	one("cluster.nats.password", aRestart, func(c *Config) *secret.Text { return &c.Cluster.NATS.Password }, secret.Text{}, credential),
	one("cluster.nats.password_file", aRestart, func(c *Config) *string { return &c.Cluster.NATS.PasswordFile }, "", named),
	one("cluster.nats.credentials", aRestart, func(c *Config) *string { return &c.Cluster.NATS.Credentials }, "", named),
	one("cluster.nats.domain", aRestart, func(c *Config) *string { return &c.Cluster.NATS.Domain }, "", orNothing(natsDomain)),
	one("cluster.nats.ca", aRestart, func(c *Config) *string { return &c.Cluster.NATS.CA }, "", named),
	many("cluster.labels", aRestart, func(c *Config) *[]string { return &c.Cluster.Labels }, func(text string) (string, error) { return text, nodeLabel(text) }),
	one("cluster.public", aRestart, func(c *Config) *string { return &c.Cluster.Public }, "", text(publicURL)),
	word("cluster.redirect", nothing, func(c *Config) *Redirect { return &c.Cluster.Redirect }, RedirectOff, RedirectLabel, RedirectLoad),

	inApp(many("cors.origins", nothing, func(c *Config) *[]string { return &c.CORS.Origins }, origin)),
	many("network.allow", nothing, func(c *Config) *[]netip.Prefix { return &c.Network.Allow }, addressRange),
	many("trusted_proxies", nothing, func(c *Config) *[]netip.Prefix { return &c.TrustedProxies }, addressRange),
	inApp(one("default_camera", nothing, func(c *Config) *string { return &c.DefaultCamera }, "", checked(anything))),

	one("ffmpeg.path", aRestart, func(c *Config) *string { return &c.FFmpeg.Path }, "ffmpeg", program),
	inApp(word("ffmpeg.hwaccel", aRestart, func(c *Config) *HWAccel { return &c.FFmpeg.HWAccel },
		HWAccelNone, HWAccelAuto, HWAccelVAAPI, HWAccelCUDA, HWAccelQSV, HWAccelVideoToolbox)),

	inApp(one("limits.viewers", nothing, func(c *Config) *int { return &c.Limits.Viewers }, 2000, number(1, 1_000_000))),
	inApp(one("limits.viewers_per_camera", nothing, func(c *Config) *int { return &c.Limits.ViewersPerCamera }, 500, number(1, 1_000_000))),
	inApp(one("limits.viewers_per_principal", nothing, func(c *Config) *int { return &c.Limits.ViewersPerPrincipal }, 64, number(1, 1_000_000))),
	inApp(one("limits.viewers_per_address", nothing, func(c *Config) *int { return &c.Limits.ViewersPerAddress }, 128, number(1, 1_000_000))),
	inApp(one("limits.viewer_patience", aRestart, func(c *Config) *time.Duration { return &c.Limits.ViewerPatience }, 10*time.Second, lasting(time.Second, 10*time.Minute))),

	inAppBytes(one("limits.frame_bytes", aRestart, func(c *Config) *int { return &c.Limits.FrameBytes }, 8<<20, sized(64<<10, 64<<20))),
	inApp(one("limits.publisher_fps", aRestart, func(c *Config) *int { return &c.Limits.PublisherFPS }, 60, number(1, 1000))),
	inAppBytes(one("limits.publisher_bytes", aRestart, func(c *Config) *int { return &c.Limits.PublisherBytes }, 20_000_000, sized(64<<10, 1<<30))),
	inApp(one("limits.post_time", aRestart, func(c *Config) *time.Duration { return &c.Limits.PostTime }, 30*time.Second, lasting(time.Second, time.Hour))),
	inAppBytes(one("limits.post_bytes", aRestart, func(c *Config) *int { return &c.Limits.PostBytes }, 1000, sized(1, 1<<20))),
	inApp(one("limits.posts_per_address", aRestart, func(c *Config) *int { return &c.Limits.PostsPerAddress }, 16, number(1, 10_000))),

	inApp(one("limits.connections", nothing, func(c *Config) *int { return &c.Limits.Connections }, 1024, number(16, 1_000_000))),
	inApp(one("limits.connections_per_address", nothing, func(c *Config) *int { return &c.Limits.ConnectionsPerAddress }, 128, number(4, 1_000_000))),
	inAppBytes(one("limits.header_bytes", aRestart, func(c *Config) *int { return &c.Limits.HeaderBytes }, 16<<10, sized(4<<10, 1<<20))),
	inApp(one("limits.header_timeout", aRestart, func(c *Config) *time.Duration { return &c.Limits.HeaderTimeout }, 5*time.Second, lasting(time.Second, time.Minute))),
	inApp(one("limits.idle_timeout", aRestart, func(c *Config) *time.Duration { return &c.Limits.IdleTimeout }, time.Minute, lasting(time.Second, time.Hour))),
	inAppBytes(one("limits.api_body_bytes", nothing, func(c *Config) *int { return &c.Limits.APIBodyBytes }, 64<<10, sized(4<<10, 16<<20))),

	inApp(one("limits.encoders", aRestart, func(c *Config) *int { return &c.Limits.Encoders }, min(2*runtime.NumCPU(), maxEncoders), number(1, maxEncoders))),
	inApp(one("limits.encoder_starts", aRestart, func(c *Config) *int { return &c.Limits.EncoderStarts }, 4, number(1, 1000))),

	inApp(one("limits.camera_connect", aRestart, func(c *Config) *time.Duration { return &c.Limits.CameraConnect }, 5*time.Second, lasting(100*time.Millisecond, 5*time.Minute))),
	inApp(one("limits.camera_first_byte", aRestart, func(c *Config) *time.Duration { return &c.Limits.CameraFirstByte }, 10*time.Second, lasting(time.Second, 5*time.Minute))),
	inApp(one("limits.camera_silence", aRestart, func(c *Config) *time.Duration { return &c.Limits.CameraSilence }, 5*time.Second, lasting(time.Second, time.Hour))),

	one("recordings.dir", nothing, func(c *Config) *string { return &c.Recordings.Dir }, "", named),
	inAppBytes(one("recordings.max_bytes", nothing, func(c *Config) *int64 { return &c.Recordings.MaxBytes }, 0, noneOr(minKept, maxVolumeBytes))),
	inAppBytes(one("recordings.min_free", nothing, func(c *Config) *int64 { return &c.Recordings.MinFree }, 1<<30, noneOr(1<<20, maxVolumeBytes))),
	inApp(one("recordings.sync", nothing, func(c *Config) *Sync { return &c.Recordings.Sync }, SyncAuto, readSync)),
	inApp(one("recordings.segment", nothing, func(c *Config) *time.Duration { return &c.Recordings.Segment }, time.Minute, lasting(10*time.Second, 10*time.Minute))),
	inAppBytes(one("recordings.buffer", nothing, func(c *Config) *int { return &c.Recordings.Buffer }, 64<<20, sized(1<<20, 1<<30))),

	inApp(one("notify.address", nothing, func(c *Config) *string { return &c.Notify.Address }, "", pagesAddress)),
	{Key: "notify.webhooks", Kind: KindSections, each: true, usual: func(*Config) {}, in: func(c *Config) any { return &c.Notify.Webhooks }},
	one("notify.mqtt.url", nothing, func(c *Config) *string { return &c.Notify.MQTT.URL }, "", brokerURL),
	one("notify.mqtt.username", nothing, func(c *Config) *string { return &c.Notify.MQTT.Username }, "", checked(func(text string) error { return line(text, 256) })),
	one("notify.mqtt.password", nothing, func(c *Config) *secret.Text { return &c.Notify.MQTT.Password }, secret.Text{}, credential),
	one("notify.mqtt.password_file", nothing, func(c *Config) *string { return &c.Notify.MQTT.PasswordFile }, "", named),
	one("notify.mqtt.ca", nothing, func(c *Config) *string { return &c.Notify.MQTT.CA }, "", named),
	inApp(one("notify.mqtt.prefix", nothing, func(c *Config) *string { return &c.Notify.MQTT.Prefix }, "framegate", prefixOfTopics)),
	inApp(one("notify.mqtt.discovery", nothing, func(c *Config) *string { return &c.Notify.MQTT.Discovery }, "homeassistant", prefixOfDiscovery)),
	inApp(one("notify.mqtt.pictures", nothing, func(c *Config) *Pictures { return &c.Notify.MQTT.Pictures }, PicturesOff, readPictures)),
}

// Settings gives the table of all keys but those of cameras, in the order in
// which people read them. It is the caller's.
func Settings() []Setting { return slices.Clone(settings) }

// Value gives what the setting is in a configuration, as JSON can have it: a
// text, a number, or a list that is never nil.
func (s Setting) Value(c *Config) any {
	v := reflect.ValueOf(s.in(c)).Elem()
	if hidden, ok := v.Interface().(secret.Text); ok && hidden.Empty() {
		return ""
	}
	if d, ok := v.Interface().(time.Duration); ok {
		return d.String()
	}
	if v.Kind() == reflect.Slice && v.IsNil() {
		return reflect.MakeSlice(v.Type(), 0, 0).Interface()
	}
	return v.Interface()
}

// Words gives what the setting is one of, or a list of some of; nil where it can be more.
func (s Setting) Words() []string { return slices.Clone(s.words) }

// Same says whether the setting is the same in two configurations.
func (s Setting) Same(a, b *Config) bool { return reflect.DeepEqual(s.Value(a), s.Value(b)) }

// Usual gives what the settings would be if none was given, nor in the environment,
// with the cameras and the data folder of c.
func Usual(c *Config) *Config {
	usual := defaults()
	usual.DefaultCamera = usualDefaultCamera(c)
	usual.Recordings.Dir = usualRecordings(c)
	return &usual
}

// Merge gives what of next can be in effect while a server runs that was started
// with now, and the keys of all else in which they differ, which take a restart.
func Merge(now, next *Config) (merged *Config, restart []string) {
	m := *next
	for _, s := range settings {
		if s.Restart && !s.Same(now, next) {
			reflect.ValueOf(s.in(&m)).Elem().Set(reflect.ValueOf(s.in(now)).Elem())
			restart = append(restart, s.Key)
		}
	}
	if next.Recordings.Dir == usualRecordings(next) {
		m.Recordings.Dir = usualRecordings(&m) // it goes with the data folder
	}
	return &m, restart
}

// defaults gives a Config without cameras.
func defaults() Config {
	var c Config
	for _, s := range settings {
		s.usual(&c)
	}
	return c
}

// one is a key that takes one text.
func one[T any](key string, another takes, in func(*Config) *T, usual T, read func(value) (T, error)) Setting {
	return Setting{
		Key: key, Restart: bool(another), Kind: kindOf(usual),
		usual: func(c *Config) { *in(c) = usual },
		read: func(c *Config, given []value) (_ value, err error) {
			*in(c), err = read(given[0])
			return given[0], err
		},
		in: func(c *Config) any { return in(c) },
	}
}

// word is a key that takes one of certain words, and is the first of them where
// none is given.
func word[T ~string](key string, another takes, in func(*Config) *T, words ...T) Setting {
	s := one(key, another, in, words[0], func(v value) (T, error) { return T(v.text), oneOf(v.text, words...) })
	s.Kind = KindWord
	for _, w := range words {
		s.words = append(s.words, string(w))
	}
	return s
}

// kindOf gives what is filled in for a value of a type. Bytes are numbers to it.
func kindOf(v any) Kind {
	switch v.(type) {
	case time.Duration:
		return KindDuration
	case int, int64:
		return KindNumber
	}
	return KindText
}

// inApp is a key that an admin may give in the app. What no such key may do is said in
// TestWhatTheAppMayNotGive.
func inApp(s Setting) Setting {
	s.App = true
	return s
}

// inAppBytes is inApp for a number of bytes.
func inAppBytes(s Setting) Setting {
	s.App, s.Kind = true, KindBytes
	return s
}

// some is a list of which only these words can be.
func some[T ~string](s Setting, words ...T) Setting {
	for _, w := range words {
		s.words = append(s.words, string(w))
	}
	return s
}

// many is a key that takes a list, in place of what the list had.
func many[T any](key string, another takes, in func(*Config) *[]T, read func(text string) (T, error)) Setting {
	return Setting{
		Key: key, Restart: bool(another), Kind: KindList, list: true,
		usual: func(*Config) {},
		read: func(c *Config, given []value) (value, error) {
			var items []T
			for _, v := range given {
				item, err := read(v.text)
				if err != nil {
					return v, err
				}
				items = append(items, item)
			}
			*in(c) = items
			return value{}, nil
		},
		in: func(c *Config) any { return in(c) },
	}
}

// inAll is a key that takes a list, of which check says what is wrong with the whole.
func inAll(check func(*Config) error, s Setting) Setting {
	read := s.read
	s.read = func(c *Config, given []value) (value, error) {
		v, err := read(c, given)
		if err == nil && len(given) > 0 {
			v, err = given[0], check(c)
		}
		return v, err
	}
	return s
}

// What the values of keys are read by. Those that take bounds refuse what is
// beyond them.

func number(low, high int) func(value) (int, error) {
	return func(v value) (int, error) { return count(v.text, low, high) }
}

func sized(low, high int) func(value) (int, error) {
	return func(v value) (int, error) {
		n, err := sizeWithin(v.text, int64(low), int64(high))
		return int(n), err
	}
}

// noneOr takes 0 for no bound too.
func noneOr(low, high int64) func(value) (int64, error) {
	return func(v value) (int64, error) {
		if v.text == "0" {
			return 0, nil
		}
		n, err := sizeWithin(v.text, low, high)
		if err != nil {
			return 0, fmt.Errorf("%w; or 0 for none", err)
		}
		return n, nil
	}
}

func lasting(low, high time.Duration) func(value) (time.Duration, error) {
	return func(v value) (time.Duration, error) { return durationWithin(v.text, low, high) }
}

func text(read func(string) (string, error)) func(value) (string, error) {
	return func(v value) (string, error) { return read(v.text) }
}

func checked(check func(string) error) func(value) (string, error) {
	return func(v value) (string, error) { return v.text, check(v.text) }
}

func anything(string) error { return nil } // draft.finish checks it

// noneOrListen reads where to listen, or nothing for nowhere.
func noneOrListen(v value) (string, error) {
	if v.text == "" {
		return "", nil
	}
	return v.text, checkListen(v.text)
}

// autoOrListen reads where to listen, or one of the words for that.
func autoOrListen(v value) (string, error) {
	if v.text == WebRTCAuto || v.text == WebRTCOff {
		return v.text, nil
	}
	err := checkListen(v.text)
	if err != nil {
		err = fmt.Errorf("%w; or auto for port %s at the address of listen, or off", err, WebRTCPort)
	}
	return v.text, err
}

// noneOrPair is noneOrListen for a pair of ports, of which the first is even (RFC
// 3550, 11).
func noneOrPair(v value) (string, error) {
	text, err := noneOrListen(v)
	if _, port, _ := net.SplitHostPort(text); err == nil && port != "" && strings.IndexByte("02468", port[len(port)-1]) < 0 {
		err = fmt.Errorf("must end in an even port, such as 8000, since the one behind it is used too, not %s", quote(port))
	}
	return text, err
}

// named reads the name of a file or folder.
func named(v value) (string, error) { return v.fileName(), filePath(v.text) }

// program reads what is a file where it holds a slash, and else is found in PATH.
func program(v value) (string, error) {
	switch {
	case v.text == "":
		return "", errors.New("must name a program, such as ffmpeg or /usr/bin/ffmpeg")
	case strings.ContainsRune(v.text, '/'):
		return named(v)
	}
	return v.text, filePath(v.text)
}
