package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// cameras are those of the gateway that are pulled. steady never fails.
type cameras struct{ steady, flaps, h265, web *camtest.FakeCamera }

// diskBytes is the size of the disk for recordings, where it may be had.
const diskBytes = 48 << 20

// start starts cameras and the gateway.
func (s *soak) start() {
	s.Helper()
	footage := func(codec string) *camtest.Footage {
		f, err := camtest.NewFootage(camtest.FootageOptions{Codec: codec, Width: 320, Height: 176, Rate: 10})
		if err != nil {
			s.Fatal(err)
		}
		return f
	}
	h264, jpeg := footage("h264"), footage("mjpeg")
	camera := func(protocol string, f *camtest.Footage) *camtest.FakeCamera {
		c, err := camtest.NewFakeCamera(camtest.FakeOptions{Protocol: protocol, Footage: f})
		if err != nil {
			s.Fatal(err)
		}
		s.Cleanup(c.Close)
		return c
	}
	s.cameras = cameras{camera("rtsp", h264), camera("rtsp", h264), camera("rtsp", footage("h265")), camera("http", jpeg)}
	s.folder = filepath.Join(s.TempDir(), "recordings")
	if err := os.Mkdir(s.folder, 0o750); err != nil {
		s.Fatal(err)
	}
	if err := syscall.Mount("framegate-soak", s.folder, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", diskBytes)); err == nil {
		s.small = true
		s.Cleanup(func() { _ = syscall.Unmount(s.folder, syscall.MNT_DETACH) }) // the folder is removed then in vain, which shows
	}
	s.Process = rig.StartProcess(s.T, s.TempDir(), rig.WriteConfig(s.T, s.config(0)), "FRAMEGATE_AUTH=off")
	s.rtsp = s.RTSP(s.T, false, "")
	rig.Await(s.T, "the cameras", func() bool { return s.use().online >= s.lasting() })
}

// lasting is how many cameras are connected also while nobody watches.
func (s *soak) lasting() int { return 3 }

// config is the configuration; another number gives another.
func (s *soak) config(n int) string {
	text := fmt.Sprintf(`
rtsp: {listen: '127.0.0.1:0'}
limits: {viewers: 5000, viewers_per_camera: 5000, viewers_per_address: 5000, connections: 10000, connections_per_address: 10000}
recordings: {dir: '%s', max_bytes: 24MiB, min_free: 2MiB, segment: 10s}
cameras:
  steady: {name: 'Steady %d', source: '%s', transport: tcp, record: {mode: continuous}}
  flaps: {source: '%s', transport: tcp, record: {mode: continuous}}
  h265: {source: '%s', transport: tcp}
  web: {source: '%s', record: {mode: continuous, codec: mjpeg}}
  phone: {source: 'upload:'}
  pattern: {source: 'test:?width=320&height=180&fps=5'}
`, s.folder, n, s.cameras.steady.URL, s.flaps.URL, s.h265.URL, s.web.URL)
	if n%2 == 1 {
		text += "  extra: {source: '" + s.web.URL + "', keep: always}\n"
	}
	return text
}

// every does something again and again until ctx is done, so far apart at the usual
// load, the first after half of that.
func (s *soak) every(ctx context.Context, apart time.Duration, do func(n int)) {
	apart = time.Duration(float64(apart) / s.load)
	next := time.NewTimer(apart / 2)
	defer next.Stop()
	for n := 1; ; n++ {
		select {
		case <-next.C:
			do(n)
			next.Reset(apart/2 + rand.N(apart))
		case <-ctx.Done():
			return
		}
	}
}

// publish has publishers come to a camera and vanish, some in the middle of a picture
// and without a word.
func (s *soak) publish(ctx context.Context) {
	picture := camtest.Picture(1, 320, 176)
	s.every(ctx, 2*time.Second, func(int) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			s.count("publishers", "not connected")
			return
		}
		defer conn.Close()
		_, _ = fmt.Fprintf(conn, "POST /live/phone.mjpeg HTTP/1.1\r\nHost: %s\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n", conn.RemoteAddr()) // a server that has let it go is the next one's
		for range 3 + rand.IntN(20) {
			_, _ = fmt.Fprintf(conn, "%x\r\n%s\r\n", len(picture), picture)
			pause(ctx, 100*time.Millisecond)
		}
		_, _ = fmt.Fprintf(conn, "%x\r\n%s", len(picture), picture[:len(picture)/2])
		if rand.IntN(2) == 0 {
			_ = conn.(*net.TCPConn).SetLinger(0) // so that it is reset
		}
		s.count("publishers", "")
	})
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// kill kills processes of the gateway's.
func (s *soak) kill(ctx context.Context) {
	s.every(ctx, 3*time.Second, func(int) {
		if children := rig.ChildrenOf(s.T, s.Cmd.Process.Pid); len(children) > 0 {
			_ = syscall.Kill(children[rand.IntN(len(children))], syscall.SIGKILL) // it may be gone
			s.count("ffmpegs killed", "")
		}
	})
}

// reload changes the configuration.
func (s *soak) reload(ctx context.Context) {
	s.every(ctx, 5*time.Second, func(n int) {
		s.configure(n)
		s.count("configurations", "")
	})
}

// configure replaces the configuration by one of a number.
func (s *soak) configure(n int) {
	name := s.Config + ".new"
	err := os.WriteFile(name, []byte(s.config(n)), 0o600)
	if err == nil {
		err = os.Rename(name, s.Config)
	}
	if err != nil {
		s.Error(err)
	}
}

// fillDisk takes what is free on the disk for recordings, for some seconds.
func (s *soak) fillDisk(ctx context.Context) {
	if !s.small {
		s.count("disks filled", "not permitted")
		return
	}
	s.every(ctx, 15*time.Second, func(int) {
		name := filepath.Join(s.folder, "filler")
		defer os.Remove(name)
		f, err := os.Create(name)
		if err != nil {
			s.count("disks filled", "no room for a name")
			return
		}
		defer f.Close()
		for began := time.Now(); time.Since(began) < 4*time.Second && ctx.Err() == nil; pause(ctx, 20*time.Millisecond) {
			for err = nil; err == nil; { // all, and then what is made room for
				_, err = f.Write(make([]byte, 64<<10))
			}
		}
		s.count("disks filled", "")
	})
}

// flap has faults happen to cameras, but to one.
func (s *soak) flap(ctx context.Context) {
	var flapping sync.WaitGroup
	for _, c := range []*camtest.FakeCamera{s.flaps, s.h265, s.web} {
		script := camtest.RandomScript(rand.Uint64(), time.Duration(float64(6*time.Second)/s.load), time.Hour)
		flapping.Go(func() {
			camtest.Play(ctx, script, func(ctx context.Context, e camtest.Event) {
				s.count("cameras' faults", "")
				c.Do(ctx, e)
			})
		})
	}
	flapping.Wait()
}

// export has files be made of what was recorded, and deletes them.
func (s *soak) export(ctx context.Context) {
	s.every(ctx, 6*time.Second, func(n int) {
		now := time.Now().UTC()
		wanted, err := json.Marshal(map[string]any{
			"camera": "steady", "from": now.Add(-5 * time.Second), "to": now.Add(-2 * time.Second), "start": "encode", "clock": n%2 == 0,
		})
		if err != nil {
			s.Error(err)
			return
		}
		response, err := http.Post(s.URL+"/api/v1/exports", "application/json", bytes.NewReader(wanted))
		if err != nil {
			s.count("exports", "not asked for")
			return
		}
		defer response.Body.Close()
		var made struct{ ID string }
		if json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&made) != nil || made.ID == "" {
			s.count("exports", response.Status)
			return
		}
		s.count("exports", "")
		pause(ctx, rand.N(3*time.Second))
		r, err := http.NewRequest(http.MethodDelete, s.URL+"/api/v1/exports/"+made.ID, nil)
		if err != nil {
			s.Error(err)
			return
		}
		if response, err := http.DefaultClient.Do(r); err == nil {
			response.Body.Close()
		}
	})
}

// calm ends what is wrong.
func (s *soak) calm() {
	s.configure(0)
	http.DefaultClient.CloseIdleConnections()
}
