package delivery

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"framegate/gateway/stream"
)

// Response is what one viewer gets in answer to a request.
type Response interface {
	Viewer
	// Describe sets the response's headers.
	Describe(h http.Header)
	// Show writes the response until the viewer is gone or the stream ends, and
	// says why. What head holds is to be written before all else. ctx is the
	// request's; where the connection was taken from net/http it says nothing
	// about the client, so one that left is noticed by what is written.
	Show(ctx context.Context, seat *Seat, head []byte) error
}

// Serve answers a request with the stream called key, and returns when the
// viewer is gone, the stream or the crowd is closed. An error means that nothing
// was answered; it is one of Hub.Open, or says why the connection cannot be
// used.
func (c *Crowd) Serve(w http.ResponseWriter, r *http.Request, key stream.Key, client stream.Viewer, response Response) error {
	reader, err := c.hub.Open(key, stream.ReadOptions{Viewer: &client, Idle: c.idle})
	if err != nil {
		return err
	}
	defer reader.Close() // it is what counts the viewer, whatever is read
	response.Describe(w.Header())
	if r.Method == http.MethodHead {
		return nil
	}
	conn, head, err := Begin(w, r)
	if err != nil {
		return fmt.Errorf("taking over the connection: %w", err)
	}
	seat := c.Enter(response, conn, key, reader)
	if seat == nil {
		conn.Close()
		return nil
	}
	defer seat.Leave()
	defer seat.RecallWith(r.Context())()
	err = response.Show(r.Context(), seat, head)
	c.log.Debug("viewer left", "stream", seat.Key().String(), "address", client.Address, "dropped", seat.Reader().Dropped(), "err", err)
	return nil
}

// ErrOtherCodec ends the viewer of a camera that was changed to one whose frames
// its form does not carry. Who asks again gets its pictures in the right one.
var ErrOtherCodec = errors.New("the camera's pictures are of another codec now")

// Follow writes frames as they come, each of which the viewer must have one
// message for, and returns with what else there is: an error of Next, of Ride or
// of the connection, or ErrOtherCodec for a frame without a message.
func (s *Seat) Follow(ctx context.Context) error {
	for {
		frame, err := s.Next(ctx)
		if err != nil {
			return err
		}
		message, ok := s.viewer.Message(&frame)
		if !ok {
			return ErrOtherCodec
		}
		if err := s.Write(message); err != nil {
			return err
		}
		if err := s.Ride(); err != nil {
			return err
		}
	}
}
