package config

import (
	"strings"
	"testing"
	"time"
)

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"0B": 0, "512B": 512, "512KiB": 512 << 10, "8MiB": 8 << 20, "8 MiB": 8 << 20, "200GiB": 200 << 30, "2TiB": 2 << 40,
		"5kB": 5000, "5KB": 5000, "5MB": 5e6, "5GB": 5e9, "5TB": 5e12,
		"": -1, "8": -1, "MiB": -1, "-1MiB": -1, "+1MiB": -1, "1.5GiB": -1, "8mib": -1, "8M": -1, "1MiBB": -1,
		"99999999TiB": -1, "9223372036854775808B": -1, "1_000B": -1,
	} {
		got, err := size(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "500ms": 500 * time.Millisecond, "1m30s": 90 * time.Second, "1.5h": 90 * time.Minute,
		"30d": 30 * day, "1d12h": 36 * time.Hour,
		"": -1, "5": -1, "-5s": -1, "d": -1, "-1d": -1, "1.5d": -1, "1d-1h": -1, "1d25h": -1, "1d1d": -1, "1h1d": -1,
		"999999999d": -1, "5 s": -1,
	} {
		got, err := duration(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestAddressesAreQuotedWithoutTheirLogin, whatever is wrong with them.
func TestAddressesAreQuotedWithoutTheirLogin(t *testing.T) {
	for _, text := range []string{
		"notify: {address: 'https://ann:hunter2@cams.example.org?x'}", "notify: {address: 'ftp://ann:hunter2@cams.example.org'}",
		"cluster: {name: yard, node: a, public: 'https://ann:hunter2@b.example.org'}", "cluster: {name: yard, node: a, public: 'https://ann:hunter2@b@example'}",
		"tls: {mode: acme, acme: {directory: 'https://ann:hunter2@acme.example.org/'}}",
		"listen: 'ann:hunter2@127.0.0.1:8080'", "hosts: ['https://ann:hunter2@cams.example.org']", "trusted_proxies: ['ann:hunter2@192.168.0.1']",
	} {
		if _, err := load(t, text); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
