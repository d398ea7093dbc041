package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"

	"framegate/gateway/config"
	"framegate/gateway/stream"
)

// camera is one that can be watched.
type camera struct {
	config.Camera
	added  bool          // while the server ran, and kept in its state; else it is of the file
	place  int           // among all, from 0
	source stream.Source // nil where frames are sent in
}

// staysConnected says that it runs without viewers too: a camera that dials us
// does always, since its encoder comes when it likes and may not come again.
func (c camera) staysConnected() bool {
	return (c.Keep == config.KeepAlways || c.Source.Listen) && c.source != nil
}

// roster is which cameras there are at the moment. Many look into it, and set
// alone changes it.
type roster struct {
	setting sync.Mutex                // one set at a time; taken before the hub's lock
	keepers map[string]*stream.Reader // hold the cameras that stay connected; guarded by setting
	closed  bool                      // guarded by setting

	mu   sync.RWMutex // guards byID; taken within the hub's lock, so the hub is never called with it
	byID map[string]camera
}

// find gives the camera with this id.
func (r *roster) find(id string) (camera, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	c, ok := r.byID[id]
	return c, ok
}

// all gives the cameras in the order in which people see them: that of the
// configuration, and then that in which they were added.
func (r *roster) all() []camera {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.SortedFunc(maps.Values(r.byID), func(a, b camera) int { return cmp.Compare(a.place, b.place) })
}

// source gives what makes a camera's frames.
func (r *roster) source(id string) (stream.Source, error) {
	c, ok := r.find(id)
	if !ok {
		return nil, stream.ErrUnknown
	}
	return c.source, nil
}

// refreshCameras makes those of the configuration, and those that were added
// while the server runs, the cameras there are.
func (g *gateway) refreshCameras() error { return g.changeCameras(nil, nil) }

// changeCameras makes the cameras of these settings, and those added while the
// server runs, the ones there are; nil leaves the one or the other as it is.
// Where both have an id, it is the configuration's. After an error nothing is
// different, nor was it ever: what is not taken is nowhere to be seen.
func (g *gateway) changeCameras(settings *config.Config, added *[]config.Camera) error {
	r := &g.cameras
	r.setting.Lock() // before a look at what there is to be, so that the last look counts
	defer r.setting.Unlock()
	if r.closed {
		return stream.ErrClosed
	}
	settings, added = cmp.Or(settings, g.settings()), cmp.Or(added, g.added.Load())
	next, err := g.withSources(g.camerasOf(settings, *added))
	if err != nil {
		return err
	}
	g.current.Store(settings)
	g.added.Store(added)
	g.setCameras(next)
	return nil
}

// camerasOf gives the cameras of these settings, and of those added the ones
// that they leave room for.
func (g *gateway) camerasOf(settings *config.Config, added []config.Camera) (cameras []camera) {
	for _, c := range settings.Cameras {
		cameras = append(cameras, camera{Camera: c})
	}
	for _, c := range added {
		if _, configured := settings.Camera(c.ID); configured {
			g.log.Warn("the configuration has a camera that was also added at run time, and wins", "camera", c.ID)
			continue
		}
		cameras = append(cameras, camera{Camera: c, added: true})
	}
	return cameras
}

// withSources gives the cameras what makes their frames.
func (g *gateway) withSources(cameras []camera) (map[string]camera, error) {
	byID := make(map[string]camera, len(cameras))
	for place, c := range cameras {
		c.place = place
		c, err := g.withSource(c)
		if err != nil {
			return nil, fmt.Errorf("camera %s: %w", c.ID, err)
		}
		byID[c.ID] = c
	}
	return byID, nil
}

// setCameras makes these the cameras there are, from now on. Where one is as it
// was it loses no frame. The roster is being set.
func (g *gateway) setCameras(byID map[string]camera) {
	r := &g.cameras
	r.mu.Lock()
	before := r.byID
	r.byID = byID
	r.mu.Unlock()
	for id := range before {
		if now, there := byID[id]; !there || !sameSource(before[id], now) {
			g.hub.Change(id)
		}
	}
	g.keepConnected()
}

// withSource gives the camera what makes its frames: what does so already, if
// nothing about it changed.
func (g *gateway) withSource(c camera) (camera, error) {
	if old, ok := g.cameras.find(c.ID); ok && sameSource(old, c) {
		c.source = old.source
		return c, nil
	}
	var err error
	c.source, err = g.newSource(c)
	return c, err
}

// sameSource says that two cameras give the same pictures in the same way.
func sameSource(a, b camera) bool {
	a.Name, a.Keep, a.source, a.place = "", "", nil, 0
	b.Name, b.Keep, b.source, b.place = "", "", nil, 0
	return a == b
}

// keepConnected opens a reader for each camera that is to run without viewers,
// and closes those of cameras that are not any more. The roster is being set.
func (g *gateway) keepConnected() {
	r := &g.cameras
	for id, keeper := range r.keepers {
		if c, ok := r.find(id); !ok || !c.staysConnected() {
			keeper.Close()
			delete(r.keepers, id)
		}
	}
	for _, c := range r.all() {
		if !c.staysConnected() || r.keepers[c.ID] != nil {
			continue
		}
		keeper, err := g.hub.Open(stream.Key{Camera: c.ID}, stream.ReadOptions{Hold: true})
		if err != nil { // the server ends
			g.log.Warn("camera is not kept connected", "camera", c.ID, "err", err)
			continue
		}
		r.keepers[c.ID] = keeper
	}
}

// close lets go of the cameras that stay connected.
func (r *roster) close() {
	r.setting.Lock()
	defer r.setting.Unlock()
	r.closed = true
	for _, keeper := range r.keepers {
		keeper.Close()
	}
	clear(r.keepers)
}
