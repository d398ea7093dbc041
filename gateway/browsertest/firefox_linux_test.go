package browsertest

import (
	"bytes"
	"context"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/output/sse"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// openFirefox gives a browser for one test, which sees what it complained of.
func openFirefox(t *testing.T) *Firefox {
	t.Helper()
	if _, err := FindFirefox(); err != nil {
		if os.Getenv("FRAMEGATE_TEST_NO_INSTALL") != "" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	f, err := StartFirefox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		complaints := f.Complaints()
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(f.home); !os.IsNotExist(err) {
			t.Errorf("what it wrote is left: %v", err)
		}
		if len(complaints) > 0 {
			t.Errorf("it complains: %s", strings.Join(complaints, "\n"))
		}
	})
	return f
}

func navigate(t *testing.T, f *Firefox, url string) {
	t.Helper()
	if err := f.Navigate(patient(t), url); err != nil {
		t.Fatal(err)
	}
}

func evaluate[T any](t *testing.T, f *Firefox, expression string) (result T) {
	t.Helper()
	if err := f.Evaluate(patient(t), expression, &result); err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return result
}

// patient bounds one step.
func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// camera emits the numbered pictures that it is handed.
type camera chan int

func (c camera) Run(ctx context.Context, emit func(media.Frame)) error {
	var format *media.Format
	for {
		select {
		case n := <-c:
			frame, err := media.JPEGFrame(camtest.PictureOfSize(n, 320, 180, 60_000), format)
			if err != nil {
				return err
			}
			format = frame.Format
			emit(frame)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// page watches events and reads the number of each picture that it drew. What
// it may do is what the pages of Framegate may.
const (
	page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<title>events</title><h1 id="state">nothing yet</h1><canvas width="320" height="180"></canvas><p id="frame"></p>
<script src="/page.js"></script>`

	script = `
const context = document.querySelector('canvas').getContext('2d', {willReadFrequently: true});
const bit = (x, y) => context.getImageData((2 * x + 1) * 20, (2 * y + 1) * 22.5 | 0, 1, 1).data[0] > 127 ? 1 : 0;
const frames = [], states = [], errors = [];
const number = () => {
  let n = 0, inverse = 0;
  for (let i = 0; i < 16; i++) {
    n = 2 * n + bit(i % 8, i >> 3);
    inverse = 2 * inverse + bit(i % 8, (i >> 3) + 2);
  }
  return n === 65535 - inverse ? n : -1;
};
const events = new EventSource('/live/front.sse');
events.addEventListener('frame', async (event) => {
  const frame = JSON.parse(event.data);
  const image = new Image();
  image.src = 'data:' + frame.mime + ';base64,' + frame.data;
  await image.decode();
  context.drawImage(image, 0, 0);
  frames.push({number: number(), id: event.lastEventId, seq: frame.seq, ts: frame.ts, width: image.width, height: image.height});
  document.getElementById('frame').textContent = JSON.stringify(frames.at(-1));
});
events.addEventListener('state', (event) => {
  states.push(JSON.parse(event.data).camera);
  document.getElementById('state').textContent = JSON.parse(event.data).message;
});
events.onerror = () => errors.push(events.readyState);
const until = async (ready) => { while (!ready()) await new Promise((resolve) => setTimeout(resolve, 5)); return true; };
const seen = async (n) => { await until(() => frames.at(-1)?.number === n); return frames.at(-1); };
`
	policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'"
)

func serveText(contentType, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Security-Policy", policy)
		_, _ = w.Write([]byte(text))
	}
}

func TestFirefoxShowsEvents(t *testing.T) {
	pictures := make(camera)
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return pictures, nil }})
	defer hub.Close()
	var output atomic.Pointer[sse.Handler]
	output.Store(sse.New(delivery.Options{Hub: hub}))
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", serveText("text/html", page))
	mux.HandleFunc("/page.js", serveText("text/javascript", script))
	mux.HandleFunc("/live/front.sse", func(w http.ResponseWriter, r *http.Request) {
		if err := output.Load().Serve(w, r, delivery.Choice{Own: stream.Key{Camera: "front"}}, stream.Client{}); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	defer func() { output.Load().Close() }()
	f := openFirefox(t)

	navigate(t, f, server.URL)
	evaluate[bool](t, f, "until(() => states.length === 1)")
	before := time.Now()
	for n := 1; n <= 20; n++ {
		pictures <- n * 3119
		var shown struct {
			Number        int
			ID            string
			Seq           int
			TS            float64
			Width, Height int
		}
		if err := f.Evaluate(patient(t), "seen("+strconv.Itoa(n*3119&0xFFFF)+")", &shown); err != nil {
			t.Fatalf("picture %d: %v", n, err)
		}
		taken := time.UnixMicro(int64(shown.TS * 1e6))
		if shown.Seq != n || shown.ID != strconv.Itoa(n) || shown.Width != 320 || shown.Height != 180 || taken.Before(before.Add(-time.Millisecond)) || taken.After(time.Now()) {
			t.Fatalf("picture %d: %+v, taken at %v", n, shown, taken)
		}
	}

	// The server ends the response; the browser comes back by itself.
	old := output.Swap(sse.New(delivery.Options{Hub: hub}))
	old.Close()
	evaluate[bool](t, f, "until(() => states.length >= 3)")
	pictures <- 4711
	evaluate[any](t, f, "seen(4711)")
	if states := evaluate[string](t, f, "states.join(' ')"); states != "connecting online online" {
		t.Errorf("states: %s", states)
	}
	if errors := evaluate[string](t, f, "errors.join(' ')"); errors != "0" { // CONNECTING: it tries again
		t.Errorf("errors: %q", errors)
	}
	expectScreenshot(t, f, "events.png")
}

// expectScreenshot takes a picture of the page, which must not be empty, and
// keeps it where FRAMEGATE_TEST_SCREENSHOTS says.
func expectScreenshot(t *testing.T, f *Firefox, name string) {
	t.Helper()
	if err := f.Resize(patient(t), 800, 600); err != nil {
		t.Fatal(err)
	}
	b, err := f.Screenshot(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil || img.Bounds().Dx() != 800 || img.Bounds().Dy() != 600 {
		t.Fatalf("%v, %d bytes", err, len(b))
	}
	colours := make(map[any]bool)
	for x := range 800 {
		for y := range 600 {
			colours[img.At(x, y)] = true
		}
	}
	if len(colours) < 3 {
		t.Errorf("the screenshot has %d colours", len(colours))
	}
	if dir := os.Getenv("FRAMEGATE_TEST_SCREENSHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Error(err)
		}
	}
}

// mse plays a file through Media Source Extensions and says what it shows.
const mse = `(async () => {
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await new Promise((resolve) => source.addEventListener('sourceopen', resolve, {once: true}));
  const buffer = source.addSourceBuffer('video/mp4; codecs="avc1.64001f"');
  buffer.appendBuffer(await (await fetch('/clip.mp4')).arrayBuffer());
  const shown = new Promise((resolve, reject) => {
    video.requestVideoFrameCallback(resolve);
    video.onerror = () => reject(video.error);
  });
  await video.play();
  await shown;
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0);
  const {data} = context.getImageData(0, 0, canvas.width, canvas.height);
  return {Width: video.videoWidth, Height: video.videoHeight, Colours: new Set(new Uint32Array(data.buffer)).size};
})()`

func TestFirefoxPlaysH264(t *testing.T) {
	clip := filepath.Join(t.TempDir(), "clip.mp4")
	ffmpeg := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=size=640x360:rate=25:duration=2",
		"-c:v", "libx264", "-profile:v", "high", "-level", "3.1", "-pix_fmt", "yuv420p", "-movflags", "empty_moov+default_base_moof+frag_keyframe", clip)
	if out, err := ffmpeg.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body>`))
	})
	mux.HandleFunc("/clip.mp4", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, clip) })
	server := httptest.NewServer(mux)
	defer server.Close()
	f := openFirefox(t)
	navigate(t, f, server.URL)
	if !evaluate[bool](t, f, `MediaSource.isTypeSupported('video/mp4; codecs="avc1.64001f"')`) {
		t.Fatal("this Firefox plays no H.264: is libavcodec installed?")
	}
	shown := evaluate[struct{ Width, Height, Colours int }](t, f, mse)
	if shown.Width != 640 || shown.Height != 360 || shown.Colours < 6 {
		t.Fatalf("it shows %+v", shown)
	}
	expectScreenshot(t, f, "mse.png")
}

// TestFirefoxSaysWhatGoesWrong also sees that nothing of a browser is left that
// ended by itself.
func TestFirefoxSaysWhatGoesWrong(t *testing.T) {
	server := httptest.NewServer(serveText("text/html", `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>x</title>`))
	defer server.Close()
	if _, err := FindFirefox(); err != nil {
		t.Skip(err) // the others say more
	}
	f, err := StartFirefox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	navigate(t, f, server.URL)
	for expression, want := range map[string]string{
		"nothing.here": "nothing is not defined",
		"Promise.reject(new Error('as expected'))": "as expected",
		"((": "SyntaxError",
	} {
		if err := f.Evaluate(patient(t), expression, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", expression, err)
		}
	}
	evaluate[any](t, f, "console.error('on the console'), console.log('no complaint'), setTimeout(() => { throw new Error('uncaught') })")
	evaluate[any](t, f, "new Promise((resolve) => setTimeout(resolve, 50))")
	deadline := patient(t)
	for said := ""; !strings.Contains(said, "on the console") || !strings.Contains(said, "uncaught"); {
		said = strings.Join(f.Complaints(), "\n")
		if strings.Contains(said, "no complaint") || deadline.Err() != nil {
			t.Fatal(said)
		}
		time.Sleep(time.Millisecond)
	}
	if err := f.Navigate(patient(t), "http://192.0.2.1/"); err == nil {
		t.Error("it went out to the network")
	}
	if err := f.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := f.Navigate(patient(t), server.URL); err == nil {
		t.Error("a browser that is gone navigates")
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
