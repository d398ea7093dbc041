package publish

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
)

// TestTooManyPicturesAreDropped up to the next keyframe, by their number and by their bytes.
func TestTooManyPicturesAreDropped(t *testing.T) {
	for limit, o := range map[string]ThrottleOptions{
		LimitFPS:   {FPS: 3, BytesPerSecond: 1 << 20, MaxFrameBytes: 1},
		LimitBytes: {FPS: 60, BytesPerSecond: 30, MaxFrameBytes: 1},
	} {
		t.Run(limit, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hits := 0
				o.Counters = new(Counters)
				o.Limited = func(hit string) {
					if hits++; hit != limit {
						t.Errorf("limit %s", hit)
					}
				}
				throttle := NewThrottle(o)
				var got []int
				for n := range 10 {
					if n >= 6 {
						time.Sleep(time.Second)
					}
					if throttle.Lets(&media.Frame{Key: n == 0 || n == 8, Data: make([]byte, 10)}) {
						got = append(got, n)
					}
				}
				if want := []int{0, 1, 2, 8, 9}; !slices.Equal(got, want) || hits != 3 || o.Counters.Frames.Load() != 5 || o.Counters.Dropped.Load() != 5 {
					t.Errorf("pictures %v come, and %d are too many", got, hits)
				}
			})
		})
	}
}
