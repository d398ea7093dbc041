package camtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"framegate/gateway/media"
)

// AAC has ffmpeg make AAC-LC of a filter graph of sound, such as "sine=440:d=3", at
// a rate and in so many channels, and gives its frames with times from 0.
func AAC(t testing.TB, graph string, rate, channels int) []media.Frame {
	t.Helper()
	b := Output(t, nil, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", graph, "-ar", fmt.Sprint(rate), "-ac", fmt.Sprint(channels), "-c:a", "aac", "-f", "adts", "pipe:1")
	var packets mpeg4audio.ADTSPackets
	if err := packets.Unmarshal(b); err != nil {
		t.Fatal(err)
	}
	p := packets[0]
	config, err := (mpeg4audio.AudioSpecificConfig{Type: p.Type, SampleRate: p.SampleRate, ChannelConfig: p.ChannelConfig}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	format, err := media.AACFormat(config)
	if err != nil {
		t.Fatal(err)
	}
	var frames []media.Frame
	for i, p := range packets {
		frames = append(frames, media.Frame{Format: format, PTS: time.Duration(i) * 1024 * time.Second / time.Duration(rate), Data: p.AU})
	}
	return frames
}
