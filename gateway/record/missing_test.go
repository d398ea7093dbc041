package record_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record"
	"framegate/gateway/stream"
)

// wantGaps fails where the gaps of the camera front are not these, told as reasons
// with minutes since the story began, the last of them the one that goes on.
func (g *rig) wantGaps(began time.Time, want string) {
	g.t.Helper()
	gaps, err := g.recorders.Index().Gaps(g.t.Context(), "front", time.Time{}, time.Time{})
	if err != nil {
		g.t.Fatal(err)
	}
	minutes := func(t time.Time) int { return int(t.Sub(began).Round(time.Minute) / time.Minute) }
	var told []string
	for _, gap := range gaps {
		told = append(told, fmt.Sprintf("%s %d-%d", gap.Reason, minutes(gap.From), minutes(gap.To)))
	}
	if gap, goesOn := g.recorders.Missing("front"); goesOn {
		told = append(told, fmt.Sprintf("on: %s %d-%d", gap.Reason, minutes(gap.From), minutes(gap.To)))
	}
	if got := strings.Join(told, ", "); got != want {
		g.t.Errorf("after %v the gaps are %q, want %q", time.Since(began), got, want)
	}
}

// TestGapThatGoesOnIsTold while the camera is away, and is one of the index when it
// is back.
func TestGapThatGoesOnIsTold(t *testing.T) {
	storyOf(t, newSlowCamera(), nil, func(g *rig, c *camera) {
		began := time.Now()
		time.Sleep(2 * time.Minute)
		g.wantGaps(began, "")
		c.away.Store(true)
		time.Sleep(9 * time.Second)
		g.wantGaps(began, "")                  // which may be only slow
		time.Sleep(time.Hour - 20*time.Second) // of which it is tried again half a minute later at most
		if gap, goesOn := g.recorders.Missing("front"); !goesOn || gap.Reason != "the camera was away" || time.Since(gap.To) > time.Second || gap.To.Sub(gap.From) < time.Hour-20*time.Second {
			t.Errorf("the gap that goes on is %+v, %t", gap, goesOn)
		}
		c.away.Store(false)
		time.Sleep(2 * time.Minute)
		g.wantGaps(began, "the camera was away 2-62")
		if s := g.recorders.Status("front"); s.Gaps != 1 {
			t.Errorf("after one gap the status is %+v", s)
		}
	})
}

// TestGapsReasonIsKnownAfterARestart in it, be it ended or killed.
func TestGapsReasonIsKnownAfterARestart(t *testing.T) {
	storyOf(t, newSlowCamera(), nil, func(g *rig, c *camera) {
		began := time.Now()
		time.Sleep(2 * time.Minute)
		c.away.Store(true)
		time.Sleep(30*time.Minute + 50*time.Second)
		g.wantNoted(began)
		g.stop()
		time.Sleep(8 * time.Minute)
		next := start(g.t, g.dir, map[string]*camera{"front": c}, nil)
		time.Sleep(20 * time.Minute)
		next.wantNoted(began)
		c.away.Store(false)
		time.Sleep(2 * time.Minute)
		next.wantGaps(began, "the camera was away 2-33, framegate did not run 33-41, the camera was away 41-61")
		next.stop()
		time.Sleep(5 * time.Minute)
		last := start(g.t, g.dir, map[string]*camera{"front": c}, nil)
		time.Sleep(2 * time.Minute)
		last.wantGaps(began, "the camera was away 2-33, framegate did not run 33-41, the camera was away 41-61, framegate did not run 63-68")
		last.stop()
	})
}

// wantNoted fails where the index does not know of the gap that goes on, but for its
// last minute, as whoever is killed leaves it.
func (g *rig) wantNoted(began time.Time) {
	g.t.Helper()
	gaps, err := g.recorders.Index().Gaps(g.t.Context(), "front", time.Time{}, time.Time{})
	if n := len(gaps); err != nil || n == 0 || time.Since(gaps[n-1].To) > 65*time.Second {
		g.t.Errorf("after %v the index knows %v, %v", time.Since(began), gaps, err)
	}
}

// TestCameraThatNeverCameIsAGap from when it was to be recorded until it is not any
// more.
func TestCameraThatNeverCameIsAGap(t *testing.T) {
	c := newSlowCamera()
	c.away.Store(true)
	storyOf(t, c, nil, func(g *rig, c *camera) {
		began := time.Now()
		time.Sleep(5 * time.Minute)
		if gap, goesOn := g.recorders.Missing("front"); !goesOn || gap.From.Sub(began) > time.Second || gap.Reason != "the camera was away" {
			t.Errorf("the gap that goes on is %+v, %t", gap, goesOn)
		}
		g.recorders.Apply(record.Settings{Segment: 10 * time.Second}, []record.Camera{{ID: "front", Mode: record.ModeOff}})
		time.Sleep(5 * time.Minute)
		g.wantGaps(began, "the camera was away 0-5")
		c.away.Store(false)
		g.recorders.Apply(record.Settings{Segment: 10 * time.Second}, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
		time.Sleep(time.Minute)
		g.wantGaps(began, "the camera was away 0-5")
	})
}

// TestCameraThatIsRecordedLaterHasNoGapBefore though there are recordings of it.
func TestCameraThatIsRecordedLaterHasNoGapBefore(t *testing.T) {
	storyOf(t, newSlowCamera(), nil, func(g *rig, c *camera) {
		began := time.Now()
		time.Sleep(2 * time.Minute)
		g.stop()
		next := start(g.t, g.dir, map[string]*camera{"front": c}, func(_ *record.Options, _ *record.Settings, all []record.Camera) { all[0].Mode = record.ModeOff })
		time.Sleep(time.Hour)
		next.recorders.Apply(record.Settings{Segment: 10 * time.Second}, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
		time.Sleep(2 * time.Minute)
		next.wantGaps(began, "")
		next.stop()
	})
}

// TestPicturesThatDoNotComeAreAGap that goes on, and ends.
func TestPicturesThatDoNotComeAreAGap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var away atomic.Bool
		began := time.Now()
		g := startPictures(t, dir, 10*time.Second, &away)
		time.Sleep(2 * time.Minute)
		g.wantGaps(began, "")
		away.Store(true)
		time.Sleep(20 * time.Minute)
		if gap, goesOn := g.recorders.Missing("front"); !goesOn || gap.Reason != "no picture came" || gap.To.Sub(gap.From) < 19*time.Minute {
			t.Errorf("the gap that goes on is %+v, %t", gap, goesOn)
		}
		g.stop()
		time.Sleep(8 * time.Minute)
		away.Store(false)
		g = startPictures(t, dir, 10*time.Second, &away)
		time.Sleep(2 * time.Minute)
		g.wantGaps(began, "no picture came 2-22, framegate did not run 22-30")
		g.stop()
	})
}

// TestPictureThatWasNotDueIsNoGap while framegate did not run.
func TestPictureThatWasNotDueIsNoGap(t *testing.T) {
	for pause, want := range map[time.Duration]string{20 * time.Minute: "", 80 * time.Minute: "framegate did not run 60-90"} {
		t.Run(pause.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				g := startPictures(t, dir, time.Hour, new(atomic.Bool))
				time.Sleep(10 * time.Minute)
				g.stop()
				time.Sleep(pause)
				g = startPictures(t, dir, time.Hour, new(atomic.Bool))
				defer g.stop()
				time.Sleep(time.Minute)
				g.wantGaps(began, want)
			})
		})
	}
}

// startPictures has a picture taken now and then of a camera that may be away.
func startPictures(t *testing.T, dir string, every time.Duration, away *atomic.Bool, set ...func(*record.Options)) *rig {
	g := &rig{t: t, dir: dir, log: new(lines)}
	g.hub = stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return jpegsUnless{away}, nil }})
	options := record.Options{Hub: g.hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "recordings.json")}
	for _, set := range set {
		set(&options)
	}
	g.recorders = record.New(options)
	g.recorders.Apply(record.Settings{}, []record.Camera{{ID: "front", Mode: record.ModePictures, Every: every}})
	g.recorders.Start(t.Context())
	return g
}

// jpegsUnless is a camera of JPEGs that is away at times.
type jpegsUnless struct{ away *atomic.Bool }

func (c jpegsUnless) Run(ctx context.Context, emit func(media.Frame)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	return errors.Join(jpegs{time.Second}.Run(ctx, func(f media.Frame) {
		if c.away.Load() {
			cancel(errors.New("the cable is out"))
			return
		}
		emit(f)
	}), context.Cause(ctx))
}

// TestFullDiskIsAGapThatGoesOn with that reason.
func TestFullDiskIsAGapThatGoesOn(t *testing.T) {
	open, fail := newFaulty()
	storyOf(t, newSlowCamera(), func(o *record.Options, _ *record.Settings, _ []record.Camera) { o.OpenDisk = open }, func(g *rig, c *camera) {
		began := time.Now()
		time.Sleep(2 * time.Minute)
		fail(syscall.ENOSPC, nil)
		time.Sleep(20 * time.Minute)
		g.wantGaps(began, "on: full 2-22")
		fail(nil, nil)
		time.Sleep(2 * time.Minute)
		if gap, goesOn := g.recorders.Missing("front"); goesOn {
			t.Errorf("with room again the gap %+v goes on", gap)
		}
	})
}
