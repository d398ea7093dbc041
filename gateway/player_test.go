package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/camtest"
)

const playerCameras = "cameras: {phone: {source: 'upload:'}, gone: {source: 'http://127.0.0.1:1/'}}"

// TestPlayer drives Chromium through <framegate-player>. The stories are in
// browsertest/player.mjs.
func TestPlayer(t *testing.T) {
	needBrowser(t)
	need(t, "ffmpeg")
	for _, story := range []string{"shows", "outage", "shaky", "changes", "leaves", "crowd", "falls", "words"} {
		t.Run(story, func(t *testing.T) {
			s := startGateway(t, playerCameras)
			drivePlayer(t, story, s.url, publishTime(t, s, "phone"))
		})
	}
	t.Run("withoutSockets", func(t *testing.T) {
		s := startGateway(t, playerCameras)
		drivePlayer(t, "withoutSockets", withoutWebSockets(t, s.url), publishTime(t, s, "phone"))
	})
}

// drivePlayer runs a story, and does to the camera what it asks for.
func drivePlayer(t *testing.T, story, url string, p *timePublisher) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*ceiling)
	defer cancel()
	browser := exec.CommandContext(ctx, "node", "player.mjs", story, url)
	browser.Dir = "browsertest"
	said := &lockedBuffer{}
	browser.Stderr = said
	stdin, err := browser.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := browser.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := browser.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		word, ok := strings.CutPrefix(lines.Text(), "do ")
		if ok {
			p.do(word)
			io.WriteString(stdin, "done\n")
		}
	}
	err = browser.Wait()
	if words := said.String(); words != "" {
		t.Log(words)
	}
	if err != nil {
		t.Error(err)
	}
}

// timePublisher is a camera whose pictures carry the time: Unix milliseconds,
// of which 16 bits fit. It sends 25 of them a second.
type timePublisher struct {
	t       *testing.T
	address string

	mu            sync.Mutex // guards the size
	width, height int

	stop func() // ends the sending, and waits for that
}

// publishTime sends pictures to a camera until the test ends.
func publishTime(t *testing.T, s *server, camera string) *timePublisher {
	p := &timePublisher{t: t, address: s.url + "/live/" + camera + ".mjpeg", width: 160, height: 96}
	p.start()
	t.Cleanup(func() { p.stop() })
	return p
}

// do does what a story asks for.
func (p *timePublisher) do(word string) {
	switch word {
	case "larger":
		p.mu.Lock()
		p.width, p.height = 320, 240
		p.mu.Unlock()
	case "away":
		p.stop()
	case "back":
		p.start()
	default:
		p.t.Errorf("the story asks to do %q", word)
	}
}

func (p *timePublisher) start() {
	body, w := io.Pipe()
	request, err := http.NewRequest(http.MethodPost, p.address, body)
	if err != nil {
		p.t.Error(err)
		return
	}
	request.Header.Set("Content-Type", "image/jpeg")
	var sending sync.WaitGroup
	sending.Go(func() {
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
		}
		body.Close()
	})
	sending.Go(func() { p.send(w) })
	p.stop = func() {
		w.CloseWithError(io.EOF)
		sending.Wait()
	}
}

// send writes pictures until nobody reads them.
func (p *timePublisher) send(w *io.PipeWriter) {
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for {
		p.mu.Lock()
		width, height := p.width, p.height
		p.mu.Unlock()
		_, err := w.Write(camtest.Picture(int(time.Now().UnixMilli()%65536), width, height))
		if err != nil {
			return
		}
		<-tick.C
	}
}
