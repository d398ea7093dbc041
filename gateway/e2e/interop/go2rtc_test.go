package interop

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestGo2rtcIsACameraWithSound of each codec that cameras have, by RTSP, by RTMP and as FLV
// over HTTP: the pictures come, and the sound with them, as it is or encoded.
func TestGo2rtcIsACameraWithSound(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg", "ffprobe")
	port, rtmp, http := rig.HeldPort(t), rig.HeldPort(t), rig.HeldPort(t)
	settings := fmt.Sprintf("api: {listen: '127.0.0.1:%d'}\nrtmp: {listen: '127.0.0.1:%d'}\nwebrtc: {listen: ''}\nsrtp: {listen: ''}\nrtsp: {listen: '127.0.0.1:%d'}\nstreams:\n", http, rtmp, port)
	cameras := fmt.Sprintf("cameras:\n  rtmp: {source: 'rtmp://127.0.0.1:%d/aac'}\n  flv: {source: 'http://127.0.0.1:%d/api/stream.flv?src=aac'}\n", rtmp, http)
	codecs := map[string]string{"aac": "aac -ar 48000", "opus": "libopus -ar 48000", "pcma": "pcm_alaw -ar 8000 -ac 1"}
	for name, encoder := range codecs {
		settings += fmt.Sprintf("  %s: 'exec:ffmpeg -v error -re -f lavfi -i testsrc2=s=320x240:r=25 -f lavfi -i sine=440 -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -c:a %s -rtsp_transport tcp -f rtsp {output}'\n", name, encoder)
		cameras += fmt.Sprintf("  %s: {source: 'rtsp://127.0.0.1:%d/%[1]s'}\n", name, port)
	}
	startGo2rtc(t, settings)
	s := rig.Start(t, cameras)
	for name, want := range map[string]string{"aac": "h264 aac", "opus": "h264 opus", "pcma": "h264 aac", "rtmp": "h264 aac", "flv": "h264 aac"} {
		rig.Await(t, "the sound of "+name, func() bool { return tracksOf(t, s.URL+"/live/"+name+".mp4") == want })
	}
}

// tracksOf names the codecs of what an endless MP4 begins with.
func tracksOf(t *testing.T, address string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), rig.Ceiling)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ffprobe", "-v", "fatal", "-analyzeduration", "1000000", "-show_entries", "stream=codec_name", "-of", "csv=p=0", address).Output()
	if err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(string(out)), " ")
}
