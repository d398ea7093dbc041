package operation

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestPrometheusScrapes a gateway that works: its own judge has nothing to say against
// the metrics, and each query of the dashboard gives something. Those of a camera that
// is removed end.
func TestPrometheusScrapes(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	rig.Need(t, "ffmpeg", "prometheus", "promtool")
	s := rig.Start(t, "cameras: {front: {source: 'upload:', record: {mode: continuous, codec: mjpeg}}, away: {source: 'rtsp://127.0.0.1:1/', keep: always}}\n")
	rig.SendNumbers(t, s, "front")
	rig.Await(t, "something is recorded", func() bool {
		return strings.Contains(metricsOf(t, s), `framegate_recording_last_frame_timestamp_seconds{camera="front"}`)
	})
	s.End(t)
	s.StartAgain(t) // so that what is kept was added up
	rig.SendNumbers(t, s, "front")
	for _, form := range []string{"mjpeg", "mp4"} {
		s.Open(t, s.Request(t, http.MethodGet, "/live/front."+form, nil, nil), rig.Credentials{}, nil)
	}

	lint := rig.Program(t, "promtool", "check", "metrics")
	lint.Stdin = strings.NewReader(metricsOf(t, s))
	if said, err := lint.Output(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s%s", err, said, lint.Stderr)
	}
	p := scrapedBy(t, s)
	for _, panel := range dashboard(t) {
		for _, target := range panel.Targets {
			if ofCluster(t, target.Expr) {
				continue
			}
			query := strings.NewReplacer("$__rate_interval", "20s", "$job", "framegate", "$camera", ".*").Replace(target.Expr)
			var got []sample
			rig.Await(t, fmt.Sprintf("%s: %s gives something", panel.Title, query), func() bool {
				got = p.query(t, query)
				return len(got) > 0
			})
		}
	}
	for query, what := range map[string]string{
		`framegate_stream_state{camera="away", state="offline"} == 1`:                                       "that the camera is away",
		`framegate_camera_restarts_total{camera="away", reason="unreachable"} > 0`:                          "why",
		`framegate_form_viewers{form=~"mjpeg|mp4"} == 1`:                                                    "who watches",
		`framegate_form_delay_seconds_count{form="mjpeg"} > 5`:                                              "how late they are",
		`framegate_form_frames_total{form="mjpeg"} >= on(form) framegate_form_delay_seconds_count`:          "that all frames are counted",
		`framegate_rendition_cpu_seconds_total{camera="front"} > 0`:                                         "what ffmpeg takes",
		`framegate_encoder_cpu_seconds_total >= on() sum(framegate_rendition_cpu_seconds_total)`:            "what all take",
		`framegate_rendition_lag_seconds > 0`:                                                               "how late a rendition is",
		`framegate_recording_kept_bytes{camera="front"} > 0`:                                                "what is kept",
		`framegate_recordings_disk_bytes > framegate_recordings_free_bytes and framegate_panics_total == 0`: "the disk",
	} {
		rig.Await(t, "Prometheus knows "+what, func() bool { return len(p.query(t, query)) > 0 })
	}

	rewrite(t, s.Config, "cameras: {front: {source: 'upload:'}}\n")
	rig.Await(t, "the series of the camera that was removed end", func() bool { return len(p.query(t, `{camera="away"}`)) == 0 })
}

// TestAlertsCall has Prometheus' own tool try the rules.
func TestAlertsCall(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"check", "rules", "alerts.yaml"}, {"test", "rules", "alerts.test.yaml"}} {
		tool := rig.Program(t, "promtool", args...)
		tool.Dir = "../../../scripts"
		said, err := tool.Output()
		if err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, said)
		}
	}
	rules, err := os.ReadFile("../../../scripts/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tried, err := os.ReadFile("../../../scripts/alerts.test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, told := rig.Start(t, "cameras: {front: {source: 'upload:', record: {mode: continuous}}}\n"), ""
	rig.Await(t, "the camera's stream to be there", func() bool {
		told = metricsOf(t, s)
		return strings.Contains(told, "framegate_stream_state{")
	})
	for _, name := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(string(rules), -1) {
		if !strings.Contains(string(tried), "- name: "+name[1]+"\n") {
			t.Errorf("%s is not tried", name[1])
		}
	}
	for _, name := range regexp.MustCompile(`framegate_\w+`).FindAllString(string(rules), -1) {
		if !strings.Contains(told, "# TYPE "+name+" ") && !comesLater[name] && !ofCluster(t, name) {
			t.Errorf("there is no %s", name)
		}
	}
}

// comesLater are metrics that nothing has at the start.
var comesLater = map[string]bool{"framegate_rendition_lag_seconds": true, "framegate_recording_last_frame_timestamp_seconds": true}

// ofCluster says whether a query is of what a server alone does not have. What it names
// must be there all the same.
func ofCluster(t *testing.T, query string) bool {
	t.Helper()
	names := regexp.MustCompile(`framegate_cluster_\w+`).FindAllString(query, -1)
	known, err := os.ReadFile("../../metrics/testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.Contains(string(known), "\n"+name+"{") && !strings.Contains(string(known), "\n"+name+" ") {
			t.Errorf("there is no %s", name)
		}
	}
	return len(names) > 0
}

// metricsOf scrapes a gateway.
func metricsOf(t *testing.T, s *rig.Server) string {
	t.Helper()
	return string(s.Get(t, "/metrics", rig.Credentials{}).Content)
}

// panel is a part of the dashboard.
type panel struct {
	Title   string
	Targets []struct{ Expr string }
}

// dashboard gives the panels that have queries.
func dashboard(t *testing.T) (panels []panel) {
	t.Helper()
	content, err := os.ReadFile("../../../scripts/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Panels []panel }
	if err := json.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	for _, p := range all.Panels {
		if len(p.Targets) > 0 {
			panels = append(panels, p)
		}
	}
	if len(panels) < 20 {
		t.Fatalf("%d panels have queries", len(panels))
	}
	return panels
}

// prometheus is one that scrapes a gateway, by its address.
type prometheus string

// scrapedBy starts a Prometheus that scrapes a gateway each second, and has the
// rules that Framegate comes with.
func scrapedBy(t *testing.T, s *rig.Server) prometheus {
	t.Helper()
	rules, err := filepath.Abs("../../../scripts/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config := rig.WriteConfig(t, fmt.Sprintf("global: {scrape_interval: 1s, scrape_timeout: 1s}\nrule_files: [%s]\nscrape_configs: [{job_name: framegate, static_configs: [{targets: ['%s']}]}]\n",
		rules, strings.TrimPrefix(s.URL, "http://")))
	address := fmt.Sprintf("127.0.0.1:%d", rig.HeldPort(t))
	cmd := rig.Program(t, "prometheus", "--config.file="+config, "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+address, "--log.level=warn")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := prometheus("http://" + address)
	rig.Await(t, "Prometheus has scraped", func() bool { return len(p.query(t, `framegate_build_info`)) == 1 })
	return p
}

// sample is one of what a query gives.
type sample struct{ Metric map[string]string }

// query gives what Prometheus knows at the moment; nothing while it does not answer.
func (p prometheus) query(t *testing.T, query string) []sample {
	t.Helper()
	answer, err := http.Get(string(p) + "/api/v1/query?" + url.Values{"query": {query}}.Encode())
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode == http.StatusServiceUnavailable {
		return nil
	}
	var said struct {
		Status, Error string
		Data          struct{ Result []sample }
	}
	if err := json.Unmarshal(content, &said); err != nil || said.Status != "success" {
		t.Fatalf("%s: %v %s", query, err, content)
	}
	return said.Data.Result
}
