package front

import (
	"fmt"
	"net/http"

	"framegate/gateway/api"
	"framegate/gateway/auth"
)

// route is one address, and who may use it. The whole table is in routes, and a
// test holds it against who may do what.
type route struct {
	pattern string      // of http.ServeMux
	needs   auth.Action // what whoever asks must be allowed to do
	ways    auth.Ways   // by which they may come in
	camera  func(*http.Request) string
	serve   Handle
}

// routes is every address there is. GET includes HEAD.
func (f *Front) routes() []route {
	assets := plain(f.options.Pages.Assets())
	routes := []route{
		{"GET /assets/", api.Public, 0, noCamera, assets},
		{"GET /demo/", api.Public, 0, noCamera, assets},
		{"GET /ca.crt", api.Public, 0, noCamera, f.options.Identity.showAuthority},
		{"GET /metrics", auth.Metrics, auth.Cookie | auth.Bearer | auth.Basic, noCamera, plain(f.options.Metrics)},
		{"GET /healthz", api.Public, 0, noCamera, sayOK},
		{"GET /readyz", api.Public, 0, noCamera, f.sayReady},
	}
	for _, path := range appPaths {
		routes = append(routes, route{"GET " + path, api.Public, 0, noCamera, f.showApp})
	}
	routes = append(routes, f.formRoutes()...)
	routes = append(routes, f.compatRoutes()...)
	return append(routes, f.apiRoutes()...)
}

// appPaths are the addresses of the app's views; web/app/router.svelte.ts has the same.
var appPaths = []string{"/{$}", "/broadcast/{id}", "/camera/{id}", "/recordings", "/recordings/{part}", "/settings", "/settings/{part}", "/login", "/welcome"}

// apiRoutes is the part of the route table that is the API's.
func (f *Front) apiRoutes() []route {
	serve := func(w http.ResponseWriter, r *http.Request, v Visit) error {
		ctx := api.WithHost(api.WithPrincipal(r.Context(), v.Principal), hostOf(r))
		f.options.API.ServeHTTP(w, r.WithContext(ctx))
		return nil
	}
	routes := []route{{"/api/", api.Public, 0, noCamera, serve}} // which says what is not there
	for _, t := range f.options.API.Routes() {
		of := noCamera
		switch t.Action {
		case auth.View, auth.Publish, auth.Playback, auth.PTZ:
			of = cameraOfPath
		}
		handle := f.counted(serve)
		if t.Path == api.EventsPath {
			handle = serve // which has no end of its own
		}
		routes = append(routes, route{t.Method + " " + t.Path, t.Action, auth.Control | auth.Basic, of, handle})
	}
	return routes
}

// Handler is the whole HTTP side: the route table, behind the checks that every
// request passes.
func (f *Front) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, route := range f.routes() {
		mux.Handle(route.pattern, f.answering(route))
	}
	return f.guard(tidied(f.translated(f.elsewhere(mux))))
}

// elsewhere has people who go to an address where nothing is get a page that
// says so; programs get what the router says.
func (f *Front) elsewhere(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isPage(r) && !isAPI(r) {
			if _, pattern := mux.Handler(r); pattern == "" {
				f.refuse(w, r, http.StatusNotFound, "no page of this server has that address")
				return
			}
		}
		mux.ServeHTTP(w, r)
	})
}

// Which camera a request is about.
func cameraOfPath(r *http.Request) string { return r.PathValue("id") }
func noCamera(*http.Request) string       { return "" }

func cameraOfName(r *http.Request) string {
	id, _ := splitName(r.PathValue("name"))
	return id
}

// plain makes a handle of a handler.
func plain(h http.Handler) Handle {
	return func(w http.ResponseWriter, r *http.Request, _ Visit) error {
		h.ServeHTTP(w, r)
		return nil
	}
}

func sayOK(w http.ResponseWriter, _ *http.Request, _ Visit) error {
	_, err := fmt.Fprintln(w, "ok")
	return err
}

func (f *Front) sayReady(w http.ResponseWriter, r *http.Request, v Visit) error {
	if !f.ready.Load() {
		return errShuttingDown
	}
	if f.refuseDraining(w) {
		return errDraining
	}
	if err := f.options.Unready(); err != nil {
		return err
	}
	return sayOK(w, r, v)
}
