package clip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

const (
	// partLength is how long a part is at least, where its segment goes on: players
	// begin with whole ones.
	partLength = 4 * time.Second
	// partSlack is by how much less a part may last, so that one ends at the same keyframe
	// once its segment is finished, and it is known better how fast its clock runs.
	partSlack = 40 * time.Millisecond
	// maxPartSegments is how many segments are made into parts at most, since the
	// table of each is read: a day of minutes, and what is left of its ends.
	maxPartSegments = 1500
	// maxPartSamples bounds what somebody asks for as one part.
	maxPartSamples = 1 << 16
	// lead is when the first picture of all parts is shown, so that what is decoded
	// long before it is shown has a decode time too. Offsets below zero would do,
	// but ffmpeg takes them for a delay in fragments.
	lead = 30 * time.Second
)

// Part is a stretch of a segment that begins with a keyframe, as one fragment of a
// fragmented MP4.
type Part struct {
	Place
	Format   int // of Parts.Formats
	Begin    time.Time
	Origin   time.Time // from which its decode times count, so that a hole before it takes no time
	Duration time.Duration
	Break    bool // it does not go on where the part before it ends
}

// Place is where a part is. It stays the same while its segment grows and when it
// is finished.
type Place struct {
	Sequence    uint64    // of the segment
	Near        time.Time // when the segment began, as was known when the place was told
	First, Last int       // samples, the last not included
}

// Parts are the parts of a stretch of time.
type Parts struct {
	From    time.Time // of the picture to begin with, in the first part
	Formats []*media.Format
	Sound   *media.Format // that all parts have, as a clip has it; nil for none
	Parts   []Part
}

// PartsOf gives the parts of what was recorded. Of a segment that is being
// written they are those that change no more. It reads the tables of all segments.
func PartsOf(ctx context.Context, finder Finder, opener Opener, request Request) (*Parts, error) {
	entries := entriesOf(finder)
	parts, err := find(ctx, finder, entries, request)
	switch {
	case errors.Is(err, errEmpty):
		return nil, nearest(ctx, finder, request)
	case err != nil:
		return nil, err
	case len(parts) > maxPartSegments:
		return nil, fmt.Errorf("%w: it has more than %d segments; ask for a shorter stretch of time", ErrTooLong, maxPartSegments)
	}
	files := &files{opener: opener}
	defer files.close()
	all := &Parts{Formats: entries.formats}
	var before *index.Segment
	var origin time.Time
	for i := range parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p := &parts[i]
		v, err := files.view(p)
		if err != nil {
			return nil, err
		}
		begin, _, ok := v.cutFor(request)
		if !ok {
			continue
		}
		if all.Sound == nil && !request.Silent {
			v.listen(entries)
			all.Sound = v.sound
		}
		broken := before == nil || before.Run != p.row.Run || p.row.From().Sub(before.To()) > index.Joint
		switch {
		case before == nil:
			all.From, origin = v.wall(v.all[begin]), p.row.Start
		case broken:
			origin = origin.Add(p.row.From().Sub(before.To()))
		}
		all.add(v, origin, broken)
		before = &p.row
	}
	return all, nil
}

// add adds the parts of a segment, whose decode times count from an origin.
func (all *Parts) add(v *view, origin time.Time, broken bool) {
	for first := v.first; first < v.last; {
		last := v.partEnd(first)
		if last == v.last && v.growing != nil && v.last == len(v.all) {
			return // it goes on
		}
		broken = broken || len(all.Parts) > 0 && all.Parts[len(all.Parts)-1].Format != int(v.entry-1)
		all.Parts = append(all.Parts, Part{
			Place:    Place{Sequence: v.row.Sequence, Near: v.row.Start, First: first, Last: last},
			Format:   int(v.entry - 1),
			Begin:    v.wall(v.all[first]),
			Origin:   origin,
			Duration: ticksToTime(v.ticksAt(v.decodeOf(last)) - v.ticksAt(v.decodeOf(first))),
			Break:    broken,
		})
		first, broken = last, false
	}
}

// partEnd gives where the part ends that begins with a sample: at the first
// keyframe that is far enough away.
func (v *view) partEnd(first int) int {
	least := v.decodeOf(first) + v.timescale*int64((partLength-partSlack)/time.Millisecond)/1000
	for i := first + 1; i < v.last; i++ {
		if v.all[i].Key && v.decodeOf(i) >= least {
			return i
		}
	}
	return v.last
}

// Fragment is a part that is open to be read, from its beginning to its end.
type Fragment struct {
	io.Reader
	Size  int64
	files *files
}

// Close closes what is open.
func (f *Fragment) Close() { f.files.close() }

// OpenPart opens a part at a place, with decode times that count from start, and with
// sound of a format, which is silence where the segment has no such; nil is without. The
// error is ErrNothing where its segment is not there any more.
func OpenPart(ctx context.Context, finder Finder, opener Opener, camera string, at Place, start time.Time, sound *media.Format) (*Fragment, error) {
	p, err := findPart(ctx, finder, camera, at)
	if err != nil {
		return nil, err
	}
	f := &Fragment{files: &files{opener: opener}}
	v, err := f.files.view(p)
	if err == nil {
		err = f.take(v, at, start, sound)
	}
	if err != nil {
		f.files.close()
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrChanged) {
			err = fmt.Errorf("%w: that part is not there any more", ErrNothing)
		}
		return nil, err
	}
	return f, nil
}

// findPart finds the segment of a place.
func findPart(ctx context.Context, finder Finder, camera string, at Place) (*part, error) {
	growing, grows := finder.Growing(camera) // first, so that it is in one of both
	const moved = time.Minute                // at most, while times are made better
	rows, err := finder.Between(ctx, camera, at.Near.Add(-moved), at.Near.Add(moved), index.MaxRows)
	if err != nil {
		return nil, err
	}
	var best *part // several servers may have the same number
	for _, row := range rows {
		if row.Sequence == at.Sequence && (best == nil || row.Start.Sub(at.Near).Abs() < best.row.Start.Sub(at.Near).Abs()) {
			p := partOf(row, 1)
			best = &p
		}
	}
	if best != nil {
		return best, nil
	}
	if grows && growing.Segment.Sequence == at.Sequence {
		p := partOf(growing.Segment, 1)
		p.growing, p.length = &growing, Timescale
		return &p, nil
	}
	return nil, fmt.Errorf("%w: that part is not there any more", ErrNothing)
}

// take makes a fragment of a view.
func (f *Fragment) take(v *view, at Place, start time.Time, sound *media.Format) error {
	began := v.row.Start.Sub(start)
	if at.First < 0 || at.First >= at.Last || at.Last > len(v.all) || at.Last-at.First > maxPartSamples || began < -lead {
		return fmt.Errorf("%w: no part is there", ErrNothing)
	}
	file, err := f.files.get(v.part)
	if err != nil {
		return err
	}
	v.whole, v.first, v.last = false, at.First, at.Last
	v.take()
	data := stretches(v.entries)
	began90k, track := timeToTicks(began+lead), soundRun{}
	if sound != nil {
		track = v.soundRun(sound, began90k)
		data = append(data, track.data...)
	}
	head := v.moof(began90k, track)
	readers := []io.Reader{bytes.NewReader(head)}
	f.Size = int64(len(head))
	for _, d := range data {
		if d.silence != nil {
			readers = append(readers, bytes.NewReader(d.silence))
		} else {
			readers = append(readers, io.NewSectionReader(file.file, d.at, d.size))
		}
		f.Size += d.size
	}
	f.Reader = io.MultiReader(readers...)
	return nil
}

// stretch is bytes of a file, or a frame of silence.
type stretch struct {
	at, size int64
	silence  []byte
}

// stretches gives where samples lie, those that follow on each other together.
func stretches(entries []segment.Entry) (all []stretch) {
	for i, e := range entries {
		if i > 0 && follows(entries[i-1], e) {
			all[len(all)-1].size += int64(e.Size)
		} else {
			all = append(all, stretch{at: e.At, size: int64(e.Size)})
		}
	}
	return all
}

// own gives ticks of a clip in those of an init segment.
func own(ticks int64) int64 { return scale(max(ticks, 0), mp4.Timescale, Timescale) }

// What fragments say of their samples: 14496-12, 8.8.
const (
	baseIsMoof = 0x020000
	trunAll    = 0x000F01 // where the data is; duration, size, flags and composition offset of each sample
	keyFlags   = 0x02000000
	deltaFlags = 0x01010000
)

// moof makes the boxes before the data of a part, whose segment begins at so many
// ticks, and of its sound, where that has frames.
func (v *view) moof(began int64, sound soundRun) mp4.Boxes {
	var w mp4.Boxes
	moof := w.Open("moof")
	mfhd := w.OpenFull("mfhd", 0, 0)
	w.U32(1)
	w.Close(mfhd)
	traf := openTraf(&w, trackID, own(began+v.ticksAt(v.decodeOf(v.first))-v.shift()))
	trun := w.OpenFull("trun", 1, trunAll)
	w.U32(uint32(len(v.entries)))
	w.U32(uint32(len(w) + 4 + 16*len(v.entries) + sound.boxes() + 8))
	bytes := int64(0)
	for i, e := range v.entries {
		flags := uint32(deltaFlags)
		if e.Key {
			flags = keyFlags
		}
		lasts := own(v.ticksAt(v.decodeOf(v.first+i+1))) - own(v.ticksAt(v.decodeOf(v.first+i)))
		w.U32(uint32(lasts), e.Size, flags, uint32(int32(v.offset(i, v.shift())/(Timescale/mp4.Timescale))))
		bytes += int64(e.Size)
	}
	w.Close(trun)
	w.Close(traf)
	bytes += sound.append(&w, bytes)
	w.Close(moof)
	w.U32(uint32(bytes + 8))
	w.Text("mdat")
	return w
}

// openTraf starts what a fragment says of a track: 14496-12, 8.8.6 and 8.8.12.
func openTraf(w *mp4.Boxes, track uint32, decode int64) int {
	traf := w.Open("traf")
	tfhd := w.OpenFull("tfhd", 0, baseIsMoof)
	w.U32(track)
	w.Close(tfhd)
	tfdt := w.OpenFull("tfdt", 1, 0)
	w.U64(uint64(decode))
	w.Close(tfdt)
	return traf
}

// InitOf gives the init segment that goes before the parts of a segment, with sound
// where that is not nil.
func InitOf(ctx context.Context, finder Finder, camera string, at Place, sound *media.Format) ([]byte, error) {
	p, err := findPart(ctx, finder, camera, at)
	if err != nil {
		return nil, err
	}
	if p.growing != nil {
		growing, _ := finder.Growing(camera)
		if growing.Segment.Sequence == at.Sequence {
			return initOf(growing.Format, sound)
		}
		return nil, fmt.Errorf("%w: it is finished by now; ask again", ErrChanged)
	}
	f, err := finder.Format(ctx, p.row.Format)
	if err != nil {
		return nil, err
	}
	format, err := FormatOf(f)
	if err != nil {
		return nil, err
	}
	return initOf(format, sound)
}

func initOf(pictures, sound *media.Format) ([]byte, error) {
	if sound == nil {
		return mp4.Init(pictures)
	}
	return mp4.Init(pictures, sound)
}
