// Package mp4 writes and reads fragmented MP4 (ISO/IEC 14496-12, ISO/IEC
// 14496-15) for one track of H.264: an init segment for a Format, and one
// fragment of one sample for each frame. It also sees in a frame
// whether it may be one that is shown before others that came earlier.
//
// A fragment is a head, which the Muxer of one viewer makes, and the frame's
// Data as it is, which all viewers share. The package knows no network and no
// file; outputs and recordings call it.
package mp4

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"framegate/gateway/media"
)

// Timescale is the number of ticks in a second of what Init and Muxer write.
const Timescale = 90000

// trackID names the only track.
const trackID = 1

// ErrFormat: a Format that cannot be described in MP4.
var ErrFormat = errors.New("format that does not go into MP4")

// MIME gives the type of f as MediaSource.isTypeSupported takes it, such as
// `video/mp4; codecs="avc1.64001F"` (RFC 6381, 3.3), or "" if f is not H.264
// or lacks its Config.
func MIME(f *media.Format) string {
	if f == nil || f.Codec != media.H264 || len(f.Config) < 4 {
		return ""
	}
	return fmt.Sprintf(`%s/mp4; codecs="avc1.%02X%02X%02X"`, f.Codec.Kind(), f.Config[1], f.Config[2], f.Config[3])
}

// Init gives the init segment of f: ftyp and moov with one video track, with
// Timescale, without any duration and without mehd. Chrome takes that for a
// live stream and holds no picture back. The error is ErrFormat.
func Init(f *media.Format) ([]byte, error) {
	if err := checkFormat(f); err != nil {
		return nil, err
	}
	w := make(boxes, 0, 1024+len(f.Config))
	w.ftyp()
	moov := w.open("moov")
	w.mvhd()
	trak := w.open("trak")
	w.tkhd(f.Width, f.Height)
	mdia := w.open("mdia")
	w.mdhd()
	w.hdlr()
	w.minf(f)
	w.close(mdia)
	w.close(trak)
	w.mvex()
	w.close(moov)
	return w, nil
}

// checkFormat refuses what the fields of the boxes cannot hold.
func checkFormat(f *media.Format) error {
	switch {
	case f == nil || f.Codec != media.H264:
		return fmt.Errorf("%w: not H.264", ErrFormat)
	case f.Width < 1 || f.Width > math.MaxUint16 || f.Height < 1 || f.Height > math.MaxUint16:
		return fmt.Errorf("%w: pictures of %dx%d", ErrFormat, f.Width, f.Height)
	case len(f.Config) == 0:
		return fmt.Errorf("%w: no parameter sets", ErrFormat)
	}
	return nil
}

// boxes is a run of boxes that is being written.
type boxes []byte

func (w *boxes) u8(v ...byte)    { *w = append(*w, v...) }
func (w *boxes) u16(v ...uint16) { *w = appendAll(*w, binary.BigEndian.AppendUint16, v) }
func (w *boxes) u32(v ...uint32) { *w = appendAll(*w, binary.BigEndian.AppendUint32, v) }
func (w *boxes) text(s string)   { *w = append(*w, s...) }
func (w *boxes) zeros(n int)     { *w = append(*w, make([]byte, n)...) }

func appendAll[T any](b []byte, one func([]byte, T) []byte, values []T) []byte {
	for _, v := range values {
		b = one(b, v)
	}
	return b
}

// open starts a box and gives where it starts, which close wants.
func (w *boxes) open(kind string) int {
	at := len(*w)
	w.u32(0)
	w.text(kind)
	return at
}

// openFull starts a FullBox: 14496-12, 4.2.
func (w *boxes) openFull(kind string, version byte, flags uint32) int {
	at := w.open(kind)
	w.u32(uint32(version)<<24 | flags)
	return at
}

// close writes the size of the box that started at at.
func (w *boxes) close(at int) {
	binary.BigEndian.PutUint32((*w)[at:], uint32(len(*w)-at))
}

// ftyp: 14496-12, 4.3. Fragments whose offsets count from their moof need
// iso5, signed composition offsets need iso6. Brands before iso5 would promise
// a reader something else, all but mp41, which says no more than "MP4" and is
// what QuickTime and Safari look for; avc1 says that the track is H.264.
func (w *boxes) ftyp() {
	at := w.open("ftyp")
	w.text("iso5")
	w.u32(512)
	w.text("iso5iso6mp41avc1")
	w.close(at)
}

// mvhd: 14496-12, 8.2.2.
func (w *boxes) mvhd() {
	at := w.openFull("mvhd", 0, 0)
	w.u32(0, 0, Timescale, 0) // creation, modification, timescale, duration
	w.u32(0x00010000)         // rate 1
	w.u16(0x0100, 0)          // volume 1
	w.u32(0, 0)
	w.matrix()
	w.zeros(24)
	w.u32(trackID + 1)
	w.close(at)
}

// matrix is the one that leaves the picture as it is.
func (w *boxes) matrix() {
	w.u32(0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000)
}

// tkhd: 14496-12, 8.3.2. The track is enabled and in the movie.
func (w *boxes) tkhd(width, height int) {
	at := w.openFull("tkhd", 0, 3)
	w.u32(0, 0, trackID, 0, 0) // creation, modification, ID, reserved, duration
	w.u32(0, 0)
	w.u16(0, 0, 0, 0) // layer, group, volume
	w.matrix()
	w.u32(uint32(width)<<16, uint32(height)<<16)
	w.close(at)
}

// mdhd: 14496-12, 8.4.2. The language is "und", three times five bits.
func (w *boxes) mdhd() {
	at := w.openFull("mdhd", 0, 0)
	w.u32(0, 0, Timescale, 0)
	w.u16(0x55C4, 0)
	w.close(at)
}

// hdlr: 14496-12, 8.4.3.
func (w *boxes) hdlr() {
	at := w.openFull("hdlr", 0, 0)
	w.u32(0)
	w.text("vide")
	w.u32(0, 0, 0)
	w.text("video\x00")
	w.close(at)
}

// minf: 14496-12, 8.4.4. The media is in this very file, and no sample of it
// is in the moov.
func (w *boxes) minf(f *media.Format) {
	minf := w.open("minf")
	vmhd := w.openFull("vmhd", 0, 1)
	w.u16(0, 0, 0, 0)
	w.close(vmhd)
	dinf := w.open("dinf")
	dref := w.openFull("dref", 0, 0)
	w.u32(1)
	w.close(w.openFull("url ", 0, 1))
	w.close(dref)
	w.close(dinf)
	stbl := w.open("stbl")
	stsd := w.openFull("stsd", 0, 0)
	w.u32(1)
	w.avc1(f)
	w.close(stsd)
	for _, kind := range []string{"stts", "stsc", "stco"} {
		at := w.openFull(kind, 0, 0)
		w.u32(0)
		w.close(at)
	}
	stsz := w.openFull("stsz", 0, 0)
	w.u32(0, 0)
	w.close(stsz)
	w.close(stbl)
	w.close(minf)
}

// avc1: 14496-12, 12.1.3 and 14496-15, 5.4.2.
func (w *boxes) avc1(f *media.Format) {
	at := w.open("avc1")
	w.zeros(6)
	w.u16(1) // which entry of dref
	w.zeros(16)
	w.u16(uint16(f.Width), uint16(f.Height))
	w.u32(0x00480000, 0x00480000, 0) // 72 dots an inch
	w.u16(1)                         // frames a sample
	w.zeros(32)                      // name of the compressor
	w.u16(0x0018, 0xFFFF)            // depth; no colour table
	avcC := w.open("avcC")           // 14496-15, 5.3.3.1
	w.u8(f.Config...)
	w.close(avcC)
	w.close(at)
}

// mvex: 14496-12, 8.8.1. Every fragment says all of its sample itself.
func (w *boxes) mvex() {
	mvex := w.open("mvex")
	trex := w.openFull("trex", 0, 0)
	w.u32(trackID, 1, 0, 0, 0)
	w.close(trex)
	w.close(mvex)
}
