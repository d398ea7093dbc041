package config

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// keyValues has for each key of a camera a source that it suits, texts that it
// takes, with what people see of them, and texts that it does not. What is as it
// is anyway is "" to people who are shown what was set.
var keyValues = map[string]struct {
	source    string
	good, bad map[string]string
	beside    map[string]string // other keys that it needs
}{
	"source": {good: map[string]string{
		"http://a": "http://a", "HTTPS://A:8443/x?pwd=canary": "https://A:8443/x?<redacted>", "rtsp://[::1]:554/live": "rtsp://[::1]:554/live", "upload:": "upload:", "test:": "test:",
		"test:?fps=1": "test:?fps=1", "test:?fps=60&height=2160&width=3840": "test:?fps=60&height=2160&width=3840", "test:?height=16&width=16": "test:?height=16&width=16",
		"rtsp://a/user=u_password=canary_x=1": "rtsp://a/user=u_password=<redacted>_x=1", "rtsp://a:65535/": "rtsp://a:65535/",
		"rtmp://a/bcs/main.bcs?channel=0&password=canary": "rtmp://a/bcs/<redacted>?<redacted>", "rtmps://a:1/x/canary": "rtmps://a:1/x/<redacted>", "http://a/live/x.flv": "http://a/live/x.flv",
	}, bad: map[string]string{
		"": "is not a source; write one such as", "a": "is not a source", "ftp://a": "is not a source", "upload": `did you mean "upload:"?`, "test:?fps=61": "fps must be a whole number from 1 to 60",
		"test:?height=15&width=16": "height must be a whole number from 16 to 2160", "test:?height=16&width=3841": "width must be", "test:?fps=1.5": "fps must be", "http://a:0/": "has a port",
		"rtmp://a/": "has no path; write rtmp://host:port/app/key", "rtmp://u:canary@a/x/y": "holds a name and a password, for which there is no place in RTMP",
		"http://" + strings.Repeat("a", 4096): "must not be longer than 4096 bytes",
	}},
	"sub": {source: "rtsp://a/", beside: map[string]string{"username": "u", "password": "canary"}, good: map[string]string{
		"rtsp://A:8554/sub": "rtsp://A:8554/sub", "rtsps://a./sub?pwd=canary": "rtsps://a./sub?<redacted>", "http://a/user=u_password=canary_x=1": "http://a/user=u_password=<redacted>_x=1", "rtmp://a/bcs/canary": "rtmp://a/bcs/<redacted>",
		"rtsp://u:canary@a/sub": "rtsp://a/sub",
	}, bad: map[string]string{
		"": "is not a source", "upload:": "is upload:, and not what a camera is asked for over the network", "test:": "is test:", "tcp://a:1": "is tcp:", "file:///a": "is file:", "rtsp://b/sub": "is at another host than the source",
		"rtsp://a/": "is the source itself", "rtsp://u:other@a/sub": "holds another name or password", "rtsp://v:canary@a/sub": "holds another name or password", "rtsp://a/" + strings.Repeat("x", 4096): "must not be longer than 4096 bytes",
	}},
	"name": {source: "test:", good: map[string]string{"Front door": "Front door", "Tür 📷": "Tür 📷", strings.Repeat("x", 200): strings.Repeat("x", 200), "👨‍👩": "👨‍👩"}, bad: map[string]string{
		"": "is empty; write a name", " ": "is empty", strings.Repeat("x", 201): "longer than 200 bytes", "a\nb": "holds U+000A", "a\u202eb": "holds U+202E", "\ufeffa": "holds U+FEFF", "a\u00adb": "holds U+00AD", "a\U000e0041": "holds U+E0041",
	}},
	"username":      {source: "http://a/", good: map[string]string{"viewer": "viewer", "ü@x": "ü@x", strings.Repeat("x", 256): strings.Repeat("x", 256)}, bad: map[string]string{"a:b": "must not contain a colon", strings.Repeat("x", 257): "longer than 256", "a\x7fb": "must be one line"}},
	"password":      {source: "http://a/", good: map[string]string{"canary": "", "a: b#c": "", strings.Repeat("x", 4096): ""}, bad: map[string]string{strings.Repeat("x", 4097): "longer than 4096", "canary\n": "must be one line"}},
	"password_file": {source: "http://a/", bad: map[string]string{"": "must name a file", "a\nb": "must be one line", strings.Repeat("x", 4097): "longer than 4096"}},
	"keep":          {source: "http://a/", good: map[string]string{"always": "always", "on_demand": "on_demand"}, bad: map[string]string{"on-demand": "must be on_demand or always", "true": "must be", "": "must be"}},
	"interval": {source: "http://a/", good: map[string]string{"20ms": "20ms", "1m30s": "1m30s", "24h": "24h0m0s", "1d": "24h0m0s"}, bad: map[string]string{
		"19ms": "must be from 20ms to 24h", "24h1s": "must be from", "0s": "must be from", "5": "must be a duration such as", "-1s": "must be a duration", "1 s": "must be a duration", "1w": "must be a duration", "": "must be a duration",
	}},
	"transport":    {source: "rtsp://a/", good: map[string]string{"auto": "", "tcp": "tcp", "udp": "udp"}, bad: map[string]string{"TCP": "must be auto, tcp or udp", "": "must be"}},
	"sound":        {source: "rtsp://a/", good: map[string]string{"auto": "", "off": "off"}, bad: map[string]string{"on": "must be auto or off", "false": "must be", "": "must be"}},
	"normalize":    {source: "http://a/", good: map[string]string{"auto": "", "always": "always", "never": "never"}, bad: map[string]string{"true": "must be auto, always or never", "": "must be"}},
	"node_label":   {source: "http://a/", bad: map[string]string{"": "is empty", strings.Repeat("x", 129): "longer than 128"}},
	"standby":      {source: "rtmp://a/x/y", good: map[string]string{"1": "1", "0": ""}, bad: map[string]string{"2": "must be 0 or 1", "true": "must be", "": "must be"}},
	"exclusive":    {source: "rtsp://a/", good: map[string]string{"true": "true", "false": ""}, bad: map[string]string{"yes": "must be true or false", "": "must be"}},
	"tls_insecure": {source: "https://a/", good: map[string]string{"true": "true", "false": ""}, bad: map[string]string{"yes": "must be true or false", "1": "must be", "True": "must be", "": "must be"}},
	"onvif": {source: "rtsp://a/", good: map[string]string{"http://A:8000/onvif/device_service": "http://A:8000/onvif/device_service", "https://a.": "https://a."}, bad: map[string]string{
		"": "is not the address of a device service", "a": "is not", "rtsp://a/": "is not", "http://": "is not", "http://a:0/": "is not", "http://u:canary@a/": "holds a name or password", "http://a/?x=1": "contains a ?", "http://a/#": "contains a ?",
		"http://b/": "is at another host than the source", "http://a/" + strings.Repeat("x", 2048): "longer than 2048 bytes",
	}},
	"record.mode": {source: "test:", beside: map[string]string{"record.schedule.zone": "UTC", "record.schedule.hours": "mon 08:00-09:00"}, good: map[string]string{"off": "off", "scheduled": "scheduled"}, bad: map[string]string{
		"on": "must be off, continuous, scheduled, events or pictures", "true": "must be", "": "must be",
	}},
	"record.every": {source: "test:", beside: map[string]string{"record.mode": "pictures"}, good: map[string]string{"10s": "", "1s": "1s", "90s": "1m30s", "1d": "24h"}, bad: map[string]string{
		"999ms": "must be from 1s to 24h", "2d": "must be from", "5": "must be a duration such as", "": "must be a duration",
	}},
	"record.codec": {source: "http://a/", beside: map[string]string{"record.mode": "continuous"}, good: map[string]string{"auto": "", "h264": "h264", "mjpeg": "mjpeg"}, bad: map[string]string{"h265": "must be auto, h264 or mjpeg", "": "must be"}},
	"record.sound": {source: "rtsp://a/", beside: map[string]string{"record.mode": "continuous"}, good: map[string]string{"on": "", "off": "off"}, bad: map[string]string{"auto": "must be on or off", "": "must be"}},
	"record.schedule.zone": {source: "test:", beside: map[string]string{"record.mode": "scheduled", "record.schedule.hours": "mon 08:00-09:00"}, good: map[string]string{"UTC": "UTC", "Australia/Lord_Howe": "Australia/Lord_Howe"}, bad: map[string]string{
		"Local": "must be a time zone such as Europe/Berlin", "": "must be", "europe/nowhere": "must be", "../UTC": "must be", "/etc/localtime": "must be", "+02:00": "must be", strings.Repeat("x", 65): "must be",
	}},
	"record.schedule.hours": {source: "test:", beside: map[string]string{"record.mode": "scheduled", "record.schedule.zone": "UTC"}, good: map[string]string{
		"mon-fri 08:00-18:00, sat 22:00-2:00": "mon-fri 08:00-18:00, sat 22:00-2:00", "daily 00:00-24:00": "daily 00:00-24:00", "fri-mon 20:00-06:00": "fri-mon 20:00-06:00", "mon wed 8:00-9:00,mon 09:00-10:00": "mon wed 8:00-9:00,mon 09:00-10:00",
	}, bad: map[string]string{
		"": "must be days and hours, such as", "always": "must be days and hours", "mon": "must be days and hours", "08:00-18:00": "must be days and hours", "mon, tue 08:00-09:00": "must be days and hours",
		"Mon 08:00-18:00": "must have days such as mon", "mon-frei 08:00-18:00": "must have days", "mon- 08:00-09:00": "must have days", "mon 08:00": "must have hours such as 08:00-18:00", "mon 8-18": "must have times of day such as",
		"mon 08:60-09:00": "must have times", "mon 08:00-24:01": "must have times", "mon 008:00-09:00": "must have times", "mon 08:0-09:00": "must have times", "mon 08:00-09:00:00": "must have times", "mon -8:00-09:00": "must have times",
		"mon 24:00-06:00": "write 00:00, and the next day", "mon 08:00-08:00": "write 00:00-24:00 for all of a day", "mon 08:00-10:00, mon-fri 09:59-11:00": `has "mon 08:00-10:00" and "mon-fri 09:59-11:00", which overlap`,
		"sun 22:00-06:00, mon 05:59-07:00": "which overlap", "mon mon 08:00-09:00": "which overlap", "mon 08:00-09:00,": "must be days and hours", strings.Repeat("mon 08:00-09:00 ", 100): "must have days",
		"mon" + strings.Repeat(" ", 1000) + "08:00-09:00": "longer than 1000 bytes",
	}},
	"record.keep.max_age": {source: "test:", beside: map[string]string{"record.mode": "continuous"}, good: map[string]string{"30d": "30d", "36h": "36h", "1d": "24h", "1m": "1m", "36500d": "36500d"}, bad: map[string]string{
		"59s": "must be from 1m to 36500d", "36501d": "must be from", "30": "must be a duration such as 500ms, 10s, 1m30s or 30d", "30 days": "must be a duration", "1w": "must be", "0": "must be", "": "must be",
	}},
	"record.keep.max_bytes": {source: "test:", good: map[string]string{"500GB": "500GB", "16MiB": "16MiB", "64 MiB": "64MiB", "1024TiB": "1024TiB", "1500MB": "1500MB"}, bad: map[string]string{
		"500": "must be a whole number with a unit", "15MiB": "must be from 16MiB to 1024TiB", "1025TiB": "must be from", "1.5TB": "must be", "50%": "must be", "": "must be",
	}},
	"record.keep.marked.max_age": {source: "test:", beside: map[string]string{"record.mode": "continuous", "record.keep.max_age": "1d"}, good: map[string]string{"90d": "90d", "1d": "", "25h": "25h"}, bad: map[string]string{
		"30s": "must be from 1m to 36500d", "23h": "must not be less than the 24h that the rest is kept", "x": "must be a duration",
	}},
}

// with gives the keys of a camera with one key set. A password needs a name.
func with(key, text, source string) map[string]string {
	keys := map[string]string{"source": source}
	if key == "password" {
		keys["username"] = "u"
	}
	maps.Copy(keys, keyValues[key].beside)
	keys[key] = text
	return keys
}

// cameraInFile gives the file that has a camera with these keys.
func cameraInFile(t *testing.T, id string, keys map[string]string) string {
	t.Helper()
	camera := make(map[string]any)
	for key, text := range keys {
		section := camera
		path := strings.Split(key, ".")
		for _, name := range path[:len(path)-1] {
			if section[name] == nil {
				section[name] = make(map[string]any)
			}
			section = section[name].(map[string]any)
		}
		section[path[len(path)-1]] = text
	}
	b, err := json.Marshal(map[string]any{"cameras": map[string]any{id: camera}}) // which YAML reads too
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// cameraInEnvironment gives the variables that do.
func cameraInEnvironment(id string, keys map[string]string) (environ []string) {
	for key, text := range keys {
		environ = append(environ, variableFor("cameras."+id+"."+key, text))
	}
	return environ
}

// TestValuesOfCameraKeys: each key takes what it is for, gives it back so that
// the same camera comes of it, and shows nothing that is secret; all else it
// refuses in the same words wherever it is written.
func TestValuesOfCameraKeys(t *testing.T) {
	for _, key := range CameraKeys() {
		c, tested := keyValues[key.Name]
		if !tested {
			t.Errorf("%s is not tested", key.Name)
		}
		for text, shown := range c.good {
			camera, err := NewCamera("front", with(key.Name, text, c.source))
			if err != nil {
				t.Errorf("%s: %.60q: %v", key.Name, text, err)
				continue
			}
			if got := key.Shown(camera); got != shown {
				t.Errorf("%s: %.60q is shown as %.60q", key.Name, text, got)
			}
			again := make(map[string]string)
			for _, k := range CameraKeys() {
				if told := k.Text(camera); told != "" {
					again[k.Name] = told
				}
				if strings.Contains(k.Shown(camera), "canary") {
					t.Errorf("%s: %q shows a secret in %s", key.Name, text, k.Name)
				}
			}
			if second, err := NewCamera("front", again); err != nil || !cmp.Equal(camera, second, opaqueEqual) {
				t.Errorf("%s: %.60q is told as %v, which makes %v, %v", key.Name, text, again, second, err)
			}
		}
		for text, want := range c.bad {
			keys := with(key.Name, text, c.source)
			_, fromVariable := Parse("", nil, cameraInEnvironment("front", keys))
			_, fromFile := Parse("f.yaml", []byte(cameraInFile(t, "front", keys)), nil)
			errs := map[string]error{"cameras.front." + key.Name + ": ": fromFile}
			if text != "" { // an empty variable is none
				errs[variableOf("cameras.front."+key.Name)+": "] = fromVariable
			}
			if !key.FileOnly {
				_, errs[key.Name+": "] = NewCamera("front", with(key.Name, text, c.source))
			}
			for where, err := range errs {
				if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), where) {
					t.Errorf("%s%.60q: %v, want %s", where, text, err, want)
				}
				if err != nil && strings.Contains(err.Error(), "a\nb") {
					t.Errorf("%sthe error has a line of the text: %v", where, err)
				}
				if err != nil && strings.Contains(err.Error(), "canary") {
					t.Errorf("%sthe error tells a secret: %v", where, err)
				}
			}
		}
	}
}

// TestKeysThatDoNotSuitASource are refused where they are named, and are as they
// should be where they are not.
func TestKeysThatDoNotSuitASource(t *testing.T) {
	values := map[string]string{"username": "u", "password": "p", "interval": "1s", "transport": "auto", "sound": "auto", "normalize": "auto", "tls_insecure": "false", "keep": "always", "sub": "rtsp://a/sub", "standby": "1", "exclusive": "true"}
	for source, suits := range map[string]string{
		"http://a/": "standby exclusive sub username normalize interval keep", "https://a/": "standby exclusive sub username normalize interval tls_insecure keep", "rtsp://a/": "standby exclusive sub username normalize transport sound keep",
		"rtsps://a/": "standby exclusive sub username normalize transport sound tls_insecure keep", "upload:": "sound", "test:": "keep",
		"http://a/flv/": "standby exclusive sub username normalize interval keep", "http://a/x.flv.jpg": "standby exclusive sub username normalize interval keep", "rtmp://a/x/y": "standby exclusive sub sound keep", "rtmps://a/x/y": "standby exclusive sub sound tls_insecure keep", "http://a/x.FLV": "standby exclusive sub username sound keep", "https://a/flv?x=y": "standby exclusive sub username sound tls_insecure keep",
	} {
		for key, text := range values {
			if key == "password" { // which needs a name besides
				continue
			}
			_, err := NewCamera("a", map[string]string{"source": source, key: text})
			scheme, _, _ := strings.Cut(source, ":")
			switch good := strings.Contains(" "+suits+" ", " "+key+" "); {
			case good && err != nil:
				t.Errorf("%s with %s: %v", source, key, err)
			case !good && (err == nil || !strings.HasPrefix(err.Error(), key+": ") || !strings.HasSuffix(err.Error(), "remove it") || key != "keep" && !strings.Contains(err.Error(), "not for "+scheme+":")):
				t.Errorf("%s with %s: %v", source, key, err)
			}
		}
		camera, err := NewCamera("a", map[string]string{"source": source})
		if err != nil || camera.Keep != KeepOnDemand || (camera.Transport == TransportAuto) != strings.Contains(suits, "transport") || (camera.Sound == SoundAuto) != strings.Contains(suits, "sound") || (camera.Normalize == NormalizeAuto) != strings.Contains(suits, "normalize") {
			t.Errorf("%s: %+v, %v", source, camera, err)
		}
	}
}

// TestTableOfCameraKeys is the caller's, in the order in which people read it,
// and says of each key what it takes.
func TestTableOfCameraKeys(t *testing.T) {
	keys := CameraKeys()
	keys[0].Name = "x"
	for i, key := range CameraKeys() {
		if i == 0 && key.Name != "source" || key.About == "" || key.Words == nil && !key.Boolean && key.MaxBytes == 0 {
			t.Errorf("%+v", key)
		}
		if usual := key.Usual(); key.Words == nil && usual != "" || key.Words != nil && (usual != key.Words[0] || key.check(usual) != nil) {
			t.Errorf("%s is usually %q", key.Name, usual)
		}
		if key.Example != "" && key.check(key.Example) != nil {
			t.Errorf("%s: its example is wrong: %v", key.Name, key.check(key.Example))
		}
		if key.instead != "" && key.Name != "password" && key.Name != "password_file" {
			t.Errorf("%s is said by %s too", key.Name, key.instead)
		}
	}
}
