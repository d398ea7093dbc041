package transcode_test

import (
	"os"
	"os/exec"
	"testing"

	"framegate/transcode"
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
	sps, pps := camera[0].SPS, camera[0].PPS
	pictures := lockstep(t, start(t, transcode.Spec{In: transcode.H264, SPS: sps, PPS: pps, Out: transcode.JPEG}), camera)
	for name, c := range map[string]struct {
		spec    transcode.Spec
		packets []transcode.Packet
	}{
		"H.264 that tells its rate":       {transcode.Spec{In: transcode.H264, SPS: sps, PPS: pps}, camera},
		"H.264 that does not":             {transcode.Spec{In: transcode.H264, SPS: withoutVUI(t, sps), PPS: pps}, camera},
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

// withoutVUI gives a Main profile SPS without what stands at its end: rates,
// among other things (ITU-T H.264, 7.3.2.1.1 and E.1.1).
func withoutVUI(t *testing.T, sps []byte) []byte {
	t.Helper()
	if sps[1] != 77 {
		t.Fatalf("profile %d, not Main", sps[1])
	}
	at := 32 // bits
	bit := func() int {
		at++
		return int(sps[(at-1)/8]>>(7-(at-1)%8)) & 1
	}
	golomb := func() (v int) {
		zeros := 0
		for bit() == 0 {
			zeros++
		}
		for range zeros {
			v = 2*v + bit()
		}
		return v + 1<<zeros - 1
	}
	golomb()           // seq_parameter_set_id
	golomb()           // log2_max_frame_num_minus4
	if golomb() == 0 { // pic_order_cnt_type
		golomb()
	}
	golomb() // max_num_ref_frames
	bit()    // gaps_in_frame_num_value_allowed_flag
	golomb() // pic_width_in_mbs_minus1
	golomb() // pic_height_in_map_units_minus1
	if bit() == 0 {
		t.Fatal("interlaced")
	}
	bit()           // direct_8x8_inference_flag
	if bit() == 1 { // frame_cropping_flag
		for range 4 {
			golomb()
		}
	}
	short := append([]byte{}, sps[:at/8+1]...)
	short[at/8] &= 0xFF << (8 - at%8) // vui_parameters_present_flag is 0
	at++
	if at%8 == 0 {
		short = append(short, 0)
	}
	short[at/8] |= 0x80 >> (at % 8) // the stop bit
	return short
}
