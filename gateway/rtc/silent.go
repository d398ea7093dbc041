package rtc

import (
	"context"

	"github.com/pion/logging"
)

// silent is a log for pion that takes nothing: what matters of a session its end says.
type silent struct{}

// NewLogger gives one.
func (silent) NewLogger(string) logging.LeveledLogger { return mute{} }

type mute struct{}

func (mute) Trace(string)          {}
func (mute) Tracef(string, ...any) {}
func (mute) Debug(string)          {}
func (mute) Debugf(string, ...any) {}
func (mute) Info(string)           {}
func (mute) Infof(string, ...any)  {}
func (mute) Warn(string)           {}
func (mute) Warnf(string, ...any)  {}
func (mute) Error(string)          {}
func (mute) Errorf(string, ...any) {}

// afterEnd calls f when a session has ended.
func afterEnd(s *Session, f func()) (stop func()) {
	undo := context.AfterFunc(s.ctx, f)
	return func() { undo() }
}
