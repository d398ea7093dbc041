package config

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A camera that is right, for cases that are about something else.
const goodCamera = "cameras: {front: {source: http://cam/}}\n"

var errorCases = []struct {
	name, text string
	want       string // one line for each error
}{
	{"unknown key", "cameras:\n  front:\n    name: Front door\n    sourc: http://cam/\n",
		`framegate.yaml:4:5: cameras.front.sourc: unknown key; did you mean source?`},
	{"unknown key at the top", "camera: {}\n",
		`framegate.yaml:1:1: camera: unknown key; did you mean cameras?`},
	{"unknown key like no other", "limits: {bandwidth: 5}\n",
		`framegate.yaml:1:10: limits.bandwidth: unknown key; known here: api_body_bytes, camera_connect, camera_first_byte, camera_silence, connections, connections_per_address, encoder_starts, encoders, frame_bytes, header_bytes, header_timeout, idle_timeout, post_bytes, post_time, posts_per_address, publisher_bytes, publisher_fps, viewer_patience, viewers, viewers_per_address, viewers_per_camera, viewers_per_principal`},
	{"key twice", "listen: localhost:0\nauth: off\nlisten: localhost:1\n",
		`framegate.yaml:3:1: listen: is given a second time, first on line 1; remove one`},
	{"camera twice", "cameras:\n  a: {source: http://a/}\n  b: {source: http://b/}\n  a: {source: http://c/}\n",
		`framegate.yaml:4:3: cameras.a: is given a second time, first on line 2; remove one`},
	{"several at once", "auth: on\nlimits:\n  viewers: many\n  frame_bytes: 8\n",
		`framegate.yaml:1:7: auth: must be required or off, not "on"
framegate.yaml:3:12: limits.viewers: must be a whole number from 1 to 1000000, not "many"
framegate.yaml:4:16: limits.frame_bytes: must be a whole number with a unit, such as 512KiB, 8MiB or 200GiB, not "8"`},

	{"recordings", "recordings: {dir: '', max_bytes: 10MB, min_free: 5%, sync: 500ms, segment: 5s, buffer: 2GiB}\n",
		`framegate.yaml:1:19: recordings.dir: must not be empty
framegate.yaml:1:34: recordings.max_bytes: must be from 16MiB to 1024TiB, not "10MB"; or 0 for none
framegate.yaml:1:50: recordings.min_free: must be a whole number with a unit, such as 512KiB, 8MiB or 200GiB, not "5%"; or 0 for none
framegate.yaml:1:60: recordings.sync: must be from 1s to 1m, not "500ms", or auto
framegate.yaml:1:76: recordings.segment: must be from 10s to 10m, not "5s"
framegate.yaml:1:88: recordings.buffer: must be from 1MiB to 1GiB, not "2GiB"`},
	{"recordings among other files", "data: /srv/framegate\nrecordings: {dir: /srv/framegate/}\n",
		`framegate.yaml:2:19: recordings.dir: is the data folder, which has files of its own; use a folder below it, or elsewhere`},
	{"recordings above other files", "data: /srv/framegate\nrecordings: {dir: /srv}\n",
		`framegate.yaml:2:19: recordings.dir: has the data folder "/srv/framegate" in it; use a folder below that, or elsewhere`},
	{"recordings in a folder that has other files", "data: /srv/framegate\nrecordings: {dir: /srv/framegate/exports/old}\n",
		`framegate.yaml:2:19: recordings.dir: is in the folder exports of the data folder, which has other files; use another folder below that, or elsewhere`},
	{"RTSP over TLS without a certificate", "rtsp: {tls_listen: ':8322'}\n",
		`framegate.yaml:1:20: rtsp.tls_listen: needs a certificate; set tls.mode`},
	{"RTMP over TLS without a certificate", "rtmp: {tls_listen: ':1936'}\n",
		`framegate.yaml:1:20: rtmp.tls_listen: needs a certificate; set tls.mode`},
	{"RTSP over UDP alone", "rtsp: {udp: ':8000'}\n",
		`framegate.yaml:1:13: rtsp.udp: is for who asks at rtsp.listen; set that too`},
	{"files without names", "tls: {mode: files, cert: a.pem}\n",
		`framegate.yaml:1:13: tls: mode: files needs cert and key, the names of PEM files`},
	{"names without files", "tls: {mode: self-signed, key: a.pem}\n",
		`framegate.yaml:1:31: tls: cert and key are for mode: files; remove them`},
	{"acme without names", "tls: {mode: acme, email: a@example.org}\nhosts: [localhost, 192.0.2.1]\n",
		`framegate.yaml:1:13: tls: mode: acme needs the public names of this server under hosts`},
	{"mail address", "tls: {mode: acme, email: 'A <a@example.org>'}\nhosts: [a.example.org]\n",
		`framegate.yaml:1:26: tls.email: must be a mail address such as admin@example.org, not "A <a@example.org>"`},
	{"mail address without use", "tls: {mode: self-signed, email: a@example.org}\n",
		`framegate.yaml:1:33: tls.email: is for mode: acme; remove it`},
	{"directory", "tls: {mode: acme, directory: 'http://acme.example.org/'}\nhosts: [a.example.org]\n",
		`framegate.yaml:1:30: tls.directory: must be a URL such as https://acme.example.org/directory, not "http://acme.example.org/"`},
	{"directory without use", "tls: {mode: self-signed, directory: 'https://acme.example.org/'}\n",
		`framegate.yaml:1:37: tls.directory: is for mode: acme; remove it`},
	{"origins", "cors: {origins: ['*', 'https://a.example/', HTTPS://a.example, example.org, 'null']}\n",
		`framegate.yaml:1:18: cors.origins: must be an origin such as https://example.org or http://192.168.1.5:8123, in lower case and without a path, not "*"`},
	{"origin with a path", "cors: {origins: ['https://a.example/']}\n",
		`framegate.yaml:1:18: cors.origins: must be an origin such as https://example.org or http://192.168.1.5:8123, in lower case and without a path, not "https://a.example/"`},
	{"base paths", "base_path: cams\n", `framegate.yaml:1:12: base_path: must be a path such as /cams, of letters, digits, - . _ and ~, not "cams"`},
	{"base paths that lead up", "base_path: /cams/../x\n", `framegate.yaml:1:12: base_path: must be a path such as /cams, of letters, digits, - . _ and ~, not "/cams/../x"`},
	{"frames", "frame_ancestors: [ha.lan]\n", `framegate.yaml:1:19: frame_ancestors: must be an origin such as https://example.org or http://192.168.1.5:8123, in lower case and without a path, not "ha.lan"`},
	{"ranges", "network: {allow: [10.0.0.0/33]}\ntrusted_proxies: [proxy]\n",
		`framegate.yaml:1:19: network.allow: must be an address or a range of addresses such as 192.168.0.0/16 or fd00::/8, not "10.0.0.0/33"
framegate.yaml:2:19: trusted_proxies: must be an address or a range of addresses such as 192.168.0.0/16 or fd00::/8, not "proxy"`},
	{"data nowhere", "data: ''\n",
		`framegate.yaml:1:7: data: must not be empty`},
	{"recording a camera", "cameras:\n  a: {source: 'test:', record: on}\n  b: {source: 'test:', record: {mode: on, volume: 11, keep: 30d}}\n  c: {source: 'test:', record: {keep: {max_ages: 30d}}}\n",
		`framegate.yaml:2:32: cameras.a.record: holds further keys: codec, every, keep, mode, schedule, sound
framegate.yaml:3:39: cameras.b.record.mode: must be off, continuous, scheduled, events or pictures, not "on"
framegate.yaml:3:43: cameras.b.record.volume: unknown key; known here: codec, every, keep, mode, schedule, sound
framegate.yaml:3:61: cameras.b.record.keep: holds further keys: marked, max_age, max_bytes
framegate.yaml:4:40: cameras.c.record.keep.max_ages: unknown key; did you mean max_age?`},
	{"recording what does not fit together", "cameras:\n" +
		"  a: {source: 'test:', record: {mode: scheduled}}\n" +
		"  b: {source: 'test:', record: {mode: scheduled, schedule: {zone: UTC}}}\n" +
		"  c: {source: 'test:', record: {mode: scheduled, schedule: {hours: ['mon 08:00-09:00', tue]}}}\n" +
		"  d: {source: 'test:', record: {mode: continuous, every: 5s, schedule: {zone: UTC, hours: daily 08:00-09:00}}}\n" +
		"  e: {source: 'test:', record: {mode: pictures, codec: mjpeg}}\n" +
		"  f: {source: 'test:', record: {mode: continuous, keep: {marked: {max_age: 30d}}}}\n" +
		"  g: {source: 'test:', record: {mode: events, keep: {max_age: 2h, marked: {max_age: 1h}}}}\n" +
		"  h: {source: 'test:', record: {mode: off, every: 5s, codec: mjpeg, schedule: {zone: UTC, hours: daily 08:00-09:00}}}\n",
		`framegate.yaml:2:39: cameras.a.record.mode: scheduled needs a schedule beside it, such as schedule: {zone: Europe/Berlin, hours: "mon-fri 08:00-18:00"}; or write continuous
framegate.yaml:3:39: cameras.b.record.mode: scheduled needs a schedule beside it, such as schedule: {zone: Europe/Berlin, hours: "mon-fri 08:00-18:00"}; or write continuous
framegate.yaml:3:67: cameras.b.record.schedule.zone: needs hours beside it, such as mon-fri 08:00-18:00
framegate.yaml:4:69: cameras.c.record.schedule.hours: needs zone beside it, such as Europe/Berlin or UTC
framegate.yaml:4:88: cameras.c.record.schedule.hours: must be days and hours, such as mon-fri 08:00-18:00 or sat sun 00:00-24:00, not "tue"
framegate.yaml:5:58: cameras.d.record.every: is for mode: pictures, not for continuous; remove it
framegate.yaml:5:79: cameras.d.record.schedule.zone: is for mode: scheduled, not for continuous; remove it
framegate.yaml:5:91: cameras.d.record.schedule.hours: is for mode: scheduled, not for continuous; remove it
framegate.yaml:6:56: cameras.e.record.codec: is for video, and mode: pictures writes JPEGs; remove it
framegate.yaml:7:76: cameras.f.record.keep.marked.max_age: means that the rest goes sooner, and that has no age; write one for it with max_age under keep, or remove this one
framegate.yaml:8:85: cameras.g.record.keep.marked.max_age: must not be less than the 2h that the rest is kept`},

	{"listen without port", "listen: 127.0.0.1\n",
		`framegate.yaml:1:9: listen: must be host:port, such as 127.0.0.1:8080 or [::1]:8080, not "127.0.0.1"`},
	{"listen on a named port", "listen: localhost:http\n",
		`framegate.yaml:1:9: listen: must end in a port from 0 to 65535, not "http"`},
	{"listen on a large port", "listen: localhost:65536\n",
		`framegate.yaml:1:9: listen: must end in a port from 0 to 65535, not "65536"`},
	{"listen on a URL", "listen: \"[http://x]:80\"\n",
		`framegate.yaml:1:9: listen: must begin with an address or a host name, not "http://x"`},
	{"host with scheme", "hosts:\n  - a.example\n  - https://b.example\n",
		`framegate.yaml:3:5: hosts: must be a name or address without scheme, port or path, such as cams.example.org, not "https://b.example"`},
	{"hosts not a list", "hosts: a.example\n",
		`framegate.yaml:1:8: hosts: takes a list, such as [one, two]`},
	{"hosts of lists", "hosts: [a, [b]]\n",
		`framegate.yaml:1:12: hosts: takes a list of single values, such as [one, two]`},
	{"frames too large", "limits: {frame_bytes: 1GiB}\n",
		`framegate.yaml:1:23: limits.frame_bytes: must be from 64KiB to 64MiB, not "1GiB"`},
	{"section given a value", "limits: 5\ncameras: front\n",
		`framegate.yaml:1:9: limits: holds further keys: api_body_bytes, camera_connect, camera_first_byte, camera_silence, connections, connections_per_address, encoder_starts, encoders, frame_bytes, header_bytes, header_timeout, idle_timeout, post_bytes, post_time, posts_per_address, publisher_bytes, publisher_fps, viewer_patience, viewers, viewers_per_address, viewers_per_camera, viewers_per_principal
framegate.yaml:2:10: cameras: holds a section for each camera, such as cameras: {front: {source: "http://192.168.1.21/mjpeg"}}`},
	{"value given a section", "listen: {host: x}\nauth: [off]\n",
		`framegate.yaml:1:9: listen: takes one value, not a list or a section; put it into quotes if it begins with [ or {
framegate.yaml:2:7: auth: takes one value, not a list or a section; put it into quotes if it begins with [ or {`},
	{"no value", "listen:\nlimits:\n  # viewers: 5\ncameras: ~\n",
		`framegate.yaml:1:1: listen: has no value; give it one, or remove the key
framegate.yaml:2:1: limits: has no value; give it one, or remove the key
framegate.yaml:4:1: cameras: has no value; give it one, or remove the key`},
	{"no cameras", "cameras: {}\n",
		`framegate.yaml:1:10: cameras: lists no camera; add one, or remove the key to have the default cameras`},
	{"empty ffmpeg path", "ffmpeg: {path: ''}\n",
		`framegate.yaml:1:16: ffmpeg.path: must name a program, such as ffmpeg or /usr/bin/ffmpeg`},
	{"hardware", "ffmpeg: {hwaccel: opencl}\n",
		`framegate.yaml:1:19: ffmpeg.hwaccel: must be none, auto, vaapi, cuda, qsv or videotoolbox, not "opencl"`},

	{"bad ids", "cameras:\n  Front: {source: http://cam/}\n  -x: {source: http://cam/}\n  front_door: {source: http://cam/}\n",
		`framegate.yaml:2:3: cameras.Front: is not a camera id; use 1 to 63 of a-z, 0-9 and -, not beginning with -, and put other text into name
framegate.yaml:3:3: cameras.-x: is not a camera id; use 1 to 63 of a-z, 0-9 and -, not beginning with -, and put other text into name
framegate.yaml:4:3: cameras.front_door: is not a camera id; use 1 to 63 of a-z, 0-9 and -, not beginning with -, and put other text into name`},
	{"id too long", "cameras: {" + strings.Repeat("a", 70) + ": {source: http://cam/}}\n",
		`framegate.yaml:1:11: cameras.` + strings.Repeat("a", 64) + `...: is not a camera id; use 1 to 63 of a-z, 0-9 and -, not beginning with -, and put other text into name`},
	{"empty camera", "cameras:\n  front:\n  gate: {}\n",
		`framegate.yaml:2:3: cameras.front: has no value; give it one, or remove the key
framegate.yaml:3:3: cameras.gate: camera gate has no source; add source with http://host/path, rtsp://host/path, rtmp://host/app/key, tcp://host:port, tcp-listen://:port, file:///path, v4l2:///dev/video0, "upload:" or "test:"`},
	{"default camera unknown", "default_camera: fone\n",
		`framegate.yaml:1:17: default_camera: there is no camera "fone"; did you mean phone?`},
	{"default camera unknown, none fits", "default_camera: fone\n" + goodCamera,
		`framegate.yaml:1:17: default_camera: there is no camera "fone"; add one whose source is "upload:"`},
	{"default camera takes no uploads", "default_camera: front\n" + goodCamera,
		`framegate.yaml:1:17: default_camera: camera front takes no uploads; name one whose source is "upload:"`},
	{"camera's values", "cameras:\n  a:\n    source: http://cam/\n    name: ''\n    keep: yes\n    interval: 5\n  b:\n    source: https://cam/\n    interval: 1ms\n    tls_insecure: on\n    username: a:b\n",
		`framegate.yaml:4:11: cameras.a.name: is empty; write a name, or remove the key to show the id
framegate.yaml:5:11: cameras.a.keep: must be on_demand or always, not "yes"
framegate.yaml:6:15: cameras.a.interval: must be a duration such as 500ms, 10s, 1m30s or 30d, not "5"
framegate.yaml:9:15: cameras.b.interval: must be from 20ms to 24h, not "1ms"
framegate.yaml:10:19: cameras.b.tls_insecure: must be true or false, not "on"
framegate.yaml:11:15: cameras.b.username: must not contain a colon; a password goes into password or password_file`},
	{"transport, and normalize", "cameras:\n  a: {source: rtsp://cam/, transport: multicast, normalize: true}\n",
		`framegate.yaml:2:39: cameras.a.transport: must be auto, tcp or udp, not "multicast"
framegate.yaml:2:61: cameras.a.normalize: must be auto, always or never, not "true"`},
	{"keys that mean nothing for the source", "cameras:\n  a: {source: 'upload:', keep: always, username: u}\n  b: {source: 'test:', interval: 1s}\n  c: {source: http://cam/, tls_insecure: true, transport: tcp}\n" +
		"  d: {source: rtsp://cam/, tls_insecure: true, interval: 1s}\n  e: {source: 'tcp-listen://:5000', password: p}\n  f: {source: file:///f, transport: auto}\n",
		`framegate.yaml:2:32: cameras.a.keep: an upload camera is connected when its publisher is; remove it
framegate.yaml:2:50: cameras.a.username: is for http, https, rtsp and rtsps cameras, not for upload:; remove it
framegate.yaml:3:34: cameras.b.interval: is for http and https cameras, not for test:; remove it
framegate.yaml:4:42: cameras.c.tls_insecure: is for https, rtsps and rtmps cameras, not for http:; remove it
framegate.yaml:4:59: cameras.c.transport: is for rtsp and rtsps cameras, not for http:; remove it
framegate.yaml:5:42: cameras.d.tls_insecure: is for https, rtsps and rtmps cameras, not for rtsp:; remove it
framegate.yaml:5:58: cameras.d.interval: is for http and https cameras, not for rtsp:; remove it
framegate.yaml:6:47: cameras.e.password: is for http, https, rtsp and rtsps cameras, not for tcp-listen:; remove it
framegate.yaml:7:37: cameras.f.transport: is for rtsp and rtsps cameras, not for file:; remove it`},
	{"credentials twice", "cameras:\n  a: {source: http://u:p@cam/, username: u}\n  b: {source: http://u:p@cam/, password: p}\n  c: {source: http://cam/, username: u, password: p, password_file: framegate.yaml}\n  d: {source: http://cam/, password: p}\n",
		`framegate.yaml:2:42: cameras.a.username: is given in the source's URL too; give it in one place
framegate.yaml:3:42: cameras.b.password: is given in the source's URL too; give it in one place
framegate.yaml:4:51: cameras.c.password: is given by password_file too; give it in one place
framegate.yaml:4:69: cameras.c.password_file: reading the password: framegate.yaml must be one line, without control characters
framegate.yaml:5:38: cameras.d.password: needs a username beside it`},
	{"password file missing", "cameras: {a: {source: http://cam/, username: u, password_file: secrets/a}}\n",
		`framegate.yaml:1:64: cameras.a.password_file: reading the password: open secrets/a: no such file or directory`},

	{"password file that is none", "cameras: {a: {source: http://cam/, username: u, password_file: .}}\n",
		`framegate.yaml:1:64: cameras.a.password_file: reading the password: . is a folder, not a file; name a file`},

	{"variables of other programs", "hosts: [\"${HOST}\"]\nffmpeg: {path: '${FFMPEG:-ffmpeg}'}\ncameras:\n  front-door:\n    source: http://cam/\n    username: u\n    password: ${CAM_PW}\n  b: {source: \"http://${CAM}/\", username: '$x', password: '${'}\n",
		`framegate.yaml:1:9: hosts: holds ${...}, and variables are not replaced in here; set FRAMEGATE_HOSTS in the environment instead
framegate.yaml:2:16: ffmpeg.path: holds ${...}, and variables are not replaced in here; set FRAMEGATE_FFMPEG__PATH in the environment instead
framegate.yaml:7:15: cameras.front-door.password: holds ${...}, and variables are not replaced in here; set FRAMEGATE_CAMERAS__FRONT_DOOR__PASSWORD in the environment instead, or name a password_file
framegate.yaml:8:15: cameras.b.source: holds ${...}, and variables are not replaced in here; set FRAMEGATE_CAMERAS__B__SOURCE in the environment instead`},
	{"comments in place of values", "data: # here\ncameras:\n  a:\n    source: http://cam/\n    username: u # viewer\n    password: #secret\n  b:\n    source: http://cam/\n    username: u #viewer\n    password: abc #def\n  c: {source: http://cam/, username: u, password: abc} #cam\n  d:\n    source: http://cam/ #upstairs\n    username: u\n    password: abc # upstairs\n",
		`framegate.yaml:1:1: data: has no value, for what begins with # is a comment; put it into quotes, or remove the key
framegate.yaml:6:5: cameras.a.password: has no value, for what begins with # is a comment; put it into quotes, or remove the key
framegate.yaml:10:15: cameras.b.password: ends before the #, behind which is a comment; put the password into quotes, or a blank behind the # of a comment`},
	{"an address without its key", "cameras:\n  front: rtsp://u:canary@cam/stream\n  back: 'upload:'\n  side: yes\n",
		`framegate.yaml:2:10: cameras.front: is a camera, whose address is one of its keys; write source: in front of it, as in front: {source: "…"}
framegate.yaml:3:9: cameras.back: is a camera, whose address is one of its keys; write source: in front of it, as in back: {source: "…"}
framegate.yaml:4:9: cameras.side: holds further keys: exclusive, interval, keep, name, node_label, normalize, onvif, password, password_file, record, sound, source, standby, sub, tls_insecure, transport, username`},
	{"names that are shown as others", "cameras:\n  a: {source: 'test:', name: \"Front\\u202Edoor\"}\n  b: {source: 'test:', name: \"a\\e[2J\"}\n  c: {source: 'test:', name: \"a\\u200bb\"}\n  d: {source: 'test:', name: \"T\\u00fcr \U0001F468\\u200d\U0001F469 \\u05d3\\u05dc\\u05ea\"}\n",
		`framegate.yaml:2:30: cameras.a.name: holds U+202E, which shows nothing of itself and changes how the rest is shown; write it without
framegate.yaml:3:30: cameras.b.name: holds U+001B, which shows nothing of itself and changes how the rest is shown; write it without
framegate.yaml:4:30: cameras.c.name: holds U+200B, which shows nothing of itself and changes how the rest is shown; write it without`},

	{"value with a colon", "cameras:\n  phone:\n    source: upload:\n",
		`framegate.yaml:3:13: mapping value is not allowed in this context; check the indentation, and put a value that contains ": " or ends in a colon into quotes, such as "upload:"`},
	{"tabs", "cameras:\n\tphone:\n",
		`framegate.yaml:2:1: a tab cannot stand here; indent with spaces`},
	{"bracket left open", "hosts: [a, b\n",
		`framegate.yaml:1:8: sequence end token ']' not found; check the indentation, brackets and quotes here`},
	{"two documents", "listen: localhost:0\n---\nlisten: localhost:1\n",
		`framegate.yaml:2:1: a second document begins here; a configuration is one document, without --- inside`},
	{"directive", "%YAML 1.1\n---\nlisten: localhost:0\n",
		`framegate.yaml:1:1: is a YAML directive; remove it`},
	{"list at the top", "- listen\n",
		`framegate.yaml:1:1: must hold keys, each on its own line as key: value`},
	{"text at the top", "hello\n",
		`framegate.yaml:1:1: must hold keys, each on its own line as key: value`},
	{"anchor and alias", "listen: &here localhost:0\nffmpeg: {path: *here}\n",
		`framegate.yaml:1:9: listen: anchors (&) are not supported; write the value out, or into quotes if it begins with &
framegate.yaml:2:16: ffmpeg.path: aliases (*) are not supported; write the value out, or into quotes if it begins with *`},
	{"tag", "listen: !!str localhost:0\n",
		`framegate.yaml:1:9: listen: tags (!) are not supported; remove it, or put the value into quotes if it begins with !`},
	{"merge key", "limits:\n  <<: {viewers: 5}\n",
		`framegate.yaml:2:3: limits: is not a plain key; write key: value, without anchors, merge keys (<<) and question marks`},
	{"alias bomb", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nlimits: *c\n",
		`framegate.yaml:1:1: a: unknown key; known here: auth, base_path, cameras, cluster, compat, cors, data, default_camera, ffmpeg, frame_ancestors, hosts, limits, listen, network, notify, recordings, rtmp, rtsp, tls, trusted_proxies, webrtc
framegate.yaml:2:1: b: unknown key; known here: auth, base_path, cameras, cluster, compat, cors, data, default_camera, ffmpeg, frame_ancestors, hosts, limits, listen, network, notify, recordings, rtmp, rtsp, tls, trusted_proxies, webrtc
framegate.yaml:3:1: c: unknown key; known here: auth, base_path, cameras, cluster, compat, cors, data, default_camera, ffmpeg, frame_ancestors, hosts, limits, listen, network, notify, recordings, rtmp, rtsp, tls, trusted_proxies, webrtc
framegate.yaml:4:9: limits: aliases (*) are not supported; write the value out, or into quotes if it begins with *`},
	{"not text", "listen: localhost:0\nauth: \xff\n",
		`framegate.yaml:2:7: is not UTF-8 text; save the file as UTF-8, without control characters`},
	{"control character", "listen: a\x00b\n",
		`framegate.yaml:1:10: is not UTF-8 text; save the file as UTF-8, without control characters`},
	{"brackets without end", strings.Repeat("[", 100_000),
		`framegate.yaml:1:33: is nested too deeply to be a configuration`},
	{"dashes without end", strings.Repeat("- ", 100_000),
		`framegate.yaml:1:65: is nested too deeply to be a configuration`},
	{"keys without end", strings.Repeat("a: b\n", 30_000),
		`framegate.yaml:10923:4: has too many keys and values to be a configuration`},
	{"too large", strings.Repeat("#", 1<<20+1),
		`configuration: framegate.yaml: is larger than 1MiB`},
}

func TestErrorsSayWhereAndWhatInstead(t *testing.T) {
	for _, c := range errorCases {
		t.Run(c.name, func(t *testing.T) {
			config, err := load(t, c.text)
			if err == nil {
				t.Fatalf("accepted as %+v", config)
			}
			if diff := cmp.Diff(strings.Split(c.want, "\n"), strings.Split(err.Error(), "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSourcesThatCannotBe(t *testing.T) {
	const form = `is not a source; write one such as http://host/path, rtsp://host/path, rtmp://host/app/key, tcp://host:port, tcp-listen://:port, file:///path, v4l2:///dev/video0, "upload:" or "test:"`
	const noFile = "; write file:///path/clip.mp4, with special characters as %XX (a space as %20, % as %25)"
	const listen = "; write tcp-listen://:port, or tcp-listen://address:port to listen on one address"
	const noDevice = "; write v4l2:///dev/video0, or v4l2:///dev/video0?width=1280&height=720&fps=30"
	const pattern = `"test:?width=640&height=480&fps=10"`
	for text, want := range map[string]string{
		"v4l2:/dev/video0":               "names no device by three slashes and its path in /dev" + noDevice,
		"v4l2:///etc/passwd":             "names no device by three slashes and its path in /dev" + noDevice,
		"v4l2:///dev/../etc/passwd":      "names no device in /dev" + noDevice,
		"v4l2:///dev/video0#1":           "names no device by three slashes and its path in /dev" + noDevice,
		"v4l2:///dev/video0?size=1":      `"size" is not one of width, height and fps, each once` + noDevice,
		"v4l2:///dev/video0?height=720":  "has a width or a height alone" + noDevice,
		"rtsp://u:canary@/stream1":       "names no host; write rtsp://host:port/path",
		"RTSPS://cam:70000/":             "has a port that is not from 1 to 65535; write rtsp://host:port/path",
		"rtsp://u:cana#ry@cam/":          "is not a URL; write rtsp://host:port/path, and special characters in a name or password as %XX (/ is %2F, # is %23)",
		"tcp://cam":                      "has no port, or an IPv6 address without brackets; write tcp://host:port",
		"tcp://::1:5000":                 "has no port, or an IPv6 address without brackets; write tcp://host:port",
		"tcp://:5000":                    "names no host; write tcp://host:port",
		"tcp://cam:0":                    "has a port that is not from 1 to 65535; write tcp://host:port",
		"tcp://ca m:5000":                "has a host that is neither a name nor an address; write tcp://host:port",
		"tcp://u:canary@cam:5000":        "is not an address alone; write tcp://host:port",
		"tcp://cam:5000/x":               "is not an address alone; write tcp://host:port",
		"tcp:cam:5000":                   "is not an address alone; write tcp://host:port",
		"tcp-listen://cam:5000?listen=1": "is not an address alone" + listen,
		"tcp-listen://":                  "has no port, or an IPv6 address without brackets" + listen,
		"tcp-listen://:http":             "has a port that is not from 1 to 65535" + listen,
		"file:clip.mp4":                  "has no path of three slashes and more" + noFile,
		"file://clip.mp4":                "has no path of three slashes and more" + noFile,
		"file:///clips/":                 "names no file" + noFile,
		"file:///..":                     "names no file" + noFile,
		"file:///":                       "names no file" + noFile,
		"file:///50%.mp4":                "is not a URL" + noFile,
		"file:///a?b.mp4":                "contains a ? or a #; write %3F or %23 where it belongs to the name",
		"file:///a%00b":                  "has a path that is too long or holds control characters",
		"upload":                         `did you mean "upload:"? (with the colon, in quotes)`,
		"test":                           `did you mean "test:"? (with the colon, in quotes)`,
		"upload:phone":                   `"upload:" takes nothing behind it`,
		"192.168.1.21/mjpeg":             form,
		"192.168.1.21:8080/mjpeg":        form,
		"exec:canary":                    form,
		"":                               form,
		"http:///mjpeg":                  "names no host; write http://host:port/path",
		"http:cam/mjpeg":                 "names no host; write http://host:port/path",
		"http://cam:0/":                  "has a port that is not from 1 to 65535; write http://host:port/path",
		"http://cam:65536/":              "has a port that is not from 1 to 65535; write http://host:port/path",
		"http://u:cana#ry@cam/":          "is not a URL; write http://host:port/path, and special characters in a name or password as %XX (/ is %2F, # is %23)",
		"http://u:canary%0a@cam/":        "has a name or password that is too long or holds control characters",
		"http://cam/a#b":                 "contains a #, which is never sent to a camera; write %23 where it belongs to the name or the path",
		"test:640x480":                   `"test:" takes only a query, such as ` + pattern,
		"test:?size=5":                   `"size" is not one of width, height and fps, each once; write ` + pattern,
		"test:?fps=5&fps=6":              `"fps" is not one of width, height and fps, each once; write ` + pattern,
		"test:?fps=%zz":                  `has a query that cannot be read; write ` + pattern,
		"test:?fps=0":                    `fps must be a whole number from 1 to 60, not "0"`,
		"test:?width=640":                `has a width or a height alone; write ` + pattern,
		"test:?width=99999":              `width must be a whole number from 16 to 3840, not "99999"`,
	} {
		_, err := load(t, "cameras: {a: {source: "+strconv.Quote(text)+"}}\n")
		if err == nil {
			t.Errorf("%s: accepted", text)
			continue
		}
		if got := strings.TrimPrefix(err.Error(), "framegate.yaml:1:23: cameras.a.source: "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
		if strings.Contains(err.Error(), "cana") {
			t.Errorf("%s: the error gives the password away: %v", text, err)
		}
	}
}

func TestManyErrorsAreCounted(t *testing.T) {
	var text strings.Builder
	for i := range 100 {
		text.WriteString("nothing" + strconv.Itoa(i) + ": x\n")
	}
	_, err := load(t, text.String())
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 21 || lines[20] != "and 80 more" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

func TestFileThatIsNotThere(t *testing.T) {
	inFolder(t, nil)
	_, err := Load("framegate.yaml", nil)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	const want = "configuration: open framegate.yaml: no such file or directory"
	if err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if _, err := Load(".", nil); err == nil || err.Error() != "configuration: . is a folder, not a file; name a file" {
		t.Errorf("a folder as a file: %v", err)
	}
	if _, err := Load("/dev/zero", nil); err == nil || err.Error() != "configuration: /dev/zero is a device, not a file; name a file" {
		t.Errorf("a device as a file: %v", err)
	}
}

// A device that never ends must not fill memory: a sparse file of 1 GB stands
// in for it.
func TestHugeFileIsNotRead(t *testing.T) {
	inFolder(t, map[string]string{"framegate.yaml": ""})
	if err := os.Truncate("framegate.yaml", 1<<30); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Load("framegate.yaml", nil); err == nil {
		t.Error("accepted")
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 16<<20 {
		t.Errorf("reading it took %d bytes", allocated)
	}
}
