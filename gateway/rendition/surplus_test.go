package rendition_test

import (
	"testing"
	"time"

	"framegate/gateway/media"
)

// TestLowerRateOfH264: whoever asks for a lower rate than the camera's gets it
// as soon as that is known, in the middle of a GOP, and from then on.
func TestLowerRateOfH264(t *testing.T) {
	frames := h264s(t, 0, 150, 64, 32) // 25 a second, in GOPs of 50
	r := newRig(t, "")
	reader := r.open("h264-f5")
	const known = 25
	for _, f := range frames[:known] {
		r.camera.emits <- f
		if got := r.next(reader); got.Format != f.Format {
			t.Fatalf("the frame at %v was changed before the rate was known", f.PTS)
		}
	}
	go r.publish(frames[known:])
	last := r.next(reader)
	if !last.Key || last.Format == frames[0].Format {
		t.Fatalf("the frame at %v was not made anew: key %v", last.PTS, last.Key)
	}
	if seen := frames[known-1].PTS; last.PTS <= seen {
		t.Errorf("the frame at %v comes again, after that at %v", last.PTS, seen)
	}
	format, count := last.Format, 0
	for ; last.PTS < frames[140].PTS; count++ {
		f := r.next(reader)
		if gap := f.PTS - last.PTS; gap < 160*time.Millisecond || gap > 240*time.Millisecond || f.Format != format {
			t.Errorf("%v from %v to %v", gap, last.PTS, f.PTS)
		}
		last = f
	}
	if starts := r.slots.Stats().Starts; starts != 1 {
		t.Errorf("%d encoders were started", starts)
	}
	late := r.open("h264-f5")
	if f := r.next(late); f.Format != format {
		t.Errorf("who comes later gets another format")
	}
}

// TestLowerRateIsKnownBefore of a camera that others watch.
func TestLowerRateIsKnownBefore(t *testing.T) {
	frames := h264s(t, 0, 60, 64, 32)
	r := newRig(t, "")
	early := r.open("")
	go r.publish(frames)
	for range 10 {
		r.next(early)
	}
	if f := r.next(r.open("h264-f5")); f.Format == frames[0].Format {
		t.Error("a frame passes")
	}
}

// TestRateThatFitsPasses, with no ffmpeg there, whether a camera gives its
// frames in the order that they are shown in or not.
func TestRateThatFitsPasses(t *testing.T) {
	for name, frames := range map[string][]media.Frame{
		"in order":  h264s(t, 0, 120, 64, 32),
		"reordered": reordered(t, 120, "-bf", "3"),
	} {
		for _, key := range []string{"h264-f25", "h264-f30", "h264-w320-f60"} {
			t.Run(name+" "+key, func(t *testing.T) {
				r := newRig(t, "/nowhere/ffmpeg")
				reader := r.open(key)
				for _, f := range frames {
					r.camera.emits <- f
					if got := r.next(reader); got.Format != f.Format || &got.Data[0] != &f.Data[0] {
						t.Fatalf("the frame at %v was changed", f.PTS)
					}
				}
			})
		}
	}
}

// TestRateRises while a viewer watches, as at dawn.
func TestRateRises(t *testing.T) {
	frames := h264s(t, 0, 100, 64, 32)
	r := newRig(t, "")
	reader := r.open("h264-f15")
	slow := frames[:50]
	for i := range slow {
		slow[i].PTS = time.Duration(i) * 80 * time.Millisecond
	}
	for i := range frames[50:] {
		frames[50+i].PTS = 4*time.Second + time.Duration(i)*40*time.Millisecond
	}
	for _, f := range slow {
		r.camera.emits <- f
		if got := r.next(reader); got.Format != f.Format {
			t.Fatalf("the frame at %v was changed", f.PTS)
		}
	}
	go r.publish(frames[50:])
	for f := r.next(reader); f.Format == frames[0].Format; f = r.next(reader) {
		if f.PTS > 6*time.Second {
			t.Fatal("too many frames pass")
		}
	}
}
