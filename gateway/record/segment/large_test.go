package segment

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"framegate/gateway/camtest"
)

// TestFileBeyondFourGigabytes has offsets and an mdat that four bytes do not
// hold, in both forms. Most of the file is a hole, which no disk stores.
func TestFileBeyondFourGigabytes(t *testing.T) {
	for name, frames := range map[string]int{"tables in front": 100, "tables at the end": 1000} {
		samples := made(0, frames, 25)
		for i := range samples {
			samples[i].Offset = int32(i%2) * 3600
		}
		f, err := os.Create(filepath.Join(t.TempDir(), "large.mp4"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		w := write(t, f, h264Format(t), samples[:50], 50, 0)
		w.size += 5 << 30
		if err := w.Append(samples[50:]); err != nil {
			t.Fatal(err)
		}
		sum, err := w.Finish(1)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Open(f, sum.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		all := s.Table.Entries[0]
		if len(all) != frames || all[50].At < 5<<30 || s.State != Finished {
			t.Fatalf("%s: %d samples, the later at %d", name, len(all), all[50].At)
		}
		b := make([]byte, all[frames-1].Size)
		if _, err := f.ReadAt(b, all[frames-1].At); err != nil || string(b) != string(samples[frames-1].Data) {
			t.Errorf("%s: the last sample is another: %v", name, err)
		}
		out := camtest.Output(t, nil, "ffprobe", "-v", "fatal", "-count_packets", "-show_entries", "stream=nb_frames,nb_read_packets", "-of", "csv=p=0", f.Name())
		if got := strings.TrimSpace(string(out)); got != strings.Join([]string{strconv.Itoa(frames), strconv.Itoa(frames)}, ",") {
			t.Errorf("%s: ffprobe finds %s frames", name, got)
		}
	}
}
