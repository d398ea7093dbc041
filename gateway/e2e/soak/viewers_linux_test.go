package soak

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/gorilla/websocket"
	"github.com/pion/rtp"
)

// form is a form in which somebody watches.
type form struct {
	name  string
	watch func(s *soak, ctx context.Context, camera string) (how string)
}

// came is how it goes for who gets something.
const came = "came"

// live and recorded are cameras with a present, and a past.
var (
	live     = []string{"steady", "flaps", "h265", "web", "phone", "pattern"}
	recorded = []string{"steady", "flaps", "web"}
)

// forms are all forms.
var forms = []form{
	{"multipart", get(".mjpeg")}, {"multipart, another size", get(".mjpeg?width=160&fps=5")},
	{"picture", get(".jpg?max_age=10m")}, {"mp4", get(".mp4")}, {"sse", get(".sse")},
	{"player", socket("?codec=h264", "framegate.v1")}, {"fMP4 socket", socket("?codec=h264", "")},
	{"rtsp", watchRTSP},
	{"playback", get("/recording.mjpeg?from={from}&rate=2")}, {"playback, backwards", get("/recording.mjpeg?from={to}&rate=-4")},
	{"playback sse", get("/recording.sse?from={from}")}, {"playback, player", socket("/recording?codec=h264", "framegate.v1")},
	{"clip", get("/recording.mp4?from={from}&to={to}")}, {"hls", get("/recording.m3u8?from={from}&to={to}")},
	{"recorded picture", get("/recording.jpg?at={from}")}, {"thumbnail", get("/thumbnail.jpg?at={from}")},
	{"events", plain("/api/v1/events?status=2s")}, {"status", plain("/api/v1/status")}, {"page", plain("/")},
}

// isOfThePast says of a form whether it is of what was recorded.
func (f form) isOfThePast() bool {
	return strings.HasPrefix(f.name, "playback") || strings.HasPrefix(f.name, "recorded") || f.name == "clip" || f.name == "hls" || f.name == "thumbnail"
}

// view has 20 viewers come a second, at the usual load, each for up to three seconds.
func (s *soak) view(ctx context.Context) {
	var watching sync.WaitGroup
	s.every(ctx, time.Second/20, func(n int) {
		f := forms[n%len(forms)]
		of := live
		if f.isOfThePast() {
			of = recorded
		}
		watching.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, rand.N(3*time.Second)+100*time.Millisecond)
			defer cancel()
			s.count(f.name, f.watch(s, ctx, of[rand.IntN(len(of))]))
		})
	})
	watching.Wait()
}

// filled puts moments of the past into an address.
func filled(path string) string {
	moment := func(ago time.Duration) string {
		return url.QueryEscape(time.Now().Add(-ago).UTC().Format(time.RFC3339Nano))
	}
	return strings.NewReplacer("{from}", moment(8*time.Second), "{to}", moment(4*time.Second)).Replace(path)
}

func get(form string) func(*soak, context.Context, string) string {
	return func(s *soak, ctx context.Context, camera string) string {
		return s.get(ctx, "/live/"+camera+filled(form))
	}
}

func plain(path string) func(*soak, context.Context, string) string {
	return func(s *soak, ctx context.Context, _ string) string { return s.get(ctx, path) }
}

// get asks for an address and reads what comes until it ends or ctx is done; one in
// eight reads nothing but the beginning, and one in two leaves without a word.
func (s *soak) get(ctx context.Context, path string) (how string) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		return "not connected"
	}
	defer leave(conn)
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, conn.RemoteAddr()); err != nil {
		return "not asked"
	}
	answer := bufio.NewReader(conn)
	status, err := answer.ReadString('\n')
	if err != nil {
		return "left before"
	}
	fields := strings.Fields(status)
	if len(fields) < 2 || fields[1] != "200" {
		return status[min(len(status), 9):min(len(status), 12)]
	}
	if rand.IntN(8) == 0 {
		<-ctx.Done()
		return came
	}
	_, _ = io.Copy(io.Discard, answer) // it ends as it does
	return came
}

// leave ends a connection, or resets it.
func leave(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok && rand.IntN(2) == 0 {
		_ = tcp.SetLinger(0) // of an open connection it cannot fail
	}
	conn.Close()
}

// socket watches by WebSocket.
func socket(path, protocol string) func(*soak, context.Context, string) string {
	return func(s *soak, ctx context.Context, camera string) string {
		dialer := websocket.Dialer{}
		if protocol != "" {
			dialer.Subprotocols = []string{protocol}
		}
		c, response, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(s.URL, "http")+"/live/"+camera+filled(path), nil)
		if err != nil && response != nil {
			return fmt.Sprint(response.StatusCode)
		}
		if err != nil {
			return "left before"
		}
		defer leave(c.NetConn())
		defer context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Now()) })()
		if strings.HasPrefix(path, "/recording") {
			_ = c.WriteJSON(map[string]any{"type": "play", "atUs": time.Now().Add(-8 * time.Second).UnixMicro()}) // it may have been ended
		}
		how := "nothing came"
		for {
			kind, _, err := c.ReadMessage()
			if err != nil {
				return how
			}
			if kind == websocket.BinaryMessage {
				how = came
			}
		}
	}
}

// watchRTSP watches by RTSP, within the connection.
func watchRTSP(s *soak, ctx context.Context, camera string) (how string) {
	u, err := base.ParseURL(s.rtsp + camera)
	if err != nil {
		return err.Error()
	}
	tcp := gortsplib.TransportTCP
	c := &gortsplib.Client{Scheme: u.Scheme, Host: u.Host, Transport: &tcp, ReadTimeout: 5 * time.Second}
	if err := c.Start2(); err != nil {
		return "not connected"
	}
	defer c.Close()
	offered, _, err := c.Describe(u)
	if err != nil {
		return "not described"
	}
	if err := c.SetupAll(offered.BaseURL, offered.Medias); err != nil {
		return "not set up"
	}
	packets := make(chan struct{}, 1)
	c.OnPacketRTPAny(func(*description.Media, format.Format, *rtp.Packet) {
		select {
		case packets <- struct{}{}:
		default:
		}
	})
	if _, err := c.Play(nil); err != nil {
		return "not played"
	}
	<-ctx.Done()
	select {
	case <-packets:
		return came
	default:
		return "nothing came"
	}
}
