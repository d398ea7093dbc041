package nodes

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// crowd is people at one or several nodes, of whom each watches one of many cameras.
type crowd struct {
	cameras, viewers int
	pace             time.Duration // of the cameras
	measured         time.Duration
}

// TestCrowdOfACluster has the same crowd at one server alone and at three nodes, which get
// from each other what they do not own: nobody is shown less than the newest picture. With
// FRAMEGATE_TEST_LONG the crowd is one of a thousand, and what is logged is worth something:
//
//	FRAMEGATE_TEST_LONG=1 go test -v -run TestCrowdOfACluster ./gateway/e2e/nodes
func TestCrowdOfACluster(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	c := crowd{cameras: 6, viewers: 36, pace: 200 * time.Millisecond, measured: time.Second}
	if os.Getenv("FRAMEGATE_TEST_LONG") != "" {
		c = crowd{cameras: 100, viewers: 1000, pace: 500 * time.Millisecond, measured: 15 * time.Second}
	}
	const lines = "auth: 'off'\nlimits: {viewers: 5000, viewers_per_address: 5000, connections_per_address: 5000, connections: 5000}"
	var alone, cluster cost
	t.Run("one alone", func(t *testing.T) {
		cameras, rest := c.restingCameras(t)
		one := nodes{"a": rig.StartProcess(t, t.TempDir(), rig.WriteConfig(t, fmt.Sprintf("%s\ncameras: %s\n", lines, cameras)))}
		alone = c.measure(t, one, rest, "a")
	})
	t.Run("three nodes", func(t *testing.T) {
		cameras, rest := c.restingCameras(t)
		three := startNodesWith(t, lines, "", cameras, "a", "b", "c")
		three["a"].Kill() // which owns all that it had before the others came
		three.all(t, c.cameras, "b", "c")
		three.restart(t, "a", "b")
		three.all(t, c.cameras, "a", "b", "c")
		cluster = c.measure(t, three, rest, "a", "b", "c")
	})
	if t.Failed() || alone.picture == 0 { // as of a crowd that is too small
		return
	}
	t.Logf("%d cameras, %d viewers: CPU of a picture to a viewer %v alone, %v in a cluster, which is %.2f times as much; memory of a viewer %d and %d kB",
		c.cameras, c.viewers, alone.picture, cluster.picture, float64(cluster.picture)/float64(alone.picture), alone.viewer>>10, cluster.viewer>>10)
}

// all waits until these nodes know who has the cameras.
func (n nodes) all(t *testing.T, cameras int, names ...string) {
	t.Helper()
	for i := range cameras {
		n.owner(t, cameraOf(i), names...)
	}
}

func cameraOf(i int) string { return fmt.Sprintf("cam-%d", i) }

// restingCameras gives what a configuration says of the cameras, and what has them send
// nothing more and gives the number of the last picture of each.
func (c crowd) restingCameras(t *testing.T) (setting string, rest func() int64) {
	t.Helper()
	began := time.Now()
	var last atomic.Int64
	last.Store(1 << 40)
	camera, err := camtest.NewHTTPCamera(func(conn *camtest.HTTPConn) {
		if conn.Request() == nil || !conn.Send("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n--b\r\n") {
			return
		}
		for n := int64(time.Since(began)/c.pace) + 1; n <= last.Load(); n++ {
			time.Sleep(time.Until(began.Add(time.Duration(n) * c.pace))) // the camera's own pace
			picture := camtest.PictureOfSize(int(n), 96, 64, 4000)
			if n > last.Load() || !conn.Send(fmt.Sprintf("Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", len(picture)), picture, "\r\n--b\r\n") {
				break
			}
		}
		<-t.Context().Done()
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(camera.Close)
	var all []string
	for i := range c.cameras {
		all = append(all, fmt.Sprintf("%s: {source: 'http://%s/%d'}", cameraOf(i), addressOf(camera), i))
	}
	return "{" + strings.Join(all, ", ") + "}", func() int64 {
		number := int64(time.Since(began)/c.pace) + 2 // which no camera has sent yet
		last.Store(number)
		return number
	}
}

// cost is what a crowd costs all nodes together.
type cost struct {
	picture time.Duration // processor time, for each that a viewer gets
	viewer  int           // bytes of memory, with the share in what all have
}

// measure has the crowd come, and watch, and see the last picture of all.
func (c crowd) measure(t *testing.T, at nodes, rest func() int64, names ...string) (is cost) {
	t.Helper()
	used := func() (cpu time.Duration, memory int) {
		for _, p := range at {
			cpu += processorTime(t, p)
			memory += residentBytes(t, p)
		}
		return cpu, memory
	}
	_, empty := used()
	var viewers []*watching
	for i := range c.viewers {
		// Of each camera as many are at each node.
		viewers = append(viewers, at.watch(t, names[i%len(names)], cameraOf(i/len(names)%c.cameras)))
	}
	for _, w := range viewers {
		rig.Await(t, "each sees something", func() bool { return w.newest.Load() > 0 })
	}
	owned := make(map[string]int)
	for i := range c.cameras {
		if len(names) > 1 {
			owned[at.owner(t, cameraOf(i), names...)]++
		}
	}
	for _, name := range names {
		if len(names) > 1 && owned[name] < c.cameras && at.status(t, name).Relays == 0 {
			t.Errorf("%s gets nothing from others", name)
		}
	}
	count := func() (n int64) {
		for _, w := range viewers {
			n += w.seen.Load()
		}
		return n
	}
	before, pictures := count(), int64(0)
	cpu, memory := used()
	<-rig.Unhurried(t, c.measured)
	pictures = count() - before
	after, _ := used()
	is = cost{picture: (after - cpu) / time.Duration(max(1, pictures)), viewer: (memory - empty) / c.viewers}

	last := rest()
	for _, w := range viewers {
		rig.Await(t, fmt.Sprintf("a viewer at %s has the last picture, %d", w.at, last), func() bool { return w.newest.Load() == last })
	}
	t.Logf("%d pictures in %v, of %d; none is held back", pictures, c.measured, int64(c.measured/c.pace)*int64(c.viewers))
	for _, w := range viewers {
		w.leave()
	}
	return is
}

// processorTime gives what a process has used, to ten milliseconds.
func processorTime(t *testing.T, p *rig.Process) time.Duration {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(p.Cmd.Process.Pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndex(string(stat), ")")+1:]))
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		t.Fatal(err)
	}
	system, err := strconv.Atoi(fields[12])
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}
