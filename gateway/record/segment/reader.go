package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
)

// What bounds reading, in bytes.
const (
	firstRead = 64 << 10 // holds all that a finished file of a minute says
	maxMoov   = 64 << 20
	maxInit   = 1 << 20
)

// Segment is what a file holds.
type Segment struct {
	State   State
	Head    Head
	Formats []*media.Format // by track
	Table   Table
	Summary Summary

	start
	end       int64      // of what is understood
	fragments []fragment // of a file that is not finished
	prepared  uint32     // the timescale that is prepared, or 0
}

// start is what the first bytes of a file tell.
type start struct {
	r    io.ReaderAt
	size int64
	head []byte // firstRead bytes, or the whole file
	data int64  // where the fragments begin, and the hole ends
	kind string // of the box that was the hole
}

// Open reads what is in a file of this size, in whichever state it is, and be
// it one that grows. It takes what is in whole fragments; a finished file from
// which something is missing is ErrDamaged. It allocates no more than a few times
// what it reads.
//
// The error is ErrForeign, ErrNothing, ErrDamaged, or r's.
func Open(r io.ReaderAt, size int64) (*Segment, error) {
	s, err := begin(r, size)
	if err != nil {
		return nil, err
	}
	if s.kind == "free" {
		err = s.walk()
	} else {
		err = s.readFinished()
	}
	if err != nil {
		return nil, err
	}
	s.start, s.fragments = start{}, nil
	return s, nil
}

// begin reads the start of a file.
func begin(r io.ReaderAt, size int64) (s *Segment, err error) {
	s = &Segment{start: start{r: r, size: max(size, 0)}}
	if s.head, err = s.read(0, firstRead); err != nil {
		return nil, err
	}
	if s.Head, s.data, err = readHead(s.head); err != nil {
		return nil, err
	}
	switch s.kind = string(s.head[holeAt+4 : headSize]); s.kind {
	case "free", "moov", "mdat":
		return s, nil
	}
	return nil, fmt.Errorf("%w: %q where its tables belong", ErrForeign, s.kind)
}

// read gives n bytes at an offset, or fewer where the file ends.
func (s *start) read(at, n int64) ([]byte, error) {
	if n = min(n, s.size-at); at < 0 || n <= 0 {
		return nil, nil
	}
	if end := at + n; end <= int64(len(s.head)) {
		return s.head[at:end:end], nil
	}
	b := make([]byte, n)
	got, err := s.r.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading a recording: %w", err)
	}
	return b[:got], nil
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
}

// readFinished reads the tables of a finished file, in front or at the end.
func (s *Segment) readFinished() error {
	s.State = Finished
	at := int64(holeAt)
	if s.kind == "mdat" {
		length, err := s.boxLength(at)
		if err != nil {
			return err
		}
		at += length
	}
	length, err := s.boxLength(at)
	if err != nil {
		return err
	}
	if length > maxMoov {
		return damaged("tables of %d bytes, of at most %d", length, maxMoov)
	}
	b, err := s.read(at, length)
	if err != nil {
		return err
	}
	kind, content, _, err := mp4.NextBox(b)
	if err != nil || kind != "moov" {
		return damaged("no tables at %d, but %q: %v", at, kind, err)
	}
	m, err := readMovie(content)
	if err != nil {
		return err
	}
	s.prepared, s.end = m.timescale, at+length
	if s.kind == "moov" {
		length, err := s.boxLength(s.end)
		if err != nil {
			return err
		}
		s.end += length
	}
	err = s.take(m)
	s.Summary.STTS, s.Summary.CTTS, s.Summary.MoovBytes = m.read.stts, m.read.ctts, length
	return err
}

// boxLength gives the size of the box at an offset, which is in the file.
func (s *Segment) boxLength(at int64) (int64, error) {
	b, err := s.read(at, 16)
	if err != nil {
		return 0, err
	}
	if len(b) < 8 {
		return 0, damaged("it ends at %d, where a box must stand", s.size)
	}
	length := uint64(binary.BigEndian.Uint32(b))
	if length == 1 && len(b) == 16 {
		length = binary.BigEndian.Uint64(b[8:])
	}
	if length < 8 || length > uint64(s.size-at) {
		return 0, damaged("%q of %d bytes at %d, in a file of %d", b[4:8], length, at, s.size)
	}
	return int64(length), nil
}

// take makes what a movie says the Segment's, if it can be true. What its tables have
// is the caller's to say.
func (s *Segment) take(m *movie) error {
	if len(m.entries[0]) == 0 {
		return fmt.Errorf("%w: its tables are empty", ErrNothing)
	}
	for _, all := range m.entries {
		for i := range all {
			if all[i].At < s.data || all[i].At+int64(all[i].Size) > s.end {
				return damaged("sample %d, of %d bytes, at %d, in a file of %d", i, all[i].Size, all[i].At, s.size)
			}
		}
	}
	m.created = s.Head.Start
	s.Formats, s.Table = m.formats, Table{Timescale: m.timescale, Entries: m.entries}
	s.Summary = summary(s.Head, m, s.end)
	return nil
}
