package player

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"framegate/gateway/browsertest"
	"framegate/gateway/e2e/rig"
)

// paintInPage keeps players from having a worker paint, of which Firefox reads a
// canvas in the page by waiting for it up to ten seconds, each time.
const paintInPage = "delete HTMLCanvasElement.prototype.transferControlToOffscreen"

// TestPlayerInFirefox has another browser show pictures in every way but img:
// what Firefox draws of an endless image on a canvas is not what it shows.
func TestPlayerInFirefox(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg")
	rig.NeedFirefox(t)
	s := filmed(t)
	rig.PublishTime(t, s.URL, "phone")
	inPage, err := os.ReadFile(rig.BrowserTests + "/inpage.js")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*rig.Ceiling)
	defer cancel()
	firefox, err := browsertest.StartFirefox(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer firefox.Close()
	evaluate := func(expression string, result any) {
		t.Helper()
		if err := firefox.Evaluate(ctx, expression, result); err != nil {
			var told string
			late, cancel := context.WithTimeout(context.Background(), rig.Ceiling)
			defer cancel()
			if err := firefox.Evaluate(late, "told()", &told); err != nil {
				told = err.Error()
			}
			t.Fatalf("%s: %v; %s; it complains: %q", expression, err, told, firefox.Complaints())
		}
	}
	if err := firefox.Navigate(ctx, s.URL+"/demo/player.html?camera=phone&mode=img"); err != nil {
		t.Fatal(err)
	}
	evaluate(paintInPage, nil)
	evaluate("document.querySelector('framegate-player').remove()", nil)
	evaluate("(() => {"+string(inPage)+"})()", nil)
	for n, mode := range []string{"mse", "webcodecs", "jpeg"} {
		evaluate(fmt.Sprintf("(add({src: '/live/phone', mode: %q}), player(%d).scrollIntoView())", mode, n), nil)
		var shown struct {
			State, ActiveMode string
			DelayMs           *float64
		}
		evaluate(fmt.Sprintf("moved(%d, 15).then(() => live(%[1]d)).then(() => (({state, activeMode, delayMs}) => ({state, activeMode, delayMs}))(player(%[1]d)))", n), &shown)
		if shown.State != "live" || shown.ActiveMode != mode {
			t.Errorf("%s is %s, shown by %s", mode, shown.State, shown.ActiveMode)
		}
		if shown.DelayMs != nil {
			t.Logf("%s: %.0f ms", mode, *shown.DelayMs)
		}
	}
	byWebRTC(t, evaluate)
	for range 8 { // what it had of a place is partly thrown away when somebody comes back to it
		evaluate("(player(0).style.display = 'none', idle(0))", nil)
		evaluate("(player(0).style.display = '', player(0).scrollIntoView(), live(0).then(() => moved(0, 3)).then(() => 0))", nil)
	}
	for n, mode := range []string{"mse", "webcodecs", "jpeg"} { // as Chromium is told to, in player.mjs
		var state string
		evaluate(fmt.Sprintf("(player(%d).scrollIntoView(), live(%[1]d).then(() => looks(%[1]d, () => Date.now() - 3000, () => Date.now() - 4000, 3000)).then(() => player(%[1]d).state))", n), &state)
		if state != "playback" {
			t.Errorf("%s is %s when it shows the past", mode, state)
		}
		evaluate(fmt.Sprintf("(player(%d).live(), live(%[1]d).then(() => shows(%[1]d, Date.now() - 1000, 60000)))", n), nil)
	}
	evaluate("add({src: '/live/film', poster: 'none', mode: 'mse'}, {src: '/live/film', poster: 'none', mode: 'webcodecs'})", nil)
	evaluate("([3, 4].forEach((n) => (player(n).style.width = '160px')), player(3).scrollIntoView(), Promise.all([lookBack(3), lookBack(4)]))", nil) // both are in view
	evaluate("(add({src: '/live/reordered', poster: 'none', mode: 'webcodecs'}), player(5).scrollIntoView(), lookAt(5, 3, 0, 5, 1))", nil)
	var clip []int
	evaluate(fmt.Sprintf("filmed('/live/film/recording.mp4?%s&start=keyframe', [2.35, 31.05, 7.05])", filmSpan), &clip)
	if want := []int{34, 321, 81}; !slices.Equal(clip, want) { // it begins with the keyframe, 11, and has 50 pictures of the first stretch
		t.Errorf("of a clip it shows %v, want %v", clip, want)
	}
	evaluate("overGaps()", nil)
	for _, mode := range []string{"webcodecs", "jpeg"} { // painted in a worker
		if err := firefox.Navigate(ctx, s.URL+"/demo/player.html?camera=phone&mode="+mode); err != nil {
			t.Fatal(err)
		}
		evaluate(`(async () => {
			const player = document.querySelector('framegate-player');
			while (!(player.state === 'live' && player.measure?.shown >= 15)) await new Promise((resolve) => setTimeout(resolve, 50));
		})()`, nil)
	}
	// A connection that is given up before it is there is one, since the player went
	// out of sight again.
	complaints := slices.DeleteFunc(firefox.Complaints(), func(text string) bool { return strings.Contains(text, "establish a connection") })
	if len(complaints) > 0 {
		t.Errorf("it complains: %q", complaints)
	}
}

// byWebRTC has Firefox show the phone by WebRTC. Its H.264 is a program that it loads
// from elsewhere, which is not there in every place; then it says so.
func byWebRTC(t *testing.T, evaluate func(expression string, result any)) {
	t.Helper()
	var has bool
	evaluate(`(async () => {
		const peer = new RTCPeerConnection();
		peer.addTransceiver('video', { direction: 'recvonly' });
		const { sdp } = await peer.createOffer();
		peer.close();
		return /H264\/90000/.test(sdp);
	})()`, &has)
	var told string
	evaluate(`(async () => {
		const player = document.createElement('framegate-player');
		player.mode = 'webrtc';
		player.src = '/live/phone';
		document.body.prepend(player);
		player.scrollIntoView();
		watch(player);
		while (!player.words.includes('H.264') && !(player.state === 'live' && player.seen.length > 10)) await new Promise((resolve) => setTimeout(resolve, 50));
		player.remove();
		return JSON.stringify([player.words, player.activeMode, player.seen.slice(-3), player.measure]);
	})()`, &told)
	t.Logf("WebRTC, with H.264 %v: %s", has, told)
	if shown := strings.Contains(told, `"Live","webrtc"`); shown != has {
		t.Errorf("it offers H.264: %v, and is shown: %v", has, shown)
	}
}

// TestSoundInFirefox has another browser hear a camera in step with its pictures.
// The clock of what it plays on there is wrong by several percent, which no device's
// is, so that it leaps now and then; by an audio element, which does not, it is only
// heard.
func TestSoundInFirefox(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg")
	rig.NeedFirefox(t)
	url, _ := withBeeps(t)
	hear, err := os.ReadFile(rig.BrowserTests + "/hear.js")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*rig.Ceiling)
	defer cancel()
	firefox, err := browsertest.StartFirefox(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer firefox.Close()
	for _, way := range []struct{ name, before, wanted string }{
		{"worklet", "", "behind(player, 20).filter((ms) => Math.abs(ms) <= 150).length >= 10"},
		{"element", "delete window.AudioDecoder", "Number.isFinite(player.measure?.soundMs)"},
	} {
		if err := firefox.Navigate(ctx, url+"/demo/player.html?camera=beeps&poster=none"); err != nil {
			t.Fatal(err)
		}
		var heard string
		err := firefox.Evaluate(ctx, fmt.Sprintf(`(async () => {
			%s; %s; {%s}
			const until = async (so) => { while (!so()) await new Promise((resolve) => setTimeout(resolve, 50)); };
			const player = window.player = document.querySelector('framegate-player');
			see(player);
			await until(() => player.sound.available && player.state === 'live');
			player.muted = false;
			await until(() => player.sound.codec && %s);
			return JSON.stringify([player.sound, player.measure, behind(player, 20)]);
		})()`, paintInPage, way.before, hear, way.wanted), &heard)
		if err != nil || !strings.Contains(heard, `"codec":"aac"`) {
			var told string
			late, cancel := context.WithTimeout(context.Background(), rig.Ceiling)
			defer cancel()
			_ = firefox.Evaluate(late, "JSON.stringify([player.state, player.sound, player.measure, behind(player, 20)])", &told)
			t.Fatalf("%s: %q, %v; %s; it complains: %q", way.name, heard, err, told, firefox.Complaints())
		}
		t.Logf("%s: %s", way.name, heard)
	}
}

// TestBroadcastInFirefox has another browser be a camera, with sound.
func TestBroadcastInFirefox(t *testing.T) {
	t.Parallel()
	rig.NeedFirefox(t)
	s := rig.Start(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), 4*rig.Ceiling)
	defer cancel()
	firefox, err := browsertest.StartFirefox(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer firefox.Close()
	if err := firefox.Navigate(ctx, s.URL+"/broadcast/phone?width=320&height=240&fps=10&autostart=1"); err != nil {
		t.Fatal(err)
	}
	for _, expression := range []string{
		"document.querySelector('#status[data-state=live]')",
		"document.querySelector('.actions input[type=checkbox]').checked || document.querySelector('.actions input[type=checkbox]').click()", // is checked by the next look
		"document.getElementById('sound').textContent === 'Sound is sent.'",
		"Number(document.getElementById('sent').textContent) >= 3 && document.getElementById('by').textContent === 'WebSocket'",
		"await fetch('/api/v1/cameras/phone/status').then((answer) => answer.json()).then(({state, sound}) => state === 'online' && sound?.codec === 'opus' && sound.frames > 50)",
	} {
		if err := firefox.Await(ctx, expression); err != nil {
			t.Fatalf("%v; it complains: %q", err, firefox.Complaints())
		}
	}
	if complaints := firefox.Complaints(); len(complaints) > 0 {
		t.Errorf("it complains: %q", complaints)
	}
}
