package config

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestWhatTheAppMayNotGive: a session of an admin that is stolen reaches no file and no
// program with any key, reads and replaces no secret, lets nobody else in, connects nowhere, and locks
// nobody out. A further key is for the file until it is thought about here. Cameras, webhooks and the
// broker that are added in the app are no keys: where they lead is judged at each connection.
func TestWhatTheAppMayNotGive(t *testing.T) {
	why := map[string]string{
		"listen": "where all come in", "auth": "who comes in", "base_path": "where all come in", "trusted_proxies": "who is believed",
		"network.allow":        "what cameras of the app reach",
		"notify.webhooks":      "whom it connects to",
		"notify.mqtt.url":      "whom it connects to",
		"notify.mqtt.username": "a secret's other half", "notify.mqtt.password": "a secret",
		"data": "a folder", "recordings.dir": "a folder", "ffmpeg.path": "a program",
		"notify.mqtt.password_file": "a file", "notify.mqtt.ca": "a file",
	}
	for _, s := range Settings() {
		first, _, _ := strings.Cut(s.Key, ".")
		reason := why[s.Key]
		if first == "tls" || first == "cluster" {
			reason = "whom it trusts"
		}
		if s.App == (reason != "") {
			t.Errorf("%s may be given in the app: %v; why not: %q", s.Key, s.App, reason)
		}
		delete(why, s.Key)
		c := defaults()
		if err := giveAnything(s, &c, "/no/such/file"); s.App && err == nil && namesFile(s, &c) {
			t.Errorf("%s takes the name of a file", s.Key)
		}
	}
	if len(why) > 0 {
		t.Errorf("no keys: %v", why)
	}
}

func giveAnything(s Setting, c *Config, text string) error {
	if s.each {
		return nil
	}
	_, err := s.read(c, []value{{text: text, at: place{file: "/etc/framegate.yaml"}}})
	return err
}

func namesFile(s Setting, c *Config) bool {
	text, is := s.Value(c).(string)
	return is && strings.HasPrefix(text, "/") && s.Key != "default_camera"
}

// TestLayers: each goes before those in front of it, and says so.
func TestLayers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "framegate.yaml")
	kept := Kept{
		"limits.viewers": {"3"}, "limits.viewers_per_camera": {"4"}, "limits.frame_bytes": {"2MiB"},
		"hosts": {"a", "b"}, "cors.origins": {"https://a.example"}, "recordings.max_bytes": {"0"}, "recordings.segment": {"30s"},
	}
	text := "\nlimits: {viewers_per_camera: 5, frame_bytes: 4MiB}\ncors: {origins: []}\nnotify: {webhooks: {ops: {url: 'https://example.org/'}}}\n"
	c, err := ParseKept(kept, file, []byte(text), []string{"FRAMEGATE_LIMITS__FRAME_BYTES=8MiB", "FRAMEGATE_COMPAT=go2rtc"})
	if err != nil {
		t.Fatal(err)
	}
	if c, err = c.WithListen("127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]struct {
		value any
		by    Origin
		where string
	}{
		"limits.viewers":             {3, OriginApp, ""},
		"limits.viewers_per_camera":  {5, OriginFile, file + ":2"},
		"limits.frame_bytes":         {8 << 20, OriginEnvironment, "FRAMEGATE_LIMITS__FRAME_BYTES"},
		"limits.viewers_per_address": {128, OriginDefault, ""},
		"hosts":                      {[]string{"a", "b"}, OriginApp, ""},
		"cors.origins":               {[]string{}, OriginFile, file + ":3"},
		"compat":                     {[]Compat{CompatGo2RTC}, OriginEnvironment, "FRAMEGATE_COMPAT"},
		"recordings.max_bytes":       {int64(0), OriginApp, ""},
		"recordings.segment":         {"30s", OriginApp, ""},
		"listen":                     {"127.0.0.1:1", OriginFlag, "--listen"},
	} {
		s, _ := FindSetting(key)
		if by, where := c.Given(key); by != want.by || where != want.where || !reflect.DeepEqual(s.Value(c), want.value) {
			t.Errorf("%s is %v by %s, %q, want %+v", key, s.Value(c), by, where, want)
		}
	}
	if by, where := c.Given("notify.webhooks"); by != OriginFile || where != file+":4" {
		t.Errorf("webhooks by %s, %q", by, where)
	}
}

// TestWhatDoesNotFitIsLeftOut: values of the app stop nothing, whatever became of the
// version or the file since; those that fit stay.
func TestWhatDoesNotFitIsLeftOut(t *testing.T) {
	parse := func(kept Kept) (*Config, error) {
		return ParseKept(kept, "f.yaml", []byte("rtsp: {listen: ':8554'}\n"), nil)
	}
	kept := Kept{
		"limits.viewers": {"7"}, "limits.gone": {"1"}, "data": {"/etc"}, "limits.connections": {"1"}, "recordings.sync": {"1s", "2s"},
		"rtsp.udp": {":8000"}, "rtmp.tls_listen": {":1936"}, "notify.mqtt.prefix": {"X"}, "hosts": {},
	}
	c, left, err := Fit(kept, parse)
	if err != nil || c.Limits.Viewers != 7 || c.RTSP.UDP != ":8000" || c.RTMP.TLSListen != "" {
		t.Fatalf("%+v, %v", c, err)
	}
	for key, want := range map[string]string{
		"limits.gone": "no key of this version", "data": "for the configuration file", "limits.connections": "whole number from 16", "recordings.sync": "holds 2 texts",
		"rtmp.tls_listen": "needs a certificate", "notify.mqtt.prefix": "must be 1 to 23", "hosts": "holds 0 texts",
	} {
		if left[key] == nil || !strings.Contains(left[key].Error(), want) || strings.Contains(left[key].Error(), "in the app") {
			t.Errorf("%s: %v, want %q", key, left[key], want)
		}
		delete(left, key)
	}
	if len(left) > 0 {
		t.Errorf("left out too: %v", left)
	}
	alone := func(kept Kept) (*Config, error) {
		return ParseKept(kept, "f.yaml", []byte("tls: {mode: acme}\n"), nil)
	}
	if _, err := alone(Kept{"hosts": {"cams.example"}}); err != nil {
		t.Error(err)
	}
	if _, _, err := Fit(Kept{"hosts": {"cams.example"}}, alone); err == nil || !strings.Contains(err.Error(), "hosts") {
		t.Errorf("a file with which no server starts: %v", err)
	}
	wrong := errors.New("the file is wrong")
	if _, _, err := Fit(kept, func(Kept) (*Config, error) { return nil, wrong }); !errors.Is(err, wrong) {
		t.Error(err)
	}
}

// TestValuesOfTheApp: what Value gives is read as it is, and so are texts as they would
// stand in a file.
func TestValuesOfTheApp(t *testing.T) {
	for _, test := range []struct{ key, json, want, wrong string }{
		{"limits.viewers", "3", "3", ""},
		{"limits.viewers", `"3"`, "3", ""},
		{"limits.viewers", "3.5", "", "whole number"},
		{"limits.viewers", "true", "", "whole number"},
		{"limits.viewers", `["3"]`, "", "whole number"},
		{"limits.viewers", "null", "", ""},
		{"limits.viewers", `""`, "", ""},
		{"limits.frame_bytes", "8388608", "8388608B", ""},
		{"limits.frame_bytes", `"8MiB"`, "8MiB", ""},
		{"recordings.min_free", "0", "0", ""},
		{"limits.idle_timeout", `"1m0s"`, "1m0s", ""},
		{"limits.idle_timeout", "60", "", "takes a text"},
		{"hosts", `["a","b"]`, "a b", ""},
		{"hosts", `[]`, "", ""},
		{"hosts", `null`, "", ""},
		{"hosts", `"a"`, "", "list of texts"},
		{"hosts", `["` + strings.Repeat("a", 3000) + `"]`, "", "longer than"},
		{"hosts", `["a\nb"]`, "", "control characters"},
		{"hosts", `["x"` + strings.Repeat(`,"x"`, 300) + `]`, "", "more than"},
	} {
		s, _ := FindSetting(test.key)
		got, err := s.Texts(json.RawMessage(test.json))
		switch {
		case test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)),
			test.wrong == "" && (err != nil || strings.Join(got, " ") != test.want):
			t.Errorf("%s: %.40s: %q, %v", test.key, test.json, got, err)
		}
	}
	c := defaults()
	c.Hosts, c.Limits.IdleTimeout = []string{"a"}, time.Minute+time.Second
	for _, s := range Settings() { // what was read can be sent back
		as, err := json.Marshal(s.Value(&c))
		if err != nil || !s.App {
			continue
		}
		texts, err := s.Texts(as)
		if err != nil || len(texts) == 0 || s.Key == "recordings.max_bytes" {
			continue
		}
		kept := Kept{s.Key: texts}
		if s.Key == "notify.mqtt.prefix" || s.Key == "notify.mqtt.discovery" || s.Key == "notify.mqtt.pictures" {
			continue // which need a broker beside them
		}
		again, err := ParseKept(kept, "", nil, nil)
		if err != nil || !s.Same(again, &c) {
			t.Errorf("%s: %s: %v", s.Key, as, err)
		}
	}
}

// TestDefaultCameraOfTheApp may be one that is not in the file.
func TestDefaultCameraOfTheApp(t *testing.T) {
	c, err := ParseKept(Kept{"default_camera": {"added"}}, "", nil, nil)
	if err != nil || c.DefaultCamera != "added" {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := ParseKept(Kept{"default_camera": {"No Camera"}}, "", nil, nil); err == nil {
		t.Error("any text is taken")
	}
}

// TestKindsAreRight: whoever fills a setting in is asked for what it is.
func TestKindsAreRight(t *testing.T) {
	words := 0
	for _, s := range Settings() {
		if s.each {
			continue
		}
		c := defaults()
		_, isList := s.Value(&c).([]string)
		if s.Kind == KindWord {
			words++
			if !slices.Contains(s.Words(), reflect.ValueOf(s.Value(&c)).String()) {
				t.Errorf("%s is usually none of %v", s.Key, s.Words())
			}
		}
		if isList && s.Kind != KindList {
			t.Errorf("%s is a list, and of kind %s", s.Key, s.Kind)
		}
		if s.App && s.Kind == KindNumber {
			_, err := s.read(&c, []value{{text: "1000KiB"}})
			if err == nil {
				t.Errorf("%s takes bytes", s.Key)
			}
		}
		if s.Kind == KindBytes {
			if _, err := s.read(&c, []value{{text: "5x"}}); err == nil || !strings.Contains(err.Error(), "with a unit") {
				t.Errorf("%s takes no bytes: %v", s.Key, err)
			}
		}
	}
	if words == 0 {
		t.Error("there are no words")
	}
}
