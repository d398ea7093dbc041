package transcode

import (
	"strings"
	"testing"
)

func TestPatternArguments(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{
			Spec{Pattern: Pattern{Width: 320, Height: 180, FPS: 10}},
			"-f lavfi -re -i testsrc2=size=320x180:rate=10" +
				" -c:v mjpeg -f mpjpeg -fps_mode passthrough -pix_fmt yuvj420p -q:v 7 -threads 1 pipe:1" +
				" -nostdin -hide_banner -loglevel error -protocol_whitelist pipe",
		},
		{
			Spec{Pattern: Pattern{Width: 1280, Height: 720, FPS: 25, Clock: true}, Quality: 100},
			`-f lavfi -re -i testsrc2=size=1280x720:rate=25,drawtext=text=%{localtime\\:%T}:expansion=normal:fontsize=90:` +
				"fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=22:x=(w-text_w)/2:y=(h-text_h)/2" +
				" -c:v mjpeg -f mpjpeg -fps_mode passthrough -pix_fmt yuvj420p -q:v 2 -threads 1 pipe:1" +
				" -nostdin -hide_banner -loglevel error -protocol_whitelist pipe",
		},
	} {
		args, err := patternArgs(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(args, " "); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestQualityCoversTheWholeScale(t *testing.T) {
	for quality, want := range map[int]int{100: 2, 80: 7, 0: 7, 50: 16, 1: 31} {
		if got := quantiser(quality); got != want {
			t.Errorf("quality %d is quantiser %d, want %d", quality, got, want)
		}
	}
}
