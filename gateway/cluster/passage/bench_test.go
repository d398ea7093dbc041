package passage

import (
	"io"
	"syscall"
	"testing"
	"time"
)

// BenchmarkPicture sends pictures of 75 kB from node to node, directly and by the bus of their
// own, and says what processor time each costs, of both nodes and the bus together.
func BenchmarkPicture(b *testing.B) {
	for _, way := range []Way{Direct, ByBus} {
		b.Run(way.String(), func(b *testing.B) {
			all := sites(b, "a", "b")
			all["a"].shut.Store(way == ByBus)
			all["b"].shut.Store(way == ByBus)
			came, reading := make(chan error, 1), make(chan struct{})
			conn, err := all["a"].Dial(b.Context(), "b")
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			picture := make([]byte, 75_000)
			if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 100000000000\r\n\r\n"); err != nil {
				b.Fatal(err)
			}
			go func() { // what comes back; ends with the connection
				defer close(reading)
				buffer := make([]byte, len(picture))
				for {
					_, err := io.ReadFull(conn, buffer)
					select {
					case came <- err:
					default: // the end, which nobody waits for
					}
					if err != nil {
						return
					}
				}
			}()
			b.SetBytes(2 * int64(len(picture))) // there and back
			before := spentTime()
			for b.Loop() {
				if _, err := conn.Write(picture); err != nil {
					b.Fatal(err)
				}
				if err := <-came; err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((spentTime()-before).Microseconds())/float64(2*b.N), "cpu-µs/picture")
			conn.Close()
			<-reading
		})
	}
}

// spentTime is the processor time of this process so far.
func spentTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
