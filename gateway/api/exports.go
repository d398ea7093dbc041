package api

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"framegate/gateway/api/openapi"
	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/export"
	"framegate/gateway/ranges"
)

func (a *API) registerExports(r registrar) {
	const tag = "exports"
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/exports", Known}, id: "add-export", tag: tag, status: http.StatusCreated,
		summary: "Have a file made of what was recorded",
		about: "For what /live/{id}/recording.mp4 cannot give at once: encoded from one picture to another, in one format where the camera changed it (which X-Framegate-Next-Format there says), with the time burned in, as a timelapse of any length, or of several cameras, as a ZIP. " +
			"It takes the permission playback for each camera. One file is made at a time, when no viewer needs the encoders. It is kept for 24 hours.",
		problems: []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusInsufficientStorage},
	}, a.addExport)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/exports", Known}, id: "list-exports", tag: tag,
		summary: "List the files that are made of what was recorded", about: "Your own, and for admins all; the newest first.",
	}, a.listExports)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/exports/{export}", Known}, id: "show-export", tag: tag,
		summary: "Show how far such a file is", problems: []int{http.StatusNotFound},
	}, a.showExport)
	add(r, operation{
		Route: Route{http.MethodDelete, "/api/v1/exports/{export}", Known}, id: "delete-export", tag: tag,
		summary: "Cancel the making of a file, or delete it", problems: []int{http.StatusNotFound},
		about: "One that waits or runs is canceled, and stays in the list; of any other nothing is left.",
	}, a.deleteExport)
	op := operation{
		Route: Route{http.MethodGet, "/api/v1/exports/{export}/file", Known}, id: "download-export", tag: tag,
		summary:  "Download the file",
		about:    "An MP4, or a ZIP. It takes the permission playback for each camera in it, and ends when that does. Ranges are served.",
		problems: []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}
	openapi.AddPlain[string](r.set, op.declared(), "the file, of video/mp4 or application/zip", "application/octet-stream", a.serveExport)
	r.note(op.Route)
}

// newExport is an export as it is asked for.
type newExport struct {
	Camera   string   `json:"camera,omitempty" maxLength:"63" doc:"of which one MP4 is made" example:"front"`
	Cameras  []string `json:"cameras,omitempty" nullable:"false" maxItems:"32" doc:"instead: several, of which a ZIP is made, with an MP4 of each and manifest.json"`
	From     string   `json:"from" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m" example:"2026-11-20T14:05:10Z"`
	To       string   `json:"to" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m" example:"2026-11-20T14:07:00Z"`
	Start    string   `json:"start,omitempty" enum:"keyframe,exact,encode" doc:"begin with the keyframe before from (as if left out), with the picture of that moment by an edit list, or with that picture by encoding"`
	Clock    bool     `json:"clock,omitempty" doc:"burn the time of each picture into it, for which it is encoded"`
	Width    int      `json:"width,omitempty" minimum:"16" maximum:"3840" doc:"pixels that encoded pictures have at most"`
	Speed    float64  `json:"speed,omitempty" minimum:"1" maximum:"20000" doc:"instead: a timelapse of keyframes, so many times as fast, 2 at least, and some 30 a second at most; encoded, and of any length" example:"300"`
	Silent   bool     `json:"silent,omitempty" doc:"leave out the sound"`
	TimeZone string   `json:"tz,omitempty" maxLength:"64" doc:"the time zone of names and of the clock; the server's, if left out" example:"Europe/Berlin"`
}

// exported is an export as it is answered.
type exported struct {
	ID       string     `json:"id"`
	By       string     `json:"by" doc:"who asked for it" example:"user:anna"`
	Cameras  []string   `json:"cameras" nullable:"false" example:"[\"front\"]"`
	From     time.Time  `json:"from"`
	To       time.Time  `json:"to"`
	Start    string     `json:"start" enum:"keyframe,exact,encode"`
	Clock    bool       `json:"clock"`
	Width    int        `json:"width,omitempty"`
	Speed    float64    `json:"speed,omitempty" doc:"of a timelapse"`
	Silent   bool       `json:"silent,omitempty" doc:"without sound, as was asked for"`
	State    string     `json:"state" enum:"waiting,running,done,failed,canceled"`
	Progress float64    `json:"progress" doc:"from 0 to 1"`
	Error    string     `json:"error,omitempty" doc:"why it failed"`
	Name     string     `json:"name" doc:"of the file" example:"front_2026-11-20_14-05-10_to_14-07-00.mp4"`
	Bytes    int64      `json:"bytes" doc:"that the file has, once it is done"`
	URL      string     `json:"url,omitempty" doc:"of the file, once it is done" example:"/api/v1/exports/…/file"`
	Made     time.Time  `json:"made" doc:"when it was asked for"`
	Ended    *time.Time `json:"ended,omitempty"`
	Expires  *time.Time `json:"expires,omitempty" doc:"when it is deleted"`
}

func (a *API) exportedOf(ctx context.Context, j export.Job) exported {
	e := exported{
		ID: j.ID, By: j.By.Name, Cameras: j.Cameras, From: j.From.UTC(), To: j.To.UTC(), Start: string(j.Start), Clock: j.Clock, Width: j.Width, Speed: j.Speed, Silent: j.Silent,
		State: string(j.State), Progress: j.Progress, Error: j.Error, Name: j.Name, Bytes: j.Bytes,
		Made: j.Made.UTC(), Ended: timeOf(j.Ended), Expires: timeOf(j.Expires),
	}
	if j.State == export.Done {
		e.URL = a.base(ctx) + "/api/v1/exports/" + j.ID + "/file"
	}
	return e
}

type addedExport struct {
	Location string `header:"Location" doc:"its address"`
	Body     exported
}

func (a *API) addExport(ctx context.Context, in *struct{ Body newExport }) (*addedExport, error) {
	request, err := in.Body.request(time.Now())
	if err != nil {
		return nil, err
	}
	for _, camera := range request.Cameras {
		if !auth.Authorize(principalOf(ctx), auth.Playback, camera) {
			return nil, problem.New(http.StatusNotFound, notThere)
		}
		if err := a.inView(ctx, camera, func(View) error { return nil }); err != nil {
			return nil, err
		}
	}
	if a.options.Exports == nil {
		return nil, ErrNoRecordings
	}
	p := principalOf(ctx)
	j, err := a.options.Exports.Add(ctx, export.Asker{Name: p.String(), ID: p.Owner()}, request)
	if err != nil {
		return nil, err
	}
	a.log.Info("export asked for", "export", j.ID, "cameras", j.Cameras, "from", j.From.UTC(), "to", j.To.UTC(), "by", j.By.Name)
	return &addedExport{Location: a.base(ctx) + "/api/v1/exports/" + j.ID, Body: a.exportedOf(ctx, j)}, nil
}

// request gives what is asked for. The error is a problem.
func (n newExport) request(now time.Time) (r export.Request, err error) {
	if (n.Camera == "") == (len(n.Cameras) == 0) {
		return r, faulty("body.camera", "name a camera, or several in cameras")
	}
	if r.Cameras = n.Cameras; n.Camera != "" {
		r.Cameras = []string{n.Camera}
	}
	if n.From == "" || n.To == "" {
		return r, faulty("body.from", "from and to are needed")
	}
	if r.From, err = momentOf(n.From, now, now, "body.from"); err != nil {
		return r, err
	}
	if r.To, err = momentOf(n.To, now, now, "body.to"); err != nil {
		return r, err
	}
	r.Start, r.Clock, r.Width, r.Speed, r.Silent, r.TimeZone = export.Start(n.Start), n.Clock, n.Width, n.Speed, n.Silent, n.TimeZone
	return r, nil
}

type exportList struct {
	Exports []exported `json:"exports" nullable:"false"`
}

func (a *API) listExports(ctx context.Context, _ *struct{}) (*struct{ Body exportList }, error) {
	list := exportList{Exports: []exported{}}
	if a.options.Exports == nil {
		return &struct{ Body exportList }{list}, nil
	}
	for _, j := range a.options.Exports.All() {
		if mayKnow(principalOf(ctx), j.By.ID) {
			list.Exports = append(list.Exports, a.exportedOf(ctx, j))
		}
	}
	return &struct{ Body exportList }{list}, nil
}

// mayKnow says whether a principal may know of an export that an owner asked for.
func mayKnow(p auth.Principal, owner string) bool {
	return isAdmin(p) || owner != "" && p.Owner() == owner
}

// exportPath is which export is meant.
type exportPath struct {
	Export string `path:"export" maxLength:"64" doc:"its id"`
}

// exportAt finds an export that somebody may know of.
func (a *API) exportAt(ctx context.Context, id string) (export.Job, error) {
	if a.options.Exports == nil {
		return export.Job{}, export.ErrUnknown
	}
	j, err := a.options.Exports.Get(id)
	if err == nil && !mayKnow(principalOf(ctx), j.By.ID) {
		err = export.ErrUnknown
	}
	return j, err
}

func (a *API) showExport(ctx context.Context, in *exportPath) (*struct{ Body exported }, error) {
	j, err := a.exportAt(ctx, in.Export)
	if err != nil {
		return nil, err
	}
	return &struct{ Body exported }{a.exportedOf(ctx, j)}, nil
}

func (a *API) deleteExport(ctx context.Context, in *exportPath) (*struct{}, error) {
	if _, err := a.exportAt(ctx, in.Export); err != nil {
		return nil, err
	}
	return nil, a.options.Exports.Remove(ctx, in.Export)
}

// serveExport gives out a file to whoever may see all of it.
func (a *API) serveExport(w http.ResponseWriter, r *http.Request) {
	if err := a.giveExport(w, r); err != nil {
		p := problemOf(err)
		p.SetHeaders(w.Header())
		if p.Status == http.StatusInternalServerError {
			a.log.Error("an export cannot be read", "err", err)
		}
		p.Write(w)
	}
}

// giveExport does so. An error means that nothing was answered.
func (a *API) giveExport(w http.ResponseWriter, r *http.Request) error {
	ctx, p := r.Context(), principalOf(r.Context())
	if _, err := a.exportAt(ctx, r.PathValue("export")); err != nil {
		return err
	}
	f, j, erased, err := a.options.Exports.Open(r.PathValue("export"))
	if err != nil {
		return err
	}
	defer f.Close()
	ctx, stop := endingWith(ctx, erased)
	defer stop()
	for _, camera := range j.Cameras {
		watched, stop := a.options.Auth.Watch(ctx, p, auth.Playback, camera)
		defer stop()
		if ctx = watched; ctx.Err() != nil {
			return export.ErrUnknown
		}
	}
	cut := context.AfterFunc(ctx, func() { // whoever reads slowly holds up nobody
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now())
	})
	defer cut()
	h := w.Header()
	h.Set("Content-Type", "video/mp4")
	if len(j.Cameras) > 1 {
		h.Set("Content-Type", "application/zip")
	}
	h.Set("Content-Disposition", `attachment; filename="`+j.Name+`"`)
	h.Set("ETag", `"`+j.ID+`"`)
	h.Set("Cache-Control", "private, no-cache")
	ranges.Serve(w, r, &lasting{ctx, f})
	return nil
}

// endingWith gives a context that ends when something is closed. stop is to be called.
func endingWith(ctx context.Context, closed <-chan struct{}) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-closed:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() { cancel(); watching.Wait() }
}

// lasting is a file that is read while a context lasts.
type lasting struct {
	ctx context.Context
	io.ReadSeeker
}

func (l *lasting) Read(b []byte) (int, error) {
	if err := l.ctx.Err(); err != nil {
		return 0, err
	}
	return l.ReadSeeker.Read(b)
}

// eraseExports removes the files in which a camera is between two times.
func (a *API) eraseExports(ctx context.Context, camera string, from, to time.Time) (removed int, err error) {
	if a.options.Exports == nil {
		return 0, nil
	}
	return a.options.Exports.Erase(ctx, camera, from, to)
}
