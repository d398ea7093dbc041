package live

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// handshakeTime is what a client gets to take the answer to its handshake.
const handshakeTime = 5 * time.Second

// ServeWebSocket answers a WebSocket handshake with one of the streams of
// choice, and returns when the viewer is gone or the handler is closed. Which
// stream that is depends on the query's codec, the client's hello, and what the
// camera turns out to send.
//
// An error means that nothing was answered yet: one of Hub.Open (ErrClosed also
// after Close), ErrNotWebSocket or ErrBadCodec, wrapped. Whose page asks
// is the caller's to check.
func (h *Handler) ServeWebSocket(w http.ResponseWriter, r *http.Request, choice Choice, client stream.Client) error {
	dialect := dialectOf(r)
	wanted, err := parseCodecs(r.URL.Query(), dialect)
	if err != nil {
		return err
	}
	if err := choice.possible(h.hub, wanted); err != nil {
		return err
	}
	var sounds []media.Codec
	if dialect == DialectBare {
		if sounds, err = soundWanted(r.URL.Query(), "off"); err != nil {
			return err
		}
	}
	if h.crowd.Closed() {
		return stream.ErrClosed
	}
	client.Form = dialect
	if dialect == DialectGo2RTC || len(sounds) > 0 {
		choice = choice.heard() // there is no asking for sound later
	}
	own, err := h.hub.Open(choice.held(), stream.ReadOptions{Client: &client, Idle: idleAfter})
	if err != nil {
		return err
	}
	defer own.Close() // it is what counts the viewer, whatever is read
	socket, under, err := upgrade(w, r, choice.Header)
	if err != nil {
		return err
	}
	v := &viewer{handler: h, choice: choice, client: client, dialect: dialect, wanted: wanted, under: under, own: own, hub: h.hub}
	v.sound.wanted = sounds
	v.box.came = make(chan struct{}, 1)
	conn := delivery.NewConn(under)
	v.seat = h.crowd.Enter(v, conn, choice.held(), own)
	if v.seat == nil {
		defer conn.Close()
		words, _ := lastWords(stream.ErrClosed, dialect)
		_ = conn.Write(delivery.Message{Head: words}) // whoever is gone misses nothing
		return nil
	}
	defer v.seat.Leave()
	err = v.serve(r.Context(), newClient(v, socket))
	h.log.Debug("viewer left", "stream", v.seat.Key().String(), "address", client.Address, "dropped", v.seat.Reader().Dropped(), "err", err)
	return nil
}

// dialectOf gives what a client wants to speak.
func dialectOf(r *http.Request) string {
	switch {
	case slices.Contains(websocket.Subprotocols(r), Subprotocol):
		return DialectFramegate
	case r.URL.Query().Get("dialect") == DialectGo2RTC:
		return DialectGo2RTC
	}
	return DialectBare
}

// upgrade answers the handshake. It gives what reads messages, and the
// connection under it to write to, which is the caller's to close. The error is
// ErrNotWebSocket, and nothing was answered; or the client is gone.
func upgrade(w http.ResponseWriter, r *http.Request, header http.Header) (*websocket.Conn, net.Conn, error) {
	taker := &connTaker{ResponseWriter: w}
	upgrader := websocket.Upgrader{
		HandshakeTimeout: handshakeTime,
		ReadBufferSize:   1 << 10,
		WriteBufferPool:  new(sync.Pool), // never used
		Subprotocols:     []string{Subprotocol},
		CheckOrigin:      func(*http.Request) bool { return true },                // the caller does
		Error:            func(http.ResponseWriter, *http.Request, int, error) {}, // the caller answers
	}
	socket, err := upgrader.Upgrade(taker, r, header)
	if err != nil && taker.conn == nil {
		if r.ProtoMajor == 1 { // in HTTP/2 they break the answer: RFC 9113, 8.2.2
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", "websocket")
		}
		w.Header().Set("Sec-WebSocket-Version", "13")
		return nil, nil, fmt.Errorf("%w: %w", ErrNotWebSocket, err)
	}
	if err != nil {
		return nil, nil, errors.Join(context.Canceled, err) // nobody is there to hear
	}
	taker.conn.open = true
	return socket, taker.conn.Conn, nil
}

// connTaker is a response whose connection is taken over through middleware,
// and that remembers it.
type connTaker struct {
	http.ResponseWriter
	conn *quietConn
}

func (t *connTaker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	t.conn = &quietConn{Conn: conn}
	return t.conn, buffers, nil
}

// quietConn is what the WebSocket library gets for a connection: once the
// handshake is answered it writes nothing, since everything that is written has
// another owner. The library would tell the client of broken frames, in the
// midst of a picture.
type quietConn struct {
	net.Conn
	open bool // set by upgrade
}

func (c *quietConn) Write(b []byte) (int, error) {
	if c.open {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

const (
	// pingEvery is how often a client is asked for a sign of life.
	pingEvery = 20 * time.Second
	// goodbyeTime is what a client gets to take its last message and close its
	// side.
	goodbyeTime = time.Second
)

// serve serves the viewer until it or the server ends it, and says why.
func (v *viewer) serve(request context.Context, c *client) error {
	ctx, end := context.WithCancelCause(request)
	defer end(nil)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer v.under.Close()
	reading.Go(func() { v.listen(ctx, end, c) }) // ends when the connection is closed, at the latest
	defer v.seat.RecallWith(ctx)()
	defer v.leavePast()
	defer func() { v.sound.close(v.seat) }()
	v.pinger = time.AfterFunc(pingEvery, func() { v.mail(func(m *mailbox) { m.ping = true }) })
	defer v.pinger.Stop()

	err := v.run(ctx, c.hello)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if why := ended(request); why != nil {
		err = why
	}
	words, said := lastWords(err, v.dialect)
	if !said || v.seat.Gone() {
		return err
	}
	cut := time.AfterFunc(goodbyeTime, func() { v.under.Close() })
	defer cut.Stop()
	if v.seat.Write(delivery.Message{Head: words}) != nil {
		return err
	}
	if half, ok := v.under.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // fails where the client is gone
	}
	reading.Wait()
	return err
}

// listen reads what the client says, until it is gone or nobody listens any
// more.
func (v *viewer) listen(ctx context.Context, end func(error), c *client) {
	err := v.heed(ctx, c)
	if limit := limitOf(err); limit != "" && ctx.Err() == nil {
		v.handler.limited(limit)
	}
	end(err)
	_, answered := lastWords(err, v.dialect)
	if !answered {
		v.under.Close() // whatever is being written there
	}
	v.seat.Recall()
	if failed := (*fault)(nil); errors.As(err, &failed) {
		// Unread bytes would have the kernel reset the connection, and the
		// client not see the reason.
		_, _ = io.Copy(io.Discard, v.under) // ends with the connection
	}
	if left := (*websocket.CloseError)(nil); errors.As(err, &left) {
		time.AfterFunc(goodbyeTime, func() { v.under.Close() }) // it may take nothing any more
	}
}

// heed is client.read. A panic ends this viewer alone.
func (v *viewer) heed(ctx context.Context, c *client) (err error) {
	defer func() {
		if p := recover(); p != nil {
			v.handler.log.Error("viewer panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	return c.read(ctx)
}

// run chooses the stream and shows it.
func (v *viewer) run(ctx context.Context, hello <-chan []media.Codec) error {
	if v.wanted == nil {
		codecs, err := v.awaitHello(ctx, hello)
		if err != nil {
			return err
		}
		for _, codec := range codecs {
			if codec.Kind() == media.Video {
				v.wanted = append(v.wanted, codec)
			} else {
				v.sound.wanted = append(v.sound.wanted, codec)
			}
		}
	}
	if v.choice.Own == (stream.Key{}) {
		if err := v.readRendition(); err != nil {
			return err
		}
	}
	return v.watch(ctx)
}

// stays says that the client has what it came for, and need not choose anything.
func (v *viewer) stays() bool {
	v.box.mu.Lock()
	defer v.box.mu.Unlock()
	return v.box.stays
}

// helloTime is what a client gets for its hello.
const helloTime = 5 * time.Second

func (v *viewer) awaitHello(ctx context.Context, hello <-chan []media.Codec) ([]media.Codec, error) {
	late := time.NewTimer(helloTime)
	defer late.Stop()
	for {
		select {
		case codecs := <-hello:
			return codecs, nil
		case <-v.box.came:
			if err := v.reply(); err != nil {
				return nil, err
			}
			if v.stays() {
				late.Stop()
			}
		case <-late.C:
			return nil, faultNoHello
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-v.seat.Done():
			return nil, stream.ErrClosed
		}
	}
}
