package rtspserver

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"
)

// Sending is somebody who was let in to send a camera's pictures, and has described
// them (RFC 2326, 10.3). All of it is needed.
type Sending struct {
	Context context.Context // ends when no more is taken
	Leave   func()          // is called once, at the end
	// Track gives the number of the track that an address is of; -1 is none.
	Track func(address string) int
	// Begin has what comes be taken from now on; ordered are the tracks whose packets
	// come as they were sent. The error is one of the hub's.
	Begin func(ordered []int) error
	// Packet takes a packet of a track, or a report, and keeps nothing of it. It is
	// called from any goroutine.
	Packet func(track int, report bool, b []byte)
}

// maxSent bounds the tracks that somebody sends.
const maxSent = 8

// LimitPublisherSilence is that of who sends, as Options.Limited is told of it.
const LimitPublisherSilence = "publisher_silence"

// senderSilence is for how long nothing may come of who sends: less than of viewers,
// since others cannot have the camera meanwhile.
const senderSilence = 20 * time.Second

// patience is for how long nothing may come of who sends here.
func (s *Server) patience() time.Duration { return min(s.options.Silence, senderSilence) }

// errSenderSilent ends who sends nothing.
var errSenderSilent = errors.New("nothing comes of who sends")

// announce lets in who describes what is to be sent.
func (c *conn) announce(ctx context.Context, r *request) (answer, error) {
	if c.server.options.Announce == nil {
		return answer{status: 501}, nil
	}
	if r.url == nil {
		return answer{status: 400}, nil
	}
	p, ok := placeOf(r.url)
	if !ok {
		return answer{status: 404}, nil
	}
	if c.viewer != nil || c.session != "" || c.sending != nil {
		return answer{status: 455}, nil
	}
	c.forget()
	sending, err := c.server.options.Announce(ctx, c.ask(r, p), r.body)
	if err != nil {
		return c.refuse(r, err)
	}
	c.sending, c.unwatch = sending, context.AfterFunc(sending.Context, func() { c.tcp.Close() })
	return answer{status: 200}, nil
}

// setUpSent sets up a track that is to be sent.
func (c *conn) setUpSent(r *request) (answer, error) {
	track := c.sending.Track(strings.TrimRight(r.target, "/"))
	switch {
	case c.recording:
		return answer{status: 455}, nil
	case track < 0 || track >= maxSent:
		return answer{status: 404}, nil
	case c.sent[track] != nil:
		return answer{status: 455}, nil
	}
	way, err := c.chooseWay(r.header.Values("Transport"), track)
	if err != nil {
		return c.refuse(r, err)
	}
	c.sent[track] = way
	if c.session == "" {
		c.session = newSession()
	}
	return c.inSession(answer{status: 200}.with("Transport", way.String()+";mode=record")), nil
}

// record has what comes be taken.
func (c *conn) record(r *request) (answer, error) {
	if c.recording { // again, after a PAUSE
		return c.inSession(answer{status: 200}), nil
	}
	if c.sending == nil || c.session == "" {
		return answer{status: 455}, nil
	}
	var ordered []int
	datagrams := make(map[int]*way)
	for track, w := range c.sent {
		switch {
		case w == nil:
		case w.overUDP():
			datagrams[track] = w
		default:
			ordered = append(ordered, track)
		}
	}
	if err := c.sending.Begin(ordered); err != nil {
		return c.refuse(r, err)
	}
	c.recording = true
	if len(datagrams) > 0 {
		c.sender = c.server.options.UDP.hear(datagrams, c.sending.Packet)
	}
	return c.inSession(answer{status: 200}), nil
}

// stopSending gives back what who sends has.
func (c *conn) stopSending() {
	if c.sender != nil {
		c.sender.leave()
	}
	if c.sending != nil {
		c.unwatch()
		c.sending.Leave()
	}
	c.sender, c.sending, c.recording = nil, nil, false
}

// take reads a packet within the connection, which is one of who sends, or is passed
// over: who plays by TCP is seen by what it takes.
func (c *conn) take() error {
	var head [4]byte
	if _, err := io.ReadFull(c.reader, head[:]); err != nil {
		return err
	}
	n := int(head[2])<<8 | int(head[3])
	c.head.left = max(c.head.left, n)
	if !c.recording {
		_, err := c.reader.Discard(n)
		return err
	}
	if cap(c.packet) < n {
		c.packet = make([]byte, n) // 64 kB at most
	}
	b := c.packet[:n]
	if _, err := io.ReadFull(c.reader, b); err != nil {
		return err
	}
	for track, w := range c.sent {
		for i := range 2 {
			if w != nil && !w.overUDP() && w.channels[i] == int(head[1]) {
				c.sending.Packet(track, i == 1, b)
			}
		}
	}
	return nil
}
