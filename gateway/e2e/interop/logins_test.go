//go:build linux

package interop

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"framegate/gateway/auth"
	"framegate/gateway/e2e/rig"
)

// newClients is a gateway with pictures of the camera phone, and a viewer and a
// publisher for it who have passwords.
func newClients(t *testing.T) *rig.Guarded {
	t.Helper()
	g := rig.StartGuarded(t, "default_camera: phone\ncameras: {phone: {source: 'upload:'}, mail: {source: 'upload:'}}")
	g.Beside(t, "user", "add", "viewer", "--password-file", rig.PasswordFile(t, rig.HardPassword), "--grant", "view:*")
	g.AddUser(t, "sender", "publish:*")
	number := 0
	g.Open(t, g.Request(t, "GET", "/live/phone/publish", nil, rig.Upgrade()), rig.Credentials{Bearer: g.AddToken(t, "phone", "publish:phone")}, func() []byte {
		number++
		return rig.WebSocketFrame(2, rig.Picture(number))
	})
	return g
}

// addressAs gives an address with a name and a password in it.
func addressAs(g *rig.Guarded, name, password, path string) string {
	host := strings.TrimPrefix(g.URL, "http://")
	return "http://" + url.UserPassword(name, password).String() + "@" + host + path
}

func TestCurlLogsIn(t *testing.T) {
	g := newClients(t)
	token := g.AddToken(t, "script", "view:phone")
	jar := filepath.Join(t.TempDir(), "cookies")
	picture := filepath.Join(t.TempDir(), "picture.jpg")
	if err := os.WriteFile(picture, rig.Picture(9), 0o600); err != nil {
		t.Fatal(err)
	}
	login := fmt.Sprintf(`{"name": "viewer", "password": %q}`, rig.HardPassword)
	snapshot := g.URL + "/live/phone.jpg?max_age=1m"
	for _, c := range []struct {
		how    []string
		status string
	}{
		{[]string{snapshot}, "401"},
		{[]string{"-u", "viewer:wrong horse battery", snapshot}, "401"},
		{[]string{"-u", "viewer:" + rig.HardPassword, snapshot}, "429"}, // too soon
		{[]string{"-H", "Authorization: Bearer " + token, snapshot}, "200"},
		{[]string{"-u", "any:" + token, snapshot}, "200"},
		{[]string{"-u", "sender:" + rig.GoodPassword, snapshot}, "404"},
		{[]string{"-u", "viewer:" + rig.HardPassword, "-T", picture, g.URL + "/live/mail.jpg"}, "404"},
		{[]string{"-u", "sender:" + rig.GoodPassword, "-T", picture, g.URL + "/live/mail.jpg"}, "204"},
		{[]string{"-u", "sender:" + rig.GoodPassword, "-F", "picture=@" + picture, g.URL + "/live/mail.jpg"}, "204"},
		{[]string{"-u", "viewer:" + rig.HardPassword, g.URL + "/live/mail.jpg?max_age=1h"}, "200"},
		{[]string{addressAs(g, "viewer", rig.HardPassword, "/live/phone.jpg?max_age=1m")}, "200"},
		{[]string{"-c", jar, "--json", login, g.URL + "/api/v1/login"}, "200"},
		{[]string{"-b", jar, snapshot}, "200"},
	} {
		var status string
		rig.Await(t, "another answer than 429", func() bool {
			out, err := rig.Program(t, "curl", append([]string{"-sS", "-o", "/dev/null", "-w", "%{http_code}"}, c.how...)...).Output()
			if err != nil {
				t.Fatalf("%v: %v", c.how, err)
			}
			status = string(out)
			return status != "429" || c.status == "429"
		})
		if status != c.status && c.status != "429" {
			t.Errorf("%q: status %s, want %s", c.how, status, c.status)
		}
	}
	// A stream that goes on.
	stream := rig.Program(t, "curl", "-sN", "-u", "viewer:"+rig.HardPassword, g.URL+"/live/phone.mjpeg")
	stdout, err := stream.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Start(); err != nil {
		t.Fatal(err)
	}
	if n, err := io.CopyN(io.Discard, stdout, 20_000); err != nil {
		t.Errorf("the stream ends after %d bytes: %v", n, err)
	}
}

func TestPlayersLogIn(t *testing.T) {
	g := newClients(t)
	const python = "/usr/bin/python3"
	token := g.AddToken(t, "player", "view:phone")
	const sparrow = "a-password-of-no-quotes"
	g.Beside(t, "user", "add", "sparrow", "--password-file", rig.PasswordFile(t, sparrow), "--grant", "view:*")
	raw := []string{"-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"}
	soup := func(path, user, password string, behind ...string) []string {
		return append([]string{"-q", "souphttpsrc", "location=" + g.URL + path, "user-id=" + user, "user-pw=" + password, "!"}, behind...)
	}
	gray := []string{"!", "videoconvert", "!", "video/x-raw,format=GRAY8", "!", "fdsink", "fd=1"}
	for _, c := range []struct {
		name, program string
		args          []string
	}{
		{"ffmpeg, MJPEG", "ffmpeg", append([]string{"-hide_banner", "-i", addressAs(g, "viewer", rig.HardPassword, "/live/phone.mjpeg")}, raw...)},
		{"ffmpeg, MP4", "ffmpeg", append([]string{"-hide_banner", "-analyzeduration", "100000", "-i", addressAs(g, "viewer", rig.HardPassword, "/live/phone.mp4")}, raw...)},
		{"ffmpeg, a token", "ffmpeg", append([]string{"-hide_banner", "-headers", "Authorization: Bearer " + token + "\r\n", "-i", g.URL + "/live/phone.mjpeg"}, raw...)},
		{"ffmpeg, a token as the password", "ffmpeg", append([]string{"-hide_banner", "-i", addressAs(g, "any", token, "/live/phone.mjpeg")}, raw...)},
		{"GStreamer, MJPEG", "gst-launch-1.0", soup("/live/phone.mjpeg", "any", token, append([]string{"multipartdemux", "!", "jpegdec"}, gray...)...)},
		{"GStreamer, MP4", "gst-launch-1.0", soup("/live/phone.mp4", "sparrow", sparrow, append([]string{"qtdemux", "!", "h264parse", "!", "avdec_h264"}, gray...)...)},
		{"OpenCV, MJPEG", python, []string{"-c", openCV, addressAs(g, "viewer", rig.HardPassword, "/live/phone.mjpeg")}},
		{"OpenCV, MP4", python, []string{"-c", openCV, addressAs(g, "viewer", rig.HardPassword, "/live/phone.mp4")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // they take their time to look at what comes
			rig.ExpectRaw(t, rig.Program(t, c.program, c.args...), 10)
		})
	}
}

func TestFfmpegLogsInToPublish(t *testing.T) {
	g := newClients(t)
	publisher := rig.Program(t, "ffmpeg", "-hide_banner", "-re", "-f", "mjpeg", "-framerate", "20", "-i", rig.NumberedFile(t, 2000),
		"-c", "copy", "-f", "mpjpeg", "-auth_type", "basic", addressAs(g, "sender", rig.GoodPassword, "/live/mail.mjpeg"))
	if err := publisher.Start(); err != nil {
		t.Fatal(err)
	}
	viewer := rig.Credentials{Name: "viewer", Password: rig.HardPassword}
	first := 0
	rig.Await(t, "a picture", func() bool {
		first = rig.PictureNumber(g.Get(t, "/live/mail.jpg", viewer).Content)
		return first > 0
	})
	rig.Await(t, "another picture", func() bool { return rig.PictureNumber(g.Get(t, "/live/mail.jpg", viewer).Content) > first })
}

// homeAssistant takes pictures as Home Assistant's MJPEG camera does: with the
// name and password in the first request, a still one, and a stream that it cuts
// at the markers of JPEGs; and as Python's own library does, which asks first
// and logs in when it is told to.
const homeAssistant = `
import base64, sys, urllib.request
address, name, password = sys.argv[1:]
def show(picture):
    sys.stdout.buffer.write(len(picture).to_bytes(4, "big") + picture)
    sys.stdout.buffer.flush()
def ask(form):
    basic = base64.b64encode(f"{name}:{password}".encode()).decode()
    return urllib.request.urlopen(urllib.request.Request(address + form, headers={"Authorization": "Basic " + basic}), timeout=60)
show(ask(".jpg").read())
with ask(".mjpeg") as stream:
    data, shown = b"", 0
    while shown < 5:
        data += stream.read(1024)
        end = data.find(b"\xff\xd9")
        start = data.find(b"\xff\xd8")
        if end != -1 and start != -1 and start < end:
            show(data[start:end + 2])
            data = data[end + 2:]
            shown += 1
manager = urllib.request.HTTPPasswordMgrWithDefaultRealm()
manager.add_password(None, address + ".jpg", name, password)
opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(manager))
show(opener.open(address + ".jpg", timeout=60).read())
`

func TestHomeAssistantLogsIn(t *testing.T) {
	g := newClients(t)
	out, err := rig.Program(t, "python3", "-c", homeAssistant, g.URL+"/live/phone", "viewer", rig.HardPassword).Output()
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for count := 0; count < 7; count++ {
		if len(out) < 4 {
			t.Fatalf("%d pictures", count)
		}
		size := int(out[0])<<24 | int(out[1])<<16 | int(out[2])<<8 | int(out[3])
		number := rig.PictureNumber(out[4 : 4+size])
		if number < last || number < 1 {
			t.Errorf("picture %d is number %d, after %d", count, number, last)
		}
		last, out = number, out[4+size:]
	}
}

// TestVLCLogsIn has VLC play what it must log in for into a file.
func TestVLCLogsIn(t *testing.T) {
	rig.Thorough(t)
	t.Parallel()
	rig.Need(t, "cvlc", "ffmpeg")
	g := newClients(t)
	g.AddUser(t, "plain", "view:*")
	for _, form := range []string{".mp4", ".mjpeg"} {
		t.Run(form, func(t *testing.T) {
			home := t.TempDir()
			out := filepath.Join(home, "out.ts")
			sout := "#std{access=file,mux=ts,dst=" + out + "}"
			if form == ".mjpeg" {
				sout = "#std{access=file,mux=mpjpeg,dst=" + out + "}"
			}
			vlc := rig.Program(t, "cvlc", "--no-audio", addressAs(g, "plain", rig.GoodPassword, "/live/phone"+form), "--sout", sout)
			vlc.Env = append(os.Environ(), "HOME="+home)
			rig.AsNobody(t, vlc, home)
			if err := vlc.Start(); err != nil {
				t.Fatal(err)
			}
			defer rig.EndGroup(vlc)
			rig.Await(t, "a file", func() bool {
				played, err := os.ReadFile(out)
				return err == nil && len(played) > 20_000
			})
		})
	}
}

func TestBrowserLogsIn(t *testing.T) {
	t.Parallel()
	rig.NeedBrowser(t)
	g := newClients(t)
	g.AddUser(t, "boss", "admin") // whose password is not the first
	t.Run("by hand", func(t *testing.T) { g.Story(t, "login", "viewer", rig.HardPassword, "") })
	t.Run("whoever they are", func(t *testing.T) { g.Story(t, "accessible", "boss", rig.GoodPassword, "") })
	t.Run("by the first link", func(t *testing.T) { g.Story(t, "link", "", "", g.Admin.Link) })
}

// TestPageOfAnotherSiteShowsByLink has a page of another site, which localhost
// is to 127.0.0.1, show a camera.
func TestPageOfAnotherSiteShowsByLink(t *testing.T) {
	t.Parallel()
	rig.NeedBrowser(t)
	g := newClients(t)
	signed := g.URL + "/live/phone.mjpeg?" + g.SignLink(t, g.AddToken(t, "maker", "view:phone"), auth.View, "phone")
	var page bytes.Buffer
	page.WriteString("<!doctype html><title>Another site</title>")
	for id, address := range map[string]string{"signed": signed, "plain": g.URL + "/live/phone.mjpeg"} {
		fmt.Fprintf(&page, `<img id="%s" onload="this.dataset.is='loaded'" onerror="this.dataset.is='refused'" src="%s">`, id, html.EscapeString(address))
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write(page.Bytes())
	}))
	defer site.Close()
	g.Story(t, "embedded", "viewer", rig.HardPassword, strings.Replace(site.URL, "127.0.0.1", "localhost", 1)+"/")
}
