package rendition

import (
	"testing"
	"time"
)

// simulation is a camera and an encoder that takes a certain time for each
// picture and has room for a few, in simulated time.
type simulation struct {
	load
	now      time.Time
	interval time.Duration // between the camera's pictures
	cost     time.Duration // of one picture in the encoder
	most     int           // rate that is asked for

	busy    time.Time // until when the encoder is
	due     time.Time
	lost    uint64
	steps   []int
	encoded int
}

// run lets the camera give pictures for so long.
func (s *simulation) run(d time.Duration) {
	for end := s.now.Add(d); s.now.Before(end); s.now = s.now.Add(s.interval) {
		if s.busy.Sub(s.now) > 2*s.cost { // three are inside
			s.lost++
			continue
		}
		if s.note(s.now, s.lost, s.most) {
			s.steps = append(s.steps, s.fps)
		}
		s.lost = 0
		fps := s.fps
		if s.most > 0 && (fps == 0 || s.most < fps) {
			fps = s.most
		}
		if fps > 0 && s.now.Before(s.due.Add(-time.Second/time.Duration(10*fps))) {
			continue
		}
		if fps > 0 {
			s.due = s.now.Add(time.Second / time.Duration(fps))
		}
		if s.busy.Before(s.now) {
			s.busy = s.now
		}
		s.busy = s.busy.Add(s.cost)
		s.wrote()
		s.encoded++
	}
}

func newSimulation(fps int, cost time.Duration) *simulation {
	return &simulation{load: load{patience: usualPatience}, now: time.Unix(1, 0), interval: time.Second / time.Duration(fps), cost: cost}
}

func TestEncoderThatKeepsUpIsLeftAlone(t *testing.T) {
	for _, fps := range []int{1, 5, 30, 60} {
		s := newSimulation(fps, time.Second/time.Duration(fps+1))
		s.run(5 * time.Minute)
		if len(s.steps) > 0 {
			t.Errorf("%d pictures a second: steps %v", fps, s.steps)
		}
	}
}

// TestHiccupIsNoOverload: an encoder that stands still for a second now and
// then is not taken for slow.
func TestHiccupIsNoOverload(t *testing.T) {
	s := newSimulation(30, 10*time.Millisecond)
	for range 10 {
		s.run(20 * time.Second)
		s.busy = s.now.Add(time.Second)
	}
	if len(s.steps) > 0 {
		t.Errorf("steps %v", s.steps)
	}
}

// TestSlowEncoderGetsWhatItCanDo, without losing more.
func TestSlowEncoderGetsWhatItCanDo(t *testing.T) {
	for _, c := range []struct {
		fps, most int
		cost      time.Duration
		want      int
	}{
		{30, 0, 80 * time.Millisecond, 10}, // 12.5 a second it can do
		{30, 0, 45 * time.Millisecond, 20},
		{30, 20, 80 * time.Millisecond, 10},
		{60, 0, 20 * time.Millisecond, 30},
		{25, 0, 180 * time.Millisecond, 5},
		{10, 0, 900 * time.Millisecond, 1},
		{10, 0, 3 * time.Second, 1}, // it cannot do even that
	} {
		s := newSimulation(c.fps, c.cost)
		s.most = c.most
		s.run(15 * time.Second)
		if s.fps > c.want || s.fps == 0 || len(s.steps) > 3 {
			t.Errorf("%d of %v: steps %v", c.fps, c.cost, s.steps)
		}
		lowest := s.fps
		s.run(20 * time.Minute)
		if lowest < c.want && s.fps < c.want && c.want > 1 {
			t.Errorf("%d of %v: stays at %d, and can do %d", c.fps, c.cost, s.fps, c.want)
		}
		if tries := len(s.steps); tries > 30 {
			t.Errorf("%d of %v: %d steps in 20 min: %v", c.fps, c.cost, tries, s.steps)
		}
	}
}

// TestEncoderRecovers step by step, and is patient with the first try again
// after a while.
func TestEncoderRecovers(t *testing.T) {
	s := newSimulation(30, 80*time.Millisecond)
	s.run(20 * time.Second)
	if s.fps == 0 {
		t.Fatal("it was not slow")
	}
	s.cost = 5 * time.Millisecond
	s.run(5 * time.Minute)
	if s.fps != 0 || s.patient != s.calm {
		t.Errorf("after 5 min: %d a second, steps %v, patience %v", s.fps, s.steps, s.patient)
	}
	before := s.encoded
	s.run(10 * time.Second)
	if s.encoded-before < 299 {
		t.Errorf("%d pictures in 10 s", s.encoded-before)
	}
}
