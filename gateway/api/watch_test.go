package api

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/api/events"
	"framegate/gateway/config"
	"framegate/gateway/stream"
)

// countingGateway counts how often it is looked at.
type countingGateway struct {
	*fakeGateway
	looks atomic.Int32
}

func (g *countingGateway) Settings() Settings {
	g.looks.Add(1)
	return g.fakeGateway.Settings()
}

// watched is an API without a store that runs in virtual time, and what it
// tells.
type watched struct {
	*API
	gateway *countingGateway
	source  *frames
	l       *events.Listener
}

func watch(t *testing.T) *watched {
	t.Helper()
	w := &watched{source: newFrames()}
	changed := func() { w.Changed() }
	w.gateway = &countingGateway{fakeGateway: &fakeGateway{
		changed:  changed,
		file:     map[string]config.Camera{"gate": {ID: "gate"}, "phone": {ID: "phone"}},
		settings: Settings{Config: new(config.Config)},
	}}
	hub := stream.New(stream.Options{
		Resolve: func(k stream.Key) (stream.Source, error) {
			if k.Camera == "gate" {
				return w.source, nil
			}
			return nil, nil
		},
		Changed: changed,
	})
	w.API = New(Options{Hub: hub, Gateway: w.gateway})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { // ends by cancel
		defer close(done)
		_ = w.Run(ctx) // gives nil
	}()
	t.Cleanup(func() { hub.Close(); cancel(); <-done })
	var limit string
	if w.l, _, limit = w.listeners.Listen("user:anna", "192.0.2.1"); limit != "" {
		t.Fatal(limit)
	}
	time.Sleep(time.Minute) // quiet
	return w
}

// told gives what was told at this very moment.
func (w *watched) told(t *testing.T) (kinds []string) {
	t.Helper()
	synctest.Wait()
	all, _ := w.l.Take()
	for _, v := range all {
		if !v.At.Equal(time.Now()) {
			t.Errorf("%s was told %v late", v.Kind, time.Since(v.At))
		}
		kinds = append(kinds, v.Kind)
	}
	return kinds
}

// TestEventsComeAtOnce: each is told at the moment at which it happens.
func TestEventsComeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		var reader *stream.Reader
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		for _, step := range []struct {
			name string
			do   func()
			want []string
		}{
			{"a camera is added", func() { must(t, w.gateway.SetAdded([]config.Camera{{ID: "yard"}})) }, []string{events.CameraAdded}},
			{"it is changed", func() { must(t, w.gateway.SetAdded([]config.Camera{{ID: "yard", Name: "Yard"}})) }, []string{events.CameraChanged}},
			{"it is removed", func() { must(t, w.gateway.SetAdded(nil)) }, []string{events.CameraRemoved}},
			{"a change is refused", func() { w.gateway.change(func() { w.gateway.settings.Refused = errors.New("line 1") }) }, []string{events.SettingsRefused}},
			{"again", func() { w.gateway.change(func() { w.gateway.settings.Refused = errors.New("line 1") }) }, nil},
			{"one is taken", func() { w.gateway.change(func() { w.gateway.settings = Settings{Config: new(config.Config)} }) }, []string{events.SettingsChanged}},
			{"somebody watches", func() {
				var err error
				reader, err = w.options.Hub.Open(stream.Key{Camera: "gate"}, stream.ReadOptions{})
				must(t, err)
			}, nil},
			{"a picture comes", func() { w.source.next <- picture }, []string{events.CameraOnline}},
			{"another", func() { w.source.next <- picture }, nil},
			{"it fails", func() { w.source.fail <- errors.New("cut") }, []string{events.CameraOffline}},
			{"it is back", func() { w.source.next <- picture }, []string{events.CameraOnline}},
			{"nobody watches", func() { reader.Close() }, nil},
			{"for long", func() { time.Sleep(10*time.Second - 3*lookPause) }, []string{events.CameraIdle}},
			{"a publisher comes", func() {
				w.gateway.change(func() { w.gateway.publishers = []Publisher{{Camera: "phone", Since: time.Now()}} })
			}, []string{events.PublisherCame}},
			{"and connects", func() {
				go func() { // ends by cancel
					defer close(ended)
					_ = w.options.Hub.Attach(ctx, stream.Key{Camera: "phone"}, w.source)
				}()
			}, nil},
			{"and sends", func() { w.source.next <- picture }, []string{events.CameraOnline}},
			{"and goes", func() { cancel(); <-ended }, []string{events.CameraIdle}},
		} {
			if step.do(); !slices.Equal(w.told(t), step.want) {
				t.Errorf("%s: told otherwise than %v", step.name, step.want)
			}
			time.Sleep(3 * lookPause)
			if later := w.told(t); later != nil {
				t.Errorf("%s: told later: %v", step.name, later)
			}
		}
	})
}

// TestNobodyLooksWhileNothingChanges: pictures are no change.
func TestNobodyLooksWhileNothingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		reader, err := w.options.Hub.Open(stream.Key{Camera: "gate"}, stream.ReadOptions{})
		must(t, err)
		defer reader.Close()
		w.source.next <- picture
		time.Sleep(time.Minute)
		looks := w.gateway.looks.Load()
		for range 1000 {
			w.source.next <- picture
			time.Sleep(time.Second)
		}
		if more := w.gateway.looks.Load() - looks; more != 0 || looks == 0 {
			t.Errorf("looked %d times, and then %d times more", looks, more)
		}
	})
}

// TestManyChangesCostFewLooks, and the last of them is seen.
func TestManyChangesCostFewLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		before := w.gateway.looks.Load()
		for i := range 1000 {
			w.gateway.change(func() { w.gateway.settings.Refused = errors.New("line " + itoa(int64(i))) })
			time.Sleep(time.Millisecond)
		}
		time.Sleep(lookPause)
		synctest.Wait()
		looks := int(w.gateway.looks.Load() - before)
		if most := int(time.Second/lookPause) + 2; looks > most || looks < most/2 {
			t.Errorf("looked %d times in a second, want %d at most", looks, most)
		}
		if all, lost := w.l.Take(); len(all)+lost != looks {
			t.Errorf("%d looks told %d changes", looks, len(all)+lost)
		}
		w.gateway.change(func() { w.gateway.settings.Refused = errors.New("line 999") })
		time.Sleep(lookPause)
		synctest.Wait()
		if all, _ := w.l.Take(); all != nil {
			t.Errorf("the last change was not seen before: %v", all)
		}
	})
}
