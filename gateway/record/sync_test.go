package record_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"framegate/gateway/record"
	"framegate/gateway/record/segment"
)

// TestRotatingDisksAreSyncedLessOften, also where a recording's folder is on a
// partition of one, of which only the disk says that it rotates.
func TestRotatingDisksAreSyncedLessOften(t *testing.T) {
	t.Parallel()
	sys := t.TempDir()
	links := filepath.Join(sys, "dev", "block")
	if err := os.MkdirAll(links, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, d := range []struct{ disk, number, partition, rotates string }{{"sda", "8:0", "8:1", "1\n"}, {"sdb", "8:16", "8:17", "0\n"}} {
		disk := filepath.Join(sys, "devices", d.disk)
		err := errors.Join(
			os.MkdirAll(filepath.Join(disk, "queue"), 0o700), os.Mkdir(filepath.Join(disk, d.disk+"1"), 0o700),
			os.WriteFile(filepath.Join(disk, "queue", "rotational"), []byte(d.rotates), 0o600),
			os.Symlink("../../devices/"+d.disk, filepath.Join(links, d.number)),
			os.Symlink("../../devices/"+d.disk+"/"+d.disk+"1", filepath.Join(links, d.partition)),
		)
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, of := range map[string]struct {
		device uint64
		want   time.Duration
	}{
		"a disk that rotates":        {unix.Mkdev(8, 0), 5 * time.Second},
		"a partition of it":          {unix.Mkdev(8, 1), 5 * time.Second},
		"one that does not":          {unix.Mkdev(8, 16), time.Second},
		"and its partition":          {unix.Mkdev(8, 17), time.Second},
		"what has no disk by itself": {unix.Mkdev(0, 30), time.Second},
	} {
		if got := record.LagOf(sys, of.device); got != of.want {
			t.Errorf("%s is synced each %v; want %v", name, got, of.want)
		}
	}
}

// lagging is a disk that is to be synced so often, and takes so long for that. It
// counts.
type lagging struct {
	record.Disk
	lag   time.Duration
	takes *atomic.Int64
	syncs *atomic.Int64
}

func (d lagging) Lag() time.Duration { return d.lag }

func (d lagging) Create(name string) (segment.File, error) {
	f, err := d.Disk.Create(name)
	return laggingFile{f, d}, err
}

type laggingFile struct {
	segment.File
	of lagging
}

func (f laggingFile) Sync() error {
	f.of.syncs.Add(1)
	time.Sleep(time.Duration(f.of.takes.Load()))
	return f.File.Sync()
}

// TestSyncGoesByTheDisk and by how long that takes: no more than a quarter of the
// time is spent on it, which the state says, and it is as before when the disk is.
func TestSyncGoesByTheDisk(t *testing.T) {
	var takes, syncs atomic.Int64
	story(t, func(o *record.Options, s *record.Settings, _ []record.Camera) {
		s.Segment = time.Hour
		o.OpenDisk = func(dir string) (record.Disk, error) {
			folder, err := record.OpenFolder(dir)
			return lagging{folder, 5 * time.Second, &takes, &syncs}, err
		}
	}, func(g *rig, _ *camera) {
		g.expectState(record.Recording)
		before := syncs.Load()
		time.Sleep(50 * time.Second)
		if n := syncs.Load() - before; n != 10 {
			t.Errorf("%d syncs in 50 s; want one each 5 s", n)
		}
		takes.Store(int64(2 * time.Second))
		slow := func() bool {
			return strings.Contains(g.recorders.Status("front").Reason, "the disk is slow: what is recorded is brought to it every 10s")
		}
		g.expect("a reason that says so", slow)
		takes.Store(0)
		g.expect("that it goes", func() bool { return g.recorders.Status("front").Reason == "" })
	})
}
