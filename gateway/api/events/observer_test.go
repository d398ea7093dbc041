package events

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/config"
	"framegate/gateway/stream"
)

// kinds gives what events are of, and that they are of this moment.
func kinds(t *testing.T, all []Event) (told []string) {
	t.Helper()
	for _, e := range all {
		text := e.Kind
		if e.Camera != "" {
			text += " " + e.Camera
		}
		told = append(told, text)
		if !e.At.Equal(time.Now()) || e.At.Location() != time.UTC || e.Lost != 0 {
			t.Errorf("%+v", e)
		}
	}
	slices.Sort(told) // cameras have no order
	return told
}

// TestDifferencesAreTold between one look and the next, each once.
func TestDifferencesAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := new(config.Config), new(config.Config)
		came := time.Now()
		cameras := func(ids ...string) map[string]config.Camera {
			all := make(map[string]config.Camera)
			for _, id := range ids {
				all[id] = config.Camera{ID: id}
			}
			return all
		}
		renamed := cameras("gate", "door")
		renamed["gate"] = config.Camera{ID: "gate", Name: "The gate"}
		publishers := func(camera string, since time.Time) map[string]time.Time { return map[string]time.Time{camera: since} }
		var o Observer
		for _, step := range []struct {
			name string
			look Look
			want []string
		}{
			{"the first", Look{Settings: one, Refused: "line 1", Cameras: cameras("gate"), Publishers: publishers("phone", came)}, nil},
			{"the same", Look{Settings: one, Refused: "line 1", Cameras: cameras("gate"), Publishers: publishers("phone", came.Local())}, nil},
			{"another mistake", Look{Settings: one, Refused: "line 2", Cameras: cameras("gate"), Publishers: publishers("phone", came)}, []string{"settings_refused"}},
			{"taken", Look{Settings: two, Cameras: cameras("gate", "door"), Publishers: publishers("phone", came)}, []string{"camera_added door", "settings_changed"}},
			{"the same mistake again", Look{Settings: two, Refused: "line 2", Cameras: cameras("gate", "door"), Publishers: publishers("phone", came)}, []string{"settings_refused"}},
			{"the same settings again", Look{Settings: two, Cameras: cameras("gate", "door"), Publishers: publishers("phone", came)}, nil},
			{"another name", Look{Settings: two, Cameras: renamed, Publishers: publishers("phone", came)}, []string{"camera_changed gate"}},
			{"another publisher", Look{Settings: two, Cameras: renamed, Publishers: publishers("phone", came.Add(1))}, []string{"publisher_came phone", "publisher_went phone"}},
			{"of another camera", Look{Settings: two, Cameras: renamed, Publishers: publishers("tablet", came)}, []string{"publisher_came tablet", "publisher_went phone"}},
			{"nothing", Look{}, []string{"camera_removed door", "camera_removed gate", "publisher_went tablet", "settings_changed"}},
			{"and again", Look{}, nil},
		} {
			time.Sleep(time.Second)
			if told := kinds(t, o.Observe(step.look)); !slices.Equal(told, step.want) {
				t.Errorf("%s: told %v, want %v", step.name, told, step.want)
			}
		}
	})
}

// TestRecordingIsTold: a state that is another at once, a reason alone after a while,
// as it is then.
func TestRecordingIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o Observer
		for i, step := range []struct {
			after time.Duration
			now   Recording
			told  bool
			wait  time.Duration
		}{
			{0, Recording{State: "waiting", Reason: "no picture"}, false, 0}, // the first look
			{1, Recording{State: "recording", Reason: ""}, true, 0},
			{1, Recording{State: "recording", Reason: ""}, false, 0},
			{1, Recording{State: "full", Reason: "protected"}, true, 0},
			{1, Recording{State: "full", Reason: "the disk is full"}, false, reasonPause - 1},
			{1, Recording{State: "full", Reason: "protected"}, false, 0},
			{1, Recording{State: "full", Reason: "a quota"}, false, reasonPause - 3},
			{reasonPause - 3, Recording{State: "full", Reason: "the disk is full"}, true, 0},
			{1, Recording{State: "full", Reason: "protected"}, false, reasonPause - 1},
			{1, Recording{State: "recording", Reason: ""}, true, 0},
		} {
			time.Sleep(step.after)
			all := o.Observe(Look{Recordings: map[string]Recording{"front": step.now}})
			if step.told != (len(all) == 1) || o.Wait() != step.wait {
				t.Errorf("step %d: told %+v, the next look is in %v", i, all, o.Wait())
			}
			for _, e := range all {
				if e.Kind != RecordingChanged || e.Camera != "front" || e.State != step.now.State || e.Reason != step.now.Reason {
					t.Errorf("step %d: %+v", i, e)
				}
			}
		}
	})
}

// TestEventsHaveAnOrder: a publisher goes before the next comes, and a camera is
// offline before it is back.
func TestEventsHaveAnOrder(t *testing.T) {
	online := func(runs uint64) []stream.Stats {
		return []stream.Stats{{Key: stream.Key{Camera: "phone"}, State: stream.Online, Runs: runs}}
	}
	var o Observer
	o.Observe(Look{Streams: online(1), Publishers: map[string]time.Time{"phone": time.Unix(1, 0)}})
	var told []string
	for _, e := range o.Observe(Look{Streams: online(2), Publishers: map[string]time.Time{"phone": time.Unix(2, 0)}, Refused: "x"}) {
		told = append(told, e.Kind)
	}
	if want := []string{SettingsRefused, CameraOffline, CameraOnline, PublisherWent, PublisherCame}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// What a stream does from look to look, and what is told of it.
func TestStatesAreToldOnce(t *testing.T) {
	var o Observer
	look := func(streams ...stream.Stats) (told []string) {
		for _, e := range o.Observe(Look{Streams: streams}) {
			told = append(told, e.Kind)
		}
		return told
	}
	look()
	for i, step := range []struct {
		state stream.State
		runs  uint64
		want  []string
	}{
		{stream.Idle, 0, nil},
		{stream.Connecting, 1, nil},
		{stream.Online, 1, []string{CameraOnline}},
		{stream.Online, 1, nil},
		{stream.Online, 2, []string{CameraOffline, CameraOnline}}, // between two looks
		{stream.Connecting, 3, []string{CameraOffline}},
		{stream.Offline, 3, nil},
		{stream.Connecting, 4, nil},
		{stream.Online, 4, []string{CameraOnline}},
		{stream.Idle, 4, []string{CameraIdle}},
		{stream.Connecting, 5, nil},
		{stream.Offline, 5, []string{CameraOffline}}, // it never was there
		{stream.Connecting, 6, nil},
		{stream.Idle, 6, []string{CameraIdle}},
	} {
		told := look(
			stream.Stats{Key: stream.Key{Camera: "front"}, State: step.state, Runs: step.runs},
			stream.Stats{Key: stream.Key{Camera: "front", Rendition: "jpeg"}, State: stream.Offline},
		)
		if !slices.Equal(told, step.want) {
			t.Errorf("step %d: told %v, want %v", i, told, step.want)
		}
	}
	look(stream.Stats{Key: stream.Key{Camera: "front"}, State: stream.Online})
	if told := look(); !slices.Equal(told, []string{CameraIdle}) {
		t.Errorf("of a stream that is gone: %v", told)
	}
}

// TestMovesOfACameraAreNotTold where it has pictures again at once, or nobody says how it
// is; what its next node finds is.
func TestMovesOfACameraAreNotTold(t *testing.T) {
	const a, b, none = "a", "b", ""
	var o Observer
	for i, step := range []struct {
		node   string
		unsaid bool
		state  stream.State
		runs   uint64
		want   []string
	}{
		{none, true, stream.Idle, 0, nil}, // the first look
		{a, false, stream.Online, 100, []string{CameraOnline}},
		{a, false, stream.Online, 107, []string{CameraOffline, CameraOnline}}, // it came and went there
		{none, true, stream.Idle, 0, nil},
		{b, true, stream.Idle, 0, nil},
		{b, false, stream.Connecting, 3, nil},
		{b, false, stream.Connecting, 3, nil},
		{b, false, stream.Online, 3, nil},
		{a, false, stream.Online, 200, nil},
		{b, false, stream.Connecting, 4, nil},
		{b, false, stream.Offline, 4, []string{CameraOffline}}, // which b cannot connect to
		{b, false, stream.Connecting, 5, nil},
		{a, false, stream.Connecting, 300, nil},
		{a, false, stream.Online, 300, []string{CameraOnline}},
		{a, false, stream.Connecting, 400, []string{CameraOffline}},
		{b, false, stream.Idle, 4, []string{CameraIdle}},
	} {
		look := Look{
			Streams: []stream.Stats{{Key: stream.Key{Camera: "front"}, State: step.state, Runs: step.runs, LastError: errors.New("refused")}},
			Nodes:   map[string]string{"front": step.node}, Unsaid: map[string]bool{"front": step.unsaid}, Cameras: map[string]config.Camera{"front": {}},
		}
		if step.node == none {
			look.Streams = nil
		}
		var told []string
		for _, e := range o.Observe(look) {
			if e.Kind == CameraOnline || e.Kind == CameraOffline || e.Kind == CameraIdle {
				told = append(told, e.Kind)
			}
		}
		if !slices.Equal(told, step.want) {
			t.Errorf("step %d: told %v, want %v", i, told, step.want)
		}
	}
}

// TestFirstLookTellsWhatIsByThen: what fails from the beginning has nothing to compare with.
func TestFirstLookTellsWhatIsByThen(t *testing.T) {
	var o Observer
	told := o.Observe(Look{
		Settings: &config.Config{}, Cameras: map[string]config.Camera{"front": {}}, Publishers: map[string]time.Time{"phone": time.Now()},
		Streams:    []stream.Stats{{Key: stream.Key{Camera: "front"}, State: stream.Offline, LastError: errors.New("refused")}, {Key: stream.Key{Camera: "phone"}, State: stream.Connecting}},
		Recordings: map[string]Recording{"front": {State: "waiting"}}, Troubles: map[string]string{"disk": "full"},
	})
	if len(told) != 2 || told[0].Kind != CameraOffline || told[0].Camera != "front" || told[0].Cause != "refused" || told[0].Reason != "" || told[1].Kind != TroubleBegan {
		t.Errorf("%+v", told)
	}
}

// TestEachPercentIsTold of an export, once.
func TestEachPercentIsTold(t *testing.T) {
	var o Observer
	for i, step := range []struct {
		percent int
		want    []float64
	}{{0, nil}, {1, []float64{0.01}}, {1, nil}, {40, []float64{0.4}}} {
		var told []float64
		for _, e := range o.Observe(Look{Exports: map[string]Export{"e": {State: "running", Owner: "user 1", Percent: step.percent}}}) {
			if e.Kind != ExportChanged || e.Export != "e" || e.State != "running" || e.Owner != "user 1" {
				t.Errorf("%+v", e)
			}
			told = append(told, e.Progress)
		}
		if !slices.Equal(told, step.want) {
			t.Errorf("step %d: told %v, want %v", i, told, step.want)
		}
	}
}
