// Package rtpaudio makes frames of sound of packets of RTP: AAC of RFC 3640 (aac.go)
// and RFC 6416 (latm.go), and what lies in packets as it is (plain.go): Opus of RFC
// 7587, and G.711 and L16 of RFC 3551. Their order is rtptrack's affair, and so is
// their place in the time of the pictures.
//
// Sound that cannot be used is left out, and never more than that: there is no error
// here that a run would end of. Everything that is kept of packets has a limit.
//
// The package opens nothing and decodes nothing, but for L16. It knows no RTSP:
// whoever has agreed with somebody on packets gives them to a Receiver.
package rtpaudio

import (
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"framegate/gateway/input/rtspcam/rtptrack"
	"framegate/gateway/media"
)

const (
	// awaited is how many packets are awaited before one is given up that is
	// missing. Pictures wait longer, but nobody hears late sound.
	awaited = 3
	// maxUnit is how many bytes a frame of sound may have. Six channels of AAC at
	// their most are less.
	maxUnit = 8 << 10
	// maxAhead is how much sound may come at once, as after a network stood still,
	maxAhead = 15 * time.Second
	// drain is how much faster it may come than it is heard.
	drain = 2
)

var (
	errTooFast = errors.New("it comes faster than it could be heard")
	errTooLong = errors.New("a frame of it is too large")
	errNoSound = errors.New("packets do not hold what is announced")
)

// Options say whom a Receiver tells of what comes. It tells them in the goroutines
// that packets come from, and they must not block. Emit, Pictures and Trouble are
// needed.
type Options struct {
	Emit     func(media.Frame)
	Pictures *rtptrack.Clock // of the pictures beside
	// Trouble is told once why sound is left out, or part of it.
	Trouble func(error)
	Log     *slog.Logger // nil discards
}

// carrier takes sound out of packets, which come in order; lost says that some
// are missing before this one. What is whole is appended to frames, in Data of its
// own, and follows without a gap from the timestamp that is given.
type carrier interface {
	add(p *rtp.Packet, lost bool, frames []media.Frame) (whole []media.Frame, ticks uint32, err error)
}

// Receiver is the way of a packet of sound from the network to a frame. Packets come
// from one goroutine, reports from the same or another. Its methods do not block.
type Receiver struct {
	opt Options

	mu       sync.Mutex // guards what follows, and is held while a frame is emitted
	kind     uint8      // payload type; of nothing before Begin
	carrier  carrier
	intake   rtptrack.Intake
	place    rtptrack.Sound
	flow     flow
	lost     bool          // something was, since the last frame
	frames   []media.Frame // those of a packet, kept to be used again
	straight rtp.Packet    // the last that came as bytes
	took     rtptrack.Give // assemble, made once and not for each packet
	told     bool          // of trouble
	closed   bool
}

// New makes a Receiver, which takes packets after Begin. Who made it calls End.
func New(o Options) *Receiver {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Receiver{opt: o}
	r.took = r.assemble
	return r
}

// Begin says what the packets are, before the first one, and announces it. ordered
// says that they come as they were sent, as over TCP; else they are put in order.
func (r *Receiver) Begin(s *Stream, ordered bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kind, r.carrier = s.payloadType, s.carrier()
	r.intake = rtptrack.Intake{Reliable: ordered, Awaited: awaited}
	r.place = rtptrack.Sound{Pictures: r.opt.Pictures, Rate: s.rate}
	r.opt.Emit(media.Frame{Format: s.Format})
}

// End is called after the last packet. Nothing is emitted any more when it
// returns.
func (r *Receiver) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

// Packet takes a packet of the stream, and keeps it.
func (r *Receiver) Packet(p *rtp.Packet, arrived time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.survive()
	r.take(p, arrived)
}

// Bytes takes a packet as it came off the network, and keeps nothing of it that is
// the network's. What is no packet is passed over.
func (r *Receiver) Bytes(data []byte, arrived time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.survive()
	if r.straight.Unmarshal(data) == nil {
		r.take(&r.straight, arrived)
	}
}

// take takes a packet. The lock is held.
func (r *Receiver) take(p *rtp.Packet, arrived time.Time) {
	if !r.closed && r.carrier != nil && p.PayloadType == r.kind {
		r.intake.Take(p, arrived, r.took)
	}
}

// assemble takes a packet whose turn it is.
func (r *Receiver) assemble(p *rtp.Packet, arrived time.Time, c rtptrack.Continuity) {
	if c == rtptrack.Renamed || c == rtptrack.Another {
		r.place.Follow(p.SSRC, c == rtptrack.Another)
	}
	lost := c == rtptrack.AfterGap || c == rtptrack.Another
	r.lost = r.lost || lost
	whole, ticks, err := r.carrier.add(p, lost, r.frames[:0])
	if err != nil {
		r.trouble(err)
	}
	r.frames = whole
	if len(whole) == 0 {
		return
	}
	r.show(whole, p.SSRC, ticks, arrived)
	clear(whole)
	r.lost = false
}

// show emits frames that follow each other without a gap.
func (r *Receiver) show(frames []media.Frame, source, ticks uint32, arrived time.Time) {
	var length time.Duration
	for i := range frames {
		length += frames[i].Duration()
	}
	if !r.flow.admits(length, arrived) {
		r.trouble(errTooFast)
		return
	}
	pts, ok := r.place.Place(source, ticks, length, arrived, r.lost)
	if !ok {
		return
	}
	for _, f := range frames {
		f.PTS = pts
		pts += f.Duration()
		r.opt.Emit(f)
	}
}

// trouble tells of what is wrong, once.
func (r *Receiver) trouble(err error) {
	if !r.told {
		r.told = true
		r.opt.Trouble(err)
	}
}

// survive has a panic end the sound and nothing else: the goroutine is not ours.
func (r *Receiver) survive() {
	if p := recover(); p != nil {
		r.opt.Log.Error("panic while taking a packet of sound, of which there will be no more", "panic", p, "stack", string(debug.Stack()))
		r.closed = true
	}
}

// Report takes a packet of the control protocol (RTCP). It may be called from
// another goroutine than Packet.
func (r *Receiver) Report(p rtcp.Packet) {
	if p, ok := p.(*rtcp.SenderReport); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.place.Report(p.SSRC, p.NTPTime, p.RTPTime)
	}
}

// flow is how much sound has come that cannot have been heard yet.
type flow struct {
	level time.Duration
	last  time.Time
}

// admits says whether sound of a length may still come, and counts it if so.
func (f *flow) admits(length time.Duration, now time.Time) bool {
	if passed := now.Sub(f.last); passed < maxAhead {
		f.level = max(0, f.level-drain*passed)
	} else {
		f.level = 0
	}
	f.last = now
	if length <= 0 || f.level+length > maxAhead {
		return false
	}
	f.level += length
	return true
}
