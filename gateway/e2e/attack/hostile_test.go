package attack

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// hostileCameras are cameras that want to take the gateway down, by what they
// send once they were asked.
var hostileCameras = map[string]func(*camtest.HTTPConn){
	"length of -1": func(c *camtest.HTTPConn) {
		c.Send(rig.MultipartHead, "Content-Type: image/jpeg\r\nContent-Length: -1\r\n\r\n")
		c.WaitClosed()
	},
	"length of 2 GB": func(c *camtest.HTTPConn) {
		for c.Send(rig.MultipartHead, "Content-Type: image/jpeg\r\nContent-Length: 2000000000\r\n\r\n", bytes.Repeat([]byte{1}, 1<<16)) {
		}
	},
	"response of -1": func(c *camtest.HTTPConn) {
		c.Send("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: -1\r\n\r\n")
		c.WaitClosed()
	},
	"endless header line": func(c *camtest.HTTPConn) {
		c.Send("HTTP/1.1 200 OK\r\nX-Long: ")
		for c.Send(strings.Repeat("x", 1<<16)) {
		}
	},
	"endless header line in a part": func(c *camtest.HTTPConn) {
		c.Send(rig.MultipartHead, "X-Long: ")
		for c.Send(strings.Repeat("x", 1<<16)) {
		}
	},
	"picture without an end": func(c *camtest.HTTPConn) {
		picture := rig.Picture(1)
		c.Send(rig.MultipartHead, "Content-Type: image/jpeg\r\n\r\n", picture[:len(picture)-2])
		for c.Send(bytes.Repeat([]byte{1}, 1<<16)) {
		}
	},
	"bomb": func(c *camtest.HTTPConn) {
		bomb := camtest.Picture(1, 32, 16)[:300]
		copy(bomb[bytes.Index(bomb, []byte{0xFF, 0xC0})+5:], "\xff\xff\xff\xff")
		for c.Send(rig.MultipartHead, "Content-Type: image/jpeg\r\n\r\n", bomb, "\r\n") {
		}
	},
	"HTML with an image type": func(c *camtest.HTTPConn) {
		c.Send("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n")
		for c.Send(strings.Repeat("<html>", 1<<12)) {
		}
	},
	"drip": func(c *camtest.HTTPConn) {
		c.Send(rig.MultipartHead)
		for c.Send("x") {
			time.Sleep(10 * time.Millisecond)
		}
	},
	"redirect to itself": func(c *camtest.HTTPConn) {
		for c.Send("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n") && c.Request() != nil {
		}
	},
}

// TestHostileCamerasAndStalledViewersHarmNobody watches hostile cameras, lets
// viewers of a good one stall, and finds that a good camera's viewer gets
// every picture all the while, and that memory stays bounded.
func TestHostileCamerasAndStalledViewersHarmNobody(t *testing.T) {
	const stalled = 50
	configuration := "cameras:\n  phone: {source: 'upload:'}\n"
	for i, script := range hostileScripts() {
		camera, err := camtest.NewHTTPCamera(func(c *camtest.HTTPConn) {
			if c.Request() != nil {
				script(c)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		defer camera.Close()
		configuration += fmt.Sprintf("  hostile-%d: {source: '%s', keep: always}\n", i, camera.URL("/"))
	}
	s := rig.Start(t, configuration)
	defer s.End(t) // before the cameras are closed

	ctx, cancel := context.WithTimeout(t.Context(), rig.Ceiling)
	defer cancel()
	watch := func() *camtest.Viewer {
		v, err := camtest.Watch(ctx, s.URL+"/live/phone.mjpeg", camtest.WatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for range stalled {
		defer watch().Close() // and never read
	}
	v := watch()
	defer v.Close()
	before := rig.Heap()
	pace := time.NewTicker(25 * time.Millisecond) // more than 60 a second are dropped
	defer pace.Stop()
	for n := 1; n <= 200; n++ {
		<-pace.C
		s.Ask(t, rig.Question{Name: "publish", Method: "POST", Path: "/live/phone.jpg", Status: 204,
			Body: camtest.PictureOfSize(n, rig.PictureWidth, rig.PictureHeight, 50_000)})
		expectNumber(t, v, n)
		if grown := int64(rig.Heap()) - int64(before); grown > 128<<20 {
			t.Fatalf("memory grew by %d MB", grown>>20)
		}
	}
	s.Ask(t, rig.Question{Name: "alive", Path: "/healthz", Status: http.StatusOK})
}

func hostileScripts() (scripts []func(*camtest.HTTPConn)) {
	for _, script := range hostileCameras {
		scripts = append(scripts, script)
	}
	return scripts
}

// expectNumber reads until it gets the picture with number n, and finds none
// but repetitions of the one before and "no signal" in between.
func expectNumber(t *testing.T, v *camtest.Viewer, n int) {
	t.Helper()
	for {
		part, err := v.Next()
		if err != nil {
			t.Fatal(err)
		}
		got, err := part.Number()
		if got == n {
			return
		}
		if err == nil && got != n-1 {
			t.Fatalf("picture %d, want %d", got, n)
		}
	}
}
