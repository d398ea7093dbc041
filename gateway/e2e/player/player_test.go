package player

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
	"framegate/gateway/playback/tape"
)

const playerCameras = "cameras: {phone: {source: 'upload:'}, gone: {source: 'http://127.0.0.1:1/'}}"

// TestPlayer drives Chromium through <framegate-player>. The stories are in
// browsertest/player.mjs; some are told at the same time, each with a gateway
// of its own.
func TestPlayer(t *testing.T) {
	t.Parallel()
	rig.NeedBrowser(t)
	rig.Need(t, "ffmpeg")
	teller := startTeller(t)
	for _, story := range []struct {
		name string
		set  func(t *testing.T) (url string, do func(word string))
	}{
		{"lossy", withRecordings}, {"outage", withPhone}, {"shaky", withPhone}, {"changes", withPhone}, {"full", withProfiles}, {"shows", withPhone},
		{"comes", withPhone}, {"leaves", withPhone}, {"crowd", withPhone}, {"falls", withPhone}, {"words", withPhone},
		{"withoutSockets", withoutSockets}, {"reordered", withBFrames}, {"retyped", withProfiles}, {"past", withRecordings},
		{"film", withFilm}, {"removed", withRemoved}, {"webrtc", withRecordings}, {"hears", withBeepsOfG711}, {"hearsOn", withBeeps}, {"hearsPast", withRecordedBeeps}, {"refused", withBeeps},
	} {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			url, do := story.set(t)
			teller.tell(t, story.name, url, do)
		})
	}
}

func withPhone(t *testing.T) (url string, do func(word string)) {
	s := rig.Start(t, playerCameras)
	return s.URL, rig.PublishTime(t, s.URL, "phone").Do
}

// recordedCamera is the phone, of which JPEGs are recorded; and a port for WebRTC.
const recordedCamera = "webrtc: {listen: '127.0.0.1:0'}\ncameras: {phone: {source: 'upload:', record: {mode: continuous, codec: mjpeg}}}"

func withRecordings(t *testing.T) (url string, do func(word string)) {
	s := rig.Start(t, recordedCamera)
	return s.URL, rig.PublishTime(t, s.URL, "phone").Do
}

// filmed is the phone, as recordedCamera has it, and a camera that sends nothing
// and has a film among its recordings.
func filmed(t *testing.T) *rig.Server {
	t.Helper()
	return filmedBy(t, strings.Replace(recordedCamera, "{phone", "{film: {source: 'upload:', record: {mode: continuous}}, phone", 1), "-bf", "0")
}

// filmedBy has that film among the recordings of a server with cameras, with options of
// its encoder, and the same with B-frames of a camera that was removed.
func filmedBy(t *testing.T, cameras string, options ...string) *rig.Server {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "recordings")
	start := time.Date(2020, 11, 20, 12, 0, 0, 0, time.UTC)
	tape.Folder(t, folder, "film", tape.Film(t, start, options...))
	tape.Folder(t, folder, "reordered", tape.Film(t, start, "-bf", "3"))
	s := rig.Start(t, fmt.Sprintf("recordings: {dir: %q}\n%s", folder, cameras))
	rig.Await(t, "the film to be known", func() bool {
		a := s.Get(t, "/live/film/recording.m3u8?"+filmSpan, rig.Credentials{})
		return strings.Count(string(a.Content), "#EXT-X-DISCONTINUITY\n") == tape.Gaps
	})
	return s
}

// filmSpan asks for all of a film but its first second and a half.
const filmSpan = "from=2020-11-20T12:00:01.5Z&to=2020-11-20T12:10:00Z"

func withFilm(t *testing.T) (url string, do func(word string)) {
	return filmed(t).URL, func(word string) { t.Errorf("the story asks to do %q", word) }
}

// withRemoved has a film of H.265 of a camera that was removed, which browsers that do
// not show it get encoded.
func withRemoved(t *testing.T) (url string, do func(word string)) {
	return filmedBy(t, recordedCamera, tape.H265InOrder...).URL, func(word string) { t.Errorf("the story asks to do %q", word) }
}

func withoutSockets(t *testing.T) (url string, do func(word string)) {
	url, do = withPhone(t)
	return withoutWebSockets(t, url), do
}

// teller is a Chromium that tells stories.
type teller struct {
	stdin io.Writer

	mu    sync.Mutex // guards what follows
	said  map[string]chan [2]string
	ended bool // and says no more
}

func startTeller(t *testing.T) *teller {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	browser := rig.Node(ctx, "player.mjs")
	browser.WaitDelay = 5 * time.Second
	words := &rig.Buffer{}
	browser.Stderr = words
	stdin, err1 := browser.StdinPipe()
	stdout, err2 := browser.StdoutPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := browser.Start(); err != nil {
		t.Fatal(err)
	}
	s := &teller{stdin: stdin, said: make(map[string]chan [2]string)}
	var reading sync.WaitGroup
	reading.Go(func() { s.read(stdout) })
	t.Cleanup(func() {
		stdin.Close()
		defer time.AfterFunc(rig.Ceiling, cancel).Stop()
		reading.Wait()
		if err := browser.Wait(); err != nil {
			t.Error(err)
		}
		if words.String() != "" {
			t.Log(words)
		}
		cancel()
	})
	return s
}

// read hands out what is said, to who waits for that story.
func (s *teller) read(stdout io.Reader) {
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		fields := strings.SplitN(lines.Text(), " ", 3)
		if len(fields) == 3 {
			s.of(fields[1]) <- [2]string{fields[0], fields[2]}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for _, said := range s.said {
		close(said)
	}
}

func (s *teller) of(story string) chan [2]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	said, ok := s.said[story]
	if !ok {
		said = make(chan [2]string)
		s.said[story] = said
		if s.ended {
			close(said)
		}
	}
	return said
}

// tell has a story told to its end, and does to the camera what it asks for.
func (s *teller) tell(t *testing.T, story, url string, do func(word string)) {
	t.Helper()
	said := s.of(story)
	s.write(fmt.Sprintf("tell %s %s\n", story, url))
	for words := range said {
		switch words[0] {
		case "do":
			do(words[1])
			s.write(fmt.Sprintf("done %s\n", story))
			continue
		case "note":
			t.Log(unquoted(words[1]))
			continue
		}
		if wrong := unquoted(words[1]); wrong != "" {
			t.Error(wrong)
		}
		return
	}
	t.Error("the browser ended before the story")
}

func (s *teller) write(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = io.WriteString(s.stdin, line)
}

func unquoted(text string) (plain string) {
	if err := json.Unmarshal([]byte(text), &plain); err != nil {
		return text
	}
	return plain
}
