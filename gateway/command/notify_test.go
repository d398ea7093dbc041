package command

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"framegate/gateway/secret"
	"framegate/gateway/store"
)

// TestNotifyTest tells each webhook, or one, and says what it answers.
func TestNotifyTest(t *testing.T) {
	var mu sync.Mutex
	var got []string
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		got = append(got, r.URL.Path+" "+string(body))
		mu.Unlock()
		if r.URL.Path == "/canary-bad" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer receiver.Close()
	good := []string{"FRAMEGATE_NOTIFY__WEBHOOKS__OPS__URL=" + receiver.URL + "/canary"}
	both := append(good, "FRAMEGATE_NOTIFY__WEBHOOKS__BAD__URL="+receiver.URL+"/canary-bad")
	for _, c := range []struct {
		args      []string
		variables []string
		status    int
		out, err  string
	}{
		{[]string{"notify", "test"}, good, exitFine, "webhook ops (" + receiver.URL + "): takes it\n", ""},
		{[]string{"notify", "test"}, both, exitFailed, "webhook bad (" + receiver.URL + "): answers 404 Not Found\nwebhook ops (" + receiver.URL + "): takes it\n", "framegate: 1 of 2 cannot be told\n"},
		{[]string{"notify", "test", "ops"}, both, exitFine, "webhook ops (" + receiver.URL + "): takes it\n", ""},
		{[]string{"notify", "test", "opts"}, both, exitMistake, "", "framegate: nobody of the name opts is told of anything\n"},
		{[]string{"notify", "test"}, nil, exitMistake, "", "framegate: nobody is told of anything; name somebody under notify in the configuration, or in the app under settings, notifications\n"},
	} {
		var out, err strings.Builder
		if status := Run(t.Context(), c.args, c.variables, &out, &err); status != c.status || out.String() != c.out || err.String() != c.err {
			t.Errorf("%q: %d, %q, %q", c.args, status, out.String(), err.String())
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(got) != 4 { // two of which were named, or alone
		t.Errorf("%d deliveries: %q", len(got), got)
	}
	if len(got) == 0 || !strings.HasPrefix(got[0], "/canary {\"id\":\"evt_") || !strings.Contains(got[0], `"type":"test"`) {
		t.Errorf("%q", got)
	}
}

// TestNotifyTestOfTheApp tells those who were added in the app, too, but none that leads to where
// nobody of the app may be; the settings of the app count as well.
func TestNotifyTestOfTheApp(t *testing.T) {
	var got atomic.Int32
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
	defer receiver.Close()
	dir := filepath.Join(t.TempDir(), "data")
	s, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, hidden := range map[string]string{"webhook/app": `{"url":"` + receiver.URL + `/canary"}`, "webhook/cloud": `{"url":"http://169.254.169.254/canary"}`, "webhook/broken": `{"url":"canary"}`} {
		if _, err := s.AddNotified(t.Context(), store.Notified{Name: name, Document: []byte("{}"), Secret: secret.New(hidden)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	variables := []string{"FRAMEGATE_DATA=" + dir}
	var out, errs strings.Builder
	status := Run(t.Context(), []string{"notify", "test", "app"}, variables, &out, &errs)
	if status != exitFailed || !strings.Contains(out.String(), "webhook app ("+receiver.URL+"): ") || !strings.Contains(out.String(), "may be there: loopback") || got.Load() != 0 {
		t.Errorf("where nobody may be: %d, %q, %q", status, out.String(), errs.String())
	}
	out.Reset()
	status = Run(t.Context(), []string{"notify", "test"}, append(variables, "FRAMEGATE_NETWORK__ALLOW=127.0.0.0/8"), &out, &errs)
	said := out.String()
	if status != exitFailed || !strings.Contains(said, "webhook app ("+receiver.URL+"): takes it\n") || !strings.Contains(said, "webhook cloud (http://169.254.169.254): ") ||
		!strings.Contains(said, "may be there: link-local") || strings.Contains(said, "canary") || got.Load() != 1 {
		t.Errorf("%d, %q, %q", status, said, errs.String())
	}
}
