package config

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestTheAppKnowsWhichKeysSuit what camera: it shows those alone, and has a test of its own that
// reads the same file.
func TestTheAppKnowsWhichKeysSuit(t *testing.T) {
	const golden = "../../web/app/views/settings/cameras/suits.golden.json"
	cases := map[string]RecordMode{"rtsp://a/ scheduled": RecordScheduled, "rtsp://a/ events": RecordEvents, "rtsp://a/ pictures": RecordPictures}
	for _, source := range []string{
		"http://a/", "https://a/", "rtsp://a/", "rtsps://a/", "rtmp://a/x/y", "rtmps://a/x/y", "upload:", "test:", "tcp://a:1", "tcp-listen://:1", "file:///a", "v4l2:///dev/video0",
		"http://a/x.flv", "https://a/x.FLV?y=z", "http://a/flv?port=1", "http://a/flv/", "http://a/x.flv.jpg", "http://a.flv", "http://a/x?y=z.flv", "http://a/x%2Fflv",
	} {
		cases[source+" continuous"] = RecordContinuous
	}
	suit := make(map[string]string) // keys by source and mode of recording
	for name, mode := range cases {
		source, _, _ := strings.Cut(name, " ")
		parsed, _, err := parseSource(source, "")
		if err != nil {
			t.Fatal(err)
		}
		camera := Camera{Source: parsed, Keep: KeepAlways, Record: Record{Mode: mode}}
		if mode == RecordScheduled {
			camera.Record.Schedule = Schedule{Zone: "UTC", Hours: "daily 00:00-24:00"}
		}
		var keys []string
		for _, key := range CameraKeys() {
			if !key.FileOnly && key.misplaced(camera) == nil {
				keys = append(keys, key.Name)
			}
		}
		suit[name] = strings.Join(keys, " ")
	}
	got, err := json.MarshalIndent(suit, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("-update writes it anew: %s", diff)
	}
}
