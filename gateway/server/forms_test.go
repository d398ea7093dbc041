package server

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"framegate/gateway/auth"
)

// TestEveryFormIsInTheMatrix fails for a form that nobody thought of who may use
// it.
func TestEveryFormIsInTheMatrix(t *testing.T) {
	matrix, err := os.ReadFile("../e2e/access/testdata/permissions.golden")
	if err != nil {
		t.Fatal(err)
	}
	s, _ := wired(t, "")
	for _, form := range s.forms {
		if !bytes.Contains(matrix, []byte("\n"+form.Method+" "+form.Address+" ")) {
			t.Errorf("%s %s is not in the matrix", form.Method, form.Address)
		}
	}
}

// TestFormsOfCamerasAreNamed by the API, whose links the contract of forms goes by
// (e2e/contract) and whose document lists them, and, those that give pictures, by
// the page of what comes out.
func TestFormsOfCamerasAreNamed(t *testing.T) {
	page, err := os.ReadFile("../docs/outputs.md")
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	listed := regexp.MustCompile(`addresses of the camera by form: [^"]*`).FindString(string(document))
	s, _ := wired(t, "")
	for _, form := range s.forms {
		if form.Address == "/live/{id}/nodes" {
			form.Link = "nodes" // of nodes of a cluster alone
		}
		if strings.Contains(form.Address, "{id}") && (form.Link == "" || !strings.Contains(listed, " "+form.Link)) {
			t.Errorf("%s %s is not among the %q", form.Method, form.Address, listed)
		}
		if form.Action == auth.View && !bytes.Contains(page, []byte("| `"+form.Address+"` |")) {
			t.Errorf("docs/outputs.md does not say what %s gives", form.Address)
		}
	}
}
