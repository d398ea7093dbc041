//go:build linux

package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/output/mjpeg"
	"framegate/gateway/output/snapshot"
	"framegate/gateway/stream"
)

// The benchmarks of this file put a number on what a crowd of MJPEG viewers
// costs. The server is a process of its own, this test binary again, so that
// its CPU and memory are its own; the benchmark is the load. "Bare" is the
// yardstick: a loop that writes one shared buffer to each socket. Figures are
// worth something only beside those of the yardstick, taken in turns with it.
//
//	go test ./gateway/e2e/bench -run '^$' -bench . -benchtime 1x

const (
	benchFrame = 75_000 // bytes
	benchFPS   = 30
	// stampAt is where a picture carries the time it was sent: in the
	// comment with which it is filled up.
	stampAt = 6
)

// stampedPicture gives a picture of benchFrame bytes.
func stampedPicture() []byte { return camtest.PictureOfSize(1, 640, 480, benchFrame) }

func stamp(picture []byte) {
	binary.BigEndian.PutUint64(picture[stampAt:], uint64(time.Now().UnixNano()))
}

// TestBenchServer is not a test, but the server that benchmarks start. With
// FRAMEGATE_BENCH_PROFILE each server writes a profile of its CPU to a file
// that is called so, after its kind, and by its process id.
func TestBenchServer(t *testing.T) {
	kind := os.Getenv("FRAMEGATE_BENCH_SERVER")
	serve := map[string]func(net.Listener) (viewers func() int){
		"bare": serveBare, "framegate": serveHub, "bare-tls": serveBareTLS, "framegate-tls": serveHubTLS,
		"cameras": serveCameras, "gateway": serveGateway, "sockets": serveSockets, "pipe": servePipe,
	}[kind]
	if serve == nil {
		return
	}
	if name := os.Getenv("FRAMEGATE_BENCH_PROFILE"); name != "" {
		f, err := os.Create(fmt.Sprintf("%s.%s.%d", name, kind, os.Getpid()))
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	viewers := serve(l)
	fmt.Println(l.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); { // ends with the benchmark
		_ = json.NewEncoder(os.Stdout).Encode(measure(viewers()))
	}
	pprof.StopCPUProfile()
	os.Exit(0)
}

// usage is what a server has used so far.
type usage struct {
	CPU     time.Duration
	RSS     int // bytes
	Writes  int // system calls
	Reads   int // system calls
	Read    int // bytes
	Viewers int // or cameras, of those who have no viewers
}

func measure(viewers int) usage {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	u := usage{CPU: time.Duration(r.Utime.Nano() + r.Stime.Nano()), Viewers: viewers}
	statm, _ := os.ReadFile("/proc/self/statm")
	pages, _ := strconv.Atoi(strings.Fields(string(statm))[1])
	u.RSS = pages * os.Getpagesize()
	calls, _ := os.ReadFile("/proc/self/io")
	count := func(name string) int {
		_, rest, _ := strings.Cut(string(calls), name+": ")
		n, _ := strconv.Atoi(strings.Fields(rest)[0])
		return n
	}
	u.Writes, u.Reads, u.Read = count("syscw"), count("syscr"), count("rchar")
	return u
}

// serveBare is the yardstick.
func serveBare(l net.Listener) func() int {
	return writeBare(func() (net.Conn, error) {
		c, err := l.Accept()
		if err == nil {
			_, _ = http.ReadRequest(bufio.NewReader(c))
		}
		return c, err
	})
}

// writeBare writes pictures to the connections that come, until none does.
func writeBare(next func() (net.Conn, error)) func() int {
	part := append([]byte("Content-Type: image/jpeg\r\nContent-Length: 75000\r\nX-Timestamp: 1700000000.000000\r\n\r\n"), stampedPicture()...)
	picture := part[len(part)-benchFrame:]
	part = append(part, "\r\n--AAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"...)
	var mu sync.Mutex
	var conns []net.Conn
	go func() {
		for {
			c, err := next()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n--AAAAAAAAAAAAAAAAAAAAAAAAAA\r\n")
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
		}
	}()
	go func() {
		for range time.Tick(time.Second / benchFPS) {
			stamp(picture)
			mu.Lock()
			for _, c := range conns {
				_, _ = c.Write(part)
			}
			mu.Unlock()
		}
	}()
	return func() int { mu.Lock(); defer mu.Unlock(); return len(conns) }
}

// benchCamera emits pictures as an upload does: checked, and each in a buffer
// of its own.
type benchCamera struct{}

func (benchCamera) Run(ctx context.Context, emit func(media.Frame)) error {
	blank := stampedPicture()
	tick := time.NewTicker(time.Second / benchFPS)
	defer tick.Stop()
	var format *media.Format
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		picture := slices.Clone(blank)
		stamp(picture)
		frame, err := media.JPEGFrame(picture, format)
		if err != nil {
			return err
		}
		format = frame.Format
		emit(frame)
	}
}

func benchHub() *stream.Hub {
	return stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return benchCamera{}, nil }})
}

func serveHub(l net.Listener) func() int {
	hub := benchHub()
	handler := mjpeg.New(delivery.Options{Hub: hub})
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = handler.Serve(w, r, delivery.Choice{Own: stream.Key{Camera: "front"}}, stream.Client{})
	}))
	return func() int { return hub.Viewers("front") }
}

// benchServer is a server process.
type benchServer struct {
	b       *testing.B
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	address string
}

func startServer(b *testing.B, kind string, variables ...string) *benchServer {
	b.Helper()
	s := &benchServer{b: b, command: exec.Command(os.Args[0], "-test.run=^TestBenchServer$")}
	s.command.Env = append(append(os.Environ(), "FRAMEGATE_BENCH_SERVER="+kind), variables...)
	s.command.Stderr = os.Stderr
	in, err1 := s.command.StdinPipe()
	out, err2 := s.command.StdoutPipe()
	s.in, s.out = in, bufio.NewReader(out)
	if err1 != nil || err2 != nil || s.command.Start() != nil {
		b.Fatal("no server: ", err1, err2)
	}
	line, err := s.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	s.address = strings.TrimSpace(line)
	return s
}

func (s *benchServer) stop() {
	s.in.Close()
	_ = s.command.Wait()
}

func (s *benchServer) usage() (u usage) {
	s.b.Helper()
	_, _ = io.WriteString(s.in, "usage\n")
	line, err := s.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &u)
	}
	if err != nil {
		s.b.Fatal(err)
	}
	return u
}

// crowd is viewers that cost little: they look at the time in each picture
// and no further.
type crowd struct {
	b       *testing.B
	conns   []net.Conn
	reading sync.WaitGroup
	trash   [benchFrame]byte

	mu     sync.Mutex // guards what follows
	bytes  int
	delays []time.Duration // from camera to viewer
}

// join adds n viewers, who do not read yet.
func (c *crowd) join(address string, n int) []net.Conn {
	c.b.Helper()
	from := len(c.conns)
	for range n {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			c.b.Fatal(err)
		}
		c.conns = append(c.conns, conn)
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	return c.conns[from:]
}

// read makes viewers read, up to leave.
func (c *crowd) read(conns []net.Conn) {
	for _, conn := range conns {
		c.reading.Go(func() { c.watch(conn) })
	}
}

func (c *crowd) watch(conn net.Conn) {
	parts := partScanner{r: bufio.NewReaderSize(conn, 256), conn: conn, trash: c.trash[:]}
	for {
		sent, length, err := parts.next()
		if err != nil {
			return
		}
		c.mu.Lock()
		c.bytes += length
		if !sent.IsZero() {
			c.delays = append(c.delays, time.Since(sent))
		}
		c.mu.Unlock()
	}
}

func (c *crowd) leave() {
	for _, conn := range c.conns {
		conn.Close()
	}
	c.reading.Wait()
}

// take gives what was noted since it was called last: bytes received, and
// the median and the 99th percentile of the delays.
func (c *crowd) take() (bytes int, p50, p99 time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.Sort(c.delays)
	if n := len(c.delays); n > 0 {
		p50, p99 = c.delays[n/2], c.delays[n*99/100]
	}
	bytes, c.bytes, c.delays = c.bytes, 0, c.delays[:0]
	return bytes, p50, p99
}

// partScanner reads parts by their length.
type partScanner struct {
	r     *bufio.Reader
	conn  net.Conn
	trash []byte
}

// next gives when the next part's picture was sent, zero for "no signal", and
// the part's length.
func (p *partScanner) next() (sent time.Time, length int, err error) {
	for {
		line, err := p.r.ReadSlice('\n')
		if err != nil {
			return sent, 0, err
		}
		if value, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			length, err = strconv.Atoi(strings.TrimSpace(value))
			if err != nil {
				return sent, 0, err
			}
		}
		if length > 0 && len(line) == 2 {
			break
		}
	}
	head, err := p.r.Peek(stampAt + 8)
	if err != nil {
		return sent, 0, err
	}
	if length == benchFrame {
		sent = time.Unix(0, int64(binary.BigEndian.Uint64(head[stampAt:])))
	}
	return sent, length, p.discard(length)
}

// discard reads the rest of a picture into a buffer that all viewers share:
// nobody looks at it.
func (p *partScanner) discard(n int) error {
	m, err := p.r.Discard(min(n, p.r.Buffered()))
	for n -= m; n > 0 && err == nil; n -= m {
		m, err = p.conn.Read(p.trash[:min(n, len(p.trash))])
	}
	return err
}

// relayed is what one run with a crowd gives.
type relayed struct {
	cpuPerGB, p50, p99 time.Duration
	writesPerFrame     float64
	bytesPerViewer     int // of memory
}

// relay lets viewers watch a server for a while.
func relay(b *testing.B, kind string, viewers int) (r relayed) {
	s := startServer(b, kind)
	defer s.stop()
	c := &crowd{b: b}
	defer c.leave()
	c.read(c.join(s.address, 1))
	time.Sleep(500 * time.Millisecond)
	alone := s.usage()
	c.read(c.join(s.address, viewers-1))
	time.Sleep(time.Second)
	c.take()
	before := s.usage()
	time.Sleep(2 * time.Second)
	after := s.usage()
	bytes, p50, p99 := c.take()
	r.p50, r.p99 = p50, p99
	r.cpuPerGB = time.Duration(float64(after.CPU-before.CPU) / float64(bytes) * 1e9)
	r.writesPerFrame = float64(after.Writes-before.Writes) / (float64(bytes) / benchFrame)
	r.bytesPerViewer = (after.RSS - alone.RSS) / (viewers - 1)
	b.Logf("%s: %.3f s CPU/GB, p50 %v, p99 %v, %.0f MB/s", kind, r.cpuPerGB.Seconds(), p50, p99, float64(bytes)/2e6)
	return r
}

func benchmarkRelay(b *testing.B, viewers int) {
	var bare, framegate []relayed
	for range 3 {
		bare = append(bare, relay(b, "bare", viewers))
		framegate = append(framegate, relay(b, "framegate", viewers))
	}
	report := func(name string, of func(relayed) float64) {
		x, y := medianOf(framegate, of), medianOf(bare, of)
		b.ReportMetric(x, name)
		b.ReportMetric(x/y, name+"-ratio")
	}
	report("cpu-s/GB", func(r relayed) float64 { return r.cpuPerGB.Seconds() })
	report("p50-ms", func(r relayed) float64 { return r.p50.Seconds() * 1e3 })
	b.ReportMetric(medianOf(framegate, func(r relayed) float64 { return r.writesPerFrame }), "writes/frame")
	b.ReportMetric(medianOf(framegate, func(r relayed) float64 { return float64(r.bytesPerViewer) / 1024 }), "kB/viewer")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkRelay200(b *testing.B) { benchmarkRelay(b, 200) }

func BenchmarkRelay500(b *testing.B) { benchmarkRelay(b, 500) }

// BenchmarkStalled has 500 viewers that never read beside 20 that do.
func BenchmarkStalled(b *testing.B) {
	s := startServer(b, "framegate")
	defer s.stop()
	c := &crowd{b: b}
	defer c.leave()
	const healthy = 20
	c.read(c.join(s.address, healthy))
	time.Sleep(500 * time.Millisecond)
	c.take()
	time.Sleep(2 * time.Second)
	_, _, before := c.take()
	rss := s.usage().RSS
	began := time.Now()
	c.join(s.address, 500)
	joined := time.Since(began)
	peak := 0
	for {
		u := s.usage()
		peak = max(peak, u.RSS-rss)
		if u.Viewers == healthy || time.Since(began) > 20*time.Second {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.ReportMetric((time.Since(began) - joined).Seconds(), "s-until-gone")
	b.ReportMetric(float64(peak)/(1<<20), "MB")
	_, _, during := c.take()
	b.ReportMetric((during-before).Seconds()*1e3, "p99-added-ms")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkSlowViewer has a viewer whose line takes a quarter of what the
// camera gives. A picture is behind by the pictures that went through the line
// between its being sent and its own passage.
func BenchmarkSlowViewer(b *testing.B) {
	s := startServer(b, "framegate")
	defer s.stop()
	const rate = benchFrame * benchFPS / 4
	v, err := camtest.Watch(b.Context(), "http://"+s.address, camtest.WatchOptions{BytesPerSecond: rate, ReceiveBuffer: 16 << 10})
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	var behind []float64
	for began := time.Now(); time.Since(began) < 8*time.Second; {
		part, err := v.Next()
		if err != nil {
			b.Fatal(err)
		}
		sent := time.Unix(0, int64(binary.BigEndian.Uint64(part.JPEG[stampAt:])))
		behind = append(behind, part.Arrived.Sub(sent).Seconds()*rate/benchFrame-1)
	}
	slices.Sort(behind)
	b.ReportMetric(behind[len(behind)/2], "frames-behind-p50")
	b.ReportMetric(behind[len(behind)-1], "frames-behind-max")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkSnapshot asks for a camera that is watched.
func BenchmarkSnapshot(b *testing.B) {
	hub := benchHub()
	defer hub.Close()
	reader, err := hub.Open(stream.Key{Camera: "front"}, stream.ReadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer reader.Close()
	handler := snapshot.New(hub)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handler.Serve(w, r, delivery.Choice{Own: stream.Key{Camera: "front"}}, stream.Client{}); err != nil {
			b.Error(err)
		}
	}))
	defer server.Close()
	if _, err := reader.Next(b.Context()); err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for range 300 {
		began := time.Now()
		response, err := http.Get(server.URL)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
	b.ReportMetric(0, "ns/op")
}
