package export

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/playback/tape"
)

// TestProgramsPlayWhatIsEncoded with a clock, of three recordings and so by three
// ffmpegs, in one format though they are of H.264, H.265 and JPEGs: GStreamer and VLC show the
// pictures that ffmpeg shows, and as long; and of JPEGs, without a clock. Of any
// stream VLC forgets what it has read last.
func TestProgramsPlayWhatIsEncoded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	camtest.Need(t, "cvlc")
	r := newRig(t)
	r.record("front", noon, tape.Numbered(t, 0, 50, 320, 240, "-bf", "2"))
	r.record("front", after(200), tape.NumberedH265(t, 50, 20, 320, 240))
	r.record("front", after(900), stills(70, 40, 320, 240))
	r.run()
	request := Request{Cameras: []string{"front"}, From: after(13), To: after(920), Start: Encode, Clock: true}
	_, clocked := r.made(request)
	if entries := strings.Count(string(clocked), "avc1"); entries > 2 { // one of them in ftyp
		t.Errorf("it has %d formats, which browsers do not play", entries)
	}
	request.From, request.To, request.Clock = after(903), after(940), false
	_, jpegs := r.made(request)
	home, paths := t.TempDir(), []string(nil)
	for i, b := range [][]byte{clocked, jpegs} {
		paths = append(paths, filepath.Join(home, []string{"clocked.mp4", "jpegs.mp4"}[i]))
		r.check(os.WriteFile(paths[i], b, 0o644))
	}
	sums := camtest.PictureSums(t, paths...)
	shown := camtest.ThroughGStreamer(t, paths, 2500*time.Millisecond)
	streamed := camtest.ThroughVLC(t, home, camtest.Film{Path: paths[0]}, camtest.Film{Path: paths[1]})
	remade := camtest.PictureSums(t, streamed[0].Path, streamed[1].Path)
	for i, pictures := range []int{77, 37} {
		length := time.Duration(pictures) * 100 * time.Millisecond
		if len(sums[i]) != pictures || shown[i].Length != length || streamed[i].Length != length {
			t.Errorf("%d pictures; it takes %v in GStreamer and %v in VLC", len(sums[i]), shown[i].Length, streamed[i].Length)
		}
		for from, got := range map[int][]camtest.Decoded{0: shown[i].Pictures, 25: shown[i].Sought[0]} {
			if len(got) != pictures-from {
				t.Errorf("from picture %d on GStreamer shows %d of %d", from, len(got), pictures-from)
				continue
			}
			for n, p := range got {
				if p.Sum != sums[i][from+n] || p.At != time.Duration(from+n)*100*time.Millisecond {
					t.Errorf("sought picture %d, in GStreamer picture %d is another, or not at its time: %v", from, from+n, p.At)
					break
				}
			}
		}
		if most := pictures - 5; len(remade[i]) < most || !slices.Equal(remade[i][:most], sums[i][:most]) {
			t.Errorf("VLC shows %d of %d pictures, or others", len(remade[i]), pictures)
		}
	}
}
