package rtmpcam

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtmpcam/flv"
	"framegate/gateway/input/rtmpcam/rtmp"
	"framegate/gateway/input/rtmpcam/rtmptest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon is what anything that a test waits for may take, and never a time that does not
// come while it waits.
const (
	soon  = 30 * time.Second
	never = time.Hour
)

// film gives numbered pictures as a file.
func film(t *testing.T, n int, args ...string) []byte {
	t.Helper()
	if args == nil {
		args = []string{"-c:v", "libx264", "-bf", "0"}
	}
	rtptest.Tool(t, "ffmpeg")
	var pictures []byte
	for i := range n {
		pictures = append(pictures, camtest.Picture(i, 128, 96)...)
	}
	args = append([]string{"-f", "mjpeg", "-framerate", "25", "-i", "-", "-pix_fmt", "yuv420p"}, args...)
	return rtptest.FFmpeg(t, pictures, append(args, "-f", "flv", "-")...)
}

// pulled is how a run went.
type pulled struct {
	frames int
	codec  media.Codec // of the last
	err    error
	limits string
}

// pull runs a source until it ends by itself, or has given as many pictures.
func pull(t *testing.T, o Options, want int) (p pulled) {
	t.Helper()
	o.Limited = func(limit string) { p.limits += limit }
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	p.err = s.Run(ctx, func(f media.Frame) {
		p.codec = f.Format.Codec
		if p.frames++; p.frames == want {
			cancel()
		}
	})
	return p
}

// TestFLVOverHTTP comes from a camera that asks for a login, and ends as that does.
func TestFLVOverHTTP(t *testing.T) {
	file := film(t, 10)
	answers := map[string]func(w http.ResponseWriter, r *http.Request){
		"/ends.flv": func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(file) },
		"/goes.flv": func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(file[:len(file)-30]) },
		"/login.flv": func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte("u:p")) {
				w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			_, _ = w.Write(file)
		},
		"/stops.flv": func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(file)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"/silent.flv": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"/page.flv":   func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<!doctype html>") },
		"/away.flv": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		},
		"/no.flv": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"/large.flv": func(w http.ResponseWriter, r *http.Request) {
			large := append([]byte{9, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 2<<16+4)...)
			_, _ = w.Write(append(file[:len(file):len(file)], large...))
		},
	}
	camera := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := answers[r.URL.Path]; answer != nil {
			answer(w, r)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer camera.Close()
	for at, want := range map[string]struct {
		frames int
		err    error
		words  string
		limits string
	}{
		"/ends.flv":   {10, errEnded, "", ""},
		"/goes.flv":   {9, errEnded, "", ""},
		"/login.flv":  {10, errEnded, "", ""},
		"/stops.flv":  {10, errSilent, "", LimitCameraSilence},
		"/silent.flv": {0, errNoAnswer, "", LimitCameraFirstByte},
		"/page.flv":   {0, flv.ErrNotFLV, "", ""},
		"/away.flv":   {0, nil, "redirects", ""},
		"/no.flv":     {0, stream.ErrDenied, "", ""},
		"/none.flv":   {0, nil, "404", ""},
		"/large.flv":  {10, errEnded, "", LimitFrameBytes},
	} {
		o := Options{URL: camera.URL + at, Username: "u", Password: "p", MaxFrameBytes: 100_000, Patience: Patience{never, never, never}}
		switch at {
		case "/stops.flv":
			o.Patience.Silence = 500 * time.Millisecond
		case "/silent.flv":
			o.Patience.FirstByte = 100 * time.Millisecond
		}
		p := pull(t, o, 0)
		if p.frames != want.frames || p.frames > 0 && p.codec != media.H264 || want.err != nil && !errors.Is(p.err, want.err) || p.err == nil || !strings.Contains(p.err.Error(), want.words) || p.limits != want.limits {
			t.Errorf("%s: %+v", at, p)
		}
	}
	o := Options{URL: camera.URL + "/login.flv", Username: "u", Password: "wrong"}
	if p := pull(t, o, 0); !errors.Is(p.err, stream.ErrDenied) {
		t.Errorf("with a wrong password: %+v", p)
	}
}

// serveRTMP has somebody answer one connection, and gives the address of the camera.
func serveRTMP(t *testing.T, answer func(c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // ends with the listener
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		answer(c)
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "rtmp://" + l.Addr().String() + "/app/key?user=u&password=canary"
}

// stays waits for the other end to go.
func stays(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// TestRTMPCameras give their pictures, and are given up in time.
func TestRTMPCameras(t *testing.T) {
	file := film(t, 10)
	wire := &rtmptest.Client{Chunk: 128}
	status := func(level, code string) []byte {
		return wire.Message(rtmptest.Command, 0, rtmptest.Values("onStatus", 0.0, nil, map[string]string{"level": level, "code": code}))
	}
	plays := func(c net.Conn) {
		s, err := rtmp.Serve(c)
		if err != nil || s.Wish.App != "app" || s.Wish.Key != "key" || s.Wish.Query.Get("password") != "canary" || !s.Wish.Plays {
			t.Errorf("it is asked for %+v, %v", s, err)
			return
		}
		tags := flv.NewTags(bytes.NewReader(file), 1<<20)
		said := status("status", "NetStream.Play.Start")
		for tag, err := tags.Next(); err == nil; tag, err = tags.Next() {
			said = append(said, wire.Message(byte(tag.Kind), tag.Stamp, tag.Body)...)
		}
		_, _ = c.Write(said)
	}
	for name, want := range map[string]struct {
		answer func(c net.Conn)
		frames int
		err    error
		limits string
	}{
		"plays, and goes":  {plays, 10, errEnded, ""},
		"plays, and stops": {func(c net.Conn) { plays(c); stays(c) }, 10, errSilent, LimitCameraSilence},
		"plays, and says so": {func(c net.Conn) {
			plays(c)
			_, _ = c.Write(status("status", "NetStream.Play.UnpublishNotify"))
			stays(c)
		}, 10, errEnded, ""},
		"says nothing": {stays, 0, errNoAnswer, LimitCameraFirstByte},
		"is none":      {func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")); stays(c) }, 0, nil, ""},
		"has none": {func(c net.Conn) {
			if _, err := rtmp.Serve(c); err == nil {
				_, _ = c.Write(status("error", "NetStream.Play.StreamNotFound"))
				stays(c)
			}
		}, 0, rtmp.ErrRefused, ""},
	} {
		o := Options{URL: serveRTMP(t, want.answer), Patience: Patience{never, never, never}}
		switch want.err {
		case errSilent:
			o.Patience.Silence = 500 * time.Millisecond
		case errNoAnswer:
			o.Patience.FirstByte = 100 * time.Millisecond
		}
		p := pull(t, o, 0)
		if p.frames != want.frames || p.err == nil || want.err != nil && !errors.Is(p.err, want.err) || p.limits != want.limits || strings.Contains(p.err.Error(), "canary") {
			t.Errorf("who %s: %+v", name, p)
		}
	}
	refused := serveRTMP(t, stays)
	if p := pull(t, Options{URL: refused, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("not there") }}, 0); p.err == nil || !strings.Contains(p.err.Error(), "not there") {
		t.Errorf("at an address that is refused: %+v", p)
	}
}

// TestFFmpegIsAnRTMPCamera: it listens, and gives what it is asked for.
func TestFFmpegIsAnRTMPCamera(t *testing.T) {
	ffmpegIsACamera(t, film(t, 50), media.H264)
}

// TestFFmpegIsAnRTMPCameraOfH265, as Enhanced RTMP has it.
func TestFFmpegIsAnRTMPCameraOfH265(t *testing.T) {
	rtptest.FFmpegFrom(t, 7)
	ffmpegIsACamera(t, film(t, 50, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=10"), media.H265)
}

func ffmpegIsACamera(t *testing.T, file []byte, codec media.Codec) {
	t.Helper()
	port, release, err := camtest.HoldPort()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	address := fmt.Sprintf("rtmp://127.0.0.1:%d/live/x", port)
	ctx, end := context.WithTimeout(t.Context(), soon)
	defer end()
	served := listening(ctx, t, file, address)
	for {
		p := pull(t, Options{URL: address}, 10)
		if p.frames >= 10 {
			if p.codec != codec {
				t.Errorf("it gives %s", p.codec)
			}
			break
		}
		if ctx.Err() != nil {
			t.Fatal(p.err)
		}
		time.Sleep(20 * time.Millisecond) // it does not listen yet
	}
	end()
	<-served
}

// TestPlaces of URLs.
func TestPlaces(t *testing.T) {
	for address, want := range map[string]rtmp.Place{
		"rtmp://a/bcs/main.bcs?user=u": {Address: "rtmp://a/bcs", App: "bcs", Key: "main.bcs?user=u"},
		"rtmps://a:1/x/y/z/":           {Address: "rtmps://a:1/x/y", App: "x/y", Key: "z"},
		"rtmp://a/camera":              {Address: "rtmp://a/camera", App: "camera"},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := placeOf(u); got != want {
			t.Errorf("%s is %+v", address, got)
		}
	}
	for _, wrong := range []string{"rtsp://a/x", "rtmp:///x", "::"} {
		if _, err := New(Options{URL: wrong}); err == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}
