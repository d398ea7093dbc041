package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/store"
)

const (
	// maxAdded bounds the cameras that are added at run time.
	maxAdded = 1000
	// writePatience is how long a change may take once it has begun: it is
	// finished, or taken back, also when nobody waits for the answer any more.
	writePatience = 30 * time.Second
)

func (a *API) registerCameras(r registrar) {
	const tag = "cameras"
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/cameras", Known}, id: "list-cameras", tag: tag,
		summary: "List cameras", about: "Those you may view, play back, turn or send pictures to, in the order in which people see them. Admins see all, with their settings.",
	}, a.listCameras)
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/cameras", auth.Admin}, id: "add-camera", tag: tag, status: http.StatusCreated,
		summary: "Add a camera", about: "It can be watched at once, and is kept. Files and devices of the server's machine are for its configuration file alone.",
		problems: []int{http.StatusConflict, http.StatusUnprocessableEntity},
	}, a.addCamera)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/cameras/{id}", auth.View}, id: "get-camera", tag: tag,
		summary: "Show a camera", about: "Admins get its settings too, without what may be secret of them, and an ETag to change them by.",
	}, a.getCamera)
	add(r, operation{
		Route: Route{http.MethodPatch, "/api/v1/cameras/{id}", auth.Admin}, id: "change-camera", tag: tag,
		summary: "Change a camera",
		about: "Only what is named changes; an empty text takes a setting away. With If-Match it changes only what you read. " +
			"A document that was read can be sent back, and changes nothing. Who names another host as the source has to name the password too.",
		problems: []int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity},
	}, a.changeCamera)
	add(r, operation{
		Route: Route{http.MethodDelete, "/api/v1/cameras/{id}", auth.Admin}, id: "remove-camera", tag: tag,
		summary: "Remove a camera", about: "Its viewers end, and what users and tokens may do with it is forgotten.",
		problems: []int{http.StatusConflict, http.StatusPreconditionFailed},
	}, a.removeCamera)
}

// Added gives the cameras that were added while a server ran, for the start of
// one. Those that cannot be read or do not fit this version are left out, and
// told in broken; they stay in the store.
func Added(ctx context.Context, s *store.Store) (cameras []config.Camera, broken []error, err error) {
	kept, err := s.Cameras(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, k := range kept {
		camera, err := cameraOf(k)
		if err != nil {
			broken = append(broken, fmt.Errorf("camera %s, added at run time: %w", k.ID, err))
			continue
		}
		cameras = append(cameras, camera)
	}
	return cameras, broken, nil
}

type nothing struct{}

type cameraPath struct {
	ID string `path:"id" doc:"the camera" example:"front"`
}

// cameraWrite is which camera is to be changed, in which state. Package huma
// looks into no embedded type that is not exported, so others repeat it.
type cameraWrite struct {
	ID      string `path:"id" doc:"the camera" example:"front"`
	IfMatch string `header:"If-Match" doc:"the ETag of what is to be changed; without it, whatever is there is"`
}

type cameraAnswer struct {
	ETag string `header:"ETag" doc:"which state this is, for If-Match; not there for who is no admin"`
	Body document
}

type newCameraAnswer struct {
	ETag     string `header:"ETag" doc:"which state this is, for If-Match"`
	Location string `header:"Location" doc:"its address"`
	Body     document
}

type cameraList struct {
	Cameras []document `json:"cameras" nullable:"false"`
}

func (a *API) listCameras(ctx context.Context, _ *nothing) (*struct{ Body cameraList }, error) {
	p := principalOf(ctx)
	kept, err := a.keptFor(ctx, p)
	if err != nil {
		return nil, err
	}
	list := cameraList{Cameras: []document{}}
	for _, c := range a.options.Gateway.Cameras() {
		if isAdmin(p) || len(actionsOf(p, c)) > 0 {
			list.Cameras = append(list.Cameras, documentFor(p, c, kept[c.ID]))
		}
	}
	return &struct{ Body cameraList }{list}, nil
}

// keptFor gives what the store has of the cameras, by id, to an admin.
func (a *API) keptFor(ctx context.Context, p auth.Principal) (map[string]store.Camera, error) {
	if !isAdmin(p) {
		return nil, nil
	}
	all, err := a.options.Store.Cameras(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]store.Camera, len(all))
	for _, c := range all {
		byID[c.ID] = c
	}
	return byID, nil
}

// documentFor gives what a principal may see of a camera.
func documentFor(p auth.Principal, c Camera, kept store.Camera) document {
	d := document{ID: c.ID, Name: c.Name}
	if isAdmin(p) {
		d = describe(c.Camera)
		d.Origin = "file"
		if c.Added {
			d.Origin, d.Revision = "api", kept.Revision
			d.Created, d.Changed = timeOf(kept.Created), timeOf(kept.Changed)
		}
	}
	d.May = actionsOf(p, c)
	d.Small = c.Sub.Kind != "" && auth.Authorize(p, auth.View, c.ID)
	return d
}

// actionsOf gives what a principal may do with a camera. Nobody sends pictures to
// one that has a source of its own, or turns one that cannot be told to.
func actionsOf(p auth.Principal, c Camera) []string {
	actions := []string{}
	for _, action := range []auth.Action{auth.View, auth.Publish, auth.Playback, auth.PTZ} {
		switch {
		case !auth.Authorize(p, action, c.ID):
		case action == auth.Publish && c.Source.Kind != config.SourceUpload:
		case action == auth.PTZ && c.ONVIF == "":
		default:
			actions = append(actions, string(action))
		}
	}
	return actions
}

// timeOf gives a time as it is answered, in UTC; nil for none.
func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// find gives a camera of the running gateway, or a problem.
func (a *API) find(id string) (Camera, error) {
	for _, c := range a.options.Gateway.Cameras() {
		if c.ID == id {
			return c, nil
		}
	}
	return Camera{}, problem.New(http.StatusNotFound, notThere)
}

func (a *API) getCamera(ctx context.Context, in *cameraPath) (*cameraAnswer, error) {
	c, err := a.find(in.ID)
	if err != nil {
		return nil, err
	}
	var kept store.Camera
	p := principalOf(ctx)
	if isAdmin(p) && c.Added {
		// What is kept is what the ETag is of.
		if kept, err = a.options.Store.Camera(ctx, in.ID); err != nil {
			return nil, err
		}
		if c.Camera, err = cameraOf(kept); err != nil {
			return nil, err
		}
	}
	return answerOf(p, c, kept), nil
}

func answerOf(p auth.Principal, c Camera, kept store.Camera) *cameraAnswer {
	answer := &cameraAnswer{Body: documentFor(p, c, kept)}
	if answer.Body.Revision != 0 {
		answer.ETag = etag(kept.Revision)
	}
	return answer
}

func etag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }

// matches says whether If-Match allows to change what has this revision (RFC
// 9110 section 13.1.1).
func (in cameraWrite) matches(revision int64) bool {
	if in.IfMatch == "" {
		return true
	}
	for tag := range strings.SplitSeq(in.IfMatch, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == etag(revision) {
			return true
		}
	}
	return false
}

func errChanged() error {
	return problem.New(http.StatusPreconditionFailed, "the camera was changed meanwhile; read it again")
}

// inFile says that a camera is not the API's to change.
func inFile(id string) error {
	return problem.New(http.StatusConflict, "camera "+id+" is in the configuration file; change it there").Coded(problem.OfFile)
}

// begin gives what is kept of a camera that is to be changed, and a context that
// the peer cannot end. No other change begins until end, which is to be called
// after an error too.
func (a *API) begin(ctx context.Context, in cameraWrite) (kept store.Camera, _ context.Context, end func(), err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writePatience)
	a.writing.Lock()
	end = func() { a.writing.Unlock(); cancel() }
	if c, err := a.find(in.ID); err == nil && !c.Added {
		return kept, ctx, end, inFile(in.ID)
	}
	if kept, err = a.options.Store.Camera(ctx, in.ID); err != nil {
		return kept, ctx, end, err
	}
	if !in.matches(kept.Revision) {
		err = errChanged()
	}
	return kept, ctx, end, err
}

func (a *API) addCamera(ctx context.Context, in *struct{ Body fresh }) (*newCameraAnswer, error) {
	camera, err := change{settings: in.Body.settings}.apply(in.Body.ID, nil)
	if err != nil {
		return nil, err
	}
	if err := a.checkSources(camera); err != nil {
		return nil, err
	}
	p := principalOf(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writePatience)
	defer cancel()
	a.writing.Lock()
	defer a.writing.Unlock()
	kept, err := a.keep(ctx, camera, "")
	if err != nil {
		return nil, err
	}
	err = a.putIntoEffect(ctx, func() error { return a.options.Store.RemoveCamera(ctx, kept.ID, kept.Revision) })
	if err != nil {
		return nil, err
	}
	a.log.Info("camera added", "camera", camera.ID, "source", camera.Source, "by", p.String())
	answer := answerOf(p, Camera{camera, true}, kept)
	return &newCameraAnswer{ETag: answer.ETag, Location: a.base(ctx) + "/api/v1/cameras/" + camera.ID, Body: answer.Body}, nil
}

// checkSources refuses a camera that is never to be connected to, or its sub-stream.
func (a *API) checkSources(camera config.Camera) error {
	for name, source := range map[string]config.Source{"source": camera.Source, "sub": camera.Sub} {
		if err := a.options.CheckSource(source); err != nil {
			return faulty("body."+name, err.Error())
		}
	}
	return nil
}

// keep adds a camera to the store, which somebody put or nobody.
func (a *API) keep(ctx context.Context, camera config.Camera, owner string) (store.Camera, error) {
	present := a.options.Gateway.Cameras()
	added := 0
	for _, c := range present {
		if c.ID == camera.ID {
			return store.Camera{}, problem.New(http.StatusConflict, "there is a camera "+c.ID+" already").Coded(problem.Exists)
		}
		if c.Added {
			added++
		}
	}
	if added >= maxAdded {
		return store.Camera{}, problem.New(http.StatusConflict, fmt.Sprintf("%d cameras were added, which is the most", maxAdded)).Coded(problem.TooMany)
	}
	packed, err := pack(camera, owner)
	if err != nil {
		return store.Camera{}, err
	}
	return a.options.Store.AddCamera(ctx, packed)
}

func (a *API) changeCamera(ctx context.Context, in *struct {
	ID      string `path:"id" doc:"the camera" example:"front"`
	IfMatch string `header:"If-Match" doc:"the ETag of what is to be changed; without it, whatever is there is"`
	Body    change
}) (*cameraAnswer, error) {
	p := principalOf(ctx)
	kept, ctx, end, err := a.begin(ctx, cameraWrite{in.ID, in.IfMatch})
	defer end()
	if err != nil {
		return nil, err
	}
	camera, before, err := in.Body.to(kept)
	if err != nil {
		return nil, err
	}
	if maps.Equal(keysOf(camera), before) {
		return answerOf(p, Camera{camera, true}, kept), nil
	}
	if err := a.checkSources(camera); err != nil {
		return nil, err
	}
	changed, err := a.replace(ctx, kept, camera)
	if err != nil {
		return nil, err
	}
	a.log.Info("camera changed", "camera", camera.ID, "source", camera.Source, "by", p.String())
	return answerOf(p, Camera{camera, true}, changed), nil
}

// replace puts a camera in the place of what is kept of it, and into effect.
func (a *API) replace(ctx context.Context, kept store.Camera, camera config.Camera) (store.Camera, error) {
	packed, err := pack(camera, ownerOf(kept))
	if err != nil {
		return store.Camera{}, err
	}
	packed.Revision = kept.Revision
	changed, err := a.options.Store.SetCamera(ctx, packed)
	if errors.Is(err, store.ErrConflict) { // another process was quicker
		return store.Camera{}, errChanged()
	}
	if err != nil {
		return store.Camera{}, err
	}
	return changed, a.putIntoEffect(ctx, func() error {
		kept.Revision = changed.Revision
		_, err := a.options.Store.SetCamera(ctx, kept)
		return err
	})
}

// removeCamera takes the camera out of effect first: the store forgets what
// everybody may do with a camera that it removes, which cannot be put back.
func (a *API) removeCamera(ctx context.Context, in *cameraWrite) (*nothing, error) {
	p := principalOf(ctx)
	kept, ctx, end, err := a.begin(ctx, *in)
	defer end()
	if err != nil {
		return nil, err
	}
	if err := a.setAdded(ctx, kept.ID); err != nil {
		return nil, notTaken(err)
	}
	if err := a.options.Store.RemoveCamera(ctx, kept.ID, kept.Revision); err != nil {
		if back := a.setAdded(ctx, ""); back != nil {
			a.log.Error("a camera that could not be removed is out of effect until the next start", "camera", kept.ID, "err", back)
		}
		return nil, err
	}
	a.log.Info("camera removed", "camera", kept.ID, "by", p.String())
	return &nothing{}, nil
}

// putIntoEffect makes what the store has what is. If that fails, the store is
// put back.
func (a *API) putIntoEffect(ctx context.Context, back func() error) error {
	err := a.setAdded(ctx, "")
	if err == nil {
		return nil
	}
	p := notTaken(err)
	if err := back(); err != nil {
		a.log.Error("what could not be put into effect stays in the state", "err", err)
		p.Detail = "it was kept, but could not be put into effect: " + p.Cause.Error()
	}
	return p
}

// notTaken is the problem of a change that could not be put into effect.
func notTaken(err error) *problem.Problem {
	p := problem.New(http.StatusInternalServerError, "it could not be put into effect, so nothing was changed: "+err.Error())
	p.Cause = err
	return p
}

// ReadCameras puts into effect the cameras that the store has, as after another server
// changed them that has it in common.
func (a *API) ReadCameras(ctx context.Context) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	return a.setAdded(ctx, "")
}

// CheckCameras says what is wrong with cameras that another server added.
func CheckCameras(cameras []store.Camera) error {
	for _, c := range cameras {
		if _, err := cameraOf(c); err != nil {
			return err
		}
	}
	return nil
}

// setAdded puts the cameras of the store into effect, but one.
func (a *API) setAdded(ctx context.Context, without string) error {
	cameras, broken, err := Added(ctx, a.options.Store)
	if err != nil {
		return err
	}
	for _, err := range broken {
		a.log.Error("a camera is left out", "err", err)
	}
	kept := make([]config.Camera, 0, len(cameras))
	for _, c := range cameras {
		if c.ID != without {
			kept = append(kept, c)
		}
	}
	return a.options.Gateway.SetAdded(kept)
}
