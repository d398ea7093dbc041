package main

import (
	"net/http"

	"framegate/gateway/config"
	"framegate/gateway/stream"
	"framegate/web"
)

func (g *gateway) showViewer(w http.ResponseWriter, r *http.Request) {
	states := make(map[stream.Key]stream.State)
	for _, s := range g.hub.Stats() {
		states[s.Key] = s.State
	}
	cameras := make([]web.Camera, 0, len(g.config.Cameras))
	for _, c := range g.config.Cameras {
		cameras = append(cameras, pageCamera(c, states[stream.Key{Camera: c.ID}]))
	}
	g.pages.Viewer(w, r, cameras)
}

func (g *gateway) showCamera(w http.ResponseWriter, r *http.Request) {
	if c, ok := g.pathCamera(w, r); ok {
		g.pages.Camera(w, r, pageCamera(c, stream.Idle))
	}
}

func (g *gateway) showBroadcaster(w http.ResponseWriter, r *http.Request) {
	c, ok := g.pathCamera(w, r)
	if !ok {
		return
	}
	if c.Source.Kind != config.SourceUpload {
		answer(w, http.StatusNotFound, c.ID+": "+stream.ErrPulled.Error())
		return
	}
	g.pages.Broadcaster(w, r, pageCamera(c, stream.Idle))
}

// pathCamera finds the camera that the path names, or answers that there is
// none.
func (g *gateway) pathCamera(w http.ResponseWriter, r *http.Request) (config.Camera, bool) {
	c, ok := g.config.Camera(r.PathValue("id"))
	if !ok {
		answer(w, http.StatusNotFound, stream.ErrUnknown.Error())
	}
	return c, ok
}

func pageCamera(c config.Camera, s stream.State) web.Camera {
	return web.Camera{ID: c.ID, Name: c.Name, Source: string(c.Source.Kind), State: s.String()}
}
