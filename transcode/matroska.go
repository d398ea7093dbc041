package transcode

import "encoding/binary"

// H.265 goes into ffmpeg as Matroska, a cluster for each packet: FLV has it from
// ffmpeg 6.1 on alone. A packet's end is known without the next one, and it
// carries its time and the parameter sets as they are in an MP4.
//
// It was tried beside fragments of MP4 with one frame each (-f mp4), on ffmpeg
// 5.1.9. Both hold back 0 frames of those in order, and 1 or 2 where as many are
// shown before one that comes earlier (one B-frame, a pyramid of three), and give
// all times to the millisecond. But ffmpeg keeps an index of all fragments that
// ever came, also on a pipe: its memory grows by 150 bytes with each frame, which
// is 340 MB a day at 25 a second; and a fragment takes it two to five times the
// work of a cluster to read. With Matroska, 120,000 frames long, it did not grow.
// Tests count frames held back, and ran on 7.1.5 too, where memory is the same.
// Raw H.265 carries no times.

// Elements of EBML (RFC 8794) and Matroska (RFC 9559, 5.1), by their identifiers.
const (
	ebmlHeader = 0x1A45DFA3
	docType    = 0x4282

	mkvSegment = 0x18538067

	mkvInfo           = 0x1549A966
	mkvTimestampScale = 0x2AD7B1 // nanoseconds

	mkvTracks          = 0x1654AE6B
	mkvTrack           = 0xAE
	mkvTrackNumber     = 0xD7
	mkvTrackUID        = 0x73C5
	mkvTrackType       = 0x83
	mkvCodecID         = 0x86
	mkvCodecPrivate    = 0x63A2
	mkvDefaultDuration = 0x23E383 // nanoseconds
	mkvVideo           = 0xE0
	mkvPixelWidth      = 0xB0
	mkvPixelHeight     = 0xBA
	mkvDisplayUnit     = 0x54B2

	mkvCluster     = 0x1F43B675
	mkvTimestamp   = 0xE7
	mkvSimpleBlock = 0xA3
)

const (
	mkvIsVideo  = 1    // a type of track
	mkvNoShape  = 4    // a display unit: nothing is said of how pixels are shaped
	mkvKeyframe = 0x80 // a flag of a block
	mkvH265     = "V_MPEGH/ISO/HEVC"

	// unknownSize is that of an element that ends where another begins, or with
	// the stream, and sizeMark says that a size has seven bytes more (RFC 8794, 4).
	unknownSize = sizeMark | (sizeMark - 1)
	sizeMark    = 1 << 56

	blockHead     = 4 // track, time within the cluster, flags
	timestampSize = 8
)

// appendMatroskaHead appends what stands before the packets of an H.265 stream:
// its HEVCDecoderConfigurationRecord; that there are nominalFPS pictures a
// second, for the reason that flvRate has; and a size, without which ffmpeg 7
// takes nothing. It believes the parameter sets, which tell all else.
func appendMatroskaHead(b, config []byte, width, height int) []byte {
	number := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	var info, video, track []byte
	info = appendElement(info, mkvTimestampScale, number(1e6))
	video = appendElement(video, mkvPixelWidth, number(uint32(width)))
	video = appendElement(video, mkvPixelHeight, number(uint32(height)))
	video = appendElement(video, mkvDisplayUnit, number(mkvNoShape))
	track = appendElement(track, mkvTrackNumber, number(1))
	track = appendElement(track, mkvTrackUID, number(1))
	track = appendElement(track, mkvTrackType, number(mkvIsVideo))
	track = appendElement(track, mkvCodecID, []byte(mkvH265))
	track = appendElement(track, mkvDefaultDuration, number(1e9/nominalFPS))
	track = appendElement(track, mkvVideo, video)
	track = appendElement(track, mkvCodecPrivate, config)
	return appendMatroska(b, info, track)
}

// appendMatroska appends a head with what it says of times and of its track.
func appendMatroska(b, info, track []byte) []byte {
	b = appendElement(b, ebmlHeader, appendElement(nil, docType, []byte("matroska")))
	b = binary.BigEndian.AppendUint64(appendID(b, mkvSegment), unknownSize)
	b = appendElement(b, mkvInfo, info)
	return appendElement(b, mkvTracks, appendElement(nil, mkvTrack, track))
}

// appendClusterHead appends a cluster of one packet up to its NAL units, length
// bytes of which will follow. at is when it is shown, in milliseconds.
func appendClusterHead(b []byte, key bool, at uint64, length int) []byte {
	const headOf = 1 + 8 // an element with a short identifier, but for its content
	b = appendSize(appendID(b, mkvCluster), headOf+timestampSize+headOf+blockHead+length)
	b = appendSize(appendID(b, mkvTimestamp), timestampSize)
	b = binary.BigEndian.AppendUint64(b, at)
	b = appendSize(appendID(b, mkvSimpleBlock), blockHead+length)
	flags := byte(0)
	if key {
		flags = mkvKeyframe
	}
	const track = 0x80 | 1 // a number of one byte
	return append(b, track, 0, 0, flags)
}

func appendElement(b []byte, id uint32, content []byte) []byte {
	return append(appendSize(appendID(b, id), len(content)), content...)
}

// appendID appends an identifier, which tells its length itself.
func appendID(b []byte, id uint32) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		if id>>shift != 0 {
			b = append(b, byte(id>>shift))
		}
	}
	return b
}

func appendSize(b []byte, size int) []byte {
	return binary.BigEndian.AppendUint64(b, sizeMark|uint64(size))
}
