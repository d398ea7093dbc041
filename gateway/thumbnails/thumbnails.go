// Package thumbnails makes small pictures of recordings, 160 pixels wide, one for
// each ten seconds, keeps them beside the recordings, and gives them out.
//
// They lie on a grid of time, so that the address of one is the same for whoever
// asks: the picture of a moment is that of the last keyframe before it, in the
// recording that has the moment. One worker makes those of all cameras, file by
// file as these are finished, with encoders that nobody else wants (Options.Spare).
// Where it falls behind, files are left out, and counted. What is missing is made
// when somebody asks, with all of its file, for one at a time.
package thumbnails

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"time"

	"framegate/gateway/places"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
	"framegate/gateway/record/thumbs"
	"framegate/gateway/stream"
)

const (
	// Grid is the time from one thumbnail to the next.
	Grid = 10 * time.Second
	// Width is that of thumbnails in pixels.
	Width = 160

	maxQueued = 64               // recordings that wait for the worker
	maxAsking = 32               // requests that wait for a picture to be made
	maxEach   = 16               // those of one client
	patience  = 10 * time.Second // how long such a request waits
	// attempts is how often the worker begins with a recording, where others need
	// its encoder.
	attempts = 3
)

var (
	// ErrNothing says that nothing is recorded of a moment.
	ErrNothing = errors.New("nothing is recorded of that moment")
	// ErrBusy says that a picture is not made yet, and cannot be made at present.
	ErrBusy = errors.New("that thumbnail has to be made, and there is too much to do at the moment; ask again later")
	// errPushed says that somebody else needs the encoder.
	errPushed = errors.New("a viewer needs the encoder")
)

// Recordings is where recordings and their thumbnails are found: what package
// record has. Its methods may be called from any goroutine.
type Recordings interface {
	// Between is index.Index.Between.
	Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error)
	// Growing gives what is being written of a camera, without an ID.
	Growing(camera string) (index.Segment, bool)
	// Open opens a segment, and gives its size.
	Open(index.Segment) (File, int64, error)
	// Thumbnail gives what is kept, and fs.ErrNotExist where nothing is.
	Thumbnail(of index.Segment, moment time.Time) (thumbs.Picture, error)
	// KeepThumbnails keeps pictures of a finished segment.
	KeepThumbnails(ctx context.Context, of index.Segment, pictures ...thumbs.Picture) error
}

// File is an open recording.
type File interface {
	io.ReaderAt
	io.Closer
}

// Options are what a Maker needs.
type Options struct {
	Recordings
	// Spare waits for an encoder that nobody else wants, until give is called, or for
	// long enough. It calls yield when somebody does. The error is ctx's.
	Spare  func(ctx context.Context, yield func()) (give func(), err error)
	FFmpeg string       // the program; "" means ffmpeg on the PATH
	Log    *slog.Logger // nil discards
}

// Maker makes thumbnails. Its methods may be called from any goroutine.
type Maker struct {
	options Options
	log     *slog.Logger
	encode  encode
	life    context.Context // of what is being made; done when Run's is
	end     context.CancelFunc
	queue   chan index.Segment
	turn    chan struct{} // of capacity 1: who is in makes pictures
	asking  *places.Places

	made, dropped, failed, asked atomic.Uint64
}

// Stats is what was done so far.
type Stats struct {
	Made    uint64 // pictures
	Dropped uint64 // recordings that were left out since there was too much to do
	Failed  uint64 // recordings of which none could be made
	Asked   uint64 // pictures that had to be made because somebody asked
	Queued  int    // recordings that wait
}

// New makes a Maker. It starts nothing.
func New(o Options) *Maker {
	life, end := context.WithCancel(context.Background())
	return &Maker{
		life: life, end: end,
		options: o, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)), encode: ffmpeg{o.FFmpeg}.encode,
		queue: make(chan index.Segment, maxQueued), turn: make(chan struct{}, 1), asking: places.New(maxAsking, maxEach),
	}
}

// Stats tells what was done so far.
func (m *Maker) Stats() Stats {
	return Stats{
		Made: m.made.Load(), Dropped: m.dropped.Load(), Failed: m.failed.Load(), Asked: m.asked.Load(), Queued: len(m.queue),
	}
}

// Finished has the thumbnails of a recording made, when there is time for it. It
// waits for nothing.
func (m *Maker) Finished(s index.Segment) {
	select {
	case m.queue <- s:
	default:
		m.dropped.Add(1)
	}
}

// Run makes what is to be made, until ctx is done.
func (m *Maker) Run(ctx context.Context) {
	defer context.AfterFunc(ctx, m.end)()
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-m.queue:
			m.work(ctx, s)
		}
	}
}

// work makes the thumbnails of a recording, for which it waits as long as others
// need the encoders.
func (m *Maker) work(ctx context.Context, s index.Segment) {
	for range attempts {
		err := m.inTurn(ctx, func() error { _, err := m.makeAll(ctx, s, false); return err })
		switch {
		case err == nil, ctx.Err() != nil, errors.Is(err, fs.ErrNotExist): // it was deleted
			return
		case !errors.Is(err, errPushed):
			m.failed.Add(1)
			m.log.Debug("no thumbnails are made of a recording", "file", s.Path, "err", err)
			return
		}
	}
	m.dropped.Add(1)
}

// inTurn does something while nobody else does.
func (m *Maker) inTurn(ctx context.Context, do func() error) error {
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-m.turn }()
	return do()
}

// makeAll makes the thumbnails of a recording, and keeps them if it is finished. It
// gives them also beside an error of keeping them. ctx is for how long it waits for an
// encoder: what it has begun it finishes, though nobody may wait for it any more. Where
// making takes longer than anybody waits, it would be begun for each who asks, and never
// be done.
func (m *Maker) makeAll(ctx context.Context, s index.Segment, waited bool) ([]thumbs.Picture, error) {
	if len(moments(s)) == 0 {
		return nil, nil
	}
	encoding, cancel := context.WithCancelCause(m.life)
	defer cancel(nil)
	give, err := m.options.Spare(ctx, func() { cancel(errPushed) })
	if err != nil {
		return nil, err
	}
	pictures, err := m.picturesOf(encoding, s, waited)
	give()
	if pushed := context.Cause(encoding); err != nil && errors.Is(pushed, errPushed) {
		return nil, errPushed
	}
	if err != nil {
		return nil, err
	}
	m.made.Add(uint64(len(pictures)))
	if s.ID == 0 || len(pictures) == 0 {
		return pictures, nil
	}
	return pictures, m.options.KeepThumbnails(m.life, s, pictures...)
}

// Picture gives a client the thumbnail of a moment, of which lasting says that it never
// becomes another. The error is ErrNothing, ErrBusy, ctx's, or of the recordings.
func (m *Maker) Picture(ctx context.Context, client stream.Client, camera string, at time.Time) (p thumbs.Picture, lasting bool, err error) {
	moment := at.UTC().Truncate(Grid)
	s, err := m.find(ctx, camera, moment)
	if err != nil {
		return p, false, err
	}
	if p, err = m.kept(s, moment); !errors.Is(err, fs.ErrNotExist) {
		return p, true, err
	}
	leave, ok := m.asking.Take(client)
	if !ok {
		return p, false, ErrBusy
	}
	defer leave()
	waiting, cancel := context.WithTimeoutCause(ctx, patience, ErrBusy)
	defer cancel()
	err = m.inTurn(waiting, func() error {
		p, err = m.request(waiting, s, moment)
		return err
	})
	if ctx.Err() == nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errPushed)) {
		err = ErrBusy
	}
	return p, s.ID != 0, err
}

// kept gives a thumbnail that was made.
func (m *Maker) kept(s index.Segment, moment time.Time) (thumbs.Picture, error) {
	if s.ID == 0 {
		return thumbs.Picture{}, fs.ErrNotExist
	}
	return m.options.Thumbnail(s, moment)
}

// request makes a thumbnail for somebody, unless that was done while it waited.
func (m *Maker) request(ctx context.Context, s index.Segment, moment time.Time) (thumbs.Picture, error) {
	if p, err := m.kept(s, moment); !errors.Is(err, fs.ErrNotExist) {
		return p, err
	}
	m.asked.Add(1)
	all, err := m.makeAll(ctx, s, true)
	for _, p := range all {
		if p.Moment.Equal(moment) {
			if err != nil {
				m.log.Debug("thumbnails of a recording are not kept", "file", s.Path, "err", err)
			}
			return p, nil
		}
	}
	if err == nil || unreadable(err) {
		err = ErrNothing
	}
	return thumbs.Picture{}, err
}

// unreadable says that a file is as good as not there.
func unreadable(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, segment.ErrNothing) || errors.Is(err, segment.ErrDamaged) || errors.Is(err, segment.ErrForeign)
}

// neighbours is how many recordings are looked at for a moment.
const neighbours = 32

// find gives the recording that has a moment: of several the one that was written
// last, and one that ended just before where it is between two.
func (m *Maker) find(ctx context.Context, camera string, moment time.Time) (best index.Segment, err error) {
	rows, err := m.options.Between(ctx, camera, moment.Add(-index.Joint), moment.Add(time.Microsecond), neighbours)
	if err != nil {
		return best, err
	}
	if g, ok := m.options.Growing(camera); ok && !g.Start.After(moment) && g.End.After(moment) {
		return g, nil
	}
	found := false
	for _, s := range rows {
		has, had := s.To().After(moment), best.To().After(moment)
		if s.Lost || s.From().After(moment) || s.To().Before(moment.Add(-index.Joint)) || found && had && !has {
			continue
		}
		if !found || has && !had || s.WrittenAfter(best) {
			best, found = s, true
		}
	}
	if !found {
		return best, ErrNothing
	}
	return best, nil
}
