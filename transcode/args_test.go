package transcode

import (
	"strings"
	"testing"
)

// TestArguments holds every word that ffmpeg is told. Any of them may cost a
// frame of delay: see arguments before changing one.
func TestArguments(t *testing.T) {
	const (
		global = " pipe:1 -nostdin -hide_banner -loglevel error -copyts"
		jpeg   = " -an -c:v mjpeg -enc_time_base 1:1000 -f smjpeg -flush_packets 1 -fps_mode passthrough -pix_fmt yuvj420p -q:v 7 -threads 1"
	)
	for _, c := range []struct {
		name string
		spec Spec
		want string
	}{
		{
			"pattern",
			Spec{Pattern: Pattern{Width: 320, Height: 180, FPS: 10}, Out: JPEG},
			"-f lavfi -max_pixels 33177600 -protocol_whitelist pipe -re -threads 1 -i testsrc2=size=320x180:rate=10" + jpeg + global,
		},
		{
			"pattern with a clock",
			Spec{Pattern: Pattern{Width: 1280, Height: 720, FPS: 25, Clock: true}, Out: JPEG},
			"-f lavfi -max_pixels 33177600 -protocol_whitelist pipe -re -threads 1 " +
				`-i testsrc2=size=1280x720:rate=25,drawtext=text=%{localtime\\:%T}:expansion=normal:fontsize=90:` +
				"fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=22:x=(w-text_w)/2:y=(h-text_h)/2" + jpeg + global,
		},
		{
			"H.264 to JPEG",
			Spec{In: H264, SPS: make([]byte, 4), PPS: make([]byte, 4), Out: JPEG, Width: 640, Height: 360, MaxFPS: 10, Hurry: 30},
			"-f flv -analyzeduration 0 -codec_whitelist h264 -flags low_delay -format_whitelist flv -max_pixels 33177600 -probesize 32 " +
				"-protocol_whitelist pipe -threads 1 -i pipe:0" + jpeg +
				` -vf select=eq(n\,0)+gte(n\,30),select=isnan(prev_selected_t)+gte(t-prev_selected_t\,0.0900),scale=640:360` + global,
		},
		{
			"JPEG to H.264",
			Spec{In: JPEG, Out: H264, Width: 640, Height: 360},
			"-f mpjpeg -analyzeduration 0 -codec_whitelist mjpeg -format_whitelist mpjpeg -max_pixels 33177600 -probesize 32 " +
				"-protocol_whitelist pipe -threads 1 -i pipe:0 " +
				"-an -b:v 750000 -bf 0 -bufsize 90000 -c:v libx264 -f flv -flush_packets 1 -flvflags no_duration_filesize+no_metadata " +
				"-fps_mode passthrough -g 50 -maxrate 750000 -pix_fmt yuv420p -preset superfast -profile:v main -sc_threshold 0 " +
				"-threads 1 -tune zerolatency -vf scale=640:360" + global,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			args, err := arguments(c.spec)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(args, " "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestQualityCoversTheWholeScale(t *testing.T) {
	for quality, want := range map[int]int{100: 2, 80: 7, 0: 7, 50: 16, 1: 31} {
		if got := quantiser(quality); got != want {
			t.Errorf("quality %d is quantiser %d, want %d", quality, got, want)
		}
	}
}
