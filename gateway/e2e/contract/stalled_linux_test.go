package contract

import (
	"net"
	"runtime"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"

	"golang.org/x/sys/unix"
)

// stalledPatience is how long a viewer may take nothing.
const stalledPatience = 10 * time.Second

// TestStalledViewersOfAllForms: viewers who stop reading are cut, after their
// time and not before; they cost little memory, and those beside them get
// every picture all the while.
func TestStalledViewersOfAllForms(t *testing.T) {
	rig.Thorough(t)
	const stalledOfEach = 8
	s, cameras := stageOfAll(t)
	// join has viewers of all forms come to the camera that sends what they show.
	join := func(buffer int) (all map[numbersCamera][]*spectator) {
		all = make(map[numbersCamera][]*spectator)
		for _, form := range outputForms {
			camera := cameras[form.cameraName()]
			all[camera] = append(all[camera], watchCamera(t, s, form.cameraName(), form, buffer))
		}
		return all
	}
	healthy := join(0)
	for camera, viewers := range healthy {
		camera.awaitConnection()
		showAll(camera, viewers...)
	}
	began, before := time.Now(), heapAfterGC()
	var stalled []*spectator
	for range stalledOfEach {
		for _, viewers := range join(smallBuffer) {
			stalled = append(stalled, viewers...)
		}
	}
	pace := time.NewTicker(50 * time.Millisecond)
	defer pace.Stop()
	for shown := 0; len(stalled) > 0; shown++ {
		<-pace.C
		for camera, viewers := range healthy {
			showAll(camera, viewers...)
		}
		stalled = stillConnected(stalled)
		took := time.Since(began)
		if cut := len(outputForms)*stalledOfEach - len(stalled); cut > 0 && took < stalledPatience {
			t.Fatalf("%d viewers were cut after %v", cut, took)
		}
		if took > rig.Ceiling {
			t.Fatalf("%d viewers are never cut, one of %s", len(stalled), stalled[0].form.name)
		}
		// What was shown so far is up to a few hundred megabytes, if it is kept
		// for each; what the viewers beside keep to decode is a tenth of that.
		if shown%20 == 0 {
			if grown := int64(heapAfterGC()) - int64(before); grown > 96<<20 {
				t.Fatalf("memory grew by %d MB in %v", grown>>20, took)
			}
		}
	}
	t.Logf("all were cut after %v", time.Since(began))
	for _, viewers := range healthy {
		for _, v := range viewers {
			v.develop()
		}
	}
}

func heapAfterGC() uint64 {
	runtime.GC()
	return rig.Heap()
}

// stillConnected gives those whose connection is not cut. Nothing is read to
// find that out, nor written.
func stillConnected(viewers []*spectator) (left []*spectator) {
	for _, v := range viewers {
		if !isCut(v.conn) {
			left = append(left, v)
		}
	}
	return left
}

// isCut says that the other side has reset a connection: poll(2), POLLERR and
// POLLHUP.
func isCut(conn net.Conn) (cut bool) {
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return true
	}
	_ = raw.Control(func(fd uintptr) {
		state := []unix.PollFd{{Fd: int32(fd)}}
		n, err := unix.Poll(state, 0)
		cut = err == nil && n > 0 && state[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
	})
	return cut
}
