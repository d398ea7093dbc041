package delivery

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// hits counts the hits of limits.
type hits struct {
	mu sync.Mutex // guards of
	of []string
}

func (h *hits) limited(limit string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.of = append(h.of, limit)
}

func (h *hits) expect(t *testing.T, want ...string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if strings.Join(h.of, " ") != strings.Join(want, " ") {
		t.Errorf("hits of %q, want %q", h.of, want)
	}
}

// TestViewerThatTakesNothing is cut after the patience that Options say, and
// counted once, also where it rode the pump before.
func TestViewerThatTakesNothing(t *testing.T) {
	tooMuch := strings.Repeat("x", 32<<20) // for any socket's queues
	for name, before := range map[string]func(*rig, *guest){
		"at once": func(*rig, *guest) {},
		"on the pump": func(r *rig, g *guest) {
			r.give("1")
			g.expect(r.t, "1")
			r.awaitRiders(1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			var got hits
			r.crowd.patience, r.crowd.limited = time.Second, got.limited
			g := r.enter(func(*guest) {})
			before(r, g)
			began := time.Now()
			r.give(tooMuch)
			select {
			case err := <-g.returned:
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("ended with %v", err)
				}
			case <-time.After(soon):
				t.Fatal("not cut")
			}
			if took := time.Since(began); took < time.Second || took >= Patience {
				t.Errorf("cut after %v", took)
			}
			got.expect(t, LimitViewerPatience)
		})
	}
}

// TestViewerThatLeavesIsNoHit, nor is one that reads what it gets.
func TestViewerThatLeavesIsNoHit(t *testing.T) {
	r := newRig(t)
	var got hits
	r.crowd.limited = got.limited
	leaves, stays := r.enter(func(*guest) {}), r.enter(func(*guest) {})
	r.give("1")
	leaves.expect(t, "1")
	stays.expect(t, "1")
	r.awaitRiders(2)
	leaves.far.Close()
	r.give(strings.Repeat("x", 32<<20))
	if err := <-leaves.returned; err == nil {
		t.Error("ended without a reason")
	}
	stays.expect(t, strings.Repeat("x", 32<<20))
	got.expect(t)
}

// TestStreamThatIsNotTaken looks at what lies above TCP, to the second.
func TestStreamThatIsNotTaken(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(c Conn, far net.Conn)
		want []string
		took time.Duration
	}{
		"it takes nothing":     {func(Conn, net.Conn) {}, []string{LimitViewerPatience}, 7 * time.Second},
		"it takes one more":    {func(_ Conn, far net.Conn) { _, _ = far.Read(make([]byte, maxWrite)) }, []string{LimitViewerPatience}, 12 * time.Second},
		"it leaves":            {func(_ Conn, far net.Conn) { far.Close() }, nil, 5 * time.Second},
		"the server cuts it":   {func(c Conn, _ net.Conn) { c.Cut() }, nil, 5 * time.Second},
		"the server closes it": {func(c Conn, _ net.Conn) { c.Close() }, nil, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				defer far.Close()
				var got hits
				conn := NewConn(near)
				defer conn.Close()
				conn.bind(7*time.Second, got.limited)
				began := time.Now()
				time.AfterFunc(5*time.Second, func() { c.end(conn, far) })
				if err := conn.Write(Message{Body: make([]byte, 10*maxWrite)}); err == nil {
					t.Error("all was written")
				}
				if took := time.Since(began); took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
				got.expect(t, c.want...)
			})
		})
	}
}

// TestHTTP2ViewerThatTakesNothing: the window of its stream is full, and its
// connection is not.
func TestHTTP2ViewerThatTakesNothing(t *testing.T) {
	var got hits
	ended := make(chan error, 1)
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return nil, nil }})
	defer hub.Close()
	crowd := NewCrowd(Options{Hub: hub, Patience: time.Second, Limited: got.limited}, time.Minute)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := Begin(w, r)
		if err != nil {
			ended <- err
			return
		}
		reader, err := hub.Open(front, stream.ReadOptions{})
		if err != nil {
			ended <- err
			return
		}
		seat := crowd.Enter(still{}, conn, front, reader)
		defer seat.Leave()
		for err == nil {
			err = seat.Write(Message{Body: make([]byte, 1<<20)})
		}
		ended <- err
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	response, err := server.Client().Do(request)
	if err != nil || response.ProtoMajor != 2 {
		t.Fatalf("%v, %v", response, err)
	}
	defer response.Body.Close()
	select {
	case <-ended:
	case <-ctx.Done():
		t.Fatal("not cut")
	}
	got.expect(t, LimitViewerPatience)
}

// still is a viewer that the pump never serves.
type still struct{}

func (still) Message(*media.Frame) (Message, bool) { return Message{}, false }

// wrapped is a connection whose reads are looked at.
type wrapped struct{ net.Conn }

func (w wrapped) Unwrap() net.Conn { return w.Conn }

// TestWrappedConnections are written to as those that they wrap, and have
// their queues bounded under TLS too.
func TestWrappedConnections(t *testing.T) {
	near, _ := tcpPair(t)
	if c, ok := NewConn(wrapped{near}).(*tcpConn); !ok || c.tcp != near {
		t.Errorf("written to by %T", c)
	}
	if got := below(tls.Server(wrapped{near}, new(tls.Config))); got != near {
		t.Errorf("below TLS there is %v", got)
	}
}
