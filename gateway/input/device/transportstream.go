package device

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

const (
	defaultMaxFrame = 8 << 20
	// refuseAfter is how long a second sender waits for the first to go: one
	// that restarts may be there before its old connection is seen to end.
	refuseAfter = 250 * time.Millisecond
)

// TransportStreamOptions say where an MPEG transport stream comes from. Only
// Address is needed.
type TransportStreamOptions struct {
	Address       string // host:port to dial, or to listen on
	Listen        bool   // the sender dials us
	MaxFrameBytes int    // of one access unit; 0 = 8 MiB
	Patience      Patience
	// Dial and ListenTCP open connections and the listener, and may refuse an
	// address; nil does without asking.
	Dial      func(ctx context.Context, network, address string) (net.Conn, error)
	ListenTCP func(ctx context.Context, network, address string) (net.Listener, error)
	Silent    bool               // the sound is left out
	Limited   func(limit string) // is told of hits from any goroutine and must return at once; nil is not told
	Log       *slog.Logger       // nil discards
}

// Patience is how long a sender may take for what.
type Patience struct {
	Connect   time.Duration // to be reached; 0 = 5 s
	FirstByte time.Duration // from there to anything at all; 0 = 10 s
	Silence   time.Duration // without a whole picture (stream.Silence); 0 = 5 s
}

// TransportStream is a camera that sends H.264 or H.265 as an MPEG transport
// stream over TCP, as encoders, drones and ffmpeg do, with sound as AAC or Opus. It
// implements stream.Source.
//
// Whoever listens takes one sender at a time. Another is turned away, unless
// the one before is gone or has fallen silent. A sender that comes back within
// that silence goes on with the same run; what it sends has another Format.
type TransportStream struct {
	opt     TransportStreamOptions
	silence stream.Silence
}

// NewTransportStream makes the source. It connects to nothing and listens
// nowhere yet.
func NewTransportStream(o TransportStreamOptions) *TransportStream {
	if o.MaxFrameBytes <= 0 {
		o.MaxFrameBytes = defaultMaxFrame
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.ListenTCP == nil {
		o.ListenTCP = new(net.ListenConfig).Listen
	}
	if o.Limited == nil {
		o.Limited = func(string) {}
	}
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.Patience.Connect = cmp.Or(o.Patience.Connect, 5*time.Second)
	o.Patience.FirstByte = cmp.Or(o.Patience.FirstByte, 10*time.Second)
	return &TransportStream{opt: o, silence: stream.Silence{Least: o.Patience.Silence}}
}

// Run emits the sender's pictures, each as soon as it is whole, until ctx is
// done or the sender ends, fails or stays silent. A listener waits for the
// first sender for as long as it takes. No connection and no listener outlives
// it.
func (s *TransportStream) Run(ctx context.Context, emit func(media.Frame)) error {
	r := &reception{
		life: stream.LifeOf(ctx), maxFrame: s.opt.MaxFrameBytes, emit: emit, began: time.Now(), clock: newClock(),
		firstByte: s.opt.Patience.FirstByte, silence: s.silence, log: s.opt.Log, silent: s.opt.Silent,
	}
	run := s.call
	if s.opt.Listen {
		run = s.listen
	}
	err := run(ctx, r)
	if errors.Is(err, errSilent) {
		s.silence = r.silence.Next()
	}
	if limit := limitOf(err); limit != "" && ctx.Err() == nil {
		s.opt.Limited(limit)
	}
	return err
}

// call receives from the sender that is dialled.
func (s *TransportStream) call(ctx context.Context, r *reception) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	err = r.receive(ctx, conn)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("sender: %w", err)
}

func (s *TransportStream) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.Patience.Connect)
	defer cancel()
	return s.opt.Dial(ctx, "tcp", s.opt.Address)
}

// listen receives from one sender after the other.
func (s *TransportStream) listen(ctx context.Context, r *reception) error {
	listener, err := s.opt.ListenTCP(ctx, "tcp", s.opt.Address)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	d := &door{listener: listener, taken: make(chan struct{}, 1), senders: make(chan net.Conn)}
	ctx, cancel := context.WithCancel(ctx)
	var open sync.WaitGroup
	open.Go(func() { d.keep(ctx) })
	defer open.Wait()
	defer cancel() // ends keep
	for gone := error(nil); ; {
		conn, err := d.next(ctx, r)
		if errors.Is(err, errSilent) {
			err = fmt.Errorf("sender: %w", gone)
		}
		if err != nil {
			return err
		}
		log := s.opt.Log.With("sender", conn.RemoteAddr().String())
		log.Info("sender is there")
		gone = r.receive(ctx, conn)
		<-d.taken
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case r.frames == 0: // it was a stranger, and the sender is yet to come
		case errors.Is(gone, errSilent):
			return fmt.Errorf("sender: %w", gone)
		}
		log.Info("sender is gone", "err", gone)
	}
}

// door lets in one sender at a time.
type door struct {
	listener net.Listener
	taken    chan struct{} // holds one token while a sender is let in
	senders  chan net.Conn
	err      error // why no more senders come; set before senders is closed
}

// keep lets in and turns away until ctx is done or the listener fails. It
// closes the listener.
func (d *door) keep(ctx context.Context) {
	defer close(d.senders)
	defer d.listener.Close()
	defer context.AfterFunc(ctx, func() { d.listener.Close() })()
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			d.err = err
			return
		}
		select {
		case d.taken <- struct{}{}:
		case <-time.After(refuseAfter):
			conn.Close()
			continue
		case <-ctx.Done():
			conn.Close()
			continue
		}
		select {
		case d.senders <- conn:
		case <-ctx.Done():
			conn.Close()
		}
	}
}

// next waits for a sender. After the first picture it gives errSilent when
// none came for as long as a run may be silent.
func (d *door) next(ctx context.Context, r *reception) (net.Conn, error) {
	var silent <-chan time.Time
	if r.frames > 0 {
		silent = time.After(time.Until(r.silentAt()))
	}
	select {
	case conn, ok := <-d.senders:
		if !ok && ctx.Err() == nil {
			return nil, fmt.Errorf("waiting for a sender: %w", d.err)
		}
		if ok {
			return conn, nil
		}
		return nil, ctx.Err()
	case <-silent:
		return nil, errSilent
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
