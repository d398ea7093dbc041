package media

import "bytes"

// EndOfScan gives where a picture ends whose EOI is missing, or 0 where more
// than that is missing: the data of its last scan is decoded as far as it takes
// to count its units (T.81, A.2). b holds the picture from its first byte on,
// and what comes behind it, which may be anything. Scan must have been called
// with b before.
//
// It takes hundreds of times as long as Scan, and so is for pictures whose EOI
// does not come. Of progressive and lossless ones it knows nothing, and gives
// 0. What it has counted it does not count again when more has come.
func (s *JPEGScanner) EndOfScan(b []byte) int {
	all := uint8(1)<<len(s.header.Components) - 1
	if s.scanAt == 0 || s.covered != all || s.header.Progressive || s.header.Lossless {
		return 0
	}
	if s.units == nil || s.units.at != s.scanAt {
		s.units = s.newUnits(b)
	}
	return s.units.count(b[:s.trusted(b)])
}

// trusted says how much of b is no boundary: all before the one that was found,
// or before what may become one when more comes.
func (s *JPEGScanner) trusted(b []byte) int {
	if s.cutAt > 0 {
		return min(s.cutAt, len(b))
	}
	if len(s.Mark) == 0 {
		return len(b)
	}
	for n := min(len(s.Mark)-1, len(b)); n > 0; n-- {
		if bytes.HasSuffix(b, s.Mark[:n]) {
			return len(withoutLineEnd(b[:len(b)-n]))
		}
	}
	return len(withoutLineEnd(b))
}

// withoutLineEnd cuts off the line end that belongs to a boundary, as far as it
// has come.
func withoutLineEnd(b []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
}

// units is how far the units of a scan are counted.
type units struct {
	at     int // offset of the scan's data
	blocks []blockTables
	left   int // units still to come
	every  int // so many units are between restart markers; 0 = there are none
	reader bitReader
}

// blockTables are what a block of a unit is coded with.
type blockTables struct{ dc, ac *huffman }

// newUnits begins to count the scan whose header was read last.
func (s *JPEGScanner) newUnits(b []byte) *units {
	u := &units{at: s.scanAt, every: s.restartEvery, reader: bitReader{pos: s.scanAt, toRestart: s.restartEvery}}
	maxH, maxV := s.header.sampling()
	across, down := 8*maxH, 8*maxV // pixels of a unit
	var tables [2][4]*huffman
	table := func(class int, id byte) *huffman {
		if tables[class][id] == nil {
			tables[class][id] = s.huffman(b, class, id)
		}
		return tables[class][id]
	}
	width, height := s.header.Width, s.header.Height
	for _, c := range s.selections[:s.selected] {
		k := s.header.Components[c.index]
		count := k.H * k.V
		if s.selected == 1 { // its units are single blocks
			count, across, down = 1, 8, 8
			width, height = (width*k.H+maxH-1)/maxH, (height*k.V+maxV-1)/maxV
		}
		for range count {
			u.blocks = append(u.blocks, blockTables{table(0, c.dc), table(1, c.ac)})
		}
	}
	u.left = ((width + across - 1) / across) * ((height + down - 1) / down)
	return u
}

// huffman gives one of the picture's tables, or the standard one.
func (s *JPEGScanner) huffman(b []byte, class int, id byte) *huffman {
	if at := s.tableAt[class][id]; at > 0 {
		return newHuffman(b[at:])
	}
	for t := standardHuffman[4:]; ; {
		symbols := 0
		for _, n := range t[1:17] {
			symbols += int(n)
		}
		if t[0] == byte(class<<4)|id {
			return newHuffman(t[1:])
		}
		t = t[17+symbols:]
	}
}

// count goes on to count, and gives where the last unit ends, or 0 while it has
// not come. A unit of which a part is missing is begun anew the next time.
func (u *units) count(b []byte) int {
	for ; u.left > 0; u.left-- {
		r := u.reader
		if u.every > 0 && r.toRestart == 0 {
			if !r.restart(b) {
				return 0
			}
			r.toRestart = u.every
		}
		for _, t := range u.blocks {
			if !r.block(b, t) {
				return 0
			}
		}
		r.toRestart--
		u.reader = r
	}
	return u.reader.end(b)
}

// bitReader reads the bits of a scan.
type bitReader struct {
	pos       int    // of the next byte
	bits      uint32 // of which the lowest held ones are not used yet
	held      int
	toRestart int // units
}

// need has n bits ready, 16 at most. It gives false where data or scan end
// before.
func (r *bitReader) need(b []byte, n int) bool {
	for r.held < n {
		if r.pos >= len(b) {
			return false
		}
		c := b[r.pos]
		if c == 0xFF { // stuffed, or the scan ends: T.81, B.1.1.5
			if r.pos+1 >= len(b) || b[r.pos+1] != 0 {
				return false
			}
			r.pos++
		}
		r.pos++
		r.bits, r.held = r.bits<<8|uint32(c), r.held+8
	}
	return true
}

// skip passes over n bits.
func (r *bitReader) skip(b []byte, n int) bool {
	if !r.need(b, n) {
		return false
	}
	r.held -= n
	return true
}

// restart passes over a restart marker and what fills up the byte before it.
func (r *bitReader) restart(b []byte) bool {
	if r.held >= 8 || r.pos+1 >= len(b) || b[r.pos] != 0xFF || b[r.pos+1] < rst0 || b[r.pos+1] > rst7 {
		return false
	}
	r.pos, r.held = r.pos+2, 0
	return true
}

// end gives where the scan ends when its last bit was read. Not more than one
// byte was read too many.
func (r *bitReader) end(b []byte) int {
	switch {
	case r.held < 8:
		return r.pos
	case b[r.pos-1] == 0 && b[r.pos-2] == 0xFF:
		return r.pos - 2
	}
	return r.pos - 1
}

// block passes over the coefficients of a block: T.81, F.2.2.
func (r *bitReader) block(b []byte, t blockTables) bool {
	size, ok := r.symbol(b, t.dc)
	if !ok || size > 16 || !r.skip(b, int(size)) {
		return false
	}
	for k := 1; k < 64; k++ {
		runSize, ok := r.symbol(b, t.ac)
		if !ok {
			return false
		}
		run, size := int(runSize>>4), int(runSize&15)
		if size == 0 && run < 15 {
			return true // the end of the block
		}
		if k += run; k > 63 || !r.skip(b, size) {
			return false
		}
	}
	return true
}

// symbol reads a code. It gives false where there is none.
func (r *bitReader) symbol(b []byte, h *huffman) (byte, bool) {
	if r.need(b, 8) {
		if e := h.short[byte(r.bits>>(r.held-8))]; e != 0 {
			r.held -= int(e >> 8)
			return byte(e), true
		}
	}
	for n := 1; n <= 16 && r.need(b, n); n++ {
		code := int(r.bits>>(r.held-n)) & (1<<n - 1)
		if i := code - h.first[n]; 0 <= i && i < h.count[n] {
			r.held -= n
			return h.symbols[h.index[n]+i], true
		}
	}
	return 0, false
}

// huffman is a table to decode with: T.81, annex C and F.2.2.3.
type huffman struct {
	short   [256]uint16 // by the next eight bits: bits of the code, symbol; 0 for longer ones
	first   [17]int     // code of each length
	count   [17]int     // codes of each length
	index   [17]int     // of the first symbol of each length
	symbols [256]byte
}

// newHuffman reads the counts of the codes, and their symbols.
func newHuffman(b []byte) *huffman {
	h := new(huffman)
	code, symbols := 0, 0
	for n := 1; n <= 16; n++ {
		h.first[n], h.count[n], h.index[n] = code, int(b[n-1]), symbols
		for range h.count[n] {
			symbol := b[16+symbols]
			h.symbols[symbols] = symbol
			if n <= 8 {
				for i := range 1 << (8 - n) {
					h.short[code<<(8-n)|i] = uint16(n)<<8 | uint16(symbol)
				}
			}
			code, symbols = code+1, symbols+1
		}
		code <<= 1
	}
	return h
}
