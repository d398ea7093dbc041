// Package rtmpcam pulls pictures and sound that come as FLV: from cameras and servers of
// RTMP, with TLS or without, and over HTTP ("HTTP-FLV"). Some cameras are better at that
// than at RTSP.
//
// A Source is the source of a stream, which runs it while somebody watches and does all
// reconnecting. What goes through a connection of RTMP is package rtmp's affair, and what
// is in messages and tags package flv's. The package decodes nothing and listens nowhere.
package rtmpcam

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"framegate/gateway/camlogin"
	"framegate/gateway/input/rtmpcam/flv"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// The limits on cameras by name, as Options.Limited is told of them.
const (
	LimitCameraConnect      = "camera_connect"
	LimitCameraFirstByte    = "camera_first_byte"
	LimitCameraFirstPicture = "camera_first_picture"
	LimitCameraSilence      = "camera_silence"
	LimitFrameBytes         = "frame_bytes"
)

// LimitNames are the limits that this package knows.
var LimitNames = []string{LimitCameraConnect, LimitCameraFirstByte, LimitCameraFirstPicture, LimitCameraSilence, LimitFrameBytes}

// Options say where a camera is and how to speak with it. Only URL is needed.
type Options struct {
	URL                string // rtmp, rtmps, http or https, without credentials but in its query
	Username, Password string // sent only when a camera asks by HTTP, and to the URL's own host and port alone
	InsecureTLS        bool   // any certificate will do: cameras sign their own
	Silent             bool   // the sound is left out
	MaxFrameBytes      int    // of one picture; 0 = 8 MiB
	Patience           Patience
	// Dial opens connections, and may refuse an address; nil dials without asking.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Limited is told, by its name, of each hit of a limit; nil is not told. It must
	// return at once.
	Limited func(limit string)
	Log     *slog.Logger // nil discards
}

// Patience is how long a camera may take for what.
type Patience struct {
	Connect   time.Duration // to be reached; 0 = 5 s
	FirstByte time.Duration // from there to what it answers; 0 = 10 s
	Silence   time.Duration // without a whole picture (stream.Silence); 0 = 5 s
}

// Why a camera is given up.
var (
	errUnreachable = stream.Unreachable("camera cannot be reached in time")
	errNoAnswer    = stream.Silent("camera does not answer")
	errNoPicture   = stream.Silent("camera sends no picture to begin with")
	errSilent      = stream.Silent("camera has fallen silent: no whole picture any more")
	errEnded       = stream.Ended("camera ended the stream")
)

// Source is one camera. It implements stream.Source, and remembers between its runs how
// slow it is, and its login.
type Source struct {
	opt     Options
	url     *url.URL
	tls     *tls.Config
	login   camlogin.Login
	silence stream.Silence
}

// New makes the source of a camera. It connects to nothing; the error is about the
// options alone and repeats nothing of the URL.
func New(o Options) (*Source, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Hostname() == "" || defaultPorts[u.Scheme] == "" {
		return nil, errors.New("URL must start with rtmp://, rtmps://, http:// or https:// and name a host")
	}
	o.MaxFrameBytes = cmp.Or(o.MaxFrameBytes, 8<<20)
	o.Patience = Patience{cmp.Or(o.Patience.Connect, 5*time.Second), cmp.Or(o.Patience.FirstByte, 10*time.Second), o.Patience.Silence}
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Limited == nil {
		o.Limited = func(string) {}
	}
	secure := &tls.Config{ServerName: u.Hostname(), InsecureSkipVerify: o.InsecureTLS}
	if o.InsecureTLS {
		secure.MinVersion = tls.VersionTLS10 // old cameras know no better
	}
	return &Source{
		opt: o, url: u, login: camlogin.Login{Username: o.Username, Password: o.Password},
		tls:     secure,
		silence: stream.Silence{Least: o.Patience.Silence},
	}, nil
}

// defaultPorts are those of what the package speaks.
var defaultPorts = map[string]string{"rtmp": "1935", "rtmps": "443", "http": "80", "https": "443"}

func isRTMP(u *url.URL) bool { return strings.HasPrefix(u.Scheme, "rtmp") }

// run is one life of the source.
type run struct {
	source *Source
	watch  *stream.Watchdog
	flv    *flv.Receiver
}

// message is one of pictures or sound, as RTMP or a file has it.
type message struct {
	sound, cut bool
	stamp      uint32
	body       []byte
}

// Run emits the camera's pictures until ctx is done or it can go on no longer. No
// connection outlives it.
func (s *Source) Run(parent context.Context, emit func(media.Frame)) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	r := &run{source: s, watch: stream.NewWatchdog(cancel, s.silence)}
	defer r.watch.Stop()
	r.flv = flv.New(flv.Options{
		Emit: emit, Trouble: stream.LifeOf(parent).SoundTrouble, Silent: s.opt.Silent,
		Picture: func(at time.Time) { r.watch.Picture(at, errSilent) },
	})
	play := r.overHTTP
	if isRTMP(s.url) {
		play = r.overRTMP
	}
	r.watch.Expect(s.opt.Patience.Connect, errUnreachable)
	err := play(ctx)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if errors.Is(err, errSilent) {
		s.silence = r.watch.Next()
	}
	s.count(err)
	return err
}

// dial connects to the camera, in TLS where that is wanted.
func (r *run) dial(ctx context.Context, secure bool) (net.Conn, error) {
	s := r.source
	conn, err := s.opt.Dial(ctx, "tcp", address(s.url))
	if err != nil {
		return nil, err
	}
	r.watch.Expect(s.opt.Patience.FirstByte, errNoAnswer)
	if !secure {
		return conn, nil
	}
	over := tls.Client(conn, s.tls)
	if err := over.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return over, nil
}

// address gives the host and port that a URL leads to.
func address(u *url.URL) string {
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), defaultPorts[u.Scheme]))
}

// take takes what comes until that ends.
func (r *run) take(next func() (message, error)) error {
	r.watch.Expect(stream.FirstPicture, errNoPicture)
	for {
		m, err := next()
		switch {
		case err != nil:
			return err
		case m.sound && !m.cut:
			r.flv.Sound(m.stamp, m.body)
		case m.sound:
		case m.cut:
			r.source.opt.Limited(LimitFrameBytes)
			r.flv.Lost()
		default:
			if err := r.flv.Pictures(m.stamp, m.body); err != nil {
				return err
			}
		}
	}
}

// count counts the limit that ended a run.
func (s *Source) count(err error) {
	for reason, limit := range map[error]string{
		errUnreachable: LimitCameraConnect, errNoAnswer: LimitCameraFirstByte, errNoPicture: LimitCameraFirstPicture, errSilent: LimitCameraSilence,
	} {
		if errors.Is(err, reason) {
			s.opt.Limited(limit)
		}
	}
}
