package store

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestLogOfWhoIsApart: what all have in common is not reached for a moment at each start, of which the log has nothing; where it
// lasts it has it once, and when it is over.
func TestLogOfWhoIsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		c := &common{CommonOptions: CommonOptions{Log: slog.New(slog.NewTextHandler(&log, nil))}}
		note := func(away bool, at time.Duration, want int) {
			t.Helper()
			time.Sleep(at)
			c.unread = away
			c.noteApart(ErrApart)
			if lines := strings.Count(log.String(), "\n"); lines != want || c.status.Apart.IsZero() == away {
				t.Errorf("apart since %v, and the log has %d lines, want %d: %s", c.status.Apart, lines, want, log.String())
			}
		}
		note(true, 0, 0)
		note(true, apartPatience, 0)
		note(false, 1, 0)
		note(true, time.Hour, 0)
		note(true, apartPatience+1, 1)
		note(true, time.Minute, 1)
		note(false, 1, 2)
		note(true, 1, 2)
	})
}
