package thumbnails

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
	"framegate/gateway/record/thumbs"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var anna = stream.Client{Address: "192.0.2.1", Principal: "user:anna"}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// shelf is a folder of recordings with their rows.
type shelf struct {
	t   testing.TB
	dir string

	mu      sync.Mutex
	rows    []index.Segment
	growing *index.Segment
	opened  int
	kept    map[string]thumbs.Picture
	full    bool // nothing can be kept
}

func newShelf(t testing.TB) *shelf {
	return &shelf{t: t, dir: t.TempDir(), kept: make(map[string]thumbs.Picture)}
}

func (s *shelf) Between(_ context.Context, camera string, from, to time.Time, _ int) (rows []index.Segment, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rows {
		if r.Camera == camera && r.End.After(from) && r.Start.Before(to) {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

func (s *shelf) Growing(string) (index.Segment, bool) {
	if s.growing == nil {
		return index.Segment{}, false
	}
	return *s.growing, true
}

func (s *shelf) Open(row index.Segment) (File, int64, error) {
	s.mu.Lock()
	s.opened++
	s.mu.Unlock()
	f, err := os.Open(filepath.Join(s.dir, row.Path))
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	return f, info.Size(), err
}

func keyOf(of index.Segment, moment time.Time) string {
	return of.Path + moment.Format(time.RFC3339)
}

func (s *shelf) Thumbnail(of index.Segment, moment time.Time) (thumbs.Picture, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.kept[keyOf(of, moment)]
	if !ok {
		return p, fs.ErrNotExist
	}
	return p, nil
}

func (s *shelf) KeepThumbnails(_ context.Context, of index.Segment, pictures ...thumbs.Picture) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return errors.New("the disk is full")
	}
	for _, p := range pictures {
		s.kept[keyOf(of, p.Moment)] = p
	}
	return nil
}

func (s *shelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept)
}

// record writes a recording of so many frames, one each apart, and a keyframe every
// gop; whole finishes it, and enters it.
func (s *shelf) record(start time.Time, frames, gop int, apart time.Duration, format *media.Format, data func(int) []byte, whole bool) index.Segment {
	s.t.Helper()
	name := strconv.Itoa(len(s.rows)+1) + ".mp4"
	f, err := os.Create(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	w, err := segment.Create(f, segment.Head{Camera: "front", Sequence: 7, Start: start}, []segment.Track{{Format: format}}, frames)
	if err != nil {
		s.t.Fatal(err)
	}
	ticks := int64(apart * segment.Timescale / time.Second)
	for n := range frames {
		sample := segment.Sample{Decode: int64(n) * ticks, Duration: uint32(ticks), Key: n%gop == 0, Data: data(n)}
		if err := w.Append([]segment.Sample{sample}); err != nil {
			s.t.Fatal(err)
		}
	}
	row := index.Segment{Camera: "front", Path: name, Sequence: 7, Start: start, End: start.Add(time.Duration(frames) * apart), Rate: 1}
	if whole {
		if _, err := w.Finish(1); err != nil {
			s.t.Fatal(err)
		}
		row.ID = int64(len(s.rows) + 1)
		s.rows = append(s.rows, row)
	} else {
		s.growing = &row
	}
	if err := f.Close(); err != nil {
		s.t.Fatal(err)
	}
	return row
}

// numbered has frame n of a recording be a text with its number, for encoders that
// decode nothing.
func numbered(n int) []byte { return []byte("frame " + strconv.Itoa(n)) }

// copies is an encode that gives what it reads.
func copies(_ context.Context, _ *media.Format, _ bool, count int, read func(int) ([]byte, error)) (all [][]byte, err error) {
	for i := range count {
		b, err := read(i)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// always is a spare encoder.
func always(context.Context, func()) (func(), error) { return func() {}, nil }

// movie is so many seconds of H.264 with a keyframe each second, of which each
// second is another grey, or what options of ffmpeg make of it.
func movie(t testing.TB, seconds int, size string, options ...string) (frames []media.Frame) {
	t.Helper()
	args := []string{"-v", "error", "-f", "lavfi", "-i", "color=black:size=" + size + ":rate=4:duration=" + strconv.Itoa(seconds),
		"-vf", "geq=lum='16+6*floor(T)':cb=128:cr=128", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "4", "-bf", "0"}
	args = append(append(args, options...), "-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof", "pipe:1")
	out, err := exec.Command("ffmpeg", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	format, _, err := mp4.ReadInit(out)
	if err != nil {
		t.Fatal(err)
	}
	for b := out[bytes.Index(out, []byte("moof"))-4:]; len(frames) < 4*seconds; {
		f, n, err := mp4.ReadFragment(b)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, media.Frame{Key: f.Key, Format: format, Data: f.Data})
		b = b[n:]
	}
	return frames
}

// plain is a format of which nothing is decoded.
func plain(t testing.TB) *media.Format {
	t.Helper()
	once.Do(func() { format = movie(t, 1, "32x16")[0].Format })
	if format == nil {
		t.Fatal("there is no format")
	}
	return format
}

var (
	once   sync.Once
	format *media.Format
)
