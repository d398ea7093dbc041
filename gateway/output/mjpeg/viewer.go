package mjpeg

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// viewer is one response under way. It belongs to its request's goroutine, or
// to the pump while it rides that; and Handler.Close reaches into it.
type viewer struct {
	handler *Handler
	key     stream.Key
	reader  *stream.Reader
	conn    conn
	form    *form
	back    chan error // cap 1: the pump hands the viewer back

	last media.Frame // the newest one written; its Data is nil while the camera is away
	head []byte      // scratch: the headers of a part
	gone bool        // a write failed
}

// serve writes the response's head and then parts, until the viewer is gone or
// the stream ends, and says why. ctx is the request's. Where the connection
// was hijacked it says nothing about the client, so one that left is noticed
// by the parts written to it, of which there is one each repeatAfter at least.
func (v *viewer) serve(ctx context.Context, head []byte) error {
	if err := v.conn.writePart(head, nil, v.form.first); err != nil {
		return err
	}
	for {
		err := v.watch(ctx)
		failed := (*stream.SourceError)(nil)
		switch {
		case v.gone:
			return err
		case errors.Is(err, stream.ErrIdle) && v.last.Data != nil && v.reader.State() == stream.Online:
			err = v.write(v.last.Wall, v.last.Data, v.form.next)
		case errors.Is(err, stream.ErrIdle), errors.As(err, &failed):
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

// watch writes frames as they come, and returns with what else there is: an
// error of Reader.Next, or of the connection.
func (v *viewer) watch(ctx context.Context) error {
	tcp, pumped := v.conn.(*tcpConn)
	for {
		frame, err := v.reader.Next(ctx)
		if err != nil {
			return err
		}
		v.last = frame
		if err := v.write(frame.Wall, frame.Data, v.form.next); err != nil {
			return err
		}
		if !pumped {
			continue
		}
		if err := v.handler.ride(v); err != nil {
			return err
		}
		if err := tcp.finishPart(); err != nil {
			v.gone = true
			return err
		}
	}
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

// write writes one part: its headers, the picture, and the tail that stands
// behind it. It allocates nothing.
func (v *viewer) write(wall time.Time, picture, tail []byte) error {
	v.head = v.form.appendHead(v.head[:0], wall, len(picture))
	err := v.conn.writePart(v.head, picture, tail)
	v.gone = err != nil
	return err
}

// step is what the pump does for a viewer: it writes the newest frame, as far
// as that goes without waiting. It gives false when the viewer must go on by
// itself, with err or with the rest of the part.
func (v *viewer) step() (done bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			v.handler.log.Error("viewer panicked", "stream", v.key.String(), "panic", p, "stack", string(debug.Stack()))
			v.gone, done, err = true, false, fmt.Errorf("internal error: %v", p)
		}
	}()
	frame, ok, err := v.reader.TryNext()
	if !ok {
		return err == nil, err // without an error it has this frame already
	}
	v.last = frame
	v.head = v.form.appendHead(v.head[:0], frame.Wall, len(frame.Data))
	return v.conn.(*tcpConn).tryPart(v.head, frame.Data, v.form.next), nil
}
