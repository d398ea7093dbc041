package httpcam

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// How far the capture time that a camera claims may lie from the arrival.
const (
	maxAge   = 10 * time.Second
	maxAhead = time.Second
)

// Why a camera's answer is given up.
var (
	errNoAnswer  = stream.Silent("camera does not answer")
	errNoPicture = stream.Silent(fmt.Sprintf("camera sends no whole picture for %v", stream.FirstPicture))
	errSilent    = stream.Silent("camera has fallen silent: no whole picture any more")
)

// run is one life of the source: one endless answer, or the polling of a
// snapshot camera.
type run struct {
	source   *Source
	emit     func(media.Frame)
	format   *media.Format
	taken    time.Time // the capture time that was believed last
	polling  bool      // an answer held a single picture: a snapshot camera
	last     []byte    // the last snapshot, as it came
	badInRow int       // snapshots that were no whole picture
}

// request sends one request and emits all pictures of its answer. It gives nil
// if that was a single one, so that the next must be asked for.
func (r *run) request(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	w := &watchdog{stream.NewWatchdog(cancel, r.source.silence), r.source.opt.Patience}
	defer w.Stop()
	a, err := r.source.open(ctx, w)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return err
	}
	defer a.body.Close()
	err = r.receive(ctx, a.body, w)
	if context.Cause(ctx) == errSilent {
		r.source.silence = w.Next()
	}
	return err
}

// receive emits the pictures of one body as they come.
func (r *run) receive(ctx context.Context, body io.Reader, w *watchdog) error {
	p := &parser{maxPicture: r.source.opt.MaxFrameBytes, limited: r.source.opt.Limited}
	p.scanner.AnyKind = r.source.opt.AnyKind
	w.expectAnswer()
	arrived, pictures := time.Time{}, 0
	for {
		pic, err := p.next()
		if err != nil {
			return err
		}
		if pic.jpeg != nil {
			pictures++
			w.Picture(arrived, errSilent)
			if err := r.show(pic, arrived); err != nil {
				return err
			}
			continue
		}
		n, err := p.fill(body)
		if n == 0 && err != nil {
			if last := p.finish(); last.jpeg != nil && ctx.Err() == nil {
				pictures++
				if err := r.show(last, arrived); err != nil {
					return err
				}
			}
			return r.ended(ctx, p, pictures, err)
		}
		if arrived.IsZero() {
			w.Expect(stream.FirstPicture, errNoPicture)
		}
		arrived = time.Now()
	}
}

// show emits a picture, unless it is the same snapshot again.
func (r *run) show(pic picture, arrived time.Time) error {
	r.badInRow = 0
	if r.polling && bytes.Equal(pic.jpeg, r.last) {
		return nil
	}
	r.last = bytes.Clone(pic.jpeg)
	frame, err := r.frame(r.last)
	if err != nil {
		return err
	}
	r.format = frame.Format
	if r.plausible(pic.taken, arrived) {
		frame.Wall, r.taken = pic.taken, pic.taken
	}
	r.emit(frame)
	return nil
}

func (r *run) frame(jpeg []byte) (media.Frame, error) {
	if r.source.opt.AnyKind {
		return media.AnyJPEGFrame(jpeg, r.format)
	}
	return media.JPEGFrame(jpeg, r.format)
}

// plausible says whether to believe a capture time. Cameras without a clock
// count from 1970 or from when they were made.
func (r *run) plausible(taken, arrived time.Time) bool {
	return taken.After(r.taken) && arrived.Sub(taken) <= maxAge && taken.Sub(arrived) <= maxAhead
}

// ended says what the end of an answer means: nil if the camera is to be asked
// again.
func (r *run) ended(ctx context.Context, p *parser, pictures int, err error) error {
	switch {
	case ctx.Err() != nil:
		return p.noPicture(context.Cause(ctx))
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("reading pictures: %w", err)
	case pictures == 1:
		r.polling = true
		return nil
	case pictures > 1:
		return stream.Ended("camera ended the stream")
	case p.pos == 0 && len(p.buf) == 0:
		return errors.New("camera's answer is empty")
	case r.polling && p.badInRow > 0 && r.badInRow < maxBadInARow:
		r.badInRow++
		return nil
	}
	return p.noPicture(errors.New("no picture in the camera's answer"))
}
