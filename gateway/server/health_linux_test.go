package server

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/health"
)

// fault is something that goes wrong around a server and is put right, and how both are
// seen.
type fault struct {
	inject, cure func(t *testing.T)
	status       string // is in the status while it is wrong, and not before and behind
	metric       string // a series that is 1 then, and else 0
	began, ended string // are in the events
}

// TestEveryFaultIsSeen in the status, the metrics and the events, and that it is over.
// How soon follows from health.Period and health.Patience.
func TestEveryFaultIsSeen(t *testing.T) {
	t.Parallel()
	if worst := health.Period + health.Patience; worst > 2*time.Second {
		t.Errorf("a fault is seen after %v", worst)
	}
	camtest.Need(t, "ffmpeg")
	real, err := exec.LookPath("ffmpeg")
	must(t, err)
	folder := t.TempDir()
	data, program, recordings := filepath.Join(folder, "data"), filepath.Join(folder, "ffmpeg"), filepath.Join(folder, "recordings")
	mounted := mount(t, data)
	link := func(t *testing.T) { must(t, os.Symlink(real, program)) }
	link(t)
	var away atomic.Bool
	camera := flappingCamera(t, &away)
	s, _ := wiredAt(t, data, fmt.Sprintf("network: {allow: [127.0.0.0/8]}\nffmpeg: {path: %s}\nrecordings: {dir: %s, min_free: 0}\ncameras: {front: {source: %q, record: {mode: continuous, codec: mjpeg}}}\n", program, recordings, camera.URL("/")))
	var set atomic.Int64
	s.clock.Wall = func() time.Time { return time.Now().Add(time.Duration(set.Load())) }
	seen := running(t, s)
	var locked *sql.DB
	all := map[string]fault{
		"ffmpeg is missing": {
			inject: func(t *testing.T) { must(t, os.Remove(program)) }, cure: link,
			status: `"code":"ffmpeg_missing"`, metric: `framegate_trouble{trouble="ffmpeg"}`,
			began: `"trouble_began","at":`, ended: `"state":"ffmpeg"`,
		},
		"ffmpeg is broken": {
			inject: func(t *testing.T) { must(t, os.Remove(program)); must(t, os.Symlink("/bin/false", program)) },
			cure:   func(t *testing.T) { must(t, os.Remove(program)); link(t) },
			status: `"code":"ffmpeg_broken"`, metric: `framegate_trouble{trouble="ffmpeg"}`,
			began: `ffmpeg does not work`, ended: `"state":"ffmpeg"`,
		},
		"the database is locked": {
			inject: func(t *testing.T) {
				locked, err = sql.Open("sqlite", filepath.Join(data, "state.db"))
				must(t, err)
				locked.SetMaxOpenConns(1)
				_, err = locked.Exec("BEGIN IMMEDIATE")
				must(t, err)
			},
			cure:   func(t *testing.T) { must(t, locked.Close()) },
			status: `"code":"database_locked"`, metric: `framegate_trouble{trouble="database"}`,
			began: `what else has the data folder open`, ended: `"state":"database"`,
		},
		"the clock is stepped": {
			inject: func(*testing.T) { set.Store(int64(time.Hour)) }, cure: func(*testing.T) { set.Store(0) },
			status: `"code":"clock_stepped"`, metric: `framegate_trouble{trouble="clock"}`,
			began: `was set forward by 1h`, ended: `"state":"clock"`,
		},
		"the clock is wrong": {
			inject: func(*testing.T) { set.Store(int64(-50 * 365 * 24 * time.Hour)) }, cure: func(*testing.T) { set.Store(0) },
			status: `"code":"clock_wrong"`, metric: `framegate_trouble{trouble="clock"}`,
			began: `which is over`, ended: `"state":"clock"`,
		},
		"the recordings are gone": {
			inject: func(t *testing.T) { must(t, os.Rename(recordings, recordings+"~")) }, cure: func(t *testing.T) { must(t, os.Rename(recordings+"~", recordings)) },
			status: `"state":"missing"`, metric: `framegate_recording_state{camera="front",state="missing"}`,
			began: `"state":"missing"`, ended: `"state":"recording"`,
		},
		"the camera is gone": {
			inject: func(*testing.T) { away.Store(true) }, cure: func(*testing.T) { away.Store(false) },
			status: `"state":"offline"`, metric: `framegate_stream_state{camera="front",rendition="",state="offline"}`,
			began: `"camera_offline"`, ended: `"camera_online"`,
		},
	}
	if mounted {
		filling := filepath.Join(data, "filling")
		all["the disk is full"] = fault{
			inject: func(t *testing.T) { must(t, os.WriteFile(filling, make([]byte, 20<<20), 0o600)) }, cure: func(t *testing.T) { must(t, os.Remove(filling)) },
			status: `"code":"disk_full"`, metric: `framegate_trouble{trouble="disk"}`,
			began: `free some space`, ended: `"state":"disk"`,
		}
	}
	await(t, "the camera is recorded", func() bool { return seen.has(`framegate_recording_state{camera="front",state="recording"} 1`) })
	for name, f := range all {
		t.Run(name, func(t *testing.T) {
			is := func(wrong bool) func() bool {
				return func() bool {
					number := map[bool]string{true: " 1", false: " 0"}[wrong]
					return strings.Contains(seen.get("/api/v1/status"), f.status) == wrong && seen.has(f.metric+number)
				}
			}
			await(t, "all is well", is(false))
			seen.forget()
			f.inject(t)
			await(t, "the fault is seen", is(true))
			await(t, "it is told", func() bool { return strings.Contains(seen.told(), f.began) })
			for _, path := range []string{"/healthz", "/readyz"} { // none of these keeps it from serving
				if got := seen.get(path); got != "ok\n" {
					t.Errorf("%s answers %q", path, got)
				}
			}
			seen.forget()
			f.cure(t)
			await(t, "that it is over is seen", is(false))
			await(t, "that is told", func() bool { return strings.Contains(seen.told(), f.ended) })
		})
	}
	t.Run("the database is gone", func(t *testing.T) {
		must(t, s.store.Close())
		await(t, "it is not ready any more", func() bool { return strings.Contains(seen.get("/readyz"), "the database cannot be used") })
		if got := seen.get("/healthz"); got != "ok\n" {
			t.Errorf("but alive: %q", got)
		}
	})
}

// TestFFmpegIsTriedAgain where it did not work, after a while, though its file is the same.
func TestFFmpegIsTriedAgain(t *testing.T) {
	t.Parallel()
	camtest.Need(t, "ffmpeg")
	s, _ := wiredAt(t, t.TempDir(), "")
	must(t, s.lookAtFFmpeg(t.Context()))
	late := errors.New("it was not done in time")
	for after, want := range map[time.Duration]error{0: late, ffmpegAgain: nil} {
		s.wrong, s.triedAt = late, time.Now().Add(-after)
		if err := s.lookAtFFmpeg(t.Context()); err != want {
			t.Errorf("%v after it failed: %v, want %v", after, err, want)
		}
	}
}

// mount makes a folder that is a disk of its own, of 32 MB; false where that is not
// permitted, and it is none.
func mount(t *testing.T, at string) bool {
	t.Helper()
	must(t, os.Mkdir(at, 0o700))
	if err := syscall.Mount("framegate-test", at, "tmpfs", 0, "size=33554432,mode=700"); err != nil {
		return false
	}
	t.Cleanup(func() { must(t, syscall.Unmount(at, syscall.MNT_DETACH)) })
	return true
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// flappingCamera gives pictures while it is not away, and ends connections else.
func flappingCamera(t *testing.T, away *atomic.Bool) *camtest.HTTPCamera {
	t.Helper()
	picture := camtest.Picture(1, 160, 96)
	camera, err := camtest.NewHTTPCamera(func(c *camtest.HTTPConn) {
		if away.Load() {
			return
		}
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n")
		for !away.Load() {
			if _, err := fmt.Fprintf(c, "--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(picture), picture); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	must(t, err)
	t.Cleanup(camera.Close)
	return camera
}

// observed is a server as who asks it sees it.
type observed struct {
	url string

	mu     sync.Mutex // guards what follows
	events strings.Builder
}

// running has a server's parts run, behind its HTTP side, until the test ends.
func running(t *testing.T, s *server) *observed {
	t.Helper()
	s.recordings.Start(t.Context())
	s.front.SetReady(true)
	web := httptest.NewServer(s.front.Handler())
	o := &observed{url: web.URL}
	ctx, cancel := context.WithCancel(context.Background())
	var lives sync.WaitGroup
	lives.Go(func() { s.health.Run(ctx) })
	lives.Go(func() { _ = s.api.Run(ctx) })
	listening := make(chan struct{})
	lives.Go(func() { o.listen(ctx, listening) })
	t.Cleanup(func() {
		cancel()
		lives.Wait()
		web.Close()
	})
	<-listening
	return o
}

// listen collects events until ctx is done.
func (o *observed) listen(ctx context.Context, listening chan<- struct{}) {
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, o.url+"/api/v1/events", nil)
	answer, err := http.DefaultClient.Do(r)
	close(listening)
	if err != nil {
		return
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		o.mu.Lock()
		o.events.WriteString(lines.Text() + "\n")
		o.mu.Unlock()
	}
}

func (o *observed) told() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.events.String()
}

func (o *observed) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.events.Reset()
}

func (o *observed) get(path string) string {
	answer, err := http.Get(o.url + path)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	content, _ := io.ReadAll(answer.Body)
	return string(content)
}

// has says whether a scrape has a line.
func (o *observed) has(line string) bool { return strings.Contains(o.get("/metrics"), "\n"+line+"\n") }
