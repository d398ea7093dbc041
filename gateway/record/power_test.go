package record_test

import (
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/segment"
)

// powered is a disk of which is known what is left of its names when the power goes:
// those of which their folder was synced since.
type powered struct {
	record.Disk
	names *names
}

type names struct {
	mu    sync.Mutex
	lasts map[string]bool // all there are
	syncs int             // of folders
}

// on has recorders use such a disk.
func (n *names) on(o *record.Options) {
	n.lasts = make(map[string]bool)
	o.OpenDisk = func(dir string) (record.Disk, error) {
		folder, err := record.OpenFolder(dir)
		return powered{folder, n}, err
	}
}

// made says that there is something, in folders which may be new.
func (n *names) made(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for ; name != "."; name = path.Dir(name) {
		if _, known := n.lasts[name]; known {
			return
		}
		n.lasts[name] = false
	}
}

func (n *names) gone(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.lasts, name)
}

// lost gives what would not be there after a moment without power.
func (n *names) lost() (lost []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name := range n.lasts {
		for up := name; up != "."; up = path.Dir(up) {
			if !n.lasts[up] {
				lost = append(lost, name+" for "+up)
				break
			}
		}
	}
	return lost
}

func (n *names) folders() (all int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.syncs
}

func (d powered) Create(name string) (segment.File, error) {
	f, err := d.Disk.Create(name)
	if err == nil {
		d.names.made(name)
	}
	return f, err
}

func (d powered) Rename(from, to string) error {
	err := d.Disk.Rename(from, to)
	if err == nil {
		d.names.gone(from)
		d.names.made(to)
	}
	return err
}

func (d powered) Remove(name string) error {
	err := d.Disk.Remove(name)
	if err == nil {
		d.names.gone(name)
	}
	return err
}

func (d powered) SyncFolder(name string) error {
	d.names.mu.Lock()
	defer d.names.mu.Unlock()
	d.names.syncs++
	for in := range d.names.lasts {
		if path.Dir(in) == name {
			d.names.lasts[in] = true
		}
	}
	return d.Disk.SyncFolder(name)
}

// TestPowerThatGoesTakesNoFolder of an hour or a day that is new, while its first file
// is written, nor the file.
func TestPowerThatGoesTakesNoFolder(t *testing.T) {
	var n names
	storyOf(t, newSlowCamera(), func(o *record.Options, s *record.Settings, _ []record.Camera) {
		n.on(o)
		s.Segment, s.Sync = time.Minute, time.Second
	}, func(g *rig, c *camera) {
		wantKept := func() {
			g.t.Helper()
			time.Sleep(5 * time.Second)
			if lost := n.lost(); len(lost) > 0 {
				g.t.Errorf("%v later what is new would be lost: %q", 5*time.Second, lost)
			}
		}
		wantKept()                                                                            // 5 s after the start
		time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(time.Hour + 2*time.Minute))) // a file begins in the next hour
		before := n.folders()
		time.Sleep(10 * time.Minute)
		if more := n.folders() - before; more > 22 {
			g.t.Errorf("%d folders were synced for ten files in an hour that is not new", more)
		}
		wantKept()
		g.recorders.Apply(record.Settings{Segment: time.Minute, Sync: time.Second}, []record.Camera{{ID: "front", Mode: record.ModeOff, Keep: record.Keep{MaxAge: time.Second}}})
		g.expect("the hour's folder is gone", func() bool { return len(hours(g.t, g.dir)) == 0 })
		g.recorders.Apply(record.Settings{Segment: time.Minute, Sync: time.Second}, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
		wantKept()
	})
}

// hours gives the folders of hours there are.
func hours(t *testing.T, dir string) (all []string) {
	t.Helper()
	for _, name := range files(t, dir, "*") {
		if strings.Count(name, "/") == 3 {
			all = append(all, path.Dir(name))
		}
	}
	return all
}

// TestPowerThatGoesTakesNoPicture that is in the index, with a folder that is new.
func TestPowerThatGoesTakesNoPicture(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var n names
		g := startPictures(t, dir, 10*time.Second, new(atomic.Bool), n.on)
		defer g.stop()
		time.Sleep(25 * time.Second)
		if lost := n.lost(); len(lost) > 0 || len(files(t, dir, "*.jpg")) == 0 {
			t.Errorf("of %q there would be lost %q", files(t, dir, "*"), lost)
		}
	})
}

// TestPowerThatGoesTakesNothingThatWasMended with its folder.
func TestPowerThatGoesTakesNothingThatWasMended(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 25*time.Second)
	name := files(t, dir, "*.mp4")[0]
	unfinish(t, dir, name)
	synctest.Test(t, func(t *testing.T) {
		var n names
		g := start(t, dir, nil, func(o *record.Options, _ *record.Settings, _ []record.Camera) { n.on(o) })
		defer g.stop()
		g.expect("the file is finished", func() bool { return n.knows(name) })
		synctest.Wait()
		if lost := n.lost(); len(lost) > 0 {
			t.Errorf("there would be lost %q", lost)
		}
	})
}

// knows says whether there is something that was made.
func (n *names) knows(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, known := n.lasts[name]
	return known
}
