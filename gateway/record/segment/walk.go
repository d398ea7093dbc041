package segment

import (
	"encoding/binary"
	"fmt"
	"math"

	"framegate/gateway/mp4"
)

// What bounds walking, in bytes.
const (
	fewBytes = 4 << 10 // holds most moofs
	maxMoof  = 4 << 20
)

// fragment is where one is, and how many samples there are with it, by track.
type fragment struct {
	end     int64
	samples [maxTracks]int
}

// walk reads the fragments of a file that is not finished, up to the last whole
// one, and sees whether its tables are prepared.
func (s *Segment) walk() error {
	s.State = Growing
	m, at, err := s.readInit()
	if err != nil {
		return err
	}
	for {
		n, err := s.readFragment(m, at)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		at += n
		f := fragment{end: at}
		for i, all := range m.entries {
			f.samples[i] = len(all)
		}
		s.fragments = append(s.fragments, f)
	}
	m.dropEmpty()
	if len(m.entries[0]) == 0 {
		return fmt.Errorf("%w: it has no whole fragment", ErrNothing)
	}
	s.end = at
	if err := s.readPrepared(m); err != nil {
		return err
	}
	if err := s.take(m); err != nil {
		return err
	}
	var tables mp4.Boxes // as they will be
	counts := m.append(&tables)
	s.Summary.STTS, s.Summary.CTTS, s.Summary.MoovBytes = counts.stts, counts.ctts, int64(len(tables))
	return nil
}

// readInit reads the moov before the fragments.
func (s *Segment) readInit() (m *movie, at int64, err error) {
	head, err := s.read(s.data, 8)
	if err != nil {
		return nil, 0, err
	}
	if len(head) < 8 || string(head[4:]) != "moov" {
		return nil, 0, fmt.Errorf("%w: no moov at %d", ErrNothing, s.data)
	}
	b, err := s.read(s.data, min(int64(binary.BigEndian.Uint32(head)), maxInit))
	if err != nil {
		return nil, 0, err
	}
	_, content, n, err := mp4.NextBox(b)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: half a moov at %d", ErrNothing, s.data)
	}
	if m, err = readMovie(content); err != nil {
		return nil, 0, fmt.Errorf("%w: the moov at %d: %w", ErrNothing, s.data, err)
	}
	for i := range m.entries {
		m.entries[i] = nil // a moov of fragments has none
	}
	return m, s.data + int64(n), nil
}

// readFragment reads the fragment at an offset and adds its samples. n is its
// size, or 0 where there is no whole one.
func (s *Segment) readFragment(m *movie, at int64) (n int64, err error) {
	b, err := s.read(at, fewBytes)
	if err != nil || len(b) < 8 || string(b[4:8]) != "moof" {
		return 0, err
	}
	moof := int64(binary.BigEndian.Uint32(b))
	if moof < moofSize || moof > maxMoof {
		return 0, nil
	}
	if moof+8 > int64(len(b)) {
		if b, err = s.read(at, moof+8); err != nil || int64(len(b)) < moof+8 {
			return 0, err
		}
	}
	mdat := int64(binary.BigEndian.Uint32(b[moof:]))
	if string(b[moof+4:moof+8]) != "mdat" || mdat < 8 || moof+mdat > s.size-at {
		return 0, nil
	}
	if !m.addFragment(b[8:moof], at, moof+8, moof+mdat) {
		return 0, nil
	}
	return moof + mdat, nil
}

// addFragment adds the samples of a moof, whose data is from one offset to
// another behind it, or none of them.
func (m *movie) addFragment(moof []byte, at, from, to int64) bool {
	before := make([]int, len(m.entries))
	for i, all := range m.entries {
		before[i] = len(all)
	}
	empty := len(m.entries[0]) == 0
	err := each(moof, func(kind string, content []byte) error {
		if kind != "traf" {
			return nil
		}
		n, err := m.addTraf(content, at, from, to)
		from += n
		return err
	})
	if first := m.entries[0]; err == nil && empty && (len(first) == 0 || !first[0].Key || first[0].Decode != 0 || first[0].Offset < 0) {
		err = damaged("it does not begin with a keyframe")
	}
	if err != nil || from != to {
		for i, n := range before {
			m.entries[i] = m.entries[i][:n]
		}
		return false
	}
	return true
}

// addTraf adds the samples of a traf, whose data is one after another from an
// offset on, and gives how many bytes it has.
func (m *movie) addTraf(traf []byte, at, from, to int64) (n int64, err error) {
	b, err := pick(traf, "tfhd", "tfdt", "trun")
	if err != nil {
		return 0, err
	}
	tfhd, tfdt, trun := mp4.Fields{B: b[0]}, mp4.Fields{B: b[1]}, mp4.Fields{B: b[2]}
	base, track := tfhd.U32(), tfhd.U32()
	tfdt.U32()
	decode := tfdt.U64()
	flags, count, offset := trun.U32(), trun.U32(), trun.U32()
	if tfhd.Failed || tfdt.Failed || trun.Failed || base != baseIsMoof || track < 1 || int(track) > len(m.entries) ||
		flags != trunPlain && flags != trunOffset || int64(offset) != from || decode > math.MaxInt64/2 {
		return 0, damaged("a traf that we did not write")
	}
	all := m.entries[track-1]
	for range count {
		e := Entry{At: at + from + n, Decode: int64(decode), Duration: trun.U32(), Size: trun.U32(), Key: trun.U32() == keyFlags}
		if flags == trunOffset {
			e.Offset = int32(trun.U32())
		}
		next := end(all)
		if trun.Failed || e.Decode < next || e.Decode > next+longestOf(int(track-1)) || e.Duration < 1 || len(all) == maxSamples || from+n+int64(e.Size) > to {
			return 0, damaged("a sample that we did not write")
		}
		all = append(all, e)
		n, decode = n+int64(e.Size), decode+uint64(e.Duration)
	}
	m.entries[track-1] = all
	return n, nil
}

// readPrepared sees whether the full tables are in the hole, or behind the last
// fragment, and what timescale they have.
func (s *Segment) readPrepared(m *movie) error {
	b, err := s.read(holeAt+8, 8)
	if err != nil {
		return err
	}
	if len(b) == 8 && string(b[4:]) == "mvhd" {
		b, err = s.read(holeAt+8, min(s.data-holeAt-8, maxMoov))
	} else if b, err = s.read(s.end, 16); err == nil && len(b) == 16 && string(b[4:8]) == "free" && string(b[12:]) == "moov" {
		b, err = s.read(s.end+16, min(int64(binary.BigEndian.Uint32(b[8:]))-8, maxMoov))
	} else {
		return err
	}
	if err != nil {
		return err
	}
	full, err := readMovie(b)
	if err != nil {
		return nil // only half of it is there
	}
	s.prepared = full.timescale
	if len(full.entries) != len(m.entries) {
		return nil
	}
	for i, all := range full.entries {
		if len(all) != len(m.entries[i]) {
			return nil
		}
	}
	s.State = Prepared
	return nil
}
