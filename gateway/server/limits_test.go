package server

import (
	"net/http/httptest"
	"strings"
	"testing"

	"framegate/gateway/rendition"
)

// TestEveryLimitIsTold from the start, at 0.
func TestEveryLimitIsTold(t *testing.T) {
	s, _ := wired(t, "")
	w := httptest.NewRecorder()
	s.metricsHandler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	answer := w.Body.String()
	told := 0
	all := func(limit string, _ uint64) {
		told++
		if !strings.Contains(answer, `framegate_limit_hits_total{limit="`+limit+`"} 0`+"\n") {
			t.Errorf("%s is not told", limit)
		}
	}
	s.hits.All(all)
	for _, limit := range append([]string{"encoders", "encoder_starts", "logins"}, rendition.ShareLimits...) {
		all(limit, 0)
	}
	if n := strings.Count(answer, "framegate_limit_hits_total{"); n != told {
		t.Errorf("%d limits are told, %d known", n, told)
	}
	for _, want := range []string{`framegate_viewers{camera="demo"} 0`, "framegate_cameras 2", "framegate_publishers 0", "framegate_encoders_running 0", "framegate_logins_failed_total 0"} {
		if !strings.Contains(answer, want+"\n") {
			t.Errorf("no %s", want)
		}
	}
}
