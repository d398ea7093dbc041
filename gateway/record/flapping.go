package record

import (
	"bytes"
	"slices"
	"time"

	"framegate/gateway/media"
	"framegate/transcode/h264"
	"framegate/transcode/h265"
)

// leastFile is how long a file goes on before another Format ends it. Cameras whose
// keyframes are farther apart lose nothing by that; others would make a file of each
// picture.
const leastFile = 400 * time.Millisecond

// flapping knows how often files ended of late since the pictures became others. The
// zero value is ready.
type flapping struct {
	times []time.Time // within flapWindow
	often bool
}

const (
	flapWindow = time.Minute
	flapsOften = 6 // within the window; it is often until there are less than half
)

// add notes one.
func (f *flapping) add(now time.Time) {
	f.times = append(f.times, now)
	f.look(now)
}

// look forgets those that were long ago.
func (f *flapping) look(now time.Time) {
	f.times = slices.DeleteFunc(f.times, func(t time.Time) bool { return now.Sub(t) > flapWindow })
	n := len(f.times)
	f.often = n >= flapsOften || f.often && n >= flapsOften/2
}

// skip says of a frame that it is not recorded, since it, or the keyframe that it
// leans on, is of another Format than the file, which has just begun. It notes
// those that end a file.
func (r *recorder) skip(f media.Frame, at time.Duration) bool {
	if f.Key {
		other := r.file != nil && f.Format != r.file.format
		r.skips = other && at-r.first < leastFile
		if other && !r.skips {
			r.flap(f.Arrived)
		}
	}
	if r.skips {
		if r.file != nil {
			r.last.Format = r.file.format // what comes next goes on from there
		}
		r.count(func(s *Status) { s.Lost++ })
	}
	return r.skips
}

// flap notes that pictures become others than those of the file.
func (r *recorder) flap(now time.Time) {
	before := r.flaps.often
	r.flaps.add(now)
	r.count(func(s *Status) { s.Reformed++ })
	if r.flaps.often && !before {
		r.all.log.Warn("the format of a camera's pictures changes again and again, and each time a file begins", "camera", r.id)
	}
}

// alike gives the Format of the last frame where this is another whose pictures are
// shown alike, as of cameras that repeat their parameter sets, or that tell other
// times in them with each group of pictures: it is no reason for another file.
func (r *recorder) alike(f *media.Format) *media.Format {
	last := r.last.Format
	switch {
	case last == nil || last == f:
		r.damped = nil
		return f
	case r.damped == f:
		return last
	case last.Codec != f.Codec || last.Width != f.Width || last.Height != f.Height || last.Refreshed != f.Refreshed:
		return f
	case bytes.Equal(last.Config, f.Config):
		r.damped = f
		return last
	case f.Codec == media.H264 && h264.ShowAlike(last.Config, f.Config), f.Codec == media.H265 && h265.ShowAlike(last.Config, f.Config):
		r.damped = f
		r.count(func(s *Status) { s.Damped++ })
		return last
	}
	return f
}
