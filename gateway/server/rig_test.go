package server

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/config"
	"framegate/transcode"
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

// wired is a server without its HTTP side, whose reloads are the test's.
func wired(t *testing.T, text string) (s *server, reload func(text string)) {
	t.Helper()
	return wiredAt(t, t.TempDir(), text)
}

// wiredAt is wired with a data folder.
func wiredAt(t *testing.T, data, text string) (s *server, reload func(text string)) {
	t.Helper()
	return wiredWith(t, data, text, Options{})
}

// wiredWith is wiredAt with other options.
func wiredWith(t *testing.T, data, text string, o Options) (s *server, reload func(text string)) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "framegate.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	variables := []string{"FRAMEGATE_AUTH=off", "FRAMEGATE_DATA=" + data}
	again := Reload{File: file, Parse: func(content []byte, kept config.Kept) (*config.Config, error) {
		return config.ParseKept(kept, file, content, variables)
	}}
	c, content, _, err := again.again(nil)
	if err != nil {
		t.Fatal(err)
	}
	again.Known = content
	o.Config, o.Reload, o.Log = c, again, slog.New(slog.DiscardHandler)
	s, err = newServer(t.Context(), o, netip.MustParseAddrPort("127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s, func(text string) {
		t.Helper()
		rewrite(t, file, text)
		s.reload()
		if refused := s.refused.Load(); refused != nil {
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
		r.children = children()
	}
	return r
}

// children counts the processes that this one started.
func children() (n int) {
	names, _ := filepath.Glob("/proc/self/task/*/children")
	for _, name := range names {
		b, _ := os.ReadFile(name) // a thread may have ended
		n += len(strings.Fields(string(b)))
	}
	return n
}

func (r resources) within(most resources) bool {
	return r.goroutines <= most.goroutines && r.files <= most.files && r.children <= most.children
}

// ceiling is how long anything may take on a busy machine.
const ceiling = 90 * time.Second

// await waits until something is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(ceiling); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// heap gives the bytes of the heap that are in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

func TestMain(m *testing.M) {
	transcode.BecomeFFmpeg()
	os.Exit(m.Run())
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
