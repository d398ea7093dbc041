package rtspcam

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/icholy/digest"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/stream"
)

const user, password = "viewer", `p:ä"\ss`

// guard is a camera's door.
type guard struct {
	challenges []string // %n is the nonce
	serves     int      // requests a nonce; 0 = all
	renews     string   // the request, as "SETUP", before which the nonce is outdated once
	stale      string   // what is added to challenges for an outdated nonce

	mu      sync.Mutex // guards what follows
	nonce   int
	used    int
	renewed bool
	refused []string // methods of requests that came with an outdated nonce
	wrong   []string // logins that are wrong
}

// answer lets a request in, or challenges who sent it.
func (g *guard) answer(r camtest.RTSPRequest, usual string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	sent := r.Header.Get("Authorization")
	nonce := fmt.Sprint("nonce", g.nonce)
	right, known := rightLogin(r, nonce)
	outdated := g.serves > 0 && g.used == g.serves || g.renews == r.Method && !g.renewed
	if right && !outdated {
		g.used++
		return usual
	}
	stale := ""
	switch {
	case right, sent != "" && !known && g.nonce > 0:
		g.refused = append(g.refused, r.Method)
		stale = g.stale
	case sent != "":
		g.wrong = append(g.wrong, sent)
	}
	if right {
		g.nonce, g.used = g.nonce+1, 0
		g.renewed = g.renewed || g.renews == r.Method
	}
	text := fmt.Sprintf("RTSP/1.0 401 Unauthorized\r\nCSeq: %s\r\n", r.Header.Get("CSeq"))
	for _, c := range g.challenges {
		text += "WWW-Authenticate: " + strings.ReplaceAll(c, "%n", fmt.Sprint("nonce", g.nonce)) + stale + "\r\n"
	}
	return text + "\r\n"
}

// rightLogin says whether a request's login is right, and of this nonce. It is
// computed without the library (RFC 2617, 3.2.2).
func rightLogin(r camtest.RTSPRequest, nonce string) (right, known bool) {
	if r.Header.Get("Authorization") == "Basic dmlld2VyOnA6w6QiXHNz" {
		return true, true
	}
	c, err := digest.ParseCredentials(r.Header.Get("Authorization"))
	if err != nil {
		return false, false
	}
	sum := func(parts ...string) string {
		h := md5.Sum([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(h[:])
	}
	secret := sum(user, c.Realm, password)
	if strings.HasSuffix(c.Algorithm, "-sess") {
		secret = sum(secret, c.Nonce, c.Cnonce)
	}
	response := sum(secret, c.Nonce, sum(r.Method, r.URL))
	if c.QOP != "" {
		response = sum(secret, c.Nonce, fmt.Sprintf("%08x", c.Nc), c.Cnonce, c.QOP, sum(r.Method, r.URL))
	}
	return c.Username == user && c.URI == r.URL && c.Nonce == nonce && c.Response == response, c.Nonce == nonce
}

// TestOddChallenges: each is answered, once.
func TestOddChallenges(t *testing.T) {
	groups := rtptest.JPEGPackets(t, 2)
	for name, challenges := range map[string][]string{
		"Basic":                      {`Basic realm="camera"`},
		"Basic, no realm":            {`Basic`},
		"basic in lower case":        {`basic realm=camera`},
		"Digest of RFC 2069":         {`Digest realm="camera", nonce="%n"`},
		"digest in lower case":       {`digest realm="camera", nonce="%n"`},
		"names in capitals":          {`DIGEST REALM="camera", NONCE="%n"`},
		"qop is required":            {`Digest realm="camera", nonce="%n", qop="auth"`},
		"qop without quotes":         {`Digest realm="camera", nonce="%n", qop=auth`},
		"qop of several":             {`Digest realm="camera", nonce="%n", qop="auth-int, auth"`},
		"MD5-sess":                   {`Digest realm="camera", nonce="%n", algorithm=MD5-sess, qop="auth"`},
		"an empty algorithm":         {`Digest realm="camera", nonce="%n", algorithm="", stale=FALSE`},
		"an empty one, no quotes":    {`Digest realm="camera", nonce="%n", algorithm=, stale="FALSE"`},
		"md5 in lower case":          {`Digest realm="camera", nonce="%n", algorithm="md5"`},
		"escaped quotes":             {`Digest realm="the \"front\" door", nonce="%n"`},
		"an escaped backslash":       {`Digest realm="a\\b", nonce="%n"`},
		"a comma in the realm":       {`Digest realm="a, b=c", nonce="%n"`},
		"no blanks":                  {`Digest realm="camera",nonce="%n",qop="auth"`},
		"blanks around =":            {`Digest realm = "camera" , nonce = "%n"`},
		"no quotes":                  {`Digest realm=camera, nonce=%n`},
		"an empty realm":             {`Digest realm="", nonce="%n"`},
		"no realm":                   {`Digest nonce="%n"`},
		"two lines":                  {`Basic realm="camera"`, `Digest realm="camera", nonce="%n"`},
		"two in one line":            {`Basic realm="camera", Digest realm="camera", nonce="%n"`},
		"two in one line, the other": {`Digest realm="camera", nonce="%n", Basic realm="camera"`},
		"others beside":              {`Negotiate`, `Digest realm="camera", nonce="%n", algorithm=SHA3-999`, `Digest realm="camera", nonce="%n"`},
		"opaque and a domain":        {`Digest realm="camera", domain="/", nonce="%n", opaque="o p"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everyWay(t, func(t *testing.T, options camtest.RTSPTextOptions, opt Options) {
				t.Parallel()
				g := &guard{challenges: challenges}
				options.Answer = g.answer
				camera := newTextCamera(t, options)
				opt.Username, opt.Password = user, password
				wantPlayed(t, camera, opt, copied(groups))
				if len(g.wrong) > 0 || len(askedWith(camera, "OPTIONS")) != 2 || len(askedWith(camera, "PLAY")) != 1 {
					t.Errorf("wrong logins: %q", g.wrong)
				}
			})
		})
	}
}

// TestNonceGoesStale: a nonce is replaced at any request, and the request made
// again.
func TestNonceGoesStale(t *testing.T) {
	groups := rtptest.JPEGPackets(t, 2)
	plain := []string{`Digest realm="camera", nonce="%n"`}
	for name, kind := range map[string]*guard{
		"at DESCRIBE":                  {challenges: plain, renews: "DESCRIBE", stale: ", stale=true"},
		"at SETUP":                     {challenges: plain, renews: "SETUP", stale: `, stale="TRUE"`},
		"at PLAY":                      {challenges: plain, renews: "PLAY", stale: ", stale=true"},
		"at PLAY, and nothing says so": {challenges: plain, renews: "PLAY"},
		"at every request":             {challenges: plain, serves: 1, stale: ", stale=true"},
		"at every request, unsaid":     {challenges: plain, serves: 1},
		"at every second, with qop":    {challenges: []string{`Digest realm="camera", nonce="%n", qop="auth"`}, serves: 2, stale: ", stale=true"},
		"with Basic beside":            {challenges: []string{`Digest realm="camera", nonce="%n"`, `Basic realm="camera"`}, serves: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everyWay(t, func(t *testing.T, options camtest.RTSPTextOptions, opt Options) {
				t.Parallel()
				g := &guard{challenges: kind.challenges, serves: kind.serves, renews: kind.renews, stale: kind.stale}
				options.Answer = g.answer
				opt.Username, opt.Password = user, password
				wantPlayed(t, newTextCamera(t, options), opt, copied(groups))
				if len(g.wrong) > 0 || len(g.refused) == 0 {
					t.Errorf("wrong: %q, outdated at %q", g.wrong, g.refused)
				}
			})
		})
	}
}

// TestNonceGoesStaleWhilePlaying: a keep-alive is renewed like any other, and
// one that is refused for good ends nothing.
func TestNonceGoesStaleWhilePlaying(t *testing.T) {
	for name, g := range map[string]*guard{
		"once":      {renews: "GET_PARAMETER", stale: ", stale=true"},
		"each time": {serves: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g.challenges = []string{`Digest realm="camera", nonce="%n"`}
			camera := newTextCamera(t, camtest.RTSPTextOptions{Answer: func(r camtest.RTSPRequest, usual string) string {
				return g.answer(r, strings.Replace(usual, "timeout=60", "timeout=1", 1))
			}})
			groups := copied(rtptest.JPEGPackets(t, 2))
			run := start(t, newSource(t, Options{URL: camera.URL("/"), Username: user, Password: password}))
			awaitRequest(t, camera, "PLAY", 1)
			awaitRequest(t, camera, "GET_PARAMETER", 2)
			g.mu.Lock()
			if !slices.Contains(g.refused, "GET_PARAMETER") || len(g.wrong) > 0 {
				t.Errorf("refused %q, wrong %q", g.refused, g.wrong)
			}
			g.mu.Unlock()
			for _, group := range groups {
				for _, p := range group {
					camera.Send(p)
				}
				run.next(t)
			}
		})
	}
}

// TestRefusedForGood: a wrong password is told after one attempt, and a camera
// that calls every nonce stale is not tried for ever.
func TestRefusedForGood(t *testing.T) {
	for name, c := range map[string]struct {
		challenge, user, want string
		requests              int
	}{
		"wrong, Basic":   {`Basic realm="x"`, "other", "wrong user name or password", 2},
		"wrong, Digest":  {`Digest realm="x", nonce="n"`, "other", "wrong user name or password", 2},
		"stale for ever": {`Digest realm="x", nonce="n", stale=true`, "other", "wrong user name or password", 4},
		"no credentials": {`Digest realm="x", nonce="n"`, "", "none are configured", 1},
		"unknown":        {`Negotiate`, "other", "not supported", 1},
	} {
		camera := newTextCamera(t, camtest.RTSPTextOptions{Answer: func(r camtest.RTSPRequest, _ string) string {
			return "RTSP/1.0 401 Unauthorized\r\nCSeq: " + r.Header.Get("CSeq") + "\r\nWWW-Authenticate: " + c.challenge + "\r\n\r\n"
		}})
		err := start(t, newSource(t, Options{URL: camera.URL("/"), Username: c.user, Password: strings.TrimPrefix(c.user, "o")})).wait(t)
		if !errors.Is(err, stream.ErrDenied) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: ended with %v", name, err)
		}
		if n := len(camera.Requests()); n != c.requests {
			t.Errorf("%s: %d requests, want %d", name, n, c.requests)
		}
	}
}

// refusing answers requests with a method with a status of refusal.
func refusing(method, status string) func(camtest.RTSPRequest, string) string {
	return func(r camtest.RTSPRequest, usual string) string {
		if r.Method != method {
			return strings.Replace(usual, "timeout=60", "timeout=1", 1)
		}
		return "RTSP/1.0 " + status + "\r\nCSeq: " + r.Header.Get("CSeq") + "\r\n\r\n"
	}
}

// TestOptionsRefused: the camera is asked for its description nevertheless.
func TestOptionsRefused(t *testing.T) {
	groups := rtptest.JPEGPackets(t, 2)
	for _, status := range []string{"404 Not Found", "403 Forbidden", "405 Method Not Allowed", "501 Not Implemented", "551 Option not supported", "400 Bad Request", "454 Session Not Found", "302 Moved"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			everyWay(t, func(t *testing.T, options camtest.RTSPTextOptions, opt Options) {
				t.Parallel()
				options.Answer = refusing("OPTIONS", status)
				camera := newTextCamera(t, options)
				wantPlayed(t, camera, opt, copied(groups))
				if got := askedWith(camera, "DESCRIBE"); len(got) != 1 {
					t.Errorf("described %d times", len(got))
				}
			})
		})
	}
}

// TestKeepAliveRefused: the session is kept the other way, at once and from
// then on; where both are refused, nothing ends for it.
func TestKeepAliveRefused(t *testing.T) {
	for method, other := range map[string]string{"GET_PARAMETER": "OPTIONS", "OPTIONS": "GET_PARAMETER"} {
		for _, status := range []string{"501 Not Implemented", "405 Method Not Allowed", "451 Parameter Not Understood", "400 Bad Request", "551 Option not supported"} {
			t.Run(method+" "+status, func(t *testing.T) {
				t.Parallel()
				camera := newTextCamera(t, camtest.RTSPTextOptions{Answer: refusing(method, status)})
				run := start(t, newSource(t, Options{URL: camera.URL("/")}))
				least := 2
				if other == "OPTIONS" {
					least = 3 // the first is before the description
				}
				awaitRequest(t, camera, other, least)
				asked := askedWith(camera, method)
				if method == "OPTIONS" {
					asked = asked[1:]
				}
				if len(asked) != 1 {
					t.Errorf("asked %d times", len(asked))
				}
				camera.Send(copied(rtptest.JPEGPackets(t, 1))[0][0])
				run.next(t)
			})
		}
	}
}

// TestPacketsBeforePlayIsAnswered, of an older session, are passed over, and
// those that come with the answer are taken.
func TestPacketsBeforePlayIsAnswered(t *testing.T) {
	groups := rtptest.JPEGPackets(t, 2)
	old := channelPacket(0, "\x80\x1a\x00\x01\x00\x00\x00\x00\x00\x00\x00\x09old")
	for name, before := range map[string]string{
		"one": old, "many": strings.Repeat(old, 100), "a report": channelPacket(1, "\x80\xc8\x00\x00"), "empty": channelPacket(0, ""),
		"the largest": channelPacket(0, strings.Repeat("$", 1<<16-1)), "of another channel": channelPacket(77, "x"),
	} {
		for _, method := range []string{"OPTIONS", "DESCRIBE", "SETUP", "PLAY"} {
			t.Run(name+", "+method, func(t *testing.T) {
				t.Parallel()
				camera := newTextCamera(t, camtest.RTSPTextOptions{Answer: func(r camtest.RTSPRequest, usual string) string {
					if r.Method == method && (method != "PLAY" || name != "one" && name != "many") {
						return before + usual
					}
					return usual
				}})
				wantPlayed(t, camera, Options{}, copied(groups))
			})
		}
	}
}

// TestUDPPorts: packets are taken from the camera's address, whatever port they
// come from and whatever it tells of that.
func TestUDPPorts(t *testing.T) {
	groups := rtptest.JPEGPackets(t, 2)
	for _, header := range []string{
		"RTP/AVP;unicast;client_port=1-2;server_port=%s", "RTP/AVP;unicast;server_port=0-1", "RTP/AVP;unicast;server_port=0-0", "RTP/AVP;unicast;server_port=0",
		"RTP/AVP;unicast", "RTP/AVP/UDP;unicast;server_port=9-10", "RTP/AVP;unicast;server_port=65535-65536", "RTP/AVP;unicast;server_port=x", "",
	} {
		for _, other := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, another port %v", header, other), func(t *testing.T) {
				t.Parallel()
				camera := newTextCamera(t, camtest.RTSPTextOptions{OtherPort: other, Answer: func(_ camtest.RTSPRequest, usual string) string { return transportOf(usual, header) }})
				wantPlayed(t, camera, Options{Transport: UDP}, copied(groups))
			})
		}
	}
}

// TestOtherServers: what answers and is no RTSP camera is told so, and nothing
// of it is repeated.
func TestOtherServers(t *testing.T) {
	for name, c := range map[string]struct{ answer, scheme, want string }{
		"HTTP":           {"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "rtsp", "port of HTTP"},
		"old HTTP":       {"HTTP/1.0 505 No\r\n\r\n", "rtsp", "port of HTTP"},
		"a page":         {"<html>\r\n<head><title>400 Bad Request</title>", "rtsp", "port of HTTP"},
		"a page of HTML": {"<!DOCTYPE HTML>", "rtsp", "port of HTTP"},
		"TLS":            {"\x15\x03\x01\x00\x02\x02\x46", "rtsp", "write rtsps://"},
		"SSH":            {"SSH-2.0-dropbear\r\n", "rtsp", "port of SSH"},
		"nothing":        {"", "rtsp", "closed the connection"},
		"no TLS":         {"RTSP/1.0 400 Bad Request\r\n\r\n", "rtsps", "write rtsp://"},
		"HTTP, no TLS":   {"HTTP/1.1 400 Bad Request\r\n\r\n", "rtsps", "no port of TLS"},
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan struct{})
		go func() {
			defer close(served)
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 4096))
			conn.Write([]byte(c.answer))
			conn.(*net.TCPConn).CloseWrite()
			conn.Read(make([]byte, 4096))
			conn.Close()
		}()
		err = start(t, newSource(t, Options{URL: c.scheme + "://" + listener.Addr().String() + "/"})).wait(t)
		listener.Close()
		<-served
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "[") {
			t.Errorf("%s: ended with %v", name, err)
		}
	}
}
