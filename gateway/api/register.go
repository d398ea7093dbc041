package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// operation is a Route with what the document says of it.
type operation struct {
	Route
	id       string // of the operation, such as add-camera
	tag      string
	summary  string
	about    string
	status   int   // of success; 0 is 200, or 204 without a body
	problems []int // besides those of every operation

	takesBody bool // register finds it out
}

// registrar declares operations to package huma, which reads their inputs,
// checks them and writes the document.
type registrar struct {
	api  *API
	huma huma.API
}

// HandleFunc makes it the mux that package huma registers with.
func (r registrar) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	r.api.mux.HandleFunc(pattern, r.api.guarded(pattern, h))
}

func (r registrar) ServeHTTP(w http.ResponseWriter, q *http.Request) { r.api.mux.ServeHTTP(w, q) }

// register declares everything.
func (a *API) register() {
	r := registrar{api: a}
	r.huma = humago.New(r, humaConfig())
	r.huma.UseMiddleware(whole)
	a.registerCameras(r)
	a.registerStatus(r)
	a.registerEvents(r)
	a.registerAccess(r)
	a.registerUsers(r)
	a.registerTokens(r)
	a.registerSessions(r)
	a.registerSettings(r)
	a.document = r.finish()
	a.registerDocs(r)
}

// humaConfig is package huma's, without what it would fetch from elsewhere and
// add to every answer.
func humaConfig() huma.Config {
	c := huma.DefaultConfig("Framegate", "1")
	c.Info.Description = introduction
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil
	c.Transformers = []huma.Transformer{withoutValues}
	c.Tags = tags
	c.Servers = []*huma.Server{{URL: "..", Description: "where this document is from"}} // at whatever path
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer":  {Type: "http", Scheme: "bearer", Description: "a token made by POST /api/v1/tokens"},
		"basic":   {Type: "http", Scheme: "basic", Description: "a user's name and password, or any name and a token, from what is no browser"},
		"session": {Type: "apiKey", In: "cookie", Name: "framegate", Description: "the cookie of POST /api/v1/login; over TLS it is called __Host-framegate"},
	}
	return c
}

// add declares an operation. What the handler returns as an error is answered
// as a problem.
func add[in, out any](r registrar, op operation, handler func(context.Context, *in) (*out, error)) {
	described := op.describe(r.huma)
	huma.Register(r.huma, *described, func(ctx context.Context, i *in) (*out, error) {
		o, err := handler(ctx, i)
		if err == nil {
			return o, nil
		}
		p := problemOf(err)
		p.headers(exchangeOf(ctx).writer.Header())
		if p.Status == http.StatusInternalServerError {
			r.api.log.Error("request failed", "operation", op.id, "err", p.cause)
		}
		return nil, p
	})
	documented := r.huma.OpenAPI().Paths[op.Path]
	for _, d := range []*huma.Operation{documented.Post, documented.Patch} {
		if d != nil && d.OperationID == op.id {
			op.takesBody = d.RequestBody != nil
		}
	}
	r.note(op)
}

// addPlain declares an operation that answers by itself.
func addPlain(r registrar, op operation, response *huma.Response, handler http.HandlerFunc) {
	described := op.describe(r.huma)
	described.Responses["200"] = response
	r.huma.OpenAPI().AddOperation(described)
	r.HandleFunc(op.Method+" "+op.Path, handler)
	r.note(op)
}

// note keeps what an operation is.
func (r registrar) note(op operation) {
	r.api.operations[op.Method+" "+op.Path] = op
	r.api.routes = append(r.api.routes, op.Route)
}

// describe gives what the document says of an operation.
func (op operation) describe(api huma.API) *huma.Operation {
	d := &huma.Operation{
		Method:          op.Method,
		Path:            op.Path,
		OperationID:     op.id,
		Tags:            []string{op.tag},
		Summary:         op.summary,
		Description:     op.about,
		DefaultStatus:   op.status,
		MaxBodyBytes:    -1, // gate has seen to it
		BodyReadTimeout: -1, // gate has read it
		Responses:       make(map[string]*huma.Response),
		Extensions:      map[string]any{"x-permission": string(op.Action)},
		Security:        []map[string][]string{{"session": {}}, {"bearer": {}}, {"basic": {}}},
	}
	problems := append([]int{}, op.problems...)
	if op.Method != http.MethodGet {
		problems = append(problems, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	switch op.Action {
	case Public:
		d.Security = []map[string][]string{{}}
		if op.Method != http.MethodGet {
			problems = append(problems, http.StatusTooManyRequests)
		}
	case Known:
		problems = append(problems, http.StatusUnauthorized)
	default:
		problems = append(problems, http.StatusUnauthorized, http.StatusNotFound)
	}
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem](), true, "Problem")
	for _, status := range problems {
		d.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
		}
	}
	return d
}

// finish gives the document.
func (r registrar) finish() []byte {
	document := r.huma.OpenAPI()
	schemas := document.Components.Schemas.Map()
	delete(schemas, "ErrorModel") // package huma's own, which are never answered
	delete(schemas, "ErrorDetail")
	for name, schema := range schemas {
		if !r.sent(name) { // clients have to bear what is added to answers later
			schema.AdditionalProperties = nil
		}
	}
	b, err := json.Marshal(document)
	if err != nil {
		panic(err) // it is the same each time, so tests see it
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, b, "", "  "); err != nil {
		panic(err)
	}
	indented.WriteByte('\n')
	return indented.Bytes()
}

// sent says whether the schema of this name is that of a body that is sent in.
func (r registrar) sent(name string) bool {
	for _, item := range r.huma.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Post, item.Patch} {
			if op != nil && op.RequestBody != nil && strings.HasSuffix(op.RequestBody.Content["application/json"].Schema.Ref, "/"+name) {
				return true
			}
		}
	}
	return false
}

// schemaName gives a type the name that it has in the document.
func schemaName(t reflect.Type, hint string) string {
	switch t {
	case reflect.TypeFor[document]():
		return "Camera"
	case reflect.TypeFor[fresh]():
		return "NewCamera"
	case reflect.TypeFor[change]():
		return "CameraChange"
	case reflect.TypeFor[lastingLink]():
		return "LastingLink"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// whole is a middleware that keeps an answer until it is whole: so a status can
// still be put right, lengths are known, and a peer that goes away is no error.
func whole(ctx huma.Context, next func(huma.Context)) {
	answer := &wholeAnswer{humaContext: ctx}
	next(answer)
	if answer.status == 0 {
		return
	}
	if answer.body.Len() > 0 {
		ctx.SetHeader("Content-Length", strconv.Itoa(answer.body.Len()))
	}
	ctx.SetStatus(answer.status)
	_, _ = ctx.BodyWriter().Write(answer.body.Bytes())
}

// humaContext is a name for the embedded field, beside the method Context.
type humaContext huma.Context

type wholeAnswer struct {
	humaContext
	status int
	body   bytes.Buffer
}

func (a *wholeAnswer) SetStatus(status int)  { a.status = status }
func (a *wholeAnswer) Status() int           { return a.status }
func (a *wholeAnswer) BodyWriter() io.Writer { return &a.body }

// withoutValues bounds problems, and makes them of package huma's errors. Those repeat what was
// sent, which may be a password. What does not fit the schema is a bad request;
// 422 is for what fits and cannot be accepted.
func withoutValues(ctx huma.Context, _ string, v any) (any, error) {
	if p, ok := v.(*problem); ok {
		p.bound()
	}
	model, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := newProblem(model.Status, "the request is not what this address takes")
	if p.Status == http.StatusUnprocessableEntity {
		p = newProblem(http.StatusBadRequest, p.Detail)
	}
	for _, e := range model.Errors {
		p.Errors = append(p.Errors, fault{Location: e.Location, Detail: e.Message})
	}
	p.bound()
	ctx.SetStatus(p.Status)
	return p, nil
}
