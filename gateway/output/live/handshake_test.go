package live

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"framegate/gateway/delivery"
	"framegate/gateway/stream"
)

// handshake is a request that would do.
func handshake(query string, protocols ...string) *http.Request {
	r := httptest.NewRequest("GET", "http://cams.example/live/front"+query, nil)
	r.Header = http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	if protocols != nil {
		r.Header.Set("Sec-WebSocket-Protocol", strings.Join(protocols, ", "))
	}
	return r
}

// TestRefusals sees that nothing is answered, and nothing left open, where the
// caller is to answer.
func TestRefusals(t *testing.T) {
	s := newSite(t, overTCP)
	without := func(name string) *http.Request {
		r := handshake("")
		r.Header.Del(name)
		return r
	}
	old := handshake("")
	old.Header.Set("Sec-WebSocket-Version", "8")
	posted := handshake("")
	posted.Method = "POST"
	for name, c := range map[string]struct {
		r      *http.Request
		choice Choice
		want   error
	}{
		"a plain request":         {httptest.NewRequest("GET", "/live/front", nil), choice, ErrNotWebSocket},
		"no upgrade":              {without("Upgrade"), choice, ErrNotWebSocket},
		"no key":                  {without("Sec-Websocket-Key"), choice, ErrNotWebSocket},
		"an old version":          {old, choice, ErrNotWebSocket},
		"another method":          {posted, choice, ErrNotWebSocket},
		"a response of no socket": {handshake(""), choice, ErrNotWebSocket},
		"another codec":           {handshake("?codec=av1", Subprotocol), choice, ErrBadCodec},
		"JPEG as MP4":             {handshake("?codec=jpeg"), choice, ErrBadCodec},
		"another camera":          {handshake(""), Choice{H264: stream.Key{Camera: "back", Rendition: "h264"}}, stream.ErrUnknown},
	} {
		w := httptest.NewRecorder()
		err := s.live.ServeWebSocket(w, c.r, c.choice, stream.Client{})
		if !errors.Is(err, c.want) || w.Body.Len() > 0 {
			t.Errorf("%s: %v, %q", name, err, w.Body)
		}
		if upgrade := w.Header().Get("Upgrade"); (upgrade == "websocket") != (c.want == ErrNotWebSocket) {
			t.Errorf("%s: Upgrade: %q", name, upgrade)
		}
	}
	if n := s.hub.Viewers("front"); n != 0 {
		t.Errorf("%d viewers left", n)
	}
}

func TestFullHouse(t *testing.T) {
	hub := stream.New(stream.Options{
		Resolve: func(stream.Key) (stream.Source, error) { return nil, nil },
		Limits:  stream.Limits{ViewersPerCamera: 1},
	})
	defer hub.Close()
	defer mustOpen(t, hub).Close()
	err := New(delivery.Options{Hub: hub}).ServeWebSocket(httptest.NewRecorder(), handshake(""), choice, stream.Client{})
	if !errors.Is(err, stream.ErrFull) {
		t.Error(err)
	}
}

func mustOpen(t *testing.T, hub *stream.Hub) *stream.Reader {
	t.Helper()
	r, err := hub.Open(own, stream.ReadOptions{Client: &stream.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSubprotocols: browsers break off where they asked for one and get none,
// so the answer must be right.
func TestSubprotocols(t *testing.T) {
	s := newSite(t, overTCP)
	for _, c := range []struct {
		asked []string
		want  string
	}{
		{nil, ""},
		{[]string{"framegate.v1"}, "framegate.v1"},
		{[]string{"framegate.v2", "framegate.v1"}, "framegate.v1"},
		{[]string{"other"}, ""},
	} {
		conn, response, err := (&websocket.Dialer{Subprotocols: c.asked}).Dial(s.url(""), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := conn.Subprotocol(); got != c.want || response.Header.Get("Sec-WebSocket-Extensions") != "" {
			t.Errorf("asked for %q, got %q, %v", c.asked, got, response.Header)
		}
		conn.Close()
	}
}

// TestNoWebSocketOverHTTP2 is an answer that clients of HTTP/2 take: they know
// no Connection and no Upgrade (RFC 9113, 8.2.2), and curl and browsers end a
// stream with such.
func TestNoWebSocketOverHTTP2(t *testing.T) {
	s := newSite(t, overHTTP2)
	response, err := s.server.Client().Get(s.server.URL + "/live/front")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.ProtoMajor != 2 || response.StatusCode != 418 {
		t.Errorf("%s, %s", response.Proto, response.Status)
	}
	if upgrade := response.Header.Get("Upgrade"); upgrade != "" || response.Header.Get("Sec-WebSocket-Version") != "13" {
		t.Errorf("headers %v", response.Header)
	}
}
