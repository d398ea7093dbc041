package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/publish"
	"framegate/gateway/stream"
)

// triesForOne is how many pictures in a row may be bad before a body is
// refused.
const triesForOne = 10

// ServeEndless serves a POST whose body is pictures one after another, with or
// without part headers between them, for as long as they come. It answers 204
// when the body ends. The errors are those of ServeFrame.
func (h *Handler) ServeEndless(w http.ResponseWriter, r *http.Request, who publish.Publisher) error {
	e := &endless{handler: h, control: http.NewResponseController(w), pictures: newPictureReader(r.Body, h.options.MaxFrameBytes, boundaryOf(r.Header.Get("Content-Type")))}
	if err := h.publishers.Run(r.Context(), named(r, who), e); err != nil {
		h.count(err)
		stopReading(w)
		return err
	}
	h.answer(w, who.Camera)
	return nil
}

// stopReading bounds what net/http does before it sends an error: it reads on,
// for the connection's sake, until 256 KiB came or the body ends, which may be
// never. To stop at once would be worse: bytes that arrive at a closed socket
// reset the connection, and the error with it.
func stopReading(w http.ResponseWriter) {
	// Where there can be no deadline, the error is late; that is all.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second))
}

// endless is the publisher of one endless body: a stream.Source.
type endless struct {
	handler  *Handler
	control  *http.ResponseController
	pictures *pictureReader

	pace   pace
	frames int
	bad    int   // pictures in a row
	reason error // what was wrong with the last bad one
}

// Run publishes each picture with its last byte, until the body ends. The end
// of ctx cuts a read short by its deadline.
func (e *endless) Run(ctx context.Context, emit func(media.Frame)) error {
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(cut)
		_ = e.control.SetReadDeadline(time.Unix(1, 0)) // the connection may be gone already
	})
	defer func() {
		if !stop() {
			<-cut
		}
	}()
	in := e.handler.newIntake(emit)
	for {
		deadline := time.Now().Add(e.pace.patience())
		if err := e.control.SetReadDeadline(deadline); err != nil {
			return fmt.Errorf("setting a deadline: %w", err)
		}
		if ctx.Err() != nil { // looked at after the deadline was set, which may have undone the cut
			return causeOf(ctx)
		}
		b, err := e.pictures.next()
		if err == nil {
			_, err = in.picture(b, noTime)
		}
		end, err := e.judge(err)
		switch {
		case errors.Is(err, ErrTooSlow) && time.Now().Before(deadline):
			return causeOf(ctx)
		case end:
			return err
		}
	}
}

// causeOf says why a publisher is ended from outside: by its own newer
// connection, for its silence, or because everything ends.
func causeOf(ctx context.Context) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, publish.ErrTakenOver):
		return cause
	case errors.Is(cause, stream.ErrNoPicture):
		return fmt.Errorf("%w: %w", ErrTooSlow, cause)
	}
	return stream.ErrClosed
}

// judge notes how the last picture went, and says whether the body is over.
func (e *endless) judge(err error) (end bool, _ error) {
	switch {
	case err == nil:
		e.frames++
		e.bad = 0
		e.pace.step(time.Now())
		return false, nil
	case err == io.EOF:
		return true, e.finalError()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return true, &limitError{publish.LimitSilence, fmt.Errorf("%w: no picture for %v", ErrTooSlow, e.pace.patience())}
	case errors.Is(err, media.ErrMalformed), errors.Is(err, media.ErrTooManyPixels), errors.Is(err, media.ErrUnshowable):
		e.handler.refuse(err)
		e.bad++
		e.reason = err
		if e.bad < triesForOne {
			return false, nil
		}
		return true, fmt.Errorf("%d bad pictures in a row, the last: %w", e.bad, err)
	}
	return true, err
}

// finalError says what to think of a body that ended.
func (e *endless) finalError() error {
	switch {
	case e.frames > 0:
		return nil
	case e.reason != nil:
		return e.reason
	case e.pictures.empty():
		return fmt.Errorf("%w: it is empty", ErrBadBody)
	}
	return fmt.Errorf("%w: no picture in it", media.ErrNotJPEG)
}
