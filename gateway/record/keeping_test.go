package record_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/index"
)

// TestForecastIsWhatHappens when limits are set: as many files go, or those that
// became too old until then, and nothing that a mark protects.
func TestForecastIsWhatHappens(t *testing.T) {
	for name, keep := range map[string]record.Keep{
		"by age":   {MaxAge: 3 * time.Minute},
		"by space": {MaxBytes: 2 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			var settings record.Settings
			story(t, func(_ *record.Options, s *record.Settings, _ []record.Camera) { settings = *s }, func(g *rig, c *camera) {
				time.Sleep(8 * time.Minute)
				x := g.recorders.Index()
				oldest, err := x.Oldest(g.t.Context(), "front")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := x.AddMark(g.t.Context(), index.Mark{Camera: "front", Kind: "protect", Start: oldest.Start, End: oldest.Start.Add(time.Second), Keep: true}); err != nil {
					t.Fatal(err)
				}
				wish := record.Camera{ID: "front", Mode: record.ModeContinuous}
				if f, err := g.recorders.Forecast(g.t.Context(), wish); err != nil || f.Segments > 0 || f.After.Segments < 40 || f.After.Bound != record.ByDisk || f.After.Lasts <= 0 {
					t.Errorf("without a limit %+v, %v", f, err)
				}
				wish.Keep = keep
				f, err := g.recorders.Forecast(g.t.Context(), wish)
				if err != nil || f.Segments < 5 || f.Bytes < int64(f.Segments) || !f.From.After(oldest.Start) || !f.To.After(f.From) || !f.After.Oldest.Equal(oldest.Start) || f.After.Protected < 1 {
					t.Fatalf("%+v, %v", f, err)
				}
				if removed := g.recorders.Status("front").Removed; removed > 0 {
					t.Errorf("the forecast deleted %d files", removed)
				}
				before, _ := x.Totals(g.t.Context(), "front") // it gave some a moment ago
				g.recorders.Apply(settings, []record.Camera{wish})
				const passed = 30 * time.Second
				time.Sleep(passed)
				removed := int(g.recorders.Status("front").Removed)
				if removed < f.Segments || removed > f.Segments+int(passed/(10*time.Second))+1 || before.Segments-f.Segments != f.After.Segments {
					t.Errorf("%d files were deleted, and %+v said", removed, f)
				}
				if first, err := x.Oldest(g.t.Context(), "front"); err != nil || first.ID != oldest.ID {
					t.Errorf("what a mark protects is gone: %+v, %v", first, err)
				}
			})
		})
	}
}

// TestForecastOfAllIsWhatHappens when the limits of all recordings are set.
func TestForecastOfAllIsWhatHappens(t *testing.T) {
	var settings record.Settings
	story(t, func(_ *record.Options, s *record.Settings, _ []record.Camera) { settings = *s }, func(g *rig, c *camera) {
		time.Sleep(8 * time.Minute)
		if f, err := g.recorders.ForecastAll(g.t.Context(), settings); err != nil || f.Segments > 0 {
			t.Errorf("without another limit %+v, %v", f, err)
		}
		settings.MaxBytes = 2 << 20
		f, err := g.recorders.ForecastAll(g.t.Context(), settings)
		if err != nil || f.Segments < 5 || f.Bytes < int64(f.Segments) || !f.To.After(f.From) {
			t.Fatalf("%+v, %v", f, err)
		}
		if removed := g.recorders.Status("front").Removed; removed > 0 {
			t.Errorf("the forecast deleted %d files", removed)
		}
		g.recorders.Apply(settings, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
		const passed = 30 * time.Second
		time.Sleep(passed)
		if removed := int(g.recorders.Status("front").Removed); removed < f.Segments || removed > f.Segments+int(passed/(10*time.Second))+1 {
			t.Errorf("%d files were deleted, and %+v said", removed, f)
		}
	})
}

// TestWhatIsKeptIsTold with how much comes in a day and how long it lasts.
func TestWhatIsKeptIsTold(t *testing.T) {
	var settings record.Settings
	story(t, func(_ *record.Options, s *record.Settings, c []record.Camera) {
		s.MaxBytes = 1 << 40
		c[0].Keep.MaxBytes = 1 << 30
		settings = *s
	}, func(g *rig, c *camera) {
		time.Sleep(2 * time.Minute)
		if k := g.recorders.Kept()["front"]; k.Segments < 1 || k.Bytes < 1 || k.Oldest.IsZero() || k.PerDay != 0 || k.Lasts != 0 {
			t.Errorf("of what was recorded for too short a time %+v", k)
		}
		time.Sleep(10 * time.Minute)
		k := g.recorders.Kept()["front"]
		bytes := float64(sizes(t, g.dir)) / 12 * 60 * 24
		if ratio := float64(k.PerDay) / bytes; ratio < 0.8 || ratio > 1.25 {
			t.Errorf("%d bytes a day of %.0f", k.PerDay, bytes)
		}
		days := float64(1<<30) / float64(k.PerDay)
		if k.Bound != record.BySpace || math.Abs(k.Lasts.Hours()/24/days-1) > 0.01 || k.Keep.MaxBytes != 1<<30 {
			t.Errorf("%+v, and not %.3f days", k, days)
		}
		g.recorders.Apply(settings, []record.Camera{{ID: "front", Mode: record.ModeContinuous, Keep: record.Keep{MaxAge: time.Hour}}, {ID: "new", Keep: record.Keep{MaxAge: time.Minute}}})
		kept := g.recorders.Kept()
		if k := kept["front"]; k.Bound != record.ByAge || k.Lasts != time.Hour || k.Segments < 60 || kept["new"].Lasts != time.Minute {
			t.Errorf("after other limits %+v", kept)
		}
	})
}

func TestNothingIsForecastWithoutRecordings(t *testing.T) {
	r := record.New(record.Options{Dir: t.TempDir()})
	if _, err := r.Forecast(t.Context(), record.Camera{ID: "front"}); !errors.Is(err, record.ErrMissing) {
		t.Error(err)
	}
	if _, err := r.ForecastAll(t.Context(), record.Settings{MaxBytes: 1}); !errors.Is(err, record.ErrMissing) {
		t.Error(err)
	}
	if k := r.Kept(); k != nil {
		t.Errorf("%+v", k)
	}
}

// TestCamerasShareADisk until it is full, each within its own limits.
func TestCamerasShareADisk(t *testing.T) {
	never := math.Inf(1)
	for _, c := range []struct {
		flows [][2]float64 // bytes a day, and days that they stay by themselves
		bytes float64
		days  float64
	}{
		{nil, 100, never},
		{[][2]float64{{0, never}}, 100, never},
		{[][2]float64{{10, never}}, 100, 10},
		{[][2]float64{{10, never}, {10, never}}, 100, 5},
		{[][2]float64{{10, never}, {1, 1}}, 100, 9.9}, // the second stays at 1 byte
		{[][2]float64{{10, 3}, {10, 2}}, 100, never},  // which take 50
		{[][2]float64{{10, 3}, {10, 2}}, 50, 3},       // just so
		{[][2]float64{{10, 3}}, -5, 0},
	} {
		if got := record.Horizon(c.flows, c.bytes); got != c.days {
			t.Errorf("%v fill %v bytes in %v days, not %v", c.flows, c.bytes, c.days, got)
		}
	}
}
