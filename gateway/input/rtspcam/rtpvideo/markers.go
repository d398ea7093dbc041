package rtpvideo

import "sync/atomic"

// Markers is what is known of a camera's marker bits: whether they end pictures
// (RFC 3550, 5.1), as they should, or slices or packets, as of some cameras. Who
// keeps it for a camera spares the next Receiver to find out. The zero value
// knows nothing. It may be used from any goroutine.
type Markers struct {
	known    atomic.Int32
	harmless atomic.Int32 // marker bits so far that may well be right
}

// enoughMarks are believed even if none of them says for certain.
const enoughMarks = 50

// What is known of marker bits.
const (
	unknownMarks int32 = iota
	honestMarks
	falseMarks
)

// ends notes a marker bit, and says whether the picture under way is whole for
// certain. As long as that is not known the picture is kept back for a moment,
// to see whether it goes on: see keptBack.
func (m *Markers) ends(ended *bool) bool {
	known := m.known.Load()
	*ended = known != falseMarks
	return known == honestMarks
}

// unknown says whether pictures are kept back.
func (m *Markers) unknown() bool { return m.known.Load() == unknownMarks }

// held notes that after a marker bit another picture began. That says for
// certain that marker bits are right only if there were places before it where
// a false one would have been: not for a picture of one packet.
func (m *Markers) held(certain bool) {
	if m.unknown() && (certain || m.harmless.Add(1) >= enoughMarks) {
		m.known.CompareAndSwap(unknownMarks, honestMarks)
	}
}

// lied notes that after a marker bit the same picture went on.
func (m *Markers) lied() { m.known.Store(falseMarks) }
