package rendition

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"framegate/gateway/media"
	"framegate/transcode"
)

// drainGrace is how long an ffmpeg may take to give its last frames.
const drainGrace = 300 * time.Millisecond

// encoder is one ffmpeg at work. One goroutine writes to it, and one of its own
// emits what it gives.
type encoder struct {
	process *transcode.Process
	out     media.Codec
	fps     int    // that it was told to leave at most; 0 leaves all
	run     uint64 // of the camera's frames
	log     *slog.Logger
	config  []byte        // of the last packet of H264
	behind  []media.Frame // that came since a picture that was sought, and are seen where it goes on
	done    chan struct{} // closed when all it gave is emitted
	lag     atomic.Int64  // of the last frame made, in nanoseconds after its picture came
}

// startEncoder starts an ffmpeg.
func startEncoder(ctx context.Context, spec transcode.Spec, out media.Codec, log *slog.Logger) (*encoder, error) {
	process, err := transcode.Start(ctx, spec)
	if err != nil {
		return nil, err
	}
	log.Debug("encoder starts", "width", spec.Width, "height", spec.Height, "fps", spec.MaxFPS, "backlog", spec.Hurry)
	return &encoder{process: process, out: out, fps: spec.MaxFPS, log: log, done: make(chan struct{})}, nil
}

// deliver begins to emit what comes out, in a goroutine that stop waits for.
func (e *encoder) deliver(emit func(media.Frame)) {
	go func() {
		defer close(e.done)
		err := contained(e.log, func() error { return e.emitAll(emit) })
		e.log.Debug("encoder ends", "err", err)
		e.process.Close() // a writer that waits learns of it
	}()
}

// contained makes an error of a panic, in goroutines of our own: it ends what
// they do for one camera, and not the process.
func contained(log *slog.Logger, do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("encoder panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	return do()
}

func (e *encoder) emitAll(emit func(media.Frame)) error {
	var format *media.Format
	for {
		packet, err := e.process.Read()
		if err != nil {
			return err
		}
		frame, err := e.frame(packet, format)
		if err != nil {
			return fmt.Errorf("what ffmpeg made: %w", err)
		}
		format = frame.Format
		frame.PTS, frame.Wall, frame.Run, frame.Beside = packet.PTS, packet.Wall, e.run, media.Beside(packet.Mark)
		if !packet.Arrived.IsZero() {
			e.lag.Store(int64(time.Since(packet.Arrived)))
		}
		e.show(frame, emit)
	}
}

// mostBehind bounds how many pictures are kept behind one that was sought: more than
// any decoder reorders.
const mostBehind = 64

// show emits a picture, if it is to be seen. What only leads to another is left out, or
// where others lean on it, emitted as old.
func (e *encoder) show(frame media.Frame, emit func(media.Frame)) {
	e.behind = append(e.behind, frame)
	if frame.Beside == media.Behind && len(e.behind) < mostBehind {
		return
	}
	elsewhere := frame.Beside == media.Before
	for _, f := range e.behind {
		f.Beside, f.Backlog = 0, elsewhere
		if !elsewhere || f.Format.Codec != media.JPEG {
			emit(f)
		}
	}
	clear(e.behind)
	e.behind = e.behind[:0]
}

// frame makes a frame of a packet, with the format of the one before if that
// fits.
func (e *encoder) frame(p transcode.Packet, format *media.Format) (media.Frame, error) {
	if e.out == media.JPEG {
		return media.JPEGFrame(p.Data, format)
	}
	if format == nil || !bytes.Equal(e.config, p.Config) {
		var err error
		if format, err = media.FormatOfAVCC(p.Config); err != nil {
			return media.Frame{}, err
		}
		e.config = p.Config
	}
	return media.Frame{Key: p.Key, Format: format, Data: p.Data}, nil
}

func (e *encoder) writeAll(frames []media.Frame) error {
	for _, frame := range frames {
		if err := e.write(frame); err != nil {
			return err
		}
	}
	return nil
}

// write gives ffmpeg a frame. When it fails, what ffmpeg said last is the
// reason.
func (e *encoder) write(f media.Frame) error {
	err := e.process.Write(transcode.Packet{PTS: f.PTS, Wall: f.Wall, Arrived: f.Arrived, Mark: int8(f.Beside), Key: f.Key, Data: f.Data})
	if err == nil {
		return nil
	}
	e.process.Close()
	<-e.done
	return err
}

// stop lets ffmpeg give what it has inside, and ends it.
func (e *encoder) stop() {
	e.process.CloseWrite()
	drained := time.NewTimer(drainGrace)
	defer drained.Stop()
	select {
	case <-e.done:
	case <-drained.C:
	}
	e.process.Close()
	<-e.done
}
