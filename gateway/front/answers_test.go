package front

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestNamesOfSessionsAreNotLogged: whoever reads logs could end the sessions of others.
func TestNamesOfSessionsAreNotLogged(t *testing.T) {
	var log bytes.Buffer
	f := &Front{options: Options{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}}
	r := httptest.NewRequest("PATCH", "/live/yard/whep/VERYSECRET", nil)
	r.SetPathValue("id", "yard")
	r.SetPathValue("session", "VERYSECRET")
	f.answerError(httptest.NewRecorder(), r, errors.New("broken"))
	if s := log.String(); strings.Contains(s, "VERYSECRET") || strings.Count(s, "path=/live/yard/whep/") != 2 {
		t.Errorf("it logs: %s", s)
	}
}
