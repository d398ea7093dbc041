package config

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/secret"
)

// fields gives every value that a struct holds, as far down as they are structs
// of this package; of a Config all but its cameras, and but what the app alone has.
func fields(v reflect.Value) (all []reflect.Value) {
	for field, value := range v.Fields() {
		switch {
		case field.Name == "Cameras", field.Name == "Added", !field.IsExported():
		case value.Kind() == reflect.Struct && value.Type().PkgPath() == reflect.TypeFor[Config]().PkgPath():
			all = append(all, fields(value)...)
		default:
			all = append(all, value)
		}
	}
	return all
}

// alter makes a value another.
func alter(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Struct:
		v.Set(reflect.ValueOf(secret.New("x")))
	default:
		v.SetInt(v.Int() + 1)
	}
}

// TestEveryFieldIsASetting, and one alone; and a running server takes of it what
// the table says.
func TestEveryFieldIsASetting(t *testing.T) {
	now := defaults()
	n := len(fields(reflect.ValueOf(now)))
	if n != len(Settings()) {
		t.Errorf("%d fields, %d settings", n, len(Settings()))
	}
	for i := range n {
		next := defaults()
		alter(fields(reflect.ValueOf(&next).Elem())[i])
		var differ []Setting
		for _, s := range Settings() {
			if !s.Same(&now, &next) {
				differ = append(differ, s)
			}
		}
		if len(differ) != 1 {
			t.Errorf("field %d makes %d settings differ", i, len(differ))
			continue
		}
		s := differ[0]
		merged, restart := Merge(&now, &next)
		want, inEffect := []string(nil), &next
		if s.Restart {
			want, inEffect = []string{s.Key}, &now
		}
		if !slices.Equal(restart, want) || !reflect.DeepEqual(merged, inEffect) {
			t.Errorf("%s: %v take a restart, and %+v is in effect", s.Key, restart, merged)
		}
	}
}

func TestSettingsThatTakeARestart(t *testing.T) {
	var live []string
	for _, s := range Settings() {
		if !s.Restart {
			live = append(live, s.Key)
		}
	}
	want := strings.Fields(`base_path frame_ancestors hosts compat webrtc.hosts cluster.redirect cors.origins network.allow trusted_proxies default_camera
		limits.viewers limits.viewers_per_camera limits.viewers_per_principal limits.viewers_per_address
		limits.connections limits.connections_per_address limits.api_body_bytes
		recordings.dir recordings.max_bytes recordings.min_free recordings.sync recordings.segment recordings.buffer
		notify.address notify.webhooks notify.mqtt.url notify.mqtt.username notify.mqtt.password notify.mqtt.password_file notify.mqtt.ca
		notify.mqtt.prefix notify.mqtt.discovery notify.mqtt.pictures`)
	if !slices.Equal(live, want) {
		t.Errorf("taken while running: %v, want %v", live, want)
	}
}

// TestMergeTakesWhatItCan: each change for itself, cameras at once, and nothing
// of what was there is touched.
func TestMergeTakesWhatItCan(t *testing.T) {
	now := mustLoad(t, "limits: {viewers: 5, frame_bytes: 1MiB}\ntls: {mode: self-signed}\nhosts: [a]\n")
	next := mustLoad(t, "limits: {viewers: 6, frame_bytes: 2MiB, camera_silence: 9s}\nhosts: [b]\ncameras: {front: {source: http://cam/}}\nlisten: localhost:1\n")
	before := *now
	merged, restart := Merge(now, next)
	if want := []string{"listen", "tls.mode", "limits.frame_bytes", "limits.camera_silence"}; !slices.Equal(restart, want) {
		t.Errorf("%v take a restart, want %v", restart, want)
	}
	want := *next
	want.Listen, want.TLS, want.Data = now.Listen, now.TLS, now.Data
	want.Limits.FrameBytes, want.Limits.CameraSilence = now.Limits.FrameBytes, now.Limits.CameraSilence
	if !reflect.DeepEqual(merged, &want) {
		t.Errorf("in effect is %+v, want %+v", merged, want)
	}
	if !reflect.DeepEqual(now, &before) || next.Listen != "localhost:1" || next.Limits.FrameBytes != 2<<20 {
		t.Error("what was there has changed")
	}
	if again, restart := Merge(now, now); restart != nil || !reflect.DeepEqual(again, now) {
		t.Errorf("of the same, %v take a restart", restart)
	}
}

// TestRecordingsInTheDataFolderMoveWithIt alone: not before it is another one.
func TestRecordingsInTheDataFolderMoveWithIt(t *testing.T) {
	now := mustLoad(t, "data: /a\n")
	for text, want := range map[string]string{
		"data: /b\n":                        "/a/recordings",
		"data: /b\nrecordings: {dir: /c}\n": "/c",
		"recordings: {dir: /c}\ndata: /a\n": "/c",
		"data: /a\n":                        "/a/recordings",
	} {
		merged, _ := Merge(now, mustLoad(t, text))
		if merged.Data != "/a" || merged.Recordings.Dir != want {
			t.Errorf("%s: recordings in %s, of the data in %s", text, merged.Recordings.Dir, merged.Data)
		}
	}
}

// TestSettingsAsJSON: whoever shows them gets texts, numbers and lists, and
// tells no list from an empty one.
func TestSettingsAsJSON(t *testing.T) {
	c := defaults()
	c.Hosts, c.Network.Allow = []string{"a"}, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	c.Limits.IdleTimeout = 90 * time.Second
	want := map[string]string{
		"listen": `"127.0.0.1:8080"`, "auth": `"required"`, "tls.mode": `"off"`, "hosts": `["a"]`, "cors.origins": `[]`,
		"network.allow": `["10.0.0.0/8"]`, "trusted_proxies": `[]`, "limits.idle_timeout": `"1m30s"`, "limits.viewers": `2000`,
		"ffmpeg.hwaccel": `"none"`, "base_path": `""`, "recordings.sync": `"auto"`, "recordings.min_free": `1073741824`,
	}
	for _, s := range Settings() {
		got, err := json.Marshal(s.Value(&c))
		if want, asked := want[s.Key]; err != nil || asked && string(got) != want || strings.ContainsAny(string(got[:1]), "n{") {
			t.Errorf("%s: %s, %v, want %s", s.Key, got, err, want)
		}
		delete(want, s.Key)
	}
	if len(want) > 0 {
		t.Errorf("not there: %v", want)
	}
}

// TestUsualIsWhatNobodyAskedFor, whatever else was.
func TestUsualIsWhatNobodyAskedFor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "framegate.yaml")
	if err := os.WriteFile(file, []byte("data: /srv/data\ncameras: {gate: {source: 'http://192.0.2.1/'}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, given := range map[string][]string{"": nil, file: {"data"}} {
		c, err := Load(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range Settings() {
			if same := s.Same(c, Usual(c)); same == slices.Contains(given, s.Key) {
				t.Errorf("%s, of %q, is as usual: %v", s.Key, path, same)
			}
		}
	}
}
