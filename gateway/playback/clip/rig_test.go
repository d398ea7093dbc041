package clip

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// clips are frames that several tests share; making them takes long.
var (
	plainFrames   = sync.OnceValue(func() []media.Frame { return tape.Numbered(new(helper), 0, 120, 64, 48, "-bf", "0") })
	shuffled      = sync.OnceValue(func() []media.Frame { return tape.Numbered(new(helper), 0, 120, 64, 48, "-bf", "2") })
	shuffledH265  = sync.OnceValue(func() []media.Frame { return tape.NumberedH265(new(helper), 0, 120, 64, 48) })
	largePictures = sync.OnceValue(func() []media.Frame { return tape.Numbered(new(helper), 200, 40, 96, 64, "-bf", "0") })
)

// helper has what is shared fail in whatever test needs it first.
type helper struct{ testing.TB }

func (*helper) Helper()                           {}
func (*helper) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (*helper) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (*helper) Skipf(format string, args ...any)  { panic(fmt.Sprintf(format, args...)) }

// volume is a volume of recordings of one camera, in memory: finder and opener.
type volume struct {
	rows    []index.Segment
	formats []*media.Format
	files   map[string]*memory
	growing *Growing
	opened  int
	open    int
	single  bool                                       // no hours are known
	looked  int                                        // how many rows were given
	sung    func(pictures []media.Frame) []media.Frame // the sound of what is recorded; nil where there is none
}

func newVolume() *volume { return &volume{files: make(map[string]*memory)} }

func (v *volume) Between(_ context.Context, _ string, from, to time.Time, limit int) (rows []index.Segment, err error) {
	for _, row := range v.rows {
		if row.Start.Before(to) && row.End.After(from) && len(rows) < limit {
			rows = append(rows, row)
		}
	}
	v.looked += len(rows)
	return rows, nil
}

func (v *volume) Hours(_ context.Context, _ string, from, to time.Time) (hours []index.Hour, err error) {
	for _, row := range v.rows {
		start := row.Start.Truncate(time.Hour)
		if v.single || start.Before(from) || start.Add(time.Hour+index.MaxLength).After(to) {
			continue
		}
		i := slices.IndexFunc(hours, func(h index.Hour) bool {
			return h.Start.Equal(start) && h.Format == row.Format && h.Sound == row.Sound
		})
		if i < 0 {
			i, hours = len(hours), append(hours, index.Hour{Start: start, Format: row.Format, Sound: row.Sound})
		}
		h := &hours[i]
		h.Segments++
		h.Revision = h.Revision*31 + row.ID + row.Start.UnixMicro() + row.Bytes<<20
		h.Ticks += partOf(row, 1).length
		h.Bytes += row.Bytes - row.DataAt
		h.Frames, h.Keys, h.Fragments = h.Frames+row.Frames, h.Keys+row.Keys, h.Fragments+row.Fragments
		h.Durations, h.Offsets = h.Durations+min(row.STTS+1, row.Frames), h.Offsets+row.CTTS
		h.Sounds += row.Sounds
		if row.CTTS == 0 {
			h.Plain++
		}
		if row.Frames == 0 || row.Fragments == 0 {
			h.Odd++
		}
	}
	return hours, nil
}

func (v *volume) Format(_ context.Context, id int64) (index.Format, error) {
	f := v.formats[id-1]
	return index.Format{ID: id, Codec: f.Codec.String(), Width: f.Width, Height: f.Height, Config: f.Config}, nil
}

func (v *volume) Spans(_ context.Context, _ string, from, to time.Time) (spans []index.Span, err error) {
	for _, row := range v.rows {
		if row.Start.Before(to) && row.End.After(from) {
			spans = append(spans, index.Span{From: row.Start, To: row.End})
		}
	}
	return spans, nil
}

func (v *volume) Growing(string) (Growing, bool) {
	if v.growing == nil {
		return Growing{}, false
	}
	return *v.growing, true
}

func (v *volume) Open(row index.Segment) (File, error) {
	m, ok := v.files[row.Path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: row.Path, Err: fs.ErrNotExist}
	}
	v.opened++
	v.open++
	return &handle{m, v}, nil
}

// handle is an open file.
type handle struct {
	*memory
	volume *volume
}

func (h *handle) Close() error { h.volume.open--; return nil }

// memory is a segment.File.
type memory struct{ b []byte }

func (m *memory) ReadAt(p []byte, at int64) (int, error) { return bytes.NewReader(m.b).ReadAt(p, at) }
func (m *memory) Sync() error                            { return nil }
func (m *memory) Close() error                           { return nil }
func (m *memory) Truncate(size int64) error              { m.b = m.b[:size]; return nil }
func (m *memory) WriteAt(p []byte, at int64) (int, error) {
	if more := int(at) + len(p) - len(m.b); more > 0 {
		m.b = append(m.b, make([]byte, more)...)
	}
	return copy(m.b[at:], p), nil
}

// writer begins a segment and writes frames into it, a fragment a GOP.
func (v *volume) writer(t testing.TB, start time.Time, frames []media.Frame) (*segment.Writer, string) {
	t.Helper()
	sequence := uint64(len(v.rows) + 1)
	path := fmt.Sprintf("front/%d.mp4", sequence)
	file := &memory{}
	v.files[path] = file
	tracks := []segment.Track{{Format: frames[0].Format}}
	var heard []media.Frame
	if v.sung != nil {
		heard = v.sung(frames)
		tracks = append(tracks, segment.Track{Format: heard[0].Format})
	}
	w, err := segment.Create(file, segment.Head{Camera: "front", Sequence: sequence, Start: start}, tracks, 1500)
	if err != nil {
		t.Fatal(err)
	}
	var samples, sounds []segment.Sample
	var s segment.Sequencer
	var places segment.SoundSequencer
	for _, f := range frames {
		samples = append(samples, s.Push(f, int64(f.PTS)*segment.Timescale/int64(time.Second))...)
	}
	for _, f := range heard {
		if sample, ok := places.Push(&s, f, int64(f.PTS)*segment.Timescale/int64(time.Second)); ok {
			sounds = append(sounds, sample)
		}
	}
	samples = append(samples, s.Flush(segment.Timescale/10)...)
	for len(samples) > 0 {
		n := 1
		for n < len(samples) && !samples[n].Key {
			n++
		}
		batch := [][]segment.Sample{samples[:n]}
		if heard != nil {
			m := len(sounds)
			if n < len(samples) {
				m = slices.IndexFunc(append(sounds, segment.Sample{Decode: math.MaxInt64}), func(s segment.Sample) bool { return s.Decode > samples[n].Decode })
			}
			batch = append(batch, sounds[:m])
			sounds = sounds[m:]
		}
		if err := w.Append(batch...); err != nil {
			t.Fatal(err)
		}
		samples = samples[n:]
	}
	return w, path
}

// record writes a finished segment of frames, of a camera that has so many seconds
// in a true second, and gives when it ends.
func (v *volume) record(t testing.TB, start time.Time, rate float64, frames []media.Frame) time.Time {
	t.Helper()
	w, path := v.writer(t, start, frames)
	s, err := w.Finish(rate)
	if err != nil {
		t.Fatal(err)
	}
	sound := int64(0)
	if s.Sounds > 0 {
		sound = v.format(s.Formats[1])
	}
	row := index.Segment{
		ID: int64(len(v.rows) + 1), Camera: "front", Sequence: s.Head.Sequence, Path: path, Start: start, End: start.Add(s.Duration.Round(time.Microsecond)),
		Bytes: s.Bytes, Frames: s.Frames, Keys: s.Keys, STTS: s.STTS, CTTS: s.CTTS, MoovBytes: s.MoovBytes, DataAt: s.DataAt, Fragments: s.Fragments,
		Format: v.format(s.Formats[0]), Rate: rate, Sound: sound, Sounds: s.Sounds,
	}
	v.rows = append(v.rows, row)
	return row.End
}

// format gives the number of a format.
func (v *volume) format(f *media.Format) int64 {
	i := slices.IndexFunc(v.formats, func(known *media.Format) bool {
		return bytes.Equal(f.Config, known.Config) && f.Codec == known.Codec
	})
	if i < 0 {
		i, v.formats = len(v.formats), append(v.formats, f)
	}
	return int64(i + 1)
}

// grow writes a segment that goes on.
func (v *volume) grow(t testing.TB, start time.Time, frames []media.Frame) {
	t.Helper()
	w, path := v.writer(t, start, frames)
	var sound *media.Format
	if v.sung != nil {
		sound = v.sung(frames)[0].Format
	}
	v.growing = &Growing{Format: frames[0].Format, Sound: sound, Table: w.Table(), Segment: index.Segment{
		Camera: "front", Path: path, Sequence: uint64(len(v.rows) + 1), Bytes: w.Size(), Rate: 1,
		Start: start, End: start.Add(time.Duration(len(frames)) * time.Second / 10),
	}}
}

// clip makes one, which is closed when the test ends.
func (v *volume) clip(t testing.TB, r Request) *Clip {
	t.Helper()
	r.Camera = "front"
	c, err := New(context.Background(), v, v, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// whole reads all of a clip.
func whole(t testing.TB, c *Clip) []byte {
	t.Helper()
	if _, err := c.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(b)) != c.Size() {
		t.Fatalf("%d bytes of a clip of %d", len(b), c.Size())
	}
	return b
}

// file keeps bytes for programs that seek.
func file(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip.mp4")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// numbers has ffmpeg show a clip, and reads the numbers of what it shows.
func numbers(t testing.TB, b []byte) (all []int) {
	t.Helper()
	const width, height = 64, 48
	out := camtest.Output(t, nil, "ffmpeg", "-v", "error", "-i", file(t, b), "-vf", "scale=64:48", "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1")
	for pixels := range slices.Chunk(out, width*height) {
		n, err := camtest.ReadNumber(&image.Gray{Pix: pixels, Stride: width, Rect: image.Rect(0, 0, width, height)})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

// count gives the numbers from one to another.
func count(from, to int) (all []int) {
	for n := from; n <= to; n++ {
		all = append(all, n)
	}
	return all
}

// pictures10 gives numbered JPEGs, ten a second.
func pictures10(n int) (frames []media.Frame) {
	f := &media.Format{Codec: media.JPEG, Width: 64, Height: 48}
	for i := range n {
		frames = append(frames, media.Frame{PTS: time.Duration(i) * 100 * time.Millisecond, Key: true, Format: f, Data: camtest.Picture(i, 64, 48)})
	}
	return frames
}
