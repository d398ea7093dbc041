package httpcam

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

func mustParse(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// inVirtualTime runs a source against a scripted camera until the source ends,
// and gives its error, its frames, and how long that took.
func inVirtualTime(t *testing.T, opt Options, raw bool, script func(*camtest.HTTPConn)) (frames []media.Frame, took time.Duration, err error) {
	synctest.Test(t, func(t *testing.T) {
		camera := camtest.NewPipedHTTPCamera(script)
		defer camera.Close()
		opt.URL = camera.URL("/")
		if opt.Dial == nil {
			opt.Dial = camera.Dial
		}
		source := newSource(t, opt)
		source.raw = raw
		began := time.Now()
		err = source.Run(t.Context(), func(f media.Frame) { frames = append(frames, f) })
		took = time.Since(began)
	})
	return frames, took, err
}

// TestSilentCameras: each is given up in time, and not before.
func TestSilentCameras(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n\r\n"
	picture := func(n int) []byte { return camtest.Picture(n, 64, 32) }
	for _, c := range []struct {
		name     string
		dial     func(context.Context, string, string) (net.Conn, error)
		script   func(*camtest.HTTPConn)
		want     error
		min, max time.Duration
		frames   int
	}{
		{
			name: "does not connect",
			dial: func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
			want: context.DeadlineExceeded, min: connectTimeout, max: connectTimeout,
		},
		{
			name:   "does not answer",
			script: func(c *camtest.HTTPConn) { c.Request(); c.WaitClosed() },
			want:   errNoAnswer, min: answerTimeout, max: answerTimeout,
		},
		{
			name:   "answers a byte a second",
			script: func(c *camtest.HTTPConn) { c.Request(); drip(c, ok+ok) },
			want:   errNoAnswer, min: answerTimeout, max: answerTimeout,
		},
		{
			name:   "answers without a body",
			script: func(c *camtest.HTTPConn) { c.Request(); c.Send(ok); c.WaitClosed() },
			want:   errNoAnswer, min: answerTimeout, max: answerTimeout,
		},
		{
			name:   "sends its first picture a byte a second",
			script: func(c *camtest.HTTPConn) { c.Request(); c.Send(ok); drip(c, string(picture(0))) },
			want:   errNoPicture, min: stream.FirstPicture, max: stream.FirstPicture,
		},
		{
			name: "falls silent",
			script: func(c *camtest.HTTPConn) {
				c.Request()
				c.Send(ok, picture(0))
				time.Sleep(time.Second / 10)
				c.Send(picture(1))
				c.WaitClosed()
			},
			want: errSilent, min: stream.LeastSilence, max: stream.LeastSilence + time.Second, frames: 2,
		},
		{
			name: "goes on a byte a second",
			script: func(c *camtest.HTTPConn) {
				c.Request()
				c.Send(ok, picture(0))
				drip(c, string(picture(1)))
			},
			want: errSilent, min: stream.LeastSilence, max: stream.LeastSilence, frames: 1,
		},
		{
			name: "goes on with text",
			script: func(c *camtest.HTTPConn) {
				c.Request()
				c.Send(ok, picture(0))
				for c.Send("--x\r\nContent-Type: text/plain\r\n\r\nstill here\r\n") {
					time.Sleep(time.Second)
				}
			},
			want: errSilent, min: stream.LeastSilence, max: stream.LeastSilence, frames: 1,
		},
		{
			name: "goes on with bad pictures",
			script: func(c *camtest.HTTPConn) {
				c.Request()
				c.Send(ok, picture(0))
				for c.Send("\xff\xd8\xff\xd8") {
					time.Sleep(time.Second)
				}
			},
			want: media.ErrMalformed, min: stream.LeastSilence, max: stream.LeastSilence, frames: 1,
		},
		{
			name: "is slow, and then falls silent",
			script: func(c *camtest.HTTPConn) {
				c.Request()
				c.Send(ok, picture(0))
				for n := 1; n < 20; n++ {
					time.Sleep(4 * time.Second)
					c.Send(picture(n))
				}
				time.Sleep(35 * time.Second)
				c.Send(picture(20))
				c.WaitClosed()
			},
			want: errSilent, min: 19*4*time.Second + 75*time.Second, max: 19*4*time.Second + 120*time.Second, frames: 21,
		},
	} {
		for _, raw := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, raw %v", c.name, raw), func(t *testing.T) {
				frames, took, err := inVirtualTime(t, Options{Dial: c.dial}, raw, c.script)
				if !errors.Is(err, c.want) {
					t.Errorf("ended with: %v", err)
				}
				if took < c.min || took > c.max {
					t.Errorf("given up after %v, want %v to %v", took, c.min, c.max)
				}
				if len(frames) != c.frames {
					t.Errorf("%d frames, want %d", len(frames), c.frames)
				}
			})
		}
	}
}

// drip sends a byte a second.
func drip(c *camtest.HTTPConn, s string) {
	for i := range len(s) {
		if !c.Send(s[i : i+1]) {
			return
		}
		time.Sleep(time.Second)
	}
}

// TestPatienceGrows: a camera with a picture every 12 s is silent for too long
// at first, and then no more.
func TestPatienceGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		camera := camtest.NewPipedHTTPCamera(func(c *camtest.HTTPConn) {
			c.Request()
			c.Send("HTTP/1.1 200 OK\r\n\r\n")
			for n := 0; c.Send(camtest.Picture(n, 64, 32)); n++ {
				time.Sleep(12 * time.Second)
			}
		})
		defer camera.Close()
		source := newSource(t, Options{URL: camera.URL("/"), Dial: camera.Dial})
		for run, want := range []int{1, 1, 5} {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
			frames := 0
			source.Run(ctx, func(media.Frame) { frames++ })
			cancel()
			if frames != want {
				t.Errorf("run %d: %d frames, want %d", run, frames, want)
			}
		}
	})
}

// TestCancel: Run returns at once in every phase, and closes its connection.
func TestCancel(t *testing.T) {
	for _, raw := range []bool{false, true} {
		for name, script := range map[string]func(*camtest.HTTPConn){
			"before the answer": func(c *camtest.HTTPConn) { c.Request(); c.WaitClosed() },
			"in the headers":    func(c *camtest.HTTPConn) { c.Request(); c.Send("HTTP/1.1 200 OK\r\nA"); c.WaitClosed() },
			"before a picture":  func(c *camtest.HTTPConn) { c.Request(); c.Send("HTTP/1.1 200 OK\r\n\r\n"); c.WaitClosed() },
			"in a picture":      func(c *camtest.HTTPConn) { c.Request(); c.Send("HTTP/1.1 200 OK\r\n\r\n\xff\xd8\xff"); c.WaitClosed() },
			"in a refusal": func(c *camtest.HTTPConn) {
				c.Request()
				c.Send("HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\nbecause")
				c.WaitClosed()
			},
			"between snapshots":  func(c *camtest.HTTPConn) { c.Request(); c.Send(snapshot(1)); c.WaitClosed() },
			"while it is moving": func(c *camtest.HTTPConn) { c.Request(); c.Send("HTTP/1.1 200 OK\r\n\r\n"); movie(c) },
		} {
			if raw && name == "in a refusal" {
				continue // of which the rest is of no interest
			}
			t.Run(fmt.Sprintf("%s, raw %v", name, raw), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					camera := camtest.NewPipedHTTPCamera(script)
					defer camera.Close()
					source := newSource(t, Options{URL: camera.URL("/"), Dial: camera.Dial, Interval: time.Minute})
					source.raw = raw
					ctx, cancel := context.WithCancel(t.Context())
					done := make(chan error, 1)
					go func() { done <- source.Run(ctx, func(media.Frame) {}) }()
					time.Sleep(time.Second)
					synctest.Wait()
					cancelled := time.Now()
					cancel()
					if err := <-done; !errors.Is(err, context.Canceled) {
						t.Errorf("ended with: %v", err)
					}
					if took := time.Since(cancelled); took > 0 {
						t.Errorf("took %v", took)
					}
					time.Sleep(time.Second)
					synctest.Wait()
					if camera.Open() > 0 {
						t.Error("a connection outlives the run")
					}
				})
			})
		}
	}
}

func movie(c *camtest.HTTPConn) {
	picture := camtest.Picture(1, 64, 32)
	for c.Send(picture) {
		time.Sleep(30 * time.Millisecond)
	}
}

// TestSnapshotCamera: asked once an interval, over one connection where the
// camera keeps it; a picture that has not changed is no frame.
func TestSnapshotCamera(t *testing.T) {
	for _, c := range []struct {
		name        string
		raw         bool
		answer      func(picture string) string
		connections int
	}{
		{"keeps its connection", false, func(p string) string {
			return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(p), p)
		}, 1},
		{"closes after each answer", false, func(p string) string { return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + p }, 10},
		{"HTTP/1.0, without length", false, func(p string) string { return "HTTP/1.0 200 OK\r\n\r\n" + p }, 10},
		{"chunked", false, func(p string) string {
			return fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(p), p)
		}, 1},
		{"closes before the length it told", false, func(p string) string {
			return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(p)+100, p)
		}, 10},
		{"a single part", false, func(p string) string { return "HTTP/1.0 200 OK\r\n\r\n--x\r\n\r\n" + p + "\r\n--x--\r\n" }, 10},
		{"ICY", true, func(p string) string { return "ICY 200 OK\r\n\r\n" + p }, 10},
		{"ICY with a length, stays open", true, func(p string) string {
			return fmt.Sprintf("ICY 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(p), p)
		}, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				camera := camtest.NewPipedHTTPCamera(func(conn *camtest.HTTPConn) {
					for conn.Request() != nil {
						answer := c.answer(string(camtest.Picture(asked/2, 64, 32))) // each picture twice
						asked++
						conn.Send(answer)
						if c.connections > 1 && !strings.Contains(c.name, "stays open") {
							return
						}
					}
				})
				defer camera.Close()
				source := newSource(t, Options{URL: camera.URL("/"), Dial: camera.Dial, Interval: 2 * time.Second})
				source.raw = c.raw
				ctx, cancel := context.WithTimeout(t.Context(), 19*time.Second)
				defer cancel()
				var numbers []int
				err := source.Run(ctx, func(f media.Frame) { numbers = append(numbers, number(t, f)) })
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("ended with: %v", err)
				}
				if fmt.Sprint(numbers) != "[0 1 2 3 4]" || asked != 10 {
					t.Errorf("frames %v of %d requests", numbers, asked)
				}
				if camera.Connections() != c.connections {
					t.Errorf("%d connections, want %d", camera.Connections(), c.connections)
				}
			})
		})
	}
}

// TestBadSnapshotsAmongGoodOnes are left out; too many in a row end the run.
func TestBadSnapshotsAmongGoodOnes(t *testing.T) {
	asked := 0
	frames, _, err := inVirtualTime(t, Options{}, false, snapshots(func(*http.Request) string {
		asked++
		if asked%3 == 2 || asked > 9 {
			return "HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n" + string(camtest.Picture(asked, 64, 32)[:600])
		}
		return snapshot(asked)
	}))
	if len(frames) != 6 || !errors.Is(err, media.ErrMalformed) {
		t.Errorf("%d frames, ended with: %v", len(frames), err)
	}
	if want := 9 + maxBadInARow + 1; asked != want {
		t.Errorf("asked %d times, want %d", asked, want)
	}
}
