package migrate

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"framegate/gateway/config/plainyaml"
)

// detects is why much of Frigate has no place here.
const detects = "Framegate detects nothing; let Frigate take the camera from here, over RTSP"

// frigate reads a configuration of Frigate 0.14 to 0.17 (docs/configuration/reference).
func (r *reader) frigate(root *plainyaml.Node) {
	if look("go2rtc.streams", root) != nil {
		r.settings["rtsp.listen"] = setting{text: usualRTSP}
	}
	used := make(map[string]bool)
	known := map[string]taker{
		"cameras": func(n *plainyaml.Node, path string) {
			r.names = n
			r.each(n, path, func(name string, n *plainyaml.Node, path string) { r.frigateCamera(root, name, n, path, used) })
			r.arrange(n)
		},
		"ffmpeg": func(n *plainyaml.Node, path string) {
			r.section(n, path, map[string]taker{
				"hwaccel_args": r.hwaccel,
				"path":         silently, "input_args": silently, "output_args": silently, "global_args": silently, "retry_interval": silently,
				"apple_compatibility": silently,
			})
		},
		"go2rtc": silently, // its streams are told of below
		"record": silently, // which the cameras have
		"logger": silently, "version": silently, "telemetry": silently, "database": silently, "ui": silently, "live": silently,
		"mqtt": r.without("write notify: {mqtt: {url: \"mqtt://…\"}}, with the broker's address, its username and its password; it tells how cameras are"),
		"auth": r.without(ownUsers), "proxy": r.without("write trusted_proxies:, with the proxy's address"),
		"tls": r.without("write tls: {mode: self-signed}, or files with cert and key"),
	}
	for _, key := range frigateDetects {
		known[key] = r.without(detects)
	}
	r.section(root, "", known)
	if streams := look("go2rtc.streams", root); streams != nil {
		r.each(streams, "go2rtc.streams", func(name string, n *plainyaml.Node, path string) {
			if !used[name] {
				r.lose(n, path, "no camera records it; every camera gives other sizes and codecs here by itself")
			}
		})
	}
}

// frigateDetects are the keys, of all and of a camera, of what Frigate finds in pictures.
var frigateDetects = []string{
	"audio", "audio_transcription", "birdseye", "classification", "detect", "detectors", "face_recognition", "genai", "lpr", "model",
	"motion", "notifications", "objects", "review", "semantic_search", "snapshots", "zones", "camera_groups", "timestamp_style",
}

// hwaccel takes which hardware decodes.
func (r *reader) hwaccel(n *plainyaml.Node, path string) {
	preset := text(n)
	for begins, ours := range map[string]string{"preset-vaapi": "vaapi", "preset-intel-qsv": "qsv", "preset-nvidia": "cuda", "auto": "auto"} {
		if strings.HasPrefix(preset, begins) {
			r.settings["ffmpeg.hwaccel"] = setting{ours, n.Line, path}
			return
		}
	}
	r.lose(n, path, "is no decoder that Framegate asks ffmpeg for; write ffmpeg: {hwaccel: auto}")
}

// frigateCamera takes a camera of Frigate, and notes which of go2rtc's streams it uses.
func (r *reader) frigateCamera(root *plainyaml.Node, name string, n *plainyaml.Node, path string, used map[string]bool) {
	if enabled := n.Get("enabled"); enabled != nil && !yes(enabled) {
		r.lose(n, path, "is not enabled, and not taken")
		return
	}
	c := r.camera(name, n, path)
	if friendly := text(n.Get("friendly_name")); friendly != "" {
		c.keys["name"] = friendly
	}
	known := map[string]taker{
		"enabled": silently, "friendly_name": silently, "record": silently, "ui": silently, "live": silently, "mqtt": silently, "webui_url": silently,
		"best_image_timeout": silently, "type": silently,
		"onvif": r.without("write where it is turned beside its source, at the same host, as onvif: http://host:port/onvif/device_service"),
		"ffmpeg": func(n *plainyaml.Node, path string) {
			r.section(n, path, map[string]taker{
				"inputs": silently, "hwaccel_args": silently, "input_args": silently, "output_args": silently, "path": silently, "retry_interval": silently,
				"apple_compatibility": silently, "gpu": silently,
			})
		},
	}
	for _, key := range frigateDetects {
		known[key] = r.without(detects)
	}
	r.section(n, path, known)
	r.frigateRecord(c, n, root, path+".record")
	if r.input(c, root, n, path+".ffmpeg.inputs", used) {
		r.cameras = append(r.cameras, c)
	}
}

// input takes the input of a camera that is recorded, else the first, and another as its
// sub-stream.
func (r *reader) input(c *camera, root, n *plainyaml.Node, at string, used map[string]bool) bool {
	inputs := look("ffmpeg.inputs", n)
	if inputs == nil || len(inputs.Items) == 0 {
		r.lose(n, at, "names no input")
		return false
	}
	chosen := max(0, slices.IndexFunc(inputs.Items, func(input *plainyaml.Node) bool {
		return slices.ContainsFunc(texts(input.Get("roles")), func(role *plainyaml.Node) bool { return text(role) == "record" })
	}))
	taken := r.frigateSource(c, root, inputs.Items[chosen], at, used)
	for i, input := range inputs.Items {
		if i != chosen && !r.frigateSub(c, root, input, at, used) {
			r.lose(input, at, "a camera has one source and, at the same host with the same login, one sub-stream; this further one is not taken")
		}
	}
	return taken
}

// frigateSub takes an input as a camera's sub-stream, and says whether it could: it is no
// loss of its own what of it could not be.
func (r *reader) frigateSub(c *camera, root, input *plainyaml.Node, at string, used map[string]bool) bool {
	apart := &reader{told: make(map[string]int), settings: make(map[string]setting)}
	small := &camera{id: c.id, keys: make(map[string]string)}
	if !apart.frigateSource(small, root, input, at, used) || c.keys["sub"] != "" || small.keys["tls_insecure"] != c.keys["tls_insecure"] {
		return false
	}
	from, err := url.Parse(c.keys["source"])
	to, wrong := url.Parse(small.keys["source"])
	if err != nil || wrong != nil || to.Hostname() == "" || !strings.EqualFold(from.Hostname(), to.Hostname()) || from.String() == to.String() {
		return false
	}
	for _, key := range []string{"username", "password"} {
		if small.keys[key] != "" && small.keys[key] != c.keys[key] {
			return false
		}
	}
	c.keys["sub"] = small.keys["source"]
	return true
}

// frigateSource takes where an input comes from, by way of Frigate's own go2rtc or not.
func (r *reader) frigateSource(c *camera, root, input *plainyaml.Node, at string, used map[string]bool) bool {
	source := input.Get("path")
	name := restreamed(text(source))
	if name == "" {
		return r.source(c, text(source), input, at)
	}
	used[name] = true
	stream := look("go2rtc.streams", root)
	if stream != nil {
		stream = stream.Get(name)
	}
	for _, source := range texts(stream) {
		if !isOwn(text(source), name) {
			return r.go2rtcSource(c, text(source), source, "go2rtc.streams."+shorten(name))
		}
	}
	r.lose(source, at, "there is no %s among go2rtc's streams", shorten(name))
	return false
}

// restreamed gives the name of the stream where an address is that of Frigate's own
// go2rtc.
func restreamed(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "rtsp" || u.Port() != "8554" || !slices.Contains([]string{"127.0.0.1", "localhost", "::1"}, u.Hostname()) {
		return ""
	}
	return strings.TrimPrefix(u.Path, "/")
}

// frigateRecord takes how long what of a camera is kept, by its own keys or else those
// of all.
func (r *reader) frigateRecord(c *camera, n, root *plainyaml.Node, path string) {
	own, all := n.Get("record"), root.Get("record")
	if !yes(look("enabled", own, all)) {
		return
	}
	days := func(keys ...string) (longest float64) {
		for _, key := range keys {
			d, _ := strconv.ParseFloat(text(look(key, own, all)), 64)
			if d > longest { // which what is no number never is
				longest = min(d, maxDays)
			}
		}
		return longest
	}
	always := cmp.Or(days("continuous.days", "retain.days"), days("motion.days"))
	marked := cmp.Or(days("alerts.retain.days", "detections.retain.days", "events.retain.default"), usualEventDays)
	at := cmp.Or(own, all)
	if always > 0 {
		c.keys["record.mode"] = "continuous"
		c.keys["record.keep.max_age"] = ofDays(always)
		if mode := text(look("retain.mode", own, all)); days("continuous.days") == 0 && (days("motion.days") > 0 || mode != "" && mode != "all") {
			r.lose(at, path, "all is kept for that time, not only what moves: Framegate detects nothing")
		}
	} else {
		c.keys["record.mode"] = "events"
	}
	if marked > always {
		c.keys["record.keep.marked.max_age"] = ofDays(marked)
	}
	r.lose(at, path, "alerts and detections are not made here; what is marked in the app or over the API is kept as long as they were")
	if look("export", own, all) != nil || look("sync_recordings", own, all) != nil || look("expire_interval", own, all) != nil {
		r.lose(at, path, "export, sync_recordings and expire_interval have no counterpart here")
	}
}

// maxDays is longer than anything is kept: what is larger is no number of days as
// configurations have it.
const maxDays = 36500

// usualEventDays is how long Frigate keeps what it detected if nothing is said.
const usualEventDays = 10

// ofDays gives a time as our configuration has it.
func ofDays(days float64) string {
	if days == float64(int(days)) {
		return strconv.Itoa(int(days)) + "d"
	}
	return strconv.Itoa(max(1, int(days*24))) + "h"
}

// arrange puts cameras in the order of ui.order, those without it first, as Frigate
// shows them.
func (r *reader) arrange(cameras *plainyaml.Node) {
	order := make(map[int]int)
	for _, entry := range cameras.Entries {
		order[entry.Key.Line], _ = strconv.Atoi(text(look("ui.order", entry.Value)))
	}
	slices.SortStableFunc(r.cameras, func(a, b *camera) int { return cmp.Compare(order[a.line], order[b.line]) })
}
