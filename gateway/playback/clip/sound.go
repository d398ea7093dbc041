package clip

import (
	"context"
	"encoding/binary"
	"fmt"
	"sort"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// The track of sound has frames that all last as long as each other, in each part as
// long as its pictures: see segment.Voice. So it is without holes for players that
// only count frames, and in step for those that go by times. Where nothing was heard
// stands a frame of silence: see weft. Each frame is a chunk, so that where they lie in
// files changes no table's length.
//
// All of it is of one format: that of the first part that has some. A part with another
// is silent.

const soundID = cueID + 1

// tones is how much there is of sound: frames, and entries of stts, which are two
// wherever there are two frames.
type tones struct{ frames, runs int }

func (t tones) plus(u tones) tones { return tones{t.frames + u.frames, t.runs + u.runs} }

// voice is the track of sound of a clip.
type voice struct {
	sound   *media.Format // nil where there is no such track
	silence []byte        // a frame of it
	frame   int64         // ticks
}

// take makes it one of a format.
func (v *voice) take(f *media.Format) {
	v.sound, v.silence = f, f.Silence()
	v.frame = scale(int64((&media.Frame{Format: f}).Samples()), Timescale, int64(f.Rate))
}

// scaled gives ticks in samples, by which the track counts: ffmpeg takes the beginning
// of an edit of sound for samples, whatever the timescale.
func (v *voice) scaled(ticks int64) int64 { return scale(ticks, int64(v.sound.Rate), Timescale) }

// samples gives how many samples a stretch has that begins at some time in the clip.
func (v *voice) samples(decode, ticks int64) int64 { return v.scaled(decode+ticks) - v.scaled(decode) }

// quiet gives what a stretch has in which nothing is heard.
func (v *voice) quiet(ticks int64) tones {
	n := int(max(1, (ticks+v.frame/2)/v.frame))
	return tones{n, min(n, 2)}
}

// of gives what a part has.
func (v *voice) of(p *part) tones {
	switch v.sound {
	case nil:
		return tones{}
	case p.sound:
		return tones{p.frames, 2}
	}
	return v.quiet(p.ticks)
}

// ofAll gives what an hour has.
func (v *voice) ofAll(b *block, ticks int64) tones {
	if v.sound == nil {
		return tones{}
	}
	if b.silent {
		return v.quiet(ticks)
	}
	t := tones{}
	for _, h := range b.hours {
		t = t.plus(tones{h.Sounds, 2 * h.Segments})
	}
	return t
}

// tune chooses the sound of a clip, and opens hours only some of whose segments have
// it.
func (c *Clip) tune(blocks []block) error {
	if c.request.Silent {
		return nil
	}
	v := &c.layout.voice
	for i := range blocks {
		b := &blocks[i]
		if b.mixes() {
			if err := c.open(b); err != nil {
				return err
			}
		}
		if f := c.entries.first(b); v.sound == nil && f != nil {
			v.take(f)
		}
	}
	for i := range blocks {
		b := &blocks[i]
		b.silent = b.hours != nil && c.entries.sounds[b.hours[0].Sound] != v.sound
	}
	return nil
}

// mixes says that not all segments of an hour have the same sound.
func (b *block) mixes() bool {
	for _, h := range b.hours {
		if h.Sound != b.hours[0].Sound {
			return true
		}
	}
	return false
}

// first gives the sound of the first part of a block that has some, nil for none.
func (e *entries) first(b *block) *media.Format {
	if b.hours != nil {
		return e.sounds[b.hours[0].Sound]
	}
	for i := range b.parts {
		if f := b.parts[i].sound; f != nil {
			return f
		}
	}
	return nil
}

// hear looks up a sound of the index.
func (e *entries) hear(ctx context.Context, id int64) (*media.Format, error) {
	if f, known := e.sounds[id]; known || id <= 0 {
		return f, nil
	}
	f, err := e.finder.Format(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("sound of format %d: %w", id, err)
	}
	if f.Codec != media.AAC.String() {
		return nil, fmt.Errorf("%w: sound of codec %.20q", ErrChanged, f.Codec)
	}
	format, err := media.AACFormat(f.Config)
	if err != nil {
		return nil, err
	}
	e.sounds[id] = e.same(format)
	return e.sounds[id], nil
}

// same gives the one format of sound that stands for all that are alike.
func (e *entries) same(f *media.Format) *media.Format {
	for _, known := range e.heard {
		if string(known.Config) == string(f.Config) {
			return known
		}
	}
	e.heard = append(e.heard, f)
	return f
}

// sings notes what sound a part has by its row.
func (p *part) sings(f *media.Format) {
	if p.row.Sounds > 1 {
		p.sound, p.frames = f, p.row.Sounds
	}
}

// listen notes what sound a part has by its file, as far as its pictures are taken.
func (v *view) listen(e *entries) {
	v.sound, v.frames = nil, 0
	if v.soundFormat == nil {
		return
	}
	frames := v.voice(v.soundFormat)
	if len(frames) == 0 {
		return
	}
	v.sound, v.frames = e.same(v.soundFormat), len(frames)
	for _, i := range frames {
		if i != segment.Silent {
			v.from, v.to = min(v.from, v.sounds[i].At), max(v.to, v.sounds[i].At+int64(v.sounds[i].Size))
		}
	}
}

// voice gives the sound of the part's pictures, of a format.
func (v *view) voice(f *media.Format) segment.Voice {
	last := v.last
	if v.whole {
		last = len(v.all)
	}
	return segment.VoiceOf(v.sounds, f, v.timescale, v.earliest+v.decodeOf(v.first), v.earliest+v.decodeOf(last))
}

// ofSound says that a column is of the track of sound.
func (c column) ofSound() bool { return c == soundRuns || c == soundSizes || c == soundOffsets }

// makeSound makes what a part, or an hour in which nothing is heard, has in a column
// of the track of sound, a byte of which is asked for.
func (c *Clip) makeSound(r *region, in int64) error {
	l := &c.layout
	if b := l.block(r.column, in); b.silent {
		c.piece = piece{r.at + l.before(r.column, b.ahead), l.writeSound(c.piece.b[:0], r.column, b.tones.frames, b.ahead, b.ticks, 0, &weft{})}
		return nil
	}
	p, err := c.part(r.column, in)
	if err != nil {
		return err
	}
	w, err := c.weave(p)
	if err != nil {
		return err
	}
	c.piece = piece{r.at + l.before(r.column, p.ahead), l.writeSound(c.piece.b[:0], r.column, p.tones.frames, p.ahead, p.ticks, p.from, w)}
	return nil
}

// writeSound appends what a stretch of so many ticks has in a column, whose frames are
// woven into bytes of a file from one on.
func (l *layout) writeSound(b []byte, c column, frames int, before ahead, ticks, from int64, w *weft) []byte {
	u32 := binary.BigEndian.AppendUint32
	if c == soundRuns {
		return appendRuns(b, int64(frames), l.voice.samples(before.decode, ticks))
	}
	w.each(from, int64(len(l.voice.silence)), frames, func(at, size int64) {
		at += l.dataAt + before.data
		switch {
		case c == soundSizes:
			b = u32(b, uint32(size))
		case l.wide:
			b = binary.BigEndian.AppendUint64(b, uint64(at))
		default:
			b = u32(b, uint32(at))
		}
	})
	return b
}

// appendRuns appends how long frames last that last so many samples together: in two
// entries, also where one would do, or in one of a single frame.
func appendRuns(b []byte, frames, samples int64) []byte {
	each, longer := samples/frames, samples%frames
	if longer == 0 && frames > 1 {
		longer = 1
		each--
		b = binary.BigEndian.AppendUint32(b, uint32(frames-1))
		b = binary.BigEndian.AppendUint32(b, uint32(each+1))
	} else if n := frames - longer; n > 0 {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
		b = binary.BigEndian.AppendUint32(b, uint32(each))
	}
	if longer > 0 {
		b = binary.BigEndian.AppendUint32(b, uint32(longer))
		b = binary.BigEndian.AppendUint32(b, uint32(each+1))
	}
	return b
}

// mute makes what stands of sound in bytes of a file zeros.
func mute(b []byte, at int64, table segment.Table) {
	if len(table.Entries) < 2 {
		return
	}
	sounds, end := table.Entries[1], at+int64(len(b))
	ends := func(i int) int64 { return sounds[i].At + int64(sounds[i].Size) }
	for i := sort.Search(len(sounds), func(i int) bool { return ends(i) > at }); i < len(sounds) && sounds[i].At < end; i++ {
		clear(b[max(sounds[i].At, at)-at : min(ends(i), end)-at])
	}
}

// soundTables are those of the track of sound, in their order, with the width of
// their entries.
func (l *layout) soundTables(t tones) [3]soundTable {
	return [...]soundTable{
		{"stts", soundRuns, t.runs, runSize},
		{"stsz", soundSizes, t.frames, 4},
		{map[bool]string{false: "stco", true: "co64"}[l.wide], soundOffsets, t.frames, l.width(chunkOffsets)},
	}
}

type soundTable struct {
	kind   string
	column column
	count  int
	width  int64
}

// bytes gives how many bytes the entries take.
func (t soundTable) bytes() int64 { return int64(t.count) * t.width }

// begin makes what stands before the entries, which behind those of stts is another
// table: that each chunk has one sample.
func (t soundTable) begin() mp4.Boxes {
	var w mp4.Boxes
	if t.column == soundSizes {
		stsc := w.OpenFull("stsc", 0, 0)
		w.U32(1, 1, 1, 1)
		w.Close(stsc)
	}
	at := w.OpenFull(t.kind, 0, 0)
	if t.column == soundSizes {
		w.U32(0) // each its own
	}
	w.U32(uint32(t.count))
	binary.BigEndian.PutUint32(w[at:], uint32(int64(len(w)-at)+t.bytes()))
	return w
}

// soundTrackSize gives how many bytes the track takes in moov.
func (l *layout) soundTrackSize(m movie) (size int64) {
	if l.voice.sound == nil {
		return 0
	}
	for _, t := range l.soundTables(m.tones) {
		size += int64(len(t.begin())) + t.bytes()
	}
	return size + int64(len(l.soundHead(m, 0)))
}

// soundHead makes the track up to its tables, which take so many bytes. Its one edit
// shows what that of the pictures shows.
func (l *layout) soundHead(m movie, tables int64) mp4.Boxes {
	var w mp4.Boxes
	trak := w.Open("trak")
	m.trackHead(&w, soundID, media.Audio)
	m.edit(&w, l.voice.scaled(max(m.from-m.shift, 0)))
	mdia := w.Open("mdia")
	m.mdhd(&w, uint32(l.voice.sound.Rate), l.voice.scaled(m.media))
	handler(&w, mp4.HandlerOf(media.Audio), "sound")
	minf := w.Open("minf")
	w.MediaHeader(media.Audio)
	w.DataInThisFile()
	stbl := w.Open("stbl")
	stsd := w.OpenFull("stsd", 0, 0)
	w.U32(1)
	w.SampleEntry(l.voice.sound)
	w.Close(stsd)
	for _, at := range []int{trak, mdia, minf, stbl} {
		binary.BigEndian.PutUint32(w[at:], uint32(int64(len(w)-at)+tables))
	}
	return w
}

// arrangeSound makes the regions of the track.
func (l *layout) arrangeSound(m movie) {
	if l.voice.sound == nil {
		return
	}
	head := l.soundHead(m, l.soundTrackSize(m)-int64(len(l.soundHead(m, 0))))
	for _, t := range l.soundTables(m.tones) {
		l.fixed(append(head, t.begin()...))
		l.add(t.column, t.bytes())
		head = nil
	}
}

// unheard says that nobody has noted yet what sound an hour, or a row, has.
func unheard(sound int64, r Request) bool { return sound == index.Unheard && !r.Silent }
