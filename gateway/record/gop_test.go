package record_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/playback"
	"framegate/gateway/playback/clip"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
	"framegate/gateway/stream"
)

// shelf is what recorders have, as it is played.
type shelf struct{ *record.Recorders }

func (s shelf) Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error) {
	return s.Index().Between(ctx, camera, from, to, limit)
}

func (s shelf) Growing(camera string) (playback.Growing, bool) {
	g, ok := s.Recorders.Growing(camera)
	return playback.Growing(g), ok
}

func (s shelf) Open(row index.Segment) (playback.File, int64, error) {
	f, err := s.Recorders.Open(row)
	if err != nil {
		return nil, 0, err
	}
	return f, f.Size, nil
}

// counter is the same, as clips are cut of it.
type counter struct {
	*index.Index
	shelf
}

func (c counter) Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error) {
	return c.shelf.Between(ctx, camera, from, to, limit)
}

func (c counter) Growing(camera string) (clip.Growing, bool) {
	g, ok := c.Recorders.Growing(camera)
	return clip.Growing(g), ok
}

func (c counter) Open(row index.Segment) (clip.File, error) {
	f, _, err := c.shelf.Open(row)
	return f, err
}

// clipOf writes a clip of all that was recorded to a file.
func clipOf(t *testing.T, r *record.Recorders, to string) {
	t.Helper()
	all := counter{r.Index(), shelf{r}}
	c, err := clip.New(t.Context(), all, all, clip.Request{Camera: "front", From: time.Unix(0, 0), To: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b, err := io.ReadAll(c)
	if err := errors.Join(err, os.WriteFile(to, b, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// playedFrom gives what playing from a moment on gives, in the order of decoding:
// of each picture, how long after the first recording began it was taken.
func playedFrom(t *testing.T, r *record.Recorders, at time.Time) (taken []time.Duration) {
	t.Helper()
	rows, err := r.Index().Between(t.Context(), "front", time.Time{}, time.Time{}, 1)
	if err != nil || len(rows) == 0 {
		t.Fatalf("nothing is recorded: %v", err)
	}
	c := (&playback.Library{Recordings: shelf{r}}).Cursor("front")
	defer c.Close()
	if err := c.Seek(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	for {
		f, err := c.Next(t.Context())
		if errors.Is(err, playback.ErrEnd) {
			return taken
		}
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, f.Wall.Sub(rows[0].Start).Round(time.Second/100))
	}
}

// timesOf gives when frames are shown, after the first.
func timesOf(frames []media.Frame) (all []time.Duration) {
	for _, f := range frames {
		all = append(all, (f.PTS - frames[0].PTS).Round(time.Second/100))
	}
	return all
}

// TestOpenGOPsOverTheEndsOfFiles: pictures that are shown before the keyframe of
// their file lean on the file before. A file for itself hides them; who plays or
// cuts over the end of a file has every picture once.
func TestOpenGOPsOverTheEndsOfFiles(t *testing.T) {
	t.Parallel()
	frames := tape.Numbered(t, 0, 250, 64, 48, "-bf", "3", "-b_strategy", "0", "-x264-params", "open-gop=1:b-pyramid=none")
	film := filepath.Join(t.TempDir(), "clip.mp4")
	recorded := 0
	dir := reelStory(t, frames, func(t *testing.T, r *record.Recorders) {
		for _, row := range wantOneSpan(t, r) {
			recorded += row.Frames
		}
		if got := playedFrom(t, r, time.Unix(0, 0)); !slices.Equal(got, timesOf(frames)) {
			t.Errorf("played are %v", got)
		}
		clipOf(t, r, film)
	})
	if recorded != len(frames) {
		t.Errorf("%d pictures are on the disk, %d were sent", recorded, len(frames))
	}
	if got := numbersOf(t, film); !slices.Equal(got, countTo(len(frames))) {
		t.Errorf("a clip shows %v", got)
	}
	next, hidden := 0, 0
	for _, n := range shownBy(t, dir) {
		if n < next || n > next+3 {
			t.Errorf("behind picture %d the files show %d", next-1, n)
		}
		hidden += n - next
		next = n + 1
	}
	if next != len(frames) || hidden == 0 {
		t.Errorf("the files end with picture %d, and hide %d", next-1, hidden)
	}
}

// TestKeyframesThatAreFarApart: a file ends with the keyframe that comes after its
// time, and is written each second meanwhile, so that a process which dies loses no
// more than a second; whoever seeks begins with the keyframe before.
func TestKeyframesThatAreFarApart(t *testing.T) {
	t.Parallel()
	const far = 200 // pictures from keyframe to keyframe, in 20 s
	frames := tape.Numbered(t, 0, 700, 64, 48, "-bf", "0", "-g", "200")
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		camera := &reel{frames: frames}
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return camera, nil }})
		defer hub.Close()
		r := record.New(record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "recordings.json")})
		r.Apply(record.Settings{Segment: 10 * time.Second, Buffer: 8 << 20}, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
		r.Start(t.Context())
		defer r.Close()
		began := time.Now()
		time.Sleep(5 * time.Second)
		for time.Since(began) < 65*time.Second {
			time.Sleep(730 * time.Millisecond)
			synctest.Wait()
			if sent, kept := int(camera.sent.Load()), written(t, dir); sent-kept > 11 || kept > sent {
				t.Errorf("after %v %d of %d pictures, ten a second, are on the disk", time.Since(began), kept, sent)
			}
		}
		time.Sleep(20 * time.Second)
		r.Apply(record.Settings{Segment: 10 * time.Second, Buffer: 8 << 20}, []record.Camera{{ID: "front", Mode: record.ModeOff}})
		time.Sleep(5 * time.Second)
		for i, row := range wantOneSpan(t, r) {
			if want := min(far, len(frames)-i*far); row.Frames != want || row.Keys != 1 {
				t.Errorf("%s has %d pictures, %d of them keyframes; want %d", row.Path, row.Frames, row.Keys, want)
			}
			// 13 s after a keyframe, and far from the next one.
			if got := playedFrom(t, r, row.Start.Add(13*time.Second)); i*far+130 < len(frames) && !slices.Equal(got, timesOf(frames)[i*far:]) {
				t.Errorf("from the middle of %s on %d pictures are played, from %v on", row.Path, len(got), got[0])
			}
		}
	})
	if got := shownBy(t, dir); !slices.Equal(got, countTo(len(frames))) {
		t.Errorf("shown are %v", got)
	}
}

// written gives how many pictures are in the files as they are.
func written(t *testing.T, dir string) (n int) {
	t.Helper()
	for _, name := range files(t, dir, "*.mp4*") {
		b, err := os.ReadFile(filepath.Join(dir, "recordings", name))
		if err != nil {
			t.Fatal(err)
		}
		s, err := segment.Open(bytes.NewReader(b), int64(len(b)))
		if errors.Is(err, segment.ErrNothing) {
			continue // it has just begun
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		n += len(s.Table.Entries[0])
	}
	return n
}
