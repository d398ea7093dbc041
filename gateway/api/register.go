package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"framegate/gateway/api/openapi"
	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
)

const (
	// maxBodyBytes bounds a body, unless Options say otherwise.
	maxBodyBytes = 64 << 10
	// maxPublicBytes bounds a body of somebody who is nobody yet.
	maxPublicBytes = 8 << 10
)

// operation is a Route with what the document says of it.
type operation struct {
	Route
	id       string // of the operation, such as add-camera
	tag      string
	summary  string
	about    string
	status   int               // of success; 0 is 200, or 204 without a body
	problems []int             // besides those of every operation
	query    map[string]string // of what answers by itself: what may stand in the query, and what it means
	free     string            // a member of the body that is any object, or openapi.WholeBody; "" for none
}

// registrar declares operations.
type registrar struct {
	api *API
	set *openapi.Set
}

// register declares everything.
func (a *API) register() {
	a.set = openapi.New(openapi.Options{
		Title: "Framegate", Version: "1", Introduction: introduction, Tags: tags, Logins: logins,
		Names: map[reflect.Type]string{
			reflect.TypeFor[document]():    "Camera",
			reflect.TypeFor[fresh]():       "NewCamera",
			reflect.TypeFor[change]():      "CameraChange",
			reflect.TypeFor[lastingLink](): "LastingLink",
			reflect.TypeFor[exported]():    "Export",
		},
		Admit: a.admit, Refused: a.countBody, ProblemOf: problemOf, NoAddress: noAddress, Log: a.log,
	})
	r := registrar{a, a.set}
	a.registerCameras(r)
	a.registerStatus(r)
	a.registerEvents(r)
	a.registerAccess(r)
	a.registerProbes(r)
	a.registerDiscovery(r)
	a.registerPTZ(r)
	a.registerRecordings(r)
	a.registerThumbnails(r)
	a.registerMarks(r)
	a.registerKeeping(r)
	a.registerExports(r)
	a.registerUsers(r)
	a.registerTokens(r)
	a.registerSessions(r)
	a.registerPreferences(r)
	a.registerSettings(r)
	a.registerWebhooks(r)
	a.registerBroker(r)
	a.registerServer(r)
	a.registerLimits(r)
	a.registerCluster(r)
	a.registerLog(r)
	a.registerDiagnostics(r)
	a.document = a.set.Document()
	a.registerDocs(r)
}

// logins are the ways to say who one is.
var logins = []openapi.Login{
	{Name: "session", SecurityScheme: &huma.SecurityScheme{Type: "apiKey", In: "cookie", Name: "framegate", Description: "the cookie of POST /api/v1/login; over TLS it is called __Host-framegate"}},
	{Name: "bearer", SecurityScheme: &huma.SecurityScheme{Type: "http", Scheme: "bearer", Description: "a token made by POST /api/v1/tokens"}},
	{Name: "basic", SecurityScheme: &huma.SecurityScheme{Type: "http", Scheme: "basic", Description: "a user's name and password, or any name and a token, from what is no browser"}},
}

// add declares an operation.
func add[in, out any](r registrar, op operation, handler func(context.Context, *in) (*out, error)) {
	openapi.Add(r.set, op.declared(), handler)
	r.note(op.Route)
}

// note keeps what a route needs.
func (r registrar) note(route Route) {
	r.api.needs[route.Method+" "+route.Path] = route.Action
	r.api.routes = append(r.api.routes, route)
}

// declared gives the operation with the errors that what it needs may lead to.
func (op operation) declared() openapi.Operation {
	d := openapi.Operation{
		Method: op.Method, Path: op.Path, ID: op.id, Tag: op.tag, Summary: op.summary, About: op.about,
		Permission: string(op.Action), Open: op.Action == Public, Optional: op.Action == Anybody,
		Status: op.status, Problems: op.problems, Free: op.free, Query: op.query,
	}
	switch {
	case op.Action == Public && op.Method != http.MethodGet:
		d.Problems = append(d.Problems, http.StatusTooManyRequests)
	case op.Action == Public:
	case op.Action == Anybody: // who names itself may be one who guesses
		d.Problems = append(d.Problems, http.StatusTooManyRequests)
	case op.Action == Known:
		d.Problems = append(d.Problems, http.StatusUnauthorized)
	default:
		d.Problems = append(d.Problems, http.StatusUnauthorized, http.StatusNotFound)
	}
	return d
}

// admit lets in who may use an operation, and says how large a body may be.
func (a *API) admit(r *http.Request, pattern string) (maxBytes int64, refused *problem.Problem) {
	action := a.needs[pattern]
	if p := refusal(r, action); p != nil {
		return 0, p
	}
	maxBytes = int64(a.options.MaxBodyBytes())
	if action != Public || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return maxBytes, nil
	}
	if !a.limiter.allows(auth.Network(r)) {
		a.options.Limited(LimitPublicRequests)
		p := problem.New(http.StatusTooManyRequests, "too many requests come from your address; wait a second")
		p.RetryAfter = time.Second
		return 0, p
	}
	return min(maxBytes, maxPublicBytes), nil
}

// countBody counts a body that is too large.
func (a *API) countBody(p *problem.Problem) {
	if p.Status == http.StatusRequestEntityTooLarge {
		a.options.Limited(LimitBodyBytes)
	}
}

// refusal says why a principal may not do something, or nil. Who is somebody
// but may not gets what they would get if it was not there.
func refusal(r *http.Request, action auth.Action) *problem.Problem {
	p, allowed := principalOf(r.Context()), false
	switch action {
	case Public, Anybody:
		return nil
	case Known:
		allowed = p.Known()
	case auth.Admin:
		allowed = isAdmin(p)
	default:
		allowed = auth.Authorize(p, action, r.PathValue("id"))
	}
	switch {
	case allowed:
		return nil
	case !p.Known():
		return problem.New(http.StatusUnauthorized, "log in first")
	}
	return problem.New(http.StatusNotFound, notThere)
}
