package contract

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// TestContract holds every form that streams to what all of them promise,
// whole, from the camera to the viewer's socket: each picture that comes out
// is decoded, and its number read.
func TestContract(t *testing.T) {
	rig.Need(t, "ffmpeg")
	stories := make(map[string]func(*testing.T))
	for name, story := range map[string]func(*testing.T, outputForm){
		"slow viewer":          slowViewer,
		"viewer before camera": viewerBeforeCamera,
		"camera gone and back": cameraGoneAndBack,
		"shutdown":             shutdownOfViewers,
	} {
		for _, form := range outputForms {
			stories[name+", "+form.name] = func(t *testing.T) { story(t, form) }
		}
	}
	stories["snapshots"] = snapshots
	together(t, stories)
}

// TestContractIsOfEveryForm that the gateway names to who may see a camera.
func TestContractIsOfEveryForm(t *testing.T) {
	t.Parallel()
	s := rig.Start(t, "cameras: {front: {source: 'http://127.0.0.1:1/', record: {mode: continuous}}}")
	var camera struct{ Links map[string]string }
	if err := json.Unmarshal(s.Get(t, "/api/v1/cameras/front/status", rig.Credentials{}).Content, &camera); err != nil {
		t.Fatal(err)
	}
	held := map[string]bool{"/camera/front": true, "/live/front.jpg": true, "/live/front/recording.jpg": true, "/live/front/recording.mp4": true, "/live/front/recording.m3u8": true, "/live/front/recording.mjpeg": true, "/live/front/recording.sse": true, "/live/front/recording": true, "/live/front/thumbnail.jpg": true, "/live/front/whep": true} // a page, the story of snapshots, the past, and WebRTC, which has stories of its own (output/whep)
	for _, form := range outputForms {
		path, _, _ := strings.Cut(form.path, "?")
		held["/live/front"+path] = true
	}
	for name, address := range camera.Links {
		if !held[address] {
			t.Errorf("%s, %s, is held to nothing", name, address)
		}
		delete(held, address)
	}
	for address := range held {
		t.Errorf("there is no form at %s", address)
	}
}

// together tells stories at the same time, more of them than there are cores:
// most of the time they wait.
func together(t *testing.T, stories map[string]func(*testing.T)) {
	t.Helper()
	places := make(chan struct{}, 8)
	var telling sync.WaitGroup
	for name, story := range stories {
		telling.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			t.Run(name, story)
		})
	}
	telling.Wait()
}

// stage is a gateway with one camera, front.
func stage(t *testing.T, camera numbersCamera) *rig.Server {
	t.Helper()
	return rig.Start(t, fmt.Sprintf("cameras: {front: {source: '%s'}}", camera.source()))
}

// smallBuffer is the receive buffer of viewers that are slow, or the kernel
// would read for them.
const smallBuffer = 16 << 10

// showAll has a camera show a picture and all viewers get it.
func showAll(camera numbersCamera, viewers ...*spectator) int {
	n := camera.show()
	pace := time.Duration(0)
	for _, v := range viewers {
		v.expect(camera, n)
		pace = max(pace, v.form.pace)
	}
	time.Sleep(pace) // after it came: whatever held it up, the next is no closer
	return n
}

// slowViewer: one that takes a picture of four is never further behind than a
// bound, skips, and is told where the form can; the one beside it gets each,
// with the time when it was taken.
func slowViewer(t *testing.T, form outputForm) {
	const rounds, speed = 40, 4
	camera := form.camera(t)
	s := stage(t, camera)
	healthy := watchAs(t, s, form, 0)
	camera.awaitConnection()
	showAll(camera, healthy)
	slow := watchAs(t, s, form, smallBuffer)
	first, _ := slow.picture()
	before, newest, worst, missing, told := first.number, 0, 0, 0, 0
	for range rounds {
		for range speed {
			newest = showAll(camera, healthy)
		}
		seen, dropped := slow.picture()
		missing += seen.number - before - 1
		told += dropped
		before = seen.number
		worst = max(worst, newest-seen.number)
	}
	t.Logf("at most %d pictures behind, %d of %d skipped", worst, missing, newest)
	if worst > form.bound {
		t.Errorf("the slow viewer was up to %d pictures behind", worst)
	}
	if missing < rounds*speed/2 {
		t.Errorf("of %d pictures it took one of %d and skipped only %d", newest, speed, missing)
	}
	if form.tells && told != missing {
		t.Errorf("it skipped %d and was told of %d", missing, told)
	}
	if slices.Contains(healthy.states, "offline") {
		t.Errorf("states %v", healthy.states)
	}
	healthy.develop()
	slow.develop()
	healthy.checkTimeline(camera)
}

// checkTimeline expects fragments to end when the camera's pictures were.
func (v *spectator) checkTimeline(camera numbersCamera) {
	c, ok := camera.(*filmCamera)
	if !ok {
		return
	}
	v.t.Helper()
	for _, r := range v.reels {
		for i, n := range r.numbers {
			want := int64(c.ticks(c.of(n)) - c.ticks(c.of(r.numbers[0])))
			if got := r.ends[i] - r.ends[0]; max(got-want, want-got) > 2 {
				v.t.Fatalf("%s: picture %d ends at %d ticks after the first, want %d", v.form.name, n, got, want)
			}
		}
	}
}

// viewerBeforeCamera: the response opens at once and waits, and shows the
// camera from its first picture on.
func viewerBeforeCamera(t *testing.T, form outputForm) {
	camera := form.camera(t)
	camera.leave()
	s := stage(t, camera)
	v := watchAs(t, s, form, 0) // returns with the response's head
	if form.states {
		awaitState(t, v, "offline")
	}
	awaitTries(t, camera, 2)
	camera.comeBack()
	camera.awaitConnection()
	for range 5 {
		showAll(camera, v)
	}
	if form.states {
		told := slices.DeleteFunc(v.states, func(s string) bool { return s != "online" })
		if len(told) != 1 {
			t.Errorf("it was told %d times that the camera is online", len(told))
		}
	}
	v.develop()
}

// awaitState reads until a viewer is told that the camera is in a state. There
// is no picture before.
func awaitState(t *testing.T, v *spectator, state string) {
	t.Helper()
	v.patient()
	for len(v.states) == 0 || v.states[len(v.states)-1] != state {
		if seen, err := v.next(); err != nil || seen.kind == "picture" {
			t.Fatalf("%s: waiting for %s: %+v, %v", v.form.name, state, seen, err)
		}
	}
}

// awaitTries waits until the gateway tried so often to connect.
func awaitTries(t *testing.T, camera numbersCamera, n int) {
	t.Helper()
	for began := time.Now(); camera.tries() < n; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > rig.Ceiling {
			t.Fatalf("it tried %d times to reach the camera", camera.tries())
		}
	}
}

// cameraGoneAndBack: while the camera is away nobody is shown its last picture
// as if it were the present; the connection goes on, and shows the camera
// again.
func cameraGoneAndBack(t *testing.T, form outputForm) {
	camera := form.camera(t)
	s := stage(t, camera)
	v := watchAs(t, s, form, 0)
	camera.awaitConnection()
	for range filmGOP + 3 {
		showAll(camera, v)
	}
	tries := camera.tries()
	camera.leave()
	switch {
	case form.states:
		awaitState(t, v, "offline")
	case form.stills:
		awaitStill(t, v)
	}
	awaitTries(t, camera, tries+2)
	late := watchAs(t, s, form, 0)
	camera.comeBack()
	camera.awaitConnection()
	n := camera.show()
	back, _ := v.picture()
	if back.number != n {
		t.Errorf("after the camera came back with picture %d, it showed %d", n, back.number)
	}
	if form.tells && !back.anew {
		t.Error("the first picture is not marked as one that does not follow")
	}
	v.seq = back.seq
	if there, _ := late.picture(); there.number != n {
		t.Errorf("who came while the camera was away was shown picture %d, not %d", there.number, n)
	}
	late.seq = back.seq
	time.Sleep(form.pace)
	for range 5 {
		showAll(camera, v, late)
	}
	if form.states && (v.states[len(v.states)-1] != "online" || !slices.Contains(v.states, "offline")) {
		t.Errorf("it was told %v", v.states)
	}
	v.develop()
	late.develop()
}

// awaitStill reads until there is a picture without a number, and another
// behind it: from then on the last picture is not shown again.
func awaitStill(t *testing.T, v *spectator) {
	t.Helper()
	v.patient()
	for stills := 0; stills < 2; {
		seen, err := v.next()
		switch {
		case err != nil:
			t.Fatal(err)
		case seen.kind == "still":
			stills++
		case stills > 0 || seen.number != v.last:
			t.Fatalf("picture %d after %d and %d stills", seen.number, v.last, stills)
		}
	}
}

// shutdownOfViewers: whoever reads gets all up to the end of a picture, and
// the end that belongs to the form; whoever does not hinders nobody.
func shutdownOfViewers(t *testing.T, form outputForm) {
	camera := form.camera(t)
	s := stage(t, camera)
	v := watchAs(t, s, form, 0)
	camera.awaitConnection()
	for range 5 {
		showAll(camera, v)
	}
	watchAs(t, s, form, smallBuffer) // and never read
	newest := 0
	for range filmGOP {
		newest = showAll(camera, v)
	}
	late := watchAs(t, s, form, 0)
	for late.last < newest { // so that nothing is left to take but the end
		late.picture()
	}
	for form.heard && late.sounds == 0 {
		showAll(camera, v)
		late.picture()
	}
	s.Stop()
	for _, viewer := range []*spectator{v, late} {
		viewer.patient()
		var err error
		for err == nil {
			_, err = viewer.next()
		}
		if fault := viewer.ended(err); fault != nil {
			t.Errorf("it ended with %v", fault)
		}
		viewer.develop()
	}
	s.End(t) // with status 0
}

// still is the answer to a request for a single picture.
type still struct {
	status  int
	body    []byte
	wall    time.Time
	arrived time.Time
	err     error
}

// snap asks for a picture of the camera front.
func snap(t *testing.T, s *rig.Server, query string) <-chan still {
	answered := make(chan still, 1)
	ctx, cancel := context.WithTimeout(t.Context(), rig.Ceiling)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/live/front.jpg"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() { // ends with ctx
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			answered <- still{err: err}
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		seconds, micros, _ := strings.Cut(response.Header.Get("X-Timestamp"), ".")
		at, _ := strconv.ParseInt(seconds+micros, 10, 64)
		answered <- still{response.StatusCode, body, time.UnixMicro(at), time.Now(), err}
	}()
	return answered
}

// expectPicture expects the answer to be picture n.
func (s still) expectPicture(t *testing.T, camera numbersCamera, n int) {
	t.Helper()
	if s.err != nil || s.status != http.StatusOK {
		t.Fatalf("status %d, %v: %.200s", s.status, s.err, s.body)
	}
	got, err := camtest.ReadJPEGNumber(s.body)
	if err != nil || got != n {
		t.Fatalf("picture %d, want %d: %v", got, n, err)
	}
	if err := camera.taken(n, s.wall, s.arrived); err != nil {
		t.Error(err)
	}
}

// expectNone expects the answer to be no picture.
func (s still) expectNone(t *testing.T, statuses ...int) {
	t.Helper()
	if s.err != nil || !slices.Contains(statuses, s.status) {
		t.Errorf("status %d, want one of %v: %v", s.status, statuses, s.err)
	}
}

// snapshots: one waits for the camera, never shows the past as
// the present unless it is asked to, and gives up when the gateway ends.
func snapshots(t *testing.T) {
	camera := newJPEGCamera(t)
	s := stage(t, camera)
	early := snap(t, s, "")
	camera.awaitConnection()
	camera.show()
	(<-early).expectPicture(t, camera, 1)

	watching := watchAs(t, s, outputForms[0], 0)
	watching.expect(camera, 1) // the newest, at once
	showAll(camera, watching)
	(<-snap(t, s, "")).expectPicture(t, camera, 2)
	(<-snap(t, s, "?max_age=1h")).expectPicture(t, camera, 2)

	tries := camera.tries()
	camera.leave()
	awaitStill(t, watching)
	awaitTries(t, camera, tries+1)
	(<-snap(t, s, "?max_age=1ms")).expectNone(t, http.StatusBadGateway, http.StatusGatewayTimeout)
	(<-snap(t, s, "?max_age=24h")).expectPicture(t, camera, 2)

	camera.comeBack()
	camera.awaitConnection()
	showAll(camera, watching)
	(<-snap(t, s, "")).expectPicture(t, camera, 3)

	silent := newJPEGCamera(t)
	s = stage(t, silent)
	waits := snap(t, s, "")
	silent.awaitConnection() // for it
	s.End(t)
	(<-waits).expectNone(t, http.StatusServiceUnavailable)
}

// TestEndWithStalledViewersOfAllForms: those that take no last word are waited
// for together, not one form after the other, so that the process is gone in
// time.
func TestEndWithStalledViewersOfAllForms(t *testing.T) {
	rig.Need(t, "ffmpeg")
	s, cameras := stageOfAll(t)
	healthy := make(map[numbersCamera]*spectator)
	for _, form := range outputForms {
		name := form.cameraName()
		camera := cameras[name]
		healthy[camera] = watchCamera(t, s, name, form, 0)
		watchCamera(t, s, name, form, smallBuffer) // and never reads
	}
	for camera := range healthy {
		camera.awaitConnection()
	}
	for range 100 { // more than the queues take
		for camera, v := range healthy {
			showAll(camera, v)
		}
	}
	s.EndInTime(t)
}

// TestEventsOfACameraThatNobodySendsTo say so, though the encoder that is to
// make them is ready.
func TestEventsOfACameraThatNobodySendsTo(t *testing.T) {
	t.Parallel()
	s := rig.Start(t, "cameras: {phone: {source: 'upload:'}}")
	for _, query := range []string{"", "?width=160", "?fps=30&quality=50"} {
		ctx, cancel := context.WithTimeout(t.Context(), rig.Ceiling)
		defer cancel()
		request, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/live/phone.sse"+query, nil)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		last := ""
		for !strings.Contains(last, `"offline","code":"away"`) {
			if !lines.Scan() {
				t.Fatalf("%q: it ends with %q, %v", query, last, lines.Err())
			}
			last = cmp.Or(lines.Text(), last)
		}
	}
}
