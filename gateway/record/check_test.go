package record_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/stream"
)

// found gives what a check of a folder finds.
func found(t *testing.T, dir string, repair record.Repair) (all []record.Finding) {
	t.Helper()
	err := record.Check(t.Context(), filepath.Join(dir, "recordings"), repair, func(f record.Finding) { all = append(all, f) })
	if err != nil {
		t.Error(err)
	}
	return all
}

// TestLookLeavesADamagedIndex where it is, and says that it is damaged, whether a
// server records there or not.
func TestLookLeavesADamagedIndex(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 15*time.Second)
	path := filepath.Join(dir, "recordings", "index.db")
	nonsense := bytes.Repeat([]byte("x"), 5000)
	look := func(when string) {
		t.Helper()
		if err := os.WriteFile(path, nonsense, 0o600); err != nil {
			t.Fatal(err)
		}
		if all := found(t, dir, record.Look); len(all) != 1 || all[0].Done != "" || !strings.Contains(all[0].What, "damaged") {
			t.Errorf("%s: found %+v", when, all)
		}
		if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, nonsense) {
			t.Errorf("%s: another index is there, %v", when, err)
		}
	}
	look("alone")
	disk, err := record.OpenFolder(filepath.Join(dir, "recordings"))
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	if err := disk.Lock(); err != nil { // as a server does
		t.Fatal(err)
	}
	look("beside a server")
}

// TestCheckReadsWhatIsInFiles: one that has the size which the index knows, and
// something else in it, is found, and a repair puts it aside, notes it as lost, or
// makes it what it was.
func TestCheckReadsWhatIsInFiles(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 45*time.Second)
	all := files(t, dir, "*.mp4")
	zeros, tables, swapped := all[0], all[1], all[2:4]
	inFolder := func(name string) string { return filepath.Join(dir, "recordings", name) }
	change := func(name string, f func([]byte)) {
		b, err := os.ReadFile(inFolder(name))
		if err == nil {
			f(b)
			err = os.WriteFile(inFolder(name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	change(zeros, func(b []byte) { clear(b) })
	change(tables, func(b []byte) { clear(b[bytes.Index(b, []byte("stsz")):][:40]) })
	for _, move := range [][2]string{{swapped[0], "away"}, {swapped[1], swapped[0]}, {"away", swapped[1]}} {
		if err := os.Rename(inFolder(move[0]), inFolder(move[1])); err != nil {
			t.Fatal(err)
		}
	}
	if all := found(t, dir, record.Look); len(all) != 4 {
		t.Errorf("found %+v", all)
	}
	if all := found(t, dir, record.Mend); len(all) < 4 {
		t.Errorf("mended %+v", all)
	}
	if all := found(t, dir, record.Look); len(all) > 0 {
		t.Errorf("found after all was mended: %+v", all)
	}
	x, err := index.Look(t.Context(), inFolder("index.db"), true)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if s, err := x.SegmentByPath(t.Context(), zeros); err != nil || !s.Lost {
		t.Errorf("the row of zeros is %+v, %v", s, err)
	}
	if frames := opened(t, inFolder(tables)).Summary.Frames; frames < 200 {
		t.Errorf("%d frames are in the file whose tables were damaged", frames)
	}
}

// TestCheckReadsPictures as well, and so does making the index anew.
func TestCheckReadsPictures(t *testing.T) {
	t.Parallel()
	for name, repair := range map[string]record.Repair{"mend": record.Mend, "rebuild": record.Rebuild} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := pictured(t, 10*time.Second, 45*time.Second)
			all := files(t, dir, "*.jpg")
			path := filepath.Join(dir, "recordings", all[1])
			info, err := os.Stat(path)
			if err == nil {
				err = os.WriteFile(path, make([]byte, info.Size()), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			if all := found(t, dir, record.Look); len(all) != 1 {
				t.Errorf("found %+v", all)
			}
			if all := found(t, dir, repair); len(all) != 2 || !strings.HasPrefix(all[0].Done, "moved to _aside") || all[1].Done != "noted as lost" {
				t.Errorf("mended %+v", all)
			}
		})
	}
}

// pictured gives a folder of pictures, so far apart, of a server that has ended in
// order.
func pictured(t *testing.T, every, d time.Duration) (dir string) {
	t.Helper()
	dir = t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return jpegs{time.Second}, nil }})
		defer hub.Close()
		recorders := record.New(record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "m.json")})
		recorders.Apply(record.Settings{}, []record.Camera{{ID: "front", Mode: record.ModePictures, Every: every}})
		recorders.Start(t.Context())
		defer recorders.Close()
		time.Sleep(d)
	})
	return dir
}
