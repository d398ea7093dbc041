package rendition

import (
	"context"
	"errors"
	"sync"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

const (
	// subPatience is how long who wants small pictures waits for the first of a
	// sub-stream before those of the camera are made small meanwhile: longer than most
	// take to connect and to send a keyframe.
	subPatience = 4 * time.Second
	// subKnown is for how long a sub-stream is held to be too small that was: its
	// owner may have changed that.
	subKnown = 10 * time.Minute
)

// Why what is shown ends for the sake of something else.
var (
	errSubThere = errors.New("the sub-stream is there")
	errTooSmall = errors.New("the sub-stream is too small")
	errWatched  = errors.New("more than one picture is wanted")
)

// runSmall gives pictures of the sub-stream while there are some that are large enough,
// and else of what the camera sends. While that is shown the sub-stream is read, so that
// its own stream tries it again, and takes over with its first picture.
func (s *Source) runSmall(ctx context.Context, emit func(media.Frame)) error {
	shown := false
	showing := func(f media.Frame) { shown = true; emit(f) }
	if err := s.untilWatched(ctx, showing); !errors.Is(err, errWatched) {
		return err
	}
	if s.isTooSmall() {
		return s.show(ctx, emit, "", shown)
	}
	sub, err := s.open(stream.Sub)
	if err != nil {
		return s.show(ctx, emit, "", shown)
	}
	defer func() { sub.Close() }()
	err = s.awaitSub(ctx, sub)
	for ctx.Err() == nil {
		if err == nil {
			if err := s.show(ctx, showing, stream.Sub, shown); !isAway(err) {
				return err
			}
			again, err := s.open(stream.Sub) // which sees nothing of what was there
			if err != nil {
				return s.show(ctx, emit, "", shown)
			}
			sub.Close()
			sub = again
		}
		if err = s.showUntil(ctx, showing, sub, shown); !errors.Is(err, errSubThere) {
			return err
		}
		err = nil
	}
	return ctx.Err()
}

// isAway says of an error that what was read ended, or never came.
func isAway(err error) bool {
	var away *stream.SourceError
	return errors.As(err, &away) || errors.Is(err, stream.ErrClosed) || errors.Is(err, stream.ErrUnknown)
}

// isTooSmall says that the sub-stream was too small when it was seen last.
func (s *Source) isTooSmall() bool {
	last, seen := s.options.Hub.Newest(s.key(stream.Sub))
	return seen && !s.options.Request.Suits(last.Format) && time.Since(last.Arrived) < subKnown
}

func (s *Source) key(of string) stream.Key {
	return stream.Key{Camera: s.options.Camera, Rendition: of}
}

// awaitSub waits for a picture of the sub-stream that is large enough, as long as nothing
// else could be shown any sooner. The error says why there is none.
func (s *Source) awaitSub(ctx context.Context, sub *stream.Reader) error {
	patience := subPatience
	if s.options.Request.Codec == 0 && s.options.Hub.State(s.key("")) == stream.Online {
		patience = 0 // what the camera sends is there and costs nothing
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.look(ctx, sub)
}

// look waits for a picture of the sub-stream, and says why it will not do.
func (s *Source) look(ctx context.Context, sub *stream.Reader) error {
	f, err := sub.Next(ctx)
	if err == nil && !s.options.Request.Suits(f.Format) {
		sub.Close() // nobody needs to be connected to it
		err = errTooSmall
	}
	return err
}

// showUntil gives pictures of what the camera sends until the sub-stream has some,
// which is errSubThere.
func (s *Source) showUntil(ctx context.Context, emit func(media.Frame), sub *stream.Reader, shown bool) error {
	ctx, end := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer end(nil)
	watching.Go(func() { // ends with ctx
		for ctx.Err() == nil {
			switch err := s.look(ctx, sub); {
			case err == nil:
				end(errSubThere)
			case errors.Is(err, errTooSmall), errors.Is(err, stream.ErrClosed):
				return
			}
		}
	})
	err := s.show(ctx, emit, "", shown)
	if errors.Is(context.Cause(ctx), errSubThere) {
		return errSubThere
	}
	return err
}

// untilWatched gives pictures of what the camera sends while only single ones are
// wanted and it is there, and the sub-stream is not: to connect would take longer. It
// gives errWatched where that is not so.
func (s *Source) untilWatched(ctx context.Context, emit func(media.Frame)) error {
	hub, life := s.options.Hub, stream.LifeOf(ctx)
	if !life.Once() || hub.State(s.key("")) != stream.Online || hub.State(s.key(stream.Sub)) == stream.Online {
		return errWatched
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	err := s.show(ctx, func(f media.Frame) {
		emit(f)
		if !life.Once() {
			end(errWatched)
		}
	}, "", false)
	if errors.Is(context.Cause(ctx), errWatched) {
		return errWatched
	}
	return err
}
