package server

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/stream"
)

// TestReloadsCostOtherCamerasNothing: over a hundred reloads that change,
// remove and add cameras around it, a camera loses no picture and stays
// connected, and nothing is left behind.
func TestReloadsCostOtherCamerasNothing(t *testing.T) {
	steady, one, two := countingCamera(t, 0), countingCamera(t, 10_000), countingCamera(t, 20_000)
	text := func(i int) string {
		moved, keep, guest := []*camtest.HTTPCamera{one, two}[i%2], []string{"always", "on_demand"}[i/2%2], ""
		if i%3 == 0 {
			guest = fmt.Sprintf("  guest: {source: %q, keep: always}\n", two.URL("/guest"))
		}
		return fmt.Sprintf("cameras:\n  steady: {name: Number %d, source: %q}\n  moved: {source: %q, keep: always}\n  pattern: {source: 'test:?width=64&height=64&fps=5', keep: %s}\n%s",
			i, steady.URL("/"), moved.URL("/"), keep, guest)
	}
	s, reload := wired(t, text(0))
	reader, err := s.hub.Open(stream.Key{Camera: "steady"}, stream.ReadOptions{Sequential: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*ceiling)
	defer cancel()
	var seq uint64
	var number int
	next := func() {
		t.Helper()
		f, err := reader.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n, err := camtest.ReadJPEGNumber(f.Data)
		if err != nil || number > 0 && (n != number+1 || f.Seq != seq+1) {
			t.Fatalf("picture %d, sequence number %d, after %d, %d: %v", n, f.Seq, number, seq, err)
		}
		seq, number = f.Seq, n
	}
	showsMoved := func(from int) {
		t.Helper()
		r, err := s.hub.Open(stream.Key{Camera: "moved"}, stream.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for {
			f, err := r.Next(ctx)
			if failed := (*stream.SourceError)(nil); errors.As(err, &failed) {
				continue // of the source before
			}
			if err != nil {
				t.Fatal(err)
			}
			if n, err := camtest.ReadJPEGNumber(f.Data); err == nil && n/10_000*10_000 == from {
				return
			}
		}
	}

	const round = 12 // after which text is the same again but for a name
	for i := range round + 1 {
		reload(text(i))
		next()
	}
	showsMoved(10_000)
	await(t, "the pattern runs", func() bool { return s.hub.State(stream.Key{Camera: "pattern"}) == stream.Online })
	runtime.GC()
	before, memory := held(t), heap()
	for i := round; i <= 9*round; i++ {
		reload(text(i))
		next()
		if i%20 == 0 {
			showsMoved(10_000 + 10_000*(i%2))
		}
	}
	await(t, "what the reloads took is given back", func() bool { next(); return held(t).within(before) })
	runtime.GC()
	if grown := int64(heap()) - int64(memory); grown > 16<<20 {
		t.Errorf("the heap grew by %d kB", grown>>10)
	}
	if n := steady.Connections(); n != 1 {
		t.Errorf("the camera that never changed was connected %d times", n)
	}
	if c, _ := s.cameras.Find("steady"); c.Name != fmt.Sprintf("Number %d", 9*round) {
		t.Errorf("its name did not change: %q", c.Name)
	}
}

// TestWhatIsRefusedIsNotKnown: a file without a mistake that names what is not there is not
// what later changes of the app are put on top of.
func TestWhatIsRefusedIsNotKnown(t *testing.T) {
	const first = "cameras: {front: {source: 'upload:'}}\n"
	s, _ := wired(t, first)
	rewrite(t, s.Reload.File, "notify: {mqtt: {url: 'mqtts://192.0.2.1', ca: /nowhere/ca.pem}}\n"+first)
	s.reload()
	if refused := s.refused.Load(); refused == nil || !strings.Contains(refused.err.Error(), "/nowhere/ca.pem") {
		t.Fatalf("refused: %+v", refused)
	}
	if string(s.Reload.Known) != first {
		t.Errorf("known is %q", s.Reload.Known)
	}
}

func TestKeptCameraIsConnectedWithoutViewers(t *testing.T) {
	camera := countingCamera(t, 0)
	text := func(keep string) string {
		return fmt.Sprintf("cameras: {gate: {source: %q, keep: %s}}", camera.URL("/"), keep)
	}
	s, reload := wired(t, text("on_demand"))
	if s.hub.State(stream.Key{Camera: "gate"}) != stream.Idle {
		t.Error("it is connected though nobody watches")
	}
	for range 3 {
		reload(text("always"))
		await(t, "the camera is connected", func() bool { return s.hub.State(stream.Key{Camera: "gate"}) == stream.Online })
		reload(text("on_demand"))
		if n := readersOf(s, "gate"); n != 0 {
			t.Errorf("%d readers, though nobody watches", n)
		}
	}
}

func readersOf(s *server, camera string) int {
	for _, of := range s.hub.Stats() {
		if of.Key == (stream.Key{Camera: camera}) {
			return of.Readers
		}
	}
	return 0
}
