package tape

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/transcode/h264"
)

// Numbered gives n frames of H.264, ten a second and a keyframe each second, which
// show their numbers from one on; with options of libx264.
func Numbered(t testing.TB, from, n, width, height int, options ...string) (frames []media.Frame) {
	t.Helper()
	var pictures []byte
	for i := range n {
		pictures = append(pictures, camtest.Picture(from+i, width, height)...)
	}
	args := append([]string{"-v", "error", "-f", "mjpeg", "-framerate", "10", "-i", "pipe:0", "-c:v", "libx264", "-preset", "veryfast",
		"-pix_fmt", "yuv420p", "-color_range", "tv", "-threads", "1", "-g", "10", "-sc_threshold", "0"}, options...)
	b := camtest.Output(t, pictures, "ffmpeg", append(args, "-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof", "pipe:1")...)
	format, timescale, err := mp4.ReadInit(b)
	if err != nil {
		t.Fatal(err)
	}
	for b = b[bytes.Index(b, []byte("moof"))-4:]; ; {
		f, n, err := mp4.ReadFragment(b)
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		at := time.Duration(int64(f.DecodeTime)+int64(f.Offset)) * time.Second / time.Duration(timescale)
		frames = append(frames, media.Frame{PTS: at, Key: f.Key || recoveryPoint(f.Data), Format: format, Data: f.Data})
		b = b[n:]
	}
}

// NumberedH265 gives the like of H.265, which come in another order than they are
// shown in.
func NumberedH265(t testing.TB, from, n, width, height int) []media.Frame {
	t.Helper()
	return Numbered(t, from, n, width, height, H265...)
}

// H265 are options of libx265 for that, and H265InOrder for pictures that come as they
// are shown.
var (
	H265        = h265(3)
	H265InOrder = h265(0)
)

func h265(between int) []string {
	return []string{"-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1",
		"-x265-params", fmt.Sprintf("log-level=none:keyint=10:min-keyint=10:scenecut=0:bframes=%d:b-adapt=0:open-gop=0", between)}
}

// recoveryPoint says whether a picture begins with the message that decoding may
// begin with it, as keyframes of open GOPs do, which ffmpeg does not mark.
func recoveryPoint(data []byte) bool {
	for len(data) > 4 {
		n := 4 + binary.BigEndian.Uint32(data)
		if nalu := data[4:n]; h264.Type(nalu) == h264.TypeSEI && h264.IsRecoveryPoint(nalu) {
			return true
		}
		data = data[n:]
	}
	return false
}
