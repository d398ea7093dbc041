package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"framegate/gateway/record/index"
)

// TestGapThatGoesOnIsInABundle as far as the bundle reaches, once.
func TestGapThatGoesOnIsInABundle(t *testing.T) {
	noon := time.Date(2020, 11, 20, 12, 0, 0, 0, time.UTC)
	gap := func(from, to time.Duration, reason string) index.Gap {
		return index.Gap{Camera: "gate", From: noon.Add(from * time.Minute), To: noon.Add(to * time.Minute), Reason: reason}
	}
	for _, c := range []struct {
		known    []index.Gap
		from, to time.Duration
		want     string
	}{
		{nil, 0, 30, "away 5-9"},
		{nil, 6, 8, "away 6-8"},
		{nil, 0, 4, ""},
		{nil, 10, 30, ""},
		{[]index.Gap{gap(1, 2, "full"), gap(5, 8, "away")}, 0, 30, "full 1-2, away 5-8, away 8-9"},
		{[]index.Gap{gap(5, 7, "away")}, 5, 7, "away 5-7"},
	} {
		var told []string
		for _, g := range withMissing(c.known, gap(5, 9, "away"), noon.Add(c.from*time.Minute), noon.Add(c.to*time.Minute)) {
			told = append(told, fmt.Sprintf("%s %v-%v", g.Reason, g.From.Sub(noon).Minutes(), g.To.Sub(noon).Minutes()))
		}
		if got := strings.Join(told, ", "); got != c.want {
			t.Errorf("from %d to %d beside %v it is %q, want %q", c.from, c.to, c.known, got, c.want)
		}
	}
}
