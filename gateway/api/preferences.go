package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"framegate/gateway/api/events"
	"framegate/gateway/api/openapi"
	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
)

// maxPreferencesBytes bounds what a page keeps for a user.
const maxPreferencesBytes = 16 << 10

func (a *API) registerPreferences(r registrar) {
	const tag = "login"
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/me/preferences", Known}, id: "get-my-preferences", tag: tag,
		summary: "Show what a page keeps for you",
		about: "An object that means nothing to the server, {} at first: the order of cameras, a language. Each user has one, which goes with the user; " +
			"where auth is off there is one for all. Tokens have none.",
		problems: []int{http.StatusForbidden},
	}, a.getPreferences)
	add(r, operation{
		Route: Route{http.MethodPut, "/api/v1/me/preferences", Known}, id: "set-my-preferences", tag: tag, free: openapi.WholeBody,
		summary:  "Keep something for you",
		about:    "In place of all that was kept: any object of up to 16 KiB, nested up to 8 deep. The last one written counts. Your other pages hear the event preferences_changed, as the one that writes does.",
		problems: []int{http.StatusForbidden, http.StatusServiceUnavailable, http.StatusInsufficientStorage},
	}, a.setPreferences)
}

// preferences are an object of JSON that means nothing here.
type preferences struct{ freeObject }

// Schema says so in the document.
func (preferences) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Examples: []any{map[string]any{"order": []string{"front", "garden"}, "language": "de"}}}
}

// preferencesOf gives whose preferences are meant, as package store knows them.
// The error is a problem.
func preferencesOf(p auth.Principal) (owner int64, err error) {
	if p.UserID() == 0 && p.Kind() != auth.Anyone {
		return 0, problem.New(http.StatusForbidden, "only users have preferences; a token has none")
	}
	return p.UserID(), nil
}

func (a *API) getPreferences(ctx context.Context, _ *nothing) (*struct{ Body preferences }, error) {
	owner, err := preferencesOf(principalOf(ctx))
	if err != nil {
		return nil, err
	}
	kept, err := a.options.Store.Preferences(ctx, owner)
	if kept == nil {
		kept = []byte("{}")
	}
	return &struct{ Body preferences }{preferences{kept}}, err
}

func (a *API) setPreferences(ctx context.Context, in *struct{ Body preferences }) (*nothing, error) {
	p := principalOf(ctx)
	owner, err := preferencesOf(p)
	switch {
	case err != nil:
		return nil, err
	case len(in.Body.freeObject) > maxPreferencesBytes:
		return nil, problem.New(http.StatusRequestEntityTooLarge, "preferences are 16 KiB of JSON at most")
	}
	if err := a.options.Store.SetPreferences(ctx, owner, in.Body.freeObject); err != nil {
		return nil, err
	}
	a.listeners.Tell(events.Event{Kind: events.PreferencesChanged, Owner: p.Owner(), At: time.Now().UTC()})
	return &nothing{}, nil
}
