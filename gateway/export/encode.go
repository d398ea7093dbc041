package export

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/playback"
	"framegate/gateway/playback/clip"
	"framegate/transcode"
)

const (
	// maxPixels is what encoded pictures have at most: larger ones take too long,
	// and are played by few.
	maxPixels = 3840 * 2160
	// attempts is how often it is tried to go on where ffmpeg gave nothing more,
	// and maxUnread how many pictures in a row may not be read.
	attempts  = 3
	maxUnread = 100
)

var (
	// errPushed says that somebody else needs the encoder.
	errPushed = errors.New("a viewer needs the encoder")
	// errUndecodable: there are pictures, but ffmpeg makes nothing of them.
	errUndecodable = errors.New("the pictures could not be decoded; the server's log may say why")
)

// encoding is one camera's stretch of time as it is encoded.
type encoding struct {
	work     *work
	camera   string
	film     film
	from, to time.Time     // of the pictures that are still wanted
	width    int           // of all pictures; 0 before the first
	height   int           //
	format   *media.Format // of the last picture that came out
	config   []byte        // of that, as ffmpeg gave it

	// Of a timelapse: when its first picture was taken, how far what came out is, and
	// what went into ffmpeg since.
	base   time.Time
	far    lapse
	inside []lapse
	mu     sync.Mutex // guards inside
}

// encoded calls use with a clip of a camera that is encoded. Pictures are read
// one after another, and go through an ffmpeg for each uninterrupted stretch of
// them into files, of which a clip is then made: so times are those of the
// recording, and what ffmpeg makes of times does not matter.
func (w *work) encoded(ctx context.Context, camera string, use func(movie) error) error {
	dir := filepath.Join(w.dir, camera)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	spent := int64(0)
	spend := func(n int64) error { spent += n; return w.exports.spend(ctx, n, 0) } // an encoder is not kept for a wait
	x := &encoding{
		work: w, camera: camera, from: w.request.From, to: w.request.To,
		film: film{dir: dir, camera: camera, spend: spend},
	}
	defer x.film.close()
	if err := x.beginning(ctx); err != nil {
		return err
	}
	if err := x.listen(ctx); err != nil {
		return err
	}
	if err := x.all(ctx); err != nil {
		return err
	}
	if len(x.film.rows) == 0 {
		return errUndecodable
	}
	c, err := clip.New(ctx, &x.film, &x.film, clip.Request{Camera: camera, From: x.film.rows[0].Start, To: w.request.To})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := use(x.movie(c)); err != nil {
		return err
	}
	w.exports.refund(spent)
	return os.RemoveAll(dir)
}

// beginning finds the picture to begin with: the one that is shown then, or the
// keyframe before it. Where nothing is recorded it is what comes first.
func (x *encoding) beginning(ctx context.Context) error {
	p, err := x.work.exports.options.Library.At(ctx, x.camera, x.from, x.work.request.Start == Keyframe || x.work.request.lapses())
	if errors.Is(err, playback.ErrNothing) {
		return nil
	}
	if err != nil {
		return err
	}
	defer p.Close()
	x.from = p.Wall
	return nil
}

// listen finds what sound goes along, if any can be read and is wanted. A timelapse has none.
func (x *encoding) listen(ctx context.Context) error {
	if x.work.request.lapses() || x.work.request.Silent {
		return nil
	}
	o := x.work.exports.options
	sounds, err := clip.SoundsOf(ctx, o.Finder, o.Opener, x.camera, x.from, x.to)
	if err == nil && sounds.Format != nil {
		x.film.sounds = sounds
	}
	return ctx.Err()
}

// all encodes what is wanted, while others leave an encoder to it. Where it has to
// give way, or ffmpeg fails, it goes on behind the last picture that came out.
func (x *encoding) all(ctx context.Context) error {
	for left := attempts; ; {
		from := x.from
		err := x.spared(ctx)
		if cut := x.film.cut(ctx); cut != nil {
			return cut
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		if left--; x.from.After(from) || errors.Is(err, errPushed) {
			left = attempts
		}
		if left == 0 || !errors.As(err, new(encoderError)) && !errors.Is(err, errPushed) {
			return err
		}
		x.work.exports.log.Debug("an export is taken up again", "export", x.work.job.ID, "at", x.from, "err", err)
	}
}

// encoderError is what ffmpeg failed with.
type encoderError struct{ error }

func (e encoderError) Unwrap() error { return e.error }

// spared encodes with an encoder that nobody else wants.
func (x *encoding) spared(ctx context.Context) error {
	working, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	give, err := x.work.exports.options.Spare(working, func() { cancel(errPushed) })
	if err != nil {
		return err
	}
	defer give()
	err = x.some(working)
	if err != nil && working.Err() != nil {
		return context.Cause(working)
	}
	return err
}

// some encodes what is wanted, stretch by stretch.
func (x *encoding) some(ctx context.Context) (err error) {
	cursor := x.work.exports.options.Library.Cursor(x.camera)
	defer cursor.Close()
	from := x.from
	if err := cursor.Seek(ctx, from); err != nil {
		return err
	}
	var s *stretch
	defer func() {
		if s != nil {
			s.end()
		}
	}()
	far := x.far
	for unread := 0; ctx.Err() == nil; { // who needs the encoder does not wait until a pipe is full
		f, err := x.next(ctx, cursor, &far)
		if err != nil && !errors.Is(err, playback.ErrEnd) && ctx.Err() == nil {
			if unread++; unread < maxUnread {
				continue // it is a hole
			}
			return err
		}
		if err != nil || !f.Decode.Before(x.to) {
			if s == nil || ctx.Err() != nil {
				return ctx.Err()
			}
			return s.finish(ctx)
		}
		unread = 0
		if f.Format.Codec == media.JPEG && f.Wall.Before(from) {
			continue // nothing leans on it
		}
		if s != nil && !s.takes(f) {
			if err := s.finish(ctx); err != nil {
				return err
			}
			s = nil
		}
		if s == nil {
			if s, err = x.begin(ctx, f, from); err != nil {
				return err
			}
			s.shown = far.shown
		}
		if err := s.write(f, far); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// next gives the picture that is to be encoded next; of a timelapse it notes how far
// that is.
func (x *encoding) next(ctx context.Context, cursor *playback.Cursor, far *lapse) (f playback.Frame, err error) {
	if !x.work.request.lapses() {
		return cursor.Next(ctx)
	}
	f, *far, err = far.next(ctx, cursor, x.work.request)
	return f, err
}

// stretch is one ffmpeg, and what goes through it: pictures of one format that
// follow on each other.
type stretch struct {
	encoding *encoding
	ctx      context.Context // while what comes out is taken
	cancel   func()
	process  *transcode.Process
	of       *media.Format
	first    time.Time     // of the pictures written
	shown    time.Duration // when that is shown in a timelapse
	from     time.Time     // of those that are wanted
	done     chan error
	over     bool // done was read
}

// begin begins one with a picture, of those that are wanted from a time on.
func (x *encoding) begin(ctx context.Context, f playback.Frame, from time.Time) (*stretch, error) {
	spec := transcode.Spec{
		FFmpeg: x.work.exports.options.FFmpeg, Config: f.Format.Config, InWidth: f.Format.Width, InHeight: f.Format.Height,
		Out: transcode.H264, Fit: true, Whole: true, Lasting: true, Background: true,
	}
	switch f.Format.Codec {
	case media.H264:
		spec.In, spec.Skip = transcode.H264, max(from.Sub(f.Wall), 0)
	case media.H265:
		spec.In, spec.Skip = transcode.H265, max(from.Sub(f.Wall), 0)
	case media.JPEG:
		spec.In = transcode.JPEG
	default:
		return nil, fmt.Errorf("pictures of %v: %w", f.Format.Codec, errUndecodable)
	}
	if x.width == 0 {
		x.width, x.height = sizeOf(f.Format, x.work.request.Width)
	}
	if x.width != f.Format.Width || x.height != f.Format.Height {
		spec.Width, spec.Height = x.width, x.height
	}
	if x.work.request.Clock {
		spec.Clock = f.Wall.In(x.work.zone)
	}
	spec.Evenly = x.work.request.lapses()
	x.inside = nil
	ctx, cancel := context.WithCancel(ctx)
	process, err := transcode.Start(ctx, spec)
	if err != nil {
		cancel()
		return nil, encoderError{err}
	}
	s := &stretch{encoding: x, ctx: ctx, cancel: cancel, process: process, of: f.Format, first: f.Wall, from: from, done: make(chan error, 1)}
	go func() { // ends with the process
		err := s.read()
		process.Close() // who writes learns of it
		s.done <- err
	}()
	return s, nil
}

// sizeOf gives the size of what is encoded of a format: an even one.
func sizeOf(f *media.Format, width int) (w, h int) {
	w, h = max(f.Width, 2), max(f.Height, 2)
	scale := min(1, math.Sqrt(maxPixels/float64(w*h)))
	if width > 0 {
		scale = min(scale, float64(width)/float64(w))
	}
	if scale < 1 {
		w, h = int(math.Round(float64(w)*scale)), int(math.Round(float64(h)*scale))
	}
	return max(w&^1, 2), max(h&^1, 2)
}

// takes says whether a picture goes through the same ffmpeg as those before it.
func (s *stretch) takes(f playback.Frame) bool {
	if s.encoding.work.request.lapses() { // no picture leans on another
		return alike(s.of, f.Format) && f.Wall.Sub(s.first) < lapseStretch
	}
	return s.of == f.Format
}

// write gives ffmpeg a picture, with which a timelapse is so far. The clock is that of
// its media time.
func (s *stretch) write(f playback.Frame, far lapse) error {
	p := transcode.Packet{PTS: f.Wall.Sub(s.first), Wall: f.Wall, Key: f.Key, Data: f.Data}
	if x := s.encoding; x.work.request.lapses() {
		x.enter(far)
		if !x.work.request.Clock {
			p.PTS = far.shown - s.shown
		}
	}
	err := s.process.Write(p)
	if err == nil {
		return nil
	}
	if why := s.end(); why != nil && !errors.As(why, new(encoderError)) {
		return why
	}
	return encoderError{err}
}

// finish lets ffmpeg give what it has, and ends the file.
func (s *stretch) finish(ctx context.Context) error {
	s.process.CloseWrite()
	err := <-s.done
	s.over = true
	s.end()
	if err != nil {
		return err
	}
	return s.encoding.film.cut(ctx)
}

// end ends ffmpeg, and says why nothing came out any more.
func (s *stretch) end() error {
	s.cancel()
	s.process.Close()
	if s.over {
		return nil
	}
	s.over = true
	return <-s.done
}

// read takes what ffmpeg gives. After it nobody but who waited for it touches the
// film.
func (s *stretch) read() error {
	x := s.encoding
	for {
		p, err := s.process.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return encoderError{err}
		}
		if err := s.ctx.Err(); err != nil { // it gives what it has, and so not all in order
			return encoderError{err}
		}
		if p.Wall.Before(s.from) || !p.Wall.Before(x.to) {
			continue
		}
		if x.format == nil || !bytes.Equal(x.config, p.Config) {
			if x.format, err = media.FormatOfAVCC(p.Config); err != nil {
				return encoderError{err}
			}
			x.config = p.Config
		}
		if x.film.reel == nil && !p.Key {
			return encoderError{errors.New("ffmpeg did not begin with a keyframe")}
		}
		shown, err := x.shown(p.Wall)
		if err != nil {
			return encoderError{err}
		}
		if err := x.film.add(s.ctx, media.Frame{Key: p.Key, Format: x.format, Data: p.Data, Wall: shown}); err != nil {
			if s.ctx.Err() != nil {
				err = encoderError{err}
			}
			return err
		}
		x.from = p.Wall.Add(time.Millisecond) // which is what ffmpeg tells apart
		x.work.progress(float64(p.Wall.Sub(x.work.request.From)) / float64(x.to.Sub(x.work.request.From)))
	}
}
