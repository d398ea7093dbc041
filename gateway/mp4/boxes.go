package mp4

import (
	"encoding/binary"

	"framegate/gateway/media"
)

// Boxes is a run of boxes that is being written. The zero value is empty.
type Boxes []byte

// U8 appends bytes.
func (w *Boxes) U8(v ...byte) { *w = append(*w, v...) }

// U16 appends numbers of two bytes.
func (w *Boxes) U16(v ...uint16) { *w = appendAll(*w, binary.BigEndian.AppendUint16, v) }

// U32 appends numbers of four bytes.
func (w *Boxes) U32(v ...uint32) { *w = appendAll(*w, binary.BigEndian.AppendUint32, v) }

// U64 appends numbers of eight bytes.
func (w *Boxes) U64(v ...uint64) { *w = appendAll(*w, binary.BigEndian.AppendUint64, v) }

// Text appends a text as it is.
func (w *Boxes) Text(s string) { *w = append(*w, s...) }

// Zeros appends n bytes of zero.
func (w *Boxes) Zeros(n int) { *w = append(*w, make([]byte, n)...) }

func appendAll[T any](b []byte, one func([]byte, T) []byte, values []T) []byte {
	for _, v := range values {
		b = one(b, v)
	}
	return b
}

// Open starts a box and gives where it starts, which Close wants.
func (w *Boxes) Open(kind string) int {
	at := len(*w)
	w.U32(0)
	w.Text(kind)
	return at
}

// OpenFull starts a FullBox: 14496-12, 4.2.
func (w *Boxes) OpenFull(kind string, version byte, flags uint32) int {
	at := w.Open(kind)
	w.U32(uint32(version)<<24 | flags)
	return at
}

// Close writes the size of the box that started at at.
func (w *Boxes) Close(at int) {
	binary.BigEndian.PutUint32((*w)[at:], uint32(len(*w)-at))
}

// Matrix appends the transformation that leaves a picture as it is.
func (w *Boxes) Matrix() {
	w.U32(0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000)
}

// DataInThisFile appends the dinf of a track whose media is in the file itself:
// 14496-12, 8.7.1.
func (w *Boxes) DataInThisFile() {
	dinf := w.Open("dinf")
	dref := w.OpenFull("dref", 0, 0)
	w.U32(1)
	w.Close(w.OpenFull("url ", 0, 1))
	w.Close(dref)
	w.Close(dinf)
}

// OpenVisual starts a VisualSampleEntry (14496-12, 12.1.3): the fields that are
// in each, whatever the codec.
func (w *Boxes) OpenVisual(kind string, width, height int) int {
	at := w.Open(kind)
	w.Zeros(6)
	w.U16(1) // which entry of dref
	w.Zeros(16)
	w.U16(uint16(width), uint16(height))
	w.U32(0x00480000, 0x00480000, 0) // 72 dots an inch
	w.U16(1)                         // frames a sample
	w.Zeros(32)                      // name of the compressor
	w.U16(0x0018, 0xFFFF)            // depth; no colour table
	return at
}

// SampleEntry appends that of a codec that is carried, with its whole Config. Of
// H.264 and H.265 all parameter sets are in it: 14496-15, 5.4.2 and 8.4.1.
func (w *Boxes) SampleEntry(f *media.Format) {
	if f.Codec.Kind() == media.Audio {
		w.soundEntry(f)
		return
	}
	at := w.OpenVisual(entryOf(f.Codec), f.Width, f.Height)
	config := w.Open(configs[entryOf(f.Codec)])
	w.U8(f.Config...)
	w.Close(config)
	w.Close(at)
}

// entryOf names the sample entry of a codec of pictures that is carried, and avc1
// else. It is a brand, too.
func entryOf(codec media.Codec) string {
	if codec == media.H265 {
		return "hvc1"
	}
	return "avc1"
}

// configs are the boxes of sample entries with a Format's Config: 14496-15,
// 5.3.3.1 and 8.3.3.1. The third and the last may have parameter sets among the
// pictures, too.
var configs = map[string]string{"avc1": "avcC", "hvc1": "hvcC", "avc3": "avcC", "hev1": "hvcC"}
