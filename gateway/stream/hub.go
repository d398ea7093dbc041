package stream

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/media"
)

// Options are a hub's settings.
type Options struct {
	// Resolve says what makes the frames of a stream. A nil Source is a camera
	// whose frames come by Attach. It gives ErrUnknown, wrapped, for what is
	// not there. It is asked once for each stream, and again after Change. It
	// is called with the hub locked: it must return at once and not call the
	// hub.
	Resolve func(Key) (Source, error)
	// Linger is how long a source runs on after its last reader; 0 means 10 s.
	// That of a rendition runs on for 2 s at most, after single frames for 0.3 s,
	// and its camera's after that.
	Linger time.Duration
	// RingBytes bounds what a stream keeps of its frames; 0 means 16 MiB. A
	// GOP that does not fit loses its beginning, and with it the place to
	// join, until the next keyframe.
	RingBytes int
	Limits    Limits
	// Limited is told, by its name, which limit keeps a viewer out, each time
	// that one does; nil is not told. It is called with the hub locked: it must
	// return at once and not call the hub.
	Limited func(limit string)
	// Changed is told whenever the state of a stream, or the number of its runs,
	// has become another; nil is not told. That a stream which was offline is to
	// be run again, since its time has come, is not told. It is called with
	// streams locked: it must return at once and not call the hub.
	Changed func()
	// Audience is that of another hub, to which the viewers of this one are added;
	// nil is one of its own.
	Audience *Audience
	// Now is the clock by which pictures are said to be taken that do not say when they
	// were; nil is time.Now.
	Now func() time.Time
	// Past says that what the streams have was recorded.
	Past bool
	Log  *slog.Logger // nil discards
}

// Hub holds the streams. All its methods may be called from any goroutine.
type Hub struct {
	*Audience
	options Options
	lives   sync.WaitGroup // supervised and attached runs
	ran     atomic.Uint64  // runs there ever were

	mu        sync.Mutex // guards what follows; taken before a stream's lock, never over I/O
	streams   map[Key]*stream
	numbered  uint64 // streams there ever were
	admission admission
	closed    bool
}

// renditionLinger bounds the linger of renditions: who asks for a picture every
// few seconds shall not keep an encoder at work all the time.
const renditionLinger = 2 * time.Second

// onceLinger is that of renditions of which only single frames are read. It costs
// an encoder about as much as to be started, so whoever asks for pictures in
// quick succession is served by one, and who does not pays for little else.
const onceLinger = 300 * time.Millisecond

// New makes a hub. It starts nothing.
func New(options Options) *Hub {
	if options.Linger == 0 {
		options.Linger = 10 * time.Second
	}
	if options.RingBytes == 0 {
		options.RingBytes = 16 << 20
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Changed == nil {
		options.Changed = func() {}
	}
	if options.Audience == nil {
		options.Audience = NewAudience()
	}
	return &Hub{
		Audience:  options.Audience,
		options:   options,
		streams:   make(map[Key]*stream),
		admission: newAdmission(options.Limits, options.Limited),
	}
}

// Open adds a reader to a stream, which makes its source run. It never blocks:
// whatever there is to wait for, Reader.Next waits for. The errors are
// ErrUnknown, ErrFull and ErrClosed, wrapped. The caller closes the reader.
func (h *Hub) Open(key Key, options ReadOptions) (*Reader, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, err := h.stream(key)
	if err != nil {
		return nil, err
	}
	if options.counted() {
		if err := h.admission.admit(key.Camera, *options.Client); err != nil {
			return nil, err
		}
	}
	h.streams[key] = s // not before, since one that nobody is let into nobody would forget
	if options.Client != nil {
		h.hasten(key)
	}
	r := s.join(options)
	if options.Client != nil {
		h.Audience.join(r)
	}
	return r, nil
}

// Attach runs a publisher's source, in the caller's goroutine, as the run of
// a stream that has no source of its own, and gives what it gave. It returns
// within a second after ctx is done. The errors of its own are ErrUnknown,
// ErrPulled, ErrBusy and ErrClosed, wrapped.
func (h *Hub) Attach(ctx context.Context, key Key, source Source) error {
	h.mu.Lock()
	s, err := h.stream(key)
	if err != nil {
		h.mu.Unlock()
		return err
	}
	h.streams[key] = s
	h.lives.Add(1)
	h.mu.Unlock()
	defer h.lives.Done()
	return s.attach(ctx, source)
}

// Newest gives the newest keyframe a stream ever had, of any age, also of a
// run that ended long ago.
func (h *Hub) Newest(key Key) (media.Frame, bool) {
	h.mu.Lock()
	s := h.streams[key]
	h.mu.Unlock()
	if s == nil {
		return media.Frame{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept, s.kept.Format != nil && s.kept.Run > s.foreign
}

// State gives the present state of a stream: Idle where there is none.
func (h *Hub) State(key Key) State {
	h.mu.Lock()
	s := h.streams[key]
	h.mu.Unlock()
	if s == nil {
		return Idle
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state()
}

// Fault gives why the source of a stream that is offline ended last; false for one
// that is not, or has none.
func (h *Hub) Fault(key Key) (Reason, bool) {
	h.mu.Lock()
	s := h.streams[key]
	h.mu.Unlock()
	if s == nil {
		return 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return ReasonOf(s.lastError), s.state() == Offline && s.failures > 0
}

// Sends gives what the newest frame of a stream was, of any age, or nil before
// there was any; and the present rate, in frames a second, or 0 where it is not
// known.
func (h *Hub) Sends(key Key) (format *media.Format, fps float64) {
	h.mu.Lock()
	s := h.streams[key]
	h.mu.Unlock()
	if s == nil {
		return nil, 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.format, s.fps()
}

// Viewers counts the clients that watch a camera now, in whatever rendition.
func (h *Hub) Viewers(camera string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.admission.perCamera[camera]
}

// Clients gives those who watch a camera now, in whatever rendition.
func (h *Hub) Clients(camera string) (all []Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, s := range h.streams {
		if key.Camera == camera {
			s.mu.Lock()
			all = append(all, s.clients...)
			s.mu.Unlock()
		}
	}
	return all
}

// Watching counts the clients that watch now, but for other nodes.
func (h *Hub) Watching() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.admission.all
}

// SetLimits bounds the viewers that come from now on. Those that are there
// stay.
func (h *Hub) SetLimits(limits Limits) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.admission.limits = limits
}

// Stats gives what is known of every stream there is, by key.
func (h *Hub) Stats() []Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]Stats, 0, len(h.streams))
	for _, s := range h.streams {
		all = append(all, s.stats())
	}
	slices.SortFunc(all, func(a, b Stats) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	return all
}

// Stat gives what is known of one stream; false where there is none.
func (h *Hub) Stat(key Key) (Stats, bool) {
	h.mu.Lock()
	s := h.streams[key]
	h.mu.Unlock()
	if s == nil {
		return Stats{Key: key}, false
	}
	return s.stats(), true
}

// Close ends every run and every reader and waits for the runs. What comes
// later gets ErrClosed.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	for _, s := range h.streams {
		s.close()
	}
	h.mu.Unlock()
	h.lives.Wait()
}

// stream finds a stream or makes one, which is the caller's to keep. The hub is
// locked.
func (h *Hub) stream(key Key) (*stream, error) {
	if h.closed {
		return nil, ErrClosed
	}
	if s := h.streams[key]; s != nil {
		return s, nil
	}
	source, err := h.options.Resolve(key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	h.numbered++
	return &stream{
		key: key, number: h.numbered, source: source, hub: h,
		pictures: newTrack(h.options.RingBytes), sound: newTrack(soundBytes),
	}, nil
}

// hasten has what failed of a stream, or of the camera that it is a rendition
// of, or that one's sub-stream, tried again for a viewer who comes. The hub is locked.
func (h *Hub) hasten(key Key) {
	h.streams[key].hasten()
	for _, of := range []string{"", Sub} {
		if sent := h.streams[Key{Camera: key.Camera, Rendition: of}]; sent != nil && key.Rendition != of {
			sent.hasten()
		}
	}
}

// forget drops a rendition that nobody reads any more, so that what clients
// ask for does not add up. Cameras stay, with their newest frame.
func (h *Hub) forget(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.key.sent() && s.readers == 0 && !s.supervised && h.streams[s.key] == s {
		delete(h.streams, s.key)
	}
}

// release counts a viewer's reader out.
func (h *Hub) release(r *Reader) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.admission.release(r.stream.key.Camera, *r.options.Client)
	h.Audience.leave(r)
}
