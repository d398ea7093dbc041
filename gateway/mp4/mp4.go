// Package mp4 writes and reads fragmented MP4 (ISO/IEC 14496-12, ISO/IEC
// 14496-15) for one track of H.264 or H.265: an init segment for a Format,
// and one fragment of one sample for each frame. It also sees in a frame of H.264
// whether it may be one that is shown before others that came earlier.
//
// A fragment is a head, which the Muxer of one viewer makes, and the frame's
// Data as it is, which all viewers share. Boxes, NextBox and Fields are for
// those who write and read other kinds of MP4. The package knows no network and
// no file; outputs and recordings call it.
package mp4

import (
	"errors"
	"fmt"
	"math"

	"framegate/gateway/media"
	"framegate/transcode/h265"
)

// Timescale is the number of ticks in a second of what Init and Muxer write.
const Timescale = 90000

// trackID names the only track.
const trackID = 1

// ErrFormat: a Format that cannot be described in MP4.
var ErrFormat = errors.New("format that does not go into MP4")

// Carries says whether the codec goes into what Init and Muxer write.
func Carries(c media.Codec) bool { return c == media.H264 || c == media.H265 }

// MIME gives the type of f as MediaSource.isTypeSupported takes it, such as
// `video/mp4; codecs="avc1.64001F"` (RFC 6381, 3.3), or "" if f is of a codec
// that is not carried or lacks its Config.
func MIME(f *media.Format) string {
	if f == nil {
		return ""
	}
	if codecs := codecs(f); codecs != "" {
		return fmt.Sprintf(`%s/mp4; codecs="%s"`, f.Codec.Kind(), codecs)
	}
	return ""
}

func codecs(f *media.Format) string {
	switch {
	case f.Codec == media.H264 && len(f.Config) >= 4:
		return fmt.Sprintf("avc1.%02X%02X%02X", f.Config[1], f.Config[2], f.Config[3])
	case f.Codec == media.H265:
		return h265.Codecs(f.Config)
	}
	return ""
}

// Init gives the init segment of f: ftyp and moov with one video track, with
// Timescale, without any duration and without mehd. Chrome takes that for a
// live stream and holds no picture back. The error is ErrFormat.
func Init(f *media.Format) ([]byte, error) {
	if err := checkFormat(f); err != nil {
		return nil, err
	}
	w := live{make(Boxes, 0, 1024+len(f.Config))}
	w.ftyp(f.Codec)
	moov := w.Open("moov")
	w.mvhd()
	trak := w.Open("trak")
	w.tkhd(f.Width, f.Height)
	mdia := w.Open("mdia")
	w.mdhd()
	w.hdlr()
	w.minf(f)
	w.Close(mdia)
	w.Close(trak)
	w.mvex()
	w.Close(moov)
	return w.Boxes, nil
}

// checkFormat refuses what the fields of the boxes cannot hold.
func checkFormat(f *media.Format) error {
	switch {
	case f == nil || !Carries(f.Codec):
		return fmt.Errorf("%w: neither H.264 nor H.265", ErrFormat)
	case f.Width < 1 || f.Width > math.MaxUint16 || f.Height < 1 || f.Height > math.MaxUint16:
		return fmt.Errorf("%w: pictures of %dx%d", ErrFormat, f.Width, f.Height)
	case len(f.Config) == 0:
		return fmt.Errorf("%w: no parameter sets", ErrFormat)
	}
	return nil
}

// live is the boxes of an init segment of one track, which has no end.
type live struct{ Boxes }

// ftyp: 14496-12, 4.3. Fragments whose offsets count from their moof need
// iso5, signed composition offsets need iso6. Brands before iso5 would promise
// a reader something else, all but mp41, which says no more than "MP4" and is
// what QuickTime and Safari look for; the last says what the track is.
func (w *live) ftyp(codec media.Codec) {
	at := w.Open("ftyp")
	w.Text("iso5")
	w.U32(512)
	w.Text("iso5iso6mp41" + entryOf(codec))
	w.Close(at)
}

// mvhd: 14496-12, 8.2.2.
func (w *live) mvhd() {
	at := w.OpenFull("mvhd", 0, 0)
	w.U32(0, 0, Timescale, 0) // creation, modification, timescale, duration
	w.U32(0x00010000)         // rate 1
	w.U16(0x0100, 0)          // volume 1
	w.U32(0, 0)
	w.Matrix()
	w.Zeros(24)
	w.U32(trackID + 1)
	w.Close(at)
}

// tkhd: 14496-12, 8.3.2. The track is enabled and in the movie.
func (w *live) tkhd(width, height int) {
	at := w.OpenFull("tkhd", 0, 3)
	w.U32(0, 0, trackID, 0, 0) // creation, modification, ID, reserved, duration
	w.U32(0, 0)
	w.U16(0, 0, 0, 0) // layer, group, volume
	w.Matrix()
	w.U32(uint32(width)<<16, uint32(height)<<16)
	w.Close(at)
}

// mdhd: 14496-12, 8.4.2. The language is "und", three times five bits.
func (w *live) mdhd() {
	at := w.OpenFull("mdhd", 0, 0)
	w.U32(0, 0, Timescale, 0)
	w.U16(0x55C4, 0)
	w.Close(at)
}

// hdlr: 14496-12, 8.4.3.
func (w *live) hdlr() {
	at := w.OpenFull("hdlr", 0, 0)
	w.U32(0)
	w.Text("vide")
	w.U32(0, 0, 0)
	w.Text("video\x00")
	w.Close(at)
}

// minf: 14496-12, 8.4.4. The media is in this very file, and no sample of it
// is in the moov.
func (w *live) minf(f *media.Format) {
	minf := w.Open("minf")
	vmhd := w.OpenFull("vmhd", 0, 1)
	w.U16(0, 0, 0, 0)
	w.Close(vmhd)
	w.DataInThisFile()
	stbl := w.Open("stbl")
	stsd := w.OpenFull("stsd", 0, 0)
	w.U32(1)
	w.SampleEntry(f)
	w.Close(stsd)
	for _, kind := range []string{"stts", "stsc", "stco"} {
		at := w.OpenFull(kind, 0, 0)
		w.U32(0)
		w.Close(at)
	}
	stsz := w.OpenFull("stsz", 0, 0)
	w.U32(0, 0)
	w.Close(stsz)
	w.Close(stbl)
	w.Close(minf)
}

// mvex: 14496-12, 8.8.1. Every fragment says all of its sample itself.
func (w *live) mvex() {
	mvex := w.Open("mvex")
	trex := w.OpenFull("trex", 0, 0)
	w.U32(trackID, 1, 0, 0, 0)
	w.Close(trex)
	w.Close(mvex)
}
