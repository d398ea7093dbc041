package health

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestTroublesComeAndGo within two seconds each, and are told once.
func TestTroublesComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wrong atomic.Pointer[error]
		var hangs atomic.Bool
		var changes atomic.Int32
		ctx, cancel := context.WithCancel(t.Context())
		unhang := make(chan struct{})
		m := New([]Check{
			{Name: "hanging", Look: func(context.Context) error {
				if hangs.Load() {
					<-unhang
				}
				return nil
			}},
			{Name: "failing", Look: func(context.Context) error {
				if err := wrong.Load(); err != nil {
					return *err
				}
				return nil
			}},
		}, func() { changes.Add(1) }, slog.New(slog.DiscardHandler))
		ended := make(chan struct{})
		go func() { m.Run(ctx); close(ended) }() // ends with ctx
		expect := func(what string, changed int32, names ...string) {
			t.Helper()
			time.Sleep(2 * time.Second)
			synctest.Wait()
			var found []string
			for _, trouble := range m.Troubles() {
				found = append(found, trouble.Name)
			}
			if !slices.Equal(found, names) || changes.Load() != changed {
				t.Errorf("%s: %q, %d changes; want %q, %d", what, found, changes.Load(), names, changed)
			}
		}
		expect("at first", 0)
		first, second := errors.New("first"), errors.New("second")
		wrong.Store(&first)
		hangs.Store(true)
		expect("both", 2, "hanging", "failing")
		since := m.Troubles()[1].Since
		wrong.Store(&second)
		expect("it is wrong in another way", 2, "hanging", "failing")
		if now := m.Troubles()[1]; now.Err != second || !now.Since.Equal(since) {
			t.Errorf("%+v, since %v", now, since)
		}
		wrong.Store(nil)
		expect("one is over", 3, "hanging")
		hangs.Store(false)
		close(unhang)
		expect("both are", 4)
		cancel()
		<-ended
	})
}

// TestClock: a step is a trouble until it is taken back, or has been there for a
// minute, and what cannot be is one throughout.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(plausible.AddDate(1, 0, 0)))
		set := time.Duration(0)
		clock := Clock{Wall: func() time.Time { return time.Now().Add(set) }}
		expect := func(what string, wrong bool) {
			t.Helper()
			time.Sleep(Period)
			if err := clock.Look(t.Context()); (err != nil) != wrong {
				t.Errorf("%s: %v", what, err)
			}
		}
		expect("at first", false)
		set = time.Second
		expect("slewed", false)
		set = time.Hour
		expect("stepped", true)
		set = 0
		expect("taken back", false)
		set = -time.Hour
		expect("stepped back", true)
		time.Sleep(stepLasts / 2)
		expect("half a minute later", true)
		time.Sleep(stepLasts / 2)
		expect("a minute later", false)
		set = -2 * time.Hour
		expect("once more", true)
		set = -20 * 365 * 24 * time.Hour
		expect("long ago", true)
		time.Sleep(2 * stepLasts)
		expect("long ago for long", true)
		set = -time.Hour
		expect("as it was", false)
	})
}
