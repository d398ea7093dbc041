package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/delivery"
	"framegate/gateway/output/live"
	"framegate/gateway/output/live/wire"
	"framegate/gateway/stream"
)

// TestDelaysAreTrueThoughClocksDiffer has node a own a camera, whose clock is 3 s ahead; b is
// shown it by a, and c by b.
func TestDelaysAreTrueThoughClocksDiffer(t *testing.T) {
	t.Parallel()
	const ahead = 3 * time.Second
	camera := countingCamera(t, 0)
	nodes := wiredNodesBy(t, 3, "cameras: {front: {source: '"+camera.URL("/")+"', keep: always}}\n", func() time.Time { return time.Now().Add(ahead) }, func(_ string, s *server) {
		s.node.tree.Most = 1 // so that what the next asks for comes by the first
	})
	a, b, c := nodes[0], nodes[1], nodes[2]
	placed(t, nodes, "front", "a")
	takenAt := takenBy(t, a)
	takenBy(t, b) // which has c get it there
	for _, s := range []*server{b, c} {
		await(t, "the clock of a is known at "+s.node.name(), func() bool { return s.node.ahead("a") > 0 })
		if m, _ := s.node.cluster.Member("a"); (m.Clock - ahead).Abs() > m.Doubt+time.Millisecond {
			t.Errorf("%s takes the clock of a to be %v ahead, by %v more or less", s.node.name(), m.Clock, m.Doubt)
		}
		_, doubt, _ := s.node.cluster.Ahead("a")
		seen := func() (told string, off time.Duration) {
			told, picture, taken := firstSeen(t, s)
			return told, taken.Sub(takenAt(picture).Add(-ahead))
		}
		await(t, fmt.Sprintf("%s shows what came since it knew the clock", s.node.name()), func() bool {
			_, off := seen()
			return off.Abs() <= doubt+time.Millisecond
		})
		told, off := seen() // and all that follows
		if off.Abs() > doubt+time.Millisecond {
			t.Errorf("at %s a picture was taken %v later than it was, where %v may be", s.node.name(), off, doubt)
		}
		if !strings.Contains(told, `"doubtMs":`) {
			t.Errorf("at %s a player is told %s", s.node.name(), told)
		}
	}
	if flows := c.node.relayed.Flows(); len(flows) != 1 || flows[0].From != "b" {
		t.Errorf("c is shown %+v", flows)
	}
	told, picture, taken := firstSeen(t, a)
	if !taken.Equal(takenAt(picture).Truncate(time.Microsecond)) || strings.Contains(told, "doubtMs") {
		t.Errorf("at its owner, whose times recordings have, a picture was taken at %v, and a player is told %s", taken, told)
	}
}

// takenBy gives what waits until a server has a picture of the camera front, and says
// when it was taken by its clock.
func takenBy(t *testing.T, s *server) func(picture string) time.Time {
	t.Helper()
	r, err := s.hub.Open(stream.Key{Camera: "front"}, stream.ReadOptions{Sequential: true})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex // guards taken
	taken := make(map[string]time.Time)
	ctx, cancel := context.WithCancel(context.Background())
	var reading sync.WaitGroup
	reading.Go(func() { // ends by cancel
		for ctx.Err() == nil {
			if f, err := r.Next(ctx); err == nil {
				mu.Lock()
				taken[string(f.Data)] = f.Wall
				mu.Unlock()
			}
		}
	})
	t.Cleanup(func() { cancel(); reading.Wait(); r.Close() })
	return func(picture string) (at time.Time) {
		t.Helper()
		await(t, "the owner has the picture", func() bool {
			mu.Lock()
			defer mu.Unlock()
			at = taken[picture]
			return !at.IsZero()
		})
		return at
	}
}

// firstSeen gives what a player is told first of the camera front, its first picture, and
// when that was taken.
func firstSeen(t *testing.T, s *server) (hello, picture string, taken time.Time) {
	t.Helper()
	player := live.New(delivery.Options{Hub: s.hub, Log: slog.New(slog.DiscardHandler)})
	key := stream.Key{Camera: "front"}
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		choice := live.Choice{Own: key, H264: key, JPEG: key, Doubt: func() time.Duration { return s.node.doubt("front") }}
		_ = player.ServeWebSocket(w, r, choice, stream.Client{Address: "somebody"}) // whoever asks finds out
	}))
	defer served.Close()
	defer player.Close()
	ctx, cancel := context.WithTimeout(t.Context(), ceiling)
	defer cancel()
	dialer := websocket.Dialer{Subprotocols: []string{live.Subprotocol}}
	conn, answer, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(served.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	defer conn.Close()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello","codecs":["jpeg"]}`)); err != nil {
		t.Fatal(err)
	}
	for {
		if err := conn.SetReadDeadline(time.Now().Add(ceiling)); err != nil {
			t.Fatal(err)
		}
		kind, message, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if kind == websocket.TextMessage {
			if strings.Contains(string(message), `"hello"`) {
				hello = string(message)
			}
			continue
		}
		head, payload, err := wire.Read(message)
		if err != nil {
			t.Fatal(err)
		}
		if head.Kind == wire.KindFrame {
			return hello, string(payload), head.Wall
		}
	}
}
