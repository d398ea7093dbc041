package export

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"
)

// page shows a file at some moments, and posts the numbers that it sees: 16 cells,
// and below them the same inverted.
const page = `<!doctype html><title>export</title><video muted></video><canvas width=64 height=48></canvas><script>
const video = document.querySelector('video');
const paper = document.querySelector('canvas').getContext('2d', {willReadFrequently: true});
const once = (name) => new Promise((resolve, reject) => {
  video.addEventListener(name, resolve, {once: true});
  video.addEventListener('error', () => reject(video.error.message), {once: true});
});
function number() {
  paper.drawImage(video, 0, 0, 64, 48);
  const bit = (i, y) => paper.getImageData((i % 8) * 8 + 4, (Math.floor(i / 8) + y) * 12 + 6, 1, 1).data[1] > 127 ? 1 : 0;
  let n = 0, inverse = 0;
  for (let i = 0; i < 16; i++) { n = n * 2 + bit(i, 0); inverse = inverse * 2 + 1 - bit(i, 2); }
  return n === inverse ? n : -1;
}
async function look() {
  const loaded = once('loadeddata');
  video.src = '/export.mp4';
  await loaded;
  const numbers = [];
  for (const at of await (await fetch('/times')).json()) {
    const seeked = once('seeked');
    video.currentTime = at;
    await seeked;
    numbers.push(number());
  }
  return {duration: video.duration, numbers};
}
(async () => {
  const answer = await look().catch((error) => ({error: String(error)}));
  await fetch('/answer', {method: 'POST', body: JSON.stringify(answer)});
})();
</script>`

// seen is what a browser saw of a file.
type seen struct {
	Error    string
	Duration float64 // seconds
	Numbers  []int
}

// show has Chromium look at a file at some moments, in seconds.
func show(t *testing.T, b []byte, moments []float64) seen {
	t.Helper()
	answers := make(chan seen, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) })
	mux.HandleFunc("GET /times", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(moments) })
	mux.HandleFunc("GET /export.mp4", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "export.mp4", time.Time{}, bytes.NewReader(b))
	})
	mux.HandleFunc("POST /answer", func(_ http.ResponseWriter, r *http.Request) {
		var s seen
		if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
			s.Error = err.Error()
		}
		answers <- s
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	browse(t, server.URL)
	select {
	case s := <-answers:
		return s
	case <-time.After(ceiling):
		t.Fatal("the browser gives no answer")
		return seen{}
	}
}

// browse opens an address in a Chromium, all of whose processes end with the test.
func browse(t *testing.T, url string) {
	t.Helper()
	browser := exec.CommandContext(context.Background(), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--remote-debugging-port=0", "--user-data-dir="+t.TempDir(), url)
	browser.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	browser.WaitDelay = 5 * time.Second
	if err := browser.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-browser.Process.Pid, syscall.SIGKILL)
		_ = browser.Wait()
	})
}

// TestChromiumPlaysEncodedJPEGs of two recordings, the second of which was encoded
// by another ffmpeg.
func TestChromiumPlaysEncodedJPEGs(t *testing.T) {
	needed(t, "chromium")
	r := newRig(t)
	r.record("front", noon, stills(0, 40, 64, 48))
	r.record("front", after(100), stills(100, 40, 64, 48))
	r.run()
	_, b := r.made(Request{Cameras: []string{"front"}, From: after(12), To: after(130), Start: Encode})
	s := show(t, b, []float64{0, 1.25, 2.75, 2.85, 5.75, 0.35})
	if want := []int{12, 24, 39, 100, 129, 15}; s.Error != "" || !slices.Equal(s.Numbers, want) {
		t.Errorf("it sees %v, want %v; %s", s.Numbers, want, s.Error)
	}
	if math.Abs(s.Duration-5.8) > 0.01 {
		t.Errorf("it takes the file for %v s long", s.Duration)
	}
}
