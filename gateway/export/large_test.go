package export

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
)

// holed writes what is short into a file, and leaves a hole for what is long: the
// pictures of large clips.
type holed struct {
	*os.File
	size int64
}

func (h *holed) Write(b []byte) (n int, err error) {
	if n = len(b); n < 64<<10 {
		n, err = h.WriteAt(b, h.size)
	}
	h.size += int64(n)
	return n, err
}

// TestZIPBeyondFourGigabytes has sizes and places that four bytes do not hold, and
// others find all that is in it. A recording of 10 MB is there 450 times.
func TestZIPBeyondFourGigabytes(t *testing.T) {
	if os.Getenv("FRAMEGATE_TEST_LONG") == "" {
		t.Skip("5 GB are read; set FRAMEGATE_TEST_LONG to have that")
	}
	r := newRig(t)
	r.record("back", noon, stills(50, 10, 64, 48))
	frames := stills(0, 10, 64, 48)
	for i := range frames {
		frames[i].Data = camtest.PadTo(frames[i].Data, 1<<20)
	}
	r.record("front", noon, frames)
	row := r.rows[1]
	for range 449 {
		row.ID, row.Start, row.End = row.ID+1, row.Start.Add(time.Second), row.End.Add(time.Second)
		r.rows = append(r.rows, row)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "large.zip"))
	r.check(err)
	defer f.Close()
	w := work{
		exports: r.Exports, job: new(job), zone: time.UTC, parts: 3,
		request: Request{Cameras: []string{"front", "back"}, From: noon, To: row.End, Start: Keyframe},
	}
	out := &holed{File: f}
	r.check(w.bundle(t.Context(), out))
	z, err := zip.NewReader(f, out.size)
	r.check(err)
	var m manifest
	r.check(json.Unmarshal(readAll(t, z.File[2]), &m))
	if large := z.File[0]; large.UncompressedSize64 < 1<<32 || int64(large.UncompressedSize64) != m.Files[0].Bytes {
		t.Errorf("the ZIP says %d bytes, the manifest %+v", large.UncompressedSize64, m.Files[0])
	}
	if back := readAll(t, z.File[1]); len(numbers(t, back)) != 10 {
		t.Error("what lies behind 4 GB is not what it was")
	}
	told := camtest.Output(t, nil, "python3", "-c",
		"import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(*(i.file_size for i in z.infolist()), len(z.read(z.infolist()[1])))", f.Name())
	if want := fmt.Sprintf("%d %d %d %[2]d", m.Files[0].Bytes, m.Files[1].Bytes, z.File[2].UncompressedSize64); strings.TrimSpace(string(told)) != want {
		t.Errorf("others find %s, of %s", told, want)
	}
}
