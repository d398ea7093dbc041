package front

import (
	"net/http"
	"strings"

	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/roster"
	"framegate/gateway/stream"
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
		if camera := pageCamera(r, v.Principal, c); camera.View || camera.Broadcast {
			cameras = append(cameras, camera)
		}
	}
	f.options.Pages.Viewer(w, r, v.Principal.Name(), cameras)
	return nil
}

func (f *Front) showCamera(w http.ResponseWriter, r *http.Request, v Visit) error {
	c, ok := f.options.Cameras.Find(v.Camera)
	if !ok {
		return stream.ErrUnknown
	}
	f.options.Pages.Camera(w, r, v.Principal.Name(), pageCamera(r, v.Principal, c), f.uses(c.ID))
	return nil
}

// uses gives the forms of a camera that its page names.
func (f *Front) uses(camera string) (uses []web.Use) {
	for _, form := range f.options.Forms {
		if form.Use != "" {
			uses = append(uses, web.Use{For: form.Use, Address: strings.TrimPrefix(form.of(camera), "/")})
		}
	}
	return uses
}

// pageCamera is what a page says of a camera to who asks.
func pageCamera(r *http.Request, p auth.Principal, c roster.Camera) web.Camera {
	return web.Camera{
		ID: c.ID, Name: c.Name, Source: string(c.Source.Kind), Base: BaseOf(r.Context()),
		View:      auth.Authorize(p, auth.View, c.ID),
		Broadcast: c.Source.Kind == config.SourceUpload && auth.Authorize(p, auth.Publish, c.ID),
	}
}
