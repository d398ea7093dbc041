package rendition_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// reordered gives numbered pictures as H.264 with B-frames, in decoding order,
// 40 ms apart. The capture time of a picture tells its number.
func reordered(t *testing.T, count int, options ...string) []media.Frame {
	t.Helper()
	var pictures bytes.Buffer
	for n := range count {
		pictures.Write(camtest.Picture(n, 320, 176))
	}
	args := []string{"-v", "error", "-f", "mjpeg", "-framerate", "25", "-i", "pipe:0", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-threads", "1", "-g", "25"}
	cmd := exec.Command("ffmpeg", append(append(args, options...), "-f", "flv", "-flvflags", "no_duration_filesize+no_metadata", "pipe:1")...)
	cmd.Stdin = &pictures
	b, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return framesOfFLV(t, b)
}

// framesOfFLV reads a file with one H.264 track.
func framesOfFLV(t *testing.T, b []byte) (frames []media.Frame) {
	t.Helper()
	var format *media.Format
	var first time.Duration
	for b = b[13:]; len(b) > 0; {
		size := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
		dts := int(b[7])<<24 | int(b[4])<<16 | int(b[5])<<8 | int(b[6])
		body := b[11 : 11+size]
		b = b[11+size+4:]
		switch {
		case body[1] == 0:
			var err error
			if format, err = media.FormatOfAVCC(body[5:]); err != nil {
				t.Fatal(err)
			}
		case body[1] == 1:
			pts := time.Duration(dts+(int(body[2])<<16|int(body[3])<<8|int(body[4]))) * time.Millisecond
			if len(frames) == 0 {
				first = pts
			}
			n := int((pts - first) / (40 * time.Millisecond))
			frames = append(frames, media.Frame{PTS: pts, Wall: wall(n), Key: body[0]>>4 == 1, Format: format, Data: body[5:]})
		}
	}
	return frames
}

// unrestricted takes what says how pictures are reordered (bitstream_restriction,
// ITU-T H.264, E.1.1) out of parameter sets. A decoder then has to guess.
func unrestricted(t *testing.T, frames []media.Frame) []media.Frame {
	t.Helper()
	var parsed h264.SPS
	_, sps, pps := frames[0].Format.ParameterSets()
	if err := parsed.Unmarshal(sps[0]); err != nil {
		t.Fatal(err)
	}
	r := parsed.VUI.BitstreamRestriction
	golomb := func(v uint32) string {
		return strings.Repeat("0", bits.Len32(v+1)-1) + fmt.Sprintf("%b", v+1)
	}
	tail := "1" + map[bool]string{true: "1", false: "0"}[r.MotionVectorsOverPicBoundariesFlag]
	for _, v := range []uint32{r.MaxBytesPerPicDenom, r.MaxBitsPerMbDenom, r.Log2MaxMvLengthHorizontal, r.Log2MaxMvLengthVertical, r.MaxNumReorderFrames, r.MaxDecFrameBuffering} {
		tail += golomb(v)
	}
	var text strings.Builder
	for _, b := range bytes.ReplaceAll(sps[0], []byte{0, 0, 3}, []byte{0, 0}) {
		fmt.Fprintf(&text, "%08b", b)
	}
	head, ok := strings.CutSuffix(strings.TrimRight(text.String(), "0"), tail+"1")
	if !ok {
		t.Fatal("the parameter sets end otherwise")
	}
	head += "01" + strings.Repeat("0", 7)
	var raw []byte
	for ; len(head) >= 8; head = head[8:] {
		var b byte
		fmt.Sscanf(head[:8], "%b", &b)
		raw = append(raw, b)
	}
	var escaped []byte
	for i, b := range raw {
		if i > 1 && b <= 3 && bytes.HasSuffix(escaped, []byte{0, 0}) {
			escaped = append(escaped, 3)
		}
		escaped = append(escaped, b)
	}
	format, err := media.H264Format(escaped, pps[0])
	if err != nil {
		t.Fatal(err)
	}
	var again h264.SPS
	if err := again.Unmarshal(escaped); err != nil || again.VUI == nil || again.VUI.BitstreamRestriction != nil {
		t.Fatalf("%v, %+v", err, again.VUI)
	}
	frames = slices.Clone(frames)
	for i := range frames {
		frames[i].Format = format
	}
	return frames
}

// TestBFramesComeInOrder, each as soon as those before it have, whether or not
// the camera says how its pictures are reordered. Where it does not, the decoder
// learns it from the first pictures out of order, three at most, which it drops.
func TestBFramesComeInOrder(t *testing.T) {
	const count, learning = 75, 8
	for _, c := range []struct {
		name      string
		reordered int // pictures that are decoded before one that is shown earlier
		options   []string
	}{
		{"one B-frame", 1, []string{"-bf", "1", "-b_strategy", "0"}},
		{"three B-frames", 2, []string{"-bf", "3", "-b_strategy", "0"}},
		{"a pyramid of B-frames", 2, []string{"-bf", "7", "-b_strategy", "0", "-x264-params", "b-pyramid=normal"}},
	} {
		said := reordered(t, count, c.options...)
		for name, frames := range map[string][]media.Frame{"said": said, "unsaid": unrestricted(t, said)} {
			t.Run(c.name+", "+name, func(t *testing.T) {
				r := newRig(t, "")
				reader := r.open("jpeg")
				r.camera.emits <- frames[0]
				await(t, func() bool { return r.slots.Stats().Starts == 1 }) // so that there is no backlog
				for _, f := range frames[1:learning] {
					r.camera.emits <- f
				}
				shown := -1
				for i, f := range frames[learning:] {
					r.camera.emits <- f
					want, missing := learning+i-c.reordered, 0
					for shown < want { // and no further frame is sent before
						got := r.next(reader)
						n, err := camtest.ReadJPEGNumber(got.Data)
						if err != nil || n <= shown || !got.Wall.Equal(wall(n)) {
							t.Fatalf("picture %d of %v after %d, %v", n, got.Wall, shown, err)
						}
						missing += n - shown - 1
						shown = n
					}
					if i > 0 && missing > 0 {
						t.Errorf("%d pictures missing before %d", missing, shown)
					}
				}
				dropped := 0
				for _, s := range r.hub.Stats() {
					if s.Key.Rendition != "" {
						dropped = count - c.reordered - int(s.Frames)
					}
				}
				if dropped < 0 || name == "said" && dropped > 0 || dropped > 3 {
					t.Errorf("%d pictures were dropped", dropped)
				}
			})
		}
	}
}

// TestGarbageEndsWithAKeyframe: what does not decode harms the pictures up to
// the next keyframe, and none behind it.
func TestGarbageEndsWithAKeyframe(t *testing.T) {
	frames := h264s(t, 0, 60, 320, 176) // with keyframes at 0 and 50
	random := rand.New(rand.NewPCG(1, 2))
	carried := []byte{1, 2, 3, 4, 5, 6, 10, 11, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 28, 31, 0x65} // types that a frame may hold
	for n := 10; n < 40; n++ {
		unit := make([]byte, 4+1+random.IntN(2000))
		for i := range unit {
			unit[i] = byte(random.Uint32())
		}
		binary.BigEndian.PutUint32(unit, uint32(len(unit)-4))
		unit[4] = carried[n%len(carried)]
		frames[n].Data = unit
	}
	r := newRig(t, "")
	reader := r.open("jpeg")
	for n, f := range frames[:10] {
		r.camera.emits <- f
		r.expect(reader, n)
	}
	for _, f := range frames[10:51] {
		r.camera.emits <- f
		time.Sleep(5 * time.Millisecond)
	}
	for { // what came of the garbage may be wrong, but has its own time
		f := r.next(reader)
		if n, err := camtest.ReadJPEGNumber(f.Data); err == nil && n == 50 && f.Wall.Equal(wall(50)) {
			break
		}
		if !f.Wall.Before(wall(50)) {
			t.Fatalf("the picture of the keyframe is not it")
		}
	}
	for n, f := range frames[51:] {
		r.camera.emits <- f
		if got := r.expect(reader, 51+n); !got.Wall.Equal(wall(51 + n)) {
			t.Errorf("picture %d has the time %v", 51+n, got.Wall)
		}
	}
	for _, s := range r.hub.Stats() {
		if s.Failures > 0 {
			t.Errorf("%v failed: %v", s.Key, s.LastError)
		}
	}
}
