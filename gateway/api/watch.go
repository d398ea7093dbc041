package api

import (
	"context"
	"sync"
	"time"

	"framegate/gateway/api/events"
	"framegate/gateway/config"
)

// lookPause is how long Run looks no more after a look: a hundred cameras that
// fail all the time cost no more looks than one.
const lookPause = 50 * time.Millisecond

// Run tells those who listen to events what happens, until ctx is done. It
// returns nil. It looks at what there is when it begins and after each Changed;
// while nothing changes nothing is done. It is to be run once; without it there
// are no events.
func (a *API) Run(ctx context.Context) error {
	var o events.Observer
	var log sync.WaitGroup
	defer log.Wait()
	log.Go(func() { a.tellOfLog(ctx) })
	for {
		for _, e := range o.Observe(a.look()) {
			a.listeners.Tell(e)
		}
		a.listeners.Show(o.Now)
		var again <-chan time.Time
		if wait := o.Wait(); wait > 0 {
			again = time.After(wait)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookPause):
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.changes:
		case <-again:
		}
	}
}

// Recorded tells of what became of the recordings of a camera: a kind of events,
// within which time, and why if that is to be said.
func (a *API) Recorded(kind, camera string, from, to time.Time, reason string) {
	a.listeners.Tell(events.Event{
		Kind: kind, Camera: camera, At: time.Now().UTC(), From: timeOf(from), To: timeOf(to), Reason: reason,
	})
}

// Follow gives a listener of this process, who hears all that happens. leave must be
// called in the end.
func (a *API) Follow() (l *events.Listener, leave func()) {
	defer a.Changed() // so that it is shown how all is
	return a.listeners.Follow()
}

// Now gives how all is, as those who follow were shown it; nil where they were not yet.
func (a *API) Now() *events.Now { return a.listeners.Now() }

// Changed says that something that events tell of may have changed. It returns
// at once and may be called from any goroutine, with whatever locked.
func (a *API) Changed() {
	select {
	case a.changes <- struct{}{}:
	default: // it will be looked at anyway
	}
}

// look gives what there is at the moment.
func (a *API) look() events.Look {
	settings := a.options.Gateway.Settings()
	look := events.Look{
		Settings:   settings.Config,
		Cameras:    make(map[string]config.Camera),
		Streams:    a.options.Hub.Stats(),
		Publishers: make(map[string]time.Time),
		Recordings: make(map[string]events.Recording),
		Exports:    make(map[string]events.Export),
		Troubles:   make(map[string]string),
	}
	if a.options.Exports != nil {
		for _, j := range a.options.Exports.All() {
			look.Exports[j.ID] = events.Export{State: string(j.State), Owner: j.By.ID, Percent: int(100 * j.Progress)}
		}
	}
	if settings.Refused != nil {
		look.Refused = settings.Refused.Error()
	}
	for _, t := range a.options.Gateway.Troubles() {
		look.Troubles[t.Name] = t.Text
	}
	for _, c := range a.options.Gateway.Cameras() {
		look.Cameras[c.ID] = c.Camera
	}
	room, recordings := a.options.Gateway.Recordings()
	look.Disk = events.Disk{Free: room.Free, Total: room.Total, Recorded: room.Recorded}
	for _, r := range recordings {
		look.Recordings[r.Camera] = events.Recording{State: r.State, Reason: r.Reason, Crowded: r.Crowded}
	}
	for _, p := range a.options.Gateway.Publishers() {
		look.Publishers[p.Camera] = p.Since
	}
	lookAtNodes(&look, a.options.Gateway.NodeCameras())
	return look
}
