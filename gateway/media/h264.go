package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// ErrBadParameterSets: a sequence parameter set that cannot be read, or that
// promises pictures beyond MaxSide or MaxPixels.
var ErrBadParameterSets = errors.New("bad H.264 parameter sets")

// H264Format makes a format of a sequence and a picture parameter set (ITU-T
// H.264, 7.3.2.1 and 7.3.2.2), each without start code. It keeps copies.
func H264Format(sps, pps []byte) (*Format, error) {
	if len(sps) < 4 || len(pps) < 1 || naluType(sps) != h264.NALUTypeSPS || naluType(pps) != h264.NALUTypePPS {
		return nil, fmt.Errorf("%w: of %d and %d bytes", ErrBadParameterSets, len(sps), len(pps))
	}
	var parsed h264.SPS
	if err := parsed.Unmarshal(sps); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadParameterSets, err)
	}
	w, h := parsed.Width(), parsed.Height()
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide || w*h > MaxPixels {
		return nil, fmt.Errorf("%w: pictures of %dx%d, of at most %d a side and %d pixels", ErrBadParameterSets, w, h, MaxSide, MaxPixels)
	}
	// Decoders make room for what is coded, of which a part may be cut off
	// (7.4.2.1.1, frame_cropping_flag).
	codedW, codedH := codedSize(&parsed)
	if codedW > MaxSide || codedH > MaxSide || codedW*codedH > MaxPixels {
		return nil, fmt.Errorf("%w: pictures of %dx%d, coded as %dx%d, of at most %d a side and %d pixels", ErrBadParameterSets, w, h, codedW, codedH, MaxSide, MaxPixels)
	}
	return &Format{Codec: H264, Width: w, Height: h, SPS: bytes.Clone(sps), PPS: bytes.Clone(pps)}, nil
}

// codedSize gives the size of pictures before anything is cut off, in pixels.
func codedSize(sps *h264.SPS) (width, height uint64) {
	rows := uint64(sps.PicHeightInMapUnitsMinus1) + 1
	if !sps.FrameMbsOnlyFlag { // of two fields
		rows *= 2
	}
	return 16 * (uint64(sps.PicWidthInMbsMinus1) + 1), 16 * rows
}

// H264Framer makes frames of access units as they come off the network. It
// remembers the parameter sets: those that were announced, and those that came
// in band since. The zero value knows none. It is not safe for concurrent use.
type H264Framer struct {
	sps, pps []byte
	format   *Format // of sps and pps, or nil while it is not made
}

// Announce tells parameter sets that came apart from the pictures, as in a
// session description.
func (f *H264Framer) Announce(sps, pps []byte) {
	f.learn(&f.sps, sps)
	f.learn(&f.pps, pps)
}

// Frame makes a frame of the NAL units of one access unit, each without start
// code. Parameter sets and delimiters are taken out of it; new ones give a new
// Format. The frame's Data is a copy; Key, Format and Data are set.
//
// ok is false for an access unit without a picture, and as long as parameter
// sets are missing. An error is ErrBadParameterSets.
func (f *H264Framer) Frame(nalus [][]byte) (frame Frame, ok bool, err error) {
	size, key, picture := 0, false, false
	for _, n := range nalus {
		switch {
		case len(n) == 0:
			continue
		case naluType(n) == h264.NALUTypeSPS:
			f.learn(&f.sps, n)
		case naluType(n) == h264.NALUTypePPS:
			f.learn(&f.pps, n)
		case naluType(n) == h264.NALUTypeIDR:
			key, picture = true, true
		case naluType(n) <= h264.NALUTypeDataPartitionC:
			picture = true
		}
		if carried(n) {
			size += 4 + len(n)
		}
	}
	if !picture || f.sps == nil || f.pps == nil {
		return Frame{}, false, nil
	}
	if f.format == nil {
		if f.format, err = H264Format(f.sps, f.pps); err != nil {
			return Frame{}, false, err
		}
	}
	data := make([]byte, 0, size)
	for _, n := range nalus {
		if carried(n) {
			data = binary.BigEndian.AppendUint32(data, uint32(len(n)))
			data = append(data, n...)
		}
	}
	return Frame{Key: key, Format: f.format, Data: data}, true, nil
}

// learn keeps a parameter set if it is another than the one known.
func (f *H264Framer) learn(known *[]byte, set []byte) {
	if len(set) > 0 && !bytes.Equal(*known, set) {
		*known = bytes.Clone(set)
		f.format = nil
	}
}

// carried says whether a NAL unit belongs into a frame's Data.
func carried(n []byte) bool {
	if len(n) == 0 {
		return false
	}
	switch naluType(n) {
	case h264.NALUTypeSPS, h264.NALUTypePPS, h264.NALUTypeAccessUnitDelimiter, h264.NALUTypeFillerData:
		return false
	}
	return true
}

func naluType(n []byte) h264.NALUType { return h264.NALUType(n[0] & 0x1F) }
