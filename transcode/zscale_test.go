package transcode_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framegate/transcode"
)

// withoutZscale is an ffmpeg that was built without the filter.
const withoutZscale = `#!/bin/sh
case "$*" in *zscale*) echo "No such filter: 'zscale'" >&2; exit 1 ;; esac
exec ffmpeg "$@"
`

// needZscale skips a test where ffmpeg lacks the filter.
func needZscale(t *testing.T) {
	t.Helper()
	needFfmpeg(t)
	if !transcode.HasZscale(t.Context(), "") {
		t.Skip("this ffmpeg has no zscale")
	}
}

// smooth is a picture that moves and has all colours, but no edge, at which
// ways to scale colours differ.
const smooth = "gradients=size=322x182:rate=25:speed=0.05:seed=7:nb_colors=8:c0=black:c1=white:c2=red:c3=blue:c4=lime:c5=yellow:c6=gray:c7=cyan"

// colours are kinds of H.264, by what makes them. All come from one picture.
var colours = map[string][]string{
	"nothing told":       {"-pix_fmt", "yuv420p"},
	"BT.709":             {"-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"},
	"BT.601":             {"-pix_fmt", "yuv420p", "-colorspace", "bt470bg", "-color_primaries", "bt470bg", "-color_trc", "gamma28"},
	"a matrix alone":     {"-pix_fmt", "yuv420p", "-bsf:v", "h264_metadata=matrix_coefficients=7"},
	"full range":         {"-pix_fmt", "yuvj420p"},
	"full range, BT.709": {"-pix_fmt", "yuvj420p", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"},
	"4:2:2":              {"-pix_fmt", "yuv422p"},
	"4:2:2, full range":  {"-pix_fmt", "yuvj422p"},
	"4:4:4":              {"-pix_fmt", "yuv444p"},
	"4:4:4, odd size":    {"-pix_fmt", "yuv444p", "-vf", "scale=321:181"},
	"10 bit":             {"-pix_fmt", "yuv420p10"},
	"10 bit, 4:2:2":      {"-pix_fmt", "yuv422p10"},
	"grey":               {"-pix_fmt", "gray"},
	"interlaced":         {"-pix_fmt", "yuv420p", "-vf", "scale=320:184", "-flags", "+ildct+ilme", "-x264-params", "tff=1"},
}

// inAllColours has ffmpeg encode a few pictures of each kind.
func inAllColours(t *testing.T) map[string][]transcode.Packet {
	t.Helper()
	dir := t.TempDir()
	args := []string{"-v", "error", "-f", "lavfi", "-i", smooth}
	for name, options := range colours {
		args = append(args, "-frames:v", "2", "-c:v", "libx264", "-preset", "superfast", "-qp", "8", "-bf", "0")
		args = append(append(args, options...), dir+"/"+name+".flv")
	}
	if out, err := exec.Command("ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	packets := map[string][]transcode.Packet{}
	for name := range colours {
		flv, err := os.ReadFile(dir + "/" + name + ".flv")
		if err != nil {
			t.Fatal(err)
		}
		if packets[name], err = transcode.ReadFLV(flv); err != nil || len(packets[name]) != 2 {
			t.Fatalf("%s: %d packets, %v", name, len(packets[name]), err)
		}
	}
	return packets
}

// TestZscaleGivesTheColoursOfSwscale, whatever the H.264 is and tells of it.
func TestZscaleGivesTheColoursOfSwscale(t *testing.T) {
	needZscale(t)
	plain := writeProgram(t, withoutZscale)
	for name, packets := range inAllColours(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := transcode.Spec{In: transcode.H264, Config: packets[0].Config, Out: transcode.JPEG, Quality: 100, InWidth: 322, InHeight: 182}
			if strings.Contains(name, "odd") {
				spec.InWidth, spec.InHeight = 321, 181
			}
			p := start(t, spec)
			if strings.Contains(name, "odd") == p.ByZscale() {
				t.Errorf("by zscale: %v", p.ByZscale())
			}
			got := lockstep(t, p, packets)
			spec.FFmpeg = plain
			p = start(t, spec)
			if p.ByZscale() {
				t.Fatal("zscale is used that is not there")
			}
			for i, want := range lockstep(t, p, packets) {
				expectAlike(t, got[i].Data, want.Data)
			}
		})
	}
}

// expectAlike has no sample of two pictures differ by more than 2, but one in
// a hundred by what the compression of JPEGs makes of that.
func expectAlike(t *testing.T, got, want []byte) {
	t.Helper()
	a, b := decoded(t, got), decoded(t, want)
	if a.Rect != b.Rect || a.SubsampleRatio != b.SubsampleRatio {
		t.Fatalf("%v, %v; want %v, %v", a.Rect, a.SubsampleRatio, b.Rect, b.SubsampleRatio)
	}
	for plane, pair := range planes(a, b) {
		worst, beyond := 0, 0
		for i := range pair[0] {
			off := max(int(pair[0][i])-int(pair[1][i]), int(pair[1][i])-int(pair[0][i]))
			if worst = max(worst, off); off > 2 {
				beyond++
			}
		}
		if worst > 6 || beyond > len(pair[0])/100 {
			t.Errorf("%s differs by up to %d, and by more than 2 in %d samples of %d", plane, worst, beyond, len(pair[0]))
		}
	}
}

func planes(a, b *image.YCbCr) map[string][2][]byte {
	return map[string][2][]byte{"Y": {a.Y, b.Y}, "Cb": {a.Cb, b.Cb}, "Cr": {a.Cr, b.Cr}}
}

func decoded(t *testing.T, b []byte) *image.YCbCr {
	t.Helper()
	picture, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return picture.(*image.YCbCr)
}

// TestZscaleGivesH264TheColoursOfJPEGs has pictures become H.264 and JPEGs again.
func TestZscaleGivesH264TheColoursOfJPEGs(t *testing.T) {
	needZscale(t)
	for name, options := range map[string][]string{
		"4:2:0":    {"-pix_fmt", "yuvj420p"},
		"4:2:2":    {"-pix_fmt", "yuvj422p"},
		"4:4:4":    {"-pix_fmt", "yuvj444p"},
		"odd size": {"-pix_fmt", "yuvj420p", "-vf", "scale=321:181"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"-v", "error", "-f", "lavfi", "-i", smooth, "-frames:v", "1", "-q:v", "2"}, options...)
			picture, err := exec.Command("ffmpeg", append(args, "-f", "mjpeg", "pipe:1")...).Output()
			if err != nil {
				t.Fatal(err)
			}
			encoder := start(t, transcode.Spec{In: transcode.JPEG, Out: transcode.H264, InWidth: 321, InHeight: 181, Width: 320, Height: 180})
			if !encoder.ByZscale() {
				t.Error("zscale is not used")
			}
			h264 := lockstep(t, encoder, []transcode.Packet{timed(0, picture)})
			back := lockstep(t, start(t, transcode.Spec{In: transcode.H264, Config: h264[0].Config, Out: transcode.JPEG, Quality: 100}), h264)
			asIs := lockstep(t, start(t, transcode.Spec{In: transcode.JPEG, Out: transcode.JPEG, Quality: 100, Width: 320, Height: 180}), []transcode.Packet{timed(0, picture)})
			a, b := decoded(t, back[0].Data), decoded(t, asIs[0].Data)
			for plane, pair := range planes(a, b) {
				if off := apart(pair[0], pair[1]); off > 2 {
					t.Errorf("%s differs by %.1f", plane, off)
				}
			}
		})
	}
}

// apart gives by how much samples differ as a rule.
func apart(a, b []byte) float64 {
	sum := 0
	for i := range a {
		sum += max(int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return float64(sum) / float64(len(a))
}

// TestZscaleIsTriedOnce of each program, as it is installed.
func TestZscaleIsTriedOnce(t *testing.T) {
	needZscale(t)
	program := writeProgram(t, withoutZscale)
	if transcode.HasZscale(t.Context(), program) {
		t.Error("found where it is not")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel() // so that it cannot be tried any more
	if transcode.HasZscale(ended, program) || !transcode.HasZscale(ended, "") {
		t.Error("what was found is forgotten")
	}
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexec ffmpeg \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if transcode.HasZscale(ended, program) {
		t.Error("another program is taken for the one before")
	}
	if !transcode.HasZscale(t.Context(), program) {
		t.Error("not found in a newly installed program")
	}
}

// TestZscaleIsTriedAgain where there was no time for it, a few times.
func TestZscaleIsTriedAgain(t *testing.T) {
	needZscale(t)
	dir := t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	inner, slow, real := filepath.Join(dir, "inner"), "#!/bin/sh\nexec sleep 60\n", "#!/bin/sh\nexec ffmpeg \"$@\"\n"
	for tries, want := range map[int]bool{2: true, 3: false} {
		program := writeProgram(t, fmt.Sprintf("#!/bin/sh\n: %d\nexec inner \"$@\"\n", tries))
		rewrite(t, inner, slow)
		transcode.TriesWithin(program, 100*time.Millisecond)
		for range tries {
			if transcode.HasZscale(t.Context(), program) {
				t.Error("found by one who sleeps")
			}
		}
		transcode.TriesWithin(program, time.Minute)
		rewrite(t, inner, real)
		if got := transcode.HasZscale(t.Context(), program); got != want {
			t.Errorf("after %d trials it is found: %v", tries, got)
		}
	}
}

// TestZscaleThatFailsIsGivenUp with the next process.
func TestZscaleThatFailsIsGivenUp(t *testing.T) {
	needZscale(t)
	program := writeProgram(t, strings.Replace(withoutZscale, "*zscale*", "*pipe:0*zscale*", 1))
	h264 := encoded(t, 1)
	spec := transcode.Spec{FFmpeg: program, InWidth: testWidth, InHeight: testHeight}
	if p := decoder(t, h264[0], spec); !p.ByZscale() {
		t.Fatal("it passed the trial and is not used")
	} else if _, err := p.Read(); err == nil {
		t.Fatal("a picture comes of nothing")
	}
	if got := lockstep(t, decoder(t, h264[0], spec), h264); number(t, got[0].Data) != 0 {
		t.Error("another picture")
	}
}
