package rendition

import (
	"log/slog"
	"strings"
	"testing"
)

func TestPanicOfAnEncoderIsAnError(t *testing.T) {
	var said strings.Builder
	err := contained(slog.New(slog.NewTextHandler(&said, nil)), func() error { panic("broken") })
	if err == nil || !strings.Contains(err.Error(), "broken") || !strings.Contains(said.String(), "contained_test.go") {
		t.Errorf("%v; said %s", err, said.String())
	}
}
