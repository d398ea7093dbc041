package migrate

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"framegate/gateway/config/plainyaml"
)

// variablePattern is what stands for a variable of the environment: ${NAME} and
// ${NAME:usual} for go2rtc, {FRIGATE_NAME} for Frigate.
var variablePattern = regexp.MustCompile(`\$\{([A-Za-z0-9_]+)(?::[^}]*)?\}|\{(FRIGATE_[A-Za-z0-9_]+)\}`)

// beside is what to do about sources that Framegate does not take.
const beside = "let go2rtc run beside Framegate for it, at another port than Framegate's (rtsp: {listen: \"127.0.0.1:8556\"}), with rtsp://127.0.0.1:8556/ and its name there as the source here"

// foreign says of schemes that Framegate does not take what to do instead.
var foreign = map[string]string{
	"onvif":   "write the camera's RTSP address, which its page, its manual or Find cameras in the app says",
	"exec":    "programs are not started here; let the program send to an upload: camera, or " + beside,
	"echo":    "programs are not started here; write the address that the program prints",
	"expr":    "expressions are not evaluated here; write the address",
	"srt":     "SRT is not taken in; " + beside,
	"udp":     "MPEG-TS over UDP is not taken in; send it to tcp-listen://:PORT",
	"whep":    "WHEP is not taken in; " + beside,
	"wheps":   "WHEP is not taken in; " + beside,
	"unix":    "sockets of the file system are not read; send it to tcp-listen://:PORT",
	"hass":    "Home Assistant's cameras are not asked for; write the camera's own address",
	"webrtc":  "WebRTC is not taken in; " + beside,
	"homekit": "HomeKit is not taken in; write the camera's RTSP address, or " + beside,
}

// source sets where a camera's pictures come from by an address as these programs write
// it, and says whether it could. Where it could not, it says of node why.
func (r *reader) source(c *camera, text string, node *plainyaml.Node, at string) bool {
	scheme, _, hasColon := strings.Cut(text, ":")
	scheme, _, _ = strings.Cut(strings.ToLower(scheme), "+") // as udp+mpegts
	switch {
	case !hasColon || !schemePattern.MatchString(scheme):
		r.lose(node, at, "is no address")
		return false
	case foreign[scheme] != "":
		r.lose(node, at, "%s", foreign[scheme])
		return false
	case slices.Contains([]string{"tcp", "file", "v4l2", "test", "upload"}, scheme):
		c.keys["source"] = text
		return true
	case slices.Contains([]string{"rtspx", "httpx"}, scheme):
		text = scheme[:4] + "s" + text[len(scheme):]
		c.keys["tls_insecure"] = "true"
	case !slices.Contains([]string{"http", "https", "rtsp", "rtsps", "rtmp", "rtmps"}, scheme):
		r.lose(node, at, "Framegate does not take %s:; %s", scheme, beside)
		return false
	}
	return r.remote(c, text, node, at)
}

var schemePattern = regexp.MustCompile(`^[a-z][a-z0-9.-]{0,30}$`)

// remote sets the address of a server, with the name and the password in it apart.
func (r *reader) remote(c *camera, text string, node *plainyaml.Node, at string) bool {
	var variables []string
	text = variablePattern.ReplaceAllStringFunc(text, func(v string) string {
		groups := variablePattern.FindStringSubmatch(v)
		variables = append(variables, cmp.Or(groups[1], groups[2]))
		return placeholder(len(variables) - 1)
	})
	u, err := url.Parse(text)
	switch {
	case err != nil && variables != nil:
		r.lose(node, at, partVariable, strings.Join(variables, ", "))
		return false
	case err != nil:
		r.lose(node, at, "is no URL; write special characters in a name or password as %%XX (/ is %%2F, # is %%23)")
		return false
	}
	if strings.HasSuffix(strings.ToLower(path.Ext(u.Path)), ".m3u8") {
		r.lose(node, at, "HLS is not taken in; write the camera's RTSP address, or %s", beside)
		return false
	}
	user := u.User
	u.User = nil
	c.keys["source"] = u.String()
	if name := user.Username(); name != "" {
		c.keys["username"] = name
	}
	if password, given := user.Password(); given {
		c.keys["password"] = password
	}
	return r.fill(c, variables, node, at)
}

// placeholder stands for a variable where a URL is read.
func placeholder(i int) string { return fmt.Sprintf("variable-%d-of-another", i) }

// partVariable is what is lost where not all of a name or a password is a variable's.
const partVariable = "takes a part of its address from %s; write it out, as nothing is replaced in the file here"

// fill leaves out a name and a password that variables of the environment say, and says
// under which name Framegate looks for them.
func (r *reader) fill(c *camera, variables []string, node *plainyaml.Node, at string) bool {
	for i, variable := range variables {
		for _, key := range []string{"username", "password"} {
			if c.keys[key] == placeholder(i) {
				delete(c.keys, key)
				r.lose(node, at, "takes its %s from %s; here FRAMEGATE_CAMERAS__%s__%s says it", key, variable,
					strings.ReplaceAll(strings.ToUpper(c.id), "-", "_"), strings.ToUpper(key))
			}
		}
		for _, key := range []string{"source", "username", "password"} {
			if strings.Contains(c.keys[key], placeholder(i)) {
				r.lose(node, at, partVariable, variable)
				return false
			}
		}
	}
	return true
}

// device sets a camera of this machine by what ffmpeg and go2rtc ask Video4Linux2 for.
func (r *reader) device(c *camera, query url.Values, node *plainyaml.Node, at string) bool {
	device := query.Get("video")
	if _, err := strconv.Atoi(device); err == nil {
		device = "/dev/video" + device
	}
	if !path.IsAbs(device) {
		r.lose(node, at, "names no device of Video4Linux2; write v4l2:///dev/video0")
		return false
	}
	asked := make(url.Values)
	if width, height, ok := strings.Cut(query.Get("video_size"), "x"); ok {
		asked.Set("width", width)
		asked.Set("height", height)
	}
	if rate := query.Get("framerate"); rate != "" {
		asked.Set("fps", rate)
	}
	c.keys["source"] = strings.TrimSuffix("v4l2://"+device+"?"+asked.Encode(), "?")
	return true
}
