package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// settingValues has for each setting but limits texts that it takes, with what
// they are as JSON, and texts that it does not, with what its error says. A list
// is written with commas. What other settings it needs is in beside.
var settingValues = map[string]struct {
	good, bad map[string]string
	beside    string
}{
	"listen": {good: map[string]string{
		"127.0.0.1:0": `"127.0.0.1:0"`, ":65535": `":65535"`, "[::1]:1": `"[::1]:1"`, "cams.example.org:80": `"cams.example.org:80"`, "[fe80::1%eth0]:80": `"[fe80::1%eth0]:80"`,
	}, bad: map[string]string{
		"8080": "must be host:port", "::1:80": "must be host:port", "a:b:80": "must be host:port", "a:65536": "must end in a port from 0 to 65535", "a:-1": "must end in a port",
		"a:080": "must end in a port", "a:": "must end in a port", "a b:80": "must begin with an address or a host name", "http://a:80": "must be host:port", "*:80": "must begin with",
	}},
	"data": {good: map[string]string{"/": `"/"`, "/srv/a b": `"/srv/a b"`, "/" + strings.Repeat("x", 4095): `"/` + strings.Repeat("x", 4095) + `"`},
		bad: map[string]string{"/" + strings.Repeat("x", 4096): "longer than 4096 bytes", "a\tb": "must be one line"}},
	"auth": {good: map[string]string{"required": `"required"`, "off": `"off"`}, bad: map[string]string{"false": "must be required or off", "OFF": "must be required or off", "none": "must be"}},
	"base_path": {good: map[string]string{"/cams": `"/cams"`, "/a/b/": `"/a/b"`, "/": `""`, "/A-z_0.9~": `"/A-z_0.9~"`, "/1/2/3/4/5/6/7/8": `"/1/2/3/4/5/6/7/8"`, "/...": `"/..."`}, bad: map[string]string{
		"cams": "must be a path such as /cams", "//": "must be", "/a//b": "must be", "/..": "must be", "/a/./b": "must be", "/a b": "must be", "/ü": "must be", "/a?b": "must be", "/%41": "must be",
		"/1/2/3/4/5/6/7/8/9": "must be", "/" + strings.Repeat("a", 65): "must be", "http://a/b": "must be",
	}},
	"frame_ancestors": {good: origins, bad: noOrigins},
	"hosts": {good: map[string]string{
		"a": `["a"]`, "Cams.Example.ORG.": `["cams.example.org"]`, "192.0.2.1,[2001:DB8::1]": `["192.0.2.1","2001:db8::1"]`, "my_host": `["my_host"]`, "2001:db8:0::1": `["2001:db8::1"]`,
	}, bad: map[string]string{
		"a:80": "must be a name or address without scheme, port or path", "http://a": "must be", "a/b": "must be", "a b": "must be", "-a": "must be", "a-": "must be", "a,": "must be", "*.a.org": "must be",
		"fe80::1%eth0": "must be", strings.Repeat("a", 254): "must be", "ü.org": "must be", "a..": "must be",
	}},
	"tls.mode":             {good: map[string]string{"off": `"off"`, "self-signed": `"self-signed"`}, bad: map[string]string{"on": "must be off, self-signed, files or acme", "self_signed": "must be"}},
	"tls.cert":             {beside: "tls.mode=files tls.key=/k", good: map[string]string{"/c": `"/c"`}, bad: map[string]string{strings.Repeat("x", 4097): "longer than 4096"}},
	"tls.key":              {beside: "tls.mode=files tls.cert=/c", good: map[string]string{"/k": `"/k"`}, bad: map[string]string{"a\tb": "must be one line"}},
	"tls.email":            {beside: "tls.mode=acme hosts=a.example.org", good: map[string]string{"a+b@example.org": `"a+b@example.org"`}, bad: map[string]string{"a": "must be a mail address", "A <a@b.c>": "must be", "a@b.c,d@e.f": "must be", strings.Repeat("a", 251) + "@b.c": "longer than 254"}},
	"tls.directory":        {beside: "tls.mode=acme hosts=a.example.org", good: map[string]string{"https://a:14000/dir?x=y": `"https://a:14000/dir?x=y"`}, bad: map[string]string{"http://a/": "must be a URL such as https://", "a": "must be", "https:///x": "must be", "https://u@a/": "must be", "https://a/#b": "must be", "https://a/" + strings.Repeat("x", 2048): "longer than 2048"}},
	"rtsp.listen":          {good: map[string]string{"": `""`, ":8554": `":8554"`, "127.0.0.1:0": `"127.0.0.1:0"`}, bad: map[string]string{"8554": "must be host:port", "a:65536": "must end in a port"}},
	"rtsp.tls_listen":      {beside: "tls.mode=self-signed", good: map[string]string{"": `""`, "[::1]:8322": `"[::1]:8322"`}, bad: map[string]string{"8322": "must be host:port"}},
	"rtmp.listen":          {good: map[string]string{"": `""`, ":1935": `":1935"`, "127.0.0.1:0": `"127.0.0.1:0"`}, bad: map[string]string{"1935": "must be host:port", "a:65536": "must end in a port"}},
	"rtmp.tls_listen":      {beside: "tls.mode=self-signed", good: map[string]string{"": `""`, ":1936": `":1936"`}, bad: map[string]string{"1936": "must be host:port"}},
	"rtsp.udp":             {beside: "rtsp.listen=:8554", good: map[string]string{"": `""`, ":8000": `":8000"`, "127.0.0.1:0": `"127.0.0.1:0"`}, bad: map[string]string{"8000": "must be host:port", ":8001": "must end in an even port"}},
	"webrtc.listen":        {good: map[string]string{"off": `"off"`, "auto": `"auto"`, ":8555": `":8555"`, "127.0.0.1:0": `"127.0.0.1:0"`}, bad: map[string]string{"8555": "must be host:port", "on": "or auto for port 8555"}},
	"webrtc.hosts":         {good: map[string]string{"192.0.2.1,cams.example.org": `["192.0.2.1","cams.example.org"]`}, bad: map[string]string{"192.0.2.1:8555": "must be a name or address"}},
	"compat":               {good: map[string]string{"go2rtc": `["go2rtc"]`, "go2rtc,mjpg-streamer": `["go2rtc","mjpg-streamer"]`}, bad: map[string]string{"frigate": "must be go2rtc or mjpg-streamer", "go2rtc,": "must be"}},
	"cluster.name":         {beside: "cluster.advertise=a", good: map[string]string{"yard": `"yard"`}, bad: map[string]string{"My Yard": "must be 1 to 63 of a-z", "-a": "must be"}},
	"cluster.listen":       {beside: "cluster.name=yard cluster.seeds=a:7421", good: map[string]string{":0": `":0"`, "192.0.2.1:7": `"192.0.2.1:7"`}, bad: map[string]string{"7421": "must be host:port", "a:65536": "must end in a port"}},
	"cluster.relay_listen": {beside: "cluster.name=yard cluster.seeds=a:7421", good: map[string]string{":0": `":0"`}, bad: map[string]string{"7422": "must be host:port"}},
	"cluster.seeds":        {good: map[string]string{"a:7421,192.0.2.1:1": `["a:7421","192.0.2.1:1"]`, "[::1]:7421": `["[::1]:7421"]`}, bad: map[string]string{"a": "must be the host and port of a node", ":7421": "must be", "a:0": "must be", "0.0.0.0:1": "must be", "http://a:1": "must be"}},
	"cluster.token_file":   {beside: "cluster.name=yard cluster.advertise=a", good: map[string]string{"/run/token": `"/run/token"`}, bad: map[string]string{strings.Repeat("x", 5000): "must not be longer than"}},
	"cluster.advertise":    {beside: "cluster.name=yard cluster.seeds=a:7421", good: map[string]string{"": `""`, "192.0.2.1": `"192.0.2.1"`, "a.example.org": `"a.example.org"`}, bad: map[string]string{"a:7421": "without a port", "0.0.0.0": "must be", "a b": "must be"}},
	"cluster.roles":        {good: map[string]string{"camera": `["camera"]`, "camera,edge": `["camera","edge"]`}, bad: map[string]string{"store": "must be camera or edge"}},
	"cluster.stores":       {beside: "cluster.name=yard cluster.seeds=a:7421", good: map[string]string{"a": `["a"]`, "a,b,c": `["a","b","c"]`}, bad: map[string]string{"A": "must be 1 to 63 of a-z", "a,b": "must be 1, 3 or 5", "a,b,b": "different nodes"}},
	"cluster.nats.urls": {beside: "cluster.name=yard",
		good: map[string]string{"nats://a,nats://192.0.2.1:1": `["nats://a:4222","nats://192.0.2.1:1"]`, "tls://[fd00::1]/": `["tls://[fd00::1]:4222"]`},
		bad:  map[string]string{"a:4222": "must be an address such as nats://", "nats://u:canary@a": "user and password go into username", "nats://a/b": "must be", "nats://a:0": "must be", "nats://a,tls://b": "must be all nats:// or all tls://"}},
	"cluster.nats.username":      {good: map[string]string{"fg": `"fg"`}, bad: map[string]string{strings.Repeat("x", 257): "must not be longer than"}, beside: ofNATS},
	"cluster.nats.password":      {good: map[string]string{"p w": `"\u003credacted\u003e"`}, bad: map[string]string{strings.Repeat("x", 5000): "must not be longer than"}, beside: ofNATS + " cluster.nats.username=u"},
	"cluster.nats.password_file": {good: map[string]string{}, bad: map[string]string{"nowhere": "no such file"}, beside: ofNATS + " cluster.nats.username=u"},
	"cluster.nats.credentials":   {good: map[string]string{"/fg.creds": `"/fg.creds"`}, bad: map[string]string{strings.Repeat("x", 5000): "must not be longer than"}, beside: ofNATS},
	"cluster.nats.domain":        {good: map[string]string{"hub_1": `"hub_1"`, "": `""`}, bad: map[string]string{"a.b": "must be the name of a domain of JetStream"}, beside: ofNATS},
	"cluster.nats.ca":            {good: map[string]string{"/ca.pem": `"/ca.pem"`}, bad: map[string]string{strings.Repeat("x", 5000): "must not be longer than"}, beside: "cluster.name=yard cluster.nats.urls=tls://a"},
	"cluster.labels":             {good: map[string]string{"site=barn,big": `["site=barn","big"]`}, bad: map[string]string{"a\tb": "must be one line", strings.Repeat("x", 129): "longer than 128"}},
	"cluster.public": {beside: "cluster.name=yard cluster.seeds=a:7421", good: map[string]string{"": `""`, "https://B.example.org": `"https://b.example.org"`, "http://192.0.2.1:8080/": `"http://192.0.2.1:8080"`, "https://[2001:db8::1]:8443/cams": `"https://[2001:db8::1]:8443/cams"`}, bad: map[string]string{
		"b.example.org": "must be the URL", "ftp://b": "must be", "https://u:p@b": "must be", "https://b?x": "must be", "https://b/#x": "must be", "https://b/a b": "must be", "https://b;c": "must be", "https://b/;": "must be", "https://": "must be",
		"https://b:0": "must be", "https://b:": "must be", "https://b:65536": "must be", "https://b/" + strings.Repeat("x/", 128): "must be",
	}},
	"cluster.redirect": {beside: "cluster.name=yard cluster.seeds=a:7421", good: map[string]string{"off": `"off"`, "label": `"label"`, "load": `"load"`}, bad: map[string]string{"on": "must be off, label or load"}},
	"cors.origins":     {good: origins, bad: noOrigins},
	"network.allow":    {good: ranges, bad: noRanges}, "trusted_proxies": {good: ranges, bad: noRanges},
	"default_camera": {good: map[string]string{"phone": `"phone"`}, bad: map[string]string{"fone": "did you mean phone?", "demo": "takes no uploads", "xyzzyx": "known here: phone"}},
	"ffmpeg.path":    {good: map[string]string{"ffmpeg7": `"ffmpeg7"`, "/opt/ff mpeg": `"/opt/ff mpeg"`}, bad: map[string]string{"a\tb": "must be one line", strings.Repeat("x", 4097): "longer than 4096"}},
	"ffmpeg.hwaccel": {good: map[string]string{"none": `"none"`, "auto": `"auto"`, "vaapi": `"vaapi"`, "cuda": `"cuda"`, "qsv": `"qsv"`, "videotoolbox": `"videotoolbox"`}, bad: map[string]string{"nvenc": "must be none, auto, vaapi, cuda, qsv or videotoolbox", "true": "must be"}},

	"recordings.dir":       {good: map[string]string{"/mnt/a b": `"/mnt/a b"`, "/r": `"/r"`}, bad: map[string]string{"a\tb": "must be one line", strings.Repeat("x", 4097): "longer than 4096"}},
	"recordings.max_bytes": {good: map[string]string{"0": `0`, "500GB": `500000000000`, "16MiB": `16777216`, "1024TiB": `1125899906842624`}, bad: map[string]string{"1": "must be a whole number with a unit", "15MiB": "must be from 16MiB to 1024TiB", "90%": "or 0 for none"}},
	"recordings.min_free":  {good: map[string]string{"0": `0`, "1MiB": `1048576`}, bad: map[string]string{"1KiB": "must be from 1MiB to 1024TiB", "10%": "must be a whole number with a unit"}},
	"recordings.sync":      {good: map[string]string{"auto": `"auto"`, "1s": `"1s"`, "1m": `"1m"`}, bad: map[string]string{"0s": "must be from 1s to 1m", "61s": "or auto", "off": "or auto"}},
	"recordings.segment":   {good: map[string]string{"10s": `"10s"`, "10m": `"10m0s"`}, bad: map[string]string{"9s": "must be from 10s to 10m", "11m": "must be"}},
	"recordings.buffer":    {good: map[string]string{"1MiB": `1048576`, "1GiB": `1073741824`}, bad: map[string]string{"0": "must be a whole number with a unit", "1KiB": "must be from 1MiB to 1GiB"}},

	"notify.address": {good: map[string]string{"https://cams.example.org/": `"https://cams.example.org"`, "http://192.168.1.5:8080/cams": `"http://192.168.1.5:8080/cams"`},
		bad: map[string]string{"cams.example.org": "must be an address such as", "https://u:p@a": "must be", "https://a?b": "must be", "ftp://a": "must be"}},
	"notify.mqtt.url": {good: map[string]string{"mqtt://broker.lan": `"mqtt://broker.lan:1883"`, "mqtts://[fd00::1]/": `"mqtts://[fd00::1]:8883"`, "mqtt://a:1": `"mqtt://a:1"`},
		bad: map[string]string{"tcp://a": "must be an address such as mqtt://", "mqtt://u:canary@a": "user and password go into username", "mqtt://a/b": "must be", "mqtt://a:0": "must be", "mqtt://a:99999": "must be", "broker.lan:1883": "must be"}},
	"notify.mqtt.username":      {good: map[string]string{"ha": `"ha"`}, bad: map[string]string{strings.Repeat("x", 257): "must not be longer than"}, beside: broker},
	"notify.mqtt.password":      {good: map[string]string{"p w": `"\u003credacted\u003e"`}, bad: map[string]string{strings.Repeat("x", 5000): "must not be longer than"}, beside: broker + " notify.mqtt.username=u"},
	"notify.mqtt.password_file": {good: map[string]string{}, bad: map[string]string{"nowhere": "no such file"}, beside: broker + " notify.mqtt.username=u"},
	"notify.mqtt.ca":            {good: map[string]string{"/ca.pem": `"/ca.pem"`}, bad: map[string]string{strings.Repeat("x", 5000): "must not be longer than"}, beside: "notify.mqtt.url=mqtts://a"},
	"notify.mqtt.prefix": {good: map[string]string{"cams-2": `"cams-2"`},
		bad: map[string]string{"a/b": "must be 1 to 23 of a-z", "a_b": "must be", "A": "must be", "+": "must be", "#": "must be", strings.Repeat("a", 24): "must be"}, beside: broker},
	"notify.mqtt.discovery": {good: map[string]string{"ha/lab": `"ha/lab"`, "off": `""`}, bad: map[string]string{"a/": "must be the discovery prefix", "a/+": "must be", "#": "must be"}, beside: broker},
	"notify.mqtt.pictures":  {good: map[string]string{"10s": `"10s"`, "5m": `"5m"`, "off": `"off"`}, bad: map[string]string{"1s": "must be from 10s to 24h, not \"1s\", or off", "on": "must be a duration"}, beside: broker},
}

// broker is what keys of MQTT need beside them.
const broker = "notify.mqtt.url=mqtt://a"

// ofNATS is what the keys of a NATS need.
const ofNATS = "cluster.name=yard cluster.nats.urls=nats://a"

var origins = map[string]string{"http://a": `["http://a"]`, "https://a.example.org:8443,http://[::1]:80": `["https://a.example.org:8443","http://[::1]:80"]`}

var noOrigins = map[string]string{
	"a.org": "must be an origin such as", "https://a/": "must be", "ftp://a": "must be", "https://A": "must be", "https://u@a": "must be", "*": "must be", "null": "must be", "https://": "must be",
	"https://a,,https://b": `not ""`, "https://a?b": "must be", "file://": "must be",
}

var ranges = map[string]string{
	"10.0.0.1": `["10.0.0.1/32"]`, "10.1.2.3/8,fd00::/8": `["10.0.0.0/8","fd00::/8"]`, "::ffff:10.0.0.1": `["10.0.0.1/32"]`, "0.0.0.0/0": `["0.0.0.0/0"]`, "2001:DB8::1": `["2001:db8::1/128"]`,
}

var noRanges = map[string]string{
	"10.0.0.0/33": "must be an address or a range of addresses", "10.0.0": "must be", "a": "must be", "10.0.0.0-10.0.0.9": "must be", "10.0.0.0/255.0.0.0": "must be", "fe80::1%eth0": "must be",
	"::ffff:10.0.0.0/104": "must be", "010.0.0.1": "must be", "10.0.0.1, ,10.0.0.2": `not ""`,
}

// variableFor gives the variable that sets a key to a text.
func variableFor(key, text string) string { return variableOf(key) + "=" + text }

// inFile gives the file that sets a key to a text.
func inFile(key, text string, list bool) string {
	quoted, _ := json.Marshal(text) // which YAML reads too
	written := string(quoted)
	if list {
		var items []string
		for _, item := range splitList(text, place{}) {
			quoted, _ := json.Marshal(item.text)
			items = append(items, string(quoted))
		}
		written = "[" + strings.Join(items, ", ") + "]"
	}
	return nested(key, written)
}

// nested gives the file that has what was written under a key, each section of which
// is a line.
func nested(key, written string) string {
	var b strings.Builder
	levels := strings.Split(key, ".")
	for i, level := range levels {
		fmt.Fprintf(&b, "%s%s:", strings.Repeat("  ", i), level)
		if i < len(levels)-1 {
			b.WriteByte('\n')
		}
	}
	return b.String() + " " + written + "\n"
}

// TestValuesOfSettings: each takes what it is for, and the same in the file and
// the environment, and says of all else what is wrong and what to write.
func TestValuesOfSettings(t *testing.T) {
	for _, s := range Settings() {
		c, tested := settingValues[s.Key]
		if !tested {
			if !strings.HasPrefix(s.Key, "limits.") && !s.each { // see limitBounds and notify_test.go
				t.Errorf("%s is not tested", s.Key)
			}
			continue
		}
		var beside []string
		for pair := range strings.FieldsSeq(c.beside) {
			key, text, _ := strings.Cut(pair, "=")
			beside = append(beside, variableFor(key, text))
		}
		for text, want := range c.good {
			for where, load := range map[string]func() (*Config, error){
				"file":        func() (*Config, error) { return Parse("/f.yaml", []byte(inFile(s.Key, text, s.list)), beside) },
				"environment": func() (*Config, error) { return Parse("", nil, append(beside, variableFor(s.Key, text))) },
			} {
				got, err := load()
				if err != nil {
					t.Errorf("%s: %.50q in the %s: %v", s.Key, text, where, err)
				} else if b, err := json.Marshal(s.Value(got)); err != nil || string(b) != want {
					t.Errorf("%s: %.50q in the %s is %s, %v", s.Key, text, where, b, err)
				}
			}
		}
		for text, want := range c.bad {
			content := inFile(s.Key, text, s.list)
			_, err := Parse("f.yaml", []byte(content), beside)
			if err == nil || !strings.HasPrefix(err.Error(), "f.yaml:") || !strings.Contains(err.Error(), ": "+s.Key+": ") || !strings.Contains(err.Error(), want) {
				t.Errorf("%.60q: %v", content, err)
			}
			_, err = Parse("", nil, append(beside, variableFor(s.Key, text)))
			if err == nil || !strings.HasPrefix(err.Error(), variableOf(s.Key)+": ") || !strings.Contains(err.Error(), want) {
				t.Errorf("%s=%.60q: %v", variableOf(s.Key), text, err)
			}
			if err != nil && len(err.Error()) > 400 {
				t.Errorf("%s: an error of %d bytes", s.Key, len(err.Error()))
			}
		}
	}
}

// TestEnvironmentWins over the file for every setting, and the file over what is
// so anyway.
func TestEnvironmentWins(t *testing.T) {
	usual := defaults()
	for key, c := range settingValues {
		if c.beside != "" || len(c.good) < 2 {
			continue
		}
		texts := slices.Sorted(maps.Keys(c.good))
		if texts[0] == "" { // an empty variable counts as not set
			texts = texts[1:]
		}
		all := Settings()
		setting := all[slices.IndexFunc(all, func(s Setting) bool { return s.Key == key })]
		for i, set := range texts {
			written := texts[(i+1)%len(texts)]
			got, err := Parse("/f.yaml", []byte(inFile(key, written, setting.list)), []string{variableFor(key, set)})
			if err != nil {
				t.Fatalf("%s: %v", key, err)
			}
			if b, _ := json.Marshal(setting.Value(got)); string(b) != c.good[set] {
				t.Errorf("%s: %q in the file and %q in the environment is %s", key, written, set, b)
			}
			for _, other := range all {
				if other.Key != key && other.Key != "data" && other.Key != "recordings.dir" && other.Key != "default_camera" && !other.Same(got, &usual) {
					t.Errorf("%s changes %s", key, other.Key)
				}
			}
		}
	}
}

// TestWrongKinds: a setting of one text takes no list, one of many no text, and
// neither takes a section.
func TestWrongKinds(t *testing.T) {
	for _, s := range Settings() {
		wrong := map[string]string{"{a: b}": "takes one value", "[a]": "takes one value", "~": "has no value", "": "has no value", "&a b": "anchors", "*a": "aliases", "!!str a": "tags"}
		if s.list {
			wrong = map[string]string{"{a: b}": "takes a list", "a": "takes a list", "[a, [b]]": "takes a list of single values", "[{a: b}]": "takes a list of single values", "~": "has no value", "[~]": "takes a list of single"}
		}
		if s.each {
			continue
		}
		for written, want := range wrong {
			content, line := nested(s.Key, written), strconv.Itoa(1+strings.Count(s.Key, "."))
			_, err := Parse("f.yaml", []byte(content), nil)
			if err == nil || !strings.HasPrefix(err.Error(), "f.yaml:"+line+":") || !strings.Contains(err.Error(), ": "+s.Key+": "+want) {
				t.Errorf("%q: %v", content, err)
			}
		}
	}
}

// TestListsAreReplaced, not added to; an empty one is none.
func TestListsAreReplaced(t *testing.T) {
	c, err := Parse("f.yaml", []byte("hosts: [a, b]\ncors: {origins: []}\n"), []string{"FRAMEGATE_HOSTS=c", "FRAMEGATE_TRUSTED_PROXIES="})
	if err != nil || len(c.Hosts) != 1 || c.Hosts[0] != "c" || c.CORS.Origins != nil || c.TrustedProxies != nil {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestWordsOfErrorsAreShort(t *testing.T) {
	for text, want := range map[string]string{
		"short": `"short"`, "": `""`, "a\nb": `"a\nb"`, "\xff": `"\xff"`, strings.Repeat("x", 40): `"` + strings.Repeat("x", 40) + `"`,
		strings.Repeat("x", 41): `"` + strings.Repeat("x", 40) + `..."`, strings.Repeat("ü", 5000): `"` + strings.Repeat("ü", 40) + `..."`,
	} {
		if got := quote(text); got != want {
			t.Errorf("%.50q is quoted as %s", text, got)
		}
	}
}
