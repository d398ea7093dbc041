package record_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record"
	"framegate/gateway/stream"
)

// BenchmarkRecord20 is what 20 cameras of 3 Mbit/s cost to be recorded, in
// seconds of the processor for a second of them, and how many times the bytes
// that they send are written. The bare loop reads as much from sockets, and
// appends it to 20 files.
func BenchmarkRecord20(b *testing.B) {
	const cameras, span = 20, 10 * time.Second
	frames := heavy(b)
	b.Run("bare", func(b *testing.B) {
		for range b.N {
			b.ReportMetric(processor(func() { bare(b, frames, cameras, span) }).Seconds()/span.Seconds(), "cpu-s/s")
		}
	})
	b.Run("recorders", func(b *testing.B) {
		for range b.N {
			dir := b.TempDir()
			var sent, written int64
			used := processor(func() { sent, written = recorders(b, dir, frames, cameras, span) })
			b.ReportMetric(used.Seconds()/span.Seconds(), "cpu-s/s")
			b.ReportMetric(float64(written)/float64(sent), "written/sent")
		}
	})
}

// heavy is the clip in frames of 3 Mbit/s: bytes that nobody decodes.
func heavy(b *testing.B) []media.Frame {
	small, err := footage()
	if err != nil {
		b.Fatal(err)
	}
	frames := make([]media.Frame, len(small))
	for i, f := range small {
		f.Data = append(f.Data[:len(f.Data):len(f.Data)], make([]byte, 15000-min(15000, len(f.Data)))...)
		frames[i] = f
	}
	return frames
}

// processor gives what the process spent on something.
func processor(do func()) time.Duration {
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	do()
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	return time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
}

// feed writes frames to connections that serve reads, at 25 a second, and ends
// both after a span.
func feed(b *testing.B, frames []media.Frame, cameras int, span time.Duration, serve func(n int, conn net.Conn)) {
	done := make(chan struct{})
	for n := range cameras {
		ours, theirs, err := pair()
		if err != nil {
			b.Fatal(err)
		}
		go func() { send(theirs, frames, span); theirs.Close() }() // ends with span
		go func() { serve(n, ours); done <- struct{}{} }()
	}
	for range cameras {
		<-done
	}
}

// send writes frames, 25 a second, and gives how many bytes those were.
func send(conn net.Conn, frames []media.Frame, span time.Duration) (sent int64) {
	ticker := time.NewTicker(time.Second / 25)
	defer ticker.Stop()
	for i := range int(span / (time.Second / 25)) {
		<-ticker.C
		n, err := conn.Write(frames[i%len(frames)].Data)
		if sent += int64(n); err != nil {
			break
		}
	}
	return sent
}

// pair gives both ends of a TCP connection.
func pair() (a, z net.Conn, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		return nil, nil, err
	}
	z, err = l.Accept()
	return a, z, err
}

// read reads one frame after the other.
func read(conn net.Conn, frames []media.Frame, take func(i int, data []byte)) {
	for i := 0; ; i++ {
		data := make([]byte, len(frames[i%len(frames)].Data))
		for got := 0; got < len(data); {
			n, err := conn.Read(data[got:])
			if got += n; err != nil {
				return
			}
		}
		take(i, data)
	}
}

func bare(b *testing.B, frames []media.Frame, cameras int, span time.Duration) {
	dir := b.TempDir()
	feed(b, frames, cameras, span, func(n int, conn net.Conn) {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint(n)))
		if err != nil {
			b.Error(err)
			return
		}
		defer f.Close()
		read(conn, frames, func(_ int, data []byte) { _, _ = f.Write(data) })
	})
}

// fed is a camera whose frames come over a connection.
type fed struct {
	conn   net.Conn
	frames []media.Frame
}

func (c fed) Run(ctx context.Context, emit func(media.Frame)) error {
	read(c.conn, c.frames, func(i int, data []byte) {
		f := c.frames[i%len(c.frames)]
		emit(media.Frame{PTS: time.Duration(i) * time.Second / 25, Key: f.Key, Format: f.Format, Data: data})
	})
	<-ctx.Done()
	return ctx.Err()
}

func recorders(b *testing.B, dir string, frames []media.Frame, cameras int, span time.Duration) (sent, written int64) {
	sources := make(map[string]stream.Source)
	hub := stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) { return sources[k.Camera], nil }})
	defer hub.Close()
	var all []record.Camera
	var ours []net.Conn
	for n := range cameras {
		conn, theirs, err := pair()
		if err != nil {
			b.Fatal(err)
		}
		id := fmt.Sprintf("cam%d", n)
		sources[id] = fed{conn, frames}
		ours = append(ours, theirs)
		all = append(all, record.Camera{ID: id, Mode: record.ModeContinuous})
	}
	recorders := record.New(record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "m.json")})
	recorders.Apply(record.Settings{Segment: time.Minute, Buffer: 64 << 20}, all)
	recorders.Start(context.Background())
	done := make(chan int64)
	for _, conn := range ours {
		go func() { done <- send(conn, frames, span) }() // ends with span
	}
	for range ours {
		sent += <-done
	}
	recorders.Close()
	for _, s := range recorders.Statuses() {
		if s.Frames < uint64(span/(time.Second/25))-2 || s.Gaps > 0 {
			b.Errorf("status is %+v", s)
		}
	}
	_ = filepath.WalkDir(filepath.Join(dir, "recordings"), func(name string, d os.DirEntry, err error) error {
		if err == nil && filepath.Ext(name) == ".mp4" {
			if info, err := os.Stat(name); err == nil {
				written += info.Sys().(*syscall.Stat_t).Blocks * 512
			}
		}
		return nil
	})
	for _, conn := range ours {
		_ = conn.Close()
	}
	return sent, written
}
