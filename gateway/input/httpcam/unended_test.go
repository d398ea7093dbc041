package httpcam

import (
	"bytes"
	"fmt"
	"testing"

	"framegate/gateway/camtest"
)

// TestPicturesWithoutEOIOrLength are ended by whatever follows, and shown:
// those that lack more are not, wherever they stand.
func TestPicturesWithoutEOIOrLength(t *testing.T) {
	torn := func(n int) []byte { b := unendedPicture(n); return b[:len(b)-18] }
	for _, c := range []struct{ name, head, before, after string }{
		{"multipart", mixed(";boundary=frame"), "--frame\r\n" + noLength, "\r\n"},
		{"nothing before the boundary", mixed(";boundary=frame"), "--frame\r\n" + noLength, ""},
		{"zeros before the boundary", mixed(";boundary=frame"), "--frame\r\n" + noLength, "\x00\x00\x00\r\n"},
		{"LF alone", mixed(";boundary=frame"), "--frame\nContent-Type: image/jpeg\n\n", "\n"},
		{"boundary without dashes", mixed(";boundary=BoundaryString"), "BoundaryString\r\n" + noLength, "\r\n"},
		{"length 0", mixed(";boundary=frame"), "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 0\r\n\r\n", "\r\n"},
		{"length too large", mixed(";boundary=frame"), "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 500000\r\n\r\n", "\r\n"},
		{"length too small", mixed(";boundary=frame"), "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 400\r\n\r\n", "\r\n"},
		{"no part headers", mixed(";boundary=frame"), "--frame\r\n\r\n", "\r\n"},
		{"endless JPEGs", typed("image/jpeg"), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var body bytes.Buffer
			for n := range 6 {
				fmt.Fprintf(&body, "%s%s%s", c.before, unendedPicture(n), c.after)
				if n%2 == 1 && c.before != "" {
					fmt.Fprintf(&body, "%s%s%s", c.before, torn(60_000), c.after)
				}
			}
			for n, pic := range checkSplits(t, body.Bytes(), 1<<20) {
				if !bytes.Equal(pic.jpeg, unendedPicture(n)) {
					t.Errorf("picture %d is not what was sent", n)
				}
			}
			camera := newCamera(t, func(conn *camtest.HTTPConn) {
				if conn.Request() != nil {
					conn.Send(c.head, body.Bytes())
					conn.WaitClosed()
				}
			})
			run := start(t, newSource(t, Options{URL: camera.URL("/")}))
			for want := range 6 {
				if got := run.next(t); got != want {
					t.Fatalf("got %d, want %d", got, want)
				}
			}
			run.cancel()
			run.wait(t)
			if len(run.frames) > 0 {
				t.Errorf("%d pictures that are not whole", len(run.frames))
			}
		})
	}
}

// TestLaterPicturesWithoutEOIWaitForNothing: after the first the camera is known.
func TestLaterPicturesWithoutEOIWaitForNothing(t *testing.T) {
	const frames = 5
	shown := newSteps(frames)
	defer shown.release()
	camera := newCamera(t, func(c *camtest.HTTPConn) {
		if c.Request() == nil {
			return
		}
		part := "--frame\r\n" + noLength
		c.Send(mixed(";boundary=frame"), part, unendedPicture(0), "\r\n", part)
		for n := 1; n < frames; n++ {
			shown.wait(n - 1)
			c.Send(unendedPicture(n))
			shown.wait(n)
			c.Send("\r\n", part)
		}
	})
	run := start(t, newSource(t, Options{URL: camera.URL("/")}))
	for want := range frames {
		if got := run.next(t); got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
		shown.take(want)
	}
}

// TestSnapshotsWithoutEOI end with their answer.
func TestSnapshotsWithoutEOI(t *testing.T) {
	for _, head := range []string{
		"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nConnection: close\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=frame\r\n\r\n--frame\r\n" + noLength,
		"ICY 200 OK\r\n\r\n",
	} {
		camera := newCamera(t, func(c *camtest.HTTPConn) {
			if c.Request() != nil {
				c.Send(head, unendedPicture(c.Number))
			}
		})
		run := start(t, newSource(t, Options{URL: camera.URL("/"), Interval: 1}))
		for last, seen := 0, 0; seen < 3; seen++ {
			got := run.next(t)
			if got <= last {
				t.Fatalf("%q: got %d after %d", head, got, last)
			}
			last = got
		}
		run.cancel()
	}
}
