package record_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/record"
	"framegate/gateway/record/segment"
	"framegate/gateway/stream"
)

// ceiling is how long a test waits for what is to happen at once.
const ceiling = time.Minute

// footage is two seconds of a camera: 25 frames a second, a keyframe each second.
var (
	footage     = sync.OnceValues(func() ([]media.Frame, error) { return shoot("-c:v", "libx264", "-g", "25", "-bf", "0") })
	footageH265 = sync.OnceValues(func() ([]media.Frame, error) {
		return shoot("-c:v", "libx265", "-tag:v", "hvc1", "-x265-params", "log-level=none:keyint=25:min-keyint=25:scenecut=0:bframes=0")
	})
)

// shoot encodes such a clip.
func shoot(codec ...string) ([]media.Frame, error) {
	args := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=2"}, codec...)
	args = append(args, "-preset", "veryfast", "-pix_fmt", "yuv420p", "-threads", "1", "-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof", "pipe:1")
	out, err := exec.Command("ffmpeg", args...).Output()
	if err != nil {
		return nil, err
	}
	format, timescale, err := mp4.ReadInit(out)
	if err != nil {
		return nil, err
	}
	var frames []media.Frame
	for b := out[bytes.Index(out, []byte("moof"))-4:]; ; {
		f, n, err := mp4.ReadFragment(b)
		if errors.Is(err, io.EOF) {
			return frames, nil
		}
		if err != nil {
			return nil, err
		}
		shown := time.Duration(int64(f.DecodeTime)+int64(f.Offset)) * time.Second / time.Duration(timescale)
		frames = append(frames, media.Frame{PTS: shown, Key: f.Key, Format: format, Data: f.Data})
		b = b[n:]
	}
}

// camera sends the clip again and again. Each run has a Format of its own.
type camera struct {
	clip           func() ([]media.Frame, error)
	stamped, apart time.Duration // from one picture to the next, as it says and in truth
	sent           atomic.Int64
	last           atomic.Int64 // when it sent the last picture, in nanoseconds since 1970
	away           atomic.Bool
	jump           atomic.Int64 // that its clock makes before the next picture
}

func newCamera() *camera {
	return &camera{clip: footage, stamped: time.Second / 25, apart: time.Second / 25}
}

// newSlowCamera sends two pictures a second, for stories that are long.
func newSlowCamera() *camera {
	return &camera{clip: footage, stamped: time.Second / 2, apart: time.Second / 2}
}

func (c *camera) Run(ctx context.Context, emit func(media.Frame)) error {
	frames, err := c.clip()
	if err != nil {
		return err
	}
	format := *frames[0].Format
	ticker := time.NewTicker(c.apart)
	defer ticker.Stop()
	at := time.Duration(0)
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if c.away.Load() {
			return errors.New("the cable is out")
		}
		f := frames[n%len(frames)]
		at += time.Duration(c.jump.Swap(0))
		f.PTS, f.Format = at, &format
		at += c.stamped
		c.last.Store(time.Now().UnixNano())
		c.sent.Add(1)
		emit(f)
	}
}

// rig is recorders of cameras.
type rig struct {
	t         *testing.T
	dir       string // of the server's data; recordings is in it
	hub       *stream.Hub
	recorders *record.Recorders
	log       *lines
}

// lines is a log that a test reads.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// start makes recorders of cameras in a folder, and starts them.
func start(t *testing.T, dir string, cameras map[string]*camera, set func(*record.Options, *record.Settings, []record.Camera)) *rig {
	t.Helper()
	if _, err := footage(); err != nil {
		t.Fatal(err)
	}
	g := &rig{t: t, dir: dir, log: new(lines)}
	g.hub = stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
		if c := cameras[k.Camera]; c != nil && k.Rendition == "" {
			return c, nil
		}
		return nil, stream.ErrUnknown
	}})
	options := record.Options{
		Hub: g.hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "recordings.json"),
		Log: slog.New(slog.NewTextHandler(g.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	settings := record.Settings{Segment: 10 * time.Second, Buffer: 8 << 20}
	var recorded []record.Camera
	for id := range cameras {
		recorded = append(recorded, record.Camera{ID: id, Mode: record.ModeContinuous})
	}
	slices.SortFunc(recorded, func(a, b record.Camera) int { return strings.Compare(a.ID, b.ID) })
	if set != nil {
		set(&options, &settings, recorded)
	}
	g.recorders = record.New(options)
	g.recorders.Apply(settings, recorded)
	g.recorders.Start(t.Context())
	return g
}

func (g *rig) stop() {
	g.recorders.Close()
	g.hub.Close()
}

// story runs f in virtual time, with one camera named front.
func story(t *testing.T, set func(*record.Options, *record.Settings, []record.Camera), f func(g *rig, c *camera)) {
	storyOf(t, newCamera(), set, f)
}

// storyOf is story with a camera of one's own.
func storyOf(t *testing.T, c *camera, set func(*record.Options, *record.Settings, []record.Camera), f func(g *rig, c *camera)) {
	t.Parallel()
	if _, err := footage(); err != nil { // in real time
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		g := start(t, dir, map[string]*camera{"front": c}, set)
		defer g.stop()
		f(g, c)
		if t.Failed() {
			t.Log(g.log)
		}
	})
}

// expect waits until something is so.
func (g *rig) expect(what string, so func() bool) {
	g.t.Helper()
	for end := time.Now().Add(ceiling); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			g.t.Fatalf("%s: not within %v; the state is %+v\n%s", what, ceiling, g.recorders.Statuses(), g.log)
		}
	}
}

// expectState waits for a state of the camera front.
func (g *rig) expectState(want record.State) {
	g.t.Helper()
	g.expect("state "+want.String(), func() bool { return g.recorders.Status("front").State == want })
}

// files gives the files of recordings there are, below the folder, by name.
func files(t *testing.T, dir, pattern string) (all []string) {
	t.Helper()
	root := filepath.Join(dir, "recordings")
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if ok, _ := filepath.Match(pattern, d.Name()); ok && !d.IsDir() && err == nil && strings.Contains(name, "/") {
			all = append(all, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// played gives the packets of a file, as ffprobe sees it, and fails where that
// complains.
func played(t *testing.T, name string) (packets int) {
	t.Helper()
	cmd := exec.Command("ffprobe", "-v", "error", "-count_packets", "-select_streams", "v", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", name)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Errorf("ffprobe %s: %v %s", name, err, stderr.Bytes())
	}
	if _, err := fmt.Sscan(strings.Trim(string(out), ",\n"), &packets); err != nil {
		t.Errorf("ffprobe %s: %q", name, out)
	}
	return packets
}

// opened reads a file of recordings.
func opened(t *testing.T, name string) *segment.Segment {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	s, err := segment.Open(f, info.Size())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}
