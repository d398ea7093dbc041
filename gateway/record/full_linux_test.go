package record_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/stream"
)

// tmpfs mounts a file system of so many bytes, and skips the test where that is not
// permitted.
func tmpfs(t *testing.T, at string, bytes int64) {
	t.Helper()
	if err := os.Mkdir(at, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("framegate-test", at, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", bytes)); errors.Is(err, syscall.EPERM) {
		t.Skip("mounting is not permitted")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(at, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// tenKilobytes gives frames of 10 kB each, ten a second.
func tenKilobytes(t *testing.T, count int) (frames []media.Frame) {
	t.Helper()
	small := tape.Numbered(t, 0, 100, 64, 48, "-bf", "0")
	for i := range count {
		f := small[i%len(small)]
		f.PTS = time.Duration(i) * time.Second / 10
		f.Data = append(slices.Clone(f.Data), make([]byte, 10_000)...)
		frames = append(frames, f)
	}
	return frames
}

// TestDiskThatIsReallyFull is made room on, and where nothing may go the state says
// so, and recording goes on soon after something may, without a loss.
func TestDiskThatIsReallyFull(t *testing.T) {
	t.Parallel()
	frames := tenKilobytes(t, 1200)
	dir := t.TempDir()
	tmpfs(t, filepath.Join(dir, "recordings"), 6<<20)
	synctest.Test(t, func(t *testing.T) {
		camera := &reel{frames: frames}
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return camera, nil }})
		r := record.New(record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "recordings.json")})
		cameras := []record.Camera{{ID: "front", Mode: record.ModeContinuous}}
		r.Apply(record.Settings{Segment: 10 * time.Second, Buffer: 8 << 20}, cameras)
		r.Start(t.Context())
		defer func() { r.Close(); hub.Close() }()
		defer (&rig{t: t, hub: hub, recorders: r}).watchedEach(time.Second / 10)()
		time.Sleep(70 * time.Second)
		if s := r.Status("front"); s.State != record.Recording || s.Removed == 0 || s.Gaps > 0 {
			t.Errorf("on a disk for a minute the status is %+v", s)
		}
		r.Apply(record.Settings{Segment: 10 * time.Second, Buffer: 8 << 20, MinFree: 2 << 20}, cameras) // of which the index needs some
		mark, err := r.Index().AddMark(t.Context(), index.Mark{Camera: "front", Kind: "protect", Start: time.Now().Add(-time.Hour), Keep: true})
		if err != nil {
			t.Fatal(err)
		}
		for began := time.Now(); r.Status("front").State != record.Full; time.Sleep(time.Second / 10) {
			if time.Since(began) > time.Minute {
				t.Fatalf("while nothing may go the status is %+v", r.Status("front"))
			}
		}
		time.Sleep(10 * time.Second)
		if err := r.Index().DeleteMark(t.Context(), mark); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if s := r.Status("front"); s.State != record.Recording || s.Gaps > 0 || s.Lost > 0 {
			t.Errorf("5 s after something may go the status is %+v, the last gap %+v", s, s.LastGap)
		}
		spans, err := r.Index().Spans(t.Context(), "front", time.Time{}, time.Time{})
		if err != nil || len(spans) != 1 {
			t.Errorf("spans are %v, %v", spans, err)
		}
	})
}

// TestFullDiskOfProtectedRecordings where nothing is to stay free, so that there is no
// place to write down anything: the mark that protects them can be deleted, and they
// can be erased, and recording goes on without a loss.
func TestFullDiskOfProtectedRecordings(t *testing.T) {
	for name, relief := range map[string]func(*testing.T, *record.Recorders, int64) error{
		"the mark is deleted": func(t *testing.T, r *record.Recorders, mark int64) error {
			return r.Index().DeleteMark(t.Context(), mark)
		},
		"the mark is changed": func(t *testing.T, r *record.Recorders, mark int64) error {
			return r.Index().UpdateMark(t.Context(), index.Mark{ID: mark, Kind: "protect", Start: time.Now().Add(-time.Hour), Note: "no more"})
		},
		"all is erased": func(t *testing.T, r *record.Recorders, _ int64) error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := r.Erase(ctx, "front", time.Now().Add(-time.Hour), time.Now())
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			frames := tenKilobytes(t, 1500)
			dir := t.TempDir()
			tmpfs(t, filepath.Join(dir, "recordings"), 6<<20)
			synctest.Test(t, func(t *testing.T) {
				camera := &reel{frames: frames}
				hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return camera, nil }})
				defer hub.Close()
				r := record.New(record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "recordings.json")})
				r.Apply(record.Settings{Segment: 10 * time.Second, Buffer: 8 << 20}, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
				r.Start(t.Context())
				defer r.Close()
				time.Sleep(10 * time.Second)
				mark, err := r.Index().AddMark(t.Context(), index.Mark{Camera: "front", Kind: "protect", Start: time.Now().Add(-time.Hour), Keep: true})
				if err != nil {
					t.Fatal(err)
				}
				for began := time.Now(); r.Status("front").State != record.Full; time.Sleep(time.Second / 10) {
					if time.Since(began) > 2*time.Minute {
						t.Fatalf("while nothing may go the status is %+v", r.Status("front"))
					}
				}
				time.Sleep(10 * time.Second)
				fill(t, filepath.Join(dir, "recordings"))
				if err := relief(t, r, mark); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Second)
				if s := r.Status("front"); s.State != record.Recording || s.Lost > 0 {
					t.Errorf("5 s after something may go the status is %+v, the last gap %+v", s, s.LastGap)
				}
				time.Sleep(20 * time.Second)
				if kept := r.Index().Reserved(); kept != 6<<20/32 {
					t.Errorf("%d bytes are kept for the next time", kept)
				}
			})
		})
	}
}

// fill takes the last bytes of a disk.
func fill(t *testing.T, folder string) {
	t.Helper()
	f, err := os.Create(filepath.Join(folder, "filler"))
	for err == nil {
		_, err = f.Write(make([]byte, 1<<10))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
