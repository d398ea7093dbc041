package rtspcam

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"framegate/gateway/media"
)

// assembler makes frames of the packets of a track. The packets come in order
// and without doubles; lost says that some are missing before this one. A
// packet is its own only until add returns. An error is one that the run cannot
// go on with.
type assembler interface {
	add(p *rtp.Packet, at moment, lost bool, show func(media.Frame, moment)) error
	// flush shows a picture that add keeps back to see whether it goes on.
	flush(show func(media.Frame, moment)) error
}

// keptBack is how long the first pictures of a camera are kept back after their
// marker, while it is not known whether those of this camera mark pictures or
// less: longer than the slices of a picture come apart.
const keptBack = 40 * time.Millisecond

// receiver is the way of a packet: from the client's goroutine to emit. Its
// methods hold the client up, and so never block. Packets come from one
// goroutine, reports (over UDP) from another.
//
// Over UDP and TLS packets come through gortsplib (see tapped), and otherwise by
// a shortcut past it.
type receiver struct {
	emit  func(media.Frame)
	watch *watchdog
	fail  func(error)
	log   *slog.Logger

	kind     uint8       // payload type of the track
	received atomic.Bool // a packet
	showing  atomic.Bool // a picture was shown
	clock    clock

	mu        sync.Mutex // guards what follows, and is held while a frame is emitted
	intake    intake
	assembler assembler
	marking   *marking
	straight  rtp.Packet                               // the last that came by the shortcut
	took      func(*rtp.Packet, time.Time, continuity) // assemble, made once and not for each packet
	shown     func(media.Frame, moment)                // show, likewise
	keeping   *time.Timer                              // runs flush, while pictures are kept back
	closed    bool
}

// begin is called before the first packet. reliable is whether packets come as
// they were sent.
func (r *receiver) begin(t track, reliable bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.assembler, r.kind, r.marking = t.assembler, t.format.PayloadType(), t.marking
	r.intake.reliable = reliable
}

// end is called after the last packet. Nothing is emitted any more when it
// returns.
func (r *receiver) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.keeping != nil {
		r.keeping.Stop()
	}
}

// packet takes a packet of the track from gortsplib. It keeps it.
func (r *receiver) packet(p *rtp.Packet) {
	defer r.survive()
	r.take(p, time.Now())
}

// shortcut takes a packet past gortsplib. What is no packet, or is not of the
// track, is passed over.
func (r *receiver) shortcut(data []byte, arrived time.Time) {
	defer r.survive()
	p := &r.straight
	if p.Unmarshal(data) != nil || p.PayloadType != r.kind {
		return
	}
	r.take(p, arrived)
}

// take takes a packet of the track.
func (r *receiver) take(p *rtp.Packet, arrived time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if !r.received.Swap(true) {
		r.took, r.shown = r.assemble, r.show
		r.watch.reach(receiving)
	}
	r.intake.take(p, arrived, r.took)
}

// assemble takes a packet whose turn it is.
func (r *receiver) assemble(p *rtp.Packet, arrived time.Time, c continuity) {
	if c == renamed || c == another {
		r.clock.follow(p.SSRC, c == another)
	}
	at := r.clock.stamp(p.SSRC, p.Timestamp, arrived)
	if err := r.assembler.add(p, at, c == afterGap || c == another, r.shown); err != nil {
		r.fail(err)
	}
	if p.Marker && r.marking.unknown() {
		r.keepBack()
	}
}

// keepBack has flush called soon.
func (r *receiver) keepBack() {
	if r.keeping == nil {
		r.keeping = time.AfterFunc(keptBack, r.flush)
	} else {
		r.keeping.Reset(keptBack)
	}
}

// flush shows what was kept back.
func (r *receiver) flush() {
	defer r.survive()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if err := r.assembler.flush(r.shown); err != nil {
		r.fail(err)
	}
}

// survive has a panic end the run and not the process: the goroutine is not
// ours.
func (r *receiver) survive() {
	if p := recover(); p != nil {
		r.log.Error("panic while taking a packet", "panic", p, "stack", string(debug.Stack()))
		r.fail(fmt.Errorf("panic while taking a packet: %v", p))
	}
}

// show emits a frame.
func (r *receiver) show(f media.Frame, at moment) {
	f.PTS, f.Wall = at.pts, r.clock.wall(at)
	r.showing.Store(true)
	r.watch.picture(at.arrived)
	r.emit(f)
}

// report takes a packet of the control protocol (RTCP). A source that says
// goodbye may be followed by another.
func (r *receiver) report(p rtcp.Packet) {
	switch p := p.(type) {
	case *rtcp.SenderReport:
		r.clock.report(p.SSRC, p.NTPTime, p.RTPTime)
	case *rtcp.Goodbye:
		if r.clock.is(p.Sources...) {
			r.watch.goodbye()
		}
	}
}
