// Package mp4 writes fragmented MP4 (ISO/IEC 14496-12, ISO/IEC 14496-15) with a
// track of H.264 or H.265, one of AAC or Opus, or both: an init segment for their
// Formats, one fragment of one sample for each picture, and one for the frames of
// sound that go out together. It reads what has pictures alone. It also sees in a frame of H.264
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
	"strings"

	"framegate/gateway/media"
	"framegate/transcode/h265"
)

// Timescale is the number of ticks in a second of pictures, as Init and Muxer write
// them. Sound has its Format's Rate.
const Timescale = 90000

// trackID names the first track.
const trackID = 1

// ErrFormat: a Format that cannot be described in MP4.
var ErrFormat = errors.New("format that does not go into MP4")

// Carries says whether the codec goes into what Init and Muxer write.
func Carries(c media.Codec) bool {
	return c == media.H264 || c == media.H265 || c == media.AAC || c == media.Opus
}

// MIME gives the type of a file with these tracks, that of pictures first, as
// MediaSource.isTypeSupported takes it, such as `video/mp4; codecs="avc1.64001F"`
// (RFC 6381, 3.3), or "" if one is of a codec that is not carried or lacks its Config.
func MIME(formats ...*media.Format) string {
	var all []string
	for _, f := range formats {
		if f == nil || codecs(f) == "" {
			return ""
		}
		all = append(all, codecs(f))
	}
	return fmt.Sprintf(`%s/mp4; codecs="%s"`, formats[0].Codec.Kind(), strings.Join(all, ","))
}

func codecs(f *media.Format) string {
	switch {
	case f.Codec == media.H264 && len(f.Config) >= 4:
		return fmt.Sprintf("avc1.%02X%02X%02X", f.Config[1], f.Config[2], f.Config[3])
	case f.Codec == media.H265:
		return h265.Codecs(f.Config)
	case f.Codec == media.AAC && len(f.Config) > 0:
		return fmt.Sprintf("mp4a.40.%d", f.Config[0]>>3) // the type of audio object: 14496-3, 1.6.2.1
	case f.Codec == media.Opus:
		return "opus"
	}
	return ""
}

// Init gives the init segment of a track for each format, with IDs from 1: ftyp and
// moov, without any duration and without mehd. Chrome takes that for a live stream
// and holds no picture back. There is at least one format; the pictures come first.
// The error is ErrFormat.
func Init(formats ...*media.Format) ([]byte, error) {
	size := 1024
	for _, f := range formats {
		if err := checkFormat(f); err != nil {
			return nil, err
		}
		size += 512 + len(f.Config)
	}
	w := live{make(Boxes, 0, size)}
	w.ftyp(formats[0].Codec)
	moov := w.Open("moov")
	w.mvhd(len(formats))
	for i, f := range formats {
		w.trak(uint32(trackID+i), f)
	}
	w.mvex(len(formats))
	w.Close(moov)
	return w.Boxes, nil
}

// checkFormat refuses what the fields of the boxes cannot hold.
func checkFormat(f *media.Format) error {
	switch {
	case f == nil || !Carries(f.Codec):
		return fmt.Errorf("%w: neither H.264 nor H.265, nor AAC or Opus", ErrFormat)
	case len(f.Config) == 0:
		return fmt.Errorf("%w: no parameter sets", ErrFormat)
	case f.Codec.Kind() == media.Audio:
		return checkSound(f)
	case f.Width < 1 || f.Width > math.MaxUint16 || f.Height < 1 || f.Height > math.MaxUint16:
		return fmt.Errorf("%w: pictures of %dx%d", ErrFormat, f.Width, f.Height)
	}
	return nil
}

// live is the boxes of an init segment, whose tracks have no end.
type live struct{ Boxes }

// trak: 14496-12, 8.3.1.
func (w *live) trak(id uint32, f *media.Format) {
	trak := w.Open("trak")
	w.tkhd(id, f)
	mdia := w.Open("mdia")
	w.mdhd(f)
	w.hdlr(f.Codec.Kind())
	w.minf(f)
	w.Close(mdia)
	w.Close(trak)
}

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
func (w *live) mvhd(tracks int) {
	at := w.OpenFull("mvhd", 0, 0)
	w.U32(0, 0, Timescale, 0) // creation, modification, timescale, duration
	w.U32(0x00010000)         // rate 1
	w.U16(0x0100, 0)          // volume 1
	w.U32(0, 0)
	w.Matrix()
	w.Zeros(24)
	w.U32(uint32(trackID + tracks))
	w.Close(at)
}

// tkhd: 14496-12, 8.3.2. The track is enabled and in the movie.
func (w *live) tkhd(id uint32, f *media.Format) {
	at := w.OpenFull("tkhd", 0, 3)
	w.U32(0, 0, id, 0, 0) // creation, modification, ID, reserved, duration
	w.U32(0, 0)
	w.U16(0, 0, VolumeOf(f.Codec.Kind()), 0) // layer, group, volume
	w.Matrix()
	w.U32(uint32(f.Width)<<16, uint32(f.Height)<<16)
	w.Close(at)
}

// mdhd: 14496-12, 8.4.2. The language is "und", three times five bits.
func (w *live) mdhd(f *media.Format) {
	at := w.OpenFull("mdhd", 0, 0)
	w.U32(0, 0, TimescaleOf(f), 0)
	w.U16(0x55C4, 0)
	w.Close(at)
}

// hdlr: 14496-12, 8.4.3.
func (w *live) hdlr(kind media.Kind) {
	at := w.OpenFull("hdlr", 0, 0)
	w.U32(0)
	w.Text(HandlerOf(kind))
	w.U32(0, 0, 0)
	w.Text(kind.String() + "\x00")
	w.Close(at)
}

// minf: 14496-12, 8.4.4. The media is in this very file, and no sample of it
// is in the moov.
func (w *live) minf(f *media.Format) {
	minf := w.Open("minf")
	w.MediaHeader(f.Codec.Kind())
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
func (w *live) mvex(tracks int) {
	mvex := w.Open("mvex")
	for i := range tracks {
		trex := w.OpenFull("trex", 0, 0)
		w.U32(uint32(trackID+i), 1, 0, 0, 0)
		w.Close(trex)
	}
	w.Close(mvex)
}
