package httpcam

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// TestAnswersThatAreNoPictures: each ends the run with a sentence that says
// what came instead, whether net/http reads the answer or the tolerant reader.
func TestAnswersThatAreNoPictures(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nConnection: close\r\n"
	huge := "\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01" + strings.Repeat("\x00", 279)
	for _, c := range []struct {
		name, answer, want string
		is                 error
	}{
		{name: "404", answer: "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", want: "404 Not Found"},
		{name: "500", answer: "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", want: "500 Internal Server Error"},
		{name: "503", answer: "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", want: "503 Service Unavailable"},
		{name: "HTML", answer: ok + "Content-Type: text/html\r\n\r\n<html><body>Log in</body></html>", is: errHTML},
		{name: "HTML with an image type", answer: ok + "Content-Type: image/jpeg\r\n\r\n\n<!DOCTYPE html>\n<html>", is: errHTML},
		{name: "HLS", answer: ok + "Content-Type: application/vnd.apple.mpegurl\r\n\r\n#EXTM3U\n#EXT-X-VERSION:3\n", is: errHLS},
		{name: "RTSP", answer: "RTSP/1.0 400 Bad Request\r\n\r\n", want: "RTSP"},
		{name: "SSH", answer: "SSH-2.0-OpenSSH_9.2\r\n", want: "not HTTP"},
		{name: "HTTP/0.9", answer: "hello\r\n\r\n", want: "not HTTP"},
		{name: "nothing at all", answer: "", want: "EOF"},
		{name: "empty body", answer: ok + "Content-Type: image/jpeg\r\n\r\n", want: "empty"},
		{name: "204", answer: "HTTP/1.1 204 No Content\r\n\r\n", want: "empty"},
		{name: "text", answer: ok + "\r\nbusy, try again later\r\n", want: "no picture in the camera's answer"},
		{name: "gzip", answer: ok + "Content-Encoding: gzip\r\n\r\n\x1f\x8b", want: "Content-Encoding: \"gzip\""},
		{name: "part of a picture", answer: ok + "\r\n" + string(camtest.Picture(1, 64, 32)[:600]), want: "cut off", is: media.ErrMalformed},
		{name: "less than Content-Length says", answer: ok + "Content-Length: 5000\r\n\r\n" + string(camtest.Picture(1, 64, 32)[:600]), want: "cut off", is: media.ErrMalformed},
		{name: "picture of 65535x65535", answer: ok + "\r\n" + huge, want: "65535x65535", is: media.ErrTooManyPixels},
		{name: "endless header line", answer: "HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("x", 1<<20), want: "header line of more than 8192 bytes"},
		{name: "endless headers", answer: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Header: value\r\n", 1<<16), want: "more than 16384 bytes of headers"},
		{name: "HLS with an image type", answer: ok + "Content-Type: image/jpeg\r\n\r\n#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1/1.ts\n", is: errHLS},
		{name: "HLS behind a byte order mark", answer: ok + "\r\n\xef\xbb\xbf#EXTM3U\n", is: errHLS},
		{name: "redirect to another host", answer: "HTTP/1.1 302 Found\r\nLocation: http://other.example/\r\nContent-Length: 0\r\n\r\n", want: "another host"},
		{name: "redirect to another port", answer: "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", want: "another host or port"},
		{name: "redirect to a file", answer: "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", want: "another host"},
		{name: "redirect to nowhere", answer: "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", want: "redirects to nowhere"},
		{name: "redirect for ever", answer: "HTTP/1.1 301 Moved\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n", want: "more than 4 times"},
	} {
		for _, raw := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, raw %v", c.name, raw), func(t *testing.T) {
				camera := newCamera(t, func(conn *camtest.HTTPConn) {
					if conn.Request() != nil {
						conn.Send(c.answer)
					}
				})
				source := newSource(t, Options{URL: camera.URL("/secret-path?token=secret")})
				source.raw = raw
				err := firstPictureOf(t, source)
				if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
					t.Errorf("ended with: %v", err)
				}
				if err != nil && strings.Contains(err.Error(), "secret") {
					t.Errorf("error gives the address away: %v", err)
				}
				if errors.Is(err, stream.ErrDenied) {
					t.Errorf("counts as a refused login: %v", err)
				}
			})
		}
	}
}

func TestRedirectOnTheSameHost(t *testing.T) {
	camera := newCamera(t, snapshots(func(r *http.Request) string {
		switch r.URL.Path {
		case "/":
			return "HTTP/1.1 301 Moved\r\nLocation: cgi/\r\nContent-Length: 0\r\n\r\n"
		case "/cgi/":
			return "HTTP/1.1 302 Found\r\nLocation: http://" + r.Host + "/cgi/image.jpg\r\nContent-Length: 3\r\n\r\nyes"
		case "/cgi/image.jpg":
			if _, ok := checkDigest(r, "viewer", "secret"); ok {
				return snapshot(7)
			}
			return unauthorized(`Digest realm="x", nonce="abc", qop="auth"`)
		}
		return ""
	}))
	run := start(t, newSource(t, Options{URL: camera.URL("/"), Username: "viewer", Password: "secret"}))
	if got := run.next(t); got != 7 {
		t.Errorf("got %d", got)
	}
}

// TestChallengeStaysWithItsOrigin: what one place has asked for is not told to
// another, which must ask for itself.
func TestChallengeStaysWithItsOrigin(t *testing.T) {
	secure, err := camtest.NewHTTPSCamera(snapshots(func(r *http.Request) string {
		if r.Header.Get("Authorization") != "" {
			return "HTTP/1.1 500 Given away\r\nContent-Length: 0\r\n\r\n"
		}
		return snapshot(3)
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer secure.Close()
	camera := newCamera(t, snapshots(func(r *http.Request) string {
		if _, _, ok := r.BasicAuth(); !ok {
			return unauthorized(`Basic realm="x"`)
		}
		return "HTTP/1.1 302 Found\r\nLocation: " + secure.URL("/") + "\r\nContent-Length: 0\r\n\r\n"
	}))
	source := newSource(t, Options{URL: camera.URL("/"), Username: "viewer", Password: "secret", InsecureTLS: true})
	if err := firstPictureOf(t, source); err != nil {
		t.Error(err)
	}
}

func TestNoRedirectFromHTTPSToHTTP(t *testing.T) {
	from, to := mustParse("https://cam/"), "http://cam/"
	if _, err := redirect(from, to); err == nil {
		t.Error("followed")
	}
}

// TestRawFallbackIsRemembered: only the first run tries net/http.
func TestRawFallbackIsRemembered(t *testing.T) {
	camera := newCamera(t, func(c *camtest.HTTPConn) {
		r := c.Request()
		if r == nil {
			return
		}
		if r.Header.Get("Accept-Encoding") != "identity" {
			c.Send("HTTP/1.0 406 Codings wanted\r\n\r\n")
			return
		}
		if user, password, _ := r.BasicAuth(); user != "viewer" || password != "secret" {
			c.Send("ICY 401\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n")
			return
		}
		picture := camtest.Picture(5, 64, 32)
		c.Send("ICY 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", fmt.Sprintf("%x\r\n", len(picture)), picture, "\r\n0\r\n\r\n")
	})
	source := newSource(t, Options{URL: camera.URL("/"), Username: "viewer", Password: "secret"})
	for run, connections := range []int{3, 4, 5} { // net/http, 401, 200; and then the login is known too
		if err := firstPictureOf(t, source); err != nil {
			t.Fatal(err)
		}
		if got := camera.Connections(); got != connections {
			t.Errorf("%d connections after run %d, want %d", got, run, connections)
		}
	}
}

// TestAnswerThatWasCutOffIsNotRemembered: a camera that ends while it answers speaks HTTP all
// the same.
func TestAnswerThatWasCutOffIsNotRemembered(t *testing.T) {
	var connections atomic.Int32
	camera := newCamera(t, func(c *camtest.HTTPConn) {
		if c.Request() == nil {
			return
		}
		if connections.Add(1) == 1 {
			c.Send("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n")
			return
		}
		c.Send(snapshot(5))
	})
	source := newSource(t, Options{URL: camera.URL("/")})
	if err := firstPictureOf(t, source); err != nil {
		t.Fatal(err)
	}
	if source.raw {
		t.Errorf("the tolerant reader speaks with it for good, after %d connections", connections.Load())
	}
}

// TestChallengeWithoutALength comes over a connection that stays open: its end is not
// waited for.
func TestChallengeWithoutALength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		camera := camtest.NewPipedHTTPCamera(func(c *camtest.HTTPConn) {
			r := c.Request()
			if r == nil {
				return
			}
			if user, _, _ := r.BasicAuth(); user == "" {
				c.Send("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n")
				c.WaitClosed()
				return
			}
			c.Send(snapshot(5))
		})
		defer camera.Close()
		began := time.Now()
		source := newSource(t, Options{URL: camera.URL("/"), Dial: camera.Dial, Username: "viewer", Password: "secret"})
		if err := firstPictureOf(t, source); err != nil || time.Since(began) > time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

func TestChunked(t *testing.T) {
	for _, raw := range []bool{false, true} {
		shown := newSteps(4)
		defer shown.release()
		camera := newCamera(t, func(c *camtest.HTTPConn) {
			if c.Request() == nil {
				return
			}
			c.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: multipart/x-mixed-replace;boundary=x\r\n\r\n")
			chunk := func(b []byte) { c.Send(fmt.Sprintf("%x\r\n", len(b)), b, "\r\n") }
			for n := range 4 {
				picture := camtest.Picture(n, 64, 32)
				chunk([]byte("--x\r\nContent-Type: image/jpeg\r\n\r\n"))
				chunk(picture[:500])
				chunk(picture[500:])
				shown.wait(n)
			}
		})
		source := newSource(t, Options{URL: camera.URL("/")})
		source.raw = raw
		run := start(t, source)
		for n := range 4 {
			if got := run.next(t); got != n {
				t.Fatalf("got %d, want %d", got, n)
			}
			shown.take(n)
		}
	}
}

func TestHTTPS(t *testing.T) {
	for _, answer := range []string{"HTTP/1.1 200 OK\r\n\r\n", "ICY 200 OK\r\n\r\n"} {
		camera, err := camtest.NewHTTPSCamera(func(c *camtest.HTTPConn) {
			if c.Request() != nil {
				c.Send(answer, camtest.Picture(1, 64, 32))
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		defer camera.Close()
		if err := firstPictureOf(t, newSource(t, Options{URL: camera.URL("/"), InsecureTLS: true})); err != nil {
			t.Errorf("%q: %v", answer, err)
		}
		if err := firstPictureOf(t, newSource(t, Options{URL: camera.URL("/")})); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%q: a certificate nobody signed gives: %v", answer, err)
		}
	}
}

func TestCaptureTime(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name  string
		taken time.Time
		want  bool
	}{
		{"just now", now.Add(-50 * time.Millisecond), true},
		{"a little ahead of us", now.Add(900 * time.Millisecond), true},
		{"far ahead", now.Add(time.Minute), false},
		{"long ago", now.Add(-11 * time.Second), false},
		{"1970", time.Unix(17, 0), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			camera := newCamera(t, func(conn *camtest.HTTPConn) {
				if conn.Request() == nil {
					return
				}
				stamp := fmt.Sprintf("%d.%06d", c.taken.Unix(), c.taken.Nanosecond()/1000)
				part := "--x\r\nX-Timestamp: " + stamp + "\r\n\r\n" + string(camtest.Picture(1, 64, 32))
				conn.Send("HTTP/1.1 200 OK\r\n\r\n", part, part)
			})
			run := start(t, newSource(t, Options{URL: camera.URL("/")}))
			first, again := <-run.frames, <-run.frames
			if want := c.taken.Truncate(time.Microsecond); c.want && !first.Wall.Equal(want) || !c.want && !first.Wall.IsZero() {
				t.Errorf("Wall is %v, taken %v", first.Wall, want)
			}
			if !again.Wall.IsZero() {
				t.Error("a capture time that stands still was believed")
			}
		})
	}
}

func TestInvalidURLs(t *testing.T) {
	for _, u := range []string{"", "cam", "ftp://cam/", "http://", "http:///x", "http://user:secret@ca m/", "rtsp://cam/"} {
		if _, err := New(Options{URL: u}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", u, err)
		}
	}
}

// TestReconnectThroughHub: the stream brings a camera back that drops its
// connection, and a reader goes on.
func TestReconnectThroughHub(t *testing.T) {
	const perConnection = 3
	read := newSteps(3 * perConnection)
	defer read.release()
	camera := newCamera(t, func(c *camtest.HTTPConn) {
		if c.Request() == nil || c.Number > 3 {
			return
		}
		c.Send("HTTP/1.1 200 OK\r\n\r\n")
		for n := (c.Number - 1) * perConnection; n < c.Number*perConnection; n++ {
			c.Send("--x\r\n\r\n", camtest.Picture(n, 64, 32), "\r\n")
			read.wait(n)
		}
	})
	source := newSource(t, Options{URL: camera.URL("/")})
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return source, nil }})
	defer hub.Close()
	reader, err := hub.Open(stream.Key{Camera: "gate"}, stream.ReadOptions{Sequential: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	ctx, cancel := context.WithTimeout(context.Background(), generous)
	defer cancel()
	for want := range read {
		frame, err := reader.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got := number(t, frame); got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
		read.take(want)
	}
}
