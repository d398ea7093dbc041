package index_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/record/index"
)

// benchDir has the indexes that benchmarks copy.
var benchDir string

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		os.RemoveAll(benchDir)
		os.Exit(status)
	}))
}

// noon is when the tests' time begins.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// at gives so many seconds after noon.
func at(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

// open opens an index in a folder of its own, which is closed at the end of the
// test at the latest.
func open(t testing.TB) *index.Index {
	t.Helper()
	return openPath(t, filepath.Join(t.TempDir(), "index.db"))
}

func openPath(t testing.TB, path string) *index.Index {
	t.Helper()
	x, err := index.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

// segment is a row of camera front with nothing unusual in it.
func segment(sequence int, from, to float64) index.Segment {
	return index.Segment{
		Camera: "front", Run: "run", Sequence: uint64(sequence), Path: fmt.Sprintf("front/%d.mp4", sequence),
		Start: at(from), End: at(to), Bytes: 1000, Frames: 10, Keys: 1, STTS: 2, CTTS: 3, MoovBytes: 400, DataAt: 500, Fragments: 6, Rate: 1,
		Sound: -int64(sequence / 3 % 2), Sounds: 7,
	}
}

func add(t testing.TB, x *index.Index, s index.Segment) int64 {
	t.Helper()
	id, err := x.Add(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// verified fails where the index contradicts itself.
func verified(t testing.TB, x *index.Index) {
	t.Helper()
	faults, err := x.Verify(t.Context())
	must(t, err)
	for _, fault := range faults {
		t.Error(fault)
	}
	if t.Failed() {
		t.FailNow()
	}
}

// wants fails unless an error is one of ours.
func wants(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%v; want %v", err, want)
	}
}
