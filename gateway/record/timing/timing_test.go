package timing_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"framegate/gateway/record/timing"
)

// camera is a virtual one, and the host it sends to.
type camera struct {
	t     *testing.T
	clock timing.Clock
	rand  *rand.Rand

	stamped time.Duration // media time from one picture to the next
	apart   time.Duration // and what it is
	jitter  time.Duration // of arrival, at most
	step    time.Duration // by which the host's clock is off

	media time.Duration
	mono  time.Duration // when the next picture is taken
	begun bool
	runs  []string // reasons of new runs
}

var epoch = time.Date(2026, 11, 20, 13, 4, 0, 0, time.UTC)

func newCamera(t *testing.T, stamped, apart time.Duration) *camera {
	t.Parallel()
	return &camera{t: t, rand: rand.New(rand.NewPCG(1, 2)), stamped: stamped, apart: apart, mono: time.Hour}
}

// taken is the truth: when the last picture was taken.
func (c *camera) taken() time.Time { return epoch.Add(c.mono - c.apart + c.step) }

// send has the pictures of some time come, each late by so much and jitter.
func (c *camera) send(span, late time.Duration) {
	for end := c.mono + span; c.mono < end; {
		delay := late
		if c.jitter > 0 {
			delay += time.Duration(c.rand.Int64N(int64(c.jitter)))
		}
		c.picture(c.mono + delay)
		c.mono += c.apart
	}
}

// picture has one come.
func (c *camera) picture(arrives time.Duration) {
	arrival := epoch.Add(arrives + c.step)
	if !c.begun {
		c.clock.Begin(c.media, arrival, arrives)
		c.begun = true
	} else if v := c.clock.Observe(c.media, arrival, arrives); v.NewRun {
		c.runs = append(c.runs, v.Reason)
		c.clock.Begin(c.media, arrival, arrives)
	}
	c.media += c.stamped
}

// wantRight fails where the clock is off by more than so much.
func (c *camera) wantRight(within time.Duration) {
	c.t.Helper()
	got, want := c.clock.Wall(c.media-c.stamped), c.taken()
	if off := got.Sub(want); off.Abs() > within {
		c.t.Errorf("after %v pictures are stamped %v off, want at most %v", c.mono-time.Hour, off, within)
	}
}

func (c *camera) wantRuns(reasons ...string) {
	c.t.Helper()
	if len(c.runs) != len(reasons) {
		c.t.Fatalf("runs began for %q, want %q", c.runs, reasons)
	}
	for i, want := range reasons {
		if !strings.Contains(c.runs[i], want) {
			c.t.Errorf("run %d began since %q, want %q", i+1, c.runs[i], want)
		}
	}
}

func TestRateOfCameraThatLiesIsFoundInTwoWindows(t *testing.T) {
	c := newCamera(t, time.Second/25, time.Second/21)
	c.jitter = 5 * time.Millisecond
	c.send(72*time.Second, 0)
	if rate := c.clock.Rate(); rate < 0.838 || rate > 0.842 {
		t.Fatalf("rate is %.4f media seconds a second, want 0.84", rate)
	}
	c.wantRight(20 * time.Millisecond)
	if off := c.clock.Wall(0).Sub(epoch.Add(time.Hour)); off.Abs() > 50*time.Millisecond {
		t.Errorf("the first picture is stamped %v off once the rate is known", off)
	}
	c.send(10*time.Minute, 0)
	c.wantRight(time.Second / 25)
	c.wantRuns()
}

func TestRateOfCameraThatSendsMoreThanItStamps(t *testing.T) {
	c := newCamera(t, time.Second/25, time.Second/30)
	c.jitter = 5 * time.Millisecond
	c.send(5*time.Minute, 0)
	if rate := c.clock.Rate(); rate < 1.198 || rate > 1.202 {
		t.Fatalf("rate is %.4f media seconds a second, want 1.2", rate)
	}
	c.wantRight(time.Second / 30)
	c.wantRuns()
}

func TestRateThatChangesAtNightAndBack(t *testing.T) {
	c := newCamera(t, time.Second/25, time.Second/25)
	c.jitter = 5 * time.Millisecond
	c.send(10*time.Minute+7*time.Second, 0)
	c.apart = time.Second / 20
	c.send(3*time.Minute, 0)
	c.wantRight(time.Second / 2) // it began within a window
	c.send(30*time.Minute, 0)
	c.wantRight(time.Second / 25)
	c.apart = time.Second / 25
	c.send(3*time.Minute, 0)
	c.send(30*time.Minute, 0)
	c.wantRight(time.Second / 25)
	if rate := c.clock.Rate(); rate != 1 {
		t.Errorf("rate is %v of a camera that stamps right again", rate)
	}
	c.wantRuns()
}

func TestUnbelievableRateBeginsRuns(t *testing.T) {
	c := newCamera(t, time.Second/25, time.Second/5)
	c.send(5*time.Minute, 0)
	if len(c.runs) < 2 || !strings.Contains(c.runs[0], "0.2 seconds in one") {
		t.Errorf("runs began for %q", c.runs)
	}
}

func TestBurstAtTheStartIsOld(t *testing.T) {
	c := newCamera(t, time.Second/25, time.Second/25)
	for range 125 { // five seconds at once
		c.picture(c.mono)
	}
	c.mono += c.apart
	c.send(time.Minute, 0)
	c.wantRight(time.Millisecond)
	if first := c.clock.Wall(0); !first.Equal(epoch.Add(time.Hour - 124*c.apart)) {
		t.Errorf("the first picture is stamped %v", first)
	}
	c.wantRuns()
}

// TestOldPictureAtTheStart is what an encoder gives that has to begin with a
// keyframe of a while ago.
func TestOldPictureAtTheStart(t *testing.T) {
	c := newCamera(t, time.Second/25, time.Second/25)
	c.picture(c.mono + 3*time.Second)
	c.media += 3 * time.Second
	c.mono += 3*time.Second + c.apart
	c.send(time.Minute, 0)
	c.wantRight(time.Millisecond)
	c.wantRuns()
}

func TestJitterMovesNothing(t *testing.T) {
	c := newCamera(t, time.Second/25, time.Second/25)
	c.jitter = 300 * time.Millisecond
	for range 120 {
		c.send(time.Minute, 0)
		c.wantRight(20 * time.Millisecond)
	}
	if rate := c.clock.Rate(); rate != 1 {
		t.Errorf("rate is %v", rate)
	}
	c.wantRuns()
}

func TestStallOfTheNetworkIsNoNewRun(t *testing.T) {
	c := newCamera(t, time.Second/25, time.Second/25)
	c.send(2*time.Minute, 0)
	for range 6 { // nothing comes for eight seconds, and then all of it
		release := c.mono + 8*time.Second
		for c.mono < release {
			c.picture(release)
			c.mono += c.apart
		}
		c.send(time.Minute, 0)
	}
	c.wantRight(20 * time.Millisecond)
	c.wantRuns()
}

func TestPicturesLostInAStallAreNoNewRun(t *testing.T) {
	c := newCamera(t, time.Second/25, time.Second/25)
	c.send(2*time.Minute, 0)
	c.picture(c.mono + 5*time.Second) // late, and what follows it is lost
	c.media += 125 * c.apart
	c.mono += 126 * c.apart
	c.send(2*time.Minute, 0)
	c.wantRight(20 * time.Millisecond)
	c.wantRuns()
}

func TestMediaJumpBeginsARun(t *testing.T) {
	for name, jump := range map[string]time.Duration{"ahead": 2 * time.Hour, "back": -2 * time.Hour, "ahead by": 1500 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			c := newCamera(t, time.Second/25, time.Second/25)
			c.jitter = 10 * time.Millisecond
			c.media = 3 * time.Hour
			c.send(3*time.Minute, 0)
			c.media += jump
			c.send(3*time.Minute, 0)
			c.wantRight(20 * time.Millisecond)
			c.wantRuns("clock jumped " + name)
		})
	}
}

func TestMediaClockThatStoodStillBeginsARun(t *testing.T) {
	c := newCamera(t, time.Second/25, time.Second/25)
	c.send(3*time.Minute, 0)
	c.mono += 7 * time.Second // media time does not know
	c.send(3*time.Minute, 0)
	c.wantRuns("stood still for 7s")
	c.wantRight(time.Millisecond)
}

func TestClockOfTheHostIsSet(t *testing.T) {
	for _, step := range []time.Duration{3 * time.Second, -3 * time.Second, time.Hour, -time.Hour, 365 * 24 * time.Hour, -365 * 24 * time.Hour} {
		t.Run(step.String(), func(t *testing.T) {
			c := newCamera(t, time.Second/25, time.Second/25)
			c.send(2*time.Minute, 0)
			c.step = step
			c.send(2*time.Minute, 0)
			c.wantRight(time.Millisecond)
			c.step = 0
			c.send(2*time.Minute, 0)
			c.wantRight(time.Millisecond)
			c.wantRuns("clock of the host was set by", "clock of the host was set by")
		})
	}
}

func TestSmallStepOfTheHostIsSlewed(t *testing.T) {
	c := newCamera(t, time.Second/25, time.Second/25)
	c.send(2*time.Minute, 0)
	c.step = 300 * time.Millisecond
	before := c.clock.Wall(c.media)
	c.send(time.Minute, 0)
	if gone := c.clock.Wall(c.media).Sub(before); gone > time.Minute+31*time.Millisecond {
		t.Errorf("wall time went %v in a minute", gone)
	}
	c.send(15*time.Minute, 0)
	c.wantRight(20 * time.Millisecond)
	c.wantRuns()
}

// TestHundredHours of a camera whose clock drifts as quartz does, warmer by day,
// and of a network that delays.
func TestHundredHours(t *testing.T) {
	t.Parallel()
	for _, ppm := range []float64{-300, 40, 700} {
		c := newCameraOf(t)
		c.jitter = 40 * time.Millisecond
		for hour := range 100 {
			daily := 20 * float64(hour%24-12) / 12
			c.apart = time.Duration(float64(c.stamped) * (1 + (ppm+daily)*1e-6))
			c.send(time.Hour, 0)
			c.wantRight(time.Second / 25)
		}
		c.wantRuns()
		if rate := c.clock.Rate(); (rate == 1) == (ppm > 600) {
			t.Errorf("at %v ppm the rate is %v", ppm, rate)
		}
	}
}

// newCameraOf makes a camera of one picture a second in a test that makes several.
func newCameraOf(t *testing.T) *camera {
	return &camera{t: t, rand: rand.New(rand.NewPCG(1, 2)), stamped: time.Second, apart: time.Second, mono: time.Hour}
}

// TestWallNeverGoesBack within a run, unless the past is written anew.
func TestWallNeverGoesBack(t *testing.T) {
	c := newCamera(t, time.Second/25, time.Second*1001/25000)
	c.jitter = 60 * time.Millisecond
	var last time.Time
	revision := -1
	for range 60 * 25 * 10 {
		c.send(c.apart, 0)
		now := c.clock.Wall(c.media - c.stamped)
		if !now.After(last) && c.clock.Revision() == revision {
			t.Fatalf("wall time goes from %v to %v", last, now)
		}
		last, revision = now, c.clock.Revision()
	}
}

func TestBFramesAreOfOneRun(t *testing.T) {
	c := newCamera(t, time.Second/25, time.Second/25)
	for i := range 25 * 300 {
		shown := i + []int{2, -1, -1}[i%3] // P B B
		c.media = time.Duration(shown) * c.apart
		c.picture(time.Hour + time.Duration(i)*c.apart)
	}
	c.wantRuns()
	if off := c.clock.Wall(0).Sub(epoch.Add(time.Hour)); off.Abs() > 3*c.apart {
		t.Errorf("the first picture is stamped %v off", off)
	}
}

func BenchmarkObserve(b *testing.B) {
	var c timing.Clock
	c.Begin(0, epoch, 0)
	b.ReportAllocs()
	for n := range b.N {
		at := time.Duration(n) * 40 * time.Millisecond
		c.Observe(at, epoch.Add(at), at)
	}
}
