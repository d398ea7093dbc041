package segment

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// allForms lays files in all their states into a folder, and names them and the
// paths they have.
func allForms(t *testing.T, dir string, all map[string][]byte) (names, paths []string) {
	t.Helper()
	names = slices.Sorted(maps.Keys(all))
	for i := range names {
		path := filepath.Join(dir, strconv.Itoa(i)+".mp4")
		if err := os.WriteFile(path, all[names[i]], 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return names, paths
}

// TestGStreamerOpensAllForms has it decode and seek: the pictures are those that
// ffmpeg decodes, each at its time, and all of the sound is there. Of what is not
// finished it takes the end of the sound for the end.
func TestGStreamerOpensAllForms(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	t.Run("H.264", func(t *testing.T) { t.Parallel(); gstreamerOpens(t, reordered(t)) })
	t.Run("H.265", func(t *testing.T) { t.Parallel(); gstreamerOpens(t, reorderedH265(t)) })
}

func gstreamerOpens(t *testing.T, frames []media.Frame) {
	sound := heard(t)
	names, paths := allForms(t, t.TempDir(), forms(t, frames, sound...))
	want := camtest.PictureSums(t, paths[slices.Index(names, "finished")])[0]
	if len(want) != clipFrames {
		t.Fatalf("%d pictures", len(want))
	}
	places := []int{30, 51, 97}
	for i, shown := range camtest.ThroughGStreamer(t, paths, at(30), at(51), at(97)) {
		name := names[i]
		if shown.Length < 4*time.Second || shown.Length > 4020*time.Millisecond {
			t.Errorf("%s: it takes %v", name, shown.Length)
		}
		if n := shown.Sound; n < len(sound)-2 || n > len(sound) {
			t.Errorf("%s: %d of %d units of sound", name, n, len(sound))
		}
		for n, pictures := range append(shown.Sought, shown.Pictures) {
			from := append(places, 0)[n]
			if len(pictures) != clipFrames-from {
				t.Errorf("%s: from picture %d on there are %d", name, from, len(pictures))
				continue
			}
			for i, p := range pictures {
				if p.Sum != want[from+i] || p.At != at(from+i) {
					t.Errorf("%s: sought picture %d, picture %d is another, or not at its time: %v", name, from, from+i, p.At)
					break
				}
			}
		}
	}
}

// at is when a picture is shown.
func at(picture int) time.Duration { return time.Duration(picture) * time.Second / 25 }

// TestVLCOpensAllForms has VLC put what it reads into another container, from the
// beginning and from three places on: of each form as much comes out as of a file of
// its kind that ffmpeg wrote. Of any stream VLC forgets what it has read last. In
// fragments it seeks to no keyframe, and so the first that can be decoded is the
// next one; behind the last one nothing can be.
func TestVLCOpensAllForms(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	t.Run("H.264", func(t *testing.T) {
		t.Parallel()
		vlcOpens(t, forms(t, reordered(t), heard(t)...), 0, 13, 30, 51)
	})
	t.Run("H.265", func(t *testing.T) {
		t.Parallel()
		all := forms(t, reorderedH265(t), heard(t)...)
		vlcOpens(t, map[string][]byte{"growing": all["growing"], "finished": all["finished"]}, 0, 30)
	})
}

func vlcOpens(t *testing.T, all map[string][]byte, places ...int) {
	camtest.Need(t, "cvlc")
	home := t.TempDir()
	names, paths := allForms(t, home, all)
	finished := paths[slices.Index(names, "finished")]
	regular, fragmented := filepath.Join(home, "regular.mp4"), filepath.Join(home, "fragmented.mp4")
	camtest.Output(t, nil, "ffmpeg", "-v", "error", "-i", finished, "-c", "copy", regular,
		"-c", "copy", "-movflags", "frag_keyframe+empty_moov+default_base_moof", fragmented)
	var films []camtest.Film
	for _, path := range append(paths, regular, fragmented) {
		for _, place := range places {
			films = append(films, camtest.Film{Path: path, From: at(place)})
		}
	}
	streamed := camtest.ThroughVLC(t, home, films...)
	streams := []string{finished}
	for _, s := range streamed {
		streams = append(streams, s.Path)
	}
	sums := camtest.PictureSums(t, streams...)
	pictures, sums := sums[0], sums[1:]
	for i, name := range names {
		for n, place := range places {
			got, ordinary, next := i*len(places)+n, len(names)*len(places)+n, 0
			if strings.HasPrefix(name, "growing") || strings.Contains(name, "prepared") {
				ordinary, next = ordinary+len(places), 24
			}
			first := (place + next) / 25 * 25
			if s := sums[got]; !slices.Equal(s, sums[ordinary]) || len(s) < (clipFrames-first)*9/10 || s[0] != pictures[first] {
				t.Errorf("%s: sought picture %d, there are %d pictures, and %d of an ordinary file; want those from %d on", name, place, len(s), len(sums[ordinary]), first)
			}
			if l := streamed[got].Length; l != streamed[ordinary].Length || l < 4*time.Second || l > 4020*time.Millisecond {
				t.Errorf("%s: it takes %v, and an ordinary file %v", name, l, streamed[ordinary].Length)
			}
		}
	}
}
