package mp4

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

const ceiling = 60 * time.Second // of a browser; only one that hangs takes it

// clip is a video as a camera would send it.
type clip struct {
	format *media.Format
	frames []media.Frame
}

// encode makes a clip with ffmpeg: size and rate as testsrc2 takes them, and
// options of libx264.
func encode(t testing.TB, source string, options ...string) clip {
	t.Helper()
	return encodeBy(t, source, append([]string{"-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"}, options...))
}

// encodeH265 is encode with parameters of libx265.
func encodeH265(t testing.TB, source, params string, options ...string) clip {
	t.Helper()
	return encodeBy(t, source, append([]string{"-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-tag:v", "hvc1",
		"-x265-params", "log-level=error:pools=none:ctu=16:" + params}, options...))
}

func encodeBy(t testing.TB, source string, options []string) clip {
	t.Helper()
	args := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=" + source, "-threads", "1"}, options...)
	args = append(args, "-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof", "pipe:1")
	return read(t, camtest.Output(t, nil, "ffmpeg", args...))
}

// read takes a whole fragmented MP4 apart, and checks that nothing stands
// between its samples.
func read(t testing.TB, b []byte) clip {
	t.Helper()
	format, timescale, err := ReadInit(b)
	if err != nil {
		t.Fatal(err)
	}
	c := clip{format: format}
	b = b[bytes.Index(b, []byte("moof"))-4:]
	for seq := uint64(1); ; seq++ {
		f, n, err := ReadFragment(b)
		if errors.Is(err, io.EOF) {
			return c
		}
		if err != nil {
			t.Fatalf("fragment %d: %v", seq, err)
		}
		shown := time.Duration(int64(f.DecodeTime)+int64(f.Offset)) * time.Second / time.Duration(timescale)
		c.frames = append(c.frames, media.Frame{Seq: seq, PTS: shown, Key: f.Key, Format: format, Data: f.Data})
		b = b[n:]
	}
}

// mux writes frames as one viewer gets them, with an init segment at first.
func mux(t testing.TB, frames []media.Frame) []byte {
	t.Helper()
	b, err := Init(frames[0].Format)
	if err != nil {
		t.Fatal(err)
	}
	var m Muxer
	for _, f := range frames {
		b = append(m.AppendHead(b, f), f.Data...)
	}
	return b
}

// fragments reads what mux wrote, after the init segment.
func fragments(t testing.TB, b []byte) (all []Fragment) {
	t.Helper()
	b = b[bytes.Index(b, []byte("moof"))-4:]
	for {
		f, n, err := ReadFragment(b)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
		b = b[n:]
	}
}

// place gives the places of frames on the timeline of a new viewer.
func place(t testing.TB, frames []media.Frame) []Fragment {
	t.Helper()
	return fragments(t, mux(t, frames))
}

// file keeps bytes for programs that read no pipe.
func file(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// checkTimeline checks what must hold for every timeline: it starts at 0, and
// no sample leaves a gap before the next, or takes no time.
func checkTimeline(t testing.TB, all []Fragment) {
	t.Helper()
	next := uint64(0)
	for i, f := range all {
		if f.DecodeTime != next {
			t.Fatalf("sample %d stands at %d, the one before ends at %d", i, f.DecodeTime, next)
		}
		if f.Duration == 0 {
			t.Fatalf("sample %d takes no time", i)
		}
		if int64(f.DecodeTime)+int64(f.Offset) < 0 {
			t.Fatalf("sample %d is shown at %d%+d", i, f.DecodeTime, f.Offset)
		}
		if f.Sequence != uint32(i+1) {
			t.Fatalf("fragment %d has number %d", i+1, f.Sequence)
		}
		next += uint64(f.Duration)
	}
}
