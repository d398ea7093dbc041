package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
)

// Repair finishes a file that nobody writes any more: it cuts it behind its last
// whole fragment, as fragments go whose data is there and not only their size,
// and does what Writer.Finish does. One that is finished and whole it leaves
// alone, but for what was appended to it. One that is finished and from which
// something is missing it makes one that grows, and finishes that.
//
// It may die anywhere and be called again. The error is ErrForeign or ErrNothing,
// with which nothing was changed, or f's.
func Repair(f File, size int64) (Summary, error) {
	s, err := begin(f, size)
	if err != nil {
		return Summary{}, err
	}
	if s.kind != "free" {
		err := s.readFinished()
		if err == nil {
			return s.Summary, cut(f, s.size, s.end)
		}
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNothing) {
			return Summary{}, err
		}
	}
	prepared := s.prepared
	if err := s.walk(); err != nil {
		return Summary{}, err
	}
	if prepared == 0 {
		prepared = s.prepared
	}
	if err := s.dropDamaged(); err != nil {
		return Summary{}, err
	}
	if err := s.reopen(f); err != nil {
		return Summary{}, err
	}
	if err := cut(f, s.size, s.end); err != nil {
		return Summary{}, err
	}
	w := &Writer{f: f, head: s.Head, formats: s.Formats, data: s.data, size: s.end, entries: s.Table.Entries}
	if prepared == 0 {
		prepared = Timescale
	}
	return w.Finish(float64(prepared) / Timescale)
}

// cut shortens a file.
func cut(f File, size, end int64) error {
	if size <= end {
		return nil
	}
	if err := f.Truncate(end); err != nil {
		return fmt.Errorf("cutting a recording: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("cutting a recording: %w", err)
	}
	return nil
}

// reopen makes a finished file one that grows.
func (s *Segment) reopen(f File) error {
	if s.kind == "free" {
		return nil
	}
	var free mp4.Boxes
	at := free.Open("free")
	binary.BigEndian.PutUint32(free[at:], uint32(s.data-holeAt))
	if _, err := f.WriteAt(free, holeAt); err != nil {
		return fmt.Errorf("opening a recording again: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("opening a recording again: %w", err)
	}
	return nil
}

// dropDamaged drops the last fragments as long as their data cannot be what was
// written: where the power went, a file may be as long as it was and have zeros
// in it.
func (s *Segment) dropDamaged() error {
	for i := len(s.fragments) - 1; i >= 0; i-- {
		before := fragment{end: 0}
		if i > 0 {
			before = s.fragments[i-1]
		}
		whole, err := s.whole(before, s.fragments[i])
		if err != nil {
			return err
		}
		if whole {
			s.end = s.fragments[i].end
			for t := range s.Table.Entries {
				s.Table.Entries[t] = s.Table.Entries[t][:s.fragments[i].samples[t]]
			}
			return s.dropDamagedSound(before)
		}
	}
	return fmt.Errorf("%w: all of its pictures are zeros", ErrNothing)
}

// dropDamagedSound drops the last sound, behind a fragment, from the first sample
// on that cannot be what was written. It costs no picture.
func (s *Segment) dropDamagedSound(before fragment) error {
	for t := range s.Table.Entries[1:] {
		all := &s.Table.Entries[1+t]
		for i, e := range (*all)[before.samples[1+t]:] {
			b, err := s.read(e.At, int64(e.Size))
			if err != nil {
				return err
			}
			if !unit(b) {
				*all = (*all)[:before.samples[1+t]+i]
				break
			}
		}
	}
	return nil
}

// whole says whether the samples between two fragments can be pictures.
func (s *Segment) whole(before, f fragment) (bool, error) {
	for _, e := range s.Table.Entries[0][before.samples[0]:f.samples[0]] {
		b, err := s.read(e.At, int64(e.Size))
		if err != nil {
			return false, err
		}
		if !picture(s.Formats[0].Codec, b) {
			return false, nil
		}
	}
	return true, nil
}

// unit says whether bytes can be a unit of AAC: it ends with three bits that are set,
// and less than a byte behind them (ISO/IEC 14496-3, 4.4.2.1).
func unit(b []byte) bool { return len(b) > 0 && b[len(b)-1] != 0 }

// sector is the least that a disk writes. As many zeros stand in no NAL unit,
// where two may stand together (H.264, 7.4.1).
const sector = 512

// picture says whether bytes can be a sample of a codec.
func picture(codec media.Codec, b []byte) bool {
	if codec == media.JPEG {
		return bytes.HasPrefix(b, []byte{0xFF, 0xD8}) && bytes.HasSuffix(b, []byte{0xFF, 0xD9})
	}
	if bytes.Contains(b, make([]byte, sector)) {
		return false
	}
	for len(b) > 0 {
		if len(b) < 4 {
			return false
		}
		n := uint64(binary.BigEndian.Uint32(b))
		if n == 0 || n > uint64(len(b)-4) {
			return false
		}
		b = b[4+n:]
	}
	return true
}
