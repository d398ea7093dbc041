package thumbs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"framegate/gateway/record/segment"
	"framegate/gateway/record/thumbs"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const name = "12.thumbs"

// folder is a Disk.
type folder string

func (f folder) Create(name string) (segment.File, error) {
	return os.OpenFile(filepath.Join(string(f), name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

func (f folder) Open(name string, write bool) (segment.File, int64, error) {
	file, err := os.OpenFile(filepath.Join(string(f), name), os.O_RDWR, 0)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	return file, info.Size(), err
}

func (f folder) Remove(name string) error { return os.Remove(filepath.Join(string(f), name)) }

func (f folder) bytes(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(string(f), name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// picture is that of the nth ten seconds after noon, six of which are a recording.
func picture(n int) thumbs.Picture {
	data := bytes.Repeat([]byte(fmt.Sprintf("picture %d ", n)), 3+n%4)
	return thumbs.Picture{Sequence: uint64(n / 6), Moment: noon.Add(time.Duration(n) * 10 * time.Second), Data: data}
}

// add appends the pictures of a recording.
func add(t *testing.T, d thumbs.Disk, sequence int) {
	t.Helper()
	var all []thumbs.Picture
	for i := range 6 {
		all = append(all, picture(6*sequence+i))
	}
	if err := thumbs.Append(d, name, all...); err != nil {
		t.Fatal(err)
	}
}

// there says if the nth picture is kept, and whole.
func there(t *testing.T, d thumbs.Disk, n int) bool {
	t.Helper()
	want := picture(n)
	got, err := thumbs.Read(d, name, want.Sequence, want.Moment)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil || !bytes.Equal(got.Data, want.Data) || got.Sum() != want.Sum() {
		t.Fatalf("picture %d: %q, %v", n, got.Data, err)
	}
	return true
}

func TestPicturesAreFoundAgain(t *testing.T) {
	t.Parallel()
	d := folder(t.TempDir())
	if there(t, d, 0) {
		t.Error("a picture of a file that is not there")
	}
	for sequence := range 60 {
		add(t, d, sequence)
	}
	for n := range 360 {
		if !there(t, d, n) {
			t.Fatalf("picture %d is not there", n)
		}
	}
	if there(t, d, 360) {
		t.Error("a picture that was not kept")
	}
	again := picture(7)
	again.Data = []byte("made again")
	if err := thumbs.Append(d, name, again); err != nil {
		t.Fatal(err)
	}
	if got, err := thumbs.Read(d, name, 1, again.Moment); err != nil || string(got.Data) != "made again" {
		t.Errorf("%q, %v", got.Data, err)
	}
}

// TestWriteThatEndsAnywhere leaves what came before, no half picture, and a file
// that can be written on: at any byte, with nothing behind and with zeros.
func TestWriteThatEndsAnywhere(t *testing.T) {
	t.Parallel()
	d := folder(t.TempDir())
	add(t, d, 0)
	first := len(d.bytes(t))
	add(t, d, 1)
	whole := d.bytes(t)
	for cut := 0; cut < len(whole); cut += 5 {
		for _, zeros := range []int{0, len(whole) - cut} {
			if err := os.WriteFile(filepath.Join(string(d), name), slices.Concat(whole[:cut], make([]byte, zeros)), 0o600); err != nil {
				t.Fatal(err)
			}
			if zeros > 0 && 0 < cut && cut < 8 {
				continue // nobody writes those bytes apart
			}
			for n := range 12 {
				if is := there(t, d, n); n < 6 && cut >= first && !is || n >= 6 && cut < first && is {
					t.Fatalf("cut at %d of %d, %d zeros: picture %d is there: %v", cut, len(whole), zeros, n, is)
				}
			}
			add(t, d, 2)
			if !there(t, d, 12) || !there(t, d, 17) {
				t.Fatalf("cut at %d of %d, %d zeros: what follows is lost", cut, len(whole), zeros)
			}
		}
	}
}

// failing is a Disk whose next write stops after some bytes.
type failing struct {
	folder
	after int
}

func (d *failing) Open(name string, write bool) (segment.File, int64, error) {
	f, size, err := d.folder.Open(name, write)
	return failingFile{f, d.after}, size, err
}

type failingFile struct {
	segment.File
	after int
}

func (f failingFile) WriteAt(b []byte, at int64) (int, error) {
	n, _ := f.File.WriteAt(b[:f.after], at)
	return n, errors.New("the disk is full")
}

func TestFailedWriteIsTakenBack(t *testing.T) {
	t.Parallel()
	d := folder(t.TempDir())
	add(t, d, 0)
	before := d.bytes(t)
	if err := thumbs.Append(&failing{d, 40}, name, picture(6)); err == nil {
		t.Error("no error")
	}
	if !bytes.Equal(d.bytes(t), before) {
		t.Error("something is left of it")
	}
}

func TestErasedPicturesAreGoneFromTheDisk(t *testing.T) {
	t.Parallel()
	d := folder(t.TempDir())
	for sequence := range 3 {
		add(t, d, sequence)
	}
	for range 2 { // again does no harm
		if err := thumbs.Erase(d, name, 1); err != nil {
			t.Fatal(err)
		}
		for n := range 18 {
			if there(t, d, n) != (n < 6 || n >= 12) {
				t.Errorf("picture %d", n)
			}
			if bytes.Contains(d.bytes(t), picture(n).Data) != (n < 6 || n >= 12) {
				t.Errorf("picture %d is in the file, or is not", n)
			}
		}
	}
	if all, err := thumbs.Sequences(d, name); err != nil || !slices.Equal(all, []uint64{0, 2}) {
		t.Errorf("%v, %v", all, err)
	}
	if err := thumbs.Retain(d, name, 1, 2); err != nil || there(t, d, 0) || !there(t, d, 12) {
		t.Error(err)
	}
	add(t, d, 3)
	if err := thumbs.Erase(d, name, 2, 3); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(string(d), name)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("an empty file stays:", err)
	}
	if err := thumbs.Erase(d, name, 4); err != nil {
		t.Error(err)
	}
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	d := folder(t.TempDir())
	theirs := []byte("something that somebody put there")
	if err := os.WriteFile(filepath.Join(string(d), name), theirs, 0o600); err != nil {
		t.Fatal(err)
	}
	_, read := thumbs.Read(d, name, 0, noon)
	_, sequences := thumbs.Sequences(d, name)
	for _, err := range []error{read, sequences, thumbs.Append(d, name, picture(0)), thumbs.Erase(d, name, 0)} {
		if !errors.Is(err, thumbs.ErrForeign) {
			t.Error(err)
		}
	}
	if !bytes.Equal(d.bytes(t), theirs) {
		t.Error("it was changed")
	}
}

func TestNames(t *testing.T) {
	if got := thumbs.Name("front/2026-11-20/12/20261120T120000.000Z-1.mp4"); got != "front/2026-11-20/12.thumbs" {
		t.Error(got)
	}
	for name, want := range map[string]string{"12.thumbs": "12", "1.thumbs": "", "12-thumbs": "", "12.thumbs.old": "", "12": ""} {
		if hour, ok := thumbs.Shows(name); hour != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", name, hour, ok)
		}
	}
}
