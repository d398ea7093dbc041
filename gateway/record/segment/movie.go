package segment

import (
	"math"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
)

// movie is what a moov is written of.
type movie struct {
	timescale uint32
	created   time.Time
	formats   []*media.Format
	entries   [][]Entry // by track
	growing   bool      // its samples are in fragments
	read      counts    // of a movie that was read from its tables
}

// dropEmpty drops the tracks behind the first of which nothing came: players wait for
// what a track without samples is to give.
func (m *movie) dropEmpty() {
	for last := len(m.entries) - 1; last > 0 && len(m.entries[last]) == 0; last-- {
		m.entries, m.formats = m.entries[:last], m.formats[:last]
	}
}

// counts is how many entries the tables of the pictures have.
type counts struct{ stts, ctts int }

// edit is the part of a track that is shown, in ticks: after so long without
// anything, from a place in its media, for a while.
type edit struct{ empty, media, length int64 }

// edit gives a track's. The movie begins with the first picture of the first
// track, so that neither the depth of reordering nor what is shown before a
// keyframe of an open GOP, which needs pictures of another file, delays it.
func (m *movie) edit(track int) edit {
	all := m.entries[track]
	if len(m.entries[0]) == 0 || len(all) == 0 && !m.growing {
		return edit{}
	}
	zero := m.entries[0][0].Decode + int64(m.entries[0][0].Offset)
	if m.growing { // the media's time is that of its fragments, and what is shown has no end
		return edit{media: zero}
	}
	late := all[0].Decode + int64(all[0].Offset) - zero
	e := edit{empty: max(late, 0), media: zero + max(late, 0) - all[0].Decode}
	last := all[len(all)-1]
	if e.length = last.Decode + int64(last.Duration) - all[0].Decode; track == 0 {
		e.length -= leading(all)
	} else { // no longer than the pictures, whose length the movie has
		e.length = max(min(e.length-e.media, m.edit(0).length-e.empty), 0)
	}
	return e
}

// leading is how long before the first sample another one is shown.
func leading(all []Entry) (ticks int64) {
	first := all[0].Decode + int64(all[0].Offset)
	for _, e := range all {
		if e.Decode > first {
			break
		}
		ticks = max(ticks, first-e.Decode-int64(e.Offset))
	}
	return ticks
}

// duration is how long the pictures take.
func (m *movie) duration() time.Duration {
	ticks, scale := m.edit(0).length, int64(m.timescale)
	return time.Duration(ticks/scale)*time.Second + time.Duration(ticks%scale)*time.Second/time.Duration(scale)
}

// append writes the moov: 14496-12, 8.2.1.
func (m *movie) append(w *mp4.Boxes) (c counts) {
	length := int64(0)
	for i := range m.formats {
		e := m.edit(i)
		length = max(length, e.empty+e.length)
	}
	moov := w.Open("moov")
	m.mvhd(w, length)
	for i := range m.formats {
		c = m.trak(w, i, c)
	}
	if m.growing {
		m.mvex(w)
	}
	w.Close(moov)
	return c
}

// times writes when a header's thing was made and changed, of version 1, in
// seconds since 1904.
func (m *movie) times(w *mp4.Boxes) {
	const from1904 = 2082844800
	at := uint64(max(m.created.Unix()+from1904, 0))
	w.U64(at, at)
}

// total gives a duration as it is written: none while the file grows.
func (m *movie) total(ticks int64) uint64 {
	if m.growing {
		return 0
	}
	return uint64(ticks)
}

// mvhd: 14496-12, 8.2.2.
func (m *movie) mvhd(w *mp4.Boxes, length int64) {
	at := w.OpenFull("mvhd", 1, 0)
	m.times(w)
	w.U32(m.timescale)
	w.U64(m.total(length))
	w.U32(0x00010000) // rate 1
	w.U16(0x0100, 0)  // volume 1
	w.U32(0, 0)
	w.Matrix()
	w.Zeros(24)
	w.U32(uint32(len(m.formats) + 1))
	w.Close(at)
}

func (m *movie) trak(w *mp4.Boxes, track int, c counts) counts {
	trak := w.Open("trak")
	m.tkhd(w, track)
	m.edts(w, track)
	mdia := w.Open("mdia")
	m.mdhd(w, track)
	kind := m.formats[track].Codec.Kind()
	hdlr(w, kind)
	minf := w.Open("minf")
	w.MediaHeader(kind)
	w.DataInThisFile()
	own := m.stbl(w, track)
	w.Close(minf)
	w.Close(mdia)
	w.Close(trak)
	if track == 0 {
		return own
	}
	return c
}

// tkhd: 14496-12, 8.3.2. The track is enabled and in the movie.
func (m *movie) tkhd(w *mp4.Boxes, track int) {
	e := m.edit(track)
	at := w.OpenFull("tkhd", 1, 3)
	m.times(w)
	w.U32(uint32(track+1), 0)
	w.U64(m.total(e.empty + e.length))
	w.U32(0, 0)
	w.U16(0, 0, mp4.VolumeOf(m.formats[track].Codec.Kind()), 0) // layer, group, volume
	w.Matrix()
	w.U32(uint32(m.formats[track].Width)<<16, uint32(m.formats[track].Height)<<16)
	w.Close(at)
}

// edts: 14496-12, 8.6.5 and 8.6.6.
func (m *movie) edts(w *mp4.Boxes, track int) {
	e := m.edit(track)
	if e.empty == 0 && e.media == 0 {
		return
	}
	edts := w.Open("edts")
	elst := w.OpenFull("elst", 1, 0)
	if e.empty > 0 {
		w.U32(2)
		w.U64(uint64(e.empty), math.MaxUint64)
		w.U32(0x00010000)
	} else {
		w.U32(1)
	}
	w.U64(m.total(e.length), uint64(e.media))
	w.U32(0x00010000)
	w.Close(elst)
	w.Close(edts)
}

// mdhd: 14496-12, 8.4.2. The language is "und", three times five bits.
func (m *movie) mdhd(w *mp4.Boxes, track int) {
	length := int64(0)
	if all := m.entries[track]; len(all) > 0 {
		last := all[len(all)-1]
		length = last.Decode + int64(last.Duration) - all[0].Decode
	}
	at := w.OpenFull("mdhd", 1, 0)
	m.times(w)
	w.U32(m.timescale)
	w.U64(m.total(length))
	w.U16(0x55C4, 0)
	w.Close(at)
}

// hdlr: 14496-12, 8.4.3.
func hdlr(w *mp4.Boxes, kind media.Kind) {
	at := w.OpenFull("hdlr", 0, 0)
	w.U32(0)
	w.Text(mp4.HandlerOf(kind))
	w.U32(0, 0, 0)
	w.Text(kind.String() + "\x00")
	w.Close(at)
}

// mvex: 14496-12, 8.8.1. Every fragment says all of its samples itself.
func (m *movie) mvex(w *mp4.Boxes) {
	mvex := w.Open("mvex")
	for i := range m.formats {
		trex := w.OpenFull("trex", 0, 0)
		w.U32(uint32(i+1), 1, 0, 0, 0)
		w.Close(trex)
	}
	w.Close(mvex)
}

// sampleEntry writes what a track is of. JPEG is mp4v with an object type of its
// own (14496-14, 5.6; 14496-1, table 5).
func sampleEntry(w *mp4.Boxes, f *media.Format) {
	if f.Codec != media.JPEG {
		w.SampleEntry(f)
		return
	}
	at := w.OpenVisual("mp4v", f.Width, f.Height)
	esds := w.OpenFull("esds", 0, 0)
	w.U8(0x03, 21, 0, 0, 0)        // ES_Descriptor: no number, no flags
	w.U8(0x04, 13, jpegType, 0x11) // DecoderConfigDescriptor: a visual stream
	w.Zeros(3 + 4 + 4)             // no word on buffers and rates
	w.U8(0x06, 1, 2)               // SLConfigDescriptor: as in all MP4
	w.Close(esds)
	w.Close(at)
}

// jpegType is the objectTypeIndication of JPEG: 14496-1, table 5.
const jpegType = 0x6C
