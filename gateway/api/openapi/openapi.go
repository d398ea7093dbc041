// Package openapi makes an HTTP API of Go functions, and the OpenAPI 3.1
// document that describes it, of the functions' types. It reads a request's
// body, refuses what is not as the document says, and answers errors as problem
// documents (package problem).
//
// It knows nothing of what an API is about, nor who may do what: Options.Admit
// decides that. Operations are declared with Add, once and before the first
// request; then a Set answers requests from any goroutine. Package api declares
// them.
package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"framegate/gateway/api/problem"
)

// Operation is something that can be asked for at an address, and what the
// document says of it.
type Operation struct {
	Method     string // GET includes HEAD
	Path       string // as http.ServeMux takes it
	ID         string // such as add-camera
	Tag        string
	Summary    string
	About      string
	Permission string // what whoever asks must be allowed to do, in a word
	Open       bool   // to everybody, so that no login is told of
	Optional   bool   // to everybody, but a login is of use
	Status     int    // of success; 0 is 200, or 204 without a body
	Problems   []int  // statuses of errors besides those of every operation
	Free       string // the member of the body that may hold any JSON, or WholeBody; "" for none

	Query map[string]string // of AddPlain: what may stand in the query, all texts, and what it means
}

// WholeBody, as Operation.Free, says that the body may be any object.
const WholeBody = "*"

// Login is a way to say who one is.
type Login struct {
	Name string
	*huma.SecurityScheme
}

// Options say what a Set is about. All but Tags, Logins and Names are needed.
type Options struct {
	Title, Version, Introduction string
	Tags                         []*huma.Tag             // in the order of the document
	Logins                       []Login                 // each of which will do
	Names                        map[reflect.Type]string // of schemas, where a type's own will not do
	// Admit decides whether a request may use the operation at this pattern,
	// which is its method and path, and how large its body may be.
	Admit func(r *http.Request, pattern string) (maxBytes int64, refused *problem.Problem)
	// Refused is told of each request that Admit let in and whose body is not
	// taken.
	Refused func(*problem.Problem)
	// ProblemOf makes a problem of a function's error.
	ProblemOf func(error) *problem.Problem
	NoAddress string // what is said where nothing is
	Log       *slog.Logger
}

// Set is the operations there are. Make it with New.
type Set struct {
	options Options
	mux     *http.ServeMux
	huma    huma.API
	bodies  map[string]bodyForm // of the patterns there are
}

// New makes a Set without operations.
func New(o Options) *Set {
	s := &Set{options: o, mux: http.NewServeMux(), bodies: make(map[string]bodyForm)}
	s.huma = humago.New(mux{s}, s.config())
	s.huma.UseMiddleware(whole)
	return s
}

// config is package huma's, without what it would fetch from elsewhere and add
// to every answer.
func (s *Set) config() huma.Config {
	c := huma.DefaultConfig(s.options.Title, s.options.Version)
	c.Info.Description = s.options.Introduction
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil
	c.Transformers = []huma.Transformer{withoutValues}
	c.Tags = s.options.Tags
	c.Servers = []*huma.Server{{URL: "..", Description: "where this document is from"}} // at whatever path
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", s.schemaName)
	c.Components.SecuritySchemes = make(map[string]*huma.SecurityScheme)
	for _, login := range s.options.Logins {
		c.Components.SecuritySchemes[login.Name] = login.SecurityScheme
	}
	return c
}

// schemaName gives a type the name that it has in the document.
func (s *Set) schemaName(t reflect.Type, hint string) string {
	if name, ok := s.options.Names[t]; ok {
		return name
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// mux is what package huma registers with.
type mux struct{ *Set }

// HandleFunc has a pattern answered behind what every request passes.
func (m mux) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	m.mux.HandleFunc(pattern, m.guarded(pattern, h))
}

// Add declares an operation that a function does. Of in package huma fills what
// its tags say, path, query, header and body; out is the answer, with headers
// and a body. An error is answered as the problem that Options.ProblemOf makes
// of it. To set cookies the function finds its request with ExchangeOf.
func Add[in, out any](s *Set, op Operation, do func(context.Context, *in) (*out, error)) {
	huma.Register(s.huma, *s.describe(op), func(ctx context.Context, i *in) (*out, error) {
		o, err := do(ctx, i)
		if err == nil {
			return o, nil
		}
		if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
			err = cause // such as that who asked may do so no longer
		}
		p := s.options.ProblemOf(err)
		w, _ := ExchangeOf(ctx)
		p.SetHeaders(w.Header())
		if p.Status >= http.StatusInternalServerError && p.Cause != nil && p.Cause.Error() != p.Detail {
			s.options.Log.Error("request failed", "operation", op.ID, "err", p.Cause)
		}
		return nil, p
	})
	s.bodies[op.Method+" "+op.Path] = bodyForm{}
	documented := s.huma.OpenAPI().Paths[op.Path]
	for _, d := range []*huma.Operation{documented.Post, documented.Put, documented.Patch} {
		if d != nil && d.OperationID == op.ID {
			s.bodies[op.Method+" "+op.Path] = bodyForm{taken: d.RequestBody != nil, free: op.Free}
		}
	}
}

// pathNames finds the parameters of a path.
var pathNames = regexp.MustCompile(`\{(\w+)\}`)

// AddPlain declares an operation that answers by itself, with a body of values
// of a type.
func AddPlain[of any](s *Set, op Operation, description, contentType string, handler http.HandlerFunc) {
	described := s.describe(op)
	described.Responses["200"] = &huma.Response{
		Description: description,
		Content:     map[string]*huma.MediaType{contentType: {Schema: s.schema(reflect.TypeFor[of]())}},
	}
	for _, name := range pathNames.FindAllStringSubmatch(op.Path, -1) {
		described.Parameters = append(described.Parameters, &huma.Param{Name: name[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	for _, name := range slices.Sorted(maps.Keys(op.Query)) {
		described.Parameters = append(described.Parameters, &huma.Param{Name: name, In: "query", Description: op.Query[name], Schema: &huma.Schema{Type: huma.TypeString}})
	}
	s.huma.OpenAPI().AddOperation(described)
	s.Handle(op.Method, op.Path, handler)
}

// Handle has an address answered that is not in the document.
func (s *Set) Handle(method, path string, handler http.HandlerFunc) {
	s.bodies[method+" "+path] = bodyForm{}
	mux{s}.HandleFunc(method+" "+path, handler)
}

func (s *Set) schema(t reflect.Type) *huma.Schema {
	return s.huma.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

// describe gives what the document says of an operation.
func (s *Set) describe(op Operation) *huma.Operation {
	d := &huma.Operation{
		Method:          op.Method,
		Path:            op.Path,
		OperationID:     op.ID,
		Tags:            []string{op.Tag},
		Summary:         op.Summary,
		Description:     op.About,
		DefaultStatus:   op.Status,
		MaxBodyBytes:    -1, // gate has seen to it
		BodyReadTimeout: -1, // gate has read it
		Responses:       make(map[string]*huma.Response),
		Extensions:      map[string]any{"x-permission": op.Permission},
	}
	if op.Open || op.Optional {
		d.Security = []map[string][]string{{}}
	}
	if !op.Open {
		for _, login := range s.options.Logins {
			d.Security = append(d.Security, map[string][]string{login.Name: {}})
		}
	}
	problems := op.Problems
	if op.Method != http.MethodGet {
		problems = append([]int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType}, problems...)
	}
	schema := s.schema(reflect.TypeFor[problem.Problem]())
	for _, status := range problems {
		d.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{problem.ContentType: {Schema: schema}},
		}
	}
	return d
}

// Document gives the document of what was added.
func (s *Set) Document() []byte {
	document := s.huma.OpenAPI()
	schemas := document.Components.Schemas.Map()
	delete(schemas, "ErrorModel") // package huma's own, which are never answered
	delete(schemas, "ErrorDetail")
	for name, schema := range schemas {
		if !s.sent(name) { // clients have to bear what is added to answers later
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
func (s *Set) sent(name string) bool {
	for _, item := range s.huma.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Post, item.Put, item.Patch} {
			if op != nil && op.RequestBody != nil && strings.HasSuffix(op.RequestBody.Content["application/json"].Schema.Ref, "/"+name) {
				return true
			}
		}
	}
	return false
}

// ServeHTTP answers a request. Errors are problem documents.
func (s *Set) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if at := r.URL.EscapedPath(); at != path.Clean(at) { // which the mux would redirect
		problem.New(http.StatusNotFound, s.options.NoAddress).Write(w)
		return
	}
	handler, pattern := s.mux.Handler(r)
	if _, ok := s.bodies[pattern]; !ok {
		s.answerUnrouted(w, r, handler)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// answerUnrouted answers what no operation takes. The handler is the mux's own,
// which knows which methods there are.
func (s *Set) answerUnrouted(w http.ResponseWriter, r *http.Request, handler http.Handler) {
	said := headersOnly{header: make(http.Header)}
	handler.ServeHTTP(&said, r)
	if said.status != http.StatusMethodNotAllowed {
		problem.New(http.StatusNotFound, s.options.NoAddress).Write(w)
		return
	}
	allowed := said.header.Get("Allow")
	w.Header().Set("Allow", allowed)
	problem.New(http.StatusMethodNotAllowed, "this address takes "+strings.ReplaceAll(allowed, ", ", " and ")).Write(w)
}

// headersOnly is where an answer goes of which only the head is wanted.
type headersOnly struct {
	header http.Header
	status int
}

func (h *headersOnly) Header() http.Header         { return h.header }
func (h *headersOnly) Write(b []byte) (int, error) { return len(b), nil }
func (h *headersOnly) WriteHeader(status int)      { h.status = status }

// guarded makes a handler of an operation's: it lets in what is admitted, with a
// body that can be read.
func (s *Set) guarded(pattern string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		maxBytes, p := s.options.Admit(r, pattern)
		if p != nil {
			p.Write(w)
			return
		}
		r, p = gate(w, r, s.bodies[pattern], maxBytes)
		if p != nil {
			s.options.Refused(p)
			p.Write(w)
			return
		}
		next(w, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, exchange{w, r})))
	}
}

// exchange is a request and where its answer goes.
type exchange struct {
	writer  http.ResponseWriter
	request *http.Request
}

type exchangeKey struct{}

// ExchangeOf gives the request that a function answers, and where its answer
// goes, for those that set cookies. It panics with any other context.
func ExchangeOf(ctx context.Context) (http.ResponseWriter, *http.Request) {
	e := ctx.Value(exchangeKey{}).(exchange)
	return e.writer, e.request
}
