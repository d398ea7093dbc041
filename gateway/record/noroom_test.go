package record_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// TestNothingMayBeDeletedIsSaid as it is, with why and what to do, also where the disk
// tells of no limit; and what memory cannot hold meanwhile is a gap of a full disk,
// counted as soon as it is lost and known to the index while it goes on.
func TestNothingMayBeDeletedIsSaid(t *testing.T) {
	protect := func(g *rig) (end func()) {
		x := g.recorders.Index()
		mark, err := x.AddMark(g.t.Context(), index.Mark{Camera: "front", Kind: "bookmark", Start: time.Now().Add(-time.Hour), End: time.Now().Add(time.Hour), Keep: true, Created: time.Now()})
		if err != nil {
			g.t.Fatal(err)
		}
		return func() {
			if err := x.DeleteMark(g.t.Context(), mark); err != nil {
				g.t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		disk func(*record.Options, *record.Settings)
		hold func(*rig) (end func())
		says []string
	}{
		"marks protect all": {bounded, protect, []string{" MB are short", "marks protect 4 MB", "delete marks"}},
		"and some is read": {bounded, func(g *rig) (end func()) {
			one, other := protect(g), readAll(g)
			return func() { one(); other() }
		}, []string{" MB are short", "marks protect 4 MB", "files are being read", "wait for who reads"}},
		"a quota, and marks protect all": {func(o *record.Options, _ *record.Settings) {
			o.OpenDisk = func(dir string) (record.Disk, error) {
				folder, err := record.OpenFolder(dir)
				return few{folder, dir, 10, syscall.EDQUOT}, err
			}
		}, protect, []string{" MB are short", "marks protect "}},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(o *record.Options, s *record.Settings, _ []record.Camera) {
				s.Buffer = 1 << 20
				c.disk(o, s)
			}, func(g *rig, _ *camera) {
				end := holdUntilFull(g, c.hold)
				g.expect("what is short", func() bool {
					reason := g.recorders.Status("front").Reason
					return strings.Contains(reason, "nothing may be deleted") && holdsAll(reason, c.says)
				})
				g.wantLossGoesOn()
				if log := g.log.String(); strings.Contains(log, "refuses what it has room for") || strings.Count(log, "nothing may be deleted to make room") != 1 {
					g.t.Errorf("the log is\n%s", log)
				}
				end()
				g.expect("an end of it", func() bool {
					gaps, err := g.recorders.Index().Gaps(g.t.Context(), "front", time.Time{}, time.Time{})
					s := g.recorders.Status("front")
					return err == nil && len(gaps) > 0 && gaps[0].Reason == "full" && s.Gaps == uint64(len(gaps)) && s.LastGap.Reason == "full"
				})
			})
		})
	}
}

// bounded has recordings on a small disk, of which some is to stay free.
func bounded(o *record.Options, s *record.Settings) {
	onSmall(o, 4<<20)
	s.MinFree = 1 << 20
}

// holdUntilFull holds what there is, again and again, until no more may be recorded.
func holdUntilFull(g *rig, hold func(*rig) (end func())) (end func()) {
	var ends []func()
	g.expectState(record.Recording)
	for began := time.Now(); g.recorders.Status("front").State != record.Full; time.Sleep(5 * time.Second) {
		if ends = append(ends, hold(g)); time.Since(began) > 10*time.Minute {
			g.t.Fatalf("the status is %+v", g.recorders.Status("front"))
		}
	}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

// readAll opens all recordings there are.
func readAll(g *rig) (end func()) {
	var open []*record.File
	all, err := g.recorders.Index().Between(g.t.Context(), "front", time.Now().Add(-time.Hour), time.Now(), 0)
	if err != nil {
		g.t.Fatal(err)
	}
	for _, s := range all {
		f, err := g.recorders.Open(s)
		if err != nil {
			g.t.Fatal(err)
		}
		open = append(open, f)
	}
	return func() {
		for _, f := range open {
			if err := f.Close(); err != nil {
				g.t.Error(err)
			}
		}
	}
}

func holdsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// wantLossGoesOn waits until pictures are lost, and fails where the status or, soon
// after, the index does not say so.
func (g *rig) wantLossGoesOn() {
	g.t.Helper()
	for began := time.Now(); g.recorders.Status("front").Lost == 0; time.Sleep(time.Second) {
		if time.Since(began) > 10*time.Minute {
			g.t.Fatalf("nothing is lost: %+v", g.recorders.Status("front"))
		}
	}
	time.Sleep(2*time.Minute + 2*time.Second)
	s := g.recorders.Status("front")
	if s.State != record.Full || s.Gaps != 1 || s.LastGap.Reason != "full" || s.LastGap.To.Sub(s.LastGap.From) < 100*time.Second {
		g.t.Errorf("while it goes on the status is %+v, the gap %+v", s, s.LastGap)
	}
	gaps, err := g.recorders.Index().Gaps(g.t.Context(), "front", time.Time{}, time.Time{})
	if err != nil || len(gaps) != 1 || gaps[0].Reason != "full" || gaps[0].To.Sub(gaps[0].From) < time.Minute {
		g.t.Errorf("while it goes on the gaps are %v, %v", gaps, err)
	}
	if gap, goesOn := g.recorders.Missing("front"); !goesOn || gap.Reason != "full" {
		g.t.Errorf("the gap that goes on is %+v, %t", gap, goesOn)
	}
}

// refusing is a disk that takes no file while on says so.
type refusing struct {
	record.Disk
	on *atomic.Bool
}

func (d refusing) Create(name string) (f segment.File, err error) {
	if d.on.Load() {
		return nil, &fs.PathError{Op: "open", Path: filepath.Base(name), Err: syscall.ENOSPC}
	}
	return d.Disk.Create(name)
}

// TestPicturesThatADiskRefusedAreItsGap and not the camera's.
func TestPicturesThatADiskRefusedAreItsGap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		began, refuses := time.Now(), new(atomic.Bool)
		g := startPictures(t, dir, 10*time.Second, new(atomic.Bool), func(o *record.Options) {
			o.OpenDisk = func(dir string) (record.Disk, error) {
				folder, err := record.OpenFolder(dir)
				return refusing{folder, refuses}, err
			}
		})
		defer g.stop()
		time.Sleep(2 * time.Minute)
		refuses.Store(true)
		time.Sleep(20 * time.Minute)
		refuses.Store(false)
		time.Sleep(2 * time.Minute)
		g.wantGaps(began, "full 2-22")
	})
}
