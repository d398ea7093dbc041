package roster

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/config"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// upload is a camera whose frames are sent in.
func upload(id string) config.Camera {
	return config.Camera{ID: id, Source: config.Source{Kind: config.SourceUpload}}
}

// newRoster makes a roster of cameras whose frames are sent in; one of another
// kind is refused.
func newRoster(t *testing.T, log *slog.Logger) *Roster {
	t.Helper()
	var r *Roster
	hub := stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) { return r.Source(k.Camera) }})
	t.Cleanup(hub.Close)
	r = New(Options{Hub: hub, Log: log, Source: func(c Camera) (stream.Source, error) {
		if c.Source.Kind != config.SourceUpload {
			return nil, errors.New("no upload")
		}
		return nil, nil
	}})
	t.Cleanup(r.Close)
	return r
}

// ids gives those of all cameras.
func (r *Roster) ids() (ids []string) {
	for _, c := range r.All() {
		ids = append(ids, c.ID)
	}
	return ids
}

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

// TestChangesDoNotUndoEachOther: two who change cameras at once find out which
// there are to be, and the one that looked first must not have the last word.
func TestChangesDoNotUndoEachOther(t *testing.T) {
	var r *Roster
	set := make(chan error, 1)
	r = newRoster(t, slog.New(pausing{slog.DiscardHandler, new(sync.Once), func() { // front is there twice, which is told
		go func() { set <- r.SetAdded([]config.Camera{upload("new")}) }() // ends soon
		select {
		case err := <-set:
			set <- err
		case <-time.After(300 * time.Millisecond): // it waits for us
		}
	}}))
	if err := r.SetAdded([]config.Camera{upload("front"), upload("old")}); err != nil {
		t.Fatal(err)
	}
	if err := r.Configure([]config.Camera{upload("front")}, func() {}); err != nil {
		t.Fatal(err)
	}
	if err := <-set; err != nil {
		t.Fatal(err)
	}
	if ids := r.ids(); !slices.Equal(ids, []string{"front", "new"}) {
		t.Fatalf("there are the cameras %v", ids)
	}
}

// TestChangeThatIsNotTakenIsNeverSeen, not even while it is looked at, and
// whatever else changes then.
func TestChangeThatIsNotTakenIsNeverSeen(t *testing.T) {
	r := newRoster(t, slog.New(slog.DiscardHandler))
	broken := config.Camera{ID: "broken", Source: config.Source{Kind: config.SourceHTTP}}
	taken := false
	if err := r.Configure([]config.Camera{upload("front")}, func() {}); err != nil {
		t.Fatal(err)
	}
	if err := r.SetAdded([]config.Camera{upload("gate")}); err != nil {
		t.Fatal(err)
	}
	if err := r.Configure([]config.Camera{upload("gate"), broken}, func() { taken = true }); err == nil || !strings.Contains(err.Error(), "camera broken: ") {
		t.Errorf("a camera without a source is taken: %v", err)
	}
	if err := r.SetAdded([]config.Camera{broken}); err == nil {
		t.Error("a camera without a source is added")
	}
	if ids := r.ids(); taken || !slices.Equal(ids, []string{"front", "gate"}) {
		t.Errorf("there are the cameras %v, taken %v", ids, taken)
	}
	if err := r.Configure(nil, func() { taken = true }); err != nil || !taken || !slices.Equal(r.ids(), []string{"gate"}) {
		t.Errorf("%v, taken %v, and then there are %v", err, taken, r.ids())
	}
}

// TestNothingChangesInTheEnd: a change that comes while the server ends is
// refused, and so leaves no camera connected.
func TestNothingChangesInTheEnd(t *testing.T) {
	r := newRoster(t, slog.New(slog.DiscardHandler))
	r.Close()
	if err := r.SetAdded([]config.Camera{upload("late")}); !errors.Is(err, stream.ErrClosed) {
		t.Errorf("%v", err)
	}
	if err := r.Configure([]config.Camera{upload("late")}, func() { t.Error("it is taken") }); !errors.Is(err, stream.ErrClosed) {
		t.Errorf("%v", err)
	}
	if _, err := r.Source("late"); !errors.Is(err, stream.ErrUnknown) {
		t.Errorf("%v", err)
	}
}

// TestChangesAreTold when they can be seen, and what is refused is none.
func TestChangesAreTold(t *testing.T) {
	r := newRoster(t, slog.New(slog.DiscardHandler))
	var told []string
	r.options.Changed = func() { told = append(told, strings.Join(r.ids(), "+")) }
	broken := config.Camera{ID: "broken", Source: config.Source{Kind: config.SourceHTTP}}
	for _, change := range []func() error{
		func() error { return r.Configure([]config.Camera{upload("front")}, func() {}) },
		func() error { return r.SetAdded([]config.Camera{upload("gate")}) },
		func() error { return r.Configure(nil, func() {}) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if err := r.SetAdded([]config.Camera{broken}); err == nil {
			t.Fatal("a camera without a source is added")
		}
	}
	if want := []string{"front", "front+gate", "gate"}; !slices.Equal(told, want) {
		t.Errorf("told of %v, want %v", told, want)
	}
}

// TestRecordingChangesNoPictures: who changes what is recorded of a camera, or
// its name, has it connected as it was.
func TestRecordingChangesNoPictures(t *testing.T) {
	made := 0
	var r *Roster
	hub := stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) { return r.Source(k.Camera) }})
	t.Cleanup(hub.Close)
	r = New(Options{Hub: hub, Log: slog.New(slog.DiscardHandler), Source: func(Camera) (stream.Source, error) {
		made++
		return nil, nil
	}})
	t.Cleanup(r.Close)
	camera := upload("front")
	for want, change := range []func(){
		func() {},
		func() { camera.Record.Mode = config.RecordContinuous },
		func() { camera.Record.Keep.MaxAge = time.Hour },
		func() { camera.Record.Schedule.Zone = "UTC" },
		func() { camera.Name = "Front" },
	} {
		change()
		if err := r.Configure([]config.Camera{camera}, func() {}); err != nil {
			t.Fatal(err)
		}
		if now, _ := r.Find("front"); made != 1 || now.Record != camera.Record {
			t.Errorf("after change %d, %d sources were made, and it is %+v", want, made, now)
		}
	}
}

// silent is a camera that gives nothing, until it is let go.
type silent struct{}

func (silent) Run(ctx context.Context, _ func(media.Frame)) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestCameraWithAStandbyStaysConnected where it is this server's, as one that is kept always; its
// sub-stream is not, and is no other node's.
func TestCameraWithAStandbyStaysConnected(t *testing.T) {
	var r *Roster
	hub := stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) { return r.Source(k.Camera) }})
	t.Cleanup(hub.Close)
	here := true
	r = New(Options{Hub: hub, Log: slog.New(slog.DiscardHandler), Here: func(string) bool { return here }, Source: func(c Camera) (stream.Source, error) {
		if c.Source.URL == "rtsp://a/2" && (c.Standby || c.Exclusive) {
			t.Error("the sub-stream has a standby")
		}
		return silent{}, nil
	}})
	t.Cleanup(r.Close)
	camera := config.Camera{
		ID: "front", Keep: config.KeepOnDemand, Standby: true,
		Source: config.Source{Kind: config.SourceRTSP, URL: "rtsp://a/1"}, Sub: config.Source{Kind: config.SourceRTSP, URL: "rtsp://a/2"},
	}
	if err := r.Configure([]config.Camera{camera}, func() {}); err != nil {
		t.Fatal(err)
	}
	if stats := hub.Stats(); len(stats) != 1 || stats[0].Readers != 1 {
		t.Errorf("it is read by %+v", stats)
	}
	here = false
	r.Review()
	if stats := hub.Stats(); stats[0].Readers != 0 {
		t.Error("another node's is kept connected")
	}
}
