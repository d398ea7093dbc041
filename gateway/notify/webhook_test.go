package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/api/events"
	"framegate/gateway/config"
	"framegate/gateway/secret"
)

// TestSignature is that of the standard's libraries, which all have this in their tests.
func TestSignature(t *testing.T) {
	h := make(http.Header)
	sign(h, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`), keyOf(t, testKey))
	if got := h.Get("webhook-signature"); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" || h.Get("webhook-timestamp") != "1614265330" || h.Get("webhook-id") != "msg_p5jXN8AQM9LWM0D4loKWxJek" {
		t.Errorf("%v", h)
	}
	h = make(http.Header)
	if sign(h, "a", time.Now(), nil, secret.Text{}); h.Get("webhook-signature") != "" {
		t.Error("something is signed without a key")
	}
}

// TestEveryEventCanBeTold: what a webhook can be configured to have is what the API's
// listeners hear, but for what is of one listener alone, and all of it is said in words.
func TestEveryEventCanBeTold(t *testing.T) {
	field, _ := reflect.TypeFor[events.Event]().FieldByName("Kind")
	for kind := range strings.SplitSeq(field.Tag.Get("enum"), ",") {
		can := slices.Contains(config.WebhookEvents(), kind)
		if others := slices.Contains([]string{events.Ready, events.Lost, events.LogAdded, events.PreferencesChanged}, kind); can == others {
			t.Errorf("%s can be told: %v", kind, can)
		}
		if can && sentences[kind] == "" {
			t.Errorf("%s is not said in words", kind)
		}
	}
}

// TestServersTellOnce what several see: the one that has the camera, and each what is its own.
func TestServersTellOnce(t *testing.T) {
	to := newReceiver(t, nil)
	r := newRig(t, config.Notify{Webhooks: []config.Webhook{hookTo("ops", to.URL)}})
	r.elsewhere.Store(&[]string{"front"})
	for _, kind := range ofAll {
		r.happens(kind, "front")
	}
	r.happens(events.TroubleBegan, "")
	r.happens(events.CameraOffline, "gate")
	wait(t, "two are told", func() bool { return len(to.told()) >= 2 })
	if told := to.told(); !slices.Equal(told, []string{"trouble_began ", "camera_offline gate"}) {
		t.Errorf("%q", told)
	}
}

// TestEventsAreDelivered: those that are wanted, in their order, signed, one at a time.
func TestEventsAreDelivered(t *testing.T) {
	all, some := newReceiver(t, nil), newReceiver(t, nil)
	one, two := hookTo("all", all.URL), hookTo("some", some.URL+"/x")
	one.Key, two.Cameras = keyOf(t, testKey), []string{"gate"}
	r := newRig(t, config.Notify{Address: "https://cams.example.org", Webhooks: []config.Webhook{one, two}})
	r.listeners.Tell(events.Event{Kind: events.CameraOffline, Camera: "front", At: time.Now().UTC(), Cause: "connection refused"})
	for i := range 20 {
		r.happens(events.CameraOnline, "front"+strconv.Itoa(i))
	}
	r.happens(events.CameraOnline, "gate")
	r.happens(events.CameraIdle, "gate") // which neither has
	r.listeners.Tell(events.Event{Kind: events.TroubleBegan, State: "disk", Reason: "full", At: time.Now().UTC()})
	wait(t, "all are delivered", func() bool { return len(all.deliveries()) == 23 && len(some.deliveries()) == 2 })
	if got := some.told(); !slices.Equal(got, []string{"camera_online gate", "trouble_began "}) {
		t.Errorf("some are told %q", got)
	}
	ids := make(map[string]bool)
	for i, d := range all.deliveries() {
		id, at := d.header.Get("webhook-id"), d.header.Get("webhook-timestamp")
		mac := hmac.New(sha256.New, []byte(one.Key.Reveal()))
		fmt.Fprintf(mac, "%s.%s.%s", id, at, d.content)
		if d.header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) || id != d.body.ID || ids[id] {
			t.Errorf("%d is signed badly: %v", i, d.header)
		}
		if seconds, err := strconv.ParseInt(at, 10, 64); err != nil || time.Since(time.Unix(seconds, 0)) > time.Minute {
			t.Errorf("%d is of %s", i, at)
		}
		ids[id] = true
	}
	told := all.deliveries()
	first, last := told[0].body, told[22].body
	if first.Text != "The front is offline: connection refused" || first.Link != "https://cams.example.org/camera/front" || first.Name != "The front" ||
		first.Data.Kind != "camera_offline" || first.Data.Reason != "connection refused" || first.Timestamp != first.Data.At || told[20].body.Data.Camera != "front19" {
		t.Errorf("%+v, %q", first, all.told())
	}
	if last.Text != "trouble with disk: full" || last.Link != "https://cams.example.org/" || all.most != 1 {
		t.Errorf("%+v; %d at a time", last, all.most)
	}
	wait(t, "all are counted", func() bool { return r.Counts()[0] == (Count{Kind: "webhook", Delivered: 25}) })
	wait(t, "it is fine", func() bool { return r.statusOf("all").State == Fine })
	if s := r.statusOf("all"); s.State != Fine || s.Delivered.IsZero() || s.Error != "" || s.Lost != 0 {
		t.Errorf("%+v", s)
	}
}

// TestWhatIsTriedAgain, with the same id, and what is not, which the next delivery tells.
func TestWhatIsTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		again  bool
	}{
		"too many": {429, true}, "in maintenance": {503, true}, "bad gateway": {502, true}, "gateway timeout": {504, true}, "broken": {500, true}, "too slow": {408, true},
		"not found": {404, false}, "forbidden": {403, false}, "elsewhere": {307, false}, "moved": {301, false}, "bad": {400, false},
	} {
		t.Run(name, func(t *testing.T) {
			var elsewhere atomic.Int32
			other := newReceiver(t, func(int, http.ResponseWriter) { elsewhere.Add(1) })
			to := newReceiver(t, func(n int, w http.ResponseWriter) {
				if n < 3 {
					w.Header().Set("Location", other.URL)
					w.WriteHeader(c.status)
				}
			})
			r := newRig(t, config.Notify{Webhooks: []config.Webhook{hookTo("ops", to.URL)}})
			for i := range 4 {
				r.happens(events.CameraOnline, strconv.Itoa(i))
			}
			want, lost := []string{"0", "0", "0", "0", "1", "2", "3"}, 0
			if !c.again {
				want, lost = []string{"0", "1", "2", "3"}, 3
			}
			wait(t, "the last is delivered", func() bool { return len(to.deliveries()) == len(want) && r.statusOf("ops").State == Fine })
			wait(t, "and that is logged", func() bool { return strings.Contains(r.log.String(), "webhook takes events again") })
			told := to.deliveries()
			for i, d := range told {
				if d.body.Data.Camera != want[i] || c.again && i < 4 && d.body.ID != told[0].body.ID {
					t.Errorf("delivery %d is of %s, %s", i, d.body.Data.Camera, d.body.ID)
				}
			}
			if told[len(told)-1].body.Lost != lost || r.Counts()[0].Failed != uint64(lost) || r.statusOf("ops").Lost != uint64(lost) || elsewhere.Load() != 0 {
				t.Errorf("%d are told to be lost, %+v, %+v; %d went elsewhere", told[len(told)-1].body.Lost, r.Counts(), r.statusOf("ops"), elsewhere.Load())
			}
			if s := r.statusOf("ops"); !strings.Contains(s.Error, strconv.Itoa(c.status)) || strings.Count(r.log.String(), "webhook takes no events") != 1 {
				t.Errorf("%+v\n%s", s, r.log)
			}
		})
	}
}

// TestOneThatFailsBlocksNoOthersForEver: a receiver that is there and fails with one event
// again and again gets the next.
func TestOneThatFailsBlocksNoOthersForEver(t *testing.T) {
	to := newReceiver(t, func(n int, w http.ResponseWriter) {
		if n < maxFaults {
			w.WriteHeader(500)
		}
	})
	r := newRig(t, config.Notify{Webhooks: []config.Webhook{hookTo("ops", to.URL)}})
	r.happens(events.CameraOnline, "poison")
	r.happens(events.CameraOnline, "front")
	wait(t, "the next is delivered", func() bool { return r.statusOf("ops").State == Fine })
	if told := to.told(); len(told) != maxFaults+1 || told[maxFaults] != "camera_online front" || to.deliveries()[maxFaults].body.Lost != 1 {
		t.Errorf("%q", told)
	}
}

// TestWhoWantsNothingAnyMoreGetsNothing, until it is configured anew.
func TestWhoWantsNothingAnyMoreGetsNothing(t *testing.T) {
	to := newReceiver(t, func(n int, w http.ResponseWriter) {
		if n == 0 {
			w.WriteHeader(http.StatusGone)
		}
	})
	ops := hookTo("ops", to.URL)
	r := newRig(t, config.Notify{Webhooks: []config.Webhook{ops}})
	r.happens(events.CameraOnline, "a")
	wait(t, "it is gone", func() bool { return r.statusOf("ops").State == Gone })
	r.happens(events.CameraOnline, "b")
	wait(t, "the next is dropped", func() bool { return r.statusOf("ops").Lost == 2 })
	ops.Key = keyOf(t, testKey)
	r.Apply(config.Notify{Webhooks: []config.Webhook{ops}})
	wait(t, "it is another", func() bool { return r.statusOf("ops").State == Waiting })
	r.happens(events.CameraOnline, "c")
	wait(t, "it is delivered", func() bool { return r.statusOf("ops").State == Fine })
	if got := to.told(); !slices.Equal(got, []string{"camera_online a", "camera_online c"}) || to.deliveries()[1].body.Lost != 2 {
		t.Errorf("%q, %d lost", got, to.deliveries()[1].body.Lost)
	}
}

// badPeers are receivers that do not do as they should, each by what it does with a
// connection.
var badPeers = map[string]func(net.Conn){
	"never answers": func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
	"hangs up":      func(net.Conn) {},
	"repeats": func(c net.Conn) {
		told := make([]byte, 4096)
		n, _ := c.Read(told)
		fmt.Fprintf(c, "%s\r\n", strings.ReplaceAll(string(told[:n]), "\r\n", " "))
	},
	"lies": func(c net.Conn) { fmt.Fprint(c, "220 mail.example.org ESMTP\r\n") },
	"endless head": func(c net.Conn) {
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\n")
		for {
			if _, err := fmt.Fprintf(c, "X: %s\r\n", strings.Repeat("x", 1000)); err != nil {
				return
			}
		}
	},
	"endless hints": func(c net.Conn) {
		for {
			if _, err := fmt.Fprint(c, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"); err != nil {
				return
			}
		}
	},
	"half a head": func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Le"); _, _ = io.Copy(io.Discard, c) },
}

// TestBadPeersCostOthersNothing: each is tried again and again, and the good one is told
// all meanwhile. It ends at once even so.
func TestBadPeersCostOthersNothing(t *testing.T) {
	good := newReceiver(t, nil)
	endless := newReceiver(t, func(_ int, w http.ResponseWriter) {
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	hooks := []config.Webhook{hookTo("good", good.URL), hookTo("endless", endless.URL), hookTo("gone", "http://u:canary@"+gone.Addr().String()+"/canary")}
	for name, does := range badPeers {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		t.Cleanup(func() { l.Close(); <-done })
		go func() { // ends with the listener
			defer close(done)
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() { defer c.Close(); does(c) }()
			}
		}()
		hooks = append(hooks, hookTo(strings.ReplaceAll(name, " ", "-"), "http://user:canary@"+l.Addr().String()+"/hook/canary-1?canary=canary-2"))
	}
	said := new(lockedBuffer)
	log.SetOutput(said) // where net/http says things in the words of others
	defer log.SetOutput(os.Stderr)
	r := newRig(t, config.Notify{Webhooks: hooks})
	for i := range 10 {
		r.happens(events.CameraOnline, strconv.Itoa(i))
	}
	wait(t, "the good one has all", func() bool { return len(good.deliveries()) == 10 })
	for _, name := range []string{"gone", "hangs-up", "lies", "repeats", "endless-head", "endless-hints"} {
		wait(t, name+" fails", func() bool { return r.statusOf(name).Error != "" })
	}
	wait(t, "who answers without an end has all", func() bool { return r.statusOf("endless").State == Fine && len(endless.deliveries()) == 10 })
	if s := r.statusOf("never-answers"); s.State != Waiting || s.Queued != 9 {
		t.Errorf("%+v", s)
	}
	r.end()
	if said.String() != "" {
		t.Errorf("net/http says %.200s", said)
	}
	if said := r.log.String() + fmt.Sprint(r.Status()); strings.Contains(said, "canary") || strings.Contains(said, base64.StdEncoding.EncodeToString([]byte("user:canary"))) || !strings.Contains(said, "<redacted>") {
		t.Errorf("what is secret is said: %s", said)
	}
}

// TestThoseOfTheAppAreGuarded: whoever was added in the app is asked about as it is dialled, also when it is
// tried, and one of the file is not.
func TestThoseOfTheAppAreGuarded(t *testing.T) {
	refused := errors.New("nobody may be there")
	guard := Guard(func(network, address string, _ syscall.RawConn) error {
		if strings.HasPrefix(network, "tcp") && strings.HasPrefix(address, "127.0.0.1:") {
			return refused
		}
		return nil
	})
	to := newReceiver(t, nil)
	broker := newRealBroker(t, nil)
	of := func(added bool) config.Notify {
		w := hookTo("a", to.URL)
		w.Added = added
		c := toldAt(broker.address)
		c.Webhooks, c.MQTT.Added = []config.Webhook{w}, added
		return c
	}
	for who, err := range Try(t.Context(), of(true), guard) {
		if err == nil || !strings.Contains(err.Error(), refused.Error()) {
			t.Errorf("%s: %v", who.Kind, err)
		}
	}
	if got := len(to.deliveries()); got != 0 {
		t.Errorf("it was told %d times", got)
	}
	for who, err := range Try(t.Context(), of(false), guard) {
		if err != nil {
			t.Errorf("of the file, %s: %v", who.Kind, err)
		}
	}
	r := newRig(t, config.Notify{})
	r.options.Guard = guard
	r.Apply(of(true))
	wait(t, "it follows", func() bool { return r.followed() == 1 && len(r.Status()) == 2 })
	r.happens(events.CameraOnline, "front")
	r.show(present())
	wait(t, "both fail", func() bool {
		all := r.Status()
		return all[0].State == Failing && all[1].State == Failing && strings.Contains(all[0].Error, refused.Error()) && strings.Contains(all[1].Error, refused.Error())
	})
	r.Apply(of(false))
	wait(t, "the same of the file is told", func() bool {
		all := r.Status()
		return len(all) == 2 && all[0].State == Fine && all[1].State == Fine
	})
}

// TestNobodyIsWaitedForForEver, whatever part of an answer has come.
func TestNobodyIsWaitedForForEver(t *testing.T) {
	for name, answer := range map[string]string{"nothing": "", "half a head": "HTTP/1.1 200 OK\r\nContent-Le", "head": "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 10\r\n\r\n"} {
		synctest.Test(t, func(t *testing.T) {
			client := newClient(Guard(nil).dialer(false))
			ours, theirs := net.Pipe()
			client.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) { return ours, nil }
			go func() { // ends with the connection
				buf := make([]byte, 1<<16)
				if _, err := theirs.Read(buf); err != nil {
					return
				}
				_, _ = theirs.Write([]byte(answer))
				for {
					if _, err := theirs.Read(buf); err != nil {
						return
					}
				}
			}()
			begin := time.Now()
			err := post(context.Background(), client, hookTo("a", "http://a/canary"), testMessage())
			if took := time.Since(begin); took != deliveryTime || err == nil || name != "head" && err.Error() != "does not answer within 15s" {
				t.Errorf("%s: %v after %s", name, err, took)
			}
			client.CloseIdleConnections()
			ours.Close()
		})
	}
}

// TestOldestIsDropped where there is no room, and that is told.
func TestOldestIsDropped(t *testing.T) {
	free := make(chan struct{})
	to := newReceiver(t, func(n int, _ http.ResponseWriter) {
		if n == 0 {
			<-free
		}
	})
	r := newRig(t, config.Notify{Webhooks: []config.Webhook{hookTo("ops", to.URL)}})
	r.happens(events.CameraOnline, "first")
	wait(t, "the first is under way", func() bool { return len(to.deliveries()) == 1 })
	for i := range maxQueued + 5 {
		r.happens(events.CameraOnline, strconv.Itoa(i))
		wait(t, "it waits", func() bool { s := r.statusOf("ops"); return s.Queued+int(s.Lost) == i+1 })
	}
	close(free)
	wait(t, "all are delivered", func() bool { return len(to.deliveries()) == 1+maxQueued })
	told := to.deliveries()
	if told[1].body.Data.Camera != "5" || told[1].body.Lost != 5 || told[2].body.Lost != 0 || told[maxQueued].body.Data.Camera != strconv.Itoa(maxQueued+4) {
		t.Errorf("the second is %s, and tells that %d are lost", told[1].body.Data.Camera, told[1].body.Lost)
	}
	if c := r.Counts()[0]; c.Dropped != 5 {
		t.Errorf("%+v", c)
	}
}

// TestAnotherConfigurationWhileItIsTried: what waits goes to the new address.
func TestAnotherConfigurationWhileItIsTried(t *testing.T) {
	bad, good := newReceiver(t, func(_ int, w http.ResponseWriter) { w.WriteHeader(503) }), newReceiver(t, nil)
	r := newRig(t, config.Notify{Webhooks: []config.Webhook{hookTo("ops", bad.URL), hookTo("stays", good.URL+"/stays")}})
	r.happens(events.CameraOnline, "a")
	r.happens(events.CameraOnline, "b")
	wait(t, "it fails", func() bool { return r.statusOf("ops").State == Failing })
	r.Apply(config.Notify{Webhooks: []config.Webhook{hookTo("stays", good.URL+"/stays"), hookTo("ops", good.URL)}})
	wait(t, "both have all", func() bool { return len(good.deliveries()) == 4 && r.statusOf("ops").State == Fine })
	if r.followed() != 1 || r.statusOf("stays").State != Fine {
		t.Errorf("follows %d times; %+v", r.followed(), r.Status())
	}
	r.Apply(config.Notify{})
	wait(t, "there is none", func() bool { return len(r.Status()) == 0 })
	n := len(bad.deliveries())
	r.Apply(config.Notify{Webhooks: []config.Webhook{hookTo("ops", good.URL)}})
	wait(t, "it follows anew", func() bool { return r.followed() == 2 })
	r.happens(events.CameraOnline, "c")
	wait(t, "it is told", func() bool { return len(good.deliveries()) == 5 })
	if len(bad.deliveries()) != n {
		t.Error("who is not configured any more is told")
	}
}

// TestWhatHappensAfterApplyIsTold to who is new then, though both are seen at once.
func TestWhatHappensAfterApplyIsTold(t *testing.T) {
	to := newReceiver(t, nil)
	r := newRig(t, config.Notify{Webhooks: []config.Webhook{hookTo("old", to.URL)}})
	busy, on := make(chan bool), make(chan bool)
	r.options.Name = func(camera string) string {
		if camera == "long" {
			busy <- true
			<-on
		}
		return camera
	}
	for n := range 30 {
		camera := fmt.Sprint("c", n)
		r.happens(events.CameraOnline, "long")
		<-busy
		r.Apply(config.Notify{Webhooks: []config.Webhook{hookTo(camera, to.URL)}})
		r.happens(events.CameraOnline, camera)
		on <- true
		wait(t, camera+" is told", func() bool { return slices.Contains(to.told(), "camera_online "+camera) })
	}
}

// TestNothingRunsUnlessConfigured: nobody follows what happens.
func TestNothingRunsUnlessConfigured(t *testing.T) {
	r := newRig(t, config.Notify{})
	r.Apply(config.Notify{})
	r.happens(events.CameraOnline, "a")
	if r.end(); r.followed() != 0 || len(r.Status()) != 0 {
		t.Errorf("%d follow", r.followed())
	}
}

// TestTroubleIsWhatLasts.
func TestTroubleIsWhatLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Options{})
		h := n.newHook(hookTo("ops", "http://a/"), nil)
		n.options.Log = slog.New(slog.DiscardHandler)
		n.hooks = []*hook{h}
		h.failed(errors.New("answers 503"))
		if _, is := n.Trouble(); is {
			t.Error("it is a trouble at once")
		}
		time.Sleep(troublesome)
		h.failed(errors.New("answers 503"))
		if s, is := n.Trouble(); !is || s.Name != "ops" || s.Error != "answers 503" {
			t.Errorf("%+v, %v", s, is)
		}
		if h.delivered(); n.Status()[0].State != Fine {
			t.Error("it is not fine")
		}
		if _, is := n.Trouble(); is {
			t.Error("it does not end")
		}
	})
}

// TestPausesGrow, to their most, and none are alike.
func TestPausesGrow(t *testing.T) {
	for failures, most := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 20: maxPause, 1 << 30: maxPause} {
		seen := make(map[time.Duration]bool)
		for range 100 {
			p := backoff(failures)
			seen[p] = true
			if p < most/2 || p > most {
				t.Errorf("%s after %d", p, failures)
			}
		}
		if len(seen) < 10 {
			t.Errorf("only %d pauses after %d", len(seen), failures)
		}
	}
}

// TestRetryAfter in both forms, and what is none.
func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "5": 5 * time.Second, "0": 0, "-5": 0, "86400": maxWait, "99999999999999": 0, "soon": 0,
		"Mon, 30 Nov 2026 00:00:30 GMT": 30 * time.Second, "Mon, 30 Nov 2020 00:00:30 GMT": 0, "Tue, 30 Nov 2027 00:00:30 GMT": maxWait,
	} {
		if got := waitOf(text, now); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	var f failure
	if !errors.As(judge(503, "7", now), &f) || f.wait != 7*time.Second || f.final || f.fault {
		t.Errorf("%+v", f)
	}
}

// FuzzAnswer reads any bytes as the answer of a receiver. The address is in no error.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx", "HTTP/1.1 503 \x1b[31m\r\nRetry-After: 5\r\n\r\n", "HTTP/1.1 301 Moved\r\nLocation: http://b/\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: canary\r\n\r\n", "\x16\x03\x01", "PRI * HTTP/2.0\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		client := newClient(Guard(nil).dialer(false))
		ours, theirs := net.Pipe()
		client.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) { return ours, nil }
		done := make(chan struct{})
		go func() { // ends with the connection
			defer close(done)
			buf := make([]byte, 1<<16)
			if _, err := theirs.Read(buf); err == nil {
				_, _ = theirs.Write(answer)
			}
			theirs.Close()
		}()
		err := post(t.Context(), client, hookTo("a", "http://user:credential@a.example/hidden-path"), testMessage())
		if err != nil && (strings.Contains(err.Error(), "hidden-path") || strings.Contains(err.Error(), "credential") || strings.ContainsAny(err.Error(), "\x1b\n\r")) && !strings.Contains(string(answer), "hidden-path") {
			t.Errorf("%q", err)
		}
		client.CloseIdleConnections()
		ours.Close()
		<-done
	})
}
