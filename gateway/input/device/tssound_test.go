package device

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
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
	r := &reception{maxFrame: 1 << 20, began: time.Now(), clock: newClock(), log: slog.New(slog.DiscardHandler), emit: func(f media.Frame) {
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
		source, address := listening(t)
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })   // what a run has told is over with it
		go func() { _, _ = conn.Write(b) }() // ends with conn
		WantSoundTrouble(t, source, "not taken: "+name)
	}
}

// WantSoundTrouble runs a source in a stream, which it is to tell why its sound is left
// out.
func WantSoundTrouble(t *testing.T, source stream.Source, says string) {
	t.Helper()
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return source, nil }})
	defer hub.Close()
	key := stream.Key{Camera: "front"}
	r, err := hub.Open(key, stream.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for until := time.Now().Add(generous); hub.Sounds(key).Trouble == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the stream is not told why there is no sound")
		}
	}
	if text := hub.Sounds(key).Trouble.Error(); !strings.Contains(text, says) {
		t.Errorf("told %q, want %q", text, says)
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

// TestSoundThatLies: lengths, times and rates that are wrong cost the frames that they
// are of, and none of those behind them.
func TestSoundThatLies(t *testing.T) {
	const frames = 12
	for name, test := range map[string]struct {
		harm func(n int, frame []byte) []byte  // a frame of ADTS
		pes  func(n int, packet []byte) []byte // the packet that holds two
		want string                            // the frames that come
	}{
		"as it should be":           {want: "0 1 2 3 4 5 6 7 8 9 10 11"},
		"PES says it is longer":     {pes: func(_ int, p []byte) []byte { p[4], p[5] = 0x7F, 0xFF; return p }, want: "0 1 2 3 4 5 6 7 8 9 10 11"},
		"PES says it is shorter":    {pes: func(_ int, p []byte) []byte { p[4], p[5] = 0, 20; return p }, want: "0 1 2 3 4 5 6 7 8 9 10 11"},
		"a frame says it is longer": {harm: func(n int, f []byte) []byte { return lasting(n == 4, f, len(f)+30) }, want: "0 1 2 3 5 6 7 8 9 10 11"},
		"as long as two":            {harm: func(n int, f []byte) []byte { return lasting(n == 4, f, 2*len(f)+1) }, want: "0 1 2 3 5 6 7 8 9 10 11"},
		"it says it is shorter":     {harm: func(n int, f []byte) []byte { return lasting(n == 4, f, 40) }, want: "0 1 2 3 5 6 7 8 9 10 11"},
		"a head is garbage":         {harm: func(n int, f []byte) []byte { return spoilt(n == 4, f) }, want: "0 1 2 3 5 6 7 8 9 10 11"},
		"it is cut off": {harm: func(n int, f []byte) []byte {
			if n == 4 {
				f = f[:50]
			}
			return f
		}, want: "0 1 2 3 5 6 7 8 9 10 11"},
		"PES has no head": {pes: func(n int, p []byte) []byte {
			if n == 2 {
				p[2] = 7
			}
			return p
		}, want: "0 1 2 3 6 7 8 9 10 11"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMuxer()
			m.tables(streamTypeH264, streamTypeADTS)
			for n := range frames / 2 {
				var data []byte
				for i := 2 * n; i < 2*n+2; i++ {
					frame := adtsOf(i, 3)
					if test.harm != nil {
						frame = test.harm(i, frame)
					}
					data = append(data, frame...)
				}
				packet := pesOf(uint64(n)*3840, data, true)
				packet[3] = 0xC0
				if test.pes != nil {
					packet = test.pes(n, packet)
				}
				m.pes(testVideo+1, packet)
			}
			heard := soundOfAll(t, m.flush())
			var got []string
			for _, u := range heard {
				n, _, _ := strings.Cut(string(u.data), " ")
				got = append(got, n)
				if i, _ := strconv.Atoi(n); i%2 == 0 && u.stamp != uint64(i)*1920 {
					t.Errorf("frame %d is at %d, want %d", i, u.stamp, i*1920)
				}
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got frames %v, want %s", got, test.want)
			}
		})
	}
}

// TestSoundOfAnotherRate, in the middle, is another format from that frame on.
func TestSoundOfAnotherRate(t *testing.T) {
	m := newMuxer()
	m.tables(streamTypeH264, streamTypeADTS)
	for n := range 6 {
		m.pes(testVideo+1, pesOf(uint64(n)*1920, adtsOf(n, byte(3+n/3)), true))
	}
	for n, u := range soundOfAll(t, m.flush()) {
		if want := []int{48000, 44100}[n/3]; u.format.Rate != want {
			t.Errorf("frame %d is of %d Hz, want %d", n, u.format.Rate, want)
		}
	}
}

// adtsOf gives a frame of ADTS with a number in it, of a rate of table 1.18, that
// takes some packets.
func adtsOf(n int, rate byte) []byte {
	data := fmt.Appendf(nil, "%d %0200d", n, 0)
	f := []byte{0xFF, 0xF1, 1<<6 | rate<<2, 0x40, 0, 0x1F, 0xFC}
	return lasting(true, append(f, data...), len(f)+len(data))
}

// lasting has a frame of ADTS say how long it is, if it is to.
func lasting(say bool, f []byte, size int) []byte {
	if say {
		f[3], f[4], f[5] = f[3]&^3|byte(size>>11), byte(size>>3), f[5]&0x1F|byte(size<<5)
	}
	return f
}

// spoilt makes garbage of the first bytes, if it is to.
func spoilt(spoil bool, f []byte) []byte {
	if spoil {
		copy(f, "\xFFgarbage\xFF\x00")
	}
	return f
}

// soundOfAll gives the sound of a transport stream.
func soundOfAll(t *testing.T, b []byte) (all []soundUnit) {
	t.Helper()
	d := demuxer{maxUnit: 1 << 20, heard: func(u soundUnit) { all = append(all, u) }}
	if err := d.feed(b, func(unit) error { return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}
