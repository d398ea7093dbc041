package rtspcam

import (
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
)

// voices are sounds as GStreamer encodes and sends them.
var voices = []struct {
	name, encode   string
	codec          media.Codec
	rate, channels int
}{
	{"AAC", "audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! rtpmp4gpay name=pay1 pt=97", media.AAC, 48000, 2},
	{"AAC in LATM", "audio/x-raw,rate=16000,channels=1 ! voaacenc ! aacparse ! rtpmp4apay name=pay1 pt=97", media.AAC, 16000, 1},
	{"Opus", "audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay name=pay1 pt=98", media.Opus, 48000, 2},
	{"PCMA", "audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 pt=8", media.PCMA, 8000, 1},
	{"PCMU", "audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0", media.PCMU, 8000, 1},
	{"L16", "audio/x-raw,rate=16000,channels=1 ! rtpL16pay name=pay1 pt=99", media.PCMU, 16000, 1},
}

// TestGStreamerSound takes pictures with sound of every kind, over TCP and UDP: no
// picture is missing, and sound is without a hole.
func TestGStreamerSound(t *testing.T) {
	thorough(t)
	path := rtptest.Film(t, filmFrames, 320, 240, "f.mp4", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-pix_fmt", "yuv420p")
	for i, v := range voices {
		transport := []Transport{TCP, UDP}[i%2]
		t.Run(fmt.Sprintf("%s, %s", v.name, transport), func(t *testing.T) {
			t.Parallel()
			pipeline := fmt.Sprintf("( filesrc location=%s ! qtdemux ! h264parse ! rtph264pay config-interval=-1 name=pay0 pt=96 audiotestsrc samplesperbuffer=480 num-buffers=400 ! audioconvert ! audioresample ! %s )", path, v.encode)
			run := start(t, newSource(t, Options{URL: gstreamer(t, pipeline, "none"), Transport: transport}))
			frames := run.take(t, filmFrames)
			rtptest.WantNumbers(t, frames, rtptest.Span(0, filmFrames))
			wantTimes(t, frames)
			format := run.nextSound(t).Format
			if format.Codec != v.codec || format.Rate != v.rate || format.Channels != v.channels {
				t.Errorf("announced %+v", format)
			}
			wantSound(t, run, format)
		})
	}
}

// wantSound demands half a second of sound, which can be heard, beside the pictures.
func wantSound(t *testing.T, run *started, format *media.Format) {
	t.Helper()
	var heard, end time.Duration
	var frames []media.Frame
	leaps := 0
	for heard < 500*time.Millisecond {
		f := run.nextSound(t)
		if f.Format != format || len(f.Data) == 0 || f.Duration() <= 0 {
			t.Fatalf("a frame of %d bytes, %v long, of %+v", len(f.Data), f.Duration(), f.Format)
		}
		if gap := f.PTS - end; heard > 0 && gap.Abs() > time.Millisecond+time.Microsecond {
			t.Logf("sound leaps by %v", gap)
			leaps++
		}
		end = f.PTS + f.Duration()
		heard += f.Duration()
		frames = append(frames, f)
	}
	if leaps > 2 { // while little is known of when it arrives, on a slow machine
		t.Errorf("sound leaps %d times in half a second", leaps)
	}
	if format.Codec != media.Opus { // which passes as it is
		wantLoud(t, frames)
	}
}

// wantLoud demands that ffmpeg decodes frames, and that there is a tone in them.
func wantLoud(t *testing.T, frames []media.Frame) {
	t.Helper()
	format := frames[0].Format
	var b []byte
	input := []string{"-f", "aac"}
	if format.Codec != media.AAC {
		demuxer := map[media.Codec]string{media.PCMA: "alaw", media.PCMU: "mulaw"}[format.Codec]
		input = []string{"-f", demuxer, "-ar", fmt.Sprint(format.Rate), "-ac", fmt.Sprint(format.Channels)}
	}
	for _, f := range frames {
		if format.Codec == media.AAC {
			head, err := mpeg4audio.ADTSPackets{{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: format.Rate, ChannelCount: format.Channels, AU: f.Data}}.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, head...)
			continue
		}
		b = append(b, f.Data...)
	}
	decoded := rtptest.FFmpeg(t, b, append(input, "-i", "-", "-f", "s16le", "-")...)
	var power float64
	for i := 0; i+1 < len(decoded); i += 2 {
		v := float64(int16(binary.LittleEndian.Uint16(decoded[i:])))
		power += v * v
	}
	seconds := float64(len(decoded)) / float64(2*format.Rate*format.Channels)
	if loud := math.Sqrt(power / float64(len(decoded)/2)); seconds < 0.4 || loud < 5000 {
		t.Errorf("%.2f s of sound, as loud as %.0f", seconds, loud)
	}
}

// TestGStreamerSoundInStep: what flashes and what beeps at the same time do so here,
// once GStreamer's reports have told when either was.
func TestGStreamerSoundInStep(t *testing.T) {
	thorough(t)
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f.mov")
	rtptest.FFmpeg(t, nil, "-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=60,drawbox=c=black:t=fill:enable='lt(mod(t,1),0.1)'",
		"-f", "lavfi", "-i", "aevalsrc='0.7*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s=8000:d=60",
		"-c:v", "mjpeg", "-huffman", "default", "-q:v", "3", "-pix_fmt", "yuvj420p", "-c:a", "pcm_alaw", path)
	pipeline := fmt.Sprintf("( filesrc location=%s ! qtdemux name=d d.video_0 ! queue ! jpegparse ! rtpjpegpay name=pay0 pt=26 d.audio_0 ! queue ! rtppcmapay max-ptime=20000000 name=pay1 pt=8 )", path)
	run := start(t, newSource(t, Options{URL: gstreamer(t, pipeline, "none")}))
	var flashes, beeps begins
	deadline := time.Now().Add(50 * time.Second)
	for inStep := 0; inStep < 2; {
		if time.Now().After(deadline) {
			t.Fatalf("not in step: flashes at %v, beeps at %v", flashes.at, beeps.at)
		}
		select {
		case f := <-run.frames:
			flashes.note(len(f.Data) < 2000, f.PTS)
		case f := <-run.sounds:
			for i, sample := range f.Data {
				const quiet = 0x55 // A-law, but for the sign and the last bits
				beeps.note(sample&0x70 != quiet&0x70, f.PTS+time.Duration(i)*time.Second/8000)
			}
		case err := <-run.done:
			run.done <- err
			t.Fatalf("the film ends before it is in step: %v; flashes at %v, beeps at %v", err, flashes.at, beeps.at)
		}
		inStep = countInStep(flashes.at, beeps.at)
	}
}

// begins is where something began that was away for a while.
type begins struct {
	last time.Duration
	at   []time.Duration
}

func (b *begins) note(there bool, pts time.Duration) {
	if !there {
		return
	}
	if len(b.at) == 0 || pts-b.last > 400*time.Millisecond {
		b.at = append(b.at, pts)
	}
	b.last = pts
}

// countInStep counts the beeps at the end that began with a flash.
func countInStep(flashes, beeps []time.Duration) int {
	count := 0
	for _, beep := range beeps {
		near := slices.ContainsFunc(flashes, func(flash time.Duration) bool { return (beep - flash).Abs() < 10*time.Millisecond })
		if count++; !near {
			count = 0
		}
	}
	return count
}
