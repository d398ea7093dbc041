package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/api/problem"
)

// However much is wrong with what was sent, the answer is short, and says how
// much it leaves out.
func TestAnswersAreShort(t *testing.T) {
	r := newRig(t)
	many := func(format string, n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(format, i))
		}
		return strings.Join(all, ",")
	}
	for what, c := range map[string]struct {
		client client
		method string
		path   string
		body   string
		status int
	}{
		"unknown fields, without a login": {r.as(""), "POST", "/api/v1/login", `{` + many(`"f%d":1`, 800) + `}`, 400},
		"one long field":                  {r.as(""), "POST", "/api/v1/login", `{"` + strings.Repeat("a", 8000) + `":1}`, 400},
		"unknown fields":                  {r.admin(), "POST", "/api/v1/cameras", `{"id":"x","source":"upload:",` + many(`"f%d":1`, 6000) + `}`, 400},
		"a field that is long escaped":    {r.as(r.token("a", "admin")), "POST", "/api/v1/cameras", `{"id":"x","source":"` + strings.Repeat("\\u0001", 4000) + `"}`, 422},
		"grants":                          {r.as(r.token("b", "admin")), "POST", "/api/v1/tokens", `{"name":"x","grants":[` + many(`"view:<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<%d"`, 1000) + `]}`, 422},
		"fields of the wrong kind":        {r.as(r.token("c", "admin")), "POST", "/api/v1/tokens", `{"name":"x","grants":[` + many(`%d`, 1000) + `]}`, 400},
	} {
		a := c.client.do(c.method, c.path, c.body).want(c.status)
		p := a.problem()
		if len(a.body) > problem.MaxBytes+100 || len(p.Errors) < 1 || len(p.Errors) > problem.MaxFaults {
			t.Errorf("%s: %d bytes, %d mistakes", what, len(a.body), len(p.Errors))
		}
		if strings.Contains(c.body, `99"`) && !strings.Contains(p.Detail, "more mistakes are not listed") {
			t.Errorf("%s: %s", what, p.Detail)
		}
	}
}

// Who is nobody sends little.
func TestBodiesWithoutALoginAreSmall(t *testing.T) {
	r := newRig(t)
	hits := make(map[string]int)
	r.options.Limited = func(limit string) { hits[limit]++ }
	r.as("").do("POST", "/api/v1/login", `{"name":"`+strings.Repeat("a", maxPublicBytes)+`"}`).want(http.StatusRequestEntityTooLarge)
	if hits[LimitBodyBytes] != 1 {
		t.Errorf("%v", hits)
	}
}

func TestRequestsWithoutALoginArePaced(t *testing.T) {
	r := newRig(t)
	hits := make(map[string]int)
	r.options.Limited = func(limit string) { hits[limit]++ }
	a := r.as("").do("POST", "/api/v1/login", `{}`).want(http.StatusUnprocessableEntity)
	for i := 0; a.response.StatusCode == http.StatusUnprocessableEntity && i < 1000; i++ { // on a slow machine a place comes back before it is asked for
		for r.limiter.allows("127.0.0.1") {
			continue
		}
		a = r.as("").do("POST", "/api/v1/login", `{}`)
	}
	if a.want(http.StatusTooManyRequests); a.response.Header.Get("Retry-After") != "1" || hits[LimitPublicRequests] != 1 {
		t.Errorf("%v, counted %v", a.response.Header, hits)
	}
	r.as("").do("GET", "/api/docs", nil).want(http.StatusOK)
	synctest.Test(t, func(t *testing.T) {
		var l limiter
		for range publicBurst {
			l.allows("a")
		}
		if l.allows("a") || !l.allows("b") {
			t.Error("one network's limit is another's")
		}
		time.Sleep(time.Second / PublicRate)
		if !l.allows("a") || l.allows("a") {
			t.Error("after a while one more is to be read")
		}
		for i := range 3 * maxNetworks {
			l.allows(itoa(int64(i)))
		}
		if len(l.networks) > maxNetworks {
			t.Errorf("%d networks are counted", len(l.networks))
		}
	})
}
