package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/secret"
)

func TestCameraAddedAtRunTime(t *testing.T) {
	got, err := NewCamera("front", map[string]string{
		"source": "rtsp://viewer:p%40ss@192.168.1.20/live", "name": "Front door", "keep": "always", "transport": "udp",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Camera{
		ID: "front", Name: "Front door", Source: Source{Kind: SourceRTSP, URL: "rtsp://192.168.1.20/live"},
		Username: "viewer", Password: secret.New("p@ss"), Keep: KeepAlways, Transport: TransportUDP, Sound: SoundAuto, Normalize: NormalizeAuto, Record: notRecorded,
	}
	if diff := cmp.Diff(want, got, opaqueEqual); diff != "" {
		t.Error(diff)
	}
}

func TestCamerasThatCannotBeAddedAtRunTime(t *testing.T) {
	const forms = `; write http://host/path, rtsp://host/path, rtmp://host/app/key, "upload:" or "test:"`
	for _, c := range []struct {
		id   string
		keys map[string]string
		want string
	}{
		{"Front", map[string]string{"source": "test:"}, "id: is not a camera id; use 1 to 63 of a-z, 0-9 and -, not beginning with -, and put other text into name"},
		{"front", nil, "source: is missing" + forms},
		{"front", map[string]string{"source": "test:", "name": "a\u202eb"}, "name: holds U+202E, which shows nothing of itself and changes how the rest is shown; write it without"},
		{"front", map[string]string{"source": "file:///etc/passwd"}, "source: file: is for the configuration file alone" + forms},
		{"front", map[string]string{"source": "v4l2:///dev/video0"}, "source: v4l2: is for the configuration file alone" + forms},
		{"front", map[string]string{"source": "tcp-listen://:1"}, "source: tcp-listen: is for the configuration file alone" + forms},
		{"front", map[string]string{"source": "tcp://h:1"}, "source: tcp: is for the configuration file alone" + forms},
		{"front", map[string]string{"source": "file:etc"}, "source: file: is for the configuration file alone" + forms},
		{"front", map[string]string{"source": "TCP-listen:"}, "source: tcp-listen: is for the configuration file alone" + forms},
		{"front", map[string]string{"source": "gopher://127.0.0.1:22/x"}, "source: is not a source" + strings.Replace(forms, "write", "write one such as", 1)},
		{"front", map[string]string{"source": "http://cam/", "sub": "gopher://cam/"}, "sub: is not a source; write one such as rtsp://host/path"},
		{"front", map[string]string{"source": "test:", "sound": "off"}, "sound: is for rtsp, rtsps, rtmp, rtmps, FLV by http and https and upload cameras, not for test:; remove it"},
		{"front", map[string]string{"source": "http://cam/", "username": "u", "password_file": "/etc/passwd"},
			"password_file: unknown key; known here: exclusive, interval, keep, name, normalize, onvif, password, record.codec, record.every, record.keep.marked.max_age, record.keep.max_age, record.keep.max_bytes, record.mode, record.schedule.hours, record.schedule.zone, record.sound, sound, source, standby, sub, tls_insecure, transport, username"},
		{"front", map[string]string{"source": "http://cam/", "record": "on"}, "record: unknown key; known here: exclusive, interval, keep, name, normalize, onvif, password, record.codec, record.every, record.keep.marked.max_age, record.keep.max_age, record.keep.max_bytes, record.mode, record.schedule.hours, record.schedule.zone, record.sound, sound, source, standby, sub, tls_insecure, transport, username"},
		{"front", map[string]string{"source": "test:", "sorce": "x", "keep": "yes", "transport": "tcp"},
			"keep: must be on_demand or always, not \"yes\"\nsorce: unknown key; did you mean source?"},
		{"front", map[string]string{"source": "test:", "transport": "tcp"}, "transport: is for rtsp and rtsps cameras, not for test:; remove it"},
	} {
		camera, err := NewCamera(c.id, c.keys)
		if err == nil {
			t.Errorf("%s %v: accepted as %+v", c.id, c.keys, camera)
		} else if err.Error() != c.want {
			t.Errorf("%s %v:\n got %v\nwant %s", c.id, c.keys, err, c.want)
		}
	}
}

// TestSourceIsOfTheFileAloneUnlessItsRowSaysElse, so that a new kind of camera
// opens no file or device to those who add cameras.
func TestSourceIsOfTheFileAloneUnlessItsRowSaysElse(t *testing.T) {
	addable := map[string]bool{"http": true, "https": true, "rtsp": true, "rtsps": true, "rtmp": true, "rtmps": true, "upload": true, "test": true}
	for _, row := range sourceSchemes {
		source := Source{Kind: SourceKind(row.name), URL: row.name + "://host/path"}
		switch row.name {
		case "http", "https":
			source.Kind = SourceHTTP
		case "rtsp", "rtsps":
			source.Kind = SourceRTSP
		case "rtmp", "rtmps":
			source.Kind = SourceFLV
		case "tcp", "tcp-listen":
			source.Kind, source.Listen = SourceMPEGTS, row.name == "tcp-listen"
		}
		_, err := NewCamera("front", map[string]string{"source": row.name + "://host/path"})
		ofFile := err != nil && strings.HasPrefix(err.Error(), "source: "+row.name+": is for the configuration file alone;")
		if source.scheme() != row.name || ofFile == addable[row.name] {
			t.Errorf("%s, whose source is %s:, is added: %v", row.name, source.scheme(), err)
		}
	}
}
