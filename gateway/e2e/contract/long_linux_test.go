package contract

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

const (
	longRate    = 300 // pictures a second, ten times the usual
	longViewers = 50
	// longTime is for how long at least: as many pictures as a camera has in 7 minutes.
	longTime = 40 * time.Second
	// longLooks is how often it is looked at in the first and last third.
	longLooks = 4
)

// footprint is what the process and the pages use at one moment.
type footprint struct {
	heap, goroutines, descriptors int
	pages                         []pageUsage
}

// pageUsage is what long.mjs says of a page.
type pageUsage struct {
	Heap, Shown int
	Mode, State string
}

// TestLongRunAtHighRate: what the gateway and a browser use does not grow,
// however many pictures they show.
func TestLongRunAtHighRate(t *testing.T) {
	rig.NeedBrowser(t)
	rig.Need(t, "ffmpeg")
	span := camtest.Long(longTime, 20*time.Minute)
	films, jpegs := newFilmCameraOf(t, 500, false), newJPEGCameraOf(t, 0)
	jpegs.draw = drawnBefore()
	s := rig.Start(t, fmt.Sprintf("cameras: {front: {source: '%s'}, phone: {source: '%s'}}", films.source(), jpegs.source()))
	var came atomic.Int64
	for n := range longViewers {
		collect(t, s, [...]string{"front?codec=h264", "phone?codec=jpeg"}[n%2], &came)
	}
	look := openPages(t, s, span+2*rig.Ceiling, "camera=phone&mode=jpeg", "camera=front&mode=mse") // the last is in front
	films.awaitConnection()
	jpegs.awaitConnection()
	play(t, films, time.Second/longRate)
	play(t, jpegs, time.Second/longRate)
	for began := time.Now(); !allShow(look()); time.Sleep(100 * time.Millisecond) {
		if time.Since(began) > rig.Ceiling {
			t.Fatalf("the pages show nothing: %+v", look())
		}
	}
	time.Sleep(span / 6) // until all that is kept once is there
	began, cameBefore := time.Now(), came.Load()
	first := leastUsage(span/4, look)
	time.Sleep(span / 3)
	last := leastUsage(span/4, look)
	t.Logf("at first %+v", first)
	t.Logf("at last %+v", last)
	t.Logf("%.0f pictures a second to each viewer", float64(came.Load()-cameBefore)/longViewers/time.Since(began).Seconds())
	expectFlat(t, first, last)
}

// drawnBefore draws numbered pictures once, since drawing them takes long.
func drawnBefore() func(int) []byte {
	var drawn [500][]byte
	for n := range drawn {
		drawn[n] = rig.Picture(n)
	}
	return func(n int) []byte { return drawn[n%len(drawn)] }
}

// collect has a WebSocket viewer read until the test ends.
func collect(t *testing.T, s *rig.Server, stream string, came *atomic.Int64) {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"framegate.v1"}}
	socket, _, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/live/"+stream, nil)
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		for buffer := make([]byte, 4096); ; {
			kind, message, err := socket.NextReader()
			if err != nil {
				return
			}
			for err == nil {
				_, err = message.Read(buffer)
			}
			if kind == websocket.BinaryMessage {
				came.Add(1)
			}
		}
	})
	t.Cleanup(func() {
		socket.Close()
		reading.Wait()
	})
}

// openPages has Chromium show pages of the player, and gives what says how they
// do. They are open for so long at most.
func openPages(t *testing.T, s *rig.Server, span time.Duration, queries ...string) func() footprint {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	browser := rig.Node(ctx, "long.mjs", append([]string{s.URL}, queries...)...)
	browser.Env = append(os.Environ(), fmt.Sprint("STORY_CEILING=", span.Milliseconds()))
	said := &rig.Buffer{}
	browser.Stderr = said
	browser.WaitDelay = 5 * time.Second
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
	t.Cleanup(func() {
		stdin.Close()
		late := time.AfterFunc(rig.Ceiling, cancel)
		defer late.Stop()
		defer cancel()
		if err := browser.Wait(); err != nil {
			t.Errorf("%v: %s", err, said)
		}
	})
	lines := bufio.NewScanner(stdout)
	return func() (now footprint) {
		io.WriteString(stdin, "look\n")
		if !lines.Scan() {
			t.Fatalf("the browser is gone: %s", said)
		}
		if err := json.Unmarshal(lines.Bytes(), &now.pages); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		descriptors, _ := os.ReadDir("/proc/self/fd")
		now.heap, now.goroutines, now.descriptors = int(m.HeapAlloc), runtime.NumGoroutine(), len(descriptors)
		return now
	}
}

func allShow(now footprint) bool {
	for _, p := range now.pages {
		if p.Shown == 0 || p.State != "live" {
			return false
		}
	}
	return true
}

// leastUsage looks a few times within span, and gives the least of all that is
// used: what is on its way at one moment is gone at another.
func leastUsage(span time.Duration, look func() footprint) footprint {
	least := look()
	for range longLooks - 1 {
		time.Sleep(span / (longLooks - 1))
		now := look()
		least.heap = min(least.heap, now.heap)
		least.goroutines = min(least.goroutines, now.goroutines)
		least.descriptors = min(least.descriptors, now.descriptors)
		for i, p := range now.pages {
			p.Heap = min(p.Heap, least.pages[i].Heap)
			least.pages[i] = p
		}
	}
	return least
}

// expectFlat expects as much to be used at last as at first, but for what the
// runtimes and the connections of one moment take. A picture that is kept
// would be some kilobytes, and there are thousands.
func expectFlat(t *testing.T, first, last footprint) {
	t.Helper()
	if grown := last.heap - first.heap; grown > 2<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if last.goroutines > first.goroutines+3 || last.descriptors > first.descriptors+3 {
		t.Errorf("goroutines %d and descriptors %d at first, %d and %d at last", first.goroutines, first.descriptors, last.goroutines, last.descriptors)
	}
	for i, p := range last.pages {
		before := first.pages[i]
		if grown := p.Heap - before.Heap; grown > 1<<20 {
			t.Errorf("the heap of page %d grew by %d bytes", i, grown)
		}
		if p.Shown <= before.Shown || p.State != "live" || p.Mode != before.Mode {
			t.Errorf("page %d was %+v, and is %+v", i, before, p)
		}
	}
}
