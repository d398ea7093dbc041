package rtptest

import (
	"bytes"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/pion/rtp"

	"framegate/transcode/h264"
)

// Picture is one access unit, without start codes and delimiter.
type Picture [][]byte

// Encoded gives n numbered pictures in H.264, with parameter sets at every
// keyframe, which is every tenth.
func Encoded(t *testing.T, n, width, height int, args ...string) []Picture {
	t.Helper()
	args = append([]string{"-f", "image2pipe", "-c:v", "mjpeg", "-framerate", "30", "-i", "-",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-pix_fmt", "yuv420p",
		"-bsf:v", "h264_metadata=aud=insert", "-f", "h264"}, args...)
	return cut(t, n, FFmpeg(t, Numbered(n, width, height), append(args, "-")...), func(unit []byte) bool { return h264.Type(unit) == h264.TypeDelimiter })
}

// cut gives the n pictures of a stream with start codes, which begin with
// delimiters.
func cut(t *testing.T, n int, stream []byte, delimits func(unit []byte) bool) []Picture {
	t.Helper()
	var pictures []Picture
	for unit := range bytes.SplitSeq(stream, []byte{0, 0, 1}) {
		unit = bytes.TrimRight(unit, "\x00")
		switch {
		case len(unit) == 0:
		case delimits(unit):
			pictures = append(pictures, nil)
		default:
			pictures[len(pictures)-1] = append(pictures[len(pictures)-1], unit)
		}
	}
	if len(pictures) != n {
		t.Fatalf("%d pictures encoded, of %d", len(pictures), n)
	}
	return pictures
}

// Packets makes packets of pictures as gortsplib does, at 30 a second. The
// Numbers of packets and timestamps wrap on their way.
func Packets(t *testing.T, pictures []Picture) [][]*rtp.Packet {
	t.Helper()
	sequence := uint16(65530)
	encoder := &rtph264.Encoder{PayloadType: 96, PayloadMaxSize: 400, InitialSequenceNumber: &sequence, PacketizationMode: 1}
	if err := encoder.Init(); err != nil {
		t.Fatal(err)
	}
	return packets(t, pictures, encoder.Encode)
}

// packets makes those of each picture, with its time.
func packets(t *testing.T, pictures []Picture, encode func(picture [][]byte) ([]*rtp.Packet, error)) [][]*rtp.Packet {
	t.Helper()
	groups := make([][]*rtp.Packet, len(pictures))
	for i, p := range pictures {
		group, err := encode(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range group {
			p.Timestamp = TicksOf(i)
		}
		groups[i] = group
	}
	return groups
}

// TicksOf gives the timestamp of picture n.
func TicksOf(n int) uint32 { return 0xFFFF0000 + uint32(n)*3000 }
