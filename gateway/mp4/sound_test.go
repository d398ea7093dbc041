package mp4

import (
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// aac is AAC-LC of 48 kHz in stereo, whose frames last 21.333 ms.
func aac(t testing.TB) *media.Format {
	t.Helper()
	f, err := media.AACFormat([]byte{0x11, 0x90})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// heard is a piece of sound as it was written: from when to when, in seconds.
type heard struct{ from, to float64 }

// soundTrack muxes sound beside pictures, in order of time, and gives where both were put.
func soundTrack(t testing.TB, pictures, sound []media.Frame) (shown []float64, all []heard) {
	t.Helper()
	var m Muxer
	var s Sound
	for len(pictures) > 0 {
		f := pictures[0]
		pictures = pictures[1:]
		fragment, _, err := ReadFragment(append(m.AppendHead(nil, f), f.Data...))
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, float64(int64(fragment.DecodeTime)+int64(fragment.Offset))/Timescale)
		var due []media.Frame
		for len(sound) > 0 && sound[0].PTS <= f.PTS {
			if !s.Late(&m, &sound[0]) {
				due = append(due, sound[0])
			}
			sound = sound[1:]
		}
		if len(due) == 0 {
			continue
		}
		all = append(all, readSound(t, s.AppendFragment(nil, &m, due...), due)...)
	}
	return shown, all
}

// readSound reads a fragment at the places that AppendFragment names.
func readSound(t testing.TB, b []byte, frames []media.Frame) (all []heard) {
	t.Helper()
	rate := float64(frames[0].Format.Rate)
	u32 := func(at int) int { return int(b[at])<<24 | int(b[at+1])<<16 | int(b[at+2])<<8 | int(b[at+3]) }
	at, data := float64(u32(64))/rate, 96+8*len(frames)
	for i, f := range frames {
		to := at + float64(u32(88+8*i))/rate
		all = append(all, heard{at, to})
		at = to
		if size := u32(92 + 8*i); size != len(f.Data) || string(b[data:data+size]) != string(f.Data) {
			t.Fatalf("frame %d of %d: %d bytes are not its %d", i, len(frames), size, len(f.Data))
		}
		data += len(f.Data)
	}
	if data != len(b) {
		t.Fatalf("a fragment of %d bytes, want %d", len(b), data)
	}
	return all
}

// tones gives frames of AAC from one time to another, each of another size, as a
// camera stamps them whose clock runs faster by a part.
func tones(f *media.Format, from, to time.Duration, faster float64) (all []media.Frame) {
	for n := 0; ; n++ {
		at := from + time.Duration(float64(n)*1024e9/48000*(1+faster))
		if at >= to {
			return all
		}
		all = append(all, media.Frame{Format: f, PTS: at, Data: fmt.Appendf(make([]byte, n%7), "%d", n)})
	}
}

// TestSoundStandsWithItsPictures: within a frame of sound, whatever becomes of the
// pictures, and without gaps or going back.
func TestSoundStandsWithItsPictures(t *testing.T) {
	const hour = time.Hour
	for name, test := range map[string]struct {
		pictures *story
		sound    []media.Frame
		within   float64 // seconds
	}{
		"in order":                 {(&story{format: inOrder(t), pts: hour}).key().inSequence(200), tones(aac(t), hour+frame, hour+300*frame, 0), 0.022},
		"B-frames":                 {(&story{format: feared(t), pts: hour}).key().mini().mini().mini().mini().mini(), tones(aac(t), hour+frame, hour+40*frame, 0), 0.062},
		"pictures that were lost":  {(&story{format: inOrder(t), pts: hour}).key().inSequence(50).skip(60).key().inSequence(50), tones(aac(t), hour+frame, hour+300*frame, 0), 0.022},
		"a clock that runs faster": {(&story{format: inOrder(t), pts: hour}).key().inSequence(1000), tones(aac(t), hour+frame, hour+2000*frame, 0.03), 0.022},
		"a clock that runs slower": {(&story{format: inOrder(t), pts: hour}).key().inSequence(1000), tones(aac(t), hour+frame, hour+2000*frame, -0.03), 0.022},
		"one picture a second":     {(&story{format: inOrder(t), pts: hour}).key().after(25).after(25).after(25).after(25).after(25).after(25), tones(aac(t), hour+frame, hour+300*frame, 0), 1.01},
	} {
		shown, all := soundTrack(t, test.pictures.frames, test.sound)
		picture := func(at time.Duration) float64 { // when that of a time is shown; one after lost ones is early
			for i, f := range test.pictures.frames {
				if f.PTS >= at && (i == 0 || test.pictures.frames[i-1].PTS >= f.PTS-time.Second) {
					return shown[i] - (f.PTS - at).Seconds()
				} else if f.PTS >= at {
					break
				}
			}
			return math.NaN()
		}
		for i, h := range all {
			if i > 0 && math.Abs(h.from-all[i-1].to) > 1e-6 {
				t.Errorf("%s: sound %d begins at %v, and the one before ends at %v", name, i, h.from, all[i-1].to)
			}
			if lasts := h.to - h.from; lasts < 0.0203 || lasts > 0.0224 {
				t.Errorf("%s: sound %d lasts %v", name, i, lasts)
			}
			if away := h.from - picture(test.sound[i].PTS); math.Abs(away) > test.within {
				t.Errorf("%s: sound %d of %v is %.3f s away from its picture", name, i, test.sound[i].PTS-hour, away)
			}
		}
		if len(all) < 20 {
			t.Errorf("%s: %d frames of sound", name, len(all))
		}
	}
}

// TestSoundThatWasAway goes on where its pictures are.
func TestSoundThatWasAway(t *testing.T) {
	pictures := (&story{format: inOrder(t)}).key().inSequence(200)
	sound := append(tones(aac(t), frame, 50*frame, 0), tones(aac(t), 100*frame, 200*frame, 0)...)
	_, all := soundTrack(t, pictures.frames, sound)
	var gaps int
	for i := 1; i < len(all); i++ {
		if gap := all[i].from - all[i-1].to; gap > 1e-6 {
			gaps++
			if gap < 1.9 || gap > 2.1 {
				t.Errorf("a gap of %v, want 2 s", gap)
			}
		}
	}
	if gaps != 1 {
		t.Errorf("%d gaps, want 1", gaps)
	}
}

// TestSoundOfACameraThatCameBack: what was heard while there were no pictures is
// not heard again over those that follow.
func TestSoundOfACameraThatCameBack(t *testing.T) {
	var m Muxer
	var s Sound
	first := (&story{format: inOrder(t)}).key().inSequence(10)
	for _, f := range first.frames {
		m.AppendHead(nil, f)
	}
	alone := tones(aac(t), frame, 10*frame+3*time.Second, 0) // three seconds longer than its pictures
	s.AppendFragment(nil, &m, alone...)
	back := (&story{format: feared(t)}).key()
	m.AppendHead(nil, back.frames[0])
	late := 0
	for _, f := range tones(aac(t), frame, 5*time.Second, 0) {
		if s.Late(&m, &f) {
			late++
			continue
		}
		break
	}
	if lost := float64(late) * 1024 / 48000; lost < 2.7 || lost > 3 {
		t.Errorf("%v s of sound are left out, want those that are too many: near 3", lost)
	}
}

func TestSoundDoesNotAllocate(t *testing.T) {
	var m Muxer
	var s Sound
	f := (&story{format: inOrder(t)}).key().frames[0]
	m.AppendHead(nil, f)
	sound := tones(aac(t), frame, 4*frame, 0)
	b := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { b = s.AppendFragment(b[:0], &m, sound...) }); n > 0 {
		t.Errorf("%v allocations for a fragment", n)
	}
}

// TestPeersTakeSound: ffprobe, ffmpeg and GStreamer find both tracks, all their
// samples, and nothing to complain of.
func TestPeersTakeSound(t *testing.T) {
	camtest.Need(t, "ffmpeg", "ffprobe", "gst-launch-1.0")
	c := encode(t, "s=320x240:r=25:d=3", "-profile:v", "baseline", "-g", "25")
	for _, form := range []struct{ rate, channels int }{{48000, 2}, {8000, 1}, {44100, 2}} {
		sound := camtest.AAC(t, "sine=440:d=3", form.rate, form.channels)
		b, err := Init(c.frames[0].Format, sound[0].Format)
		if err != nil {
			t.Fatal(err)
		}
		var m Muxer
		s := Sound{Track: 2}
		written := 0
		for i, f := range c.frames {
			b = append(m.AppendHead(b, f), f.Data...)
			var due []media.Frame
			for written < len(sound) && (sound[written].PTS <= f.PTS-c.frames[0].PTS || i == len(c.frames)-1) {
				sound[written].PTS += c.frames[0].PTS
				due = append(due, sound[written])
				written++
			}
			if len(due) > 0 {
				b = s.AppendFragment(b, &m, due...)
			}
		}
		var all struct {
			Streams []struct {
				Codec    string `json:"codec_name"`
				Rate     string `json:"sample_rate"`
				Channels int
				Packets  string `json:"nb_read_packets"`
			}
		}
		out := camtest.Output(t, b, "ffprobe", "-v", "error", "-count_packets", "-show_streams", "-of", "json", "pipe:0")
		if err := json.Unmarshal(out, &all); err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(all.Streams), fmt.Sprintf("[{h264  0 %d} {aac %d %d %d}]", len(c.frames), form.rate, form.channels, len(sound)); got != want {
			t.Errorf("ffprobe finds %s, want %s", got, want)
		}
		decode := exec.Command("ffmpeg", "-v", "warning", "-xerror", "-i", "pipe:0", "-f", "null", "-")
		decode.Stdin = strings.NewReader(string(b))
		if said, err := decode.CombinedOutput(); err != nil || len(said) > 0 {
			t.Errorf("ffmpeg: %v\n%s", err, said)
		}
		name := file(t, "both.mp4", b)
		camtest.Output(t, nil, "gst-launch-1.0", "-q", "filesrc", "location="+name, "!", "qtdemux", "name=d",
			"d.audio_0", "!", "queue", "!", "aacparse", "!", "avdec_aac", "!", "fakesink",
			"d.video_0", "!", "queue", "!", "h264parse", "!", "avdec_h264", "!", "fakesink")
	}
}

// TestSoundAloneIsItsOwn: an init segment and a type of its own, as a player's second
// buffer wants.
func TestSoundAloneIsItsOwn(t *testing.T) {
	opus, err := media.OpusFormat(2)
	if err != nil {
		t.Fatal(err)
	}
	for want, f := range map[string]*media.Format{
		`audio/mp4; codecs="mp4a.40.2"`: aac(t), `audio/mp4; codecs="opus"`: opus,
	} {
		if got := MIME(f); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		b, err := Init(f)
		if err != nil {
			t.Fatal(err)
		}
		out := string(camtest.Output(t, b, "ffprobe", "-v", "error", "-show_entries", "stream=codec_name,sample_rate,channels", "-of", "csv=p=0", "pipe:0"))
		if got, want := strings.TrimSpace(out), fmt.Sprintf("%s,48000,2", f.Codec); got != want {
			t.Errorf("ffprobe reads %q, want %q", got, want)
		}
	}
	for name, f := range map[string]*media.Format{
		"G.711":              {Codec: media.PCMU, Rate: 8000, Channels: 1},
		"AAC of no rate":     {Codec: media.AAC, Channels: 1, Config: []byte{1}},
		"AAC of nothing":     {Codec: media.AAC, Rate: 8000, Channels: 1},
		"AAC said at length": {Codec: media.AAC, Rate: 8000, Channels: 1, Config: make([]byte, 101)},
	} {
		if _, err := Init(f); err == nil {
			t.Errorf("%s is described", name)
		}
	}
}
