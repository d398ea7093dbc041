package upload

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/stream"
)

const mpjpeg = "multipart/x-mixed-replace; boundary=ffmpeg"

func TestEndlessBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		reader := g.watch()
		body, status := g.client("a").begin("phone.mjpeg", mpjpeg)
		for n := range 20 {
			_, _ = body.Write(part(camtest.Picture(n, 64, 48)))
			if got := g.nextNumber(reader); got != n {
				t.Fatalf("viewer got %d after %d was sent", got, n)
			}
			time.Sleep(40 * time.Millisecond)
		}
		_ = body.Close()
		if got := <-status; got != 204 {
			t.Errorf("status %d, want 204", got)
		}
		synctest.Wait()
		if g.state() != stream.Offline {
			t.Errorf("camera is %v, want offline", g.state())
		}
	})
}

func TestAnswersToEndlessBodies(t *testing.T) {
	good := camtest.Picture(1, 64, 48)
	bad := good[:len(good)-20]
	for _, tt := range []struct {
		name, body string
		status     int
		refused    uint64
	}{
		{"good", string(good), 204, 0},
		{"cut off at the end", string(good) + string(good[:100]), 204, 1},
		{"some bad", string(part(bad)) + string(part(good)) + string(part(bad)) + string(part(good)), 204, 2},
		{"only a bad one", string(part(bad)), 422, 1},
		{"only bad ones", strings.Repeat(string(part(enormous())), 30), 422, triesForOne},
		{"empty", "", 400, 0},
		{"HTML", "<!doctype html>", 415, 0},
		{"rubbish", strings.Repeat("rubbish", 20_000), 415, 0},
		{"too large", string(camtest.PictureOfSize(1, 64, 48, 200_001)), 413, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newRig(t, Options{MaxFrameBytes: 200_000})
				got := g.client("a").post("phone.mjpeg", mpjpeg, strings.NewReader(tt.body))
				if got.StatusCode != tt.status {
					t.Errorf("status %d (%s), want %d", got.StatusCode, got.Status, tt.status)
				}
				if n := g.handler.Stats().Refused; n != tt.refused {
					t.Errorf("%d refused, want %d", n, tt.refused)
				}
			})
		})
	}
}

// TestSilenceEndsAnEndlessBody: bytes that never make a picture are silence
// too.
func TestSilenceEndsAnEndlessBody(t *testing.T) {
	for _, tt := range []struct {
		name   string
		frames int
		every  time.Duration
		want   time.Duration
	}{
		{"from the start", 0, 0, 10 * time.Second},
		{"fast publisher", 50, 40 * time.Millisecond, 5 * time.Second},
		{"slow publisher", 4, 3 * time.Second, 30 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newRig(t, Options{})
				body, status := g.client("a").begin("phone.mjpeg", mpjpeg)
				for n := range tt.frames {
					if n > 0 {
						time.Sleep(tt.every)
					}
					_, _ = body.Write(part(camtest.Picture(n, 64, 48)))
				}
				synctest.Wait()
				last := time.Now()
				dripped := make(chan struct{})
				go func() {
					defer close(dripped)
					drip(body, bytes.Repeat([]byte("x"), 1000), 1, 700*time.Millisecond)
				}()
				if got := <-status; got != 408 || time.Since(last) != tt.want {
					t.Errorf("status %d after %v, want 408 after %v", got, time.Since(last), tt.want)
				}
				<-dripped
			})
		})
	}
}

func TestEndlessBodyTooFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		var body bytes.Buffer
		for n := range 100 {
			body.Write(part(camtest.Picture(n, 64, 48)))
		}
		got := g.client("a").post("phone.mjpeg", mpjpeg, &body)
		if s := g.handler.Stats(); got.StatusCode != 204 || s.Frames != 60 || s.RateDropped != 40 {
			t.Errorf("status %d, stats %+v, want 60 frames and 40 dropped", got.StatusCode, s)
		}
	})
}

func TestPublisherThatGoesAwayFreesTheCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		conn, err := g.network.dial("a")
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		_, _ = io.WriteString(conn, "POST /live/phone.mjpeg HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n")
		synctest.Wait()
		if got := g.client("b").postPicture("phone.jpg", 1).StatusCode; got != 409 {
			t.Errorf("while it is there: status %d, want 409", got)
		}
		_ = conn.Close()
		synctest.Wait()
		if got := g.client("b").postPicture("phone.jpg", 1).StatusCode; got != 204 {
			t.Errorf("after it went: status %d, want 204", got)
		}
	})
}
