package camtest

import (
	"context"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Fault is something that goes wrong on a Line, or with a FakeCamera.
type Fault string

// What happens on a line. It befalls what one side says; what the other says
// passes as it is.
const (
	Stall   Fault = "stall"   // nothing passes
	Slow    Fault = "slow"    // a few bytes pass at a time, 3 kB a second
	Garbage Fault = "garbage" // some bytes come as others
	Lengths Fault = "lengths" // some bytes are missing, so that no length is right
	Cut     Fault = "cut"     // connections are reset
	Half    Fault = "half"    // that side seems to have said all it will, and is heard out in vain
	Reboot  Fault = "reboot"  // connections are reset, and new ones as well
)

// LineFaults are those that a Line draws. To reboot is a camera's own.
var LineFaults = []Fault{Stall, Slow, Garbage, Lengths, Cut, Half}

// LineOptions says where a Line leads and how bad it is.
type LineOptions struct {
	To     string // host:port
	Listen string // host:port; "" is a port of the loopback
	Upward bool   // faults befall what those say who connect, and not what they are told
	// Seed has faults drawn from it, as of a pack of cards that is shuffled
	// anew when all were drawn; 0 has none. The same seed gives the same faults
	// after the same bytes, while there is one connection at a time.
	Seed  uint64
	Every int // bytes from one of those to the next, on average; 0 = 64 KiB
}

const (
	longestStall = 2 * time.Second // of those that are drawn
	drawnReach   = 1 << 10         // bytes that those befall that are drawn
	slowBytes    = 64              // that pass at a time on a slow line
	slowPause    = 20 * time.Millisecond
)

// Line is a proxy of TCP that fails: by itself, as drawn from a seed, or as it
// is told. Close ends it. Its methods may be called from any goroutine.
type Line struct {
	options  LineOptions
	listener net.Listener
	passing  sync.WaitGroup

	mu       sync.Mutex // guards what follows
	random   *rand.Rand // nil when nothing is drawn any more
	pack     []Fault    // that are still to be drawn before it is shuffled
	now      Fault      // that it was told, "" without
	changed  chan struct{}
	happened map[Fault]int
	open     map[*passage]bool
	closed   bool
}

// passage is one connection over the line.
type passage struct {
	near, far *net.TCPConn // of who connected, and of where the line leads
	half      atomic.Bool  // what one side says is heard out in vain
	ended     atomic.Bool  // the other side has said all
}

// NewLine opens a line.
func NewLine(o LineOptions) (*Line, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Every == 0 {
		o.Every = 64 << 10
	}
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, err
	}
	l := &Line{options: o, listener: listener, changed: make(chan struct{}), happened: make(map[Fault]int), open: make(map[*passage]bool)}
	if o.Seed != 0 {
		l.random = rand.New(rand.NewPCG(o.Seed, 0))
	}
	l.passing.Go(l.accept)
	return l, nil
}

// Address gives the host and the port at which the line begins.
func (l *Line) Address() string { return l.listener.Addr().String() }

// Happened counts the faults so far, those that were drawn and those that it was
// told.
func (l *Line) Happened(f Fault) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.happened[f]
}

// Do has a fault happen for a while, in place of one that happens now, and comes
// back when it is over, or ctx is done. Cut and Half take no time.
func (l *Line) Do(ctx context.Context, f Fault, d time.Duration) {
	l.tell(f)
	for _, p := range l.passages() {
		switch f {
		case Cut, Reboot:
			p.reset()
		case Half:
			p.half.Store(true)
			_ = l.hearer(p).CloseWrite() // where it is closed it has heard of the end
		}
	}
	if f != Cut && f != Half {
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
	}
	l.tell("")
}

// Calm has the line be a good one from now on. What happened to a connection
// already stays so.
func (l *Line) Calm() {
	l.mu.Lock()
	l.random = nil
	l.mu.Unlock()
	l.tell("")
}

// Close ends the line and all connections over it.
func (l *Line) Close() {
	l.listener.Close()
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.tell("")
	for _, p := range l.passages() {
		p.reset()
	}
	l.passing.Wait()
}

func (l *Line) tell(f Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = f
	if f != "" {
		l.happened[f]++
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *Line) passages() (all []*passage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.open {
		all = append(all, p)
	}
	return all
}

// told gives the fault that it was told, and what is closed at the next change.
func (l *Line) told() (now Fault, changed chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now, l.changed
}

func (l *Line) accept() {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.passing.Go(func() { l.connect(conn.(*net.TCPConn)) })
	}
}

// connect leads a connection to the other end, and passes on what both say until
// both have ended.
func (l *Line) connect(near *net.TCPConn) {
	p := &passage{near: near}
	far, err := net.DialTimeout("tcp", l.options.To, 5*time.Second)
	if err != nil {
		p.reset()
		return
	}
	p.far = far.(*net.TCPConn)
	if !l.enter(p) {
		p.reset()
		return
	}
	to, from := l.hearer(p), p.far
	if to == from {
		from = p.near
	}
	var both sync.WaitGroup
	both.Go(func() { p.hear(to, from) })
	both.Go(func() { l.worsen(p, from, to) })
	both.Wait()
	p.near.Close()
	p.far.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, p)
}

// hearer is the side that faults befall.
func (l *Line) hearer(p *passage) *net.TCPConn {
	if l.options.Upward {
		return p.far
	}
	return p.near
}

func (l *Line) enter(p *passage) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.now == Reboot {
		return false
	}
	l.open[p] = true
	return true
}

// reset ends a connection at once.
func (p *passage) reset() {
	for _, conn := range []*net.TCPConn{p.near, p.far} {
		if conn != nil {
			_ = conn.SetLinger(0) // where it is closed already, all is well
			conn.Close()
		}
	}
}

// hear passes on what one side says, as it is.
func (p *passage) hear(from, to *net.TCPConn) {
	_, err := io.Copy(to, from)
	p.ended.Store(true)
	if err != nil || p.half.Load() {
		p.reset()
		return
	}
	_ = to.CloseWrite() // where it is closed it has heard of the end
}

// worsen passes on what one side says, with faults.
func (l *Line) worsen(p *passage, from, to *net.TCPConn) {
	buffer := make([]byte, 4<<10)
	for left := l.distance(); ; {
		var fault Fault
		if left == 0 {
			fault, left = l.draw(), l.distance()
		}
		n, err := 0, error(nil)
		if fault == "" {
			n, err = from.Read(buffer[:min(len(buffer), left)])
			left -= n
		} else {
			n, err = io.ReadFull(from, buffer[:drawnReach])
		}
		if told, _ := l.told(); told != "" {
			fault = told
		}
		if n > 0 && !l.pass(p, fault, buffer[:n], from, to) {
			return
		}
		if err != nil {
			_ = to.CloseWrite() // where it is closed it has heard of the end
			return
		}
	}
}

// distance is how many bytes pass before the next fault that is drawn.
func (l *Line) distance() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.random == nil {
		return math.MaxInt
	}
	return 1 + l.random.IntN(2*l.options.Every)
}

// draw gives a fault to happen now, or "" where none is drawn any more.
func (l *Line) draw() Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.random == nil {
		return ""
	}
	if len(l.pack) == 0 {
		l.pack = append(l.pack, LineFaults...)
		l.random.Shuffle(len(l.pack), func(i, j int) { l.pack[i], l.pack[j] = l.pack[j], l.pack[i] })
	}
	f := l.pack[0]
	l.pack = l.pack[1:]
	l.happened[f]++
	return f
}

// number gives one below n, of the seed where there is one.
func (l *Line) number(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.random == nil {
		return rand.IntN(n)
	}
	return l.random.IntN(n)
}

// pass writes what was said as the fault has it. It gives false when nothing more
// of it passes.
func (l *Line) pass(p *passage, f Fault, b []byte, from, to *net.TCPConn) bool {
	switch f {
	case Stall:
		l.wait(f, time.Duration(l.number(int(longestStall))))
	case Slow:
		for len(b) > slowBytes {
			if _, err := to.Write(b[:slowBytes]); err != nil {
				return p.unheard(from)
			}
			b = b[slowBytes:]
			time.Sleep(slowPause)
		}
	case Garbage:
		for range 1 + len(b)/16 {
			b[l.number(len(b))] ^= byte(1 + l.number(255))
		}
	case Lengths:
		missing := 1 + l.number(min(len(b), 64))
		at := l.number(len(b) - missing + 1)
		b = append(b[:at], b[at+missing:]...)
	case Cut:
		p.reset()
		return false
	case Half:
		p.half.Store(true)
		_ = to.CloseWrite() // where it is closed it has heard of the end
		return p.unheard(from)
	}
	if _, err := to.Write(b); err != nil {
		return p.unheard(from)
	}
	return true
}

// wait waits until a fault that it was told is over, or, of one that was drawn, so
// long.
func (l *Line) wait(f Fault, drawn time.Duration) {
	now, changed := l.told()
	if now != f {
		select {
		case <-time.After(drawn):
		case <-changed:
		}
		return
	}
	for now == f {
		<-changed
		now, changed = l.told()
	}
}

// unheard is for a side that nobody hears any more. If that is a fault it does not
// learn of it: all it says is read, until the other side has said all.
func (p *passage) unheard(from *net.TCPConn) (more bool) {
	if !p.half.Load() || p.ended.Load() {
		p.reset()
		return false
	}
	_, _ = io.Copy(io.Discard, from) // it ends with an error or without
	return false
}
