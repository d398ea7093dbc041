package migrate

import (
	"net/url"
	"slices"
	"strings"

	"framegate/gateway/config/plainyaml"
)

// usualRTSP is where all three programs give cameras out over RTSP if nothing is said.
const usualRTSP = ":8554"

// usualRTMP is where MediaMTX takes what is sent by RTMP if nothing is said.
const usualRTMP = ":1935"

// go2rtc reads a configuration of go2rtc 1.9 (its README.md, and internal/*/README.md).
func (r *reader) go2rtc(root *plainyaml.Node) {
	if look("rtsp", root) == nil {
		r.settings["rtsp.listen"] = setting{text: usualRTSP}
	}
	preloaded := look("preload", root)
	r.section(root, "", map[string]taker{
		"streams": func(n *plainyaml.Node, path string) {
			r.names = n
			r.each(n, path, func(name string, sources *plainyaml.Node, path string) {
				c := r.camera(name, sources, path)
				if preloaded != nil && preloaded.Get(name) != nil {
					c.keys["keep"] = "always"
				}
				r.stream(c, name, sources, path)
			})
		},
		"rtsp": func(n *plainyaml.Node, path string) { r.go2rtcRTSP(n, path) },
		"api": func(n *plainyaml.Node, path string) {
			r.section(n, path, map[string]taker{
				"listen":    r.without("Framegate's own address is what listen: says, 127.0.0.1:8080 without it"),
				"base_path": func(n *plainyaml.Node, path string) { r.set("base_path", n, path) },
				"origin":    r.without("pages of other origins are named one by one, under cors.origins"),
				"username":  r.without(ownUsers), "password": r.without(ownUsers), "local_auth": silently,
				"tls_listen": r.without(ownTLS), "tls_cert": r.without(ownTLS), "tls_key": r.without(ownTLS),
			})
		},
		"ffmpeg": func(n *plainyaml.Node, path string) {
			r.section(n, path, map[string]taker{"bin": func(n *plainyaml.Node, path string) { r.set("ffmpeg.path", n, path) }})
		},
		"rtmp": func(n *plainyaml.Node, path string) {
			r.section(n, path, map[string]taker{"listen": func(n *plainyaml.Node, path string) { r.set("rtmp.listen", n, path) }})
		},
		"preload": silently,
		"log":     silently, // framegate serve --log-level
		"app":     silently,
		"webrtc":  r.without(ownWebRTC),
		"publish": r.without("Framegate sends to nobody; let ffmpeg take the camera here and send it on"),
		"hass":    r.without(foreign["hass"]),
		"homekit": r.without("cameras are not given out over HomeKit; let go2rtc take them from here for it"),
	})
}

const (
	ownUsers = "users and tokens are Framegate's own: framegate user add, framegate token create"
	ownTLS   = "write tls: {mode: files, cert: …, key: …}; listen: then speaks HTTPS alone"

	ownWebRTC = "cameras are at /live/{id}/whep, and are sent to /live/{id}/whip, without it; write webrtc: {listen: …, hosts: […]} for another port than 8555 or for further addresses"
)

// go2rtcRTSP takes where cameras are given out.
func (r *reader) go2rtcRTSP(n *plainyaml.Node, path string) {
	if n.Get("listen") == nil {
		r.settings["rtsp.listen"] = setting{text: usualRTSP}
	}
	r.section(n, path, map[string]taker{
		"listen": func(n *plainyaml.Node, path string) {
			if text(n) != "" { // which is nowhere
				r.set("rtsp.listen", n, path)
			}
		},
		"default_query": silently, "pkt_size": silently,
		"username": r.without(ownUsers), "password": r.without(ownUsers),
	})
}

// stream takes a stream of go2rtc as a camera: the first of its sources that will do.
// Without any, pictures are sent to it.
func (r *reader) stream(c *camera, name string, sources *plainyaml.Node, path string) {
	taken := false
	if url := sources.Get("url"); url != nil {
		sources = url // its longer form
	}
	all := texts(sources)
	for _, source := range all {
		switch {
		case isOwn(text(source), name): // other codecs of the same, which viewers get here anyway
		case taken:
			r.lose(source, path, "a camera has one source; this further one is not taken")
		default:
			taken = r.go2rtcSource(c, text(source), source, path)
		}
	}
	switch {
	case len(all) > 0:
	case sources.Kind == plainyaml.Mapping:
		r.lose(sources, path, "has keys in the place of a source, and no url among them")
	default:
		c.keys["source"], taken = "upload:", true
	}
	if taken {
		r.cameras = append(r.cameras, c)
	}
}

// isOwn says that a source is made of the stream itself, by ffmpeg.
func isOwn(source, name string) bool {
	of, isFFmpeg := strings.CutPrefix(source, "ffmpeg:")
	of, _, _ = strings.Cut(of, "#")
	return isFFmpeg && of == name
}

// go2rtcSource sets a source as go2rtc writes it: an address, and behind each # an
// option.
func (r *reader) go2rtcSource(c *camera, source string, n *plainyaml.Node, path string) bool {
	source, options, _ := strings.Cut(source, "#")
	of, isFFmpeg := strings.CutPrefix(source, "ffmpeg:")
	kind, query, hasQuery := strings.Cut(of, "?")
	switch {
	case isFFmpeg && hasQuery && kind == "device", strings.HasPrefix(source, "v4l2:device?"):
		if !isFFmpeg {
			_, query, _ = strings.Cut(source, "?")
		}
		asked, _ := url.ParseQuery(query) // what of it can be read will do
		return r.device(c, asked, n, path)
	case isFFmpeg && kind == "virtual":
		c.keys["source"] = "test:"
		return true
	case isFFmpeg && strings.Contains(of, "://"):
		source = of
	case isFFmpeg && strings.HasPrefix(of, "/"):
		c.keys["source"] = "file://" + (&url.URL{Path: of}).EscapedPath()
		return true
	case isFFmpeg:
		r.lose(n, path, "is another form of the stream %s, which every camera gives here by itself: ask for it by codec, width and fps in the address", shorten(of))
		return false
	}
	if !r.source(c, source, n, path) {
		return false
	}
	r.options(c, options, n, path)
	return true
}

// options takes what stands behind # in a source.
func (r *reader) options(c *camera, options string, n *plainyaml.Node, path string) {
	if options == "" {
		return
	}
	for option := range strings.SplitSeq(options, "#") {
		key, value, _ := strings.Cut(option, "=")
		switch {
		case key == "transport" && slices.Contains([]string{"tcp", "udp"}, value):
			c.keys["transport"] = value
		case key == "media" && value == "video":
			c.keys["sound"] = "off"
		case slices.Contains([]string{"backchannel", "video", "audio", "hardware", "raw", "media", "timeout", "pkt_size", "input"}, key):
			// what Framegate decides by itself, for each viewer
		default:
			r.lose(n, path, "the option #%s of its source has no counterpart here", shorten(key))
		}
	}
}
