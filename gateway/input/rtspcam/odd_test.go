package rtspcam

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
)

// These are the forms in which cameras write RTSP, of its specifications (RFC
// 2326, 7826, 2617, 7616, 8866) and of what users of other programs report. Each
// camera is to be played, picture by picture.

// wantPlayed demands that a camera is played: that each picture comes before
// the next is sent.
func wantPlayed(t *testing.T, camera *camtest.RTSPTextCamera, opt Options, groups [][]*rtp.Packet) {
	t.Helper()
	if opt.URL == "" {
		opt.URL = camera.URL("/cam")
	}
	opt.InsecureTLS = true
	run := start(t, newSource(t, opt))
	ctx, cancel := context.WithTimeout(t.Context(), generous)
	defer cancel()
	played := make(chan error, 1)
	go func() { played <- camera.AwaitPlay(ctx, 1) }()
	select {
	case err := <-run.done:
		run.done <- err
		t.Fatalf("not played: %v", err)
	case err := <-played:
		if err != nil {
			t.Fatalf("not asked to play, but %+v", camera.Requests())
		}
	}
	var frames []media.Frame
	for _, group := range groups {
		for _, p := range group {
			if err := camera.Send(p); err != nil {
				t.Fatal(err)
			}
		}
		frames = append(frames, run.next(t))
	}
	rtptest.WantNumbers(t, frames, rtptest.Span(0, len(groups)))
}

// everyWay runs a test over TCP, UDP and TLS.
func everyWay(t *testing.T, test func(t *testing.T, options camtest.RTSPTextOptions, opt Options)) {
	t.Run("TCP", func(t *testing.T) { test(t, camtest.RTSPTextOptions{}, Options{Transport: TCP}) })
	t.Run("UDP", func(t *testing.T) { test(t, camtest.RTSPTextOptions{}, Options{Transport: UDP}) })
	t.Run("TLS", func(t *testing.T) { test(t, camtest.RTSPTextOptions{TLS: true}, Options{}) })
}

// head changes the first line and the header of an answer, and not its body.
func head(change func(string) string) func(string) string {
	return func(answer string) string {
		head, body, _ := strings.Cut(answer, "\r\n\r\n")
		return change(head+"\r\n\r\n") + body
	}
}

func replacing(pattern, with string) func(string) string {
	return head(func(text string) string { return regexp.MustCompile(pattern).ReplaceAllString(text, with) })
}

// oddTexts are ways to write an answer.
var oddTexts = map[string]func(usual string) string{
	"no reason":                  replacing(`200 OK`, "200"),
	"no reason, but its blank":   replacing(`200 OK`, "200 "),
	"two blanks":                 replacing(`RTSP/1.0 200 OK`, "RTSP/1.0  200  OK"),
	"no blank before the reason": replacing(`200 OK`, "200OK"),
	"another version":            replacing(`RTSP/1.0`, "RTSP/2.0"),
	"a name in lower case":       replacing(`RTSP/1.0`, "rtsp/1.0"),
	"201":                        replacing(`200 OK`, "201 Created"),
	"LF alone":                   replacing("\r\n", "\n"),
	"LF and CRLF":                replacing("\r\nCSeq", "\nCSeq"),
	"empty lines before":         func(s string) string { return "\r\n\r\n" + s },
	"NULs before":                func(s string) string { return "\x00\x00" + s },
	"CSeq 0":                     replacing(`CSeq: \d+`, "CSeq: 0"),
	"CSeq 1":                     replacing(`CSeq: \d+`, "CSeq: 1"),
	"no CSeq":                    replacing(`CSeq: \d+\r\n`, ""),
	"an empty CSeq":              replacing(`CSeq: \d+`, "CSeq:"),
	"a CSeq that is no number":   replacing(`CSeq: \d+`, "CSeq: x"),
	"a huge CSeq":                replacing(`CSeq: \d+`, "CSeq: 99999999999999999999"),
	"CSeq with blanks":           replacing(`CSeq: `, "cseq :\t "),
	"CSeq twice":                 replacing(`(CSeq: \d+\r\n)`, "$1$1"),
	"a long header":              replacing(`\r\n\r\n`, "\r\nX-Long: "+strings.Repeat("x", 3000)+"\r\n\r\n"),
	"a long Public":              replacing(`Public: `, "Public: "+strings.Repeat("X_METHOD, ", 400)),
	"a long name":                replacing(`\r\n\r\n`, "\r\n"+strings.Repeat("X", 1000)+": 1\r\n\r\n"),
	"many headers":               replacing(`\r\n\r\n`, "\r\n"+strings.Repeat("X: y\r\n", 400)+"\r\n"),
	"a folded line":              replacing(`\r\n\r\n`, "\r\nX-Folded: a\r\n b\r\n\tc\r\n\r\n"),
	"a folded Session":           replacing(`Session: `, "Session:\r\n "),
	"a line without a colon":     replacing(`\r\n\r\n`, "\r\nthis is none\r\n\r\n"),
	"an empty name":              replacing(`\r\n\r\n`, "\r\n: x\r\n\r\n"),
	"a blank before the colon":   replacing(`Content-Length:`, "Content-Length :"),
	"names in capitals": head(func(s string) string {
		first, rest, _ := strings.Cut(s, "\r\n")
		return first + "\r\n" + strings.ToUpper(rest)
	}),
	"names in lower case":         replacing(`(Content-Type|Content-Length|Session|Transport|Public):`, "x-old: y\r\n$1:"),
	"no Content-Type":             replacing(`Content-Type: .*\r\n`, ""),
	"an empty Content-Type":       replacing(`Content-Type: .*\r\n`, "Content-Type:\r\n"),
	"application/x-sdp":           replacing(`application/sdp`, "application/x-sdp"),
	"text/plain":                  replacing(`application/sdp`, "text/plain"),
	"Content-Type in capitals":    replacing(`application/sdp`, "APPLICATION/SDP; charset=utf-8"),
	"Content-Type twice":          replacing(`(Content-Type: .*\r\n)`, "$1$1"),
	"Content-Length twice":        replacing(`(Content-Length: .*\r\n)`, "$1$1"),
	"NUL behind the SDP":          lengthened("", "\x00"),
	"NULs and rubbish behind":     lengthened("", "\x00\x00m=\xff\xfe"),
	"blank lines behind":          lengthened("", "\r\n\r\n\n"),
	"a byte order mark":           lengthened("\ufeff", ""),
	"100 Continue before":         func(s string) string { return "RTSP/1.0 100 Continue\r\n\r\n" + s },
	"each answer twice":           func(s string) string { return s + s },
	"a request before the answer": func(s string) string { return "OPTIONS * RTSP/1.0\r\nCSeq: 77\r\n\r\n" + s },
	"SET_PARAMETER before": func(s string) string {
		return "SET_PARAMETER rtsp://x/ RTSP/1.0\r\nCSeq: 78\r\nContent-Length: 5\r\n\r\na: b\n" + s
	},
	"ANNOUNCE before":               func(s string) string { return "ANNOUNCE rtsp://c/ RTSP/1.0\r\nCSeq: 8\r\n\r\n" + s },
	"Session with blanks":           replacing(`Session: 12345678(;timeout=60)?`, "Session:  12345678 ; timeout = 60"),
	"a timeout that is no number":   replacing(`timeout=60`, "timeout=sixty"),
	"a timeout in words":            replacing(`timeout=60`, "Timeout=60 s"),
	"a timeout for ever":            replacing(`timeout=60`, "timeout=4294967295"),
	"a timeout beyond all":          replacing(`timeout=60`, "timeout=99999999999999999999"),
	"a timeout of 0":                replacing(`timeout=60`, "timeout=0"),
	"no blank behind the colon":     replacing(`: `, ":"),
	"a body with the answer to all": head(func(s string) string { return withBody(s) }),
}

// lengthened has a description begin and end with something more, and the
// length told so.
func lengthened(before, behind string) func(string) string {
	return func(answer string) string {
		head, body, _ := strings.Cut(answer, "\r\n\r\n")
		if body == "" {
			return answer
		}
		body = before + body + behind
		length := fmt.Sprintf("Content-Length: %d", len(body))
		return regexp.MustCompile(`Content-Length: \d+`).ReplaceAllString(head, length) + "\r\n\r\n" + body
	}
}

// withBody gives an answer that has no body one.
func withBody(head string) string {
	if strings.Contains(head, "Content-Length") {
		return head
	}
	return strings.TrimSuffix(head, "\r\n") + "Content-Length: 12\r\n\r\nRTSP/1.0 000"
}

func TestOddTexts(t *testing.T) {
	groups := rtptest.JPEGPackets(t, 3)
	for _, name := range slices.Sorted(maps.Keys(oddTexts)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everyWay(t, func(t *testing.T, options camtest.RTSPTextOptions, opt Options) {
				t.Parallel()
				options.Answer = func(_ camtest.RTSPRequest, usual string) string { return oddTexts[name](usual) }
				wantPlayed(t, newTextCamera(t, options), opt, copied(groups))
			})
		})
	}
}

// copied gives packets that a camera may write its own into.
func copied(groups [][]*rtp.Packet) [][]*rtp.Packet {
	var all [][]*rtp.Packet
	for _, group := range groups {
		var g []*rtp.Packet
		for _, p := range group {
			g = append(g, p.Clone())
		}
		all = append(all, g)
	}
	return all
}

// TestSlowDescription: a camera may take longer over its description than over
// anything else.
func TestSlowDescription(t *testing.T) {
	t.Parallel()
	camera := newTextCamera(t, camtest.RTSPTextOptions{Answer: func(r camtest.RTSPRequest, usual string) string {
		if r.Method == "DESCRIBE" {
			time.Sleep(1500 * time.Millisecond)
		}
		return usual
	}})
	s := newSource(t, Options{URL: camera.URL("/")})
	s.patience.answer = time.Second
	run := start(t, s)
	awaitRequest(t, camera, "PLAY", 1)
	run.cancel()
}

// TestOddRedirects: within the camera they are followed, over TLS too, and
// nowhere else.
func TestOddRedirects(t *testing.T) {
	groups := rtptest.JPEGPackets(t, 2)
	for name, c := range map[string]struct {
		location string // %s is the camera's address
		played   string // below it; "" is nowhere
	}{
		"absolute":        {"%s/other", "/other"},
		"a path":          {"/other", "/other"},
		"relative":        {"other", "/other"},
		"a query":         {"?channel=2", "/cam?channel=2"},
		"without scheme":  {"//%h/other", "/other"},
		"another port":    {"rtsp://127.0.0.1:1/other", ""},
		"another, TLS":    {"rtsps://127.0.0.1:1/other", ""},
		"another host":    {"//camera.example/other", ""},
		"one that is bad": {"rtsp://[::1/", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everyWay(t, func(t *testing.T, options camtest.RTSPTextOptions, opt Options) {
				t.Parallel()
				var camera *camtest.RTSPTextCamera
				options.Answer = func(r camtest.RTSPRequest, usual string) string {
					if r.Method != "DESCRIBE" || r.URL != camera.URL("/cam") {
						return usual
					}
					_, host, _ := strings.Cut(camera.URL(""), "://")
					location := strings.NewReplacer("%s", camera.URL(""), "%h", host).Replace(c.location)
					return "RTSP/1.0 302\r\nCSeq: " + r.Header.Get("CSeq") + "\r\nLocation: " + location + "\r\n\r\n"
				}
				camera = newTextCamera(t, options)
				if c.played != "" {
					wantPlayed(t, camera, opt, copied(groups))
					if got := askedWith(camera, "PLAY"); len(got) != 1 || got[0] != camera.URL("")+c.played+"/" {
						t.Errorf("played %q", got)
					}
					return
				}
				opt.URL, opt.InsecureTLS = camera.URL("/cam"), true
				err := start(t, newSource(t, opt)).wait(t)
				if err == nil || len(askedWith(camera, "DESCRIBE")) != 1 {
					t.Errorf("ended with %v", err)
				}
			})
		})
	}
}
