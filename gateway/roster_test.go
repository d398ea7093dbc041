package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/config"
	"framegate/gateway/store"
)

// pausing is a log whose first message is held up by what hold does.
type pausing struct {
	slog.Handler
	once *sync.Once
	hold func()
}

func (p pausing) Enabled(context.Context, slog.Level) bool { return true }
func (p pausing) Handle(context.Context, slog.Record) error {
	p.once.Do(p.hold)
	return nil
}

// TestReloadDoesNotUndoWhatTheAPIDoesMeanwhile: both find out which cameras
// there are to be, and the one that looked first must not have the last word.
func TestReloadDoesNotUndoWhatTheAPIDoesMeanwhile(t *testing.T) {
	g, _ := wired(t, "cameras: {front: {source: 'upload:'}}")
	uploads := func(id string) config.Camera {
		c, err := config.NewCamera(id, map[string]string{"source": "upload:"})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if err := (control{g}).SetAdded([]config.Camera{uploads("front"), uploads("old")}); err != nil {
		t.Fatal(err)
	}
	set := make(chan error, 1)
	g.log = slog.New(pausing{slog.DiscardHandler, new(sync.Once), func() { // front is there twice, which is told
		go func() { set <- (control{g}).SetAdded([]config.Camera{uploads("new")}) }() // ends soon
		select {
		case err := <-set:
			set <- err
		case <-time.After(300 * time.Millisecond): // it waits for us
		}
	}})
	if err := g.refreshCameras(); err != nil {
		t.Fatal(err)
	}
	if err := <-set; err != nil {
		t.Fatal(err)
	}
	if all := g.cameras.all(); len(all) != 2 || all[1].ID != "new" {
		t.Fatalf("there are the cameras %v", all)
	}
}

// TestChangeThatIsNotTakenIsNeverSeen: neither its settings nor its cameras,
// not even while it is looked at, and whatever else changes then.
func TestChangeThatIsNotTakenIsNeverSeen(t *testing.T) {
	g, _ := wired(t, "cameras: {front: {source: 'upload:'}}")
	uploads := func(id string) config.Camera {
		return config.Camera{ID: id, Source: config.Source{Kind: config.SourceUpload}}
	}
	broken := config.Camera{ID: "broken", Source: config.Source{Kind: config.SourceHTTP, URL: "http://[broken"}}
	if err := (control{g}).SetAdded([]config.Camera{uploads("gate")}); err != nil {
		t.Fatal(err)
	}
	before, roster := g.settings(), g.cameras.all()
	next := *before
	next.Cameras = []config.Camera{broken, uploads("gate")}                // by id
	g.log = slog.New(pausing{slog.DiscardHandler, new(sync.Once), func() { // gate is there twice, which is told
		if g.settings() != before {
			t.Error("settings that were not taken are seen")
		}
	}})
	if err := g.putIntoEffect(&next); err == nil {
		t.Error("a camera without an address is taken")
	}
	if err := (control{g}).SetAdded([]config.Camera{broken}); err == nil {
		t.Error("a camera without an address is added")
	}
	if g.settings() != before || !slices.Equal(g.cameras.all(), roster) || len(*g.added.Load()) != 1 {
		t.Errorf("there are the cameras %v", g.cameras.all())
	}
}

// TestUnwatchableFolderLeavesNothingBehind: where a file cannot be watched,
// nothing goes on watching.
func TestUnwatchableFolderLeavesNothingBehind(t *testing.T) {
	for before, i := held(t), 0; i < 3; i++ {
		changes, stop := watchFile(t.TempDir()+"/gone/framegate.yaml", []byte("known"), slog.New(slog.DiscardHandler))
		if changes != nil {
			t.Fatal("it is watched")
		}
		stop()
		await(t, "nothing is left behind", func() bool { return held(t).within(before) })
	}
}

// TestCamerasKeepTheOrderInWhichPeopleWroteThem: that of the file, also after a
// reload, and then that in which they were added.
func TestCamerasKeepTheOrderInWhichPeopleWroteThem(t *testing.T) {
	g, reload := wired(t, "cameras: {gate: {source: 'upload:'}, cam10: {source: 'upload:'}, cam2: {source: 'upload:'}}")
	expect := func(want ...string) {
		t.Helper()
		var ids []string
		for _, c := range (control{g}).Cameras() {
			ids = append(ids, c.ID)
		}
		if !slices.Equal(ids, want) {
			t.Errorf("cameras %v, want %v", ids, want)
		}
	}
	expect("gate", "cam10", "cam2")
	for _, id := range []string{"zoo", "added", "gate"} {
		if _, err := g.store.AddCamera(t.Context(), store.Camera{ID: id, Document: []byte(`{"source": "upload:"}`)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond) // the store tells times by the millisecond
	}
	added, broken, err := api.Added(t.Context(), g.store)
	if err != nil || broken != nil {
		t.Fatal(broken, err)
	}
	if err := (control{g}).SetAdded(added); err != nil {
		t.Fatal(err)
	}
	expect("gate", "cam10", "cam2", "zoo", "added")
	reload("cameras: {cam2: {source: 'upload:'}, cam10: {source: 'upload:'}}")
	expect("cam2", "cam10", "zoo", "added", "gate")
}
