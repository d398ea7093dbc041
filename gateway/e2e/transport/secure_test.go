package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
	"framegate/gateway/command"
	"framegate/gateway/e2e/rig"
)

const secureUploads = "tls: {mode: self-signed}\ncameras: {phone: {source: 'upload:'}}"

// TestMediaOverHTTP2 asks with curl for every form that is no WebSocket.
func TestMediaOverHTTP2(t *testing.T) {
	rig.Need(t, "curl", "ffmpeg")
	l := rig.Launch(t, "127.0.0.1:0", secureUploads)
	authority := filepath.Join(l.Data, "tls", "ca.crt")
	rig.PublishOver(t, overHTTP2(t, l), l, "phone", 0)
	for _, row := range []struct{ path, version, kind, holds string }{
		{"/live/phone.mjpeg", "--http2", "multipart/x-mixed-replace", "\r\nContent-Type: image/jpeg\r\nContent-Length: "},
		{"/stream", "--http2", "multipart/x-mixed-replace", "\r\nContent-Type: image/jpeg\r\nContent-Length: "},
		{"/live/phone.sse", "--http2", "text/event-stream", "event: frame\n"},
		{"/live/phone.mp4", "--http2", "video/mp4", "moof"},
		{"/live/phone.jpg", "--http2", "image/jpeg", "\xff\xd8\xff"},
		{"/api/v1/cameras", "--http2", "application/json", `"id":"phone"`},
		{"/api/v1/events", "--http2", "text/event-stream", "data:"},
		{"/", "--http2", "text/html", "assets/app/app.js"},
		{"/live/phone.mjpeg", "--http1.1", "multipart/x-mixed-replace", "\r\nContent-Type: image/jpeg\r\nContent-Length: "},
		{"/live/phone.sse", "--http1.1", "text/event-stream", "event: frame\n"},
		{"/live/phone.mp4", "--http1.1", "video/mp4", "moof"},
	} {
		t.Run(row.path+row.version, func(t *testing.T) {
			head, body := readCurl(t, row.holds, "-sSN", "-D", "-", row.version, "--cacert", authority, l.URL+row.path)
			status, header, _ := strings.Cut(head, "\r\n")
			wantStatus := map[string]string{"--http2": "HTTP/2 200", "--http1.1": "HTTP/1.1 200"}[row.version]
			if !strings.HasPrefix(status, wantStatus) || !strings.Contains(strings.ToLower(header), "content-type: "+row.kind) {
				t.Errorf("%s\n%s", status, header)
			}
			if !strings.Contains(body, row.holds) {
				t.Errorf("begins %.200q", body)
			}
		})
	}

	picture := filepath.Join(t.TempDir(), "picture.jpg")
	writePicture(t, picture, 7)
	out, err := rig.Program(t, "curl", "-sS", "--http2", "--cacert", authority, "-o", "/dev/stderr", "-w", "%{http_code} %{http_version}",
		"--data-binary", "@"+picture, "-H", "Content-Type: image/jpeg", l.URL+"/live/phone.jpg").Output()
	if err != nil || string(out) != "409 2" {
		t.Errorf("a second publisher: %s, %v", out, err)
	}
}

// readCurl reads what curl gives until holds is in the body, or the end.
func readCurl(t *testing.T, holds string, args ...string) (head, body string) {
	t.Helper()
	curl := rig.Program(t, "curl", args...)
	stdout, err := curl.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := curl.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		curl.Process.Kill()
		curl.Wait()
	}()
	var got strings.Builder
	for chunk := make([]byte, 4<<10); got.Len() < 4<<20; {
		n, err := stdout.Read(chunk)
		got.Write(chunk[:n])
		head, body, _ = strings.Cut(got.String(), "\r\n\r\n")
		if err != nil || strings.Contains(body, holds) {
			break
		}
	}
	return head, body
}

// secureDialer gives what opens WebSockets to the gateway.
func secureDialer(t *testing.T, l *rig.Server, subprotocols ...string) *websocket.Dialer {
	return &websocket.Dialer{TLSClientConfig: trust(t, l), Subprotocols: subprotocols, HandshakeTimeout: rig.Ceiling}
}

func socketURL(l *rig.Server, path string) string {
	return strings.Replace(l.URL, "https:", "wss:", 1) + path
}

func TestWebSocketsOverTLS(t *testing.T) {
	l := rig.Launch(t, "127.0.0.1:0", secureUploads)
	publisher, _, err := secureDialer(t, l).Dial(socketURL(l, "/live/phone/publish"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	viewer, _, err := secureDialer(t, l, "framegate.v1").Dial(socketURL(l, "/live/phone"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer viewer.Close()
	if err := viewer.WriteJSON(map[string]any{"type": "hello", "codecs": []string{"jpeg"}}); err != nil {
		t.Fatal(err)
	}
	var publishing sync.WaitGroup
	publishing.Go(func() {
		for n := 1; ; n++ {
			if publisher.WriteMessage(websocket.BinaryMessage, rig.Picture(n)) != nil {
				return
			}
			if _, _, err := publisher.ReadMessage(); err != nil { // its ack
				return
			}
		}
	})
	defer publishing.Wait()
	defer publisher.Close()
	for last, moved := 0, 0; moved < 10; {
		kind, message, err := viewer.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if kind != websocket.BinaryMessage || len(message) < 32 || message[1] != 2 {
			continue
		}
		n, err := camtest.ReadJPEGNumber(message[32:])
		if err != nil || n <= last {
			t.Fatalf("picture %d after %d, %v", n, last, err)
		}
		last = n
		moved++
	}
}

// valve is a connection whose owner can stop reading, so that the peer's
// writes stop too.
type valve struct {
	net.Conn
	mu   sync.Mutex
	open sync.Cond
	shut bool
}

func dialValve(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if err := c.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		return nil, err
	}
	v := &valve{Conn: c}
	v.open.L = &v.mu
	return v, nil
}

func (v *valve) Read(b []byte) (int, error) {
	v.mu.Lock()
	for v.shut {
		v.open.Wait()
	}
	v.mu.Unlock()
	return v.Conn.Read(b)
}

func (v *valve) set(shut bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shut = shut
	v.open.Broadcast()
}

// stalledHTTP2 watches a camera on a connection of its own, of which nothing
// is read after the first bytes. open lets it be read again.
func stalledHTTP2(t *testing.T, l *rig.Server, camera string) (open func()) {
	t.Helper()
	var line *valve
	c := newClient(t, &http.Transport{TLSClientConfig: trust(t, l), ForceAttemptHTTP2: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dialValve(ctx, network, address)
		if err == nil {
			line = c.(*valve)
		}
		return c, err
	}})
	response := askStream(t, c, l.URL+"/live/"+camera+".mjpeg")
	if response.ProtoMajor != 2 {
		t.Fatal(response.Proto)
	}
	if _, err := io.ReadFull(response.Body, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	line.set(true)
	open = sync.OnceFunc(func() { line.set(false) })
	t.Cleanup(open)
	return open
}

// askStream asks for what does not end before the test does.
func askStream(t *testing.T, c *http.Client, url string, header ...string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), rig.Ceiling)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := c.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, response.Status)
	}
	return response
}

// TestSlowViewersOverTLSStayAndStalledOnesAreCut: a viewer that needs longer
// for a picture than one that takes nothing may stay is not cut.
func TestSlowViewersOverTLSStayAndStalledOnesAreCut(t *testing.T) {
	rig.Thorough(t)
	t.Parallel() // it waits most of the time
	const size = 55_000
	l := rig.Launch(t, "127.0.0.1:0", "tls: {mode: self-signed}\ncameras: {slow: {source: 'upload:'}, h1: {source: 'upload:'}, stream: {source: 'upload:'}, h2: {source: 'upload:'}}")
	c := overHTTP2(t, l)
	for _, camera := range []string{"slow", "h1", "stream", "h2"} {
		rig.PublishOver(t, c, l, camera, size)
	}
	watch := func(camera string, rate int) *camtest.Viewer {
		v, err := camtest.Watch(t.Context(), l.URL+"/live/"+camera+".mjpeg",
			camtest.WatchOptions{TLS: trust(t, l), BytesPerSecond: rate, ReceiveBuffer: 4 << 10})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	slow := watch("slow", 5000) // 11 s for a picture
	stalled := watch("h1", 0)
	defer stalled.Close()
	stream := askStream(t, c, l.URL+"/live/stream.mjpeg") // the window of its stream fills up
	stalledHTTP2(t, l, "h2")

	twice := make(chan error, 1)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer slow.Close()
	reading.Go(func() {
		for n := 1; ; n++ {
			part, err := slow.Next()
			if err == nil && len(part.JPEG) != size {
				err = fmt.Errorf("%d bytes", len(part.JPEG))
			}
			if n == 2 {
				twice <- err
			}
			if err != nil {
				if n == 1 {
					twice <- err
				}
				return
			}
		}
	})
	for _, camera := range []string{"h1", "stream", "h2"} {
		rig.Await(t, "a stalled viewer of "+camera+" is cut", func() bool { return rig.ViewersOf(t, c, l, camera) == 0 })
	}
	if _, err := io.Copy(io.Discard, stream.Body); err == nil {
		t.Error("a stream that was cut seems to have ended well")
	}
	select {
	case err := <-twice:
		if err != nil {
			t.Errorf("a slow viewer: %v", err)
		}
	case <-time.After(rig.Ceiling):
		t.Error("a slow viewer gets nothing")
	}
	if n := rig.ViewersOf(t, c, l, "slow"); n != 1 {
		t.Errorf("the slow viewer is not there: %d", n)
	}
}

// secureStreams opens one stream of a camera in each form, and gives what
// reads each to its end.
func secureStreams(t *testing.T, l *rig.Server, camera string, header ...string) map[string]func() error {
	t.Helper()
	over2 := overHTTP2(t, l)
	over1 := newClient(t, &http.Transport{TLSClientConfig: trust(t, l)})
	ends := make(map[string]func() error)
	for _, extension := range []string{".mjpeg", ".sse", ".mp4"} {
		for version, c := range map[string]*http.Client{"HTTP/1.1 ": over1, "HTTP/2.0 ": over2} {
			response := askStream(t, c, l.URL+"/live/"+camera+extension, header...)
			if response.Proto+" " != version {
				t.Errorf("%s, not %s", response.Proto, version)
			}
			body := bufio.NewReader(response.Body)
			if _, err := body.Peek(1000); err != nil {
				t.Fatalf("%s%s: %v", version, extension, err)
			}
			ends[version+extension] = func() error {
				last := &tail{}
				_, err := io.Copy(last, body)
				if err == nil && extension == ".mjpeg" && !strings.HasSuffix(string(last.b), "--\r\n") {
					return errors.New("no boundary at the end")
				}
				return err
			}
		}
	}
	fields := http.Header{}
	for i := 0; i < len(header); i += 2 {
		fields.Set(header[i], header[i+1])
	}
	socket, _, err := secureDialer(t, l).Dial(socketURL(l, "/live/"+camera), fields)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	ends["WebSocket"] = func() error {
		for {
			if _, _, err := socket.ReadMessage(); err != nil {
				return err
			}
		}
	}
	return ends
}

// tail keeps the last bytes that were written.
type tail struct{ b []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.b = append(t.b, b...)
	t.b = t.b[max(0, len(t.b)-64):]
	return len(b), nil
}

func TestRevokedTokenEndsStreamsOverTLS(t *testing.T) {
	rig.Need(t, "ffmpeg")
	l := rig.Launch(t, "127.0.0.1:0", "tls: {mode: self-signed}\ncameras: {demo: {source: 'test:'}}", "FRAMEGATE_AUTH=required")
	administrate := func(args ...string) string {
		var out, complaint rig.Buffer
		if status := command.Run(t.Context(), args, []string{"FRAMEGATE_DATA=" + l.Data}, &out, &complaint); status != 0 {
			t.Fatalf("%v: %d, %s", args, status, &complaint)
		}
		return strings.TrimSpace(out.String())
	}
	token := administrate("token", "create", "wall", "--grant", "view:demo")
	streams := secureStreams(t, l, "demo", "Authorization", "Bearer "+token)
	administrate("token", "revoke", "wall")
	for name, end := range streams {
		err := end()
		if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s goes on", name)
		}
		t.Logf("%s: %v", name, err)
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, l.URL+"/live/demo.jpg", nil)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := overHTTP2(t, l).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("the token is still good: %s", response.Status)
	}
}

// TestServerEndsWellOverTLS: viewers are told, and one that takes nothing does
// not hold the server up.
func TestServerEndsWellOverTLS(t *testing.T) {
	rig.Need(t, "ffmpeg")
	l := rig.Launch(t, "127.0.0.1:0", "tls: {mode: self-signed}\ncameras: {demo: {source: 'test:?width=160&height=120&fps=5'}, phone: {source: 'upload:'}}")
	rig.PublishOver(t, overHTTP2(t, l), l, "phone", 60_000)
	open := stalledHTTP2(t, l, "phone")
	streams := secureStreams(t, l, "demo") // of small pictures, so that nobody is behind
	var ending sync.WaitGroup              // all read, for those that do not are cut
	for name, end := range streams {
		ending.Go(func() {
			err := end()
			said, wanted := websocket.IsCloseError(err, websocket.CloseGoingAway), name == "WebSocket"
			if said != wanted || !wanted && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	l.Stop()
	ending.Wait()
	l.End(t)
	open()
}

// writePicture writes a numbered picture to a file.
func writePicture(t *testing.T, name string, n int) {
	t.Helper()
	if err := os.WriteFile(name, rig.Picture(n), 0o600); err != nil {
		t.Fatal(err)
	}
}
