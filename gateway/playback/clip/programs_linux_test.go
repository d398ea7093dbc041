package clip

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// overAGap is a clip of 80 pictures and 375 frames of sound of one camera, a minute of
// which is missing.
func overAGap(t *testing.T, frames []media.Frame) []byte {
	v := newVolume()
	v.sung = beeping(0, 0)
	end := v.record(t, noon, 1, frames[:40])
	v.record(t, end.Add(time.Minute), 1, frames[40:80])
	return whole(t, v.clip(t, Request{From: noon, To: noon.Add(time.Hour)}))
}

// TestGStreamerReadsIt: it has all pictures, each at its time, from both sides of the
// gap on too, and the sound.
func TestGStreamerReadsIt(t *testing.T) {
	t.Parallel()
	clips := [][]byte{overAGap(t, shuffled()), overAGap(t, shuffledH265())}
	paths := []string{file(t, clips[0]), file(t, clips[1])}
	sums := camtest.PictureSums(t, paths...)
	at := func(n int) time.Duration { return time.Duration(n) * 100 * time.Millisecond }
	for i, shown := range camtest.ThroughGStreamer(t, paths, at(39), at(40), at(75)) {
		codec, want := []string{"H.264", "H.265"}[i], sums[i]
		if shown.Length != 8*time.Second || len(want) != 80 {
			t.Errorf("%s takes %v, with %d pictures", codec, shown.Length, len(want))
		}
		for n, pictures := range append(shown.Sought, shown.Pictures) {
			from := []int{39, 40, 75, 0}[n]
			if len(pictures) != 80-from {
				t.Errorf("%s: from picture %d on there are %d", codec, from, len(pictures))
				continue
			}
			for i, p := range pictures {
				if p.Sum != want[from+i] || p.At != at(from+i) {
					t.Fatalf("%s: sought picture %d, picture %d is another, or not at its time: %v", codec, from, from+i, p.At)
				}
			}
		}
		if n, want := shown.Sound, len(sounds(t, clips[i])); n < want-1 || want < 374 {
			t.Errorf("%s: %d of %d frames of sound", codec, n, want)
		}
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
	begins := [][]int{{0, 33, 40}, {0}} // in a film of each codec, which with the ordinary ones are as many as one VLC plays
	var films []camtest.Film
	for i, frames := range [][]media.Frame{shuffled(), shuffledH265()} {
		path, ordinary := filepath.Join(home, fmt.Sprintf("clip%d.mp4", i)), filepath.Join(home, fmt.Sprintf("ordinary%d.mp4", i))
		if err := os.WriteFile(path, overAGap(t, frames), 0o644); err != nil {
			t.Fatal(err)
		}
		camtest.Output(t, nil, "ffmpeg", "-v", "error", "-i", path, "-c", "copy", ordinary)
		for _, from := range begins[i] {
			at := time.Duration(from) * 100 * time.Millisecond
			films = append(films, camtest.Film{Path: path, From: at}, camtest.Film{Path: ordinary, From: at})
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
	for i, from := range slices.Concat(begins...) { // of any stream VLC forgets what it has read last
		begin := from / 10 * 10
		got, want := seen(2*i), seen(2*i+1)
		if len(got) < 75-begin || !slices.Equal(got, want) || !slices.Equal(got[:75-begin], count(begin, 74)) {
			t.Errorf("of %v it shows %v, and of an ordinary file %v", films[2*i], got, want)
		}
		if streamed[2*i].Length != 8*time.Second {
			t.Errorf("%v takes %v", films[2*i], streamed[2*i].Length)
		}
	}
}
