package main

import (
	"net/http"

	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/stream"
	"framegate/web"
)

// showViewer shows the cameras that whoever asks may see or send pictures to.
func (g *gateway) showViewer(w http.ResponseWriter, r *http.Request, _ string) error {
	var cameras []web.Camera
	for _, c := range g.cameras.all() {
		if camera := pageCamera(r, c); camera.View || camera.Broadcast {
			cameras = append(cameras, camera)
		}
	}
	g.pages.Viewer(w, r, visitor(r), cameras)
	return nil
}

func (g *gateway) showCamera(w http.ResponseWriter, r *http.Request, id string) error {
	c, ok := g.cameras.find(id)
	if !ok {
		return stream.ErrUnknown
	}
	g.pages.Camera(w, r, visitor(r), pageCamera(r, c))
	return nil
}

func (g *gateway) showBroadcaster(w http.ResponseWriter, r *http.Request, id string) error {
	c, ok := g.cameras.find(id)
	switch {
	case !ok:
		return stream.ErrUnknown
	case c.Source.Kind != config.SourceUpload:
		answer(w, http.StatusNotFound, c.ID+": "+stream.ErrPulled.Error())
		return nil
	}
	g.pages.Broadcaster(w, r, visitor(r), pageCamera(r, c))
	return nil
}

// pageCamera is what a page says of a camera to who asks.
func pageCamera(r *http.Request, c camera) web.Camera {
	p := principalOf(r)
	return web.Camera{
		ID: c.ID, Name: c.Name, Source: string(c.Source.Kind), Base: baseOf(r.Context()),
		View:      auth.Authorize(p, auth.View, c.ID),
		Broadcast: c.Source.Kind == config.SourceUpload && auth.Authorize(p, auth.Publish, c.ID),
	}
}

// visitor names who is logged in to a page.
func visitor(r *http.Request) string { return principalOf(r).Name() }
