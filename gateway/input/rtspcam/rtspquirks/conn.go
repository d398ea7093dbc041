// Package rtspquirks is an RTSP connection to a camera as gortsplib, which keeps
// to the standard, can use it, whatever the camera makes of the standard. What
// is tolerated stands at Conn.
//
// The package dials nothing and agrees on nothing: it stands between a
// connection and gortsplib's client, logs in for that, chooses of all that a
// camera offers the one stream of video to take, and fetches packets out of the
// connection past it.
package rtspquirks

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"framegate/gateway/camlogin"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

const (
	// firstNumber is the first CSeq. Cameras that do not repeat what they are
	// asked with mostly say 0 or 1 for ever, which is never a number of ours.
	firstNumber = 2
	// maxPending is how many requests may be without an answer. Some cameras
	// answer no keep-alives.
	maxPending = 8
	// maxSession is how long a session's name may be, in bytes.
	maxSession = 1000
	// maxTimeout is the longest time that a session is kept without a sign of
	// life, as far as we believe it.
	maxTimeout = 10 * 60 // seconds
	// writeTimeout is how long a request of ours may take to write.
	writeTimeout = 5 * time.Second
)

// What ends a connection.
var (
	ErrEnded     = stream.Ended("camera ended the stream")
	ErrElsewhere = errors.New("camera redirects to another host or port")
)

// Conn is an RTSP connection as gortsplib has it. gortsplib insists on more than
// cameras keep to, and ffmpeg and GStreamer play them all the same. So what it
// reads is put right here, and what it writes is completed. This is the one place
// for that, and this is what is tolerated:
//
//	text         LF alone, folded and long lines, lines without a colon; a status without a reason, 2xx for 200 (message.go)
//	                 because: some write their own RTSP
//	CSeq         none, or never the one asked with: answers come in order then
//	                 because: old recorders say 0 or 1 for ever
//	login        all that camlogin reads; a nonce that is replaced at any request, keep-alives too
//	                 because: gortsplib keeps to the first nonce for ever
//	OPTIONS      refused: the camera is asked for its description
//	                 because: it is optional in practice
//	DESCRIBE     any Content-Type; broken rules in what is described beside the video (sdp.go)
//	                 because: what we do not take must not spoil what we do
//	             parameter sets that cannot be decoded
//	                 because: they come in band, too
//	URLs         Content-Base, Content-Location and "control" that are empty, relative or impossible (address.go)
//	                 because: the one that was asked for is good enough
//	Transport    any order and case; what is missing is as asked for (transport.go)
//	                 because: and no host that it names is believed
//	             packets over UDP from another port of the camera's than told, or from none told
//	                 because: some tell 0-1
//	Session      blanks, and a timeout that is no number
//	                 because: "x; timeout = 5"
//	packets      before PLAY: passed over
//	                 because: they are of an older session
//	keep-alives  refused: the other way is taken
//	                 because: Public names GET_PARAMETER where it is unknown
//	requests     answered, though what they ask for is not done
//	                 because: OPTIONS, to see whether we live
//
// What opens a door is not tolerated: messages have limits (message.go),
// redirects lead to no other host or port (who dials sees to that), and packets go to the host
// that we are connected to (agreedTransport).
type Conn struct {
	*shortcutConn
	answered, described func()
	offer               *Offer // by the answer to DESCRIBE, before that is gortsplib's

	mu      sync.Mutex // guards what follows
	login   camlogin.Login
	number  int // CSeq of the last request
	echoes  echo
	pending []*request      // without an answer, from the oldest on
	refused map[string]bool // ways to keep the session alive
}

// Options say how to log in, and whom to tell how far the camera has come. Those
// are told while the connection is read, any number of times, and must not block;
// both are needed.
type Options struct {
	Username, Password string // sent only when the camera asks
	Answered           func() // the camera has said something
	Described          func() // it has described its pictures
}

// Offer is what is taken of all that a camera offers: the first stream of H.264,
// or else of JPEGs, or else of H.265; and what may be taken beside it.
type Offer struct {
	Codec         media.Codec
	Reordered     string   // what says, in H.264 or H.265, that NAL units come in another order than that of decoding; else empty
	ParameterSets [][]byte // of H.264 and H.265, those that can be read
	Width, Height int      // of JPEGs, if it tells; else 0
	Sounds        []Sound  // that come beside, in the order of the description, which has them behind the video
	Others        []string // what is not taken, for people; sound among it
}

// Sound is a stream of sound as a camera describes it.
type Sound struct {
	Name        string // for people, as in Offer.Others
	PayloadType uint8
	Encoding    string            // in capitals
	Rate        int               // ticks a second; 0 if it does not say
	Channels    int               // 1 if it does not say
	Parameters  map[string]string // by names in lower case
}

// request is one of gortsplib's.
type request struct {
	message
	theirs    string // CSeq as gortsplib counts
	sent      int    // CSeq of the last time that it was sent
	keepAlive bool
}

// echo is whether a camera's answers repeat the CSeq of what they answer.
type echo uint8

const (
	unknown echo = iota
	faithful
	careless
)

// NewConn speaks over conn.
func NewConn(conn net.Conn, o Options) *Conn {
	c := &Conn{answered: o.Answered, described: o.Described, number: firstNumber - 1, refused: make(map[string]bool)}
	c.login.Username, c.login.Password = o.Username, o.Password
	c.shortcutConn = newShortcut(conn, c.heard)
	return c
}

// Offer gives what is taken of the camera, once gortsplib has its description.
func (c *Conn) Offer() *Offer { return c.offer }

// Write sends what gortsplib says: a request, or a packet.
func (c *Conn) Write(b []byte) (int, error) {
	if len(b) == 0 || b[0] == base.InterleavedFrameMagicByte {
		return c.Conn.Write(b)
	}
	m, size, _, err := readMessage(b)
	if err != nil || size == 0 {
		return 0, fmt.Errorf("half a request of %d bytes", len(b)) // gortsplib writes whole ones
	}
	m.body = bytes.Clone(m.body)
	alive := c.playing.Load() && (m.method == string(base.Options) || m.method == string(base.GetParameter))
	if m.method == string(base.Play) {
		c.playing.Store(true)
	}
	r := &request{message: m, theirs: m.get("CSeq"), keepAlive: alive}
	c.mu.Lock()
	c.login.Begin("")
	if alive && c.refused[r.method] {
		r.method = otherWay(r.method)
	}
	c.mu.Unlock()
	if err := c.send(r); err != nil {
		return 0, err
	}
	return len(b), nil
}

// otherWay is the other way to keep a session alive.
func otherWay(method string) string {
	if method == string(base.Options) {
		return string(base.GetParameter)
	}
	return string(base.Options)
}

// send sends a request, once more too: with a number of its own, and a login
// where the camera asked for one.
func (c *Conn) send(r *request) error {
	c.mu.Lock()
	authorization, err := c.login.Authorize(r.method, r.url)
	c.number++
	r.sent = c.number
	if len(c.pending) == maxPending {
		c.pending = append(c.pending[:0], c.pending[1:]...)
	}
	c.pending = append(c.pending, r)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s RTSP/1.0\r\nCSeq: %d\r\n", r.method, r.url, r.sent)
	if authorization != "" {
		fmt.Fprintf(&b, "Authorization: %s\r\n", authorization)
	}
	for _, f := range r.header {
		if f.name != "CSeq" {
			fmt.Fprintf(&b, "%s: %s\r\n", f.name, f.value)
		}
	}
	b.WriteString("\r\n")
	b.Write(r.body)
	return c.write(b.Bytes())
}

func (c *Conn) write(b []byte) error {
	c.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := c.Conn.Write(b)
	return err
}

// heard takes what the camera says, and gives what gortsplib reads of it.
func (c *Conn) heard(m message) ([]byte, error) {
	c.answered()
	if m.status == 0 {
		return nil, c.asked(m)
	}
	if m.status < 200 {
		return nil, nil // the answer is to come
	}
	r := c.belongs(m)
	switch {
	case r == nil:
		return nil, nil
	case m.status == int(base.StatusUnauthorized):
		return nil, c.challenged(r, m)
	case r.keepAlive:
		return nil, c.kept(r, m)
	}
	return c.settle(r, m)
}

// asked answers a request of the camera's.
func (c *Conn) asked(m message) error {
	status := "501 Not Implemented"
	switch base.Method(m.method) {
	case base.Teardown, "REDIRECT":
		return ErrEnded
	case base.Options, base.GetParameter, base.SetParameter:
		status = "200 OK"
	}
	return c.write(fmt.Appendf(nil, "RTSP/1.0 %s\r\nCSeq: %s\r\n\r\n", status, m.get("CSeq")))
}

// belongs gives the request that an answer is for, and gives up those before
// it: answers come in order (RFC 2326, 9.1), if they come. It is nil for an
// answer to nothing, or one that is doubled.
func (c *Conn) belongs(m message) *request {
	c.mu.Lock()
	defer c.mu.Unlock()
	number, err := strconv.Atoi(m.get("CSeq"))
	counted := err == nil && firstNumber <= number && number <= c.number
	place := slices.IndexFunc(c.pending, func(r *request) bool { return counted && r.sent == number })
	if c.echoes == unknown {
		c.echoes = careless
		if place >= 0 {
			c.echoes = faithful
		}
	}
	if c.echoes == careless || !counted {
		place = 0
	}
	if place < 0 || len(c.pending) == 0 { // an answer that came before
		return nil
	}
	r := c.pending[place]
	c.pending = append(c.pending[:0], c.pending[place+1:]...)
	return r
}

// challenged logs in, and asks again. That a keep-alive is refused nevertheless
// is no reason to end what plays.
func (c *Conn) challenged(r *request, m message) error {
	c.mu.Lock()
	err := c.login.Challenged(m.all("WWW-Authenticate"))
	c.mu.Unlock()
	if err != nil {
		if r.keepAlive {
			return nil
		}
		return err
	}
	return c.send(r)
}

// kept takes the answer to a keep-alive. Where it is refused, the session is
// kept the other way, from now on and at once.
func (c *Conn) kept(r *request, m message) error {
	c.mu.Lock()
	other := otherWay(r.method)
	again := m.status >= 400 && !c.refused[r.method] && !c.refused[other]
	if again {
		c.refused[r.method] = true
		c.login.Begin("")
	}
	c.mu.Unlock()
	if !again {
		return nil
	}
	r.method = other
	return c.send(r)
}

// settle makes the answer that gortsplib reads.
func (c *Conn) settle(r *request, m message) ([]byte, error) {
	fine := m.status/100 == 2
	res := &base.Response{
		StatusCode:    base.StatusCode(m.status),
		StatusMessage: cmp.Or(m.reason, "no reason given"),
		Header:        base.Header{"CSeq": {r.theirs}},
	}
	if fine || r.method == string(base.Options) {
		res.StatusCode, res.StatusMessage = base.StatusOK, "OK"
	}
	if session := sessionOf(m.get("Session")); session != "" {
		res.Header["Session"] = base.HeaderValue{session}
	}
	var err error
	switch method := base.Method(r.method); {
	case method == base.Options && fine:
		if public := strings.ToUpper(strings.Join(m.all("Public"), ",")); strings.Contains(public, string(base.GetParameter)) {
			res.Header["Public"] = base.HeaderValue{string(base.GetParameter)} // all that it looks for
		}
	case method == base.Describe && fine:
		c.described()
		err = c.describe(r, m, res)
	case method == base.Describe && m.status/100 == 3:
		err = relocate(r, m, res)
	case method == base.Setup && fine:
		res.Header["Transport"] = base.HeaderValue{agreedTransport(m.get("Transport"), r.get("Transport"))}
		if key := m.get("KeyMgmt"); key != "" && len(key) < maxURL {
			res.Header["KeyMgmt"] = base.HeaderValue{key}
		}
	}
	if err != nil {
		return nil, err
	}
	return res.Marshal()
}

// describe takes a camera's description, and makes that for gortsplib.
func (c *Conn) describe(r *request, m message, res *base.Response) error {
	asked, err := url.Parse(r.url)
	if err != nil {
		return err
	}
	d, err := readSDP(m.body)
	if err != nil {
		return err
	}
	o, others, err := d.choose()
	if err != nil {
		return err
	}
	whole := aggregate(asked, d.control, m.get("Content-Base"), m.get("Content-Location"))
	c.offer = &Offer{Codec: o.codec, Reordered: o.reordered(), ParameterSets: o.parameterSets(), Others: others}
	c.offer.Width, c.offer.Height = announcedSize(m.body)
	var sounds []choice
	sounds, c.offer.Sounds = d.sounds(o)
	res.Header["Content-Base"] = base.HeaderValue{whole.String()}
	res.Header["Content-Type"] = base.HeaderValue{"application/sdp"}
	res.Body = d.text(o, controlOf(whole, o.stream.control), whole, sounds)
	return nil
}

// relocate gives gortsplib the whole URL of a redirect.
func relocate(r *request, m message, res *base.Response) error {
	asked, err := url.Parse(r.url)
	if err != nil {
		return err
	}
	target, err := asked.Parse(m.get("Location"))
	if err != nil || len(target.String()) > maxURL {
		return ErrElsewhere
	}
	res.Header["Location"] = base.HeaderValue{target.String()}
	return nil
}

// sessionOf gives a Session header (RFC 2326, 12.37) as gortsplib reads it.
func sessionOf(text string) string {
	id, parameters, _ := strings.Cut(text, ";")
	if id = strings.Trim(id, blanks); id == "" || len(id) > maxSession {
		return ""
	}
	for _, text := range strings.Split(parameters, ";") {
		name, value, _ := strings.Cut(text, "=")
		value = strings.Trim(value, blanks+`"`)
		if digits := strings.IndexFunc(value, func(r rune) bool { return r < '0' || r > '9' }); digits >= 0 {
			value = value[:digits]
		}
		if !strings.EqualFold(strings.TrimSpace(name), "timeout") || value == "" {
			continue
		}
		seconds, err := strconv.Atoi(value)
		if err != nil {
			seconds = maxTimeout // more than an int holds
		}
		if seconds > 0 {
			return fmt.Sprintf("%s;timeout=%d", id, min(seconds, maxTimeout))
		}
	}
	return id
}
