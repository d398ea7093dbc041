package clip

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

	"github.com/Eyevinn/mp4ff/mp4"
)

// mixed is a volume of what differs: a camera that lies about its rate, a gap,
// another size, reordered pictures, a segment that grows.
func mixed(t testing.TB) (v *volume, end time.Time) {
	v = newVolume()
	end = v.record(t, noon, 1, shuffled()[:40])
	end = v.record(t, end, 1.25, plainFrames()[40:80])
	end = v.record(t, end.Add(time.Minute), 1, largePictures()[:20])
	v.grow(t, end, shuffled()[80:120])
	return v, end.Add(4 * time.Second)
}

// TestMP4ffReadsIt: a reader that is none of ours finds the same samples, and that
// tables and boxes are as the standard has them.
func TestMP4ffReadsIt(t *testing.T) {
	t.Parallel()
	v, end := mixed(t)
	c := v.clip(t, Request{From: after(1.5), To: end.Add(-time.Second), Exact: true})
	b := whole(t, c)
	f, err := mp4.DecodeFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if f.IsFragmented() || len(f.Moov.Traks) != 1 || f.Moov.Mvhd.CreationTimeS() != c.Start.Unix() {
		t.Errorf("fragmented %v, %d tracks, made at %v", f.IsFragmented(), len(f.Moov.Traks), f.Moov.Mvhd.CreationTimeS())
	}
	trak := f.Moov.Traks[0]
	stbl := trak.Mdia.Minf.Stbl
	n := stbl.Stsz.GetNrSamples()
	if n != 120 || len(stbl.Stsd.Children) != 3 {
		t.Fatalf("%d samples, %d sample entries", n, len(stbl.Stsd.Children))
	}
	want := slices.Concat(shuffled()[10:40], plainFrames()[40:80], largePictures()[:20], shuffled()[80:])
	for number := uint32(1); number <= n; number++ {
		ranges, err := trak.GetRangesForSampleInterval(number, number)
		if err != nil || len(ranges) != 1 {
			t.Fatalf("sample %d: %v, %v", number, ranges, err)
		}
		if r := ranges[0]; !bytes.Equal(b[r.Offset:r.Offset+r.Size], want[number-1].Data) || stbl.Stss.IsSyncSample(number) != want[number-1].Key {
			t.Errorf("sample %d is another", number)
		}
	}
	at, lasts := stbl.Stts.GetDecodeTime(n)
	if total := at + uint64(lasts); total != trak.Mdia.Mdhd.Duration {
		t.Errorf("the samples last %d ticks, the track %d", total, trak.Mdia.Mdhd.Duration)
	}
}

// page shows clips, and posts what it sees at moments of them.
const page = `<!doctype html><title>clips</title><video muted></video><canvas width=64 height=48></canvas><script>
const video = document.querySelector('video');
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
async function look(times) {
  let loaded = once('loadeddata');
  video.src = '/clip.mp4';
  await loaded;
  const seen = [];
  for (const at of times) {
    const seeked = once('seeked');
    video.currentTime = at;
    await seeked;
    seen.push(number());
  }
  return {duration: video.duration, seen};
}
(async () => {
  const answer = await look(await (await fetch('/times')).json()).catch((error) => ({error: String(error)}));
  await fetch('/answer', {method: 'POST', body: JSON.stringify(answer)});
})();
</script>`

// seen is what a browser saw of a clip.
type seen struct {
	Error    string
	Duration float64 // seconds
	Seen     []int   // numbers
}

// show has Chromium look at a clip at some times, in seconds.
func show(t *testing.T, v *volume, r Request, times []float64) seen {
	t.Helper()
	need(t, "chromium")
	answers := make(chan seen, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) })
	mux.HandleFunc("GET /times", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(times) })
	mux.HandleFunc("GET /clip.mp4", func(w http.ResponseWriter, request *http.Request) {
		c, err := New(request.Context(), v, v, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer c.Close()
		w.Header().Set("ETag", c.ETag())
		http.ServeContent(w, request, "clip.mp4", time.Time{}, c)
	})
	mux.HandleFunc("POST /answer", func(_ http.ResponseWriter, request *http.Request) {
		var s seen
		if err := json.NewDecoder(request.Body).Decode(&s); err != nil {
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

// TestChromiumPlaysIt seeks in it, and sees the picture of each moment.
func TestChromiumPlaysIt(t *testing.T) {
	v := newVolume()
	end := v.record(t, noon, 1, shuffled()[:40])
	end = v.record(t, end, 1.25, shuffled()[40:80]) // 3.2 s
	v.grow(t, end.Add(time.Minute), shuffled()[80:])
	s := show(t, v, Request{Camera: "front", From: after(1.5), To: after(100), Exact: true}, []float64{0, 1.25, 2.54, 5.59, 5.75, 9.65, 0.35})
	if want := []int{15, 27, 40, 78, 80, 119, 18}; s.Error != "" || !slices.Equal(s.Seen, want) {
		t.Errorf("it sees %v, want %v; %s", s.Seen, want, s.Error)
	}
	if math.Abs(s.Duration-9.7) > 0.01 {
		t.Errorf("it takes the clip for %v s long", s.Duration)
	}
}
