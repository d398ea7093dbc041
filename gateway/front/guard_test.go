package front

import "testing"

func TestOnlyOurNamesAreAnswered(t *testing.T) {
	names := []string{"cams.example.org"}
	for host, want := range map[string]bool{
		"":                       true,
		"localhost":              true,
		"localhost:8080":         true,
		"LOCALHOST.:8080":        true,
		"cams.localhost":         true,
		"127.0.0.1:8080":         true,
		"192.168.1.20":           true,
		"[::1]:8080":             true,
		"[fe80::1]":              true,
		"cams.example.org":       true,
		"Cams.Example.org:8080":  true,
		"example.org":            false,
		"evil.example":           false,
		"localhost.evil.example": false,
		"127.0.0.1.evil.example": false,
		"2130706433":             false,
	} {
		if got := ourHost(host, names); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}
