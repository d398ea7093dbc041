package segment

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
)

// page plays files in a video element, one after another, and posts what became
// of each: its length, how many pictures it has while it is played to its end, and
// what it shows when it is taken to three places.
const page = `<!doctype html><title>files</title><script>
const once = (target, ...names) => new Promise((resolve) =>
  names.forEach((name) => target.addEventListener(name, resolve, {once: true})));
async function play(address) {
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  const loaded = once(video, 'loadeddata', 'error');
  video.src = address;
  await loaded;
  if (video.error) throw new Error(video.error.message);
  // Firefox finds out the length of a file in fragments while it loads.
  while (!(video.duration > 3.9)) await new Promise((resolve) => setTimeout(resolve, 20));
  const duration = video.duration;
  const ended = once(video, 'ended', 'error');
  video.playbackRate = 4;
  await video.play();
  await ended;
  if (video.error) throw new Error(video.error.message);
  const frames = video.getVideoPlaybackQuality().totalVideoFrames; // before a seek decodes some again
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const shown = () => {
    context.drawImage(video, 0, 0);
    const {data} = context.getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) sum = (sum * 31 + data[i]) % 1000000007;
    return sum;
  };
  const places = [];
  for (const at of [3.5, 0.02, 1.7]) {
    const sought = once(video, 'seeked', 'error');
    // What was sought can be drawn a little later.
    const painted = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    video.currentTime = at;
    await sought;
    await painted;
    if (video.error) throw new Error(video.error.message);
    places.push(shown());
  }
  const answer = {duration, length: video.duration, width: video.videoWidth, places, frames};
  video.remove();
  return answer;
}
addEventListener('load', async () => {
  for (let n = 0; ; n++) {
    if (!(await fetch('/files/' + n, {method: 'HEAD'})).ok) return;
    const stuck = new Promise((resolve) => setTimeout(() => resolve({error: 'it does not end'}), 30000));
    const answer = await Promise.race([play('/files/' + n).catch((error) => ({error: String(error)})), stuck]);
    await fetch('/answer', {method: 'POST', body: JSON.stringify(answer)});
  }
});
</script><body></body>`

// answer is what the page found out of one file.
type answer struct {
	Error    string
	Duration float64 // seconds, before it was played
	Length   float64 // and after
	Width    int
	Frames   int
	Places   []int
}

// show has a browser play files, and gives what became of each.
func show(t *testing.T, browse func(t testing.TB, url string), files [][]byte) <-chan answer {
	t.Helper()
	answers := make(chan answer, len(files))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, page)
	})
	dir := t.TempDir()
	for n, b := range files {
		path := filepath.Join(dir, fmt.Sprintf("%d.mp4", n))
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		mux.HandleFunc(fmt.Sprintf("GET /files/%d", n), func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, path) })
	}
	mux.HandleFunc("POST /answer", func(_ http.ResponseWriter, r *http.Request) {
		var a answer
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
			a.Error = err.Error()
		}
		select {
		case answers <- a:
		default:
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	browse(t, server.URL)
	return answers
}

// TestChromiumPlaysAllForms and seeks in them.
func TestChromiumPlaysAllForms(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	testPlayed(t, camtest.OpenChromium)
}

// TestFirefoxPlaysAllForms does too.
func TestFirefoxPlaysAllForms(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	testPlayed(t, camtest.OpenFirefox)
}

// few is how many frames a browser that is late may decode once more.
const few = 3

func testPlayed(t *testing.T, browse func(t testing.TB, url string)) {
	all := forms(t, reordered(t), heard(t)...)
	names := slices.Sorted(maps.Keys(all))
	var files [][]byte
	for _, name := range names {
		files = append(files, all[name])
	}
	answers := show(t, browse, files)
	var first answer
	for i, name := range names {
		select {
		case a := <-answers:
			if i == 0 {
				first = a
			}
			t.Logf("%s: %+v", name, a)
			longest := 4.1
			if !strings.HasPrefix(name, "finished") && name != "repaired" {
				longest = 4.3 // Chromium counts the time before the sound twice
			}
			if a.Error != "" || a.Width != 160 || a.Frames < clipFrames || a.Frames > clipFrames+few || a.Length < 3.9 || a.Length > longest || !slices.Equal(a.Places, first.Places) {
				t.Errorf("%s: %+v; %s: %+v", name, a, names[0], first)
			}
		case <-time.After(ceiling):
			t.Fatalf("%s: the browser gives no answer", name)
		}
	}
	if p := first.Places; len(p) != 3 || p[0] == p[1] || p[1] == p[2] {
		t.Errorf("the places look alike: %v", p)
	}
}
