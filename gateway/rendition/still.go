package rendition

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// ErrNoStill: ffmpeg made nothing of the frames.
var ErrNoStill = errors.New("ffmpeg made no picture of it")

// StillOptions say which picture is to be made.
type StillOptions struct {
	Camera  string
	Request Request       // of a JPEG
	Format  *media.Format // of the frames
	Wall    time.Time     // of the picture
	Before  int           // frames that are shown before it
	FFmpeg  string        // the program; "" means ffmpeg on the PATH
	Slots   *Slots
	Log     *slog.Logger // nil discards
}

// Still makes one picture as a JPEG. each calls what it is given with the frames
// that it takes, from its keyframe on in the order of decoding, and passes errors
// on. It waits for a slot, behind all that is watched live.
func Still(ctx context.Context, o StillOptions, each func(write func(media.Frame) error) error) (media.Frame, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	j := job{slots: o.Slots, stream: stream.Key{Camera: o.Camera, Rendition: o.Request.Key()}, use: forSome}
	defer j.end()
	if err := j.take(ctx); err != nil {
		return media.Frame{}, err
	}
	if err := j.awaitStart(ctx); err != nil {
		return media.Frame{}, err
	}
	r := run{request: o.Request, ffmpeg: o.FFmpeg}
	spec := r.spec([]media.Frame{{Format: o.Format}})
	spec.Whole, spec.Hurry, spec.Unshown, spec.MaxFPS = o.Format.Codec != media.JPEG, o.Before, true, 0
	e, err := startEncoder(ctx, spec, media.JPEG, o.Log)
	if err != nil {
		return media.Frame{}, err
	}
	j.works(e)
	defer func() { e.process.Close(); <-e.done; j.works(nil) }()
	var still media.Frame // e's, until it is done
	e.deliver(func(f media.Frame) {
		if f.Wall.Equal(o.Wall) {
			still = f
		}
	})
	if err := each(e.write); err != nil {
		return media.Frame{}, err
	}
	e.process.CloseWrite()
	select {
	case <-e.done:
	case <-ctx.Done():
		return media.Frame{}, context.Cause(ctx)
	}
	if still.Format == nil {
		return still, ErrNoStill
	}
	return still, nil
}
