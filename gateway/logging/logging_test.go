package logging

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestFormats: JSON where no terminal is, unless told, and text for who keeps it.
func TestFormats(t *testing.T) {
	for format, begins := range map[Format]string{"": "{", Auto: "{", JSON: "{", Text: "time="} {
		var to, kept strings.Builder
		log, end := New(Options{To: &to, Format: format, Level: slog.LevelInfo, Kept: &kept})
		log.With("camera", "front").WithGroup("g").Info("two words", "n", 1)
		log.Debug("not this")
		end()
		if !strings.HasPrefix(to.String(), begins) || strings.Count(to.String(), "\n") != 1 || !strings.HasSuffix(kept.String(), "level=INFO msg=\"two words\" camera=front g.n=1\n") {
			t.Errorf("%q: %q, kept %q", format, to.String(), kept.String())
		}
	}
	file, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got := Auto.on(file); got != JSON {
		t.Errorf("into a file: %s", got)
	}
	if terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0); err == nil {
		defer terminal.Close()
		if got := Auto.on(terminal); got != Text {
			t.Errorf("on a terminal: %s", got)
		}
	}
	var f Format
	if err := f.UnmarshalText([]byte("xml")); err == nil {
		t.Error("xml is one")
	}
}

// buffer is what several goroutines write to.
type buffer struct {
	mu sync.Mutex // guards b
	b  []byte
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b = append(b.b, p...)
	return len(p), nil
}

// take gives what was written since it was called last.
func (b *buffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := string(b.b)
	b.b = b.b[:0]
	return text
}

// line is one of JSON.
type line struct {
	Msg, Camera, State string
	Repeated           int
}

// TestRepeatsAreHeldBack by what they are about, and the last is told.
func TestRepeatsAreHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to buffer
		log, end := New(Options{To: &to, Level: slog.LevelInfo})
		told := func() (all []line) {
			for text := range strings.Lines(to.take()) {
				var l line
				if err := json.Unmarshal([]byte(text), &l); err != nil {
					t.Fatal(err)
				}
				all = append(all, l)
			}
			return all
		}
		front := log.With("camera", "front")
		for i := range 20 {
			front.Info("recording", "state", fmt.Sprint(i))
			time.Sleep(time.Second)
		}
		if got := told(); len(got) != mostInWindow || got[mostInWindow-1].State != "4" {
			t.Errorf("of twenty: %+v", got)
		}
		log.Info("recording", "camera", "back")
		log.Warn("recording", "camera", "front")
		for range 20 {
			log.Error("it panicked")
		}
		if got := told(); len(got) != 22 {
			t.Errorf("of another camera, another level and errors: %d", len(got))
		}
		time.Sleep(window)
		synctest.Wait()
		if got := told(); len(got) != 1 || got[0] != (line{"recording", "front", "19", 15}) {
			t.Errorf("at the end of the window: %+v", got)
		}
		for range 7 {
			front.Info("recording")
		}
		end()
		if got := told(); len(got) != 6 || got[5].Repeated != 2 {
			t.Errorf("at the end: %+v", got)
		}
		for range 7 {
			front.Info("recording")
		}
		if got := told(); len(got) != 7 {
			t.Errorf("behind the end: %+v", got)
		}
	})
}

// TestKindsAreBounded: what comes beyond is written.
func TestKindsAreBounded(t *testing.T) {
	var to strings.Builder
	quiet := NewRepeats(slog.NewTextHandler(&to, nil))
	defer quiet.Close()
	log := slog.New(quiet)
	for i := range mostKinds {
		log.Info("x", "address", i)
	}
	for range 2 * mostInWindow {
		log.Info("one too many")
	}
	if n := strings.Count(to.String(), "one too many"); n != 2*mostInWindow || len(quiet.kinds) != mostKinds {
		t.Errorf("%d of %d, %d kinds", n, 2*mostInWindow, len(quiet.kinds))
	}
}

// TestDebuggingHoldsNothingBack.
func TestDebuggingHoldsNothingBack(t *testing.T) {
	var to strings.Builder
	log, end := New(Options{To: &to, Format: Text, Level: slog.LevelDebug})
	defer end()
	for range 20 {
		log.Info("x")
	}
	if n := strings.Count(to.String(), "\n"); n != 20 {
		t.Errorf("%d lines", n)
	}
}
