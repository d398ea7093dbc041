// Package instant reads times as they stand in addresses and bodies, so that all of
// them understand the same.
package instant

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// ErrForm says how a time is written.
var ErrForm = errors.New("must be a time such as 2026-11-20T14:05:10Z or 2026-11-20T15:05:10+01:00, from 1970 on, or now, or -30m for half an hour ago")

// Parse reads a time: one of RFC 3339, "now", or so long before it, such as -90s,
// -1h30m or -7d. A plus in an address is a blank, unless it is written as %2B. The
// error is ErrForm.
func Parse(text string, now time.Time) (t time.Time, err error) {
	switch {
	case text == "now":
		t = now
	case Relative(text):
		var back time.Duration
		if back, err = ago(text[1:]); err == nil {
			t = now.Add(-back)
		}
	default:
		t, err = time.Parse(time.RFC3339Nano, strings.ReplaceAll(text, " ", "+"))
	}
	if year := t.UTC().Year(); err != nil || year < 1970 || year > 9998 {
		return time.Time{}, ErrForm
	}
	return t, nil
}

// Relative says of a text that it is another time each time it is read, so that no
// cache may keep what is answered.
func Relative(text string) bool { return text == "now" || strings.HasPrefix(text, "-") }

// ago reads how long ago something was: days, or a duration of Go without a sign.
func ago(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	back, err := time.ParseDuration(text)
	if strings.ContainsAny(text, "+-") {
		err = ErrForm
	}
	return back, err
}
