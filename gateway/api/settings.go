package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/config"
)

func (a *API) registerSettings(r registrar) {
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/settings", auth.Admin}, id: "get-settings", tag: "settings",
		summary: "Show the settings in effect",
		about:   "They are changed in the configuration file and the environment. Cameras have addresses of their own.",
	}, a.getSettings)
}

// setting is one key of the configuration.
type setting struct {
	Key     string `json:"key" doc:"as it stands in the configuration file" example:"limits.viewers"`
	Value   any    `json:"value" doc:"a text, a number, or a list of texts"`
	Origin  string `json:"origin" enum:"default,configured" doc:"configured: it differs from what it is where it is not given"`
	Restart bool   `json:"restart" doc:"whether a change takes a restart"`
	Waiting bool   `json:"waiting" doc:"whether the file has another value, which waits for one"`
}

type settingsBody struct {
	Settings []setting `json:"settings" nullable:"false"`
	Refused  *refused  `json:"refused,omitempty" doc:"why the file, as it is now, is not in effect"`
}

// refused is why the last reload was.
type refused struct {
	Text string     `json:"text" doc:"each mistake with its place in the file, a line each"`
	At   *time.Time `json:"at,omitempty"`
}

func (a *API) getSettings(context.Context, *nothing) (*struct{ Body settingsBody }, error) {
	now := a.options.Gateway.Settings()
	usual := config.Usual(now.Config)
	var body settingsBody
	for _, s := range config.Settings() {
		origin := "configured"
		if s.Same(now.Config, usual) {
			origin = "default"
		}
		body.Settings = append(body.Settings, setting{
			Key: s.Key, Value: s.Value(now.Config), Origin: origin, Restart: s.Restart, Waiting: slices.Contains(now.Waiting, s.Key),
		})
	}
	if now.Refused != nil {
		body.Refused = &refused{Text: now.Refused.Error(), At: timeOf(now.RefusedAt)}
	}
	return &struct{ Body settingsBody }{body}, nil
}
