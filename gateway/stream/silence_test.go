package stream_test

import (
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/stream"
)

// noted gives a silence, of pictures that came after pauses and the last of them
// now.
func noted(s stream.Silence, pauses ...time.Duration) stream.Silence {
	for _, pause := range pauses {
		time.Sleep(pause)
		s.Picture(time.Now())
	}
	return s
}

// TestSilenceAllowed is five seconds and ten intervals, of which one alone does
// not say much.
func TestSilenceAllowed(t *testing.T) {
	const frame = time.Second / 25
	for name, row := range map[string]struct {
		silence stream.Silence
		pauses  []time.Duration
		want    time.Duration
	}{
		"before a picture":            {stream.Silence{}, nil, 30 * time.Second},
		"before one that may be late": {stream.Silence{Least: time.Minute}, nil, time.Minute},
		"after one":                   {stream.Silence{}, []time.Duration{20 * time.Second}, 5 * time.Second},
		"after one, by a limit":       {stream.Silence{Least: time.Second}, []time.Duration{0}, time.Second},
		"fast":                        {stream.Silence{}, []time.Duration{0, frame, frame, frame}, 5 * time.Second},
		"slow":                        {stream.Silence{}, []time.Duration{0, 2 * time.Second, 2 * time.Second}, 20 * time.Second},
		"slow, by a limit above that": {stream.Silence{Least: time.Hour}, []time.Duration{0, 2 * time.Second}, time.Hour},
		"slow, with a pause":          {stream.Silence{}, []time.Duration{0, time.Second, 9 * time.Second}, 20 * time.Second},
		"slow, with a burst":          {stream.Silence{}, []time.Duration{0, 8 * time.Second, 0}, 70 * time.Second},
		"two at once, then slow":      {stream.Silence{}, []time.Duration{0, 0, 2 * time.Second}, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := noted(row.silence, row.pauses...)
				if got := s.Allowed(); got != row.want {
					t.Errorf("allowed for %v, want %v", got, row.want)
				}
				if row.pauses != nil && !s.Until().Equal(time.Now().Add(row.want)) {
					t.Errorf("allowed until %v, want in %v", s.Until(), row.want)
				}
			})
		})
	}
}

// TestSilenceGrows to a minute, run by run, where what a run gave did not show
// that it needs more: one picture of a camera, and any of an uneven source. Its
// own limit it never goes below.
func TestSilenceGrows(t *testing.T) {
	once, thrice := []time.Duration{0}, []time.Duration{0, time.Second / 25, time.Second / 25}
	seconds := func(all ...time.Duration) []time.Duration {
		for i := range all {
			all[i] *= time.Second
		}
		return all
	}
	for name, row := range map[string]struct {
		silence stream.Silence
		pauses  []time.Duration // of each run
		want    []time.Duration // after one picture of the run after it
	}{
		"one picture":              {stream.Silence{}, once, seconds(10, 20, 40, 60, 60)},
		"one picture, by a limit":  {stream.Silence{Least: 45 * time.Second}, once, seconds(60, 60)},
		"one picture, a high one":  {stream.Silence{Least: time.Hour}, once, seconds(3600, 3600)},
		"a pace":                   {stream.Silence{}, thrice, seconds(5, 5)},
		"no picture":               {stream.Silence{}, nil, seconds(5, 5)},
		"uneven":                   {stream.Silence{Uneven: true}, thrice, seconds(10, 20, 40, 60, 60)},
		"uneven and without a one": {stream.Silence{Uneven: true}, nil, seconds(10, 20)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				silence := row.silence
				for n, want := range row.want {
					run := noted(silence, row.pauses...)
					silence = run.Next()
					after := noted(silence, 0)
					if got := after.Allowed(); got != want {
						t.Errorf("after %d runs allowed for %v, want %v", n+1, got, want)
					}
				}
			})
		})
	}
}

// TestShownPaceCountsAgain: a camera that silent runs have gained time may take
// it up to its second picture only, an uneven source throughout.
func TestShownPaceCountsAgain(t *testing.T) {
	for uneven, want := range map[bool]time.Duration{false: 5 * time.Second, true: 10 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			run := noted(stream.Silence{Uneven: uneven}, 0)
			run = noted(run.Next(), 0, time.Second/25)
			if got := run.Allowed(); got != want {
				t.Errorf("uneven %v: allowed for %v, want %v", uneven, got, want)
			}
		})
	}
}
