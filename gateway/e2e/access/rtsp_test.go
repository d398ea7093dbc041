package access

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"framegate/gateway/auth"
	"framegate/gateway/e2e/rig"
)

// overRTSP gives the rows of RTSP: a codec that there is not is refused (406) to who
// may see the camera, at once and whatever that sends, and nothing (415) of who may
// send its pictures.
func (m *matrix) overRTSP(t *testing.T) string {
	t.Helper()
	var table strings.Builder
	for _, method := range []string{"DESCRIBE", "ANNOUNCE"} {
		for _, camera := range []string{"front", "absent"} {
			var line strings.Builder
			for _, p := range principals {
				status, _ := rig.AskRTSP(t, method, m.RTSP(t, false, camera)+"?codec=none", m.as(t, p))
				fmt.Fprintf(&line, " %-9d", status)
			}
			fmt.Fprintf(&table, "%-32s %-45s%s\n", method+" rtsp", "/"+camera, strings.TrimRight(line.String(), " "))
		}
	}
	return table.String()
}

var blind = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true} // who it is does not matter here

// TestRTSPTakesPasswordsOverTLSAlone, and tokens in their place everywhere. Without
// TLS it asks for Digest first, which a sealed token alone does for. Who sees or sends
// by a token ends with it.
func TestRTSPTakesPasswordsOverTLSAlone(t *testing.T) {
	g := rig.StartGuarded(t, "tls: {mode: self-signed}\nrtsp: {listen: '127.0.0.1:0', tls_listen: '127.0.0.1:0'}\ncameras: {front: {source: 'upload:'}}")
	g.AddUser(t, "viewer", "view:front")
	token := g.AddToken(t, "nvr", "view:front")
	recorder := g.Beside(t, "token", "create", "recorder", "--sealed", "--grant", "view:front")
	link := g.SignLink(t, token, auth.View, "front")
	for _, secure := range []bool{false, true} {
		withPassword, byDigest, first := 401, 406, "Digest "
		if secure {
			withPassword, byDigest, first = 406, 401, "Basic "
		}
		address := g.RTSP(t, secure, "front")
		for _, c := range []struct {
			name   string
			who    rig.Credentials
			status int
		}{
			{"nobody", rig.Credentials{}, 401},
			{"a user", rig.Credentials{Name: "viewer", Password: rig.GoodPassword}, withPassword},
			{"a wrong password", rig.Credentials{Name: "viewer", Password: rig.GoodPassword + "!"}, 401},
			{"a token in the place of a password", rig.Credentials{Name: "any", Password: token}, 406},
			{"a wrong token", rig.Credentials{Name: "any", Password: token[:len(token)-1] + "-"}, 401},
			{"Digest", rig.Credentials{Name: "Recorder", Password: recorder, Digest: true}, byDigest},
			{"Digest with a token that is hashed", rig.Credentials{Name: "nvr", Password: token, Digest: true}, 401},
			{"a sealed token in the place of a password", rig.Credentials{Name: "any", Password: recorder}, 406},
			{"a link", rig.Credentials{Query: link}, 406},
		} {
			status, header := rig.AskRTSP(t, "DESCRIBE", address+"?codec=none", c.who)
			if status != c.status || (status == 401) != strings.HasPrefix(header.Get("WWW-Authenticate"), first) {
				t.Errorf("%s at %s: status %d, %v", c.name, address, status, header)
			}
		}
	}
	sender := rig.Credentials{Name: "sender", Password: g.Beside(t, "token", "create", "sender", "--sealed", "--grant", "publish:front"), Digest: true}
	for name, c := range map[string]struct {
		camera string
		who    rig.Credentials
		status int
	}{
		"who may send":     {"front", sender, 415},
		"to no camera":     {"absent", sender, 404},
		"who may see":      {"front", rig.Credentials{Name: "any", Password: token}, 404},
		"a link to see":    {"front", rig.Credentials{Query: link}, 401},
		"nobody":           {"front", rig.Credentials{}, 401},
		"a wrong password": {"front", rig.Credentials{Name: "viewer", Password: rig.GoodPassword}, 401},
	} {
		if status, _ := rig.AskRTSP(t, "ANNOUNCE", g.RTSP(t, false, c.camera), c.who); status != c.status {
			t.Errorf("%s sends: status %d", name, status)
		}
	}
	sends, status, _ := rig.OpenRTSP(t, "ANNOUNCE", g.RTSP(t, false, "front"), sender, "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:x\r\n")
	if status != 200 {
		t.Errorf("who describes pictures: status %d", status)
	}
	posted := g.Request(t, "POST", "/live/front.jpg", rig.Picture(1), rig.AsJPEG)
	rig.Credentials{Bearer: sender.Password}.Put(posted)
	if a, err := blind.RoundTrip(posted); err != nil {
		t.Fatal(err)
	} else if a.Body.Close(); a.StatusCode != 204 {
		t.Fatalf("the picture: status %d", a.StatusCode)
	}
	sees, status, _ := rig.OpenRTSP(t, "DESCRIBE", g.RTSP(t, false, "front")+"?codec=jpeg", rig.Credentials{Name: "recorder", Password: recorder, Digest: true}, "")
	if status != 200 {
		t.Errorf("who sees: status %d", status)
	}
	g.Beside(t, "token", "revoke", "sender")
	if _, err := io.Copy(io.Discard, sends); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("who may send no longer is not cut: %v", err)
	}
	if _, header := rig.AskRTSP(t, "DESCRIBE", g.RTSP(t, false, "front")+"?login=basic", rig.Credentials{}); !strings.HasPrefix(header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("who wants Basic is asked for %s", header)
	}
	g.Beside(t, "token", "revoke", "recorder")
	if _, err := io.Copy(io.Discard, sees); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("who may see no longer is not cut: %v", err)
	}
	rig.Await(t, "the end of Digest", func() bool {
		_, header := rig.AskRTSP(t, "DESCRIBE", g.RTSP(t, false, "front"), rig.Credentials{})
		return strings.HasPrefix(header.Get("WWW-Authenticate"), "Basic ")
	})
}
