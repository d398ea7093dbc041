package migrate

import (
	"cmp"
	"slices"
	"strings"

	"framegate/gateway/config/plainyaml"
)

// mediamtx reads a configuration of MediaMTX 1.x (its mediamtx.yml).
func (r *reader) mediamtx(root *plainyaml.Node) {
	r.mediamtxRTSP(root)
	defaults := root.Get("pathDefaults")
	r.each(root, "", func(key string, n *plainyaml.Node, path string) {
		switch {
		case key == "paths":
			r.names = n
			r.each(n, path, func(name string, n *plainyaml.Node, path string) { r.mediamtxPath(name, n, defaults, path) })
		case key == "pathDefaults":
			r.pathKeys(n, path)
		case key == "rtspEncryption" || key == "encryption":
			r.encryption(n, path)
		case key == "rtmp" && yes(n):
			r.settings["rtmp.listen"] = setting{text: cmp.Or(text(root.Get("rtmpAddress")), usualRTMP), line: n.Line, path: path}
		case key == "webrtc" && yes(n):
			r.lose(n, path, "%s", ownWebRTC)
		case key == "srt" && yes(n):
			r.lose(n, path, "is not spoken here; what sends by it can send by RTSP, RTMP or WHIP")
		case strings.HasPrefix(key, "auth"):
			r.lose(n, path, "%s", ownUsers)
		case strings.HasPrefix(key, "runOn"):
			r.lose(n, path, "%s", foreign["exec"])
		case !slices.ContainsFunc(mediamtxOwn, func(begins string) bool { return strings.HasPrefix(key, begins) }):
			r.lose(n, path, "has no counterpart here")
		}
	})
}

// mediamtxOwn is how keys begin that are read elsewhere or say how MediaMTX does what
// Framegate does in its own way.
var mediamtxOwn = []string{
	"rtsp", "rtp", "rtcp", "protocols", "multicast", "rtmp", "hls", "webrtc", "srt", "api", "metrics", "pprof", "playback",
	"log", "sysLog", "readTimeout", "writeTimeout", "writeQueueSize", "udp",
}

// encryption takes whether cameras are given out over RTSPS.
func (r *reader) encryption(n *plainyaml.Node, path string) {
	if value := text(n); value == "optional" || value == "strict" {
		r.lose(n, path, "write tls: with a certificate, and rtsp: {tls_listen: \":8322\"}")
	}
}

// mediamtxRTSP takes where cameras are given out.
func (r *reader) mediamtxRTSP(root *plainyaml.Node) {
	if on := root.Get("rtsp"); on != nil && !yes(on) || text(root.Get("rtspEncryption")) == "strict" {
		return
	}
	r.settings["rtsp.listen"] = setting{text: usualRTSP}
	if address := root.Get("rtspAddress"); text(address) != "" {
		r.set("rtsp.listen", address, "rtspAddress")
	}
	transports := texts(cmp.Or(root.Get("rtspTransports"), root.Get("protocols")))
	if transports == nil || slices.ContainsFunc(transports, func(n *plainyaml.Node) bool { return text(n) == "udp" }) {
		r.settings["rtsp.udp"] = setting{text: ":8000"}
		if address := root.Get("rtpAddress"); text(address) != "" {
			r.set("rtsp.udp", address, "rtpAddress")
		}
	}
}

// pathKeys says what of the keys of a path, or of all paths, is lost.
func (r *reader) pathKeys(n *plainyaml.Node, path string) {
	r.each(n, path, func(key string, n *plainyaml.Node, path string) {
		switch {
		case key == "recordPath":
			r.lose(n, path, "recordings are in recordings.dir, under names of Framegate's own")
		case key == "sourceFingerprint":
			r.lose(n, path, "certificates are not compared with a fingerprint; write tls_insecure: true for a camera with one of its own making")
		case strings.HasPrefix(key, "runOn"):
			r.lose(n, path, "%s", foreign["exec"])
		case !slices.ContainsFunc(mediamtxPathOwn, func(begins string) bool { return strings.HasPrefix(key, begins) }):
			r.lose(n, path, "has no counterpart here")
		}
	})
}

// mediamtxPathOwn is what mediamtxOwn is, for the keys of a path.
var mediamtxPathOwn = []string{"source", "rtspTransport", "rtspAnyPort", "rtspRange", "maxReaders", "record", "overridePublisher", "rpiCamera", "useAbsoluteTimestamp"}

// mediamtxPath takes a path as a camera.
func (r *reader) mediamtxPath(name string, n, defaults *plainyaml.Node, path string) {
	if name == "all" || name == "all_others" || strings.HasPrefix(name, "~") {
		r.lose(n, path, "cameras have names here; write each one whose pictures are sent in, with source: \"upload:\"")
		return
	}
	c := r.camera(name, n, path)
	at := func(key string) *plainyaml.Node { return look(key, n, defaults) }
	r.pathKeys(n, path)
	source := text(at("source"))
	switch {
	case source == "" || source == "publisher":
		c.keys["source"] = "upload:"
	case source == "rpiCamera":
		r.lose(n, path, "the Raspberry Pi's camera is not opened by libcamera here; write v4l2:///dev/video0, or let MediaMTX send it to an upload: camera")
		return
	case source == "redirect":
		r.lose(n, path, "viewers are not sent elsewhere; write the source")
		return
	case !r.source(c, source, n, path):
		return
	case !yes(at("sourceOnDemand")):
		c.keys["keep"] = "always"
	}
	r.mediamtxTransport(c, at("rtspTransport"), path)
	r.mediamtxTransport(c, at("sourceProtocol"), path)
	r.mediamtxRecord(c, at, path)
	r.cameras = append(r.cameras, c)
}

func (r *reader) mediamtxTransport(c *camera, n *plainyaml.Node, path string) {
	switch transport := text(n); transport {
	case "tcp", "udp":
		if strings.HasPrefix(c.keys["source"], "rtsp") {
			c.keys["transport"] = transport
		}
	case "multicast":
		r.lose(n, path, "cameras are not asked for multicast; transport: is tcp or udp")
	}
}

// mediamtxRecord takes how long a path is kept.
func (r *reader) mediamtxRecord(c *camera, at func(string) *plainyaml.Node, path string) {
	if !yes(at("record")) {
		return
	}
	c.keys["record.mode"] = "continuous"
	switch age := text(at("recordDeleteAfter")); age {
	case "":
		c.keys["record.keep.max_age"] = "1d" // MediaMTX's own
	case "0s", "0":
	default:
		c.keys["record.keep.max_age"] = age
	}
	if segment := at("recordSegmentDuration"); segment != nil {
		r.set("recordings.segment", segment, path+".recordSegmentDuration")
	}
}
