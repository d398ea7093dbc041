package rtmpcam

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"framegate/gateway/input/rtmpcam/flv"
	"framegate/gateway/input/rtmpcam/rtmp"
	"framegate/gateway/stream"
)

// overRTMP plays what a server of RTMP gives out.
func (r *run) overRTMP(ctx context.Context) error {
	s := r.source
	conn, err := r.dial(ctx, s.url.Scheme == "rtmps")
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	player, err := rtmp.Play(conn, placeOf(s.url), s.opt.MaxFrameBytes)
	if err != nil {
		return fmt.Errorf("asking for pictures by RTMP: %w", ended(err))
	}
	return r.take(func() (message, error) {
		m, err := player.Next()
		return message{m.Kind == rtmp.Sound, m.Cut, m.Stamp, m.Body}, ended(err)
	})
}

// placeOf says where the pictures of a URL are: behind the last slash stands the key, with
// the query, unless that is all of the path.
func placeOf(u *url.URL) rtmp.Place {
	whole := strings.Trim(u.EscapedPath(), "/")
	app, key := whole, ""
	if i := strings.LastIndexByte(whole, '/'); i >= 0 {
		app, key = whole[:i], whole[i+1:]
	}
	if u.RawQuery != "" {
		key += "?" + u.RawQuery
	}
	return rtmp.Place{Address: u.Scheme + "://" + u.Host + "/" + app, App: app, Key: key}
}

// ended has the end of what comes be the camera's.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errEnded
	}
	return err
}

// maxHead bounds the head of an answer.
const maxHead = 16 << 10

// overHTTP reads a file that does not end.
func (r *run) overHTTP(ctx context.Context) error {
	s := r.source
	dial := func(secure bool) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, _, _ string) (net.Conn, error) { return r.dial(ctx, secure) }
	}
	transport := &http.Transport{
		DialContext: dial(false), DialTLSContext: dial(true), DisableCompression: true, DisableKeepAlives: true, MaxResponseHeaderBytes: maxHead,
	}
	defer transport.CloseIdleConnections()
	s.login.Begin(s.url.Scheme + "://" + address(s.url))
	for {
		answer, err := r.ask(ctx, transport)
		if err != nil {
			return err
		}
		if answer.StatusCode != http.StatusUnauthorized {
			defer answer.Body.Close()
			return r.file(answer)
		}
		answer.Body.Close()
		if err := s.login.Challenged(answer.Header.Values("WWW-Authenticate")); err != nil {
			return err
		}
	}
}

// ask makes one request.
func (r *run) ask(ctx context.Context, transport *http.Transport) (*http.Response, error) {
	r.watch.Expect(r.source.opt.Patience.Connect, errUnreachable)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.source.url.String(), nil)
	if err != nil {
		return nil, errors.New("malformed URL")
	}
	request.Header = http.Header{"User-Agent": {"Framegate"}, "Accept": {"*/*"}}
	authorization, err := r.source.login.Authorize(http.MethodGet, r.source.url.RequestURI())
	if err != nil {
		return nil, err
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	return transport.RoundTrip(request) // which follows no redirect: nobody is to lead us elsewhere
}

// file reads what is answered.
func (r *run) file(answer *http.Response) error {
	switch status := answer.StatusCode; {
	case status == http.StatusForbidden:
		return fmt.Errorf("%w: 403 Forbidden", stream.ErrDenied)
	case status == http.StatusNotFound:
		return errors.New("camera has nothing at this address: 404 Not Found")
	case status >= 300 && status <= 399:
		return errors.New("camera redirects, which is not followed for FLV: write the address it leads to")
	case status != http.StatusOK:
		return fmt.Errorf("camera answers %d %s", status, http.StatusText(status))
	}
	tags := flv.NewTags(answer.Body, r.source.opt.MaxFrameBytes)
	return r.take(func() (message, error) {
		t, err := tags.Next()
		return message{t.Kind == flv.TagSound, t.Cut, t.Stamp, t.Body}, ended(err)
	})
}
