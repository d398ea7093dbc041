package camtest

import "time"

// OddTimes are what cameras say of when their pictures were taken, other than
// when. n is the place of a picture in the order of decoding, and at its time in
// that of output, with pictures 40 ms apart and a keyframe every twelve.
var OddTimes = map[string]func(n int, at time.Duration) time.Duration{
	"all the same":              func(int, time.Duration) time.Duration { return time.Second },
	"each time twice":           func(n int, _ time.Duration) time.Duration { return time.Duration(n/2) * 80 * time.Millisecond },
	"one time for each GOP":     func(n int, _ time.Duration) time.Duration { return time.Duration(n/12) * 480 * time.Millisecond },
	"those of decoding":         func(n int, _ time.Duration) time.Duration { return time.Duration(n) * 40 * time.Millisecond },
	"a step back with each GOP": func(n int, at time.Duration) time.Duration { return at - time.Duration(n/12)*900*time.Millisecond },
	"a step back by a minute":   func(n int, at time.Duration) time.Duration { return at - time.Duration(n/30)*time.Minute },
	"always a little back":      func(n int, _ time.Duration) time.Duration { return time.Hour - time.Duration(n)*time.Millisecond },
	"back in great steps":       func(n int, _ time.Duration) time.Duration { return time.Hour - time.Duration(n)*time.Second },
	"to and fro": func(n int, at time.Duration) time.Duration {
		return at + []time.Duration{0, 70, -90, 20, -150}[n%5]*time.Millisecond
	},
	"milliseconds for seconds": func(_ int, at time.Duration) time.Duration { return at / 1000 },
	"from before zero":         func(_ int, at time.Duration) time.Duration { return at - time.Second },
}
