package command

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
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
		{[]string{"notify", "test"}, nil, exitMistake, "", "framegate: nobody is told of anything; name somebody under notify in the configuration\n"},
	} {
		var out, err strings.Builder
		if status := Run(t.Context(), c.args, c.variables, &out, &err); status != c.status || out.String() != c.out || err.String() != c.err {
			t.Errorf("%q: %d, %q, %q", c.args, status, out.String(), err.String())
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(got) == 0 || !strings.HasPrefix(got[0], "/canary {\"id\":\"evt_") || !strings.Contains(got[0], `"type":"test"`) {
		t.Errorf("%q", got)
	}
}
