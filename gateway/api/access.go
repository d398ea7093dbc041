package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/config"
)

// registerAccess declares what gives links to cameras.
func (a *API) registerAccess(r registrar) {
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/cameras/{id}/links", Known}, id: "make-links", tag: "links", status: http.StatusCreated,
		summary: "Make links that need no login",
		about: "For an img on another site, a player or a dashboard. Whoever has a link may do one thing with one camera, until it expires, " +
			"you log in with another password, or may not do it yourself any more. Admins make lasting ones, without an end or of more than " +
			"seven days: those are listed, end when they are revoked, and go back to nobody's password.",
		problems: []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
	}, a.makeLinks)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/links", auth.Admin}, id: "list-links", tag: "links",
		summary: "List lasting links", about: "Without their signatures, which nobody can have again.",
	}, a.listLinks)
	add(r, operation{
		Route: Route{http.MethodDelete, "/api/v1/links/{number}", auth.Admin}, id: "revoke-link", tag: "links",
		summary: "Revoke a lasting link", about: "What goes on by it ends. The number is in the link too.",
	}, a.revokeLink)
}

// signed is what links a camera has for those without a login.
type signed struct {
	ID      int64      `json:"id,omitempty" doc:"of a lasting link, to revoke it by"`
	Expires *time.Time `json:"expires,omitempty" doc:"not there: never"`
	Query   string     `json:"query" doc:"what makes an address of this camera one that needs no login; only here" example:"exp=1766000000&sig=…"`
	Links   links      `json:"links" doc:"addresses of the camera by form, as in its status"`
}

// newLinks is what links are to be.
type newLinks struct {
	Action    string `json:"action" enum:"view,publish,playback" doc:"what whoever has the link may do"`
	ExpiresIn string `json:"expires_in,omitempty" maxLength:"40" doc:"how long it is good, such as 1h or 30d; for ever, if left out. More than 7d is for admins" example:"1h"`
	Name      string `json:"name,omitempty" maxLength:"200" doc:"what a lasting link is for" example:"OctoPrint"`
}

func (a *API) makeLinks(ctx context.Context, in *struct {
	ID   string `path:"id" doc:"the camera" example:"front"`
	Body newLinks
}) (*struct{ Body signed }, error) {
	p, action := principalOf(ctx), auth.Action(in.Body.Action)
	if !auth.Authorize(p, action, in.ID) {
		return nil, problem.New(http.StatusNotFound, notThere)
	}
	if _, err := a.find(in.ID); err != nil {
		return nil, err
	}
	lifetime, err := lifetimeOf(in.Body.ExpiresIn)
	if err != nil {
		return nil, err
	}
	made, query, err := a.sign(ctx, p, in.ID, in.Body, lifetime)
	if err != nil {
		return nil, err
	}
	made.Query = query.Encode()
	made.Links = linksOf(a.options.Forms, a.root(ctx), in.ID, func(other auth.Action) bool { return other == action }, made.Query)
	return &struct{ Body signed }{made}, nil
}

// sign makes a link: a lasting one, where it is for ever or for long.
func (a *API) sign(ctx context.Context, p auth.Principal, camera string, want newLinks, lifetime time.Duration) (signed, url.Values, error) {
	action, expires := auth.Action(want.Action), until(lifetime)
	var made signed
	var query url.Values
	var err error
	switch {
	case lifetime != 0 && lifetime <= auth.MaxLinkLifetime && want.Name != "":
		return made, nil, faulty("body.name", "only lasting links are listed, and so have names; leave it out, or leave out expires_in")
	case lifetime != 0 && lifetime <= auth.MaxLinkLifetime:
		query, err = a.options.Auth.SignLink(ctx, p, action, camera, lifetime)
		expires = expires.Truncate(time.Second)
	case p.Kind() != auth.Anyone && !isAdmin(p):
		return made, nil, problem.New(http.StatusForbidden, "links without an end, or of more than seven days, are for admins to make; say expires_in, such as 1h or 7d")
	default:
		var kept auth.LastingLink
		kept, query, err = a.options.Auth.MakeLink(ctx, p, want.Name, action, camera, expires)
		made.ID, expires = kept.ID, kept.Expires
	}
	if errors.Is(err, auth.ErrForbidden) {
		err = problem.New(http.StatusForbidden, "only users and tokens can make links; where auth is off none are needed")
	}
	made.Expires = timeOf(expires)
	if err == nil && made.ID != 0 {
		a.log.Info("lasting link made", "id", made.ID, "camera", camera, "action", want.Action, "by", p.String())
	}
	return made, query, err
}

// lifetimeOf reads how long something is to be good; 0 is for ever. The error is
// a problem.
func lifetimeOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := config.Duration(text)
	if err == nil && d < time.Second {
		err = errors.New("must be a second or more; leave it out for what does not end")
	}
	if err != nil {
		return 0, faulty("body.expires_in", err.Error())
	}
	return d, nil
}

// until gives when a lifetime that begins now ends, and no time for 0.
func until(lifetime time.Duration) time.Time {
	if lifetime == 0 {
		return time.Time{}
	}
	return time.Now().Add(lifetime)
}

// lastingLink is a lasting link as it is listed.
type lastingLink struct {
	ID      int64      `json:"id"`
	Name    string     `json:"name,omitempty" example:"OctoPrint"`
	Camera  string     `json:"camera" example:"front"`
	Action  string     `json:"action" enum:"view,publish,playback"`
	Maker   string     `json:"maker" doc:"who made it" example:"user:anna"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty" doc:"not there: never"`
	Used    *time.Time `json:"used,omitempty" doc:"when it was used last, a minute late"`
}

type lastingLinkList struct {
	Links []lastingLink `json:"links" nullable:"false"`
}

func (a *API) listLinks(ctx context.Context, _ *nothing) (*struct{ Body lastingLinkList }, error) {
	all, err := a.options.Auth.Links(ctx)
	if err != nil {
		return nil, err
	}
	list := lastingLinkList{Links: []lastingLink{}}
	for _, l := range all {
		list.Links = append(list.Links, lastingLink{
			ID: l.ID, Name: l.Name, Camera: l.Camera, Action: string(l.Action), Maker: l.Maker,
			Created: l.Created.UTC(), Expires: timeOf(l.Expires), Used: timeOf(l.Used),
		})
	}
	return &struct{ Body lastingLinkList }{list}, nil
}

func (a *API) revokeLink(ctx context.Context, in *numberPath) (*nothing, error) {
	if err := a.options.Auth.RevokeLink(ctx, in.Number); err != nil {
		return nil, err
	}
	a.log.Info("lasting link revoked", "id", in.Number, "by", principalOf(ctx).String())
	return &nothing{}, nil
}
