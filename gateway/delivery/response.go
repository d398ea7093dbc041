package delivery

import (
	"cmp"
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

// Choice is the streams that can answer one request.
type Choice struct {
	// Own is what the camera sends itself, which is read as long as the form
	// carries that. It is zero where it would not do whatever it is.
	Own stream.Key
	// Rendition is in a codec that the form carries. It may be zero where Own is
	// not.
	Rendition stream.Key
}

// First gives the stream that is read first.
func (c Choice) First() stream.Key { return cmp.Or(c.Own, c.Rendition) }

// Serve answers a request with a stream of choice, and returns when the viewer is
// gone, the stream or the crowd is closed. An error means that nothing was
// answered; it is one of Hub.Open, or says why the connection cannot be used.
func (c *Crowd) Serve(w http.ResponseWriter, r *http.Request, choice Choice, client stream.Client, response Response) error {
	key := choice.First()
	reader, err := c.hub.Open(key, stream.ReadOptions{Client: &client, Idle: c.idle})
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
	seat.choice, seat.client, seat.counted = choice, client, reader
	defer seat.Leave()
	defer seat.RecallWith(r.Context())()
	err = response.Show(r.Context(), seat, head)
	c.log.Debug("viewer left", "stream", seat.Key().String(), "address", client.Address, "dropped", seat.Reader().Dropped(), "err", err)
	return nil
}

// ErrOtherCodec ends the viewer of a camera whose frames its form does not carry,
// and for which there is no rendition either.
var ErrOtherCodec = errors.New("the camera's pictures are of another codec now")

// Follow writes frames as they come, each of which the viewer must have one
// message for, and returns with what else there is: an error of Next, of Ride or
// of the connection. A frame of the camera's own that has no message has the
// viewer read the rendition from then on; without one that is ErrOtherCodec.
func (s *Seat) Follow(ctx context.Context) error {
	for {
		frame, err := s.Next(ctx)
		if err != nil {
			return err
		}
		message, ok := s.viewer.Message(&frame)
		if !ok {
			if err := s.ReadRendition(); err != nil {
				return err
			}
			continue
		}
		if err := s.Write(message); err != nil {
			return err
		}
		if err := s.Ride(); err != nil {
			return err
		}
	}
}

// ReadRendition has a viewer that Crowd.Serve seated read the rendition of its
// choice. The camera's own stream stays open: it counts the viewer. The errors
// are ErrOtherCodec, where that is read already or there is none, and those of
// Hub.Open.
func (s *Seat) ReadRendition() error {
	key := s.choice.Rendition
	if key == s.key || key == (stream.Key{}) {
		return ErrOtherCodec
	}
	client := s.client
	reader, err := s.crowd.hub.Open(key, stream.ReadOptions{Client: &client, Besides: s.counted, Idle: s.crowd.idle})
	if err != nil {
		return err
	}
	s.Change(key, reader)
	return nil
}
