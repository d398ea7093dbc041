package mp4

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// page plays streams by MSE, one after another, each in pieces as they would
// come over a WebSocket, and posts what became of it. A piece is an init
// segment, which has a type, or a fragment.
const page = `<!doctype html><title>MSE</title><video muted autoplay playsinline></video><script>
const video = document.querySelector('video');
const once = (target, ...names) => new Promise((resolve) =>
  names.forEach((name) => target.addEventListener(name, resolve, {once: true})));
const ranges = () => Array.from(video.buffered, (_, i) => [video.buffered.start(i), video.buffered.end(i)]);
const sizes = [];
video.addEventListener('resize', () => video.videoWidth && sizes.push(video.videoWidth + 'x' + video.videoHeight));
async function play(pieces) {
  const source = new MediaSource();
  const opened = once(source, 'sourceopen');
  video.src = URL.createObjectURL(source);
  sizes.length = 0;
  await opened;
  let buffer;
  let most = 0;
  for (const {type, data} of pieces) {
    if (type && !MediaSource.isTypeSupported(type)) throw new Error('unsupported: ' + type);
    if (type && !buffer) buffer = source.addSourceBuffer(type);
    else if (type) buffer.changeType(type);
    const done = once(buffer, 'updateend');
    buffer.appendBuffer(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)));
    await done;
    if (video.error) throw new Error(video.error.message);
    most = Math.max(most, video.buffered.length);
  }
  const end = video.buffered.end(0);
  video.playbackRate = 3;
  await video.play();
  while (video.currentTime < end - 0.5) { // what comes last stays in a decoder that waits for more
    if (video.error) throw new Error(video.error.message);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const live = video.duration === Infinity; // which the element knows a little after the buffer
  const {totalVideoFrames, droppedVideoFrames} = video.getVideoPlaybackQuality();
  return {ranges: ranges(), most, live, sizes, frames: totalVideoFrames, dropped: droppedVideoFrames};
}
(async () => {
  for (let n = 0; ; n++) {
    const next = await fetch('/pieces/' + n);
    if (!next.ok) return;
    const failed = (error) => ({error: String(error), ranges: ranges(), at: video.currentTime});
    const stuck = new Promise((resolve) => setTimeout(() => resolve(failed('it does not end')), 20000));
    const answer = await Promise.race([play(await next.json()).catch(failed), stuck]);
    await fetch('/answer', {method: 'POST', body: JSON.stringify(answer)});
  }
})();
</script>`

// answer is what the page found out.
type answer struct {
	Error   string
	Ranges  [][2]float64 // seconds
	Most    int          // ranges there were at any time
	Live    bool
	Sizes   []string
	Frames  int
	Dropped int
	At      float64
}

// piece is one message to the page.
type piece struct {
	Type string `json:"type,omitempty"`
	Data string `json:"data"`
}

// pieces writes frames as one viewer gets them: an init segment where the
// format changes, and a fragment each.
func pieces(t *testing.T, frames []media.Frame) (all []piece) {
	t.Helper()
	var m Muxer
	var format *media.Format
	for _, f := range frames {
		if f.Format != format {
			format = f.Format
			b, err := Init(format)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, piece{MIME(format), base64.StdEncoding.EncodeToString(b)})
		}
		all = append(all, piece{Data: base64.StdEncoding.EncodeToString(append(m.AppendHead(nil, f), f.Data...))})
	}
	return all
}

// show has a browser play streams, and gives what became of each.
func show(t *testing.T, open func(testing.TB, string), streams [][]media.Frame) <-chan answer {
	t.Helper()
	answers := make(chan answer, len(streams))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, page)
	})
	for n, frames := range streams {
		all := pieces(t, frames)
		mux.HandleFunc(fmt.Sprintf("GET /pieces/%d", n), func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(all)
		})
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
	open(t, server.URL)
	return answers
}

// checkPlayed checks that all was one range from the start to where the
// timeline ends, and nearly all of it was shown.
func checkPlayed(t *testing.T, a answer, frames []media.Frame) {
	t.Helper()
	if a.Error != "" {
		t.Fatalf("%s, at %v of %v", a.Error, a.At, a.Ranges)
	}
	all := place(t, frames)
	end, latest := 0.0, 0.0
	for _, f := range all {
		at := float64(int64(f.DecodeTime)+int64(f.Offset)) / Timescale
		end, latest = max(end, at+float64(f.Duration)/Timescale), max(latest, at)
	}
	if len(a.Ranges) != 1 {
		t.Errorf("%d ranges: %v", len(a.Ranges), a.Ranges)
	}
	if r := a.Ranges[0]; r[0] > 0.35 || r[1] < latest || r[1] > end+0.001 {
		t.Errorf("buffered %v, the timeline ends at %v", r, end)
	}
	if !a.Live {
		t.Error("it is not taken for a live stream")
	}
	if a.Frames < len(frames)/2 {
		t.Errorf("%d of %d frames were decoded", a.Frames, len(frames))
	}
	t.Logf("%d of %d frames, %d dropped, %v, sizes %v", a.Frames, len(frames), a.Dropped, a.Ranges, a.Sizes)
}

// interrupted gives streams as cameras interrupt them.
func interrupted(t *testing.T) map[string][]media.Frame {
	t.Helper()
	small := encode(t, "s=320x240:r=25:d=2", "-bf", "0", "-g", "25", "-profile:v", "baseline")
	large := encode(t, "s=640x360:r=30:d=1", "-bf", "3", "-b_strategy", "0", "-g", "30")
	again := encode(t, "s=320x240:r=25:d=1", "-bf", "0", "-g", "25", "-profile:v", "baseline")
	lost := slices.Delete(slices.Clone(small.frames), 10, 25) // up to a keyframe
	tree := encode(t, "s=320x240:r=25:d=3", "-bf", "3", "-b_strategy", "0", "-g", "25")
	return map[string][]media.Frame{
		"lost frames":           lost,
		"lost frames among B's": slices.Delete(slices.Clone(tree.frames), 18, 50),
		changing:                slices.Concat(lost, large.frames, again.frames),
	}
}

// changing is a stream that loses frames, then has another size and profile,
// B-frames, and media time that starts anew, and then the first ones again.
const changing = "another format, and back"

// uninterrupted gives streams of the kinds that decoders treat differently.
func uninterrupted(t *testing.T) map[string][]media.Frame {
	t.Helper()
	all := make(map[string][]media.Frame)
	for _, name := range []string{"zero latency", "slices", "B-frames", "B-frames, tree"} {
		all[name] = encode(t, encodings[name].source, encodings[name].options...).frames
	}
	b := encodings["B-frames"]
	all["unannounced B-frames"] = withoutRestriction(t, encode(t, b.source, b.options...)).frames
	references := withoutRestriction(t, encode(t, encodings["references"].source, encodings["references"].options...))
	low, ok := references.format.LowDelay()
	if !ok {
		t.Fatalf("% x", references.format.Config)
	}
	all["low-delay SPS"] = references.with(low).frames
	return all
}

func TestChromiumPlaysIt(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	testPlayed(t, camtest.OpenChromium, func(t *testing.T, a answer, reordered bool) {
		if a.Most != 1 {
			t.Errorf("%d ranges at one time", a.Most)
		}
	})
}

// TestFirefoxPlaysIt is like it. Firefox sees a range of its own in a frame
// that has come before others that are shown earlier, until they come.
func TestFirefoxPlaysIt(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	testPlayed(t, camtest.OpenFirefox, func(t *testing.T, a answer, reordered bool) {
		if a.Most != 1 && !reordered {
			t.Errorf("%d ranges at one time", a.Most)
		}
	})
}

func testPlayed(t *testing.T, open func(testing.TB, string), check func(*testing.T, answer, bool)) {
	all := uninterrupted(t)
	maps.Copy(all, interrupted(t))
	names := slices.Sorted(maps.Keys(all))
	var streams [][]media.Frame
	for _, name := range names {
		streams = append(streams, all[name])
	}
	answers := show(t, open, streams)
	for _, name := range names {
		select {
		case a := <-answers:
			t.Run(name, func(t *testing.T) {
				checkPlayed(t, a, all[name])
				check(t, a, slices.ContainsFunc(all[name], func(f media.Frame) bool { return Bidirectional(f.Data) }))
				if want := []string{"320x240", "640x360", "320x240"}; name == changing && !slices.Equal(a.Sizes, want) {
					t.Errorf("sizes %v, want %v", a.Sizes, want)
				}
			})
		case <-time.After(ceiling):
			t.Fatalf("%s: the browser gives no answer", name)
		}
	}
}
