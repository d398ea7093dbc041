package tape

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// Beeps gives so many seconds of sound of AAC of 48 kHz, with a beep in the first 50 ms
// of each. The first frame is what an encoder has before its sound begins.
func Beeps(t testing.TB, seconds string) (frames []media.Frame) {
	t.Helper()
	out := camtest.Output(t, nil, "ffmpeg", "-v", "error", "-f", "lavfi",
		"-i", `aevalsrc=if(lt(mod(t\,1)\,0.05)\,0.8*sin(2*PI*1000*t)\,0):s=48000:d=`+seconds, "-c:a", "aac", "-b:a", "64k", "-f", "adts", "pipe:1")
	var packets mpeg4audio.ADTSPackets
	format, err := media.AACFormat([]byte{0x11, 0x88})
	if err == nil {
		err = packets.Unmarshal(out)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range packets {
		at := time.Duration(i-1) * 1024 * time.Second / 48000
		frames = append(frames, media.Frame{PTS: at, Key: true, Format: format, Data: p.AU})
	}
	return frames
}

// BeepsIn gives when, in seconds, beeps begin in a file or at an address: as players
// hear it that go by times, or such as only count frames.
func BeepsIn(t testing.TB, file string, byTime bool) (at []float64) {
	t.Helper()
	args := []string{"-v", "error", "-i", file, "-map", "0:a"}
	if byTime {
		args = append(args, "-af", "aresample=async=1:first_pts=0:min_hard_comp=0.001")
	}
	pcm := camtest.Output(t, nil, "ffmpeg", append(args, "-ac", "1", "-ar", "48000", "-f", "s16le", "pipe:1")...)
	last := math.Inf(-1)
	for i := 0; i+1 < len(pcm); i += 2 {
		if now := float64(i/2) / 48000; int16(binary.LittleEndian.Uint16(pcm[i:])) > 8000 {
			if now-last > 0.3 {
				at = append(at, now)
			}
			last = now
		}
	}
	return at
}
