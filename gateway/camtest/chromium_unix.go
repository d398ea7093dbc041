//go:build unix

package camtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"
)

// filmsPage plays files one after another, as fast as a video element does, and
// posts what became of each.
const filmsPage = `<!doctype html><title>files</title><script>
async function play(address) {
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  await new Promise((resolve, reject) => {
    video.onended = resolve;
    video.onerror = () => reject(new Error(video.error.message));
    video.oncanplay = () => { video.playbackRate = 16; video.play().catch(reject); };
    video.src = address;
    setTimeout(() => reject(new Error('it does not end, and stands at ' + video.currentTime + ' of ' + video.duration)), 30000);
  });
  const answer = {width: video.videoWidth, seconds: video.duration};
  video.remove();
  return answer;
}
addEventListener('load', async () => {
  for (let n = 0; ; n++) {
    if (!(await fetch('/files/' + n, {method: 'HEAD'})).ok) return;
    const answer = await play('/files/' + n).catch((error) => ({error: String(error)}));
    await fetch('/answer', {method: 'POST', body: JSON.stringify(answer)});
  }
});
</script><body></body>`

// Played is what became of a file in a video element.
type Played struct {
	Error   string  // why it did not play to its end, or ""
	Width   int     // of its pictures
	Seconds float64 // how long it says it is
}

// InChromium has one Chromium play files to their ends, one after another, and
// gives what became of each.
func InChromium(t testing.TB, paths []string) (all []Played) {
	t.Helper()
	answers := make(chan Played, len(paths))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, filmsPage)
	})
	mux.HandleFunc("GET /files/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil || n >= len(paths) {
			http.NotFound(w, r)
			return
		}
		http.ServeFile(w, r, paths[n])
	})
	mux.HandleFunc("POST /answer", func(_ http.ResponseWriter, r *http.Request) {
		var p Played
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
			p.Error = err.Error()
		}
		select {
		case answers <- p:
		default:
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	OpenChromium(t, server.URL)
	for range paths {
		select {
		case p := <-answers:
			all = append(all, p)
		case <-time.After(programCeiling):
			t.Fatalf("Chromium played %d of %d files, and says no more", len(all), len(paths))
		}
	}
	return all
}
