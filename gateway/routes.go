package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"framegate/gateway/media"
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
		{"GET", ".mjpeg"}:  g.viewing(g.mjpeg.Serve),
		{"GET", ".jpg"}:    g.viewing(g.snapshot.Serve),
		{"POST", ".mjpeg"}: g.upload.ServeEndless,
		{"POST", ".jpg"}:   g.upload.ServeFrame,
	}
}

// handler is the whole HTTP side: the route table, behind the checks that
// every request passes.
func (g *gateway) handler(ready *atomic.Bool) http.Handler {
	mux := http.NewServeMux()
	for _, method := range []string{"GET", "POST", "PUT"} { // GET includes HEAD
		mux.HandleFunc(method+" /live/{name}", g.serveLive(g.forms()))
	}
	mux.HandleFunc("GET /live/{id}/publish", g.camera(g.upload.ServeWebSocket))
	mux.HandleFunc("GET /stream", g.defaultCamera(g.viewing(g.mjpeg.Serve)))
	mux.HandleFunc("POST /upload", g.defaultCamera(g.upload.ServeUpload))

	mux.HandleFunc("GET /{$}", g.showViewer)
	mux.HandleFunc("GET /camera/{id}", g.showCamera)
	mux.HandleFunc("GET /broadcast/{id}", g.showBroadcaster)
	mux.Handle("GET /assets/", g.pages.Assets())

	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			answer(w, http.StatusServiceUnavailable, "shutting down")
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return g.guard(mux)
}

// serveLive finds the form that /live/{id}{extension} asks for. PUT means what
// POST means: curl -T and GStreamer know no other.
func (g *gateway) serveLive(forms map[form]handle) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, extension := splitName(r.PathValue("name"))
		method := r.Method
		switch method {
		case "HEAD":
			method = "GET"
		case "PUT":
			method = "POST"
		}
		h, ok := forms[form{method, extension}]
		if !ok {
			answer(w, http.StatusNotFound, fmt.Sprintf("no such form: %s %q; there are .mjpeg and .jpg", r.Method, extension))
			return
		}
		g.serve(w, r, id, h)
	}
}

// splitName splits "front.mjpeg" into "front" and ".mjpeg". A camera's id has
// no dot.
func splitName(name string) (id, extension string) {
	if dot := strings.IndexByte(name, '.'); dot >= 0 {
		return name[:dot], name[dot:]
	}
	return name, ""
}

// viewing makes a handle of an output that shows JPEGs.
func (g *gateway) viewing(output func(http.ResponseWriter, *http.Request, stream.Key, stream.Viewer) error) handle {
	return func(w http.ResponseWriter, r *http.Request, camera string) error {
		request, err := rendition.ParseQuery(media.JPEG, r.URL.Query())
		if err != nil {
			return err
		}
		return output(w, r, g.pictures(camera, request), stream.Viewer{Address: clientAddress(r)})
	}
}

// pictures gives the stream of a camera's pictures, as they are asked for. Of
// a camera that sends JPEGs anyway that is its own.
func (g *gateway) pictures(camera string, request rendition.Request) stream.Key {
	c, known := g.config.Camera(camera)
	if !known || request.Plain() && sendsJPEG(c.Source.Kind) {
		return stream.Key{Camera: camera}
	}
	return stream.Key{Camera: camera, Rendition: request.Key()}
}

func (g *gateway) camera(h handle) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { g.serve(w, r, r.PathValue("id"), h) }
}

func (g *gateway) defaultCamera(h handle) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { g.serve(w, r, g.config.DefaultCamera, h) }
}

// clientAddress is the address a request came from, without its port.
func clientAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
