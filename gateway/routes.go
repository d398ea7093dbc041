package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"framegate/gateway/auth"
	"framegate/gateway/media"
	"framegate/gateway/output/live"
	"framegate/gateway/output/sse"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

// handle answers a request for a camera. An error means that nothing has been
// answered yet; statusOf knows what to answer then.
type handle func(w http.ResponseWriter, r *http.Request, camera string) error

// form is one way a camera's pictures come in or go out: POST /live/{id}.jpg
// is the form "POST .jpg".
type form struct {
	method    string
	extension string // behind the camera's id, or "" for none
}

// forms is every form there is. A new one is a line here.
func (g *gateway) forms() map[form]handle {
	return map[form]handle{
		{"GET", ""}:        g.serveSocket,
		{"GET", ".mp4"}:    g.serveMP4,
		{"GET", ".sse"}:    g.serveEvents,
		{"GET", ".mjpeg"}:  g.viewing(g.encoding(g.mjpeg.Serve)),
		{"GET", ".jpg"}:    g.viewing(g.snapshot.Serve),
		{"POST", ".mjpeg"}: g.upload.ServeEndless,
		{"POST", ".jpg"}:   g.upload.ServeFrame,
	}
}

// route is one address, and who may use it. The whole table is in routes, and a
// test holds it against who may do what.
type route struct {
	pattern string      // of http.ServeMux
	needs   auth.Action // what whoever asks must be allowed to do
	ways    auth.Ways   // by which they may come in
	camera  func(*http.Request) string
	serve   handle
}

// What a route may need besides the actions that package auth knows.
const (
	nothing  auth.Action = "nothing"  // everybody may use it
	anything auth.Action = "anything" // whoever is somebody may
)

// routes is every address there is but those of the API. GET includes HEAD.
func (g *gateway) routes(ready *atomic.Bool) []route {
	live := g.serveLive(g.forms())
	assets := plain(g.pages.Assets())
	return []route{
		{"GET /live/{name}", auth.View, auth.Media, cameraOfForm, live},
		{"POST /live/{name}", auth.Publish, auth.Media, cameraOfForm, live},
		{"PUT /live/{name}", auth.Publish, auth.Media, cameraOfForm, live},
		{"GET /live/{id}/publish", auth.Publish, auth.Media, cameraOfPath, g.upload.ServeWebSocket},
		{"GET /stream", auth.View, auth.Media, g.defaultCamera, g.viewing(g.encoding(g.mjpeg.Serve))},
		{"POST /upload", auth.Publish, auth.Media, g.defaultCamera, g.upload.ServeUpload},

		{"GET /{$}", anything, auth.Cookie, noCamera, g.showViewer},
		{"GET /camera/{id}", auth.View, auth.Cookie, cameraOfPath, g.showCamera},
		{"GET /broadcast/{id}", auth.Publish, auth.Cookie, cameraOfPath, g.showBroadcaster},
		{"GET /login", nothing, 0, noCamera, g.showLogin},
		{"POST /login", nothing, 0, noCamera, g.logIn},
		{"POST /logout", nothing, 0, noCamera, g.logOut},
		{"GET /assets/", nothing, 0, noCamera, assets},
		{"GET /demo/", nothing, 0, noCamera, assets},
		{"GET /ca.crt", nothing, 0, noCamera, g.proof.showAuthority},

		{"GET /metrics", auth.Metrics, auth.Cookie | auth.Bearer | auth.Basic, noCamera, plain(g.metricsHandler(g.hits))},
		{"GET /healthz", nothing, 0, noCamera, sayOK},
		{"GET /readyz", nothing, 0, noCamera, func(w http.ResponseWriter, r *http.Request, _ string) error {
			if !ready.Load() {
				return errShuttingDown
			}
			return sayOK(w, r, "")
		}},
	}
}

// handler is the whole HTTP side: the route table, behind the checks that
// every request passes.
func (g *gateway) handler(ready *atomic.Bool) http.Handler {
	mux := http.NewServeMux()
	for _, route := range append(g.routes(ready), g.apiRoutes()...) {
		mux.Handle(route.pattern, g.answering(route))
	}
	return g.guard(g.elsewhere(mux))
}

// elsewhere has people who go to an address where nothing is get a page that
// says so; programs get what the router says.
func (g *gateway) elsewhere(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isPage(r) && !isAPI(r) {
			if _, pattern := mux.Handler(r); pattern == "" {
				g.refuse(w, r, http.StatusNotFound, "no page of this server has that address")
				return
			}
		}
		mux.ServeHTTP(w, r)
	})
}

// Which camera a request is about.
func cameraOfPath(r *http.Request) string { return r.PathValue("id") }
func noCamera(*http.Request) string       { return "" }

func cameraOfForm(r *http.Request) string {
	id, _ := splitName(r.PathValue("name"))
	return id
}

func (g *gateway) defaultCamera(*http.Request) string { return g.settings().DefaultCamera }

// plain makes a handle of a handler.
func plain(h http.Handler) handle {
	return func(w http.ResponseWriter, r *http.Request, _ string) error {
		h.ServeHTTP(w, r)
		return nil
	}
}

func sayOK(w http.ResponseWriter, _ *http.Request, _ string) error {
	_, err := fmt.Fprintln(w, "ok")
	return err
}

// serveLive finds the form that /live/{id}{extension} asks for. PUT means what
// POST means: curl -T and GStreamer know no other.
func (g *gateway) serveLive(forms map[form]handle) handle {
	return func(w http.ResponseWriter, r *http.Request, camera string) error {
		_, extension := splitName(r.PathValue("name"))
		method := r.Method
		switch method {
		case "HEAD":
			method = "GET"
		case "PUT":
			method = "POST"
		}
		h, ok := forms[form{method, extension}]
		if !ok {
			return fmt.Errorf("%w: %s %q; there are %s", errNoForm, r.Method, extension, extensions(forms, method))
		}
		return h(w, r, camera)
	}
}

// extensions lists the forms there are for a method, for people.
func extensions(forms map[form]handle, method string) string {
	var names []string
	for f := range forms {
		if f.method == method && f.extension != "" {
			names = append(names, f.extension)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// splitName splits "front.mjpeg" into "front" and ".mjpeg". A camera's id has
// no dot.
func splitName(name string) (id, extension string) {
	if dot := strings.IndexByte(name, '.'); dot >= 0 {
		return name[:dot], name[dot:]
	}
	return name, ""
}

// output shows a viewer a stream.
type output func(http.ResponseWriter, *http.Request, stream.Key, stream.Viewer) error

// encoding makes an output that refuses who would get no encoder of one that
// could only end then.
func (g *gateway) encoding(show output) output {
	return func(w http.ResponseWriter, r *http.Request, key stream.Key, v stream.Viewer) error {
		if err := g.encodes(key, v); err != nil {
			return err
		}
		return show(w, r, key, v)
	}
}

// encodes says why a viewer would get no encoder for a stream, if it needs one.
// What a camera sends that was not connected yet is not known, and is found out
// by its rendition.
func (g *gateway) encodes(key stream.Key, v stream.Viewer) error {
	format, fps := g.hub.Sends(stream.Key{Camera: key.Camera})
	request, ok := rendition.ParseKey(key.Rendition)
	if !ok || format == nil || isCommon(request) || request.PassesAt(format, fps) {
		return nil
	}
	return g.encoders.Refusal(key, v)
}

// viewing makes a handle of an output that shows JPEGs.
func (g *gateway) viewing(output output) handle {
	return func(w http.ResponseWriter, r *http.Request, camera string) error {
		request, err := rendition.ParseQuery(media.JPEG, r.URL.Query())
		if err != nil {
			return err
		}
		return output(w, r, g.pictures(camera, request), g.viewer(r))
	}
}

// serveSocket shows a camera as it is, or in what codec and size is asked for.
func (g *gateway) serveSocket(w http.ResponseWriter, r *http.Request, camera string) error {
	asJPEG, err := rendition.ParseQuery(media.JPEG, r.URL.Query())
	if err != nil {
		return err
	}
	asH264 := asJPEG
	asH264.Codec = media.H264
	choice := live.Choice{
		H264: stream.Key{Camera: camera, Rendition: asH264.Key()},
		JPEG: g.pictures(camera, asJPEG),
		Why:  why(principalOf(r)),
	}
	if asJPEG.Plain() {
		choice.Own = stream.Key{Camera: camera}
	} else if err := g.encodes(choice.H264, g.viewer(r)); err != nil && g.encodes(choice.JPEG, g.viewer(r)) != nil {
		return err
	}
	return g.live.ServeWebSocket(w, r, choice, g.viewer(r))
}

func (g *gateway) serveMP4(w http.ResponseWriter, r *http.Request, camera string) error {
	request, err := rendition.ParseQuery(media.H264, r.URL.Query())
	if err != nil {
		return err
	}
	choice := live.Choice{H264: stream.Key{Camera: camera, Rendition: request.Key()}}
	if request.Plain() {
		choice.Own = stream.Key{Camera: camera}
	} else if err := g.encodes(choice.H264, g.viewer(r)); err != nil {
		return err
	}
	return g.live.ServeMP4(w, r, choice, g.viewer(r))
}

// serveEvents shows a camera at a lower rate than other forms do, unless the
// client says which it wants.
func (g *gateway) serveEvents(w http.ResponseWriter, r *http.Request, camera string) error {
	request, err := rendition.ParseQuery(media.JPEG, r.URL.Query())
	if err != nil {
		return err
	}
	request.FPS = sse.Rate(request.FPS)
	return g.encoding(g.sse.Serve)(w, r, g.pictures(camera, request), g.viewer(r))
}

// viewer is who watches, for the limits on viewers.
func (g *gateway) viewer(r *http.Request) stream.Viewer {
	return stream.Viewer{Address: clientAddress(r), Principal: principalOf(r).Subject()}
}

// pictures gives the stream of a camera's pictures, as they are asked for. Of
// a camera that sends JPEGs anyway that is its own.
func (g *gateway) pictures(camera string, request rendition.Request) stream.Key {
	c, known := g.cameras.find(camera)
	if !known || request.Plain() && sendsJPEG(c.Source.Kind) {
		return stream.Key{Camera: camera}
	}
	return stream.Key{Camera: camera, Rendition: request.Key()}
}
