package mp4

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"framegate/gateway/media"
)

// ErrMalformed: bytes that are no MP4, or not of the kind that is read here.
var ErrMalformed = errors.New("malformed MP4")

// Fragment is one sample and its place. Times are in ticks of the timescale
// that ReadInit gives.
type Fragment struct {
	Sequence   uint32 // number of the fragment
	DecodeTime uint64
	Duration   uint32
	Offset     int32 // from decode time to composition time
	Key        bool
	Data       []byte // NAL units with lengths; it is part of what was read from
}

// ReadInit reads the init segment (ftyp, moov) at the start of b: of one track
// of H.264 or H.265 with 4-byte lengths. What follows moov is not
// looked at. It gives copies, and the track's ticks in a second.
//
// The error is io.ErrUnexpectedEOF where b ends too early, else ErrMalformed.
func ReadInit(b []byte) (f *media.Format, timescale uint32, err error) {
	for {
		kind, content, n, err := NextBox(b)
		if err != nil {
			return nil, 0, err
		}
		switch kind {
		case "moov":
			return readMovie(content)
		case "ftyp", "free", "skip", "styp", "uuid":
		default:
			return nil, 0, malformed("%q before moov", kind)
		}
		b = b[n:]
	}
}

// ReadFragment reads the fragment (moof, mdat) at the start of b, past boxes
// that say nothing of it. It must be of one track and one sample. n is where
// the next one starts.
//
// The error is io.EOF where no fragment follows, io.ErrUnexpectedEOF where b
// ends within one, else ErrMalformed. n is 0 then.
func ReadFragment(b []byte) (f Fragment, n int, err error) {
	for {
		if n == len(b) {
			return Fragment{}, 0, io.EOF
		}
		kind, content, size, err := NextBox(b[n:])
		if err != nil {
			return Fragment{}, 0, err
		}
		switch kind {
		case "moof":
			f, size, err = readMoof(b[n:], content, size)
			if err != nil {
				return Fragment{}, 0, err
			}
			return f, n + size, nil
		case "mdat", "moov", "ftyp":
			return Fragment{}, 0, malformed("%q where a moof must stand", kind)
		}
		n += size
	}
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// NextBox takes the box at the start of b: 14496-12, 4.2. content is a part of b,
// and n the size of the box in it. A box that goes on to the end of its file
// (size 0) is none here.
//
// The error is io.ErrUnexpectedEOF where b ends within the box, else ErrMalformed.
func NextBox(b []byte) (kind string, content []byte, n int, err error) {
	if len(b) < 8 {
		return "", nil, 0, io.ErrUnexpectedEOF
	}
	size, head := uint64(binary.BigEndian.Uint32(b)), 8
	if size == 1 {
		if len(b) < 16 {
			return "", nil, 0, io.ErrUnexpectedEOF
		}
		size, head = binary.BigEndian.Uint64(b[8:]), 16
	}
	if size < uint64(head) {
		return "", nil, 0, malformed("box %q of %d bytes", b[4:8], size)
	}
	if size > uint64(len(b)) {
		return "", nil, 0, io.ErrUnexpectedEOF
	}
	return string(b[4:8]), b[head:size], int(size), nil
}

// maxBoxes bounds how many boxes one box may have.
const maxBoxes = 64

// children gives the boxes within one that are wanted, each of which must be
// there once. A box that is cut off is malformed here, since its parent is not.
func children(b []byte, wanted ...string) ([][]byte, error) {
	found := make([][]byte, len(wanted))
	for range maxBoxes {
		if len(b) == 0 {
			break
		}
		kind, content, n, err := NextBox(b)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, malformed("box that is longer than the one it is in")
		}
		if err != nil {
			return nil, err
		}
		for i, k := range wanted {
			if k != kind {
				continue
			}
			if found[i] != nil {
				return nil, malformed("second %q", kind)
			}
			found[i] = content
		}
		b = b[n:]
	}
	if len(b) > 0 {
		return nil, malformed("more than %d boxes", maxBoxes)
	}
	for i, k := range wanted {
		if found[i] == nil {
			return nil, malformed("no %q", k)
		}
	}
	return found, nil
}

// descend gives the only box at the end of a path.
func descend(b []byte, path ...string) ([]byte, error) {
	for _, kind := range path {
		found, err := children(b, kind)
		if err != nil {
			return nil, err
		}
		b = found[0]
	}
	return b, nil
}

func readMovie(moov []byte) (*media.Format, uint32, error) {
	parts, err := children(moov, "mvhd", "trak", "mvex")
	if err != nil {
		return nil, 0, err
	}
	mdia, err := descend(parts[1], "mdia")
	if err != nil {
		return nil, 0, err
	}
	timescale, err := readTimescale(mdia)
	if err != nil {
		return nil, 0, err
	}
	stsd, err := descend(mdia, "minf", "stbl", "stsd")
	if err != nil {
		return nil, 0, err
	}
	codec, config, err := readSampleDescription(stsd)
	if err != nil {
		return nil, 0, err
	}
	f, err := media.FormatOfConfig(codec, config)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return f, timescale, nil
}

// readTimescale reads mdhd: 14496-12, 8.4.2.
func readTimescale(mdia []byte) (uint32, error) {
	mdhd, err := descend(mdia, "mdhd")
	if err != nil {
		return 0, err
	}
	at := 4 + 8
	if len(mdhd) > 0 && mdhd[0] == 1 {
		at = 4 + 16
	}
	if len(mdhd) < at+4 || binary.BigEndian.Uint32(mdhd[at:]) == 0 {
		return 0, malformed("mdhd without timescale")
	}
	return binary.BigEndian.Uint32(mdhd[at:]), nil
}

// readSampleDescription gives what the only entry is of, and its avcC or hvcC:
// 14496-12, 8.5.2.
func readSampleDescription(stsd []byte) (codec media.Codec, config []byte, err error) {
	const visual = 78 // bytes of a VisualSampleEntry before its boxes
	if len(stsd) < 8 || binary.BigEndian.Uint32(stsd[4:]) != 1 {
		return 0, nil, malformed("not one sample description")
	}
	kind, entry, _, err := NextBox(stsd[8:])
	if err != nil || configs[kind] == "" || len(entry) < visual {
		return 0, nil, malformed("sample description %q", kind)
	}
	if codec = media.H264; configs[kind] == "hvcC" {
		codec = media.H265
	}
	config, err = descend(entry[visual:], configs[kind])
	return codec, config, err
}

// readMoof reads a moof, of size bytes at the start of b, and the mdat that
// must come next.
func readMoof(b, content []byte, size int) (f Fragment, n int, err error) {
	kind, mdat, mdatSize, err := NextBox(b[size:])
	if err != nil {
		return f, 0, err
	}
	if kind != "mdat" {
		return f, 0, malformed("%q where an mdat must stand", kind)
	}
	parts, err := children(content, "mfhd", "traf")
	if err != nil {
		return f, 0, err
	}
	if len(parts[0]) < 8 {
		return f, 0, malformed("mfhd of %d bytes", len(parts[0]))
	}
	f.Sequence = binary.BigEndian.Uint32(parts[0][4:])
	boxes, err := children(parts[1], "tfhd", "tfdt", "trun")
	if err != nil {
		return f, 0, err
	}
	if f.DecodeTime, err = readDecodeTime(boxes[1]); err != nil {
		return f, 0, err
	}
	run, err := readRun(boxes[0], boxes[2])
	if err != nil {
		return f, 0, err
	}
	n = size + mdatSize
	from := n - len(mdat)
	if run.at < int64(from) || run.at+int64(run.size) > int64(n) {
		return f, 0, malformed("sample of %d bytes at %d, which is not in the mdat", run.size, run.at)
	}
	f.Duration, f.Offset, f.Key = run.duration, run.offset, run.key
	f.Data = b[run.at : run.at+int64(run.size) : run.at+int64(run.size)]
	return f, n, nil
}

// readDecodeTime reads tfdt: 14496-12, 8.8.12.
func readDecodeTime(b []byte) (uint64, error) {
	switch {
	case len(b) >= 12 && b[0] == 1:
		return binary.BigEndian.Uint64(b[4:]), nil
	case len(b) >= 8 && b[0] == 0:
		return uint64(binary.BigEndian.Uint32(b[4:])), nil
	}
	return 0, malformed("tfdt of %d bytes", len(b))
}
