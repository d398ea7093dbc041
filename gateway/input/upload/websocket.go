package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"framegate/gateway/media"
	"framegate/gateway/publish"
	"framegate/gateway/stream"
)

// Times of a publishing WebSocket. Proxies cut connections that are idle for 30
// or 60 s, and the other times follow from that of the pings, so they are not
// for anybody to turn.
const (
	pingEvery    = 5 * time.Second
	deadAfter    = 15 * time.Second // without a pong or a part of a message
	messageTime  = 45 * time.Second // for one message, however slowly it comes
	writeTime    = 10 * time.Second
	goodbyeTime  = 500 * time.Millisecond
	viewersEvery = 500 * time.Millisecond // how often their number is looked at
)

// What a publisher may say besides its pictures and sound: pings are answered, and
// text is read, mostly for nothing. Browsers and tools send one in seconds.
const (
	chatterBurst = 100
	chatterEvery = 200 * time.Millisecond // one more
	maxTextBytes = 64 << 10               // of one text message
	maxWish      = 1 << 10                // bytes of one that says something
)

// errChatter ends a publisher that says too much besides its pictures.
var errChatter = errors.New("too many pings and text messages")

// ServeWebSocket serves a publisher that sends each picture as one binary
// message. It answers each in JSON: an ack (which
// says so if the picture came too fast to be published), or an error where the
// picture is refused, which leaves the connection open. A hint tells the
// number of viewers at the start and when it changes.
//
// The text message {"type":"sound","codec":"opus","channels":1} asks to send sound
// too, and is answered in kind, with codec "" and a message where it may not be. From
// then on messages have a head (see messageHead). Packets of Opus are not answered,
// and bad ones dropped. Other text means nothing.
//
// An error is returned only before the handshake: those of ServeFrame
// and ErrNotWebSocket. Whose page asks is the caller's to check.
func (h *Handler) ServeWebSocket(w http.ResponseWriter, r *http.Request, who publish.Publisher) error {
	if !websocket.IsWebSocketUpgrade(r) {
		return ErrNotWebSocket
	}
	s := &socket{handler: h, camera: who.Camera, w: w, r: r, replies: make(chan reply)}
	err := h.publishers.Run(r.Context(), named(r, who), s)
	h.count(err)
	if s.answered {
		return nil
	}
	return err
}

// reply is a message to the publisher.
type reply struct {
	Type    string `json:"type"` // ack, error, hint, sound
	Seq     uint64 `json:"seq,omitempty"`
	Viewers int    `json:"viewers"`
	Dropped bool   `json:"dropped,omitempty"`
	Code    int    `json:"code,omitempty"`
	Codec   string `json:"codec,omitempty"` // of the sound that may be sent
	Message string `json:"message,omitempty"`
}

// socket is the publisher of one WebSocket: a stream.Source. Its run reads;
// one goroutine writes all messages, and another says goodbye.
type socket struct {
	handler *Handler
	camera  string
	w       http.ResponseWriter
	r       *http.Request
	replies chan reply

	answered bool // the handshake is over, well or badly
	conn     *websocket.Conn
}

// Run makes the handshake, now that the camera is ours, and publishes what
// comes until either side ends it.
func (s *socket) Run(ctx context.Context, emit func(media.Frame)) error {
	conn, err := s.upgrade()
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer end(nil)
	wg.Go(func() { // ends with ctx
		<-ctx.Done()
		goodbye(conn, context.Cause(ctx))
	})
	wg.Go(func() { end(s.write(ctx)) }) // ends with ctx
	in := s.handler.newIntake(emit)
	in.life = stream.LifeOf(ctx)
	err = s.read(ctx, in)
	end(err) // which the publisher is told, where it is there still
	return err
}

func (s *socket) upgrade() (*websocket.Conn, error) {
	upgrader := websocket.Upgrader{
		ReadBufferSize:  32 << 10,
		WriteBufferSize: 1 << 10,
		CheckOrigin:     func(*http.Request) bool { return true },                // the caller does
		Error:           func(http.ResponseWriter, *http.Request, int, error) {}, // the caller answers
	}
	conn, err := upgrader.Upgrade(s.w, s.r, nil)
	refused := websocket.HandshakeError{}
	s.answered = !errors.As(err, &refused)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotWebSocket, err)
	}
	conn.SetReadLimit(int64(s.handler.options.MaxFrameBytes))
	s.conn = conn
	return conn, nil
}

// maxReason bounds the words of a close, in bytes (RFC 6455 section 5.5, less the code).
const maxReason = 123

// goodbye tells the publisher why it ends, as far as a close code can, and
// ends the connection under whoever reads or writes.
func goodbye(conn *websocket.Conn, cause error) {
	code, limited := websocket.CloseGoingAway, (*limitError)(nil)
	if errors.Is(cause, publish.ErrTakenOver) || errors.Is(cause, stream.ErrNoPicture) || errors.As(cause, &limited) {
		code = websocket.ClosePolicyViolation
	}
	reason := cause.Error()
	message := websocket.FormatCloseMessage(code, strings.ToValidUTF8(reason[:min(len(reason), maxReason)], ""))
	_ = conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(goodbyeTime))
	_ = conn.Close() // nobody is left to hear of an error
}

// read publishes what comes and hands out the replies.
func (s *socket) read(ctx context.Context, in *intake) error {
	chatter := rate.NewLimiter(rate.Every(chatterEvery), chatterBurst)
	s.limitPings(chatter)
	for seq := uint64(1); ; {
		message, binary, err := s.next(chatter)
		if err != nil {
			return readError(ctx, err)
		}
		answer := reply{}
		if binary {
			answer = s.publish(seq, in, message)
		} else if w, ok := readWish(message); ok {
			answer = s.grant(in, w)
			s.conn.SetReadLimit(int64(s.handler.options.MaxFrameBytes) + messageHead)
		}
		if answer.Type == "" {
			continue
		}
		if answer.Seq > 0 {
			seq++
		}
		select {
		case s.replies <- answer:
		case <-ctx.Done():
			return nil
		}
	}
}

// grant answers a wish to send sound.
func (s *socket) grant(in *intake, w wish) reply {
	if w.Codec != "" && s.silent() {
		return reply{Type: "sound", Message: "no sound is taken of this camera"}
	}
	return in.grant(w)
}

// silent says whether no sound is taken now.
func (s *socket) silent() bool { return s.handler.options.Silent(s.camera) }

// publish publishes a message, and gives the answer to a picture.
func (s *socket) publish(seq uint64, in *intake, message []byte) reply {
	kind, at, data, err := in.readHead(message)
	if kind != messageSound {
		if err != nil {
			return reply{Type: "error", Seq: seq, Code: http.StatusUnprocessableEntity, Message: err.Error()}
		}
		return answerTo(seq, in, data, at)
	}
	if err == nil && !s.silent() {
		err = in.sound(at, data)
	}
	if err != nil {
		s.handler.counters.refused.Add(1)
		if h := &in.hearing; !h.said {
			h.said = true
			in.life.SoundTrouble(err)
			s.handler.options.Log.Warn("sound of a publisher is left out", "camera", s.camera, "reason", err)
		}
	}
	return reply{}
}

// limitPings has pings, and pongs that nobody asked for, be bounded before they
// are answered as usual.
func (s *socket) limitPings(chatter *rate.Limiter) {
	answer := s.conn.PingHandler()
	limited := func(handle func(string) error) func(string) error {
		return func(text string) error {
			if !chatter.Allow() {
				return errChatter
			}
			return handle(text)
		}
	}
	s.conn.SetPingHandler(limited(answer))
	s.conn.SetPongHandler(limited(s.alive))
}

// alive is called when something came.
func (s *socket) alive(string) error {
	if err := s.conn.SetReadDeadline(time.Now().Add(deadAfter)); err != nil {
		return fmt.Errorf("setting a deadline: %w", err)
	}
	return nil
}

// next gives the next message. Text is cut off where it is longer than a wish.
func (s *socket) next(chatter *rate.Limiter) (message []byte, binary bool, err error) {
	if err := s.alive(""); err != nil {
		return nil, false, err
	}
	kind, from, err := s.conn.NextReader()
	if err != nil {
		return nil, false, err
	}
	if kind == websocket.BinaryMessage {
		message, err = io.ReadAll(arriving{from, s.conn, time.Now().Add(messageTime)})
		return message, true, err
	}
	message, err = io.ReadAll(io.LimitReader(from, maxWish))
	if err != nil {
		return nil, false, err
	}
	n, err := io.Copy(io.Discard, io.LimitReader(from, maxTextBytes+1))
	if err != nil {
		return nil, false, err
	}
	if n+int64(len(message)) > maxTextBytes || !chatter.Allow() {
		return nil, false, errChatter
	}
	return message, false, nil
}

// arriving is a message while it comes, of which each part shows that the
// publisher is there.
// Pongs wait behind it.
type arriving struct {
	message io.Reader
	conn    *websocket.Conn
	until   time.Time
}

// Read reads the next part.
func (a arriving) Read(b []byte) (int, error) {
	next := time.Now().Add(deadAfter)
	if next.After(a.until) {
		next = a.until
	}
	if err := a.conn.SetReadDeadline(next); err != nil {
		return 0, fmt.Errorf("setting a deadline: %w", err)
	}
	return a.message.Read(b)
}

// readError tells an end that somebody wanted from one that is news.
func readError(ctx context.Context, err error) error {
	if ctx.Err() != nil || websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway, websocket.CloseNoStatusReceived) {
		return nil
	}
	var network net.Error
	silent := errors.As(err, &network) && network.Timeout()
	err = fmt.Errorf("reading from the publisher: %w", err)
	switch {
	case errors.Is(err, errChatter):
		return &limitError{LimitWebSocketMessages, err}
	case errors.Is(err, websocket.ErrReadLimit):
		return &limitError{LimitFrameBytes, err}
	case silent:
		return &limitError{LimitWebSocketSilence, err}
	}
	return err
}

func answerTo(seq uint64, in *intake, picture []byte, at time.Duration) reply {
	dropped, err := in.picture(picture, at)
	switch {
	case errors.Is(err, media.ErrNotJPEG):
		return reply{Type: "error", Seq: seq, Code: http.StatusUnsupportedMediaType, Message: err.Error()}
	case err != nil:
		return reply{Type: "error", Seq: seq, Code: http.StatusUnprocessableEntity, Message: err.Error()}
	}
	return reply{Type: "ack", Seq: seq, Dropped: dropped}
}

// write sends replies, hints and pings.
func (s *socket) write(ctx context.Context) error {
	look := time.NewTicker(viewersEvery)
	defer look.Stop()
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()

	told := s.handler.hub.Viewers(s.camera)
	err := s.send(reply{Type: "hint", Viewers: told})
	for err == nil {
		select {
		case <-ctx.Done():
			return nil
		case r := <-s.replies:
			told = s.handler.hub.Viewers(s.camera)
			r.Viewers = told
			err = s.send(r)
		case <-look.C:
			if n := s.handler.hub.Viewers(s.camera); n != told {
				told = n
				err = s.send(reply{Type: "hint", Viewers: told})
			}
		case <-ping.C:
			err = s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeTime))
		}
	}
	return fmt.Errorf("writing to the publisher: %w", err)
}

func (s *socket) send(r reply) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	return s.conn.WriteJSON(r)
}
