package soak

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
)

// given gives a number that scripts/soak was told, or a usual one.
func given(t *testing.T, variable string, usual float64) float64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || number <= 0 {
		t.Fatalf("%s is %q", variable, text)
	}
	return number
}

// soak is a gateway under load.
type soak struct {
	*testing.T
	*rig.Process
	folder string // of its recordings
	small  bool   // that folder is a small disk of its own
	load   float64
	rtsp   string // the address of a camera over RTSP, but for its name
	cameras
	counts
}

// TestSoak for as many minutes as FRAMEGATE_TEST_SOAK_MINUTES says, with as many times the
// usual load as FRAMEGATE_TEST_SOAK_LOAD does.
func TestSoak(t *testing.T) {
	rig.Thorough(t)
	rig.Need(t, "ffmpeg")
	span := time.Duration(given(t, "FRAMEGATE_TEST_SOAK_MINUTES", 3) * float64(time.Minute))
	s := &soak{T: t, load: given(t, "FRAMEGATE_TEST_SOAK_LOAD", 0.4)} // the other tests want to go on too
	s.start()
	s.work(span / 4) // until all that is kept once is there
	before := s.rest("after a quarter", nil)
	for part := range 3 {
		s.work(span / 4)
		if part < 2 && span < 8*time.Minute {
			continue // there is time for one rest only
		}
		after := s.rest("later", &before)
		s.expectKept()
		if grown := after.rss - before.rss; grown > roomToGrow {
			t.Errorf("it takes %d MB more than at first", grown>>20)
		}
	}
	s.expectShown()
	s.End(t)
	s.expectClean()
	s.report()
}

// roomToGrow is what the memory of the process may differ by between two rests:
// what the runtime has not given back yet, and caches of the databases.
const roomToGrow = 64 << 20

// work has everything go on for a while.
func (s *soak) work(span time.Duration) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), span)
	defer cancel()
	var working sync.WaitGroup
	for _, what := range []func(context.Context){s.view, s.publish, s.kill, s.reload, s.fillDisk, s.flap, s.export} {
		working.Go(func() { what(ctx) })
	}
	for tick := time.NewTicker(10 * time.Second); ctx.Err() == nil; {
		select {
		case <-tick.C:
			s.note("at work", s.use())
		case <-ctx.Done():
			tick.Stop()
		}
	}
	working.Wait()
}

// rest waits until nobody watches and nothing runs that need not, and, where that is
// given, no more is used than then. It gives what is used. On a machine that is busy small
// pictures of what was recorded may be made all the time, behind all else.
func (s *soak) rest(when string, before *use) (now use) {
	s.Helper()
	s.calm()
	so := func() bool {
		now = s.use()
		tolerance := 3 + 8*now.idle // connections and goroutines of a moment, and of a process
		return now.viewers == 0 && now.encoders == 0 && now.publishers == 0 && now.exports == 0 && now.read <= now.idle && now.children == 0 && now.idle <= 1 && now.online >= s.lasting() &&
			(before == nil || now.goroutines <= before.goroutines+tolerance && now.descriptors <= before.descriptors+tolerance)
	}
	for began, told := time.Now(), time.Now(); ; time.Sleep(200 * time.Millisecond) {
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			s.note("not at rest yet", now)
		}
		if so() && (before != nil || s.steady(&now)) {
			break
		}
		if now.online < s.lasting() { // a camera that fails again and again is tried when somebody comes
			s.lookIn()
		}
		if time.Since(began) > rig.Ceiling {
			s.Log(s.openFiles())
			_ = s.Cmd.Process.Signal(syscall.SIGQUIT) // so that the log says what all are doing
			<-s.Exited
			s.Fatalf("%v later it is not at rest: %+v; at first %+v\n%s", rig.Ceiling, now, before, s.tail())
		}
	}
	s.note(when+", at rest", now)
	return now
}

// lookIn has somebody come to the cameras.
func (s *soak) lookIn() {
	ctx, cancel := context.WithTimeout(s.Context(), time.Second)
	defer cancel()
	for _, camera := range recorded {
		s.get(ctx, "/live/"+camera+".jpg")
	}
}

// steady looks for two seconds whether no fewer goroutines and descriptors are used,
// and puts the least there.
func (s *soak) steady(least *use) bool {
	for range 10 {
		time.Sleep(200 * time.Millisecond)
		now := s.use()
		if now.goroutines < least.goroutines || now.descriptors < least.descriptors {
			return false
		}
	}
	return true
}

// expectKept expects what is promised of recordings: of a camera that was never away
// everything, also while the disk was full.
func (s *soak) expectKept() {
	s.Helper()
	m := s.metrics()
	away := m.sum(`framegate_camera_restarts_total{camera="steady"`)
	gaps, lost := m.sum(`framegate_recording_gaps_total{camera="steady"`), m.sum(`framegate_recording_frames_lost_total{camera="steady"`)
	if gaps > away || away == 0 && lost > 0 {
		s.Errorf("of a camera that was away %v times the recording has %v gaps, and %v pictures are lost", away, gaps, lost)
	}
	for _, camera := range []string{"steady", "flaps", "web"} {
		rig.Await(s.T, camera+" to be recorded", func() bool {
			return s.metrics().sum(`framegate_recording_state{camera="`+camera+`",state="recording"`) == 1
		})
	}
	if n := m.sum("framegate_panics_total"); n != 0 {
		s.Errorf("%v panics", n)
	}
}

// expectShown expects that each form was got, or is now: who is in a hurry on a busy
// machine may get no thumbnail, which waits for processors that nobody else needs.
func (s *soak) expectShown() {
	s.Helper()
	for _, form := range forms {
		if s.good(form.name) > 0 {
			continue
		}
		s.Logf("nobody got %s in a hurry: %v", form.name, s.of(form.name))
		of := recorded[rand.IntN(len(recorded))]
		rig.Await(s.T, "somebody to get "+form.name, func() bool {
			ctx, cancel := context.WithTimeout(s.Context(), 10*time.Second)
			defer cancel()
			return form.watch(s, ctx, of) == came
		})
	}
}

// expectClean expects a log without what must not be in it, and that all was done.
func (s *soak) expectClean() {
	s.Helper()
	log := s.Process.Log.String()
	for _, bad := range []string{"DATA RACE", "panic", "fatal error"} {
		if at := strings.Index(log, bad); at >= 0 {
			s.Errorf("the log says %q:\n%s", bad, log[max(0, at-500):min(len(log), at+3000)])
		}
	}
	for _, what := range []string{"publishers", "ffmpegs killed", "configurations", "cameras' faults", "exports"} {
		if s.of(what)[""] == 0 {
			s.Errorf("there were no %s", what)
		}
	}
}

func (s *soak) tail() string {
	log := s.Process.Log.String()
	return log[max(0, len(log)-200_000):]
}
