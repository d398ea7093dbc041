package rtmpin

import (
	"bytes"
	"context"
	"os/exec"
	"testing"

	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// TestFFmpegSendsH265 as Enhanced RTMP has it, with sound. Those before 7 do not know it;
// scripts/ffmpeg7 runs this with one that does.
func TestFFmpegSendsH265(t *testing.T) {
	rtptest.FFmpegFrom(t, 7)
	s := newSite(t, nil)
	r := s.reader("front")
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	sender := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=s=128x96:r=25", "-f", "lavfi", "-i", "sine",
		"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=10:bframes=2", "-c:a", "aac", "-f", "flv", "rtmp://"+s.address+"/live/front?good")
	var words bytes.Buffer
	sender.Stderr = &words
	if err := sender.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = sender.Wait() }() // it is killed
	for range 25 {
		if f := next(t, r); f.Format.Codec != media.H265 || f.Format.Width != 128 {
			t.Fatalf("what comes is %v: %s", f.Format, words.String())
		}
	}
	if sound := s.hub.Sounds(stream.Key{Camera: "front"}).Format; sound == nil || sound.Codec != media.AAC {
		t.Errorf("the sound is %v", sound)
	}
}
