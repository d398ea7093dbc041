// Package rendition makes the renditions of cameras: a Source reads a camera's
// stream and gives its pictures in another codec, size, rate or quality.
//
// Where the camera already sends what is asked for, its bytes pass through and
// no ffmpeg runs; a lower rate alone is had by leaving JPEGs out. Otherwise
// one ffmpeg serves all who ask alike, and runs while they do: the stream of
// the rendition counts its readers, and the Source is one reader of the
// camera's.
//
// The composition root makes a Source for each key that is opened; Request says
// what keys there are. Normalized is for cameras themselves: it makes JPEGs
// showable that are not.
//
// An encoder that cannot keep up gets fewer pictures, at a lower rate, and not
// later ones (load). Slots know of all encoders.
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

// errAway ends a run whose camera is: its viewers shall see that, and who comes
// then shall not be shown what was there before.
var errAway = errors.New("camera is away")

// Options say what a Source makes of what.
type Options struct {
	Hub     *stream.Hub
	Camera  string
	Request Request
	Common  bool              // it is what all get who ask for nothing else, and counts as nobody's own
	FFmpeg  string            // the program; "" means ffmpeg on the PATH
	HWAccel transcode.HWAccel // "" means none; not transcode.HWAuto
	Slots   *Slots
	Log     *slog.Logger // nil discards
}

// Source is one rendition of one camera.
type Source struct {
	options  Options
	patience patience
	given    given // by all runs so far
}

// New makes a Source. It starts nothing.
func New(o Options) *Source {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Source{options: o, patience: usualPatience}
}

// Run gives the camera's pictures as they are asked for, until ctx is done,
// the camera fails or goes away, or ffmpeg fails.
func (s *Source) Run(ctx context.Context, emit func(media.Frame)) error {
	if s.options.Request.Sub {
		return s.runSmall(ctx, emit)
	}
	return s.show(ctx, emit, "", false)
}

// show gives pictures that are made of what the camera sends, or its sub-stream, until
// that ends. Where pictures were shown already none is encoded that is old.
func (s *Source) show(ctx context.Context, emit func(media.Frame), of string, shown bool) error {
	o := s.options
	reader, err := s.open(of)
	if err != nil {
		return err
	}
	defer func() { reader.Close() }()
	if of == stream.Sub && reader.State() != stream.Online {
		return reader.Because(errAway) // it is shown only while it is there
	}
	r := &run{
		input:   camera{reader},
		request: o.Request,
		ffmpeg:  o.FFmpeg,
		hwaccel: o.HWAccel,
		job:     job{slots: o.Slots, stream: stream.Key{Camera: o.Camera, Rendition: o.Request.Key()}, use: o.use()},
		load:    load{patience: s.patience},
		log:     o.Log.With("rendition", o.Request.Key()),
		surplus: surplus{most: o.Request.FPS, found: o.Request.evidentlyLess(reader.FPS())},
		shown:   shown,
		had:     s.given,
		emit: func(f media.Frame) {
			s.given.note(f)
			emit(f)
		},
	}
	for {
		if err := r.all(ctx); !errors.Is(err, errSurplus) {
			return err
		}
		again, err := s.open(of)
		if err != nil {
			return err
		}
		reader.Close()
		reader = again
		if reader.State() != stream.Online {
			return reader.Because(errAway) // nobody may join at what passed
		}
		r.input, r.lost, r.shown = camera{reader}, 0, true
	}
}

// open opens what the camera sends, or its sub-stream, at its newest keyframe.
func (s *Source) open(of string) (*stream.Reader, error) {
	return s.options.Hub.Open(s.key(of), stream.ReadOptions{RunEnds: true})
}

// use says what the Source takes a slot for.
func (o *Options) use() use {
	if o.Common {
		return forAll
	}
	return forSome
}

// input is where a run has its frames from.
type input interface {
	// next waits for a frame, and try does not.
	next(ctx context.Context) (media.Frame, error)
	try() (f media.Frame, ok bool, err error)
	// dropped counts the frames that were lost because nobody called next.
	dropped() uint64
}

// camera is a camera's stream, as a run sees it.
type camera struct{ reader *stream.Reader }

// next waits for a frame. Once frames have come, the end of the camera's run is
// an error.
func (c camera) next(ctx context.Context) (media.Frame, error) {
	frame, err := c.reader.Next(ctx)
	if errors.Is(err, stream.ErrRunEnded) {
		err = c.reader.Because(errAway)
	}
	return frame, err
}

func (c camera) try() (media.Frame, bool, error) { return c.reader.TryNext() }

func (c camera) dropped() uint64 { return c.reader.Dropped() }

// run is one life of a Source, or of what makes a camera's pictures showable.
type run struct {
	input   input
	request Request
	convert bool // JPEGs go through an encoder even if they are what is asked for
	ffmpeg  string
	hwaccel transcode.HWAccel
	job     job
	load    load
	log     *slog.Logger
	emit    func(media.Frame)
	surplus surplus

	format  *media.Format // of the camera's frames
	encoder *encoder      // nil where bytes pass
	due     time.Duration // media time from which on a frame is wanted again
	lost    uint64        // of input.dropped, those that are accounted for
	shown   bool          // what comes first has passed already, up to the present
	had     given         // by the runs before
}

// all passes on all frames there are.
func (r *run) all(ctx context.Context) error {
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

// take passes one frame on, through an encoder if need be.
func (r *run) take(ctx context.Context, frame media.Frame) error {
	changed := frame.Format != r.format
	if changed && !frame.Key {
		return nil // nothing can be made of it
	}
	if changed && r.format != nil {
		r.surplus.restart()
	}
	if r.request.Passes(frame.Format) && !r.convert && !r.surplus.in(frame) {
		if changed {
			r.stop()
			r.format = frame.Format
		}
		if r.wanted(frame) {
			r.emit(frame)
		}
		return nil
	}
	if r.encoder == nil && !frame.Key {
		return errSurplus
	}
	if changed || r.encoder == nil || frame.Key && r.encoder.fps != r.decoderFPS(frame.Format) {
		return r.change(ctx, frame)
	}
	r.account()
	if frame.Format.Codec == media.JPEG {
		if !r.wanted(frame) {
			return nil
		}
		r.load.wrote()
	}
	return r.encoder.write(frame)
}

// change goes on with another encoder, from this keyframe on or, where it has
// to wait for its turn, from the newest one then.
func (r *run) change(ctx context.Context, first media.Frame) error {
	began := time.Now()
	if err := r.admit(ctx); err != nil {
		return err
	}
	frames, other, err := r.backlog(first, time.Since(began) > longWait)
	if err != nil {
		return err
	}
	if other != nil {
		return r.take(ctx, *other)
	}
	if r.format == nil {
		frames[0].Beside = 0 // something is seen at once
		r.shown = r.shown || r.had.has(&frames[0], mostAgain)
	}
	if err := r.begin(ctx, frames); err != nil {
		return err
	}
	r.format, r.shown = first.Format, false
	err = r.encoder.writeAll(frames)
	r.newlyLost() // while it started, which says nothing of how it will do
	r.load.restart(time.Now())
	return err
}

// account has the load judged with each frame, and says so when the encoder
// begins to be, or is no more, too slow.
func (r *run) account() {
	lost := r.newlyLost()
	r.job.drop(lost)
	before := r.load.fps
	if !r.load.note(time.Now(), lost, r.request.FPS) {
		return
	}
	r.job.step(r.load.fps, before == 0 || r.load.fps != 0 && r.load.fps < before)
	switch {
	case before == 0:
		r.log.Warn("encoder cannot keep up, and gets fewer pictures", "fps", r.load.fps)
	case r.load.fps == 0:
		r.log.Info("encoder keeps up again, and gets all pictures")
	}
}

// newlyLost gives how many frames were lost since it was called last.
func (r *run) newlyLost() uint64 {
	total := r.input.dropped()
	lost := total - r.lost
	r.lost = total
	return lost
}

// fps is the rate that is wanted, or less if the encoder is too slow for it; 0
// is all there are.
func (r *run) fps() int {
	if r.load.fps > 0 && (r.request.FPS == 0 || r.load.fps < r.request.FPS) {
		return r.load.fps
	}
	return r.request.FPS
}

// decoderFPS is what an encoder has to be told of the rate. JPEGs are left out
// before it.
func (r *run) decoderFPS(f *media.Format) int {
	if f.Codec == media.JPEG {
		return 0
	}
	return r.fps()
}

// wanted says whether a frame that needs no other is to be shown, at the rate
// asked for.
func (r *run) wanted(frame media.Frame) bool {
	fps := r.fps()
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

// longWait is how long an encoder waits for its turn until what came meanwhile
// is old.
const longWait = 100 * time.Millisecond

// admit waits for a slot, and for the turn to start.
func (r *run) admit(ctx context.Context) error {
	if err := r.job.take(ctx); err != nil {
		return err
	}
	return r.job.awaitStart(ctx)
}

// backlog gives the frames that were there already when the camera's stream
// was joined at first, the present one last; or, if it is late, those from the
// newest keyframe on. A frame of another format comes instead of them.
func (r *run) backlog(first media.Frame, late bool) (frames []media.Frame, other *media.Frame, err error) {
	frames = []media.Frame{first}
	for late || frames[len(frames)-1].Backlog {
		frame, ok, err := r.input.try()
		switch {
		case err != nil:
			return nil, nil, err
		case !ok:
			return frames, nil, nil
		case frame.Format != first.Format:
			return nil, &frame, nil
		case frame.Key && frame.Beside != media.Behind:
			frames = frames[:0]
		}
		frames = append(frames, frame)
	}
	return frames, nil, nil
}

// begin starts an encoder for frames like these. It starts the new one before
// it ends the old, which gives what it has inside.
func (r *run) begin(ctx context.Context, frames []media.Frame) error {
	next, err := startEncoder(ctx, r.spec(frames), r.request.Codec, r.log)
	if err != nil {
		return err
	}
	if r.encoder != nil {
		r.encoder.stop()
	}
	r.job.works(next)
	next.run = frames[0].Run
	r.encoder = next
	next.deliver(r.emit)
	return nil
}

// stop ends the encoder, if there is one.
func (r *run) stop() {
	if r.encoder != nil {
		r.encoder.stop()
		r.encoder = nil
		r.job.works(nil)
		r.job.drop(r.newlyLost())
	}
	r.load = load{patience: r.load.patience}
	r.job.end()
}

// old counts the frames that are shown before the present one, which is the last
// unless one was sought.
func old(frames []media.Frame) int {
	before, sought := 0, false
	for i := range frames {
		sought = sought || frames[i].Beside != 0
		if frames[i].Beside == media.Before {
			before++
		}
	}
	if sought {
		return before
	}
	return len(frames) - 1
}

// spec says what ffmpeg has to do with frames like these.
func (r *run) spec(frames []media.Frame) transcode.Spec {
	format := frames[0].Format
	spec := transcode.Spec{
		FFmpeg:  r.ffmpeg,
		HWAccel: r.hwaccel,
		Config:  format.Config,
		Out:     transcode.JPEG,
		Hurry:   old(frames),
		Unshown: r.shown || frames[0].Beside == media.Before,
		MaxFPS:  r.decoderFPS(format),
	}
	switch format.Codec {
	case media.JPEG:
		spec.In = transcode.JPEG
	case media.H264:
		spec.In = transcode.H264
	case media.H265:
		spec.In = transcode.H265
	}
	if r.request.Codec == media.H264 {
		spec.Out = transcode.H264
	}
	spec.Quality = r.request.Quality
	spec.InWidth, spec.InHeight = format.Width, format.Height
	spec.Width, spec.Height = r.request.encodedSize(format)
	return spec
}
