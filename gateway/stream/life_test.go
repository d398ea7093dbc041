package stream_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// seen is a source that waits, and gives the test its lives.
type seen chan stream.Life

func (s seen) Run(ctx context.Context, _ func(media.Frame)) error {
	s <- stream.LifeOf(ctx)
	<-ctx.Done()
	return ctx.Err()
}

func TestLifeKnowsForWhomItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := make(seen, 1)
		hub := hubOf(t, stream.Options{Limits: stream.Limits{Viewers: 2}}, map[string]stream.Source{"front": source})
		ann, bob := stream.Client{Principal: "ann"}, stream.Client{Principal: "bob"}
		first := open(t, hub, stream.ReadOptions{Client: &ann})
		life := <-source
		open(t, hub, stream.ReadOptions{Client: &bob})
		open(t, hub, stream.ReadOptions{}) // for nobody
		open(t, hub, stream.ReadOptions{Client: &ann, Besides: first})
		ann.Form = "changed since"
		first.Close()
		if got := life.Clients(); !slices.Equal(got, []stream.Client{bob, {Principal: "ann"}}) {
			t.Errorf("it is for %v", got)
		}
		if n := hub.Viewers("front"); n != 1 {
			t.Errorf("%d viewers: who has another reader counts by that", n)
		}
		if got := (stream.Life{}).Clients(); got != nil {
			t.Errorf("none is for %v", got)
		}
	})
}

// TestSoundTroubleIsOfOneRun, and what a run says behind its end of none.
func TestSoundTroubleIsOfOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := make(seen, 1)
		hub := hubOf(t, stream.Options{}, map[string]stream.Source{"front": source})
		trouble := errors.New("of a kind that is not taken")
		for range 2 {
			r := open(t, hub, stream.ReadOptions{})
			life := <-source
			if s := hub.Sounds(front); s.Trouble != nil {
				t.Errorf("before it is said: %v", s.Trouble)
			}
			life.SoundTrouble(trouble)
			if s := hub.Sounds(front); s.Trouble != trouble {
				t.Errorf("of the run: %v", s.Trouble)
			}
			r.Close()
			time.Sleep(time.Minute)
			synctest.Wait()
			life.SoundTrouble(trouble)
			if s := hub.Sounds(front); s.Trouble != nil {
				t.Errorf("behind its end: %v", s.Trouble)
			}
		}
		stream.Life{}.SoundTrouble(trouble) // which is of nobody
	})
}

func TestLifeThatYieldsHasNoLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := make(seen, 1)
		hub := hubOf(t, stream.Options{}, map[string]stream.Source{"front": source})
		read := func() (*stream.Reader, stream.Life) {
			r := open(t, hub, stream.ReadOptions{})
			return r, <-source
		}
		yields := func(before bool) {
			r, life := read()
			if before {
				life.Yield()
			}
			expectState(t, r, stream.Connecting)
			r.Close()
			if !before {
				life.Yield()
			}
			expectState(t, r, stream.Idle)

			r, _ = read() // whose life does not yield
			r.Close()
			time.Sleep(9 * time.Second)
			expectState(t, r, stream.Connecting)
			time.Sleep(time.Second)
			expectState(t, r, stream.Idle)
		}
		yields(true)
		yields(false)
	})
}

func TestRenditionLingersShortly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := make(seen, 1)
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return source, nil }})
		defer hub.Close()
		const once, longer = true, false
		for _, row := range []struct {
			rendition string
			readers   []bool
			linger    time.Duration
		}{
			{"", []bool{longer}, 10 * time.Second},
			{"", []bool{once}, 10 * time.Second},
			{"small", []bool{longer}, 2 * time.Second},
			{"small", []bool{once}, 300 * time.Millisecond},
			{"small", []bool{once, once}, 300 * time.Millisecond},
			{"small", []bool{once, longer}, 2 * time.Second},
			{"small", []bool{longer, once}, 2 * time.Second},
			{"small", []bool{once}, 300 * time.Millisecond}, // whoever read before
		} {
			var readers []*stream.Reader
			for _, once := range row.readers {
				r, err := hub.Open(stream.Key{Camera: "front", Rendition: row.rendition}, stream.ReadOptions{Once: once})
				if err != nil {
					t.Fatal(err)
				}
				readers = append(readers, r)
			}
			<-source
			for _, r := range readers {
				r.Close()
			}
			time.Sleep(row.linger - time.Nanosecond)
			expectRunning := func(want int) {
				t.Helper()
				synctest.Wait()
				running := 0
				for _, s := range hub.Stats() {
					if s.State == stream.Connecting {
						running++
					}
				}
				if running != want {
					t.Errorf("%+v: %d run", row, running)
				}
			}
			expectRunning(1)
			time.Sleep(time.Nanosecond)
			expectRunning(0)
		}
	})
}
