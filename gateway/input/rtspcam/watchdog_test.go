package rtspcam

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/stream"
)

// TestWatchdogIsExact: pictures put its end off, however many, and it comes
// when it is due, also where that is sooner than before.
func TestWatchdogIsExact(t *testing.T) {
	for name, c := range map[string]struct {
		live func(w *watchdog)
		want error
		left time.Duration // after live
	}{
		"never reached":  {func(w *watchdog) { w.reach(connecting) }, errUnreachable, 5 * time.Second},
		"mute":           {func(w *watchdog) { w.reach(connecting); time.Sleep(time.Second); w.reach(connected) }, errNoAnswer, 10 * time.Second},
		"no picture":     {func(w *watchdog) { w.reach(connecting); w.reach(receiving) }, errNoPicture, 30 * time.Second},
		"one picture":    {func(w *watchdog) { w.reach(receiving); w.picture(time.Now()) }, errSilent, 5 * time.Second},
		"many pictures":  {func(w *watchdog) { pace(w, 1000, 33*time.Millisecond) }, errSilent, 5 * time.Second},
		"rare pictures":  {func(w *watchdog) { pace(w, 50, 4*time.Second) }, errSilent, 40 * time.Second},
		"old at arrival": {func(w *watchdog) { w.reach(receiving); at := time.Now(); time.Sleep(time.Second); w.picture(at) }, errSilent, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan error, 1)
				w := newWatchdog(func(err error) { ended <- err }, usualPatience, stream.Silence{})
				defer w.Stop()
				c.live(w)
				from := time.Now()
				if err := <-ended; !errors.Is(err, c.want) || time.Since(from) != c.left {
					t.Errorf("ended with %v after %v, want %v after %v", err, time.Since(from), c.want, c.left)
				}
			})
		})
	}
}

// pace shows pictures at a pace; the last of them now.
func pace(w *watchdog, n int, interval time.Duration) {
	w.reach(receiving)
	for i := range n {
		if i > 0 {
			time.Sleep(interval)
		}
		w.picture(time.Now())
	}
}

// TestSlowCameraIsLearned: a camera whose pictures are farther apart than its
// silence may be long is given more time, run by run, until it is not cut off
// between two of them.
func TestSlowCameraIsLearned(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{Medias: offer(&format.MJPEG{})})
	s := newSource(t, Options{URL: camera.URL("/")})
	s.silence.Least = 20 * time.Millisecond
	groups := rtptest.JPEGPackets(t, 4)
	for n := 1; ; n++ {
		run := start(t, s)
		awaitPlay(t, camera, n)
		shown := 0
		for ; shown < len(groups) && len(run.done) == 0; shown++ {
			send(t, camera, groups[shown])
			time.Sleep(150 * time.Millisecond) // the pace of the camera
		}
		if len(run.done) == 0 {
			rtptest.WantNumbers(t, run.take(t, len(groups)), rtptest.Span(0, len(groups)))
			break
		}
		if err := run.wait(t); !errors.Is(err, errSilent) || n > 8 {
			t.Fatalf("run %d ended with %v", n, err)
		}
	}
}

// TestSlowCamera: one with a picture every two seconds may be silent for
// twenty, and one with thirty a second for five.
func TestSlowCamera(t *testing.T) {
	for interval, want := range map[time.Duration]time.Duration{2 * time.Second: 20 * time.Second, time.Second / 30: 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			ended := make(chan time.Time, 1)
			w := newWatchdog(func(err error) {
				if err != errSilent {
					t.Error(err)
				}
				ended <- time.Now()
			}, usualPatience, stream.Silence{})
			w.reach(connecting)
			w.reach(playing)
			var last time.Time
			for range 10 {
				time.Sleep(interval)
				w.reach(receiving)
				last = time.Now()
				w.picture(last)
			}
			if got := (<-ended).Sub(last); got != want {
				t.Errorf("silent for %v, want %v", got, want)
			}
		})
	}
}

// TestPatienceOfEachStage: a camera is given up with the reason that fits, and
// cannot gain time by repeating itself.
func TestPatienceOfEachStage(t *testing.T) {
	for _, c := range []struct {
		stages []stage
		want   error
		after  time.Duration // the last stage was reached for the first time
	}{
		{[]stage{connecting}, errUnreachable, 5 * time.Second},
		{[]stage{connecting, connected}, errNoAnswer, 10 * time.Second},
		{[]stage{connecting, connected, answered}, errNoDescription, 30 * time.Second},
		{[]stage{connecting, connected, answered, detailed}, errNoAnswer, 10 * time.Second},
		{[]stage{connecting, connected, answered, detailed, playing}, errNoPacket, 10 * time.Second},
		{[]stage{connecting, connected, answered, detailed, playing, receiving}, errNoPicture, 30 * time.Second},
		{[]stage{connecting, connected, answered, receiving, playing}, errNoPicture, 30 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			given := make(chan error, 1)
			w := newWatchdog(func(err error) { given <- err }, usualPatience, stream.Silence{})
			for _, s := range c.stages {
				w.reach(s)
			}
			for range 2 {
				time.Sleep(c.after/2 - time.Millisecond)
				w.reach(c.stages[len(c.stages)-1])
				synctest.Wait()
				if len(given) > 0 {
					t.Fatalf("gave up early: %v", <-given)
				}
			}
			time.Sleep(3 * time.Millisecond)
			synctest.Wait()
			if len(given) == 0 {
				t.Fatalf("stages %v: does not give up", c.stages)
			}
			if got := <-given; got != c.want {
				t.Errorf("stages %v: gave up with %v, want %v", c.stages, got, c.want)
			}
		})
	}
}
