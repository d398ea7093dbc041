package live

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"framegate/gateway/media"
)

// Limits on what a client may send. They follow from the protocol, whose
// messages have a few hundred bytes, and from proxies that cut connections which
// are idle for 30 or 60 s; so they are not for anybody to turn.
const (
	MaxMessage  = 4 << 10 // bytes
	maxCodecs   = 16      // in a hello
	maxPongs    = 8       // pings not answered yet; older ones are forgotten
	maxPingMark = 64      // bytes of a ping's c
	// Messages and WebSocket pings a second, and at once. More are not refused
	// but read later.
	messageRate  = 20
	messageBurst = 40

	deadAfter = 45 * time.Second // without a message or a pong
)

// clientMessage is any message from the client.
type clientMessage struct {
	Type   string          `json:"type"`
	Codecs []string        `json:"codecs"` // of hello and sound: the best first
	C      json.RawMessage `json:"c"`      // of ping: comes back as it is
	AtUs   *float64        `json:"atUs"`   // of seek and play: microseconds since 1970
	Rate   float64         `json:"rate"`   // of rate
	clientStats
}

// mailbox is what a viewer's client asked that is not answered yet. The reading
// goroutine fills it, the one with the viewer's seat empties it.
type mailbox struct {
	mu    sync.Mutex // guards what follows
	ping  bool       // one of ours is due
	pong  bool       // one is owed for a ping with payload
	marks []json.RawMessage
	came  chan struct{} // cap 1: there is something, for who waits for it alone
	told  []any         // messages to who speaks as go2rtc's players do
	stays bool          // it need not choose a mode
	// payload is that of the newest ping. RFC 6455, 5.5.3 has only that answered.
	payload []byte

	sound   *[]media.Codec // what is to be heard; nil: nothing new
	wish    wish           // for the past
	changed bool           // how the past is
	revoked bool           // the past may not be seen any more
}

// pinged notes a WebSocket ping.
func (m *mailbox) pinged(payload string) {
	m.pong, m.payload = true, append(m.payload[:0], payload...)
}

// asked notes a ping in JSON.
func (m *mailbox) asked(mark json.RawMessage) {
	if len(m.marks) == maxPongs {
		m.marks = slices.Delete(m.marks, 0, 1)
	}
	m.marks = append(m.marks, mark)
}

// client reads what a viewer's client sends, in a goroutine of its own.
type client struct {
	conn    *websocket.Conn
	dialect string
	limit   *rate.Limiter
	hello   chan []media.Codec     // cap 1: the codecs of the first hello
	mail    func(func(*mailbox))   // has the viewer answer
	stats   func(said clientStats) // notes what the player says of itself

	offer  func(ctx context.Context, offer string) (answer string, err error) // as Choice has it
	offers int                                                                // that were answered
}

func newClient(v *viewer, conn *websocket.Conn) *client {
	conn.SetReadLimit(MaxMessage)
	if v.dialect == DialectGo2RTC {
		conn.SetReadLimit(maxOffer)
	}
	return &client{
		conn:    conn,
		dialect: v.dialect,
		limit:   rate.NewLimiter(messageRate, messageBurst),
		hello:   make(chan []media.Codec, 1),
		mail:    v.mail,
		stats:   func(said clientStats) { v.own.Report(said.report()) },
		offer:   v.choice.Offer,
	}
}

// read reads until the client leaves or misbehaves, and says which.
func (c *client) read(ctx context.Context) error {
	c.conn.SetPongHandler(func(string) error { return c.heard(ctx) })
	c.conn.SetCloseHandler(func(int, string) error { return nil })
	c.conn.SetPingHandler(func(payload string) error {
		c.mail(func(m *mailbox) { m.pinged(payload) })
		return c.heard(ctx)
	})
	for {
		if err := c.heard(ctx); err != nil {
			return err
		}
		kind, message, err := c.conn.ReadMessage()
		if err != nil {
			return readFault(err)
		}
		if err := c.take(ctx, kind, message); err != nil {
			return err
		}
	}
}

// heard grants the client time for its next sign of life, and has those who
// send too much wait.
func (c *client) heard(ctx context.Context) error {
	if err := c.limit.Wait(ctx); err != nil {
		return err
	}
	return c.conn.SetReadDeadline(time.Now().Add(deadAfter))
}

// readFault tells those errors that a client is told of from those of a client
// that is gone.
func readFault(err error) error {
	var network net.Error
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		return faultTooLarge
	case errors.As(err, &network), errors.Is(err, net.ErrClosed), !strings.HasPrefix(err.Error(), "websocket: "):
		return err
	}
	if left := (*websocket.CloseError)(nil); errors.As(err, &left) {
		return err
	}
	return faultProtocol
}

// limitOf names the limit that ended a client's reading; "" where none did.
func limitOf(err error) string {
	var network net.Error
	switch {
	case errors.Is(err, faultTooLarge):
		return LimitViewerMessageBytes
	case errors.As(err, &network) && network.Timeout():
		return LimitWebSocketSilence
	}
	return ""
}

// take does what a message says.
func (c *client) take(ctx context.Context, kind int, text []byte) error {
	if c.dialect == DialectBare {
		return nil
	}
	if kind != websocket.TextMessage {
		return faultBinary
	}
	if c.dialect == DialectGo2RTC {
		return c.takeGo2RTC(ctx, text)
	}
	var m clientMessage
	if json.Unmarshal(text, &m) != nil || m.Type == "" {
		return faultNotJSON
	}
	switch m.Type {
	case "hello":
		return c.takeHello(m.Codecs)
	case "ping":
		return c.takePing(m.C)
	case "sound":
		c.takeSound(m.Codecs)
	case "stats":
		c.stats(m.clientStats)
	case "seek", "rate", "pause", "play":
		return c.takeWish(m)
	}
	return nil // a newer client may know more types
}

func (c *client) takeHello(names []string) error {
	codecs := named(names, shownCodecs)
	if len(codecs) == 0 {
		return faultNoCodec
	}
	c.choose(codecs)
	return nil
}

// choose says what the client can show and hear.
func (c *client) choose(codecs []media.Codec) {
	select {
	case c.hello <- codecs:
	default: // it is chosen already
	}
}

// named gives those of the codecs that a client names, in its order.
func named(names []string, of []media.Codec) (codecs []media.Codec) {
	for _, name := range names[:min(len(names), maxCodecs)] {
		if codec, known := codecNamed(name, of); known {
			codecs = append(codecs, codec)
		}
	}
	return codecs
}

func (c *client) takeSound(names []string) {
	codecs := named(names, heardCodecs)
	c.mail(func(m *mailbox) { m.sound = &codecs })
}

func (c *client) takePing(mark json.RawMessage) error {
	if len(mark) > maxPingMark {
		return faultNotJSON
	}
	if mark == nil {
		mark = json.RawMessage("null")
	}
	c.mail(func(m *mailbox) { m.asked(mark) })
	return nil
}

// empty appends the answers to b and forgets the questions. It also says
// whether a ping of ours is among them.
func (m *mailbox) empty(b []byte) (longer []byte, ours bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pong {
		b = appendSmall(b, opPong, m.payload)
	}
	if m.ping {
		b = appendSmall(b, opPing, nil)
	}
	for _, mark := range m.marks {
		b = appendText(b, pongMessage{Type: "pong", C: mark, ServerTimeUs: nowMicros()})
	}
	for _, message := range m.told {
		b = appendText(b, message)
	}
	m.told = nil
	ours = m.ping
	m.pong, m.ping, m.marks = false, false, m.marks[:0]
	return b, ours
}
