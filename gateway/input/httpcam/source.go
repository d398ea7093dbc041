// Package httpcam pulls the pictures of an HTTP camera: an endless multipart
// body, endless JPEGs one after another, or one JPEG for each request, which
// is then asked for again and again. Which of them it is, the camera's answer
// tells.
//
// Cameras keep to no standard here, and the package takes what they send: see
// parser for the body, rawExchange for answers that net/http refuses, and the
// table of variants in the tests for who sends what. What it never passes on is
// half a picture, and it never holds one back: a frame is emitted with its last
// byte.
//
// What a camera calls FLV is not read: Run ends with ErrFLV then, and whoever runs it has
// another source for that.
//
// A Source is the source of a stream, which runs it while somebody watches and
// does all reconnecting. The package decodes nothing and listens nowhere.
package httpcam

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"framegate/gateway/camlogin"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// Limits of patience with a camera, where Options say nothing. Those on its
// pictures are stream.Silence's.
const (
	connectTimeout = 5 * time.Second
	answerTimeout  = 10 * time.Second // from request to headers, and to the first byte of the body
)

const (
	defaultInterval = time.Second
	defaultMaxFrame = 8 << 20
)

// Options says where a camera is and how to speak with it. Only URL is needed.
type Options struct {
	URL                string        // http or https; a user and password in it are used like the next two
	Username, Password string        // sent only when the camera asks, and to it alone
	InsecureTLS        bool          // accept any certificate: cameras sign their own
	Interval           time.Duration // between the requests to a snapshot camera; 0 = 1 s
	MaxFrameBytes      int           // of one JPEG; 0 = 8 MiB
	AnyKind            bool          // emit also JPEGs that browsers do not show (media.Format.Unshowable)
	Patience           Patience
	// Dial opens the connections, and may refuse an address; nil dials
	// without asking. TLS is put on top of it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Limited is told, by its name, of each hit of a limit; nil is not told. It
	// must return at once.
	Limited func(limit string)
	Log     *slog.Logger // nil discards
}

// Source is one HTTP camera. It implements stream.Source, and remembers
// between its runs how the camera wants to be spoken to.
type Source struct {
	opt       Options
	url       *url.URL
	tls       *tls.Config
	transport *http.Transport

	login   camlogin.Login
	raw     bool // net/http does not understand this camera
	silence stream.Silence
}

// New makes the source of a camera. It connects to nothing; the error is about
// the URL alone and does not repeat it.
func New(opt Options) (*Source, error) {
	target, err := parseURL(opt.URL)
	if err != nil {
		return nil, err
	}
	if target.User != nil && opt.Username == "" {
		opt.Username = target.User.Username()
		opt.Password, _ = target.User.Password()
	}
	target.User = nil
	opt = opt.withDefaults()
	s := &Source{
		opt:     opt,
		url:     target,
		tls:     &tls.Config{InsecureSkipVerify: opt.InsecureTLS},
		login:   camlogin.Login{Username: opt.Username, Password: opt.Password},
		silence: stream.Silence{Least: opt.Patience.Silence},
	}
	if opt.InsecureTLS {
		s.tls.MinVersion = tls.VersionTLS10 // old cameras know no better
	}
	s.transport = &http.Transport{
		DialContext:            s.dial,
		TLSClientConfig:        s.tls,
		TLSHandshakeTimeout:    opt.Patience.Connect,
		DisableCompression:     true,
		MaxIdleConns:           1,
		MaxResponseHeaderBytes: maxBlock,
	}
	return s, nil
}

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("malformed URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, errors.New("URL must start with http:// or https:// and name a host")
	}
	u.Fragment = ""
	return u, nil
}

func (o Options) withDefaults() Options {
	if o.Interval <= 0 {
		o.Interval = defaultInterval
	}
	if o.MaxFrameBytes <= 0 {
		o.MaxFrameBytes = defaultMaxFrame
	}
	o.Patience = o.Patience.withDefaults()
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
// camera ends, fails, or stays silent. A refused login is stream.ErrDenied.
// No connection outlives it. It must not run twice at a time.
func (s *Source) Run(ctx context.Context, emit func(media.Frame)) error {
	defer s.transport.CloseIdleConnections()
	r := run{source: s, emit: emit}
	for {
		due := time.NewTimer(s.opt.Interval)
		err := r.request(ctx)
		if err != nil {
			due.Stop()
			s.count(ctx, err)
			return err
		}
		select {
		case <-ctx.Done():
			due.Stop()
			return ctx.Err()
		case <-due.C:
		}
	}
}

// dial is Options.Dial, in time.
func (s *Source) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.Patience.Connect)
	defer cancel()
	conn, err := s.opt.Dial(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return conn, nil
}
