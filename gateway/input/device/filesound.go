package device

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
	"framegate/transcode"
)

const (
	// soundLead is how long before its time sound is emitted, so that it is there
	// with its picture.
	soundLead = 50 * time.Millisecond
	// mostSoundKept is how much sound of a file is kept for the next round, in bytes:
	// 17 minutes of what is usual. Of more the file is read again.
	mostSoundKept = 16 << 20
	// pictureSlack is more than what rounding to milliseconds does to the distance of
	// two pictures, and less than any distance of two.
	pictureSlack = 1500 * time.Microsecond
	// mostOverlap is by how much frames of sound may overlap, as rounding has them.
	mostOverlap = 5 * time.Millisecond
)

// fileSound plays the sound of a file beside its pictures. These come of another
// ffmpeg, which knows nothing of it, so whatever is wrong with the sound costs sound
// alone. Where the file begins again is told by the times of its pictures, and there
// the sound begins again: it follows the pictures, of which no round need be as long as
// another.
type fileSound struct {
	options FileOptions
	encoded bool // the pictures are, and not as they are in the file
	emit    func(media.Frame)
	known   chan struct{} // closed when format is there, or there will be no sound

	mu      sync.Mutex    // guards what follows
	format  *media.Format // of the sound; nil: not known yet, or announced
	rounds  int           // that have begun
	from    time.Duration // PTS of the first picture of the present round
	first   time.Duration // PTS of the first of all
	newest  time.Duration // the latest PTS so far
	at      time.Time     // when the picture of newest came
	last    time.Duration // from a round's first picture to its last; 0: not known yet
	pending []shown       // pictures that came before last was known
	over    bool          // nobody asks any more
	changed chan struct{} // cap 1: there is another round
}

// shown is what is known of a picture.
type shown struct {
	pts time.Duration
	key bool
}

// maxPending bounds what is kept of pictures until it is known when a round ends.
const maxPending = 1 << 16

// announce emits what sound there will be. It is called before each picture, since
// a file of which none comes has nothing to announce.
func (s *fileSound) announce() {
	s.mu.Lock()
	format := s.format
	s.format = nil
	s.mu.Unlock()
	if format != nil {
		s.emit(media.Frame{Format: format})
	}
}

// picture takes note of a picture that is emitted now.
func (s *fileSound) picture(pts time.Duration, key bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	if s.rounds == 0 {
		s.from, s.first = pts, pts
		s.begin()
	}
	if s.last == 0 {
		s.pending = append(s.pending, shown{pts, key})
		s.see(pts)
		if s.over = len(s.pending) == maxPending; s.over {
			s.pending = nil
		}
		return
	}
	s.place(shown{pts, key})
}

// place finds out whether a picture is the first of a round. s is locked.
func (s *fileSound) place(p shown) {
	later := p.pts > s.from+s.last+pictureSlack
	again := p.pts <= s.newest && p.pts > s.from+pictureSlack && (p.key || s.encoded) // a keyframe is never earlier than what was before it
	if later || again {
		s.from = p.pts
		s.begin()
	}
	s.see(p.pts)
}

// begin begins a round. s is locked.
func (s *fileSound) begin() {
	s.rounds++
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// see takes note of the latest picture. s is locked.
func (s *fileSound) see(pts time.Duration) {
	if pts > s.newest || s.at.IsZero() {
		s.newest, s.at = pts, time.Now()
	}
}

// lasts says how long a round is, of which pictures have come already.
func (s *fileSound) lasts(last time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = last
	pending, newest, at := s.pending, s.newest, s.at
	s.pending, s.newest = nil, s.from
	for _, p := range pending {
		s.place(p)
	}
	s.newest, s.at = newest, at
}

// stop has pictures looked at no more.
func (s *fileSound) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over, s.pending = true, nil
}

// round gives the number of the present round and its first picture's PTS.
func (s *fileSound) round() (n int, from time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rounds, s.from
}

// run emits the sound until ctx is done or there is none to be had, which the log is
// told, where the file has some.
func (s *fileSound) run(ctx context.Context) {
	defer s.stop()
	err := s.survive(ctx)
	if ctx.Err() == nil && !errors.Is(err, transcode.ErrNoSound) {
		stream.LifeOf(ctx).SoundTrouble(err)
		s.options.Log.Info("sound of the video file is left out", "err", err)
	}
}

// survive plays, and has a panic end the sound and nothing else.
func (s *fileSound) survive(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.options.Log.Error("panic while playing the sound of a video file", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	return s.play(ctx)
}

func (s *fileSound) play(ctx context.Context) error {
	t, err := s.open(ctx)
	if err == nil {
		s.mu.Lock()
		s.format = t.unit.format
		s.mu.Unlock()
	}
	close(s.known)
	if err != nil {
		return err
	}
	defer t.close()
	if err := s.await(ctx, 0, -1); err != nil { // for the first picture
		return err
	}
	last, end, err := transcode.LastPicture(ctx, s.options.FFmpeg, s.options.Path, s.encoded)
	if err != nil {
		return err
	}
	if last <= s.first {
		return errors.New("the file has one picture alone")
	}
	t.from, t.until = s.first, end
	s.lasts(last - s.first)
	for {
		n, from := s.round()
		if err := s.playRound(ctx, t, n, from); err != nil {
			return err
		}
		if err := t.rewind(ctx); err != nil {
			return err
		}
	}
}

// open begins with the sound of the file, encoded where it cannot be taken as it is.
func (s *fileSound) open(ctx context.Context) (*soundtrack, error) {
	t := &soundtrack{spec: transcode.FileSoundSpec{FFmpeg: s.options.FFmpeg, File: s.options.Path}}
	err := t.start(ctx)
	if err == nil {
		return t, nil
	}
	if ctx.Err() != nil || errors.Is(err, transcode.ErrNoSound) {
		t.close()
		return nil, err
	}
	s.options.Log.Debug("sound of the video file is encoded", "reason", err)
	t.spec.Encode = true
	if err = t.start(ctx); err != nil {
		t.close()
		return nil, fmt.Errorf("encoding it: %w", err)
	}
	return t, nil
}

// playRound emits the sound of a round, which is that of number n and begins at from,
// each frame when it is due, and waits for the next one.
func (s *fileSound) playRound(ctx context.Context, t *soundtrack, n int, from time.Duration) error {
	heard := time.Duration(0) // until when
	for {
		u, ok := t.next()
		if !ok {
			return s.await(ctx, n, -1)
		}
		f := media.Frame{Format: u.format, Data: u.data}
		at := t.place(u)
		switch {
		case at < 0 || at < heard-mostOverlap:
			continue
		case at >= t.until-t.from:
			return s.await(ctx, n, -1)
		}
		heard = at + f.Duration()
		f.PTS = from + at
		if err := s.await(ctx, n, f.PTS); err != nil {
			return err
		}
		if now, _ := s.round(); now != n {
			return nil
		}
		s.emit(f)
	}
}

// await waits until sound of a PTS is due, or for ever if that is less than 0, or until
// round n is over.
func (s *fileSound) await(ctx context.Context, n int, pts time.Duration) error {
	for ctx.Err() == nil {
		s.mu.Lock()
		now, left := s.rounds, pts-soundLead-s.newest-time.Since(s.at)
		s.mu.Unlock()
		if now != n || pts >= 0 && left <= 0 {
			return nil
		}
		var due <-chan time.Time
		if pts >= 0 {
			due = time.After(left)
		}
		select {
		case <-due:
		case <-s.changed:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// soundtrack is the sound of a file from its beginning to its end, again and again.
// What was read is kept, as far as mostSoundKept goes.
type soundtrack struct {
	spec        transcode.FileSoundSpec
	from, until time.Duration // when the first picture is shown, and up to when the last, by the file's times

	process *transcode.FileSound // nil once all was read
	demux   demuxer
	read    []soundUnit // in front of what is given next
	unit    soundUnit   // the first
	buf     []byte

	kept  []soundUnit
	given int // of kept
	size  int // bytes in kept
	long  bool
}

// start begins to read, and finds the first frame.
func (t *soundtrack) start(ctx context.Context) (err error) {
	t.close()
	if t.process, err = transcode.StartFileSound(ctx, t.spec); err != nil {
		return err
	}
	t.read, t.kept, t.given, t.size = nil, nil, 0, 0
	t.demux = demuxer{soundAlone: true, heard: func(u soundUnit) { t.read = append(t.read, u) }}
	if err := t.fill(); err != nil {
		return err
	}
	t.unit = t.read[0]
	return nil
}

// fill reads on until there is a frame.
func (t *soundtrack) fill() error {
	if t.buf == nil {
		t.buf = make([]byte, 16<<10)
	}
	for len(t.read) == 0 {
		n, err := t.process.Read(t.buf)
		if feed := t.demux.feed(t.buf[:n], func(unit) error { return nil }); feed != nil {
			return feed
		}
		if err != nil && len(t.read) == 0 {
			return err
		}
	}
	return nil
}

// next gives the next frame, and false where there is none any more.
func (t *soundtrack) next() (u soundUnit, ok bool) {
	if t.given < len(t.kept) {
		t.given++
		return t.kept[t.given-1], true
	}
	if t.process == nil {
		return u, false
	}
	if t.fill() != nil {
		t.close()
		return u, false
	}
	u, t.read = t.read[0], t.read[1:]
	if t.size += len(u.data); t.size > mostSoundKept {
		t.kept, t.long = nil, true
	}
	if !t.long {
		t.kept = append(t.kept, u)
	}
	t.given = len(t.kept)
	return u, true
}

// place gives the time of a frame from the first picture on.
func (t *soundtrack) place(u soundUnit) time.Duration {
	const unused = 64 - 33 // bits of an int64
	since := int64(u.stamp-uint64(ticks(t.from))) << unused >> unused
	return time.Duration(since * 100_000 / 9)
}

// rewind goes back to the beginning.
func (t *soundtrack) rewind(ctx context.Context) error {
	if t.long {
		return t.start(ctx)
	}
	t.given = 0
	return nil
}

func (t *soundtrack) close() {
	if t.process != nil {
		t.process.Close()
		t.process = nil
	}
}
