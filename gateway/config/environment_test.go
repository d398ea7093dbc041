package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/secret"
)

func TestEnvironmentOverridesTheFile(t *testing.T) {
	inFolder(t, map[string]string{"front.txt": "from-file\n", "framegate.yaml": `
listen: localhost:1
hosts: [a]
limits: {viewers: 5, frame_bytes: 1MiB}
cameras:
  front-door: {source: http://cam/, username: u, password: old, keep: always, record: {keep: {max_age: 7d}}}
  garden: {source: http://cam/, username: u, password_file: nowhere}
`})
	c, err := Load("framegate.yaml", []string{
		"PATH=/bin",
		"FRAMEGATE_LISTEN=localhost:2",
		"FRAMEGATE_AUTH=off",
		"FRAMEGATE_HOSTS=b, C.example",
		"FRAMEGATE_DEFAULT_CAMERA=tablet",
		"FRAMEGATE_FFMPEG__PATH=/x/ffmpeg",
		"FRAMEGATE_FFMPEG__HWACCEL=cuda",
		"FRAMEGATE_LIMITS__FRAME_BYTES=2MiB",
		"FRAMEGATE_CAMERAS__FRONT_DOOR__SOURCE=https://other/",
		"FRAMEGATE_CAMERAS__FRONT_DOOR__TLS_INSECURE=true",
		"FRAMEGATE_CAMERAS__FRONT_DOOR__INTERVAL=2s",
		"FRAMEGATE_CAMERAS__FRONT_DOOR__PASSWORD_FILE=front.txt",
		"FRAMEGATE_CAMERAS__GARDEN__PASSWORD=new=er",
		"FRAMEGATE_CAMERAS__GARDEN__SOURCE=rtsp://cam/",
		"FRAMEGATE_CAMERAS__GARDEN__TRANSPORT=udp",
		"FRAMEGATE_CAMERAS__TABLET__SOURCE=upload:",
		"FRAMEGATE_CAMERAS__TABLET__NAME=The tablet",
		"FRAMEGATE_CAMERAS__A__B_C__SOURCE=test:",
		"FRAMEGATE_CAMERAS__A__B_C__RECORD__MODE=continuous",
		"FRAMEGATE_RECORDINGS__MAX_BYTES=500GB",
		"FRAMEGATE_CAMERAS__FRONT_DOOR__RECORD__MODE=scheduled",
		"FRAMEGATE_CAMERAS__FRONT_DOOR__RECORD__SCHEDULE__HOURS=mon 08:00-09:00, tue 22:00-06:00",
		"FRAMEGATE_CAMERAS__FRONT_DOOR__RECORD__SCHEDULE__ZONE=UTC",
		"FRAMEGATE_CAMERAS__FRONT_DOOR__RECORD__KEEP__MARKED__MAX_AGE=8d",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.Auth = AuthOff
	want.Listen, want.Hosts, want.DefaultCamera = "localhost:2", []string{"b", "c.example"}, "tablet"
	want.FFmpeg, want.Limits.Viewers, want.Limits.FrameBytes = FFmpeg{Path: "/x/ffmpeg", HWAccel: HWAccelCUDA}, 5, 2<<20
	want.Recordings.Dir, want.Recordings.MaxBytes = "data/recordings", 500e9
	want.Cameras = []Camera{
		{
			ID: "front-door", Name: "front-door", Source: Source{Kind: SourceHTTP, URL: "https://other/"},
			Username: "u", Password: secret.New("from-file"), Keep: KeepAlways, Interval: 2e9, TLSInsecure: true, Normalize: NormalizeAuto, Record: Record{
				Mode: RecordScheduled, Codec: RecordAuto, Sound: RecordSoundOn, Schedule: Schedule{Zone: "UTC", Hours: "mon 08:00-09:00, tue 22:00-06:00"},
				Keep: Retention{MaxAge: 7 * day, MarkedMaxAge: 8 * day},
			},
		},
		{
			ID: "garden", Name: "garden", Source: Source{Kind: SourceRTSP, URL: "rtsp://cam/"},
			Username: "u", Password: secret.New("new=er"), Keep: KeepOnDemand, Transport: TransportUDP, Sound: SoundAuto, Normalize: NormalizeAuto, Record: notRecorded,
		},
		{ID: "a--b-c", Name: "a--b-c", Source: Source{Kind: SourceTest}, Keep: KeepOnDemand, Record: Record{Mode: RecordContinuous, Codec: RecordAuto, Sound: RecordSoundOn}},
		{ID: "tablet", Name: "The tablet", Source: Source{Kind: SourceUpload}, Keep: KeepOnDemand, Sound: SoundAuto, Record: notRecorded},
	}
	if diff := cmp.Diff(&want, c, opaqueEqual); diff != "" {
		t.Error(diff)
	}
}

func TestEnvironmentAddsToTheDefaultCameras(t *testing.T) {
	c, err := Load("", []string{
		"FRAMEGATE_CAMERAS__FRONT__SOURCE=http://cam/", "FRAMEGATE_CAMERAS__DEMO__NAME=Pattern", "FRAMEGATE_CAMERAS__CAM10__SOURCE=test:",
		"FRAMEGATE_CAMERAS__CAM2__SOURCE=test:", "FRAMEGATE_CAMERAS__CAM2_B__SOURCE=test:", "FRAMEGATE_CAMERAS__CAM1__SOURCE=test:",
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, camera := range c.Cameras {
		got = append(got, camera.ID+"="+camera.Name)
	}
	if diff := cmp.Diff([]string{"demo=Pattern", "phone=phone", "cam1=cam1", "cam2=cam2", "cam2-b=cam2-b", "cam10=cam10", "front=front"}, got); diff != "" {
		t.Error(diff)
	}
	if c.Examples() {
		t.Error("cameras that somebody gave are told to be examples")
	}
}

func TestVariablesThatAreNotOurs(t *testing.T) {
	_, err := Load("", []string{
		"FRAMEGATE_TEST_NO_INSTALL=1",
		"FRAMEGATEX=1",
		"FRAMEGATE=1",
		"FRAMEGATE_LISTEN=", // not set
		"FRAMEGATE_CAMERAS__FRONT__SOURCE=",
		"FRAMEGATE_SERVICE_HOST=10.0.0.1",
		"FRAMEGATE_SERVICE_PORT=8080",
		"FRAMEGATE_SERVICE_PORT_HTTP=8080",
		"FRAMEGATE_PORT=tcp://10.0.0.1:8080",
		"FRAMEGATE_PORT_8080_TCP=tcp://10.0.0.1:8080",
		"FRAMEGATE_PORT_8080_TCP_PROTO=tcp",
		"FRAMEGATE_PORT_8080_TCP_PORT=8080",
		"FRAMEGATE_PORT_8080_TCP_ADDR=10.0.0.1",
		"FRAMEGATE_WEBRTC_SERVICE_HOST=10.0.0.2",
		"FRAMEGATE_WEBRTC_SERVICE_PORT_WEBRTC_UDP=8555",
		"FRAMEGATE_WEBRTC_PORT=udp://10.0.0.2:8555",
		"FRAMEGATE_WEBRTC_PORT_8555_UDP_ADDR=10.0.0.2",
	})
	if err != nil {
		t.Error(err)
	}
	for _, mistaken := range []string{"FRAMEGATE_RTSP_PORT=8554", "FRAMEGATE_LIMITS__VIEWERS_SERVICE_HOST=1"} { // of no service
		if _, err := Load("", []string{mistaken, "FRAMEGATE_WEBRTC_SERVICE_HOST=10.0.0.2"}); err == nil {
			t.Errorf("%s is nobody's mistake", mistaken)
		}
	}
}

func TestErrorsInVariablesNameThem(t *testing.T) {
	for variable, want := range map[string]string{
		"LISTEN=8080":                     `must be host:port, such as 127.0.0.1:8080 or [::1]:8080, not "8080"`,
		"LISTN=x":                         `unknown variable; did you mean FRAMEGATE_LISTEN?`,
		"LISTN=":                          `unknown variable; did you mean FRAMEGATE_LISTEN?`,
		"listen=x":                        `unknown variable; known here: FRAMEGATE_AUTH, FRAMEGATE_BASE_PATH, FRAMEGATE_CAMERAS__..., FRAMEGATE_CLUSTER__..., FRAMEGATE_COMPAT, FRAMEGATE_CORS__..., FRAMEGATE_DATA, FRAMEGATE_DEFAULT_CAMERA, FRAMEGATE_FFMPEG__..., FRAMEGATE_FRAME_ANCESTORS, FRAMEGATE_HOSTS, FRAMEGATE_LIMITS__..., FRAMEGATE_LISTEN, FRAMEGATE_NETWORK__..., FRAMEGATE_NOTIFY__..., FRAMEGATE_RECORDINGS__..., FRAMEGATE_RTMP__..., FRAMEGATE_RTSP__..., FRAMEGATE_TLS__..., FRAMEGATE_TRUSTED_PROXIES, FRAMEGATE_WEBRTC__...`,
		"LISTEN__PORT=x":                  `unknown variable; known here: FRAMEGATE_AUTH, FRAMEGATE_BASE_PATH, FRAMEGATE_CAMERAS__..., FRAMEGATE_CLUSTER__..., FRAMEGATE_COMPAT, FRAMEGATE_CORS__..., FRAMEGATE_DATA, FRAMEGATE_DEFAULT_CAMERA, FRAMEGATE_FFMPEG__..., FRAMEGATE_FRAME_ANCESTORS, FRAMEGATE_HOSTS, FRAMEGATE_LIMITS__..., FRAMEGATE_LISTEN, FRAMEGATE_NETWORK__..., FRAMEGATE_NOTIFY__..., FRAMEGATE_RECORDINGS__..., FRAMEGATE_RTMP__..., FRAMEGATE_RTSP__..., FRAMEGATE_TLS__..., FRAMEGATE_TRUSTED_PROXIES, FRAMEGATE_WEBRTC__...`,
		"LIMITS__VIEWER=1":                `unknown variable; did you mean FRAMEGATE_LIMITS__VIEWERS?`,
		"LIMITS=1":                        `unknown variable; known here: FRAMEGATE_LIMITS__API_BODY_BYTES, FRAMEGATE_LIMITS__CAMERA_CONNECT, FRAMEGATE_LIMITS__CAMERA_FIRST_BYTE, FRAMEGATE_LIMITS__CAMERA_SILENCE, FRAMEGATE_LIMITS__CONNECTIONS, FRAMEGATE_LIMITS__CONNECTIONS_PER_ADDRESS, FRAMEGATE_LIMITS__ENCODERS, FRAMEGATE_LIMITS__ENCODER_STARTS, FRAMEGATE_LIMITS__FRAME_BYTES, FRAMEGATE_LIMITS__HEADER_BYTES, FRAMEGATE_LIMITS__HEADER_TIMEOUT, FRAMEGATE_LIMITS__IDLE_TIMEOUT, FRAMEGATE_LIMITS__POSTS_PER_ADDRESS, FRAMEGATE_LIMITS__POST_BYTES, FRAMEGATE_LIMITS__POST_TIME, FRAMEGATE_LIMITS__PUBLISHER_BYTES, FRAMEGATE_LIMITS__PUBLISHER_FPS, FRAMEGATE_LIMITS__VIEWERS, FRAMEGATE_LIMITS__VIEWERS_PER_ADDRESS, FRAMEGATE_LIMITS__VIEWERS_PER_CAMERA, FRAMEGATE_LIMITS__VIEWERS_PER_PRINCIPAL, FRAMEGATE_LIMITS__VIEWER_PATIENCE`,
		"LIMITS__VIEWERS=0":               `must be a whole number from 1 to 1000000, not "0"`,
		"HOSTS=a,http://b":                `must be a name or address without scheme, port or path, such as cams.example.org, not "http://b"`,
		"AUTH=none":                       `must be required or off, not "none"`,
		"TLS__MODE=on":                    `must be off, self-signed, files or acme, not "on"`,
		"TLS__CERT=cert.pem":              `cert and key are for mode: files; remove them`,
		"NETWORK__ALLOW=127.0.0.0/8,any":  `must be an address or a range of addresses such as 192.168.0.0/16 or fd00::/8, not "any"`,
		"RECORDINGS__MAX_BYTE=1TB":        `unknown variable; did you mean FRAMEGATE_RECORDINGS__MAX_BYTES?`,
		"RECORDINGS__SYNC=never":          `must be a duration such as 500ms, 10s, 1m30s or 30d, not "never", or auto`,
		"FFMPEG__HWACCEL=gpu":             `must be none, auto, vaapi, cuda, qsv or videotoolbox, not "gpu"`,
		"CAMERAS__FRONT__RECORD=off":      `unknown variable; known here: FRAMEGATE_CAMERAS__FRONT__RECORD__CODEC, FRAMEGATE_CAMERAS__FRONT__RECORD__EVERY, FRAMEGATE_CAMERAS__FRONT__RECORD__KEEP__..., FRAMEGATE_CAMERAS__FRONT__RECORD__MODE, FRAMEGATE_CAMERAS__FRONT__RECORD__SCHEDULE__..., FRAMEGATE_CAMERAS__FRONT__RECORD__SOUND`,
		"CAMERAS__FRONT__RECORD__MOD=off": `unknown variable; did you mean FRAMEGATE_CAMERAS__FRONT__RECORD__MODE?`,
		"CAMERAS__F__RECORD__KEEP__MARKED__AGE=1d": `unknown variable; known here: FRAMEGATE_CAMERAS__F__RECORD__KEEP__MARKED__MAX_AGE`,
		"CAMERAS__F__KEEP__MAX_AGE=1d":             `unknown variable; known here: FRAMEGATE_CAMERAS__F__KEEP__EXCLUSIVE, FRAMEGATE_CAMERAS__F__KEEP__INTERVAL, FRAMEGATE_CAMERAS__F__KEEP__KEEP, FRAMEGATE_CAMERAS__F__KEEP__NAME, FRAMEGATE_CAMERAS__F__KEEP__NODE_LABEL, FRAMEGATE_CAMERAS__F__KEEP__NORMALIZE, FRAMEGATE_CAMERAS__F__KEEP__ONVIF, FRAMEGATE_CAMERAS__F__KEEP__PASSWORD, FRAMEGATE_CAMERAS__F__KEEP__PASSWORD_FILE, FRAMEGATE_CAMERAS__F__KEEP__RECORD__..., FRAMEGATE_CAMERAS__F__KEEP__SOUND, FRAMEGATE_CAMERAS__F__KEEP__SOURCE, FRAMEGATE_CAMERAS__F__KEEP__STANDBY, FRAMEGATE_CAMERAS__F__KEEP__SUB, FRAMEGATE_CAMERAS__F__KEEP__TLS_INSECURE, FRAMEGATE_CAMERAS__F__KEEP__TRANSPORT, FRAMEGATE_CAMERAS__F__KEEP__USERNAME`,
		"CAMERAS__DEMO__RECORD__MODE=scheduled":    `scheduled needs a schedule beside it, such as schedule: {zone: Europe/Berlin, hours: "mon-fri 08:00-18:00"}; or write continuous`,
		"CAMERAS=x":                                `names no key of a camera; write FRAMEGATE_CAMERAS__FRONT__SOURCE for the source of the camera front`,
		"CAMERAS__FRONT=http://cam/":               `names no key; write FRAMEGATE_CAMERAS__FRONT__SOURCE for the camera's source`,
		"CAMERAS__FRONT__SORCE=x":                  `unknown variable; did you mean FRAMEGATE_CAMERAS__FRONT__SOURCE?`,
		"CAMERAS__front__SOURCE=http://x/":         `names no camera id; write FRAMEGATE_CAMERAS__FRONT_DOOR__SOURCE for the camera front-door`,
		"CAMERAS____SOURCE=http://x/":              `names no camera id; write FRAMEGATE_CAMERAS__FRONT_DOOR__SOURCE for the camera front-door`,
		"CAMERAS__FRONT__NAME=Front":               `camera front has no source; add source with http://host/path, rtsp://host/path, rtmp://host/app/key, tcp://host:port, tcp-listen://:port, file:///path, v4l2:///dev/video0, "upload:" or "test:"`,
		"CAMERAS__FRONT__SOURCE=tcp://x/":          `is not an address alone; write tcp://host:port`,
		"CAMERAS__DEMO__PASSWORD=canary":           `is for http, https, rtsp and rtsps cameras, not for test:; remove it`,
		"DEFAULT_CAMERA=demo":                      `camera demo takes no uploads; name one whose source is "upload:"`,
	} {
		name, _, _ := strings.Cut("FRAMEGATE_"+variable, "=")
		_, err := Load("", []string{"FRAMEGATE_" + variable})
		if err == nil {
			t.Errorf("%s: accepted", variable)
			continue
		}
		if got := err.Error(); got != name+": "+want {
			t.Errorf("got  %s\nwant %s: %s", got, name, want)
		}
	}
}

func TestPasswordAndItsFileInTheEnvironment(t *testing.T) {
	inFolder(t, map[string]string{"p": "x"})
	_, err := Load("", []string{
		"FRAMEGATE_CAMERAS__A__SOURCE=http://cam/",
		"FRAMEGATE_CAMERAS__A__USERNAME=u",
		"FRAMEGATE_CAMERAS__A__PASSWORD=x",
		"FRAMEGATE_CAMERAS__A__PASSWORD_FILE=p",
	})
	const want = "FRAMEGATE_CAMERAS__A__PASSWORD: is given by password_file too; give it in one place"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
