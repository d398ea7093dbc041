package live

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"framegate/gateway/browsertest"
	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// page has a player, and posts what it shows and what the browser says of a
// camera's H.265. With #claims it says at first that it plays the common kind.
const page = `<!doctype html><title>player</title><style>framegate-player { width: 320px }</style><script>
if (location.hash === '#claims') {
  const plays = MediaSource.isTypeSupported.bind(MediaSource);
  MediaSource.isTypeSupported = (type) => type.includes('hvc1.1.6.L120.B0') || plays(type);
}
</script><script type="module">
import '/framegate-player.js';
const codec = 'hvc1.1.6.L30.90';
const player = document.createElement('framegate-player');
const troubles = [];
player.addEventListener('framegate-error', ({detail}) => troubles.push(detail.message));
player.src = '/live/front';
document.body.append(player);
const decodes = typeof VideoDecoder === 'function' && await VideoDecoder.isConfigSupported({codec}).then(({supported}) => supported, () => false);
for (let i = 0; i < 600 && !(player.measure?.shown >= 10); i++) await new Promise((resolve) => setTimeout(resolve, 100));
const answer = {shown: player.measure?.shown ?? 0, mode: player.activeMode, words: player.words, troubles, plays: MediaSource.isTypeSupported('video/mp4; codecs="' + codec + '"'), decodes};
await fetch('/answer', {method: 'POST', body: JSON.stringify(answer)});
</script>`

// shown is what became of the page.
type shown struct {
	Shown       int
	Mode, Words string
	Troubles    []string
	Plays       bool // the camera's H.265, by Media Source Extensions
	Decodes     bool // by WebCodecs
}

// TestBrowsersShowH265 has browsers show a camera of H.265: as it comes where they
// say that they can decode it, and else what is encoded of it.
func TestBrowsersShowH265(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for name, open := range map[string]func(*testing.T, string){"Chromium": openChromium, "Firefox": openFirefox} {
		for _, claims := range []string{"", "#claims"} {
			t.Run(name+claims, func(t *testing.T) {
				t.Parallel()
				s := newSite(t, overTCP)
				s.repeat(s.attach(own), clipH265(t, 0, 30, 10, openGOP))
				s.repeat(s.attach(asH264), clip(t, 0, 20, 10, ""))
				got := s.visit(claims, open)
				watchers := s.hub.Watchers()
				want := media.H264
				if got.Plays || got.Decodes {
					want = media.H265
				}
				if got.Shown < 10 || len(watchers) != 1 || watchers[0].Codec != want {
					t.Errorf("%+v, of %v", got, watchers)
				}
				if failed := claims != "" && want == media.H264; (len(got.Troubles) > 0) != failed {
					t.Errorf("%+v", got)
				}
				t.Logf("%s by %s: %+v", want, got.Mode, got)
			})
		}
	}
}

// repeat has a camera give a clip again and again.
func (s *site) repeat(camera *camtest.Source, frames []media.Frame) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() { // ends with the test
		defer close(ended)
		tick := time.NewTicker(time.Second / clipFPS)
		defer tick.Stop()
		for n := 0; ; n++ {
			f := frames[n%len(frames)]
			f.PTS += time.Duration(n/len(frames)*len(frames)) * time.Second / clipFPS
			if !camera.GiveUnless(done, f) {
				return
			}
			<-tick.C
		}
	}()
	s.t.Cleanup(func() { close(done); <-ended })
}

// visit has a browser open the page, and gives what it posts.
func (s *site) visit(hash string, open func(*testing.T, string)) (got shown) {
	t := s.t.(*testing.T)
	answers := make(chan shown, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, page)
	})
	mux.HandleFunc("GET /live/", s.serve)
	mux.Handle("GET /", http.FileServer(http.Dir("../../../web/dist")))
	mux.HandleFunc("POST /answer", func(_ http.ResponseWriter, r *http.Request) {
		var a shown
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
			a.Words = err.Error()
		}
		answers <- a
	})
	server := httptest.NewServer(mux)
	t.Cleanup(func() { s.live.Close(); server.Close() })
	open(t, server.URL+"/"+hash)
	select {
	case got = <-answers:
	case <-time.After(5 * soon):
		t.Fatal("the browser gives no answer")
	}
	return got
}

func openChromium(t *testing.T, url string) { camtest.OpenChromium(t, url) }

func openFirefox(t *testing.T, url string) {
	camtest.Need(t, "firefox-esr")
	ctx, cancel := context.WithTimeout(t.Context(), 5*soon)
	t.Cleanup(cancel)
	firefox, err := browsertest.StartFirefox(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = firefox.Close() })
	if err := firefox.Navigate(ctx, url); err != nil {
		t.Fatal(err)
	}
}
