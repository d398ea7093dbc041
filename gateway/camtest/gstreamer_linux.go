package camtest

import (
	_ "embed" // for gstreamer.py
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Shown is what GStreamer shows of a film of H.264 or H.265, with AAC or without
// sound.
type Shown struct {
	Length   time.Duration // that it takes the film for, which it has read
	Pictures []Decoded
	Sound    int         // how many pieces of it are heard
	Sought   [][]Decoded // from each place on
}

// Decoded is a picture that was decoded.
type Decoded struct {
	At  time.Duration // of the film
	Sum string        // MD5 of its pixels, as ffmpeg's framemd5 gives it
}

//go:embed gstreamer.py
var shows string

// ThroughGStreamer has one GStreamer show films to their ends, and then again from
// each of some places on.
func ThroughGStreamer(t testing.TB, films []string, places ...time.Duration) (all []Shown) {
	t.Helper()
	const python = "/usr/bin/python3" // the system's own, which has the bindings
	if exec.Command(python, "-c", "import gi; gi.require_version('Gst', '1.0')").Run() != nil {
		if os.Getenv("FRAMEGATE_TEST_NO_INSTALL") != "" {
			t.Skip("GStreamer for Python is not installed")
		}
		t.Fatal("GStreamer for Python is not installed (python3-gi); scripts/test installs what the tests need")
	}
	if places == nil {
		places = []time.Duration{}
	}
	wanted, err := json.Marshal(map[string]any{"Films": films, "Places": places})
	if err != nil {
		t.Fatal(err)
	}
	out := Output(t, nil, python, "-c", shows, string(wanted))
	if err := json.Unmarshal(out, &all); err != nil || len(all) != len(films) {
		t.Fatalf("of %d films it shows %d: %v", len(films), len(all), err)
	}
	return all
}
