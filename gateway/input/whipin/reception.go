package whipin

import (
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"github.com/pion/rtcp"
)

const (
	// mostMissing is how many packets are asked for at a time; where more are missing a
	// keyframe is.
	mostMissing = 64
	// askAgain is after which time a packet is asked for once more, and asks how often it
	// is in all.
	askAgain = 80 * time.Millisecond
	asks     = 4
	// mostAhead is how far ahead a packet may be; one beyond that counts anew (RFC 3550, A.1).
	mostAhead = 3000
	// mostRate is what browsers are told that they may send, in bits a second; what may
	// come the limits of publishers say.
	mostRate = 20_000_000
)

// reception is what is known of the packets of one track. The payload is set before any
// comes; else its methods may be called from any goroutine.
type reception struct {
	payload byte

	mu       sync.Mutex // guards what follows
	source   uint32     // SSRC; 0 before a packet
	highest  uint32     // number, with how often they went round in front
	first    uint32
	came     uint32 // packets
	missing  []missingPacket
	gaveUp   bool // a packet will not come any more
	expected uint32
	received uint32    // of what was reported last
	ntp      uint32    // of the sender's last report, the middle of its time
	heard    time.Time // when that came
}

// missingPacket is one that did not come yet.
type missingPacket struct {
	number uint32
	asked  time.Time
	times  int
}

// note notes a packet, and says whether others are missing before it.
func (r *reception) note(b []byte) bool {
	seq, source := binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[8:])
	r.mu.Lock()
	defer r.mu.Unlock()
	ahead := int16(seq - uint16(r.highest))
	if source != r.source || ahead > mostAhead || ahead < -mostAhead {
		r.source, r.first, r.highest, r.came, r.expected, r.received = source, uint32(seq), uint32(seq), 1, 0, 0
		r.missing = r.missing[:0]
		return false
	}
	r.came++
	if ahead <= 0 {
		number := r.highest - uint32(-ahead)
		r.missing = slices.DeleteFunc(r.missing, func(m missingPacket) bool { return m.number == number })
		return false
	}
	next := r.highest + 1
	r.highest += uint32(ahead)
	if r.highest-next > mostMissing {
		r.missing, r.gaveUp = r.missing[:0], true
		return true
	}
	for ; next < r.highest; next++ {
		r.missing = append(r.missing, missingPacket{number: next})
	}
	if more := len(r.missing) - mostMissing; more > 0 {
		r.missing, r.gaveUp = slices.Delete(r.missing, 0, more), true
	}
	return ahead > 1
}

// wants is what is asked of a sender.
type wants struct {
	packets  []uint16
	keyframe bool
}

// due gives what is to be asked for now.
func (r *reception) due(now time.Time) (w wants) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.keyframe, r.gaveUp = r.gaveUp, false
	kept := r.missing[:0]
	for _, m := range r.missing {
		if now.Sub(m.asked) >= askAgain {
			if m.times == asks {
				w.keyframe = true
				continue
			}
			m.asked, m.times = now, m.times+1
			w.packets = append(w.packets, uint16(m.number))
		}
		kept = append(kept, m)
	}
	r.missing = kept
	return w
}

// ssrc gives what the sender calls the track; 0 before a packet.
func (r *reception) ssrc() uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source
}

// asking gives the reports that ask for something.
func (r *reception) asking(w wants) (all []rtcp.Packet) {
	source := r.ssrc()
	if len(w.packets) > 0 {
		all = append(all, &rtcp.TransportLayerNack{MediaSSRC: source, Nacks: rtcp.NackPairsFromSequenceNumbers(w.packets)})
	}
	if w.keyframe {
		all = append(all, &rtcp.PictureLossIndication{MediaSSRC: source})
	}
	return all
}

// reported notes a report of the sender's.
func (r *reception) reported(p *rtcp.SenderReport, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.SSRC == r.source {
		r.ntp, r.heard = uint32(p.NTPTime>>16), now
	}
}

// reports says how much came (RFC 3550, 6.4.1); of a track without packets nothing.
func (r *reception) reports(now time.Time) []rtcp.ReceptionReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.source == 0 {
		return nil
	}
	expected := r.highest - r.first + 1
	due, came := expected-r.expected, r.came-r.received
	r.expected, r.received = expected, r.came
	report := rtcp.ReceptionReport{SSRC: r.source, LastSequenceNumber: r.highest}
	if expected > r.came {
		report.TotalLost = min(expected-r.came, 1<<23-1)
	}
	if due > came {
		report.FractionLost = uint8(min((due-came)*256/due, 255))
	}
	if !r.heard.IsZero() {
		report.LastSenderReport, report.Delay = r.ntp, uint32(now.Sub(r.heard)*65536/time.Second)
	}
	return []rtcp.ReceptionReport{report}
}

// estimate tells a browser how much it may send.
func (r *reception) estimate() rtcp.Packet {
	return &rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: mostRate, SSRCs: []uint32{r.ssrc()}}
}
