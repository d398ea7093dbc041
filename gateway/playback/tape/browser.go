package tape

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"framegate/gateway/camtest"
)

// page shows MP4s, one after another, and posts what it sees at moments of them.
const page = `<!doctype html><title>films</title><canvas width=64 height=48></canvas><script>
let video;
const paper = document.querySelector('canvas').getContext('2d', {willReadFrequently: true});
const once = (name) => new Promise((resolve, reject) => {
  video.addEventListener(name, resolve, {once: true});
  video.addEventListener('error', () => reject(video.error.message), {once: true});
});
function number() { // as a numbered picture has it: 16 cells, and below them the same inverted
  paper.drawImage(video, 0, 0, 64, 48);
  const bit = (i, y) => paper.getImageData((i % 8) * 8 + 4, (Math.floor(i / 8) + y) * 12 + 6, 1, 1).data[1] > 127 ? 1 : 0;
  let n = 0, inverse = 0;
  for (let i = 0; i < 16; i++) { n = n * 2 + bit(i, 0); inverse = inverse * 2 + 1 - bit(i, 2); }
  return n === inverse ? n : -1;
}
// painted waits until a picture can be drawn, which is a little later than that it
// was sought; none comes where the same one was shown before.
const painted = () => Promise.race([new Promise((resolve) => video.requestVideoFrameCallback(resolve)), new Promise((resolve) => setTimeout(resolve, 3000))]);
async function look(address, times) {
  video?.remove();
  video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  const loaded = once('loadeddata');
  video.src = address;
  await loaded;
  const numbers = [];
  for (const at of times) {
    const seeked = once('seeked');
    const shown = painted();
    video.currentTime = at;
    await seeked;
    await shown;
    numbers.push(number());
  }
  return {duration: video.duration, numbers};
}
(async () => {
  const all = [];
  for (const [n, times] of (await (await fetch('/times')).json()).entries()) {
    all.push(await look('/film/' + n, times).catch((error) => ({error: String(error)})));
  }
  await fetch('/answer', {method: 'POST', body: JSON.stringify(all)});
})();
</script><body>`

// Look is an MP4 of numbered pictures to look at, and when, in seconds of it.
type Look struct {
	Film  http.HandlerFunc
	Times []float64
}

// Seen is what a browser saw of an MP4.
type Seen struct {
	Error    string
	Duration float64 // seconds
	Numbers  []int   // of the picture at each time; -1 for none
}

// ceiling is how long a browser may take; only one that hangs does.
const ceiling = 90 * time.Second

// Show has one Chromium look at films.
func Show(t testing.TB, looks ...Look) []Seen {
	t.Helper()
	answers := make(chan []Seen, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) })
	var times [][]float64
	for n, look := range looks {
		times = append(times, look.Times)
		mux.HandleFunc(fmt.Sprintf("GET /film/%d", n), look.Film)
	}
	mux.HandleFunc("GET /times", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(times) })
	mux.HandleFunc("POST /answer", func(_ http.ResponseWriter, r *http.Request) {
		var all []Seen
		if err := json.NewDecoder(r.Body).Decode(&all); err != nil || len(all) != len(looks) {
			all = make([]Seen, len(looks))
			all[0].Error = fmt.Sprintf("%d answers, %v", len(all), err)
		}
		answers <- all
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	camtest.OpenChromium(t, server.URL)
	select {
	case all := <-answers:
		return all
	case <-time.After(ceiling):
		t.Fatal("the browser gives no answer")
		return nil
	}
}
