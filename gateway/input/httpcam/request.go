package httpcam

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"framegate/gateway/stream"
)

const (
	maxRedirects = 4
	userAgent    = "Framegate"
)

// answer is what came back for one request, by net/http or by rawExchange.
type answer struct {
	status int
	header http.Header
	body   io.ReadCloser
	ends   bool // the body does by itself, without the connection
}

// discard ends an answer whose body is of no interest. A short one is read, so
// that the connection can serve again; one without a length would be waited for.
func (a *answer) discard() {
	if a.ends {
		io.CopyN(io.Discard, a.body, maxBlock)
	}
	a.body.Close()
}

// open asks for the camera's pictures: through redirects on its own host, and
// with a login where it wants one. The caller closes the answer's body.
func (s *Source) open(ctx context.Context, w *watchdog) (*answer, error) {
	target := s.url
	for redirects := 0; ; redirects++ {
		a, err := s.get(ctx, w, target)
		if err != nil {
			return nil, err
		}
		if a.status < 300 || a.status > 399 {
			return a, a.check()
		}
		a.discard()
		if redirects == maxRedirects {
			return nil, fmt.Errorf("camera redirects more than %d times", maxRedirects)
		}
		if target, err = redirect(target, a.header.Get("Location")); err != nil {
			return nil, err
		}
	}
}

// get requests target, logging in if asked to.
func (s *Source) get(ctx context.Context, w *watchdog, target *url.URL) (*answer, error) {
	s.login.Begin(target.Scheme + "://" + address(target))
	for {
		w.expectConnection()
		a, err := s.exchange(ctx, w, target)
		if err != nil || a.status != http.StatusUnauthorized {
			return a, err
		}
		a.discard()
		if err := s.login.Challenged(a.header.Values("WWW-Authenticate")); err != nil {
			return nil, err
		}
	}
}

// exchange sends one request. Once a camera's answer is beyond net/http, the
// tolerant reader speaks with it for good.
func (s *Source) exchange(ctx context.Context, w *watchdog, target *url.URL) (*answer, error) {
	if s.raw {
		return s.rawExchange(ctx, w, target)
	}
	a, err := s.standardExchange(ctx, w, target)
	if !errors.Is(err, errNotUnderstood) {
		return a, err
	}
	a, rawErr := s.rawExchange(ctx, w, target)
	if rawErr != nil {
		return nil, rawErr
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) { // those of a camera that was just ending
		s.opt.Log.Info("camera's HTTP is malformed, reading it tolerantly", "err", err)
		s.raw = true
	}
	return a, nil
}

// errNotUnderstood: an answer came, but net/http refuses it.
var errNotUnderstood = errors.New("malformed answer")

func (s *Source) standardExchange(ctx context.Context, w *watchdog, target *url.URL) (*answer, error) {
	var answered atomic.Bool
	trace := &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { w.expectAnswer() },
		GotFirstResponseByte: func() { answered.Store(true) },
	}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, errors.New("malformed URL")
	}
	if req.Header, err = s.requestHeader(target); err != nil {
		return nil, err
	}
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		var broken net.Error
		if answered.Load() && ctx.Err() == nil && !errors.As(err, &broken) {
			err = fmt.Errorf("%w: %w", errNotUnderstood, err)
		}
		return nil, err
	}
	ends := resp.ContentLength >= 0 || slices.Contains(resp.TransferEncoding, "chunked")
	return &answer{resp.StatusCode, resp.Header, resp.Body, ends}, nil
}

// requestHeader is what is sent along with every request.
func (s *Source) requestHeader(target *url.URL) (http.Header, error) {
	h := http.Header{
		"User-Agent":      {userAgent},
		"Accept":          {"*/*"},
		"Accept-Encoding": {"identity"},
	}
	authorization, err := s.login.Authorize(http.MethodGet, target.RequestURI())
	if authorization != "" {
		h.Set("Authorization", authorization)
	}
	return h, err
}

// ErrFLV: the camera's answer is FLV, as its type says.
var ErrFLV = errors.New("camera sends FLV")

// check refuses answers that cannot hold pictures. Whether the body does, its
// bytes tell and not its type, unless that is FLV: scripts call pictures text/html.
func (a *answer) check() error {
	err := a.statusError()
	if kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type")); err == nil && (kind == "video/x-flv" || kind == "video/flv") {
		err = ErrFLV
	}
	if coding := a.header.Get("Content-Encoding"); err == nil && coding != "" && !strings.EqualFold(coding, "identity") {
		err = fmt.Errorf("camera compresses its answer (Content-Encoding: %.8q), which is not supported", coding) // of which no name is longer; what is may be anything
	}
	if err != nil {
		a.body.Close()
	}
	return err
}

func (a *answer) statusError() error {
	switch {
	case a.status == http.StatusForbidden:
		return fmt.Errorf("%w: 403 Forbidden", stream.ErrDenied)
	case a.status == http.StatusNotFound:
		return errors.New("camera has nothing at this address: 404 Not Found")
	case a.status < 200 || a.status > 299:
		return fmt.Errorf("camera answers %d %s", a.status, http.StatusText(a.status))
	}
	return nil
}

// redirect follows location within the camera's host: on the same port, or up
// to https. Nothing that a camera says leads anywhere else, and not to another
// port: behind NAT that is another device.
func redirect(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	if err != nil || location == "" {
		return nil, errors.New("camera redirects to nowhere")
	}
	to.User, to.Fragment = nil, ""
	samePlace := to.Scheme == from.Scheme && address(to) == address(from)
	upgrade := from.Scheme == "http" && to.Scheme == "https"
	if !strings.EqualFold(to.Hostname(), from.Hostname()) || !samePlace && !upgrade {
		return nil, errors.New("camera redirects to another host or port, which is not followed")
	}
	return to, nil
}

// address gives host and port to dial for a URL.
func address(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
