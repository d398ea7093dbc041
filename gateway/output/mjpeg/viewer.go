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

	last media.Frame // the newest one written; its Data is nil while the camera is away
	head []byte      // scratch: the headers of a part
}

// Describe sets the headers of the form.
func (v *viewer) Describe(h http.Header) { v.form.describe(h) }

// Show writes the response's head and then parts, one each repeatAfter at least.
func (v *viewer) Show(ctx context.Context, seat *delivery.Seat, head []byte) error {
	v.seat = seat
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
		case errors.Is(err, stream.ErrIdle), errors.As(err, &failed) && !errors.Is(err, stream.ErrFull):
			err = v.writeNoSignal(v.form.next)
		default:
			// The boundary is out already, so the closing one needs a part
			// of its own before it.
			return errors.Join(err, v.writeNoSignal(v.form.end))
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
	v.last = *frame
	return v.part(frame.Wall, frame.Data, v.form.next), true
}

// writeNoSignal writes the part that says that the camera is away.
func (v *viewer) writeNoSignal(tail []byte) error {
	width, height := 640, 360
	if v.last.Format != nil {
		width, height = v.last.Format.Width, v.last.Format.Height
	}
	v.last.Data = nil
	return v.write(time.Now(), v.handler.noSignal.picture(width, height), tail)
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
