package stream_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// TestFormsCountWhatTheirViewersGot, also those that left.
func TestFormsCountWhatTheirViewersGot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		hub := hubOf(t, stream.Options{}, map[string]stream.Source{"front": cam})
		r := open(t, hub, stream.ReadOptions{Client: &stream.Client{Form: "mjpeg"}})
		tally := hub.TallyOf(r)
		tally.GivenOld()
		for _, d := range []time.Duration{time.Millisecond, 1001 * time.Microsecond, time.Minute} {
			tally.Given(1, d)
		}
		hub.TallyOf(open(t, hub, stream.ReadOptions{})).Given(1, 0) // for nobody
		tally.Given(2, time.Minute)
		want := stream.FormStats{Form: "mjpeg", Viewers: 1, Frames: 6, Delay: 3*time.Minute + 2001*time.Microsecond}
		want.Delays[0], want.Delays[1], want.Delays[len(want.Delays)-1] = 1, 1, 3
		expect := func(what string) {
			t.Helper()
			if got := hub.Forms(); len(got) != 1 || got[0] != want {
				t.Errorf("%s: %+v, want %+v", what, got, want)
			}
		}
		expect("one watches")
		for range 2 {
			cam.give(slices.Repeat([]media.Frame{picture("x")}, 30)...)
			expectFrame(t, r, "x")
		}
		want.Dropped = 29
		expect("it skipped")
		r.Close()
		want.Viewers = 0
		expect("it left")
	})
}
