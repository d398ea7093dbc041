//go:build linux

package live

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/output/live/wire"
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

// Kinds of servers, and of who watches them.
const (
	bareServer = "bare"
	liveServer = "framegate"
	muteServer = "framegate, of a camera without sound"
)

// TestBenchServer is not a test, but the server that the benchmark starts.
func TestBenchServer(t *testing.T) {
	serve := map[string]func(net.Listener){
		bareServer: serveBare, liveServer: func(l net.Listener) { serveLive(l, true) }, muteServer: func(l net.Listener) { serveLive(l, false) },
	}[os.Getenv("FRAMEGATE_BENCH_SERVER")]
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
		if in.Text() == withSound || in.Text() == withoutSound {
			bareSound.Store(in.Text() == withSound)
			continue
		}
		var r unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
			panic(err)
		}
		statm, _ := os.ReadFile("/proc/self/statm")
		pages, _ := strconv.Atoi(strings.Fields(string(statm))[1])
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		_ = json.NewEncoder(os.Stdout).Encode(usage{time.Duration(r.Utime.Nano() + r.Stime.Nano()), pages * os.Getpagesize(), m.Mallocs})
	}
	os.Exit(0)
}

// usage is what a server has used so far.
type usage struct {
	CPU       time.Duration
	RSS       int // bytes
	Allocated uint64
}

// benchPayload is what a frame is on the wire but for its header.
func benchPayload() []byte { return bytes.Repeat([]byte{0x41}, 2*benchFrame) }

// benchSize is how many bytes of that a picture has. None is as long as the one before, since it
// matters where in the kernel's memory the next one begins.
func benchSize(n int) int { return benchFrame*3/4 + n*7919%(benchFrame/2) }

// serveBare is the yardstick, which has sound behind pictures where bareSound says so.
func serveBare(l net.Listener) {
	head := make([]byte, 4+wire.HeadSize+108)
	payload, sound := benchPayload(), benchSound()
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
		n := 0
		for range time.Tick(time.Second / benchFPS) {
			n++
			appendOpening(head[:0], opBinary, len(head)-4+benchSize(n))
			top := wire.Head{Kind: wire.KindFrame, Epoch: 1, Wall: time.Now()}
			top.Put(head[4:])
			parts := [][]byte{head, payload[:benchSize(n)]}
			if bareSound.Load() {
				parts = append(parts, sound...)
			}
			mu.Lock()
			for _, c := range conns {
				buffers := net.Buffers(slices.Clone(parts))
				_, _ = buffers.WriteTo(c)
			}
			mu.Unlock()
		}
	}()
}

// benchCamera emits frames as an H.264 camera does, each in a buffer of its
// own, with sound of 128 kbit/s if it has some.
type benchCamera struct{ sounds bool }

func (c benchCamera) Run(ctx context.Context, emit func(media.Frame)) error {
	format, err := media.H264Format(mainSPS, anyPPS)
	if err != nil {
		return err
	}
	payload := benchPayload()
	aac, err := media.AACFormat([]byte{0x11, 0x90})
	if err != nil {
		return err
	}
	sound := media.Frame{Format: aac, Data: make([]byte, benchUnit)}
	if c.sounds {
		emit(media.Frame{Format: aac})
	}
	wait := time.NewTimer(0)
	defer wait.Stop()
	for n, began := 0, time.Now(); ; {
		at, ends := time.Duration(n)*time.Second/benchFPS, sound.PTS+sound.Duration()
		wait.Reset(min(at, ends) - time.Since(began))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wait.C:
		}
		if ends < at { // a camera has a frame of sound when it is over
			if sound.Wall = time.Now(); c.sounds {
				emit(sound)
			}
			sound.PTS = ends
			continue
		}
		picture := slices.Clone(payload[:benchSize(n)])
		binary.BigEndian.PutUint32(picture, uint32(len(picture)-4))
		emit(media.Frame{Key: n%benchGOP == 0, Wall: time.Now(), PTS: at, Format: format, Data: picture})
		n++
	}
}

func serveLive(l net.Listener, sounds bool) {
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return benchCamera{sounds}, nil }})
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
	sounds []time.Duration // delays of messages of sound
}

// join has one join.
func (c *benchCrowd) join(b *testing.B, address string) {
	b.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	c.conns = append(c.conns, conn)
	_, _ = io.WriteString(conn, "GET /?codec=h264 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: "+Subprotocol+"\r\n\r\n")
	c.reading.Go(func() { c.watch(conn) }) // ends when conn is closed
}

func (c *benchCrowd) watch(conn net.Conn) {
	r := bufio.NewReaderSize(conn, 16<<10)
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = r.ReadString('\n'); err != nil {
			return
		}
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
		if n > benchFrame/2 {
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
		if head[at+1] == wire.KindSound {
			taken := time.UnixMicro(int64(binary.BigEndian.Uint64(head[at+8:])))
			c.mu.Lock()
			c.sounds = append(c.sounds, time.Since(taken))
			c.mu.Unlock()
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

// take gives the delays of frames since it was called last, and of sound, sorted.
func (c *benchCrowd) take() (frames, sounds []time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	frames, sounds = c.delays, c.sounds
	c.delays, c.sounds = nil, nil
	slices.Sort(frames)
	slices.Sort(sounds)
	return frames, sounds
}

// quantile gives that of delays that are sorted, in microseconds; 0 of none.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(q*float64(len(sorted)-1))].Microseconds())
}

// served is what one run with a crowd gives.
type served struct {
	cpuPerFrame, p50 float64 // microseconds
	perViewer        float64 // kB of memory
	allocated        float64 // times for a frame, however many get it
}

func serveCrowd(b *testing.B, kind string, viewers int) served {
	s := startServer(b, kind)
	defer s.stop()
	c := &benchCrowd{}
	defer c.leave()
	c.join(b, s.address)
	time.Sleep(500 * time.Millisecond)
	alone := s.usage()
	for range viewers - 1 {
		c.join(b, s.address)
	}
	time.Sleep(time.Second)
	c.take()
	before := s.usage()
	time.Sleep(2 * time.Second)
	after := s.usage()
	delays, _ := c.take()
	cpu, frames := after.CPU-before.CPU, len(delays)
	b.Logf("%s, %d viewers: %d frames, %v CPU, p50 %v µs", kind, viewers, frames, cpu, quantile(delays, 0.5))
	return served{
		cpuPerFrame: float64(cpu.Microseconds()) / float64(max(frames, 1)),
		p50:         quantile(delays, 0.5),
		perViewer:   float64(after.RSS-alone.RSS) / float64(max(viewers-1, 1)) / 1024,
		allocated:   float64(after.Allocated-before.Allocated) / float64(max(frames, 1)) * float64(viewers),
	}
}

// median gives that of something of runs.
func median(runs []served, of func(served) float64) float64 {
	slices.SortFunc(runs, func(x, y served) int { return cmp.Compare(of(x), of(y)) })
	return of(runs[len(runs)/2])
}

func BenchmarkCrowd(b *testing.B) {
	for _, viewers := range []int{1, benchViewers} {
		b.Run(fmt.Sprint(viewers), func(b *testing.B) {
			var theirs, ours []served
			for range 3 {
				theirs = append(theirs, serveCrowd(b, bareServer, viewers))
				ours = append(ours, serveCrowd(b, liveServer, viewers))
			}
			report := func(name string, of func(served) float64) {
				b.ReportMetric(median(ours, of), name)
				b.ReportMetric(median(ours, of)/median(theirs, of), name+"-ratio")
			}
			report("cpu-us/frame", func(s served) float64 { return s.cpuPerFrame })
			report("p50-us", func(s served) float64 { return s.p50 })
			report("kB/viewer", func(s served) float64 { return s.perViewer })
			b.ReportMetric(0, "ns/op")
		})
	}
}
