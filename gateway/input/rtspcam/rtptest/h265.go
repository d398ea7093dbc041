package rtptest

import (
	"strings"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/pion/rtp"

	"framegate/transcode/h265"
)

// EncodedH265 gives n numbered pictures in H.265, with parameter sets at every
// keyframe, which is every tenth. What is set beside that are parameters of x265.
func EncodedH265(t *testing.T, n, width, height int, params ...string) []Picture {
	t.Helper()
	params = append([]string{"log-level=none:info=0:pools=1:frame-threads=1:repeat-headers=1:ctu=16:crf=20",
		"bframes=0:keyint=10:min-keyint=10:scenecut=0:open-gop=0"}, params...)
	stream := FFmpeg(t, Numbered(n, width, height), "-f", "image2pipe", "-c:v", "mjpeg", "-framerate", "30", "-i", "-",
		"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", strings.Join(params, ":"), "-pix_fmt", "yuv420p",
		"-bsf:v", "hevc_metadata=aud=insert", "-f", "hevc", "-")
	return cut(t, n, stream, func(unit []byte) bool { return h265.Type(unit) == h265.TypeDelimiter })
}

// PacketsH265 makes packets of pictures as gortsplib does, of 200 bytes at most,
// at 30 a second. The numbers of packets and timestamps wrap on their way.
func PacketsH265(t *testing.T, pictures []Picture) [][]*rtp.Packet {
	t.Helper()
	sequence := uint16(65530)
	encoder := &rtph265.Encoder{PayloadType: 96, PayloadMaxSize: 200, InitialSequenceNumber: &sequence}
	if err := encoder.Init(); err != nil {
		t.Fatal(err)
	}
	return packets(t, pictures, encoder.Encode)
}
