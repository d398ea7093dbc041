package transcode

import (
	"math"
	"slices"
	"sync"
	"time"
)

// stamps remembers the times of packets that are inside ffmpeg, by the
// millisecond with which each is labelled on its way through. Writing and
// reading goroutines share it.
type stamps struct {
	mu      sync.Mutex // guards what follows
	inside  []stamp    // in the order written
	first   time.Duration
	written uint64
	dts     int64 // label of the last packet, as decoding time

	order  order     // of H264 and H265
	newest int64     // the highest label
	stuck  int       // packets in a row whose times did not go on
	last   time.Time // the capture time of the last packet
}

type stamp struct {
	label uint32
	pts   time.Duration
	wall  time.Time
	came  time.Time
	mark  int8
}

const (
	// maxInside bounds how many packets are remembered: as many as are written
	// ahead, small ones that the pipe holds and those that are decoded and not
	// shown. The oldest fall out.
	maxInside = 4096
	// labelBase leaves room for B-frames that are shown before the first
	// packet written.
	labelBase = 10_000
	// reorder is how far, in milliseconds, decoding times lie before
	// presentation times, for the sake of B-frames. It is a label, not a wait.
	reorder = 500
	// maxJitter and maxStuck are how far back, in milliseconds, and how often in
	// a row a time may be imprecise.
	maxJitter, maxStuck = 100, 8
	// defaultStep is how much later a packet is than the one before it, in
	// milliseconds, where nothing tells, and maxStep the most.
	defaultStep, maxStep = 1000 / nominalFPS, 1000
	// jpegInterval is how long JPEGs are, in milliseconds, as far as ffmpeg is
	// concerned.
	jpegInterval = 1000 / nominalFPS
	// maxLabel is the last that FLV has 32 bits for on the way into ffmpeg,
	// which does not take times that begin anew.
	maxLabel = math.MaxUint32
	// labelBits are those of a label that come out again: FLV out of ffmpeg
	// has 31 bits, which begin anew after 25 days.
	labelBits = math.MaxInt32
)

// place labels a JPEG by its place among all, and gives that.
func (s *stamps) place(p Packet) (place uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	place = s.written
	s.remember(uint32(place*jpegInterval), p)
	return place
}

// time labels a JPEG by its time. It is not ok when labels are used up.
func (s *stamps) time(p Packet) (at uint32, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.written == 0 {
		s.first = p.PTS
	}
	s.dts = max(s.dts+1, labelBase+(p.PTS-s.first).Milliseconds())
	if s.dts > maxLabel {
		return 0, false
	}
	s.remember(uint32(s.dts), p)
	return uint32(s.dts), true
}

// tag labels a packet of H.264 or H.265, and gives its decoding time and the difference
// between the two. It is not ok when labels are used up.
//
// ffmpeg insists on times that rise in the order of output, and not all cameras
// do: their times repeat, step back, or are those of decoding. So what a label
// must lie between is said by the picture itself (order), and only where there
// by its media time.
func (s *stamps) tag(p Packet) (dts uint32, cts int32, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.written == 0 {
		s.first = p.PTS
		s.newest = -roomForReordered
	}
	label := s.label(p, labelBase+(p.PTS-s.first).Milliseconds())
	s.last = p.Wall
	if max(label, s.dts+1) > maxLabel {
		return 0, 0, false
	}
	s.dts = max(s.dts+1, label-reorder)
	s.remember(uint32(label), p)
	return uint32(s.dts), int32(label - s.dts), true
}

// label gives the label of a packet: its time, if that is where it belongs.
func (s *stamps) label(p Packet, at int64) int64 {
	place := s.order.next(p.Data)
	before, behind := s.order.between(place)
	margin := min((behind-before)/4, s.order.room())
	switch {
	case behind < 0: // it is shown after all before it
		at = s.goOn(p, at)
	case behind-before < 2: // no room, as the camera's order makes no sense
		place = s.order.reset()
		at = s.goOn(p, at)
	case at-before < max(margin, 1) || behind-at < max(margin, 1): // others may have to go between
		at = before + (behind-before)/2
	}
	s.newest = max(s.newest, at)
	s.order.remember(place, at)
	return at
}

// goOn gives a label behind all others. A time that repeats a few times is
// taken for imprecise; one that goes back, or stands still, was set anew.
func (s *stamps) goOn(p Packet, at int64) int64 {
	if at >= s.newest+s.order.room() {
		s.stuck = 0
		return max(at, 1)
	}
	if s.stuck++; s.newest-at < maxJitter && s.stuck < maxStuck {
		return s.newest + s.order.room()
	}
	passed := int64(defaultStep)
	if !s.last.IsZero() && !p.Wall.IsZero() {
		passed = p.Wall.Sub(s.last).Milliseconds()
	}
	label := s.newest + min(max(passed, s.order.room()), maxStep)
	s.first -= time.Duration(label-at) * time.Millisecond
	return label
}

func (s *stamps) remember(label uint32, p Packet) {
	s.written++
	if len(s.inside) == maxInside {
		s.inside = append(s.inside[:0], s.inside[1:]...)
	}
	s.inside = append(s.inside, stamp{label, p.PTS, p.Wall, p.Arrived, p.Mark})
}

// restore gives a packet that came out the times of the one that went in, and
// forgets all that would have come out before it: ffmpeg dropped them. Encoders
// are told to have no B-frames, and so what comes out is in the order of labels.
func (s *stamps) restore(p *Packet, label uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.inside, func(t stamp) bool { return (t.label^label)&labelBits == 0 })
	if at < 0 {
		return
	}
	t := s.inside[at]
	p.PTS, p.Wall, p.Arrived, p.Mark = t.pts, t.wall, t.came, t.mark
	s.inside = slices.DeleteFunc(s.inside, func(t stamp) bool { return int32((t.label-label)<<1) <= 0 })
}

// count says how many packets were written that did not come out yet.
func (s *stamps) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.inside)
}

// clock makes media times of the milliseconds in ffmpeg's packets, of which
// FLV has 31 bits: they begin anew after 25 days, and media times do not.
type clock struct {
	ms    int64
	began bool
}

func (c *clock) at(label uint32) time.Duration {
	if !c.began {
		c.ms, c.began = int64(label), true
	}
	c.ms += int64(int32(label<<1-uint32(c.ms)<<1) >> 1) // the shorter way round
	return time.Duration(c.ms) * time.Millisecond
}
