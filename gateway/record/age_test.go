package record_test

import (
	"testing"
	"time"

	"framegate/gateway/record"
)

// TestAgeCountsWhileNothingIsRecorded: what was promised to go by its age does,
// also when recording is switched off.
func TestAgeCountsWhileNothingIsRecorded(t *testing.T) {
	var settings record.Settings
	var cameras []record.Camera
	story(t, func(_ *record.Options, s *record.Settings, c []record.Camera) {
		c[0].Keep.MaxAge = 5 * time.Minute
		settings, cameras = *s, c
	}, func(g *rig, c *camera) {
		g.expect("three files", func() bool { return g.recorders.Status("front").Segments >= 3 })
		cameras[0].Mode = record.ModeOff
		g.recorders.Apply(settings, cameras)
		time.Sleep(4 * time.Minute)
		if len(files(g.t, g.dir, "*.mp4")) < 3 {
			t.Error("something went before its time")
		}
		time.Sleep(3 * time.Minute)
		if left := files(g.t, g.dir, "*.mp4"); len(left) > 0 {
			t.Errorf("%v is older than it may be", left)
		}
	})
}
