package passwords

import (
	"errors"
	"fmt"
	"time"
)

// ErrTooManyAttempts means that no password is looked at for a while; see
// RetryAfter.
var ErrTooManyAttempts = errors.New("too many logins were tried")

// tooMany is ErrTooManyAttempts, with when to try again.
type tooMany struct {
	after time.Duration
	open  chan struct{} // closed when the outcome of another attempt is known, where that may change it; or nil
}

func (e *tooMany) Error() string {
	return fmt.Sprintf("%v; try again in %s", ErrTooManyAttempts, WaitWords(e.after))
}

// Is makes it an ErrTooManyAttempts.
func (e *tooMany) Is(target error) bool { return target == ErrTooManyAttempts }

// RetryAfter is how long to wait after an ErrTooManyAttempts, in whole seconds
// as the header Retry-After wants it, and 0 for other errors.
func RetryAfter(err error) time.Duration {
	var e *tooMany
	if !errors.As(err, &e) {
		return 0
	}
	return time.Duration(wholeSeconds(e.after)) * time.Second
}

func wholeSeconds(d time.Duration) int64 { return max(1, int64(roundUp(d, time.Second)/time.Second)) }

// WaitWords puts how long to wait into words for people: "40 s", "3 min",
// "2 h", "5 days". It is rounded up, so that who waits so long is let in.
func WaitWords(d time.Duration) string {
	words := fmt.Sprintf("%d s", wholeSeconds(d))
	before := time.Second
	for _, in := range waitUnits {
		if roundUp(d, before) < 2*in.unit { // one number of them would say too little
			break
		}
		words = fmt.Sprintf("%d %s", roundUp(d, in.unit)/in.unit, in.name)
		before = in.unit
	}
	return words
}

var waitUnits = []struct {
	unit time.Duration
	name string
}{{time.Minute, "min"}, {time.Hour, "h"}, {24 * time.Hour, "days"}}

func roundUp(d, unit time.Duration) time.Duration { return (d + unit - 1) / unit * unit }
