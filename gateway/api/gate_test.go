package api

import (
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
