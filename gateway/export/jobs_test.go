package export

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/playback/clip"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record/index"
)

// TestSeveralCamerasAreAZIP that other programs read, with what is in it in words.
func TestSeveralCamerasAreAZIP(t *testing.T) {
	t.Parallel()
	gap := index.Gap{Camera: "back", From: after(5), To: after(9), Reason: "the disk was full"}
	r := newRig(t, func(o *Options) {
		o.Gaps = func(_ context.Context, camera string, _, _ time.Time) ([]index.Gap, error) {
			if camera == gap.Camera {
				return []index.Gap{gap}, nil
			}
			return nil, nil
		}
	})
	r.record("front", noon, tape.NumberedH265(t, 0, 30, 64, 48))
	r.record("back", noon, stills(50, 30, 64, 48))
	r.run()
	for _, start := range []Start{Exact, Encode} {
		j, b := r.made(Request{Cameras: []string{"front", "back", "attic", "front"}, From: after(13), To: after(28), Start: start, TimeZone: "UTC"})
		if j.Name != "export_2026-11-20_12-00-01_to_12-00-02.zip" {
			t.Errorf("it is called %s", j.Name)
		}
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		files := make(map[string][]byte)
		for _, f := range z.File {
			if f.Method != zip.Store {
				t.Errorf("%s is not stored as it is", f.Name)
			}
			files[f.Name] = readAll(t, f)
		}
		camtest.Output(t, nil, "python3", "-c", "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); sys.exit(z.testzip() is not None or len(z.namelist()) != 3)", kept(t, b))
		var m manifest
		if err := json.Unmarshal(files["manifest.json"], &m); err != nil {
			t.Fatal(err)
		}
		if len(files) != 3 || len(m.Files) != 2 || m.By != "user:anna" || m.Framegate != "test" || m.Start != start || len(m.Missing) != 1 || m.Missing[0].Camera != "attic" {
			t.Errorf("there are %d files, and the manifest is %+v", len(files), m)
		}
		for _, f := range m.Files {
			sum := sha256.Sum256(files[f.Name])
			if f.SHA256 != hex.EncodeToString(sum[:]) || f.Bytes != int64(len(files[f.Name])) {
				t.Errorf("%s is not what the manifest says: %+v", f.Name, f)
			}
			want, first := count(13, 28), 0
			if f.Camera == "back" {
				first = 50
				if len(f.Gaps) != 1 || f.Gaps[0].Reason != gap.Reason {
					t.Errorf("its gaps are %v", f.Gaps)
				}
			}
			for i, n := range numbers(t, files[f.Name]) {
				if n != first+want[i] {
					t.Errorf("picture %d of %s shows %d", i, f.Name, n)
				}
			}
			if !f.From.Equal(after(13)) || !f.To.Equal(after(28)) {
				t.Errorf("%s is from %v to %v", f.Name, f.From, f.To)
			}
		}
	}
}

func readAll(t *testing.T, f *zip.File) []byte {
	t.Helper()
	in, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	b, err := io.ReadAll(in) // which compares the sum
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestClipIsKeptAsItIs: where nothing has to be encoded the file is the clip.
func TestClipIsKeptAsItIs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("front", noon, tape.Numbered(t, 0, 30, 64, 48, "-bf", "0"))
	r.run()
	_, b := r.made(Request{Cameras: []string{"front"}, From: after(13), To: after(28)})
	c, err := clip.New(t.Context(), r.shelf, r.shelf, clip.Request{Camera: "front", From: after(13), To: after(28)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(b, want) {
		t.Errorf("%d bytes, not the %d of the clip, %v", len(b), len(want), err)
	}
}

func TestRefusesWhatCannotBeMade(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("front", noon, stills(0, 30, 64, 48))
	good := Request{Cameras: []string{"front"}, From: noon, To: after(20), Start: Encode}
	for name, c := range map[string]struct {
		change func(*Request)
		err    error
		words  string
	}{
		"no camera":   {func(r *Request) { r.Cameras = nil }, ErrBad, "name a camera"},
		"too many":    {func(r *Request) { r.Cameras = strings.Fields(strings.Repeat("a b c ", 20) + fmt.Sprint(count(0, 40))) }, ErrBad, "cameras"},
		"backwards":   {func(r *Request) { r.To = r.From }, ErrBad, "later than from"},
		"a future":    {func(r *Request) { r.From, r.To = time.Now().Add(time.Hour), time.Now().Add(2*time.Hour) }, ErrBad, "future"},
		"a start":     {func(r *Request) { r.Start = "middle" }, ErrBad, "keyframe, exact or encode"},
		"too long":    {func(r *Request) { r.From = r.To.Add(-25 * time.Hour) }, ErrBad, "24h"},
		"a width":     {func(r *Request) { r.Width = 5 }, ErrBad, "16 to 3840"},
		"a copy's":    {func(r *Request) { r.Width, r.Start = 64, Exact }, ErrBad, "start encode"},
		"too slow":    {func(r *Request) { r.Speed = 1.5 }, ErrBad, "from 2 to 20000"},
		"too fast":    {func(r *Request) { r.Speed = 20_001 }, ErrBad, "from 2 to 20000"},
		"long at 2":   {func(r *Request) { r.From, r.Speed = r.To.Add(-49*time.Hour), 2 }, ErrBad, "24h"},
		"a zone":      {func(r *Request) { r.TimeZone = "Moon/Sea" }, ErrBad, "Europe/Berlin"},
		"nothing":     {func(r *Request) { r.From, r.To = after(100), after(200) }, clip.ErrNothing, "12:00"},
		"nobody":      {func(r *Request) { r.Cameras = []string{"attic"} }, clip.ErrNothing, "attic"},
		"what is not": {func(*Request) {}, nil, ""},
	} {
		request := good
		c.change(&request)
		_, err := r.Add(t.Context(), anna, request)
		if !errors.Is(err, c.err) || err != nil && !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSoManyWait(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("front", noon, stills(0, 10, 64, 48))
	request := Request{Cameras: []string{"front"}, From: noon, To: after(5)}
	for by := range maxWaiting / maxWaitingOne {
		for range maxWaitingOne {
			if _, err := r.Add(t.Context(), Asker{ID: fmt.Sprint("user ", by)}, request); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.Add(t.Context(), Asker{ID: fmt.Sprint("user ", by)}, request); !errors.Is(err, ErrCrowded) {
			t.Errorf("one more of one: %v", err)
		}
	}
	if _, err := r.Add(t.Context(), Asker{ID: "user 99"}, request); !errors.Is(err, ErrCrowded) {
		t.Errorf("one more of all: %v", err)
	}
	if len(r.left("")) != maxWaiting || len(r.All()) != maxWaiting {
		t.Errorf("%d folders of %d", len(r.left("")), len(r.All()))
	}
}

// TestCanceledLeavesNothing, while it waits, while it runs, and once it is done.
func TestCanceledLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.recordMinute("front")
	request := Request{Cameras: []string{"front"}, From: noon, To: after(600), Start: Encode}
	waiting, err := r.Add(t.Context(), anna, request)
	r.check(err)
	r.check(r.Remove(t.Context(), waiting.ID))
	running, err := r.Add(t.Context(), anna, request)
	r.check(err)
	r.run()
	r.await(running.ID, func(j Job) bool { return j.Progress > 0.01 })
	r.check(r.Remove(t.Context(), running.ID))
	for _, id := range []string{waiting.ID, running.ID} {
		j, err := r.Get(id)
		if err != nil || j.State != Canceled || j.Error != "" || j.Ended.IsZero() || j.Expires.Sub(j.Ended) != Lasts {
			t.Errorf("%+v, %v", j, err)
		}
		if _, _, err := r.Open(id); !errors.Is(err, ErrNotDone) {
			t.Errorf("its file: %v", err)
		}
		if left := r.left(id); !slices.Equal(left, []string{"job.json"}) {
			t.Errorf("in its folder are %v", left)
		}
	}
	request.To = after(10)
	done, _ := r.made(request)
	for _, id := range []string{waiting.ID, running.ID, done.ID} {
		r.check(r.Remove(t.Context(), id))
		if _, err := r.Get(id); !errors.Is(err, ErrUnknown) || len(r.left(id)) > 0 {
			t.Errorf("%v, and there is %v", err, r.left(id))
		}
		if err := r.Remove(t.Context(), id); !errors.Is(err, ErrUnknown) {
			t.Errorf("again: %v", err)
		}
	}
}

// TestRestartKeepsWhatIsDone, has what waited go on, and leaves no half file of what
// ran.
func TestRestartKeepsWhatIsDone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("front", noon, tape.Numbered(t, 0, 30, 64, 48, "-bf", "0"))
	stop := r.run()
	request := Request{Cameras: []string{"front"}, From: after(3), To: after(20), Start: Encode}
	done, b := r.made(request)
	stop()
	if _, err := r.Add(t.Context(), anna, request); !errors.Is(err, ErrClosed) {
		t.Errorf("at the end: %v", err)
	}
	next := r.again()
	waiting, err := next.Add(t.Context(), anna, request)
	next.check(err)
	killed, err := next.Add(t.Context(), anna, request)
	next.check(err)
	killed.State = Running // what is left of a process that died meanwhile
	next.check(next.save(&killed))
	next.check(os.Mkdir(filepath.Join(next.options.Dir, killed.ID, workName), 0o700))
	next.check(os.WriteFile(filepath.Join(next.options.Dir, killed.ID, workName, fileName), b[:9], 0o600))
	whole, err := next.Add(t.Context(), anna, request)
	next.check(err)
	whole.State = Running // whose file has its name already
	next.check(next.save(&whole))
	next.check(os.WriteFile(filepath.Join(next.options.Dir, whole.ID, fileName), b, 0o600))
	unread, err := next.Add(t.Context(), anna, request)
	next.check(err)
	next.check(os.Remove(filepath.Join(next.options.Dir, unread.ID, jobName)))
	next.check(os.Mkdir(filepath.Join(next.options.Dir, unread.ID, jobName), 0o700))
	broken := strings.Repeat("a", len(done.ID))
	next.check(os.MkdirAll(filepath.Join(next.options.Dir, broken, workName), 0o700))

	last := next.again()
	last.run()
	if j, err := last.Get(killed.ID); err != nil || j.State != Failed || !strings.Contains(j.Error, "restarted") || !slices.Equal(last.left(j.ID), []string{"job.json"}) {
		t.Errorf("%+v, %v, %v", j, err, last.left(killed.ID))
	}
	if len(last.left(broken)) > 0 {
		t.Error("what is no job is still there")
	}
	if _, err := last.Get(unread.ID); !errors.Is(err, ErrUnknown) || len(last.left(unread.ID)) == 0 {
		t.Errorf("what cannot be read: %v, and there is %v", err, last.left(unread.ID))
	}
	last.await(waiting.ID, func(j Job) bool { return j.State == Done }) // another that begins now would clear away what is in work
	for _, j := range []Job{whole, done} {
		if j, err := last.again().Get(j.ID); err != nil || j.State != Done || j.Bytes != int64(len(b)) || j.Ended.IsZero() {
			t.Errorf("what was whole is %+v, %v", j, err)
		}
	}
	f, j, err := last.Open(done.ID)
	last.check(err)
	defer f.Close()
	if again, err := io.ReadAll(f); err != nil || !bytes.Equal(again, b) || j.Name != done.Name || j.State != Done {
		t.Errorf("%d bytes of %+v, %v", len(again), j, err)
	}
}

// TestFullDiskFailsInWords and leaves no half file, while files are made, and also
// where it is full before the first byte.
func TestFullDiskFailsInWords(t *testing.T) {
	t.Parallel()
	var free atomic.Int64
	r := newRig(t, func(o *Options) { o.Disk = func() (Disk, error) { return Disk{Free: free.Load()}, nil } })
	r.record("front", noon, tape.Numbered(t, 0, 30, 64, 48, "-bf", "0"))
	r.run()
	free.Store(minFree)
	request := Request{Cameras: []string{"front"}, From: after(3), To: after(20), Start: Encode}
	done, _ := r.made(request)
	free.Store(minFree - 1<<20)
	j, err := r.Add(t.Context(), anna, request)
	r.check(err)
	j = r.await(j.ID, func(j Job) bool { return j.State.Ended() })
	if j.State != Failed || j.Error != ErrFull.Error() || j.Bytes != 0 || !slices.Equal(r.left(j.ID), []string{"job.json"}) {
		t.Errorf("%+v, %v", j, r.left(j.ID))
	}
	if _, err := r.Get(done.ID); err != nil {
		t.Error("an older file was given up for nothing")
	}
	free.Store(minFree - done.Bytes)
	j, err = r.Add(t.Context(), anna, request)
	r.check(err)
	r.await(j.ID, func(j Job) bool { return j.State.Ended() })
	if _, err := r.Get(done.ID); !errors.Is(err, ErrUnknown) {
		t.Error("an older file was not given up for one that fits then")
	}
	if words := wordsFor(fmt.Errorf("writing: %w", syscall.ENOSPC)); words != ErrFull.Error() {
		t.Errorf("of a disk: %s", words)
	}
}

// TestOldestGoForRoom, and what is larger than all room fails in words.
func TestOldestGoForRoom(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("front", noon, tape.Numbered(t, 0, 30, 64, 48, "-bf", "0"))
	r.run()
	request := Request{Cameras: []string{"front"}, From: after(3), To: after(20)}
	first, b := r.made(request)
	second, _ := r.made(request)
	r.options.Bytes = int64(len(b))*5/2 + 1 // nothing runs
	third, _ := r.made(request)
	if _, err := r.Get(first.ID); !errors.Is(err, ErrUnknown) {
		t.Error("the oldest is still there")
	}
	if _, err := r.Get(second.ID); err != nil {
		t.Error("another one is gone")
	}
	if s := r.Stats(); s.Jobs[Done] != 2 || s.Bytes != 2*int64(len(b)) || s.Ended[Done] != 3 {
		t.Errorf("%+v", s)
	}
	r.options.Bytes = int64(len(b)) - 1
	j, err := r.Add(t.Context(), anna, request)
	r.check(err)
	if j = r.await(j.ID, func(j Job) bool { return j.State.Ended() }); j.State != Failed || j.Error != errTooBig.Error() {
		t.Errorf("%+v", j)
	}
	if _, err := r.Get(third.ID); err != nil {
		t.Error("another one is gone for it")
	}
	r.expire(third.Made.Add(Lasts / 2))
	if len(r.All()) == 0 {
		t.Error("something expired too soon")
	}
	r.expire(time.Now().Add(Lasts + time.Minute))
	if all := r.All(); len(all) != 0 || len(r.left("")) != 0 {
		t.Errorf("after a day there are %v", all)
	}
}

// TestErasedIsInNoFile: not in one that is done, and one that is made is ended.
func TestErasedIsInNoFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.recordMinute("front")
	r.record("back", noon, stills(0, 100, 64, 48))
	r.run()
	before, _ := r.made(Request{Cameras: []string{"front"}, From: after(5), To: after(10)})
	other, _ := r.made(Request{Cameras: []string{"back"}, From: after(5), To: after(90)})
	hidden, _ := r.made(Request{Cameras: []string{"front"}, From: after(28), To: after(50), Start: Exact}) // it holds the keyframe before
	both, _ := r.made(Request{Cameras: []string{"front", "back"}, From: after(5), To: after(30)})
	running, err := r.Add(t.Context(), anna, Request{Cameras: []string{"front"}, From: noon, To: after(600), Start: Encode})
	r.check(err)
	r.await(running.ID, func(j Job) bool { return j.Progress > 0.01 })
	removed, err := r.Erase(t.Context(), "front", after(15), after(25))
	r.check(err)
	if removed != 3 {
		t.Errorf("%d were removed", removed)
	}
	for _, j := range []Job{hidden, both} {
		if _, err := r.Get(j.ID); !errors.Is(err, ErrUnknown) || len(r.left(j.ID)) > 0 {
			t.Errorf("%s: %v, and there is %v", j.Name, err, r.left(j.ID))
		}
	}
	for _, j := range []Job{before, other} {
		if _, _, err := r.Open(j.ID); err != nil {
			t.Errorf("%s: %v", j.Name, err)
		}
	}
	if j, err := r.Get(running.ID); err != nil || j.State != Failed || j.Error != errErased.Error() || !slices.Equal(r.left(j.ID), []string{"job.json"}) {
		t.Errorf("%+v, %v, %v", j, err, r.left(running.ID))
	}
}

// TestJobsWaitForTheDisk that recordings are on.
func TestJobsWaitForTheDisk(t *testing.T) {
	t.Parallel()
	var ready atomic.Bool
	r := newRig(t, func(o *Options) { o.Ready = ready.Load })
	r.record("front", noon, stills(0, 30, 64, 48))
	r.run()
	j, err := r.Add(t.Context(), anna, Request{Cameras: []string{"front"}, From: noon, To: after(20)})
	r.check(err)
	if j, err = r.Get(j.ID); err != nil || j.State != Waiting {
		t.Errorf("%+v, %v", j, err)
	}
	ready.Store(true)
	r.await(j.ID, func(j Job) bool { return j.State == Done })
}

// TestListAnswersWhileTheDiskHangs, and what could not be written is later.
func TestListAnswersWhileTheDiskHangs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("front", noon, stills(0, 10, 64, 48))
	request := Request{Cameras: []string{"front"}, From: noon, To: after(5)}
	j, err := r.Add(t.Context(), anna, request)
	r.check(err)
	other, err := r.Add(t.Context(), anna, request)
	r.check(err)
	pipe := filepath.Join(r.options.Dir, j.ID, jobName+".new") // who opens it to write waits for a reader
	r.check(syscall.Mkfifo(pipe, 0o600))
	removed := make(chan error, 1)
	go func() { removed <- r.Remove(t.Context(), j.ID) }()
	answered := make(chan error, 1)
	go func() {
		r.await(j.ID, func(j Job) bool { return j.State == Canceled })
		r.All()
		r.Stats()
		_, _, err := r.Open(other.ID)
		answered <- err
	}()
	select {
	case err := <-answered:
		if !errors.Is(err, ErrNotDone) {
			t.Error(err)
		}
	case <-time.After(ceiling):
		t.Error("the list does not answer")
	}
	select {
	case err := <-removed:
		t.Errorf("it did not hang: %v", err)
	default:
	}
	reader, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	r.check(err)
	defer reader.Close()
	r.check(<-removed)
	if j, err := r.again().Get(j.ID); err != nil || j.State != Waiting { // a pipe cannot be brought to the disk
		t.Errorf("on the disk it is %+v, %v", j, err)
	}
	r.catchUp()
	if j, err := r.again().Get(j.ID); err != nil || j.State != Canceled {
		t.Errorf("on the disk it is %+v, %v", j, err)
	}
}

// TestEraseSaysWhatStays, as often as it is asked, until that is gone.
func TestEraseSaysWhatStays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("front", noon, stills(0, 10, 64, 48))
	r.run()
	done, _ := r.made(Request{Cameras: []string{"front"}, From: noon, To: after(5)})
	away := r.options.Dir + ".away"
	r.check(os.Rename(r.options.Dir, away))
	r.check(os.WriteFile(r.options.Dir, nil, 0o600)) // in which nothing can be removed
	for range 2 {
		if n, err := r.Erase(t.Context(), "front", noon, after(1)); n != 1 || err == nil {
			t.Errorf("%d, %v", n, err)
		}
		if _, err := r.Get(done.ID); !errors.Is(err, ErrUnknown) {
			t.Errorf("in the list: %v", err)
		}
	}
	r.check(os.Remove(r.options.Dir))
	r.check(os.Rename(away, r.options.Dir))
	if n, err := r.Erase(t.Context(), "front", noon, after(1)); n != 1 || err != nil || len(r.left("")) != 0 {
		t.Errorf("%d, %v, and there is %v", n, err, r.left(""))
	}
	if n, err := r.Erase(t.Context(), "front", noon, after(1)); n != 0 || err != nil {
		t.Errorf("once it is gone: %d, %v", n, err)
	}
}

// TestRoomOnTheDisk is waited for where others make it, left to those who need it
// more, and taken only in part.
func TestRoomOnTheDisk(t *testing.T) {
	t.Parallel()
	var disk atomic.Pointer[Disk]
	var looked, lent atomic.Int32
	r := newRig(t, func(o *Options) {
		o.Disk = func() (Disk, error) { looked.Add(1); return *disk.Load(), nil }
		o.Spare = func(context.Context, func()) (func(), error) {
			lent.Add(1)
			disk.Store(&Disk{Free: minFree - 1, Coming: true})
			return func() {}, nil
		}
	})
	r.record("front", noon, stills(0, 10, 64, 48))
	r.run()
	request := Request{Cameras: []string{"front"}, From: noon, To: after(5)}
	disk.Store(&Disk{Free: minFree - 1, Coming: true})
	j, err := r.Add(t.Context(), anna, request)
	r.check(err)
	r.await(j.ID, func(j Job) bool { return j.State.Ended() || looked.Load() > 1 })
	disk.Store(&Disk{Free: minFree})
	j = r.await(j.ID, func(j Job) bool { return j.State.Ended() })
	if j.State != Done {
		t.Fatalf("with room that came it is %+v", j)
	}
	r.giveWay()
	if _, err := r.Get(j.ID); err != nil {
		t.Errorf("with room: %v", err)
	}
	disk.Store(&Disk{Free: 1 << 40, Coming: true, Wanted: true})
	r.giveWay()
	if _, err := r.Get(j.ID); !errors.Is(err, ErrUnknown) {
		t.Errorf("which others want: %v", err)
	}
	ends := func(words string) {
		t.Helper()
		j, err := r.Add(t.Context(), anna, request)
		r.check(err)
		if j = r.await(j.ID, func(j Job) bool { return j.State.Ended() }); j.State != Failed || j.Error != words {
			t.Errorf("with a disk like %+v it is %+v", *disk.Load(), j)
		}
	}
	ends(ErrFull.Error())
	disk.Store(&Disk{Free: 1 << 40, Total: diskShare * j.Bytes / 2})
	ends(errTooBig.Error())

	// Nobody's encoder is kept for a wait.
	disk.Store(&Disk{Free: minFree - 1, Coming: true})
	request.Start = Encode
	looked.Store(0)
	j, err = r.Add(t.Context(), anna, request)
	r.check(err)
	r.await(j.ID, func(j Job) bool { return j.State.Ended() || looked.Load() > 1 })
	if lent.Load() != 0 {
		t.Error("an encoder was lent before there was room")
	}
	began := time.Now()
	disk.Store(&Disk{Free: minFree})
	j = r.await(j.ID, func(j Job) bool { return j.State.Ended() })
	if j.State != Failed || j.Error != ErrFull.Error() || lent.Load() != 1 || time.Since(began) > patience {
		t.Errorf("without room while it was encoded it is %+v, after %v", j, time.Since(began))
	}
}

// TestListIsBounded: the oldest that has ended goes for a new one.
func TestListIsBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("front", noon, stills(0, 10, 64, 48))
	request := Request{Cameras: []string{"front"}, From: noon, To: after(5)}
	waiting, err := r.Add(t.Context(), anna, request)
	r.check(err)
	oldest, err := r.Add(t.Context(), anna, request)
	r.check(err)
	r.check(r.Remove(t.Context(), oldest.ID))
	for n := range maxJobs - 2 {
		r.jobs = append(r.jobs, newJob(Job{ID: fmt.Sprint(n), State: Failed})) // nothing runs
	}
	newest, err := r.Add(t.Context(), anna, request)
	r.check(err)
	if _, err := r.Get(oldest.ID); !errors.Is(err, ErrUnknown) || len(r.left(oldest.ID)) > 0 {
		t.Errorf("the oldest: %v, and there is %v", err, r.left(oldest.ID))
	}
	for _, j := range []Job{waiting, newest} {
		if _, err := r.Get(j.ID); err != nil {
			t.Error(err)
		}
	}
	if n := len(r.All()); n != maxJobs {
		t.Errorf("there are %d", n)
	}
}

// TestProgressIsTold once a second at most, however often there is some.
func TestProgressIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		w := &work{exports: &Exports{options: Options{Changed: func() { told++ }}}, job: &job{}, parts: 2}
		for i := range 100 {
			w.progress(float64(i) / 100)
			time.Sleep(progressPause / 10)
		}
		if told != 10 || w.job.Progress != 0.495 {
			t.Errorf("told %d times, until %v", told, w.job.Progress)
		}
	})
}
