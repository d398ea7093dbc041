package record_test

import (
	"context"
	"image"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
	"framegate/gateway/stream"
	"framegate/transcode/h264"
	"framegate/transcode/nal"
)

// reel is a camera that sends frames once, in the order in which they come, ten a
// second, and then nothing.
type reel struct {
	frames []media.Frame
	sent   atomic.Int64
}

func (r *reel) Run(ctx context.Context, emit func(media.Frame)) error {
	ticker := time.NewTicker(time.Second / 10)
	defer ticker.Stop()
	for _, f := range r.frames {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		r.sent.Add(1)
		emit(f)
	}
	<-ctx.Done()
	return ctx.Err()
}

// reelStory records frames to their end in virtual time, in files of ten seconds,
// and gives the folder and what is to be asked of the index while it is there.
func reelStory(t *testing.T, frames []media.Frame, look func(t *testing.T, r *record.Recorders)) (dir string) {
	t.Helper()
	dir = t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		camera := &reel{frames: frames}
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return camera, nil }})
		r := record.New(record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "recordings.json")})
		r.Apply(record.Settings{Segment: 10 * time.Second, Buffer: 8 << 20}, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
		r.Start(t.Context())
		time.Sleep(time.Duration(len(frames))*time.Second/10 + 5*time.Second)
		r.Apply(record.Settings{Segment: 10 * time.Second, Buffer: 8 << 20}, []record.Camera{{ID: "front", Mode: record.ModeOff}})
		time.Sleep(5 * time.Second)
		look(t, r)
		r.Close()
		hub.Close()
	})
	return dir
}

// numbersOf has ffmpeg show a file, and reads the numbers of what it shows.
func numbersOf(t *testing.T, name string) (all []int) {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", name, "-vf", "scale=64:48", "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1").Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for pixels := range slices.Chunk(out, 64*48) {
		n, err := camtest.ReadNumber(&image.Gray{Pix: pixels, Stride: 64, Rect: image.Rect(0, 0, 64, 48)})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, n)
	}
	return all
}

// shownBy gives what all files show, one after the other.
func shownBy(t *testing.T, dir string) (all []int) {
	t.Helper()
	for _, name := range files(t, dir, "*.mp4") {
		all = append(all, numbersOf(t, filepath.Join(dir, "recordings", name))...)
	}
	return all
}

func countTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// wantOneSpan fails unless all that was recorded is one run without a hole, in more
// than one file, and gives the rows.
func wantOneSpan(t *testing.T, r *record.Recorders) []index.Segment {
	t.Helper()
	spans, err := r.Index().Spans(t.Context(), "front", time.Time{}, time.Time{})
	if err != nil || len(spans) != 1 {
		t.Errorf("spans are %v, %v; want one", spans, err)
	}
	rows, err := r.Index().Between(t.Context(), "front", time.Time{}, time.Time{}, 0)
	if err != nil || len(rows) < 2 {
		t.Fatalf("there are %d files, %v", len(rows), err)
	}
	for i, row := range rows {
		if row.Run != rows[0].Run || i > 0 && row.Start.Sub(rows[i-1].End).Abs() > time.Millisecond {
			t.Errorf("%s of run %s begins at %v, the one before, of %s, ends at %v", row.Path, row.Run, row.Start, rows[max(i-1, 0)].Run, rows[max(i-1, 0)].End)
		}
	}
	return rows
}

// TestReorderedPicturesOverTheEndsOfFiles are shown once each and in order, by each
// file for itself, and no file lasts longer or shorter than its pictures.
func TestReorderedPicturesOverTheEndsOfFiles(t *testing.T) {
	t.Parallel()
	frames := tape.Numbered(t, 0, 250, 64, 48, "-bf", "3")
	dir := reelStory(t, frames, func(t *testing.T, r *record.Recorders) {
		for _, row := range wantOneSpan(t, r) {
			if long := time.Duration(row.Frames) * time.Second / 10; (row.End.Sub(row.Start) - long).Abs() > 2*time.Millisecond {
				t.Errorf("%s has %d pictures in %v", row.Path, row.Frames, row.End.Sub(row.Start))
			}
			if row.CTTS == 0 {
				t.Errorf("%s has no picture that is reordered", row.Path)
			}
		}
	})
	if got := shownBy(t, dir); !slices.Equal(got, countTo(len(frames))) {
		t.Errorf("shown are %v", got)
	}
}

// TestOtherSizeInTheMiddleOfARun is another file at that picture, without a hole.
func TestOtherSizeInTheMiddleOfARun(t *testing.T) {
	t.Parallel()
	frames := tape.Numbered(t, 0, 150, 64, 48, "-bf", "0")
	for _, f := range tape.Numbered(t, 150, 150, 96, 64, "-bf", "0") {
		f.PTS += 15 * time.Second
		frames = append(frames, f)
	}
	dir := reelStory(t, frames, func(t *testing.T, r *record.Recorders) {
		sizes := make(map[int]int) // frames by width
		for _, row := range wantOneSpan(t, r) {
			f, err := r.Index().Format(t.Context(), row.Format)
			if err != nil {
				t.Fatal(err)
			}
			sizes[f.Width] += row.Frames
		}
		if sizes[64] != 150 || sizes[96] != 150 {
			t.Errorf("frames by width are %v", sizes)
		}
	})
	if got := shownBy(t, dir); !slices.Equal(got, countTo(len(frames))) {
		t.Errorf("shown are %v", got)
	}
}

// TestParameterSetsThatFlapBeginNoFile where they show the same pictures, and are
// counted; where they do not each change is another file, and nothing is lost.
func TestParameterSetsThatFlapBeginNoFile(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*testing.T, *media.Format) *media.Format{"times": retimed, "size": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			frames := tape.Numbered(t, 0, 120, 64, 48, "-bf", "0")
			other := tape.Numbered(t, 0, 120, 96, 64, "-bf", "0")
			for i := range frames {
				switch {
				case i/10%2 == 0:
				case change == nil:
					frames[i] = other[i]
				case i%10 > 0:
					frames[i].Format = frames[i-1].Format
				default:
					frames[i].Format = change(t, frames[i].Format)
				}
			}
			made := 0
			dir := reelStory(t, frames, func(t *testing.T, r *record.Recorders) {
				made = len(wantOneSpan(t, r))
				if s := r.Status("front"); change != nil && (s.Damped != 6 || s.Reformed > 0) || change == nil && (s.Damped > 0 || s.Reformed != 11) {
					t.Errorf("status is %+v", s)
				}
			})
			if change != nil && made > 3 || change == nil && made != 12 {
				t.Errorf("%d files are made of 12 seconds", made)
			}
			if got := shownBy(t, dir); !slices.Equal(got, countTo(len(frames))) {
				t.Errorf("shown are %v", got)
			}
		})
	}
}

// retimed gives a Format whose parameter sets tell twice as many pictures a second.
func retimed(t *testing.T, f *media.Format) *media.Format {
	t.Helper()
	sps, pps, err := h264.ReadAVCC(f.Config)
	if err != nil {
		t.Fatal(err)
	}
	s, ok := h264.ParseSPS(sps[0])
	if !ok || s.Scale == 0 {
		t.Fatal("the parameter set tells no times")
	}
	var w nal.BitWriter
	w.CopyBits(s.RBSP, 0, s.TimingFlag+1)
	w.Bits(s.Tick, 32)
	w.Bits(2*s.Scale, 32)
	w.CopyBits(s.RBSP, s.TimingFlag+65, 8*len(s.RBSP))
	other := *f
	if other.Config, err = h264.AVCC([][]byte{nal.Escape([]byte{sps[0][0]}, w.B)}, pps); err != nil {
		t.Fatal(err)
	}
	return &other
}

// sluggish is a disk that takes its time to bring something to it.
type sluggish struct {
	record.Disk
	takes *atomic.Int64
}

func (d sluggish) Create(name string) (segment.File, error) {
	f, err := d.Disk.Create(name)
	return sluggishFile{f, d.takes}, err
}

type sluggishFile struct {
	segment.File
	takes *atomic.Int64
}

func (f sluggishFile) Sync() error {
	time.Sleep(time.Duration(f.takes.Load()))
	return f.File.Sync()
}

// TestSlowDiskIsSyncedLessOften: the time between two rounds doubles as long as one
// takes more than a quarter of it, the state says so, and it halves again when the
// disk is well.
func TestSlowDiskIsSyncedLessOften(t *testing.T) {
	var takes atomic.Int64
	story(t, func(o *record.Options, s *record.Settings, _ []record.Camera) {
		s.Sync, s.Segment = time.Second, time.Hour
		o.OpenDisk = func(dir string) (record.Disk, error) {
			folder, err := record.OpenFolder(dir)
			return sluggish{folder, &takes}, err
		}
	}, func(g *rig, c *camera) {
		g.expectState(record.Recording)
		time.Sleep(10 * time.Second)
		if room := g.recorders.Room(); room.Sync != time.Second || room.SlowSync {
			t.Errorf("while the disk is well it is synced every %v", room.Sync)
		}
		takes.Store(int64(600 * time.Millisecond))
		time.Sleep(30 * time.Second)
		s := g.recorders.Status("front")
		if room := g.recorders.Room(); room.Sync != 4*time.Second || !room.SlowSync || s.State != record.Recording || s.Reason == "" {
			t.Errorf("a disk that takes 0.6 s is synced every %v; the state is %v: %q", room.Sync, s.State, s.Reason)
		}
		takes.Store(0)
		time.Sleep(20 * time.Second)
		s = g.recorders.Status("front")
		if room := g.recorders.Room(); room.Sync != time.Second || room.SlowSync || s.Reason != "" {
			t.Errorf("when the disk is well again it is synced every %v; the state is %v: %q", room.Sync, s.State, s.Reason)
		}
		if s.Gaps > 0 || s.Lost > 0 {
			t.Errorf("status is %+v", s)
		}
	})
}
