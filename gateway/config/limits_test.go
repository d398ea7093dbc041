package config

import (
	"strings"
	"testing"
	"time"
)

// limitBounds has for each limit the bounds as its error names them, and a value
// just below and just above.
var limitBounds = map[string][4]string{
	"viewers":                 {"1", "1000000", "0", "1000001"},
	"viewers_per_camera":      {"1", "1000000", "0", "1000001"},
	"viewers_per_principal":   {"1", "1000000", "0", "1000001"},
	"viewers_per_address":     {"1", "1000000", "0", "1000001"},
	"viewer_patience":         {"1s", "10m", "999ms", "601s"},
	"frame_bytes":             {"64KiB", "64MiB", "65535B", "65MiB"},
	"publisher_fps":           {"1", "1000", "0", "1001"},
	"publisher_bytes":         {"64KiB", "1GiB", "65kB", "1025MiB"},
	"post_time":               {"1s", "1h", "0s", "1h1s"},
	"post_bytes":              {"1B", "1MiB", "0B", "2MB"},
	"posts_per_address":       {"1", "10000", "0", "10001"},
	"connections":             {"16", "1000000", "15", "1000001"},
	"connections_per_address": {"4", "1000000", "3", "1000001"},
	"header_bytes":            {"4KiB", "1MiB", "4000B", "2MiB"},
	"header_timeout":          {"1s", "1m", "10ms", "1d"},
	"idle_timeout":            {"1s", "1h", "0s", "2h"},
	"api_body_bytes":          {"4KiB", "16MiB", "1KiB", "17MiB"},
	"encoders":                {"1", "1024", "0", "1025"},
	"encoder_starts":          {"1", "1000", "0", "1001"},
	"camera_connect":          {"100ms", "5m", "99ms", "5m1s"},
	"camera_first_byte":       {"1s", "5m", "0s", "1h"},
	"camera_silence":          {"1s", "1h", "500ms", "30d"},
}

// TestLimitsHaveBounds, in the file and in variables.
func TestLimitsHaveBounds(t *testing.T) {
	for _, s := range settings {
		key, isLimit := strings.CutPrefix(s.Key, "limits.")
		if _, tested := limitBounds[key]; isLimit && !tested {
			t.Errorf("%s has no bounds here", key)
		}
	}
	for key, c := range limitBounds {
		variable := "FRAMEGATE_LIMITS__" + strings.ToUpper(key)
		for _, wrong := range c[2:] {
			text := "limits:\n  " + key + ": " + wrong + "\n"
			want := "from " + c[0] + " to " + c[1] + `, not "` + wrong + `"`
			_, err := load(t, text)
			if err == nil || !strings.HasPrefix(err.Error(), "framegate.yaml:2:") || !strings.Contains(err.Error(), "limits."+key+": ") || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%s in the file: %v, want %s", text, err, want)
			}
			_, err = Load("", []string{variable + "=" + wrong})
			if err == nil || !strings.HasPrefix(err.Error(), variable+": must be ") || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%s=%s: %v, want %s", variable, wrong, err, want)
			}
		}
		for _, right := range c[:2] {
			if _, err := Load("", []string{variable + "=" + right}); err != nil {
				t.Errorf("%s=%s: %v", variable, right, err)
			}
		}
	}
}

func TestSizesAndDurationsAreWrittenShort(t *testing.T) {
	for n, want := range map[int64]string{1: "1B", 1000: "1000B", 1024: "1KiB", 1536 << 10: "1536KiB", 64 << 20: "64MiB", 1 << 30: "1GiB"} {
		if got := sizeText(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		10 * time.Second: "10s", time.Minute: "1m", 90 * time.Second: "1m30s", time.Hour: "1h",
		10 * time.Minute: "10m", 80 * time.Minute: "1h20m", 100 * time.Millisecond: "100ms",
	} {
		if got := durationText(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
