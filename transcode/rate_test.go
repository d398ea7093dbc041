package transcode_test

import (
	"os"
	"os/exec"
	"testing"

	"framegate/transcode"
	"framegate/transcode/h264"
)

// noise makes two seconds of pictures that take as many bits as they are given.
func noise(t *testing.T) []transcode.Packet {
	t.Helper()
	needFfmpeg(t)
	file := t.TempDir() + "/noise.flv"
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=gray:s=320x176:r=25:d=2,noise=alls=60:allf=t",
		"-c:v", "libx264", "-preset", "superfast", "-profile:v", "main", "-bf", "0", "-g", "25", "-pix_fmt", "yuv420p", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	flv, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	packets, err := transcode.ReadFLV(flv)
	if err != nil {
		t.Fatal(err)
	}
	return packets
}

// TestBitrateIsKept, whether a camera's parameter sets tell its rate, as many
// do not, or it sends JPEGs, which never do.
func TestBitrateIsKept(t *testing.T) {
	const width, height, bitrate = 640, 360, 750_000 // in proportion to 3 Mbit/s for 1280x720
	camera := noise(t)
	config := camera[0].Config
	pictures := lockstep(t, start(t, transcode.Spec{In: transcode.H264, Config: config, Out: transcode.JPEG}), camera)
	for name, c := range map[string]struct {
		spec    transcode.Spec
		packets []transcode.Packet
	}{
		"H.264 that tells its rate":       {transcode.Spec{In: transcode.H264, Config: config}, camera},
		"H.264 that does not":             {transcode.Spec{In: transcode.H264, Config: withoutVUI(t, config)}, camera},
		"JPEG, which has no way to do so": {transcode.Spec{In: transcode.JPEG}, pictures},
	} {
		t.Run(name, func(t *testing.T) {
			c.spec.Out, c.spec.Width, c.spec.Height = transcode.H264, width, height
			bytes := 0
			for _, packet := range lockstep(t, start(t, c.spec), c.packets) {
				bytes += len(packet.Data)
			}
			if want := bitrate / 8 * len(c.packets) / 25; bytes < want/2 || bytes > 2*want {
				t.Errorf("%d bytes, want about %d", bytes, want)
			}
		})
	}
}

// withoutVUI gives a configuration without what stands at the end of its SPS:
// rates, among other things (ITU-T H.264, E.1.1).
func withoutVUI(t *testing.T, config []byte) []byte {
	t.Helper()
	sps, pps, err := h264.ReadAVCC(config)
	if err != nil {
		t.Fatal(err)
	}
	parsed, ok := h264.ParseSPS(sps[0])
	if !ok || !parsed.HasVUI {
		t.Fatalf("% x has no VUI", sps[0])
	}
	without, err := h264.AVCC([][]byte{parsed.WithoutVUI(sps[0][0])}, pps)
	if err != nil {
		t.Fatal(err)
	}
	return without
}
