package stream_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/stream"
)

// TestWatchdogExpectsOneThingAtATime, the last that it was told of, and ends the
// run when that is due, not later.
func TestWatchdogExpectsOneThingAtATime(t *testing.T) {
	early, late, silent := errors.New("early"), errors.New("late"), errors.New("silent")
	for name, row := range map[string]struct {
		live func(w *stream.Watchdog)
		want error
		left time.Duration // after live
	}{
		"put off":          {func(w *stream.Watchdog) { w.Expect(time.Second, early); w.Expect(time.Minute, late) }, late, time.Minute},
		"brought near":     {func(w *stream.Watchdog) { w.Expect(time.Minute, late); w.Expect(time.Second, early) }, early, time.Second},
		"hastened":         {func(w *stream.Watchdog) { w.Expect(time.Minute, late); w.Hasten(time.Second, early) }, early, time.Second},
		"hastened in vain": {func(w *stream.Watchdog) { w.Expect(time.Second, early); w.Hasten(time.Minute, late) }, late, time.Second},
		"after a picture":  {func(w *stream.Watchdog) { w.Expect(time.Minute, late); w.Picture(time.Now(), silent) }, silent, stream.LeastSilence},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan error, 1)
				w := stream.NewWatchdog(func(err error) { ended <- err }, stream.Silence{})
				defer w.Stop()
				row.live(w)
				from := time.Now()
				if err := <-ended; err != row.want || time.Since(from) != row.left {
					t.Errorf("ended with %v after %v, want %v after %v", err, time.Since(from), row.want, row.left)
				}
			})
		})
	}
}

// TestPictureCostsAWatchdogNoTimer, of which there would be one for each.
func TestPictureCostsAWatchdogNoTimer(t *testing.T) {
	w := stream.NewWatchdog(func(error) {}, stream.Silence{})
	defer w.Stop()
	at, silent := time.Now(), errors.New("silent")
	if n := testing.AllocsPerRun(100, func() {
		at = at.Add(time.Millisecond)
		w.Picture(at, silent)
	}); n != 0 {
		t.Errorf("a picture allocates %v times", n)
	}
}
