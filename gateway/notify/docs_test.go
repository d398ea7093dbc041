package notify

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
)

// TestPageVerifiesDeliveries: what docs/notify.md shows takes what is signed, and nothing
// else.
func TestPageVerifiesDeliveries(t *testing.T) {
	camtest.Need(t, "python3")
	page, err := os.ReadFile("../docs/notify.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```python\n(.*?)```").FindSubmatch(page)
	if shown == nil {
		t.Fatal("the page shows nothing")
	}
	content := []byte(`{"text":"a.b"}`)
	for _, c := range []struct {
		key, body string
		age       time.Duration
		want      string
	}{
		{testKey, string(content), 0, "True"},
		{testKey, string(content), 10 * time.Minute, "False"},
		{testKey, string(content) + " ", 0, "False"},
		{"whsec_" + strings.Repeat("QUJD", 8), string(content), 0, "False"},
	} {
		h := make(http.Header)
		sign(h, newID(), time.Now().Add(-c.age), content, keyOf(t, testKey))
		headers := make(map[string]string)
		for name := range h {
			headers[strings.ToLower(name)] = h.Get(name)
		}
		given, err := json.Marshal(map[string]any{"secret": c.key, "headers": headers, "body": c.body})
		if err != nil {
			t.Fatal(err)
		}
		python := exec.Command("python3", "-c", string(shown[1])+"\nimport json, sys\ngiven = json.load(sys.stdin)\nprint(verify(given['secret'], given['headers'], given['body'].encode()))")
		python.Stdin = strings.NewReader(string(given))
		if said, err := python.CombinedOutput(); err != nil || strings.TrimSpace(string(said)) != c.want {
			t.Errorf("%+v: %s, %v", c, said, err)
		}
	}
}
