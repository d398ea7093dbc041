package api

import (
	"context"
	"net/http"

	"framegate/gateway/auth"
)

func (a *API) registerLimits(r registrar) {
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/limits", auth.Admin}, id: "list-limits", tag: "server",
		summary: "List the limits, and how often each was hit",
		about:   "What is hit often is too small for what this server is used for, or keeps somebody off who means harm.",
	}, a.listLimits)
}

// Limit is something that is bounded, and how often the bound was hit.
type Limit struct {
	Name   string `json:"name" doc:"as in the label of framegate_limit_hits_total" example:"viewers"`
	Key    string `json:"key,omitempty" doc:"of the setting that it is; not there where it is none" example:"limits.viewers"`
	Value  any    `json:"value,omitempty" doc:"a number, or a text such as 10s; not there where it is no one value" example:"2000"`
	Bounds string `json:"bounds" doc:"what it bounds, and what happens beyond" example:"viewers at a time; others are refused"`
	Hits   uint64 `json:"hits" doc:"since the start"`
}

type limitList struct {
	Limits []Limit `json:"limits" nullable:"false"`
}

func (a *API) listLimits(context.Context, *nothing) (*struct{ Body limitList }, error) {
	return &struct{ Body limitList }{limitList{append([]Limit{}, a.options.Gateway.Limits()...)}}, nil
}
