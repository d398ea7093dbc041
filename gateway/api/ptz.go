package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/onvif"
	"framegate/gateway/ptz"
	"framegate/gateway/redact"
)

// registerPTZ declares what turns cameras.
func (a *API) registerPTZ(r registrar) {
	const tag = "cameras"
	wrong := []int{http.StatusConflict, http.StatusUnprocessableEntity, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/cameras/{id}/ptz", auth.PTZ}, id: "turn-camera", tag: tag,
		summary: "Turn a camera, zoom, or have it stop",
		about: "It moves as fast as pan, tilt and zoom say, or goes to a preset, or home; {} has it stop. A movement ends by itself after its time: whoever holds a button asks again before that, " +
			"and asks for a stop at its end. Of several who ask at once the newest has his way, and the others are not sent to the camera. The answer comes when the camera has taken it, not when it is there.",
		problems: wrong,
	}, a.turn)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/cameras/{id}/ptz", auth.PTZ}, id: "list-presets", tag: tag,
		summary: "List the positions that a camera keeps", problems: wrong,
	}, a.presets)
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/cameras/{id}/ptz/presets", auth.PTZ}, id: "set-preset", tag: tag, status: http.StatusCreated,
		summary: "Have a camera keep the position that it has", about: "Under another name, or in place of the preset that is named.", problems: wrong,
	}, a.setPreset)
	add(r, operation{
		Route: Route{http.MethodDelete, "/api/v1/cameras/{id}/ptz/presets/{preset}", auth.PTZ}, id: "remove-preset", tag: tag,
		summary: "Have a camera forget a position", problems: wrong,
	}, a.removePreset)
}

// turned is what a camera is to do.
type turned struct {
	Pan    float64 `json:"pan,omitempty" minimum:"-1" maximum:"1" doc:"to the right; to the left where it is less than 0. 1 is as fast as it can"`
	Tilt   float64 `json:"tilt,omitempty" minimum:"-1" maximum:"1" doc:"upwards; downwards where it is less than 0"`
	Zoom   float64 `json:"zoom,omitempty" minimum:"-1" maximum:"1" doc:"nearer; away where it is less than 0"`
	For    string  `json:"for,omitempty" maxLength:"40" doc:"how long it moves by itself, 100ms to 5s; 1s, if left out" example:"500ms"`
	Preset string  `json:"preset,omitempty" maxLength:"200" doc:"the id of one to go to"`
	Home   bool    `json:"home,omitempty" doc:"it is to go where it looks usually"`
}

// usualMovement is how long one is that does not say.
const usualMovement = time.Second

// preset is a position that a camera keeps.
type preset struct {
	ID   string `json:"id,omitempty" maxLength:"200" doc:"as the camera calls it" example:"1"`
	Name string `json:"name" minLength:"1" maxLength:"100" doc:"for people; the id where the camera has none" example:"Gate"`
}

type presetList struct {
	Presets []preset `json:"presets" nullable:"false"`
}

func (a *API) turn(ctx context.Context, in *struct {
	ID   string `path:"id" doc:"the camera" example:"front"`
	Body turned
}) (*nothing, error) {
	b := in.Body
	velocity, during := onvif.Velocity{Pan: b.Pan, Tilt: b.Tilt, Zoom: b.Zoom}, usualMovement
	moves := velocity != onvif.Velocity{}
	if b.For != "" {
		var err error
		if during, err = config.Duration(b.For); err != nil || during < ptz.LeastTime || during > ptz.MostTime {
			return nil, faulty("body.for", "must be a time from "+ptz.LeastTime.String()+" to "+ptz.MostTime.String()+", such as 500ms; who wants it to move on asks again")
		}
	}
	switch {
	case b.Preset != "" && (b.Home || moves), b.Home && moves:
		return nil, faulty("body", "is more than one thing: pan, tilt and zoom, or preset, or home; write one of them")
	case b.Preset != "":
		return &nothing{}, a.unturned(ctx, in.ID, a.options.PTZ.GoTo(ctx, in.ID, b.Preset))
	case b.Home:
		return &nothing{}, a.unturned(ctx, in.ID, a.options.PTZ.Home(ctx, in.ID))
	}
	return &nothing{}, a.unturned(ctx, in.ID, a.options.PTZ.Move(ctx, in.ID, velocity, during))
}

func (a *API) presets(ctx context.Context, in *cameraPath) (*struct{ Body presetList }, error) {
	all, err := a.options.PTZ.Presets(ctx, in.ID)
	if err != nil {
		return nil, a.unturned(ctx, in.ID, err)
	}
	list := presetList{Presets: []preset{}}
	for _, p := range all {
		if p.Name == "" {
			p.Name = p.Token
		}
		list.Presets = append(list.Presets, preset{p.Token, p.Name})
	}
	return &struct{ Body presetList }{list}, nil
}

func (a *API) setPreset(ctx context.Context, in *struct {
	ID   string `path:"id" doc:"the camera" example:"front"`
	Body preset
}) (*struct{ Body preset }, error) {
	id, err := a.options.PTZ.SetPreset(ctx, in.ID, in.Body.Name, in.Body.ID)
	if err != nil {
		return nil, a.unturned(ctx, in.ID, err)
	}
	return &struct{ Body preset }{preset{id, in.Body.Name}}, nil
}

func (a *API) removePreset(ctx context.Context, in *struct {
	ID     string `path:"id" doc:"the camera" example:"front"`
	Preset string `path:"preset" maxLength:"200" doc:"the id of the preset" example:"1"`
}) (*nothing, error) {
	return &nothing{}, a.unturned(ctx, in.ID, a.options.PTZ.RemovePreset(ctx, in.ID, in.Preset))
}

// unturned makes a problem of why a camera did not do what it was told: what it says
// itself is for admins.
func (a *API) unturned(ctx context.Context, id string, err error) error {
	c, gone := a.find(id)
	switch {
	case err == nil:
		return nil
	case gone != nil:
		return gone
	case errors.Is(err, ptz.ErrNone), errors.Is(err, onvif.ErrFixed):
		return problem.New(http.StatusConflict, err.Error()).Coded(problem.NoPTZ)
	case errors.Is(err, onvif.ErrLogin):
		return problem.New(http.StatusBadGateway, "the camera wants another name or password: an admin gives the camera here a user that it lets use ONVIF, and turn it").Coded(problem.CameraLogin)
	case errors.Is(err, ptz.ErrBusy), errors.Is(err, ptz.ErrClosed):
		p := problem.New(http.StatusServiceUnavailable, err.Error())
		p.RetryAfter = time.Second
		return p
	case errors.Is(err, context.DeadlineExceeded):
		return problem.New(http.StatusGatewayTimeout, "the camera does not answer; see whether it has power, and whether its onvif address is right")
	}
	status := http.StatusBadGateway
	switch {
	case isAdmin(principalOf(ctx)):
		return problem.New(status, redact.New(c.Camera).Text(err.Error()))
	case errors.Is(err, onvif.ErrRefused):
		return problem.New(status, onvif.ErrRefused.Error())
	}
	return problem.New(status, "the camera cannot be reached")
}
