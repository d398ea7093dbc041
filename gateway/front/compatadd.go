package front

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"sync"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/config"
)

// errNoSource is for who adds a camera that go2rtc would have, and does not say from where.
var errNoSource = errors.New("write name= and src=, one that is an address, as rtsp://camera/stream1")

// maxWritten bounds what is remembered of cameras that were added: more are added again by who
// does not find what he wrote, which changes nothing.
const maxWritten = 1000

// written remembers what was written of cameras that were added by go2rtc's address, for who wrote
// it: programs look for their very words, and add the camera again without them.
type written struct {
	mu    sync.Mutex
	texts map[writer]wrote
}

// writer is who added a camera, by what name.
type writer struct{ owner, name string }

// wrote is a source as it was written, and the camera that was made of it.
type wrote struct {
	text   string
	camera config.Camera
}

func (w *written) remember(by writer, what wrote) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.texts == nil || len(w.texts) >= maxWritten {
		w.texts = make(map[writer]wrote)
	}
	w.texts[by] = what
}

// by gives what somebody wrote, by name.
func (w *written) by(p auth.Principal) map[string]wrote {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make(map[string]wrote)
	for by, what := range w.texts {
		if by.owner == p.Owner() {
			all[by.name] = what
		}
	}
	return all
}

// addStream adds a camera as go2rtc's clients do: name= it is to be called, and src= for each of
// its sources, of which the first is taken that is not made of the camera itself.
func (f *Front) addStream(w http.ResponseWriter, r *http.Request, v Visit) error {
	query := r.URL.Query()
	name := cmp.Or(query.Get("name"), query.Get("src"))
	text, source := sourceOf(name, query["src"])
	if source == "" {
		return errNoSource
	}
	camera, err := f.options.API.Put(r.Context(), v.Principal, cmp.Or(f.cameraNamed(name), config.IDOf(name)), name, source)
	var refused *api.Refused
	if errors.As(err, &refused) {
		http.Error(w, refused.Words, refused.Status)
		return nil
	}
	if err != nil {
		return err
	}
	if owner := v.Principal.Owner(); owner != "" {
		f.written.remember(writer{owner, name}, wrote{text, camera})
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// sourceOf gives the source to take for a camera of go2rtc's, as it was written and without what
// go2rtc has before and behind it: that ffmpeg is to read it, and after each # an option. Those
// that ffmpeg makes of the camera itself are other codecs of it, which every camera has here.
func sourceOf(name string, all []string) (text, source string) {
	for _, text := range all {
		source, _, _ := strings.Cut(text, "#")
		of, byFFmpeg := strings.CutPrefix(source, "ffmpeg:")
		if of != "" && !(byFFmpeg && of == name) {
			return text, of
		}
	}
	return "", ""
}

// streamsOf gives go2rtc's streams that somebody may see, by id, and by the names that he gave them.
func (f *Front) streamsOf(p auth.Principal) map[string]go2rtcStream {
	all := make(map[string]go2rtcStream)
	present := make(map[string]config.Camera)
	for _, camera := range f.options.Cameras() {
		if auth.Authorize(p, auth.View, camera.ID) {
			present[camera.ID] = camera
			all[camera.ID] = go2rtcStream{[]go2rtcProducer{}, []struct{}{}}
		}
	}
	for name, what := range f.written.by(p) {
		if camera, there := present[what.camera.ID]; there && camera.ComesFrom(what.camera) {
			all[name] = go2rtcStream{[]go2rtcProducer{{what.text}}, []struct{}{}}
		}
	}
	return all
}

// saySchemes says to who may add cameras what their sources may begin with.
func (f *Front) saySchemes(w http.ResponseWriter, r *http.Request, v Visit) error {
	schemes := []string{}
	if auth.Authorize(v.Principal, auth.Add, "") {
		schemes = append(config.AddedSchemes(), "ffmpeg")
	}
	return sayJSON(schemes)(w, r, v)
}
