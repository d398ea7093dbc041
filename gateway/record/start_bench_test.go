package record_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/stream"
)

// BenchmarkStartWith100000 is how long it takes from the start of recorders until the
// first pictures of a camera are on the disk, and until the folder was compared with
// the index, where there are so many recordings, and where there are none: the pictures of most of
// a second are written at once.
func BenchmarkStartWith100000(b *testing.B) {
	if _, err := footage(); err != nil {
		b.Fatal(err)
	}
	const cameras, each = 20, 5000
	b.Run("100000", func(b *testing.B) {
		dir := b.TempDir()
		lost := library(b, filepath.Join(dir, "recordings"), cameras, each)
		b.ResetTimer()
		b.ResetTimer()
		for n := range b.N {
			started(b, dir, lost[n%len(lost)])
		}
	})
	b.Run("none", func(b *testing.B) {
		for range b.N {
			started(b, b.TempDir(), "")
		}
	})
}

// library makes a folder of recordings of cameras, each so many minutes up to now, by
// rows and by files that no disk stores. It gives the paths of the oldest.
func library(b *testing.B, folder string, cameras, each int) (oldest []string) {
	b.Helper()
	check := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	check(os.MkdirAll(folder, 0o750))
	name := filepath.Join(folder, "index.db")
	x, err := index.Open(b.Context(), name)
	check(err)
	first := time.Now().Truncate(time.Minute).Add(-time.Duration(each+1) * time.Minute)
	path := func(camera, n int) string {
		start := first.Add(time.Duration(n) * time.Minute).UTC()
		return fmt.Sprintf("cam%d/%s/%s-%d.mp4", camera, start.Format("2006-01-02/15"), start.Format("20060102T150405.000Z"), n+1)
	}
	for c := range cameras {
		_, err = x.Add(b.Context(), index.Segment{
			Camera: fmt.Sprintf("cam%d", c), Run: "0123456789abcdef0123456789abcdef", Sequence: 1, Path: path(c, 0),
			Start: first, End: first.Add(time.Minute), Bytes: 22 << 20, Frames: 1500, Keys: 30, STTS: 1, Fragments: 60,
		})
		check(err)
		for n := range each {
			file := filepath.Join(folder, path(c, n))
			check(os.MkdirAll(filepath.Dir(file), 0o750))
			f, err := os.Create(file)
			check(err)
			check(f.Truncate(22 << 20))
			check(f.Close())
		}
		oldest = append(oldest, path(c, 0))
	}
	check(x.Close())
	db, err := sql.Open("sqlite", name)
	check(err)
	_, err = db.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO segments SELECT NULL, camera, run, sequence + i,
		(SELECT name FROM cameras WHERE id = camera) || strftime('/%Y-%m-%d/%H/%Y%m%dT%H%M%S.000Z-', start_us / 1000000 + i * 60, 'unixepoch') || (i + 1) || '.mp4',
		start_us + i * 60000000, end_us + i * 60000000, bytes, frames, keys, stts, ctts, moov_bytes, data_at, fragments, format, rate, lost, hold,
		written + i * ?, sound, sounds FROM segments, n`, each-1, cameras)
	check(err)
	check(db.Close())
	x, err = index.Open(b.Context(), name)
	check(err)
	check(x.Mend(b.Context()))
	check(x.Close())
	check(os.WriteFile(filepath.Join(folder, "framegate-recordings.json"), fmt.Appendf(nil, `{"volume": "%032x", "version": 1}`, 1), 0o600))
	return oldest
}

// started has recorders begin, and reports how long it took. A file that is gone is
// what the comparison says last, having seen all others.
func started(b *testing.B, dir, gone string) {
	b.Helper()
	folder, log := filepath.Join(dir, "recordings"), new(lines)
	if gone != "" {
		if err := os.Remove(filepath.Join(folder, gone)); err != nil {
			b.Fatal(err)
		}
	}
	front := newCamera()
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return front, nil }})
	defer hub.Close()
	recorders := record.New(record.Options{
		Hub: hub, Dir: folder, Memory: filepath.Join(dir, "recordings.json"), Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	defer recorders.Close()
	recorders.Apply(record.Settings{Segment: time.Minute, Buffer: 8 << 20}, []record.Camera{{ID: "cam0", Mode: record.ModeContinuous}})
	began := time.Now()
	recorders.Start(context.Background())
	for _, step := range []struct {
		what string
		so   func() bool
	}{
		{"written-s", func() bool { return recorders.Status("cam0").Frames > 0 }},
		{"compared-s", func() bool { return strings.Contains(log.String(), gone) }},
	} {
		for ; !step.so(); time.Sleep(5 * time.Millisecond) {
			if time.Since(began) > 10*ceiling {
				b.Fatalf("%s: never; %s", step.what, log)
			}
		}
		b.ReportMetric(time.Since(began).Seconds(), step.what)
	}
}
