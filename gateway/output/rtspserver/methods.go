package rtspserver

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"framegate/gateway/stream"
)

// methods are those that are answered.
const methods = "OPTIONS, DESCRIBE, ANNOUNCE, SETUP, PLAY, RECORD, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER"

const (
	// sessionTime is what a client is told after which a session ends of which nothing
	// is heard, in whole seconds.
	sessionTime = 60 * time.Second
	// usualSilence is after which it ends: later, since some clients say that they are
	// there in the last moment, and packets may be lost.
	usualSilence = sessionTime + sessionTime/4
)

// errDone ends a connection whose client ends its session.
var errDone = errors.New("the client is done")

// answer does what a request asks. Where there is an error the connection ends behind
// the answer.
func (c *conn) answer(ctx context.Context, r *request) (a answer, err error) {
	defer func() { a.cseq = strings.TrimSpace(r.header.Get("CSeq")) }()
	if r.header.Get("CSeq") == "" {
		return answer{status: 400}, errors.New("a request without a number")
	}
	if id, _, _ := strings.Cut(r.header.Get("Session"), ";"); id != "" && strings.TrimSpace(id) != c.session {
		return answer{status: 454}, nil
	}
	switch r.method {
	case "OPTIONS":
		return answer{status: 200}.with("Public", methods), nil
	case "DESCRIBE":
		return c.describe(ctx, r)
	case "ANNOUNCE":
		return c.announce(ctx, r)
	case "SETUP":
		if c.sending != nil {
			return c.setUpSent(r)
		}
		return c.setUp(ctx, r)
	case "RECORD":
		return c.record(r)
	case "PLAY":
		return c.play(r)
	case "PAUSE":
		return c.pause()
	case "TEARDOWN":
		return answer{status: 200}, errDone
	case "GET_PARAMETER", "SET_PARAMETER": // what clients send to say that they are there
		return c.inSession(answer{status: 200}), nil
	}
	return answer{status: 501}.with("Public", methods), nil
}

// inSession adds the session to an answer, where there is one.
func (c *conn) inSession(a answer) answer {
	if c.session == "" {
		return a
	}
	return a.with("Session", fmt.Sprintf("%s;timeout=%d", c.session, sessionTime/time.Second))
}

// place is what an address is about.
type place struct {
	camera string
	track  int // -1: all of them
	query  url.Values
}

// trackMark stands before the number of a track in its address.
const trackMark = "trackID="

// placeOf reads an address: /camera or /camera/trackID=0, with a query behind either.
// Some clients put the track behind the query.
func placeOf(u *url.URL) (p place, ok bool) {
	p.track = -1
	path, query := u.Path, u.RawQuery
	for _, text := range []*string{&path, &query} {
		if at := strings.LastIndex(*text, "/"+trackMark); at >= 0 {
			switch (*text)[at+1+len(trackMark):] {
			case "0":
				p.track = 0
			case "1":
				p.track = 1
			default:
				return p, false
			}
			*text = (*text)[:at]
		}
	}
	var err error
	p.query, err = url.ParseQuery(strings.TrimSuffix(query, "/"))
	p.camera = strings.Trim(path, "/")
	return p, err == nil && p.camera != "" && !strings.Contains(p.camera, "/")
}

// admit lets a client in to see what a request is about, unless it is already. A
// connection sees one camera: when it asks for another, it is asked who it is anew.
func (c *conn) admit(ctx context.Context, r *request) error {
	p, ok := placeOf(r.url)
	if !ok {
		return stream.ErrUnknown
	}
	if c.shown != nil && c.shown.camera == p.camera && r.method == "SETUP" {
		return nil
	}
	if c.viewer != nil || c.session != "" || c.sending != nil {
		return &Refusal{Status: 455, Words: "the session is set up already"}
	}
	c.forget()
	visit, err := c.server.options.Admit(ctx, c.ask(r, p))
	if err != nil {
		return err
	}
	visit.Client.Form = Form
	if c.secure {
		visit.Client.Form = FormTLS
	}
	c.visit, c.unwatch = visit, context.AfterFunc(visit.Context, func() { c.tcp.Close() })
	c.shown, err = c.server.find(visit, p)
	if err != nil {
		c.forget()
	}
	return err
}

// ask says what a request asks for.
func (c *conn) ask(r *request, p place) Ask {
	return Ask{
		Camera: p.camera, Query: p.query, Method: r.method, Nonce: c.nonce,
		Authorization: r.header.Values("Authorization"), From: c.from, Secure: c.secure,
	}
}

// refuse makes an answer of an error.
func (c *conn) refuse(r *request, err error) (answer, error) {
	refusal, failed := (*Refusal)(nil), (*stream.SourceError)(nil)
	switch {
	case errors.As(err, &refusal):
		a := answer{status: refusal.Status, body: []byte(refusal.Words + "\n")}
		for _, challenge := range refusal.Challenges {
			a = a.with("WWW-Authenticate", challenge)
		}
		if refusal.Status == 401 && r.header.Get("Authorization") != "" {
			if c.refused++; c.refused >= maxRefused {
				return a, err
			}
		}
		return a, nil
	case errors.Is(err, stream.ErrUnknown):
		return answer{status: 404}, nil
	case errors.Is(err, stream.ErrBusy):
		return answer{status: 453, body: []byte(err.Error() + "\n")}, nil
	case errors.Is(err, stream.ErrPulled):
		return answer{status: 405, body: []byte(err.Error() + "\n")}, nil
	case errors.Is(err, stream.ErrFull), errors.Is(err, stream.ErrClosed), errors.As(err, &failed), errors.Is(err, errNoPicture):
		return answer{status: 503, body: []byte(words(err) + "\n")}.with("Retry-After", "5"), nil
	}
	return answer{status: 500}, err
}

// words say what is wrong, to somebody who need not know what the camera said.
func words(err error) string {
	failed := (*stream.SourceError)(nil)
	if errors.As(err, &failed) && !errors.Is(err, stream.ErrFull) {
		return errNoPicture.Error()
	}
	return err.Error()
}

func (c *conn) describe(ctx context.Context, r *request) (answer, error) {
	if r.url == nil {
		return answer{status: 400}, nil
	}
	if err := c.admit(ctx, r); err != nil {
		return c.refuse(r, err)
	}
	text, err := c.shown.describe(r.url)
	if err != nil {
		return answer{status: 500}, err
	}
	a := answer{status: 200, body: text}
	return a.with("Content-Type", "application/sdp").with("Content-Base", baseOf(r.url)).with("Cache-Control", "no-store"), nil
}

func (c *conn) setUp(ctx context.Context, r *request) (answer, error) {
	if r.url == nil {
		return answer{status: 400}, nil
	}
	if c.viewer != nil {
		return answer{status: 455}, nil
	}
	if err := c.admit(ctx, r); err != nil {
		return c.refuse(r, err)
	}
	p, _ := placeOf(r.url) // which admit has read
	track := max(p.track, 0)
	if track == 1 && c.shown.sound == nil {
		return answer{status: 404}, nil
	}
	if c.tracks[track] != nil {
		return answer{status: 455}, nil
	}
	way, err := c.chooseWay(r.header.Values("Transport"), track)
	if err != nil {
		return c.refuse(r, err)
	}
	if way.overUDP() {
		c.shown.own.SetForm(FormUDP)
	}
	c.tracks[track] = &out{way: way, packer: newPacker(c.shown.formatOf(track), byte(way.channels[0]))}
	if c.session == "" {
		c.session = newSession()
	}
	return c.inSession(answer{status: 200}.with("Transport", fmt.Sprintf("%s;ssrc=%08X", way, c.tracks[track].SSRC))), nil
}

func (c *conn) play(r *request) (answer, error) {
	if c.tracks == [2]*out{} {
		return answer{status: 455}, nil
	}
	a := c.inSession(answer{status: 200}.with("Range", "npt=now-"))
	if r.url != nil {
		a = a.with("RTP-Info", c.rtpInfo(r.url))
	}
	if c.viewer != nil {
		return a, c.viewer.mail(func(m *mailbox) { m.paused = false })
	}
	var err error
	if c.viewer, err = c.newViewer(); err != nil {
		return c.refuse(r, err)
	}
	c.unwatch()
	return a, nil
}

func (c *conn) pause() (answer, error) {
	if c.recording { // what comes all the same is taken
		return c.inSession(answer{status: 200}), nil
	}
	if c.viewer == nil {
		return answer{status: 455}, nil
	}
	return c.inSession(answer{status: 200}), c.viewer.mail(func(m *mailbox) { m.paused = true })
}

// rtpInfo says with which packet each track begins (RFC 2326, 12.33).
func (c *conn) rtpInfo(u *url.URL) string {
	var infos []string
	for n, track := range c.tracks {
		if track != nil {
			infos = append(infos, fmt.Sprintf("url=%s;seq=%d", trackAddress(u, n), track.Seq()))
		}
	}
	return strings.Join(infos, ",")
}
