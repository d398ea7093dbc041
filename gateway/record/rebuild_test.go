package record_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// script is bytes of which a story is made: what comes next is the next byte's.
type script []byte

// next gives a number below n, 0 where the script has ended.
func (s *script) next(n int) int {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return int(b) % n
}

func pick[T any](s *script, all ...T) T { return all[s.next(len(all))] }

// tiny gives a recording of three pictures that nobody can decode.
func tiny(t testing.TB, head segment.Head, finish bool) []byte {
	t.Helper()
	format, err := media.H264Format(
		[]byte{0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19, 0x60},
		[]byte{0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "small"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := segment.Create(f, head, []segment.Track{{Format: format}}, 3)
	for i := range 3 {
		if err == nil {
			picture := append([]byte{0, 0, 0, 20}, bytes.Repeat([]byte{byte(i + 1)}, 20)...)
			err = w.Append([]segment.Sample{{Decode: int64(i) * 3600, Duration: 3600, Key: true, Data: picture}})
		}
	}
	if err == nil && finish {
		_, err = w.Finish(1)
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// contents are what files are made of.
func contents(t testing.TB) (all [][]byte) {
	t.Helper()
	start := time.Date(2026, 11, 20, 13, 4, 0, 0, time.UTC)
	for _, head := range []segment.Head{
		{Camera: "front", Sequence: 7, Start: start},
		{Camera: "back", Sequence: 8, Start: start.Add(time.Minute)},
		{Camera: "front", Sequence: 1<<64 - 1, Start: start},
		{Camera: "front", Sequence: 9, Start: time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		all = append(all, tiny(t, head, true), tiny(t, head, false))
	}
	return append(all, camtest.Picture(1, 16, 16), []byte("a letter to my mother"), make([]byte, 5000), nil)
}

// put makes one file as a script says, and gives its name, and whether its content
// is as somebody wrote it.
func put(t *testing.T, root string, s *script, contents [][]byte) {
	t.Helper()
	camera := pick(s, "front", "back", "attic", "_aside", "Photos")
	day := pick(s, "2026-11-20", "2026-11-21", "notes")
	hour := pick(s, "13", "14", "x")
	stamp := pick(s, "20261120T130400.000Z", "20261120T130500.000Z", "00010101T000000.000Z", "99991231T235959.999Z", "holiday")
	number := pick(s, "1", "2", "3", "9223372036854775807", "18446744073709551615", "99999999999999999999", "x")
	kind := pick(s, ".mp4", ".mp4.part", ".jpg", ".jpg.part", ".txt")
	b := bytes.Clone(contents[s.next(len(contents))])
	at := s.next(256) * len(b) / 256
	switch s.next(5) {
	case 1:
		b = b[:at]
	case 2:
		clear(b[at:])
	case 3:
		b = append(b, make([]byte, at)...)
	case 4:
		if at < len(b) {
			b[at] ^= 0xFF
		}
	}
	name := filepath.Join(root, camera, day, hour, stamp+"-"+number+kind)
	if s.next(8) == 7 { // a folder with the name of a recording, and the file in it
		name = filepath.Join(name, "film.mp4")
	}
	_ = os.MkdirAll(filepath.Dir(name), 0o700) // there may be a file in the way
	_ = os.WriteFile(name, b, 0o600)
}

// tree gives all files of a folder but those at its top.
func tree(t *testing.T, root string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.Contains(name, "/") {
			all[name], err = os.ReadFile(filepath.Join(root, name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// FuzzRebuild makes an index of folders with anything in them, of which another may
// know some already. It never fails, deletes only what was never more than begun,
// leaves alone what is somebody else's, and what it understands is in the index;
// after that nothing is to be said about the folder.
func FuzzRebuild(f *testing.F) {
	all := contents(f)
	x, err := index.Open(f.Context(), filepath.Join(quickFolder(f), "index.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { x.Close() })
	for n := range byte(len(all)) { // each in a folder of its own camera and in another's, finished or not, damaged, and known before
		f.Add([]byte{0, 0, 0, 0, 0, 0, 0, n, 0, 0, 0})
		f.Add([]byte{0, 0, 0, 0, 0, 1, 1, n, 0, 0, 0, 1, 0, 0, 2, 2, 0, n, 0, 0, 0})
		f.Add([]byte{1, 0, 0, 0, 0, 0, 0, n, 0, 0, 0, 0, 0, 0, 0, 0, 0, n, 200, 1, 0})
		f.Add([]byte{0, 0, 0, 0, 0, 0, 0, n, 9, 3, 0})
		f.Add([]byte{0, 0, 0, 1, 4, 0, 4, n, 0, 0, 0, 4, 0, 1, 0, 0, 0, n, 0, 0, 0})
		f.Add([]byte{0, 0, 0, 0, 1, 3, 2, n, 0, 0, 0, 0, 0, 0, 3, 4, 3, n, 100, 4, 7, 0, 0, 0, 0, 1, 1, n, 250, 2, 0})
		f.Add([]byte{2, 2, 0, 0, 0, 0, 0, n, 0, 0, 0, 0, 0, 1, 0, 5, 0, n, 0, 0, 0, 4, 0, 0, 4, 0, 4, n, 0, 0, 0, 0, 0, 1, 0, 0, 2, n, 0, 3, 0})
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		root := quickFolder(t)
		defer emptied(t, x)
		marker := `{"volume": "0123456789abcdef0123456789abcdef", "version": 1}`
		if err := os.WriteFile(filepath.Join(root, "framegate-recordings.json"), []byte(marker), 0o600); err != nil {
			t.Fatal(err)
		}
		s := script(b[:min(len(b), 100)])
		first := s.next(12)
		if known := first % 3; known > 0 {
			for range known {
				put(t, root, &s, all)
			}
			check(t, root, x, record.Mend)
		}
		for put(t, root, &s, all); len(s) > 0; {
			put(t, root, &s, all)
		}
		before := tree(t, root)
		findings := check(t, root, x, record.Rebuild)
		after := tree(t, root)
		for name, b := range before {
			if checkKept(t, name, b, after, all[0]); isStrangers(name, before) && !bytes.Equal(after[name], b) {
				t.Errorf("%s is nothing of ours, and is another one or gone", name)
			}
		}
		checkKnown(t, x, after)
		if first < 3 { // which takes as long as all else
			if again := check(t, root, x, record.Look); len(again) > 0 {
				t.Errorf("found after a rebuild: %+v", again)
			}
		}
		if t.Failed() {
			t.Logf("the rebuild found %+v", findings)
		}
	})
}

// quickFolder gives a folder of a test in memory, where there is one.
func quickFolder(t testing.TB) string {
	t.Helper()
	name, err := os.MkdirTemp("/dev/shm", "rebuild")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(name) })
	return name
}

// emptied takes all rows out of an index.
func emptied(t *testing.T, x *index.Index) {
	var ids []int64
	var paths []string
	err := x.All(t.Context(), func(s index.Segment) error {
		ids, paths = append(ids, s.ID), append(paths, s.Path)
		return nil
	})
	if err == nil && len(ids) > 0 {
		_, err = x.Delete(t.Context(), ids...)
	}
	if err == nil {
		err = x.Swept(t.Context(), paths...)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// check gives what is found in a folder, by path.
func check(t *testing.T, root string, x *index.Index, repair record.Repair) map[string]record.Finding {
	t.Helper()
	all := make(map[string]record.Finding)
	err := record.CheckWith(t.Context(), root, x, repair, func(f record.Finding) { all[f.Path] = f }, "front", "back")
	if err != nil {
		t.Errorf("repair %d: %v", repair, err)
	}
	return all
}

// ours are the names of recordings.
var ours = regexp.MustCompile(`^(front|back|attic)/2026-11-2[01]/1[34]/[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-[0-9]{1,19}\.(mp4|jpg)(\.part)?$`)

// isStrangers says of a file that it is in a folder without anything of ours.
func isStrangers(name string, all map[string][]byte) bool {
	for other := range all {
		if path.Dir(other) == path.Dir(name) && ours.MatchString(other) {
			return false
		}
	}
	return strings.Count(name, "/") == 3 && !strings.HasPrefix(name, "_aside/")
}

// checkKept fails where a file that was there is nowhere: as it was, or finished, in
// its place or aside. What is still begun may go where it has nothing in it, if it
// begins as a picture, or as a recording.
func checkKept(t *testing.T, name string, b []byte, after map[string][]byte, recording []byte) {
	t.Helper()
	final := strings.TrimSuffix(name, ".part")
	for at, now := range after {
		there := at == name || at == final || strings.HasPrefix(at, "_aside/") && (strings.HasSuffix(at, "/"+name) || strings.HasSuffix(at, "/"+final))
		if there && (bytes.Equal(b, now) || holds(now, b)) {
			return
		}
	}
	_, err := media.JPEGFrame(b, nil)
	nothing := final != name && len(bytes.Trim(b[:min(len(b), 100)], "\x00")) == 0
	begun := strings.HasSuffix(name, ".jpg.part") && err != nil && bytes.HasPrefix(b, []byte{0xFF, 0xD8}) ||
		strings.HasSuffix(name, ".mp4.part") && firstPicture(b) == nil && bytes.HasPrefix(recording, b[:min(len(b), 40)])
	if !nothing && !begun {
		t.Errorf("%s, of %d bytes, is gone", name, len(b))
	}
}

// firstPicture gives the picture that a recording begins with, or nil.
func firstPicture(b []byte) []byte {
	s, err := segment.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil
	}
	e := s.Table.Entries[0][0]
	picture := b[e.At:][:e.Size]
	if bytes.Count(picture, []byte{0}) > 3 {
		return nil // it was cleared
	}
	return picture
}

// holds says that a recording is what was made of another one.
func holds(finished, begun []byte) bool {
	first := firstPicture(finished)
	return first != nil && bytes.Contains(begun, first)
}

// checkKnown fails unless the index has what can be understood, and nothing else.
func checkKnown(t *testing.T, x *index.Index, after map[string][]byte) {
	t.Helper()
	rows := make(map[string]index.Segment)
	err := x.All(t.Context(), func(s index.Segment) error {
		rows[s.Path] = s
		if !strings.HasPrefix(s.Path, s.Camera+"/") {
			t.Errorf("%s is a recording of %s", s.Path, s.Camera)
		}
		if b, there := after[s.Path]; !s.Lost && !there || there && int64(len(b)) != s.Bytes && strings.HasSuffix(s.Path, ".mp4") {
			t.Errorf("%s has %d bytes; its row says %+v", s.Path, len(b), s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range after {
		if !ours.MatchString(name) || strings.HasPrefix(name, "attic/") || strings.HasSuffix(name, ".part") {
			continue
		}
		row, known := rows[name]
		if !known || row.Lost {
			t.Errorf("%s, of %d bytes, is not in the index", name, len(b))
		}
		if strings.HasSuffix(name, ".jpg") {
			continue
		}
		s, err := segment.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil || s.Summary.Frames != row.Frames || s.Head.Camera != row.Camera || s.State != segment.Finished {
			t.Errorf("%s is in the index, as %+v, and is %+v, %v", name, row, fmt.Sprint(s), err)
		}
	}
}
