package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"framegate/gateway/media"
)

// ErrNoPicture ends a run of EndSilent that gave no picture for too long.
var ErrNoPicture = Silent("no picture")

// EndSilent gives a source whose runs end, with an ErrNoPicture, when they
// are silent for longer than an uneven source with that least silence may be. It
// is for sources that have no such limit themselves, or one of more than pictures. It
// costs a picture a look at the clock. Sound does not count.
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
	w.Expect(s.silence.Allowed(), ErrNoPicture)
	err := s.source.Run(watched, func(f media.Frame) {
		if f.Format.Codec.Kind() != media.Audio {
			w.Picture(time.Now(), ErrNoPicture)
		}
		emit(f)
	})
	if ctx.Err() != nil || !errors.Is(context.Cause(watched), ErrNoPicture) {
		return err
	}
	s.silence = w.Next()
	return fmt.Errorf("%w for %v", ErrNoPicture, w.silence.Allowed().Round(time.Second))
}
