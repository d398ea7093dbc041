package rtspcam

import (
	"fmt"
	"log/slog"
	"runtime/debug"
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
}

// receiver is the way of a packet: from the client's goroutine to emit. Its
// methods hold the client up, and so never block. Packets come from one
// goroutine, reports (over UDP) from another.
//
// Over UDP and TLS packets come through gortsplib, and otherwise by a shortcut
// past it.
type receiver struct {
	emit  func(media.Frame)
	watch *watchdog
	fail  func(error)
	log   *slog.Logger

	kind      uint8       // payload type of the track
	received  atomic.Bool // a packet
	showing   atomic.Bool // a picture was shown
	clock     clock
	order     order
	assembler assembler
	straight  rtp.Packet                // the last that came by the shortcut
	shown     func(media.Frame, moment) // show, made once and not for each packet
}

// begin is called before the first packet.
func (r *receiver) begin(t track) { r.assembler, r.kind = t.assembler, t.format.PayloadType() }

// packet takes a packet of the track from gortsplib.
func (r *receiver) packet(p *rtp.Packet) {
	defer r.survive()
	r.take(p, time.Now())
}

// shortcut takes a packet past gortsplib. What that would not give us is
// passed over: what is no packet, is not of the track, or comes from another
// source (SSRC) than the first.
func (r *receiver) shortcut(data []byte, arrived time.Time) {
	defer r.survive()
	p := &r.straight
	if p.Unmarshal(data) != nil || p.PayloadType != r.kind {
		return
	}
	if r.received.Load() && !r.clock.is(p.SSRC) {
		return
	}
	r.take(p, arrived)
}

// take takes a packet of the track.
func (r *receiver) take(p *rtp.Packet, arrived time.Time) {
	if !r.received.Swap(true) {
		r.watch.reach(receiving)
	}
	place := r.order.follow(p.SequenceNumber)
	if place == behind {
		return
	}
	if r.shown == nil {
		r.shown = r.show
	}
	at := r.clock.stamp(p.SSRC, p.Timestamp, arrived)
	if err := r.assembler.add(p, at, place == afterGap, r.shown); err != nil {
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

// report takes a packet of the control protocol (RTCP).
func (r *receiver) report(p rtcp.Packet) {
	switch p := p.(type) {
	case *rtcp.SenderReport:
		r.clock.report(p.SSRC, p.NTPTime, p.RTPTime)
	case *rtcp.Goodbye:
		if r.clock.is(p.Sources...) {
			r.fail(errEnded)
		}
	}
}

// place is where a packet stands to those before it.
type place uint8

const (
	next     place = iota
	afterGap       // packets are missing before it
	behind         // it is one of those before, doubled or late
)

// maxMisorder is how far behind a packet may be. One further behind means that
// the camera began to count anew (RFC 3550, A.1).
const maxMisorder = 100

// order follows the sequence numbers of packets. gortsplib puts packets over
// UDP in order before; over TCP they are taken as they come.
type order struct {
	begun    bool
	expected uint16
}

func (o *order) follow(sequence uint16) place {
	ahead := int16(sequence - o.expected)
	if o.begun && ahead < 0 && ahead >= -maxMisorder {
		return behind
	}
	gap := o.begun && ahead != 0
	o.begun, o.expected = true, sequence+1
	if gap {
		return afterGap
	}
	return next
}
