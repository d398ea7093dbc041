package rtspcam

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// tool gives the path of a program that a test needs.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name)
	}
	return path
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("FRAMEGATE_TEST_NO_INSTALL") != "" {
		t.Skipf("%s is not installed", what)
	}
	t.Fatalf("%s is not installed", what)
}

// ffmpeg runs ffmpeg on its standard input and gives what it writes.
func ffmpeg(t *testing.T, input []byte, args ...string) []byte {
	t.Helper()
	c := exec.CommandContext(t.Context(), tool(t, "ffmpeg"), append([]string{"-hide_banner", "-loglevel", "error", "-threads", "1"}, args...)...)
	c.Stdin = bytes.NewReader(input)
	var output, complaints bytes.Buffer
	c.Stdout, c.Stderr = &output, &complaints
	if err := c.Run(); err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, complaints.Bytes())
	}
	return output.Bytes()
}

// numbered gives n pictures with the numbers from 0, one behind another.
func numbered(n, width, height int) []byte {
	var b []byte
	for i := range n {
		b = append(b, camtest.Picture(i, width, height)...)
	}
	return b
}

// film encodes n numbered pictures at 30 a second into a file.
func film(t *testing.T, n, width, height int, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	args = append([]string{"-f", "image2pipe", "-c:v", "mjpeg", "-framerate", "30", "-i", "-"}, args...)
	ffmpeg(t, numbered(n, width, height), append(args, "-y", path)...)
	return path
}

// numbersH264 decodes frames and reads the numbers of the pictures, in the
// order in which they are shown.
func numbersH264(t *testing.T, frames []media.Frame) []int {
	t.Helper()
	var b []byte
	var format *media.Format
	unit := func(n []byte) { b = append(append(b, 0, 0, 0, 1), n...) }
	for _, f := range frames {
		if f.Key || f.Format != format {
			sps, pps := f.Format.ParameterSets()
			for _, set := range slices.Concat(sps, pps) {
				unit(set)
			}
			format = f.Format
		}
		for data := f.Data; len(data) > 0; {
			size := 4 + int(binary.BigEndian.Uint32(data))
			unit(data[4:size])
			data = data[size:]
		}
	}
	return numbersJPEG(t, ffmpeg(t, b, "-f", "h264", "-i", "-", "-fps_mode", "passthrough", "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "2", "-"))
}

// numbersJPEG reads the numbers of JPEGs one behind another.
func numbersJPEG(t *testing.T, b []byte) []int {
	t.Helper()
	var numbers []int
	for len(b) > 0 {
		_, size, err := media.ParseJPEG(b)
		if err != nil {
			t.Fatal(err)
		}
		n, err := camtest.ReadJPEGNumber(b[:size])
		if err != nil {
			t.Fatalf("picture %d: %v", len(numbers), err)
		}
		numbers = append(numbers, n)
		b = b[size:]
	}
	return numbers
}

// numbers reads the numbers of frames of either codec.
func numbers(t *testing.T, frames []media.Frame) []int {
	t.Helper()
	if frames[0].Format.Codec == media.H264 {
		return numbersH264(t, frames)
	}
	var all []byte
	for _, f := range frames {
		all = append(all, f.Data...)
	}
	return numbersJPEG(t, all)
}

// span gives the numbers from a to before b.
func span(a, b int) []int {
	var s []int
	for ; a < b; a++ {
		s = append(s, a)
	}
	return s
}

// wantNumbers demands that frames show exactly these pictures.
func wantNumbers(t *testing.T, frames []media.Frame, want []int) {
	t.Helper()
	if got := numbers(t, frames); !slices.Equal(got, want) {
		t.Errorf("pictures %v, want %v", got, want)
	}
}
