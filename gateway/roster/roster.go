// Package roster knows which cameras there are at the moment: those of the
// configuration, and those that were added while the server runs.
package roster

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"framegate/gateway/config"
	"framegate/gateway/stream"
)

// Camera is one that can be watched.
type Camera struct {
	config.Camera
	Added  bool          // while the server ran, and kept in its state; else it is of the configuration
	place  int           // among all, from 0
	source stream.Source // nil where frames are sent in
	sub    stream.Source // nil where there is none
}

// staysConnected says that it runs without viewers too: a camera that dials us
// does always, since its encoder comes when it likes and may not come again, and one
// of which a second node is kept connected is so itself.
func (c Camera) staysConnected() bool {
	return (c.Keep == config.KeepAlways || c.Standby || c.Source.Listen) && c.source != nil
}

// Options are what a roster needs.
type Options struct {
	Hub *stream.Hub
	// Source makes what gives a camera's frames; nil for one whose frames are
	// sent in. An error says what is wrong with the camera. It is called by one
	// goroutine at a time. For a sub-stream it is called with that as the source.
	Source func(Camera) (stream.Source, error)
	// Here says whether a camera is this server's to connect to without viewers; nil is
	// all of them. It must return at once.
	Here func(id string) bool
	// Changed is told whenever All has become another, or what Configure calls
	// taken is done; nil is not told. It must return at once and not change the
	// roster.
	Changed func()
	Log     *slog.Logger
}

// Roster is which cameras there are at the moment. Many look into it, and change
// alone changes it.
type Roster struct {
	options Options

	setting           sync.Mutex // one change at a time; taken before the hub's lock
	configured, added []config.Camera
	keepers           map[string]*stream.Reader // hold the cameras that stay connected
	closed            bool

	mu   sync.RWMutex // guards byID; taken within the hub's lock, so the hub is never called with it
	byID map[string]Camera
}

// New makes a roster without cameras. Close must be called in the end, before
// the hub's.
func New(o Options) *Roster {
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Here == nil {
		o.Here = func(string) bool { return true }
	}
	return &Roster{options: o, keepers: make(map[string]*stream.Reader)}
}

// Find gives the camera with this id.
func (r *Roster) Find(id string) (Camera, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	c, ok := r.byID[id]
	return c, ok
}

// All gives the cameras in the order in which people see them: that of the
// configuration, and then that in which they were added.
func (r *Roster) All() []Camera {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.SortedFunc(maps.Values(r.byID), func(a, b Camera) int { return cmp.Compare(a.place, b.place) })
}

// Source gives what makes a camera's frames, nil where they are sent in. The
// error is stream.ErrUnknown.
func (r *Roster) Source(id string) (stream.Source, error) {
	c, ok := r.Find(id)
	if !ok {
		return nil, stream.ErrUnknown
	}
	return c.source, nil
}

// Sub gives what makes the frames of a camera's sub-stream. The error is
// stream.ErrUnknown, also where it has none.
func (r *Roster) Sub(id string) (stream.Source, error) {
	c, ok := r.Find(id)
	if !ok || c.sub == nil {
		return nil, stream.ErrUnknown
	}
	return c.sub, nil
}

// Configure makes these the cameras of the configuration. Where one that was
// added has the same id, the configuration's counts. Before the first of them
// can be seen it calls taken, if they can all be. After an error nothing is
// different, nor was it ever: what is not taken is nowhere to be seen.
func (r *Roster) Configure(cameras []config.Camera, taken func()) error {
	r.setting.Lock()
	defer r.setting.Unlock()
	return r.change(cameras, r.added, taken)
}

// SetAdded makes these the cameras that were added while the server runs, as
// Configure does those of the configuration.
func (r *Roster) SetAdded(cameras []config.Camera) error {
	r.setting.Lock()
	defer r.setting.Unlock()
	return r.change(r.configured, cameras, func() {})
}

// change makes these the cameras there are. The roster is being set.
func (r *Roster) change(configured, added []config.Camera, taken func()) error {
	if r.closed {
		return stream.ErrClosed
	}
	next, err := r.withSources(r.merge(configured, added))
	if err != nil {
		return err
	}
	r.configured, r.added = configured, added
	taken()
	r.put(next)
	r.options.Changed()
	return nil
}

// merge gives the configured cameras, and of those added the ones that they
// leave room for.
func (r *Roster) merge(configured, added []config.Camera) (cameras []Camera) {
	known := make(map[string]bool, len(configured))
	for _, c := range configured {
		known[c.ID] = true
		cameras = append(cameras, Camera{Camera: c})
	}
	for _, c := range added {
		if known[c.ID] {
			r.options.Log.Warn("the configuration has a camera that was also added at run time, and wins", "camera", c.ID)
			continue
		}
		cameras = append(cameras, Camera{Camera: c, Added: true})
	}
	return cameras
}

// withSources gives the cameras what makes their frames.
func (r *Roster) withSources(cameras []Camera) (map[string]Camera, error) {
	byID := make(map[string]Camera, len(cameras))
	for place, c := range cameras {
		c.place = place
		c, err := r.withSource(c)
		if err != nil {
			return nil, fmt.Errorf("camera %s: %w", c.ID, err)
		}
		byID[c.ID] = c
	}
	return byID, nil
}

// withSource gives the camera what makes its frames, and those of its sub-stream: what
// does so already, if nothing about it changed.
func (r *Roster) withSource(c Camera) (_ Camera, err error) {
	old, there := r.Find(c.ID)
	if there && sameSource(old, c) {
		c.source = old.source
	} else if c.source, err = r.options.Source(c); err != nil {
		return c, err
	}
	switch {
	case c.Sub == (config.Source{}):
	case there && sameSub(old, c):
		c.sub = old.sub
	default:
		c.sub, err = r.options.Source(c.SubStream())
	}
	return c, err
}

// SubStream gives the camera whose frames are those of c's sub-stream, which it has. Sound
// goes along with what a camera sends itself, which alone a second node keeps connected.
func (c Camera) SubStream() Camera {
	c.Source, c.Sub, c.Sound = c.Sub, config.Source{}, config.SoundOff
	c.Standby, c.Exclusive = false, false
	return c
}

// sameSource says that two cameras give the same pictures in the same way.
func sameSource(a, b Camera) bool {
	for _, c := range []*Camera{&a, &b} {
		c.Name, c.Keep, c.Record, c.source, c.place = "", "", config.Record{}, nil, 0
		c.Sub, c.sub = config.Source{}, nil
	}
	return a == b
}

// sameSub says that of their sub-streams.
func sameSub(a, b Camera) bool { return sameSource(a.SubStream(), b.SubStream()) }

// put makes these the cameras there are, from now on. Where one is as it was it
// loses no frame. The roster is being set.
func (r *Roster) put(byID map[string]Camera) {
	r.mu.Lock()
	before := r.byID
	r.byID = byID
	r.mu.Unlock()
	for id := range before {
		switch now, there := byID[id]; {
		case !there || !sameSource(before[id], now):
			r.options.Hub.Change(id)
		case !sameSub(before[id], now):
			r.options.Hub.ChangeSub(id)
		}
	}
	r.keepConnected()
}

// keepConnected opens a reader for each camera that is to run without viewers,
// and closes those of cameras that are not any more. The roster is being set.
func (r *Roster) keepConnected() {
	for id, keeper := range r.keepers {
		if c, ok := r.Find(id); !ok || !r.keeps(c) {
			keeper.Close()
			delete(r.keepers, id)
		}
	}
	for _, c := range r.All() {
		if !r.keeps(c) || r.keepers[c.ID] != nil {
			continue
		}
		keeper, err := r.options.Hub.Open(stream.Key{Camera: c.ID}, stream.ReadOptions{Hold: true})
		if err != nil { // the server ends
			r.options.Log.Warn("camera is not kept connected", "camera", c.ID, "err", err)
			continue
		}
		r.keepers[c.ID] = keeper
	}
}

// keeps says whether a camera is to be kept connected by this server.
func (r *Roster) keeps(c Camera) bool {
	return c.staysConnected() && r.options.Here(c.ID)
}

// Review looks again which cameras are to stay connected, as Options.Here has it
// now, and says that they changed.
func (r *Roster) Review() {
	r.setting.Lock()
	defer r.setting.Unlock()
	if r.closed {
		return
	}
	r.keepConnected()
	r.options.Changed()
}

// Close lets go of the cameras that stay connected. Changes fail from now on.
func (r *Roster) Close() {
	r.setting.Lock()
	defer r.setting.Unlock()
	r.closed = true
	for _, keeper := range r.keepers {
		keeper.Close()
	}
	clear(r.keepers)
}
