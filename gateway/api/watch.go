package api

import (
	"context"
	"time"

	"framegate/gateway/config"
	"framegate/gateway/stream"
)

// lookPause is how long Run looks no more after a look: a hundred cameras that
// fail all the time cost no more looks than one.
const lookPause = 50 * time.Millisecond

// Run tells those who listen to events what happens, until ctx is done. It
// returns nil. It looks at what there is when it begins and after each Changed;
// while nothing changes nothing is done. It is to be run once; without it there
// are no events.
func (a *API) Run(ctx context.Context) error {
	var o observed
	for a.observe(&o); ; a.observe(&o) {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookPause):
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.changes:
		}
	}
}

// Changed says that something that events tell of may have changed. It returns
// at once and may be called from any goroutine, with whatever locked.
func (a *API) Changed() {
	select {
	case a.changes <- struct{}{}:
	default: // it will be looked at anyway
	}
}

// observed is what there was when it was looked at last. The zero value has not
// looked yet.
type observed struct {
	looked     bool
	cameras    map[string]config.Camera
	states     map[string]seen      // by camera
	publishers map[string]time.Time // since when, by camera
	settings   *config.Config
	refused    string
}

// observe looks at what there is, and tells of what is different.
func (a *API) observe(o *observed) {
	tell := func(kind, camera string) {
		a.events.tell(event{Kind: kind, Camera: camera, At: time.Now().UTC()})
	}
	if !o.looked {
		tell = func(string, string) {}
	}
	o.lookAtSettings(a.options.Gateway.Settings(), tell)
	o.lookAtCameras(a.options.Gateway.Cameras(), tell)
	o.lookAtStates(a.options.Hub.Stats(), tell)
	o.lookAtPublishers(a.options.Gateway.Publishers(), tell)
	o.looked = true
}

func (o *observed) lookAtSettings(s Settings, tell func(kind, camera string)) {
	refused := ""
	if s.Refused != nil {
		refused = s.Refused.Error()
	}
	if refused != "" && refused != o.refused {
		tell(settingsRefused, "")
	}
	if s.Config != o.settings {
		tell(settingsChanged, "")
	}
	o.settings, o.refused = s.Config, refused
}

func (o *observed) lookAtCameras(all []Camera, tell func(kind, camera string)) {
	now := make(map[string]config.Camera, len(all))
	for _, c := range all {
		now[c.ID] = c.Camera
		switch before, there := o.cameras[c.ID]; {
		case !there:
			tell(cameraAdded, c.ID)
		case before != c.Camera:
			tell(cameraChanged, c.ID)
		}
	}
	for id := range o.cameras {
		if _, there := now[id]; !there {
			tell(cameraRemoved, id)
		}
	}
	o.cameras = now
}

// seen is what was seen of the stream of what a camera sends itself.
type seen struct {
	state stream.State // never Connecting
	runs  uint64
}

func (o *observed) lookAtStates(all []stream.Stats, tell func(kind, camera string)) {
	now := make(map[string]seen)
	for _, s := range all {
		if s.Key.Rendition != "" {
			continue
		}
		before := o.states[s.Key.Camera]
		after := before.follow(s)
		if before.state == stream.Online && after.state == stream.Online && before.runs != after.runs {
			tell(cameraOffline, s.Key.Camera) // and on again meanwhile
			tell(cameraOnline, s.Key.Camera)
		}
		tellState(before.state, after.state, s.Key.Camera, tell)
		now[s.Key.Camera] = after
	}
	for camera, before := range o.states {
		if _, there := now[camera]; !there {
			tellState(before.state, stream.Idle, camera, tell)
		}
	}
	o.states = now
}

// follow gives what is seen of a stream after this. A camera that is connecting
// is what it was, but not online any more.
func (before seen) follow(s stream.Stats) seen {
	after := seen{s.State, s.Runs}
	if s.State == stream.Connecting {
		after.state = before.state
	}
	if s.State == stream.Connecting && before.state == stream.Online {
		after.state = stream.Offline
	}
	return after
}

func tellState(before, after stream.State, camera string, tell func(kind, camera string)) {
	if before == after {
		return
	}
	switch after {
	case stream.Online:
		tell(cameraOnline, camera)
	case stream.Offline:
		tell(cameraOffline, camera)
	case stream.Idle:
		tell(cameraIdle, camera)
	}
}

func (o *observed) lookAtPublishers(all []Publisher, tell func(kind, camera string)) {
	now := make(map[string]time.Time, len(all))
	for _, p := range all {
		now[p.Camera] = p.Since
	}
	for camera, since := range o.publishers {
		if again, there := now[camera]; !there || !again.Equal(since) {
			tell(publisherWent, camera)
		}
	}
	for camera, since := range now {
		if before, there := o.publishers[camera]; !there || !before.Equal(since) {
			tell(publisherCame, camera)
		}
	}
	o.publishers = now
}
