package rtptrack

import (
	"testing"
	"time"
)

const (
	pictureEvery = 40 * time.Millisecond
	soundEvery   = 64 * time.Millisecond // 1024 samples of 16 kHz
)

// scene is a camera's two tracks in a time of its own, with what is odd about them.
// What is captured arrives 50 ms later, sound when the last of it is captured.
type scene struct {
	start    time.Time
	pictures Clock
	sound    Sound

	speed   float64                                                  // of the timestamps of the sound; 0 = 1
	late    time.Duration                                            // how much later the sound arrives
	ticks   func(captured time.Duration) uint32                      // of the sound, where it is not what it should be
	missing func(captured time.Duration) (lost, silent bool)         // of the sound
	watch   func(captured, pts time.Duration, shown bool)            // is told of each frame
	reports func(captured time.Duration) (pictures, sound time.Time) // what the reports say of this moment, every second
}

const (
	pictureTicks = 0xFFFFF000 // wraps soon
	soundTicks   = 0xFFFFFF00
)

func newScene() *scene {
	s := &scene{start: time.Unix(1_700_000_000, 0), pictures: Clock{Rate: 90000}}
	s.sound = Sound{Pictures: &s.pictures, Rate: 16000}
	return s
}

// ntp is a time as a sender report tells it.
func ntp(at time.Time) uint64 {
	return uint64(at.Unix()+ntpEpoch)<<32 | uint64(at.Nanosecond())<<32/uint64(time.Second)
}

func ticksOf(d time.Duration, rate int) uint32 {
	return uint32(int64(d) * int64(rate) / int64(time.Second))
}

// play plays the scene for so long.
func (s *scene) play(length time.Duration) {
	lost := false
	soundAt := func(d time.Duration) uint32 {
		if s.ticks != nil {
			return s.ticks(d)
		}
		if s.speed != 0 {
			d = time.Duration(float64(d) * s.speed)
		}
		return soundTicks + ticksOf(d, 16000)
	}
	for at := time.Duration(0); at < length; at += time.Millisecond {
		if at%pictureEvery == 0 {
			s.pictures.Stamp(1, pictureTicks+ticksOf(at, 90000), s.start.Add(at+50*time.Millisecond))
		}
		if s.reports != nil && at%time.Second == 0 {
			pictures, sound := s.reports(at)
			s.pictures.Report(1, ntp(pictures), pictureTicks+ticksOf(at, 90000))
			s.sound.Report(2, ntp(sound), soundAt(at))
		}
		if captured := at - soundEvery; captured >= 0 && captured%soundEvery == 0 {
			gone, silent := false, false
			if s.missing != nil {
				gone, silent = s.missing(captured)
			}
			if gone || silent {
				lost = lost || gone
				continue
			}
			pts, shown := s.sound.Place(2, soundAt(captured), soundEvery, s.start.Add(at+50*time.Millisecond+s.late), lost)
			lost = false
			s.watch(captured, pts, shown)
		}
	}
}

// within demands that sound is at most so far from its place from a time on, and
// counts what it got.
func (s *scene) within(t *testing.T, from, most time.Duration) *int {
	t.Helper()
	count := 0
	s.watch = func(captured, pts time.Duration, shown bool) {
		count++
		if off := pts - captured; captured >= from && (!shown || off.Abs() > most) {
			t.Errorf("sound of %v is %v off, shown %v", captured, off, shown)
		}
	}
	return &count
}

// TestSoundByArrival: what comes at the same time was taken at the same time, as
// long as nothing else is known, whatever the timestamps of the sound do.
func TestSoundByArrival(t *testing.T) {
	jumping := func(d time.Duration) uint32 {
		return soundTicks + ticksOf(d, 16000) + uint32(d/(5*time.Second))*77_000_000
	}
	for name, change := range map[string]func(*scene){
		"as they should be": func(*scene) {},
		"3 % fast":          func(s *scene) { s.speed = 1.03 },
		"3 % slow":          func(s *scene) { s.speed = 0.97 },
		"twice as fast":     func(s *scene) { s.speed = 2 },
		"of another rate":   func(s *scene) { s.speed = 90000. / 16000 },
		"backwards":         func(s *scene) { s.speed = -1 },
		"standing still":    func(s *scene) { s.ticks = func(time.Duration) uint32 { return 1 } },
		"jumping far":       func(s *scene) { s.ticks = jumping },
		"jumping for a moment": func(s *scene) {
			s.ticks = func(d time.Duration) uint32 { return ticksOf(d%(640*time.Millisecond), 16000) }
		},
		"missing now and then": func(s *scene) { s.missing = func(d time.Duration) (bool, bool) { return d/soundEvery%10 == 3, false } },
		"beginning after 20 seconds": func(s *scene) {
			s.missing = func(d time.Duration) (bool, bool) { return false, d < 20*time.Second }
		},
		"of another rate after a while": func(s *scene) {
			s.ticks = func(d time.Duration) uint32 { return ticksOf(d+2*max(0, d-20*time.Second), 16000) }
		},
		"pausing now and then": func(s *scene) { s.missing = func(d time.Duration) (bool, bool) { return false, d/time.Second%5 == 2 } },
		"pausing for 20 seconds": func(s *scene) {
			s.missing = func(d time.Duration) (bool, bool) { return false, d/(20*time.Second) == 1 }
		},
		"pausing for 20 seconds, and counting on as if nothing were": func(s *scene) {
			s.missing = func(d time.Duration) (bool, bool) { return false, d/(20*time.Second) == 1 }
			s.ticks = func(d time.Duration) uint32 {
				if d >= 40*time.Second {
					d -= 20 * time.Second
				}
				return ticksOf(d, 16000)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			change(s)
			count := s.within(t, 0, 15*time.Millisecond)
			s.play(70 * time.Second)
			if *count < 700 {
				t.Errorf("%d frames", *count)
			}
		})
	}
}

// TestSoundByReports: once both tracks have a sender report those say where the
// sound belongs. It gets there by a millisecond a frame, and stays.
func TestSoundByReports(t *testing.T) {
	for name, change := range map[string]func(*scene){
		"timestamps as they should be": func(*scene) {},
		"timestamps 3 % fast":          func(s *scene) { s.speed = 1.03 },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			s.late = 200 * time.Millisecond
			change(s)
			s.reports = func(at time.Duration) (pictures, sound time.Time) {
				if at < 5*time.Second {
					return s.start.Add(at), time.Unix(-ntpEpoch, 0) // the sound's say nothing yet
				}
				return s.start.Add(at), s.start.Add(at)
			}
			var last, lastCaptured time.Duration
			begun, most := false, time.Duration(0)
			s.watch = func(captured, pts time.Duration, shown bool) {
				off := pts - captured
				step := (pts - last) - (captured - lastCaptured)
				switch {
				case captured < 4*time.Second && (off-s.late).Abs() > 15*time.Millisecond:
					t.Errorf("by arrival, sound of %v is %v off", captured, off)
				case captured > 25*time.Second && off.Abs() > 15*time.Millisecond:
					t.Errorf("by reports, sound of %v is %v off", captured, off)
				}
				if begun {
					most = max(most, step.Abs())
				}
				begun, last, lastCaptured = true, pts, captured
			}
			s.play(40 * time.Second)
			if most > perFrame || most < perFrame/2 {
				t.Errorf("a frame was moved by %v", most)
			}
		})
	}
}

// TestSoundOfUnrelatedReports: reports of sound and pictures that are by two clocks
// say nothing.
func TestSoundOfUnrelatedReports(t *testing.T) {
	s := newScene()
	s.reports = func(at time.Duration) (pictures, sound time.Time) {
		return s.start.Add(at), time.Unix(1000, 0).Add(at)
	}
	s.within(t, 0, 15*time.Millisecond)
	s.play(20 * time.Second)
}

// TestSoundFarOffLeaps: what is more than a second is taken out at once.
func TestSoundFarOffLeaps(t *testing.T) {
	s := newScene()
	s.reports = func(at time.Duration) (pictures, sound time.Time) {
		if at < 10*time.Second {
			return s.start.Add(at), s.start.Add(at)
		}
		return s.start.Add(at), s.start.Add(at - 2*time.Second)
	}
	s.watch = func(captured, pts time.Duration, shown bool) {
		off := pts - captured
		if captured > 11*time.Second && (off+2*time.Second).Abs() > 5*time.Millisecond {
			t.Errorf("sound of %v is %v off", captured, off)
		}
	}
	s.play(15 * time.Second)
}

// TestSoundHasNoPlaceBeforePictures: there is nothing that it could belong to.
func TestSoundHasNoPlaceBeforePictures(t *testing.T) {
	pictures := &Clock{Rate: 90000}
	s := Sound{Pictures: pictures, Rate: 8000}
	now := time.Unix(1_700_000_000, 0)
	if _, ok := s.Place(1, 0, 20*time.Millisecond, now, false); ok {
		t.Error("placed where there is no picture")
	}
	pictures.Stamp(9, 0, now)
	if pts, ok := s.Place(1, 160, 20*time.Millisecond, now.Add(5*time.Millisecond), false); ok {
		t.Errorf("placed at %v, before the first picture", pts)
	}
	if pts, ok := s.Place(1, 320, 20*time.Millisecond, now.Add(40*time.Millisecond), false); !ok || pts < 0 || pts > 30*time.Millisecond {
		t.Errorf("placed at %v, %v", pts, ok)
	}
}

// TestSoundAfterTheNetworkStoodStill: where a network stood still, sound and pictures come
// all at once, and nothing is moved for that.
func TestSoundAfterTheNetworkStoodStill(t *testing.T) {
	pictures := &Clock{Rate: 90000}
	s := Sound{Pictures: pictures, Rate: 16000}
	start := time.Unix(1_700_000_000, 0)
	for at := time.Duration(0); at < 30*time.Second; at += time.Millisecond {
		arrived := at + 50*time.Millisecond
		if at > 10*time.Second && at < 15*time.Second {
			arrived = 15 * time.Second
		}
		if at%pictureEvery == 0 {
			pictures.Stamp(1, ticksOf(at, 90000), start.Add(arrived))
		}
		if captured := at - soundEvery; captured >= 0 && captured%soundEvery == 0 {
			pts, ok := s.Place(2, ticksOf(captured, 16000), soundEvery, start.Add(arrived), false)
			if off := pts - captured; !ok || off.Abs() > 15*time.Millisecond {
				t.Errorf("sound of %v is %v off", captured, off)
			}
		}
	}
}
