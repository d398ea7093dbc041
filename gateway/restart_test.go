package main

import (
	"slices"
	"testing"

	"framegate/gateway/config"
)

func TestKeysThatTakeARestartAreNamed(t *testing.T) {
	base := func() *config.Config {
		return &config.Config{Listen: "127.0.0.1:1", Data: "a", Auth: config.AuthRequired, Hosts: []string{"a.example.org"}, Limits: config.Limits{Viewers: 1, FrameBytes: 1}}
	}
	for _, row := range []struct {
		change func(*config.Config)
		keys   []string
	}{
		{func(c *config.Config) { c.Listen = "127.0.0.1:2" }, []string{"listen"}},
		{func(c *config.Config) { c.Data = "b" }, []string{"data"}},
		{func(c *config.Config) { c.Auth = config.AuthOff }, []string{"auth"}},
		{func(c *config.Config) { c.TLS.Mode = config.TLSACME; c.FFmpeg.Path = "x" }, []string{"ffmpeg", "tls"}},
		{func(c *config.Config) { c.Limits.FrameBytes = 2 }, []string{"limits"}},
		{func(c *config.Config) {
			c.Limits.Viewers, c.Limits.ViewersPerCamera, c.Limits.ViewersPerPrincipal, c.Limits.ViewersPerAddress = 5, 6, 7, 8
		}, nil},
		{func(c *config.Config) {
			c.Hosts = nil
			c.DefaultCamera = "x"
			c.CORS.Origins = []string{"https://b.example.org"}
		}, nil},
	} {
		now, next := base(), base()
		row.change(next)
		merged, keys := withoutRestart(now, next)
		if !slices.Equal(keys, row.keys) {
			t.Errorf("%v, want %v", keys, row.keys)
		}
		if len(row.keys) > 0 && (merged.Listen != now.Listen || merged.Data != now.Data || merged.Auth != now.Auth || merged.TLS != now.TLS ||
			merged.FFmpeg != now.FFmpeg || merged.Limits != now.Limits) {
			t.Errorf("%v: in effect at once: %+v", keys, merged)
		}
		if len(row.keys) == 0 && (merged.Limits != next.Limits || merged.DefaultCamera != next.DefaultCamera || !slices.Equal(merged.Hosts, next.Hosts)) {
			t.Errorf("not in effect: %+v", merged)
		}
	}
}
