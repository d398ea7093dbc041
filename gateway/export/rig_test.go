package export

import (
	"context"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/playback"
	"framegate/gateway/playback/clip"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
	"framegate/transcode"
)

func TestMain(m *testing.M) {
	transcode.BecomeFFmpeg()
	goleak.VerifyTestMain(m)
}

const ceiling = 10 * time.Minute // of what takes seconds, and is done behind all else

var anna = Asker{Name: "user:anna", ID: "user 1"}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// after gives the moment so many pictures after noon, of ten a second.
func after(pictures float64) time.Time {
	return noon.Add(time.Duration(pictures * float64(100*time.Millisecond)))
}

// shelf is a folder of recordings with their rows: a clip.Finder, a clip.Opener and
// a playback.Recordings.
type shelf struct {
	t       testing.TB
	dir     string
	rows    []index.Segment
	formats []index.Format
	heard   []media.Frame // the sound beside what is recorded, as many frames as fit; nil for none
	grows   *clip.Growing // what is being written; nil for nothing
	open    *atomic.Int64 // files
}

// record writes a recording of a camera, the first picture of which was taken at
// start, in a run of its own.
func (s *shelf) record(camera string, start time.Time, frames []media.Frame) {
	s.t.Helper()
	number := len(s.rows) + 1
	name := strconv.Itoa(number) + ".mp4"
	f, err := os.Create(filepath.Join(s.dir, name))
	s.check(err)
	defer f.Close()
	tracks := []segment.Track{{Format: frames[0].Format}}
	if s.heard != nil {
		tracks = append(tracks, segment.Track{Format: s.heard[0].Format})
	}
	w, err := segment.Create(f, segment.Head{Camera: camera, Sequence: uint64(number), Start: start}, tracks, len(frames))
	s.check(err)
	var times segment.Sequencer
	var places segment.SoundSequencer
	batch := make([][]segment.Sample, len(tracks))
	for _, frame := range frames {
		if samples := times.Push(frame, int64(frame.PTS*segment.Timescale/time.Second)); len(samples) > 0 {
			batch[0] = samples
			s.check(w.Append(batch...))
		}
	}
	batch[0] = times.Flush(segment.Timescale / 10)
	for _, h := range s.heard {
		if sample, ok := places.Push(&times, h, int64((frames[0].PTS+h.PTS)*segment.Timescale/time.Second)); ok {
			batch[1] = append(batch[1], sample)
		}
	}
	s.check(w.Append(batch...))
	sum, err := w.Finish(1)
	s.check(err)
	sound := int64(0)
	for _, f := range sum.Formats {
		s.formats = append(s.formats, index.Format{Codec: f.Codec.String(), Width: f.Width, Height: f.Height, Config: f.Config})
	}
	format := int64(len(s.formats))
	if sum.Sounds > 0 {
		format, sound = format-1, format
	}
	s.rows = append(s.rows, index.Segment{
		ID: int64(number), Camera: camera, Run: name, Sequence: uint64(number), Path: name, Start: start, End: start.Add(sum.Duration),
		Bytes: sum.Bytes, Frames: sum.Frames, Keys: sum.Keys, STTS: sum.STTS, CTTS: sum.CTTS, MoovBytes: sum.MoovBytes, DataAt: sum.DataAt,
		Fragments: sum.Fragments, Format: format, Rate: 1, Sound: sound, Sounds: sum.Sounds,
	})
}

// recordMinute writes twelve recordings of five seconds, which take a while to be
// encoded, since each takes an ffmpeg.
func (s *shelf) recordMinute(camera string) {
	frames := tape.Numbered(s.t, 0, 50, 64, 48, "-bf", "0")
	for n := range 12 {
		s.record(camera, after(50*float64(n)), frames)
	}
}

func (s *shelf) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) Between(_ context.Context, camera string, from, to time.Time, limit int) (found []index.Segment, err error) {
	for _, r := range s.rows {
		if r.Camera == camera && r.End.After(from) && (to.IsZero() || r.Start.Before(to)) && len(found) < limit {
			found = append(found, r)
		}
	}
	return found, nil
}

func (s *shelf) Hours(context.Context, string, time.Time, time.Time) ([]index.Hour, error) {
	return nil, nil
}

func (s *shelf) Format(_ context.Context, id int64) (index.Format, error) {
	return s.formats[id-1], nil
}

func (s *shelf) Spans(context.Context, string, time.Time, time.Time) ([]index.Span, error) {
	return nil, nil
}

func (s *shelf) Growing(string) (clip.Growing, bool) {
	if s.grows == nil {
		return clip.Growing{}, false
	}
	return *s.grows, true
}

func (s *shelf) Open(row index.Segment) (clip.File, error) { return s.file(row) }

// file opens the file of a row, which is counted until it is closed.
func (s *shelf) file(row index.Segment) (*counted, error) {
	f, err := os.Open(filepath.Join(s.dir, row.Path))
	if err != nil {
		return nil, err
	}
	s.open.Add(1)
	return &counted{File: f, open: s.open}, nil
}

// counted is an open file of a shelf.
type counted struct {
	*os.File
	open *atomic.Int64
}

func (c *counted) Close() error {
	c.open.Add(-1)
	return c.File.Close()
}

// played is a shelf as package playback has it.
type played struct{ *shelf }

func (played) Growing(string) (playback.Growing, bool) { return playback.Growing{}, false }

func (p played) Open(row index.Segment) (playback.File, int64, error) {
	f, err := p.file(row)
	return f, row.Bytes, err
}

// rig is Exports of a shelf.
type rig struct {
	*Exports
	*shelf
	t testing.TB
}

// newRig makes one, with options as tests change them; run has jobs made. When the test ends
// no file of the shelf may be open: such a one is never deleted.
func newRig(t testing.TB, change ...func(*Options)) *rig {
	s := &shelf{t: t, dir: t.TempDir(), open: new(atomic.Int64)}
	o := Options{
		Dir: filepath.Join(t.TempDir(), "exports"), Finder: s, Opener: s, Library: &playback.Library{Recordings: played{s}},
		Spare: func(context.Context, func()) (func(), error) { return func() {}, nil }, Version: "test",
	}
	for _, c := range change {
		c(&o)
	}
	t.Cleanup(func() { // after what runs has ended
		if n := s.open.Load(); n != 0 {
			t.Errorf("%d files are still open", n)
		}
	})
	return &rig{New(o), s, t}
}

// again is the rig after a restart.
func (r *rig) again() *rig { return &rig{New(r.options), r.shelf, r.t} }

// run makes what is to be made until the test ends, or stop is called.
func (r *rig) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	r.t.Cleanup(stop)
	return stop
}

// await waits until something is so of a job, and where that is its end until its
// folder is as it is to be.
func (r *rig) await(id string, is func(Job) bool) Job {
	r.t.Helper()
	for deadline := time.Now().Add(ceiling); ; time.Sleep(5 * time.Millisecond) {
		j, err := r.Get(id)
		if err != nil {
			r.t.Fatal(err)
		}
		if is(j) {
			if j.State.Ended() {
				r.settled(id)
			}
			return j
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("the job is %+v", j)
		}
	}
}

// settled waits until nothing is made of a job that has ended.
func (r *rig) settled(id string) {
	r.mu.Lock()
	j, err := r.find(id)
	r.mu.Unlock()
	if err == nil {
		err = await(r.t.Context(), j)
	}
	r.check(err)
}

// made has a job made, and gives it with its file.
func (r *rig) made(request Request) (Job, []byte) {
	r.t.Helper()
	j, err := r.Add(context.Background(), anna, request)
	r.check(err)
	if j = r.await(j.ID, func(j Job) bool { return j.State.Ended() }); j.State != Done {
		r.t.Fatalf("the job is %+v", j)
	}
	f, _, err := r.Open(j.ID)
	r.check(err)
	defer f.Close()
	b, err := io.ReadAll(f)
	r.check(err)
	if int64(len(b)) != j.Bytes || j.Progress != 1 {
		r.t.Errorf("%d bytes of %+v", len(b), j)
	}
	return j, b
}

// left gives the files in the folder of a job.
func (r *rig) left(id string) (names []string) {
	entries, _ := os.ReadDir(filepath.Join(r.options.Dir, id)) // it may be gone
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (r *rig) check(err error) { r.t.Helper(); r.shelf.check(err) }

func (r *rig) Open(id string) (File, Job, error) {
	f, j, _, err := r.Exports.Open(id)
	return f, j, err
}

// stills gives n numbered JPEGs, ten a second.
func stills(from, n, width, height int) (frames []media.Frame) {
	f := &media.Format{Codec: media.JPEG, Width: width, Height: height}
	for i := range n {
		frames = append(frames, media.Frame{PTS: time.Duration(i) * 100 * time.Millisecond, Key: true, Format: f, Data: camtest.Picture(from+i, width, height)})
	}
	return frames
}

// kept keeps bytes for programs that seek.
func kept(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export.mp4")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// greys has ffmpeg decode a file, and gives its pictures.
func greys(t testing.TB, b []byte, width, height int) (all []*image.Gray) {
	t.Helper()
	out := camtest.Output(t, nil, "ffmpeg", "-v", "error", "-i", kept(t, b), "-vf", fmt.Sprintf("scale=%d:%d", width, height),
		"-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1")
	for pixels := range slices.Chunk(out, width*height) {
		all = append(all, &image.Gray{Pix: pixels, Stride: width, Rect: image.Rect(0, 0, width, height)})
	}
	return all
}

// numbers reads the numbers of the pictures of a file.
func numbers(t testing.TB, b []byte) (all []int) {
	t.Helper()
	for _, picture := range greys(t, b, 64, 48) {
		n, err := camtest.ReadNumber(picture)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

// count gives the numbers from one to another, without that.
func count(from, to int) (all []int) {
	for n := from; n < to; n++ {
		all = append(all, n)
	}
	return all
}

// times gives when each picture of a file is shown, in milliseconds.
func times(t testing.TB, b []byte) (all []int) {
	t.Helper()
	out := camtest.Output(t, nil, "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=pts_time", "-of", "csv=p=0", kept(t, b))
	for _, line := range strings.Fields(string(out)) {
		seconds, err := strconv.ParseFloat(strings.Trim(line, ","), 64)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, int(seconds*1000+0.5))
	}
	return all
}
