package record

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/segment"
	"framegate/gateway/record/timing"
	"framegate/gateway/stream"
)

const (
	// fragment is for how long pictures are kept back to be written at once: what
	// is lost when the process dies, with the one that waits for its duration.
	fragment = 900 * time.Millisecond
	// idle is after which time without a picture what is there is written.
	idle = fragment
	// quiet is after which time without a picture a camera is waited for.
	quiet = 10 * time.Second
	// retryPause is the time between tries to write.
	retryPause = time.Second
	// perFile is how long a file is tried that cannot be written, though the
	// disk is not full. Then another is begun.
	perFile = 10 * time.Second
	// busyLimit is how long the disk may take for one thing before it is slow.
	busyLimit = 700 * time.Millisecond
	// longestWait is how long a file goes on without a keyframe that could begin
	// another. At twice the rate that is less than index.MaxLength still.
	longestWait = 25 * time.Minute
	// behindLimit is how old a picture may be when it is written.
	behindLimit = 3 * time.Second
)

// recorder records one camera. Its goroutine alone calls what has no other word
// beside it.
type recorder struct {
	all *Recorders
	id  string

	clock    timing.Clock
	times    segment.Sequencer
	run      segment.ID
	begun    bool   // a run is on
	pending  string // why the next keyframe begins another
	shift    time.Duration
	last     media.Frame   // the last taken
	damped   *media.Format // is shown like that of last
	flaps    flapping
	skips    bool  // until the next keyframe: see leastFile
	file     *file // nil between segments
	first    time.Duration
	batch    []segment.Sample
	batched  time.Time // when the first of them arrived
	sound    sound
	latest   int64 // media time of the picture that is shown last, in ticks
	ticks    int64 // media time of the end of the last sample written
	cutAt    time.Time
	sequence uint64
	known    string    // the volume of which sequence and end are known
	atStart  bool      // it began to work when framegate did
	since    time.Time // recording has been wanted
	noted    time.Time // the gap that goes on was entered
	foreseen uint64    // frames that memory let go of, which are counted as lost
	counted  bool      // the gap that goes on is
	rows     []past
	revision int // of the clock, that rows are of

	cutNow  atomic.Bool // the file is to end at the next keyframe
	endNow  atomic.Bool // at the next picture
	keeping sync.Mutex  // held while a picture is written and entered

	busy atomic.Int64 // since when the disk is asked for something, in nanoseconds since all.start; 0: it is not

	mu      sync.Mutex // guards what follows
	camera  Camera
	status  Status
	trouble State              // the last, without Slow while what waited for the end of another is written
	ends    context.CancelFunc // ends what is going on, for another look at camera
	wants   bool               // that it is recording
	open    *file
	reader  *stream.Reader // nil while nothing is read
	end     time.Time      // of what is on the disk, as its goroutine alone says; zero where nothing should have been since
	why     string         // of the gap that follows end, likewise
	usual   int64          // bytes of a segment
	erased  []stretch      // of which nothing is to be written any more
}

// past is a segment of the present run that was finished.
type past struct {
	path        string
	head        segment.Head
	first, last time.Duration
}

// work records until ctx is done, as is configured and when it is wanted.
func (r *recorder) work(ctx context.Context) {
	for ctx.Err() == nil {
		life, end := context.WithCancel(ctx)
		r.mu.Lock()
		c := r.camera
		yes, why := c.wanted(time.Now())
		r.ends, r.wants = end, yes
		r.mu.Unlock()
		r.since = time.Now()
		if yes && c.Mode == ModePictures {
			r.pictures(life, c)
		} else if yes {
			r.record(life, c)
		} else {
			r.set(Off, why)
			if r.all.dismiss(r) {
				end()
				return
			}
			<-life.Done()
		}
		end()
	}
}

// apply takes another configuration.
func (r *recorder) apply(c Camera) {
	r.mu.Lock()
	defer r.mu.Unlock()
	same := r.camera.same(c)
	r.camera = c
	r.status.Mode = c.Mode
	if !same && r.ends != nil {
		r.ends()
	}
}

// epoch gives with which this server owns the camera.
func (r *recorder) epoch() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.camera.Epoch
}

// look ends what is not wanted any more, and notices a disk that does not answer.
func (r *recorder) look(now time.Time) {
	since := time.Duration(r.busy.Load())
	if since != 0 && now.Sub(r.all.start)-since > busyLimit {
		r.stalled()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if yes, _ := r.camera.wanted(now); yes != r.wants && r.ends != nil {
		r.ends()
	}
}

func (r *recorder) stalled() {
	r.mu.Lock()
	troubled := r.status.State.troubled()
	r.mu.Unlock()
	if !troubled {
		r.set(Slow, "the disk does not answer, and memory holds what comes")
	}
}

func (r *recorder) config() Camera {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.camera
}

// set notes the state, and tells of it where it is another.
func (r *recorder) set(state State, reason string) {
	r.mu.Lock()
	before := r.status
	r.status.State, r.status.Reason = state, reason
	if state != Slow || !r.trouble.troubled() {
		r.trouble = state
	}
	if before.State != state || before.Since.IsZero() {
		r.status.Since = time.Now()
	}
	r.mu.Unlock()
	if before.State == state && before.Reason == reason {
		return
	}
	level := slog.LevelInfo
	if state.troubled() {
		level = slog.LevelWarn
	}
	if before.State == state {
		level = slog.LevelDebug
	}
	r.all.log.Log(context.Background(), level, "recording", "camera", r.id, "state", state.String(), "reason", reason)
	r.all.options.Changed()
}

// count changes the counters.
func (r *recorder) count(change func(*Status)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.status)
}

// record records until ctx is done.
func (r *recorder) record(ctx context.Context, c Camera) {
	r.set(Waiting, "the camera has sent no picture yet")
	own := c.takes // says which pictures of the camera's own are recorded
	for ctx.Err() == nil {
		key := stream.Key{Camera: r.id}
		if own == nil {
			key.Rendition = encodedKey
		}
		reader, err := r.all.options.Hub.Open(key, stream.ReadOptions{
			Sequential: true, Buffer: r.all.settings().Buffer, Idle: idle, RunEnds: true,
		})
		if err == nil {
			r.reads(reader)
			if r.last = (media.Frame{}); !c.Silent {
				r.listen(stream.Key{Camera: r.id})
			}
			err = r.read(ctx, reader, own)
			r.reads(nil)
			reader.Close()
			r.deafen()
		}
		if errors.Is(err, errIsEncoded) {
			own = nil
			continue
		}
		if ctx.Err() == nil {
			r.endRun(ctx, reasonAway)
			r.set(Waiting, reason(err))
			r.overdue(ctx, reasonAway)
			pause(ctx, nil, retryPause)
		}
	}
	r.leave(ctx)
}

// reads says what the recorder reads, nil for nothing.
func (r *recorder) reads(reader *stream.Reader) {
	r.mu.Lock()
	r.reader = reader
	r.mu.Unlock()
	r.rebuffer()
}

// rebuffer has memory hold as much as is configured now.
func (r *recorder) rebuffer() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reader != nil {
		r.reader.SetBuffer(r.all.settings().Buffer)
	}
}

// encodedKey is the rendition that is recorded where a camera's own pictures are not.
const encodedKey = "h264"

// errIsEncoded says that the camera's own pictures are not what is to be recorded.
var errIsEncoded = errors.New("the camera's pictures are recorded as H.264")

// read records what a reader gives, if it takes that; nil takes all.
func (r *recorder) read(ctx context.Context, reader *stream.Reader, takes func(*media.Format) bool) error {
	r.last, r.damped = media.Frame{}, nil
	newest := time.Now()
	for {
		f, err := reader.Next(ctx)
		var source *stream.SourceError
		switch {
		case err == nil && takes != nil && !takes(f.Format):
			return errIsEncoded
		case err == nil:
			newest = time.Now()
			err = r.take(ctx, f)
		case errors.Is(err, stream.ErrIdle) && r.hurried():
			err = r.cut(ctx, 0)
		case errors.Is(err, stream.ErrIdle):
			if err = r.flush(ctx, false); err == nil && time.Since(newest) > quiet {
				r.away(ctx, "the camera sends nothing")
			}
		case errors.Is(err, stream.ErrRunEnded):
			r.endRun(ctx, reasonAway)
			r.away(ctx, "the camera is away")
			err = nil
		case errors.As(err, &source):
			r.away(ctx, reason(source))
			err = nil
		}
		if err != nil {
			return err
		}
	}
}

// take records one frame.
func (r *recorder) take(ctx context.Context, f media.Frame) error {
	lost := r.last.Seq > 0 && f.Lost(r.last.Seq) > 0
	if lost {
		r.lost(f.Lost(r.last.Seq))
		r.endRun(ctx, r.lossReason())
	}
	f.Format = r.alike(f.Format)
	if r.isErased(f.Arrived) {
		r.endRun(ctx, reasonErased)
		r.last = f
		return nil
	}
	if r.endNow.Load() && r.file != nil {
		r.endRun(ctx, reasonErased)
	}
	if r.file != nil && f.Arrived.Sub(r.file.began) > longestWait {
		r.endRun(ctx, "no keyframe came for too long")
	}
	r.hear(f)
	r.judge(f)
	r.last = f
	if f.Key && r.pending != "" {
		r.endRun(ctx, r.pending)
	}
	if !r.begun {
		if !f.Key {
			return nil
		}
		r.beginRun(f)
	}
	at := f.PTS + r.shift
	if r.skip(f, at) {
		return nil
	}
	ticks := inTicks(at)
	if r.file != nil && (f.Key && (r.hurried() || !f.Arrived.Before(r.cutAt)) || !r.times.Follows(f, ticks)) {
		if err := r.cut(ctx, ticks-r.latest); err != nil {
			return err
		}
	}
	if r.file == nil {
		if !f.Key {
			return nil
		}
		if err := r.begin(ctx, f, at); err != nil {
			return err
		}
		if r.isErased(f.Arrived) { // meanwhile, by who found no file yet
			r.endRun(ctx, reasonErased)
			return nil
		}
	}
	return r.push(ctx, f, ticks)
}

// hurried says that the file is to end before its time: somebody waits for it, the
// disk lost something of it, or its volume was let go of.
func (r *recorder) hurried() bool {
	return r.cutNow.Load() || r.file != nil && (r.file.broken() || r.file.volume.left())
}

// judge has the clock look at a frame, and notes if it is of another run.
func (r *recorder) judge(f media.Frame) {
	if !r.begun || r.pending != "" {
		return
	}
	v := r.clock.Observe(f.PTS, f.Arrived, r.all.monotonic(f.Arrived))
	if !v.NewRun {
		return
	}
	r.pending = v.Reason
	r.all.log.Info("recording begins a new run", "camera", r.id, "reason", v.Reason)
	// What is left of the GOP goes on in the old run, without the jump.
	expected := r.last.PTS + f.Arrived.Sub(r.last.Arrived)
	if off := expected - f.PTS; off.Abs() > time.Second {
		r.shift = off
	}
}

// beginRun begins a run with a keyframe.
func (r *recorder) beginRun(f media.Frame) {
	r.begun, r.pending, r.shift = true, "", 0
	r.run = newID()
	r.clock.Begin(f.PTS, f.Arrived, r.all.monotonic(f.Arrived))
	r.rows, r.revision = nil, r.clock.Revision()
}

// endRun ends the run, if there is one, with its file. What follows is a gap for
// this reason.
func (r *recorder) endRun(ctx context.Context, why string) {
	if r.begun {
		_ = r.cut(ctx, 0) // it says so itself
	}
	r.begun, r.pending = false, ""
	r.ended(r.end, why)
}

// push gives a frame its time, and writes what is due.
func (r *recorder) push(ctx context.Context, f media.Frame, ticks int64) error {
	key := f.Key && f.Format.Codec != media.JPEG
	r.latest = max(r.latest, ticks)
	samples := r.times.Push(f, ticks)
	if len(samples) > 0 && len(r.batch) == 0 {
		r.batched = f.Arrived
	}
	r.batch = append(r.batch, samples...)
	if key || len(r.batch) > 0 && f.Arrived.Sub(r.batched) >= fragment {
		return r.flush(ctx, true)
	}
	return nil
}

// flush writes what is there, if it is due anyway.
func (r *recorder) flush(ctx context.Context, due bool) error {
	if r.file == nil || len(r.batch) == 0 || !due && time.Since(r.batched) < fragment {
		return nil
	}
	f, batch, sound := r.file, r.batch, r.sound.place(&r.times)
	err := r.persist(ctx, f.volume, true, func() error { return f.append(batch, sound) })
	if err != nil {
		r.abandon(err)
		return r.unlessGone(ctx, err)
	}
	var bytes uint64
	for _, s := range batch {
		bytes += uint64(len(s.Data))
	}
	for _, s := range sound {
		bytes += uint64(len(s.Data))
	}
	last := batch[len(batch)-1]
	r.ticks = inTicks(r.first) + last.Decode + int64(last.Duration)
	frames := uint64(len(batch))
	clear(r.batch)
	r.batch = r.batch[:0]
	r.sound.written()
	begun, newest := r.clock.Wall(r.first), r.clock.Wall(fromTicks(r.ticks))
	f.start.Store(&begun)
	r.count(func(s *Status) {
		s.Frames += frames
		s.Bytes += bytes
		s.Newest, s.Rate = newest, r.clock.Rate()
		r.end = newest
	})
	r.settle()
	return nil
}

// settle sees that all is well when what is written is new.
func (r *recorder) settle() {
	if r.last.Seq > 0 && time.Since(r.last.Arrived) < behindLimit {
		r.set(Recording, r.remark())
		return
	}
	r.set(Slow, "the disk is behind, and memory holds what comes")
}

// remark is what is to be said while all is well.
func (r *recorder) remark() string {
	if r.flaps.look(r.last.Arrived); r.flaps.often {
		return "the size or kind of the camera's pictures changes again and again, and each time a file begins"
	}
	rate, crowded := r.clock.Rate(), r.all.crowded(r.id)
	v := r.file.volume
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case rate < 0.999 || rate > 1.001:
		return fmt.Sprintf("the camera counts %.3g seconds in one, which is put right", rate)
	case v.slowSync:
		return fmt.Sprintf("the disk is slow: what is recorded is brought to it every %v", v.lag)
	case crowded:
		return "marks protect more than half of the camera's max_bytes"
	}
	return ""
}

// nextCut gives when a segment that begins now ends: at times that are other ones
// for each camera, so that the disk has not all of it to do at once.
func nextCut(camera string, now time.Time, length time.Duration) time.Time {
	h := fnv.New64a()
	_, _ = h.Write([]byte(camera)) // never fails
	offset := time.Duration(h.Sum64() % uint64(length))
	since := now.Sub(now.Add(-offset).Truncate(length).Add(offset))
	left := length - since
	if left < length/4 {
		left += length
	}
	return now.Add(left)
}

func inTicks(d time.Duration) int64 {
	const nanos, per = int64(time.Second), segment.Timescale
	whole, rest := int64(d)/nanos, int64(d)%nanos
	return whole*per + rest*per/nanos
}

func fromTicks(t int64) time.Duration {
	const per = segment.Timescale
	return time.Duration(t/per)*time.Second + time.Duration(t%per)*time.Second/per
}
