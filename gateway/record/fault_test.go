package record_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/segment"
	"framegate/gateway/stream"
)

// faulty is a folder that fails as a test says: with an error for what writes, or
// by not answering.
type faulty struct {
	record.Disk
	mu     *sync.Mutex // guards what follows
	err    *error
	stall  *chan struct{} // closed at its end
	writes *int
}

// newFaulty gives a disk that fails, and what makes it fail: with an error, or by
// not answering until the channel is closed. With neither it is well.
func newFaulty() (open func(string) (record.Disk, error), fail func(error, chan struct{})) {
	var d faulty
	d.mu, d.err, d.stall, d.writes = new(sync.Mutex), new(error), new(chan struct{}), new(int)
	open = func(dir string) (record.Disk, error) {
		folder, err := record.OpenFolder(dir)
		other := d
		other.Disk = folder
		return other, err
	}
	fail = func(err error, stall chan struct{}) {
		d.mu.Lock()
		defer d.mu.Unlock()
		*d.err, *d.stall = err, stall
	}
	return open, fail
}

// fault is what becomes of a write.
func (d faulty) fault() error {
	d.mu.Lock()
	err, stall := *d.err, *d.stall
	d.mu.Unlock()
	if stall != nil {
		<-stall
	}
	return err
}

func (d faulty) Create(name string) (segment.File, error) {
	if err := d.fault(); err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	f, err := d.Disk.Create(name)
	return faultyFile{f, d}, err
}

func (d faulty) Rename(from, to string) error {
	if err := d.fault(); err != nil {
		return &os.PathError{Op: "rename", Path: from, Err: err}
	}
	return d.Disk.Rename(from, to)
}

type faultyFile struct {
	segment.File
	disk faulty
}

func (f faultyFile) WriteAt(b []byte, at int64) (int, error) {
	if err := f.disk.fault(); err != nil {
		n := len(b) / 2 // which a full disk still takes
		n, _ = f.File.WriteAt(b[:n], at)
		return n, &os.PathError{Op: "write", Path: "x", Err: err}
	}
	return f.File.WriteAt(b, at)
}

func (f faultyFile) Sync() error {
	if err := f.disk.fault(); err != nil {
		return &os.PathError{Op: "sync", Path: "x", Err: err}
	}
	return f.File.Sync()
}

// faultStory is story with a disk that fails.
func faultStory(t *testing.T, f func(g *rig, c *camera, fail func(error, chan struct{}))) {
	open, fail := newFaulty()
	story(t, func(o *record.Options, _ *record.Settings, _ []record.Camera) { o.OpenDisk = open }, func(g *rig, c *camera) {
		g.expectState(record.Recording)
		defer g.watched()()
		f(g, c, fail)
	})
}

// watched has somebody watch the camera front, until the function that it gives is
// called: that fails where any frame came later than it should.
func (g *rig) watched() (end func()) {
	g.t.Helper()
	return g.watchedEach(time.Second / 25)
}

// watchedEach is watched of a camera whose pictures are so far apart.
func (g *rig) watchedEach(apart time.Duration) (end func()) {
	g.t.Helper()
	viewer, err := g.hub.Open(stream.Key{Camera: "front"}, stream.ReadOptions{})
	if err != nil {
		g.t.Fatal(err)
	}
	longest, frames, over := time.Duration(0), 0, make(chan struct{})
	go func() { // ends with the reader
		defer close(over)
		for last := time.Now(); ; last = time.Now() {
			if _, err := viewer.Next(g.t.Context()); err != nil {
				return
			}
			longest, frames = max(longest, time.Since(last)), frames+1
		}
	}()
	return func() {
		g.t.Helper()
		viewer.Close()
		<-over
		if longest > apart+10*time.Millisecond || frames < 50 {
			g.t.Errorf("a viewer waited %v for one of %d frames", longest, frames)
		}
	}
}

// TestDiskErrorsAreSeenAndOvercome within the times that are promised, and
// nothing is lost that memory can hold.
func TestDiskErrorsAreSeenAndOvercome(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want record.State
	}{
		"full":      {syscall.ENOSPC, record.Full},
		"quota":     {syscall.EDQUOT, record.Full},
		"read-only": {syscall.EROFS, record.ReadOnly},
		"fails":     {syscall.EIO, record.Missing},
	} {
		t.Run(name, func(t *testing.T) {
			faultStory(t, func(g *rig, cam *camera, fail func(error, chan struct{})) {
				time.Sleep(17 * time.Second)
				fail(c.err, nil)
				time.Sleep(2 * time.Second)
				if s := g.recorders.Status("front"); s.State != c.want {
					t.Fatalf("2 s after the disk failed the state is %v, want %v", s.State, c.want)
				}
				if line := "msg=recording camera=front state=" + c.want.String() + " reason="; !strings.Contains(g.log.String(), line) {
					t.Errorf("the log has no line %q:\n%s", line, g.log)
				}
				time.Sleep(5 * time.Second)
				fail(nil, nil)
				time.Sleep(5 * time.Second)
				if s := g.recorders.Status("front"); s.State != record.Recording {
					t.Fatalf("5 s after the disk is well the state is %v: %s", s.State, s.Reason)
				}
				time.Sleep(10 * time.Second) // what the disk may have lost something of is mended
				g.wantAllFrames(cam, 0)
			})
		})
	}
}

// forgetful is a disk that says once that it lost something.
type forgetful struct {
	record.Disk
	lose *atomic.Bool // the next time
}

func (d forgetful) Create(name string) (segment.File, error) {
	f, err := d.Disk.Create(name)
	return forgetfulFile{f, d.lose}, err
}

type forgetfulFile struct {
	segment.File
	lose *atomic.Bool
}

func (f forgetfulFile) Sync() error {
	if f.lose.CompareAndSwap(true, false) {
		return &os.PathError{Op: "sync", Path: "x", Err: syscall.EIO}
	}
	return f.File.Sync()
}

// TestFileThatTheDiskLostSomethingOfIsNotTakenForWhole though the disk says so
// once only: it is left to be read again and mended, and another begun.
func TestFileThatTheDiskLostSomethingOfIsNotTakenForWhole(t *testing.T) {
	var lose atomic.Bool
	story(t, func(o *record.Options, s *record.Settings, _ []record.Camera) {
		s.Segment = time.Hour
		o.OpenDisk = func(dir string) (record.Disk, error) {
			folder, err := record.OpenFolder(dir)
			return forgetful{folder, &lose}, err
		}
	}, func(g *rig, c *camera) {
		g.expectState(record.Recording)
		time.Sleep(5 * time.Second)
		lose.Store(true)
		g.expect("a file that was mended", func() bool { return len(files(t, g.dir, "*.mp4")) == 1 })
		g.expectState(record.Recording)
		if s := g.recorders.Status("front"); s.Segments > 0 {
			t.Errorf("it was taken for whole: %+v", s)
		}
		g.wantAllFrames(c, 0)
	})
}

// wantAllFrames ends the recorders, and fails unless all frames that were sent are
// on the disk, but for so many.
func (g *rig) wantAllFrames(c *camera, but int) {
	g.t.Helper()
	time.Sleep(c.apart / 2) // between two pictures
	g.stop()
	frames := 0
	for _, name := range files(g.t, g.dir, "*.mp4") {
		frames += len(opened(g.t, filepath.Join(g.dir, "recordings", name)).Table.Entries[0])
	}
	if sent := int(c.sent.Load()); frames < sent-but || frames > sent {
		g.t.Errorf("%d frames are on the disk, %d were sent", frames, sent)
	}
	if parts := files(g.t, g.dir, "*.part"); len(parts) > 0 {
		g.t.Errorf("%v is not finished", parts)
	}
}

// TestStalledDiskCostsNothing while memory holds what comes: neither those who
// watch nor the recording lose a frame in 30 s.
func TestStalledDiskCostsNothing(t *testing.T) {
	faultStory(t, func(g *rig, c *camera, fail func(error, chan struct{})) {
		time.Sleep(3 * time.Second)
		stall := make(chan struct{})
		fail(nil, stall)
		time.Sleep(2 * time.Second)
		if s := g.recorders.Status("front"); s.State != record.Slow {
			t.Errorf("2 s after the disk stalled the state is %v", s.State)
		}
		time.Sleep(28 * time.Second)
		fail(nil, nil)
		close(stall)
		time.Sleep(5 * time.Second)
		if s := g.recorders.Status("front"); s.State != record.Recording || s.Lost > 0 || s.Gaps > 0 {
			t.Errorf("5 s after the stall the status is %+v", s)
		}
		g.wantAllFrames(c, 0)
	})
}

// TestStallBeyondTheBufferIsAGap with its reason, and not more than that.
func TestStallBeyondTheBufferIsAGap(t *testing.T) {
	open, fail := newFaulty()
	story(t, func(o *record.Options, s *record.Settings, _ []record.Camera) {
		o.OpenDisk, s.Buffer = open, 200<<10
	}, func(g *rig, c *camera) {
		g.hub.Newest(stream.Key{}) // there is none
		time.Sleep(15 * time.Second)
		stall := make(chan struct{})
		fail(nil, stall)
		time.Sleep(60 * time.Minute) // beyond the ring's frames as well
		fail(nil, nil)
		close(stall)
		time.Sleep(5 * time.Second)
		s := g.recorders.Status("front")
		if s.State != record.Recording || s.Gaps != 1 || s.LastGap == nil || s.LastGap.Reason != "slow" {
			t.Fatalf("status is %+v, last gap %+v", s, s.LastGap)
		}
		gaps, err := g.recorders.Index().Gaps(g.t.Context(), "front", time.Time{}, time.Time{})
		if err != nil || len(gaps) != 1 || gaps[0].Reason != "slow" {
			t.Errorf("gaps are %v, %v", gaps, err)
		}
		g.wantAllFrames(c, int(s.Lost))
	})
}

// TestBufferIsChangedWhileTheDiskStalls which loses nothing then.
func TestBufferIsChangedWhileTheDiskStalls(t *testing.T) {
	open, fail := newFaulty()
	var settings record.Settings
	var hub *stream.Hub
	c := newCamera()
	storyOf(t, c, func(o *record.Options, s *record.Settings, _ []record.Camera) {
		hub = stream.New(stream.Options{RingBytes: 100 << 10, Resolve: func(stream.Key) (stream.Source, error) { return c, nil }})
		o.Hub = hub
		o.OpenDisk, s.Buffer, settings = open, 100<<10, *s
	}, func(g *rig, c *camera) {
		g.hub.Close()
		g.hub = hub
		time.Sleep(15 * time.Second)
		stall := make(chan struct{})
		fail(nil, stall)
		settings.Buffer = 8 << 20
		g.recorders.Apply(settings, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
		time.Sleep(50 * time.Second)
		fail(nil, nil)
		close(stall)
		time.Sleep(5 * time.Second)
		if s := g.recorders.Status("front"); s.State != record.Recording || s.Lost > 0 || s.Gaps > 0 {
			t.Errorf("5 s after the stall the status is %+v", s)
		}
	})
}

// TestCameraThatWentIsWaitedFor though the disk was slow when its last file ended.
func TestCameraThatWentIsWaitedFor(t *testing.T) {
	faultStory(t, func(g *rig, c *camera, fail func(error, chan struct{})) {
		time.Sleep(3 * time.Second)
		stall := make(chan struct{})
		fail(nil, stall)
		c.away.Store(true)
		g.expectState(record.Slow)
		time.Sleep(5 * time.Second)
		fail(nil, nil)
		close(stall)
		g.expectState(record.Waiting)
		g.wantAllFrames(c, 0)
	})
}

// TestHungDiskHoldsUpNoEnd of the server.
func TestHungDiskHoldsUpNoEnd(t *testing.T) {
	faultStory(t, func(g *rig, c *camera, fail func(error, chan struct{})) {
		time.Sleep(3 * time.Second)
		stall := make(chan struct{})
		fail(nil, stall)
		time.Sleep(3 * time.Second)
		began := time.Now()
		g.recorders.Close()
		if took := time.Since(began); took > record.Patience+time.Second/10 {
			t.Errorf("the end took %v", took)
		}
		fail(nil, nil)
		close(stall)
		synctest.Wait()
		time.Sleep(5 * time.Second)
	})
}

// TestFolderThatGoesAndComesBack is missing meanwhile, and nothing is written in
// its place.
func TestFolderThatGoesAndComesBack(t *testing.T) {
	story(t, nil, func(g *rig, c *camera) {
		g.expectState(record.Recording)
		defer g.watched()()
		time.Sleep(15 * time.Second)
		folder, away := filepath.Join(g.dir, "recordings"), filepath.Join(g.dir, "away")
		if err := os.Rename(folder, away); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(folder, 0o755); err != nil { // a place to mount it
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if s := g.recorders.Status("front"); s.State != record.Missing {
			t.Errorf("without its folder the state is %v: %s", s.State, s.Reason)
		}
		if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
			t.Errorf("%v was written where the disk is not mounted, %v", entries, err)
		}
		if err := os.Remove(folder); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(away, folder); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if s := g.recorders.Status("front"); s.State != record.Recording {
			t.Errorf("5 s after its folder is back the state is %v: %s", s.State, s.Reason)
		}
		time.Sleep(15 * time.Second) // what was left behind is mended
		if parts := files(t, g.dir, "*.part"); len(parts) > 1 {
			t.Errorf("%v is not finished", parts)
		}
	})
}

// TestFolderThatIsBackSoonIsGoneForNoLonger than that, though no file would end.
func TestFolderThatIsBackSoonIsGoneForNoLonger(t *testing.T) {
	story(t, func(_ *record.Options, s *record.Settings, _ []record.Camera) { s.Segment = time.Hour }, func(g *rig, c *camera) {
		g.expectState(record.Recording)
		defer g.watched()()
		time.Sleep(15*time.Second + 20*time.Millisecond)
		old := g.recorders.Index()
		folder, away := filepath.Join(g.dir, "recordings"), filepath.Join(g.dir, "away")
		if err := os.Rename(folder, away); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1200 * time.Millisecond)
		if g.recorders.Index() != nil {
			t.Error("nobody saw that the folder is gone")
		}
		if err := os.Rename(away, folder); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if s := g.recorders.Status("front"); s.State != record.Recording || g.recorders.Index() == nil || g.recorders.Index() == old {
			t.Errorf("5 s after its folder is back the state is %v: %s", s.State, s.Reason)
		}
		g.wantAllFrames(c, 50) // of two GOPs at most
	})
}

// noFiles is a disk of which one look fails, or many, as where a process has no
// file descriptors left.
type noFiles struct {
	record.Disk
	err   error
	looks *atomic.Int64 // that fail
}

func (d noFiles) Free() (free, total int64, err error) {
	if d.looks.Add(-1) >= 0 {
		return 0, 0, &os.PathError{Op: "statfs", Path: "x", Err: d.err}
	}
	return d.Disk.Free()
}

// TestLookThatFailsOnceIsNoReason to let go of the volume; many are.
func TestLookThatFailsOnceIsNoReason(t *testing.T) {
	for _, err := range []error{syscall.EMFILE, syscall.ENFILE, syscall.EIO} {
		t.Run(err.Error(), func(t *testing.T) {
			var looks atomic.Int64
			story(t, func(o *record.Options, s *record.Settings, _ []record.Camera) {
				s.Segment = time.Hour
				o.OpenDisk = func(dir string) (record.Disk, error) {
					folder, opened := record.OpenFolder(dir)
					return noFiles{folder, err, &looks}, opened
				}
			}, func(g *rig, c *camera) {
				g.expectState(record.Recording)
				old := g.recorders.Index()
				for range 2 {
					looks.Store(3)
					g.expect("looks", func() bool { return looks.Load() < 0 })
				}
				if g.recorders.Index() != old {
					t.Error("the volume was let go of")
				}
				looks.Store(7)
				g.expect("an end", func() bool { return g.recorders.Index() != old })
				g.expect("another", func() bool { return g.recorders.Index() != nil })
				g.expectState(record.Recording)
			})
		})
	}
}

// remote is a folder on a network's file system.
type remote struct{ record.Disk }

func (remote) Remote() string { return "NFS" }

// TestFolderOnANetworkIsWarnedOf once, and used.
func TestFolderOnANetworkIsWarnedOf(t *testing.T) {
	story(t, func(o *record.Options, _ *record.Settings, _ []record.Camera) {
		o.OpenDisk = func(dir string) (record.Disk, error) {
			folder, err := record.OpenFolder(dir)
			return remote{folder}, err
		}
	}, func(g *rig, c *camera) {
		g.expectState(record.Recording)
		time.Sleep(10 * time.Second)
		if n := strings.Count(g.log.String(), "not on a local disk"); n != 1 || g.recorders.Room().Remote != "NFS" {
			t.Errorf("the log says it %d times; the room is %+v", n, g.recorders.Room())
		}
	})
}

// TestMemoryThatCannotBeWrittenIsTriedAgain, so that cameras which are removed later age.
func TestMemoryThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	t.Parallel()
	if _, err := footage(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	memory := filepath.Join(dir, "recordings.json")
	synctest.Test(t, func(t *testing.T) {
		g := start(t, dir, map[string]*camera{"front": newCamera()}, nil)
		defer g.stop()
		time.Sleep(10 * time.Second)
		if err := os.Mkdir(memory+".new", 0o700); err != nil { // in the way of what is written
			t.Fatal(err)
		}
		g.recorders.Apply(record.Settings{Segment: 10 * time.Second, Buffer: 8 << 20},
			[]record.Camera{{ID: "front", Mode: record.ModeContinuous, Keep: record.Keep{MaxAge: 77 * time.Hour}}})
		time.Sleep(time.Minute)
		if n := strings.Count(g.log.String(), "not written down"); n != 1 {
			t.Errorf("the log says it %d times", n)
		}
		if err := os.Remove(memory + ".new"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if b, err := os.ReadFile(memory); err != nil || !strings.Contains(string(b), fmt.Sprint(int64(77*time.Hour))) {
			t.Errorf("the memory is %s, %v", b, err)
		}
	})
}

// TestMemoryThatCannotBeReadIsNoNewFolder and neither is changed.
func TestMemoryThatCannotBeReadIsNoNewFolder(t *testing.T) {
	t.Parallel()
	if _, err := footage(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	folder, memory := filepath.Join(dir, "recordings"), filepath.Join(dir, "recordings.json")
	if err := errors.Join(os.Mkdir(folder, 0o755), os.WriteFile(memory, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		g := start(t, dir, map[string]*camera{"front": newCamera()}, nil)
		defer g.stop()
		time.Sleep(10 * time.Second)
		if s := g.recorders.Status("front"); s.State != record.Missing {
			t.Errorf("the state is %v: %s", s.State, s.Reason)
		}
		if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
			t.Errorf("%v was written, %v", entries, err)
		}
		if b, err := os.ReadFile(memory); err != nil || len(b) > 0 {
			t.Errorf("the memory is %s, %v", b, err)
		}
	})
}
