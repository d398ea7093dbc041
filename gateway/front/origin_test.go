package front

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPagesOfOtherSitesAreKnown(t *testing.T) {
	for _, c := range []struct {
		origins []string
		want    bool
	}{
		{nil, true}, // no browser
		{[]string{"http://cams.example"}, true},
		{[]string{"https://cams.example"}, true}, // TLS may end before us
		{[]string{"https://CAMS.example"}, true},
		{[]string{""}, false},
		{[]string{"null"}, false},
		{[]string{"cams.example"}, false},
		{[]string{"//cams.example"}, false},
		{[]string{"file://cams.example"}, false},
		{[]string{"https://foe.example"}, false},
		{[]string{"https://cams.example.foe.example"}, false},
		{[]string{"https://foe.example/cams.example"}, false},
		{[]string{"https://foe.example@cams.example"}, false},
		{[]string{"https://cams.example:8080"}, false},
		{[]string{"https://cams.example/"}, false},
		{[]string{"https://cams.example", "https://cams.example"}, false},
		{[]string{"https://cams.example, https://foe.example"}, false},
		{[]string{"https://" + strings.Repeat("a", 300) + ".example"}, false},
		{[]string{"https://cams.example\x00"}, false},
		{[]string{"https://[::1"}, false},
	} {
		r := httptest.NewRequest("GET", "http://cams.example/live/front", nil)
		if c.origins != nil {
			r.Header["Origin"] = c.origins
		}
		if got := ownPage(r); got != c.want {
			t.Errorf("%q: %v", c.origins, got)
		}
	}
}
