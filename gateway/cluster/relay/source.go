// Package relay moves the pictures of cameras from the node that owns them to
// nodes that have viewers: a Source here reads, as one viewer, what a Door there
// gives out, by framegate.v1 over HTTPS in which both sides are nodes of the
// cluster. So a stream travels once to each node, and a slow line skips to
// keyframes, as every viewer's does.
//
// It decides nothing: package cluster says who owns what, and package server makes
// a Source of it, and gives a Door what it is to show.
package relay

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

const (
	// subprotocol is that of package live.
	subprotocol = "framegate.v1"
	// connectTime is for the connection, both handshakes, and the first word.
	connectTime = 5 * time.Second
	// silentTime ends a connection without a word: the other side asks for a sign of
	// life every 20 s.
	silentTime = 45 * time.Second
	// pathQuery is what of an address says by which nodes pictures go.
	pathQuery = "path"
	// besidesPicture is how much longer than a picture a message may be.
	besidesPicture = 64 << 10
)

// Options say what is relayed, and from where.
type Options struct {
	Key           stream.Key
	Owner         string // the node that has it
	Address       string // host:port of its Door
	Epoch         uint64 // with which it has it
	Self          string // this node
	TLS           *tls.Config
	Silent        bool // no sound is wanted
	MaxFrameBytes int
	Counters      *Counters
}

// Counters count what all sources of a node relay. The zero value is ready.
type Counters struct {
	Running atomic.Int64  // at the moment
	Pulls   atomic.Uint64 // connections that came about
	Frames  atomic.Uint64 // pictures
	Bytes   atomic.Uint64 // of messages
}

// Source is a stream of a camera that another node owns.
type Source struct{ options Options }

// New makes a source. It starts nothing.
func New(o Options) *Source { return &Source{o} }

// Run gives the pictures and the sound that the owner gives out. It returns when
// the camera is away there after it had pictures, so that nobody here is shown the
// past as the present.
func (s *Source) Run(ctx context.Context, emit func(media.Frame)) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	s.options.Counters.Running.Add(1)
	defer s.options.Counters.Running.Add(-1)
	err = s.read(ctx, conn, emit)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// connect opens the connection and says what can be shown here.
func (s *Source) connect(ctx context.Context) (*websocket.Conn, error) {
	o := s.options
	address := url.URL{Scheme: "wss", Host: o.Address, Path: "/relay/" + o.Key.Camera, RawQuery: url.Values{
		"rendition": {o.Key.Rendition}, "epoch": {strconv.FormatUint(o.Epoch, 10)}, pathQuery: {o.Self},
	}.Encode()}
	dialer := websocket.Dialer{
		NetDialContext:  (&net.Dialer{Timeout: connectTime}).DialContext,
		TLSClientConfig: o.TLS, HandshakeTimeout: connectTime, Subprotocols: []string{subprotocol}, ReadBufferSize: 32 << 10, WriteBufferSize: 1 << 10,
	}
	within, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	conn, answer, err := dialer.DialContext(within, address.String(), nil)
	if err != nil {
		return nil, s.refused(answer, err)
	}
	o.Counters.Pulls.Add(1)
	conn.SetReadLimit(int64(o.MaxFrameBytes + besidesPicture))
	for _, text := range s.hellos() {
		if err := errors.Join(conn.SetWriteDeadline(time.Now().Add(connectTime)), conn.WriteMessage(websocket.TextMessage, []byte(text))); err != nil {
			conn.Close()
			return nil, s.wrong(err)
		}
	}
	return conn, nil
}

// hellos are what the owner is told first.
func (s *Source) hellos() []string {
	hellos := []string{`{"type":"hello","codecs":["h264","h265","jpeg"]}`}
	if s.options.Key.Rendition == "" && !s.options.Silent {
		hellos = append(hellos, `{"type":"sound","codecs":["aac","opus"]}`)
	}
	return hellos
}

// refused says why there is no connection.
func (s *Source) refused(answer *http.Response, err error) error {
	if answer == nil {
		return stream.Unreachable(fmt.Sprintf("node %s: %v", s.options.Owner, err))
	}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 512)) // whatever there is of it
	words := fmt.Sprintf("node %s: %s", s.options.Owner, strings.TrimSpace(string(text)))
	if answer.StatusCode == http.StatusServiceUnavailable {
		return fmt.Errorf("%w: %s", stream.ErrFull, words)
	}
	return stream.Unreachable(words)
}

// wrong says of an error where it was.
func (s *Source) wrong(err error) error { return fmt.Errorf("node %s: %w", s.options.Owner, err) }

// message is any that the owner sends as text.
type message struct {
	Type   string `json:"type"`
	Codec  string `json:"codec"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Camera string `json:"camera"` // of state
	Code   int    `json:"code"`
	Text   string `json:"message"`
}

// read reads messages until the connection ends, or what it is for.
func (s *Source) read(ctx context.Context, conn *websocket.Conn, emit func(media.Frame)) error {
	r := &reader{life: stream.LifeOf(ctx), emit: emit, counters: s.options.Counters}
	patience := connectTime
	beat := func() error { return conn.SetReadDeadline(time.Now().Add(patience)) }
	conn.SetPingHandler(func(payload string) error {
		return errors.Join(beat(), conn.WriteControl(websocket.PongMessage, []byte(payload), time.Now().Add(connectTime)))
	})
	for size := 0; ; {
		if err := beat(); err != nil {
			return s.wrong(err)
		}
		kind, body, err := conn.NextReader()
		if err != nil {
			return s.ended(err)
		}
		b, err := readAll(make([]byte, 0, size+size/8+512), body)
		if err != nil {
			return s.ended(err)
		}
		if cap(b) > 2*len(b)+1024 { // the frame is kept, and what it does not need is not
			b = bytes.Clone(b)
		}
		patience = silentTime
		s.options.Counters.Bytes.Add(uint64(len(b)))
		if kind == websocket.BinaryMessage {
			size = len(b)
			err = r.take(b)
		} else {
			err = s.hear(r, b)
		}
		if err != nil {
			return s.wrong(err)
		}
	}
}

// ended says why a connection did.
func (s *Source) ended(err error) error {
	var network net.Error
	var closed *websocket.CloseError
	switch {
	case errors.As(err, &network) && network.Timeout():
		return stream.Silent(fmt.Sprintf("node %s says nothing", s.options.Owner))
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
		return stream.Ended(fmt.Sprintf("node %s: %s", s.options.Owner, closed.Text))
	}
	return s.wrong(err)
}

// hear takes a message in words.
func (s *Source) hear(r *reader, text []byte) error {
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		return errBroken
	}
	switch m.Type {
	case "hello":
		r.hello(m)
	case "sound":
		if m.Codec == "" {
			r.hush()
		}
	case "state":
		return s.state(r, m)
	case "error":
		if m.Code == http.StatusServiceUnavailable {
			return fmt.Errorf("%w: %s", stream.ErrFull, m.Text)
		}
		return errors.New(m.Text)
	}
	return nil
}

// state says whether a run ends for how the camera is at its owner.
func (s *Source) state(r *reader, m message) error {
	switch {
	case m.Camera == "online", m.Camera == "connecting" && !r.begun:
		return nil
	case m.Camera == "offline" && m.Text != "":
		return errors.New(m.Text)
	}
	return stream.Ended("the camera is away")
}

// readAll reads a message into a buffer, which is about as long as the last one was,
// and grows with what arrives.
func readAll(b []byte, r io.Reader) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}
