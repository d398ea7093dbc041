package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"framegate/gateway/api/problem"
)

// lamp is what the API of these tests is about.
type lamp struct {
	Name   string   `json:"name" maxLength:"10" example:"desk"`
	Watts  int      `json:"watts,omitempty" minimum:"1" maximum:"100"`
	Colors []string `json:"colors,omitempty" nullable:"false"`
}

type answered struct {
	Location string `header:"Location"`
	Body     lamp
}

var errBroken = errors.New("the lamp is broken")

// shop is a Set, with what it was asked and what it said.
type shop struct {
	*Set
	admitted []string
	refused  []int
	log      bytes.Buffer
	lit      []lamp
}

func newShop() *shop {
	s := &shop{}
	s.Set = New(Options{
		Title: "Lamps", Version: "7", Introduction: "About lamps.", NoAddress: "there is no such lamp",
		Tags:   []*huma.Tag{{Name: "lamps", Description: "All of them"}},
		Logins: []Login{{"badge", &huma.SecurityScheme{Type: "http", Scheme: "bearer"}}, {"key", &huma.SecurityScheme{Type: "http", Scheme: "basic"}}},
		Names:  map[reflect.Type]string{reflect.TypeFor[lamp](): "Light"},
		Admit: func(r *http.Request, pattern string) (int64, *problem.Problem) {
			s.admitted = append(s.admitted, pattern)
			if r.Header.Get("Authorization") == "nobody" {
				return 0, problem.New(http.StatusUnauthorized, "say who you are")
			}
			return 200, nil
		},
		Refused: func(p *problem.Problem) { s.refused = append(s.refused, p.Status) },
		ProblemOf: func(err error) *problem.Problem {
			status := http.StatusInternalServerError
			if errors.Is(err, errBroken) {
				status = http.StatusConflict
			}
			p := problem.New(status, "it did not work")
			p.Cause = err
			return p
		},
		Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	})
	Add(s.Set, Operation{Method: "POST", Path: "/lamps/{room}", ID: "add-lamp", Tag: "lamps", Summary: "Add a lamp", Permission: "light", Status: 201, Problems: []int{409}},
		func(_ context.Context, in *struct {
			Room string `path:"room" maxLength:"5"`
			Body lamp
		}) (*answered, error) {
			switch in.Body.Name {
			case "broken":
				return nil, errBroken
			case "odd":
				return nil, errors.New("secret reason")
			}
			s.lit = append(s.lit, in.Body)
			return &answered{"/lamps/" + in.Room + "/" + in.Body.Name, in.Body}, nil
		})
	Add(s.Set, Operation{Method: "DELETE", Path: "/lamps/{room}", ID: "remove-lamps", Tag: "lamps", Summary: "Remove them", Permission: "light"},
		func(ctx context.Context, _ *struct {
			Room string `path:"room"`
		}) (*struct{}, error) {
			w, r := ExchangeOf(ctx)
			http.SetCookie(w, &http.Cookie{Name: "removed", Value: r.PathValue("room")})
			return &struct{}{}, ctx.Err()
		})
	AddPlain[lamp](s.Set, Operation{Method: "GET", Path: "/lamps", ID: "watch-lamps", Tag: "lamps", Summary: "Watch them", Permission: "see", Open: true}, "one after another", "text/event-stream",
		func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "data: {}\n\n") })
	s.Handle("GET", "/page", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "page") })
	return s
}

func (s *shop) ask(method, address, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, address, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestOperationDoesWhatItIsAsked(t *testing.T) {
	s := newShop()
	w := s.ask("POST", "/lamps/hall", `{"name": "desk", "watts": 40}`)
	if w.Code != 201 || w.Header().Get("Location") != "/lamps/hall/desk" || strings.TrimSpace(w.Body.String()) != `{"name":"desk","watts":40}` {
		t.Errorf("status %d, %v: %s", w.Code, w.Header(), w.Body)
	}
	if len(s.lit) != 1 || s.lit[0].Watts != 40 || len(s.admitted) != 1 || s.admitted[0] != "POST /lamps/{room}" || s.refused != nil {
		t.Errorf("%+v, admitted %v, refused %v", s.lit, s.admitted, s.refused)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Link": ""} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if w := s.ask("DELETE", "/lamps/hall", ""); w.Code != 204 || w.Header().Get("Set-Cookie") != "removed=hall" || w.Body.Len() > 0 {
		t.Errorf("status %d, %v: %s", w.Code, w.Header(), w.Body)
	}
	if w := s.ask("GET", "/lamps", "not read"); w.Code != 200 || w.Body.String() != "data: {}\n\n" {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if w := s.ask("GET", "/page", ""); w.Body.String() != "page" {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

// TestWhyARequestWasEndedIsAnswered, not that it was.
func TestWhyARequestWasEndedIsAnswered(t *testing.T) {
	ctx, end := context.WithCancelCause(t.Context())
	end(errBroken)
	w := httptest.NewRecorder()
	newShop().ServeHTTP(w, httptest.NewRequestWithContext(ctx, "DELETE", "/lamps/hall", nil))
	if w.Code != http.StatusConflict {
		t.Errorf("status %d", w.Code)
	}
}

// TestRequestsThatAreNotTaken get a problem document, which holds nothing of what
// was sent but names, and are not done.
func TestRequestsThatAreNotTaken(t *testing.T) {
	for name, c := range map[string]struct {
		method, address, body string
		headers               []string
		status                int
		says                  string
	}{
		"nobody":              {"POST", "/lamps/hall", `{"name": "x"}`, []string{"Authorization", "nobody"}, 401, "say who you are"},
		"too large":           {"POST", "/lamps/hall", `{"name": "` + strings.Repeat("x", 200) + `"}`, nil, 413, "larger than 200 bytes"},
		"a form":              {"POST", "/lamps/hall", `name=x`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "application/json"},
		"another charset":     {"POST", "/lamps/hall", `{"name": "x"}`, []string{"Content-Type", "application/json; charset=latin1"}, 415, "application/json"},
		"no JSON":             {"POST", "/lamps/hall", `{"name"`, nil, 400, "is not JSON"},
		"no body":             {"POST", "/lamps/hall", ``, nil, 400, "request is not what"},
		"a body for nothing":  {"DELETE", "/lamps/hall", `{"name": "x"}`, nil, 400, "nothing is to be sent here"},
		"an unknown member":   {"POST", "/lamps/hall", `{"name": "x", "canary": 1}`, nil, 400, "body.canary"},
		"a number too large":  {"POST", "/lamps/hall", `{"name": "x", "watts": 4711}`, nil, 400, "body.watts"},
		"a text too long":     {"POST", "/lamps/hall", `{"name": "canary canary"}`, nil, 400, "body.name"},
		"another kind":        {"POST", "/lamps/hall", `{"name": ["x"]}`, nil, 400, "body.name"},
		"a name is missing":   {"POST", "/lamps/hall", `{}`, nil, 400, "name"},
		"a long parameter":    {"POST", "/lamps/hallway", `{"name": "x"}`, nil, 400, "path.room"},
		"an error":            {"POST", "/lamps/hall", `{"name": "broken"}`, nil, 409, "it did not work"},
		"an error inside":     {"POST", "/lamps/hall", `{"name": "odd"}`, nil, 500, "it did not work"},
		"nowhere":             {"GET", "/lamp", "", nil, 404, "there is no such lamp"},
		"a path that is none": {"GET", "/lamps//hall", "", nil, 404, "there is no such lamp"},
		"dots":                {"GET", "/lamps/../page", "", nil, 404, "there is no such lamp"},
		"another method":      {"PUT", "/lamps/hall", `{}`, nil, 405, "this address takes DELETE and POST"},
	} {
		s := newShop()
		w := s.ask(c.method, c.address, c.body, c.headers...)
		var p problem.Problem
		err := json.Unmarshal(w.Body.Bytes(), &p)
		if w.Code != c.status || err != nil || p.Status != c.status || w.Header().Get("Content-Type") != problem.ContentType || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: status %d, %v: %s", name, w.Code, w.Header(), w.Body)
		}
		if strings.Contains(w.Body.String(), "canary canary") || strings.Contains(w.Body.String(), "4711") || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: what was sent, or why, is repeated: %s", name, w.Body)
		}
		if s.lit != nil {
			t.Errorf("%s: it was done: %v", name, s.lit)
		}
		if logged := strings.Contains(s.log.String(), "secret reason"); logged != (c.status == 500) {
			t.Errorf("%s: the log says %q", name, &s.log)
		}
		wantRefused := c.status == 413 || c.status == 415 || name == "no JSON" || name == "a body for nothing"
		if (len(s.refused) == 1 && s.refused[0] == c.status) != wantRefused {
			t.Errorf("%s: told of %v", name, s.refused)
		}
		if allow := w.Header().Get("Allow"); (allow != "") != (c.status == 405) {
			t.Errorf("%s: Allow %q", name, allow)
		}
	}
}

func TestDocumentSaysAll(t *testing.T) {
	var d struct {
		OpenAPI string
		Info    struct{ Title, Version, Description string }
		Tags    []struct{ Name string }
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Permission  string `json:"x-permission"`
			Security    []map[string][]string
			Responses   map[string]struct{ Content map[string]any }
		}
		Components struct {
			Schemas         map[string]map[string]any
			SecuritySchemes map[string]any
		}
	}
	document := newShop().Document()
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(document, newShop().Document()) {
		t.Error("it is another each time")
	}
	if d.OpenAPI != "3.1.0" || d.Info.Title != "Lamps" || d.Info.Version != "7" || d.Info.Description != "About lamps." || len(d.Tags) != 1 || len(d.Components.SecuritySchemes) != 2 {
		t.Errorf("%+v", d)
	}
	post, remove, get := d.Paths["/lamps/{room}"]["post"], d.Paths["/lamps/{room}"]["delete"], d.Paths["/lamps"]["get"]
	for _, status := range []string{"201", "400", "409", "413", "415"} {
		if _, ok := post.Responses[status]; !ok {
			t.Errorf("adding has no %s", status)
		}
	}
	if post.OperationID != "add-lamp" || post.Permission != "light" || len(post.Security) != 2 || post.Security[0]["badge"] == nil || post.Security[1]["key"] == nil {
		t.Errorf("adding is %+v", post)
	}
	if _, ok := remove.Responses["204"]; !ok || remove.Responses["409"].Content != nil {
		t.Errorf("removing is %+v", remove)
	}
	if get.Responses["200"].Content["text/event-stream"] == nil || get.Responses["400"].Content != nil || len(get.Security) != 1 || len(get.Security[0]) != 0 {
		t.Errorf("watching is %+v", get)
	}
	if len(d.Paths) != 2 || len(d.Components.Schemas) != 3 || d.Components.Schemas["Problem"] == nil || d.Components.Schemas["Fault"] == nil {
		t.Errorf("%d paths, schemas %v", len(d.Paths), d.Components.Schemas)
	}
	// What is sent in is strict; what is answered may get more members.
	if d.Components.Schemas["Light"]["additionalProperties"] != false || d.Components.Schemas["Problem"]["additionalProperties"] != nil {
		t.Errorf("%v", d.Components.Schemas)
	}
}
