package front

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/stream"
)

// Visit is a request that was let in.
type Visit struct {
	Camera    string         // that it is about; "" for none
	Principal auth.Principal // from whom
	Address   string         // of the client, without its port

	exit *stream.Exit // of a viewer
}

// Client is who asks, as limits on viewers count it.
func (v Visit) Client() stream.Client {
	return stream.Client{Address: v.Address, Principal: v.Principal.Subject(), Exit: v.exit}
}

// endable makes a handle of a viewer's that an admin can end, as the end of a
// permission does.
func endable(serve Handle) Handle {
	return func(w http.ResponseWriter, r *http.Request, v Visit) error {
		ctx, end := context.WithCancelCause(r.Context())
		defer end(nil)
		v.exit = &stream.Exit{End: func() { end(stream.ErrEnded) }}
		return serve(w, r.WithContext(ctx), v)
	}
}

// Handle answers a request. An error means that nothing has been answered yet;
// the status that is answered then is that of Form.Refusals, or one that package
// front knows.
type Handle func(w http.ResponseWriter, r *http.Request, v Visit) error

// Refusal says with which HTTP status an error is answered.
type Refusal struct {
	Err    error // matches all that wrap it
	Status int
}

// Form is one way in which a camera's pictures come in or go out.
type Form struct {
	Method   string      // GET, for which HEAD will do too, is for viewers; POST, for which PUT will do, for publishers
	Address  string      // begins with /live/{id} and goes on with ".extension" or "/name" or nothing; without {id} it is for the default camera
	Action   auth.Action // that must be permitted; where there is an extension View for GET, Publish for POST
	Link     string      // by which name the API gives its address; "" where it does not
	Serve    Handle
	Ends     bool      // a request for it ends by itself, and the end of the server waits for that where it was told to
	Refusals []Refusal // of Serve
	Limits   []string  // names of those that it hits
	Close    func()    // ends all that are served, and waits for them; nil where another form does, or none need be
	Explain  Handle    // answers OPTIONS, to anybody and of any camera alike; nil where nothing does
	Session  Handle    // answers PATCH and DELETE of {session} below the address, to whoever knows that name; nil where there are none
}

// live is where the addresses of forms begin.
const live = "/live/{id}"

// actions are what those need who ask for a form with an extension.
var actions = map[string]auth.Action{http.MethodGet: auth.View, http.MethodPost: auth.Publish}

// extension gives what is behind the camera's id, and false for a form that has
// an address of its own.
func (f Form) extension() (string, bool) {
	extension, ok := strings.CutPrefix(f.Address, live)
	return extension, ok && !strings.HasPrefix(extension, "/")
}

// formRoutes gives the routes of all forms.
func (f *Front) formRoutes() (routes []route) {
	methods := make(map[string]map[string]Handle)
	for _, form := range f.options.Forms {
		form.Serve = f.prepared(form)
		extension, shared := form.extension()
		if !shared {
			routes = append(routes, route{form.Method + " " + form.Address, form.Action, auth.Media, f.cameraOf(form), form.Serve})
			routes = append(routes, form.sessionRoutes()...)
			continue
		}
		if form.Action != actions[form.Method] {
			panic("front: " + form.Method + " " + form.Address + " would be open to who may " + string(actions[form.Method]))
		}
		if methods[form.Method] == nil {
			methods[form.Method] = make(map[string]Handle)
		}
		if methods[form.Method][extension] != nil {
			panic("front: " + form.Method + " " + form.Address + " is there twice") // as package http has it of other addresses
		}
		methods[form.Method][extension] = form.Serve
	}
	shows, takes := serveForms(methods[http.MethodGet]), serveForms(methods[http.MethodPost])
	return append(routes,
		route{"GET /live/{name}", auth.View, auth.Media, cameraOfName, shows},
		route{"POST /live/{name}", auth.Publish, auth.Media, cameraOfName, takes},
		route{"PUT /live/{name}", auth.Publish, auth.Media, cameraOfName, takes}, // curl -T and GStreamer know no other
	)
}

// sessionRoutes gives the routes of what is made at a form's address. The name of a
// session is a secret of who made it, and takes the place of a permission.
func (f Form) sessionRoutes() (routes []route) {
	if f.Explain != nil {
		routes = append(routes, route{"OPTIONS " + f.Address, api.Public, 0, noCamera, f.Explain})
	}
	if f.Session != nil {
		for _, method := range []string{http.MethodPatch, http.MethodDelete} {
			routes = append(routes, route{method + " " + f.Address + "/{session}", api.Public, 0, noCamera, f.Session})
		}
	}
	return routes
}

// prepared gives the handle of a form with what all of them have in common.
func (f *Front) prepared(form Form) Handle {
	serve := form.Serve
	if form.Method == http.MethodGet {
		serve = endable(serve)
	}
	if form.Ends {
		serve = f.counted(serve)
	}
	return f.welcoming(serve)
}

// cameraOf gives what finds the camera that a request for a form is about.
func (f *Front) cameraOf(form Form) func(*http.Request) string {
	if strings.HasPrefix(form.Address, live) {
		return cameraOfPath
	}
	return func(*http.Request) string { return f.options.Settings().DefaultCamera }
}

// serveForms finds the form that /live/{id}{extension} asks for.
func serveForms(forms map[string]Handle) Handle {
	return func(w http.ResponseWriter, r *http.Request, v Visit) error {
		_, extension := splitName(r.PathValue("name"))
		serve, ok := forms[extension]
		if !ok {
			return fmt.Errorf("%w: %s %q; there are %s", errNoForm, r.Method, extension, extensions(forms))
		}
		return serve(w, r, v)
	}
}

// extensions lists the forms there are, for people.
func extensions(forms map[string]Handle) string {
	var names []string
	for extension := range forms {
		if extension != "" {
			names = append(names, extension)
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
