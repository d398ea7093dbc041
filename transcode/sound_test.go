package transcode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
)

// decoded gives sound as samples of one channel at SoundRate.
func decoded(t testing.TB, b []byte, options ...string) []float64 {
	t.Helper()
	args := append([]string{"-nostdin", "-v", "error"}, options...)
	cmd := exec.Command("ffmpeg", append(args, "-i", "pipe:0", "-f", "s16le", "-ac", "1", "-ar", fmt.Sprint(SoundRate), "pipe:1")...)
	raw := run(t, cmd, b)
	samples := make([]float64, len(raw)/2)
	for i := range samples {
		samples[i] = float64(int16(uint16(raw[2*i])|uint16(raw[2*i+1])<<8)) / 32768
	}
	return samples
}

// made gives what ffmpeg makes of a filter graph of sound.
func made(t testing.TB, graph string, options ...string) []byte {
	t.Helper()
	args := append([]string{"-nostdin", "-v", "error", "-f", "lavfi", "-i", graph}, options...)
	return run(t, exec.Command("ffmpeg", append(args, "pipe:1")...), nil)
}

func run(t testing.TB, cmd *exec.Cmd, stdin []byte) []byte {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() { // ends with the command
		_, _ = in.Write(stdin)
		in.Close()
	}()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	return out
}

// beeps is silence with a beep of 50 ms at each second, from 1 s on.
const beeps = "aevalsrc='0.5*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.05)*gte(t\\,1)':s=%d:d=4"

// frameOfSound is one as it is written.
type frameOfSound struct {
	pts     time.Duration
	samples int
	data    []byte
}

// beeping gives the beeps in a codec.
func beeping(t testing.TB, s SoundSpec) (config []byte, all []frameOfSound) {
	t.Helper()
	graph := fmt.Sprintf(beeps, s.Rate)
	at := time.Duration(0)
	add := func(data []byte, samples int) {
		all = append(all, frameOfSound{at, samples, data})
		at += time.Duration(samples) * time.Second / time.Duration(s.Rate)
	}
	switch s.In {
	case PCMA, PCMU:
		all = telephoned(t, s, graph)
	case AAC:
		raw := made(t, graph, "-ac", fmt.Sprint(s.Channels), "-c:a", "aac", "-f", "adts")
		var packets mpeg4audio.ADTSPackets
		if err := packets.Unmarshal(raw); err != nil {
			t.Fatal(err)
		}
		at = -time.Duration(1024) * time.Second / time.Duration(s.Rate) // what the encoder put before
		var err error
		p := packets[0]
		if config, err = (mpeg4audio.AudioSpecificConfig{Type: p.Type, SampleRate: p.SampleRate, ChannelConfig: p.ChannelConfig}).Marshal(); err != nil {
			t.Fatal(err)
		}
		for _, p := range packets {
			add(p.AU, 1024)
		}
	case Opus:
		from := SoundSpec{In: PCMU, Rate: 8000, Channels: s.Channels, Out: Opus}
		for _, p := range packetsOf(t, from, telephoned(t, from, fmt.Sprintf(beeps, from.Rate))) {
			all = append(all, frameOfSound{p.PTS, 960, p.Data})
		}
	}
	return config, all
}

// telephoned gives what a filter graph makes as G.711, 20 ms a frame.
func telephoned(t testing.TB, s SoundSpec, graph string) (all []frameOfSound) {
	t.Helper()
	format := map[Codec]string{PCMA: "alaw", PCMU: "mulaw"}[s.In]
	raw := made(t, graph, "-ac", fmt.Sprint(s.Channels), "-f", format)
	samples := s.Rate / 50
	for size := samples * s.Channels; len(raw) >= size; raw = raw[size:] {
		all = append(all, frameOfSound{time.Duration(len(all)) * 20 * time.Millisecond, samples, raw[:size]})
	}
	return all
}

// onsets gives when the beeps begin, in seconds.
func onsets(samples []float64) (all []float64) {
	last := -1.0
	for i, v := range samples {
		at := float64(i) / SoundRate
		if math.Abs(v) > 0.1 && at > last+0.5 {
			all = append(all, at)
			last = at
		}
	}
	return all
}

// TestSoundKeepsItsTime: a beep is heard at the media time that it had before, to a
// few milliseconds, whatever it was and becomes.
func TestSoundKeepsItsTime(t *testing.T) {
	for _, spec := range []SoundSpec{
		{In: PCMA, Rate: 8000, Channels: 1, Out: AAC}, {In: PCMU, Rate: 8000, Channels: 1, Out: Opus}, {In: PCMU, Rate: 16000, Channels: 2, Out: Opus},
		{In: AAC, Rate: 44100, Channels: 2, Out: AAC}, {In: AAC, Rate: 16000, Channels: 1, Out: Opus}, {In: AAC, Rate: 48000, Channels: 6, Out: AAC},
		{In: Opus, Rate: 48000, Channels: 2, Out: AAC},
	} {
		config, frames := beeping(t, spec)
		spec.Config = config
		sound, first := through(t, spec, frames)
		expectBeeps(t, spec, sound, first, 5*time.Millisecond)
	}
}

// expectBeeps checks that beeps are heard at each second, to so much.
func expectBeeps(t testing.TB, spec SoundSpec, sound []float64, first, most time.Duration) {
	t.Helper()
	name := fmt.Sprintf("%d at %d Hz in %d channels to %d", spec.In, spec.Rate, spec.Channels, spec.Out)
	heard := onsets(sound)
	if len(heard) != 3 {
		t.Errorf("%s: beeps at %v, want 3", name, heard)
		return
	}
	for i, at := range heard {
		if away := at + first.Seconds() - float64(i+1); math.Abs(away) > most.Seconds() {
			t.Errorf("%s: beep %d is %.1f ms away", name, i, away*1000)
		}
	}
}

// through gives the sound that comes out, decoded, and the media time of its first
// sample.
func through(t testing.TB, spec SoundSpec, frames []frameOfSound) (sound []float64, first time.Duration) {
	t.Helper()
	packets := packetsOf(t, spec, frames)
	config, channels := (&Sound{spec: spec}).Config()
	return decoded(t, contained(spec.Out, config, channels, packets)), packets[0].PTS
}

// packetsOf gives what is made of frames, packet behind packet.
func packetsOf(t testing.TB, spec SoundSpec, frames []frameOfSound) (packets []SoundPacket) {
	t.Helper()
	s, err := StartSound(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	wrote := make(chan error, 1)
	go func() { // ends when all is written, or with the process
		defer s.CloseWrite()
		for _, f := range frames {
			if err := s.Write(f.pts, f.samples, f.data); err != nil {
				wrote <- err
				return
			}
		}
		wrote <- nil
	}()
	for {
		p, err := s.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n := len(packets); n > 0 {
			lasts := time.Duration(soundEncodings[spec.Out].samples) * time.Second / SoundRate
			if gap := p.PTS - packets[n-1].PTS - lasts; gap < -time.Millisecond || gap > time.Millisecond {
				t.Errorf("packet %d comes %v after it should", n, gap)
			}
		}
		packets = append(packets, p)
	}
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	return packets
}

// contained gives packets as a file that ffmpeg decodes whole, what comes first too.
func contained(out Codec, config []byte, channels int, packets []SoundPacket) []byte {
	spec := SoundSpec{In: out, Config: config, Rate: SoundRate, Channels: channels}
	b := spec.head()
	for i, p := range packets {
		b = append(appendClusterHead(b, true, uint64(i)*uint64(soundEncodings[out].samples)*1000/SoundRate, len(p.Data)), p.Data...)
	}
	return b
}

// TestSoundHoldsBackLittle: what is written frame by frame comes out but for what the
// encoders need, without anything that comes after it. Of AAC those are the frame that
// is being filled, the one that its encoder sees ahead, and as much that it puts before;
// of Opus the packet that is being filled, the one that Ogg keeps, and what is put before.
func TestSoundHoldsBackLittle(t *testing.T) {
	const resampler = 96 // samples that it needs of what follows
	for out, samples := range map[Codec]int{AAC: 3*1024 + resampler, Opus: 2*960 + 312 + resampler} {
		most := time.Duration(samples) * time.Second / SoundRate
		spec := SoundSpec{In: PCMU, Rate: 8000, Channels: 1, Out: out}
		_, frames := beeping(t, spec)
		s, err := StartSound(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		packets := make(chan SoundPacket)
		go func() { // ends with the process
			defer close(packets)
			for {
				p, err := s.Read()
				if err != nil {
					return
				}
				packets <- p
			}
		}()
		end := time.Duration(0)
		for i, f := range frames {
			if err := s.Write(f.pts, f.samples, f.data); err != nil {
				t.Fatal(err)
			}
			for written := f.pts + 20*time.Millisecond; written-end > most; {
				select {
				case p := <-packets:
					end = p.PTS + time.Duration(soundEncodings[out].samples)*time.Second/SoundRate
				case <-time.After(30 * time.Second):
					t.Fatalf("to %d: after %d frames, %v, sound up to %v came out", out, i+1, written, end)
				}
			}
		}
		go func() { // ends with the process
			for range packets {
			}
		}()
		s.Close()
	}
}

// TestSoundOverAGap goes on at the time that comes behind it.
func TestSoundOverAGap(t *testing.T) {
	spec := SoundSpec{In: PCMU, Rate: 8000, Channels: 1, Out: AAC}
	_, frames := beeping(t, spec)
	s, err := StartSound(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	go func() { // ends when all is written, or with the process
		defer s.CloseWrite()
		for i, f := range frames {
			if i >= 50 {
				f.pts += 3 * time.Second
			}
			if s.Write(f.pts, f.samples, f.data) != nil {
				return
			}
		}
	}()
	var gaps []time.Duration
	var last time.Duration
	for {
		p, err := s.Read()
		if err != nil {
			break
		}
		if gap := p.PTS - last; gap > time.Second {
			gaps = append(gaps, gap)
			if p.PTS < 4*time.Second || p.PTS > 4*time.Second+22*time.Millisecond {
				t.Errorf("it goes on at %v, want 4 s", p.PTS)
			}
		}
		last = p.PTS
	}
	if len(gaps) != 1 {
		t.Errorf("gaps %v, want one", gaps)
	}
}

// TestSoundThatIsNone: ffmpeg that fails says so, and what cannot be is refused.
func TestSoundThatIsNone(t *testing.T) {
	for name, spec := range map[string]SoundSpec{
		"pictures":                {In: JPEG, Rate: 8000, Channels: 1, Out: AAC},
		"to G.711":                {In: AAC, Config: []byte{1}, Rate: 8000, Channels: 1, Out: PCMU},
		"no rate":                 {In: PCMU, Channels: 1, Out: AAC},
		"many channels":           {In: PCMU, Rate: 8000, Channels: 9, Out: AAC},
		"AAC of nothing":          {In: AAC, Rate: 8000, Channels: 1, Out: Opus},
		"an enormous AAC":         {In: AAC, Config: make([]byte, 65), Rate: 8000, Channels: 1, Out: Opus},
		"more than anybody hears": {In: PCMU, Rate: 192000, Channels: 1, Out: AAC},
	} {
		if s, err := StartSound(t.Context(), spec); err == nil {
			s.Close()
			t.Errorf("%s is tried", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	s, err := StartSound(ctx, SoundSpec{In: PCMU, Rate: 8000, Channels: 1, Out: AAC})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cancel()
	if _, err := s.Read(); err == nil {
		t.Error("an ffmpeg that was ended gives sound")
	}
}

// TestSoundThatCannotBeDecoded is silence for as long as it lasts, and shifts nothing
// that comes after it.
func TestSoundThatCannotBeDecoded(t *testing.T) {
	for _, spec := range []SoundSpec{{In: AAC, Rate: 16000, Channels: 1, Out: Opus}, {In: Opus, Rate: 48000, Channels: 1, Out: AAC}} {
		config, frames := beeping(t, spec)
		spec.Config = config
		for i, f := range frames {
			if at := f.pts % time.Second; at > 300*time.Millisecond && at < 500*time.Millisecond {
				frames[i].data = []byte{0xFF, 0xFF, 0xFF}
			}
		}
		sound, first := through(t, spec, frames)
		expectBeeps(t, spec, sound, first, 30*time.Millisecond)
	}
}

// TestSoundIsTheSameTone, as high and as loud as it was.
func TestSoundIsTheSameTone(t *testing.T) {
	for _, out := range []Codec{AAC, Opus} {
		spec := SoundSpec{In: PCMA, Rate: 8000, Channels: 1, Out: out}
		sound, _ := through(t, spec, telephoned(t, spec, "aevalsrc='0.5*sin(2*PI*440*t)':s=8000:d=2"))
		sound = sound[SoundRate/2 : 3*SoundRate/2]
		crossings, power := 0, 0.0
		for i, v := range sound {
			power += v * v / float64(len(sound))
			if i > 0 && sound[i-1] < 0 && v >= 0 {
				crossings++
			}
		}
		if crossings < 438 || crossings > 442 {
			t.Errorf("to %d: %d Hz, want 440", out, crossings)
		}
		if decibels := 10 * math.Log10(power/0.125); math.Abs(decibels) > 1 {
			t.Errorf("to %d: louder by %.1f dB", out, decibels)
		}
	}
}

// TestSoundDoesNotDrift: in 20 minutes, also of a camera whose clock runs fast, what
// comes out has the times of what goes in.
func TestSoundDoesNotDrift(t *testing.T) {
	const lasts = 20 * time.Minute
	for _, in := range []struct {
		rate, samples int
		runs          float64 // seconds of the camera's clock in one of its sound
	}{{8000, 160, 1}, {44100, 1024, 1}, {11025, 1024, 1.03}, {48000, 960, 0.97}} {
		s := &Sound{spec: SoundSpec{Rate: in.rate, Out: AAC}}
		out, e := int64(0), soundEncodings[AAC]
		for n := 0; ; n++ {
			at := float64(n*in.samples) / float64(in.rate)
			if at > lasts.Seconds() {
				break
			}
			s.mark(time.Duration(at*in.runs*float64(time.Second)), in.samples)
			for ; float64(out)/SoundRate < at; out += e.samples {
				want := float64(out) / SoundRate * in.runs
				if got := s.heard(out).Seconds(); math.Abs(got-want) > 0.005 {
					t.Fatalf("%d Hz: what is heard at %.3f s is said to be at %.3f s", in.rate, want, got)
				}
			}
		}
		if len(s.marks) > 100 {
			t.Errorf("%d Hz: %d marks are kept", in.rate, len(s.marks))
		}
	}
}

// TestSoundThatIsTakenForNothing: an ffmpeg that takes sound and gives none, or takes
// none, is found out.
func TestSoundThatIsTakenForNothing(t *testing.T) {
	for name, does := range map[string]string{"takes all": "exec cat >/dev/null", "takes nothing": "exec sleep 600"} {
		program := filepath.Join(t.TempDir(), "ffmpeg")
		if err := os.WriteFile(program, []byte("#!/bin/sh\n"+does+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		s, err := StartSound(t.Context(), SoundSpec{FFmpeg: program, In: PCMU, Rate: 8000, Channels: 1, Out: AAC})
		if err != nil {
			t.Fatal(err)
		}
		s.process.watch.patience = 100 * time.Millisecond
		for began := time.Now(); err == nil && time.Since(began) < 30*time.Second; {
			err = s.Write(0, 160, make([]byte, 160))
		}
		if !errors.Is(err, ErrStalled) {
			t.Errorf("%s: %v, want ErrStalled", name, err)
		}
		s.process.flushPatience = 100 * time.Millisecond
		s.CloseWrite()
		if _, err := s.Read(); name == "takes nothing" && !errors.Is(err, ErrStalled) {
			t.Errorf("%s once its input has ended: %v, want ErrStalled", name, err)
		}
		s.Close()
	}
}
