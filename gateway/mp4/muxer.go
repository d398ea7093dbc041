package mp4

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"framegate/gateway/media"
	"framegate/transcode/h264"
)

// What bounds the timeline, in ticks.
const (
	firstDelta  = Timescale / 30 // the time between two frames while nothing tells
	maxJump     = 10 * Timescale // media time that leaps farther was set anew
	maxStall    = 1 * Timescale  // a longer pause is not the distance of reordered frames
	maxJitter   = Timescale / 10 // media time that goes back less is only imprecise
	maxReorder  = h264.MaxReorder
	maxBehind   = 8                  // frames whose media time stands before it counts for nothing
	settled     = 8                  // frames after which reordering would have been seen
	maxDuration = math.MaxInt32      // of a sample: a u32 that some readers take as signed
	maxData     = math.MaxInt32 - 64 // bytes of a frame
)

// Muxer gives the frames of one viewer their place on one timeline without
// gaps, and writes what stands before them. The zero value is ready. It is
// not safe for concurrent use.
//
// The timeline starts at 0 with the first frame, whatever its media time, and
// goes on over dropped frames, new Formats and media time that is set anew:
// the decode time of each sample is exactly that of the one before plus its
// duration. To need no frame of the future, a sample's duration is the media
// time since the frame before: sample n stands where frame n-1 would, and ends
// with the media time of frame n. So a viewer that skips to a newer keyframe
// sees a long sample, and the end of the timeline never drifts from media time.
//
// Frames that come in another order than they are shown in get composition
// offsets. Their decode times are their media times in order, as many frames
// late as the Format says, or as is seen, that frames are reordered.
type Muxer struct {
	sequence uint32
	format   *media.Format
	next     int64 // decode time of the next sample
	shift    int64 // from media time to the timeline
	newest   int64 // the latest media time so far, on the timeline
	usual    int64 // what lately lay between two frames
	steady   int64 // the same, smoothed
	behind   int   // frames in a row whose media time does not go on

	reorder  int                   // frames that come before one that is shown earlier
	certain  bool                  // reorder is known and not only feared
	frames   int                   // of this Format, up to settled
	earlier  int64                 // how much before its media time a reordered frame is shown
	popped   int64                 // the latest media time that became a decode time
	pending  [maxReorder + 1]int64 // media times, ascending, that will become decode times
	pendings int
}

// sample is the place of one frame, in ticks.
type sample struct {
	decode, duration, offset int64
}

// AppendHead appends the moof of a fragment of one sample and the header of
// its mdat to b, and gives the result; f.Data belongs right after it. The head
// is between 100 and 120 bytes. Offsets count from the start of the moof, so
// that fragments may be cut apart and dropped (14496-12, 8.8.7,
// default-base-is-moof).
//
// It allocates nothing if b has room, and keeps nothing of f but its Format.
// It panics if f has no Format, or 2 GiB of Data.
func (m *Muxer) AppendHead(b []byte, f media.Frame) []byte {
	if f.Format == nil || len(f.Data) > maxData {
		panic(fmt.Sprintf("mp4: frame %d of %d bytes, format %v", f.Seq, len(f.Data), f.Format))
	}
	m.sequence++
	s := m.place(f)
	if s.offset == 0 {
		return appendHead(b, m.sequence, s, f.Key, len(f.Data))
	}
	return appendHeadWithOffset(b, m.sequence, s, f.Key, len(f.Data))
}

// Pass puts a frame on the timeline that is not written, as where sound goes along
// with pictures that are no MP4.
func (m *Muxer) Pass(f media.Frame) { m.place(f) }

// place puts a frame on the timeline.
func (m *Muxer) place(f media.Frame) sample {
	var at, stretch int64
	if m.format != f.Format {
		at = m.enter(f)
	} else {
		m.settle(f.Key)
		at, stretch = m.follow(f)
	}
	if m.frames < settled {
		m.frames++
	}
	shown := at - m.earlier
	if m.reorder == 0 {
		shown = max(m.newest, m.next)
	}
	m.newest = max(m.newest, at)
	s := sample{decode: m.next, duration: min(m.step(at)+stretch, maxDuration)}
	s.offset = max(min(max(shown, 0)-s.decode, math.MaxInt32), math.MinInt32)
	m.next += s.duration
	if ahead := m.next - m.newest; ahead > maxJump { // media time only ever goes back
		stretch = ahead
	}
	if stretch > 0 {
		m.moveOn(stretch)
	}
	return s
}

// enter starts the frames of another Format: right after what was there, since
// its media time may have another start.
func (m *Muxer) enter(f media.Frame) (at int64) {
	first, reordered := m.format == nil, m.reorder > 0
	m.format, m.frames = f.Format, 0
	m.reorder, m.certain = f.Format.Reordering()
	if first {
		m.usual = firstDelta
	}
	if delta, ok := f.Format.FrameTicks(Timescale); ok {
		m.usual = delta
	}
	if first {
		m.newest = int64(m.reorder) * m.usual
		for i := range m.reorder {
			m.await(int64(i+1) * m.usual)
		}
	}
	if !reordered {
		m.earlier = m.usual / 2
	}
	m.steady = m.usual
	m.fill()
	return m.rebase(f)
}

// rebase makes a frame follow what was there with the usual distance.
func (m *Muxer) rebase(f media.Frame) (at int64) {
	at = m.newest + m.usual
	m.shift = at - ticks(f.PTS)
	return at
}

// settle stops to fear that frames are reordered when a keyframe comes and
// none before it was: for a stream in order, more exact places can be given.
func (m *Muxer) settle(key bool) {
	if key && !m.certain && m.frames == settled {
		m.reorder, m.certain = 0, true
	}
}

// follow gives the place of a frame's media time on the timeline, which it
// corrects where media time leaps, and by how much the frame's sample must be
// longer than its place tells.
func (m *Muxer) follow(f media.Frame) (at, stretch int64) {
	at = ticks(f.PTS) + m.shift
	gap := at - m.newest
	switch {
	case gap > maxJump || gap < -maxJump:
		return m.rebase(f), 0
	case gap <= 0:
		return m.goBack(f, at, gap), 0
	}
	m.behind = 0
	switch {
	case m.reorder > 0 && gap > m.longest(f.Key):
		return m.rebase(f), gap - m.usual
	case m.reorder == 0:
		m.learn(gap)
	}
	return at, 0
}

// longest gives how far ahead of all before it a frame of a reordered stream
// may be. All that is shown before a keyframe of H.264 has come before it; another
// frame may leave room for some that come later.
func (m *Muxer) longest(key bool) int64 {
	if key && m.format.Codec == media.H264 {
		return m.usual * 3 / 2
	}
	return max(m.usual*3/2, maxStall)
}

// goBack deals with media time that is not after all before it: a reordered
// frame, imprecision, or a clock that was set.
func (m *Muxer) goBack(f media.Frame, at, gap int64) int64 {
	reordered := !f.Key && gap < 0
	switch {
	case reordered && m.reorder > 0 && -gap <= max(maxStall, (maxReorder+1)*m.usual):
		m.certain = true
		if at < m.popped && m.reorder < maxReorder {
			m.reorder++
			m.fill()
		}
	case reordered && m.reorder == 0 && f.Format.Codec == media.H264 && Bidirectional(f.Data):
		m.reorder, m.certain, m.earlier = 1, true, 0
		m.fill()
	case m.reorder > 0 || -gap > max(maxJitter, 2*m.usual) || m.behind >= maxBehind:
		return m.rebase(f)
	default:
		m.behind++
	}
	return at
}

// learn notes a distance between two frames. One long one says little.
func (m *Muxer) learn(delta int64) {
	m.usual = max(1, min(delta, 2*m.usual))
	m.steady += (m.usual - m.steady) / 8
}

// step gives the duration of the sample of a frame at at: how much decode time
// goes on, which is at least a little.
func (m *Muxer) step(at int64) int64 {
	if m.reorder == 0 && m.pendings == 0 {
		m.popped = at
		return max(at-m.next, 1)
	}
	before := m.popped
	m.await(at)
	for m.pendings > m.reorder {
		m.popped = m.pending[0]
		m.pendings--
		copy(m.pending[:m.pendings], m.pending[1:])
	}
	least := max(m.usual/2, 1)
	if delta := m.popped - before; m.reorder > 0 && delta > 0 && delta <= maxStall {
		m.learn(delta)
	}
	return max(m.popped-m.next, least)
}

// fill has as many media times pending as frames are reordered. Those that
// are lacking are made up; they let decode time fall behind.
func (m *Muxer) fill() {
	for m.pendings < m.reorder {
		m.await(m.next)
	}
}

// await puts a media time where it belongs among those that are pending.
func (m *Muxer) await(at int64) {
	i := m.pendings
	for ; i > 0 && m.pending[i-1] > at; i-- {
		m.pending[i] = m.pending[i-1]
	}
	m.pending[i] = at
	m.pendings++
}

// moveOn moves all of the timeline that is still to come.
func (m *Muxer) moveOn(by int64) {
	m.shift += by
	m.newest += by
	m.popped += by
	for i := range m.pending[:m.pendings] {
		m.pending[i] += by
	}
}

// At gives where on the timeline the media time of a frame of sound belongs, in
// ticks: where the picture of that time is shown.
func (m *Muxer) At(pts time.Duration) int64 {
	at := ticks(pts) + m.shift
	if m.reorder == 0 {
		return at - m.steady
	}
	return at - m.earlier
}

// ticks gives media time in ticks, rounded down, without overflow.
func ticks(d time.Duration) int64 {
	const perTick, ticksPer = 100000, 9 // nanoseconds
	return int64(d)/perTick*ticksPer + int64(d)%perTick*ticksPer/perTick
}

// Flags of a sample: 14496-12, 8.8.3.1. A keyframe depends on no other; another
// one does, and nothing can start there.
const (
	keyFlags   = 0x02000000
	deltaFlags = 0x01010000
)

// Sizes of the boxes of a head.
const (
	mfhdSize = 16
	tfhdSize = 16
	tfdtSize = 20
	trunSize = 32
	trafSize = 8 + tfhdSize + tfdtSize + trunSize
	moofSize = 8 + mfhdSize + trafSize
)

// appendHead writes a head for a sample that is shown when it is decoded.
func appendHead(b []byte, sequence uint32, s sample, key bool, size int) []byte {
	b = appendUpToRun(b, sequence, trackID, s.decode, 0)
	b = appendBox(b, trunSize, "trun", 0x000701) // data offset; duration, size, flags
	b = appendRun(b, moofSize, s.duration, key, size)
	return appendMdat(b, size)
}

// appendHeadWithOffset writes one for a sample that is shown later or earlier.
// Version 1 of trun has signed offsets: 14496-12, 8.8.8.
func appendHeadWithOffset(b []byte, sequence uint32, s sample, key bool, size int) []byte {
	b = appendUpToRun(b, sequence, trackID, s.decode, 4)
	b = appendBox(b, trunSize+4, "trun", 0x01000F01)
	b = appendRun(b, moofSize+4, s.duration, key, size)
	b = binary.BigEndian.AppendUint32(b, uint32(int32(s.offset)))
	return appendMdat(b, size)
}

// appendUpToRun writes the boxes of a moof before trun, which is longer than
// trunSize by more bytes.
func appendUpToRun(b []byte, sequence, track uint32, decode int64, more uint32) []byte {
	b = binary.BigEndian.AppendUint32(b, moofSize+more)
	b = append(b, "moof"...)
	b = appendBox(b, mfhdSize, "mfhd", 0)
	b = binary.BigEndian.AppendUint32(b, sequence)
	b = binary.BigEndian.AppendUint32(b, trafSize+more)
	b = append(b, "traf"...)
	b = appendBox(b, tfhdSize, "tfhd", 0x020000) // default-base-is-moof
	b = binary.BigEndian.AppendUint32(b, track)
	b = appendBox(b, tfdtSize, "tfdt", 0x01000000)
	return binary.BigEndian.AppendUint64(b, uint64(decode))
}

// appendRun writes trun's content but for the composition offset.
func appendRun(b []byte, moof uint32, duration int64, key bool, size int) []byte {
	flags := uint32(deltaFlags)
	if key {
		flags = keyFlags
	}
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint32(b, moof+8)
	b = binary.BigEndian.AppendUint32(b, uint32(duration))
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	return binary.BigEndian.AppendUint32(b, flags)
}

func appendMdat(b []byte, size int) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(8+size))
	return append(b, "mdat"...)
}

// appendBox writes the start of a FullBox, with its version and flags.
func appendBox(b []byte, size uint32, kind string, versionAndFlags uint32) []byte {
	b = binary.BigEndian.AppendUint32(b, size)
	b = append(b, kind...)
	return binary.BigEndian.AppendUint32(b, versionAndFlags)
}
