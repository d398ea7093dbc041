package live

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"slices"

	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// ServeMP4 answers a request with H.264 as an MP4 that never ends, with the camera's
// sound unless the query asks for none, and returns
// when the viewer is gone or the handler is closed: the camera's own, while that
// is H.264 and choice allows it, or else the rendition. Where the query asks for
// H.265 it is the camera's own as long as that is H.265, and then nothing. The
// response opens at once and begins with the stream's first frame.
//
// An error means that nothing was answered; it is one of Hub.Open, ErrBadCodec,
// or says why the connection cannot be used.
func (h *Handler) ServeMP4(w http.ResponseWriter, r *http.Request, choice Choice, client stream.Client) error {
	client.Form = DialectProgressive
	wanted := wantedInMP4(r.URL.Query())
	if err := choice.possible(h.hub, wanted); err != nil {
		return err
	}
	streams := delivery.Choice{Own: choice.Own}
	streams.Rendition, _ = choice.rendition(wanted)
	d := &download{handler: h, choice: choice, client: client, wanted: wanted}
	var err error
	if d.sound.wanted, err = soundWanted(r.URL.Query(), "auto"); err != nil {
		return err
	}
	return h.crowd.Serve(w, r, streams, client, d)
}

// download is one client that gets an MP4. It belongs to its request's
// goroutine, or to the pump while it rides that.
type download struct {
	handler *Handler
	choice  Choice
	client  stream.Client
	wanted  []media.Codec
	seat    *delivery.Seat

	track track
	sound sound
	sets  *media.Format // whose parameter sets the client has; nil before the init segment
	head  []byte        // scratch: what stands before a picture
	tail  []byte        // scratch: the sound behind it
}

// Describe sets the headers of the response.
func (v *download) Describe(h http.Header) {
	h.Set("Content-Type", "video/mp4")
	notToBeKept(h)
}

// Show writes the response.
func (v *download) Show(ctx context.Context, seat *delivery.Seat, head []byte) error {
	v.seat = seat
	ctx, leave := seat.Attend(ctx)
	defer leave()
	defer func() { v.sound.close(v.seat) }()
	if err := v.seat.Write(delivery.Message{Head: head}); err != nil {
		return err
	}
	failed := (*stream.SourceError)(nil)
	for {
		err := v.step(ctx)
		switch {
		case err == nil:
		case v.seat.Gone():
			return err
		case errors.Is(err, stream.ErrSound):
			m := delivery.Message{}
			m.Head, m.Body = v.soundWith(nil)
			if err := v.seat.Write(m); err != nil {
				return err
			}
			if v.sound.unfit {
				v.sound.close(v.seat)
			}
		case errors.Is(err, stream.ErrIdle), errors.As(err, &failed): // it waits
		default: // it is interrupted only when ctx is done
			return err
		}
	}
}

func (v *download) step(ctx context.Context) error {
	frame, err := v.seat.Next(ctx)
	if err != nil {
		return err
	}
	if v.track.begins(&frame) {
		if !v.choice.stays(v.seat.Key(), frame.Format, v.wanted) {
			v.track.leave()
			return v.seat.ReadRendition()
		}
		if frame, err = v.begin(ctx, frame); err != nil {
			return err
		}
	}
	m, _ := v.Message(&frame)
	if err := v.seat.Write(m); err != nil {
		return err
	}
	return v.seat.Ride()
}

// begin writes the init segment before the first frame. A file has only one:
// parameter sets that come later go in front of their keyframe, where decoders
// find them too.
func (v *download) begin(ctx context.Context, f media.Frame) (media.Frame, error) {
	if v.sets == nil {
		v.sound.await(ctx, v.handler.hub, v.seat, &v.track, v.choice, stream.ReadOptions{Client: &v.client, Besides: v.seat.Reader()})
	}
	init, err := v.track.begin(&v.handler.shapes, v.seat.Reader().Stream(), f.Format, v.sound.only)
	if err != nil {
		return f, err
	}
	old := v.sets
	v.sets = f.Format
	if old != nil {
		return withParameterSets(f, old), nil
	}
	return f, v.seat.Write(delivery.Message{Head: init})
}

// withParameterSets gives a copy of f that begins with its parameter sets, if
// they are others than those of old.
func withParameterSets(f media.Frame, old *media.Format) media.Frame {
	if bytes.Equal(f.Format.Config, old.Config) {
		return f
	}
	vps, sps, pps := f.Format.ParameterSets()
	data := make([]byte, 0, len(f.Data)+len(f.Format.Config)+1024)
	for _, set := range slices.Concat(vps, sps, pps) {
		data = binary.BigEndian.AppendUint32(data, uint32(len(set)))
		data = append(data, set...)
	}
	f.Data = append(data, f.Data...)
	return f
}

// Message gives the fragment of a frame.
func (v *download) Message(f *media.Frame) (delivery.Message, bool) {
	if v.track.format != f.Format {
		return delivery.Message{}, false
	}
	v.head = v.track.appendHead(v.head[:0], f)
	m := delivery.Message{Head: v.head, Body: f.Data}
	if v.sound.on() {
		m.Tail, m.End = v.soundWith(f)
	}
	return m, true
}

// soundWith gives the fragments of the sound that goes out with a picture, or of
// all there is if f is nil: what is the viewer's scratch, and then what all share who hear
// the same. Sound that is another than the file's beginning says is left out.
func (v *download) soundWith(f *media.Frame) (head, data []byte) {
	v.tail = v.tail[:0]
	for {
		frames, more := v.sound.gather(&v.track.muxer, f)
		if len(frames) == 0 {
			return v.tail, data
		}
		v.tail = v.sound.muxer.AppendHead(append(v.tail, data...), &v.track.muxer, frames)
		data = more
	}
}
