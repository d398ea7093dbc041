package server

import (
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"framegate/gateway/api"
	"framegate/gateway/config"
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

// TestEveryLimitIsExplained to admins, with the value that it has now.
func TestEveryLimitIsExplained(t *testing.T) {
	s, reload := wired(t, "limits: {viewers: 7}")
	s.hits.Hit("viewers")
	known := make(map[string]bool)
	s.limitHits(func(name string, _ uint64) { known[name] = true })
	for name := range limitTexts {
		if !known[name] {
			t.Errorf("%s is explained, and no limit", name)
		}
	}
	for name := range s.constantLimits() {
		if !known[name] {
			t.Errorf("%s has a value, and is no limit", name)
		}
	}
	settings, told := make(map[string]bool), make(map[string]api.Limit)
	for _, l := range (control{s}).Limits() {
		if l.Bounds == "" || told[l.Name].Name != "" {
			t.Errorf("%+v", l)
		}
		settings[l.Key], told[l.Name] = true, l
	}
	if len(told) != len(known) {
		t.Errorf("%d limits are told, %d known", len(told), len(known))
	}
	for _, setting := range config.Settings() {
		if strings.HasPrefix(setting.Key, "limits.") && !settings[setting.Key] {
			t.Errorf("%s is the setting of no limit", setting.Key)
		}
	}
	want := api.Limit{Name: "viewers", Key: "limits.viewers", Value: 7, Bounds: "viewers at a time; others are refused", Hits: 1}
	if told["viewers"] != want {
		t.Errorf("%+v", told["viewers"])
	}
	if l := told["camera_first_picture"]; l.Key != "" || l.Value != "30s" {
		t.Errorf("%+v", l)
	}
	if l := told["answer_patience"]; l.Key != "limits.viewer_patience" || l.Value != "10s" {
		t.Errorf("%+v", l)
	}
	reload("limits: {viewers: 8}")
	for _, l := range (control{s}).Limits() {
		if l.Name == "viewers" && l.Value != 8 {
			t.Errorf("after a reload %+v", l)
		}
	}
}

// TestLimitsAreInGerman in the app, which has what they bound in a table of its own.
func TestLimitsAreInGerman(t *testing.T) {
	s, _ := wired(t, "")
	german := namesIn(t, "settings-limits.ts", `(?m)^  (\w+): \['', '.`)
	for _, limit := range (control{s}).Limits() {
		if !german[limit.Name] {
			t.Errorf("the app does not know what %s bounds", limit.Name)
		}
		delete(german, limit.Name)
	}
	if len(german) > 0 {
		t.Errorf("no limits any more: %v", german)
	}
}

// TestRefusalsHaveWords in the app, in both languages.
func TestRefusalsHaveWords(t *testing.T) {
	nodes := wiredNodes(t, 1, "", func(string, *server) {})
	words := namesIn(t, "settings-nodes.ts", `(?m)^  '([\w ]+)': \['`)
	for _, fault := range (control{nodes[0]}).Cluster().Refused {
		if !words[fault.Reason] {
			t.Errorf("the app has no words for %s", fault.Reason)
		}
		delete(words, fault.Reason)
	}
	if len(words) > 0 {
		t.Errorf("nothing is refused for these any more: %v", words)
	}
}

// namesIn gives the names in a table of the app's texts.
func namesIn(t *testing.T, file, row string) map[string]bool {
	t.Helper()
	table, err := os.ReadFile("../../web/app/texts/" + file)
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, found := range regexp.MustCompile(row).FindAllStringSubmatch(string(table), -1) {
		names[found[1]] = true
	}
	return names
}
