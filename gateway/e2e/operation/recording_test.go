package operation

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// past is what the API says of the recordings of the camera front.
type past struct {
	t *testing.T
	s *rig.Server
}

func (p past) ask(method, path string, body any, status int, into any) {
	p.t.Helper()
	a := p.s.Call(p.t, method, "/api/v1/cameras/front"+path, body, rig.Credentials{}, status)
	if into == nil {
		return
	}
	if err := json.Unmarshal(a.Content, into); err != nil {
		p.t.Fatalf("%s: %v", a.Content, err)
	}
}

// timeline is one of the API.
type timeline struct {
	Spans []struct{ From, To time.Time }
	Marks []struct{ Kind string }
}

func (p past) timeline() (line timeline) {
	p.t.Helper()
	p.ask("GET", "/timeline", nil, 200, &line)
	return line
}

// recordedFiles gives the names of files of recordings below a folder.
func recordedFiles(t *testing.T, folder string) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(name, ".mp4") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestRecordingACameraOfTheAPI: it begins when the API says so, is on the disk
// and in the timeline at once, can be marked, goes on while somebody deletes it,
// ends when the API says so, and costs those who watch nothing.
func TestRecordingACameraOfTheAPI(t *testing.T) {
	s := rig.Start(t, "cameras: {other: {source: 'upload:'}}\n")
	folder := filepath.Join(s.Data, "recordings")
	p := past{t, s}
	s.Call(t, "POST", "/api/v1/cameras", map[string]any{"id": "front", "source": "upload:"}, rig.Credentials{}, 201)
	rig.SendNumbers(t, s, "front")
	rig.ExpectNumbers(t, s, "front", 3)
	p.ask("GET", "/timeline", nil, 404, nil) // nothing is recorded here
	if _, err := os.Stat(folder); err == nil {
		t.Errorf("%s is there before anything is recorded", folder)
	}

	// The JPEGs as they are need no encoder.
	p.ask("PATCH", "", map[string]any{"record": map[string]string{"mode": "continuous", "codec": "mjpeg"}}, 200, nil)
	rig.Await(t, "something recorded", func() bool {
		a := s.Get(t, "/api/v1/cameras/front/timeline", rig.Credentials{})
		return a.StatusCode == 200 && strings.Contains(string(a.Content), `"spans":[{`)
	})
	// A new file may begin at any moment, so there may be two.
	if names := recordedFiles(t, folder); len(names) == 0 || !strings.HasPrefix(names[0], "front/") || !strings.HasSuffix(names[len(names)-1], ".mp4.part") {
		t.Errorf("on the disk are %v", names)
	}
	var day struct{ Days []string }
	p.ask("GET", "/days", nil, 200, &day)
	if today := time.Now().UTC().Format(time.DateOnly); !slices.Contains(day.Days, today) {
		t.Errorf("the days are %v", day.Days)
	}
	p.ask("POST", "/events", map[string]any{"kind": "motion", "end": "now", "keep": true}, 201, nil)
	if line := p.timeline(); len(line.Marks) != 1 || line.Marks[0].Kind != "motion" {
		t.Errorf("the timeline is %+v", line)
	}

	began := time.Now()
	var gone struct{ Segments int }
	p.ask("DELETE", "/recordings?from="+began.Add(-time.Hour).UTC().Format(time.RFC3339)+"&to=now", nil, 200, &gone)
	if gone.Segments == 0 {
		t.Error("what was being written was not deleted")
	}
	rig.Await(t, "recording goes on", func() bool {
		line := p.timeline()
		return len(line.Spans) == 1 && line.Spans[0].To.After(began)
	})
	rig.ExpectNumbers(t, s, "front", 3)

	p.ask("PATCH", "", map[string]any{"record": map[string]string{"mode": "off"}}, 200, nil)
	rig.Await(t, "the end of recording", func() bool {
		var list struct {
			Segments []struct {
				Path    string
				Growing bool
			}
		}
		p.ask("GET", "/segments", nil, 200, &list)
		var names []string
		for _, s := range list.Segments {
			if !s.Growing {
				names = append(names, s.Path)
			}
		}
		return len(names) > 0 && slices.Equal(names, recordedFiles(t, folder))
	})
	s.Call(t, "DELETE", "/api/v1/cameras/front", nil, rig.Credentials{}, 204)
	line := p.timeline()
	if len(line.Spans) != 1 {
		t.Fatalf("of a camera that was removed there is %+v", line)
	}
	for _, path := range []string{"/live/front", "/live/front/recording"} { // what players ask for
		showsPast(t, s, path, line.Spans[0].From)
	}
	rig.Await(t, "what is kept to be gone", func() bool {
		p.ask("DELETE", "/recordings?from=2020-01-01T00:00:00Z&to=now", nil, 200, nil)
		return len(p.timeline().Spans) == 0
	})
	if a := s.Send(t, s.Request(t, "GET", "/live/front", nil, rig.Upgrade()), rig.Credentials{}); a.StatusCode != 404 {
		t.Errorf("of a camera of which nothing is kept: %d", a.StatusCode)
	}
}

// showsPast looks back over a WebSocket, and back to a present that there is not.
func showsPast(t *testing.T, s *rig.Server, path string, at time.Time) {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"framegate.v1"}}
	conn, _, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+path+"?codec=jpeg", nil)
	if err != nil {
		t.Fatal(path, err)
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(rig.Ceiling))
	say := func(m map[string]any) {
		if err := conn.WriteJSON(m); err != nil {
			t.Fatal(path, err)
		}
	}
	say(map[string]any{"type": "seek", "atUs": at.UnixMicro()})
	for {
		kind, b, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(path, err)
		}
		var told struct {
			Type, Camera string
			Live         bool
		}
		if kind == websocket.TextMessage {
			_ = json.Unmarshal(b, &told)
		}
		picture := bytes.Index(b, []byte{0xFF, 0xD8})
		switch {
		case kind == websocket.BinaryMessage && picture >= 0:
			if _, err := camtest.ReadJPEGNumber(b[picture:]); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			say(map[string]any{"type": "play"})
		case told.Type == "playback" && told.Live:
			return
		}
	}
}
