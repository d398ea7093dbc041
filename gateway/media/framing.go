package media

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// enoughPoints is how many pictures in a row at which decoding may begin, and that
// are no keyframes, say that no keyframe comes any more.
const enoughPoints = 3

// framing is what the framers of all codecs remember of a stream.
type framing struct {
	bad    bool    // a parameter set came that cannot be read
	format *Format // of the sets when the last keyframe came, or nil
	made   int     // of how many changes of the sets format is
	sps    []byte  // that format was made of
	config []byte  // that was announced last

	begun  bool // a keyframe has come
	points int  // pictures since the last one, or since the beginning, at which decoding may begin
}

// learn tells parameter sets.
func (f *framing) learn(learn func([]byte) bool, sets ...[]byte) {
	for _, set := range sets {
		if len(set) > 0 && !learn(set) {
			f.bad = true
		}
	}
}

// another keeps a decoder configuration, and says whether it is another than last
// time.
func (f *framing) another(config []byte) bool {
	if len(config) == 0 || bytes.Equal(config, f.config) {
		return false
	}
	f.config = config
	return true
}

// keyframe notes one.
func (f *framing) keyframe() { f.begun, f.points = true, 0 }

// point notes a picture at which decoding may begin, and says whether so many came
// since the last keyframe that none comes any more.
func (f *framing) point() (enough bool) {
	f.points++
	return f.points >= enoughPoints
}

// wanted is what a picture that begins a Format refers to.
type wanted struct {
	known     bool   // the parameter sets are
	sps       []byte // the one of its sequence
	changes   int    // of all parameter sets so far
	refreshed bool   // see Format.Refreshed
}

// renew makes a format for a picture, unless the one there is still right. size
// reads a sequence parameter set.
func (f *framing) renew(w wanted, size func(sps []byte) (width, height uint64, ok bool), format func() (*Format, error)) (ok bool, err error) {
	switch {
	case !w.known && f.bad:
		return false, fmt.Errorf("%w: they cannot be read", ErrBadParameterSets)
	case !w.known:
		return false, nil
	case f.format != nil && f.made == w.changes && f.format.Refreshed == w.refreshed && f.fits(w.sps, size):
		return true, nil
	}
	made, err := format()
	if err != nil {
		return false, err
	}
	made.Refreshed = w.refreshed
	f.format, f.made, f.sps = made, w.changes, w.sps
	return true, nil
}

// fits says whether pictures with a sequence parameter set, of those known, are
// as large as the format says. Sets that differ in other things may take turns.
func (f *framing) fits(sps []byte, size func([]byte) (width, height uint64, ok bool)) bool {
	if bytes.Equal(sps, f.sps) {
		return true
	}
	w, h, ok := size(sps)
	return ok && int(w) == f.format.Width && int(h) == f.format.Height
}

// joined gives those NAL units that are carried, as a frame's Data has them.
func joined(nalus [][]byte, carried func([]byte) bool) []byte {
	size := 0
	for _, n := range nalus {
		if carried(n) {
			size += 4 + len(n)
		}
	}
	data := make([]byte, 0, size)
	for _, n := range nalus {
		if carried(n) {
			data = binary.BigEndian.AppendUint32(data, uint32(len(n)))
			data = append(data, n...)
		}
	}
	return data
}
