package record_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record"
	"framegate/gateway/stream"
)

// between gives of so many pictures in turn some of one size and as many of another,
// and of those that follow one size alone.
func between(t *testing.T, flapping, each, after int, options ...string) (frames []media.Frame) {
	t.Helper()
	frames = tape.Numbered(t, 0, flapping+after, 64, 48, options...)
	other := tape.Numbered(t, 0, flapping, 96, 64, options...)
	for i := range other {
		if i/each%2 == 1 {
			frames[i] = other[i]
		}
	}
	return frames
}

// TestSizesThatFlapAreRecordedAndSaid for as long as they do: each is a file, and
// nothing is lost.
func TestSizesThatFlapAreRecordedAndSaid(t *testing.T) {
	t.Parallel()
	frames := between(t, 150, 10, 900, "-bf", "0", "-preset", "ultrafast")
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		camera := &reel{frames: frames}
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return camera, nil }})
		defer hub.Close()
		r := record.New(record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "recordings.json")})
		r.Apply(record.Settings{Segment: 10 * time.Second, Buffer: 8 << 20}, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
		r.Start(t.Context())
		defer r.Close()
		time.Sleep(4 * time.Second)
		if s := r.Status("front"); s.State != record.Recording || s.Reason != "" {
			t.Errorf("after a few changes the status is %+v", s)
		}
		time.Sleep(11 * time.Second)
		if s := r.Status("front"); s.State != record.Recording || !strings.Contains(s.Reason, "again and again") || s.Reformed < 12 {
			t.Errorf("after many changes the status is %+v", s)
		}
		time.Sleep(80 * time.Second)
		if s := r.Status("front"); s.State != record.Recording || s.Reason != "" || s.Reformed != 14 || s.Gaps+s.Lost > 0 {
			t.Errorf("a minute after the last change the status is %+v", s)
		}
		time.Sleep(20 * time.Second)
		wantOneSpan(t, r)
	})
	if got := shownBy(t, dir); !slices.Equal(got, countTo(len(frames))) {
		t.Errorf("shown are %v", got)
	}
}

// TestSizesThatFlapWithEachPicture make no file of each: some are left out, and
// counted.
func TestSizesThatFlapWithEachPicture(t *testing.T) {
	t.Parallel()
	const count = 100
	frames := between(t, count, 1, 0, "-g", "1", "-preset", "ultrafast")
	lost := 0
	dir := reelStory(t, frames, func(t *testing.T, r *record.Recorders) {
		rows := wantOneSpan(t, r)
		if most := count/4 + 1; len(rows) > most {
			t.Errorf("%d files are made of %d pictures in ten seconds; want at most %d", len(rows), count, most)
		}
		lost = int(r.Status("front").Lost)
	})
	got := shownBy(t, dir)
	if len(got) != count-lost || !slices.IsSorted(got) || got[0] != 0 || len(got) < count/2 {
		t.Errorf("%d pictures were left out; shown are %v", lost, got)
	}
}
