// Package delivery brings the frames of streams to viewers' connections. It is
// what the outputs that stream have in common: connections that are taken from
// net/http, with bounded queues and bounded patience; the pump, one goroutine
// for all viewers of a stream that keep up; and the end of all viewers when
// the server ends.
//
// A viewer's states, from the door to the end, are in gateway/DESIGN.md, "A
// viewer's life". It knows no form: what a frame looks like on the wire is the output's
// (Viewer.Message), and so is everything else that it writes.
package delivery

import (
	"cmp"
	"log/slog"
	"sync"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// Message is what one write brings to a viewer. The slices are written one
// after the other, without a copy; any of them may be empty. They are four for who
// hears what he sees: a picture and sound, and before each what is the viewer's own.
type Message struct {
	Head, Body, Tail, End []byte
}

// Viewer says what a frame is to one viewer.
type Viewer interface {
	// Message gives what to write for a frame, which is newer than all that
	// came before; or false, having changed nothing, where more than one
	// message has to be done for it: the viewer's own goroutine then gets the
	// frame from Seat.Next. The message is used before the next call, so its
	// slices may be the viewer's. It is called by the viewer's own goroutine
	// or by the pump, never by both at a time, and must not block.
	Message(f *media.Frame) (Message, bool)
}

// Lender is a Viewer whose messages are in memory that it lends: it is told when all
// of one was written, by whoever calls Message, and may then give that to another.
type Lender interface {
	Viewer
	Written()
}

// Options are an output's settings.
type Options struct {
	Hub *stream.Hub
	Log *slog.Logger // nil discards
	// Patience is how long a viewer may take nothing before it is cut; 0 means
	// the constant Patience.
	Patience time.Duration
	// Limited is told, by its name, of each hit of a limit; nil is not told. It
	// is called from any goroutine and must return at once.
	Limited func(limit string)
}

// LimitViewerPatience names the limit that this package knows, as
// Options.Limited is told of it.
const LimitViewerPatience = "viewer_patience"

// LimitNames are the limits that this package knows.
var LimitNames = []string{LimitViewerPatience}

// Crowd is all viewers of an output. Its methods may be called from any
// goroutine.
type Crowd struct {
	hub      *stream.Hub
	log      *slog.Logger
	idle     time.Duration
	patience time.Duration
	limited  func(limit string)

	serving sync.WaitGroup
	mu      sync.Mutex // guards what follows; taken before the hub's lock
	seats   map[*Seat]struct{}
	pumps   map[uint64]*pump // by Reader.Stream
	closed  bool
}

// NewCrowd makes a crowd without viewers, who get stream.ErrIdle after a time
// without a frame. It starts nothing.
func NewCrowd(options Options, idle time.Duration) *Crowd {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	return &Crowd{
		hub:      options.Hub,
		log:      options.Log,
		idle:     idle,
		patience: cmp.Or(options.Patience, Patience),
		limited:  options.Limited,
		seats:    make(map[*Seat]struct{}),
		pumps:    make(map[uint64]*pump),
	}
}

// Enter gives a viewer its seat, where it reads the stream called key with
// reader and is written to through conn. Both are the seat's from now on, and
// closed by Seat.Leave. If the crowd is closed there is none, nil, and both are
// the caller's still.
func (c *Crowd) Enter(viewer Viewer, conn Conn, key stream.Key, reader *stream.Reader) *Seat {
	conn.bind(c.patience, c.limited)
	lender, _ := viewer.(Lender)
	s := &Seat{
		lender: lender,
		crowd:  c, viewer: viewer, conn: conn, key: key, reader: reader,
		back: make(chan error, 1), done: make(chan struct{}), tally: c.hub.TallyOf(reader),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.serving.Add(1)
	c.seats[s] = struct{}{}
	return s
}

// Close ends the reading of all viewers, so that each says its last words, and
// waits until they left. Those that take more than patience for it are cut.
func (c *Crowd) Close(patience time.Duration) {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		for s := range c.seats {
			close(s.done)
			s.reader.Close()
		}
		for _, p := range c.pumps {
			p.lead.Close()
		}
	}
	c.mu.Unlock()

	cut := time.AfterFunc(patience, c.cut)
	defer cut.Stop()
	c.serving.Wait()
}

// Closed says that Close was called: nobody can enter.
func (c *Crowd) Closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

func (c *Crowd) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for s := range c.seats {
		s.conn.Cut()
	}
}
