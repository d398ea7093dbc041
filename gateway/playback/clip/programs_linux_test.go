package clip

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"framegate/gateway/camtest"
)

// overAGap is a clip of 80 pictures and 375 frames of sound of one camera, a minute of
// which is missing.
func overAGap(t *testing.T) []byte {
	v := newVolume()
	v.sung = beeping(0, 0)
	end := v.record(t, noon, 1, shuffled()[:40])
	v.record(t, end.Add(time.Minute), 1, shuffled()[40:80])
	return whole(t, v.clip(t, Request{From: noon, To: noon.Add(time.Hour)}))
}

// TestGStreamerReadsIt: it has all pictures, each at its time, from both sides of the
// gap on too, and the sound.
func TestGStreamerReadsIt(t *testing.T) {
	t.Parallel()
	path := file(t, overAGap(t))
	want := camtest.PictureSums(t, path)[0]
	at := func(n int) time.Duration { return time.Duration(n) * 100 * time.Millisecond }
	shown := camtest.ThroughGStreamer(t, []string{path}, at(39), at(40), at(75))[0]
	if shown.Length != 8*time.Second || len(want) != 80 {
		t.Errorf("it takes %v, with %d pictures", shown.Length, len(want))
	}
	for n, pictures := range append(shown.Sought, shown.Pictures) {
		from := []int{39, 40, 75, 0}[n]
		if len(pictures) != 80-from {
			t.Errorf("from picture %d on there are %d", from, len(pictures))
			continue
		}
		for i, p := range pictures {
			if p.Sum != want[from+i] || p.At != at(from+i) {
				t.Fatalf("sought picture %d, picture %d is another, or not at its time: %v", from, from+i, p.At)
			}
		}
	}
	if n, want := shown.Sound, len(sounds(t, overAGap(t))); n < want-1 || want < 374 {
		t.Errorf("%d of %d frames of sound", n, want)
	}
}

// TestVLCReadsIt has VLC put it into another container, from the beginning and from
// both sides of the gap on: as much comes out as of a file that ffmpeg wrote.
func TestVLCReadsIt(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	camtest.Need(t, "cvlc")
	home := t.TempDir()
	path, ordinary := filepath.Join(home, "clip.mp4"), filepath.Join(home, "ordinary.mp4")
	if err := os.WriteFile(path, overAGap(t), 0o644); err != nil {
		t.Fatal(err)
	}
	camtest.Output(t, nil, "ffmpeg", "-v", "error", "-i", path, "-c", "copy", ordinary)
	var films []camtest.Film
	for _, path := range []string{path, ordinary} {
		for _, from := range []float64{0, 3.3, 4} {
			films = append(films, camtest.Film{Path: path, From: after(from).Sub(noon)})
		}
	}
	streamed := camtest.ThroughVLC(t, home, films...)
	seen := func(n int) []int {
		b, err := os.ReadFile(streamed[n].Path)
		if err != nil {
			t.Fatal(err)
		}
		return numbers(t, b)
	}
	for i, begin := range []int{0, 30, 40} { // of any stream VLC forgets what it has read last
		got, want := seen(i), seen(3+i)
		if len(got) < 75-begin || !slices.Equal(got, want) || !slices.Equal(got[:75-begin], count(begin, 74)) {
			t.Errorf("it shows %v, and of an ordinary file %v", got, want)
		}
		if streamed[i].Length != 8*time.Second {
			t.Errorf("it takes %v", streamed[i].Length)
		}
	}
}
