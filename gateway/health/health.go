// Package health looks, again and again, at what a server depends on and does not make
// itself: a program, a database, the clock. What is wrong there is a Trouble, for as
// long as it is.
//
// It knows nothing of what it looks at: package server gives the checks. What is wrong
// with a camera, or with how it is recorded, is that camera's state, and no trouble.
package health

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	// Period is from one look to the next. With Patience it makes that a trouble is
	// known within two seconds, and its end within one.
	Period = 500 * time.Millisecond
	// Patience is how long a look may take until that is the trouble.
	Patience = 1500 * time.Millisecond
)

// ErrHangs is the trouble of what does not answer.
var ErrHangs = errors.New("does not answer")

// Check is one thing to look at.
type Check struct {
	Name string // a word, in metrics and events
	// Look gives what is wrong, in one line, or nil. It is called again and again by one
	// goroutine, and should end with ctx.
	Look     func(ctx context.Context) error
	Patience time.Duration // 0 is the constant
}

// Trouble is something that is wrong.
type Trouble struct {
	Name  string
	Err   error
	Since time.Time
}

// Monitor knows what is wrong. Its methods may be called from any goroutine.
type Monitor struct {
	checks  []Check
	changed func()
	log     *slog.Logger

	mu    sync.Mutex         // guards what follows
	wrong map[string]Trouble // by name
}

// New makes a monitor, which finds nothing wrong until it runs. changed is told when
// something begins or ceases to be wrong; it must return at once.
func New(checks []Check, changed func(), log *slog.Logger) *Monitor {
	return &Monitor{checks: checks, changed: changed, log: log, wrong: make(map[string]Trouble)}
}

// Run looks until ctx is done. A check that hangs holds up no other.
func (m *Monitor) Run(ctx context.Context) {
	var looking sync.WaitGroup
	for _, c := range m.checks {
		looking.Go(func() { m.watch(ctx, c) })
	}
	looking.Wait()
}

func (m *Monitor) watch(ctx context.Context, c Check) {
	again := time.NewTicker(Period)
	defer again.Stop()
	for {
		late := time.AfterFunc(cmp.Or(c.Patience, Patience), func() { m.note(c.Name, ErrHangs) })
		err := c.Look(ctx)
		late.Stop()
		if ctx.Err() != nil {
			return
		}
		m.note(c.Name, err)
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// note takes note of what a look found, and says what is news.
func (m *Monitor) note(name string, err error) {
	m.mu.Lock()
	before, was := m.wrong[name]
	switch {
	case err == nil:
		delete(m.wrong, name)
	case was:
		m.wrong[name] = Trouble{name, err, before.Since}
	default:
		m.wrong[name] = Trouble{name, err, time.Now()}
	}
	m.mu.Unlock()
	switch {
	case err != nil && !was:
		m.log.Warn("trouble", "with", name, "what", err)
	case err == nil && was:
		m.log.Info("trouble is over", "with", name, "after", time.Since(before.Since).Round(time.Second))
	default:
		return
	}
	m.changed()
}

// Troubles gives what is wrong now, in the order of the checks.
func (m *Monitor) Troubles() (all []Trouble) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.checks {
		if t, wrong := m.wrong[c.Name]; wrong {
			all = append(all, t)
		}
	}
	return all
}

// Names gives what is looked at, in order.
func (m *Monitor) Names() (all []string) {
	for _, c := range m.checks {
		all = append(all, c.Name)
	}
	return all
}
