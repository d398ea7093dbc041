package stream

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"framegate/gateway/media"
)

// ReadOptions says how a reader reads. The zero value is a viewer's way: join
// at the newest keyframe, skip when slow, wait for ever.
type ReadOptions struct {
	// Client is set where the reader serves one, which is a viewer then, counted
	// against Limits. Transcodes, recorders and keep-alives leave it nil.
	Client *Client
	// Besides is another reader that the viewer has open, which is what counts
	// it: this one says for whom its stream runs (Life.Clients), and what the
	// viewer reads now (Audience.Watchers).
	Besides *Reader
	// Sequential readers (recorders, tests) get every frame and never skip of
	// their own will: the ring keeps what they have not got yet, as far as its
	// bytes allow. When it overtakes them they go on at its oldest keyframe, and
	// see the gap in Frame.Seq.
	Sequential bool
	// Buffer is how many bytes the ring may keep for a Sequential reader that is
	// behind; RingBytes where that is more.
	Buffer int
	// Idle makes Next give ErrIdle when no frame came for that long, whatever
	// else it gave meanwhile; 0 waits for ever.
	Idle time.Duration
	// RunEnds makes Next give ErrRunEnded, once, when the run that its last
	// frame is of has ended and nothing has come since.
	RunEnds bool
	// Leading has the reader give also what cannot be decoded where it began: it
	// is for who passes frames on to holders of other readers (Reader.Withholds).
	Leading bool
	// Sound has the reader read the sound of the stream, and not its pictures. It
	// never skips of its own will, since sound is small, and goes on at the oldest
	// there is when the ring overtakes it. A Sequential one begins with the oldest
	// sound of the run. See Companion for who wants both.
	Sound bool
	// Hold is for who only keeps the source running and waits for no frame, so
	// that the source may rest between frames (Rest) while nobody else reads.
	// Next gives what there is, but late.
	Hold bool
	// Once is for who wants one frame and is likely to leave then. A rendition
	// that nobody reads for longer soon ends after it.
	Once bool
}

// counted says that the reader counts as a viewer.
func (o *ReadOptions) counted() bool { return o.Client != nil && o.Besides == nil }

// Client is who a reader serves.
type Client struct {
	Address   string // without port
	Principal string // who it is; empty while nobody has to say
	Form      string // the output that serves it: "mjpeg", "snapshot"
	Exit      *Exit  // nil where nobody else can end it
	Node      bool   // another node of ours, which shows it to others: limits on viewers are not for it
	For       Payer  // for whom another node asks
}

// Network gives what a client has for itself of addresses, as limits count them: its
// address, or of IPv6 the /64 within which it can take any.
func (c Client) Network() string {
	a, err := netip.ParseAddr(c.Address)
	if err != nil {
		return c.Address
	}
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}

// Exit is how somebody else ends a viewer. It is a pointer in a Client so that
// clients can be compared.
type Exit struct {
	End func() // with ErrEnded; it returns at once
}

// Reader walks through the frames of one stream at its own pace, and keeps the
// stream's source running while it is open. Next and TryNext are for one
// goroutine at a time; the other methods may be called from any.
type Reader struct {
	stream  *stream
	track   *track // of stream
	options ReadOptions
	beside  *Companion    // whose sound goes along, or nil; of whoever calls Next
	wake    chan struct{} // cap 1: something changed since the reader looked
	idle    *time.Timer   // for options.Idle, made at the first wait
	idling  bool          // Next gave something else while idle ran; it goes on
	onset   onset         // of whoever calls Next

	// The stream's lock guards what follows.
	next       uint64 // the frame to give next; 0: not joined yet
	backlogEnd uint64 // frames before it were old when the reader joined
	last       uint64 // the last frame given; 0: none yet
	failures   uint64 // the stream's failures this reader knows of
	ended      uint64 // the last frame of a run whose end was told (options.RunEnds)
	dropped    uint64
	waiting    bool       // stands in track.waiting
	companion  *Companion // of sound that goes along: woken when that is due, and not by each frame of it
	called     bool       // Interrupt was, and Next has not said so yet
	closed     bool
}

// Next gives the reader's next frame, and waits for it where it has not come.
// It gives ctx's error when ctx is done, ErrIdle after ReadOptions.Idle,
// ErrInterrupted after Interrupt, ErrRunEnded with ReadOptions.RunEnds, ErrSound
// where it is Accompanied, ErrClosed at the end of the reader or the hub; and, to a reader that had no
// frame yet, a *SourceError each time the stream's source fails. After all of
// these but ErrClosed the reader is as good as before.
//
// The frame's Data and Format are shared with others and must not be changed.
func (r *Reader) Next(ctx context.Context) (media.Frame, error) {
	for waits := 0; ; waits++ {
		f, ok, err := r.look(true)
		if ok || err != nil {
			r.idling = !ok && (r.idling || waits > 0)
			return f, err
		}
		if r.beside != nil && r.beside.due() {
			r.idling = r.idling || waits > 0
			return f, ErrSound
		}
		if waits == 0 && !r.idling {
			r.startIdle()
		}
		if err := r.wait(ctx); err != nil {
			r.idling = !errors.Is(err, ErrIdle)
			return media.Frame{}, err
		}
	}
}

// TryNext is Next that does not wait: ok is false where Next would.
func (r *Reader) TryNext() (f media.Frame, ok bool, err error) {
	f, ok, err = r.look(false)
	r.idling = r.idling && !ok
	return f, ok, err
}

// look gives a frame or an error if there is one. If not, and the caller is
// going to wait, it puts the reader among those to be woken.
func (r *Reader) look(toWait bool) (f media.Frame, ok bool, err error) {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.closed {
		return f, false, ErrClosed
	}
	if r.called {
		r.called = false
		return f, false, ErrInterrupted
	}
	for r.seek() {
		f = *r.track.ring.at(r.next)
		if r.Withholds(&f) && !r.options.Leading {
			r.last, r.next = f.Seq, f.Seq+1
			f = media.Frame{}
			continue
		}
		f.Backlog = f.Backlog || f.Seq < r.backlogEnd
		r.account(f.Seq)
		return f, true, nil
	}
	if s.closed {
		return f, false, ErrClosed
	}
	if r.last == 0 && r.failures < s.failures {
		r.failures = s.failures
		return f, false, r.because(s.lastError)
	}
	if r.options.RunEnds && r.ended < r.last && r.last < r.track.ring.joinFrom {
		r.ended = r.last
		return f, false, ErrRunEnded
	}
	if toWait && !r.waiting {
		r.waiting = true
		r.track.waiting = append(r.track.waiting, r)
	}
	return f, false, nil
}

// Because gives the error of a source that reads with r and ends for a reason
// that lies where it reads from. It is run again when there is news there.
func (r *Reader) Because(reason error) *SourceError {
	r.stream.mu.Lock()
	defer r.stream.mu.Unlock()
	return r.because(reason)
}

func (r *Reader) because(reason error) *SourceError {
	return &SourceError{Camera: r.stream.key.Camera, Err: reason, from: r.stream, failures: r.stream.failures}
}

// seek moves the reader to the frame it should get next, and says whether it
// is there.
func (r *Reader) seek() bool {
	ring := &r.track.ring
	if r.next == 0 {
		return r.join()
	}
	if r.next < ring.first {
		return r.rejoin()
	}
	if r.next >= ring.next {
		return false
	}
	if !r.options.Sequential && !r.options.Sound && r.next < ring.newestKey {
		if ring.at(r.next).Key || ring.newestKey-r.next > slackFrames {
			r.next = ring.newestKey
		}
	}
	return true
}

// join places a new reader at the newest keyframe of the present run.
func (r *Reader) join() bool {
	ring := &r.track.ring
	n, ok := ring.joinPoint()
	if ok && r.options.Sound && r.options.Sequential {
		n = max(ring.first, ring.joinFrom)
	}
	if !ok {
		return false
	}
	r.next = n
	if !r.stream.hub.options.Past { // where nothing is old but what leads to what is sought
		r.backlogEnd = ring.next - 1
	}
	return true
}

// rejoin places a reader that the ring has overtaken.
func (r *Reader) rejoin() bool {
	ring := &r.track.ring
	n, ok := ring.newestKey, ring.newestKey > 0
	if r.options.Sound {
		n, ok = ring.first, ring.first < ring.next
	} else if r.options.Sequential {
		n, ok = ring.oldestKey()
	}
	if ok {
		r.next = n
	}
	return ok
}

func (r *Reader) account(seq uint64) {
	if r.last > 0 {
		skipped := seq - r.last - 1
		r.dropped += skipped
		r.stream.dropped += skipped
	}
	r.last, r.next = seq, seq+1
}

// onset is where a reader began to decode, as far as that still matters.
type onset struct {
	seq    uint64        // the last frame looked at
	format *media.Format // of the last keyframe
	here   bool          // decoding began with that keyframe
}

// Withholds says whether the reader's holder is not to get f, since it cannot be
// decoded: it is Leading, and the holder began with the keyframe that it follows,
// by joining, skipping or a new Format, with which decoders begin anew. Next asks
// it; whoever gives the holder frames of another reader in the meantime asks it
// for each of those in turn, and then tells it in Passed. Like Next it is for one
// goroutine.
func (r *Reader) Withholds(f *media.Frame) bool {
	o := &r.onset
	if f.Key && f.Seq != o.seq {
		o.here = f.Seq != o.seq+1 || f.Format != o.format
		o.format = f.Format
	}
	o.seq = f.Seq
	return f.Leading && o.here
}

func (r *Reader) startIdle() {
	switch {
	case r.options.Idle <= 0:
	case r.idle == nil:
		r.idle = time.NewTimer(r.options.Idle)
	default:
		r.idle.Reset(r.options.Idle)
	}
}

func (r *Reader) wait(ctx context.Context) error {
	var idle <-chan time.Time
	if r.idle != nil {
		idle = r.idle.C
	}
	var sound <-chan struct{}
	if r.beside != nil {
		sound = r.beside.sound.wake
	}
	select {
	case <-r.wake:
		return nil
	case <-sound:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-idle:
		return ErrIdle
	}
}

// SetBuffer makes another number of bytes the ReadOptions.Buffer. It may be called
// from any goroutine.
func (r *Reader) SetBuffer(bytes int) {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	r.options.Buffer = bytes
	r.track.resize()
}

// Interrupt has the Next that waits, or else the one to come, give
// ErrInterrupted, so that whoever waits there can be told of something else. It
// may be called from any goroutine, and does not wait.
func (r *Reader) Interrupt() {
	r.stream.mu.Lock()
	defer r.stream.mu.Unlock()
	r.called = true
	r.signal()
}

// Passed tells the reader that its holder got frames through another reader of
// the same stream: got of them, those that it withholds among them, the last with
// number seq. Next goes on behind that one, and what lies between is counted as dropped. Nothing happens if the
// reader gave that frame itself already. Like Next it is for one goroutine.
func (r *Reader) Passed(seq, got uint64) {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq <= r.last {
		return
	}
	skipped := seq - r.last - got
	r.dropped += skipped
	s.dropped += skipped
	r.last, r.next = seq, seq+1
}

// Stream gives a number that tells the reader's stream from all others that the
// hub ever had: also from another of the same key, which there is when a camera
// was changed (Hub.Change), or a rendition was forgotten since nobody read it.
// Frame.Seq counts within one.
func (r *Reader) Stream() uint64 { return r.stream.number }

// FPS gives the present rate of the reader's stream, in frames a second, or 0
// where it is not known.
func (r *Reader) FPS() float64 {
	r.stream.mu.Lock()
	defer r.stream.mu.Unlock()
	return r.stream.fps()
}

// State gives the present state of the reader's stream.
func (r *Reader) State() State {
	r.stream.mu.Lock()
	defer r.stream.mu.Unlock()
	return r.stream.state()
}

// CameraState says how the reader's camera is, for those whom the reader
// serves. What makes a rendition of a camera runs, and so is Connecting, also
// while the camera is away and there is nothing to make it of.
func (r *Reader) CameraState() State {
	own, key := r.State(), r.stream.key
	if own == Online || key.Rendition == "" {
		return own
	}
	if r.stream.hub.State(Key{Camera: key.Camera}) == Offline {
		return Offline
	}
	return Connecting
}

// Dropped counts the frames this reader skipped because it was slow.
func (r *Reader) Dropped() uint64 {
	r.stream.mu.Lock()
	defer r.stream.mu.Unlock()
	return r.dropped
}

// Overtaken counts the frames after the last one that the ring has let go of, and
// the reader will not get any more, and says when the one arrived at which Next is
// to go on. It is for Sequential readers that gave a frame and take no other for
// long; 0 says that nothing is lost yet.
func (r *Reader) Overtaken() (lost uint64, until time.Time) {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	ring := &r.track.ring
	if r.last == 0 || r.next >= ring.first {
		return 0, time.Time{}
	}
	n, ok := ring.oldestKey()
	if !ok {
		return ring.next - r.next, time.Now()
	}
	return n - r.next, ring.at(n).Arrived
}

// Close ends the reader; a waiting Next gives ErrClosed. The stream's source
// stops, after the linger, if this was its last reader. Closing again does
// nothing.
func (r *Reader) Close() {
	if r.stream.leave(r) && r.options.counted() {
		r.stream.hub.release(r)
	}
}
