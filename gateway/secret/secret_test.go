package secret_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"framegate/gateway/secret"
)

func TestNothingShowsASecret(t *testing.T) {
	s := secret.New("canary")
	if s.Reveal() != "canary" || s.Empty() {
		t.Errorf("it reveals %q", s.Reveal())
	}
	marshalled, err := json.Marshal(map[secret.Text]any{s: []any{s, &s, struct{ S secret.Text }{s}}})
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%v %+v %#v %s %q %x %d %s %v", s, s, s, s, s, s, s, marshalled, s.LogValue())
	if strings.Contains(shown, "canary") || strings.Contains(shown, fmt.Sprintf("%x", "canary")) || strings.Count(shown, "redacted") != 12 {
		t.Errorf("%s", shown)
	}
}

func TestEmptySecretLooksLikeAnyOther(t *testing.T) {
	if got := fmt.Sprint(secret.Text{}); got != secret.Redacted || !(secret.Text{}).Empty() {
		t.Errorf("%q", got)
	}
}
