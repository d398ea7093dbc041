package live

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/delivery"
	"framegate/gateway/stream"
)

// The tests of this file are about time, so they use pipes instead of sockets.

// hijackable is a response whose connection can be taken over.
type hijackable struct {
	http.ResponseWriter
	conn net.Conn
}

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

// serverless is a site without a server.
func serverless(t *testing.T) *site {
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return nil, nil }})
	s := &site{t: t, hub: hub, live: New(delivery.Options{Hub: hub}), choice: choice}
	t.Cleanup(func() { s.live.Close(); hub.Close() })
	return s
}

// pipe gives a player at the other end of a pipe, which holds no byte back.
func (s *site) pipe(query string, protocols ...string) *player {
	s.t.Helper()
	near, far := net.Pipe()
	go func() { // ends with the viewer
		request, err := http.ReadRequest(bufio.NewReader(far))
		if err == nil {
			err = s.live.ServeWebSocket(hijackable{httptest.NewRecorder(), far}, request, s.choice, stream.Client{})
		}
		if err != nil {
			s.t.Error(err)
		}
	}()
	d := &websocket.Dialer{Subprotocols: protocols, NetDial: func(string, string) (net.Conn, error) { return near, nil }}
	conn, _, err := d.Dial("ws://x/live/front"+query, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { near.Close() })
	return &player{t: s.t, conn: conn}
}

func TestNoHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serverless(t)
		began := time.Now()
		p := s.pipe("", Subprotocol)
		if code, why := p.end(); code != websocket.ClosePolicyViolation || why.Code != 408 {
			t.Errorf("closed with %d, %+v", code, why)
		}
		if d := time.Since(began); d != helloTime {
			t.Errorf("after %v", d)
		}
	})
}

// TestPings has a client that is pinged at its times and answers, and so stays.
func TestPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serverless(t).pipe("?codec=jpeg", Subprotocol)
		began := time.Now()
		var pings []time.Duration
		p.conn.SetPingHandler(func(payload string) error {
			pings = append(pings, time.Since(began))
			return p.conn.WriteControl(websocket.PongMessage, []byte(payload), time.Time{})
		})
		_ = p.conn.SetReadDeadline(began.Add(time.Hour - time.Second))
		for {
			if _, _, err := p.conn.ReadMessage(); err != nil {
				break
			}
		}
		if time.Since(began) != time.Hour-time.Second || len(pings) != 179 || pings[0] != pingEvery || pings[178] != 179*pingEvery {
			t.Errorf("it lasted %v; %d pings: %v", time.Since(began), len(pings), pings)
		}
	})
}

// TestDeadClient takes everything and says nothing.
func TestDeadClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serverless(t)
		var hits []string // of the one client
		s.live.limited = func(limit string) { hits = append(hits, limit) }
		p := s.pipe("?codec=jpeg", Subprotocol)
		p.conn.SetPingHandler(func(string) error { return nil })
		began := time.Now()
		_ = p.conn.SetReadDeadline(began.Add(time.Hour))
		for {
			if _, _, err := p.conn.ReadMessage(); err != nil {
				break
			}
		}
		if d := time.Since(began); d != deadAfter {
			t.Errorf("cut after %v", d)
		}
		synctest.Wait()
		if len(hits) != 1 || hits[0] != LimitWebSocketSilence {
			t.Errorf("hits of %q", hits)
		}
		if n := s.hub.Viewers("front"); n != 0 {
			t.Errorf("%d viewers left", n)
		}
	})
}

// TestStalledClient takes nothing, and is cut in time.
func TestStalledClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serverless(t)
		camera := s.attach(own)
		s.pipe("?codec=jpeg", Subprotocol)
		camera.Give(picture(1))
		time.Sleep(delivery.Patience - time.Nanosecond)
		synctest.Wait()
		if n := s.hub.Viewers("front"); n != 1 {
			t.Fatal("cut too early")
		}
		time.Sleep(2 * time.Nanosecond)
		synctest.Wait()
		if n := s.hub.Viewers("front"); n != 0 {
			t.Error("not cut")
		}
	})
}

// TestPatienceOfOptions: another is told, and kept to.
func TestPatienceOfOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hits atomic.Int64
		s := serverless(t)
		s.live = New(delivery.Options{Hub: s.hub, Patience: 3 * time.Second, Limited: func(limit string) {
			hits.Add(1)
			if limit != delivery.LimitViewerPatience {
				t.Errorf("hit of %q", limit)
			}
		}})
		t.Cleanup(s.live.Close)
		camera := s.attach(own)
		s.pipe("?codec=jpeg", Subprotocol)
		camera.Give(picture(1))
		time.Sleep(3*time.Second - time.Nanosecond)
		synctest.Wait()
		if hits.Load() != 0 {
			t.Error("cut too early")
		}
		time.Sleep(2 * time.Nanosecond)
		synctest.Wait()
		if n := s.hub.Viewers("front"); n != 0 || hits.Load() != 1 {
			t.Errorf("%d viewers left, %d hits", n, hits.Load())
		}
	})
}

// TestCloseCutsClientsThatTakeNothing: also one that takes the close frame and
// does not answer.
func TestCloseCutsClientsThatTakeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serverless(t)
		camera := s.attach(own)
		s.pipe("?codec=jpeg", Subprotocol)
		camera.Give(picture(1))
		deaf := s.pipe("?codec=h264")
		deaf.conn.SetCloseHandler(func(int, string) error { return nil })
		go func() { _, _, _ = deaf.conn.ReadMessage() }() // ends with the connection
		synctest.Wait()
		began := time.Now()
		s.live.Close()
		if d := time.Since(began); d != closePatience {
			t.Errorf("closed after %v", d)
		}
		if n := s.hub.Viewers("front"); n != 0 {
			t.Errorf("%d viewers left", n)
		}
	})
}

// TestStateOfCamera looks at what a viewer is told each second, and that it is
// told nothing twice.
func TestStateOfCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serverless(t)
		p := s.pipe("?codec=jpeg", Subprotocol)
		var told []string
		go func() { // ends with the connection
			for {
				m, _, err := p.receive()
				if err != nil {
					return
				}
				if m != nil && m.Type == "state" {
					told = append(told, m.Camera)
				}
			}
		}()
		time.Sleep(5 * time.Second)
		camera := s.attach(own)
		time.Sleep(5 * time.Second)
		camera.Give(picture(1))
		time.Sleep(5 * time.Second)
		camera.Leave()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		want := []string{"offline", "connecting", "online", "offline"}
		if len(told) != len(want) || told[0] != want[0] || told[1] != want[1] || told[2] != want[2] || told[3] != want[3] {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}
