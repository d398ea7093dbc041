package ptz

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/onvif"
	"framegate/gateway/onvif/onviftest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// camerasWith gives cameras of which one, front, is that of the test.
func camerasWith(t *testing.T, c *onviftest.Camera) *Cameras {
	t.Helper()
	c.Username, c.Password = "viewer", "pw"
	c.Start(t)
	all := New(Options{Unstopped: func(camera string, err error) { t.Errorf("%s is not stopped: %v", camera, err) }, Camera: func(id string) (onvif.Options, error) {
		if id != "front" {
			return onvif.Options{}, ErrNone
		}
		return onvif.Options{Address: c.URL, Username: c.Username, Password: c.Password}, nil
	}})
	t.Cleanup(all.Close)
	return all
}

// await waits until a camera was told just this.
func await(t *testing.T, c *onviftest.Camera, want ...string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !slices.Equal(c.Told(), want); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("told %q, want %q", c.Told(), want)
		}
	}
}

// TestMovementsEnd: who tells a camera to move and says no more has it stop, and so has
// the end of the server; a preset that it goes to is not ended.
func TestMovementsEnd(t *testing.T) {
	c := new(onviftest.Camera)
	all := camerasWith(t, c)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(all.Move(t.Context(), "front", onvif.Velocity{Pan: 1}, 0))
	await(t, c, "move 1 0 for PT1S", "stop")
	token, err := all.SetPreset(t.Context(), "front", "gate", "")
	must(err)
	must(all.Move(t.Context(), "front", onvif.Velocity{Zoom: 1}, time.Hour))
	must(all.GoTo(t.Context(), "front", token))
	must(all.Home(t.Context(), "front"))
	must(all.Move(t.Context(), "front", onvif.Velocity{Tilt: -1}, time.Hour))
	must(all.Move(t.Context(), "front", onvif.Velocity{}, time.Hour))
	must(all.RemovePreset(t.Context(), "front", token))
	presets, err := all.Presets(t.Context(), "front")
	must(err)
	if len(presets) != 1 {
		t.Errorf("presets %+v", presets)
	}
	must(all.Move(t.Context(), "front", onvif.Velocity{Tilt: -1}, time.Hour))
	all.Close()
	await(t, c, "move 1 0 for PT1S", "stop", "keep p1", "move zoom 1 for PT5S", "go to p1", "home", "move 0 -1 zoom 0 for PT5S", "stop", "forget p1", "move 0 -1 for PT5S", "stop")
	if err := all.Stop(t.Context(), "front"); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// TestNewestMovementWins: what waited while the camera was slow is not sent, but for the
// last.
func TestNewestMovementWins(t *testing.T) {
	came, held := make(chan struct{}), make(chan struct{})
	var once sync.Once
	c := &onviftest.Camera{Answer: func(question string) (int, string) {
		if question == "ContinuousMove" {
			once.Do(func() { close(came); <-held })
		}
		return 0, ""
	}}
	all := camerasWith(t, c)
	var asking sync.WaitGroup
	move := func(ctx context.Context, pan float64) {
		asking.Go(func() {
			if err := all.Move(ctx, "front", onvif.Velocity{Pan: pan}, time.Hour); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
	}
	move(t.Context(), 0.1)
	<-came
	h, err := all.head("front")
	if err != nil {
		t.Fatal(err)
	}
	var before <-chan struct{}
	for _, pan := range []float64{0.2, 0.3, 0.4} {
		h.mu.Lock()
		before = h.newer
		h.mu.Unlock()
		move(t.Context(), pan)
		<-before // until it waits
	}
	gone, leave := context.WithCancel(t.Context())
	h.mu.Lock()
	before = h.newer
	h.mu.Unlock()
	leave()
	move(gone, 0.5) // of somebody who is gone: it is the newest all the same
	<-before
	asked := make(chan error, maxWaiting+1)
	for range maxWaiting + 1 {
		go func() { // ends with the camera's answers
			_, err := all.Presets(t.Context(), "front")
			asked <- err
		}()
	}
	if err := <-asked; !errors.Is(err, ErrBusy) {
		t.Errorf("one list too many: %v", err)
	}
	close(held)
	asking.Wait()
	for range maxWaiting {
		if err := <-asked; err != nil {
			t.Error(err)
		}
	}
	if err := all.Stop(t.Context(), "front"); err != nil {
		t.Error(err)
	}
	await(t, c, "move 0.1 0 for PT5S", "stop")
}

// TestStopWaitsForFewLists: of the lists that a slow camera is to be asked for one waits for
// its turn, and so a stop goes before the others.
func TestStopWaitsForFewLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := New(Options{Camera: func(string) (onvif.Options, error) { return onvif.Options{}, nil }})
		h, err := all.head("front")
		if err != nil {
			t.Fatal(err)
		}
		h.ptz = new(onvif.PTZ) // which nobody asks anything
		var order []string     // of who has the turn
		does := func(what string) func(context.Context, *head) error {
			return func(context.Context, *head) error { order = append(order, what); return nil }
		}
		h.turn <- struct{}{}
		for range maxWaiting {
			go all.ask(t.Context(), "front", does("list"))
		}
		synctest.Wait()
		go all.steer(t.Context(), "front", does("stop"))
		synctest.Wait()
		<-h.turn
		synctest.Wait()
		if at := slices.Index(order, "stop"); at < 0 || at > 1 || len(order) != maxWaiting+1 {
			t.Errorf("the order is %q", order)
		}
		h.ptz = nil
		all.Close()
	})
}

// TestStopsAgain: a camera that does not take a stop is told again, also where it was
// taken away or moved meanwhile; one that wants another login once is asked anew.
func TestStopsAgain(t *testing.T) {
	var stops, moves atomic.Int32
	c := &onviftest.Camera{Answer: func(question string) (int, string) {
		switch {
		case question == "Stop" && stops.Add(1) == 1:
			return http.StatusServiceUnavailable, "busy"
		case question == "ContinuousMove" && moves.Add(1) == 2:
			return http.StatusUnauthorized, ""
		}
		return 0, ""
	}}
	all := camerasWith(t, c)
	for range 2 {
		if err := all.Move(t.Context(), "front", onvif.Velocity{Pan: 1}, MostTime); err != nil {
			t.Fatal(err)
		}
	}
	if err := all.Move(t.Context(), "front", onvif.Velocity{Pan: -1}, 0); err != nil {
		t.Fatal(err)
	}
	await(t, c, "move 1 0 for PT5S", "move 1 0 for PT5S", "move -1 0 for PT1S", "stop")
}

// TestCamerasThatDoNotStop are told of, in the end.
func TestCamerasThatDoNotStop(t *testing.T) {
	c := (&onviftest.Camera{Open: true, Answer: func(question string) (int, string) {
		if question == "Stop" {
			return http.StatusServiceUnavailable, "busy"
		}
		return 0, ""
	}}).Start(t)
	var told []string
	all := New(Options{
		Camera:    func(string) (onvif.Options, error) { return onvif.Options{Address: c.URL}, nil },
		Unstopped: func(camera string, err error) { told = append(told, camera+": "+err.Error()) },
	})
	if err := all.Move(t.Context(), "front", onvif.Velocity{Pan: 1}, MostTime); err != nil {
		t.Error(err)
	}
	all.Close()
	if len(told) != 1 || !strings.Contains(told[0], "front: ") || !strings.Contains(told[0], "503") {
		t.Errorf("told %q", told)
	}
}

// TestCamerasThatDoNotTurn: what is wrong is told.
func TestCamerasThatDoNotTurn(t *testing.T) {
	all := camerasWith(t, &onviftest.Camera{Fixed: true})
	if err := all.Stop(t.Context(), "front"); !errors.Is(err, onvif.ErrFixed) {
		t.Errorf("one that is fixed: %v", err)
	}
	if err := all.Home(t.Context(), "back"); !errors.Is(err, ErrNone) {
		t.Errorf("one that is none: %v", err)
	}
	locked := camerasWith(t, &onviftest.Camera{Answer: func(string) (int, string) { return http.StatusUnauthorized, "" }})
	if _, err := locked.SetPreset(t.Context(), "front", "x", ""); !errors.Is(err, onvif.ErrLogin) {
		t.Errorf("one with another login: %v", err)
	}
	refusing := camerasWith(t, new(onviftest.Camera))
	if err := refusing.GoTo(t.Context(), "front", "x"); !errors.Is(err, onvif.ErrRefused) || !strings.Contains(err.Error(), "no such preset") {
		t.Errorf("one that refuses: %v", err)
	}
}
