package playback

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	fps = 25
	gop = 25 // pictures
)

// noon is when recording begins.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// at gives the moment so many pictures after noon.
func at(picture int) time.Time { return noon.Add(time.Duration(picture) * time.Second / fps) }

// numbered gives so many pictures of H.264 with an index of their own each: real
// parameter sets, and bytes that nobody decodes.
func numbered(t testing.TB, first, count int) (frames []media.Frame) {
	t.Helper()
	real := clip(t)
	for n := first; n < first+count; n++ {
		data := slices.Concat(real[n%gop].Data, []byte(strconv.Itoa(n)))
		frames = append(frames, media.Frame{Key: n%gop == 0, Format: real[0].Format, Data: data, PTS: time.Duration(n) * time.Second / fps})
	}
	return frames
}

// clip is a GOP of real H.264 without B-frames, encoded once.
var clip = func() func(testing.TB) []media.Frame {
	var once sync.Once
	var frames []media.Frame
	return func(t testing.TB) []media.Frame {
		once.Do(func() { frames = encode(t, gop, "-bf", "0") })
		if len(frames) != gop {
			t.Fatalf("the encoder gave %d pictures", len(frames))
		}
		return frames
	}
}()

// encode makes real H.264 of numbered pictures, in decode order and without
// media times.
func encode(t testing.TB, count int, args ...string) (frames []media.Frame) {
	t.Helper()
	var in bytes.Buffer
	for n := range count {
		in.Write(camtest.Picture(n, 160, 96))
	}
	args = slices.Concat([]string{"-nostdin", "-loglevel", "error", "-f", "image2pipe", "-framerate", strconv.Itoa(fps), "-c:v", "mjpeg", "-i", "pipe:0",
		"-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p", "-g", strconv.Itoa(gop), "-sc_threshold", "0", "-b_strategy", "0",
		"-x264-params", "aud=1:b-pyramid=none"}, args, []string{"-f", "h264", "pipe:1"})
	ffmpeg := exec.Command("ffmpeg", args...)
	ffmpeg.Stdin = &in
	out, err := ffmpeg.Output()
	if err != nil {
		t.Fatal(err)
	}
	var framer media.H264Framer
	for unit := range bytes.SplitSeq(out, []byte{0, 0, 0, 1, 9}) {
		if len(unit) == 0 {
			continue
		}
		var nalus [][]byte
		unit = append([]byte{9}, unit...)
		for nalu := range bytes.SplitSeq(bytes.ReplaceAll(unit, []byte{0, 0, 0, 1}, []byte{0, 0, 1}), []byte{0, 0, 1}) {
			nalus = append(nalus, nalu)
		}
		f, ok, err := framer.Frame(nalus)
		if err != nil || !ok {
			t.Fatalf("picture %d: %v", len(frames), err)
		}
		frames = append(frames, f)
	}
	return frames
}

// tape is a folder of recordings with their rows.
type tape struct {
	t       testing.TB
	dir     string
	library *Library

	mu      sync.Mutex
	rows    []index.Segment
	growing *pen
	asked   int
	open    int
	reads   int
	away    bool   // no file can be read any more
	spoiled string // the path of a file that the disk does not give
}

func newTape(t testing.TB) *tape {
	p := &tape{t: t, dir: t.TempDir()}
	p.library = &Library{Recordings: p}
	t.Cleanup(func() {
		if p.open != 0 {
			t.Errorf("%d files are still open", p.open)
		}
	})
	return p
}

// Between is that of an index.
func (p *tape) Between(_ context.Context, camera string, from, to time.Time, limit int) (found []index.Segment, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	for _, r := range p.rows {
		if r.Camera == camera && r.End.After(from) && (to.IsZero() || r.Start.Before(to)) && len(found) < limit {
			found = append(found, r)
		}
	}
	return found, nil
}

// Growing gives the file that is being written.
func (p *tape) Growing(camera string) (Growing, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.growing
	if w == nil || camera != "front" {
		return Growing{}, false
	}
	row := index.Segment{Camera: camera, Run: w.run, Path: w.path, Start: w.start, Rate: 1}
	table := w.writer.Table()
	last := table.Entries[0][len(table.Entries[0])-1]
	row.End = w.start.Add(time.Duration(last.Decode+int64(last.Duration)) * time.Second / segment.Timescale)
	return Growing{Segment: row, Format: w.format, Sound: w.sound, Table: table}, true
}

// Open opens a file.
func (p *tape) Open(row index.Segment) (File, int64, error) {
	f, err := os.Open(filepath.Join(p.dir, row.Path))
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open++
	return &counted{f, p}, info.Size(), err
}

// counted is a file that counts as open.
type counted struct {
	*os.File
	tape *tape
}

func (c *counted) ReadAt(b []byte, at int64) (int, error) {
	c.tape.mu.Lock()
	c.tape.reads++
	away, spoiled := c.tape.away, c.tape.spoiled != "" && c.Name() == filepath.Join(c.tape.dir, c.tape.spoiled)
	c.tape.mu.Unlock()
	if away {
		return 0, ErrAway
	}
	if spoiled {
		return 0, &fs.PathError{Op: "read", Path: c.Name(), Err: syscall.EIO}
	}
	return c.File.ReadAt(b, at)
}

func (c *counted) Close() error {
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	c.tape.open--
	return c.File.Close()
}

// pen writes one file.
type pen struct {
	tape      *tape
	path, run string
	format    *media.Format
	start     time.Time
	file      *os.File
	writer    *segment.Writer
	sequencer segment.Sequencer
	last      int64
	sound     *media.Format // nil for a file without
	voice     segment.SoundSequencer
}

// begin begins the file whose first picture is f, taken at start.
func (p *tape) begin(run string, start time.Time, f media.Frame) *pen {
	p.t.Helper()
	return p.beginWith(run, start, f, nil)
}

// beginWith begins one with sound of a format.
func (p *tape) beginWith(run string, start time.Time, f media.Frame, sound *media.Format) *pen {
	p.t.Helper()
	w := &pen{tape: p, run: run, format: f.Format, sound: sound, start: start, path: start.Format("20060102T150405.000Z") + "-" + run + ".mp4"}
	var err error
	if w.file, err = os.Create(filepath.Join(p.dir, w.path)); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { w.file.Close() })
	head := segment.Head{Camera: "front", Start: start}
	tracks := []segment.Track{{Format: f.Format}}
	if sound != nil {
		tracks = append(tracks, segment.Track{Format: sound})
	}
	if w.writer, err = segment.Create(w.file, head, tracks, 1500); err != nil {
		p.t.Fatal(err)
	}
	return w
}

// write writes pictures, all but the last, which is held back.
func (w *pen) write(frames ...media.Frame) {
	w.tape.t.Helper()
	var samples []segment.Sample
	for _, f := range frames {
		w.last = int64(f.PTS * segment.Timescale / time.Second)
		samples = append(samples, slices.Clone(w.sequencer.Push(f, w.last))...)
	}
	w.append(samples)
}

func (w *pen) append(samples []segment.Sample) {
	w.tape.t.Helper()
	tracks := [][]segment.Sample{samples, nil}[:len(w.writer.Table().Entries)]
	if err := w.writer.Append(tracks...); err != nil {
		w.tape.t.Fatal(err)
	}
}

// say writes frames of sound, whose PTS counts from the same zero as the pictures'.
func (w *pen) say(frames ...media.Frame) {
	w.tape.t.Helper()
	var samples []segment.Sample
	for _, f := range frames {
		if s, ok := w.voice.Push(&w.sequencer, f, int64(f.PTS*segment.Timescale/time.Second)); ok {
			samples = append(samples, s)
		}
	}
	if err := w.writer.Append(nil, samples); err != nil {
		w.tape.t.Fatal(err)
	}
}

// grow lets readers see the file before it is finished.
func (w *pen) grow() {
	w.tape.mu.Lock()
	defer w.tape.mu.Unlock()
	w.tape.growing = w
}

// finish finishes the file and gives it its row.
func (w *pen) finish() {
	w.tape.t.Helper()
	w.finishAfter(time.Second / fps)
}

// finishAfter is finish with a last picture that lasts for so long.
func (w *pen) finishAfter(lasts time.Duration) {
	w.tape.t.Helper()
	w.append(w.sequencer.Flush(int64(lasts * segment.Timescale / time.Second)))
	summary, err := w.writer.Finish(1)
	if err != nil {
		w.tape.t.Fatal(err)
	}
	w.tape.mu.Lock()
	defer w.tape.mu.Unlock()
	if w.tape.growing == w {
		w.tape.growing = nil
	}
	w.tape.rows = append(w.tape.rows, index.Segment{
		ID: int64(len(w.tape.rows)) + 1, Camera: "front", Run: w.run, Path: w.path, Start: w.start, End: w.start.Add(summary.Duration),
		Bytes: summary.Bytes, Frames: summary.Frames, Keys: summary.Keys, Rate: 1,
	})
	slices.SortStableFunc(w.tape.rows, func(a, b index.Segment) int { return a.Start.Compare(b.Start) })
}

// record records pictures from one on, in a file that is finished.
func (p *tape) record(run string, first, count int) {
	p.t.Helper()
	p.recordAt(run, at(first), numbered(p.t, first, count))
}

func (p *tape) recordAt(run string, start time.Time, frames []media.Frame) {
	p.t.Helper()
	w := p.begin(run, start, frames[0])
	w.write(frames...)
	w.finish()
}

// number gives which picture a frame is.
func number(t testing.TB, f media.Frame) int {
	t.Helper()
	return camNumber(t, f.Data, clip(t))
}

// camNumber reads what stands behind a picture's bytes.
func camNumber(t testing.TB, data []byte, real []media.Frame) int {
	t.Helper()
	for _, f := range real {
		if text, ok := bytes.CutPrefix(data, f.Data); ok {
			if n, err := strconv.Atoi(string(text)); err == nil && bytes.Equal(real[n%gop].Data, f.Data) {
				return n
			}
		}
	}
	t.Fatalf("bytes of no picture: %d", len(data))
	return 0
}
