package record_test

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/record"
)

// TestRecordsFilesThatPlay of ten seconds, one after the other without a hole,
// and all of them in the index.
func TestRecordsFilesThatPlay(t *testing.T) {
	dir := ""
	story(t, nil, func(g *rig, c *camera) {
		dir = g.dir
		time.Sleep(45 * time.Second)
		synctest.Wait()
		if s := g.recorders.Status("front"); s.State != record.Recording || s.Segments < 3 {
			t.Errorf("status is %+v", s)
		}
		spans, err := g.recorders.Index().Spans(g.t.Context(), "front", time.Time{}, time.Time{})
		if err != nil || len(spans) != 1 {
			t.Errorf("spans are %v, %v; want one", spans, err)
		}
		g.stop()
		frames := 0
		for _, name := range files(t, dir, "*.mp4") {
			frames += len(opened(t, filepath.Join(dir, "recordings", name)).Table.Entries[0])
		}
		if sent := int(c.sent.Load()); frames != sent {
			t.Errorf("%d frames are on the disk, %d were sent", frames, sent)
		}
	})
	if parts := files(t, dir, "*.part"); len(parts) > 0 {
		t.Errorf("%v is not finished", parts)
	}
	for _, name := range files(t, dir, "*.mp4") {
		played(t, filepath.Join(dir, "recordings", name))
	}
}
