package record_test

import (
	"database/sql"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver of an index

	"framegate/gateway/record"
	"framegate/gateway/record/segment"
	"framegate/gateway/stream"
)

// hung is a disk of which some of what is asked gets no answer for a while.
type hung struct {
	record.Disk
	asked *atomic.Int64 // how often that was
	of    string        // what gets none
	until *atomic.Pointer[chan struct{}]
}

func (d hung) wait(what string) {
	if stall := d.until.Load(); what == d.of && stall != nil {
		d.asked.Add(1)
		<-*stall
	}
}

func (d hung) Remove(name string) error {
	d.wait("remove")
	return d.Disk.Remove(name)
}

func (d hung) Rename(from, to string) error {
	d.wait("rename")
	return d.Disk.Rename(from, to)
}

func (d hung) SyncFolder(name string) error {
	d.wait("sync of a folder")
	return d.Disk.SyncFolder(name)
}

func (d hung) Free() (free, total int64, err error) {
	d.wait("free")
	return d.Disk.Free()
}

func (d hung) Open(name string, write bool) (segment.File, int64, error) {
	d.wait("open")
	return d.Disk.Open(name, write)
}

// TestDiskThatHangsInOneThing for 30 s costs neither those who watch nor the recording
// a frame, whatever it is that it does not do, and old files go behind that.
func TestDiskThatHangsInOneThing(t *testing.T) {
	for _, of := range []string{"remove", "rename", "sync of a folder", "free", "open"} {
		t.Run(of, func(t *testing.T) {
			d := hung{of: of, asked: new(atomic.Int64), until: new(atomic.Pointer[chan struct{}])}
			story(t, func(o *record.Options, s *record.Settings, c []record.Camera) {
				o.OpenDisk = func(dir string) (record.Disk, error) {
					folder, err := record.OpenFolder(dir)
					other := d
					other.Disk = folder
					return other, err
				}
				c[0].Keep.MaxAge = 45 * time.Second
			}, func(g *rig, c *camera) {
				t := g.t
				g.expectState(record.Recording)
				defer g.watched()()
				time.Sleep(70 * time.Second)
				stall := make(chan struct{})
				d.until.Store(&stall)
				if of == "open" { // which somebody who looks back has done
					rows, err := g.recorders.Index().Between(t.Context(), "front", time.Time{}, time.Time{}, 1)
					if err != nil {
						t.Fatal(err)
					}
					go func() { // ends with the stall
						if f, err := g.recorders.Open(rows[0]); err == nil {
							f.Close()
						}
					}()
				}
				time.Sleep(30 * time.Second)
				d.until.Store(nil)
				close(stall)
				time.Sleep(20 * time.Second)
				if s := g.recorders.Status("front"); s.State != record.Recording || s.Lost > 0 || s.Gaps > 0 || s.Removed == 0 {
					t.Errorf("20 s after the stall the status is %+v", s)
				}
				if d.asked.Load() == 0 {
					t.Error("nothing was asked of it")
				}
				rows, err := g.recorders.Index().Between(t.Context(), "front", time.Time{}, time.Time{}, 1000)
				if err != nil || len(rows) == 0 || time.Since(rows[0].Start) > 90*time.Second {
					t.Errorf("of %d recordings the first is of %v, %v", len(rows), rows[0].Start, err)
				}
				for i := 1; i < len(rows); i++ {
					if hole := rows[i].Start.Sub(rows[i-1].End); hole > time.Millisecond {
						t.Errorf("nothing is recorded for %v", hole)
					}
				}
			})
		})
	}
}

// TestIndexThatIsLocked by somebody else for longer than anything waits for it loses
// nothing, and holds up nobody who watches.
func TestIndexThatIsLocked(t *testing.T) {
	t.Parallel()
	c := newCamera()
	g := start(t, t.TempDir(), map[string]*camera{"front": c}, func(_ *record.Options, s *record.Settings, _ []record.Camera) {
		s.Segment = time.Second
	})
	defer g.stop()
	g.expect("two files", func() bool { return g.recorders.Status("front").Segments >= 2 })
	db, err := sql.Open("sqlite", filepath.Join(g.dir, "recordings", "index.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	viewer, err := g.hub.Open(stream.Key{Camera: "front"}, stream.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer viewer.Close()
	if _, err := db.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	var last uint64
	for came, frames := time.Now(), 0; time.Since(came) < 7*time.Second || frames < 100; frames++ {
		f, err := viewer.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if last > 0 && f.Seq != last+1 {
			t.Errorf("who watches got %d after %d", f.Seq, last)
		}
		last = f.Seq
	}
	before := g.recorders.Status("front").Segments
	if _, err := db.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	g.expect("files behind that", func() bool { return g.recorders.Status("front").Segments > before+5 })
	g.expectState(record.Recording)
	if s := g.recorders.Status("front"); s.Lost > 0 || s.Gaps > 0 {
		t.Errorf("%+v\n%s", s, g.log)
	}
	c.away.Store(true) // so that no frame is on its way when all ends
	g.expectState(record.Waiting)
	g.wantAllFrames(c, 0)
}
