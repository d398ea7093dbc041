//go:build unix

package index_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/record/index"
)

// shape is what a benchmark's index holds: 100 000 segments.
type shape struct {
	name    string
	cameras int
	length  time.Duration // of a segment
	hole    time.Duration // between two
	per     int           // segments between two holes
	marks   int           // of each camera
}

var shapes = []shape{
	{"continuous", 20, time.Minute, time.Hour, 1000, 100},      // 20 cameras for 3 and a half days
	{"year", 1, 5 * time.Minute, time.Minute, 100, 2000},       // one camera for a year, 1000 gaps
	{"events", 1, 30 * time.Second, 4 * time.Minute, 1, 20000}, // each segment a span and a gap
}

const benchSegments = 100000

var benchOnce sync.Mutex

// benchmarked gives a copy of an index of a shape, which is made once a process.
func benchmarked(b *testing.B, s shape) (*index.Index, time.Time) {
	b.Helper()
	benchOnce.Lock()
	defer benchOnce.Unlock()
	if benchDir == "" {
		dir, err := os.MkdirTemp("", "index-bench-")
		must(b, err)
		benchDir = dir
	}
	original := filepath.Join(benchDir, s.name+".db")
	if _, err := os.Stat(original); err != nil {
		x, err := index.Open(b.Context(), original)
		must(b, err)
		must(b, index.Fill(x, s.cameras, benchSegments, s.marks, s.per, s.length, s.hole, noon))
		must(b, x.Close())
	}
	copied := filepath.Join(b.TempDir(), "index.db")
	from, err := os.Open(original)
	must(b, err)
	defer from.Close()
	to, err := os.Create(copied)
	must(b, err)
	_, err = io.Copy(to, from)
	must(b, err)
	must(b, to.Close())
	each := benchSegments / s.cameras
	return openPath(b, copied), noon.Add(time.Duration(each)*s.length + time.Duration(each/s.per)*s.hole)
}

// perShape runs a benchmark with each shape.
func perShape(b *testing.B, f func(b *testing.B, x *index.Index, end time.Time)) {
	for _, s := range shapes {
		b.Run(s.name, func(b *testing.B) {
			x, end := benchmarked(b, s)
			b.ResetTimer()
			f(b, x, end)
		})
	}
}

// cpu reports what the benchmark has cost, which says more than the time it took
// where other processes are at work.
func cpu(b *testing.B) func() {
	used := func() time.Duration {
		var r syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &r)
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric(float64((used()-before).Microseconds())/float64(b.N)/1000, "cpu-ms/op") }
}

// BenchmarkTimeline reads what a page shows of a camera.
func BenchmarkTimeline(b *testing.B) {
	for _, c := range []struct {
		name             string
		back, resolution time.Duration
	}{
		{"day", 24 * time.Hour, time.Minute},
		{"day-exact", 24 * time.Hour, 0},
		{"year", 365 * 24 * time.Hour, 0},
		{"year-coarse", 365 * 24 * time.Hour, 12 * time.Hour},
	} {
		b.Run(c.name, func(b *testing.B) {
			perShape(b, func(b *testing.B, x *index.Index, end time.Time) {
				n := 0
				defer cpu(b)()
				for b.Loop() {
					timeline, err := x.Timeline(b.Context(), "cam-0", end.Add(-c.back), end, c.resolution)
					must(b, err)
					n = len(timeline.Spans)
				}
				b.ReportMetric(float64(n), "spans")
			})
		})
	}
}

// BenchmarkBetween gives the rows of a day.
func BenchmarkBetween(b *testing.B) {
	perShape(b, func(b *testing.B, x *index.Index, end time.Time) {
		for b.Loop() {
			_, err := x.Between(b.Context(), "cam-0", end.Add(-24*time.Hour), end, 0)
			must(b, err)
		}
	})
}

func BenchmarkOldest(b *testing.B) {
	perShape(b, func(b *testing.B, x *index.Index, _ time.Time) {
		for b.Loop() {
			_, err := x.Oldest(b.Context(), "")
			must(b, err)
		}
	})
}

func BenchmarkAt(b *testing.B) {
	perShape(b, func(b *testing.B, x *index.Index, _ time.Time) {
		for b.Loop() {
			_, err := x.At(b.Context(), "cam-0", noon.Add(time.Second))
			must(b, err)
		}
	})
}

func BenchmarkDays(b *testing.B) {
	perShape(b, func(b *testing.B, x *index.Index, end time.Time) {
		for b.Loop() {
			_, err := x.Days(b.Context(), "cam-0", time.UTC, end.Add(-365*24*time.Hour), end)
			must(b, err)
		}
	})
}

// BenchmarkAdd enters a segment, on the disk.
func BenchmarkAdd(b *testing.B) {
	perShape(b, func(b *testing.B, x *index.Index, end time.Time) {
		n := 0
		for b.Loop() {
			s := segment(benchSegments+n, 0, 0)
			s.Camera, s.Path = "cam-0", fmt.Sprintf("new/%d.mp4", n)
			s.Start = end.Add(time.Duration(n) * time.Minute)
			s.End = s.Start.Add(time.Minute)
			add(b, x, s)
			n++
		}
	})
}

// BenchmarkPlan plans as before each segment: little is too old, little too much.
func BenchmarkPlan(b *testing.B) {
	perShape(b, func(b *testing.B, x *index.Index, end time.Time) {
		l := index.Limits{Now: noon.Add(time.Hour), Trusted: true, Wanted: 100 << 20, Others: index.Keep{MaxAge: 50 * time.Minute, MarkedAge: time.Hour}}
		n := 0
		for b.Loop() {
			plan, err := x.Plan(b.Context(), l)
			must(b, err)
			n = len(plan.Segments)
		}
		b.ReportMetric(float64(n), "segments")
	})
}

// BenchmarkDelete takes segments out of the middle.
func BenchmarkDelete(b *testing.B) {
	perShape(b, func(b *testing.B, x *index.Index, end time.Time) {
		n := int64(0)
		for b.Loop() {
			n = (n + 7919) % benchSegments
			_, err := x.Erase(b.Context(), n)
			must(b, err)
		}
	})
}

// BenchmarkMark enters a mark that reaches ten minutes.
func BenchmarkMark(b *testing.B) {
	perShape(b, func(b *testing.B, x *index.Index, end time.Time) {
		for b.Loop() {
			start := end.Add(-time.Hour)
			id, err := x.AddMark(b.Context(), index.Mark{Camera: "cam-0", Kind: "motion", Start: start, End: start.Add(10 * time.Minute)})
			must(b, err)
			must(b, x.DeleteMark(b.Context(), id))
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	perShape(b, func(b *testing.B, x *index.Index, end time.Time) {
		for b.Loop() {
			verified(b, x)
		}
	})
}

func BenchmarkReorder(b *testing.B) {
	perShape(b, func(b *testing.B, x *index.Index, end time.Time) {
		for b.Loop() {
			must(b, x.Reorder(b.Context()))
		}
	})
}

// BenchmarkOpen opens and closes an index that was closed well.
func BenchmarkOpen(b *testing.B) {
	perShape(b, func(b *testing.B, x *index.Index, end time.Time) {
		for b.Loop() {
			y, err := index.Open(b.Context(), x.Path())
			must(b, err)
			must(b, y.Close())
		}
	})
}
