package operation

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// rewrite puts a new file in a configuration's place, as many editors do.
func rewrite(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name+"~", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+"~", name); err != nil {
		t.Fatal(err)
	}
}

// TestConfigurationIsReadAgainHoweverItIsWritten writes it as editors,
// Kubernetes and people do.
func TestConfigurationIsReadAgainHoweverItIsWritten(t *testing.T) {
	text := func(camera string) string { return "cameras: {" + camera + ": {source: 'upload:'}}\n" }
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		prepare func(t *testing.T, file string)
		write   func(t *testing.T, file, text string)
	}{
		"truncated and written in steps": {nil, func(t *testing.T, file, text string) {
			f, err := os.Create(file)
			must(t, err)
			defer f.Close()
			for _, b := range []byte(text) {
				_, err = f.Write([]byte{b})
				must(t, err)
			}
		}},
		"renamed over": {nil, rewrite},
		"removed and made anew": {nil, func(t *testing.T, file, text string) {
			must(t, os.Remove(file))
			must(t, os.WriteFile(file, []byte(text), 0o600))
		}},
		"moved away for a backup": {nil, func(t *testing.T, file, text string) {
			must(t, os.Rename(file, file+".bak"))
			must(t, os.WriteFile(file, []byte(text), 0o600))
		}},
		"Kubernetes": {writeAsKubernetes, writeAsKubernetes2},
		"linked to a file elsewhere": {func(t *testing.T, file string) {
			elsewhere := filepath.Join(t.TempDir(), "real.yaml")
			must(t, os.WriteFile(elsewhere, []byte(text("first")), 0o600))
			must(t, os.Symlink(elsewhere, file))
		}, func(t *testing.T, file, text string) {
			elsewhere, err := os.Readlink(file)
			must(t, err)
			rewrite(t, elsewhere, text)
		}},
		"while the folder never rests": {nil, func(t *testing.T, file, text string) {
			ctx, stop := context.WithCancel(t.Context())
			busy := make(chan struct{})
			go func() {
				defer close(busy)
				for ctx.Err() == nil {
					os.WriteFile(file+".log", []byte("noise"), 0o600)
					time.Sleep(20 * time.Millisecond)
				}
			}()
			t.Cleanup(func() { stop(); <-busy })
			rewrite(t, file, text)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait most of the time
			file := filepath.Join(t.TempDir(), "framegate.yaml")
			if test.prepare != nil {
				test.prepare(t, file)
			} else {
				must(t, os.WriteFile(file, []byte(text("first")), 0o600))
			}
			l := rig.LaunchFile(t, "127.0.0.1:0", file)
			for _, camera := range []string{"second", "third"} {
				test.write(t, file, text(camera))
				rig.Await(t, "the configuration is in effect", func() bool { return rig.ViewersOf(t, http.DefaultClient, l, camera) == 0 })
			}
			if said := l.Log.String(); name == "renamed over" && strings.Contains(said, "not taken") {
				t.Errorf("a half configuration was read:\n%s", said)
			}
		})
	}
}

// writeAsKubernetes makes a folder as a ConfigMap is mounted: the file is a
// link into ..data, which is a link to a folder that is exchanged as a whole.
func writeAsKubernetes(t *testing.T, file string) {
	t.Helper()
	writeAsKubernetes2(t, file, "cameras: {first: {source: 'upload:'}}")
	if err := os.Symlink(filepath.Join("..data", filepath.Base(file)), file); err != nil {
		t.Fatal(err)
	}
}

func writeAsKubernetes2(t *testing.T, file, text string) {
	t.Helper()
	folder := filepath.Dir(file)
	data, next := filepath.Join(folder, "..data"), filepath.Join(folder, "..data_tmp")
	before, _ := os.Readlink(data) // none the first time
	version, err := os.MkdirTemp(folder, "..2026_")
	if err == nil {
		err = os.WriteFile(filepath.Join(version, filepath.Base(file)), []byte(text), 0o600)
	}
	if err == nil {
		err = os.Symlink(filepath.Base(version), next)
	}
	if err == nil {
		err = os.Rename(next, data)
	}
	if err == nil && before != "" {
		err = os.RemoveAll(filepath.Join(folder, before))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestCutOffConfigurationChangesNothing: a full disk leaves a file that is
// empty, or that ends anywhere, and is often without a mistake.
func TestCutOffConfigurationChangesNothing(t *testing.T) {
	t.Parallel() // it waits most of the time
	whole := "cameras:\n  first: {source: 'upload:'}\n  second: {source: 'upload:', name: Back door}\n"
	l := rig.Launch(t, "127.0.0.1:0", whole)
	there := func(camera string) bool { return rig.ViewersOf(t, http.DefaultClient, l, camera) == 0 }
	reported := func(why string) int { return strings.Count(l.Log.String(), why) }
	for text, why := range map[string]string{
		"":                             "holds nothing any more",
		"# The cameras of the house\n": "holds nothing any more",
		whole[:strings.Index(whole, "upload")] + "upload:'}\n  s": "", // a mistake anyway
		whole[:len(whole)-len("r}\n")-7]:                          "", // so is this
	} {
		before := reported("configuration not taken")
		if err := os.WriteFile(l.Config, []byte(text), 0o600); err != nil { // in place, as a copy does
			t.Fatal(err)
		}
		rig.Await(t, "the log says that it is not taken", func() bool { return reported("configuration not taken") > before })
		if why != "" && reported(why) == 0 {
			t.Errorf("%q: the log says %s", text, l.Log)
		}
		if !there("first") || !there("second") {
			t.Fatalf("%q took cameras away", text)
		}
	}
	rewrite(t, l.Config, whole+"  third: {source: 'upload:'}\n")
	rig.Await(t, "the whole file is taken", func() bool { return there("third") })
}

func TestHangupReadsTheConfigurationAgain(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "password")
	write := func(password string) {
		if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("old")
	asked := make(chan string, 100)
	camera, err := camtest.NewHTTPCamera(func(c *camtest.HTTPConn) {
		r := c.Request()
		if r == nil {
			return
		}
		_, password, _ := r.BasicAuth()
		asked <- password
		c.Send("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	if err != nil {
		t.Fatal(err)
	}
	defer camera.Close()
	l := rig.Launch(t, "127.0.0.1:0", fmt.Sprintf("cameras: {gate: {source: %q, username: u, password_file: %q, keep: always}}", camera.URL("/"), secret))
	write("new") // which no folder that is watched tells of
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	rig.Await(t, "the camera is asked with the new password", func() bool {
		select {
		case password := <-asked:
			return password == "new"
		default:
			return false
		}
	})
	if !strings.Contains(l.Log.String(), "configuration taken") {
		t.Error("the log does not say so")
	}
}

func TestBadConfigurationChangesNothing(t *testing.T) {
	good := "cameras: {phone: {source: 'upload:'}}"
	l := rig.Launch(t, "127.0.0.1:0", good)
	rig.PublishOver(t, http.DefaultClient, l, "phone", 0)
	v, err := camtest.Watch(t.Context(), l.URL+"/live/phone.mjpeg", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	settings := func() string { _, body := rig.Fetch(t, http.DefaultClient, l.URL+"/api/v1/settings"); return body }
	for _, bad := range []string{"cameras: {phone: {source: 'nonsense:'}}", "listen: [", "auth: required\nunknown: 1", "cameras: {front: {source: 'upload:'}}\n---\n"} {
		reported := func() int { return strings.Count(l.Log.String(), "configuration not taken") }
		before := reported()
		rewrite(t, l.Config, bad)
		rig.Await(t, "the mistake is reported", func() bool { return reported() > before })
		if body := settings(); !strings.Contains(body, `"refused"`) || !strings.Contains(body, "framegate.yaml") {
			t.Errorf("%q: the API says %s", bad, body)
		}
		rig.ExpectMore(t, v.Next, 3)
	}
	rewrite(t, l.Config, good+"\n# better")
	rig.Await(t, "a good configuration is taken", func() bool { return !strings.Contains(settings(), `"refused"`) })
	rig.ExpectMore(t, v.Next, 3)
}

// TestReloadChangesWhatItCan goes through all that a reload puts into effect,
// and what it cannot.
func TestReloadChangesWhatItCan(t *testing.T) {
	one, two := countingCamera(t, 10_000), countingCamera(t, 20_000)
	l := rig.Launch(t, "127.0.0.1:0", fmt.Sprintf("cameras: {moved: {source: %q}, gone: {source: %q}, phone: {source: 'upload:'}}", one.URL("/"), one.URL("/")))
	watch := func(camera string) *camtest.Viewer {
		v, err := camtest.Watch(t.Context(), l.URL+"/live/"+camera+".mjpeg", camtest.WatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(v.Close)
		return v
	}
	status := func(method, path string, header ...string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), method, l.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			request.Header.Set(header[i], header[i+1])
		}
		request.Host = request.Header.Get("Host")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response
	}
	allowed := func() string {
		return status("GET", "/healthz", "Origin", "https://example.org").Header.Get("Access-Control-Allow-Origin")
	}
	believed := func(address string) bool {
		status("GET", "/live/none.jpg", "X-Forwarded-For", address)
		return strings.Contains(l.Log.String(), "address="+address)
	}
	moved, gone := watch("moved"), watch("gone")
	rig.ExpectMore(t, moved.Next, 3)
	rig.ExpectMore(t, gone.Next, 3)
	for what, is := range map[string]bool{
		"a foreign name is answered":  status("GET", "/healthz", "Host", "cams.example.org").StatusCode != http.StatusMisdirectedRequest,
		"a foreign origin is allowed": allowed() != "",
		"a proxy is trusted":          believed("203.0.113.8"),
		"a camera is there":           rig.ViewersOf(t, http.DefaultClient, l, "door") >= 0,
	} {
		if is {
			t.Errorf("before the reload %s", what)
		}
	}

	rewrite(t, l.Config, fmt.Sprintf(`
listen: 127.0.0.1:1
data: ./elsewhere
tls: {mode: self-signed}
ffmpeg: {path: /opt/ffmpeg}
hosts: [cams.example.org]
cors: {origins: ["https://example.org"]}
trusted_proxies: [127.0.0.1]
default_camera: door
limits: {viewers_per_camera: 1, frame_bytes: 64KiB}
cameras: {moved: {source: %q}, door: {source: 'upload:'}, phone: {source: 'upload:'}}
`, two.URL("/")))
	rig.Await(t, "the new camera is there", func() bool { return rig.ViewersOf(t, http.DefaultClient, l, "door") == 0 })

	for n := 0; n < 20_000; {
		part, err := moved.Next()
		if err != nil {
			t.Fatalf("the viewer of a camera that changed: %v", err)
		}
		n, _ = part.Number() // or "no signal"
	}
	for {
		if _, err := gone.Next(); err != nil {
			if err != io.EOF {
				t.Errorf("the viewer of a camera that is gone: %v", err)
			}
			break
		}
	}
	if got := status("GET", "/live/gone.jpg").StatusCode; got != http.StatusNotFound {
		t.Errorf("a camera that is gone: %d", got)
	}
	if got := status("GET", "/live/moved.mjpeg").StatusCode; got != http.StatusServiceUnavailable {
		t.Errorf("a viewer too many: %d", got)
	}
	for what, is := range map[string]bool{
		"a name of ours is refused":         status("GET", "/healthz", "Host", "cams.example.org").StatusCode != http.StatusOK,
		"an allowed origin is not":          allowed() != "https://example.org",
		"a proxy is not trusted":            !believed("203.0.113.9"),
		"the default camera is the old one": viewersOfDefault(t, l) != "door",
	} {
		if is {
			t.Errorf("after the reload %s", what)
		}
	}
	var warnings []string
	for line := range strings.Lines(l.Log.String()) {
		if strings.Contains(line, "takes a restart") {
			warnings = append(warnings, line)
		}
	}
	// data is what the variable says, and listen what the command line does, before and after.
	if len(warnings) != 1 || !strings.Contains(warnings[0], `keys="[tls.mode ffmpeg.path limits.frame_bytes]"`) {
		t.Errorf("what takes a restart is told as %q", warnings)
	}
}

// viewersOfDefault watches the default camera and says which that is.
func viewersOfDefault(t *testing.T, l *rig.Server) string {
	t.Helper()
	v, err := camtest.Watch(t.Context(), l.URL+"/stream", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for _, camera := range []string{"door", "phone"} {
		if rig.ViewersOf(t, http.DefaultClient, l, camera) == 1 {
			return camera
		}
	}
	return ""
}

// countingCamera is a camtest.NewCountingCamera for the time of a test.
func countingCamera(t *testing.T, from int) *camtest.HTTPCamera {
	t.Helper()
	camera, err := camtest.NewCountingCamera(from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(camera.Close)
	return camera
}
