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

// nearby is how much earlier than the wanted picture others are made as well, since
// times are rounded on their way. They are not counted, since one that cannot be decoded
// is none.
const nearby = 20 * time.Millisecond

// StillOptions say which picture is to be made.
type StillOptions struct {
	Camera  string
	Request Request       // of a JPEG
	Format  *media.Format // of the frames
	Wall    time.Time     // of the picture
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
	var e *encoder
	var still media.Frame // e's, until it is done
	begin := func(f media.Frame) (err error) {
		spec := (&run{request: o.Request, ffmpeg: o.FFmpeg}).spec([]media.Frame{{Format: o.Format}})
		spec.MaxFPS = 0
		if spec.Whole = o.Format.Codec != media.JPEG; spec.Whole {
			spec.Skip = max(o.Wall.Sub(f.Wall)-nearby, 0)
		}
		if e, err = startEncoder(ctx, spec, media.JPEG, o.Log); err != nil {
			return err
		}
		j.works(e)
		e.deliver(func(f media.Frame) {
			if f.Wall.Equal(o.Wall) {
				still = f
			}
		})
		return nil
	}
	defer func() {
		if e != nil {
			e.process.Close()
			<-e.done
			j.works(nil)
		}
	}()
	err := each(func(f media.Frame) error {
		if e == nil {
			if err := begin(f); err != nil {
				return err
			}
		}
		return e.write(f)
	})
	if err != nil {
		return media.Frame{}, err
	}
	if e == nil {
		return media.Frame{}, ErrNoStill
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
