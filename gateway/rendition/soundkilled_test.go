//go:build linux

package rendition_test

import (
	"syscall"
	"testing"
	"time"

	"framegate/gateway/media"
)

// TestKilledEncoderOfSoundGoesOn: another takes its place, and says nothing again of
// the seconds that are there for those who come late.
func TestKilledEncoderOfSoundGoesOn(t *testing.T) {
	const kills = 3
	r := newRig(t, "")
	r.listen("") // who watches, so that the camera's run goes on
	reader := r.listen("aac")
	go r.publish(telephone(t, 5*time.Second, 5*time.Minute))
	first := r.next(reader)
	last := first
	follow := func() {
		t.Helper()
		f := r.next(reader)
		if f.PTS < last.PTS+last.Duration()-6*time.Millisecond {
			t.Fatalf("sound of %v comes after that of %v", f.PTS, last.PTS)
		}
		if f.Run != first.Run || f.Format.Codec != media.AAC {
			t.Fatalf("%s of run %d, want that of the camera, %d", f.Format.Codec, f.Run, first.Run)
		}
		last = f
	}
	for range kills {
		for from := last.PTS; last.PTS < from+time.Second; {
			follow()
		}
		for _, pid := range children(t) {
			syscall.Kill(pid, syscall.SIGKILL) // it may be gone already
		}
	}
	for from := last.PTS; last.PTS < from+3*time.Second; {
		follow()
	}
}
