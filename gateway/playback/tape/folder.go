package tape

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/segment"
)

// Stretch is pictures that were recorded without a gap, in decode order. The first
// was taken at Start; each follows by PTS, and so does Sound, of one format, which may
// be nil.
type Stretch struct {
	Start  time.Time
	Frames []media.Frame
	Sound  []media.Frame
}

// Folder makes of a folder one of recordings of a camera, a file for each stretch,
// as a server leaves it but for the index, which the next one makes anew.
func Folder(t testing.TB, folder, camera string, stretches []Stretch) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range stretches {
		start := s.Start.UTC()
		hour := filepath.Join(folder, camera, start.Format("2006-01-02"), start.Format("15"))
		check(os.MkdirAll(hour, 0o700))
		f, err := os.Create(filepath.Join(hour, fmt.Sprintf("%s-%d.mp4", start.Format("20060102T150405.000Z"), i+1)))
		check(err)
		head := segment.Head{Camera: camera, Run: segment.ID{byte(i + 1)}, Sequence: uint64(i + 1), Start: start}
		_, err = write(f, head, s.Frames, s.Sound)
		check(err)
		check(f.Close())
	}
	marker := fmt.Sprintf(`{"volume": "%032x", "version": 1}`, 1)
	check(os.WriteFile(filepath.Join(folder, "framegate-recordings.json"), []byte(marker), 0o600))
}

// write writes a file of pictures and sound, and finishes it.
func write(f segment.File, head segment.Head, frames, sound []media.Frame) (segment.Summary, error) {
	tracks := []segment.Track{{Format: frames[0].Format}}
	if sound != nil {
		tracks = append(tracks, segment.Track{Format: sound[0].Format})
	}
	w, err := segment.Create(f, head, tracks, len(frames))
	if err != nil {
		return segment.Summary{}, err
	}
	var times segment.Sequencer
	var places segment.SoundSequencer
	batch := make([][]segment.Sample, len(tracks))
	ticks := func(f media.Frame) int64 { return int64((f.PTS - frames[0].PTS) * segment.Timescale / time.Second) }
	for i, frame := range frames {
		batch[0] = times.Push(frame, ticks(frame))
		if i == len(frames)-1 {
			batch[0] = append(slices.Clone(batch[0]), times.Flush(0)...)
		}
		for len(sound) > 0 && (sound[0].PTS <= frame.PTS || i == len(frames)-1) {
			if sample, ok := places.Push(&times, sound[0], ticks(sound[0])); ok {
				batch[1] = append(batch[1], sample)
			}
			sound = sound[1:]
		}
		if len(batch[0]) == 0 {
			continue
		}
		if err := w.Append(batch...); err != nil {
			return segment.Summary{}, err
		}
		clear(batch)
	}
	return w.Finish(1)
}

// Gaps are how many a film has.
const Gaps = 5

// Film gives six seconds of numbered pictures six times, from 1 on, ten a second and
// a keyframe each second, with a minute of nothing between; with options of libx264.
func Film(t testing.TB, start time.Time, options ...string) (stretches []Stretch) {
	t.Helper()
	const each = 60
	frames := Numbered(t, 1, (Gaps+1)*each, 160, 96, options...)
	for i := range Gaps + 1 {
		stretches = append(stretches, Stretch{Start: start.Add(time.Duration(i) * 66 * time.Second), Frames: frames[i*each : (i+1)*each]})
	}
	return stretches
}

// Sing gives a film sound: a beep with each tenth picture.
func Sing(t testing.TB, film []Stretch) {
	t.Helper()
	beeps := Beeps(t, "40")
	begin := film[0].Frames[0].PTS
	for i := range film {
		s := &film[i]
		from, to := s.Frames[0].PTS, s.Frames[0].PTS
		for _, f := range s.Frames {
			from, to = min(from, f.PTS), max(to, f.PTS+time.Second/10)
		}
		for _, f := range beeps {
			if f.PTS += begin; f.PTS >= from && f.PTS < to {
				s.Sound = append(s.Sound, f)
			}
		}
	}
}
