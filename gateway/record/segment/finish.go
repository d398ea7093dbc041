package segment

import (
	"encoding/binary"
	"fmt"
	"math"

	"framegate/gateway/mp4"
)

// Finish makes a regular MP4 of the file, in steps each of which leaves a file
// that opens to the same pictures. rate is how many seconds of media time there
// are in a true second, from 0.5 to 2: the file plays in true time.
//
//  1. All fragments are durable.
//  2. The moov of all samples, but for its first eight bytes, is in the hole, and
//     behind it the head of an mdat that goes on to the end of the file: durable,
//     and nothing yet, since the box around it is free.
//  3. These eight bytes make the free a moov.
//
// Where the moov does not fit into the hole, it is written behind the last
// fragment, inside a box that is free; in step 3 the hole becomes an mdat which
// goes on up to where that moov begins.
//
// When it fails it may be called again, and Repair does what is left. The caller
// still syncs the folder, and gives the file its last name. The error is
// ErrNothing for a file without pictures, ErrFormat for such a rate, or the
// File's.
func (w *Writer) Finish(rate float64) (Summary, error) {
	switch {
	case len(w.entries[0]) == 0:
		return Summary{}, fmt.Errorf("%w: nothing was appended", ErrNothing)
	case !(rate >= 0.5 && rate <= 2):
		return Summary{}, fmt.Errorf("%w: at a rate of %v, of at least 0.5 and at most 2", ErrFormat, rate)
	case w.finished:
		return Summary{}, fmt.Errorf("%w: it is finished", ErrFormat)
	}
	if err := w.mend(); err != nil {
		return Summary{}, err
	}
	if err := w.sync(); err != nil {
		return Summary{}, err
	}
	m := movie{timescale: uint32(math.Round(Timescale * rate)), created: w.head.Start, formats: w.formats, entries: w.entries}
	m.dropEmpty()
	w.buf = w.buf[:0]
	counts := m.append(&w.buf)
	moov := len(w.buf)
	size, switched, err := w.prepare()
	if err != nil {
		return Summary{}, err
	}
	if err := w.write(switched[:], holeAt); err != nil {
		return Summary{}, err
	}
	w.mu.Lock()
	w.size, w.timescale = size, m.timescale
	w.mu.Unlock()
	w.finished, w.buf = true, nil
	s := summary(w.head, &m, size)
	s.STTS, s.CTTS, s.MoovBytes = counts.stts, counts.ctts, int64(moov)
	return s, nil
}

// prepare does the second step with the moov in buf. It gives the size that the
// file has then, and what the third step writes.
func (w *Writer) prepare() (size int64, switched [8]byte, err error) {
	mdatAt := holeAt + int64(len(w.buf))
	copy(switched[:], w.buf[:8])
	length := uint64(w.size - mdatAt)
	if mdatAt+16 > w.data { // whichever of the two heads it is
		return w.prepareAtEnd()
	}
	if length <= math.MaxUint32 {
		w.buf.U32(uint32(length))
		w.buf.Text("mdat")
	} else {
		w.buf.U32(1)
		w.buf.Text("mdat")
		w.buf.U64(length)
	}
	return w.size, switched, w.write(w.buf[8:], holeAt+8)
}

// prepareAtEnd does it where there is no room in the hole.
func (w *Writer) prepareAtEnd() (size int64, switched [8]byte, err error) {
	copy(switched[4:], "mdat")
	moovAt := w.size + 8
	if length := uint64(moovAt - holeAt); length <= math.MaxUint32 {
		binary.BigEndian.PutUint32(switched[:], uint32(length))
	} else {
		binary.BigEndian.PutUint32(switched[:], 1)
		if _, err := w.f.WriteAt(binary.BigEndian.AppendUint64(nil, length), holeAt+8); err != nil {
			return 0, switched, fmt.Errorf("finishing a recording: %w", err)
		}
	}
	free := make(mp4.Boxes, 0, 8+len(w.buf))
	at := free.Open("free")
	free.U8(w.buf...)
	free.Close(at)
	w.torn = true // until it is finished
	return w.size + int64(len(free)), switched, w.write(free, w.size)
}

// write writes and makes durable.
func (w *Writer) write(b []byte, at int64) error {
	if _, err := w.f.WriteAt(b, at); err != nil {
		return fmt.Errorf("finishing a recording: %w", err)
	}
	return w.sync()
}

func (w *Writer) sync() error {
	if err := w.f.Sync(); err != nil {
		return fmt.Errorf("finishing a recording: %w", err)
	}
	return nil
}

// summary tells of a file all but what is of its tables.
func summary(h Head, m *movie, size int64) Summary {
	s := Summary{
		Head: h, Formats: m.formats, Bytes: size, Frames: len(m.entries[0]),
		Duration: m.duration(), Rate: float64(m.timescale) / Timescale,
	}
	for i := range m.entries[0] {
		if m.entries[0][i].Key {
			s.Keys++
		}
	}
	s.DataAt, s.Sounds = m.entries[0][0].At, m.voiced()
	chunks(m.entries[0], func(int, int) { s.Fragments++ })
	return s
}
