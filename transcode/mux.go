package transcode

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"framegate/transcode/h264"
)

// Containers on the pipes. Into ffmpeg go JPEGs as IVF and H.264 as FLV; out of
// it come SMJPEG and FLV. They have in common that the end of a packet is known
// without the next one, and that each packet has its time.
//
// All of this is for our own ffmpeg alone; what cameras send is read
// elsewhere, with far less trust. Still, ffmpeg has decoded what a camera
// sent, so sizes are bounded.

// maxPacket bounds a packet that ffmpeg makes, in bytes.
const maxPacket = 32 << 20

// ivfHeader begins IVF with pictures whose times count in intervals of
// nominalFPS: magic, version, length of the header, codec, width, height, rate
// (over 1), number of frames, and nothing. What is 0 the pictures say themselves.
var ivfHeader = append([]byte("DKIF\x00\x00\x20\x00MJPG\x00\x00\x00\x00"),
	nominalFPS, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

// appendFrameHead appends a frame of IVF up to its picture, length bytes of
// which will follow.
func appendFrameHead(b []byte, length int, at uint64) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(length))
	return binary.LittleEndian.AppendUint64(b, at)
}

// FLV: Adobe Flash Video File Format Specification 10.1, annex E.
const (
	flvScript     = 18
	flvVideo      = 9
	flvAVC        = 7
	flvKeyframe   = 1 << 4
	flvInterframe = 2 << 4

	// An enhanced tag says so in its first bit, and has a FourCC as its codec.
	flvEnhanced      = 1 << 7
	enhancedMetadata = 4
	fourCCSize       = 4

	avcSequenceHeader = 0
	avcNALUs          = 1

	flvHeaderSize  = 13 // with the first PreviousTagSize
	flvTagSize     = 11
	avcPrefixSize  = 5 // frame type and codec, packet type, composition time
	flvTrailerSize = 4
)

var flvHeader = []byte{'F', 'L', 'V', 1, 1, 0, 0, 0, 9, 0, 0, 0, 0}

// flvRate is a script tag that says that there are nominalFPS pictures a second
// (FLV, E.4.4.1). ffmpeg believes parameter sets that tell another rate, but
// many tell none. It would then take each millisecond for a picture's, and
// encode them all with as few bits as that leaves.
var flvRate = func() []byte {
	body := []byte("\x02\x00\x0AonMetaData" + "\x08\x00\x00\x00\x01" + "\x00\x09framerate" + "\x00")
	body = binary.BigEndian.AppendUint64(body, math.Float64bits(nominalFPS))
	body = append(body, 0, 0, 9) // the end of the object
	tag := append([]byte{flvScript, 0, 0, byte(len(body)), 0, 0, 0, 0, 0, 0, 0}, body...)
	return binary.BigEndian.AppendUint32(tag, uint32(len(tag)))
}()

// appendTagHead appends an FLV video tag up to its NAL units, length bytes of
// which will follow. Times are in milliseconds.
func appendTagHead(b []byte, key bool, kind byte, dts uint32, cts int32, length int) []byte {
	length += avcPrefixSize
	frame := byte(flvInterframe)
	if key {
		frame = flvKeyframe
	}
	return append(b,
		flvVideo, byte(length>>16), byte(length>>8), byte(length),
		byte(dts>>16), byte(dts>>8), byte(dts), byte(dts>>24), 0, 0, 0,
		frame|flvAVC, kind, byte(cts>>16), byte(cts>>8), byte(cts))
}

// flvJPEG is the number that JPEG once was to have in FLV, by which ffmpeg knows
// nothing: it is told what it is (FLV 7, "Video tags").
const flvJPEG = 1

// appendJPEGHead appends an FLV video tag up to its JPEG, length bytes of which
// will follow, and gives what is to be told appendTagTail.
func appendJPEGHead(b []byte, at uint32, length int) (_ []byte, tail int) {
	size := length + 1
	return append(b, flvVideo, byte(size>>16), byte(size>>8), byte(size),
		byte(at>>16), byte(at>>8), byte(at), byte(at>>24), 0, 0, 0, flvKeyframe|flvJPEG), size - avcPrefixSize
}

// appendTagTail appends what follows a tag.
func appendTagTail(b []byte, length int) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(flvTagSize+avcPrefixSize+length))
}

// demuxer reads what ffmpeg gives. at is the packet's time in milliseconds.
type demuxer interface {
	read(r *bufio.Reader) (p Packet, at uint32, err error)
}

// smjpegReader reads Loki SDL MJPEG, as ffmpeg's muxer writes it: a header, and
// frames with their time and length.
type smjpegReader struct{ begun bool }

func (s *smjpegReader) read(r *bufio.Reader) (Packet, uint32, error) {
	if !s.begun {
		if _, err := r.Discard(16); err != nil { // magic, version, duration
			return Packet{}, 0, err
		}
		s.begun = true
	}
	var head [8]byte
	for {
		if _, err := io.ReadFull(r, head[:4]); err != nil {
			return Packet{}, 0, err
		}
		switch tag := string(head[:4]); tag {
		case "HEND":
			continue
		case "DONE":
			return Packet{}, 0, io.EOF
		case "_TXT", "_SND", "_VID":
			if _, err := io.ReadFull(r, head[:4]); err != nil {
				return Packet{}, 0, err
			}
			if _, err := r.Discard(int(binary.BigEndian.Uint32(head[:4]))); err != nil {
				return Packet{}, 0, err
			}
		case "vidD":
			if _, err := io.ReadFull(r, head[:]); err != nil {
				return Packet{}, 0, err
			}
			data, err := readSized(r, binary.BigEndian.Uint32(head[4:]))
			return Packet{Data: data, Key: true}, binary.BigEndian.Uint32(head[:4]), err
		default:
			return Packet{}, 0, fmt.Errorf("chunk %q in ffmpeg's SMJPEG", tag)
		}
	}
}

// flvReader reads FLV with one H.264 track.
type flvReader struct {
	begun    bool
	unmarked bool // keyframes are not marked as such, and have to be recognised
	config   []byte
}

func (f *flvReader) read(r *bufio.Reader) (Packet, uint32, error) {
	if !f.begun {
		if _, err := r.Discard(flvHeaderSize); err != nil {
			return Packet{}, 0, err
		}
		f.begun = true
	}
	for {
		kind, at, body, err := readTag(r)
		if err != nil {
			return Packet{}, 0, err
		}
		if kind != flvVideo || isMetadata(body) {
			continue
		}
		if err := checkAVC(body); err != nil {
			return Packet{}, 0, err
		}
		switch body[1] {
		case avcSequenceHeader:
			f.config = body[avcPrefixSize:]
			if _, _, err := h264.ReadAVCC(f.config); err != nil {
				return Packet{}, 0, fmt.Errorf("ffmpeg's FLV: %w", err)
			}
		case avcNALUs:
			cts := int32(body[2])<<24>>8 | int32(body[3])<<8 | int32(body[4])
			key := body[0]&0xF0 == flvKeyframe || f.unmarked && holdsIDR(body[avcPrefixSize:])
			p := Packet{Key: key, Data: body[avcPrefixSize:], Config: f.config}
			return p, at + uint32(cts), nil
		}
	}
}

// isMetadata says whether an enhanced video tag is about colours.
func isMetadata(body []byte) bool {
	return len(body) > 0 && body[0]&flvEnhanced != 0 && body[0]&15 == enhancedMetadata
}

// checkAVC refuses a video tag without a packet of H.264. ffmpeg gives nothing
// else after one, so that who skipped it would wait for ever.
func checkAVC(body []byte) error {
	codec := ""
	switch {
	case len(body) > fourCCSize && body[0]&flvEnhanced != 0:
		codec = codecName(string(body[1 : 1+fourCCSize]))
	case len(body) > 0 && body[0]&flvEnhanced == 0 && body[0]&15 != flvAVC:
		codec = codecName(body[0] & 15)
	case len(body) < avcPrefixSize:
		return fmt.Errorf("video tag of %d bytes in ffmpeg's FLV", len(body))
	default:
		return nil
	}
	return fmt.Errorf("the video is %s, and only H.264 is passed on as it is: have it encoded, or use a source of H.264", codec)
}

// codecName names a codec of FLV for people, by its number or its FourCC.
func codecName[T byte | string](codec T) string {
	if name, known := flvCodecs[codec]; known {
		return name
	}
	return fmt.Sprintf("of codec %q", fmt.Sprint(codec))
}

// flvCodecs are the codecs that ffmpeg writes into FLV, beside H.264 as it was
// always written: by number (FLV, E.4.3.1), and by FourCC since version 6.1
// (Enhanced RTMP v2, "Enhanced Video").
var flvCodecs = map[any]string{
	byte(2): "H.263", byte(3): "screen video", byte(4): "VP6", byte(5): "VP6 with alpha", byte(6): "screen video 2",
	byte(8): "H.263", byte(9): "MPEG-4",
	"avc1": "H.264 in a form that is not known", "hvc1": "H.265", "vvc1": "H.266", "vp08": "VP8", "vp09": "VP9", "av01": "AV1",
}

// readTag reads one FLV tag and what follows it.
func readTag(r *bufio.Reader) (kind byte, at uint32, body []byte, err error) {
	var head [flvTagSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, 0, nil, err
	}
	at = uint32(head[7])<<24 | uint32(head[4])<<16 | uint32(head[5])<<8 | uint32(head[6])
	if body, err = readSized(r, uint32(head[1])<<16|uint32(head[2])<<8|uint32(head[3])); err != nil {
		return 0, 0, nil, err
	}
	_, err = r.Discard(flvTrailerSize)
	return head[0], at, body, err
}

// holdsIDR says whether NAL units with 4-byte lengths are an IDR picture:
// ITU-T H.264, table 7-1.
func holdsIDR(b []byte) bool {
	const idrSlice = 5
	for len(b) > 4 {
		if b[4]&31 == idrSlice {
			return true
		}
		size := uint64(binary.BigEndian.Uint32(b)) + 4
		if size > uint64(len(b)) {
			return false
		}
		b = b[size:]
	}
	return false
}

// readSized reads a packet. Its buffer grows with what comes.
func readSized(r *bufio.Reader, size uint32) ([]byte, error) {
	const atFirst = 256 << 10
	if size > maxPacket {
		return nil, fmt.Errorf("packet of %d bytes from ffmpeg", size)
	}
	b := make([]byte, min(size, atFirst))
	for read := 0; ; {
		n, err := io.ReadFull(r, b[read:])
		if read += n; err != nil || read == int(size) {
			return b[:read], err
		}
		b = append(b, make([]byte, min(int(size)-read, read))...)
	}
}
