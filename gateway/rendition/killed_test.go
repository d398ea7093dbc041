//go:build linux

package rendition_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/camtest"
)

// children lists the processes that this one started and did not wait for.
func children(t *testing.T) (pids []int) {
	t.Helper()
	names, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, _ := os.ReadFile(name) // a thread may have ended
		for _, field := range strings.Fields(string(b)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestKilledEncoderIsReplaced kills ffmpeg again and again under a viewer, who
// goes on getting pictures, and finds that nothing is left behind.
func TestKilledEncoderIsReplaced(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	const kills = 50
	r := newRig(t, "")
	before := descriptors(t)
	reader := r.open("jpeg-w160")
	frames := jpegs(t, 0, 10, 320, 176)
	stop := make(chan struct{})
	ended := make(chan struct{})
	go func() { // a camera of 100 pictures a second
		defer close(ended)
		for n := 0; ; n++ {
			select {
			case r.camera.emits <- frames[n%len(frames)]:
				time.Sleep(10 * time.Millisecond)
			case <-stop:
				return
			}
		}
	}()
	for range kills {
		if _, err := camtest.ReadJPEGNumber(r.next(reader).Data); err != nil {
			t.Fatal(err)
		}
		pids := children(t)
		if len(pids) > 1 {
			t.Fatalf("%d encoders for one rendition", len(pids))
		}
		for _, pid := range pids {
			syscall.Kill(pid, syscall.SIGKILL) // it may be gone already
		}
	}
	r.next(reader)
	close(stop)
	<-ended
	r.hub.Close()
	if pids := children(t); len(pids) > 0 {
		t.Errorf("processes are left: %v", pids)
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// TestTimeDoesNotGoBackWithAnotherEncoder: of what was shown nothing is shown again,
// where the next one has to begin with a keyframe before it.
func TestTimeDoesNotGoBackWithAnotherEncoder(t *testing.T) {
	const before = 30
	r := newRig(t, "")
	r.open("") // keeps the camera running
	reader := r.open("jpeg")
	frames := h264s(t, 0, 45, 320, 176) // in one GOP
	last := -1
	show := func() {
		n, err := camtest.ReadJPEGNumber(r.next(reader).Data)
		if err != nil || n < last {
			t.Fatalf("picture %d after %d, %v", n, last, err)
		}
		last = n
	}
	for n, f := range frames[:before] {
		r.camera.emits <- f
		for last < n {
			show()
		}
	}
	for _, pid := range children(t) {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	go r.publish(frames[before:])
	for last < len(frames)-1 {
		show()
	}
}
