package live

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon is what anything that a test waits for may take.
const soon = 30 * time.Second

var (
	own    = stream.Key{Camera: "front"}
	asH264 = stream.Key{Camera: "front", Rendition: "h264"}
	asJPEG = stream.Key{Camera: "front", Rendition: "jpeg"}
	asAAC  = stream.Key{Camera: "front", Rendition: "aac"}
	asOpus = stream.Key{Camera: "front", Rendition: "opus"}
	choice = Choice{Own: own, H264: asH264, JPEG: asJPEG, AAC: asAAC, Opus: asOpus}
)

// site is a handler behind a server, and the hub of a camera whose streams are
// under the test's thumb.
type site struct {
	t      testing.TB
	hub    *stream.Hub
	live   *Handler
	server *httptest.Server
	choice Choice
	file   Choice // of the .mp4
	revoke func() // ends the context of all requests
	end    func(why error)
}

func newSite(t testing.TB, start func(*httptest.Server)) *site {
	return newSiteOf(t, start, Choice{H264: asH264, AAC: asAAC, Opus: asOpus})
}

// newSiteOf is newSite with what the .mp4 may show.
func newSiteOf(t testing.TB, start func(*httptest.Server), file Choice) *site {
	hub := stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
		if k.Camera != own.Camera {
			return nil, stream.ErrUnknown
		}
		return nil, nil
	}})
	t.Cleanup(hub.Close)
	s := &site{t: t, hub: hub, choice: choice, file: file}
	s.live = New(delivery.Options{Hub: hub})
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	requests, end := context.WithCancelCause(context.Background())
	s.revoke, s.end = func() { end(nil) }, end
	t.Cleanup(s.revoke)
	s.server.Config.BaseContext = func(net.Listener) context.Context { return requests }
	start(s.server)
	t.Cleanup(func() { s.live.Close(); s.server.Close() })
	return s
}

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	client := stream.Client{Address: "192.0.2.1", Principal: "somebody"}
	var err error
	if strings.HasSuffix(r.URL.Path, ".mp4") {
		err = s.live.ServeMP4(w, r, s.file, client)
	} else {
		err = s.live.ServeWebSocket(w, r, s.choice, client)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
	}
}

func overTCP(s *httptest.Server) { s.Start() }
func overTLS(s *httptest.Server) { s.StartTLS() }
func overHTTP2(s *httptest.Server) {
	s.EnableHTTP2 = true
	s.StartTLS()
}

// attach has a stream given its frames by the test.
func (s *site) attach(key stream.Key) *camtest.Source {
	return camtest.Attach(s.t, func(ctx context.Context, source *camtest.Source) error { return s.hub.Attach(ctx, key, source) })
}

// jpegFormat is the one of all pictures here.
var jpegFormat = &media.Format{Codec: media.JPEG, Width: 64, Height: 32}

// picture gives numbered JPEG n.
func picture(n int) media.Frame {
	return media.Frame{Key: true, Data: camtest.Picture(n, 64, 32), Format: jpegFormat}
}

// The clips are made once, by a real encoder.
var (
	clipsMu sync.Mutex
	clips   = make(map[string][]media.Frame)
)

const clipFPS = 25

// clip gives numbered pictures from first on as H.264, in GOPs of gop frames,
// with parameters of x264 besides.
func clip(t testing.TB, first, frames, gop int, params string) []media.Frame {
	t.Helper()
	clipsMu.Lock()
	defer clipsMu.Unlock()
	name := fmt.Sprint(first, frames, gop, params)
	if clips[name] == nil {
		clips[name] = encode(t, first, frames, gop, params)
	}
	return clips[name]
}

func encode(t testing.TB, first, frames, gop int, params string) []media.Frame {
	t.Helper()
	var in bytes.Buffer
	for n := range frames {
		in.Write(camtest.Picture(first+n, 160, 96))
	}
	if params != "" {
		params = ":" + params
	}
	ffmpeg := exec.Command("ffmpeg", "-nostdin", "-loglevel", "error", "-f", "image2pipe", "-framerate", strconv.Itoa(clipFPS), "-c:v", "mjpeg", "-i", "pipe:0",
		"-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", strconv.Itoa(gop),
		"-x264-params", "aud=1:scenecut=0"+params, "-f", "h264", "pipe:1")
	ffmpeg.Stdin = &in
	var stderr bytes.Buffer
	ffmpeg.Stderr = &stderr
	out, err := ffmpeg.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	return accessUnits(t, out)
}

// accessUnits cuts a byte stream at its delimiters.
func accessUnits(t testing.TB, annexB []byte) (frames []media.Frame) {
	t.Helper()
	var framer media.H264Framer
	delimiter := []byte{0, 0, 0, 1, 9}
	for unit := range bytes.SplitSeq(annexB, delimiter) {
		if len(unit) == 0 {
			continue
		}
		var nalus h264.AnnexB
		if err := nalus.Unmarshal(append([]byte{0, 0, 0, 1, 9}, unit...)); err != nil {
			t.Fatal(err)
		}
		f, ok, err := framer.Frame(nalus)
		if err != nil || !ok {
			t.Fatalf("access unit %d: %v", len(frames), err)
		}
		f.PTS = time.Duration(len(frames)) * time.Second / clipFPS
		frames = append(frames, f)
	}
	return frames
}

// player is a client on a WebSocket.
type player struct {
	t    testing.TB
	conn *websocket.Conn
	// what came and was not asked for yet
	texts []text
}

// text is a JSON message from the server.
type text struct {
	Type, Codec, MIME, Camera, Message, Reason string
	Epoch                                      uint32
	Code, Width, Height, Timescale             int
	Frames                                     uint64
	KeyAgeMs, ServerTimeUs, AtUs               int64
	FPS, Rate                                  float64
	Live, Paused, End, Sound                   bool
	Channels                                   int
	C                                          json.RawMessage
}

// payload is a binary message in the framegate.v1 dialect.
type payload struct {
	Kind     byte
	Flags    uint16
	Epoch    uint32
	Wall     time.Time
	Seq      uint64
	Offset   uint32
	Data     []byte
	AU       []byte // Data from Offset on
	Received time.Time
}

func (s *site) url(query string) string {
	return "ws" + strings.TrimPrefix(s.server.URL, "http") + "/live/front" + query
}

func (s *site) dialer(subprotocols ...string) *websocket.Dialer {
	d := &websocket.Dialer{Subprotocols: subprotocols}
	if s.server.TLS != nil {
		d.TLSClientConfig = s.server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		d.TLSClientConfig.NextProtos = nil
	}
	return d
}

// dial opens a WebSocket in the framegate.v1 dialect.
func (s *site) dial(query string) *player { return s.dialAs(query, Subprotocol) }

func (s *site) dialAs(query string, subprotocols ...string) *player {
	s.t.Helper()
	conn, response, err := s.dialer(subprotocols...).Dial(s.url(query), nil)
	if err != nil {
		s.t.Fatalf("%v, %v", err, response)
	}
	s.t.Cleanup(func() { conn.Close() })
	return &player{t: s.t, conn: conn}
}

// watch dials and says hello.
func (s *site) watch(codecs ...string) *player {
	s.t.Helper()
	p := s.dial("")
	p.say(map[string]any{"type": "hello", "codecs": codecs})
	return p
}

func (p *player) say(message any) {
	p.t.Helper()
	if err := p.conn.WriteJSON(message); err != nil {
		p.t.Fatal(err)
	}
}

// receive gives the next message: a text or a payload.
func (p *player) receive() (*text, *payload, error) {
	p.t.Helper()
	_ = p.conn.SetReadDeadline(time.Now().Add(soon))
	kind, b, err := p.conn.ReadMessage()
	if err != nil {
		return nil, nil, err
	}
	if kind == websocket.TextMessage {
		var m text
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&m); err != nil || m.Type == "" {
			p.t.Fatalf("%s: %v", b, err)
		}
		return &m, nil, nil
	}
	if len(b) < 32 || b[0] != 1 || binary.BigEndian.Uint32(b[28:]) != 0 {
		p.t.Fatalf("header % x", b[:min(32, len(b))])
	}
	m := &payload{
		Kind: b[1], Flags: binary.BigEndian.Uint16(b[2:]), Epoch: binary.BigEndian.Uint32(b[4:]),
		Wall: time.UnixMicro(int64(binary.BigEndian.Uint64(b[8:]))), Seq: binary.BigEndian.Uint64(b[16:]),
		Offset: binary.BigEndian.Uint32(b[24:]), Data: b[32:], Received: time.Now(),
	}
	if int(m.Offset) > len(m.Data) {
		p.t.Fatalf("offset %d of %d", m.Offset, len(m.Data))
	}
	m.AU = m.Data[m.Offset:]
	return nil, m, nil
}

// payload gives the next binary message and keeps the texts before it.
func (p *player) payload() *payload {
	p.t.Helper()
	for {
		m, b, err := p.receive()
		if err != nil {
			p.t.Fatal(err)
		}
		if b != nil {
			return b
		}
		p.texts = append(p.texts, *m)
	}
}

// text gives the next text of a type, and skips all before it.
func (p *player) text(kind string) text {
	p.t.Helper()
	for {
		for len(p.texts) > 0 {
			m := p.texts[0]
			p.texts = p.texts[1:]
			if m.Type == kind {
				return m
			}
		}
		m, _, err := p.receive()
		if err != nil {
			p.t.Fatalf("waiting for %s: %v", kind, err)
		}
		if m != nil {
			p.texts = append(p.texts, *m)
		}
	}
}

// frame gives the next frame, and skips init segments.
func (p *player) frame() *payload {
	p.t.Helper()
	for {
		if m := p.payload(); m.Kind == 2 {
			return m
		}
	}
}

// end reads to the end and gives the close code, and the error before it.
func (p *player) end() (code int, why text) {
	p.t.Helper()
	for {
		m, _, err := p.receive()
		if m != nil && m.Type == "error" {
			why = *m
		}
		if err == nil {
			continue
		}
		left, ok := err.(*websocket.CloseError)
		if !ok {
			p.t.Fatalf("ended with %v", err)
		}
		return left.Code, why
	}
}

// waitFor waits until a condition holds.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain: ", what)
		}
	}
}
