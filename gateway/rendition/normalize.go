package rendition

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// Normalize says which JPEGs of a camera are encoded anew.
type Normalize string

// The ways of normalizing.
const (
	NormalizeAuto   Normalize = "auto"   // those of kinds that browsers do not show (media.Format.Unshowable)
	NormalizeAlways Normalize = "always" // all, for cameras whose pictures have something else that viewers dislike
	NormalizeNever  Normalize = "never"  // none
)

// normalQuality is that of pictures encoded anew. They stand for the camera's
// own, so it is higher than what renditions have by default.
const normalQuality = 90

// NormalizeOptions say how the pictures of a camera are made showable.
type NormalizeOptions struct {
	Camera string
	Mode   Normalize // "" means NormalizeAuto
	FFmpeg string    // the program; "" means ffmpeg on the PATH
	Slots  *Slots
	Log    *slog.Logger // nil discards
}

// Normalized makes a source whose JPEGs every browser shows of one whose JPEGs
// may be of any kind. Pictures that are showable pass, untouched and in the
// source's own goroutine. The first that is not starts an ffmpeg, and then the
// rest of the run goes through it; each picture keeps its capture time. Where
// that cannot keep up, pictures are left out; the camera never waits. An ffmpeg
// that fails ends the run. H.264 passes.
//
// With NormalizeNever it gives the source itself, which should then refuse what
// cannot be shown.
func Normalized(source stream.Source, o NormalizeOptions) stream.Source {
	if o.Mode == NormalizeNever {
		return source
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &normalized{source: source, options: o, patience: usualPatience}
}

type normalized struct {
	source   stream.Source
	options  NormalizeOptions
	patience patience
}

// Run runs the source.
func (s *normalized) Run(ctx context.Context, emit func(media.Frame)) error {
	within, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	n := &normalizer{normalized: s, ctx: within, cancel: cancel}
	n.emit = func(f media.Frame) {
		n.emitting.Lock()
		defer n.emitting.Unlock()
		emit(f)
	}
	err := s.source.Run(within, n.take)
	n.endConversion()
	if failed := context.Cause(within); failed != nil && ctx.Err() == nil {
		return failed
	}
	return err
}

// normalizer is one run of a normalized source. All is done in the source's
// goroutine, but for what conversion does in its own.
type normalizer struct {
	*normalized
	ctx    context.Context // of this run; its cause is why converting failed
	cancel context.CancelCauseFunc
	emit   func(media.Frame)
	first  time.Time     // when the first JPEG came
	last   time.Duration // media time of the last JPEG
	timed  bool          // the source gives media times
	format *media.Format // of the pictures that are converted

	box     *box               // nil while nothing is converted
	abandon context.CancelFunc // ends the conversion at once
	done    chan struct{}      // closed when all that is converted is emitted

	emitting sync.Mutex // sound passes while pictures are converted
}

// take takes a frame of the source, and does not wait.
func (n *normalizer) take(f media.Frame) {
	if f.Format.Codec.Kind() == media.Audio {
		n.emit(f)
		return
	}
	if f.Format.Codec != media.JPEG {
		n.endConversion()
		n.emit(f)
		return
	}
	n.stamp(&f)
	if n.box == nil {
		if n.options.Mode != NormalizeAlways && !f.Format.Unshowable {
			n.emit(f)
			return
		}
		n.convert(f.Format)
	}
	// What differs in the kind alone needs no other encoder.
	if n.format.Width != f.Format.Width || n.format.Height != f.Format.Height {
		n.format = f.Format
	}
	f.Format = n.format
	n.box.put(f)
}

// stamp gives a picture the times of its arrival, where it has none of its own:
// later it is too late. As in a stream, media time begins with 0.
func (n *normalizer) stamp(f *media.Frame) {
	now := time.Now()
	f.Arrived = now
	if f.Wall.IsZero() {
		f.Wall = now
	}
	switch {
	case f.PTS != 0:
		n.timed = true
	case n.first.IsZero():
		n.first = now
	case !n.timed:
		f.PTS = max(now.Sub(n.first), n.last+1)
	}
	n.last = f.PTS
}

// convert begins to convert pictures, in a goroutine that endConversion waits
// for.
func (n *normalizer) convert(first *media.Format) {
	o := n.options
	n.format, n.box, n.done = first, newBox(), make(chan struct{})
	r := &run{
		input:   n.box,
		request: Request{Codec: media.JPEG, Quality: normalQuality},
		convert: true,
		ffmpeg:  o.FFmpeg,
		job:     job{slots: o.Slots, stream: stream.Key{Camera: o.Camera}},
		load:    load{patience: n.patience},
		log:     o.Log,
		emit:    n.emit,
	}
	ctx, abandon := context.WithCancel(n.ctx)
	n.abandon = abandon
	o.Log.Info("camera's pictures are converted", "unshowable", first.Unshowable, "width", first.Width, "height", first.Height)
	go func() {
		defer close(n.done)
		if err := contained(o.Log, func() error { return r.all(ctx) }); !errors.Is(err, errNoMore) && ctx.Err() == nil {
			n.cancel(err)
		}
	}()
}

// endConversion has what was put into the box converted and emitted, if that
// takes no time.
func (n *normalizer) endConversion() {
	if n.box == nil {
		return
	}
	n.box.close()
	late := time.AfterFunc(drainGrace, n.abandon)
	<-n.done
	late.Stop()
	n.abandon()
	n.box = nil
}

// errNoMore ends the conversion of pictures.
var errNoMore = errors.New("no more pictures")

// box holds the newest picture of a camera for a run that converts them. One
// goroutine puts pictures in and one takes them out; who puts never waits.
type box struct {
	wake chan struct{} // cap 1: something changed

	mu     sync.Mutex // guards what follows
	frame  media.Frame
	full   bool
	lost   uint64 // frames that a newer one took the place of
	closed bool
}

func newBox() *box { return &box{wake: make(chan struct{}, 1)} }

func (b *box) put(f media.Frame) {
	b.mu.Lock()
	if b.full {
		b.lost++
	}
	b.frame, b.full = f, true
	b.mu.Unlock()
	b.signal()
}

// close ends what next gives, once the box is empty.
func (b *box) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.signal()
}

func (b *box) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *box) next(ctx context.Context) (media.Frame, error) {
	for {
		if f, ok, err := b.try(); ok || err != nil {
			return f, err
		}
		select {
		case <-b.wake:
		case <-ctx.Done():
			return media.Frame{}, ctx.Err()
		}
	}
}

func (b *box) try() (media.Frame, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.full:
		f := b.frame
		b.frame, b.full = media.Frame{}, false
		return f, true, nil
	case b.closed:
		return media.Frame{}, false, errNoMore
	}
	return media.Frame{}, false, nil
}

func (b *box) dropped() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lost
}
