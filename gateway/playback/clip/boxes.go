package clip

import (
	"encoding/binary"
	"math"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
)

// trackID names the track of pictures.
const trackID = 1

// size gives how many bytes boxes makes.
func (m movie) size() int64 { return int64(len(m.boxes(0, 0))) }

// boxes makes all that stands before the tables: ftyp, and moov but for its
// tables and the other tracks, which take so many bytes.
func (m movie) boxes(tables, others int64) mp4.Boxes {
	var w mp4.Boxes
	ftyp := w.Open("ftyp")
	w.Text("isom")
	w.U32(512)
	w.Text("isomiso2avc1mp41")
	w.Close(ftyp)
	moov := w.Open("moov")
	m.mvhd(&w)
	trak := w.Open("trak")
	m.trackHead(&w, trackID, media.Video)
	m.edit(&w, m.from)
	mdia := w.Open("mdia")
	m.mdhd(&w, Timescale, m.media)
	handler(&w, "vide", "video")
	minf := w.Open("minf")
	vmhd := w.OpenFull("vmhd", 0, 1)
	w.Zeros(8)
	w.Close(vmhd)
	w.DataInThisFile()
	stbl := w.Open("stbl")
	m.stsd(&w)
	for _, at := range []int{trak, mdia, minf, stbl} {
		binary.BigEndian.PutUint32(w[at:], uint32(int64(len(w)-at)+tables))
	}
	binary.BigEndian.PutUint32(w[moov:], uint32(int64(len(w)-moov)+tables+others))
	return w
}

// handler appends what a track is: 14496-12, 8.4.3.
func handler(w *mp4.Boxes, kind, name string) {
	at := w.OpenFull("hdlr", 0, 0)
	w.U32(0)
	w.Text(kind)
	w.Zeros(12)
	w.Text(name + "\x00")
	w.Close(at)
}

// mvhd: 14496-12, 8.2.2.
func (m movie) mvhd(w *mp4.Boxes) {
	at := w.OpenFull("mvhd", 1, 0)
	w.U64(m.createdAt(), m.createdAt())
	w.U32(Timescale)
	w.U64(uint64(m.to - m.from))
	w.U32(0x00010000) // rate 1
	w.U16(0x0100, 0)  // volume 1
	w.U32(0, 0)       //
	w.Matrix()        //
	w.Zeros(24)       //
	w.U32(soundID + 1)
	w.Close(at)
}

func (m movie) createdAt() uint64 { return uint64(m.created.Unix() + epoch) }

// trackHead appends tkhd: 14496-12, 8.3.2. The track is enabled, in the movie and as large as its
// largest pictures, if it is to be seen.
func (m movie) trackHead(w *mp4.Boxes, id uint32, kind media.Kind) {
	width, height := 0, 0
	for _, f := range m.formats {
		if kind == media.Video {
			width, height = max(width, f.Width), max(height, f.Height)
		}
	}
	at := w.OpenFull("tkhd", 1, 3)
	w.U64(m.createdAt(), m.createdAt())
	w.U32(id, 0)
	w.U64(uint64(m.to - m.from))
	w.U32(0, 0)
	w.U16(0, 0, mp4.VolumeOf(kind), 0) // layer, group, volume
	w.Matrix()
	w.U32(uint32(width)<<16, uint32(height)<<16)
	w.Close(at)
}

// edit appends edts: 14496-12, 8.6.5. The one edit hides what stands before the
// first picture that is shown, which is from some tick of the track on, and what
// behind the last.
func (m movie) edit(w *mp4.Boxes, from int64) {
	edts := w.Open("edts")
	elst := w.OpenFull("elst", 1, 0)
	w.U32(1)
	w.U64(uint64(m.to-m.from), uint64(from))
	w.U16(1, 0) // rate 1
	w.Close(elst)
	w.Close(edts)
}

// mdhd: 14496-12, 8.4.2. The language is "und", three times five bits.
func (m movie) mdhd(w *mp4.Boxes, timescale uint32, length int64) {
	at := w.OpenFull("mdhd", 1, 0)
	w.U64(m.createdAt(), m.createdAt())
	w.U32(timescale)
	w.U64(uint64(length))
	w.U16(0x55C4, 0)
	w.Close(at)
}

// stsd: 14496-12, 8.5.2.
func (m movie) stsd(w *mp4.Boxes) {
	at := w.OpenFull("stsd", 0, 0)
	w.U32(uint32(len(m.formats)))
	for _, f := range m.formats {
		if f.Codec == media.JPEG {
			jpeg(w, f)
		} else {
			w.SampleEntry(f)
		}
	}
	w.Close(at)
}

// jpeg appends the sample entry of JPEGs: MPEG-4 visual whose object type says
// that they are JPEGs (14496-14, 5.6; 14496-1, 7.2.6.6).
func jpeg(w *mp4.Boxes, f *media.Format) {
	at := w.OpenVisual("mp4v", f.Width, f.Height)
	esds := w.OpenFull("esds", 0, 0)
	w.U8(3, 21, 0, 1, 0)      // ES_Descriptor
	w.U8(4, 13, 0x6C, 4<<2|1) // DecoderConfigDescriptor: JPEG, visual
	w.U8(0, 0, 0)             // size of the decoder's buffer
	w.U32(0, 0)               // bit rates
	w.U8(6, 1, 2)             // SLConfigDescriptor: MP4
	w.Close(esds)
	w.Close(at)
}

// table is one of the tables in stbl.
type table struct {
	kind    string
	version byte
	column  column
}

// tablesOf gives the tables of a clip, in their order: 14496-12, 8.6 and 8.7. All
// samples are keyframes where no table says which.
func tablesOf(total counts) []table {
	tables := []table{{"stts", 0, durations}}
	if total.offsets > 0 {
		tables = append(tables, table{"ctts", 1, offsets})
	}
	tables = append(tables, table{"stsc", 0, chunkSamples}, table{"stsz", 0, sizes}, table{"stco", 0, chunkOffsets})
	if total.keys < total.samples {
		tables = append(tables, table{"stss", 0, keys})
	}
	return tables
}

// begin appends what stands before the entries of a table.
func (t table) begin(b []byte, wide bool, total counts) []byte {
	w := mp4.Boxes(b)
	l := layout{wide: wide}
	kind, n := t.kind, t.column.entriesOf(total)
	if t.column == chunkOffsets && wide {
		kind = "co64"
	}
	at := w.OpenFull(kind, t.version, 0)
	if t.column == sizes {
		w.U32(0) // each its own
	}
	w.U32(uint32(n))
	binary.BigEndian.PutUint32(w[at:], uint32(int64(len(w)-at)+int64(n)*l.width(t.column)))
	return w
}

// mdat gives the head of the box that has the pictures.
func mdat(bytes int64) []byte {
	var w mp4.Boxes
	if bytes+8 <= math.MaxUint32 {
		w.U32(uint32(bytes + 8))
		w.Text("mdat")
		return w
	}
	w.U32(1) // the size follows
	w.Text("mdat")
	w.U64(uint64(bytes + 16))
	return w
}
