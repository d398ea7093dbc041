//go:build linux

package bench

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtmpcam/rtmptest"
	"framegate/gateway/media"
	"framegate/transcode/h264"
)

// sending is when pictures were sent, which are known by their last bytes.
type sending struct {
	mu sync.Mutex // guards what follows
	at map[string]time.Time
}

const tailBytes = 16

func (s *sending) sent(picture []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at[string(picture[len(picture)-tailBytes:])] = time.Now()
}

// since gives how long ago a picture was sent that ends like that.
func (s *sending) since(message []byte) (delay time.Duration, ok bool) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.at[string(message[len(message)-tailBytes:])]
	return now.Sub(at), ok
}

// servePipe is the yardstick: it gives what the first who connects sends to the second.
func servePipe(l net.Listener) func() int {
	go func() { // ends with the process
		from, err := l.Accept()
		if err != nil {
			return
		}
		to, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.Copy(to, from)
	}()
	return func() int { return 0 }
}

// BenchmarkRTMPLive has somebody send H.264 by RTMP, 720p at 30 pictures a second and 3
// Mbit/s, and a player watch: how long a picture takes from the one to the other, through the gateway,
// which is a process of its own. "Bare" is a process that copies the same pictures from a
// socket to another.
func BenchmarkRTMPLive(b *testing.B) {
	pictures, err := benchVideo()
	if err != nil {
		b.Fatal(err)
	}
	format, err := media.H264Format(pictures[0][0], pictures[0][1])
	if err != nil {
		b.Fatal(err)
	}
	port, release, err := camtest.HoldPort()
	if err != nil {
		b.Fatal(err)
	}
	defer release()
	to := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	name := b.TempDir() + "/framegate.yaml"
	if err := os.WriteFile(name, []byte("auth: off\nrtmp: {listen: '"+to+"'}\ncameras: {c0: {source: 'upload:'}}\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	s := startServer(b, "gateway", "FRAMEGATE_BENCH_CONFIG="+name)
	defer s.stop()
	sender := rtmptest.Dial(b, to, false)
	_ = sender.SetDeadline(time.Time{}) // of a connection that is open it cannot fail
	if code := sender.Ask("publish", "live", "c0"); code != "NetStream.Publish.Start" {
		b.Fatal(code)
	}
	sender.SetChunk(60_000)
	sender.Send(rtmptest.Pictures, 0, rtmptest.Config(format))
	dialer := websocket.Dialer{Subprotocols: []string{"framegate.v1"}}
	socket, _, err := dialer.DialContext(b.Context(), "ws://"+s.address+"/live/c0?codec=h264", nil)
	if err != nil {
		b.Fatal(err)
	}
	defer socket.Close()
	through := passing(b, pictures, func(n int, key bool, data []byte) {
		sender.Send(rtmptest.Pictures, uint32(n*1000/benchFPS), rtmptest.Picture(media.Frame{Key: key, Data: data}))
	}, func() ([]byte, error) {
		for {
			kind, message, err := socket.ReadMessage()
			if err != nil || kind == websocket.BinaryMessage && message[1] == 2 {
				return message, err
			}
		}
	})

	bare := startServer(b, "pipe")
	defer bare.stop()
	from, err := net.Dial("tcp", bare.address)
	if err != nil {
		b.Fatal(err)
	}
	defer from.Close()
	viewer, err := net.Dial("tcp", bare.address)
	if err != nil {
		b.Fatal(err)
	}
	defer viewer.Close()
	direct := passing(b, pictures, func(_ int, _ bool, data []byte) {
		_, _ = from.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...)) // who does not get it says so
	}, func() ([]byte, error) {
		var head [4]byte
		if _, err := io.ReadFull(viewer, head[:]); err != nil {
			return nil, err
		}
		data := make([]byte, binary.BigEndian.Uint32(head[:]))
		_, err := io.ReadFull(viewer, data)
		return data, err
	})
	for name, delays := range map[string][]time.Duration{"": through, "bare-": direct} {
		slices.Sort(delays)
		for unit, at := range map[string]int{"p50-ms": 50, "p95-ms": 95} {
			b.ReportMetric(float64(delays[len(delays)*at/100].Microseconds())/1000, name+unit)
		}
	}
	b.ReportMetric(0, "ns/op")
}

// passing sends pictures and gives how long each took to come out.
func passing(b *testing.B, pictures [][][]byte, send func(n int, key bool, data []byte), next func() ([]byte, error)) (delays []time.Duration) {
	b.Helper()
	s := &sending{at: make(map[string]time.Time)}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() { // ends by end
		defer close(ended)
		tick := time.NewTicker(time.Second / benchFPS)
		defer tick.Stop()
		for n := 0; ; n++ {
			units := pictures[n%len(pictures)]
			var data []byte
			for _, unit := range units {
				if h264.Type(unit) == h264.TypeFiller { // which goes no further than to the gateway
					continue
				}
				data = append(binary.BigEndian.AppendUint32(data, uint32(len(unit))), unit...)
			}
			s.sent(data)
			send(n, len(units) > 2, data)
			select {
			case <-tick.C:
			case <-end:
				return
			}
		}
	}()
	defer func() { close(end); <-ended }()
	for len(delays) < liveFrames {
		message, err := next()
		if err != nil {
			b.Fatal(err)
		}
		if delay, ok := s.since(message); ok {
			delays = append(delays, delay)
		}
	}
	return delays
}
