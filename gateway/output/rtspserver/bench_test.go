package rtspserver

import (
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

const (
	benchViewers = 100
	benchBytes   = 15_000 // of a picture: 3 Mbit/s at 25 a second
)

// BenchmarkViewers100 gives a picture to 100 viewers over TCP, and compares the CPU
// that it takes with that of a loop that writes the same bytes to as many connections,
// one write each. Both have those who read in the same process.
func BenchmarkViewers100(b *testing.B) {
	f := format264(b)
	b.Run("H264", func(b *testing.B) {
		benchViewers100(b, "", func(n int) media.Frame { return pictures(f, n, 1, benchBytes)[0] })
	})
	picture := camtest.Picture(1, 1280, 720) // of about as many bytes
	b.Run("JPEG", func(b *testing.B) {
		benchViewers100(b, "&codec=jpeg", func(n int) media.Frame { return frameOf(b, picture, n) })
	})
}

func benchViewers100(b *testing.B, query string, frame func(n int) media.Frame) {
	packet := frame(1)
	p := newPacker(packet.Format, 0)
	if err := p.takes(&packet); err != nil {
		b.Fatal(err)
	}
	written := p.appendFrame(nil, &packet, 0)
	bare := func() func(n int) {
		var came atomic.Int64
		var conns []net.Conn
		for range benchViewers {
			server, client := tcpPair(b)
			conns = append(conns, server)
			go count(client, &came) // ends with the benchmark
		}
		want := int64(0)
		return func(int) {
			for _, c := range conns {
				if _, err := c.Write(written); err != nil {
					b.Fatal(err)
				}
			}
			want += benchViewers * int64(len(written))
			await(b, &came, want)
		}
	}()
	s := newSite(b, func(o *Options) { o.Log = nil })
	camera := s.attach(own)
	camera.Give(frame(0))
	var came atomic.Int64
	for range benchViewers {
		k := s.dial()
		k.begin(s.url(query))
		_ = k.conn.SetDeadline(time.Time{}) // of a connection that is open it cannot fail
		go count(k.reader, &came)           // ends with the benchmark
	}
	ours := func(n int) {
		want := came.Load() + benchViewers*int64(len(written))
		camera.Give(frame(n))
		await(b, &came, want)
	}
	for n := 1; n < 20; n++ { // until all ride
		ours(n)
		time.Sleep(20 * time.Millisecond)
	}
	var cpu [2]time.Duration
	for n := 0; b.Loop(); n++ {
		for i, give := range []func(int){bare, ours} {
			before := cpuTime()
			give(20*n + 21) // which is no keyframe
			cpu[i] += cpuTime() - before
		}
	}
	b.ReportMetric(float64(cpu[0].Microseconds())/float64(b.N)/benchViewers, "bare-us/picture")
	b.ReportMetric(float64(cpu[1].Microseconds())/float64(b.N)/benchViewers, "us/picture")
	b.ReportMetric(float64(cpu[1])/float64(cpu[0]), "ratio")
}

// tcpPair gives both ends of a connection.
func tcpPair(b *testing.B) (server, client net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err == nil {
		server, err = l.Accept()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { server.Close(); client.Close() })
	return server, client
}

// count counts what comes.
func count(r io.Reader, came *atomic.Int64) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := r.Read(buffer)
		came.Add(int64(n))
		if err != nil {
			return
		}
	}
}

func await(b *testing.B, came *atomic.Int64, want int64) {
	for late := time.Now().Add(soon); came.Load() < want; time.Sleep(100 * time.Microsecond) {
		if time.Now().After(late) {
			b.Fatalf("%d bytes of %d come", came.Load(), want)
		}
	}
}

// cpuTime is what the process has taken.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
