package front

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/stream"
)

// go2rtcVersion is that of go2rtc whose addresses are meant; programs look at it.
const go2rtcVersion = "1.9.14"

// errNoCompat is for addresses of other programs that the configuration does not name.
var errNoCompat = errors.New("no such address")

// alias is an address that go2rtc's clients know, and the form of ours that it means.
// Parameters that are not in the table are ignored.
type alias struct {
	pattern    string // of http.ServeMux
	form       string
	parameters map[string]string // ours by theirs
	fixed      url.Values        // what is asked of ours besides
}

// aliases is the table of them (go2rtc's api/openapi.yaml and internal/mjpeg/README.md).
var aliases = []alias{
	{"GET /api/frame.jpeg", "/live/{id}.jpg", map[string]string{"width": "width", "w": "width", "height": "height", "h": "height", "cache": "max_age"}, url.Values{}},
	{"GET /api/stream.mjpeg", "/live/{id}.mjpeg", map[string]string{"width": "width", "w": "width", "height": "height", "h": "height"}, url.Values{}},
	{"GET /api/stream.mp4", "/live/{id}.mp4", nil, url.Values{}},
	{"GET /api/ws", "/live/{id}", nil, url.Values{"dialect": {"go2rtc"}}},
}

// compatRoutes gives the routes of addresses that clients of go2rtc know.
func (f *Front) compatRoutes() []route {
	routes := []route{
		{"GET /api", api.Known, auth.Media, noCamera, f.compat(sayVersion)},
		{"GET /api/streams", api.Known, auth.Media, noCamera, f.compat(f.sayStreams)},
		{"PUT /api/streams", auth.Add, auth.Control | auth.Basic, noCamera, f.compat(f.addStream)},
		{"GET /api/schemes", api.Known, auth.Media, noCamera, f.compat(f.saySchemes)},
		{"GET /api/preload", api.Known, auth.Media, noCamera, f.compat(sayJSON(struct{}{}))},
	}
	for _, form := range f.options.Forms {
		for _, a := range aliases {
			if a.form == form.Address && form.Method == http.MethodGet {
				routes = append(routes, route{a.pattern, form.Action, auth.Media, f.cameraOfSource, f.compat(a.handle(f.prepared(form)))})
			}
		}
	}
	return append(routes, f.webRTCRoutes()...)
}

// compat makes a handle that is there only where the configuration says so.
func (f *Front) compat(serve Handle) Handle {
	return func(w http.ResponseWriter, r *http.Request, v Visit) error {
		if !f.speaksAs(config.CompatGo2RTC) {
			return fmt.Errorf("%w; compat: [go2rtc] in the configuration has it answer as go2rtc does", errNoCompat)
		}
		return serve(w, r, v)
	}
}

func (f *Front) speaksAs(program config.Compat) bool {
	return slices.Contains(f.options.Settings().Compat, program)
}

// handle makes a handle of a form that is asked for in go2rtc's words.
func (a alias) handle(serve Handle) Handle {
	return func(w http.ResponseWriter, r *http.Request, v Visit) error {
		theirs, ours := r.URL.Query(), maps.Clone(a.fixed)
		for _, name := range slices.Sorted(maps.Keys(a.parameters)) { // width counts, where w is there too
			if theirs.Has(name) {
				ours.Set(a.parameters[name], theirs.Get(name))
			}
		}
		return serve(w, askedAs(r, r.URL.Path, ours), v)
	}
}

// askedAs gives a request as it would be for another address.
func askedAs(r *http.Request, path string, query url.Values) *http.Request {
	address := *r.URL
	address.Path, address.RawPath, address.RawQuery = path, "", query.Encode()
	r = r.Clone(r.Context())
	r.URL = &address
	return r
}

// cameraOfSource gives the camera that a client of go2rtc asks for.
func (f *Front) cameraOfSource(r *http.Request) string {
	return f.cameraNamed(r.URL.Query().Get("src"))
}

// cameraNamed gives the camera that a client of go2rtc means: by its id, by its name for people,
// or by a name of which the id was made.
func (f *Front) cameraNamed(source string) string {
	cameras := f.options.Cameras()
	for _, is := range []func(config.Camera) bool{
		func(c config.Camera) bool { return c.ID == source },
		func(c config.Camera) bool { return c.Name == source },
		func(c config.Camera) bool { return c.ID == config.IDOf(source) },
	} {
		if i := slices.IndexFunc(cameras, is); i >= 0 {
			return cameras[i].ID
		}
	}
	return ""
}

// go2rtcStream is a camera as go2rtc's clients know it.
type go2rtcStream struct {
	Producers []go2rtcProducer `json:"producers"`
	Consumers []struct{}       `json:"consumers"`
}

// go2rtcProducer is what it comes from, which is told nobody but who wrote it.
type go2rtcProducer struct {
	URL string `json:"url"`
}

// sayStreams lists the cameras that who asks may see, or says that one is there.
func (f *Front) sayStreams(w http.ResponseWriter, r *http.Request, v Visit) error {
	all := f.streamsOf(v.Principal)
	if !r.URL.Query().Has("src") {
		return sayJSON(all)(w, r, v)
	}
	one, there := all[r.URL.Query().Get("src")]
	if !there {
		one, there = all[f.cameraOfSource(r)]
	}
	if !there {
		return stream.ErrUnknown
	}
	return sayJSON(one)(w, r, v)
}

func sayVersion(w http.ResponseWriter, r *http.Request, v Visit) error {
	return sayJSON(map[string]any{"version": go2rtcVersion, "host": r.Host})(w, r, v)
}

// sayJSON makes a handle that answers with a value.
func sayJSON(value any) Handle {
	return func(w http.ResponseWriter, _ *http.Request, _ Visit) error {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		return json.NewEncoder(w).Encode(value)
	}
}

// translated has a request in the words of mjpg-streamer (its input and output
// plugins' README.md) be one for a form of ours: ?action=stream and ?action=snapshot,
// at the root or where proxies of printers have it. What else stands in such an address
// is ignored, but for a link's signature and for size, rate and quality.
func (f *Front) translated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if form := f.printerForm(r); form != "" {
			query := r.URL.Query()
			for name := range query {
				if !slices.Contains([]string{"link", "exp", "sig", "width", "height", "fps", "quality"}, name) {
					delete(query, name)
				}
			}
			r = askedAs(r, form, query)
		}
		next.ServeHTTP(w, r)
	})
}

// absent is where no camera can be: whoever asks for one too many is answered as for any
// that is not there, and does not learn how many there are.
const absent = "/live/-"

// printerForm gives the address of ours that a request in mjpg-streamer's words means;
// "" for all others.
func (f *Front) printerForm(r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return "" // at our addresses others send pictures in
	}
	if r.URL.Path != "/" && r.URL.Path != "/webcam/" || r.URL.RawQuery == "" || !f.speaksAs(config.CompatMJPGStreamer) {
		return ""
	}
	action, number, numbered := strings.Cut(r.URL.Query().Get("action"), "_")
	extension := map[string]string{"stream": ".mjpeg", "snapshot": ".jpg"}[action]
	if extension == "" {
		return ""
	}
	cameras := f.options.Cameras()
	if id := f.options.Settings().DefaultCamera; id != "" && !numbered {
		return "/live/" + id + extension
	}
	n := 0
	if numbered {
		var err error
		if n, err = strconv.Atoi(number); err != nil || n < 0 {
			return ""
		}
	}
	if n >= len(cameras) {
		return absent + extension
	}
	return "/live/" + cameras[n].ID + extension
}
