package export

import (
	"bytes"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"framegate/gateway/playback/tape"
)

// TestChromiumPlaysEncodedJPEGs of two recordings, the second of which was encoded
// by another ffmpeg.
func TestChromiumPlaysEncodedJPEGs(t *testing.T) {
	r := newRig(t)
	r.record("front", noon, stills(0, 40, 64, 48))
	r.record("front", after(100), stills(100, 40, 64, 48))
	r.run()
	_, b := r.made(Request{Cameras: []string{"front"}, From: after(12), To: after(130), Start: Encode})
	file := func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "export.mp4", time.Time{}, bytes.NewReader(b))
	}
	s := tape.Show(t, tape.Look{Film: file, Times: []float64{0, 1.25, 2.75, 2.85, 5.75, 0.35}})[0]
	if want := []int{12, 24, 39, 100, 129, 15}; s.Error != "" || !slices.Equal(s.Numbers, want) {
		t.Errorf("it sees %v, want %v; %s", s.Numbers, want, s.Error)
	}
	if math.Abs(s.Duration-5.8) > 0.01 {
		t.Errorf("it takes the file for %v s long", s.Duration)
	}
}
