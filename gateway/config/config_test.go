package config

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"framegate/gateway/secret"
)

// opaqueEqual lets cmp look into secrets, and into ranges of addresses.
var opaqueEqual = cmp.Options{
	cmp.Comparer(func(a, b secret.Text) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmpopts.IgnoreUnexported(Config{}), // where things were given
}

// inFolder makes a folder with these files the working directory, so that
// errors name files as a person at a prompt would.
func inFolder(t *testing.T, files map[string]string) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(folder)
}

func load(t *testing.T, text string, environ ...string) (*Config, error) {
	t.Helper()
	inFolder(t, map[string]string{"framegate.yaml": text})
	return Load("framegate.yaml", environ)
}

func mustLoad(t *testing.T, text string, environ ...string) *Config {
	t.Helper()
	c, err := load(t, text, environ...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// notRecorded is what a camera has of which nothing is said.
var notRecorded = Record{Mode: RecordOff, Codec: RecordAuto, Sound: RecordSoundOn}

const day = 24 * time.Hour

func TestDefaultsWithoutFile(t *testing.T) {
	got, err := Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Listen:        "127.0.0.1:8080",
		Data:          "data",
		Auth:          AuthRequired,
		TLS:           TLS{Mode: TLSOff},
		DefaultCamera: "phone",
		FFmpeg:        FFmpeg{Path: "ffmpeg", HWAccel: HWAccelNone},
		Cluster:       Cluster{Listen: ":7421", RelayListen: ":7422", Redirect: RedirectOff},
		Limits: Limits{
			Viewers: 2000, ViewersPerCamera: 500, ViewersPerPrincipal: 64, ViewersPerAddress: 128,
			ViewerPatience: 10 * time.Second,
			FrameBytes:     8 << 20, PublisherFPS: 60, PublisherBytes: 20_000_000,
			PostTime: 30 * time.Second, PostBytes: 1000, PostsPerAddress: 16,
			Connections: 1024, ConnectionsPerAddress: 128,
			HeaderBytes: 16 << 10, HeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, APIBodyBytes: 64 << 10,
			Encoders: 2 * runtime.NumCPU(), EncoderStarts: 4,
			CameraConnect: 5 * time.Second, CameraFirstByte: 10 * time.Second, CameraSilence: 5 * time.Second,
		},
		WebRTC:     WebRTC{Listen: WebRTCAuto},
		Recordings: Recordings{Dir: "data/recordings", MinFree: 1 << 30, Segment: time.Minute, Buffer: 64 << 20},
		Notify:     Notify{MQTT: MQTT{Prefix: "framegate", Discovery: "homeassistant"}},
		Cameras: []Camera{
			{ID: "demo", Name: "demo", Source: Source{Kind: SourceTest}, Keep: KeepOnDemand, Record: notRecorded},
			{ID: "phone", Name: "phone", Source: Source{Kind: SourceUpload}, Keep: KeepOnDemand, Sound: SoundAuto, Record: notRecorded},
		},
	}
	if diff := cmp.Diff(want, got, opaqueEqual); diff != "" {
		t.Error(diff)
	}
}

const everyKey = `
listen: "[::1]:9000"
data: /var/lib/framegate
cluster: {name: yard, listen: ":1", relay_listen: ":2", seeds: ["a:1"], advertise: b, roles: [edge], labels: [big]}
auth: off
tls: {mode: files, cert: /etc/tls/cert.pem, key: key.pem}
cors: {origins: ["https://example.org", "http://192.168.1.9:8123"]}
network: {allow: [127.0.0.0/8, "fd00::1", 10.1.2.3/8]}
trusted_proxies: ["::ffff:10.0.0.1", 172.16.0.0/12]
base_path: /house/cams/
frame_ancestors: ["http://ha.lan:8123"]
hosts: [Cams.example.org, 192.168.1.5, "[FE80::1]", printer_room.]
default_camera: tablet
ffmpeg: {path: /opt/ffmpeg/bin/ffmpeg, hwaccel: vaapi}
limits:
  viewers: 10
  viewers_per_camera: "9"
  viewers_per_principal: 8
  viewers_per_address: 7
  viewer_patience: 6s
  frame_bytes: 512KiB
  publisher_fps: 30
  publisher_bytes: 5MB
  post_time: 1m30s
  post_bytes: 4KiB
  posts_per_address: 4
  connections: 100
  connections_per_address: 50
  header_bytes: 32KiB
  header_timeout: 3s
  idle_timeout: 2m
  api_body_bytes: 128KiB
  encoders: 3
  encoder_starts: 2
  camera_connect: 1500ms
  camera_first_byte: 20s
  camera_silence: 15s
recordings: {dir: /mnt/disk, max_bytes: 500GB, min_free: 20GiB, sync: 2s, segment: 30s, buffer: 128MiB}
notify:
  address: https://cams.example.org/
  webhooks:
    ops: {url: "https://u:p@example.org/hook?x=1", secret: "whsec_d2ViaG9va3Mgb2YgdGhlIGZpcnN0IGNhbWVyYQ==", events: [camera_offline, trouble_began], cameras: [gate, dome]}
    on-call: {url: "http://192.168.1.5/"}
  mqtt: {url: mqtts://broker.lan, username: ha, password: "0123", ca: /etc/ca.pem, prefix: house, discovery: off, pictures: 30s}
cameras:
  gate:
    source: https://192.168.1.21:8443/snap.jpg?user=a&pwd=b
    username: viewer
    password: 0123
    tls_insecure: true
    interval: 1m30s
    keep: always
    normalize: always
  back-door-2:
    name: "Back door: garden"
    source: http://viewer:p%40ss@cam.local/mjpeg
  tablet: {source: "upload:"}
  pattern:
    source: test:?width=640&height=480&fps=10
  1: {source: "test:"}
  dome:
    source: rtsp://viewer:p%40ss@192.168.1.20:554/Streaming/Channels/101?transportmode=unicast
    transport: tcp
    sound: off
    normalize: never
  vault: {source: "RTSPS://[fe80::1%25eth0]/live", username: u, password: p, tls_insecure: true}
  encoder: {source: tcp://10.0.0.5:5000, node_label: big}
  drone: {source: "tcp-listen://:5000", keep: always}
  robot: {source: "tcp-listen://[::1]:5001"}
  usb: {source: "v4l2:///dev/./video2?width=1280&height=720&fps=30"}
  loop: {source: "file:///srv/./a%20clip%3F.mp4", sound: off}
  shop:
    source: "test:"
    record:
      mode: scheduled
      codec: mjpeg
      schedule:
        zone: Europe/Berlin
        hours: [mon-fri 08:00-18:00, "sat 10:00-14:00"]
      keep: {max_age: 14d, max_bytes: 200GB, marked: {max_age: 90d}}
  yard: {source: "test:", record: {mode: events}}
  site: {source: "test:", record: {mode: pictures, keep: {max_age: 400d}}}
`

func TestEveryKeyIsRead(t *testing.T) {
	want := &Config{
		Listen:  "[::1]:9000",
		Data:    "/var/lib/framegate",
		Auth:    AuthOff,
		Cluster: Cluster{Name: "yard", Listen: ":1", RelayListen: ":2", Seeds: []string{"a:1"}, Advertise: "b", Roles: []ClusterRole{RoleEdge}, Labels: []string{"big"}, Redirect: RedirectOff},
		TLS:     TLS{Mode: TLSFiles, Cert: "/etc/tls/cert.pem", Key: "key.pem"},
		CORS:    CORS{Origins: []string{"https://example.org", "http://192.168.1.9:8123"}},
		Network: Network{Allow: []netip.Prefix{
			netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("fd00::1/128"), netip.MustParsePrefix("10.0.0.0/8"),
		}},
		BasePath: "/house/cams", FrameAncestors: []string{"http://ha.lan:8123"},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32"), netip.MustParsePrefix("172.16.0.0/12")},
		Hosts:          []string{"cams.example.org", "192.168.1.5", "fe80::1", "printer_room"},
		DefaultCamera:  "tablet",
		FFmpeg:         FFmpeg{Path: "/opt/ffmpeg/bin/ffmpeg", HWAccel: HWAccelVAAPI},
		Limits: Limits{
			Viewers: 10, ViewersPerCamera: 9, ViewersPerPrincipal: 8, ViewersPerAddress: 7, ViewerPatience: 6 * time.Second,
			FrameBytes: 512 << 10, PublisherFPS: 30, PublisherBytes: 5_000_000,
			PostTime: 90 * time.Second, PostBytes: 4 << 10, PostsPerAddress: 4,
			Connections: 100, ConnectionsPerAddress: 50,
			HeaderBytes: 32 << 10, HeaderTimeout: 3 * time.Second, IdleTimeout: 2 * time.Minute, APIBodyBytes: 128 << 10,
			Encoders: 3, EncoderStarts: 2,
			CameraConnect: 1500 * time.Millisecond, CameraFirstByte: 20 * time.Second, CameraSilence: 15 * time.Second,
		},
		Recordings: Recordings{Dir: "/mnt/disk", MaxBytes: 500e9, MinFree: 20 << 30, Sync: Sync(2 * time.Second), Segment: 30 * time.Second, Buffer: 128 << 20},
		WebRTC:     WebRTC{Listen: WebRTCAuto},
		Notify: Notify{
			Address: "https://cams.example.org",
			Webhooks: []Webhook{
				{Name: "ops", URL: secret.New("https://u:p@example.org/hook?x=1"), Key: secret.New("webhooks of the first camera"), Events: []string{"camera_offline", "trouble_began"}, Cameras: []string{"gate", "dome"}},
				{Name: "on-call", URL: secret.New("http://192.168.1.5/"), Events: UsualWebhookEvents()},
			},
			MQTT: MQTT{
				URL: "mqtts://broker.lan:8883", Username: "ha", Password: secret.New("0123"), CA: "/etc/ca.pem", Prefix: "house", Pictures: Pictures(30 * time.Second),
			},
		},
		Cameras: []Camera{
			{
				ID: "gate", Name: "gate", Keep: KeepAlways, Interval: 90 * time.Second, TLSInsecure: true,
				Source:   Source{Kind: SourceHTTP, URL: "https://192.168.1.21:8443/snap.jpg?user=a&pwd=b"},
				Username: "viewer", Password: secret.New("0123"), Normalize: NormalizeAlways, Record: notRecorded,
			},
			{
				ID: "back-door-2", Name: "Back door: garden", Keep: KeepOnDemand,
				Source:   Source{Kind: SourceHTTP, URL: "http://cam.local/mjpeg"},
				Username: "viewer", Password: secret.New("p@ss"), Normalize: NormalizeAuto, Record: notRecorded,
			},
			{ID: "tablet", Name: "tablet", Source: Source{Kind: SourceUpload}, Keep: KeepOnDemand, Sound: SoundAuto, Record: notRecorded},
			{ID: "pattern", Name: "pattern", Source: Source{Kind: SourceTest, Width: 640, Height: 480, FPS: 10}, Keep: KeepOnDemand, Record: notRecorded},
			{ID: "1", Name: "1", Source: Source{Kind: SourceTest}, Keep: KeepOnDemand, Record: notRecorded},
			{
				ID: "dome", Name: "dome", Keep: KeepOnDemand,
				Source:   Source{Kind: SourceRTSP, URL: "rtsp://192.168.1.20:554/Streaming/Channels/101?transportmode=unicast"},
				Username: "viewer", Password: secret.New("p@ss"), Transport: TransportTCP, Sound: SoundOff, Normalize: NormalizeNever, Record: notRecorded,
			},
			{
				ID: "vault", Name: "vault", Keep: KeepOnDemand, TLSInsecure: true,
				Source:   Source{Kind: SourceRTSP, URL: "rtsps://[fe80::1%25eth0]/live"},
				Username: "u", Password: secret.New("p"), Transport: TransportAuto, Sound: SoundAuto, Normalize: NormalizeAuto, Record: notRecorded,
			},
			{ID: "encoder", Name: "encoder", NodeLabel: "big", Source: Source{Kind: SourceMPEGTS, Address: "10.0.0.5:5000"}, Keep: KeepOnDemand, Sound: SoundAuto, Record: notRecorded},
			{ID: "drone", Name: "drone", Source: Source{Kind: SourceMPEGTS, Address: ":5000", Listen: true}, Keep: KeepAlways, Sound: SoundAuto, Record: notRecorded},
			{ID: "robot", Name: "robot", Source: Source{Kind: SourceMPEGTS, Address: "[::1]:5001", Listen: true}, Keep: KeepOnDemand, Sound: SoundAuto, Record: notRecorded},
			{ID: "usb", Name: "usb", Source: Source{Kind: SourceV4L2, Path: "/dev/video2", Width: 1280, Height: 720, FPS: 30}, Keep: KeepOnDemand, Record: notRecorded},
			{ID: "loop", Name: "loop", Source: Source{Kind: SourceFile, Path: "/srv/a clip?.mp4"}, Keep: KeepOnDemand, Sound: SoundOff, Record: notRecorded},
			{ID: "shop", Name: "shop", Source: Source{Kind: SourceTest}, Keep: KeepOnDemand, Record: Record{
				Mode: RecordScheduled, Codec: RecordMJPEG, Sound: RecordSoundOn, Schedule: Schedule{Zone: "Europe/Berlin", Hours: "mon-fri 08:00-18:00, sat 10:00-14:00"},
				Keep: Retention{MaxAge: 14 * day, MaxBytes: 200e9, MarkedMaxAge: 90 * day},
			}},
			{ID: "yard", Name: "yard", Source: Source{Kind: SourceTest}, Keep: KeepOnDemand, Record: Record{
				Mode: RecordEvents, Codec: RecordAuto, Sound: RecordSoundOn, Keep: Retention{MaxAge: 5 * time.Minute, MarkedMaxAge: 30 * day},
			}},
			{ID: "site", Name: "site", Source: Source{Kind: SourceTest}, Keep: KeepOnDemand, Record: Record{
				Mode: RecordPictures, Every: 10 * time.Second, Keep: Retention{MaxAge: 400 * day, MarkedMaxAge: 400 * day},
			}},
		},
	}
	if diff := cmp.Diff(want, mustLoad(t, everyKey), opaqueEqual); diff != "" {
		t.Error(diff)
	}
}

func TestSourcesInWords(t *testing.T) {
	want := map[string]string{
		"1": "test:", "back-door-2": "http://cam.local/mjpeg", "gate": "https://192.168.1.21:8443/snap.jpg?<redacted>",
		"dome": "rtsp://192.168.1.20:554/Streaming/Channels/101?<redacted>", "vault": "rtsps://[fe80::1%25eth0]/live",
		"encoder": "tcp://10.0.0.5:5000", "drone": "tcp-listen://:5000", "robot": "tcp-listen://[::1]:5001",
		"loop":   "file:///srv/a clip?.mp4",
		"tablet": "upload:", "pattern": "test:", "usb": "v4l2:///dev/video2", "shop": "test:", "yard": "test:", "site": "test:",
	}
	got := make(map[string]string)
	for _, camera := range mustLoad(t, everyKey).Cameras {
		got[camera.ID] = camera.Source.String()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFileWithoutCamerasKeepsTheDefaultOnes(t *testing.T) {
	for _, text := range []string{"", "# nothing yet\n", "---\n", "listen: localhost:0\n", "\ufefflisten: localhost:0\r\n"} {
		c := mustLoad(t, text)
		if len(c.Cameras) != 2 || !c.Examples() || c.DefaultCamera != "phone" {
			t.Errorf("%q: cameras %v, default %q", text, c.Cameras, c.DefaultCamera)
		}
	}
}

func TestListedCamerasReplaceTheDefaultOnes(t *testing.T) {
	c := mustLoad(t, "cameras: {front: {source: http://cam/}}\n")
	if len(c.Cameras) != 1 || c.Examples() || c.Cameras[0].ID != "front" {
		t.Errorf("cameras %v", c.Cameras)
	}
	if c.DefaultCamera != "" {
		t.Errorf("default camera %q, though no camera takes uploads", c.DefaultCamera)
	}
}

func TestPhoneThatTakesNoUploadsIsNoDefault(t *testing.T) {
	c := mustLoad(t, "cameras: {phone: {source: http://cam/}, x: {source: 'upload:'}}\n")
	if c.DefaultCamera != "" {
		t.Errorf("default camera %q", c.DefaultCamera)
	}
}

func TestCameraIsFoundByID(t *testing.T) {
	c := mustLoad(t, everyKey)
	if camera, ok := c.Camera("gate"); !ok || camera.Username != "viewer" {
		t.Errorf("gate: %v, %v", camera, ok)
	}
	if camera, ok := c.Camera("gat"); ok {
		t.Errorf("found %v for an unknown id", camera)
	}
}

func TestPasswordFileStandsBesideTheConfiguration(t *testing.T) {
	for _, content := range []string{"s3cret", "s3cret\n", "s3cret\r\n"} {
		inFolder(t, map[string]string{
			"etc/framegate.yaml": "cameras: {front: {source: http://cam/, username: u, password_file: secrets/front}}\n",
			"etc/secrets/front":  content,
		})
		c, err := Load("etc/framegate.yaml", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Cameras[0].Password.Reveal(); got != "s3cret" {
			t.Errorf("%q: password %q", content, got)
		}
	}
}

// TestFilesAreNamedFromTheConfigurationOn: what is meant is the same in
// whatever folder a command is started.
func TestFilesAreNamedFromTheConfigurationOn(t *testing.T) {
	const files = "tls: {mode: files, cert: tls/cert.pem, key: /etc/key.pem}\nffmpeg: {path: bin/ffmpeg}\n"
	for name, c := range map[string]struct {
		path, text               string
		environ                  []string
		data, cert, key, program string
	}{
		"no file":              {"", "", nil, "data", "", "", "ffmpeg"},
		"only variables":       {"", "", []string{"FRAMEGATE_DATA=kept", "FRAMEGATE_FFMPEG__PATH=./ffmpeg"}, "kept", "", "", "./ffmpeg"},
		"nothing named":        {"etc/framegate.yaml", "listen: localhost:0\n", nil, "etc/data", "", "", "ffmpeg"},
		"an empty file":        {"etc/framegate.yaml", "", nil, "etc/data", "", "", "ffmpeg"},
		"relative":             {"etc/framegate.yaml", "data: ../kept\n" + files, nil, "kept", "etc/tls/cert.pem", "/etc/key.pem", "etc/bin/ffmpeg"},
		"absolute":             {"etc/framegate.yaml", "data: /srv/kept\nffmpeg: {path: ffmpeg5}\n", nil, "/srv/kept", "", "", "ffmpeg5"},
		"variables in a shell": {"etc/framegate.yaml", "data: kept\n", []string{"FRAMEGATE_DATA=here"}, "here", "", "", "ffmpeg"},
		"given by a shell":     {"/dev/fd/63", "data: kept\n", nil, "kept", "", "", "ffmpeg"},
		"named by a shell":     {"/dev/fd/63", "", nil, "data", "", "", "ffmpeg"},
	} {
		got, err := Parse(c.path, []byte(c.text), c.environ)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got.Data != c.data || got.TLS.Cert != c.cert || got.TLS.Key != c.key || got.FFmpeg.Path != c.program {
			t.Errorf("%s: data %q, certificate %q, key %q, ffmpeg %q", name, got.Data, got.TLS.Cert, got.TLS.Key, got.FFmpeg.Path)
		}
	}
}

func TestConfigurationFromAPipeOfTheShell(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		w.WriteString("listen: localhost:1\n")
		w.Close()
	}()
	c, err := Load(fmt.Sprintf("/dev/fd/%d", r.Fd()), nil)
	if err != nil || c.Listen != "localhost:1" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestFilesThatWereCutOff(t *testing.T) {
	const whole = "# cameras of the house\nlisten: localhost:0\ncameras:\n  front: {source: http://cam/}\n  garden: {source: http://cam2/}\n\n"
	for content, want := range map[string]string{
		"":                                       "f: holds nothing any more",
		"\n":                                     "f: holds nothing any more",
		"# cameras of the house\n":               "f: holds nothing any more",
		"---\n # nothing\n":                      "f: holds nothing any more",
		whole[:len(whole)-8]:                     "f: ends within line 5, where it went on before",
		whole[:30]:                               "f: ends within line 2, where",
		whole[:len(whole)-2]:                     "", // without its last end of line
		whole:                                    "",
		"listen: localhost:0\n":                  "",
		whole[:strings.Index(whole, "  garden")]: "", // the last camera removed
		"listen: localhost:0":                    "", // another file
		whole + "  more: {source: http://x/}":    "",
	} {
		err := CutOff("f", []byte(content), []byte(whole))
		if got := fmt.Sprint(err); (err == nil) != (want == "") || !strings.HasPrefix(strings.TrimPrefix(got, "configuration: "), want) && want != "" {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
	if err := CutOff("f", nil, []byte("# nothing yet\n")); err != nil {
		t.Errorf("nothing in place of nothing: %v", err)
	}
}

func TestListenIsLoopback(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:8080":          true,
		"127.9.9.9:0":             true,
		"[::1]:8080":              true,
		"[::ffff:127.0.0.1]:8080": true,
		"localhost:8080":          true,
		"LOCALHOST:8080":          true,
		":8080":                   false,
		"0.0.0.0:8080":            false,
		"[::]:8080":               false,
		"[::ffff:0.0.0.0]:8080":   false,
		"192.168.1.5:8080":        false,
		"localhost.example:8080":  false,
		"myhost:8080":             false,
		"127.0.0.1":               false,
		"":                        false,
	} {
		if got := (&Config{Listen: addr}).Loopback(); got != want {
			t.Errorf("%q: %v, want %v", addr, got, want)
		}
		if at, open := (&Config{Listen: "[::1]:80", RTSP: RTSP{TLSListen: addr}}).OpenListener(); addr != "" && (open == want || open && at != addr) {
			t.Errorf("%q for RTSP: %q, %v", addr, at, open)
		}
	}
}

func TestWithListenLeavesTheOriginal(t *testing.T) {
	c, err := Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.WithListen("0.0.0.0:80")
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:8080" || !c.Loopback() || other.Listen != "0.0.0.0:80" || other.Loopback() {
		t.Errorf("original %q, copy %q", c.Listen, other.Listen)
	}
	if _, err := c.WithListen("8080"); err == nil {
		t.Error("8080 alone was taken")
	}
}
