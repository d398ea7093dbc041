//go:build linux

package live

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// The benchmark of this file puts a number on what a crowd of viewers on
// WebSockets costs. The server is a process of its own, this test binary again,
// so that its CPU is its own; the benchmark is the load. "Bare" is the
// yardstick: a loop that writes one shared buffer to each socket. Figures are
// worth something only beside those of the yardstick, taken in turns with it.
//
//	go test ./gateway/output/live -run '^$' -bench Crowd -benchtime 1x
const (
	benchViewers = 100
	benchFPS     = 30
	benchFrame   = 3_000_000 / 8 / benchFPS // bytes of a frame at 3 Mbit/s
	benchGOP     = 2 * benchFPS
)

// TestBenchServer is not a test, but the server that the benchmark starts.
func TestBenchServer(t *testing.T) {
	serve := map[string]func(net.Listener){"bare": serveBare, "framegate": serveLive, "heard": serveLive}[os.Getenv("FRAMEGATE_BENCH_SERVER")]
	if serve == nil {
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(l)
	fmt.Println(l.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); { // ends with the benchmark
		var r unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
			panic(err)
		}
		statm, _ := os.ReadFile("/proc/self/statm")
		pages, _ := strconv.Atoi(strings.Fields(string(statm))[1])
		_ = json.NewEncoder(os.Stdout).Encode(usage{time.Duration(r.Utime.Nano() + r.Stime.Nano()), pages * os.Getpagesize()})
	}
	os.Exit(0)
}

// usage is what a server has used so far.
type usage struct {
	CPU time.Duration
	RSS int // bytes
}

// benchPayload is what a frame is on the wire but for its header.
func benchPayload() []byte { return bytes.Repeat([]byte{0x41}, benchFrame) }

// serveBare is the yardstick.
func serveBare(l net.Listener) {
	message := appendOpening(nil, opBinary, headerSize+108+benchFrame)
	at := len(message)
	message = append(message, make([]byte, headerSize+108)...)
	message = append(message, benchPayload()...)
	var mu sync.Mutex
	var conns []net.Conn
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
		}
	}()
	go func() {
		for range time.Tick(time.Second / benchFPS) {
			putHeader(message[at:], kindFrame, 0, 1, &media.Frame{Wall: time.Now()})
			mu.Lock()
			for _, c := range conns {
				_, _ = c.Write(message)
			}
			mu.Unlock()
		}
	}()
}

// benchCamera emits frames as an H.264 camera does, each in a buffer of its
// own, with sound of 128 kbit/s.
type benchCamera struct{}

func (benchCamera) Run(ctx context.Context, emit func(media.Frame)) error {
	format, err := media.H264Format(mainSPS, anyPPS)
	if err != nil {
		return err
	}
	payload := benchPayload()
	binary.BigEndian.PutUint32(payload, uint32(len(payload)-4))
	heard, err := media.AACFormat([]byte{0x11, 0x90})
	if err != nil {
		return err
	}
	sound := media.Frame{Format: heard, Data: make([]byte, 340)}
	emit(media.Frame{Format: heard})
	tick := time.NewTicker(time.Second / benchFPS)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		for at := time.Duration(n) * time.Second / benchFPS; sound.PTS <= at; sound.PTS += sound.Duration() {
			emit(sound)
		}
		emit(media.Frame{
			Key: n%benchGOP == 0, Wall: time.Now(), PTS: time.Duration(n) * time.Second / benchFPS,
			Format: format, Data: slices.Clone(payload),
		})
	}
}

func serveLive(l net.Listener) {
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return benchCamera{}, nil }})
	h := New(delivery.Options{Hub: hub})
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = h.ServeWebSocket(w, r, choice, stream.Client{})
	}))
}

// benchServer is a server process.
type benchServer struct {
	b       *testing.B
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	address string
}

func startServer(b *testing.B, kind string) *benchServer {
	b.Helper()
	s := &benchServer{b: b, command: exec.Command(os.Args[0], "-test.run=^TestBenchServer$")}
	s.command.Env = append(os.Environ(), "FRAMEGATE_BENCH_SERVER="+kind)
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

func (s *benchServer) usage() (used usage) {
	s.b.Helper()
	_, _ = io.WriteString(s.in, "usage\n")
	line, err := s.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &used)
	}
	if err != nil {
		s.b.Fatal(err)
	}
	return used
}

// benchCrowd is viewers that cost little: they look at the capture time of each
// frame and no further.
type benchCrowd struct {
	conns   []net.Conn
	reading sync.WaitGroup

	mu     sync.Mutex // guards what follows
	delays []time.Duration
}

// joins one that asks for sound where kind is heard.
func (c *benchCrowd) join(b *testing.B, kind, address string) {
	b.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	c.conns = append(c.conns, conn)
	_, _ = io.WriteString(conn, "GET /?codec=h264 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: "+Subprotocol+"\r\n\r\n")
	c.reading.Go(func() { c.watch(conn, kind == "heard") }) // ends when conn is closed
}

func (c *benchCrowd) watch(conn net.Conn, heard bool) {
	r := bufio.NewReaderSize(conn, 16<<10)
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = r.ReadString('\n'); err != nil {
			return
		}
	}
	if heard {
		wish := `{"type":"sound","codecs":["aac"]}`
		_, _ = io.WriteString(conn, string([]byte{opText, 0x80 | byte(len(wish)), 0, 0, 0, 0})+wish) // masked by nothing
	}
	for {
		opening, err := r.Peek(2)
		if err != nil {
			return
		}
		n, at := int(opening[1]), 2
		if n == 126 {
			if opening, err = r.Peek(4); err != nil {
				return
			}
			n, at = int(binary.BigEndian.Uint16(opening[2:])), 4
		}
		head, err := r.Peek(at + 16)
		if err != nil {
			return
		}
		if n > benchFrame {
			taken := time.UnixMicro(int64(binary.BigEndian.Uint64(head[at+8:])))
			// Delays are of whole messages, so the rest is read before.
			if _, err := r.Discard(at + n); err != nil {
				return
			}
			c.mu.Lock()
			c.delays = append(c.delays, time.Since(taken))
			c.mu.Unlock()
			continue
		}
		if _, err := r.Discard(at + n); err != nil {
			return
		}
	}
}

func (c *benchCrowd) leave() {
	for _, conn := range c.conns {
		conn.Close()
	}
	c.reading.Wait()
}

// take gives the number of frames since it was called last, and the median of
// their delays.
func (c *benchCrowd) take() (frames int, p50 time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.Sort(c.delays)
	if frames = len(c.delays); frames > 0 {
		p50 = c.delays[frames/2]
	}
	c.delays = c.delays[:0]
	return frames, p50
}

// served is what one run with a crowd gives.
type served struct {
	cpuPerFrame, p50 float64 // microseconds
	perViewer        float64 // kB of memory
}

func serveCrowd(b *testing.B, kind string, viewers int) served {
	s := startServer(b, kind)
	defer s.stop()
	c := &benchCrowd{}
	defer c.leave()
	c.join(b, kind, s.address)
	time.Sleep(500 * time.Millisecond)
	alone := s.usage()
	for range viewers - 1 {
		c.join(b, kind, s.address)
	}
	time.Sleep(time.Second)
	c.take()
	before := s.usage()
	time.Sleep(2 * time.Second)
	after := s.usage()
	frames, p50 := c.take()
	cpu := after.CPU - before.CPU
	b.Logf("%s, %d viewers: %d frames, %v CPU, p50 %v", kind, viewers, frames, cpu, p50)
	return served{
		cpuPerFrame: float64(cpu.Microseconds()) / float64(max(frames, 1)),
		p50:         float64(p50.Microseconds()),
		perViewer:   float64(after.RSS-alone.RSS) / float64(max(viewers-1, 1)) / 1024,
	}
}

// BenchmarkSound is what sound adds for a viewer: the ratio of what it costs with and
// without, in turns.
func BenchmarkSound(b *testing.B) {
	var silent, heard []float64
	for range 5 {
		silent = append(silent, serveCrowd(b, "framegate", benchViewers).cpuPerFrame)
		heard = append(heard, serveCrowd(b, "heard", benchViewers).cpuPerFrame)
	}
	slices.Sort(silent)
	slices.Sort(heard)
	b.ReportMetric(heard[len(heard)/2], "cpu-us/frame")
	b.ReportMetric(heard[len(heard)/2]/silent[len(silent)/2], "cpu-ratio")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkCrowd(b *testing.B) {
	for _, viewers := range []int{1, benchViewers} {
		b.Run(fmt.Sprint(viewers), func(b *testing.B) {
			var bare, framegate []served
			for range 3 {
				bare = append(bare, serveCrowd(b, "bare", viewers))
				framegate = append(framegate, serveCrowd(b, "framegate", viewers))
			}
			report := func(name string, of func(served) float64) {
				median := func(runs []served) float64 {
					slices.SortFunc(runs, func(x, y served) int { return int(of(x)*1000) - int(of(y)*1000) })
					return of(runs[len(runs)/2])
				}
				b.ReportMetric(median(framegate), name)
				b.ReportMetric(median(framegate)/median(bare), name+"-ratio")
			}
			report("cpu-us/frame", func(s served) float64 { return s.cpuPerFrame })
			report("p50-us", func(s served) float64 { return s.p50 })
			report("kB/viewer", func(s served) float64 { return s.perViewer })
			b.ReportMetric(0, "ns/op")
		})
	}
}
