package upload

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
)

// readReply gives the next reply, or one of type "closed" with the close code.
func readReply(t *testing.T, conn *websocket.Conn) reply {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Minute))
	var r reply
	err := conn.ReadJSON(&r)
	if closed, ok := err.(*websocket.CloseError); ok {
		return reply{Type: "closed", Code: closed.Code, Message: closed.Text}
	}
	if err != nil {
		t.Errorf("reading a reply: %v", err)
	}
	return r
}

func expectReply(t *testing.T, conn *websocket.Conn, want reply) {
	t.Helper()
	got := readReply(t, conn)
	if want.Message == "" {
		got.Message = ""
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWebSocketPublisher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		conn := g.client("a").mustDial("phone/publish")
		expectReply(t, conn, reply{Type: "hint"})

		_ = conn.WriteMessage(websocket.BinaryMessage, camtest.Picture(1, 64, 48))
		expectReply(t, conn, reply{Type: "ack", Seq: 1})
		_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello"}`))
		_ = conn.WriteMessage(websocket.BinaryMessage, []byte("hello"))
		expectReply(t, conn, reply{Type: "error", Seq: 2, Code: 415})
		_ = conn.WriteMessage(websocket.BinaryMessage, enormous())
		expectReply(t, conn, reply{Type: "error", Seq: 3, Code: 422,
			Message: "picture too large: 65535x65535, of at most 8192 a side and 33177600 pixels"})
		_ = conn.WriteMessage(websocket.BinaryMessage, nil)
		expectReply(t, conn, reply{Type: "error", Seq: 4, Code: 422})

		reader := g.watch()
		expectReply(t, conn, reply{Type: "hint", Viewers: 1})
		reader.Close()
		expectReply(t, conn, reply{Type: "hint", Viewers: 0})
		if g.newest() != 1 {
			t.Errorf("newest picture is %d, want 1", g.newest())
		}
	})
}

func TestWebSocketTooFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := newRig(t, Options{}).client("a").mustDial("phone/publish")
		expectReply(t, conn, reply{Type: "hint"})
		for n := uint64(1); n <= 70; n++ {
			_ = conn.WriteMessage(websocket.BinaryMessage, camtest.Picture(int(n), 64, 48))
			expectReply(t, conn, reply{Type: "ack", Seq: n, Dropped: n > 60})
		}
	})
}

func TestWebSocketMessageTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := newRig(t, Options{MaxFrameBytes: 5000}).client("a").mustDial("phone/publish")
		expectReply(t, conn, reply{Type: "hint"})
		sent := make(chan error, 1)
		go func() { sent <- conn.WriteMessage(websocket.BinaryMessage, make([]byte, 5001)) }()
		expectReply(t, conn, reply{Type: "closed", Code: websocket.CloseMessageTooBig})
		<-sent
	})
}

// TestWebSocketThatIsCutIsToldWhy: another connection would end the same.
func TestWebSocketThatIsCutIsToldWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := newRig(t, Options{}).client("a").mustDial("phone/publish")
		expectReply(t, conn, reply{Type: "hint"})
		_ = conn.WriteMessage(websocket.TextMessage, make([]byte, maxTextBytes+1))
		_, _, err := conn.ReadMessage()
		closed := (*websocket.CloseError)(nil)
		if !errors.As(err, &closed) || closed.Code != websocket.ClosePolicyViolation || closed.Text == "" || strings.Contains(closed.Text, "context") {
			t.Errorf("got %v", err)
		}
	})
}

func TestHandshakesRefused(t *testing.T) {
	for _, tt := range []struct {
		name, path string
		status     int
	}{
		{"unknown camera", "nobody/publish", 404},
		{"camera with its own source", "front/publish", 409},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newRig(t, Options{})
				conn, response, _ := g.client("a").dial(tt.path, nil)
				if response == nil || response.StatusCode != tt.status {
					t.Errorf("%+v, want status %d", response, tt.status)
				}
				if conn != nil {
					_ = conn.Close()
				}
				synctest.Wait()
				if n := len(g.publishers.All()); n != 0 {
					t.Errorf("%d publishers are left", n)
				}
			})
		})
	}
}

func TestRequestThatIsNoHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		response, err := g.client("a").Get("http://gate/live/phone/publish")
		if err != nil || response.StatusCode != 400 {
			t.Errorf("%v %v, want status 400", response, err)
		}
		response.Body.Close()
	})
}

// TestDeadPeerIsDropped: a peer that answers no ping is gone after 15 s, one
// that does stays for longer, though it sends nothing.
func TestDeadPeerIsDropped(t *testing.T) {
	for _, answers := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t, Options{})
			conn := g.client("a").mustDial("phone/publish")
			if !answers {
				conn.SetPingHandler(func(string) error { return nil })
			}
			reading := make(chan struct{})
			go func() {
				defer close(reading)
				for {
					if _, _, err := conn.ReadMessage(); err != nil {
						return
					}
				}
			}()
			time.Sleep(16 * time.Second)
			synctest.Wait()
			if alive := len(g.publishers.All()) == 1; alive != answers {
				t.Errorf("answers pings: %v, is there after 16 s: %v", answers, alive)
			}
			_ = conn.Close()
			<-reading
		})
	}
}

// TestSlowPictureIsNoDeadPeer: a picture that takes longer than a peer may be
// silent arrives, though the pongs wait behind it; one that never ends does not
// keep the camera.
func TestSlowPictureIsNoDeadPeer(t *testing.T) {
	for pause, arrives := range map[time.Duration]bool{time.Second: true, 10 * time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t, Options{})
			conn := g.client("a").mustDial("phone/publish")
			picture := camtest.Picture(1, 64, 48)
			message := append([]byte{0x82, 0x80 | 126, byte(len(picture) >> 8), byte(len(picture)), 0, 0, 0, 0}, picture...)
			conn.SetPingHandler(func(string) error { return nil })
			acked := make(chan bool, 1)
			go func() { // ends with the connection
				r := reply{}
				for r.Type != "ack" {
					if conn.ReadJSON(&r) != nil {
						break
					}
				}
				acked <- r.Type == "ack"
			}()
			for part := range slices.Chunk(message, len(message)/20+1) {
				if _, err := conn.NetConn().Write(part); err != nil {
					break
				}
				time.Sleep(pause)
			}
			if got := <-acked; got != arrives {
				t.Errorf("a part every %v: arrived %v", pause, got)
			}
			_ = conn.Close()
		})
	}
}

// publishers is every way to publish: each begins with one picture and gives
// how it ended, when it has: a status or a close code.
var publishers = map[string]func(c *client, query string) <-chan int{
	"post": func(c *client, query string) <-chan int {
		ended := make(chan int, 1)
		if status := c.postPicture("phone.jpg"+query, 1).StatusCode; status != 204 {
			ended <- status
		}
		return ended
	},
	"endless": func(c *client, query string) <-chan int {
		body, status := c.begin("phone.mjpeg"+query, mpjpeg)
		_, _ = body.Write(camtest.Picture(1, 64, 48))
		return status
	},
	"websocket": func(c *client, query string) <-chan int {
		ended := make(chan int, 1)
		conn, response, err := c.dial("phone/publish"+query, nil)
		if err != nil {
			ended <- response.StatusCode
			return ended
		}
		go func() {
			_ = conn.WriteMessage(websocket.BinaryMessage, camtest.Picture(1, 64, 48))
			for {
				_, _, err := conn.ReadMessage()
				if closed, ok := err.(*websocket.CloseError); ok {
					ended <- closed.Code
				}
				if err != nil {
					_ = conn.Close()
					return
				}
			}
		}()
		return ended
	},
}

// over says how a publisher ended, 0 if it has not.
func over(ended <-chan int) int {
	time.Sleep(2 * time.Second) // a refused body is read on for a second
	synctest.Wait()
	select {
	case code := <-ended:
		return code
	default:
		return 0
	}
}

func TestOnePublisherACamera(t *testing.T) {
	takenOver := map[string]int{"endless": 409, "websocket": websocket.ClosePolicyViolation}
	for first, begin := range publishers {
		for second, follow := range publishers {
			t.Run(first+" then "+second, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					g := newRig(t, Options{})
					earlier := begin(g.client("a"), "?publisher=x")
					synctest.Wait()
					if got := over(follow(g.client("b"), "")); got != 409 {
						t.Errorf("a stranger: %d, want 409", got)
					}
					if got := over(follow(g.client("a"), "?publisher=y")); got != 409 {
						t.Errorf("another name: %d, want 409", got)
					}
					if got := over(earlier); got != 0 {
						t.Errorf("the first ended (%d) for the sake of others", got)
					}
					later := follow(g.client("b"), "?publisher=x")
					if got := over(later); got != 0 {
						t.Errorf("the same name from another address: %d", got)
					}
					if got := over(earlier); got != takenOver[first] {
						t.Errorf("the first ended with %d, want %d", got, takenOver[first])
					}
				})
			})
		}
	}
}

// TestUnnamedPublisherOfOneAddress: an address is not a name, since many may
// share it; but single POSTs hold the camera for nobody else than their sender.
func TestUnnamedPublisherOfOneAddress(t *testing.T) {
	for first, begin := range publishers {
		for second, follow := range publishers {
			t.Run(first+" then "+second, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					g := newRig(t, Options{})
					begin(g.client("a"), "")
					synctest.Wait()
					want := 409
					if first == "post" {
						want = 0
					}
					if got := over(follow(g.client("a"), "")); got != want {
						t.Errorf("the second got %d, want %d", got, want)
					}
				})
			})
		}
	}
}

func TestCloseEndsPublishers(t *testing.T) {
	want := map[string]int{"endless": 503, "websocket": websocket.CloseGoingAway}
	for name, begin := range publishers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newRig(t, Options{})
				ended := begin(g.client("a"), "")
				synctest.Wait()
				began := time.Now()
				g.publishers.Close()
				if took := time.Since(began); took > time.Second {
					t.Errorf("closing took %v", took)
				}
				if got := over(ended); got != want[name] {
					t.Errorf("ended with %d, want %d", got, want[name])
				}
				if got := g.client("a").post("phone.mjpeg", mpjpeg, bytes.NewReader(camtest.Picture(1, 64, 48))).StatusCode; got != 503 {
					t.Errorf("after that: status %d, want 503", got)
				}
			})
		})
	}
}

// TestCloseWhilePublisherDoesNotRead: a WebSocket whose peer reads nothing
// ends as fast as another.
func TestCloseWhilePublisherDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		g.client("a").mustDial("phone/publish") // and the hint waits to be read
		synctest.Wait()
		began := time.Now()
		g.publishers.Close()
		if took := time.Since(began); took > time.Second {
			t.Errorf("closing took %v", took)
		}
	})
}
