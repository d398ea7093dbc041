package instant

import (
	"errors"
	"testing"
	"time"
)

func TestTimesAreReadAlike(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 14, 5, 10, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-11-20T14:05:10Z":          now,
		"2026-11-20T15:05:10+01:00":     now,
		"2026-11-20T15:05:10 01:00":     now, // as a plus becomes
		"2026-11-20T14:05:10.25Z":       now.Add(250 * time.Millisecond),
		"1970-01-01T00:00:00Z":          time.Unix(0, 0),
		"now":                           now,
		"-30m":                          now.Add(-30 * time.Minute),
		"-1h30m":                        now.Add(-90 * time.Minute),
		"-7d":                           now.AddDate(0, 0, -7),
		"-0s":                           now,
		"":                              {},
		"yesterday":                     {},
		"Now":                           {},
		"-":                             {},
		"--5m":                          {},
		"-+5m":                          {},
		"-1h-30m":                       {},
		"-5":                            {},
		"-1d2h":                         {},
		"-65536d":                       {},
		"-30000d":                       {}, // before 1970
		"30m":                           {},
		"1763640000":                    {},
		"1969-12-31T23:59:59Z":          {},
		"9999-01-01T00:00:00Z":          {},
		"2026-11-20T14:05:10":           {},
		"9998-12-31T23:59:59.999-23:59": {},
	} {
		got, err := Parse(text, now)
		if !got.Equal(want) || want.IsZero() != errors.Is(err, ErrForm) {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	if Relative("2026-11-20T14:05:10Z") || !Relative("now") || !Relative("-30m") {
		t.Error("what is another time each time is not told apart")
	}
}
