package device

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

const fakeFFmpegName = "fake-ffmpeg"

// TestMain lets the test binary, run again, be an ffmpeg that has a capture
// device.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == fakeFFmpegName {
		fmt.Fprintln(os.Stderr, beFFmpeg(os.Args[0], os.Args[1:]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// plan is what a fake ffmpeg does.
type plan struct {
	Want  []string // options that must stand before the device
	Play  []string // what the real ffmpeg reads instead of the device
	Say   string   // instead of playing
	Quiet bool     // takes the device and gives nothing
}

// beFFmpeg checks how the device is asked for, and has the real ffmpeg do with
// something else what is to be done with it.
func beFFmpeg(self string, args []string) error {
	var p plan
	text, err := os.ReadFile(filepath.Join(filepath.Dir(self), "plan.json"))
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return err
	}
	at := slices.Index(args, "-i")
	before := " " + strings.Join(args[:at], " ") + " "
	for _, want := range append(p.Want, "-f v4l2") {
		if !strings.Contains(before, " "+want+" ") {
			return fmt.Errorf("%q is not in%s", want, before)
		}
	}
	switch {
	case args[at+1] != filepath.Join(filepath.Dir(self), "video0"):
		return fmt.Errorf("reads %s", args[at+1])
	case p.Say != "":
		return errors.New(p.Say)
	case p.Quiet:
		time.Sleep(time.Minute)
	}
	real, err := exec.LookPath("ffmpeg")
	if err != nil {
		return err
	}
	return syscall.Exec(real, slices.Concat([]string{"ffmpeg"}, p.Play, args[at+2:]), os.Environ())
}

// fakeCamera is a V4L2 source whose device and ffmpeg follow a plan.
func fakeCamera(t *testing.T, d *fakeDevice, p plan) *V4L2 {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	node, program := filepath.Join(dir, "video0"), filepath.Join(dir, fakeFFmpegName)
	if err := errors.Join(os.Symlink(self, program), os.WriteFile(filepath.Join(dir, "plan.json"), text, 0o600), os.WriteFile(node, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	v := NewV4L2(V4L2Options{FFmpeg: program, Path: node})
	v.inspect = func(path string) (offer, error) {
		if path != node {
			t.Errorf("asks %s", path)
		}
		return ask(d)
	}
	return v
}

// needFFmpeg skips a test where ffmpeg is missing and the run was told to
// install nothing.
func needFFmpeg(t *testing.T) {
	t.Helper()
	camtest.Need(t, "ffmpeg")
}

// framesOf runs a source until it has given some frames.
func framesOf(t *testing.T, s stream.Source, count int) (frames []media.Frame) {
	t.Helper()
	needFFmpeg(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := s.Run(ctx, func(f media.Frame) {
		if frames = append(frames, f); len(frames) == count {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || len(frames) < count {
		t.Fatalf("%d frames, then %v", len(frames), err)
	}
	return frames
}

// withoutTables leaves out a JPEG's Huffman tables, as webcams do: they are
// always the same (USB Device Class Definition for Video, Payload MJPEG).
func withoutTables(t *testing.T, b []byte) []byte {
	t.Helper()
	kept := slices.Clone(b[:2])
	for b = b[2:]; b[1] != 0xDA; {
		n := 2 + int(b[2])<<8 + int(b[3])
		if b[1] != 0xC4 {
			kept = append(kept, b[:n]...)
		}
		b = b[n:]
	}
	return append(kept, b...)
}

// webcamPictures writes numbered pictures without Huffman tables to a file,
// after what stands before them, and gives the arguments to play it.
func webcamPictures(t *testing.T, before []byte, count int) []string {
	t.Helper()
	all := slices.Clone(before)
	for n := range count {
		all = append(all, withoutTables(t, camtest.Picture(n+1, 96, 64))...)
	}
	name := filepath.Join(t.TempDir(), "webcam.mjpeg")
	if err := os.WriteFile(name, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"-re", "-f", "mjpeg", "-framerate", "50", "-i", name}
}

func TestJPEGsOfADevicePassWithTheirTables(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	v := fakeCamera(t, driver(webcam, fourCCYUYV, fourCCMJPEG), plan{
		Want: []string{"-input_format mjpeg", "-video_size 640x480", "-framerate 25"},
		Play: webcamPictures(t, nil, 200),
	})
	v.opt.Width, v.opt.Height, v.opt.FPS = 640, 480, 25
	for i, f := range framesOf(t, v, 20) {
		if n, err := camtest.ReadJPEGNumber(f.Data); n != i+1 || err != nil {
			t.Errorf("frame %d shows %d, %v", i, n, err)
		}
		if want := time.Duration(i) * time.Second / 50; f.PTS < want-time.Millisecond || f.PTS > want+time.Millisecond {
			t.Errorf("frame %d is of %v, want %v", i, f.PTS, want)
		}
		original := camtest.Picture(i+1, 96, 64)
		if !bytes.Equal(withoutTables(t, f.Data), withoutTables(t, original)) {
			t.Errorf("frame %d was touched", i)
		}
		if f.Format.Codec != media.JPEG || f.Format.Width != 96 || !f.Key {
			t.Errorf("frame %d: %+v", i, f.Format)
		}
	}
}

func TestBrokenPicturesOfADeviceAreLeftOut(t *testing.T) {
	cut := camtest.Picture(77, 96, 64)
	cut = append(slices.Clone(cut[:len(cut)/2]), 0xFF, 0xD9)
	v := fakeCamera(t, driver(webcam, fourCCMJPEG), plan{Play: webcamPictures(t, []byte("\xFF\xD8\xFF\xD9"+string(cut)), 100)})
	for i, f := range framesOf(t, v, 10) {
		if _, err := jpeg.Decode(bytes.NewReader(f.Data)); err != nil {
			t.Errorf("frame %d: %v", i, err)
		}
	}
}

func TestH264OfADevicePasses(t *testing.T) {
	needFFmpeg(t)
	clip := filepath.Join(t.TempDir(), "clip.mp4")
	encode := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=50:duration=4",
		"-c:v", "libx264", "-tune", "zerolatency", "-g", "10", "-pix_fmt", "yuv420p", clip)
	if out, err := encode.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	v := fakeCamera(t, driver(webcam, fourCCYUYV, fourCCH264), plan{
		Want: []string{"-input_format h264", "-video_size 1280x720"},
		Play: []string{"-re", "-i", clip},
	})
	for i, f := range framesOf(t, v, 25) {
		if f.Format.Codec != media.H264 || f.Format.Width != 320 || f.Key != (i%10 == 0) || f.PTS < time.Duration(i)*19*time.Millisecond {
			t.Errorf("frame %d: key %v, of %v, %+v", i, f.Key, f.PTS, f.Format)
		}
		for _, unit := range cutUnits(f.Data) {
			if kind := unit[0] & 0x1F; kind == 7 || kind == 8 || kind == 9 {
				t.Errorf("frame %d has a NAL unit of type %d", i, kind)
			}
		}
	}
}

func TestTimeOfADevice(t *testing.T) {
	const ms = time.Millisecond
	var c deviceClock
	const began = 30 * 24 * time.Hour // ago the machine did, which is more than 31 bits of milliseconds
	const cut = began - 1<<31*ms
	now, uptime := time.Now(), time.Duration(began)
	for i, step := range []struct{ stamp, passed, at, age time.Duration }{
		{cut - 20*ms, 0, 0, 20 * ms},
		{cut + 20*ms, 45 * ms, 40 * ms, 25 * ms},   // the device's own time, not that of the arrival
		{began + 60*ms, 35 * ms, 75 * ms, 20 * ms}, // with all bits, which is a jump
		{began + 100*ms, 40 * ms, 115 * ms, 20 * ms},
		{began + 900*ms, 800 * ms, 915 * ms, 20 * ms},
		{began + 901*ms, 0, 916 * ms, 19 * ms}, // came late together with the one before
		{20 * ms, 40 * ms, 956 * ms, 0},        // another clock
		{20 * ms, 0, 957 * ms, 0},              // no time twice
		{60 * ms, 10 * time.Second, 997 * ms, 0},
		{10 * time.Hour, 50 * ms, 1047 * ms, 0},
	} {
		now, uptime = now.Add(step.passed), uptime+step.passed
		at, wall := c.read(step.stamp, uptime, now)
		if age := now.Sub(wall); at != step.at || age != step.age {
			t.Errorf("%d: at %v, %v old; want %v, %v", i, at, age, step.at, step.age)
		}
	}
}

func TestRawPicturesOfADeviceAreEncoded(t *testing.T) {
	v := fakeCamera(t, driver(webcam, fourCCYUYV), plan{
		Want: []string{"-video_size 640x480"},
		Play: []string{"-re", "-f", "lavfi", "-i", "testsrc2=size=160x96:rate=50"},
	})
	for i, f := range framesOf(t, v, 10) {
		if picture, err := jpeg.Decode(bytes.NewReader(f.Data)); err != nil || picture.Bounds().Dx() != 160 {
			t.Errorf("frame %d: %v", i, err)
		}
	}
}

// TestWhatFFmpegSaysOfADevice takes the lines of ffmpeg's v4l2 demuxer.
func TestWhatFFmpegSaysOfADevice(t *testing.T) {
	for said, want := range map[string]error{
		"[video4linux2,v4l2 @ 0x5581] ioctl(VIDIOC_STREAMON): Device or resource busy": errDeviceBusy,
		"[video4linux2,v4l2 @ 0x5581] ioctl(VIDIOC_DQBUF): No such device":             errUnplugged,
		"[video4linux2,v4l2 @ 0x5581] Cannot open video device: Permission denied":     errNotAllowed,
		"/dev/video0: No such file or directory":                                       errNotThere,
		"[video4linux2,v4l2 @ 0x5581] Cannot find a proper format for codec 'none'":    errDeviceEnded,
	} {
		v := fakeCamera(t, driver(webcam, fourCCMJPEG), plan{Say: said})
		err := v.Run(t.Context(), func(media.Frame) { t.Error("a frame of nothing") })
		if !errors.Is(err, want) || !strings.Contains(err.Error(), said[strings.LastIndex(said, ": ")+2:]) {
			t.Errorf("%q: got %v, want %v", said, err, want)
		}
	}
}

func TestADeviceThatIsSilentIsGivenUp(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	v := fakeCamera(t, driver(webcam, fourCCMJPEG), plan{Quiet: true})
	v.silence.Least = 200 * time.Millisecond
	hits := make(chan string, 2)
	v.opt.Limited = func(limit string) { hits <- limit }
	err := v.Run(t.Context(), func(media.Frame) { t.Error("a frame of nothing") })
	if !errors.Is(err, errDeviceSilent) {
		t.Errorf("got %v", err)
	}
	if len(hits) != 1 || <-hits != LimitCameraSilence {
		t.Error("the limit is not told once")
	}
}

func TestADeviceWhosePicturesAreAllBrokenIsGivenUp(t *testing.T) {
	t.Parallel()
	needFFmpeg(t)
	v := fakeCamera(t, driver(webcam, fourCCMJPEG), plan{Play: []string{"-re", "-stream_loop", "-1", "-f", "mjpeg", "-i", brokenPictures(t)}})
	// ffmpeg has to have given some meanwhile, for which a busy machine takes long.
	for v.silence.Least = 2 * time.Second; ; v.silence.Least *= 2 {
		err := v.Run(t.Context(), func(media.Frame) { t.Error("a frame of nothing") })
		if errors.Is(err, errDeviceSilent) && errors.Is(err, media.ErrMalformed) {
			return
		}
		if !errors.Is(err, errDeviceSilent) || v.silence.Least > generous {
			t.Fatalf("got %v", err)
		}
	}
}

// TestADeviceThatGoesOnIsNotGivenUp watches a device for longer than it may be
// silent.
func TestADeviceThatGoesOnIsNotGivenUp(t *testing.T) {
	t.Parallel()
	v := fakeCamera(t, driver(webcam, fourCCMJPEG), plan{Play: webcamPictures(t, nil, 300)})
	v.silence.Least = 4 * time.Second
	framesOf(t, v, 250) // 5 s
}

func brokenPictures(t *testing.T) string {
	t.Helper()
	cut := camtest.Picture(77, 96, 64)
	cut = append(slices.Clone(cut[:len(cut)/2]), 0xFF, 0xD9)
	name := filepath.Join(t.TempDir(), "broken.mjpeg")
	if err := os.WriteFile(name, bytes.Repeat(cut, 50), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestUnpluggingADeviceEndsTheRun(t *testing.T) {
	needFFmpeg(t)
	v := fakeCamera(t, driver(webcam, fourCCMJPEG), plan{Play: webcamPictures(t, nil, 20)})
	frames := 0
	err := v.Run(t.Context(), func(media.Frame) {
		if frames++; frames == 1 {
			os.Remove(v.opt.Path) // the kernel takes the node away; the pictures end soon after
		}
	})
	if !errors.Is(err, errUnplugged) || frames < 2 {
		t.Errorf("%d frames, then %v", frames, err)
	}
}

// TestADeviceThatIsPluggedInAgain is seen by a stream.
func TestADeviceThatIsPluggedInAgain(t *testing.T) {
	needFFmpeg(t)
	v := fakeCamera(t, driver(webcam, fourCCMJPEG), plan{Play: webcamPictures(t, nil, 200)})
	asked, there := atomic.Int32{}, v.inspect
	v.inspect = func(path string) (offer, error) {
		if asked.Add(1) == 1 {
			return offer{}, explainOpening(syscall.ENODEV)
		}
		return there(path)
	}
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return v, nil }})
	defer hub.Close()
	reader, err := hub.Open(stream.Key{Camera: "desk"}, stream.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := reader.Next(ctx); !errors.Is(err, errUnplugged) {
		t.Errorf("at first: %v", err)
	}
	if _, err := reader.Next(ctx); err != nil {
		t.Errorf("then: %v", err)
	}
}
