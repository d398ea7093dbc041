//go:build linux

package bench

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
)

// BenchmarkSmallWall has 16 players shown as many cameras 640 pixels wide, which send H.264 of
// 1280x720 over RTSP, ten pictures a second, and 640x360 as their sub-streams: what the gateway
// takes of the processor, with its encoders, where the sub-streams go out as they come, where
// there are none and each camera is encoded, and where the large pictures go out as they come.
func BenchmarkSmallWall(b *testing.B) {
	large, small := filmed(b, 1280, 720), filmed(b, 640, 360)
	text := "auth: off\nlimits: {encoders: 64, encoder_starts: 16}\ncameras:\n"
	for i := range wallCameras {
		text += fmt.Sprintf("  c%d: {source: '%s', sub: '%s'}\n  d%d: {source: '%s'}\n", i, large[i], small[i], i, large[i])
	}
	name := b.TempDir() + "/framegate.yaml"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, of := range []struct{ name, address string }{
		{"sub", "/live/c%d?codec=h264&min_width=640"}, {"encoded", "/live/d%d?codec=h264&width=640"}, {"large", "/live/d%d?codec=h264"},
	} {
		b.Run(of.name, func(b *testing.B) {
			s := startServer(b, "gateway", "FRAMEGATE_BENCH_CONFIG="+name)
			defer s.stop()
			var watching, begun sync.WaitGroup
			var shown pictures
			defer watching.Wait()
			for i := range wallCameras {
				// One address has four encoders at most, so not all players are at one.
				from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i))}}
				dialer := websocket.Dialer{Subprotocols: []string{"framegate.v1"}, NetDialContext: from.DialContext}
				player, _, err := dialer.Dial("ws://"+s.address+fmt.Sprintf(of.address, i), nil)
				if err != nil {
					b.Fatal(err)
				}
				defer player.Close()
				begun.Add(1)
				watching.Go(func() { shown.watch(b, player, &begun) }) // ends with its connection
			}
			begun.Wait()
			time.Sleep(2 * time.Second)
			before, began, count, bytes := familyCPU(s.command.Process.Pid), time.Now(), shown.count.Load(), shown.bytes.Load()
			time.Sleep(10 * time.Second)
			used, took := familyCPU(s.command.Process.Pid)-before, time.Since(began).Seconds()
			b.ReportMetric(100*used.Seconds()/took, "%core")
			b.ReportMetric(float64(used.Microseconds())/float64(shown.count.Load()-count), "µs/picture")
			b.ReportMetric(float64(shown.count.Load()-count)/took, "pictures/s")
			b.ReportMetric(float64(shown.bytes.Load()-bytes)*8/1e6/took, "Mbit/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// filmed starts as many cameras as a wall has, which send pictures of one size until the
// benchmark ends, and gives where they are.
func filmed(b *testing.B, width, height int) (urls []string) {
	b.Helper()
	footage, err := camtest.NewFootage(camtest.FootageOptions{Codec: "h264", Width: width, Height: height, Rate: 10, Seconds: 8})
	if err != nil {
		b.Fatal(err)
	}
	for range wallCameras {
		camera, err := camtest.NewFakeCamera(camtest.FakeOptions{Footage: footage, Protocol: "rtsp"})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(camera.Close)
		urls = append(urls, camera.URL)
	}
	return urls
}

// pictures counts what players got.
type pictures struct{ count, bytes atomic.Int64 }

// watch takes all that comes, and says when there were some pictures.
func (p *pictures) watch(b *testing.B, player *websocket.Conn, begun *sync.WaitGroup) {
	const some = 10
	for n := 0; ; {
		kind, message, err := player.ReadMessage()
		if err != nil && n < some {
			b.Error(err)
			begun.Done()
		}
		if err != nil {
			return
		}
		if kind != websocket.BinaryMessage {
			continue
		}
		p.count.Add(1)
		p.bytes.Add(int64(len(message)))
		if n++; n == some {
			begun.Done()
		}
	}
}

// familyCPU is what a process and those that it started have used of the processor.
func familyCPU(pid int) (total time.Duration) {
	total = usageOf(pid).CPU
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, _ := os.ReadFile("/proc/" + e.Name() + "/stat")
		_, after, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(after); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			total += usageOf(child).CPU
		}
	}
	return total
}
