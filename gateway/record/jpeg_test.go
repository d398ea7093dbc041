package record_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

// jpegs is a camera that sends JPEGs, five a second.
type jpegs struct{ every time.Duration }

func (c jpegs) Run(ctx context.Context, emit func(media.Frame)) error {
	ticker := time.NewTicker(c.every)
	defer ticker.Stop()
	var format *media.Format
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		f, err := media.JPEGFrame(camtest.Picture(n, 160, 120), format)
		if err != nil {
			return err
		}
		format = f.Format
		emit(f)
	}
}

// TestJPEGsAreKeptAsTheyAre where that is asked for.
func TestJPEGsAreKeptAsTheyAre(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		hub := stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
			if k.Rendition != "" {
				return nil, stream.ErrUnknown
			}
			return jpegs{time.Second / 5}, nil
		}})
		defer hub.Close()
		recorders := record.New(record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "m.json")})
		recorders.Apply(record.Settings{Segment: 10 * time.Second}, []record.Camera{{ID: "front", Mode: record.ModeContinuous, JPEG: true}})
		recorders.Start(t.Context())
		time.Sleep(25 * time.Second)
		recorders.Close()
	})
	frames := 0
	for _, name := range files(t, dir, "*.mp4") {
		path := filepath.Join(dir, "recordings", name)
		if s := opened(t, path); s.Formats[0].Codec != media.JPEG || s.Summary.Keys != s.Summary.Frames {
			t.Errorf("%s has %d keyframes of %d, of %v", name, s.Summary.Keys, s.Summary.Frames, s.Formats[0].Codec)
		}
		frames += played(t, path)
	}
	if frames < 120 || frames > 125 {
		t.Errorf("%d pictures are on the disk of 125", frames)
	}
}

// TestJPEGsAreEncodedOnceForAll who want H.264: the recording and viewers read the
// same rendition.
func TestJPEGsAreEncodedOnceForAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	slots := rendition.NewSlots(4, 100)
	var hub *stream.Hub
	hub = stream.New(stream.Options{Linger: time.Millisecond, Resolve: func(k stream.Key) (stream.Source, error) {
		if k.Rendition == "" {
			return jpegs{time.Second / 20}, nil
		}
		request, ok := rendition.ParseKey(k.Rendition)
		if !ok {
			return nil, stream.ErrUnknown
		}
		return rendition.New(rendition.Options{Hub: hub, Camera: k.Camera, Request: request, Common: true, Slots: slots}), nil
	}})
	defer hub.Close()
	recorders := record.New(record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "m.json")})
	recorders.Apply(record.Settings{Segment: 2 * time.Second}, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
	recorders.Start(t.Context())
	viewer, err := hub.Open(stream.Key{Camera: "front", Rendition: rendition.Request{Codec: media.H264}.Key()}, stream.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer viewer.Close()
	for end := time.Now().Add(2 * ceiling); recorders.Status("front").Segments < 2; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("status is %+v", recorders.Status("front"))
		}
	}
	if s := slots.Stats(); s.Starts != 1 || s.Running != 1 {
		t.Errorf("%d encoders were started, %d run; want one", s.Starts, s.Running)
	}
	recorders.Close()
	for _, name := range files(t, dir, "*.mp4") {
		path := filepath.Join(dir, "recordings", name)
		if s := opened(t, path); s.Formats[0].Codec != media.H264 {
			t.Errorf("%s is of %v", name, s.Formats[0].Codec)
		}
		played(t, path)
	}
}

// TestPicturesAreTakenNowAndThen as JPEGs, which are read as films of one picture,
// go by the same limits, and come back into an index that was lost.
func TestPicturesAreTakenNowAndThen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	folder := filepath.Join(dir, "recordings")
	synctest.Test(t, func(t *testing.T) {
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return jpegs{2 * time.Second}, nil }})
		defer hub.Close()
		finished := 0
		recorders := record.New(record.Options{Hub: hub, Dir: folder, Memory: filepath.Join(dir, "m.json"), Finished: func(s index.Segment) {
			if finished++; s.ID == 0 || s.Frames != 1 {
				t.Errorf("finished is %+v", s)
			}
		}})
		recorders.Apply(record.Settings{}, []record.Camera{{
			ID: "front", Mode: record.ModePictures, Every: 10 * time.Second, Keep: record.Keep{MaxAge: 10 * time.Minute},
		}})
		recorders.Start(t.Context())
		defer recorders.Close()
		time.Sleep(20 * time.Minute)
		if s := recorders.Status("front"); s.State != record.Recording || s.Segments < 119 || s.Removed < 55 || s.Gaps > 0 || finished < 119 {
			t.Errorf("status is %+v, and %d were told to be finished", s, finished)
		}
		all, err := recorders.Index().Between(t.Context(), "front", time.Time{}, time.Time{}, 1000)
		if err != nil || len(all) < 59 || len(all) > 63 {
			t.Fatalf("there are %d pictures, %v", len(all), err)
		}
		if spans, err := recorders.Index().Spans(t.Context(), "front", time.Time{}, time.Time{}); err != nil || len(spans) != 1 {
			t.Errorf("spans are %v, %v", spans, err)
		}
		one := all[len(all)/2] // the oldest may be about to go
		f, err := recorders.Open(one)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		s, err := segment.Open(f, f.Size)
		if err != nil || f.Size != one.Bytes || s.Summary.Frames != 1 || s.Summary.Duration != 10*time.Second {
			t.Errorf("the film of a picture is %+v of %d bytes, %v; its row has %d", s, f.Size, err, one.Bytes)
		}
	})
	want := files(t, dir, "*.jpg")
	for _, name := range want {
		if b, err := os.ReadFile(filepath.Join(folder, name)); err != nil || len(b) == 0 {
			t.Fatal(err)
		} else if _, err := camtest.ReadJPEGNumber(b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"index.db", "index.db-wal", "index.db-shm"} {
		_ = os.Remove(filepath.Join(folder, name)) // the last two may not be there
	}
	entered := 0
	if err := record.Check(t.Context(), folder, record.Rebuild, func(f record.Finding) {
		if f.Done == "entered" {
			entered++
		}
	}); err != nil || entered != len(want) {
		t.Errorf("%d pictures were entered, %v; want %d", entered, err, len(want))
	}
	x, err := index.Look(t.Context(), filepath.Join(folder, "index.db"), true)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if spans, err := x.Spans(t.Context(), "front", time.Time{}, time.Time{}); err != nil || len(spans) != 1 {
		t.Errorf("made anew, spans are %v, %v", spans, err)
	}
}

// TestPicturesFarApart have rows that are right, also where the next comes in a day,
// and a camera that sends what it is asked for has no gap.
func TestPicturesFarApart(t *testing.T) {
	for every, lasts := range map[time.Duration]time.Duration{time.Minute: time.Minute, 65 * time.Minute: 2 * time.Minute, 24 * time.Hour: 2 * time.Minute} {
		t.Run(every.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return jpegs{time.Second}, nil }})
				defer hub.Close()
				recorders := record.New(record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "m.json")})
				recorders.Apply(record.Settings{}, []record.Camera{{ID: "front", Mode: record.ModePictures, Every: every}})
				recorders.Start(t.Context())
				defer recorders.Close()
				time.Sleep(min(every, 65*time.Minute) + 10*time.Second)
				rows, err := recorders.Index().Between(t.Context(), "front", time.Time{}, time.Time{}, 0)
				if err != nil || len(rows) == 0 || every < 24*time.Hour && len(rows) != 2 {
					t.Fatalf("rows are %+v, %v", rows, err)
				}
				f, err := recorders.Open(rows[0])
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				s, err := segment.Open(f, f.Size)
				if err != nil || s.Summary.Duration != lasts || rows[0].End.Sub(rows[0].Start) != lasts {
					t.Errorf("the film lasts %v, the row %v, %v; want %v", s.Summary.Duration, rows[0].End.Sub(rows[0].Start), err, lasts)
				}
				if s := recorders.Status("front"); s.Gaps > 0 || s.State != record.Recording {
					t.Errorf("status is %+v", s)
				}
			})
		})
	}
}

// TestPictureThatCannotBeWrittenLeavesNothing half, and comes when it can.
func TestPictureThatCannotBeWrittenLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var full atomic.Bool
	d := lateDisk{rename: func(name string) error {
		if full.Load() && strings.HasPrefix(name, "front/") {
			return syscall.ENOSPC
		}
		return nil
	}}
	synctest.Test(t, func(t *testing.T) {
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return jpegs{time.Second}, nil }})
		defer hub.Close()
		options := record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "m.json")}
		d.on(&options)
		recorders := record.New(options)
		recorders.Apply(record.Settings{}, []record.Camera{{ID: "front", Mode: record.ModePictures, Every: 10 * time.Second}})
		recorders.Start(t.Context())
		defer recorders.Close()
		time.Sleep(25 * time.Second)
		before := recorders.Status("front").Segments
		full.Store(true)
		time.Sleep(30*time.Second + 500*time.Millisecond) // between two tries
		if s := recorders.Status("front"); s.State != record.Full || s.Segments != before {
			t.Errorf("status is %+v", s)
		}
		if left := files(t, dir, "*.part"); len(left) > 0 {
			t.Errorf("there are %v", left)
		}
		full.Store(false)
		time.Sleep(25 * time.Second)
		if s := recorders.Status("front"); s.State != record.Recording || s.Segments < before+2 {
			t.Errorf("status is %+v", s)
		}
	})
}
