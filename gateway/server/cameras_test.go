package server

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/config"
	"framegate/gateway/store"
)

// TestCamerasKeepTheOrderInWhichPeopleWroteThem: that of the file, also after a
// reload, and then that in which they were added.
func TestCamerasKeepTheOrderInWhichPeopleWroteThem(t *testing.T) {
	s, reload := wired(t, "cameras: {gate: {source: 'upload:'}, cam10: {source: 'upload:'}, cam2: {source: 'upload:'}}")
	expect := func(want ...string) {
		t.Helper()
		var ids []string
		for _, c := range (control{s}).Cameras() {
			ids = append(ids, c.ID)
		}
		if !slices.Equal(ids, want) {
			t.Errorf("cameras %v, want %v", ids, want)
		}
	}
	expect("gate", "cam10", "cam2")
	for _, id := range []string{"zoo", "added", "gate"} {
		if _, err := s.store.AddCamera(t.Context(), store.Camera{ID: id, Document: []byte(`{"source": "upload:"}`)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond) // the store tells times by the millisecond
	}
	added, broken, err := api.Added(t.Context(), s.store)
	if err != nil || broken != nil {
		t.Fatal(broken, err)
	}
	if err := (control{s}).SetAdded(added); err != nil {
		t.Fatal(err)
	}
	expect("gate", "cam10", "cam2", "zoo", "added")
	reload("cameras: {cam2: {source: 'upload:'}, cam10: {source: 'upload:'}}")
	expect("cam2", "cam10", "zoo", "added", "gate")
}

// TestConfigurationThatIsNotTakenIsNeverSeen: neither its settings nor its
// cameras.
func TestConfigurationThatIsNotTakenIsNeverSeen(t *testing.T) {
	s, _ := wired(t, "cameras: {front: {source: 'upload:'}}")
	before, cameras := s.settings(), s.cameras.All()
	next := *before
	next.Cameras = []config.Camera{{ID: "broken", Source: config.Source{Kind: config.SourceHTTP, URL: "http://[broken"}}}
	if err := s.putIntoEffect(&next, nil, func() {}); err == nil {
		t.Error("a camera without an address is taken")
	}
	if s.settings() != before || !slices.Equal(s.cameras.All(), cameras) {
		t.Errorf("there are the cameras %v", s.cameras.All())
	}
}

// TestWhoSeesOtherSettingsSeesAllOfThem: a page that hears of a change asks at once, and was told
// of mistakes that were mended.
func TestWhoSeesOtherSettingsSeesAllOfThem(t *testing.T) {
	s, reload := wired(t, "cameras: {front: {source: 'upload:'}}")
	for n := range 50 {
		rewrite(t, s.Reload.File, "nothing: like this")
		s.reload()
		before := (control{s}).Settings()
		if before.Refused == nil {
			t.Fatal("mistakes are taken")
		}
		seen := make(chan api.Settings)
		go func() { // until it was taken
			for {
				if now := (control{s}).Settings(); now.Config != before.Config {
					seen <- now
					return
				}
			}
		}()
		reload(fmt.Sprintf("cameras: {front: {source: 'upload:', name: 'name %d'}, more: {source: 'upload:'}}", n))
		if now := <-seen; now.Refused != nil || now.Wanted == before.Wanted {
			t.Fatalf("with other settings there are still the mistakes %v, or what was wanted before", now.Refused)
		}
	}
}
