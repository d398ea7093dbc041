package rendition

import (
	"errors"
	"time"

	"framegate/gateway/media"
)

const (
	// tolerated is how much more than the rate asked for still passes.
	tolerated = 1.1
	// evident is how much more it is beyond doubt, where only the times at which
	// frames arrived are known.
	evident = 1.5
	// surplusSpan is over how much media time a rate is measured.
	surplusSpan = time.Second
	// surplusLost is how far a media time may lie from the last. More is a jump.
	surplusLost = 10 * time.Second
)

// errSurplus: what passed until now has to go through an encoder from the last
// keyframe on.
var errSurplus = errors.New("more pictures than asked for")

// surplus finds out whether a camera gives more pictures a second than are asked
// for. H.264 passes until that is known, since none of its frames can be left
// out for others to refer to it; once it is known it is not looked at again, as
// each change is one for the player too.
type surplus struct {
	most  int  // pictures a second; 0 is all there are
	found bool // there are more

	from, last time.Duration // media times of the first frame measured, and the last shown
	frames     int           // measured so far
}

// in says whether a frame is one of too many. It has to see each of them.
func (s *surplus) in(f media.Frame) bool {
	if s.most == 0 || f.Format.Codec != media.H264 {
		return false
	}
	if !s.found {
		s.found = s.measure(f.PTS) > tolerated*float64(s.most)
	}
	return s.found
}

// measure gives the frames a second once it has seen some for long enough, and
// else 0. Frames that are shown before one that came earlier are counted alike.
func (s *surplus) measure(pts time.Duration) (fps float64) {
	if away := pts - s.last; s.frames == 0 || away > surplusLost || away < -surplusLost {
		s.from, s.last, s.frames = pts, pts, 0
	}
	s.last = max(s.last, pts)
	span := s.last - s.from
	if span < surplusSpan {
		s.frames++
		return 0
	}
	fps = float64(s.frames) / span.Seconds()
	s.from, s.frames = s.last, 1
	return fps
}

// restart forgets what was found, for frames of another format.
func (s *surplus) restart() { *s = surplus{most: s.most} }
