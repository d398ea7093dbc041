package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write openapi.json anew")

func TestDocumentIsCurrent(t *testing.T) {
	document := New(Options{}).document
	if *update {
		must(t, os.WriteFile("openapi.json", document, 0o644))
	}
	kept, err := os.ReadFile("openapi.json")
	must(t, err)
	if !bytes.Equal(kept, document) {
		t.Fatal("openapi.json is not what the code says; run go test ./gateway/api -run DocumentIsCurrent -update")
	}
	r := newRig(t)
	if served := r.as("").do("GET", "/api/openapi.json", nil).want(200); !bytes.Equal(served.body, kept) {
		t.Error("another document is served than is kept")
	}
}

// described is what tests read of the document.
type described struct {
	OpenAPI string                               `json:"openapi"`
	Paths   map[string]map[string]describedRoute `json:"paths"`
	Parts   struct {
		Schemas map[string]map[string]any `json:"schemas"`
	} `json:"components"`
}

type describedRoute struct {
	ID         string      `json:"operationId"`
	Summary    string      `json:"summary"`
	Permission string      `json:"x-permission"`
	Parameters []parameter `json:"parameters"`
	Body       *struct {
		Content map[string]struct {
			Schema map[string]any `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content map[string]struct {
			Schema map[string]any `json:"schema"`
		} `json:"content"`
	} `json:"responses"`
}

type parameter struct {
	Name string `json:"name"`
	In   string `json:"in"`
}

func readDocument(t testing.TB) described {
	t.Helper()
	var d described
	must(t, json.Unmarshal(New(Options{}).document, &d))
	return d
}

// Every route but those of the document itself is in it, with its permission,
// and every reference leads somewhere.
func TestDocumentHasEveryRoute(t *testing.T) {
	d := readDocument(t)
	if d.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %s", d.OpenAPI)
	}
	operations := 0
	for _, route := range New(Options{}).Routes() {
		if !strings.HasPrefix(route.Path, "/api/v1/") {
			continue
		}
		operations++
		op, ok := d.Paths[route.Path][strings.ToLower(route.Method)]
		switch {
		case !ok:
			t.Errorf("%s %s is not in the document", route.Method, route.Path)
		case op.Permission != string(route.Action) || op.Summary == "" || op.ID == "":
			t.Errorf("%s %s: %+v", route.Method, route.Path, op)
		}
	}
	inDocument := 0
	for _, item := range d.Paths {
		inDocument += len(item)
	}
	if operations != inDocument || operations < 20 {
		t.Errorf("%d routes, %d operations in the document", operations, inDocument)
	}
	for rest := string(New(Options{}).document); ; {
		_, after, found := strings.Cut(rest, `"$ref": "#/components/schemas/`)
		if !found {
			break
		}
		name, _, _ := strings.Cut(after, `"`)
		if d.Parts.Schemas[name] == nil {
			t.Errorf("there is no schema %s", name)
		}
		rest = after
	}
}

// Everything the page loads is there, from here, and nothing is inline.
func TestDocumentationPageNeedsNothingFromElsewhere(t *testing.T) {
	r := newRig(t)
	for _, address := range []string{"/api/docs", "/api/docs/docs.js", "/api/docs/docs.css"} {
		a := r.as("").do("GET", address, nil).want(http.StatusOK)
		if csp := a.response.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self'") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", address, csp)
		}
		text := string(a.body)
		for _, bad := range []string{"https://", "http://", "innerHTML", "<style", "style=", "onload", "onclick", "eval("} {
			if strings.Contains(text, bad) {
				t.Errorf("%s holds %s", address, bad)
			}
		}
		tag := a.response.Header.Get("ETag")
		if again := r.as("").do("GET", address, nil, "If-None-Match", tag); again.response.StatusCode != http.StatusNotModified {
			t.Errorf("%s: status %d for what is known", address, again.response.StatusCode)
		}
	}
	r.as("").do("GET", "/api/docs", nil).says(`"docs/docs.js"`).says(`"docs/docs.css"`)
}
