package tape

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/segment"
)

// Stretch is pictures that were recorded without a gap, in decode order. The first
// was taken at Start; each follows by PTS.
type Stretch struct {
	Start  time.Time
	Frames []media.Frame
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
		_, err = write(f, head, s.Frames)
		check(err)
		check(f.Close())
	}
	marker := fmt.Sprintf(`{"volume": "%032x", "version": 1}`, 1)
	check(os.WriteFile(filepath.Join(folder, "framegate-recordings.json"), []byte(marker), 0o600))
}

// write writes a file of pictures, and finishes it.
func write(f segment.File, head segment.Head, frames []media.Frame) (segment.Summary, error) {
	w, err := segment.Create(f, head, []segment.Track{{Format: frames[0].Format}}, len(frames))
	if err != nil {
		return segment.Summary{}, err
	}
	var times segment.Sequencer
	for _, frame := range frames {
		if samples := times.Push(frame, int64((frame.PTS-frames[0].PTS)*segment.Timescale/time.Second)); len(samples) > 0 {
			if err := w.Append(samples); err != nil {
				return segment.Summary{}, err
			}
		}
	}
	if err := w.Append(times.Flush(0)); err != nil {
		return segment.Summary{}, err
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
