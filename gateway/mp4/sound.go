package mp4

import (
	"encoding/binary"
	"fmt"
	"math"

	"framegate/gateway/media"
)

// TimescaleOf gives the number of ticks in a second of a track.
func TimescaleOf(f *media.Format) uint32 {
	if f.Codec.Kind() == media.Audio {
		return uint32(f.Rate)
	}
	return Timescale
}

// VolumeOf is what tkhd says: full for sound (14496-12, 8.3.2).
func VolumeOf(kind media.Kind) uint16 {
	if kind == media.Audio {
		return 0x0100
	}
	return 0
}

// HandlerOf is what hdlr says of a kind of track: 14496-12, 12.1.1 and 12.2.1.
func HandlerOf(kind media.Kind) string {
	return map[media.Kind]string{media.Video: "vide", media.Audio: "soun"}[kind]
}

// MediaHeader appends that of a kind of track: 14496-12, 12.1.2 and 12.2.2.
func (w *Boxes) MediaHeader(kind media.Kind) {
	if kind == media.Audio {
		at := w.OpenFull("smhd", 0, 0)
		w.U16(0, 0) // balance
		w.Close(at)
		return
	}
	at := w.OpenFull("vmhd", 0, 1)
	w.U16(0, 0, 0, 0) // how to draw it: a copy
	w.Close(at)
}

// maxSoundConfig bounds the Config of sound, so that esds counts its bytes in one.
const maxSoundConfig = 100

// checkSound refuses what the fields of a sample entry cannot hold.
func checkSound(f *media.Format) error {
	if f.Rate < 1 || f.Rate > 1<<20 || f.Channels < 1 || f.Channels > math.MaxUint8 || len(f.Config) > maxSoundConfig {
		return fmt.Errorf("%w: sound of %d Hz in %d channels, and %d bytes about it", ErrFormat, f.Rate, f.Channels, len(f.Config))
	}
	return nil
}

// soundEntry appends an AudioSampleEntry (14496-12, 12.2.3) of AAC (14496-14,
// 5.6) or Opus (Encapsulation of Opus in ISO BMFF, 4.3.1).
func (w *Boxes) soundEntry(f *media.Format) {
	kind := "mp4a"
	if f.Codec == media.Opus {
		kind = "Opus"
	}
	at := w.Open(kind)
	w.Zeros(6)
	w.U16(1) // which entry of dref
	w.Zeros(8)
	w.U16(uint16(f.Channels), 16, 0, 0) // bits a sample, as a template says
	rate := f.Rate
	if rate > math.MaxUint16 {
		rate = 0 // it is in the Config
	}
	w.U32(uint32(rate) << 16)
	if f.Codec == media.Opus {
		dops := w.Open("dOps")
		w.U8(f.Config...)
		w.Close(dops)
	} else {
		w.esds(f.Config)
	}
	w.Close(at)
}

// Tags of the descriptors in esds: 14496-1, 7.2.2.1.
const (
	tagES             = 3
	tagDecoderConfig  = 4
	tagDecoderInfo    = 5
	tagSyncLayer      = 6
	objectAAC         = 0x40 // 14496-1, 7.2.6.6.2
	streamAudio       = 5<<2 | 1
	decoderConfigSize = 13 // before what is in it
)

// esds: 14496-14, 3.1.2, with the descriptors that it needs (14496-1, 7.2.6). Their
// sizes take a byte each.
func (w *Boxes) esds(config []byte) {
	info := len(config)
	decoder := decoderConfigSize + 2 + info
	at := w.OpenFull("esds", 0, 0)
	w.U8(tagES, byte(3+2+decoder+3))
	w.U16(0) // ID, which a file leaves out
	w.U8(0)
	w.U8(tagDecoderConfig, byte(decoder), objectAAC, streamAudio)
	w.U8(0, 0, 0) // size of buffers: unknown
	w.U32(0, 0)   // bits a second, most and mean: unknown
	w.U8(tagDecoderInfo, byte(info))
	w.U8(config...)
	w.U8(tagSyncLayer, 1, 2) // as MP4 has it
	w.Close(at)
}

// What bounds how sound follows its pictures.
const (
	// soundPull is the part of a frame's rate by which it may be longer or shorter
	// than it is heard: a millisecond.
	soundPull = 1000
	// soundLeap is the part of a second from which on a distance is not made up for
	// but leapt over.
	soundLeap = 8
)

// Sound gives the frames of sound of one viewer their place on the timeline of the
// viewer's pictures, and writes them. The zero value is ready. It is not safe for
// concurrent use.
//
// A frame stands where the picture of its time is shown. Samples follow each other
// without gaps: a small distance is made up for by a millisecond in each frame, and
// a large one, as after sound that was away, is leapt over. Time never goes back:
// see Late.
type Sound struct {
	// Track is the ID of the track; 0 = 1, as where sound has an init segment of its
	// own.
	Track    uint32
	sequence uint32
	format   *media.Format
	next     int64 // decode time of the next sample, in samples
}

// Late says that a frame belongs where others are already, as it may after a
// camera came back: it is to be left out.
func (s *Sound) Late(pictures *Muxer, f *media.Frame) bool {
	if s.format == nil {
		return false
	}
	rate := int64(s.format.Rate)
	return pictures.At(f.PTS)*rate/Timescale < s.next-rate/soundLeap
}

// SoundHeadSize gives how many bytes AppendHead appends for a number of frames.
func SoundHeadSize(frames int) int { return moofSize - trunSize + 20 + 8*frames + 8 }

// AppendFragment appends a moof and an mdat with frames of one Format, in their
// order, to b, and gives the result. It is AppendHead, and then the frames' Data.
func (s *Sound) AppendFragment(b []byte, pictures *Muxer, frames ...media.Frame) []byte {
	b = s.AppendHead(b, pictures, frames)
	for i := range frames {
		b = append(b, frames[i].Data...)
	}
	return b
}

// AppendHead appends the moof of a fragment with frames of one Format, in their order,
// and the header of its mdat to b, and gives the result; the frames' Data belongs right
// after it. pictures is what the viewer's pictures are placed by. In trun are a duration
// and a size for each frame, from byte 88 on.
//
// It allocates nothing if b has room, and keeps nothing of the frames but their
// Format. It panics if there are none.
func (s *Sound) AppendHead(b []byte, pictures *Muxer, frames []media.Frame) []byte {
	s.begin(pictures, &frames[0])
	s.sequence++
	run := uint32(20 + 8*len(frames))
	more := run - trunSize // which wraps around for a single frame
	b = appendUpToRun(b, s.sequence, max(s.Track, trackID), s.next, more)
	b = appendBox(b, run, "trun", 0x000301) // data offset; duration, size
	b = binary.BigEndian.AppendUint32(b, uint32(len(frames)))
	b = binary.BigEndian.AppendUint32(b, moofSize+more+8)
	size := 0
	for i := range frames {
		b = binary.BigEndian.AppendUint32(b, uint32(s.place(pictures, &frames[i])))
		b = binary.BigEndian.AppendUint32(b, uint32(len(frames[i].Data)))
		size += len(frames[i].Data)
	}
	return appendMdat(b, size)
}

// begin has the frames begin where the first belongs, unless they go on closely.
func (s *Sound) begin(pictures *Muxer, f *media.Frame) {
	rate := int64(f.Format.Rate)
	at := max(pictures.At(f.PTS), 0) * rate / Timescale
	switch {
	case s.format == nil:
		s.next = at
	case s.format != f.Format:
		s.next = s.next * rate / int64(s.format.Rate)
	}
	s.format = f.Format
	if at > s.next+rate/soundLeap {
		s.next = at
	}
}

// place gives how long a frame's sample lasts, and goes on behind it.
func (s *Sound) place(pictures *Muxer, f *media.Frame) int64 {
	rate, samples := int64(f.Format.Rate), int64(f.Samples())
	end := pictures.At(f.PTS+f.Duration()) * rate / Timescale
	pull := rate / soundPull
	lasts := max(samples+min(max(end-s.next-samples, -pull), pull), 1)
	s.next += lasts
	return lasts
}
