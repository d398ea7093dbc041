package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
	"framegate/gateway/onvif/onviftest"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record/index"
)

// apart are the views whose journeys have gateways of their own.
var apart = []string{"encryption", "many", "notifications", "trouble", "welcome"}

// TestJourneys has people go through the app in Chromium, in a wide window by
// light and on a telephone by dark. Each view has its journeys in
// browsertest/app, and is a test of its own:
//
//	SCREENSHOTS=$PWD/.build/shots go test -run TestJourneys/login ./gateway/e2e/app
//
// FRAMEGATE_TEST_JOURNEYS, a regular expression, chooses among those of a view;
// FRAMEGATE_TEST_COLOURS=swapped has it dark and light the other way round.
func TestJourneys(t *testing.T) {
	t.Parallel()
	rig.NeedBrowser(t)
	rig.Need(t, "ffmpeg")
	files, err := filepath.Glob(rig.BrowserTests + "/app/*.mjs")
	if err != nil || len(files) < len(apart) {
		t.Fatal("no journeys", err)
	}
	h := openHouse(t)
	guide := startGuide(t)
	for _, file := range files {
		view := strings.TrimSuffix(filepath.Base(file), ".mjs")
		if slices.Contains(apart, view) {
			continue
		}
		t.Run(view, func(t *testing.T) { guide.lead(t, view, h.Guarded, rig.GoodPassword, h.deeds(t)) })
	}
}

// TestJourneysApart are those for which a gateway is new, stops, or has much to do;
// they are gone while others go through the house.
func TestJourneysApart(t *testing.T) {
	t.Parallel()
	rig.NeedBrowser(t)
	rig.Need(t, "ffmpeg")
	guide := startGuide(t)
	for _, view := range apart {
		t.Run(view, func(t *testing.T) {
			switch view {
			case "welcome": // which is for servers that are new
				fresh := rig.StartGuarded(t, "")
				guide.lead(t, view, fresh, fresh.Admin.Password, nil)
			case "encryption":
				for _, tls := range []string{"self-signed", certificateFiles(t)} {
					g := rig.StartGuarded(t, "tls: {mode: "+tls+"}")
					guide.lead(t, view, g, g.Admin.Password, nil)
				}
			case "trouble":
				own := openWorkshop(t)
				guide.lead(t, view, own.Guarded, rig.GoodPassword, own.deeds(t))
			case "notifications":
				guide.lead(t, view, openTold(t), rig.GoodPassword, nil)
			case "many":
				guide.lead(t, view, openCrowd(t), rig.GoodPassword, nil)
			}
		})
	}
}

// house is a gateway with a bit of everything that the app shows.
type house struct {
	*rig.Guarded
	configuration string
	phone         *rig.TimePublisher // while one is there
	seen          int                // of what it was told
	turning       *onviftest.Camera  // that is told to turn in place of away
}

// houseCameras are small, so that they cost little. The film was recorded two
// hours ago, and gate is recorded. Devices send JPEGs: by WebRTC they do in e2e/player.
const houseCameras = `
webrtc: {listen: off}
recordings: {dir: %q}
cameras:
  yard: {name: The yard, source: 'test:?width=160&height=120&fps=5'}
  gate: {name: Gate, source: 'test:?width=160&height=120&fps=5', record: {mode: continuous}}
  phone: {name: A phone, source: 'upload:'}
  away: {name: Away, source: 'http://127.0.0.1:%d/', keep: always}
  film: {name: Film, source: 'upload:', record: {mode: continuous}}
`

// people are the users besides the admin, all of whom have rig.GoodPassword, and
// what they may do.
var people = map[string][]string{
	"viewer":    {"view:yard", "view:film", "playback:film"},
	"publisher": {"publish:phone"},
	"nobody":    nil, // who may log in, and nothing else
}

func openHouse(t *testing.T) *house {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "recordings")
	film := tape.Film(t, time.Now().Add(-2*time.Hour).Truncate(time.Minute), "-bf", "0")
	tape.Sing(t, film)
	tape.Folder(t, folder, "film", film)
	giveReasons(t, folder, film)
	told := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(told.Close)
	h := &house{turning: (&onviftest.Camera{Username: "u", Password: "pw"}).Start(t)}
	turns := "username: u, password: pw, onvif: '" + h.turning.URL + "', keep: always"
	h.configuration = "notify: {webhooks: {ops: {url: '" + told.URL + "/secret'}}}\n" + strings.Replace(fmt.Sprintf(houseCameras, folder, rig.HeldPort(t)), "keep: always", turns, 1)
	h.Guarded = rig.StartGuarded(t, h.configuration)
	for name, grants := range people {
		h.AddUser(t, name, grants...)
	}
	h.Beside(t, "user", "passwd", h.Admin.Name, "--password-file", rig.PasswordFile(t, rig.GoodPassword))
	awaitRecordings(t, h.Guarded, "film", "gate")
	return h
}

// awaitRecordings waits until a gateway knows that something of cameras is recorded.
func awaitRecordings(t *testing.T, g *rig.Guarded, cameras ...string) {
	t.Helper()
	admin := g.AsAdmin(t)
	rig.Await(t, "recordings to be found", func() bool {
		for _, camera := range cameras {
			a := g.Get(t, "/api/v1/cameras/"+camera+"/segments?from=-3h&to=now", admin) // which is refused while they are looked through
			if !strings.Contains(string(a.Content), `"start"`) {
				return false
			}
		}
		return true
	})
}

// openCrowd starts a gateway with 16 cameras, which send JPEGs of 640x360, and of
// each of which a minute was recorded an hour ago. The last is asked for them, and has
// a sub-stream.
func openCrowd(t *testing.T) *rig.Guarded {
	pictures := rig.CameraPictures(t)
	asked := httptest.NewServer(showing(pictures))
	t.Cleanup(asked.Close)
	t.Cleanup(asked.CloseClientConnections)
	folder := filepath.Join(t.TempDir(), "recordings")
	film := []tape.Stretch{{Start: time.Now().Add(-time.Hour).Truncate(time.Minute), Frames: tape.Numbered(t, 1, 600, 96, 64, "-bf", "0")}}
	configuration := fmt.Sprintf("recordings: {dir: %q}\ncameras:\n", folder)
	var cameras []string
	for i := range 16 {
		name := fmt.Sprintf("c%02d", i)
		tape.Folder(t, folder, name, film)
		source := "source: 'upload:'"
		if i == 15 {
			source = fmt.Sprintf("source: '%s/main', sub: '%[1]s/sub'", asked.URL)
		} else {
			cameras = append(cameras, name)
		}
		configuration += fmt.Sprintf("  %s: {%s, record: %s}\n", name, source, rig.RecordedLater())
	}
	g := rig.StartGuarded(t, configuration)
	g.Beside(t, "user", "passwd", g.Admin.Name, "--password-file", rig.PasswordFile(t, rig.GoodPassword))
	awaitRecordings(t, g, append(cameras, "c15")...)
	rig.Feed(t, g.URL, g.AsAdmin(t), cameras, pictures)
	return g
}

// showing is a camera over HTTP that gives out ten pictures a second, at any address.
func showing(pictures [][]byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=b")
		tick := time.NewTicker(time.Second / 10)
		defer tick.Stop()
		for n := 0; r.Context().Err() == nil; n++ {
			fmt.Fprintf(w, "--b\r\nContent-Type: image/jpeg\r\n\r\n%s\r\n", pictures[n%len(pictures)])
			w.(http.Flusher).Flush()
			<-tick.C
		}
	}
}

// giveReasons says of each gap of a film why it is there, as the server does that
// recorded it.
func giveReasons(t *testing.T, folder string, film []tape.Stretch) {
	t.Helper()
	x, err := index.Open(t.Context(), filepath.Join(folder, "index.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	reasons := [tape.Gaps]string{"the camera was away", "the camera sent nothing", "framegate did not run", "full", "slow"}
	for i, reason := range reasons {
		gap := index.Gap{Camera: "film", From: film[i].Start.Add(6 * time.Second), To: film[i+1].Start, Reason: reason}
		if err := x.AddGap(t.Context(), gap); err != nil {
			t.Fatal(err)
		}
	}
}

// deeds are what journeys may have done to the gateway, by name.
func (h *house) deeds(t *testing.T) map[string]func() {
	t.Cleanup(h.hangUp) // so that each view begins alike
	return map[string]func(){
		"publish": func() {
			h.hangUp()
			h.phone = rig.PublishTimeAs(t, h.URL, "phone", h.AsAdmin(t)) // until the view ends
		},
		"hang up":                 h.hangUp,
		"see it turn left":        h.turned(t, "move -0.5 0 for PT1S", "stop"),
		"see it turn up":          h.turned(t, "move 0 0.5 for PT1S", "stop"),
		"see it zoom":             h.turned(t, "move zoom 0.5 for PT1S", "stop"),
		"see it go and forget":    h.turned(t, "home", "keep p", "go to p", "forget p"),
		"spoil the configuration": func() { h.configure(t, h.configuration+"nothing: like this\n") },
		"mend the configuration":  func() { h.configure(t, h.configuration) },
	}
}

var presetNumber = regexp.MustCompile(` p[0-9]+$`)

// turned gives what waits until the camera that turns was told these, in this order and with
// nothing else but the same again in between, since it was asked last.
func (h *house) turned(t *testing.T, wanted ...string) func() {
	return func() {
		rig.Await(t, "the camera to turn", func() bool {
			told := h.turning.Told()[h.seen:]
			var once []string
			for _, one := range told {
				one = presetNumber.ReplaceAllString(one, " p")
				if len(once) == 0 || once[len(once)-1] != one {
					once = append(once, one)
				}
			}
			if !slices.Equal(once, wanted) {
				return false
			}
			h.seen += len(told)
			return true
		})
	}
}

// hangUp ends what is sent to the camera phone.
func (h *house) hangUp() {
	if h.phone != nil {
		h.phone.Stop()
		h.phone = nil
	}
}

// configure has the file of the configuration hold another text.
func (h *house) configure(t *testing.T, text string) {
	if err := os.WriteFile(h.Config, []byte(text), 0o600); err != nil {
		t.Error(err)
	}
}
