package front

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// TestPathsWithEmptyParts lead to those without, below the path under which a proxy shows us.
func TestPathsWithEmptyParts(t *testing.T) {
	for _, row := range []struct{ base, asked, want string }{
		{"", "//?action=stream&x=%2F", "/?action=stream&x=%2F"},
		{"/cams", "/cams//?action=stream", "/cams/?action=stream"},
		{"/cams", "/cams///live//front.jpg", "/cams/live/front.jpg"},
		{"/cams", "/cams/assets//app/", "/cams/assets/app/"},
		{"/a/b", "/a/b/live/a%2Fb//x", "/a/b/live/a%2Fb/x"},
		{"", "//evil.example/", "/evil.example/"},
		{"/cams", "/cams/live/front.jpg", ""},
		{"/cams", "/cams/../x", ""}, // the router's affair
	} {
		r := underBase(httptest.NewRequest(http.MethodGet, "http://host"+row.asked, nil), row.base)
		w := httptest.NewRecorder()
		tidied(http.NotFoundHandler()).ServeHTTP(w, r)
		got := ""
		if w.Code == http.StatusTemporaryRedirect {
			asked, _ := url.Parse("http://host" + row.asked)
			to, err := asked.Parse(w.Header().Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			got = to.RequestURI()
			if to.Host != "host" {
				t.Errorf("%s leads to %s", row.asked, to)
			}
		}
		if got != row.want {
			t.Errorf("%s leads to %q, not %q", row.asked, got, row.want)
		}
	}
}
