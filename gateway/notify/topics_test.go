package notify

import (
	"fmt"
	"testing"

	"framegate/gateway/api/events"
	"framegate/gateway/config"
	"framegate/gateway/stream"
)

// BenchmarkWanted100 is what a look costs for a broker of 100 cameras.
func BenchmarkWanted100(b *testing.B) {
	now := events.Now{Cameras: make(map[string]events.CameraNow)}
	for i := range 100 {
		now.Cameras[fmt.Sprintf("camera-%d", i)] = events.CameraNow{Name: "Camera", State: stream.Online, Recording: events.Recording{State: "recording"}}
	}
	n := namer{config.MQTT{Prefix: "framegate", Discovery: "homeassistant", Pictures: 1}}
	b.ReportAllocs()
	for b.Loop() {
		if len(n.wanted(&now, "https://cams.example.org", "1.2.3")) < 800 {
			b.Fatal("too little")
		}
	}
}
