package contract

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
	"framegate/gateway/playback/tape"
)

// filmed is when the first picture of the films of these tests was taken.
var filmed = time.Date(2020, 11, 20, 12, 0, 0, 0, time.UTC)

// TestRecordingsAreReadByOthers: films of H.264 and of H.265, with sound and with gaps,
// as a playlist, as a clip and as pictures that anybody can show.
func TestRecordingsAreReadByOthers(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	rig.Need(t, "ffmpeg", "gst-launch-1.0", "cvlc")
	folder := filepath.Join(t.TempDir(), "recordings")
	for camera, options := range map[string][]string{"h264": {"-bf", "2"}, "h265": tape.H265} {
		film := tape.Film(t, filmed, options...)
		tape.Sing(t, film)
		tape.Folder(t, folder, camera, film)
	}
	const camera = "{source: 'upload:', record: {mode: continuous}}"
	s := rig.Start(t, fmt.Sprintf("limits: {encoders: 8}\nrecordings: {dir: %q}\ncameras: {h264: %s, h265: %[2]s}", folder, camera))
	for _, camera := range []string{"h264", "h265"} {
		path := "/live/" + camera + "/recording.m3u8?from=2020-11-20T12:00:00Z&to=2020-11-20T12:10:00Z"
		rig.Await(t, "the film of "+camera+" to be known", func() bool {
			return strings.Count(string(s.Get(t, path, rig.Credentials{}).Content), "#EXT-X-DISCONTINUITY\n") == tape.Gaps
		})
		playlistIsRead(t, camera, s.URL+path)
		clipIsRead(t, camera, s.URL+"/live/"+camera+"/recording.mp4?")
		picturesAreSeen(t, s, camera)
	}
}

// filmedAt gives when a picture of a film was taken.
func filmedAt(number int) time.Time {
	const each = 60
	return filmed.Add(time.Duration((number-1)/each)*66*time.Second + time.Duration((number-1)%each)*100*time.Millisecond)
}

// playlistIsRead by programs, who all show every picture, and no hole, and hear the
// sound of each.
func playlistIsRead(t *testing.T, camera, address string) {
	t.Helper()
	all := countTo((tape.Gaps + 1) * 60)
	show := []string{"-vf", "scale=64:48", "-pix_fmt", "gray", "-f", "rawvideo", "-"}

	evenly := append([]string{"-v", "error", "-i", address, "-r", "10", "-fps_mode", "cfr"}, show...) // a hole would be filled
	if got := numbersIn(t, camtest.Output(t, nil, "ffmpeg", evenly...)); !slices.Equal(got, all) {
		t.Errorf("%s: ffmpeg shows %d pictures: %v", camera, len(got), got)
	}

	raw := filepath.Join(t.TempDir(), "pictures")
	camtest.Output(t, nil, "gst-launch-1.0", "-q", "uridecodebin", "uri="+address, "!", "videoconvert", "!", "videoscale", "!",
		"video/x-raw,format=GRAY8,width=64,height=48,pixel-aspect-ratio=1/1", "!", "filesink", "location="+raw)
	pictures, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := numbersIn(t, pictures); !slices.Equal(got, all) {
		t.Errorf("%s: GStreamer shows %d pictures: %v", camera, len(got), got)
	}

	wantBeeps(t, camera+": ffmpeg", tape.BeepsIn(t, address, true), 36)
	wantBeeps(t, camera+": who counts frames", tape.BeepsIn(t, address, false), 36)

	stream := camtest.ThroughVLC(t, t.TempDir(), camtest.Film{Path: address})[0].Path
	each := append([]string{"-v", "error", "-i", stream, "-fps_mode", "passthrough"}, show...)
	got := numbersIn(t, camtest.Output(t, nil, "ffmpeg", each...))
	most := len(all) - 3 // of any stream VLC forgets what it has read last
	if !slices.Equal(got[:min(len(got), most)], all[:most]) {
		t.Errorf("%s: VLC shows %d pictures: %v", camera, len(got), got)
	}
	wantBeeps(t, camera+": VLC", tape.BeepsIn(t, stream, true), 35)
}

// openCVReads writes all pictures of a film, small and grey.
const openCVReads = `
import cv2, sys
film = cv2.VideoCapture(sys.argv[1])
while True:
    ok, picture = film.read()
    if not ok:
        break
    sys.stdout.buffer.write(cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (64, 48), interpolation=cv2.INTER_AREA).tobytes())
`

// clipIsRead by OpenCV, from a keyframe to the end of the next stretch.
func clipIsRead(t *testing.T, camera, address string) {
	t.Helper()
	query := url.Values{"from": {filmedAt(91).Format(time.RFC3339Nano)}, "to": {filmedAt(180).Add(100 * time.Millisecond).Format(time.RFC3339Nano)}}
	out, err := rig.Program(t, needOpenCV(t), "-c", openCVReads, address+query.Encode()).Output()
	if got := numbersIn(t, out); err != nil || !slices.Equal(got, countTo(180)[90:]) {
		t.Errorf("%s: OpenCV shows %v, %v", camera, got, err)
	}
}

// needOpenCV gives the Python that has it.
func needOpenCV(t *testing.T) string {
	t.Helper()
	const python = "/usr/bin/python3" // the one that Debian's package is for
	rig.Need(t, python)
	if err := exec.Command(python, "-c", "import cv2").Run(); err != nil {
		rig.Missing(t, "python3-opencv is not installed")
	}
	return python
}

// picturesAreSeen by who can show nothing but JPEGs: one, an endless image, events, and by
// a player that looks back.
func picturesAreSeen(t *testing.T, s *rig.Server, camera string) {
	t.Helper()
	const sought, keyframe = 75, 71
	at := filmedAt(sought).Format(time.RFC3339Nano)
	if got := rig.PictureNumber(s.Get(t, "/live/"+camera+"/recording.jpg?at="+at, rig.Credentials{}).Content); got != sought {
		t.Errorf("%s: picture %d is shown of the moment of %d", camera, got, sought)
	}

	ctx, cancel := context.WithTimeout(t.Context(), rig.Ceiling)
	defer cancel()
	image, err := camtest.Watch(ctx, s.URL+"/live/"+camera+"/recording.mjpeg?from="+at, camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer image.Close()
	// shows reads up to another picture than the last, which must be one of some in a row.
	shows := func(who string, last int, next func() int, from, to int) int {
		t.Helper()
		n := last
		for n == 0 || n == last { // it says that nothing comes, or is of the present; what stands still is shown now and then
			n = next()
		}
		if n < from || n > to {
			t.Fatalf("%s: %s shows picture %d behind %d, want %d to %d", camera, who, n, last, from, to)
		}
		return n
	}
	const late = sought + 25                 // who takes it late has skipped some, and an encoder may take a while to start
	shows("an image", keyframe, func() int { // at once, before it
		part, err := image.Next()
		if err != nil {
			t.Fatal(err)
		}
		n, _ := camtest.ReadJPEGNumber(part.JPEG)
		return n
	}, sought, late)

	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/live/"+camera+"/recording.sse?from="+at, nil)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	events := bufio.NewReader(response.Body)
	shows("who reads events", keyframe, func() int {
		seen, err := readEvent(events)
		if err != nil || seen.kind == "picture" && !seen.wall.Equal(filmedAt(seen.number)) {
			t.Fatalf("%s: events: picture %d of %v, %v", camera, seen.number, seen.wall, err)
		}
		return seen.number
	}, sought, late)

	player := lookAt(t, s, camera)
	next := func() int {
		n, taken, told := player.next()
		if told == nil && n != 0 && !taken.Equal(filmedAt(n)) {
			t.Errorf("%s: picture %d is said to be of %v", camera, n, taken)
		}
		return n
	}
	seek := func(number int) {
		player.say(map[string]any{"type": "seek", "atUs": filmedAt(number).UnixMicro()})
	}
	seek(sought)
	player.until(func(_ int, _ time.Time, told *playback) bool { return told != nil && !told.Live })
	shows("a player", keyframe, next, sought, late)
	player.say(map[string]any{"type": "pause"})
	player.until(func(_ int, _ time.Time, told *playback) bool { return told != nil && told.Paused })
	far, last := 2*sought, 0 // from what is on its way still
	seek(far)
	player.until(func(number int, _ time.Time, _ *playback) bool { last = number; return number > far-30 })
	shows("a player that pauses", 0, func() int { return last }, far, far)
	for _, number := range []int{far + 1, far + 2, far + 10, far - 40, 31, 30, 29} { // the very one, and none beside it
		seek(number)
		last = shows("a player that pauses", last, next, number, number)
	}
	const end = (tape.Gaps + 1) * 60
	seek(end) // behind which nothing comes that decoders need for it
	player.until(func(number int, _ time.Time, _ *playback) bool { return number > end-5 })
	seek(last)
	player.until(func(number int, _ time.Time, _ *playback) bool { return number == last })
	player.say(map[string]any{"type": "rate", "rate": 1})
	for range 5 {
		last = shows("a player that goes on", last, next, last+1, last+10)
	}
}

// countTo gives the numbers of pictures up to one.
func countTo(last int) (all []int) {
	for n := 1; n <= last; n++ {
		all = append(all, n)
	}
	return all
}

// wantBeeps wants a beep each second, so many at least.
func wantBeeps(t *testing.T, who string, heard []float64, least int) {
	t.Helper()
	if len(heard) < least {
		t.Errorf("%s hears %d beeps: %.3f", who, len(heard), heard)
		return
	}
	for i, at := range heard[:least] {
		if off := at - heard[0] - float64(i); off < -0.05 || off > 0.05 {
			t.Errorf("%s hears beep %d at %.3f, the first at %.3f", who, i, at, heard[0])
		}
	}
}
