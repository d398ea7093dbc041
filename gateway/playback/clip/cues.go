package clip

import (
	"encoding/binary"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
)

// The track of subtitles has the time of day in it, a cue for each second of each
// part, as timed text (3GPP TS 26.245). How many cues a part has follows from when
// it begins and how long it lasts, so no file is read for them. They are one chunk
// at the start of mdat, since all are of the same size.

const (
	cueID     = trackID + 1
	cueFormat = "2006-01-02 15:04:05 -07:00"
	cueSize   = 2 + len(cueFormat) // bytes of a sample: the length and the text
	runSize   = 8                  // bytes of an entry of stts
)

// cues is what a track of subtitles has in all.
type cues struct {
	zone        *time.Location // nil where there is no such track
	count, runs int
}

// bytes gives how many bytes the samples have.
func (c cues) bytes() int64 { return int64(c.count) * int64(cueSize) }

// within gives how far into its first second a part begins, in ticks.
func (p *part) within() int64 { return timeToTicks(time.Duration(p.start.Nanosecond())) }

// texts gives how many cues a part has, and how many entries of stts: the first, all
// that last a second, and the last.
func (p *part) texts() (count, runs int) {
	count = int((p.within() + p.ticks + Timescale - 1) / Timescale)
	return count, min(count, 3)
}

// writeCues appends what a part has in a column of the track of subtitles.
func (l *layout) writeCues(b []byte, c column, p *part) []byte {
	count, runs := p.texts()
	if c == cueTexts {
		for n := range count {
			b = binary.BigEndian.AppendUint16(b, uint16(len(cueFormat)))
			b = time.Unix(p.start.Unix()+int64(n), 0).In(l.cues.zone).AppendFormat(b, cueFormat)
		}
		return b
	}
	first := min(Timescale-p.within(), p.ticks)
	last := p.ticks - first - int64(max(count-2, 0))*Timescale
	for n, run := range [...]struct{ count, ticks int64 }{{1, first}, {int64(count - 2), Timescale}, {1, last}} {
		if n < runs && (runs > 2 || n == 0) || runs == 2 && n == 2 {
			b = binary.BigEndian.AppendUint32(b, uint32(run.count))
			b = binary.BigEndian.AppendUint32(b, uint32(run.ticks))
		}
	}
	return b
}

// cueTrackSize gives how many bytes the track takes in moov.
func (m movie) cueTrackSize() int64 {
	if m.cues.zone == nil {
		return 0
	}
	return int64(len(m.cueHead())) + int64(m.cues.runs)*runSize + int64(len(m.cueTail(0)))
}

// cueHead makes the track up to the entries of stts. Its one edit shows what that of
// the pictures shows.
func (m movie) cueHead() mp4.Boxes {
	var w mp4.Boxes
	trak := w.Open("trak")
	m.trackHead(&w, cueID, media.Video)
	m.edit(&w, max(m.from-m.shift, 0))
	mdia := w.Open("mdia")
	m.mdhd(&w, Timescale, m.media)
	handler(&w, "sbtl", "clock")
	minf := w.Open("minf")
	w.Close(w.OpenFull("nmhd", 0, 0))
	w.DataInThisFile()
	stbl := w.Open("stbl")
	stsd := w.OpenFull("stsd", 0, 0)
	w.U32(1)
	timedText(&w)
	w.Close(stsd)
	stts := w.OpenFull("stts", 0, 0)
	w.U32(uint32(m.cues.runs))
	entries := m.cues.runs * runSize
	rest := entries + len(m.cueTail(0))
	binary.BigEndian.PutUint32(w[stts:], uint32(len(w)-stts+entries))
	for _, at := range []int{trak, mdia, minf, stbl} {
		binary.BigEndian.PutUint32(w[at:], uint32(len(w)-at+rest))
	}
	return w
}

// cueTail makes the other tables, of one chunk that is somewhere.
func (m movie) cueTail(chunk int64) mp4.Boxes {
	var w mp4.Boxes
	stsc := w.OpenFull("stsc", 0, 0)
	w.U32(1, 1, uint32(m.cues.count), 1)
	w.Close(stsc)
	stsz := w.OpenFull("stsz", 0, 0)
	w.U32(uint32(cueSize), uint32(m.cues.count))
	w.Close(stsz)
	co64 := w.OpenFull("co64", 0, 0)
	w.U32(1)
	w.U64(uint64(chunk))
	w.Close(co64)
	return w
}

// timedText appends the sample entry of texts: white on black, below and centred
// (26.245, 5.16).
func timedText(w *mp4.Boxes) {
	at := w.Open("tx3g")
	w.Zeros(6)
	w.U16(1)            // which entry of dref
	w.U32(0)            // flags
	w.U8(1, 0xFF)       // centred, at the bottom
	w.U8(0, 0, 0, 0xA0) // behind the text
	w.U16(0, 0, 0, 0)   // in all of the picture
	w.U16(0, 0, 1)      // all characters, in the first font
	w.U8(0, 18, 0xFF, 0xFF, 0xFF, 0xFF)
	ftab := w.Open("ftab")
	w.U16(1, 1)
	w.U8(5)
	w.Text("Serif")
	w.Close(ftab)
	w.Close(at)
}
