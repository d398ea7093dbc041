package upload

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/publish"
)

// hits counts the hits of limits.
type hits struct {
	mu sync.Mutex // guards of
	of map[string]int
}

func (h *hits) limited(limit string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of == nil {
		h.of = make(map[string]int)
	}
	h.of[limit]++
}

// limitCases hit each limit in each way there is to publish.
var limitCases = map[string]struct {
	options Options
	publish func(g *rig, c *client)
	want    map[string]int
}{
	"none": {Options{}, func(_ *rig, c *client) {
		c.postPicture("phone.jpg", 1)
		c.post("phone.jpg", "image/jpeg", strings.NewReader("GIF89a"))
		c.post("front.jpg", "image/jpeg", strings.NewReader("GIF89a"))
	}, map[string]int{}},
	"a POST that says it is too large": {Options{MaxFrameBytes: 5000}, func(_ *rig, c *client) {
		c.post("phone.jpg", "image/jpeg", bytes.NewReader(make([]byte, 5001)))
	}, map[string]int{LimitFrameBytes: 1}},
	"a POST that turns out too large": {Options{MaxFrameBytes: 5000}, func(_ *rig, c *client) {
		c.post("phone.jpg", "image/jpeg", struct{ *bytes.Reader }{bytes.NewReader(make([]byte, 100_000))})
	}, map[string]int{LimitFrameBytes: 1}},
	"a form of empty parts": {Options{}, func(g *rig, c *client) {
		body := strings.Repeat("--x\r\n\r\n\r\n", 300_000)
		if got := c.post("phone.jpg", "multipart/form-data; boundary=x", strings.NewReader(body)); got.StatusCode != 400 || !strings.Contains(got.Status, "parts of the form") {
			g.t.Errorf("status %d, %s", got.StatusCode, got.Status)
		}
	}, map[string]int{LimitPartHeaders: 1}},
	"a form of heads": {Options{}, func(g *rig, c *client) {
		part := "--x\r\nContent-Disposition: form-data; name=\"" + strings.Repeat("x", 3000) + "\"\r\n\r\n1\r\n"
		if got := c.post("phone.jpg", "multipart/form-data; boundary=x", strings.NewReader(strings.Repeat(part, 1000))); got.StatusCode != 400 {
			g.t.Errorf("status %d, %s", got.StatusCode, got.Status)
		}
	}, map[string]int{LimitPartHeaders: 1}},
	"a picture too large in a body without end": {Options{MaxFrameBytes: 5000}, func(_ *rig, c *client) {
		c.post("phone.mjpeg", mpjpeg, bytes.NewReader(camtest.PictureOfSize(1, 64, 48, 6000)))
	}, map[string]int{LimitFrameBytes: 1}},
	"a message too large": {Options{MaxFrameBytes: 5000}, func(g *rig, c *client) {
		conn := c.mustDial("phone/publish")
		_ = conn.WriteMessage(websocket.BinaryMessage, make([]byte, 5001))
		drain(conn)
	}, map[string]int{LimitFrameBytes: 1}},
	"a POST of too many pixels": {Options{}, func(_ *rig, c *client) {
		c.post("phone.jpg", "image/jpeg", bytes.NewReader(enormous()))
	}, map[string]int{LimitFramePixels: 1}},
	"too many pixels in a body without end": {Options{}, func(_ *rig, c *client) {
		c.post("phone.mjpeg", mpjpeg, bytes.NewReader(slices.Concat(part(camtest.Picture(1, 64, 48)), part(enormous()), part(enormous()))))
	}, map[string]int{LimitFramePixels: 2}},
	"a message of too many pixels": {Options{}, func(g *rig, c *client) {
		conn := c.mustDial("phone/publish")
		_ = conn.WriteMessage(websocket.BinaryMessage, enormous())
		expectReply(g.t, conn, reply{Type: "hint"})
		readReply(g.t, conn)
		_ = conn.Close()
	}, map[string]int{LimitFramePixels: 1}},
	"no picture for long": {Options{}, func(_ *rig, c *client) {
		c.post("phone.mjpeg", mpjpeg, strings.NewReader(strings.Repeat("--ffmpeg\r\n", 10_000)))
	}, map[string]int{LimitPartHeaders: 1}},
	"too many pictures": {Options{FPS: 5}, func(_ *rig, c *client) {
		for n := range 8 {
			c.postPicture("phone.jpg", n)
		}
	}, map[string]int{LimitPublisherFPS: 3}},
	"too many bytes": {Options{BytesPerSecond: 20_000, MaxFrameBytes: 15_000}, func(_ *rig, c *client) {
		for range 3 {
			c.post("phone.jpg", "image/jpeg", bytes.NewReader(camtest.PictureOfSize(1, 64, 48, 10_000)))
		}
	}, map[string]int{LimitPublisherBytes: 1}},
	"a second publisher": {Options{}, func(g *rig, c *client) {
		body, _ := c.begin("phone.mjpeg", mpjpeg)
		_, _ = body.Write(camtest.Picture(1, 64, 48))
		synctest.Wait()
		other := g.client("b")
		other.postPicture("phone.jpg", 1)
		other.postPicture("phone.mjpeg", 1)
		_, _, _ = other.dial("phone/publish", nil)
		_ = body.Close()
	}, map[string]int{publish.LimitPerCamera: 3}},
	"its own newer connection": {Options{}, func(_ *rig, c *client) {
		body, status := c.begin("phone.mjpeg?publisher=x", mpjpeg)
		_, _ = body.Write(camtest.Picture(1, 64, 48))
		synctest.Wait()
		c.postPicture("phone.jpg?publisher=x", 1)
		<-status
	}, map[string]int{}},
	"a body without end that falls silent": {Options{}, func(_ *rig, c *client) {
		body, status := c.begin("phone.mjpeg", mpjpeg)
		_, _ = body.Write(camtest.Picture(1, 64, 48))
		<-status
	}, map[string]int{publish.LimitSilence: 1}},
	"a POST that takes too long": {Options{PostTime: 8 * time.Second}, func(_ *rig, c *client) {
		dripping(c, 2000)
	}, map[string]int{LimitPostTime: 1}},
	"a POST that brings too little": {Options{PostBytesPerSecond: 3000}, func(_ *rig, c *client) {
		dripping(c, 1000)
	}, map[string]int{LimitPostBytes: 1}},
	"a POST that is slow enough": {Options{PostBytesPerSecond: 500}, func(_ *rig, c *client) {
		dripping(c, 1000)
	}, map[string]int{}},
	"POSTs at once": {Options{PostsPerAddress: 2}, func(_ *rig, c *client) {
		for range 2 {
			_, status := c.begin("phone.jpg", "image/jpeg")
			defer func() { <-status }()
		}
		synctest.Wait()
		c.postPicture("phone.jpg", 1)
	}, map[string]int{LimitPostsPerAddress: 1, LimitPostBytes: 2}},
	"a WebSocket of pings": {Options{}, func(_ *rig, c *client) {
		conn := c.mustDial("phone/publish")
		go drain(conn)
		for range 2 * chatterBurst {
			if conn.WriteControl(websocket.PingMessage, []byte("x"), time.Now().Add(time.Second)) != nil {
				break
			}
		}
		time.Sleep(time.Second)
	}, map[string]int{LimitWebSocketMessages: 1}},
	"a WebSocket of text": {Options{}, func(_ *rig, c *client) {
		conn := c.mustDial("phone/publish")
		for range 2 * chatterBurst {
			if conn.WriteMessage(websocket.TextMessage, []byte("hello")) != nil {
				break
			}
		}
		drain(conn)
	}, map[string]int{LimitWebSocketMessages: 1}},
	"a WebSocket of one long text": {Options{}, func(_ *rig, c *client) {
		conn := c.mustDial("phone/publish")
		_ = conn.WriteMessage(websocket.TextMessage, make([]byte, maxTextBytes+1))
		drain(conn)
	}, map[string]int{LimitWebSocketMessages: 1}},
	"a WebSocket that pings in time": {Options{}, func(_ *rig, c *client) {
		conn := c.mustDial("phone/publish")
		go drain(conn)
		for range chatterBurst + 20 {
			_ = conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
			time.Sleep(chatterEvery + 53*time.Millisecond) // never at the moment of our own pings
		}
		_ = conn.Close()
	}, map[string]int{}},
	"a WebSocket with more sound than can be heard": {Options{}, func(_ *rig, c *client) {
		conn := c.mustDial("phone/publish")
		go drain(conn)
		_ = conn.WriteMessage(websocket.TextMessage, []byte(wishForOpus))
		for n := range soundBurst/(media.OpusRate/50) + 10 {
			_ = conn.WriteMessage(websocket.BinaryMessage, headed(messageSound, time.Duration(n)*20*time.Millisecond, packetOf(n)))
		}
		synctest.Wait()
		_ = conn.Close()
	}, map[string]int{LimitPublisherSound: 10}},
	"a WebSocket that is dead": {Options{}, func(_ *rig, c *client) {
		conn := c.mustDial("phone/publish")
		conn.SetPingHandler(func(string) error { return nil })
		drain(conn)
	}, map[string]int{LimitWebSocketSilence: 1}},
	"a WebSocket that only answers pings": {Options{}, func(g *rig, c *client) {
		conn := c.mustDial("phone/publish")
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				if !websocket.IsCloseError(err, websocket.ClosePolicyViolation) || !strings.Contains(err.Error(), "no picture") {
					g.t.Errorf("it is told %v", err)
				}
				break
			}
		}
		_ = conn.Close()
	}, map[string]int{publish.LimitSilence: 1}},
}

// drain reads what comes, to the end.
func drain(conn *websocket.Conn) {
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			_ = conn.Close()
			return
		}
	}
}

// dripping posts a picture of 20 kB that comes slowly, and waits for the answer,
// or for the end of the connection: a client that still writes may see that
// first.
func dripping(c *client, bytesPerSecond int) {
	r, body := io.Pipe()
	var writing sync.WaitGroup
	writing.Go(func() { drip(body, camtest.PictureOfSize(1, 64, 48, 20_000), bytesPerSecond, time.Second) })
	if response, err := c.Post("http://gate/live/phone.jpg", "image/jpeg", r); err == nil {
		response.Body.Close()
	}
	r.Close()
	writing.Wait()
}

// TestHitsAreCounted: once each, by the name of the limit.
func TestHitsAreCounted(t *testing.T) {
	hit := make(map[string]bool)
	for name, tt := range limitCases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := hits{of: make(map[string]int)}
				tt.options.Limited = got.limited
				g := newRig(t, tt.options)
				tt.publish(g, g.client("a"))
				time.Sleep(2 * time.Second) // a refused body is read on for a second
				synctest.Wait()
				got.mu.Lock()
				defer got.mu.Unlock()
				if diff := cmp.Diff(tt.want, got.of); diff != "" {
					t.Error(diff)
				}
			})
		})
		for limit := range maps.Keys(tt.want) {
			hit[limit] = true
		}
	}
	for _, limit := range LimitNames {
		if !hit[limit] {
			t.Errorf("%s is not hit here", limit)
		}
	}
	if len(hit) != len(LimitNames) {
		t.Errorf("%d limits are hit, and %d known", len(hit), len(LimitNames))
	}
}
