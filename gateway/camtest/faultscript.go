package camtest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// What happens to a FakeCamera itself, beside what happens on its line.
const (
	Drop  Fault = "drop"  // half of the pictures are left out; of RTSP a quarter of the packets
	Clock Fault = "clock" // its clock leaps, by as much as the fault takes otherwise
)

// Faults are all that a script may name.
var Faults = append(slices.Clone(LineFaults), Reboot, Drop, Clock)

// Event is a fault of a script.
type Event struct {
	At    time.Duration // after the script begins
	Fault Fault
	For   time.Duration // that it takes; of Clock, how far that leaps
}

// String gives the event as ParseScript reads it.
func (e Event) String() string { return fmt.Sprintf("%v:%s:%v", e.At, e.Fault, e.For) }

// ParseScript reads events with commas between them, each of when it happens, what
// does, and for how long: "10s:stall:5s, 30s:reboot:20s, 1m:cut". They happen one
// after another, so one that begins before the last is over comes behind it.
func ParseScript(text string) (script []Event, err error) {
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		parts := strings.Split(word, ":")
		if len(parts) < 2 || len(parts) > 3 {
			return nil, fmt.Errorf("%q is not AT:FAULT:FOR, as in 10s:stall:5s", word)
		}
		e := Event{Fault: Fault(parts[1])}
		if e.At, err = time.ParseDuration(parts[0]); err != nil {
			return nil, fmt.Errorf("when %q is to happen: %w", word, err)
		}
		if !slices.Contains(Faults, e.Fault) {
			return nil, fmt.Errorf("%q is none of the faults %v", parts[1], Faults)
		}
		if len(parts) == 3 {
			if e.For, err = time.ParseDuration(parts[2]); err != nil {
				return nil, fmt.Errorf("how long %q is to take: %w", word, err)
			}
		}
		script = append(script, e)
	}
	slices.SortStableFunc(script, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return script, nil
}

// RandomScript draws a script for so long, the same from the same seed: faults of
// every kind, so far apart on average, of up to half of that.
func RandomScript(seed uint64, every, span time.Duration) (script []Event) {
	random := rand.New(rand.NewPCG(seed, 1))
	for at := every; at < span; at += every/2 + time.Duration(random.Int64N(int64(every))) {
		e := Event{At: at, Fault: Faults[random.IntN(len(Faults))], For: time.Duration(random.Int64N(int64(every / 2)))}
		if e.Fault == Clock {
			e.For = time.Hour - time.Duration(random.Int64N(int64(2*time.Hour)))
		}
		script = append(script, e)
	}
	return script
}

// Play has events happen, each at its time, until all have or ctx is done. do comes
// back when what it did is over.
func Play(ctx context.Context, script []Event, do func(context.Context, Event)) {
	began := time.Now()
	for _, e := range script {
		select {
		case <-time.After(time.Until(began.Add(e.At))):
			do(ctx, e)
		case <-ctx.Done():
			return
		}
	}
}
