package record_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"framegate/gateway/media"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
	"framegate/gateway/stream"
)

// tone is two seconds of AAC of 48 kHz in one channel.
var tone = sync.OnceValues(func() (units [][]byte, err error) {
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=r=48000:d=2", "-c:a", "aac", "-f", "adts", "pipe:1").Output()
	if err != nil {
		return nil, err
	}
	var packets mpeg4audio.ADTSPackets
	err = packets.Unmarshal(out)
	for _, p := range packets {
		units = append(units, p.AU)
	}
	return units, err
})

// unit is how long one of them lasts.
const unit = time.Second * 1024 / 48000

func aac(t *testing.T, config ...byte) *media.Format {
	t.Helper()
	f, err := media.AACFormat(config)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// singer is a camera with sound: what voice gives of the n-th unit, if anything.
type singer struct {
	*camera
	voice func(n int, at time.Duration) (f media.Frame, ok bool)
}

func (s singer) Run(ctx context.Context, emit func(media.Frame)) error {
	n := 0
	if f, ok := s.voice(0, 0); ok {
		emit(media.Frame{Format: f.Format}) // which announces it
	}
	return s.camera.Run(ctx, func(f media.Frame) {
		for ; time.Duration(n)*unit <= f.PTS; n++ {
			if heard, ok := s.voice(n, time.Duration(n)*unit); ok {
				emit(heard)
			}
		}
		emit(f)
	})
}

// sing gives the units of tone, again and again.
func sing(format *media.Format) func(int, time.Duration) (media.Frame, bool) {
	return func(n int, at time.Duration) (media.Frame, bool) {
		units, _ := tone()
		return media.Frame{Format: format, PTS: at, Data: units[n%len(units)]}, true
	}
}

// opera records such a camera in virtual time for half a minute, and gives the files.
func opera(t *testing.T, s singer, rendition stream.Source) (all []*segment.Segment) {
	t.Helper()
	return operaIn(t, t.TempDir(), s, rendition)
}

// operaIn does so in a folder.
func operaIn(t *testing.T, dir string, s singer, rendition stream.Source) (all []*segment.Segment) {
	t.Helper()
	_, failed := tone()
	if _, err := footage(); errors.Join(err, failed) != nil {
		t.Fatal(err, failed)
	}
	synctest.Test(t, func(t *testing.T) {
		hub := stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
			switch {
			case k.Rendition == "":
				return s, nil
			case k.Rendition == "aac" && rendition != nil:
				return rendition, nil
			}
			return nil, stream.ErrUnknown
		}})
		r := record.New(record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "recordings.json")})
		r.Apply(record.Settings{Segment: 10 * time.Second, Buffer: 8 << 20}, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
		r.Start(t.Context())
		time.Sleep(32 * time.Second)
		if status := r.Status("front"); status.State != record.Recording || status.Reason != "" || status.Lost > 0 {
			t.Errorf("%+v", status)
		}
		r.Close()
		hub.Close()
	})
	frames := 0
	for _, name := range files(t, dir, "*.mp4") {
		path := filepath.Join(dir, "recordings", name)
		one := opened(t, path)
		if n := played(t, path); n != one.Summary.Frames {
			t.Errorf("%s: ffprobe finds %d of %d pictures", name, n, one.Summary.Frames)
		}
		frames += one.Summary.Frames
		all = append(all, one)
	}
	if sent := int(s.sent.Load()); frames < sent-2 || len(all) < 3 {
		t.Errorf("%d of %d pictures in %d files", frames, sent, len(all))
	}
	return all
}

// wantInStep wants all sound of files that begin with the n-th unit, each where the
// picture of its time is.
func wantInStep(t *testing.T, all []*segment.Segment, n int) {
	t.Helper()
	for i, one := range all {
		if len(one.Formats) != 2 {
			t.Fatalf("file %d, of %v, has no sound", i, one.Summary.Duration)
		}
		begins := one.Head.Media
		for _, e := range one.Table.Entries[1] {
			want := int64(time.Duration(n)*unit*9/100000) - begins
			if off := e.Decode - want; off < -segment.Timescale/50 || off > segment.Timescale/50 {
				t.Fatalf("file %d has unit %d at %d, which belongs at %d", i, n, e.Decode, want)
			}
			n++
		}
		last := one.Table.Entries[1][len(one.Table.Entries[1])-1]
		if ends := time.Duration(last.Decode+int64(last.Duration)) * time.Second / segment.Timescale; (ends - one.Summary.Duration).Abs() > 100*time.Millisecond {
			t.Errorf("file %d, of %v, has sound up to %v", i, one.Summary.Duration, ends)
		}
	}
}

// TestSoundIsRecorded as the camera sends it, each unit once and in step with the
// pictures, over the ends of files.
func TestSoundIsRecorded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := operaIn(t, dir, singer{newCamera(), sing(aac(t, 0x11, 0x88))}, nil)
	wantInStep(t, all, 1) // what came before the first picture went with it
	wantHeard(t, dir, all)
}

// wantHeard wants rows to say what sound files have, also of files of before there was
// any, once these were looked at.
func wantHeard(t *testing.T, dir string, all []*segment.Segment) {
	t.Helper()
	for _, unheard := range []bool{false, true} {
		x, err := index.Open(t.Context(), filepath.Join(dir, "recordings", "index.db"))
		if err != nil {
			t.Fatal(err)
		}
		i := 0
		err = x.All(t.Context(), func(s index.Segment) error {
			f, err := x.Format(t.Context(), s.Sound)
			if want := all[i]; err != nil || !bytes.Equal(f.Config, want.Formats[1].Config) || s.Sounds != want.Summary.Sounds || s.Sounds < 40 {
				t.Errorf("unheard %v: the row of file %d has %d frames of %+v, want %d; %v", unheard, i, s.Sounds, f, want.Summary.Sounds, err)
			}
			i++
			s.Sound, s.Sounds = index.Unheard, 0
			_, err = x.Replace(t.Context(), s)
			return err
		})
		if err = errors.Join(err, x.Close()); err != nil || i != len(all) {
			t.Fatalf("%d rows of %d files, %v", i, len(all), err)
		}
		if err := record.Check(t.Context(), filepath.Join(dir, "recordings"), record.Mend, func(f record.Finding) { t.Errorf("it finds %+v", f) }); err != nil {
			t.Fatal(err)
		}
	}
}

// encoder makes AAC of any sound, and begins a second late.
type encoder struct{ format *media.Format }

func (e encoder) Run(ctx context.Context, emit func(media.Frame)) error {
	units, _ := tone()
	ticker := time.NewTicker(unit)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if n*1024 > 48000 {
			emit(media.Frame{Run: 1, Format: e.format, PTS: time.Duration(n) * unit, Data: units[n%len(units)]})
		}
	}
}

// TestOtherSoundIsRecordedAsAAC: a file that began before there was any is ended, and
// those that follow have it.
func TestOtherSoundIsRecordedAsAAC(t *testing.T) {
	t.Parallel()
	g711, err := media.G711Format(media.PCMU, 8000, 1)
	if err != nil {
		t.Fatal(err)
	}
	all := opera(t, singer{newCamera(), sing(g711)}, encoder{aac(t, 0x11, 0x88)})
	if first := all[0]; len(first.Formats) != 1 || first.Summary.Duration > 4*time.Second {
		t.Errorf("%v pass without sound, in %d tracks", first.Summary.Duration, len(first.Formats))
	}
	for i, one := range all[1:] {
		if len(one.Formats) != 2 || len(one.Table.Entries[1]) < 40 {
			t.Errorf("file %d has no sound", i+1)
		}
	}
	if len(all) > 5 {
		t.Errorf("%d files", len(all))
	}
}

// TestBadSoundCostsNoPicture, and no file is cut again and again for it.
func TestBadSoundCostsNoPicture(t *testing.T) {
	t.Parallel()
	good, other := aac(t, 0x11, 0x88), aac(t, 0x12, 0x10)
	g711, err := media.G711Format(media.PCMU, 8000, 1)
	if err != nil {
		t.Fatal(err)
	}
	const ms = time.Millisecond
	for name, change := range map[string]func(f *media.Frame, n int, at time.Duration) bool{
		"begins late":       func(_ *media.Frame, _ int, at time.Duration) bool { return at > 13*time.Second },
		"stops":             func(_ *media.Frame, _ int, at time.Duration) bool { return at < 13*time.Second },
		"comes and goes":    func(_ *media.Frame, n int, _ time.Duration) bool { return n/300%2 == 0 },
		"is only announced": func(_ *media.Frame, n int, at time.Duration) bool { return n == 0 && at == 0 },
		"of no known codec": func(f *media.Frame, _ int, _ time.Duration) bool { f.Format = g711; return true },
		"jumps": func(f *media.Frame, n int, _ time.Duration) bool {
			f.PTS += time.Duration(n%7*n%5) * 900 * ms
			return true
		},
		"stands still":       func(f *media.Frame, _ int, _ time.Duration) bool { f.PTS = min(f.PTS, time.Second); return true },
		"runs fast":          func(f *media.Frame, _ int, at time.Duration) bool { f.PTS += at * 3 / 100; return true },
		"is of another time": func(f *media.Frame, _ int, _ time.Duration) bool { f.PTS += 20 * time.Hour; return true },
		"changes its format": func(f *media.Frame, n int, _ time.Duration) bool {
			f.Format = []*media.Format{good, other}[n/300%2]
			return true
		},
		"flaps": func(f *media.Frame, n int, _ time.Duration) bool {
			f.Format = []*media.Format{good, other}[n%2]
			return true
		},
		"becomes other codec": func(f *media.Frame, n int, _ time.Duration) bool {
			f.Format = []*media.Format{good, g711}[min(n/500, 1)]
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sung := sing(good)
			all := opera(t, singer{newCamera(), func(n int, at time.Duration) (media.Frame, bool) {
				f, _ := sung(n, at)
				ok := change(&f, n, at)
				return f, ok
			}}, nil)
			if len(all) > 8 {
				t.Errorf("%d files", len(all))
			}
		})
	}
}
