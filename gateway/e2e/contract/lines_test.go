package contract

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// The pictures on lines that fail: how many a second, and for how long before the
// first comes again.
const (
	lineRate    = 20
	lineSeconds = 20
)

// TestLinesThatFail between cameras and the gateway, in each way in which pictures
// come in over TCP: while everything that can befall a line does nothing panics, and
// when the line is good again so are the pictures, by themselves.
func TestLinesThatFail(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	rig.Need(t, "ffmpeg")
	clip := rig.NumberedClip(t, lineRate*lineSeconds)
	http, rtsp, ts := fakeCamera(t, "http", ""), fakeCamera(t, "rtsp", ""), transportStream(t, clip)
	s := rig.Start(t, `
rtsp: {listen: '127.0.0.1:0'}
rtmp: {listen: '127.0.0.1:0'}
cameras:
  uploaded: {source: 'upload:'}
  sent: {source: 'upload:'}
  streamed: {source: 'upload:'}
  http: {source: '`+http.URL+`'}
  rtsp: {source: '`+rtsp.URL+`', transport: tcp}
  ts: {source: 'tcp://`+ts.Address()+`'}`)
	lines := map[string]*camtest.Line{
		"http": http.Line, "rtsp": rtsp.Line, "ts": ts,
		"uploaded": fakeCamera(t, "upload", s.URL+"/live/uploaded.mjpeg").Line,
		"sent":     sendAgain(t, clip, s.RTSP(t, false, "sent"), 4_000, "-f", "rtsp", "-rtsp_transport", "tcp"),
		"streamed": sendAgain(t, clip, s.RTMP(t, false, "streamed"), 12_000, "-f", "flv"), // which shakes hands with 3 kB
	}
	var watched sync.WaitGroup
	for name, line := range lines {
		watched.Go(func() { t.Run(name, func(t *testing.T) { throughABadLine(t, s, name, line) }) })
	}
	watched.Wait()
	if metrics := string(s.Get(t, "/metrics", rig.Credentials{}).Content); !strings.Contains(metrics, "\nframegate_panics_total 0\n") {
		t.Error("something panicked")
	}
}

// throughABadLine watches a camera until all has befallen its line, and then expects
// its pictures.
func throughABadLine(t *testing.T, s *rig.Server, camera string, line *camtest.Line) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*rig.Ceiling)
	defer cancel()
	v, err := camtest.Watch(ctx, s.URL+"/live/"+camera+".mjpeg", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	last, seen := 0, 0
	next := func() (n int) {
		for {
			part, err := v.Next()
			if err != nil {
				t.Fatalf("after %d pictures, the last %d: %v", seen, last, err)
			}
			if n, err := part.Number(); err == nil && n != last { // some come as others, and "no signal" has none
				last, seen = n, seen+1
				return n
			}
		}
	}
	for befell := 0; befell < len(camtest.LineFaults); next() {
		befell = 0
		for _, f := range camtest.LineFaults {
			befell += min(1, line.Happened(f))
		}
	}
	line.Calm()
	for right := 0; right < lineRate; {
		before := last
		if after := (next() - before + lineRate*lineSeconds) % (lineRate * lineSeconds); after < lineRate/2 {
			right++
		} else {
			right = 0
		}
	}
}

// fakeCamera is a camera behind a line that fails.
func fakeCamera(t *testing.T, protocol, to string) *camtest.FakeCamera {
	t.Helper()
	every := map[string]int{"rtsp": 2_000}[protocol] // bytes, of pictures that are so large
	codec := "h264"
	if protocol != "rtsp" {
		codec, every = "mjpeg", 12_000
	}
	footage, err := camtest.NewFootage(camtest.FootageOptions{Codec: codec, Width: rig.PictureWidth, Height: rig.PictureHeight, Rate: lineRate, Seconds: lineSeconds, Numbered: true})
	if err != nil {
		t.Fatal(err)
	}
	c, err := camtest.NewFakeCamera(camtest.FakeOptions{Footage: footage, Protocol: protocol, To: to, Line: camtest.LineOptions{Seed: 7, Every: every}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func badLine(t *testing.T, o camtest.LineOptions) *camtest.Line {
	t.Helper()
	l, err := camtest.NewLine(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// transportStream is an encoder behind a line that fails: it gives a clip to all who
// come, as fast as it was taken, again and again.
func transportStream(t *testing.T, clip string) *camtest.Line {
	t.Helper()
	name := filepath.Join(t.TempDir(), "clip.ts")
	camtest.Output(t, nil, "ffmpeg", "-v", "error", "-i", clip, "-c", "copy", "-f", "mpegts", name)
	stream, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	piece := len(stream) / 188 / (lineRate * lineSeconds) * 188
	c, err := camtest.NewHTTPCamera(func(conn *camtest.HTTPConn) {
		tick := time.NewTicker(time.Second / lineRate)
		defer tick.Stop()
		for at := 0; conn.Send(stream[at:min(at+piece, len(stream))]); <-tick.C {
			if at += piece; at >= len(stream) {
				at = 0
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return badLine(t, camtest.LineOptions{To: strings.TrimPrefix(c.URL(""), "http://"), Seed: 7, Every: 4_000})
}

// sendAgain has ffmpeg send a clip in some way over a line that fails, and begin again
// each time that it ends: every so many bytes.
func sendAgain(t *testing.T, clip, to string, every int, way ...string) *camtest.Line {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	line := badLine(t, camtest.LineOptions{To: u.Host, Upward: true, Seed: 7, Every: every})
	u.Host = line.Address()
	ctx, cancel := context.WithCancel(context.Background())
	var sending sync.WaitGroup
	sending.Go(func() { // ends with the test
		for ctx.Err() == nil {
			args := append([]string{"-v", "quiet", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy"}, way...)
			_ = exec.CommandContext(ctx, "ffmpeg", append(args, u.String())...).Run() // it fails as its line does
		}
	})
	t.Cleanup(func() {
		cancel()
		sending.Wait()
	})
	return line
}
