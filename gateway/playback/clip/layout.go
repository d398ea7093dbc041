package clip

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"sort"
	"time"

	"framegate/gateway/media"
)

// layout says what stands where in a clip.
type layout struct {
	parts   []part
	picks   []pick // of a timelapse, instead of parts
	regions []region
	dataAt  int64 // where the payload of mdat begins
	size    int64
	shift   int64 // ticks: see view.shift
	cues    cues
	wide    bool // offsets take 8 bytes
	tag     string
}

// region is a stretch of a clip that is made in one way.
type region struct {
	at, size int64
	fixed    []byte // nil where column says how it is made
	column   column
}

// column is what entries a table has, or what else is made as it is read.
type column uint8

const (
	durations    column = iota + 1 // stts
	offsets                        // ctts
	chunkSamples                   // stsc
	sizes                          // stsz
	chunkOffsets                   // stco, co64
	keys                           // stss
	cueRuns                        // stts of the subtitles
	cueTexts                       // mdat, before the pictures
	payload                        // mdat, of parts
	pictures                       // mdat, of a timelapse
)

// entriesOf gives how many entries a column has.
func (c column) entriesOf(n counts) int {
	return [...]int{durations: n.durations, offsets: n.offsets, chunkSamples: n.chunks, sizes: n.samples, chunkOffsets: n.chunks, keys: n.keys}[c]
}

// width gives the bytes of an entry.
func (l *layout) width(c column) int64 {
	if c == chunkOffsets && l.wide {
		return 8
	}
	return [...]int64{durations: 8, offsets: 8, chunkSamples: 12, sizes: 4, chunkOffsets: 4, keys: 4}[c]
}

// before gives how many bytes of a column are of parts before one.
func (l *layout) before(c column, p *part) int64 {
	switch c {
	case payload:
		return p.data
	case cueRuns:
		return int64(p.runsBefore) * runSize
	case cueTexts:
		return int64(p.cuesBefore) * int64(cueSize)
	}
	return int64(c.entriesOf(p.before)) * l.width(c)
}

// make lays out the clip of parts, which are cut, with subtitles of a zone where
// that is not nil.
func (l *layout) make(parts []part, formats []*media.Format, show shows, zone *time.Location) {
	l.parts, l.shift = parts, show.shift
	l.cues.zone, l.cues.shift = zone, show.shift
	total, bytes, ticks := l.sum()
	last := &parts[len(parts)-1]
	movie := movie{formats: formats, created: show.start, media: ticks, from: show.from, to: last.decode + show.to, cues: l.cues}
	l.arrange(movie, total, bytes, payload)
	l.tag = l.hash()
}

// sum notes what is before each part, and gives what all have together. Where
// one has composition offsets all have.
func (l *layout) sum() (total counts, bytes, ticks int64) {
	shifted := false
	for i := range l.parts {
		shifted = shifted || l.parts[i].has.offsets > 0
	}
	for i := range l.parts {
		p := &l.parts[i]
		if shifted {
			p.has.offsets = max(p.has.offsets, 1)
		}
		p.before, p.data, p.decode = total, bytes, ticks
		if l.cues.zone != nil {
			p.cuesBefore, p.runsBefore = l.cues.count, l.cues.runs
			count, runs := p.cues()
			l.cues.count, l.cues.runs = l.cues.count+count, l.cues.runs+runs
		}
		total = total.plus(p.has)
		bytes += p.to - p.from
		ticks += p.ticks
	}
	return total, bytes, ticks
}

// arrange makes the regions: the boxes before the tables, the tables, mdat.
func (l *layout) arrange(m movie, total counts, bytes int64, data column) {
	texts := l.cues.bytes()
	l.wide = m.size()+l.tables(total)+m.cueTrackSize()+texts+bytes > math.MaxUint32
	head := m.boxes(l.tables(total))
	for _, t := range tablesOf(total) {
		head = t.begin(head, l.wide, total)
		l.fixed(head)
		l.add(t.column, int64(t.column.entriesOf(total))*l.width(t.column))
		head = nil
	}
	begin := mdat(bytes + texts)
	if l.cues.zone != nil {
		l.fixed(m.cueHead())
		l.add(cueRuns, int64(l.cues.runs)*runSize)
		l.fixed(m.cueTail(l.size + int64(len(m.cueTail(0))+len(begin))))
	}
	l.fixed(begin)
	if texts > 0 {
		l.add(cueTexts, texts)
	}
	l.dataAt = l.size
	l.add(data, bytes)
}

// tables gives how many bytes the tables take.
func (l *layout) tables(total counts) (bytes int64) {
	for _, t := range tablesOf(total) {
		bytes += int64(len(t.begin(nil, l.wide, total))) + int64(t.column.entriesOf(total))*l.width(t.column)
	}
	return bytes
}

func (l *layout) fixed(b []byte) {
	l.regions = append(l.regions, region{at: l.size, size: int64(len(b)), fixed: b})
	l.size += int64(len(b))
}

func (l *layout) add(c column, size int64) {
	l.regions = append(l.regions, region{at: l.size, size: size, column: c})
	l.size += size
}

// region gives the region in which a byte lies.
func (l *layout) region(at int64) *region {
	return &l.regions[sort.Search(len(l.regions), func(i int) bool { return l.regions[i].at > at })-1]
}

// part gives the part of which a byte of a column is.
func (l *layout) part(c column, at int64) *part {
	return &l.parts[sort.Search(len(l.parts), func(i int) bool { return l.before(c, &l.parts[i]) > at })-1]
}

// hash makes the ETag out of all that the bytes depend on.
func (l *layout) hash() string {
	h := sha256.New()
	var b []byte
	for _, r := range l.regions {
		_, _ = h.Write(r.fixed)
	}
	if l.cues.zone != nil {
		_, _ = h.Write([]byte(l.cues.zone.String()))
	}
	for i := range l.parts {
		p := &l.parts[i]
		b = append(b[:0], p.row.Path...)
		for _, n := range []int64{l.shift, p.row.ID, int64(p.row.Sequence), p.row.Start.UnixMicro(), p.start.UnixMicro(), p.length, int64(p.entry), int64(p.first), int64(p.last), p.from, p.to, p.ticks} {
			b = binary.BigEndian.AppendUint64(b, uint64(n))
		}
		for _, n := range []int{p.has.samples, p.has.keys, p.has.durations, p.has.offsets, p.has.chunks} {
			b = binary.BigEndian.AppendUint64(b, uint64(n))
		}
		_, _ = h.Write(b)
	}
	for _, p := range l.picks {
		b = binary.BigEndian.AppendUint64(b[:0], uint64(p.part))
		b = binary.BigEndian.AppendUint64(b, uint64(p.at))
		b = binary.BigEndian.AppendUint64(b, uint64(p.size)<<32|uint64(p.ticks))
		_, _ = h.Write(b)
	}
	return `"` + hex.EncodeToString(h.Sum(nil)[:16]) + `"`
}

// epoch is where times of MP4 begin, in seconds before 1970.
const epoch = 2082844800

// movie is what the boxes before the tables say.
type movie struct {
	formats []*media.Format
	created time.Time
	media   int64 // ticks of all samples
	from    int64 // what of them is shown
	to      int64
	cues    cues
}
