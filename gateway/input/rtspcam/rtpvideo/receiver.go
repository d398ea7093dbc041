// Package rtpvideo makes frames of packets of RTP: access units (units.go)
// of RFC 6184 (h264.go) and RFC 7798 (h265.go), and JPEGs of RFC 2435 (jpeg.go). It
// believes of what cameras write into packets what can be checked.
//
// Two things hold for every frame. It is emitted with its last packet, or, where
// the camera does not mark that, with the first packet of the next one; and it is
// whole: what lost a packet is dropped, for H.264 and H.265 up to the next keyframe.
//
// The package opens nothing and decodes no picture. It knows no RTSP: whoever
// has agreed with somebody on packets gives them to a Receiver.
package rtpvideo

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"framegate/gateway/input/rtspcam/rtptrack"
	"framegate/gateway/media"
)

// ClockRate of video in RTP, in ticks a second (RFC 6184, RFC 2435).
const ClockRate = 90000

// assembler makes frames of the packets of a stream. The packets come in order
// and without doubles; lost says that some are missing before this one. A
// packet is its own only until add returns. An error is one that the run cannot
// go on with.
type assembler interface {
	add(p *rtp.Packet, at rtptrack.Moment, lost bool, show func(media.Frame, rtptrack.Moment)) error
	// flush shows a picture that add keeps back to see whether it goes on.
	flush(show func(media.Frame, rtptrack.Moment)) error
}

// keptBack is how long the first pictures of a camera are kept back after their
// marker, while it is not known whether those of this camera mark pictures or
// less: longer than the slices of a picture come apart.
const keptBack = 40 * time.Millisecond

// Options say whom a Receiver tells of what comes. It tells them in the
// goroutines that packets come from, and they must not block. Emit, First, Ended,
// Fail and Markers are needed.
type Options struct {
	// Emit takes a whole picture, and when its last packet came.
	Emit  func(f media.Frame, arrived time.Time)
	First func()      // the first packet has come
	Ended func()      // the source of the packets says that it ends; another may follow
	Fail  func(error) // there is no going on with these packets

	Markers       *Markers     // of the camera; the Receiver adds what it learns
	MaxFrameBytes int          // of a picture; a larger one is given up
	TooLarge      func()       // is told of each that is; nil is not
	Log           *slog.Logger // nil discards
}

// Stream says what packets carry, and how they come.
type Stream struct {
	Codec         media.Codec // JPEG, H264 or H265
	PayloadType   uint8       // of its packets
	Ordered       bool        // they come as they were sent, as over TCP; else they are put in order
	ParameterSets [][]byte    // of H264 and H265, that were announced
	Width, Height int         // of JPEGs over 2040 pixels, that were announced; 0 if not
}

// Receiver is the way of a packet from the network to a frame. Packets come from
// one goroutine, reports from the same or another. Its methods do not block.
type Receiver struct {
	opt   Options
	clock rtptrack.Clock

	mu        sync.Mutex // guards what follows, and is held while a frame is emitted
	kind      uint8      // payload type of the stream
	received  bool       // a packet
	intake    rtptrack.Intake
	assembler assembler
	straight  rtp.Packet                         // the last that came as bytes
	took      rtptrack.Give                      // assemble, made once and not for each packet
	shown     func(media.Frame, rtptrack.Moment) // show, likewise
	keeping   *time.Timer                        // runs flush, while pictures are kept back
	closed    bool
}

// New makes a Receiver, which takes packets after Begin. Who made it calls End.
func New(o Options) *Receiver {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Receiver{opt: o, clock: rtptrack.Clock{Rate: ClockRate}}
	r.took, r.shown = r.assemble, r.show
	return r
}

// Clock gives the clock of the pictures, for what comes beside them.
func (r *Receiver) Clock() *rtptrack.Clock { return &r.clock }

// Begin says what the packets are, before the first one.
func (r *Receiver) Begin(s Stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.assembler, r.kind, r.intake.Reliable = r.opt.assembler(s), s.PayloadType, s.Ordered
}

// assembler makes the one for a stream.
func (o Options) assembler(s Stream) assembler {
	largest := budget{o.MaxFrameBytes, o.TooLarge}
	var codec unitCodec
	switch s.Codec {
	case media.H265:
		codec = new(h265Codec)
	case media.H264:
		codec = new(h264Codec)
	default:
		return &jpegAssembler{largest: largest, markers: o.Markers, width: s.Width, height: s.Height}
	}
	codec.announce(s.ParameterSets...)
	return newUnitAssembler(codec, largest, o.Markers)
}

// End is called after the last packet. Nothing is emitted any more when it
// returns.
func (r *Receiver) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.keeping != nil {
		r.keeping.Stop()
	}
}

// Packet takes a packet of the stream, and keeps it.
func (r *Receiver) Packet(p *rtp.Packet, arrived time.Time) {
	defer r.survive()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.take(p, arrived)
}

// Bytes takes a packet as it came off the network, and keeps nothing of it. What
// is no packet, or is not of the stream, is passed over.
func (r *Receiver) Bytes(data []byte, arrived time.Time) {
	defer r.survive()
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.straight
	if p.Unmarshal(data) != nil || p.PayloadType != r.kind {
		return
	}
	r.take(p, arrived)
}

// take takes a packet of the stream. The lock is held.
func (r *Receiver) take(p *rtp.Packet, arrived time.Time) {
	if r.closed {
		return
	}
	if !r.received {
		r.received = true
		r.opt.First()
	}
	r.intake.Take(p, arrived, r.took)
}

// assemble takes a packet whose turn it is.
func (r *Receiver) assemble(p *rtp.Packet, arrived time.Time, c rtptrack.Continuity) {
	if c == rtptrack.Renamed || c == rtptrack.Another {
		r.clock.Follow(p.SSRC, c == rtptrack.Another)
	}
	at := r.clock.Stamp(p.SSRC, p.Timestamp, arrived)
	if err := r.assembler.add(p, at, c == rtptrack.AfterGap || c == rtptrack.Another, r.shown); err != nil {
		r.opt.Fail(err)
	}
	if p.Marker && r.opt.Markers.unknown() {
		r.keepBack()
	}
}

// keepBack has flush called soon.
func (r *Receiver) keepBack() {
	if r.keeping == nil {
		r.keeping = time.AfterFunc(keptBack, r.flush)
	} else {
		r.keeping.Reset(keptBack)
	}
}

// flush shows what was kept back.
func (r *Receiver) flush() {
	defer r.survive()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if err := r.assembler.flush(r.shown); err != nil {
		r.opt.Fail(err)
	}
}

// survive has a panic end the run and not the process: the goroutine is not
// ours.
func (r *Receiver) survive() {
	if p := recover(); p != nil {
		r.opt.Log.Error("panic while taking a packet", "panic", p, "stack", string(debug.Stack()))
		r.opt.Fail(fmt.Errorf("panic while taking a packet: %v", p))
	}
}

// show emits a frame.
func (r *Receiver) show(f media.Frame, at rtptrack.Moment) {
	f.PTS, f.Wall = at.PTS, r.clock.Wall(at)
	r.opt.Emit(f, at.Arrived)
}

// Report takes a packet of the control protocol (RTCP). It may be called from
// another goroutine than Packet.
func (r *Receiver) Report(p rtcp.Packet) {
	switch p := p.(type) {
	case *rtcp.SenderReport:
		r.clock.Report(p.SSRC, p.NTPTime, p.RTPTime)
	case *rtcp.Goodbye:
		if r.clock.Is(p.Sources...) {
			r.opt.Ended()
		}
	}
}

// budget is how many bytes a picture may have.
type budget struct {
	bytes    int
	tooLarge func() // nil is not told
}

// exceeded says whether a picture of so many bytes is too large, and tells of it
// if so.
func (b budget) exceeded(bytes int) bool {
	if bytes <= b.bytes {
		return false
	}
	if b.tooLarge != nil {
		b.tooLarge()
	}
	return true
}
