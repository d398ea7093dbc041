package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"framegate/gateway/media"
)

// errSilent is the cause of the end of a run that gave no picture for too long.
var errSilent = Silent("no picture")

// EndSilent gives a source whose runs end, with an error that says so, when they
// are silent for longer than an uneven source with that least silence may be. It
// is for sources that have no such limit themselves, since whom they wait for is
// a process that may stop without ending. It costs a picture a look at the
// clock. Sound does not count.
func EndSilent(s Source, least time.Duration) Source {
	return &silenced{source: s, silence: Silence{Least: least, Uneven: true}}
}

// silenced is a source whose runs are watched.
type silenced struct {
	source  Source
	silence Silence
}

// Run runs the source.
func (s *silenced) Run(ctx context.Context, emit func(media.Frame)) error {
	watched, end := context.WithCancelCause(ctx)
	defer end(nil)
	w := NewWatchdog(end, s.silence)
	defer w.Stop()
	w.Expect(s.silence.Allowed(), errSilent)
	err := s.source.Run(watched, func(f media.Frame) {
		if f.Format.Codec.Kind() != media.Audio {
			w.Picture(time.Now(), errSilent)
		}
		emit(f)
	})
	if ctx.Err() != nil || !errors.Is(context.Cause(watched), errSilent) {
		return err
	}
	s.silence = w.Next()
	return fmt.Errorf("%w for %v", errSilent, w.silence.Allowed().Round(time.Second))
}
