//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"framegate/gateway/auth"
	"framegate/gateway/camtest"
)

// hardPassword is one that has to be quoted in an address.
const hardPassword = "p@ss:w/rd? 100%#ü"

// newClients is a gateway with pictures of the camera phone, and a viewer and a
// publisher for it who have passwords.
func newClients(t *testing.T) *guarded {
	t.Helper()
	g := startGuarded(t, "default_camera: phone\ncameras: {phone: {source: 'upload:'}, mail: {source: 'upload:'}}")
	g.beside(t, "user", "add", "viewer", "--password-file", passwordFile(t, hardPassword), "--grant", "view:*")
	g.user(t, "sender", "publish:*")
	number := 0
	g.open(t, g.request(t, "GET", "/live/phone/publish", nil, upgrade()), credentials{bearer: g.token(t, "phone", "publish:phone")}, func() []byte {
		number++
		return webSocketFrame(2, camtest.Picture(number, pictureWidth, pictureHeight))
	})
	return g
}

// as gives an address with a name and a password in it.
func (g *guarded) as(name, password, path string) string {
	host := strings.TrimPrefix(g.url, "http://")
	return "http://" + url.UserPassword(name, password).String() + "@" + host + path
}

func TestCurlLogsIn(t *testing.T) {
	g := newClients(t)
	token := g.token(t, "script", "view:phone")
	jar := filepath.Join(t.TempDir(), "cookies")
	picture := filepath.Join(t.TempDir(), "picture.jpg")
	if err := os.WriteFile(picture, camtest.Picture(9, pictureWidth, pictureHeight), 0o600); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"name": {"viewer"}, "password": {hardPassword}, "next": {"/live/phone.jpg"}}.Encode()
	snapshot := g.url + "/live/phone.jpg?max_age=1m"
	for _, c := range []struct {
		how    []string
		status string
	}{
		{[]string{snapshot}, "401"},
		{[]string{"-u", "viewer:wrong horse battery", snapshot}, "401"},
		{[]string{"-u", "viewer:" + hardPassword, snapshot}, "429"}, // too soon
		{[]string{"-H", "Authorization: Bearer " + token, snapshot}, "200"},
		{[]string{"-u", "any:" + token, snapshot}, "200"},
		{[]string{"-u", "sender:" + goodPassword, snapshot}, "404"},
		{[]string{"-u", "viewer:" + hardPassword, "-T", picture, g.url + "/live/mail.jpg"}, "404"},
		{[]string{"-u", "sender:" + goodPassword, "-T", picture, g.url + "/live/mail.jpg"}, "204"},
		{[]string{"-u", "sender:" + goodPassword, "-F", "picture=@" + picture, g.url + "/live/mail.jpg"}, "204"},
		{[]string{"-u", "viewer:" + hardPassword, g.url + "/live/mail.jpg?max_age=1h"}, "200"},
		{[]string{g.as("viewer", hardPassword, "/live/phone.jpg?max_age=1m")}, "200"},
		{[]string{"-c", jar, "-L", "--data", form, g.url + "/login"}, "200"},
		{[]string{"-b", jar, snapshot}, "200"},
	} {
		var status string
		waitUntil(t, "another answer than 429", func() bool {
			out, err := program(t, "curl", append([]string{"-sS", "-o", "/dev/null", "-w", "%{http_code}"}, c.how...)...).Output()
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
	stream := program(t, "curl", "-sN", "-u", "viewer:"+hardPassword, g.url+"/live/phone.mjpeg")
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
	token := g.token(t, "player", "view:phone")
	const sparrow = "a-password-of-no-quotes"
	g.beside(t, "user", "add", "sparrow", "--password-file", passwordFile(t, sparrow), "--grant", "view:*")
	raw := []string{"-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"}
	soup := func(path, user, password string, behind ...string) []string {
		return append([]string{"-q", "souphttpsrc", "location=" + g.url + path, "user-id=" + user, "user-pw=" + password, "!"}, behind...)
	}
	gray := []string{"!", "videoconvert", "!", "video/x-raw,format=GRAY8", "!", "fdsink", "fd=1"}
	for _, c := range []struct {
		name, program string
		args          []string
	}{
		{"ffmpeg, MJPEG", "ffmpeg", append([]string{"-hide_banner", "-i", g.as("viewer", hardPassword, "/live/phone.mjpeg")}, raw...)},
		{"ffmpeg, MP4", "ffmpeg", append([]string{"-hide_banner", "-analyzeduration", "100000", "-i", g.as("viewer", hardPassword, "/live/phone.mp4")}, raw...)},
		{"ffmpeg, a token", "ffmpeg", append([]string{"-hide_banner", "-headers", "Authorization: Bearer " + token + "\r\n", "-i", g.url + "/live/phone.mjpeg"}, raw...)},
		{"ffmpeg, a token as the password", "ffmpeg", append([]string{"-hide_banner", "-i", g.as("any", token, "/live/phone.mjpeg")}, raw...)},
		{"GStreamer, MJPEG", "gst-launch-1.0", soup("/live/phone.mjpeg", "any", token, append([]string{"multipartdemux", "!", "jpegdec"}, gray...)...)},
		{"GStreamer, MP4", "gst-launch-1.0", soup("/live/phone.mp4", "sparrow", sparrow, append([]string{"qtdemux", "!", "h264parse", "!", "avdec_h264"}, gray...)...)},
		{"OpenCV, MJPEG", python, []string{"-c", openCV, g.as("viewer", hardPassword, "/live/phone.mjpeg")}},
		{"OpenCV, MP4", python, []string{"-c", openCV, g.as("viewer", hardPassword, "/live/phone.mp4")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // they take their time to look at what comes
			expectRaw(t, program(t, c.program, c.args...), 10)
		})
	}
}

func TestFfmpegLogsInToPublish(t *testing.T) {
	g := newClients(t)
	publisher := program(t, "ffmpeg", "-hide_banner", "-re", "-f", "mjpeg", "-framerate", "20", "-i", numberedFile(t, 2000),
		"-c", "copy", "-f", "mpjpeg", "-auth_type", "basic", g.as("sender", goodPassword, "/live/mail.mjpeg"))
	if err := publisher.Start(); err != nil {
		t.Fatal(err)
	}
	viewer := credentials{name: "viewer", password: hardPassword}
	first := 0
	waitUntil(t, "a picture", func() bool {
		first = pictureNumber(g.get(t, "/live/mail.jpg", viewer).body)
		return first > 0
	})
	waitUntil(t, "another picture", func() bool { return pictureNumber(g.get(t, "/live/mail.jpg", viewer).body) > first })
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
	out, err := program(t, "python3", "-c", homeAssistant, g.url+"/live/phone", "viewer", hardPassword).Output()
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for count := 0; count < 7; count++ {
		if len(out) < 4 {
			t.Fatalf("%d pictures", count)
		}
		size := int(out[0])<<24 | int(out[1])<<16 | int(out[2])<<8 | int(out[3])
		number := pictureNumber(out[4 : 4+size])
		if number < last || number < 1 {
			t.Errorf("picture %d is number %d, after %d", count, number, last)
		}
		last, out = number, out[4+size:]
	}
}

// TestVLCLogsIn has VLC play what it must log in for into a file.
func TestVLCLogsIn(t *testing.T) {
	thorough(t)
	t.Parallel()
	need(t, "cvlc", "ffmpeg")
	g := newClients(t)
	g.user(t, "plain", "view:*")
	for _, form := range []string{".mp4", ".mjpeg"} {
		t.Run(form, func(t *testing.T) {
			home := t.TempDir()
			out := filepath.Join(home, "out.ts")
			sout := "#std{access=file,mux=ts,dst=" + out + "}"
			if form == ".mjpeg" {
				sout = "#std{access=file,mux=mpjpeg,dst=" + out + "}"
			}
			vlc := program(t, "cvlc", "--no-audio", g.as("plain", goodPassword, "/live/phone"+form), "--sout", sout)
			vlc.Env = append(os.Environ(), "HOME="+home)
			vlc.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
			if os.Getuid() == 0 { // VLC refuses to be root
				const nobody = 65534
				vlc.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
				for _, dir := range []string{home, filepath.Dir(home)} {
					if err := os.Chmod(dir, 0o777); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := vlc.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				syscall.Kill(-vlc.Process.Pid, syscall.SIGKILL)
				vlc.Wait()
			}()
			waitUntil(t, "a file", func() bool {
				played, err := os.ReadFile(out)
				return err == nil && len(played) > 20_000
			})
		})
	}
}

// story tells Chromium one of browsertest/access.mjs, with more flags.
func (g *guarded) story(t *testing.T, name, user, password, extra string, flags ...string) {
	t.Helper()
	browser := exec.CommandContext(t.Context(), "node", append([]string{"access.mjs", name, g.url, user, password, extra}, flags...)...)
	browser.Dir = "../browsertest"
	if output, err := browser.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

func TestBrowserLogsIn(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	g := newClients(t)
	t.Run("by hand", func(t *testing.T) { g.story(t, "login", "viewer", hardPassword, "") })
	t.Run("and sees cameras come and go", func(t *testing.T) { g.story(t, "wall", g.admin.name, g.admin.password, "") })
	t.Run("whoever they are", func(t *testing.T) { g.story(t, "accessible", g.admin.name, g.admin.password, "") })
	t.Run("by the first link", func(t *testing.T) { g.story(t, "link", "", "", g.admin.link) })
}

// TestPageOfAnotherSiteShowsByLink has a page of another site, which localhost
// is to 127.0.0.1, show a camera.
func TestPageOfAnotherSiteShowsByLink(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	g := newClients(t)
	signed := g.url + "/live/phone.mjpeg?" + g.link(t, g.token(t, "maker", "view:phone"), auth.View, "phone")
	var page bytes.Buffer
	page.WriteString("<!doctype html><title>Another site</title>")
	for id, address := range map[string]string{"signed": signed, "plain": g.url + "/live/phone.mjpeg"} {
		fmt.Fprintf(&page, `<img id="%s" onload="this.dataset.is='loaded'" onerror="this.dataset.is='refused'" src="%s">`, id, html.EscapeString(address))
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write(page.Bytes())
	}))
	defer site.Close()
	g.story(t, "embedded", "viewer", hardPassword, strings.Replace(site.URL, "127.0.0.1", "localhost", 1)+"/")
}
