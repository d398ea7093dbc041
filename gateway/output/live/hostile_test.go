package live

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/media"
)

// TestBadMessages sees what clients are told that do not keep to the protocol.
func TestBadMessages(t *testing.T) {
	for name, c := range map[string]struct {
		kind        int
		message     string
		code, error int
	}{
		"too long":         {websocket.TextMessage, `{"type":"hello","codecs":["` + strings.Repeat("x", 4096) + `"]}`, 1009, 413},
		"binary":           {websocket.BinaryMessage, "{}", 1003, 415},
		"not JSON":         {websocket.TextMessage, "hello", 1007, 400},
		"not an object":    {websocket.TextMessage, "[]", 1007, 400},
		"without a type":   {websocket.TextMessage, "{}", 1007, 400},
		"of a wrong type":  {websocket.TextMessage, `{"type":1}`, 1007, 400},
		"without codecs":   {websocket.TextMessage, `{"type":"hello"}`, 1008, 406},
		"unknown codecs":   {websocket.TextMessage, `{"type":"hello","codecs":["av1","vp9"]}`, 1008, 406},
		"a long ping mark": {websocket.TextMessage, `{"type":"ping","c":"` + strings.Repeat("x", 100) + `"}`, 1007, 400},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, overTCP)
			hits := make(chan string, 10)
			s.live.limited = func(limit string) { hits <- limit }
			camera := s.attach(own)
			camera.Give(picture(1))
			p := s.dial("?codec=jpeg")
			p.frame()
			if err := p.conn.WriteMessage(c.kind, []byte(c.message)); err != nil {
				t.Fatal(err)
			}
			code, why := p.end()
			if code != c.code || why.Code != c.error || why.Message == "" {
				t.Errorf("closed with %d, error %+v", code, why)
			}
			p.conn.Close()
			waitFor(t, "the viewer leaves", func() bool { return len(s.hub.Watchers()) == 0 })
			close(hits)
			if hit := <-hits; (hit == LimitViewerMessageBytes) != (name == "too long") || len(hits) > 0 {
				t.Errorf("hit of %q, and %d more", hit, len(hits))
			}
		})
	}
}

// TestUnknownMessagesMeanNothing: a newer client may send them.
func TestUnknownMessagesMeanNothing(t *testing.T) {
	s := newSite(t, overTCP)
	s.attach(own).Give(picture(1))
	p := s.dial("")
	p.say(map[string]any{"type": "wink", "codecs": 5})
	code, why := p.end()
	if code != 1007 || why.Code != 400 {
		t.Errorf("closed with %d, error %+v", code, why) // a known field of a wrong type
	}
	p = s.dial("")
	p.say(map[string]any{"type": "wink", "eye": "left"})
	p.say(map[string]any{"type": "hello", "codecs": []string{"jpeg"}, "name": "x"})
	p.frame()
}

// raw opens a WebSocket without a library.
func (s *site) raw(protocol string) net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(soon))
	fmt.Fprintf(conn, "GET /live/front?codec=h264 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", protocol)
	head := make([]byte, 0, 512)
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		b := make([]byte, 1)
		if _, err := conn.Read(b); err != nil {
			s.t.Fatal(err)
		}
		head = append(head, b...)
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		s.t.Fatalf("%s", head)
	}
	return conn
}

// TestBrokenFrames: the reason comes whole and last, in the dialect without
// messages too.
func TestBrokenFrames(t *testing.T) {
	for name, b := range map[string][]byte{
		"not masked":               {0x81, 2, '{', '}'},
		"a reserved opcode":        {0x83, 0x80, 0, 0, 0, 0},
		"a reserved bit":           {0xC1, 0x80, 0, 0, 0, 0},
		"a long ping":              {0x89, 0xFE, 0, 126, 0, 0, 0, 0},
		"a continuation of naught": {0x80, 0x80, 0, 0, 0, 0},
		"a bad close code":         {0x88, 0x82, 0, 0, 0, 0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, overTCP)
			conn := s.raw("")
			if _, err := conn.Write(b); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(conn)
			want := append([]byte{0x88, byte(2 + len(faultProtocol.Message)), 1002 >> 8, 1002 & 0xFF}, faultProtocol.Message...)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// TestClientLeaves in the ways that clients do.
func TestClientLeaves(t *testing.T) {
	for name, leave := range map[string]func(*player){
		"with a close frame": func(p *player) {
			m := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
			if err := p.conn.WriteMessage(websocket.CloseMessage, m); err != nil {
				p.t.Fatal(err)
			}
			if code, _ := p.end(); code != websocket.CloseNormalClosure {
				p.t.Errorf("answered with %d", code)
			}
		},
		"without a word": func(p *player) { p.conn.NetConn().Close() },
		"with a reset": func(p *player) {
			_ = p.conn.NetConn().(*net.TCPConn).SetLinger(0)
			p.conn.NetConn().Close()
		},
	} {
		for _, when := range []string{"before its hello", "before the camera", "while it watches"} {
			t.Run(name+" "+when, func(t *testing.T) {
				s := newSite(t, overTCP)
				p := s.dial("")
				if when != "before its hello" {
					p.say(map[string]any{"type": "hello", "codecs": []string{"jpeg"}})
					p.text("state")
				}
				if when == "while it watches" {
					s.attach(own).Give(picture(1))
					p.frame()
				}
				leave(p)
				waitFor(t, "the viewer leaves", func() bool { return s.hub.Viewers("front") == 0 })
			})
		}
	}
}

// TestClientLeavesInTheMidst has a client say goodbye while the pump writes to
// it without a pause.
func TestClientLeavesInTheMidst(t *testing.T) {
	s := newSite(t, overTCP)
	camera := s.attach(own)
	camera.Give(picture(0))
	p := s.watch("jpeg")
	for n := range 20 {
		p.frame()
		camera.Give(picture(n))
	}
	m := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if err := p.conn.WriteMessage(websocket.CloseMessage, m); err != nil {
		t.Fatal(err)
	}
	ended := make(chan int)
	go func() { // ends with the connection
		code, _ := p.end()
		ended <- code
	}()
	for n := 0; ; n++ {
		select {
		case code := <-ended:
			if code != websocket.CloseNormalClosure {
				t.Errorf("answered with %d", code)
			}
			waitFor(t, "the viewer leaves", func() bool { return s.hub.Viewers("front") == 0 })
			return
		default:
			camera.Give(picture(n))
		}
	}
}

// TestPingFlood has a client send pings of both kinds as fast as it can, and
// read nothing. They wait in its own connection, and cost others nothing.
func TestPingFlood(t *testing.T) {
	s := newSite(t, overTCP)
	camera := s.attach(own)
	frames := clip(t, 0, 20, 10, "")
	camera.Give(frames[0])
	flood := s.raw("Sec-WebSocket-Protocol: " + Subprotocol + "\r\n")
	message := []byte(`{"type":"ping","c":1}`)
	masked := append([]byte{0x81, 0x80 | byte(len(message)), 0, 0, 0, 0}, message...)
	pings := bytes.Repeat(append([]byte{0x89, 0x80, 0, 0, 0, 0}, masked...), 100)
	flooded := make(chan int)
	go func() { // ends when the connection is closed
		total := 0
		for {
			_ = flood.SetWriteDeadline(time.Now().Add(time.Second))
			n, err := flood.Write(pings)
			if total += n; err != nil || total > 64<<20 {
				flooded <- total
				return
			}
		}
	}()
	p := s.watch("h264")
	p.frame()
	for n := 1; n < 20; n++ {
		camera.Give(frames[n])
		if m := p.frame(); m.Seq != uint64(n+1) {
			t.Fatalf("%+v", m)
		}
	}
	if total := <-flooded; total > 64<<20 {
		t.Error("it was all read")
	}
}

// TestMailboxIsBounded: of WebSocket pings the newest is answered (RFC 6455,
// 5.5.3), of those in JSON the newest few.
func TestMailboxIsBounded(t *testing.T) {
	var box mailbox
	for n := range 20 {
		box.pinged(fmt.Sprint(n))
		box.asked(json.RawMessage(fmt.Sprint(n)))
	}
	b, ours := box.empty(nil)
	if !bytes.HasPrefix(b, []byte{opPong, 2, '1', '9', opText}) || ours || bytes.Count(b, []byte(`"type":"pong"`)) != maxPongs ||
		!bytes.Contains(b, []byte(`"c":12,`)) || !bytes.Contains(b, []byte(`"c":19,`)) {
		t.Errorf("%q", b)
	}
	if b, _ := box.empty(nil); len(b) > 0 {
		t.Errorf("%q twice", b)
	}
}

// FuzzMessage: whatever a client says, it is answered or its connection ends.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{`{"type":"hello","codecs":["h264"]}`, `{"type":"ping","c":[1,"é"]}`, `{"type":"stats","shown":1e3}`, `{"type":"ping","c":`, "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, message string) {
		var box mailbox
		c := &client{hello: make(chan []media.Codec, 1), dialect: DialectFramegate, stats: func(clientStats) {}, mail: func(change func(*mailbox)) { change(&box) }}
		if err := c.take(t.Context(), websocket.TextMessage, []byte(message)); err != nil {
			if b, said := lastWords(err, DialectFramegate); !said || len(b) == 0 {
				t.Fatalf("%v is not said", err)
			}
		}
		for b, _ := box.empty(nil); len(b) > 0; {
			n, at := int(b[1]), 2
			if n == 126 {
				n, at = int(binary.BigEndian.Uint16(b[2:])), 4
			}
			if b[0] != opText || len(b) < at+n || !json.Valid(b[at:at+n]) {
				t.Fatalf("answered %q", b)
			}
			b = b[at+n:]
		}
	})
}
