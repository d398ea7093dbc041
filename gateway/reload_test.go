package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/config"
	"framegate/gateway/stream"
)

// countingCamera sends numbered pictures, 100 a second, from a number on, and
// counts on over connections.
func countingCamera(t *testing.T, from int64) *camtest.HTTPCamera {
	t.Helper()
	var number atomic.Int64
	number.Store(from)
	camera, err := camtest.NewHTTPCamera(func(c *camtest.HTTPConn) {
		if c.Request() == nil || !c.Send(multipartHead) {
			return
		}
		for {
			picture := camtest.Picture(int(number.Add(1)), pictureWidth, pictureHeight)
			if !c.Send(fmt.Sprintf("Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", len(picture)), picture, "\r\n--b\r\n") {
				return
			}
			time.Sleep(10 * time.Millisecond) // the camera's own pace
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(camera.Close)
	return camera
}

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

// wired is a gateway without its HTTP side, whose reloads are the test's.
func wired(t *testing.T, text string) (g *gateway, reload func(text string)) {
	t.Helper()
	file := writeConfig(t, text)
	variables := []string{"FRAMEGATE_AUTH=off", "FRAMEGATE_DATA=" + t.TempDir()}
	again := reloading{file: file, parse: func(content []byte) (*config.Config, error) { return config.Parse(file, content, variables) }}
	c, err := again.again()
	if err != nil {
		t.Fatal(err)
	}
	g, err = newGateway(t.Context(), c, again, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.close)
	return g, func(text string) {
		t.Helper()
		rewrite(t, file, text)
		g.reload()
		if refused := g.refused.Load(); refused != nil {
			t.Fatal(refused.err)
		}
	}
}

// resources is what reloads must give back.
type resources struct{ goroutines, files, children int }

func held(t *testing.T) (r resources) {
	t.Helper()
	r.goroutines = runtime.NumGoroutine()
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		r.files = len(open)
		r.children = len(childrenOf(t, os.Getpid()))
	}
	return r
}

func (r resources) within(most resources) bool {
	return r.goroutines <= most.goroutines && r.files <= most.files && r.children <= most.children
}

// TestReloadsCostOtherCamerasNothing: over a hundred reloads that change,
// remove and add cameras around it, a camera loses no picture and stays
// connected, and nothing is left behind.
func TestReloadsCostOtherCamerasNothing(t *testing.T) {
	need(t, "ffmpeg")
	steady, one, two := countingCamera(t, 0), countingCamera(t, 10_000), countingCamera(t, 20_000)
	text := func(i int) string {
		moved, keep, guest := []*camtest.HTTPCamera{one, two}[i%2], []string{"always", "on_demand"}[i/2%2], ""
		if i%3 == 0 {
			guest = fmt.Sprintf("  guest: {source: %q, keep: always}\n", two.URL("/guest"))
		}
		return fmt.Sprintf("cameras:\n  steady: {name: Number %d, source: %q}\n  moved: {source: %q, keep: always}\n  pattern: {source: 'test:?width=64&height=64&fps=5', keep: %s}\n%s",
			i, steady.URL("/"), moved.URL("/"), keep, guest)
	}
	g, reload := wired(t, text(0))
	reader, err := g.hub.Open(stream.Key{Camera: "steady"}, stream.ReadOptions{Sequential: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*ceiling)
	defer cancel()
	var seq uint64
	var number int
	next := func() {
		t.Helper()
		f, err := reader.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n, err := camtest.ReadJPEGNumber(f.Data)
		if err != nil || number > 0 && (n != number+1 || f.Seq != seq+1) {
			t.Fatalf("picture %d, sequence number %d, after %d, %d: %v", n, f.Seq, number, seq, err)
		}
		seq, number = f.Seq, n
	}
	showsMoved := func(from int) {
		t.Helper()
		r, err := g.hub.Open(stream.Key{Camera: "moved"}, stream.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for {
			f, err := r.Next(ctx)
			if failed := (*stream.SourceError)(nil); errors.As(err, &failed) {
				continue // of the source before
			}
			if err != nil {
				t.Fatal(err)
			}
			if n, err := camtest.ReadJPEGNumber(f.Data); err == nil && n/10_000*10_000 == from {
				return
			}
		}
	}

	const round = 12 // after which text is the same again but for a name
	for i := range round + 1 {
		reload(text(i))
		next()
	}
	showsMoved(10_000)
	await(t, "the pattern runs", func() bool { return g.hub.State(stream.Key{Camera: "pattern"}) == stream.Online })
	runtime.GC()
	before, memory := held(t), heap()
	for i := round; i <= 9*round; i++ {
		reload(text(i))
		next()
		if i%20 == 0 {
			showsMoved(10_000 + 10_000*(i%2))
		}
	}
	await(t, "what the reloads took is given back", func() bool { next(); return held(t).within(before) })
	runtime.GC()
	if grown := int64(heap()) - int64(memory); grown > 16<<20 {
		t.Errorf("the heap grew by %d kB", grown>>10)
	}
	if n := steady.Connections(); n != 1 {
		t.Errorf("the camera that never changed was connected %d times", n)
	}
	if c, _ := g.cameras.find("steady"); c.Name != fmt.Sprintf("Number %d", 9*round) {
		t.Errorf("its name did not change: %q", c.Name)
	}
}

func TestKeptCameraIsConnectedWithoutViewers(t *testing.T) {
	camera := countingCamera(t, 0)
	text := func(keep string) string {
		return fmt.Sprintf("cameras: {gate: {source: %q, keep: %s}}", camera.URL("/"), keep)
	}
	g, reload := wired(t, text("on_demand"))
	if g.hub.State(stream.Key{Camera: "gate"}) != stream.Idle {
		t.Error("it is connected though nobody watches")
	}
	for range 3 {
		reload(text("always"))
		await(t, "the camera is connected", func() bool { return g.hub.State(stream.Key{Camera: "gate"}) == stream.Online })
		reload(text("on_demand"))
		if n := readersOf(g, "gate"); n != 0 {
			t.Errorf("%d readers, though nobody watches", n)
		}
	}
}

func readersOf(g *gateway, camera string) int {
	for _, s := range g.hub.Stats() {
		if s.Key == (stream.Key{Camera: camera}) {
			return s.Readers
		}
	}
	return 0
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
					time.Sleep(settle / 10)
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
			l := launchFile(t, "127.0.0.1:0", file)
			for _, camera := range []string{"second", "third"} {
				test.write(t, file, text(camera))
				await(t, "the configuration is in effect", func() bool { return viewersOf(t, http.DefaultClient, l.server, camera) == 0 })
			}
			if said := l.stderr.String(); name == "renamed over" && strings.Contains(said, "not taken") {
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
	l := launch(t, "127.0.0.1:0", whole)
	there := func(camera string) bool { return viewersOf(t, http.DefaultClient, l.server, camera) == 0 }
	reported := func(why string) int { return strings.Count(l.stderr.String(), why) }
	for text, why := range map[string]string{
		"":                             "holds nothing any more",
		"# The cameras of the house\n": "holds nothing any more",
		whole[:strings.Index(whole, "upload")] + "upload:'}\n  s": "", // a mistake anyway
		whole[:len(whole)-len("r}\n")-7]:                          "", // so is this
	} {
		before := reported("configuration not taken")
		if err := os.WriteFile(l.config, []byte(text), 0o600); err != nil { // in place, as a copy does
			t.Fatal(err)
		}
		await(t, "the log says that it is not taken", func() bool { return reported("configuration not taken") > before })
		if why != "" && reported(why) == 0 {
			t.Errorf("%q: the log says %s", text, l.stderr)
		}
		if !there("first") || !there("second") {
			t.Fatalf("%q took cameras away", text)
		}
	}
	rewrite(t, l.config, whole+"  third: {source: 'upload:'}\n")
	await(t, "the whole file is taken", func() bool { return there("third") })
}

// TestConfigurationIsNotReadWhileItIsWritten: a slow copy rests anywhere, here
// where what is written so far is without a mistake.
func TestConfigurationIsNotReadWhileItIsWritten(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the kernel does not tell")
	}
	t.Parallel() // it waits most of the time
	file := writeConfig(t, "old\n")
	known, _ := contentOf(file)
	changes, stop := watchFile(file, known, slog.New(slog.DiscardHandler))
	defer stop()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"", "cameras:\n", "  front: {source: 'upload:'}\n"} {
		if _, err := f.WriteString(part); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changes:
			t.Fatalf("it is read though %q was only just written, and more is to come", part)
		case <-time.After(2 * settle): // what must not happen has time to
		}
	}
	f.Close()
	select {
	case <-changes:
	case <-time.After(2 * ceiling):
		t.Fatal("it is not read")
	}
	if again, patience := contentOf(file); patience != 0 || !bytes.HasSuffix(again, []byte("'}\n")) {
		t.Errorf("%q, and %v of patience, when nobody writes", again, patience)
	}
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
	l := launch(t, "127.0.0.1:0", fmt.Sprintf("cameras: {gate: {source: %q, username: u, password_file: %q, keep: always}}", camera.URL("/"), secret))
	write("new") // which no folder that is watched tells of
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, "the camera is asked with the new password", func() bool {
		select {
		case password := <-asked:
			return password == "new"
		default:
			return false
		}
	})
	if !strings.Contains(l.stderr.String(), "configuration taken") {
		t.Error("the log does not say so")
	}
}

func TestBadConfigurationChangesNothing(t *testing.T) {
	good := "cameras: {phone: {source: 'upload:'}}"
	l := launch(t, "127.0.0.1:0", good)
	publishOver(t, http.DefaultClient, l.server, "phone", 0)
	v, err := camtest.Watch(t.Context(), l.url+"/live/phone.mjpeg", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	settings := func() string { _, body := fetch(t, http.DefaultClient, l.url+"/api/v1/settings"); return body }
	for _, bad := range []string{"cameras: {phone: {source: 'nonsense:'}}", "listen: [", "auth: required\nunknown: 1", "cameras: {front: {source: 'upload:'}}\n---\n"} {
		reported := func() int { return strings.Count(l.stderr.String(), "configuration not taken") }
		before := reported()
		rewrite(t, l.config, bad)
		await(t, "the mistake is reported", func() bool { return reported() > before })
		if body := settings(); !strings.Contains(body, `"refused"`) || !strings.Contains(body, "framegate.yaml") {
			t.Errorf("%q: the API says %s", bad, body)
		}
		expectMore(t, v.Next, 3)
	}
	rewrite(t, l.config, good+"\n# better")
	await(t, "a good configuration is taken", func() bool { return !strings.Contains(settings(), `"refused"`) })
	expectMore(t, v.Next, 3)
}

// TestReloadChangesWhatItCan goes through all that a reload puts into effect,
// and what it cannot.
func TestReloadChangesWhatItCan(t *testing.T) {
	one, two := countingCamera(t, 10_000), countingCamera(t, 20_000)
	l := launch(t, "127.0.0.1:0", fmt.Sprintf("cameras: {moved: {source: %q}, gone: {source: %q}, phone: {source: 'upload:'}}", one.URL("/"), one.URL("/")))
	watch := func(camera string) *camtest.Viewer {
		v, err := camtest.Watch(t.Context(), l.url+"/live/"+camera+".mjpeg", camtest.WatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(v.Close)
		return v
	}
	status := func(method, path string, header ...string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), method, l.url+path, nil)
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
		return strings.Contains(l.stderr.String(), "address="+address)
	}
	moved, gone := watch("moved"), watch("gone")
	expectMore(t, moved.Next, 3)
	expectMore(t, gone.Next, 3)
	for what, is := range map[string]bool{
		"a foreign name is answered":  status("GET", "/healthz", "Host", "cams.example.org").StatusCode != http.StatusMisdirectedRequest,
		"a foreign origin is allowed": allowed() != "",
		"a proxy is trusted":          believed("203.0.113.8"),
		"a camera is there":           viewersOf(t, http.DefaultClient, l.server, "door") >= 0,
	} {
		if is {
			t.Errorf("before the reload %s", what)
		}
	}

	rewrite(t, l.config, fmt.Sprintf(`
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
	await(t, "the new camera is there", func() bool { return viewersOf(t, http.DefaultClient, l.server, "door") == 0 })

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
	for line := range strings.Lines(l.stderr.String()) {
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
func viewersOfDefault(t *testing.T, l *launched) string {
	t.Helper()
	v, err := camtest.Watch(t.Context(), l.url+"/stream", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for _, camera := range []string{"door", "phone"} {
		if viewersOf(t, http.DefaultClient, l.server, camera) == 1 {
			return camera
		}
	}
	return ""
}
