package front

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/web"
)

func TestNamesOfFormsAreSplit(t *testing.T) {
	for name, want := range map[string][2]string{
		"front":           {"front", ""},
		"front.mjpeg":     {"front", ".mjpeg"},
		"front-2.jpg":     {"front-2", ".jpg"},
		"front.jpg.mjpeg": {"front", ".jpg.mjpeg"},
		".mjpeg":          {"", ".mjpeg"},
	} {
		if id, extension := splitName(name); id != want[0] || extension != want[1] {
			t.Errorf("%s: %q, %q", name, id, extension)
		}
	}
}

// TestEveryRouteIsInTheMatrix fails for a route that nobody thought of who may
// use it. Those of forms are looked for where forms are made.
func TestEveryRouteIsInTheMatrix(t *testing.T) {
	matrix, err := os.ReadFile("../e2e/access/testdata/permissions.golden")
	if err != nil {
		t.Fatal(err)
	}
	f := New(Options{Pages: web.New(func() []string { return nil }), API: api.New(api.Options{})})
	for _, route := range f.routes() {
		if !bytes.Contains(matrix, []byte("\n"+route.pattern+" ")) && !strings.Contains(route.pattern, " /live/{name}") {
			t.Errorf("%s is not in the matrix", route.pattern)
		}
	}
}

// TestFormsAreOpenToWhoMayDoWhatTheyDo: one that shows under POST, or takes under
// GET, would be let in as the other is.
func TestFormsAreOpenToWhoMayDoWhatTheyDo(t *testing.T) {
	for _, form := range []Form{
		{Method: "POST", Address: "/live/{id}.avi", Action: auth.View},
		{Method: "GET", Address: "/live/{id}.avi", Action: auth.Publish},
		{Method: "PATCH", Address: "/live/{id}", Action: auth.Publish},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s %s for who may %s", form.Method, form.Address, form.Action)
				}
			}()
			New(Options{Forms: []Form{form}}).formRoutes()
		}()
	}
}

// TestFormsAreThereOnce: the one that came later would be all there is.
func TestFormsAreThereOnce(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two forms have the same address")
		}
	}()
	form := Form{Method: "GET", Address: "/live/{id}.avi", Action: auth.View, Serve: sayOK}
	New(Options{Forms: []Form{form, form}}).formRoutes()
}
