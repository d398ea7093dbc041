package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"framegate/gateway/media"
)

// stream is one camera in one rendition: its tracks, their readers, and the run of
// its source. Its goroutine, supervise, lives while the stream has readers and
// a linger longer, and is the only one that starts the source; frames of a
// publisher come by attach instead.
type stream struct {
	key    Key
	number uint64 // see Reader.Stream
	source Source // nil: frames come by attach alone
	hub    *Hub

	mu       sync.Mutex // guards what follows, and the readers' cursors
	pictures track
	sound    track
	portions portions    // of sound
	kept     media.Frame // newest keyframe of pictures ever; outlives the ring
	foreign  uint64      // up to this run pictures were of somewhere else
	readers  int
	holders  int           // of the readers, those that wait for no frame
	onces    int           // of the readers, those that want one frame
	clients  []Client      // of the readers, those whom they serve, in the order they came
	resting  chan struct{} // what the source rests on, or nil: see Rest
	closed   bool

	supervised bool               // supervise lives
	attached   bool               // a publisher's run is on
	stop       context.CancelFunc // ends supervise's present life, or the publisher's run
	linger     *time.Timer        // runs stopUnread
	yields     bool               // the present life has no linger: see Life.Yield
	watched    bool               // somebody reads who wants more than one frame, or did in the present life
	run        *run               // the run that may emit, or nil
	awaiting   bool               // what it reads from failed, and there is no news yet
	hurry      context.CancelFunc // has the pause after a failed run look again when it is over, or nil

	retries     retries // when the source may be run again, whoever comes and goes
	failures    uint64  // runs of the source that ended by themselves
	failed      [reasons]uint64
	lastError   error
	lastErrorAt time.Time
	counters
}

// run is one uninterrupted life of a source.
type run struct {
	stream *stream
	number uint64 // among all of the hub
	began  time.Time
	frames uint64        // of pictures, where there are any
	pts    time.Duration // of the last one
	wall   time.Time     // of that
	timed  bool          // the source gives media times
	first  time.Time     // when the first frame came
	heard  soundTimes
	waking []*Reader // the emitting goroutine's own: see wake
}

// state says how the stream is. The stream is locked.
func (s *stream) state() State {
	switch {
	case s.run != nil && s.run.frames > 0:
		return Online
	case s.run != nil:
		return Connecting
	case s.readers == 0:
		return Idle
	case s.source == nil || s.failing():
		return Offline
	}
	return Connecting
}

// failing says that the source is not run for now, for the sake of lastError.
// The stream is locked.
func (s *stream) failing() bool {
	return s.awaiting || time.Now().Before(s.retries.due)
}

// join adds a reader and sees to it that the source runs.
func (s *stream) join(options ReadOptions) *Reader {
	r := &Reader{stream: s, track: s.track(options.Sound), options: options, wake: make(chan struct{}, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.track.readers++
	r.failures = s.failures
	if s.failing() {
		r.failures-- // so that it hears at once what is wrong
	}
	if s.readers++; s.readers == 1 {
		s.hub.options.Changed()
	}
	if options.Hold {
		s.holders++
	} else {
		s.endRest()
	}
	if options.Once {
		s.onces++
	} else {
		s.watched = true
	}
	if options.Sequential {
		r.track.sequels = append(r.track.sequels, r)
		r.track.resize()
	}
	if options.Client != nil {
		client := *options.Client // which the caller may change
		r.options.Client = &client
		s.clients = append(s.clients, client)
	}
	if s.linger != nil {
		s.linger.Stop()
	}
	s.start()
	return r
}

// start has the source run, where there is one and somebody reads. A publisher's run
// ends before. The stream is locked, and the hub closed only if the stream is.
func (s *stream) start() {
	if s.source == nil || s.readers == 0 || s.supervised || s.attached || s.closed {
		return
	}
	s.supervised = true
	s.hub.lives.Add(1)
	go s.supervise() // ends when nobody reads or the hub closes; Hub.Close waits for it
}

// leave takes a reader away and starts the linger after the last. It says
// whether the reader was still there.
func (s *stream) leave(r *Reader) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.closed {
		return false
	}
	r.closed = true
	r.track.readers--
	if s.readers--; s.readers == 0 {
		s.hub.options.Changed()
	}
	if r.options.Hold {
		s.holders--
	}
	if r.options.Once {
		s.onces--
	}
	if r.options.Sequential {
		r.track.sequels = slices.DeleteFunc(r.track.sequels, func(other *Reader) bool { return other == r })
		r.track.resize()
	}
	if c := r.options.Client; c != nil {
		i := slices.Index(s.clients, *c)
		s.clients = slices.Delete(s.clients, i, i+1)
	}
	r.stopWaiting()
	r.signal()
	s.startLinger()
	return true
}

// startLinger begins the time after which a stream that nobody reads stops. The
// stream is locked.
func (s *stream) startLinger() {
	switch {
	case s.readers > 0 || !s.supervised:
	case s.yields, s.run == nil: // nothing runs on that somebody could come back to
		s.stopIfUnread()
	case s.linger == nil:
		s.linger = time.AfterFunc(s.lingers(), s.stopUnread)
	default:
		s.linger.Reset(s.lingers())
	}
}

// lingers is how long the source runs on. A rendition's encoder is soon there
// again; what takes long to be is its camera. The stream is locked.
func (s *stream) lingers() time.Duration {
	switch {
	case s.key.sent():
		return s.hub.options.Linger
	case s.watched:
		return min(s.hub.options.Linger, renditionLinger)
	}
	return min(s.hub.options.Linger, onceLinger)
}

func (s *stream) stopUnread() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopIfUnread()
}

// stopIfUnread ends the present life if nobody reads. The stream is locked.
func (s *stream) stopIfUnread() {
	if s.readers == 0 && s.supervised && s.stop != nil {
		s.stop()
	}
}

// supervise runs the source for as long as somebody reads.
func (s *stream) supervise() {
	defer s.hub.lives.Done()
	defer s.hub.forget(s)
	for {
		ctx, source, wanted := s.startLife()
		if !wanted {
			return
		}
		s.runRepeatedly(ctx, source)
	}
}

// startLife gives the context of supervise's next life, which ends when
// nobody has read for the linger or the source changes, and the source of it.
// Without readers there is none, and the stream becomes idle.
func (s *stream) startLife() (ctx context.Context, source Source, wanted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
	s.yields, s.watched = false, s.readers > s.onces
	if s.readers == 0 || s.closed || s.source == nil {
		s.supervised = false
		s.clear()
		return nil, nil, false
	}
	ctx, s.stop = context.WithCancel(context.Background())
	return ctx, s.source, true
}

// runRepeatedly runs the source again and again, with a pause after each
// run, until ctx is done.
func (s *stream) runRepeatedly(ctx context.Context, source Source) {
	release := func() {} // what this stream reads from, which must not stop before the run has its own reader
	for s.sitOut(ctx); ctx.Err() == nil; s.sitOut(ctx) {
		err := s.runOnce(ctx, source)
		release()
		release = func() {}
		if ctx.Err() != nil {
			return
		}
		s.logFailure(err, s.fail(ctx, err))
		var upstream *SourceError
		if errors.As(err, &upstream) && upstream.from != nil && ctx.Err() == nil {
			release = upstream.from.awaitNews(ctx, upstream.failures)
		}
	}
	release()
}

// logFailure warns of each reason once, however often a camera that is away is
// tried again; and of a rendition's camera not at all, since that has a stream
// of its own.
func (s *stream) logFailure(err error, news bool) {
	level := slog.LevelDebug
	var upstream *SourceError
	if news && !errors.As(err, &upstream) {
		level = slog.LevelWarn
	}
	s.hub.options.Log.Log(context.Background(), level, "source ended", "stream", s.key.String(), "reason", fmt.Sprint(err))
}

// runOnce is one run of a source. Whatever the source does, no frame of it
// is taken once this has returned.
func (s *stream) runOnce(ctx context.Context, source Source) (err error) {
	run := s.beginRun()
	defer s.endRun()
	defer func() {
		if p := recover(); p != nil {
			s.hub.options.Log.Error("source panicked", "stream", s.key.String(), "panic", p, "stack", string(debug.Stack()))
			err = &panicError{fmt.Errorf("internal error: %v", p)}
		}
	}()
	return source.Run(context.WithValue(ctx, lifeKey{}, s), run.emit)
}

func (s *stream) beginRun() *run {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run = &run{stream: s, number: s.hub.ran.Add(1), began: time.Now()}
	s.runs++
	s.pace = pace{}
	s.endTracks()
	s.hub.options.Changed()
	return s.run
}

func (s *stream) endRun() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run != nil {
		s.retries.ended(s.run.began, time.Now(), s.run.frames)
	}
	s.run = nil
	s.endTracks()
	s.hub.options.Changed()
	s.wakeAll() // for those who ask for it (ReadOptions.RunEnds)
}

// fail notes why a run ended by itself, tells the readers, without whom the
// source is not run again, and says whether the reason is another than the last
// time. What a source says that was replaced meanwhile, which ends ctx, is not
// noted.
func (s *stream) fail(ctx context.Context, err error) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	s.failures++
	s.failed[ReasonOf(err)]++
	s.lastError, s.lastErrorAt = err, time.Now()
	var upstream *SourceError
	if errors.As(err, &upstream) {
		s.lastError = upstream.Err
		s.awaiting = upstream.from != nil // which sees to the pause
		if !s.awaiting {
			s.retries.due = s.lastErrorAt.Add(firstPause)
		}
	} else {
		news = s.retries.failed(s.lastErrorAt, err)
	}
	s.hub.options.Changed()
	s.wakeAll()
	s.stopIfUnread()
	return news
}

// sitOut waits until the source may be run again, or ctx is done.
func (s *stream) sitOut(ctx context.Context) {
	for {
		within, hurry := context.WithCancel(ctx)
		s.mu.Lock()
		d := time.Until(s.retries.due)
		s.awaiting = false
		s.hurry = hurry
		s.mu.Unlock()
		sleep(within, d)
		hurry()
		if d <= 0 || ctx.Err() != nil {
			return
		}
	}
}

// hasten has a source that failed run again as soon as may be, since somebody
// comes who wants to see it.
func (s *stream) hasten() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retries.hasten()
	if s.hurry != nil {
		s.hurry()
	}
}

// awaitNews waits until the stream has a frame, has failed more often than the
// caller knows, or ctx is done. It keeps the source running, until release.
func (s *stream) awaitNews(ctx context.Context, failures uint64) (release func()) {
	r := s.join(ReadOptions{})
	s.mu.Lock()
	r.failures = failures
	s.mu.Unlock()
	_, _ = r.Next(ctx) // whatever there is, who reads it finds it
	return r.Close
}

// attach is the life of a publisher's source, in the publisher's goroutine.
func (s *stream) attach(ctx context.Context, source Source) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := s.take(stop); err != nil {
		return err
	}
	defer s.give()
	return s.runOnce(ctx, source)
}

func (s *stream) take(stop context.CancelFunc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrClosed
	case s.source != nil:
		return ErrPulled
	case s.attached, s.supervised: // that one, of before a move, is about to end
		return ErrBusy
	}
	s.attached, s.stop = true, stop
	return nil
}

func (s *stream) give() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attached, s.stop = false, nil
	if s.readers == 0 {
		s.clear()
	}
	s.start() // where a move gave it a source meanwhile
}

// emit is what a source calls with each frame.
func (u *run) emit(f media.Frame) {
	if f.Format.Codec.Kind() == media.Audio {
		u.emitSound(f)
		return
	}
	now := time.Now()
	s := u.stream
	s.mu.Lock()
	if s.run != u || u.frames == 0 && !f.Key {
		s.refused++
		s.mu.Unlock()
		return
	}
	if u.stamp(&f, now); u.frames == 1 {
		s.hub.options.Changed()
	}
	t := &s.pictures
	t.ring.push(f, t.oldestWanted())
	if f.Key {
		s.kept = *t.ring.at(t.ring.next - 1)
	}
	s.count(&f, now)
	t.waiting, u.waking = u.waking[:0], t.waiting
	u.wake()
}

// wake wakes those who are in waking, and unlocks the stream before, since each of
// them takes the lock at once.
func (u *run) wake() {
	for _, r := range u.waking {
		r.waiting = false
	}
	u.stream.mu.Unlock()
	for _, r := range u.waking {
		r.signal()
	}
	clear(u.waking)
}

// stamp fills in the times that the source left open. Media times that a source
// gives are its own: those of B-frames go back and forth. Whether it gives any
// shows only with its second frame, so all media time begins with 0.
func (u *run) stamp(f *media.Frame, now time.Time) {
	f.Arrived = now
	if f.Wall.IsZero() {
		f.Wall = now
		if clock := u.stream.hub.options.Now; clock != nil {
			f.Wall = clock()
		}
	}
	if f.Run == 0 {
		f.Run = u.number
	}
	switch {
	case f.PTS != 0:
		u.timed = true
	case u.frames == 0:
		u.first = now
	case !u.timed && f.Format.Codec == media.JPEG:
		f.PTS = max(now.Sub(u.first), u.pts+1)
	}
	u.frames++
	u.pts, u.wall = f.PTS, f.Wall
}

// close ends the run and the readers; the hub waits for what ends.
func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.stop != nil {
		s.stop()
	}
	s.wakeAll()
}

func (s *stream) wakeAll() {
	s.pictures.wakeAll()
	s.sound.wakeAll()
}

// stopWaiting takes the reader from among those to be woken. Its stream is locked.
func (r *Reader) stopWaiting() {
	if r.waiting {
		r.waiting = false
		r.track.waiting = slices.DeleteFunc(r.track.waiting, func(w *Reader) bool { return w == r })
	}
}

func (r *Reader) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}
