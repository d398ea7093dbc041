package record_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/index"
)

// TestChangesTakeEffectAndDisturbNobodyElse while cameras are recorded.
func TestChangesTakeEffectAndDisturbNobodyElse(t *testing.T) {
	t.Parallel()
	if _, err := footage(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var settings record.Settings
		var recorded []record.Camera
		cameras := map[string]*camera{"back": newCamera(), "front": newCamera()}
		g := start(t, dir, cameras, func(_ *record.Options, s *record.Settings, c []record.Camera) {
			settings, recorded = *s, c
			c[0].Mode = record.ModeOff
		})
		defer g.stop()
		time.Sleep(15 * time.Second)
		if s := g.recorders.Status("back"); s.State != record.Off || s.Frames > 0 || cameras["back"].sent.Load() > 0 {
			t.Errorf("a camera that is not recorded has %+v, and sent %d", s, cameras["back"].sent.Load())
		}
		on := append([]record.Camera(nil), recorded...)
		on[0].Mode, on[1].Keep.MaxAge = record.ModeContinuous, time.Hour
		g.recorders.Apply(settings, on)
		time.Sleep(15 * time.Second)
		if s := g.recorders.Status("back"); s.State != record.Recording || s.Frames == 0 {
			t.Errorf("a camera that is recorded now has %+v", s)
		}
		g.recorders.Apply(settings, recorded)
		time.Sleep(15 * time.Second)
		if s := g.recorders.Status("back"); s.State != record.Off || s.Gaps > 0 {
			t.Errorf("a camera that is not recorded any more has %+v", s)
		}
		if s := g.recorders.Status("front"); s.State != record.Recording || s.Gaps > 0 || s.Lost > 0 {
			t.Errorf("a camera that was recorded all the time has %+v", s)
		}
		if spans, err := g.recorders.Index().Spans(t.Context(), "front", time.Time{}, time.Time{}); err != nil || len(spans) != 1 {
			t.Errorf("spans are %v, %v", spans, err)
		}
	})
}

// TestScheduleBeginsAndEndsARecording on time, and what is outside of it is no gap.
func TestScheduleBeginsAndEndsARecording(t *testing.T) {
	story(t, func(_ *record.Options, _ *record.Settings, c []record.Camera) {
		c[0].Mode = record.ModeScheduled
		c[0].Covers = func(at time.Time) (bool, time.Time) { return at.Minute()%2 == 1, time.Time{} }
	}, func(g *rig, c *camera) {
		time.Sleep(30 * time.Second)
		if s := g.recorders.Status("front"); s.State != record.Off || s.Reason == "" || c.sent.Load() > 0 {
			t.Errorf("outside of its hours the status is %+v", s)
		}
		time.Sleep(4 * time.Minute)
		spans, err := g.recorders.Index().Spans(g.t.Context(), "front", time.Time{}, time.Time{})
		if err != nil || len(spans) != 2 {
			t.Fatalf("spans are %v, %v; want two minutes", spans, err)
		}
		for _, s := range spans {
			if long := s.To.Sub(s.From); long < 58*time.Second || long > 61*time.Second || s.From.Second() > 1 {
				t.Errorf("recorded from %v to %v", s.From, s.To)
			}
		}
		if s := g.recorders.Status("front"); s.Gaps > 0 {
			t.Errorf("status is %+v, last gap %+v", s, s.LastGap)
		}
	})
}

// TestMediaJumpBeginsARunWithoutALoss of a picture, also in the middle of a GOP.
func TestMediaJumpBeginsARunWithoutALoss(t *testing.T) {
	for name, jump := range map[string]time.Duration{"ahead": 2 * time.Hour, "back": -5 * time.Second} {
		t.Run(name, func(t *testing.T) {
			story(t, nil, func(g *rig, c *camera) {
				time.Sleep(16500 * time.Millisecond)
				c.jump.Store(int64(jump))
				time.Sleep(30 * time.Second)
				spans, err := g.recorders.Index().Spans(g.t.Context(), "front", time.Time{}, time.Time{})
				if err != nil || len(spans) != 1 || time.Since(spans[0].To) > 11*time.Second {
					t.Errorf("spans are %v, %v; want one up to now", spans, err)
				}
				runs := make(map[string]bool)
				segments, err := g.recorders.Index().Between(g.t.Context(), "front", time.Time{}, time.Time{}, 100)
				for _, s := range segments {
					runs[s.Run] = true
					if long := s.End.Sub(s.Start); long > 21*time.Second {
						t.Errorf("%s is of %v", s.Path, long)
					}
				}
				if err != nil || len(runs) != 2 {
					t.Errorf("there are %d runs, %v; want 2", len(runs), err)
				}
				g.wantAllFrames(c, 1)
			})
		})
	}
}

// TestCameraThatIsAwayIsAGap with that reason.
func TestCameraThatIsAwayIsAGap(t *testing.T) {
	story(t, nil, func(g *rig, c *camera) {
		time.Sleep(15 * time.Second)
		c.away.Store(true)
		time.Sleep(10 * time.Second)
		if s := g.recorders.Status("front"); s.State != record.Waiting {
			t.Errorf("without its camera the state is %v: %s", s.State, s.Reason)
		}
		c.away.Store(false)
		time.Sleep(20 * time.Second)
		gaps, err := g.recorders.Index().Gaps(g.t.Context(), "front", time.Time{}, time.Time{})
		if err != nil || len(gaps) != 1 || gaps[0].Reason != "the camera was away" {
			t.Errorf("gaps are %v, %v", gaps, err)
		}
		g.wantAllFrames(c, 1)
	})
}

// TestRecordingOfACameraThatLiesPlaysInTrueTime though the camera counts 25
// pictures for a second of 21.
func TestRecordingOfACameraThatLiesPlaysInTrueTime(t *testing.T) {
	dir, c := "", newCamera()
	c.apart = time.Second / 21
	storyOf(t, c, func(_ *record.Options, s *record.Settings, _ []record.Camera) { s.Segment = 20 * time.Second }, func(g *rig, c *camera) {
		dir = g.dir
		time.Sleep(150 * time.Second)
		synctest.Wait()
		s := g.recorders.Status("front")
		if s.Rate < 0.83 || s.Rate > 0.85 || s.Reason == "" {
			t.Errorf("status is %+v", s)
		}
		if off := time.Since(s.Newest); off > 1500*time.Millisecond || off < -100*time.Millisecond {
			t.Errorf("the newest picture is stamped %v ago", off)
		}
		segments, err := g.recorders.Index().Between(g.t.Context(), "front", time.Time{}, time.Time{}, 100)
		if err != nil || len(segments) < 6 {
			t.Fatalf("segments are %v, %v", segments, err)
		}
		for i, s := range segments {
			truth := time.Duration(s.Frames) * c.apart
			if off := s.End.Sub(s.Start) - truth; off.Abs() > 100*time.Millisecond {
				t.Errorf("%s is of %v, and took %v", s.Path, s.End.Sub(s.Start), truth)
			}
			if i > 0 && s.Start.Sub(segments[i-1].End).Abs() > 100*time.Millisecond {
				t.Errorf("%s begins at %v, where the one before ends at %v", s.Path, s.Start, segments[i-1].End)
			}
		}
		g.stop()
	})
	all := files(t, dir, "*.mp4")
	last := opened(t, filepath.Join(dir, "recordings", all[len(all)-2])).Summary
	if fps := float64(last.Frames) / last.Duration.Seconds(); fps < 20.9 || fps > 21.1 {
		t.Errorf("a file plays %v pictures a second, 21 were taken", fps)
	}
}

// TestUnlikelyClockDeletesNothingForItsAge until an hour has passed.
func TestUnlikelyClockDeletesNothingForItsAge(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 65*time.Second)
	before := len(files(t, dir, "*.mp4"))
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(100 * 24 * time.Hour) // a clock that lost its battery says 2000, and then 2036
		g := start(t, dir, map[string]*camera{"front": newSlowCamera()}, func(_ *record.Options, s *record.Settings, c []record.Camera) {
			s.Segment, c[0].Keep.MaxAge = 5*time.Minute, 2*time.Hour
		})
		defer g.stop()
		time.Sleep(50 * time.Minute)
		if s := g.recorders.Status("front"); s.Removed > 0 {
			t.Errorf("status is %+v", s)
		}
		time.Sleep(20 * time.Minute)
		if s := g.recorders.Status("front"); s.Removed != uint64(before) {
			t.Errorf("after an hour %d are removed of %d", s.Removed, before)
		}
	})
}

// TestIndexMadeAnewUnderAnUnlikelyClock knows no recording yet, and none goes for
// its age.
func TestIndexMadeAnewUnderAnUnlikelyClock(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 65*time.Second)
	before := len(files(t, dir, "*.mp4"))
	for _, name := range []string{"index.db", "index.db-wal", "index.db-shm"} {
		_ = os.Remove(filepath.Join(dir, "recordings", name)) // some of them are there
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(100 * 24 * time.Hour)
		g := start(t, dir, map[string]*camera{"front": newSlowCamera()}, func(_ *record.Options, s *record.Settings, c []record.Camera) {
			s.Segment, c[0].Keep.MaxAge = 5*time.Minute, 2*time.Hour
		})
		defer g.stop()
		time.Sleep(50 * time.Minute)
		if s := g.recorders.Status("front"); s.Removed > 0 {
			t.Errorf("status is %+v", s)
		}
		if totals, err := g.recorders.Index().Totals(t.Context(), "front"); err != nil || totals.Segments < before {
			t.Errorf("the index has %+v, %v; there were %d", totals, err, before)
		}
		time.Sleep(20 * time.Minute)
		if s := g.recorders.Status("front"); s.Removed != uint64(before) {
			t.Errorf("after an hour %d are removed of %d", s.Removed, before)
		}
	})
}

// heard is a log that tells somebody of each line, at once.
type heard struct {
	slog.Handler
	line func(message string)
}

func (h heard) Enabled(context.Context, slog.Level) bool { return true }

func (h heard) Handle(_ context.Context, r slog.Record) error {
	h.line(r.Message)
	return nil
}

// TestClockIsJudgedBeforeAnythingGoesByIt: as soon as there is a volume nobody
// trusts a clock that its recordings make unlikely.
func TestClockIsJudgedBeforeAnythingGoesByIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	folder := filepath.Join(dir, "recordings")
	if err := os.Mkdir(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(t.Context(), filepath.Join(folder, "index.db"))
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-100 * 24 * time.Hour)
	_, err = x.Add(t.Context(), index.Segment{Camera: "front", Path: "front/1.mp4", Sequence: 1, Start: old, End: old.Add(time.Minute)})
	if err = errors.Join(err, x.Close()); err != nil {
		t.Fatal(err)
	}
	var r *record.Recorders
	trusts := make(chan bool, 1)
	log := slog.New(heard{slog.DiscardHandler, func(message string) {
		if message == "recordings are kept" {
			trusts <- r.TrustsClock()
		}
	}})
	r = record.New(record.Options{Dir: folder, Memory: filepath.Join(dir, "recordings.json"), Log: log})
	r.Apply(record.Settings{}, []record.Camera{{ID: "front", Mode: record.ModeScheduled, Covers: func(time.Time) (bool, time.Time) { return false, time.Time{} }}})
	r.Start(t.Context())
	defer r.Close()
	if <-trusts {
		t.Error("the clock is trusted")
	}
}

// TestCameraThatIsNotRecordedAnyMoreKeepsItsAge though nothing is said of it any more,
// also after a start.
func TestCameraThatIsNotRecordedAnyMoreKeepsItsAge(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := footage(); err != nil {
		t.Fatal(err)
	}
	off := func(_ *record.Options, _ *record.Settings, c []record.Camera) { c[0].Mode = record.ModeOff }
	for _, restart := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var settings record.Settings
			g := start(t, dir, map[string]*camera{"front": newCamera()}, func(_ *record.Options, s *record.Settings, c []record.Camera) {
				settings, c[0].Keep.MaxAge = *s, 10*time.Minute
			})
			time.Sleep(time.Minute)
			if restart {
				g.stop()
				g = start(t, dir, map[string]*camera{"front": newCamera()}, off)
			} else {
				g.recorders.Apply(settings, []record.Camera{{ID: "front", Mode: record.ModeOff}})
			}
			defer g.stop()
			time.Sleep(12 * time.Minute)
			if totals, err := g.recorders.Index().Totals(t.Context(), "front"); err != nil || totals.Segments > 0 {
				t.Errorf("restarted %v: beyond its age there is %+v, %v", restart, totals, err)
			}
		})
	}
}
