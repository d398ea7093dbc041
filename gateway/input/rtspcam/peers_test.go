package rtspcam

import (
	"bufio"
	"cmp"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
)

// gstreamer starts GStreamer's RTSP server and gives its URL.
func gstreamer(t *testing.T, pipeline, auth string) string {
	t.Helper()
	const python = "/usr/bin/python3" // the system's own, which has the bindings
	if exec.Command(python, "-c", "import gi; gi.require_version('GstRtspServer', '1.0')").Run() != nil {
		rtptest.Missing(t, "GStreamer's RTSP server (python3-gi, gir1.2-gst-rtsp-server-1.0)")
	}
	c := exec.Command(python, "testdata/gstserver.py", pipeline, auth)
	input, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	c.Stderr = &complaints
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close()
		c.Wait()
		if t.Failed() && complaints.Len() > 0 {
			t.Log(complaints.String())
		}
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("GStreamer's server does not start: %v", err)
	}
	return "rtsp://127.0.0.1:" + strings.TrimSpace(line) + "/cam"
}

// films are what the peers send: pictures that differ in how they were encoded.
var films = []struct {
	name, file, parse string
	args              []string
	width, height     int // 0 = 320, 240
}{
	{"x264 for low delay", "f.mp4", "qtdemux ! h264parse ! rtph264pay config-interval=-1 name=pay0 pt=96", []string{"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-pix_fmt", "yuv420p"}, 0, 0},
	{"x264 with B-frames and several references", "f.mp4", "qtdemux ! h264parse ! rtph264pay name=pay0 pt=96", []string{"-c:v", "libx264", "-bf", "3", "-refs", "4", "-x264-params", "b-pyramid=normal:open-gop=0", "-g", "15", "-pix_fmt", "yuv420p"}, 0, 0},
	{"x264 with several slices and a long GOP", "f.mp4", "qtdemux ! h264parse ! rtph264pay mtu=600 aggregate-mode=max-stap config-interval=-1 name=pay0 pt=96", []string{"-c:v", "libx264", "-x264-params", "slices=5", "-g", "600", "-pix_fmt", "yuv420p"}, 0, 0},
	{"x265 for low delay", "f.mp4", "qtdemux ! h265parse ! rtph265pay config-interval=-1 name=pay0 pt=96", []string{"-c:v", "libx265", "-preset", "ultrafast", "-tune", "zerolatency", "-x265-params", "log-level=none", "-g", "10", "-pix_fmt", "yuv420p", "-tag:v", "hvc1"}, 0, 0},
	{"x265 with open GOPs and slices", "f.mp4", "qtdemux ! h265parse ! rtph265pay mtu=600 aggregate-mode=max config-interval=1 name=pay0 pt=96", []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:open-gop=1:bframes=3:b-adapt=0:keyint=12:min-keyint=12:slices=2", "-pix_fmt", "yuv420p", "-tag:v", "hvc1"}, 0, 0},
	{"x265enc of GStreamer", "f.mov", "qtdemux ! jpegdec ! videoconvert ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=10 bitrate=2000 ! h265parse ! rtph265pay config-interval=-1 name=pay0 pt=96", []string{"-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p"}, 0, 0},
	{"mjpeg of ffmpeg, 4:2:0", "f.mov", "qtdemux ! jpegparse ! rtpjpegpay name=pay0 pt=26", []string{"-c:v", "mjpeg", "-huffman", "default", "-q:v", "3", "-pix_fmt", "yuvj420p"}, 0, 0},
	{"mjpeg of ffmpeg with restart markers", "f.mov", "qtdemux ! jpegparse ! rtpjpegpay name=pay0 pt=26", []string{"-c:v", "mjpeg", "-huffman", "default", "-threads", "3", "-slices", "3", "-q:v", "3", "-pix_fmt", "yuvj420p"}, 0, 0},
	{"jpegenc of GStreamer, 4:2:2", "f.mov", "qtdemux ! jpegdec ! videoconvert ! video/x-raw,format=Y42B ! jpegenc ! rtpjpegpay name=pay0 pt=26", []string{"-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p"}, 0, 0},
	{"jpegenc of GStreamer", "f.mov", "qtdemux ! jpegdec ! jpegenc quality=80 ! rtpjpegpay name=pay0 pt=26", []string{"-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p"}, 0, 0},
	{"mjpeg of over 2040 pixels", "f.mov", "qtdemux ! jpegparse ! rtpjpegpay name=pay0 pt=26", []string{"-c:v", "mjpeg", "-huffman", "default", "-q:v", "6", "-pix_fmt", "yuvj420p"}, 2304, 128},
}

// filmFrames is how long those are: a second and a bit.
const filmFrames = 40

// TestGStreamer takes every film, over TCP and UDP and with each kind of login,
// and reads the number of every picture.
func TestGStreamer(t *testing.T) {
	thorough(t)
	logins := []string{"none", "basic", "digest"}
	for i, f := range films {
		path := rtptest.Film(t, filmFrames, cmp.Or(f.width, 320), cmp.Or(f.height, 240), f.file, f.args...)
		pipeline := fmt.Sprintf("( filesrc location=%s ! %s )", path, f.parse)
		for j, transport := range []Transport{TCP, UDP} {
			login := logins[(i+j)%len(logins)]
			t.Run(fmt.Sprintf("%s, %s, login %s", f.name, transport, login), func(t *testing.T) {
				t.Parallel()
				opt := Options{URL: gstreamer(t, pipeline, login), Transport: transport}
				if login != "none" {
					opt.Username, opt.Password = "viewer", "s3cret"
				}
				frames := start(t, newSource(t, opt)).take(t, filmFrames)
				rtptest.WantNumbers(t, frames, rtptest.Span(0, filmFrames))
				wantTimes(t, frames)
			})
		}
	}
}

// wantTimes demands that frames are 1/30 s apart in the order in which they are
// shown, and taken about now.
func wantTimes(t *testing.T, frames []media.Frame) {
	t.Helper()
	var times []time.Duration
	for _, f := range frames {
		times = append(times, f.PTS)
		if age := time.Since(f.Wall); age < -time.Second || age > 30*time.Second {
			t.Errorf("a picture of %v ago", age)
		}
	}
	slices.Sort(times)
	for i := range times[1:] {
		if gap := times[i+1] - times[i]; gap < 30*time.Millisecond || gap > 37*time.Millisecond {
			t.Errorf("pictures %v apart, of 33.3 ms", gap)
		}
	}
}
