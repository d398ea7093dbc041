package app

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
)

// guide is a Chromium that is led through the app, one view after another:
// browsertest/app.mjs.
type guide struct {
	stdin io.Writer
	said  *bufio.Scanner // a line each
}

// startGuide starts a browser.
func startGuide(t *testing.T) *guide {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	browser := rig.Node(ctx, "app.mjs")
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
	g := &guide{stdin: stdin, said: bufio.NewScanner(stdout)}
	t.Cleanup(func() {
		stdin.Close() // which it ends with
		defer time.AfterFunc(rig.Ceiling, cancel).Stop()
		for g.said.Scan() {
		}
		if err := browser.Wait(); err != nil || words.String() != "" {
			t.Error("the browser ends:", err, words)
		}
		cancel()
	})
	return g
}

// lead has the browser go through all journeys of a view of a gateway, where
// everybody has the same password, and does what they ask for.
func (g *guide) lead(t *testing.T, view string, of *rig.Guarded, password string, deeds map[string]func()) {
	t.Helper()
	told, err := json.Marshal(map[string]string{"origin": of.URL, "password": password, "admin": of.Admin.Name})
	if err != nil {
		t.Fatal(err)
	}
	g.write(t, view+" "+string(told))
	for g.said.Scan() {
		switch word, rest, _ := strings.Cut(g.said.Text(), " "); word {
		case "went": // well, and how long it took
			t.Log(rest)
		case "failed":
			var wrong string
			if err := json.Unmarshal([]byte(rest), &wrong); err != nil {
				wrong = rest
			}
			t.Error(wrong)
		case "do":
			deed, ok := deeds[rest]
			if !ok {
				t.Errorf("a journey asks to %q", rest)
			} else {
				deed()
			}
			g.write(t, "done")
		case "arrived":
			return
		default:
			t.Errorf("the browser says %q", g.said.Text())
		}
	}
	t.Fatal("the browser ended on its way")
}

func (g *guide) write(t *testing.T, line string) {
	if _, err := io.WriteString(g.stdin, line+"\n"); err != nil {
		t.Fatal(err)
	}
}
