package server

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"framegate/gateway/config"
)

// settingOf gives the value of a setting in effect, and who gave it.
func settingOf(s *server, key string) (value any, by config.Origin) {
	of, _ := config.FindSetting(key)
	by, _ = s.wanted.Load().Given(key)
	return of.Value(s.settings()), by
}

// TestLayersOfARunningServer: what the app gives counts until the file gives the same, and
// again when the file does so no more; and it outlives the server.
func TestLayersOfARunningServer(t *testing.T) {
	data := t.TempDir()
	s, reload := wiredAt(t, data, "")
	is := func(s *server, key string, want any, wantBy config.Origin) {
		t.Helper()
		if value, by := settingOf(s, key); value != want || by != wantBy {
			t.Errorf("%s is %v by %s, want %v by %s", key, value, by, want, wantBy)
		}
	}
	kept := config.Kept{"limits.viewers": {"3"}, "limits.encoder_starts": {"9"}}
	if err := s.store.SetSettings(t.Context(), nil, map[string]string{"limits.viewers": `["3"]`, "limits.encoder_starts": `["9"]`}); err != nil {
		t.Fatal(err)
	}
	if err := (control{s}).TakeSettings(kept); err != nil {
		t.Fatal(err)
	}
	is(s, "limits.viewers", 3, config.OriginApp)
	is(s, "limits.encoder_starts", 4, config.OriginApp) // before a restart
	if w := (control{s}).Settings().Wanted.Limits.EncoderStarts; w != 9 {
		t.Errorf("%d is wanted", w)
	}
	reload("limits: {viewers: 5}")
	is(s, "limits.viewers", 5, config.OriginFile)
	reload("limits: {connections: 99}")
	is(s, "limits.viewers", 3, config.OriginApp)
	is(s, "limits.connections", 99, config.OriginFile)
	rewrite(t, s.Reload.File, "limits: {viewers: nothing}")
	s.reload()
	if s.refused.Load() == nil {
		t.Error("a bad file is taken")
	}
	if err := (control{s}).TakeSettings(config.Kept{"limits.viewers": {"2"}}); err != nil { // on top of the last good file
		t.Fatal(err)
	}
	is(s, "limits.viewers", 2, config.OriginApp)
	is(s, "limits.connections", 99, config.OriginFile)

	s.close()
	again, _ := wiredAt(t, data, "")
	is(again, "limits.viewers", 3, config.OriginApp)
	is(again, "limits.encoder_starts", 9, config.OriginApp)
	if n := again.Config.Limits.EncoderStarts; n != 9 {
		t.Errorf("made with %d", n)
	}
}

// TestNothingOfTheAppStopsAServer: neither what no version knows, nor what the file does not
// go with, nor a port that is taken.
func TestNothingOfTheAppStopsAServer(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	data := t.TempDir()
	s, _ := wiredAt(t, data, "")
	rows := map[string]string{
		"limits.gone": `["1"]`, "limits.viewers": `{"no": "list"}`, "limits.connections": `["1"]`, "hosts": `["cams.example"]`,
		"rtsp.listen": `["` + taken.Addr().String() + `"]`, "data": `["/etc"]`,
	}
	if err := s.store.SetSettings(t.Context(), nil, rows); err != nil {
		t.Fatal(err)
	}
	s.close()
	again, _ := wiredAt(t, data, "")
	left := (control{again}).Settings().Left
	for _, key := range []string{"limits.gone", "limits.connections", "rtsp.listen", "data"} {
		if left[key] == nil {
			t.Errorf("%s is not left out", key)
		}
	}
	if got, by := settingOf(again, "rtsp.listen"); got != "" || by != config.OriginDefault {
		t.Errorf("RTSP at %v by %s", got, by)
	}
	if _, by := settingOf(again, "hosts"); by != config.OriginApp {
		t.Errorf("what fits is left out too: %s", by)
	}
}

// TestDoorsOfTheAppAreTried before they are kept.
func TestDoorsOfTheAppAreTried(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	second := oddUDP(t)
	pair := fmt.Sprintf("127.0.0.1:%d", second.LocalAddr().(*net.UDPAddr).Port-1)
	s, reload := wired(t, "")
	for _, test := range []struct {
		kept config.Kept
		key  string
		says string
	}{
		{config.Kept{"rtsp.listen": {taken.Addr().String()}}, "rtsp.listen", "in use"},
		{config.Kept{"rtmp.listen": {"192.0.2.1:1935"}}, "rtmp.listen", "assign"},
		{config.Kept{"rtsp.listen": {"127.0.0.1:8080"}}, "rtsp.listen", "where listen listens too"},
		{config.Kept{"rtsp.listen": {"127.0.0.1:0"}, "rtsp.udp": {pair}}, "rtsp.udp", "in use"},
		{config.Kept{"rtsp.listen": {"127.0.0.1:0"}, "rtmp.listen": {"127.0.0.1:0"}}, "", ""},
	} {
		_, left, err := (control{s}).FitSettings(test.kept)
		if err != nil || test.key == "" && len(left) > 0 || test.key != "" && (left[test.key] == nil || !strings.Contains(left[test.key].Error(), test.says)) {
			t.Errorf("%v: %v, %v", test.kept, left, err)
		}
	}
	reload("auth: off")
	if value, _ := settingOf(s, "rtsp.listen"); value != "" {
		t.Errorf("a look at what fits has changed something: %v", value)
	}
}

// oddUDP takes a port that is the second of a pair.
func oddUDP(t *testing.T) net.PacketConn {
	t.Helper()
	for {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if c.LocalAddr().(*net.UDPAddr).Port%2 == 1 {
			return c
		}
	}
}

// TestSettingsOfOtherNodes are put into effect when the store has them.
func TestSettingsOfOtherNodes(t *testing.T) {
	s, _ := wired(t, "limits: {connections: 99}")
	rows := map[string]string{"limits.viewers": `["3"]`, "limits.connections": `["50"]`}
	if err := s.store.SetSettings(t.Context(), nil, rows); err != nil {
		t.Fatal(err)
	}
	s.changedElsewhere(t.Context(), false)
	if n := s.settings().Limits.Viewers; n != 3 || s.settings().Limits.Connections != 99 {
		t.Errorf("%d viewers, %d connections", n, s.settings().Limits.Connections)
	}
	before := s.settings()
	s.changedElsewhere(t.Context(), false)
	if s.settings() != before {
		t.Error("what is the same is put into effect again")
	}
}
