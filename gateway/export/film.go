package export

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/playback/clip"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

const (
	// reelLength is how long a file of a film is at least before another is begun,
	// and reelFrames how many pictures it is made for.
	reelLength = 5 * time.Minute
	reelFrames = 9000
	// batch is how many pictures are written at once.
	batch = 32
)

// film is what has been encoded of a camera: files of our own that last as long as
// what they were made of, and so a clip is made of them as of recordings. It is a
// clip.Finder and a clip.Opener, and one goroutine's.
type film struct {
	dir     string
	camera  string
	spend   func(int64) error
	rows    []index.Segment
	formats []index.Format
	reel    *reel // that is being written; nil where none is

	// sounds is what was recorded beside what is encoded, which goes along as it is;
	// nil where that has none.
	sounds *clip.Sounds
}

// reel is a file that is being written.
type reel struct {
	name   string
	file   *os.File
	writer *segment.Writer
	format *media.Format
	start  time.Time
	times  segment.Sequencer
	held   []segment.Sample

	sound  *media.Format // nil without any
	places segment.SoundSequencer
	heard  time.Time // from when on sound is to be taken
	voices []segment.Sample
}

// add adds a picture behind all others. The first one after cut is a keyframe.
func (f *film) add(ctx context.Context, frame media.Frame) error {
	if r := f.reel; r != nil && (r.format != frame.Format || frame.Key && frame.Wall.Sub(r.start) >= reelLength) {
		if err := f.cut(ctx); err != nil {
			return err
		}
	}
	if f.reel == nil {
		if err := f.begin(frame); err != nil {
			return err
		}
	}
	r := f.reel
	if len(r.held) >= batch {
		if err := cmp.Or(f.hear(ctx, frame.Wall), r.flush()); err != nil {
			return err // and the picture is not added
		}
	}
	r.held = append(r.held, r.times.Push(frame, r.ticks(frame.Wall))...)
	return nil
}

// ticks gives a time as media time of the reel.
func (r *reel) ticks(at time.Time) int64 {
	return int64(at.Sub(r.start)) * segment.Timescale / int64(time.Second)
}

// hear takes the sound up to a time. What cannot be read is silence.
func (f *film) hear(ctx context.Context, until time.Time) error {
	r := f.reel
	if r.sound == nil || !until.After(r.heard) {
		return nil
	}
	from := r.heard
	r.heard = until
	_ = f.sounds.Between(ctx, from, until, func(heard media.Frame) error {
		if sample, ok := r.places.Push(&r.times, heard, r.ticks(heard.Wall)); ok {
			r.voices = append(r.voices, sample)
		}
		return nil
	})
	return ctx.Err()
}

// flush writes what is held.
func (r *reel) flush() error {
	if len(r.held) == 0 {
		return nil
	}
	tracks := [][]segment.Sample{r.held}
	if r.sound != nil {
		tracks = append(tracks, r.voices)
	}
	err := r.writer.Append(tracks...)
	r.held, r.voices = r.held[:0], r.voices[:0]
	return err
}

// begin begins a file with a picture.
func (f *film) begin(frame media.Frame) error {
	name := strconv.Itoa(len(f.rows)+1) + ".mp4"
	file, err := os.OpenFile(filepath.Join(f.dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	head := segment.Head{Camera: f.camera, Sequence: uint64(len(f.rows) + 1), Start: frame.Wall}
	tracks, sound := []segment.Track{{Format: frame.Format}}, (*media.Format)(nil)
	if f.sounds != nil {
		sound = f.sounds.Format
		tracks = append(tracks, segment.Track{Format: sound})
	}
	w, err := segment.Create(spending{file, f.spend}, head, tracks, reelFrames)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	f.reel = &reel{name: name, file: file, writer: w, format: frame.Format, start: frame.Wall, sound: sound, heard: frame.Wall}
	return nil
}

// cut finishes the file that is being written, if one is.
func (f *film) cut(ctx context.Context) error {
	r := f.reel
	if r == nil {
		return nil
	}
	defer func() {
		f.reel = nil
		_ = r.file.Close() // what was written is durable, or not wanted
	}()
	r.held = append(r.held, r.times.Flush(0)...)
	if n := len(r.held); n > 0 {
		ends := r.held[n-1].Decode + int64(r.held[n-1].Duration)
		_ = f.hear(context.WithoutCancel(ctx), r.start.Add(time.Duration(ends)*time.Second/segment.Timescale)) // the pictures are to stay, whoever pushed
	}
	if err := r.flush(); err != nil {
		return err
	}
	s, err := r.writer.Finish(1)
	if err != nil {
		return err
	}
	sound := int64(0)
	if s.Sounds > 0 {
		sound = f.enter(r.sound)
	}
	f.rows = append(f.rows, index.Segment{
		ID: int64(len(f.rows) + 1), Camera: f.camera, Sequence: s.Head.Sequence, Path: r.name,
		Start: r.start, End: r.start.Add(s.Duration), Bytes: s.Bytes, Frames: s.Frames, Keys: s.Keys, STTS: s.STTS, CTTS: s.CTTS,
		MoovBytes: s.MoovBytes, DataAt: s.DataAt, Fragments: s.Fragments, Format: f.enter(r.format), Rate: 1,
		Sound: sound, Sounds: s.Sounds,
	})
	return nil
}

// enter gives the number of a format.
func (f *film) enter(of *media.Format) int64 {
	id := int64(len(f.formats) + 1)
	f.formats = append(f.formats, index.Format{ID: id, Codec: of.Codec.String(), Width: of.Width, Height: of.Height, Config: of.Config})
	return id
}

// close lets go of what is being written, and read.
func (f *film) close() {
	if f.sounds != nil {
		f.sounds.Close()
	}
	if f.reel != nil {
		_ = f.reel.file.Close() // it is removed with the folder
	}
}

// Between gives the files that have to do with a stretch of time.
func (f *film) Between(_ context.Context, _ string, from, to time.Time, limit int) (found []index.Segment, err error) {
	for _, row := range f.rows {
		if row.End.After(from) && row.Start.Before(to) && len(found) < limit {
			found = append(found, row)
		}
	}
	return found, nil
}

// Hours gives none: all segments are known one by one.
func (f *film) Hours(context.Context, string, time.Time, time.Time) ([]index.Hour, error) {
	return nil, nil
}

// Format gives what the pictures of a file are, or its sound.
func (f *film) Format(_ context.Context, id int64) (index.Format, error) {
	if id < 1 || id > int64(len(f.formats)) {
		return index.Format{}, index.ErrUnknown
	}
	return f.formats[id-1], nil
}

// Spans gives nothing: who asks for a film has all of it.
func (f *film) Spans(context.Context, string, time.Time, time.Time) ([]index.Span, error) {
	return nil, nil
}

// Growing gives nothing: all files are finished.
func (f *film) Growing(string) (clip.Growing, bool) { return clip.Growing{}, false }

// Open opens a file.
func (f *film) Open(row index.Segment) (clip.File, error) {
	return os.Open(filepath.Join(f.dir, row.Path))
}

// spending is a file each of whose bytes is asked for before it is written.
type spending struct {
	*os.File
	spend func(int64) error
}

// WriteAt writes.
func (s spending) WriteAt(b []byte, at int64) (int, error) {
	if err := s.spend(int64(len(b))); err != nil {
		return 0, err
	}
	return s.File.WriteAt(b, at)
}
