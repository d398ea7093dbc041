// Package rendition makes the renditions of cameras: a Source reads a camera's
// stream and gives its pictures in another codec, size, rate or quality.
//
// Where the camera already sends what is asked for, its bytes pass through and
// no ffmpeg runs; a lower rate alone is had by leaving frames out. Otherwise
// one ffmpeg serves all who ask alike, and runs while they do: the stream of
// the rendition counts its readers, and the Source is one reader of the
// camera's.
//
// The composition root makes a Source for each key that is opened; Request says
// what keys there are.
package rendition

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
	"framegate/transcode"
)

// errAway ends a run whose camera is: viewers shall see that it is.
var errAway = errors.New("camera is away")

// awayAfter is how long a camera that is not online may stay so before its
// renditions are not, either.
const awayAfter = time.Second

// Options say what a Source makes of what.
type Options struct {
	Hub     *stream.Hub
	Camera  string
	Request Request
	FFmpeg  string // the program; "" means ffmpeg on the PATH
	Slots   *Slots
	Log     *slog.Logger // nil discards
}

// Source is one rendition of one camera.
type Source struct{ options Options }

// New makes a Source. It starts nothing.
func New(o Options) *Source {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Source{options: o}
}

// Run gives the camera's pictures as they are asked for, until ctx is done,
// the camera fails or goes away, or ffmpeg fails.
func (s *Source) Run(ctx context.Context, emit func(media.Frame)) error {
	reader, err := s.options.Hub.Open(stream.Key{Camera: s.options.Camera}, stream.ReadOptions{Idle: awayAfter})
	if err != nil {
		return err
	}
	defer reader.Close()
	r := &run{source: s, input: input{reader: reader}, emit: emit}
	defer r.stop()
	for {
		frame, err := r.input.next(ctx)
		if err != nil {
			return err
		}
		if err := r.take(ctx, frame); err != nil {
			return err
		}
	}
}

// input is the camera's stream, as a run sees it.
type input struct {
	reader *stream.Reader
	began  bool // it has given a frame
}

// next waits for a frame. Once frames have come, a camera that goes away is an
// error.
func (i *input) next(ctx context.Context) (media.Frame, error) {
	for {
		frame, err := i.reader.Next(ctx)
		switch {
		case err == nil:
			i.began = true
			return frame, nil
		case !errors.Is(err, stream.ErrIdle):
			return media.Frame{}, err
		case i.began && i.reader.State() != stream.Online:
			return media.Frame{}, errAway
		}
	}
}

// run is one life of a Source.
type run struct {
	source *Source
	input  input
	emit   func(media.Frame)

	format  *media.Format // of the camera's frames
	encoder *encoder      // nil where bytes pass
	slotted bool          // has a slot, which an encoder leaves to the one that replaces it
	due     time.Duration // media time from which on a frame is wanted again
}

// take passes one frame on, through an encoder if need be.
func (r *run) take(ctx context.Context, frame media.Frame) error {
	request := r.source.options.Request
	changed := frame.Format != r.format
	if changed && !frame.Key {
		return nil // nothing can be made of it
	}
	if request.passes(frame.Format) {
		if changed {
			r.stop()
			r.format = frame.Format
		}
		if r.wanted(frame) {
			r.emit(frame)
		}
		return nil
	}
	if changed {
		frames, err := r.backlog(frame)
		if err != nil {
			return err
		}
		if err := r.begin(ctx, frames); err != nil {
			return err
		}
		r.format = frame.Format
		return r.encoder.writeAll(frames)
	}
	if frame.Format.Codec == media.JPEG && !r.wanted(frame) {
		return nil
	}
	return r.encoder.write(frame)
}

// wanted says whether a frame that needs no other is to be shown, at the rate
// asked for.
func (r *run) wanted(frame media.Frame) bool {
	fps := r.source.options.Request.FPS
	if fps == 0 || frame.Format.Codec != media.JPEG {
		return true
	}
	interval := time.Second / time.Duration(fps)
	switch early := r.due - frame.PTS; {
	case early > interval, early < -interval: // the first, or the camera's clock jumped
		r.due = frame.PTS + interval
	case early > interval/10: // times jitter, so a little early will do
		return false
	default:
		r.due += interval
	}
	return true
}

// backlog gives the frames that were there already when the camera's stream
// was joined at first, the present one last.
func (r *run) backlog(first media.Frame) ([]media.Frame, error) {
	frames := []media.Frame{first}
	for frames[len(frames)-1].Backlog {
		frame, ok, err := r.input.reader.TryNext()
		if err != nil {
			return nil, err
		}
		if !ok || frame.Format != first.Format {
			return frames, nil
		}
		frames = append(frames, frame)
	}
	return frames, nil
}

// begin starts an encoder for frames like these, once there is a slot. It
// starts the new one before it ends the old, which gives what it has inside.
func (r *run) begin(ctx context.Context, frames []media.Frame) error {
	if !r.slotted {
		if err := r.source.options.Slots.take(ctx); err != nil {
			return err
		}
		r.slotted = true
	}
	next, err := r.source.startEncoder(ctx, frames)
	if err != nil {
		return err
	}
	if r.encoder != nil {
		r.encoder.stop()
	}
	r.encoder = next
	next.deliver(r.emit)
	return nil
}

// stop ends the encoder, if there is one.
func (r *run) stop() {
	if r.encoder != nil {
		r.encoder.stop()
		r.encoder = nil
	}
	if r.slotted {
		r.source.options.Slots.give()
		r.slotted = false
	}
}

// spec says what ffmpeg has to do with frames like these.
func (s *Source) spec(frames []media.Frame) transcode.Spec {
	format, request := frames[0].Format, s.options.Request
	spec := transcode.Spec{
		FFmpeg: s.options.FFmpeg,
		In:     transcode.JPEG,
		Out:    transcode.JPEG,
		Hurry:  len(frames) - 1,
	}
	if format.Codec == media.H264 {
		spec.In, spec.SPS, spec.PPS = transcode.H264, format.SPS, format.PPS
		spec.MaxFPS = request.FPS
	}
	if request.Codec == media.H264 {
		spec.Out = transcode.H264
	}
	spec.Quality = request.Quality
	spec.Width, spec.Height = request.fit(format)
	return spec
}
