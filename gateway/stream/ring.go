package stream

import "framegate/gateway/media"

// slackFrames is how many frames of the previous GOP stay in the ring behind
// a new keyframe, so that a reader that is a few frames late when it comes
// need not skip them.
const slackFrames = 8

// maxRingFrames bounds the ring where frames are tiny.
const maxRingFrames = 4096

// ring keeps the newest frames of a stream in the order of their sequence
// numbers: the last GOP always, and before it what somebody is still to get. The
// stream's lock guards it.
type ring struct {
	slots    []media.Frame // slot of frame n: n modulo len; len is a power of two
	first    uint64        // oldest frame kept
	next     uint64        // the sequence number of the frame to come; first == next: empty
	bytes    int           // of all frames kept
	maxBytes int           // bound on bytes; the newest frame stays even beyond it

	newestKey uint64 // newest keyframe kept, or 0
	joinFrom  uint64 // frames before it belong to a run that ended: no place to join
	leads     uint16 // Leading frames that came last
}

func newRing(maxBytes int) ring {
	return ring{slots: make([]media.Frame, 4), first: 1, next: 1, joinFrom: 1, maxBytes: maxBytes}
}

// at gives the frame with sequence number n, which must be kept.
func (r *ring) at(n uint64) *media.Frame { return &r.slots[n&uint64(len(r.slots)-1)] }

// push takes the next frame, gives it its number and drops what is too old.
// Nobody waits for frames before wanted.
func (r *ring) push(f media.Frame, wanted uint64) {
	if r.next-r.first == uint64(len(r.slots)) {
		r.grow()
	}
	f.Seq, f.Leads = r.next, r.leads
	if r.leads++; !f.Leading {
		r.leads = 0
	}
	r.add(f)
	r.trim(f.Format.Codec, wanted)
}

// add puts a frame behind the others.
func (r *ring) add(f media.Frame) {
	*r.at(r.next) = f
	r.next++
	r.bytes += len(f.Data)
	if f.Key && f.Beside != media.Behind {
		r.newestKey = f.Seq
	}
}

func (r *ring) grow() {
	old := *r
	r.slots = make([]media.Frame, 2*len(old.slots))
	for n := r.first; n < r.next; n++ {
		*r.at(n) = *old.at(n)
	}
}

// trim drops the oldest frames: those that nobody wants, then those beyond the
// bounds.
func (r *ring) trim(codec media.Codec, wanted uint64) {
	slack := uint64(slackFrames)
	if codec == media.JPEG {
		slack = 0
	}
	for r.first+slack < r.newestKey && r.first < wanted {
		r.dropOldest()
	}
	r.bound()
}

// bound drops the oldest frames beyond the bounds.
func (r *ring) bound() {
	for r.first+1 < r.next && (r.bytes > r.maxBytes || r.next-r.first > maxRingFrames) {
		r.dropOldest()
	}
}

func (r *ring) dropOldest() {
	f := r.at(r.first)
	r.bytes -= len(f.Data)
	if r.first == r.newestKey {
		r.newestKey = 0
	}
	*f = media.Frame{}
	r.first++
}

// clear drops everything; the numbering goes on.
func (r *ring) clear() {
	for r.first < r.next {
		r.dropOldest()
	}
	r.endRun()
}

// endRun makes sure that nobody joins at a frame that is there now.
func (r *ring) endRun() { r.joinFrom = r.next }

// joinPoint gives the newest keyframe of the present run.
func (r *ring) joinPoint() (uint64, bool) {
	return r.newestKey, r.newestKey >= r.joinFrom && r.newestKey > 0
}

// oldestKey gives the oldest keyframe kept.
func (r *ring) oldestKey() (uint64, bool) {
	for n := r.first; n < r.next; n++ {
		if r.at(n).Key {
			return n, true
		}
	}
	return 0, false
}
