package mjpeg

import (
	"context"
	"errors"
	"net/http"
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// viewer is one response under way. It belongs to its request's goroutine, or
// to the pump while it rides that.
type viewer struct {
	handler *Handler
	seat    *delivery.Seat
	form    *form
	silent  bool // the camera's own pictures are all that it gets

	last media.Frame // the newest one written; its Data is nil while the camera is away
	why  reason      // of the last picture written that was no frame; "" after a frame
	head []byte      // scratch: the headers of a part
}

// Describe sets the headers of the form.
func (v *viewer) Describe(h http.Header) { v.form.describe(h) }

// Show writes the response's head and then parts, one each repeatAfter at least; but to
// who is silent none while the camera is away, so that what shows that it left is read.
func (v *viewer) Show(ctx context.Context, seat *delivery.Seat, head []byte) error {
	v.seat = seat
	if v.silent {
		attended, leave := seat.Attend(ctx)
		defer leave()
		ctx = attended
	}
	if err := seat.Write(delivery.Message{Head: head, Tail: v.form.first}); err != nil {
		return err
	}
	for {
		err := seat.Follow(ctx)
		failed := (*stream.SourceError)(nil)
		switch {
		case seat.Gone():
			return err
		case errors.Is(err, stream.ErrIdle) && v.last.Data != nil && seat.Reader().State() == stream.Online:
			err = v.write(v.last.Wall, v.last.Data, v.form.next)
		case errors.Is(err, stream.ErrIdle):
			err = v.writeNoSignal(v.away(), v.form.next)
		case errors.As(err, &failed) && !errors.Is(err, stream.ErrFull):
			err = v.writeNoSignal(unreachable, v.form.next)
		default:
			// The boundary is out already, so the closing one needs a part
			// of its own before it.
			return errors.Join(err, v.writeNoSignal(v.over(ctx, err), v.form.end))
		}
		if err != nil {
			return err
		}
	}
}

// Message gives the part of a frame, and false for one that is no JPEG.
func (v *viewer) Message(frame *media.Frame) (delivery.Message, bool) {
	if frame.Format.Codec != media.JPEG || frame.Format.Unshowable {
		return delivery.Message{}, false
	}
	v.last, v.why = *frame, ""
	return v.part(frame.Wall, frame.Data, v.form.next), true
}

// away says why nothing came for a while. A camera that is away is tried again and
// again; that it is connecting is said only to those who just came.
func (v *viewer) away() reason {
	switch {
	case v.why == unreachable:
		return unreachable
	case v.last.Format == nil && v.why != offline && v.seat.Reader().CameraState() != stream.Offline:
		return connecting
	}
	return offline
}

// over says why nothing comes any more.
func (v *viewer) over(ctx context.Context, err error) reason {
	select {
	case <-v.seat.Done():
		return serverEnded
	default:
	}
	switch {
	case errors.Is(err, stream.ErrFull):
		return noEncoder
	case ctx.Err() != nil:
		return ended
	}
	return changed
}

// writeNoSignal writes the part that says that there is no picture, and why.
func (v *viewer) writeNoSignal(why reason, tail []byte) error {
	v.why, v.last.Data = why, nil
	if v.silent {
		return nil
	}
	width, height := 640, 360
	if v.last.Format != nil {
		width, height = v.last.Format.Width, v.last.Format.Height
	}
	return v.write(time.Now(), v.handler.noSignal.picture(width, height, why), tail)
}

func (v *viewer) write(wall time.Time, picture, tail []byte) error {
	return v.seat.Write(v.part(wall, picture, tail))
}

// part gives one part: its headers, the picture, and the tail that stands
// behind it. It allocates nothing.
func (v *viewer) part(wall time.Time, picture, tail []byte) delivery.Message {
	v.head = v.form.appendHead(v.head[:0], wall, len(picture))
	return delivery.Message{Head: v.head, Body: picture, Tail: tail}
}
