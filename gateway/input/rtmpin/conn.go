package rtmpin

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"time"

	"framegate/gateway/httplimit"
	"framegate/gateway/input/rtmpcam/flv"
	"framegate/gateway/input/rtmpcam/rtmp"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// conn is one connection. It belongs to its own goroutine.
type conn struct {
	server   *Server
	tcp      *net.TCPConn
	net.Conn // tcp, or TLS over it
	secure   bool
	from     netip.Addr
	sender   *rtmp.Sender // once it said what it wants

	wishBy  time.Time      // by then it says what it wants; zero once it did
	visit   *Visit         // of who was let in
	silence stream.Silence // of whole pictures, shown or not
	began   time.Time      // when it was let in
	shown   bool           // a picture came
	told    bool           // it knows how it ended
}

func newConn(s *Server, tcp *net.TCPConn, secure *tls.Config) *conn {
	c := &conn{server: s, tcp: tcp, Conn: tcp, secure: secure != nil, from: tcp.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap().WithZone("")}
	c.silence.Least = s.options.Silence
	if secure != nil {
		c.Conn = tls.Server(tcp, secure)
	}
	return c
}

// Read reads what the other end says. Until that says what it wants it is never silent for long:
// who lost bytes of the handshake on the way waits for us, and we for them.
func (c *conn) Read(b []byte) (int, error) {
	if !c.wishBy.IsZero() {
		by := time.Now().Add(c.server.options.HeadTime)
		if by.After(c.wishBy) {
			by = c.wishBy
		}
		_ = c.SetReadDeadline(by) // fails where reading will
	}
	return c.Conn.Read(b)
}

// Write writes what the other end has to take in time.
func (c *conn) Write(b []byte) (int, error) {
	_ = c.Conn.SetWriteDeadline(time.Now().Add(answerTime)) // fails where the write will
	return c.Conn.Write(b)
}

// Why a connection ends that a limit ends.
var (
	errSlow   = errors.New("it does not come to say what it wants")
	errSilent = stream.Silent("no picture came for too long")
)

// serve serves the connection until it ends.
func (c *conn) serve() {
	ctx, end := context.WithCancel(c.server.ctx)
	defer end()
	defer context.AfterFunc(ctx, func() { c.tcp.Close() })()
	defer c.Conn.Close()
	defer func() {
		if p := recover(); p != nil {
			c.server.options.Log.Error("RTMP connection panicked", "address", c.from.String(), "panic", p, "stack", string(debug.Stack()))
		}
	}()
	err := c.listen(ctx)
	switch {
	case errors.Is(err, errSlow):
		c.server.options.Limited(httplimit.LimitHeaderTimeout)
	case errors.Is(err, errSilent):
		c.server.options.Limited(LimitPublisherSilence)
	}
	c.server.options.Log.Debug("RTMP connection ended", "address", c.from.String(), "err", err)
}

// listen hears what the client wants, and lets it.
func (c *conn) listen(ctx context.Context) error {
	c.wishBy = time.Now().Add(steps * c.server.options.HeadTime)
	var err error
	if c.sender, err = rtmp.Serve(c); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return errSlow
		}
		return err
	}
	c.wishBy = time.Time{}
	if c.visit, err = c.admit(ctx); err != nil {
		c.refuse(err)
		return err
	}
	defer c.visit.Leave()
	if err = c.visit.Publish(c.visit.Context, c); err != nil {
		c.refuse(err)
	}
	return err
}

// admit lets in who may do what it wants.
func (c *conn) admit(ctx context.Context) (*Visit, error) {
	switch w := c.sender.Wish; {
	case w.Plays:
		return nil, &Refusal{rtmp.Failed, "nothing is given out by RTMP here; by RTSP it is"}
	case w.Wrong:
		return nil, &Refusal{rtmp.BadName, "the key cannot be read: behind a % stand two digits, as in %2F; write %25 for a % itself"}
	case w.App != app:
		return nil, &Refusal{rtmp.BadName, "the address ends in /" + app + ", and the key begins with the camera's id"}
	}
	return c.server.options.Admit(ctx, Ask{Camera: c.sender.Wish.Key, Query: c.sender.Wish.Query, From: c.from, Secure: c.secure})
}

// Run is the source of the camera's stream: it emits what is sent until that ends.
func (c *conn) Run(ctx context.Context, emit func(media.Frame)) error {
	defer context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })() // has what is read end
	c.began = time.Now()
	if err := c.sender.Accept(); err != nil {
		return err
	}
	c.sender.Take(c.visit.MaxFrameBytes)
	err := c.take(ctx, flv.New(flv.Options{
		Emit: func(f media.Frame) {
			if f.Format.Codec.Kind() == media.Audio || c.visit.Lets(&f) {
				emit(f)
			}
		},
		Picture: func(at time.Time) { c.shown = true; c.silence.Picture(at) },
		Trouble: stream.LifeOf(ctx).SoundTrouble,
		Silent:  c.visit.Silent,
	}))
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
		c.refuse(err) // before others wait for us no longer
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = errSilent
	case errors.Is(err, io.EOF):
		c.told, err = true, nil
	}
	return err
}

// take takes messages until that ends.
func (c *conn) take(ctx context.Context, r *flv.Receiver) error {
	for {
		_ = c.SetReadDeadline(c.until()) // fails where reading will
		if ctx.Err() != nil {
			return ctx.Err() // which may have come before the deadline
		}
		m, err := c.sender.Next()
		switch {
		case err != nil:
			return err
		case m.Kind == rtmp.Sound && !m.Cut:
			r.Sound(m.Stamp, m.Body)
		case m.Kind == rtmp.Pictures && !m.Cut:
			if err := r.Pictures(m.Stamp, m.Body); err != nil {
				return err
			}
		case m.Kind == rtmp.Pictures:
			c.server.options.Limited(LimitFrameBytes)
			r.Lost()
		}
	}
}

// until is when the next picture must be there.
func (c *conn) until() time.Time {
	if c.shown {
		return c.silence.Until()
	}
	return c.began.Add(c.silence.Allowed())
}

// refuse tells the client why it ends, once, and hears it out for a moment: with what
// was not read the answer would be lost.
func (c *conn) refuse(err error) {
	if c.told {
		return
	}
	c.told = true
	if c.sender.Refuse(codeOf(err), err.Error()) != nil {
		return
	}
	if over, ok := c.Conn.(*tls.Conn); ok {
		_ = over.CloseWrite() // whoever reads no more has no use for it
	}
	_ = c.tcp.CloseWrite()
	_ = c.tcp.SetReadDeadline(time.Now().Add(lastTime))
	_, _ = io.Copy(io.Discard, io.LimitReader(c.tcp, 8<<20))
}
