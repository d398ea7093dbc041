package access

import (
	"fmt"
	"strings"
	"testing"

	"framegate/gateway/auth"
	"framegate/gateway/e2e/rig"
	"framegate/gateway/input/rtmpcam/rtmptest"
)

// overRTMP gives the rows of RTMP, in which nothing but the key says who somebody is: a
// token, or a link.
func (m *matrix) overRTMP(t *testing.T) string {
	t.Helper()
	var table strings.Builder
	for _, camera := range []string{"front", "absent"} {
		var line strings.Builder
		for _, p := range principals {
			fmt.Fprintf(&line, " %-9s", askRTMP(t, "publish", m.RTMP(t, false, camera), m.as(t, p)))
		}
		fmt.Fprintf(&table, "%-32s %-45s%s\n", "publish rtmp", "/live/"+camera, strings.TrimRight(line.String(), " "))
	}
	return table.String()
}

// askRTMP gives the last word of the code that is answered.
func askRTMP(t *testing.T, what, address string, who rig.Credentials) string {
	t.Helper()
	c, code := openRTMP(t, what, address, who)
	c.Close()
	return code
}

// openRTMP is askRTMP, and leaves the connection open.
func openRTMP(t *testing.T, what, address string, who rig.Credentials) (c *rtmptest.Client, code string) {
	t.Helper()
	scheme, rest, _ := strings.Cut(address, "://")
	host, key, _ := strings.Cut(rest, "/live/")
	switch {
	case who.Bearer != "":
		key += "?token=" + who.Bearer
	case who.Query != "":
		key += "?" + who.Query
	}
	c = rtmptest.Dial(t, host, scheme == "rtmps")
	code = c.Ask(what, "live", key)
	return c, code[strings.LastIndex(code, ".")+1:]
}

// TestRTMPTakesTokensAndLinks, which may stand behind the app as well, and nothing else.
// Who sends by a token ends with it.
func TestRTMPTakesTokensAndLinks(t *testing.T) {
	g := rig.StartGuarded(t, "tls: {mode: self-signed}\nrtmp: {listen: '127.0.0.1:0', tls_listen: '127.0.0.1:0'}\ncameras: {front: {source: 'upload:'}, pulled: {source: 'http://127.0.0.1:9/'}}")
	sees, sends := g.AddToken(t, "sees", "view:front"), g.AddToken(t, "sends", "publish:front,publish:pulled,publish:absent")
	for _, secure := range []bool{false, true} {
		for name, c := range map[string]struct {
			camera string
			who    rig.Credentials
			code   string
		}{
			"a token":          {"front", rig.Credentials{Bearer: sends}, "Start"},
			"a link":           {"front", rig.Credentials{Query: g.SignLink(t, sends, auth.Publish, "front")}, "Start"},
			"a wrong token":    {"front", rig.Credentials{Bearer: sends + "-"}, "Denied"},
			"nobody":           {"front", rig.Credentials{}, "Denied"},
			"who may see":      {"front", rig.Credentials{Bearer: sees}, "BadName"},
			"a link to see":    {"front", rig.Credentials{Query: g.SignLink(t, sees, auth.View, "front")}, "Denied"},
			"to no camera":     {"absent", rig.Credentials{Bearer: sends}, "BadName"},
			"to one of others": {"pulled", rig.Credentials{Bearer: sends}, "BadName"},
			"to a path":        {"front/x", rig.Credentials{Bearer: sends}, "BadName"},
		} {
			var got string
			rig.Await(t, "the camera", func() bool { // which the one before may still have
				got = askRTMP(t, "publish", g.RTMP(t, secure, c.camera), c.who)
				return got == c.code
			})
			if got != c.code {
				t.Errorf("%s sends, in TLS %v: %s", name, secure, got)
			}
		}
	}
	if code := askRTMP(t, "play", g.RTMP(t, false, "front"), rig.Credentials{Bearer: sees}); code != "Failed" {
		t.Errorf("who would play: %s", code)
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(g.RTMP(t, false, "front"), "rtmp://"), "/")
	if code := rtmptest.Dial(t, host, false).Ask("publish", "other", "front?token="+sends); code != "NetStream.Publish.BadName" {
		t.Errorf("at another app: %s", code)
	}
	var c *rtmptest.Client
	rig.Await(t, "the camera", func() bool {
		c = rtmptest.Dial(t, host, false)
		return c.Ask("publish", "live?token="+sends, "front") == "NetStream.Publish.Start"
	})
	if _, code := openRTMP(t, "publish", g.RTMP(t, false, "front"), rig.Credentials{Bearer: sends}); code != "BadName" {
		t.Errorf("while another sends: %s", code)
	}
	g.Beside(t, "token", "revoke", "sends")
	c.Ends()
}
