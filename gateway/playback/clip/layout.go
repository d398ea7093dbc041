package clip

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"sort"
	"time"

	"framegate/gateway/media"
)

// layout says what stands where in a clip.
type layout struct {
	blocks  []block
	loaded  *block // the hour whose parts are known for now
	shifted bool   // some pictures have composition offsets
	parts   []part // of a timelapse
	picks   []pick // of a timelapse, instead of blocks
	regions []region
	dataAt  int64 // where the payload of mdat begins
	size    int64
	shift   int64 // ticks: see view.shift
	muted   bool  // no sound is in what is copied
	cues    cues
	voice   voice
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
	soundRuns                      // stts of the sound
	soundSizes                     // stsz
	soundOffsets                   // stco, co64
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

// before gives how many bytes of a column are before a part or block.
func (l *layout) before(c column, a ahead) int64 {
	switch c {
	case payload:
		return a.data
	case soundRuns:
		return int64(a.heard.runs) * runSize
	case soundSizes:
		return int64(a.heard.frames) * l.width(sizes)
	case soundOffsets:
		return int64(a.heard.frames) * l.width(chunkOffsets)
	case cueRuns:
		return int64(a.runs) * runSize
	case cueTexts:
		return int64(a.cues) * int64(cueSize)
	}
	return int64(c.entriesOf(a.before)) * l.width(c)
}

// make lays out the clip of a request and blocks, whose parts are cut.
func (l *layout) make(blocks []block, formats []*media.Format, show shows, request Request) {
	l.blocks, l.shift, l.muted = blocks, show.shift, request.Silent
	l.cues.zone = request.Subtitles
	all := l.sum()
	l.cues.count, l.cues.runs = all.cues, all.runs
	last := blocks[len(blocks)-1].parts
	movie := movie{formats: formats, created: show.start, media: all.decode, from: show.from, to: last[len(last)-1].decode + show.to, shift: show.shift, cues: l.cues, tones: all.heard}
	l.arrange(movie, all.before, all.data, payload)
	l.tag = l.hash()
}

// sum notes what is before each block, and gives what all have together. Where one
// segment has composition offsets all have.
func (l *layout) sum() (all ahead) {
	for i := range l.blocks {
		l.shifted = l.shifted || l.blocks[i].shifts()
	}
	for i := range l.blocks {
		b := &l.blocks[i]
		b.sum(l)
		b.ahead = all
		all = b.place(l)
	}
	return all
}

// arrange makes the regions: the boxes before the tables, the tables, mdat.
func (l *layout) arrange(m movie, total counts, bytes int64, data column) {
	texts := l.cues.bytes()
	l.wide = m.size()+l.tables(total)+l.soundTrackSize(m)+m.cueTrackSize()+texts+bytes > math.MaxUint32
	head := m.boxes(l.tables(total), l.soundTrackSize(m)+m.cueTrackSize())
	for _, t := range tablesOf(total) {
		head = t.begin(head, l.wide, total)
		l.fixed(head)
		l.add(t.column, int64(t.column.entriesOf(total))*l.width(t.column))
		head = nil
	}
	l.arrangeSound(m)
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

// block gives the block of which a byte of a column is.
func (l *layout) block(c column, at int64) *block {
	return &l.blocks[sort.Search(len(l.blocks), func(i int) bool { return l.before(c, l.blocks[i].ahead) > at })-1]
}

// part gives the part of a block, whose parts are known, of which a byte of a column
// is.
func (l *layout) part(c column, b *block, at int64) *part {
	return &b.parts[sort.Search(len(b.parts), func(i int) bool { return l.before(c, b.parts[i].ahead) > at })-1]
}

// part gives the part of which a byte of a column is. It is there until another is
// asked for.
func (c *Clip) part(of column, at int64) (*part, error) {
	b := c.layout.block(of, at)
	if b.parts == nil || b.moved && of != payload {
		if err := c.load(b, of); err != nil {
			return nil, err
		}
	}
	return c.layout.part(of, b, at), nil
}

// load looks up the parts of an hour, for a column. Where the clock was found wrong
// since the clip was planned, they have other times; its pictures are the same bytes
// nevertheless, and what says when they are shown was made before, mostly.
func (c *Clip) load(b *block, of column) error {
	l := &c.layout
	parts, changed, err := c.lookUp(b)
	if err != nil {
		return err
	}
	known := block{parts: parts, silent: b.silent, ahead: b.ahead}
	known.sum(l)
	pictures := picturesOf(parts)
	if changed && (of != payload || pictures != b.pictures) {
		return b.changed()
	}
	if !changed && (known.has != b.has || known.bytes != b.bytes || known.ticks != b.ticks || known.tones != b.tones) {
		return fmt.Errorf("%w: the sums of %s are not those of its segments", ErrChanged, b.hours[0].Start.Format(time.RFC3339))
	}
	if l.loaded != nil {
		l.loaded.parts = nil
	}
	known.place(l)
	b.parts, b.pictures, b.moved, l.loaded = parts, pictures, changed, b
	return nil
}

// picturesOf makes a hash of what the bytes of the pictures of parts depend on.
func picturesOf(parts []part) (sum [sha256.Size]byte) {
	var b []byte
	for i := range parts {
		p := &parts[i]
		b = append(b, p.row.Path...)
		for _, n := range []int64{p.row.ID, int64(p.row.Sequence), p.from, p.to} {
			b = binary.BigEndian.AppendUint64(b, uint64(n))
		}
	}
	return sha256.Sum256(b)
}

// hash makes the ETag out of all that the bytes depend on.
func (l *layout) hash() string {
	h := sha256.New()
	for _, r := range l.regions {
		_, _ = h.Write(r.fixed)
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(l.shift))
	if l.cues.zone != nil {
		b = append(b, l.cues.zone.String()...)
	}
	if l.muted {
		b = append(b, "muted"...)
	}
	for _, one := range l.blocks {
		for _, hour := range one.hours {
			b = binary.BigEndian.AppendUint64(b, uint64(hour.Start.UnixMicro()))
			b = binary.BigEndian.AppendUint64(b, uint64(hour.Format))
			b = binary.BigEndian.AppendUint64(b, uint64(hour.Revision))
		}
		b = appendParts(b, one.parts)
	}
	b = appendParts(b, l.parts)
	for _, p := range l.picks {
		b = binary.BigEndian.AppendUint64(b, uint64(p.part))
		b = binary.BigEndian.AppendUint64(b, uint64(p.at))
		b = binary.BigEndian.AppendUint64(b, uint64(p.size)<<32|uint64(p.ticks))
	}
	_, _ = h.Write(b)
	return `"` + hex.EncodeToString(h.Sum(nil)[:16]) + `"`
}

// appendParts appends what of parts the bytes of a clip depend on.
func appendParts(b []byte, parts []part) []byte {
	for i := range parts {
		p := &parts[i]
		b = append(b, p.row.Path...)
		for _, n := range []int64{p.row.ID, int64(p.row.Sequence), p.row.Start.UnixMicro(), p.start.UnixMicro(), p.length, int64(p.entry), int64(p.first), int64(p.last), p.from, p.to, p.ticks} {
			b = binary.BigEndian.AppendUint64(b, uint64(n))
		}
		for _, n := range []int{p.has.samples, p.has.keys, p.has.durations, p.has.offsets, p.has.chunks, p.tones.frames} {
			b = binary.BigEndian.AppendUint64(b, uint64(n))
		}
	}
	return b
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
	shift   int64 // ticks: view.shift of the clip
	cues    cues
	tones   tones
}
