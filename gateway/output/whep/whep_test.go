package whep

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"framegate/gateway/media"
	"framegate/gateway/rtc"
)

// TestPicturesComeByWebRTC: each before there is another, as it was, with the parameter
// sets before keyframes; over UDP, and over TCP.
func TestPicturesComeByWebRTC(t *testing.T) {
	for name, tcp := range map[string]bool{"UDP": false, "TCP": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			camera := s.attach(own)
			f := format264(t)
			camera.Give(pictures(f, 0, 1, 10)...)
			b := s.dial(offerOptions{tcp: tcp})
			for n := range 50 {
				frame := pictures(f, n, 1, 10+200*n)[0]
				if n > 0 { // which it begins with
					camera.Give(frame)
				}
				got := b.see(n, n+1)[0]
				want := 1
				if frame.Key {
					want = 3
				}
				if len(got.units) != want || !bytes.Equal(got.units[want-1], frame.Data[4:]) || frame.Key && !bytes.Equal(got.units[0], sps264) {
					t.Fatalf("picture %d is of %d units, want %d", n, len(got.units), want)
				}
			}
			await(t, "all are counted", func() bool {
				forms := s.hub.Forms()
				return len(forms) == 1 && forms[0].Form == Form && forms[0].Viewers == 1 && forms[0].Frames == 50
			})
		})
	}
}

// TestWhatIsLostComesAgain: of numbered pictures none is missing, though of their packets
// one of twenty is lost on the way, and others when they are sent again.
func TestWhatIsLostComesAgain(t *testing.T) {
	s := newSite(t)
	camera := s.attach(own)
	f := format264(t)
	camera.Give(pictures(f, 0, 1, 10)...)
	r := newRelay(t, func(n int) bool { return n%20 == 0 })
	b := s.dial(offerOptions{relay: r})
	b.see(0, 1)
	const all = 150
	for n := 1; n < all+10; n++ { // the last have nothing behind them that tells of a loss
		camera.Give(pictures(f, n, 1, 5000)...)
		time.Sleep(5 * time.Millisecond) // as cameras do
	}
	b.see(1, all)
	if lost := r.lost.Load(); lost < 20 {
		t.Errorf("%d packets were lost", lost)
	}
}

// TestWhoAsksForTheSameWithoutEnd is sent a packet again some times, and not for each time
// that it asks: it, or whom it names as itself, would be sent a hundred times as much.
func TestWhoAsksForTheSameWithoutEnd(t *testing.T) {
	s := newSite(t)
	camera := s.attach(own)
	f := format264(t)
	camera.Give(pictures(f, 0, 1, 10)...)
	var passed atomic.Int64
	b := s.dial(offerOptions{quiet: true, relay: newRelay(t, func(int) bool { passed.Add(1); return false })})
	b.see(0, 1)
	before := passed.Load()
	all := rtcp.NackPair{PacketID: uint16(b.newest.Load())}
	for range 100 {
		b.ask(&rtcp.TransportLayerNack{MediaSSRC: b.video.Load(), Nacks: []rtcp.NackPair{all, all, all, all}})
	}
	await(t, "it is sent again", func() bool { return passed.Load() >= before+mostAgain })
	for n := 1; n < 20; n++ {
		camera.Give(pictures(f, n, 1, 10)...)
		b.see(n, n+1)
	}
	if again := passed.Load() - before; again > 100 { // with all pictures and reports
		t.Errorf("%d packets come of one", again)
	}
}

// TestWhoJoinsGetsWhatThereIs since the newest keyframe, a moment apart, and what comes
// then as it is apart; and who asks for a keyframe gets that again, once a second.
func TestWhoJoinsGetsWhatThereIs(t *testing.T) {
	s := newSite(t)
	camera := s.attach(own)
	f := format264(t)
	camera.Give(pictures(f, 0, 8, 10)...)
	b := s.dial(offerOptions{})
	old := b.see(0, 8)
	camera.Give(pictures(f, 8, 1, 10)...)
	camera.Give(pictures(f, 9, 1, 10)...)
	all := append(old, b.see(8, 10)...)
	for i, p := range all[1:] {
		want := uint32(90) // ticks, also of the newest that there was, behind what is old
		if i+1 >= 8 {
			want = 3600
		}
		if got := p.timestamp - all[i].timestamp; got != want {
			t.Errorf("picture %d is %d ticks behind the one before, want %d", p.number, got, want)
		}
	}
	for range 20 {
		b.ask(&rtcp.PictureLossIndication{MediaSSRC: b.video.Load()})
	}
	again := b.see(0, 10)
	if again[0].timestamp <= all[9].timestamp {
		t.Error("time goes back")
	}
	camera.Give(pictures(f, 10, 1, 10)...)
	b.see(10, 11) // and not the same once more
}

// TestWhatIsAnswered to offers: the profile that is sent, else one that decodes it; sound
// where there is some, and an empty track where there is none.
func TestWhatIsAnswered(t *testing.T) {
	s := newSite(t)
	camera := s.attach(own)
	opus, err := media.OpusFormat(2)
	if err != nil {
		t.Fatal(err)
	}
	f := format264(t) // High
	camera.Give(pictures(f, 0, 1, 10)...)
	for _, c := range []struct {
		profiles []string
		sound    bool
		hears    bool // the camera has sound
		says     []string
		not      []string
	}{
		{[]string{"42001f", "42e01f", "64001f"}, false, false, []string{"a=rtpmap:102 H264/90000", "packetization-mode=1;profile-level-id=64001f", "a=sendonly", "a=ice-lite", "a=setup:passive", "typ host tcptype passive", "a=group:BUNDLE 0", " 127.0.0.1 ", "a=end-of-candidates"}, []string{"m=audio"}},
		{[]string{"42001f", "42e01f", "640c1f"}, true, false, []string{"profile-level-id=640c1f", "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n", "a=group:BUNDLE 0 1"}, []string{"opus"}},
		{[]string{"42001f", "42e01f"}, true, true, []string{"profile-level-id=42e01f", "level-asymmetry-allowed=1", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", "a=rtpmap:111 opus/48000/2"}, []string{"PCMU"}},
	} {
		if c.hears {
			camera.Give(media.Frame{Format: opus})
			await(t, "the sound is known", func() bool { return s.hub.Sounds(own).Format != nil })
		}
		b := s.begin(offerOptions{codecs: browser264(c.profiles...), sound: c.sound})
		for _, want := range c.says {
			if !strings.Contains(b.answer, want) {
				t.Errorf("%v: %q is not in the answer:\n%s", c.profiles, want, b.answer)
			}
		}
		for _, other := range c.not {
			if strings.Contains(b.answer, other) {
				t.Errorf("%v: %q is in the answer:\n%s", c.profiles, other, b.answer)
			}
		}
	}
}

// TestSoundComesAlong with the pictures that it belongs to.
func TestSoundComesAlong(t *testing.T) {
	s := newSite(t)
	camera := s.attach(own)
	f := format264(t)
	opus, err := media.OpusFormat(2)
	if err != nil {
		t.Fatal(err)
	}
	camera.Give(media.Frame{Format: opus})
	camera.Give(pictures(f, 0, 1, 10)...)
	b := s.dial(offerOptions{sound: true})
	b.see(0, 1)
	for n := 1; n < 30; n++ {
		camera.Give(media.Frame{Format: opus, PTS: time.Duration(n) * 20 * time.Millisecond, Data: []byte{0xFC, byte(n), 2}})
		if n%2 == 0 {
			camera.Give(pictures(f, n/2, 1, 10)...)
			b.see(n/2, n/2+1)
		}
	}
	var last byte
	for range 20 {
		p := next(t, "sound", b.sound)
		if p.PayloadType != 111 || len(p.Payload) != 3 || p.Payload[1] <= last {
			t.Fatalf("sound comes as %+v behind %d", p, last)
		}
		last = p.Payload[1]
	}
}

// TestCamerasThatBrowsersDoNotTake: those of JPEGs come as H.264, and so do those of
// H.265 that was not offered; of those that send pictures in another order than they are
// shown in what is encoded comes, from where that is seen on.
func TestCamerasThatBrowsersDoNotTake(t *testing.T) {
	hevc, err := media.H265Format(vps265, sps265, pps265)
	if err != nil {
		t.Fatal(err)
	}
	for name, frame := range map[string]media.Frame{
		"JPEG":  {Format: &media.Format{Codec: media.JPEG, Width: 64, Height: 64}, Key: true, Data: []byte{1}},
		"H.265": pictures(hevc, 0, 1, 10)[0],
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.attach(own).Give(frame)
			encoded := s.attach(asH264)
			b := s.dial(offerOptions{})
			encoded.Give(pictures(format264(t), 0, 3, 2000)...)
			b.see(0, 3)
		})
	}
	t.Run("reordered", func(t *testing.T) {
		s := newSite(t)
		camera, encoded := s.attach(own), s.attach(straight)
		f := format264(t)
		camera.Give(pictures(f, 0, 1, 10)...)
		b := s.dial(offerOptions{})
		b.see(0, 1)
		encoded.Give(pictures(f, 100, 1, 10)...)
		later := pictures(f, 1, 3, 10)
		later[1].PTS, later[2].PTS = later[2].PTS, later[1].PTS
		camera.Give(later...)
		b.see(1, 3)
		b.see(100, 101)
		encoded.Give(pictures(f, 101, 1, 10)...)
		b.see(101, 102)
	})
}

// TestH265ComesAsItIs to who offers it at the level that it has.
func TestH265IsAnsweredAtItsLevel(t *testing.T) {
	hevc, err := media.H265Format(vps265, sps265, pps265)
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	s.attach(own).Give(pictures(hevc, 0, 1, 10)...)
	for level, want := range map[string]string{"30": "a=rtpmap:98 H265/90000", "29": "a=rtpmap:100 H264/90000"} {
		codecs := append(browser264("42e01f"), webrtc.RTPCodecParameters{PayloadType: 98, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeH265, ClockRate: 90000, SDPFmtpLine: "level-id=" + level + ";profile-id=1;tier-flag=0;tx-mode=SRST",
		}})
		if b := s.begin(offerOptions{codecs: codecs}); !strings.Contains(b.answer, want) {
			t.Errorf("offered at level %s it is answered %s", level, b.answer)
		}
	}
}

// TestWhoLosesTooMuchIsShownLess after three seconds of reports that say so, and more again
// when next to nothing was missing for a while, which is longer each time in vain.
func TestWhoLosesTooMuchIsShownLess(t *testing.T) {
	now := time.Now()
	l := loss{clean: cleanTime}
	// pass has time go by, a report a second, until one has the viewer be shown another
	// rung, and gives after how long that is; 0: it is not.
	pass := func(lost, missing float64, atMost time.Duration) time.Duration {
		for begun := now; now.Sub(begun) < atMost; {
			now = now.Add(time.Second)
			less, more := l.note(lost, missing, now)
			switch {
			case less:
				l.lessened(now)
			case more:
				l.shownMore(now)
			default:
				continue
			}
			return now.Sub(begun)
		}
		return 0
	}
	for i, c := range []struct {
		lost, missing float64
		atMost, after time.Duration
		rung          int
	}{
		{0, 0, time.Hour, 0, 0},
		{0.05, 1, time.Hour, 0, 0}, // all of it comes when it is sent again
		{0.06, 0, 3 * time.Second, 0, 0},
		{0.05, 0, time.Second, 0, 0},
		{0.06, 0, time.Minute, 4 * time.Second, 1},
		{0.06, 0, time.Minute, 4 * time.Second, 2},
		{0, 0.03, time.Hour, 0, 2},
		{0, 0.02, time.Minute, 31 * time.Second, 1},
		{0, 0, time.Minute, 31 * time.Second, 0},
		{0.2, 0.2, time.Minute, 4 * time.Second, 1},
		{0.2, 0.2, time.Minute, 4 * time.Second, 2},
		{0, 0, time.Hour, 61 * time.Second, 1},
		{0.2, 0.2, time.Minute, 4 * time.Second, 2},
		{0, 0, time.Hour, 121 * time.Second, 1},
		{0, 0, time.Minute, 0, 1},
		{0.2, 0.2, time.Minute, 4 * time.Second, 2}, // later it is another line
		{0, 0, time.Hour, 31 * time.Second, 1},
	} {
		if got := pass(c.lost, c.missing, c.atMost); got != c.after || l.rung != c.rung {
			t.Errorf("step %d: rung %d after %v, want rung %d after %v", i, l.rung, got, c.rung, c.after)
		}
	}
	for range 20 {
		pass(0, 0, time.Hour)
		pass(1, 1, time.Hour)
	}
	if got := pass(0, 0, time.Hour); got != longestClean+time.Second {
		t.Errorf("it waits %v at most", got)
	}
}

// TestALineThatHeals: a client behind a relay that loses most packets is shown less, for as
// long as it does, and all when it does not any more.
func TestALineThatHeals(t *testing.T) {
	s := newSite(t)
	s.handler.options.Clean = time.Millisecond // between two reports
	camera, less := s.attach(own), s.attach(lesser)
	var lossy atomic.Bool
	const ofLess = 1 << 20
	f := format264(t)
	camera.Give(pictures(f, 0, 1, 10)...)
	less.Give(pictures(f, ofLess, 1, 10)...)
	b := s.dial(offerOptions{loses: true, relay: newRelay(t, func(n int) bool { return lossy.Load() && n%5 < 3 })})
	n := 1
	// until gives pictures of both streams until what comes is of one of them.
	until := func(what string, wanted func(number int) bool) {
		t.Helper()
		await(t, what, func() bool {
			camera.Give(pictures(f, n, 1, 10)...)
			less.Give(pictures(f, ofLess+n, 1, 10)...)
			n++
			for {
				select {
				case p := <-b.pictures:
					if wanted(p.number) {
						return true
					}
				default:
					return false
				}
			}
		})
	}
	lossy.Store(true)
	until("it is shown less", func(number int) bool { return number >= ofLess })
	shown := 0
	until("a hundred pictures", func(number int) bool {
		if shown++; number < ofLess {
			t.Fatal("it is shown more of what it loses")
		}
		return shown == 100
	})
	lossy.Store(false)
	until("it is shown more", func(number int) bool { return number < ofLess })
}

// TestWhatEndsAViewer: the end of its session, of its permission, of the camera, or of
// the server, or its own.
func TestWhatEndsAViewer(t *testing.T) {
	for name, end := range map[string]func(*site, *browser){
		"DELETE": func(s *site, b *browser) {
			if status := s.ask(http.MethodDelete, b.location, "", ""); status != http.StatusOK {
				s.t.Errorf("it is answered %d", status)
			}
			if status := s.ask(http.MethodDelete, b.location, "", ""); status != http.StatusOK && status != http.StatusTeapot {
				s.t.Errorf("again it is answered %d", status)
			}
		},
		"no permission": func(s *site, _ *browser) { s.end(errors.New("revoked")) },
		"camera gone":   func(s *site, _ *browser) { s.removed.Store(true); s.hub.Change(own.Camera) },
		"server":        func(s *site, _ *browser) { s.handler.Close() },
		"its own":       func(_ *site, b *browser) { b.pc.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			camera := s.attach(own)
			camera.Give(pictures(format264(t), 0, 1, 10)...)
			b := s.dial(offerOptions{})
			b.see(0, 1)
			end(s, b)
			await(t, "the viewer is gone", func() bool { return s.visits.Load() == 0 && s.port.Sessions() == 0 })
			if n := s.hub.Viewers(own.Camera); n != 0 {
				t.Errorf("%d viewers are counted", n)
			}
			next(t, "the other end hears of it", b.gone)
		})
	}
}

// ask makes a request of a session, and gives the status.
func (s *site) ask(method, path, kind, body string) int {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// TestRequestsThatAreRefused, in words; a storm of changes to a session changes nothing.
func TestRequestsThatAreRefused(t *testing.T) {
	s := newSite(t)
	s.attach(own).Give(pictures(format264(t), 0, 1, 10)...)
	good := s.offering(offerOptions{}).offer()
	for name, c := range map[string]struct{ offer, kind, says string }{
		"another type":    {good, "text/plain", rtc.ErrNotSDP.Error()},
		"no SDP":          {"<html>", "application/sdp", "it is no SDP"},
		"too large":       {good + strings.Repeat("a=x\r\n", 20000), "application/sdp", rtc.ErrTooLarge.Error()},
		"no fingerprint":  {strings.ReplaceAll(good, "a=fingerprint", "a=finger"), "application/sdp", "no fingerprint"},
		"no ICE":          {strings.ReplaceAll(good, "a=ice-ufrag", "a=ice"), "application/sdp", "no ice-ufrag"},
		"passive":         {strings.ReplaceAll(good, "a=setup:actpass", "a=setup:passive"), "application/sdp", "setup:passive"},
		"no H.264":        {strings.ReplaceAll(good, "H264", "VP8"), "application/sdp", ErrNoH264.Error()},
		"mode 0":          {strings.ReplaceAll(good, "packetization-mode=1", "packetization-mode=0"), "application/sdp", ErrNoH264.Error()},
		"it sends itself": {strings.ReplaceAll(good, "recvonly", "sendonly"), "application/sdp", ErrNoH264.Error()},
	} {
		if status, _, body := s.post(c.offer, c.kind); status != http.StatusTeapot || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	b := s.dial(offerOptions{})
	const fragment = "application/trickle-ice-sdpfrag"
	for range 200 {
		if status := s.ask(http.MethodPatch, b.location, fragment, "a=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n"); status != http.StatusNoContent {
			t.Fatalf("a candidate is answered %d", status)
		}
	}
	for name, c := range map[string][2]string{"restart": {fragment, "a=ice-ufrag:another\r\n"}, "no fragment": {"application/json", "{}"}} {
		if status := s.ask(http.MethodPatch, b.location, c[0], c[1]); status != http.StatusTeapot {
			t.Errorf("%s is answered %d", name, status)
		}
	}
	b.see(0, 1)
	if s.port.Sessions() != 1 {
		t.Errorf("there are %d sessions", s.port.Sessions())
	}
}
