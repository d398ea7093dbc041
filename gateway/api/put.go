package api

import (
	"context"
	"errors"
	"net/http"

	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/store"
)

// Refused is why a camera is not put, for who reads nothing but words.
type Refused struct {
	Status int // of HTTP
	Words  string
}

// Error gives the words.
func (r *Refused) Error() string { return r.Words }

// inWords gives the error of a problem.
func inWords(err error) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	words := p.Detail
	for _, fault := range p.Errors {
		words += "; " + fault.Location + ": " + fault.Detail
	}
	return &Refused{p.Status, words}
}

// Put has a camera come from a source, for who may only add cameras (auth.Add), by addresses of
// other programs: it adds one of that id and name, or changes one that the same principal put
// before. What comes from there already stays as it is, and so does what somebody else gave that
// name, since it is meant. The error is a *Refused, or of the store.
func (a *API) Put(ctx context.Context, p auth.Principal, id, name, source string) (config.Camera, error) {
	camera, err := a.put(ctx, p, id, name, source)
	return camera, inWords(err)
}

func (a *API) put(ctx context.Context, p auth.Principal, id, name, source string) (config.Camera, error) {
	camera, err := change{settings: settings{"source": source, "name": name}}.apply(id, nil)
	if err != nil {
		return camera, err
	}
	if err := a.options.CheckSource(camera.Source); err != nil {
		return camera, faulty("source", err.Error())
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writePatience)
	defer cancel()
	a.writing.Lock()
	defer a.writing.Unlock()
	present, err := a.find(camera.ID)
	if err != nil {
		return camera, a.putNew(ctx, p, camera)
	}
	if present.ComesFrom(camera) {
		return present.Camera, nil
	}
	if present.Added {
		kept, err := a.options.Store.Camera(ctx, camera.ID)
		if err != nil {
			return camera, err
		}
		if owner := p.Owner(); owner != "" && ownerOf(kept) == owner {
			return a.putElsewhere(ctx, p, kept, source)
		}
	}
	if present.Name != name || present.ID == name {
		return camera, problem.New(http.StatusConflict, "there is a camera "+camera.ID+" already, which comes from elsewhere").Coded(problem.Exists)
	}
	return present.Camera, nil
}

// putNew adds a camera. The lock is held.
func (a *API) putNew(ctx context.Context, p auth.Principal, camera config.Camera) error {
	kept, err := a.keep(ctx, camera, p.Owner())
	if err != nil {
		return err
	}
	if err := a.putIntoEffect(ctx, func() error { return a.options.Store.RemoveCamera(ctx, kept.ID, kept.Revision) }); err != nil {
		return err
	}
	a.log.Info("camera added", "camera", camera.ID, "source", camera.Source, "by", p.String())
	return nil
}

// putElsewhere has a camera that is kept come from another source. The lock is held.
func (a *API) putElsewhere(ctx context.Context, p auth.Principal, kept store.Camera, source string) (config.Camera, error) {
	camera, _, err := change{settings: settings{"source": source, "username": "", "password": ""}}.to(kept)
	if err != nil {
		return camera, err
	}
	if _, err := a.replace(ctx, kept, camera); err != nil {
		return camera, err
	}
	a.log.Info("camera changed", "camera", camera.ID, "source", camera.Source, "by", p.String())
	return camera, nil
}
