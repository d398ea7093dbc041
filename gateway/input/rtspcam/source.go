// Package rtspcam pulls the pictures of an RTSP camera, and its sound: H.264, H.265 or
// Motion JPEG, over TCP or UDP, with or without TLS.
//
// gortsplib speaks RTSP (RFC 2326) and carries the packets. It hears what
// cameras say as they should have said it, which is rtspquirks' affair, because
// they keep to the standard less than it does. What becomes of the packets is
// rtpvideo's.
//
// A Source is the source of a stream, which runs it while somebody watches and
// does all reconnecting. The package decodes no picture, and listens nowhere but
// for the packets it asked for. Sound that comes beside the pictures is taken too
// (rtpaudio), and whatever is wrong with it, the pictures are not touched.
package rtspcam

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"framegate/gateway/input/rtspcam/rtpvideo"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// Transport says how packets travel from the camera to us.
type Transport string

// The transports.
const (
	Auto Transport = "auto" // TCP first; UDP if the camera refuses that
	TCP  Transport = "tcp"  // within the RTSP connection
	UDP  Transport = "udp"
)

const defaultMaxFrame = 8 << 20

// Options says where a camera is and how to speak with it. Only URL is needed.
type Options struct {
	URL                string    // rtsp or rtsps; a user and password in it are used like the next two
	Username, Password string    // sent only when the camera asks, and to the URL's own host and port alone
	Transport          Transport // "" = Auto
	InsecureTLS        bool      // accept any certificate: cameras sign their own
	Silent             bool      // the sound is left out
	MaxFrameBytes      int       // of one picture; 0 = 8 MiB
	Patience           Patience
	// Dial opens the RTSP connection, and may refuse an address; nil dials
	// without asking. TLS is put on top of it. What it gives must be a TCP
	// connection, because packets over UDP are exchanged with its far end.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Limited is told, by its name, of each hit of a limit; nil is not told. It
	// is called from any goroutine and must return at once.
	Limited func(limit string)
	Log     *slog.Logger // nil discards
}

// Source is one RTSP camera. It implements stream.Source, and remembers
// between its runs which transport the camera takes and how slow it is.
type Source struct {
	opt      Options
	url      *base.URL // without the credentials, which are in opt
	address  string    // host and port of url, the only ones that are dialled
	tls      *tls.Config
	patience patience

	refusesTCP bool        // learned, and used if Options.Transport is Auto
	told       bool        // the log knows what the camera offers beside its video,
	toldSound  atomic.Bool // and what is wrong with its sound
	soundless  time.Time   // until then the camera is not asked for sound,
	why        error       // for this reason
	suspected  bool        // a run that asked for sound showed nothing
	markers    rtpvideo.Markers
	silence    stream.Silence
}

// New makes the source of a camera. It connects to nothing; the error is about
// the options alone and repeats neither URL nor password.
func New(opt Options) (*Source, error) {
	target, err := parseURL(opt.URL)
	if err != nil {
		return nil, err
	}
	switch opt.Transport {
	case "":
		opt.Transport = Auto
	case Auto, TCP, UDP:
	default:
		return nil, fmt.Errorf("transport must be %q, %q or %q", Auto, TCP, UDP)
	}
	if opt.Username == "" && opt.Password == "" {
		opt.Username = target.User.Username()
		opt.Password, _ = target.User.Password()
	}
	target.User = nil
	s := &Source{
		opt:      opt.withDefaults(),
		url:      (*base.URL)(target),
		address:  addressOf(target),
		tls:      &tls.Config{ServerName: target.Hostname(), InsecureSkipVerify: opt.InsecureTLS},
		patience: opt.Patience.withDefaults(),
		silence:  stream.Silence{Least: opt.Patience.Silence},
	}
	if opt.InsecureTLS {
		s.tls.MinVersion = tls.VersionTLS10 // old cameras know no better
	}
	return s, nil
}

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("malformed URL")
	}
	if u.Scheme != "rtsp" && u.Scheme != "rtsps" || u.Hostname() == "" {
		return nil, errors.New("URL must start with rtsp:// or rtsps:// and name a host")
	}
	u.Fragment = ""
	return u, nil
}

// addressOf gives the host and port that a URL leads to, as gortsplib dials it.
func addressOf(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "rtsps":
		port = "322"
	default:
		port = "554"
	}
	return strings.ToLower(net.JoinHostPort(u.Hostname(), port))
}

func (o Options) withDefaults() Options {
	if o.MaxFrameBytes <= 0 {
		o.MaxFrameBytes = defaultMaxFrame
	}
	if o.Limited == nil {
		o.Limited = func(string) {}
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Run pulls pictures from the camera and emits them, until ctx is done or the
// camera ends, fails, or stays silent. A refused login is stream.ErrDenied. No
// connection outlives it. It must not run twice at a time.
func (s *Source) Run(ctx context.Context, emit func(media.Frame)) error {
	within, cancel := context.WithCancelCause(ctx)
	r := &run{source: s, ctx: within, cancel: cancel, emit: emit}
	r.watch = newWatchdog(cancel, s.patience, s.silence)
	r.receiver = r.newReceiver()
	r.sound = r.newSound()
	err := r.play()
	r.sound.End()
	r.receiver.End()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, errSilent) {
		s.silence = r.watch.Next()
	}
	s.count(err)
	s.learn(r, err)
	return err
}
