package device

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// soundForms are the ways in which ffmpeg puts sound into a transport stream.
var soundForms = map[string]struct {
	options []string
	codec   media.Codec
}{
	"ADTS":           {[]string{"-c:a", "aac", "-ac", "2"}, media.AAC},
	"ADTS, 8 kHz":    {[]string{"-c:a", "aac", "-ar", "8000", "-ac", "1"}, media.AAC},
	"LATM":           {[]string{"-c:a", "aac", "-ac", "2", "-mpegts_flags", "+latm"}, media.AAC},
	"Opus":           {[]string{"-c:a", "libopus", "-ac", "2"}, media.Opus},
	"Opus, 60 ms":    {[]string{"-c:a", "libopus", "-ac", "1", "-frame_duration", "60", "-b:a", "96k"}, media.Opus},
	"a frame to PES": {[]string{"-c:a", "aac", "-ac", "1", "-pes_payload_size", "0"}, media.AAC},
}

// withSound gives a transport stream of ffmpeg, three seconds long.
func withSound(t *testing.T, options ...string) []byte {
	t.Helper()
	args := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x96:r=25:d=3", "-f", "lavfi", "-i", "sine=1000:r=48000:d=3",
		"-map", "0", "-map", "1", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "25"}, options...)
	return camtest.Output(t, nil, "ffmpeg", append(args, "-f", "mpegts", "pipe:1")...)
}

// pts gives the times that ffprobe reads of the packets of a kind of stream, in 90 kHz.
func pts(t *testing.T, b []byte, kind string) (all []uint64) {
	t.Helper()
	var read struct {
		Packets []struct {
			PTS uint64 `json:"pts"`
		}
	}
	out := camtest.Output(t, b, "ffprobe", "-v", "fatal", "-select_streams", kind, "-show_entries", "packet=pts", "-of", "json", "pipe:0")
	if err := json.Unmarshal(out, &read); err != nil {
		t.Fatal(err)
	}
	for _, p := range read.Packets {
		all = append(all, p.PTS)
	}
	return all
}

// received gives what a reception makes of a transport stream that comes in pieces.
func received(t *testing.T, b []byte) (pictures, sound []media.Frame) {
	t.Helper()
	r := &reception{maxFrame: 1 << 20, began: time.Now(), log: slog.New(slog.DiscardHandler), emit: func(f media.Frame) {
		if f.Format.Codec.Kind() == media.Audio {
			sound = append(sound, f)
		} else {
			pictures = append(pictures, f)
		}
	}}
	r.startOver()
	r.demux = demuxer{maxUnit: r.maxFrame, heard: r.hear}
	for len(b) > 0 {
		n := min(len(b), 1+rand.IntN(3000))
		if err := r.demux.feed(b[:n], r.take); err != nil {
			t.Fatal(err)
		}
		b = b[n:]
	}
	return pictures, sound
}

// TestSoundOfATransportStream: all frames, at the times that ffprobe reads, beside
// their pictures; and what will come is announced before the first.
func TestSoundOfATransportStream(t *testing.T) {
	for name, form := range soundForms {
		b := withSound(t, form.options...)
		pictures, sound := received(t, b)
		if len(sound) == 0 || len(pictures) < 74 {
			t.Errorf("%s: %d pictures, %d frames of sound", name, len(pictures), len(sound))
			continue
		}
		if sound[0].Format.Codec != form.codec {
			t.Errorf("%s: sound of %s", name, sound[0].Format.Codec)
		}
		shown, heard := pts(t, b, "v"), pts(t, b, "a")
		want := make(map[int64]bool)
		for _, at := range heard {
			want[int64(at)-int64(shown[0])] = true
		}
		count := 0
		var last time.Duration
		for _, f := range sound {
			if len(f.Data) == 0 {
				continue
			}
			at := ticks(f.PTS - pictures[0].PTS + 5*time.Microsecond)
			if !want[at] && !want[at-1] && !want[at+1] {
				t.Errorf("%s: sound at %d, which ffprobe does not have", name, at)
			}
			if count > 0 && (f.PTS-last < f.Duration()-time.Millisecond || f.PTS-last > f.Duration()+time.Millisecond) {
				t.Errorf("%s: %v after one that lasts %v", name, f.PTS-last, f.Duration())
			}
			last = f.PTS
			count++
		}
		if before := len(heard) - count; before > 25 || before < 0 { // what is heard before the first picture was there
			t.Errorf("%s: %d of %d frames", name, count, len(heard))
		}
	}
}

// TestSoundIsWhatWasSent: byte by byte, as ffmpeg reads it.
func TestSoundIsWhatWasSent(t *testing.T) {
	b := withSound(t, "-c:a", "aac", "-ac", "1")
	_, sound := received(t, b)
	adts := camtest.Output(t, b, "ffmpeg", "-v", "error", "-i", "pipe:0", "-map", "0:a", "-c", "copy", "-f", "adts", "pipe:1")
	from := 0
	for i, f := range sound {
		if len(f.Data) == 0 {
			continue
		}
		n := bytes.Index(adts[from:], f.Data)
		if n < 0 {
			t.Fatalf("frame %d is not what was sent", i)
		}
		from += n + len(f.Data)
	}
	if len(adts)-from > 7 {
		t.Errorf("%d bytes at the end did not come", len(adts)-from)
	}
}

// TestBadSoundCostsNoPicture: whatever the packets of sound hold, or lack.
func TestBadSoundCostsNoPicture(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, form := range soundForms {
		b := withSound(t, form.options...)
		want, whole := received(t, b)
		var d demuxer
		d.maxUnit = 1 << 20
		_ = d.feed(bytes.Clone(b), func(unit) error { return nil })
		for fault, harm := range map[string]func(p []byte) []byte{
			"lost":      func(p []byte) []byte { return nil },
			"garbled":   func(p []byte) []byte { p[100] ^= 0xFF; p[20] ^= 0x55; return p },
			"scrambled": func(p []byte) []byte { p[3] |= 0x80; return p },
			"of 0xFF":   func(p []byte) []byte { copy(p[20:], bytes.Repeat([]byte{0xFF}, 168)); return p },
		} {
			var sent []byte
			for p := range chunks(b) {
				if pidOf(p[1:]) == d.sound.pid && random.IntN(4) == 0 {
					p = harm(bytes.Clone(p))
				}
				sent = append(sent, p...)
			}
			pictures, sound := received(t, sent)
			if len(pictures) != len(want) {
				t.Errorf("%s, %s: %d pictures of %d", name, fault, len(pictures), len(want))
				continue
			}
			for i, f := range pictures {
				if !bytes.Equal(f.Data, want[i].Data) || f.PTS-pictures[0].PTS != want[i].PTS-want[0].PTS {
					t.Errorf("%s, %s: picture %d is another", name, fault, i)
				}
			}
			if len(sound) > len(whole)+8 || len(sound) == 0 {
				t.Errorf("%s, %s: %d frames of sound, of %d", name, fault, len(sound), len(whole))
			}
		}
	}
}

// chunks gives a transport stream's packets.
func chunks(b []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for ; len(b) >= packetSize; b = b[packetSize:] {
			if !yield(b[:packetSize]) {
				return
			}
		}
	}
}

// TestOtherSoundIsLeftOut and the pictures go on.
func TestOtherSoundIsLeftOut(t *testing.T) {
	for name, options := range map[string][]string{"MPEG-1 audio": {"-c:a", "mp2"}, "AC-3": {"-c:a", "ac3"}} {
		b := withSound(t, options...)
		pictures, sound := received(t, b)
		if len(pictures) < 74 || len(sound) > 0 {
			t.Errorf("%s: %d pictures, %d frames of sound", name, len(pictures), len(sound))
		}
		d := demuxer{maxUnit: 1 << 20}
		if err := d.feed(b, func(unit) error { return nil }); err != nil || fmt.Sprint(d.others) != "["+name+"]" {
			t.Errorf("%s is called %v (%v)", name, d.others, err)
		}
	}
}

// TestSoundOfAClockThatBeginsAnew stays with its pictures.
func TestSoundOfAClockThatBeginsAnew(t *testing.T) {
	var b []byte
	for n := range 3 {
		b = append(b, withSound(t, "-c:a", "aac", "-output_ts_offset", strconv.Itoa(1000-300*n))...)
	}
	pictures, sound := received(t, b)
	for _, f := range sound {
		if len(f.Data) == 0 {
			continue
		}
		near := false
		for _, p := range pictures {
			if away := p.PTS - f.PTS; away > -200*time.Millisecond && away < 200*time.Millisecond {
				near = true
			}
		}
		if !near {
			t.Errorf("sound at %v, where no picture is", f.PTS)
		}
	}
	if len(sound) < 300 {
		t.Errorf("%d frames of sound", len(sound))
	}
}
