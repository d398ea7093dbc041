//go:build linux

package bench

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// BenchmarkAgainst has 200 viewers watch what FRAMEGATE_BENCH_AGAINST is the address
// of: multipart (http) or fragmented MP4 over WebSocket (ws) of any server. Where it
// is multipart they watch Framegate next, which takes that for a camera. FRAMEGATE_BENCH_PID,
// the number of the other server's process on this machine, has its CPU and memory
// measured as well.
//
// How late a picture is is counted from when the first viewer has it, since nobody
// knows when the other server did.
func BenchmarkAgainst(b *testing.B) {
	address := os.Getenv("FRAMEGATE_BENCH_AGAINST")
	if address == "" {
		b.Skip("scripts/bench --against URL")
	}
	pid, _ := strconv.Atoi(os.Getenv("FRAMEGATE_BENCH_PID")) // 0 where it is elsewhere
	watchAgainst(b, "other", address, pid)
	if strings.HasPrefix(address, "http") {
		name := b.TempDir() + "/framegate.yaml"
		limits := "limits: {viewers_per_camera: 1000, viewers_per_address: 1000}"
		text := fmt.Sprintf("auth: off\n%s\ncameras: {c: {source: '%s', keep: always}}\n", limits, address)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
		s := startServer(b, "gateway", "FRAMEGATE_BENCH_CONFIG="+name)
		defer s.stop()
		watchAgainst(b, "framegate", "http://"+s.address+"/live/c.mjpeg", s.command.Process.Pid)
	}
	b.ReportMetric(0, "ns/op")
}

// watchAgainst reports what a crowd gets of an address, and what that costs.
func watchAgainst(b *testing.B, name, address string, pid int) {
	b.Helper()
	const viewers, span = 200, 5 * time.Second
	c := &arrivals{first: make(map[uint32]time.Time)}
	before := usageOf(pid)
	var watching sync.WaitGroup
	var conns []io.Closer
	for range viewers {
		conn, next, err := watchAny(address)
		if err != nil {
			b.Fatalf("%s: %v", address, err)
		}
		conns = append(conns, conn)
		watching.Go(func() { c.watch(next) })
	}
	time.Sleep(2 * time.Second)
	c.take()
	from := usageOf(pid)
	time.Sleep(span)
	to := usageOf(pid)
	bytes, late := c.take()
	for _, conn := range conns {
		conn.Close()
	}
	watching.Wait()
	if len(late) == 0 {
		b.Fatalf("nothing came from %s", address)
	}
	slices.Sort(late)
	ms := func(at int) float64 { return late[len(late)*at/100].Seconds() * 1e3 }
	b.ReportMetric(float64(len(late))/viewers/span.Seconds(), name+"-pictures/s")
	b.ReportMetric(float64(bytes)/span.Seconds()/1e6, name+"-MB/s")
	b.ReportMetric(ms(50), name+"-late-p50-ms")
	b.ReportMetric(ms(99), name+"-late-p99-ms")
	if pid != 0 {
		b.ReportMetric((to.CPU-from.CPU).Seconds()/float64(bytes)*1e9, name+"-cpu-s/GB")
		b.ReportMetric(float64(to.RSS-before.RSS)/viewers/1024, name+"-kB/viewer")
	}
}

// arrivals are when a crowd got pictures.
type arrivals struct {
	mu    sync.Mutex           // guards what follows
	first map[uint32]time.Time // by sums of pictures
	late  []time.Duration
	bytes int
}

// watch notes what a viewer gets until it is closed.
func (a *arrivals) watch(next func() ([]byte, error)) {
	for {
		picture, err := next()
		if err != nil {
			return
		}
		now := time.Now()
		sum := crc32.ChecksumIEEE(picture[min(256, len(picture)/2):]) // behind a head that is the viewer's own
		a.mu.Lock()
		first, known := a.first[sum]
		if !known || now.Sub(first) > 5*time.Second { // a film that begins again
			first = now
			a.first[sum] = now
		}
		a.late = append(a.late, now.Sub(first))
		a.bytes += len(picture)
		a.mu.Unlock()
	}
}

// take gives what was noted since it was called last.
func (a *arrivals) take() (bytes int, late []time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	bytes, late = a.bytes, a.late
	a.bytes, a.late = 0, nil
	return bytes, late
}

// watchAny joins a stream, and gives what waits for its next picture, which is good
// until it is called again.
func watchAny(address string) (io.Closer, func() ([]byte, error), error) {
	if strings.HasPrefix(address, "ws") {
		socket, _, err := websocket.DefaultDialer.Dial(address, nil)
		if err != nil {
			return nil, nil, err
		}
		return socket, func() ([]byte, error) {
			for {
				kind, message, err := socket.ReadMessage()
				if err != nil || kind == websocket.BinaryMessage {
					return message, err
				}
			}
		}, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, nil, err
	}
	if u.Port() == "" {
		u.Host += ":80"
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", u.RequestURI(), u.Host)
	r := bufio.NewReaderSize(conn, 64<<10)
	response, err := http.ReadResponse(r, nil)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", address, response.Status)
	}
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, partsByLength(bufio.NewReader(response.Body)), nil
}

// partsByLength reads parts that say their length, as servers' do.
func partsByLength(r *bufio.Reader) func() ([]byte, error) {
	var picture []byte
	return func() ([]byte, error) {
		length := 0
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return nil, err
			}
			line = strings.TrimSpace(line)
			if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "Content-Length") {
				length, _ = strconv.Atoi(strings.TrimSpace(value)) // 0 is none
			}
			if line == "" && length > 0 {
				break
			}
		}
		picture = slices.Grow(picture[:0], length)[:length]
		_, err := io.ReadFull(r, picture)
		return picture, err
	}
}

// usageOf is what a process has used so far (proc(5)); nothing for 0.
func usageOf(pid int) (u usage) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u
	}
	const ticks = 100 // a second, as Linux tells all programs
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	for _, field := range fields[11:13] {
		n, _ := strconv.Atoi(field) // the kernel's own
		u.CPU += time.Duration(n) * time.Second / ticks
	}
	pages, _ := strconv.Atoi(fields[21])
	u.RSS = pages * os.Getpagesize()
	return u
}
