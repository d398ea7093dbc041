package record_test

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record"
	"framegate/gateway/stream"
)

// rare is a camera with a keyframe now and then.
type rare struct {
	*camera
	every int
}

func (c rare) Run(ctx context.Context, emit func(media.Frame)) error {
	n := 0
	return c.camera.Run(ctx, func(f media.Frame) { f.Key = n%c.every == 0; n++; emit(f) })
}

// rareStory is story with such a camera.
func rareStory(t *testing.T, c rare, f func(*testing.T, *record.Recorders)) {
	t.Parallel()
	if _, err := footage(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return c, nil }})
		r := record.New(record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "recordings.json")})
		r.Apply(record.Settings{Segment: 10 * time.Second, Buffer: 8 << 20}, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
		r.Start(t.Context())
		defer func() { r.Close(); hub.Close() }()
		f(t, r)
	})
}

// TestEraseWaitsForNoKeyframe that is long in coming.
func TestEraseWaitsForNoKeyframe(t *testing.T) {
	rareStory(t, rare{newCamera(), 25 * 60}, func(t *testing.T, r *record.Recorders) {
		time.Sleep(100*time.Second + 20*time.Millisecond) // between two pictures
		began := time.Now()
		gone, err := r.Erase(t.Context(), "front", began.Add(-time.Hour), began)
		if took := time.Since(began); err != nil || len(gone) != 2 || took > 5*time.Second {
			t.Errorf("%d files are gone after %v, %v", len(gone), took, err)
		}
		time.Sleep(30 * time.Second)
		if s := r.Status("front"); s.State != record.Recording || s.LastGap == nil || s.LastGap.Reason != "deleted" {
			t.Errorf("after the next keyframe the status is %+v, the last gap %+v", s, s.LastGap)
		}
	})
}

// TestFileWithoutAnotherKeyframeEnds, in the index like others.
func TestFileWithoutAnotherKeyframeEnds(t *testing.T) {
	c := rare{newSlowCamera(), 2 * 60 * 90}
	rareStory(t, c, func(t *testing.T, r *record.Recorders) {
		time.Sleep(2 * time.Hour)
		totals, err := r.Index().Totals(t.Context(), "front")
		if err != nil || totals.Segments != 2 {
			t.Errorf("the index has %+v, %v; want two that began with the keyframes", totals, err)
		}
	})
}
