package openapi

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestWhatIsNotTakenForJSON(t *testing.T) {
	for body, says := range map[string]string{
		strings.Repeat("[", 9) + "1" + strings.Repeat("]", 9):     "too deep",
		strings.Repeat(`{"a":`, 9) + "1" + strings.Repeat("}", 9): "too deep",
		`{"a":null}`:          "null",
		`[null]`:              "null",
		`{"a":{"b":1,"b":2}}`: "twice",
		`{"A":1}`:             "unknown field",
		`{"":1}{}`:            "behind its end",
		`{"a":1`:              "not JSON",
		``:                    "not JSON",
		"\"\xc0\"":            "not UTF-8",
	} {
		if err := checkJSON([]byte(body)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40s: %v", body, err)
		}
	}
	for _, body := range []string{`{"a":[{"b":"null"},{"b":1}]}`, `1`, `[]`, strings.Repeat("[", 8) + strings.Repeat("]", 8)} {
		if err := checkJSON([]byte(body)); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// FuzzBodies: a body is taken by checkJSON only if encoding/json takes it for
// one value without a null.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `{"a":[{}]}`, `null`, `{"a":1,"a":2}`, `{"\u0061":1,"a":2}`, "\xff", `[[[[[[[[[1]]]]]]]]]`, `1 2`, `{"a"}`, `{]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkJSON(body) != nil {
			return
		}
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			t.Fatalf("taken is %q: %v", body, err)
		}
		again, err := json.Marshal(v)
		if err != nil || checkJSON(again) != nil {
			t.Fatalf("%q is taken, %q is not", body, again)
		}
	})
}
