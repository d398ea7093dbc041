//go:build linux && (386 || amd64 || arm || arm64 || loong64 || riscv64 || s390x)

package device

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// The tests of this file have the real ffmpeg, as it is started for a device,
// read one by its v4l2 demuxer. The device is a library between ffmpeg and the
// kernel (testdata/fakedevice.c), since cameras are rare where tests run.

const fakeInterval = 20 * time.Millisecond

// libraryOfFakeDevice compiles the device.
func libraryOfFakeDevice(t *testing.T) string {
	t.Helper()
	camtest.Need(t, "gcc")
	library := filepath.Join(t.TempDir(), "fakedevice.so")
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-Wall", "-O1", "-o", library, "testdata/fakedevice.c", "-ldl").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return library
}

// fakeDeviceFor is a V4L2 source whose ffmpeg finds a device that gives frames.
func fakeDeviceFor(t *testing.T, library string, format fourCC, name string, frames [][]byte, more string) *V4L2 {
	t.Helper()
	dir := t.TempDir()
	for i, frame := range frames {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d", i)), frame, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	node, program := filepath.Join(dir, "video0"), filepath.Join(dir, "ffmpeg")
	script := fmt.Sprintf("#!/bin/sh\n%s LD_PRELOAD='%s' FAKE_NODE='%s' FAKE_FRAMES='%s' FAKE_FORMAT=%s FAKE_WIDTH=96 FAKE_HEIGHT=64 FAKE_INTERVAL=%d exec ffmpeg \"$@\"\n",
		more, library, node, dir, name, fakeInterval.Microseconds())
	if err := errors.Join(os.WriteFile(node, nil, 0o600), os.WriteFile(program, []byte(script), 0o700)); err != nil {
		t.Fatal(err)
	}
	v := NewV4L2(V4L2Options{FFmpeg: program, Path: node})
	v.inspect = func(string) (offer, error) { return ask(driver(discrete(pixels{96, 64}), format)) }
	return v
}

// numberedPictures makes pictures that a webcam gives, and what each is like in
// another format.
func numberedPictures(t *testing.T, count int) (pictures, h264, yuyv [][]byte) {
	t.Helper()
	needFFmpeg(t)
	var all bytes.Buffer
	for n := range count {
		picture := camtest.Picture(n+1, 96, 64)
		all.Write(picture)
		pictures = append(pictures, withoutTables(t, picture))
	}
	convert := func(args ...string) []byte {
		cmd := exec.Command("ffmpeg", append(append([]string{"-v", "error", "-f", "mjpeg", "-framerate", "50", "-i", "pipe:0"}, args...), "pipe:1")...)
		cmd.Stdin = bytes.NewReader(all.Bytes())
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	delimiter := []byte{0, 0, 0, 1, 9}
	video := convert("-c:v", "libx264", "-tune", "zerolatency", "-g", "10", "-sc_threshold", "0", "-x264-params", "repeat-headers=1:aud=1", "-pix_fmt", "yuv420p", "-f", "h264")
	for _, unit := range bytes.Split(video, delimiter)[1:] {
		h264 = append(h264, append(bytes.Clone(delimiter), unit...))
	}
	raw := convert("-pix_fmt", "yuyv422", "-f", "rawvideo")
	for len(raw) > 0 {
		yuyv = append(yuyv, raw[:96*64*2])
		raw = raw[96*64*2:]
	}
	return pictures, h264, yuyv
}

func TestFFmpegReadsADevice(t *testing.T) {
	library := libraryOfFakeDevice(t)
	pictures, h264, yuyv := numberedPictures(t, 100)
	for name, c := range map[string]struct {
		format fourCC
		frames [][]byte
	}{
		"MJPG": {fourCCMJPEG, pictures},
		"H264": {fourCCH264, h264},
		"YUYV": {fourCCYUYV, yuyv},
	} {
		t.Run(name, func(t *testing.T) {
			v := fakeDeviceFor(t, library, c.format, name, c.frames, "")
			began := time.Now()
			got := framesOf(t, v, 30)
			took := time.Since(began)
			var offsets []time.Duration // of the time of day from media time
			for i, f := range got {
				if f.Format.Width != 96 || f.Format.Height != 64 {
					t.Fatalf("frame %d: %+v", i, f.Format)
				}
				if n := i + 1; f.Format.Codec == media.JPEG && numberOf(t, f) != n {
					t.Errorf("frame %d shows %d", i, numberOf(t, f))
				}
				if f.Format.Codec == media.H264 && f.Key != (i%10 == 0) {
					t.Errorf("frame %d is a keyframe: %v", i, f.Key)
				}
				if f.PTS > took {
					t.Errorf("frame %d is of %v, after %v", i, f.PTS, took)
				}
				before := got[max(i-1, 0)]
				if step := f.PTS - before.PTS; i > 1 && !nearly(step, fakeInterval) {
					t.Errorf("frame %d comes %v after the one before", i, step)
				}
				offsets = append(offsets, f.Wall.Sub(began)-f.PTS)
			}
			slices.Sort(offsets)
			usual := offsets[len(offsets)/2]
			apart := slices.DeleteFunc(slices.Clone(offsets), func(offset time.Duration) bool { return nearly(offset, usual) })
			if len(apart) > len(got)/2 { // some may be: two clocks are not read at once
				t.Errorf("the capture times of %d pictures do not go with their media times: %v", len(apart), offsets)
			}
		})
	}
}

func nearly(a, b time.Duration) bool { return (a - b).Abs() <= 2*time.Millisecond }

func numberOf(t *testing.T, f media.Frame) int {
	t.Helper()
	if _, err := jpeg.Decode(bytes.NewReader(f.Data)); err != nil {
		t.Fatal(err)
	}
	n, err := camtest.ReadJPEGNumber(f.Data)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFFmpegLosesADevice(t *testing.T) {
	library := libraryOfFakeDevice(t)
	pictures, _, _ := numberedPictures(t, 5)
	for name, c := range map[string]struct {
		more   string
		frames int
		want   error
	}{
		"unplugged": {"", 5, errUnplugged},
		"busy":      {"FAKE_BUSY=1", 0, errDeviceBusy},
	} {
		t.Run(name, func(t *testing.T) {
			v := fakeDeviceFor(t, library, fourCCMJPEG, "MJPG", pictures, c.more)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			frames := 0
			err := v.Run(ctx, func(media.Frame) { frames++ })
			if !errors.Is(err, c.want) || frames != c.frames {
				t.Errorf("%d frames, then %v; want %d, %v", frames, err, c.frames, c.want)
			}
		})
	}
}
