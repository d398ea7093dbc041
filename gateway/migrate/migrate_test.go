package migrate

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"framegate/gateway/config"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestSampleConfigurations reads a whole configuration of each program, and compares
// what is written, and what is said to be lost, with a file beside it.
func TestSampleConfigurations(t *testing.T) {
	for _, sample := range []struct {
		file   string
		format Format
	}{{"go2rtc.yaml", Go2RTC}, {"frigate.yml", Frigate}, {"mediamtx.yml", MediaMTX}} {
		t.Run(sample.file, func(t *testing.T) {
			document, err := os.ReadFile("testdata/" + sample.file)
			if err != nil {
				t.Fatal(err)
			}
			result, err := Read(document, "")
			if err != nil {
				t.Fatal(err)
			}
			if result.Format != sample.format {
				t.Errorf("it is taken for one of %s", result.Format)
			}
			ours, err := config.Parse("framegate.yaml", result.Config, nil)
			if err != nil {
				t.Fatalf("our own configuration is refused: %v\n%s", err, result.Config)
			}
			if len(ours.Cameras) != result.Cameras {
				t.Errorf("it has %d cameras, and says %d", len(ours.Cameras), result.Cameras)
			}
			var got bytes.Buffer
			got.Write(result.Config)
			got.WriteString("--- lost\n")
			for _, loss := range result.Losses {
				fmt.Fprintf(&got, "%d: %s\n", loss.Line, loss)
			}
			golden := "testdata/" + sample.file + ".golden"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("it became\n%s\nwant\n%s", got.String(), want)
			}
		})
	}
}

// TestSources takes the kinds of sources that go2rtc has.
func TestSources(t *testing.T) {
	for _, c := range []struct{ source, want, lost string }{
		{"rtsp://10.0.0.1/a", "rtsp://10.0.0.1/a", ""},
		{"RTSP://10.0.0.1/a", "rtsp://10.0.0.1/a", ""},
		{"rtspx://10.0.0.1/a", "rtsps://10.0.0.1/a", ""},
		{"httpx://10.0.0.1/a", "https://10.0.0.1/a", ""},
		{"ffmpeg:rtsp://10.0.0.1/a#video=copy", "rtsp://10.0.0.1/a", ""},
		{"ffmpeg:device?video=/dev/video2", "v4l2:///dev/video2", ""},
		{"v4l2:device?video=/dev/video2&video_size=640x480", "v4l2:///dev/video2?height=480&width=640", ""},
		{"ffmpeg:device?video=FaceTime", "", "names no device"},
		{"ffmpeg:/media/a.mp4", "file:///media/a.mp4", ""},
		{"tcp://10.0.0.1:5000", "tcp://10.0.0.1:5000", ""},
		{"http://10.0.0.1/a.m3u8?x=1", "", "HLS"},
		{"exec:ffmpeg -i x {output}", "", "programs are not started"},
		{"tapo://x@10.0.0.1", "", "go2rtc run beside"},
		{"rtsp://a:${P}x@10.0.0.1/", "", "a part of its address"},
		{"rtsp://10.0.0.1:${P}/", "", "a part of its address"},
		{"rtsp://a b@10.0.0.1/", "", "no URL"},
		{"just text", "", "no address"},
		{"rtsp://10.0.0.1/a#header=X", "rtsp://10.0.0.1/a", "#header"},
	} {
		result, err := Read(fmt.Appendf(nil, "streams:\n  a: %q\n  kept: rtsp://10.0.0.9/\n", c.source), "")
		if err != nil {
			t.Fatal(err)
		}
		ours, err := config.Parse("framegate.yaml", result.Config, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if camera, there := ours.Camera("a"); there {
			got = camera.Source.Text()
		}
		if got != c.want {
			t.Errorf("%s became %q, want %q", c.source, got, c.want)
		}
		switch {
		case c.lost == "" && len(result.Losses) > 0:
			t.Errorf("of %s is said to be lost: %v", c.source, result.Losses)
		case c.lost != "" && (len(result.Losses) != 1 || !strings.Contains(result.Losses[0].Text, c.lost) || result.Losses[0].Line != 2):
			t.Errorf("of %s is said to be lost: %v, want something of %q on line 2", c.source, result.Losses, c.lost)
		}
	}
}

// TestIDs makes ids of names that are none, each once.
func TestIDs(t *testing.T) {
	var document strings.Builder
	document.WriteString("streams:\n")
	names := []string{"Front.Door", "front_door", "Küche", "北", "-", strings.Repeat("x", 100), strings.Repeat("x", 101)}
	for _, name := range names {
		fmt.Fprintf(&document, "  %q: rtsp://10.0.0.1/\n", name)
	}
	result, err := Read([]byte(document.String()), "")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := config.Parse("framegate.yaml", result.Config, nil)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i, camera := range ours.Cameras {
		ids = append(ids, camera.ID)
		if camera.Name != names[i] {
			t.Errorf("%s is named %q, want %q", camera.ID, camera.Name, names[i])
		}
	}
	x := strings.Repeat("x", 63)
	if got, want := strings.Join(ids, " "), "front-door front-door-2 k-che camera camera-2 "+x+" "+x[:50]+"-2"; got != want {
		t.Errorf("the ids are %s, want %s", got, want)
	}
}

// TestNamesThatAreAddresses tell no password.
func TestNamesThatAreAddresses(t *testing.T) {
	result, err := Read([]byte("streams:\n  \"rtsp://u:canary@10.0.0.1:554/a\": \"rtsp://u:pw@10.0.0.1:554/a\"\n  \"ffmpeg:http://u:can@ry@cam/x?p=canary#video=h264\": http://cam/x\n  \"rtmp:///canary\": http://cam/y\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := config.Parse("framegate.yaml", result.Config, nil)
	if err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, camera := range ours.Cameras {
		names += camera.ID + " " + camera.Name + ", "
	}
	if want := "10-0-0-1-554 10.0.0.1:554, cam cam, camera camera, "; names != want || strings.Contains(string(result.Config)+fmt.Sprint(result.Losses), "canary") {
		t.Errorf("the cameras are %s in %s with %v", names, result.Config, result.Losses)
	}
}

// TestNothingToTake says why there is nothing to write.
func TestNothingToTake(t *testing.T) {
	for _, c := range []struct {
		document string
		format   Format
		want     string
	}{
		{"", "", "holds no keys"},
		{"- a", "", "holds no keys"},
		{"a: [", "", "brackets"},
		{"listen: 1", "", "none of the keys"},
		{"streams:\n", "", "no camera"},
		{"streams: 5", "", "no camera"},
		{"cameras: {a: {ffmpeg: {inputs: 5}}}", "", "no camera"},
		{"paths: {a: {source: rpiCamera}}", "", "no camera"},
		{"streams: {a: }", "nvr", "not known here"},
	} {
		if _, err := Read([]byte(c.document), c.format); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want something of %q", c.document, err, c.want)
		}
	}
}

// FuzzRead: whatever is read, what is written is a configuration of ours, and what is
// lost is told in lines.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"go2rtc.yaml", "frigate.yml", "mediamtx.yml"} {
		document, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(document)
	}
	f.Add([]byte("streams: {a: }\napi: {base_path: x y}\nrtsp: {listen: nowhere}\nffmpeg: {bin: ''}"))
	f.Add([]byte("streams: {a: 'rtsp://u:p@h/\x01', \"b\\nc: d\": , c: [x, {y: z}]}"))
	f.Fuzz(func(t *testing.T, document []byte) {
		result, err := Read(document, "")
		if result == nil {
			return
		}
		for _, loss := range result.Losses {
			if strings.ContainsAny(loss.String(), "\n\r\x00") {
				t.Errorf("what is lost is told in more than a line: %q", loss)
			}
		}
		if err != nil {
			return
		}
		ours, err := config.Parse("framegate.yaml", result.Config, nil)
		switch {
		case err != nil:
			t.Errorf("%v\n%s", err, result.Config)
		case len(ours.Cameras) != result.Cameras:
			t.Errorf("%d cameras are written as %d", result.Cameras, len(ours.Cameras))
		}
	})
}

// TestClumsyConfigurations are taken as they are meant, or told of: no camera has the id
// that is another's name, no source is passed over in silence, nothing is kept for less
// than was said, and no password is told.
func TestClumsyConfigurations(t *testing.T) {
	for document, want := range map[string]struct{ config, lost string }{
		"streams:\n  cam 1: rtsp://10.0.0.1/\n  cam-1: rtsp://10.0.0.2/\n": {"  cam-1-2:\n    source: rtsp://10.0.0.1/\n    name: cam 1\n  cam-1:\n    source: rtsp://10.0.0.2/\n", ""},
		"paths:\n  cam 1: {}\n  cam-1: {source: \"rtsp://10.0.0.2/\"}\n":   {"  cam-1:\n    source: rtsp://10.0.0.2/\n", ""},
		"streams:\n  a: {url: \"rtsp://10.0.0.1/\"}\n":                     {"  a:\n    source: rtsp://10.0.0.1/\n", ""},
		"streams:\n  b: rtsp://10.0.0.1/\n  a:\n    rtsp://10.0.0.2/: x\n": {"  b:\n", "streams.a: has keys"},
		"cameras:\n  a:\n    ffmpeg: {inputs: [{path: \"rtsp://10.0.0.1/\"}]}\n    record: {enabled: true, retain: {days: 1e300}}\n": {
			"max_age: 36500d", "alerts and detections"},
		"streams:\n  b: rtsp://10.0.0.1/\n  rtsp://admin:hunter2@10.0.0.2/: exec:x\n": {"  b:\n", "streams.rtsp://…: programs"},
		"webrtc: yes\npaths:\n  a: {source: \"rtsp://10.0.0.1/\"}\n":                  {"  a:\n", "webrtc: cameras are at /live/{id}/whep"},
		"srt: yes\npaths:\n  a: {source: \"rtsp://10.0.0.1/\"}\n":                     {"  a:\n", "srt: is not spoken here; what sends"},
	} {
		result, err := Read([]byte(document), "")
		if err != nil {
			t.Fatalf("%s: %v", document, err)
		}
		if _, err := config.Parse("framegate.yaml", result.Config, nil); err != nil {
			t.Errorf("%s became what is refused: %v", document, err)
		}
		if !strings.Contains(string(result.Config), want.config) {
			t.Errorf("%s became\n%s\nwant in it\n%s", document, result.Config, want.config)
		}
		lost := fmt.Sprint(result.Losses)
		if want.lost == "" && lost != "[]" || !strings.Contains(lost, want.lost) || strings.Contains(lost, "hunter2") {
			t.Errorf("of %s is said to be lost: %s", document, lost)
		}
	}
}
