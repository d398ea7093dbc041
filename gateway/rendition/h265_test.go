package rendition_test

import (
	"testing"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/playback/tape"
)

// h265s gives numbered pictures of libx265, ten a second, in decoding order.
func h265s(t *testing.T, count int, params string) []media.Frame {
	t.Helper()
	frames := tape.Numbered(t, 0, count, 320, 176, "-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", "log-level=none:"+params)
	first := frames[0].PTS
	for i := range frames {
		frames[i].PTS -= first
		frames[i].Wall = wall(int(frames[i].PTS / (100 * time.Millisecond)))
	}
	return frames
}

// TestH265IsShownToAllWithoutDelay, as JPEG and as H.264, at the rate and in the
// size that is asked for.
func TestH265IsShownToAllWithoutDelay(t *testing.T) {
	frames := h265s(t, 31, "bframes=0:keyint=15")
	r := newRig(t, "")
	jpeg, h264, few := r.open("jpeg"), r.open("h264-w160"), r.open("jpeg-f5")
	for n, f := range frames {
		r.camera.emits <- f
		if picture := r.expect(jpeg, n); !picture.Wall.Equal(wall(n)) || picture.Format.Width != 320 || picture.Format.Height != 176 {
			t.Errorf("picture %d: wall %v, %dx%d", n, picture.Wall, picture.Format.Width, picture.Format.Height)
		}
		got := r.next(h264)
		if got.Format.Codec != media.H264 || got.Format.Width != 160 || got.Key != (n == 0) || !got.Wall.Equal(wall(n)) {
			t.Errorf("frame %d: %v of %d, key %v, wall %v", n, got.Format.Codec, got.Format.Width, got.Key, got.Wall)
		}
		if n%2 == 0 {
			r.expect(few, n)
		}
	}
}

// TestReorderedH265ComesInOrder, each picture as soon as those before it have.
func TestReorderedH265ComesInOrder(t *testing.T) {
	const count, behind = 36, 2
	frames := h265s(t, count, "bframes=3:b-adapt=0:open-gop=0:keyint=12:min-keyint=12")
	r := newRig(t, "")
	reader := r.open("jpeg")
	r.camera.emits <- frames[0]
	await(t, func() bool { return r.slots.Stats().Starts == 1 }) // so that there is no backlog
	shown := 0
	for n, f := range frames[1:] {
		r.camera.emits <- f
		for ; shown <= n+1-behind; shown++ {
			if got := r.expect(reader, shown); !got.Wall.Equal(wall(shown)) {
				t.Errorf("picture %d is of %v", shown, got.Wall)
			}
		}
	}
}
