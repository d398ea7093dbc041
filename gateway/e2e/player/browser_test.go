package player

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"framegate/gateway/e2e/rig"
)

// jpegs is a gateway to which browsers send single pictures.
const jpegs = "webrtc: {listen: off}\n" + onePhone

const onePhone = "cameras: {phone: {source: 'upload:'}}"

// TestBrowser drives Chromium, with its fake camera, through the pages. The
// stories are in browsertest/drive.mjs.
func TestBrowser(t *testing.T) {
	t.Parallel()
	rig.NeedBrowser(t)
	for _, story := range []string{"moves", "reload", "replaced", "taken", "settings", "insecure", "microphone", "mute"} {
		t.Run(story, func(t *testing.T) {
			rig.Drive(t, "drive.mjs", story, rig.Start(t, jpegs).URL)
		})
	}
	t.Run("webrtc", func(t *testing.T) {
		rig.Drive(t, "drive.mjs", "webrtc", rig.Start(t, "webrtc: {listen: '127.0.0.1:0'}\n"+onePhone).URL)
	})
	t.Run("dead", func(t *testing.T) {
		relay, control := startFreezer(t, rig.Start(t, jpegs).URL)
		rig.Drive(t, "drive.mjs", "dead", relay, control)
	})
	t.Run("fallback", func(t *testing.T) {
		rig.Drive(t, "drive.mjs", "fallback", withoutWebSockets(t, rig.Start(t, jpegs).URL))
	})
}

// startFreezer relays TCP to a gateway, until it is told to freeze: then nothing
// comes through either way, and nobody hears of it. It gives the relay's address
// and that of its control, whose /freeze and /thaw say when.
func startFreezer(t *testing.T, gateway string) (relay, control string) {
	t.Helper()
	var flow sync.RWMutex // held by who writes; frozen, by nobody
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pipe := func(to, from net.Conn) {
		defer to.Close()
		for b := make([]byte, 32<<10); ; {
			n, err := from.Read(b)
			if err != nil {
				return
			}
			flow.RLock()
			_, err = to.Write(b[:n])
			flow.RUnlock()
			if err != nil {
				return
			}
		}
	}
	go func() { // ends with the listener
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", strings.TrimPrefix(gateway, "http://"))
			if err != nil {
				in.Close()
				continue
			}
			go pipe(in, out) // each ends with either connection
			go pipe(out, in)
		}
	}()
	var frozen atomic.Bool
	controls := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/freeze" && frozen.CompareAndSwap(false, true):
			flow.Lock()
		case r.URL.Path == "/thaw" && frozen.CompareAndSwap(true, false):
			flow.Unlock()
		}
	}))
	t.Cleanup(func() {
		if frozen.CompareAndSwap(true, false) {
			flow.Unlock()
		}
		controls.Close()
		l.Close()
	})
	return "http://" + l.Addr().String(), controls.URL
}

// withoutWebSockets is a proxy before a gateway that lets no WebSocket
// through, as those of some companies and hotels.
func withoutWebSockets(t *testing.T, gateway string) string {
	t.Helper()
	target, err := url.Parse(gateway)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
