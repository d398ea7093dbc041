package nodes

import (
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// single is a camera of numbered pictures that knows how many connections it had at the
// same time, of those that the other side had not closed.
type single struct {
	*camtest.HTTPCamera
	number atomic.Int64

	mu    sync.Mutex // guards what follows
	conns map[*camtest.HTTPConn]bool
	most  int
}

func newSingle(t *testing.T) *single {
	t.Helper()
	s := &single{conns: make(map[*camtest.HTTPConn]bool)}
	var err error
	if s.HTTPCamera, err = camtest.NewHTTPCamera(s.serve); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func (s *single) serve(c *camtest.HTTPConn) {
	s.enter(c)
	defer s.leave(c)
	if c.Request() == nil || !c.Send("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n--b\r\n") {
		return
	}
	for {
		picture := camtest.Picture(int(s.number.Add(1)), 96, 64)
		if !c.Send(fmt.Sprintf("Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", len(picture)), picture, "\r\n--b\r\n") {
			return
		}
		time.Sleep(20 * time.Millisecond) // the camera's own pace
	}
}

func (s *single) enter(c *camtest.HTTPConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = true
	open := 0
	for conn := range s.conns {
		if conn == c || !closedThere(conn.Conn) {
			open++
		}
	}
	s.most = max(s.most, open)
}

func (s *single) leave(c *camtest.HTTPConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// Most gives how many it had.
func (s *single) Most() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// closedThere says whether the other side closed a connection, as the kernel knows before
// whoever reads it does.
func closedThere(c net.Conn) (closed bool) {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return true
	}
	err = raw.Read(func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		closed = n <= 0 && err != syscall.EAGAIN
		return true
	})
	return closed || err != nil
}

// why gives why a node believes that front is where it is.
func (n nodes) why(t *testing.T, name string) string {
	t.Helper()
	var s struct {
		Cameras []struct {
			Camera string `json:"camera"`
			Why    string `json:"why"`
		} `json:"cameras"`
	}
	if err := json.Unmarshal(n[name].Get(t, "/api/v1/cluster", rig.Credentials{}).Content, &s); err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Cameras {
		if c.Camera == "front" {
			return c.Why
		}
	}
	return ""
}

// TestExclusiveCameraHasOneConnection has the owner of a camera end and the next one be
// stopped, of three nodes that vote: the camera never has two connections, and who is
// alone makes none, and says why.
func TestExclusiveCameraHasOneConnection(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	camera := newSingle(t)
	names := []string{"a", "b", "c"}
	cluster := startNodesWith(t, "auth: 'off'", ", stores: [a, b, c]", fmt.Sprintf("{front: {source: '%s', keep: always, exclusive: true}}", camera.URL("/")), names...)
	first := cluster.owner(t, "front", names...)
	rest := others(names, first)
	viewers := map[string]*watching{}
	for _, name := range rest {
		viewers[name] = cluster.watch(t, name, "front")
		seesMore(t, "a viewer at "+name, []*watching{viewers[name]})
	}

	// One that ends lets go of the camera before another connects.
	if err := cluster[first].Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	second := cluster.owner(t, "front", rest...)
	seesMore(t, "viewers after the owner ended", []*watching{viewers[rest[0]], viewers[rest[1]]})
	if n, all := camera.Most(), camera.Connections(); n != 1 || all != 2 {
		t.Errorf("the camera had %d connections at the same time, of %d", n, all)
	}

	// One of three that is left connects to nothing.
	third := others(rest, second)[0]
	stopped := cluster[second].Cmd.Process
	if err := stopped.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	rig.Await(t, third+" says that it is apart", func() bool { return cluster.why(t, third) == "apart" })
	if n := camera.Connections(); n != 2 {
		t.Errorf("who is apart connected to the camera: %d", n)
	}
	if err := stopped.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	cluster.owner(t, "front", rest...)
	seesMore(t, "viewers after two of three hear each other again", []*watching{viewers[rest[0]], viewers[rest[1]]})
	if n := camera.Most(); n != 1 {
		t.Errorf("the camera had %d connections at the same time", n)
	}
}
