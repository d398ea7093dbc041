package segment

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// gop is a second of 3 Mbit/s, as a camera sends it.
func gop(second int) (all []Sample) {
	sizes := []int{60_000}
	for range 24 {
		sizes = append(sizes, 13_000)
	}
	for i, size := range sizes {
		all = append(all, Sample{Decode: int64(second*25+i) * 3600, Duration: 3600, Key: i == 0, Data: make([]byte, size)})
	}
	return all
}

// userAndSystem gives the processor time of this process.
func userAndSystem(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkMinute writes a minute of 3 Mbit/s, and has a bare loop append the
// same frames to another file: how much more processor time and how many more
// bytes it takes.
func BenchmarkMinute(b *testing.B) {
	b.ReportAllocs()
	format := h264Format(b)
	var minute [][]Sample
	stream := int64(0)
	for second := range 60 {
		minute = append(minute, gop(second))
		for _, s := range minute[second] {
			stream += int64(len(s.Data))
		}
	}
	var bare, ours time.Duration
	var size int64
	create := func(name string) *os.File {
		f, err := os.Create(filepath.Join(b.TempDir(), name))
		if err != nil {
			b.Fatal(err)
		}
		return f
	}
	for b.Loop() {
		began := userAndSystem(b)
		f := create("bare")
		for _, second := range minute {
			for _, s := range second {
				if _, err := f.Write(s.Data); err != nil {
					b.Fatal(err)
				}
			}
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		_ = f.Close()
		bare += userAndSystem(b) - began
		began = userAndSystem(b)
		f = create("ours")
		w, err := Create(f, head, []Track{{format}}, 60*25)
		if err != nil {
			b.Fatal(err)
		}
		for _, second := range minute {
			if err := w.Append(second); err != nil {
				b.Fatal(err)
			}
		}
		sum, err := w.Finish(1)
		if err != nil {
			b.Fatal(err)
		}
		_ = f.Close()
		ours, size = ours+userAndSystem(b)-began, sum.Bytes
	}
	b.ReportMetric(float64(ours)/float64(bare), "cpu/bare")
	b.ReportMetric(float64(size)/float64(stream), "bytes/stream")
}

// TestFewBytesMore holds what of the benchmark is the same everywhere: a file
// takes at most a twentieth more than its pictures, and a fragment is written
// with few allocations, whatever is in it.
func TestFewBytesMore(t *testing.T) {
	f := &counting{}
	w, err := Create(f, head, []Track{{h264Format(t)}}, 60*25)
	if err != nil {
		t.Fatal(err)
	}
	stream, second := int64(0), 0
	next := func() {
		samples := gop(second)
		second++
		for _, s := range samples {
			stream += int64(len(s.Data))
		}
		if err := w.Append(samples); err != nil {
			t.Fatal(err)
		}
	}
	next()
	sample := gop(0)
	allocated := testing.AllocsPerRun(50, func() {
		for i := range sample {
			sample[i].Decode = int64(second*25+i) * 3600
			stream += int64(len(sample[i].Data))
		}
		second++
		if err := w.Append(sample); err != nil {
			t.Fatal(err)
		}
	})
	if allocated > 8 {
		t.Errorf("a fragment of 25 frames makes %v allocations", allocated)
	}
	if f.writes != second+1 {
		t.Errorf("%d writes of %d fragments", f.writes, second)
	}
	if _, err := w.Finish(1); err != nil {
		t.Fatal(err)
	}
	if more := float64(f.bytes) / float64(stream); more > 1.05 {
		t.Errorf("%v times as many bytes are written as there are of pictures", more)
	}
}

// counting is a File that keeps nothing.
type counting struct {
	memory
	writes int
	bytes  int64
}

func (c *counting) WriteAt(p []byte, _ int64) (int, error) {
	c.writes++
	c.bytes += int64(len(p))
	return len(p), nil
}

func (c *counting) Sync() error          { return nil }
func (c *counting) Truncate(int64) error { return nil }
