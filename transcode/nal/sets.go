package nal

import (
	"bytes"
	"slices"
)

// Sets are the sequence and picture parameter sets of a stream, as read, the
// newest of each number. A picture may refer to any of them. The zero value has
// none.
type Sets[S, P any] struct {
	sps     map[byte]*Set[S]
	pps     map[byte]*Set[P]
	changes int
}

// Set is a parameter set.
type Set[T any] struct {
	Read T
	NALU []byte
	of   byte // of a picture parameter set: the number of its sequence parameter set
}

// LearnSPS takes a sequence parameter set, of which it keeps a copy, and says
// whether it was read. It is not read again where it is known.
func (s *Sets[S, P]) LearnSPS(nalu []byte, read func([]byte) (set S, number byte, ok bool)) bool {
	for _, known := range s.sps { // most cameras repeat themselves
		if bytes.Equal(known.NALU, nalu) {
			return true
		}
	}
	set, number, ok := read(nalu)
	if !ok {
		return false
	}
	if s.sps == nil {
		s.sps = make(map[byte]*Set[S])
	}
	s.sps[number] = &Set[S]{Read: set, NALU: bytes.Clone(nalu)}
	s.changes++
	return true
}

// LearnPPS takes a picture parameter set in the same way, that belongs to the
// sequence parameter set with a number.
func (s *Sets[S, P]) LearnPPS(nalu []byte, read func([]byte) (set P, number, of byte, ok bool)) bool {
	set, number, of, ok := read(nalu)
	if !ok {
		return false
	}
	if known := s.pps[number]; known != nil && bytes.Equal(known.NALU, nalu) {
		return true
	}
	if s.pps == nil {
		s.pps = make(map[byte]*Set[P])
	}
	s.pps[number] = &Set[P]{set, bytes.Clone(nalu), of}
	s.changes++
	return true
}

// Changes counts what was learned that was new.
func (s *Sets[S, P]) Changes() int { return s.changes }

// Of gives the sets that a picture refers to by a number, or nil.
func (s *Sets[S, P]) Of(pps byte) (*Set[S], *Set[P]) {
	if p := s.pps[pps]; p != nil && s.sps[p.of] != nil {
		return s.sps[p.of], p
	}
	return nil, nil
}

// First gives the first sets that belong together, or nil.
func (s *Sets[S, P]) First() (*Set[S], *Set[P]) {
	for _, number := range s.usable() {
		return s.Of(number)
	}
	return nil, nil
}

// usable gives the numbers of the picture parameter sets whose sequence parameter
// set is known.
func (s *Sets[S, P]) usable() (numbers []byte) {
	for number, p := range s.pps {
		if s.sps[p.of] != nil {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// Others gives, by their numbers and without those given, all sets that
// pictures can refer to, those of sequences first.
func (s *Sets[S, P]) Others(sps, pps []byte) (others [][]byte) {
	usable := s.usable()
	var of []byte
	for _, number := range usable {
		of = append(of, s.pps[number].of)
	}
	slices.Sort(of)
	for _, number := range slices.Compact(of) {
		if set := s.sps[number]; !bytes.Equal(set.NALU, sps) {
			others = append(others, set.NALU)
		}
	}
	for _, number := range usable {
		if set := s.pps[number]; !bytes.Equal(set.NALU, pps) {
			others = append(others, set.NALU)
		}
	}
	return others
}
