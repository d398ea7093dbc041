package health

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// mostStep is how far the clock may move against the time that passes; what keeps
	// clocks right moves them less.
	mostStep = 2 * time.Second
	// stepLasts is how long a step is a trouble that is not taken back. The clock is taken
	// for right then.
	stepLasts = time.Minute
)

// What may be wrong with a clock.
var (
	ErrImplausible = errors.New("is over")
	ErrStepped     = errors.New("was set")
)

// plausible is before any time that a clock can have that is right.
var plausible = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Clock looks whether the system's clock is one to go by. The zero value is ready; it
// is one goroutine's.
type Clock struct {
	Wall func() time.Time // nil is the system's

	start   time.Time     // of both clocks
	offset  time.Duration // of the wall clock against the time that passed since, while it was right
	stepped time.Time     // when it was seen to be another; zero while it is not
}

// Look is that of a Check.
func (c *Clock) Look(context.Context) error {
	now := time.Now()
	if c.start.IsZero() {
		c.start = now
	}
	wall := now.Round(0)
	if c.Wall != nil {
		wall = c.Wall().Round(0)
	}
	offset := wall.Sub(c.start.Round(0)) - now.Sub(c.start)
	switch step := offset - c.offset; {
	case wall.Before(plausible):
		return fmt.Errorf("says %s, which %w: recordings get wrong times and logins end too late; set it, and have it kept right (NTP)", wall.UTC().Format(time.DateTime), ErrImplausible)
	case step.Abs() <= mostStep:
		c.stepped = time.Time{}
		return nil
	case c.stepped.IsZero():
		c.stepped = now
		fallthrough
	case now.Sub(c.stepped) < stepLasts:
		return fmt.Errorf("%w %s by %v: recordings begin a new run; have it kept right (NTP), so that it is not set by steps", ErrStepped, direction(step), step.Abs().Round(time.Second))
	}
	c.offset, c.stepped = offset, time.Time{}
	return nil
}

func direction(step time.Duration) string {
	if step > 0 {
		return "forward"
	}
	return "back"
}
