package device_test

import (
	"bytes"
	"context"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/input/device"
	"framegate/gateway/media"
)

// loud says whether a frame of a tone is heard.
func loud(f media.Frame) bool { return len(f.Data) > 60 }

// onset is when the sound of withTone begins to be heard.
const onset = 400 * time.Millisecond

// withTone makes a video of a second at 50 pictures a second, and sound for so many
// seconds, which is silent up to onset.
func withTone(t *testing.T, name, seconds string, options ...string) string {
	t.Helper()
	camtest.Need(t, "ffmpeg")
	path := filepath.Join(t.TempDir(), name)
	args := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x96:rate=50:duration=1",
		"-f", "lavfi", "-i", "aevalsrc='gte(t,0.4)*0.5*sin(2000*PI*t)':s=48000:d=" + seconds, "-preset", "ultrafast"}, options...)
	if out, err := exec.Command("ffmpeg", append(args, path)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// loop is what a file gave.
type loop struct {
	pictures, sound []media.Frame
	announced       bool // sound, before the first picture
	log             bytes.Buffer
}

// played plays a file until so many pictures have come, and so many tones have begun.
func played(t *testing.T, o device.FileOptions, pictures, tones int) (l loop) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	begun, quiet := 0, true
	enough := func() {
		if len(l.pictures) >= pictures && begun >= tones {
			cancel()
		}
	}
	o.Log = slog.New(slog.NewTextHandler(&l.log, nil))
	err := device.NewFile(o).Run(ctx, func(f media.Frame) {
		if f.Format.Codec.Kind() == media.Audio {
			l.announced = l.announced || len(l.pictures) == 0
			l.sound = append(l.sound, f)
			if quiet && loud(f) {
				begun++
			}
			quiet = !loud(f)
			enough()
			return
		}
		l.pictures = append(l.pictures, f)
		enough()
	})
	if len(l.pictures) < pictures {
		t.Fatalf("%d pictures, then %v", len(l.pictures), err)
	}
	return l
}

// TestSoundOfAFileIsInStepInEachRound: what is heard 0.4 s after the first picture
// of the file is heard so in each round.
func TestSoundOfAFileIsInStepInEachRound(t *testing.T) {
	h264 := []string{"-c:v", "libx264", "-g", "20"}
	for name, test := range map[string]struct {
		file, lasts string
		options     []string
		codec       media.Codec
	}{
		"AAC, B-frames": {"clip.mp4", "1", append(h264, "-bf", "2", "-c:a", "aac"), media.AAC},
		"AAC of a TS":   {"clip.ts", "1", append(h264, "-c:a", "aac", "-ac", "2"), media.AAC},
		"Opus":          {"clip.mkv", "1", append(h264, "-bf", "2", "-c:a", "libopus"), media.Opus},
		"G.711":         {"clip.mov", "1", append(h264, "-c:a", "pcm_alaw", "-ar", "8000"), media.AAC},
		"MP2, encoded":  {"clip.avi", "1", []string{"-c:v", "mpeg4", "-c:a", "mp2"}, media.AAC},
		"8 channels":    {"clip.mkv", "1", append(h264, "-c:a", "flac", "-ac", "8"), media.AAC},
		"ends early":    {"clip.mp4", "0.6", append(h264, "-c:a", "aac"), media.AAC},
		"ends late":     {"clip.mp4", "3", append(h264, "-c:a", "aac"), media.AAC},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const rounds, tones = 4, 2 // of some rounds it is not known yet when they end
			l := played(t, device.FileOptions{Path: withTone(t, test.file, test.lasts, test.options...)}, 50*rounds, tones)
			if len(l.sound) == 0 || len(l.sound[0].Data) > 0 || l.sound[0].Format.Codec != test.codec {
				t.Fatalf("it begins with %d frames of sound: %+v; %s", len(l.sound), l.sound[:min(1, len(l.sound))], &l.log)
			}
			if !l.announced {
				t.Error("that there is sound is not known with the first picture")
			}
			first, quiet, heard := l.pictures[0].PTS, true, 0
			end := first
			for _, f := range l.sound[1:] {
				if f.PTS < end-10*time.Millisecond-f.Duration() {
					t.Errorf("sound of %v after what ends at %v", f.PTS-first, end-first)
				}
				end = f.PTS + f.Duration()
				if loud(f) && quiet {
					heard++
					at := (f.PTS - first) % time.Second
					if off := at - onset; off < -60*time.Millisecond || off > 30*time.Millisecond {
						t.Errorf("the tone is heard %v after the %d. beginning, want %v", at, (f.PTS-first)/time.Second+1, onset)
					}
				}
				quiet = !loud(f)
			}
			if heard < tones {
				t.Errorf("the tone began %d times in %d pictures", heard, len(l.pictures))
			}
		})
	}
}

// TestSoundOfAFileCostsNoPicture, whatever is wrong with it.
func TestSoundOfAFileCostsNoPicture(t *testing.T) {
	h264 := []string{"-c:v", "libx264", "-g", "25"}
	garbage := withTone(t, "garbage.mkv", "1", append(h264, "-c:a", "mp2", "-bsf:a", "noise=amount=1")...)
	for name, test := range map[string]struct {
		options device.FileOptions
		logs    string // "" for nothing
	}{
		"unwanted": {device.FileOptions{Path: withTone(t, "clean.mkv", "1", append(h264, "-c:a", "aac")...), Silent: true}, ""},
		"none":     {device.FileOptions{Path: clip(t, "mute.mp4", h264...)}, ""},
		"garbage":  {device.FileOptions{Path: garbage}, "sound of the video file is left out"},
	} {
		t.Run(name, func(t *testing.T) {
			l := played(t, test.options, 100, 0)
			if len(l.sound) > 0 {
				t.Errorf("%d frames of sound", len(l.sound))
			}
			if said := l.log.String(); test.logs == "" && said != "" || !strings.Contains(said, test.logs) {
				t.Errorf("the log has %q, want %q", said, test.logs)
			}
			if test.logs != "" {
				device.WantSoundTrouble(t, device.NewFile(test.options), "encoding it")
			}
			for i, f := range l.pictures[1:] {
				if step := f.PTS - l.pictures[i].PTS; step < -200*time.Millisecond || step > 200*time.Millisecond {
					t.Errorf("%v between two pictures", step)
				}
			}
		})
	}
}
