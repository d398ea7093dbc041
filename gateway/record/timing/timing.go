// Package timing says what time it was when a camera's pictures were taken,
// although cameras only count, and not well.
//
// A Clock sees each picture with its media time, and when it arrived. It anchors
// a run at its least delayed picture, since cameras send old ones at once when
// they begin; follows the drift between the camera's clock and ours by slewing;
// finds the true rate of cameras that lie about it; and says when a run must end
// because one of the clocks jumped.
//
// It does no I/O, starts nothing and never asks what time it is: whoever records
// tells it.
package timing

import (
	"fmt"
	"math"
	"time"
)

const (
	// window is for how long the least delayed picture is looked for.
	window = 30 * time.Second
	// firstWindow is shorter, so that a wrong rate is found at the end of the
	// first minute.
	firstWindow = 10 * time.Second
	// anchored is how many windows may still move the anchor of a run.
	anchored = 3
	// maxSlew is how much faster or slower wall time goes than media time at
	// most, where the rate is right.
	maxSlew = 500e-6
	// alike is how much two windows may differ, in parts of what they say, to
	// say the same of the rate.
	alike = 0.25
	// longRun is over how many windows a drift counts that single ones hide
	// behind jitter.
	longRun = 8
	// maxLines bounds what is remembered of the past: longer than a segment is.
	maxLines = 64
)

const (
	// maxStep is how far the host's clock may step within a run.
	maxStep = 2 * time.Second
	// maxJump is how far media time may jump against arrival within a run.
	maxJump = time.Second
	// lagWait is how long pictures may be late by more than maxJump before it is
	// not the network that delays them.
	lagWait = window
)

// MinRate and MaxRate bound what is believed of a camera's rate: media seconds
// in a true second.
const (
	MinRate = 0.5
	MaxRate = 2.0
)

// Verdict is what a Clock says of a picture.
type Verdict struct {
	NewRun bool   // the picture does not belong to the run; Begin has to be called
	Reason string // why, for people
}

// Clock tells the wall time of the pictures of a run. The zero value waits for
// Begin. It is for one goroutine.
type Clock struct {
	last     moment // the newest picture
	interval time.Duration
	lines    []line
	slope    float64 // true seconds in a media second, without slewing
	revision int

	began   time.Duration // the present window, in monotonic time
	media   time.Duration // its first picture
	ends    time.Duration
	late    time.Duration // the least delay of the window, against the present line
	offset  time.Duration // the least difference of monotonic and media time, at slope
	least   moment        // which had late
	windows []past        // the newest last, since the rate changed

	counted int // windows of the run
	lag     lag
}

// moment is a picture's media time, and when it came by both clocks.
type moment struct {
	media   time.Duration
	arrival time.Time
	mono    time.Duration
}

// line is how wall time follows from media time, from there on.
type line struct {
	media time.Duration
	wall  time.Time
	slope float64 // wall seconds in a media second
}

func (l line) at(media time.Duration) time.Time {
	return l.wall.Add(scaled(media-l.media, l.slope))
}

// past is what remains of a window.
type past struct {
	began, ended time.Duration // monotonic
	media        time.Duration // of its first picture
	offset       time.Duration // the least difference of monotonic and media time
}

// lag is a delay that began with one picture.
type lag struct {
	since  time.Duration // monotonic; 0 where there is none
	before time.Duration // how late pictures were then
	least  time.Duration // and have been since
	first  time.Duration // at the start
}

// Begin starts a run with its first picture. What was known of the camera's
// rate holds until it shows otherwise.
func (c *Clock) Begin(media time.Duration, arrival time.Time, mono time.Duration) {
	slope := c.slope
	if slope == 0 {
		slope = 1
	}
	now := moment{media, arrival.Round(0), mono}
	*c = Clock{last: now, slope: slope, lines: []line{{media, now.arrival, slope}}, revision: c.revision + 1}
	c.open(now, firstWindow)
}

// Observe takes the next picture of the run: its media time, when it arrived by
// the wall, and by a clock that never steps. After a verdict that it is of a new
// run the clock is as it was.
func (c *Clock) Observe(media time.Duration, arrival time.Time, mono time.Duration) Verdict {
	now := moment{media, arrival.Round(0), mono}
	if reason := c.broken(now); reason != "" {
		return Verdict{true, reason}
	}
	if step := now.media - c.last.media; step > 0 {
		c.interval = step
	}
	c.last = now
	c.note(now)
	if mono < c.ends {
		return Verdict{}
	}
	return c.close(now)
}

// Wall gives when the picture of a media time was taken, as is known now.
func (c *Clock) Wall(media time.Duration) time.Time {
	if len(c.lines) == 0 {
		return time.Time{}
	}
	i := len(c.lines) - 1
	for i > 0 && c.lines[i].media > media {
		i--
	}
	return c.lines[i].at(media)
}

// Rate gives how many media seconds the camera counts in a true second, from
// MinRate to MaxRate; 1 where it counts right.
func (c *Clock) Rate() float64 {
	if c.slope == 0 {
		return 1
	}
	return 1 / c.slope
}

// Revision gives another number whenever Wall gives other times than before for
// what is past.
func (c *Clock) Revision() int { return c.revision }

// broken says why a picture cannot be of the run, or nothing.
func (c *Clock) broken(now moment) string {
	passed := now.mono - c.last.mono
	if step := now.arrival.Sub(c.last.arrival) - passed; step.Abs() > maxStep {
		return fmt.Sprintf("the clock of the host was set by %s", rounded(step))
	}
	late := c.lateness(now)
	counted := now.media - c.last.media
	ahead := scaled(counted, c.slope) - passed
	switch {
	case counted < -maxJump:
		return fmt.Sprintf("the camera's clock jumped back by %s", rounded(-counted))
	case c.counted == 0 && -late < firstWindow: // those before were old
	case ahead > max(maxJump, 2*c.interval) && late < -maxJump:
		return fmt.Sprintf("the camera's clock jumped ahead by %s", rounded(ahead))
	}
	return c.lags(now, late, ahead)
}

// lags looks after pictures that come late from one to the next: the network
// makes up for it, a camera whose clock stood still does not.
func (c *Clock) lags(now moment, late, ahead time.Duration) string {
	l := &c.lag
	switch {
	case l.since == 0 && -ahead > maxJump:
		*l = lag{since: now.mono, before: late + ahead, least: late, first: late}
	case l.since == 0:
		return ""
	}
	l.least = min(l.least, late)
	lost := l.first - l.before
	switch {
	case l.least-l.before < min(maxJump, lost/2):
		*l = lag{}
	case now.mono-l.since < lagWait:
	case l.least < l.first-lost/4: // it is being made up for
		l.since, l.first = now.mono, l.least
	default:
		return fmt.Sprintf("the camera's clock stood still for %s", rounded(lost))
	}
	return ""
}

func (c *Clock) lateness(now moment) time.Duration {
	return now.arrival.Sub(c.lines[len(c.lines)-1].at(now.media))
}

// open begins a window.
func (c *Clock) open(now moment, length time.Duration) {
	c.began, c.media, c.ends = now.mono, now.media, now.mono+length
	c.late, c.offset = math.MaxInt64, math.MaxInt64
	c.note(now)
}

// note looks whether a picture is the least delayed of the window. In the first
// windows of a run it moves the anchor.
func (c *Clock) note(now moment) {
	if late := c.lateness(now); late < c.late {
		c.late, c.least = late, now
	}
	c.offset = min(c.offset, now.mono-scaled(now.media, c.slope))
	if c.counted < anchored && c.late < 0 {
		for i := range c.lines {
			c.lines[i].wall = c.lines[i].wall.Add(c.late)
		}
		c.late = 0
		c.revision++
	}
}

// close ends a window with its last picture, draws what follows from it, and
// begins the next.
func (c *Clock) close(now moment) Verdict {
	c.counted++
	c.windows = append(c.windows, past{c.began, now.mono, c.media, c.offset})
	if len(c.windows) > longRun+1 {
		c.windows = c.windows[1:]
	}
	wrong, from := c.drift()
	slope := snapped(c.slope / (1 - wrong))
	switch {
	case wrong == 0:
		c.slew(now)
	case slope < 1/MaxRate || slope > 1/MinRate:
		return Verdict{true, fmt.Sprintf("the camera counts %.2g seconds in one", 1/slope)}
	default:
		c.setRate(slope, from)
	}
	c.open(now, window)
	return Verdict{}
}

// drift gives which part of time media time misses, since which media time; 0
// where slewing is enough.
func (c *Clock) drift() (wrong float64, from time.Duration) {
	n := len(c.windows)
	if n < 3 {
		return 0, 0
	}
	a, b := between(c.windows[n-3], c.windows[n-2]), between(c.windows[n-2], c.windows[n-1])
	if min(math.Abs(a), math.Abs(b)) > maxSlew && math.Abs(a-b) < alike*max(math.Abs(a), math.Abs(b)) {
		return (a + b) / 2, c.windows[n-3].media
	}
	if n <= longRun {
		return 0, 0
	}
	if long := between(c.windows[0], c.windows[n-1]); math.Abs(long) > maxSlew {
		return long, c.windows[0].media
	}
	return 0, 0
}

// between gives which part of the time media time missed. Where
// delays grow the least is at the start of a window, else at its end.
func between(a, b past) float64 {
	grown := b.offset - a.offset
	if grown > 0 {
		return float64(grown) / float64(b.began-a.began)
	}
	return float64(grown) / float64(b.ended-a.ended)
}

// slew has wall time go a little faster or slower, so that the least delayed
// picture of the next window comes when it was taken.
func (c *Clock) slew(now moment) {
	if c.counted < anchored {
		return
	}
	correction := min(max(float64(c.late)/float64(window), -maxSlew), maxSlew)
	c.draw(line{now.media, c.Wall(now.media), c.slope * (1 + correction)})
}

// setRate has wall time follow another rate, since when the camera has it.
func (c *Clock) setRate(slope float64, from time.Duration) {
	for len(c.lines) > 1 && c.lines[len(c.lines)-1].media >= from {
		c.lines = c.lines[:len(c.lines)-1]
	}
	if len(c.lines) == 1 && c.lines[0].media >= from {
		c.lines = nil
	}
	c.draw(line{from, c.least.arrival.Add(-scaled(c.least.media-from, slope)), slope})
	c.slope, c.windows = slope, nil
	c.revision++
}

// draw adds a line, and forgets what is long past.
func (c *Clock) draw(l line) {
	if len(c.lines) == maxLines {
		c.lines = append(c.lines[:0], c.lines[1:]...)
	}
	c.lines = append(c.lines, l)
}

// snapped gives a rate, but the right one where it is as good as that.
func snapped(slope float64) float64 {
	if math.Abs(slope-1) < maxSlew {
		return 1
	}
	return slope
}

func scaled(d time.Duration, by float64) time.Duration {
	if by == 1 {
		return d
	}
	return time.Duration(math.Round(float64(d) * by))
}

// rounded is a span as people read it.
func rounded(d time.Duration) time.Duration {
	if d.Abs() < time.Minute {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}
