package front

import (
	"net/http"

	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/roster"
	"framegate/web"
)

// showApp shows the app, which asks the API who looks at it.
func (f *Front) showApp(w http.ResponseWriter, r *http.Request, _ Visit) error {
	f.options.Pages.App(w, r)
	return nil
}

// showViewer shows the cameras that whoever asks may see or send pictures to.
func (f *Front) showViewer(w http.ResponseWriter, r *http.Request, v Visit) error {
	var cameras []web.Camera
	for _, c := range f.options.Cameras.All() {
		if camera := pageCamera(v.Principal, c); camera.View || camera.Broadcast {
			cameras = append(cameras, camera)
		}
	}
	f.options.Pages.Viewer(w, r, v.Principal.Name(), cameras)
	return nil
}

// pageCamera is what a page says of a camera to who asks.
func pageCamera(p auth.Principal, c roster.Camera) web.Camera {
	return web.Camera{
		ID: c.ID, Name: c.Name, Source: string(c.Source.Kind),
		View:      auth.Authorize(p, auth.View, c.ID),
		Broadcast: c.Source.Kind == config.SourceUpload && auth.Authorize(p, auth.Publish, c.ID),
	}
}
