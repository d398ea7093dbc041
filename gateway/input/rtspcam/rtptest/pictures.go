// Package rtptest makes packets of RTP with numbered pictures, as cameras send
// them, and reads the numbers of what came of them. It is for tests alone.
package rtptest

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// Tool gives the path of a program that a test needs.
func Tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, name)
	}
	return path
}

// FFmpegFrom skips a test for which ffmpeg has to be of that release at least; scripts/ffmpeg7 runs it
// with one that is.
func FFmpegFrom(t *testing.T, major int) {
	t.Helper()
	said, err := exec.Command(Tool(t, "ffmpeg"), "-version").Output()
	found := regexp.MustCompile(`^ffmpeg version n?(\d+)\.`).FindSubmatch(said)
	if err != nil || found == nil {
		t.Skipf("no ffmpeg of a release: %v", err)
	}
	if is, _ := strconv.Atoi(string(found[1])); is < major {
		t.Skipf("ffmpeg %d is older than %d", is, major)
	}
}

func Missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("FRAMEGATE_TEST_NO_INSTALL") != "" {
		t.Skipf("%s is not installed", what)
	}
	t.Fatalf("%s is not installed", what)
}

// FFmpeg runs ffmpeg on its standard input and gives what it writes.
func FFmpeg(t *testing.T, input []byte, args ...string) []byte {
	t.Helper()
	c := exec.CommandContext(t.Context(), Tool(t, "ffmpeg"), append([]string{"-hide_banner", "-loglevel", "error", "-threads", "1"}, args...)...)
	c.Stdin = bytes.NewReader(input)
	var output, complaints bytes.Buffer
	c.Stdout, c.Stderr = &output, &complaints
	if err := c.Run(); err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, complaints.Bytes())
	}
	return output.Bytes()
}

// Numbered gives n pictures with the numbers from 0, one behind another.
func Numbered(n, width, height int) []byte {
	var b []byte
	for i := range n {
		b = append(b, camtest.Picture(i, width, height)...)
	}
	return b
}

// Film encodes n numbered pictures at 30 a second into a file.
func Film(t *testing.T, n, width, height int, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	args = append([]string{"-f", "image2pipe", "-c:v", "mjpeg", "-framerate", "30", "-i", "-"}, args...)
	FFmpeg(t, Numbered(n, width, height), append(args, "-y", path)...)
	return path
}

// numbersOfUnits decodes frames of H.264 or H.265 and reads the numbers of the
// pictures, in the order in which they are shown.
func numbersOfUnits(t *testing.T, frames []media.Frame) []int {
	t.Helper()
	var b []byte
	var format *media.Format
	unit := func(n []byte) { b = append(append(b, 0, 0, 0, 1), n...) }
	for _, f := range frames {
		if f.Key || f.Format != format {
			for _, set := range slices.Concat(f.Format.ParameterSets()) {
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
	demuxer := map[media.Codec]string{media.H264: "h264", media.H265: "hevc"}[format.Codec]
	return numbersJPEG(t, FFmpeg(t, b, "-f", demuxer, "-i", "-", "-fps_mode", "passthrough", "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "2", "-"))
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

// Numbers reads the numbers of frames, in the order in which they are shown.
func Numbers(t *testing.T, frames []media.Frame) []int {
	t.Helper()
	if len(frames) == 0 {
		return nil
	}
	if frames[0].Format.Codec != media.JPEG {
		return numbersOfUnits(t, frames)
	}
	var all []byte
	for _, f := range frames {
		all = append(all, f.Data...)
	}
	return numbersJPEG(t, all)
}

// Span gives the numbers from a to before b.
func Span(a, b int) []int {
	var s []int
	for ; a < b; a++ {
		s = append(s, a)
	}
	return s
}

// WantNumbers demands that frames show exactly these pictures.
func WantNumbers(t *testing.T, frames []media.Frame, want []int) {
	t.Helper()
	if got := Numbers(t, frames); !slices.Equal(got, want) {
		t.Errorf("pictures %v, want %v", got, want)
	}
}

// WantSame demands the same bytes.
func WantSame(t *testing.T, what string, got, want []media.Frame) {
	t.Helper()
	same := slices.EqualFunc(got, want, func(a, b media.Frame) bool { return bytes.Equal(a.Data, b.Data) && a.Key == b.Key })
	if !same {
		t.Errorf("%s: %d frames, want %d", what, len(got), len(want))
	}
}
