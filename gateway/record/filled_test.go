package record_test

import (
	"strings"
	"testing"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/index"
)

// TestMarksThatProtectTooMuchAreTold, first in words, and once no more fits beside
// what they protect by the state full: what was recorded then could not be kept.
func TestMarksThatProtectTooMuchAreTold(t *testing.T) {
	const most = 2 << 20
	for name, c := range map[string]struct {
		set  func(*record.Options, *record.Settings, []record.Camera)
		says string
	}{
		"a camera's": {func(_ *record.Options, _ *record.Settings, c []record.Camera) { c[0].Keep.MaxBytes = most }, "the camera's max_bytes"},
		"all":        {func(_ *record.Options, s *record.Settings, _ []record.Camera) { s.MaxBytes = most }, "recordings.max_bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, c.set, func(g *rig, cam *camera) {
				time.Sleep(75 * time.Second)
				x := g.recorders.Index()
				protect := func() {
					if _, err := x.AddMark(g.t.Context(), index.Mark{Camera: "front", Kind: "bookmark", Start: time.Now().Add(-time.Hour), End: time.Now(), Keep: true, Created: time.Now()}); err != nil {
						g.t.Fatal(err)
					}
				}
				status := func() record.Status { return g.recorders.Status("front") }
				protect()
				time.Sleep(15 * time.Second)
				if s := status(); s.State != record.Recording || s.Crowded != (name == "a camera's") || s.Crowded && !strings.Contains(s.Reason, "protect") {
					g.t.Errorf("with more than half protected the status is %+v", s)
				}
				protected := func() int64 {
					totals, err := x.Totals(g.t.Context(), "front")
					if err != nil {
						g.t.Fatal(err)
					}
					return totals.Protected
				}
				for began := time.Now(); status().State != record.Full; time.Sleep(5 * time.Second) {
					if protect(); time.Since(began) > 5*time.Minute {
						g.t.Fatalf("with %d bytes protected the status is %+v", protected(), status())
					}
				}
				before := status()
				if !strings.Contains(before.Reason, c.says) || protected() > most {
					g.t.Errorf("with %d bytes protected the status is %+v", protected(), before)
				}
				time.Sleep(time.Minute)
				if s := status(); s.State != record.Full || s.Removed > before.Removed {
					g.t.Errorf("a minute later %d were deleted more, and the status is %+v", s.Removed-before.Removed, s)
				}
				marks, err := x.Marks(g.t.Context(), index.MarkFilter{})
				if err != nil {
					g.t.Fatal(err)
				}
				for _, m := range marks {
					if err := x.DeleteMark(g.t.Context(), m.ID); err != nil {
						g.t.Fatal(err)
					}
				}
				time.Sleep(5 * time.Second)
				if s := status(); s.State != record.Recording || s.Lost > 0 || s.Gaps > 0 {
					g.t.Errorf("5 s after the marks are gone the status is %+v, the last gap %+v", s, s.LastGap)
				}
			})
		})
	}
}
