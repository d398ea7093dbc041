package server

import (
	"bytes"
	"os"
	"testing"
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
