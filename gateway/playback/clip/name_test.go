package clip

import (
	"testing"
	"time"
)

// TestSpeedIsInTheName of a timelapse.
func TestSpeedIsInTheName(t *testing.T) {
	c := &Clip{Start: noon, End: noon.Add(time.Hour), request: Request{Camera: "front", From: noon.Add(-time.Hour), To: noon.Add(time.Minute), Speed: 2.5}}
	if got, want := c.Name(time.UTC), "front_2026-11-20_12-00-00_to_12-01-00_2.5x.mp4"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestOverMidnight the name says both days.
func TestOverMidnight(t *testing.T) {
	c := &Clip{Start: noon, End: noon.Add(48 * time.Hour), request: Request{Camera: "front", From: noon, To: noon.Add(24 * time.Hour)}}
	if got, want := c.Name(time.UTC), "front_2026-11-20_12-00-00_to_2026-11-21_12-00-00.mp4"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
