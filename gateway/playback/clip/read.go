package clip

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
)

// piece is a stretch of a clip that was made to be read, with what it begins at.
type piece struct {
	at int64
	b  []byte
}

func (p *piece) has(at int64) bool { return at >= p.at && at < p.at+int64(len(p.b)) }

var errSeek = errors.New("clip: seek to a place before the beginning")

// Seek sets where Read goes on.
func (c *Clip) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.Size()
	}
	if offset < 0 {
		return 0, errSeek
	}
	c.at = offset
	return offset, nil
}

// Read reads on. It fails with ErrChanged, or as a file does; bytes that it gave
// are right.
func (c *Clip) Read(b []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.at >= c.Size() {
		return 0, io.EOF
	}
	n, err := c.read(b)
	c.at += int64(n)
	c.err = err
	return n, err
}

func (c *Clip) read(b []byte) (int, error) {
	r := c.layout.region(c.at)
	in := c.at - r.at
	switch {
	case r.fixed != nil:
		return copy(b, r.fixed[in:]), nil
	case r.column == payload:
		return c.readPart(b, in)
	case r.column == pictures:
		return c.readPick(b, in)
	}
	if !c.piece.has(c.at) {
		if err := c.makePiece(r, in); err != nil {
			return 0, err
		}
	}
	return copy(b, c.piece.b[c.at-c.piece.at:]), nil
}

// readPart reads what lies so far into the payload.
func (c *Clip) readPart(b []byte, in int64) (int, error) {
	l := &c.layout
	if of := l.block(payload, in); of.silent {
		if left := of.data + l.voice.room(of.tones) - in; left > 0 {
			return repeat(b[:min(int64(len(b)), left)], l.voice.silence, in-of.data), nil
		}
	}
	p, err := c.part(payload, in)
	if err != nil {
		return 0, err
	}
	return c.readWoven(b, p, in-p.data)
}

// readFile reads what lies at a place in the file of a part.
func (c *Clip) readFile(b []byte, p *part, at int64) (int, error) {
	o, err := c.files.get(p)
	if err != nil {
		return 0, err
	}
	n, err := readFull(o.file, b, at)
	if c.request.Silent {
		mute(b[:n], at, o.table)
	}
	return n, err
}

// readFull reads all of b: a file that ends before is another than it was.
func readFull(file File, b []byte, at int64) (int, error) {
	n, err := file.ReadAt(b, at)
	if n == len(b) {
		return n, nil
	}
	if err == io.EOF || errors.Is(err, fs.ErrNotExist) {
		return n, ErrChanged
	}
	return n, err
}

// makePiece makes what one part has in the column of a region, a byte of which is
// asked for.
func (c *Clip) makePiece(r *region, in int64) error {
	if c.layout.picks != nil {
		c.piece = piece{r.at, c.layout.writePicks(c.piece.b[:0], r.column)}
		return nil
	}
	if r.column.ofSound() {
		return c.makeSound(r, in)
	}
	p, err := c.part(r.column, in)
	if err != nil {
		return err
	}
	if r.column == cueRuns || r.column == cueTexts {
		c.piece = piece{r.at + c.layout.before(r.column, p.ahead), c.layout.writeCues(c.piece.b[:0], r.column, p)}
		return nil
	}
	v, err := c.files.view(p)
	if err == nil {
		err = v.check()
	}
	if err != nil {
		return err
	}
	c.piece.at = r.at + c.layout.before(r.column, p.ahead)
	if r.column == chunkOffsets {
		w, err := c.weave(p)
		if err != nil {
			return err
		}
		c.piece.b = c.layout.writeOffsetsOfChunks(c.piece.b[:0], v, w)
		return nil
	}
	c.piece.b = c.layout.write(c.piece.b[:0], r.column, v)
	return nil
}

// write appends the entries that a part has in a column.
func (l *layout) write(b []byte, c column, v *view) []byte {
	u32 := binary.BigEndian.AppendUint32
	switch c {
	case durations:
		for n, ticks := range v.durations {
			b = u32(u32(b, uint32(n)), uint32(ticks))
		}
	case offsets:
		b = v.writeOffsets(b, l.shift)
	case sizes:
		for _, e := range v.entries {
			b = u32(b, e.Size)
		}
	case keys:
		for i, e := range v.entries {
			if e.Key {
				b = u32(b, uint32(v.before.samples+i+1))
			}
		}
	case chunkSamples:
		b = v.writeChunks(b)
	}
	return b
}

// writeOffsets appends composition offsets, by runs.
func (v *view) writeOffsets(b []byte, shift int64) []byte {
	for i := 0; i < len(v.entries); {
		n := 1
		for i+n < len(v.entries) && v.entries[i+n].Offset == v.entries[i].Offset {
			n++
		}
		b = binary.BigEndian.AppendUint32(b, uint32(n))
		b = binary.BigEndian.AppendUint32(b, uint32(int32(v.offset(i, shift))))
		i += n
	}
	return b
}

// writeChunks appends how many samples each chunk has, and of which format.
func (v *view) writeChunks(b []byte) []byte {
	chunk := v.before.chunks
	for i := 0; i < len(v.entries); {
		n := 1
		for i+n < len(v.entries) && follows(v.entries[i+n-1], v.entries[i+n]) {
			n++
		}
		chunk++
		b = binary.BigEndian.AppendUint32(b, uint32(chunk))
		b = binary.BigEndian.AppendUint32(b, uint32(n))
		b = binary.BigEndian.AppendUint32(b, v.entry)
		i += n
	}
	return b
}

// writeOffsetsOfChunks appends where the chunks lie in the clip.
func (l *layout) writeOffsetsOfChunks(b []byte, v *view, w *weft) []byte {
	for i, e := range v.entries {
		if i > 0 && follows(v.entries[i-1], e) {
			continue
		}
		at := uint64(l.dataAt + v.data + e.At - v.from + int64(w.before(e.At)*len(l.voice.silence)))
		if l.wide {
			b = binary.BigEndian.AppendUint64(b, at)
		} else {
			b = binary.BigEndian.AppendUint32(b, uint32(at))
		}
	}
	return b
}
