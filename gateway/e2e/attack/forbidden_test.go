package attack

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
)

// victim is a service of this machine that no camera added at run time may
// lead to. It counts who comes.
type victim struct {
	net.Listener
	came atomic.Int64
}

func newVictim(t *testing.T, address string) *victim {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{Listener: l}
	var wg sync.WaitGroup
	wg.Go(func() { // ends when the listener is closed
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			v.came.Add(1)
			conn.Close()
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return v
}

func (v *victim) port() uint16 { return v.Addr().(*net.TCPAddr).AddrPort().Port() }

// resolver is a DNS server that says what it is told to, and changes its mind.
type resolver struct {
	mu    sync.Mutex // guards what follows
	names map[string][]netip.Addr
	asked map[string]int // for addresses of IPv4
}

// asks is the resolver that this process asks; nil: the usual one. What asks may
// go on when a test has ended, so the resolver is never put in another's place.
var asks atomic.Pointer[string]

func init() {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if resolver := asks.Load(); resolver != nil {
			network, address = "udp", *resolver
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
}

// newResolver makes a resolver, which this process asks until the test ends.
func newResolver(t *testing.T) *resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &resolver{names: make(map[string][]netip.Addr), asked: make(map[string]int)}
	var wg sync.WaitGroup
	wg.Go(func() { // ends when conn is closed
		query := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(query)
			if err != nil {
				return
			}
			if answer := r.answer(query[:n]); answer != nil {
				conn.WriteTo(answer, from)
			}
		}
	})
	address := conn.LocalAddr().String()
	asks.Store(&address)
	t.Cleanup(func() {
		asks.Store(nil)
		conn.Close()
		wg.Wait()
	})
	return r
}

// answer answers a query (RFC 1035 section 4): with the addresses of IPv4, and
// that there are none of other kinds.
func (r *resolver) answer(query []byte) []byte {
	if len(query) < 17 {
		return nil
	}
	var labels []string
	end := 12
	for end < len(query) && query[end] != 0 {
		size := int(query[end])
		if end+1+size >= len(query) {
			return nil
		}
		labels = append(labels, string(query[end+1:end+1+size]))
		end += 1 + size
	}
	end += 5 // the root, type and class
	if end > len(query) {
		return nil
	}
	var addresses []netip.Addr
	name := strings.ToLower(strings.Join(labels, "."))
	r.mu.Lock()
	if binary.BigEndian.Uint16(query[end-4:]) == 1 {
		addresses = r.names[name]
		r.asked[name]++
	}
	known := r.names[name] != nil
	r.mu.Unlock()
	answer := append([]byte{}, query[:end]...)
	flags := uint16(0x8180)
	if !known {
		flags |= 3 // no such name
	}
	binary.BigEndian.PutUint16(answer[2:], flags)
	binary.BigEndian.PutUint16(answer[6:], uint16(len(addresses)))
	binary.BigEndian.PutUint32(answer[8:], 0) // nothing besides
	for _, a := range addresses {
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, a.AsSlice()...)
	}
	return answer
}

// say makes a name mean these addresses from now on.
func (r *resolver) say(name string, addresses ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names[name] = nil
	for _, a := range addresses {
		r.names[name] = append(r.names[name], netip.MustParseAddr(a))
	}
}

func (r *resolver) times(name string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked[name]
}

// forbiddenHosts is where no camera may be, as it may be written. "own" is the
// port of the gateway, all others have the victim's.
var forbiddenHosts = []string{
	"127.0.0.1", "127.0.0.2", "127.255.255.254", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "0", "0.1.2.3",
	"localhost", "LOCALHOST.", "cam.localhost", "loop.example", "mixed.example", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
	"[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[::ffff:0:127.0.0.1]", "[::ffff:169.254.169.254]",
	"169.254.169.254", "169.254.170.2", "meta.example", "100.100.100.200", "168.63.129.16", "192.0.0.192", "[fd00:ec2::254]", "[fd20:ce::254]",
	"[fe80::1]", "[fe80::1%25lo]", "[ff02::1]", "224.0.0.1", "239.255.255.250", "255.255.255.255", "240.0.0.1",
	"192.0.2.1@127.0.0.1", "user:p%40ss@127.0.0.1",
}

// forbiddenSources is what may not be added in any form.
var forbiddenSources = []string{
	"file:///etc/passwd", "v4l2:///dev/video0", "tcp://127.0.0.1:22", "tcp-listen://:0", "exec:id", "ffmpeg:http://127.0.0.1/", "gopher://127.0.0.1:22/x",
	"ftp://127.0.0.1/", "unix:///run/docker.sock", "http:///", "http://127.0.0.1:99999/", "http://a b/", "http://127.0.0.1\\@192.0.2.1/", "http://[::1",
	"rtmp://127.0.0.1/x", "srt://127.0.0.1:1", "concat:/etc/passwd", "data:image/jpeg;base64,AA==", "//127.0.0.1/", "HTTP://127.0.0.1:1/", "", " http://127.0.0.1/",
}

// namesOfForbidden resolves the names among forbiddenHosts.
func namesOfForbidden(t *testing.T) *resolver {
	t.Helper()
	names := newResolver(t)
	names.say("loop.example", "127.0.0.1")
	names.say("mixed.example", "127.0.0.1", "169.254.169.254")
	names.say("meta.example", "169.254.169.254")
	return names
}

// TestAddedCamerasReachNoForbiddenPlace adds, and tries, cameras where none may
// be, as an admin, and finds that nobody is dialled, and that others do not even
// learn why.
func TestAddedCamerasReachNoForbiddenPlace(t *testing.T) {
	names := namesOfForbidden(t)
	here := newVictim(t, "127.0.0.1:0")
	g := rig.StartGuarded(t, "cameras: {front: {source: 'upload:'}}")
	admin := g.AsAdmin(t)
	viewer := rig.Credentials{Bearer: g.AddToken(t, "viewer", "view:*")}
	for i, host := range forbiddenHosts {
		source := fmt.Sprintf([]string{"http://%s:%d/pictures?secret", "rtsp://%s:%d/pictures?secret", "rtmp://%s:%d/app/x?secret", "http://%s:%d/x.flv?secret"}[i%4], host, here.port())
		expectUnreachable(t, g, source, admin, viewer)
	}
	own := g.URL[strings.LastIndex(g.URL, ":")+1:]
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "loop.example", "0.0.0.0"} {
		expectUnreachable(t, g, "http://"+host+":"+own+"/live/front.mjpeg", admin, viewer)
	}
	for _, source := range forbiddenSources {
		for _, path := range []string{"/api/v1/cameras", "/api/v1/cameras/probe"} {
			body := map[string]string{"source": source}
			if !strings.HasSuffix(path, "probe") {
				body["id"] = "bad"
			}
			content, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			if a := g.Send(t, g.Request(t, "POST", path, content, rig.AsJSON), admin); a.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("%s of %q: status %d: %s", path, source, a.StatusCode, a.Content)
			}
		}
	}
	if n := here.came.Load(); n != 0 {
		t.Errorf("%d connections came to where no camera may be", n)
	}
	if names.times("loop.example") == 0 || names.times("meta.example") == 0 {
		t.Error("the names were not resolved, so this tells nothing")
	}
}

// TestAddedWebhooksReachNoForbiddenPlace nor does a broker: as an admin adds, and tests, those that lead where
// none may be, nobody is dialled.
func TestAddedWebhooksReachNoForbiddenPlace(t *testing.T) {
	names := namesOfForbidden(t)
	here := newVictim(t, "127.0.0.1:0")
	g := rig.StartGuarded(t, "cameras: {front: {source: 'upload:'}}")
	admin := g.AsAdmin(t)
	send := func(method, path, body string) rig.Answer {
		return g.Send(t, g.Request(t, method, path, []byte(body), rig.AsJSON), admin)
	}
	own := g.URL[strings.LastIndex(g.URL, ":")+1:]
	tested := 0
	expectNotTaken := func(path string, a rig.Answer) {
		t.Helper()
		switch a.StatusCode {
		case http.StatusUnprocessableEntity:
			return
		case http.StatusOK, http.StatusCreated:
		default:
			t.Errorf("status %d: %s", a.StatusCode, a.Content)
			return
		}
		tested++
		if a := send("POST", path+"/test", ""); a.StatusCode != http.StatusOK || !strings.Contains(string(a.Content), `"taken":false`) || strings.Contains(string(a.Content), "secret") {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.Content)
		}
		if a := send("DELETE", path, ""); a.StatusCode != http.StatusNoContent {
			t.Errorf("%s stays: %d %s", path, a.StatusCode, a.Content)
		}
	}
	port := fmt.Sprint(here.port())
	for i, host := range append(forbiddenHosts, "127.0.0.1:own", "localhost:own", "0.0.0.0:own") {
		to := host + ":" + port
		if named, is := strings.CutSuffix(host, ":own"); is {
			to = named + ":" + own
		}
		expectNotTaken("/api/v1/webhooks/trial", send("POST", "/api/v1/webhooks", fmt.Sprintf(`{"name": "trial", "url": %q}`, []string{"http", "https"}[i%2]+"://"+to+"/secret?secret")))
		expectNotTaken("/api/v1/mqtt", send("PATCH", "/api/v1/mqtt", fmt.Sprintf(`{"url": %q}`, []string{"mqtt", "mqtts"}[i%2]+"://"+to)))
	}
	if n := here.came.Load(); n != 0 {
		t.Errorf("%d connections came to where none may lead", n)
	}
	if names.times("loop.example") == 0 || names.times("meta.example") == 0 || tested < 10 {
		t.Errorf("the names were not resolved, or %d were tried alone, so this tells nothing", tested)
	}
}

// expectUnreachable adds a camera, or is refused, and asks for its picture.
func expectUnreachable(t *testing.T, g *rig.Guarded, source string, admin, viewer rig.Credentials) {
	t.Helper()
	body := fmt.Appendf(nil, `{"id": "trial", "source": %q}`, source)
	a := g.Send(t, g.Request(t, "POST", "/api/v1/cameras", body, rig.AsJSON), admin)
	switch a.StatusCode {
	case http.StatusUnprocessableEntity:
	case http.StatusCreated:
		if a := g.Get(t, "/live/trial.jpg", viewer); a.StatusCode != http.StatusBadGateway || string(a.Content) != "unreachable\n" {
			t.Errorf("%s: a viewer is told %d %q", source, a.StatusCode, a.Content)
		}
		status := g.Get(t, "/api/v1/cameras/trial/status", viewer)
		for _, hidden := range []string{"127.", "169.254", "connection refused", "lookup", "no camera may", "secret"} {
			if strings.Contains(string(status.Content), hidden) {
				t.Errorf("%s: the status tells a viewer %s", source, status.Content)
			}
		}
		g.Call(t, "DELETE", "/api/v1/cameras/trial", nil, admin, http.StatusNoContent)
	default:
		t.Errorf("%s: status %d: %s", source, a.StatusCode, a.Content)
	}
	a = g.Send(t, g.Request(t, "POST", "/api/v1/cameras/probe", fmt.Appendf(nil, `{"source": %q}`, source), rig.AsJSON), admin)
	if a.StatusCode != http.StatusUnprocessableEntity && (a.StatusCode != http.StatusOK || !strings.Contains(string(a.Content), `"ok":false`)) {
		t.Errorf("trying %s: status %d: %s", source, a.StatusCode, a.Content)
	}
}

// TestRebindingGainsNothing gives a camera a name that means an allowed address
// until the camera is connected, and this machine afterwards.
func TestRebindingGainsNothing(t *testing.T) {
	names := newResolver(t)
	names.say("cam.example", "127.0.0.2")
	here := newVictim(t, "127.0.0.1:0")
	dropped := make(chan struct{})
	camera := serveAt(t, fmt.Sprintf("127.0.0.2:%d", here.port()), func(conn net.Conn, _ *bufio.Reader) {
		fmt.Fprint(conn, rig.MultipartHead)
		for number := 1; ; number++ {
			picture := rig.Picture(number)
			if _, err := fmt.Fprintf(conn, "Content-Type: image/jpeg\r\n\r\n%s\r\n--b\r\n", picture); err != nil {
				return
			}
			select {
			case <-dropped:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	g := rig.StartGuarded(t, "network: {allow: [127.0.0.2/32]}\ncameras: {front: {source: 'upload:'}}")
	admin := g.AsAdmin(t)
	g.Call(t, "POST", "/api/v1/cameras", map[string]string{"id": "rebound", "keep": "always", "source": fmt.Sprintf("http://cam.example:%d/", here.port())}, admin, 201)
	rig.Await(t, "a picture of the allowed address", func() bool { return rig.PictureNumber(g.Get(t, "/live/rebound.jpg", admin).Content) > 0 })
	names.say("cam.example", "127.0.0.1")
	camera.Close()
	close(dropped)
	asked := names.times("cam.example")
	rig.Await(t, "the name to be asked for anew", func() bool { return names.times("cam.example") > asked+1 })
	rig.Await(t, "the refusal", func() bool {
		return strings.Contains(string(g.Get(t, "/api/v1/cameras/rebound/status", admin).Content), "no camera may be there")
	})
	if n := here.came.Load(); n != 0 {
		t.Errorf("%d connections came to this machine", n)
	}
}

// serveAt answers each connection to an address in a goroutine, after reading
// the head of its first request.
func serveAt(t *testing.T, address string, answer func(net.Conn, *bufio.Reader)) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Skipf("this machine has no second loopback address: %v", err)
	}
	var wg sync.WaitGroup
	var open sync.Map
	wg.Go(func() { // ends when the listener is closed
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Store(conn, nil)
			wg.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(rig.Ceiling))
				in := bufio.NewReader(conn)
				if readHead(in) == nil {
					answer(conn, in)
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		open.Range(func(conn, _ any) bool { conn.(net.Conn).Close(); return true })
		wg.Wait()
	})
	return l
}

// readHead reads up to an empty line.
func readHead(in *bufio.Reader) error {
	for {
		line, err := in.ReadString('\n')
		if err != nil || strings.TrimSpace(line) == "" {
			return err
		}
	}
}

// TestRedirectsLeadNowhereElse has an allowed camera send us on to where none
// may be, over HTTP and RTSP.
func TestRedirectsLeadNowhereElse(t *testing.T) {
	here, there := newVictim(t, "127.0.0.1:0"), newVictim(t, "127.0.0.2:0")
	var mu sync.Mutex // guards location and kept
	location, sent := "", 0
	camera := serveAt(t, "127.0.0.2:0", func(conn net.Conn, in *bufio.Reader) {
		mu.Lock()
		to := location
		sent++
		mu.Unlock()
		switch {
		case to == "/there" && sent%2 == 0: // the second request of a pair
			picture := rig.Picture(7)
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(picture), picture)
		case strings.HasPrefix(to, "rtsp"):
			fmt.Fprintf(conn, "RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: %s\r\n\r\n", to)
			if readHead(in) == nil { // OPTIONS came first
				fmt.Fprintf(conn, "RTSP/1.0 302 Moved\r\nCSeq: 2\r\nLocation: %s\r\n\r\n", to)
			}
			io.Copy(io.Discard, in)
		default:
			fmt.Fprintf(conn, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", to)
		}
	})
	g := rig.StartGuarded(t, "network: {allow: [127.0.0.2/32]}\ncameras: {front: {source: 'upload:'}}")
	admin := g.AsAdmin(t)
	own := g.URL[strings.LastIndex(g.URL, ":")+1:]
	address := camera.Addr().String()
	for i, to := range []string{
		fmt.Sprintf("http://127.0.0.1:%d/", here.port()), fmt.Sprintf("http://127.0.0.2:%d/", there.port()), "http://127.0.0.1:" + own + "/live/front.mjpeg",
		fmt.Sprintf("//127.0.0.1:%d/", here.port()), fmt.Sprintf("http://localhost:%d/", here.port()), "http://169.254.169.254/latest/meta-data/",
		fmt.Sprintf("http://127.0.0.2@127.0.0.1:%d/", here.port()), fmt.Sprintf("https://127.0.0.1:%d/", here.port()), "file:///etc/passwd",
		fmt.Sprintf("rtsp://127.0.0.1:%d/", here.port()), fmt.Sprintf("rtsp://127.0.0.2:%d/", there.port()), "rtsp://localhost:" + own + "/",
	} {
		mu.Lock()
		location = to
		before := sent
		mu.Unlock()
		scheme, _, _ := strings.Cut(to, ":")
		if scheme != "rtsp" {
			scheme = "http"
		}
		id := fmt.Sprintf("trial-%d", i)
		g.Call(t, "POST", "/api/v1/cameras", map[string]string{"id": id, "source": scheme + "://" + address + "/"}, admin, http.StatusCreated)
		if a := g.Get(t, "/live/"+id+".jpg", admin); a.StatusCode != http.StatusBadGateway {
			t.Errorf("%s: status %d: %s", to, a.StatusCode, a.Content)
		}
		g.Call(t, "DELETE", "/api/v1/cameras/"+id, nil, admin, http.StatusNoContent)
		mu.Lock()
		if sent == before {
			t.Errorf("%s: the camera was not asked, so this tells nothing", to)
		}
		mu.Unlock()
	}
	if here.came.Load() != 0 || there.came.Load() != 0 {
		t.Errorf("%d and %d connections came to where the camera sent us", here.came.Load(), there.came.Load())
	}
	mu.Lock()
	location, sent = "/there", 0
	mu.Unlock()
	g.Call(t, "POST", "/api/v1/cameras", map[string]string{"id": "good", "source": "http://" + address + "/"}, admin, http.StatusCreated)
	rig.Await(t, "a picture by a redirect within the camera", func() bool { return rig.PictureNumber(g.Get(t, "/live/good.jpg", admin).Content) == 7 })
}
