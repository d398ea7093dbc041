package publish_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/media"
	"framegate/gateway/publish"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sender is a source that sends nothing until it is ended, and may be shared.
type sender struct {
	cause chan error // of its end
	quiet bool
	ended chan error // what Ended was told
}

func newSender(quiet bool) *sender {
	return &sender{cause: make(chan error, 1), quiet: quiet, ended: make(chan error, 1)}
}

func (s *sender) Run(ctx context.Context, _ func(media.Frame)) error {
	<-ctx.Done()
	s.cause <- context.Cause(ctx)
	return nil
}

func (s *sender) QuietSince(time.Time) bool { return s.quiet }
func (s *sender) Ended(err error)           { s.ended <- err }

// rig is Publishers of the camera phone, beside front, which is pulled. It is to
// be used within a bubble of synctest.
func rig(t *testing.T, limited func(limit string)) *publish.Publishers {
	hub := stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
		switch k.Camera {
		case "phone":
			return nil, nil
		case "front":
			return newSender(false), nil
		}
		return nil, stream.ErrUnknown
	}})
	p := publish.New(hub, publish.Options{Limited: limited})
	t.Cleanup(func() { p.Close(); hub.Close() })
	return p
}

// connect has somebody publish by a connection, or by requests that are shared.
func connect(p *publish.Publishers, who publish.Publisher, s *sender, shared bool) (result chan error) {
	result = make(chan error, 1)
	who.Camera = "phone"
	go func() {
		if shared {
			_, _, err := p.Share(context.Background(), who, s)
			result <- err
			return
		}
		result <- p.Run(context.Background(), who, s)
	}()
	synctest.Wait()
	return result
}

var (
	ann      = publish.Publisher{Name: "ann's phone", Address: "192.0.2.1", Principal: "user:ann"}
	nameless = publish.Publisher{Address: "192.0.2.1", Principal: "user:ann"}
	away     = publish.Publisher{Address: "192.0.2.7", Principal: "user:ann"}
	bob      = publish.Publisher{Address: "192.0.2.2", Principal: "user:bob"}
	nobody   = publish.Publisher{Address: "192.0.2.3"}
)

// TestWhoTakesOver has somebody publish and then another come.
func TestWhoTakesOver(t *testing.T) {
	const connection, shared, quiet = "connection", "shared", "quiet"
	for _, row := range []struct {
		name            string
		first           publish.Publisher
		has             string
		second          publish.Publisher
		comes           string
		takes, together bool
	}{
		{"the same name", ann, connection, ann, connection, true, false},
		{"the same name, by requests", ann, connection, ann, shared, true, false},
		{"the same address", nameless, connection, nameless, connection, false, false},
		{"the same principal", nameless, connection, away, connection, false, false},
		{"another", nameless, connection, bob, connection, false, false},
		{"another request of its owner", nameless, shared, nameless, shared, false, true},
		{"a connection of its owner", nameless, shared, nameless, connection, true, false},
		{"a connection of its principal", nameless, shared, away, connection, true, false},
		{"a request of its principal", nameless, shared, away, shared, false, false},
		{"nobody knows whom", nobody, shared, publish.Publisher{Address: "192.0.2.4"}, connection, false, false},
		{"another while requests come", nameless, shared, bob, connection, false, false},
		{"another once they are quiet", nameless, quiet, bob, shared, true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var limits []string
				p := rig(t, func(limit string) { limits = append(limits, limit) })
				earlier, later := newSender(row.has == quiet), newSender(false)
				connect(p, row.first, earlier, row.has != connection)
				result := connect(p, row.second, later, row.comes == shared)
				var err error
				select {
				case err = <-result:
				default: // it publishes
				}
				refused := !row.takes && !row.together
				if refused != errors.Is(err, stream.ErrBusy) || !refused && err != nil {
					t.Errorf("it gets %v", err)
				}
				if told := slices.Equal(limits, []string{publish.LimitPerCamera}); told != refused {
					t.Errorf("limits %q are told", limits)
				}
				all := p.All()
				if len(all) != 1 || (all[0].Address == row.second.Address) != (row.takes || row.second.Address == row.first.Address) {
					t.Errorf("there are %v", all)
				}
				if ended := len(earlier.cause) == 1; ended != row.takes {
					t.Errorf("the earlier ended: %v", ended)
				}
				if row.takes && !errors.Is(<-earlier.cause, publish.ErrTakenOver) {
					t.Error("it is not told why")
				}
				if row.has != connection && row.takes && <-earlier.ended != nil {
					t.Error("its end has an error")
				}
				p.Close()
				if row.takes && !errors.Is(<-later.cause, stream.ErrClosed) {
					t.Error("the later is not told of the end of all")
				}
			})
		})
	}
}

// TestErrorsOfTheHub reach whoever publishes, and leave nothing behind.
func TestErrorsOfTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := rig(t, nil)
		for camera, want := range map[string]error{"front": stream.ErrPulled, "other": stream.ErrUnknown} {
			who := bob
			who.Camera = camera
			if err := p.Run(t.Context(), who, newSender(false)); !errors.Is(err, want) {
				t.Errorf("%s: %v", camera, err)
			}
			s := newSender(false)
			_, gone, err := p.Share(t.Context(), who, s)
			if err != nil {
				t.Fatal(err)
			}
			<-gone
			if err := <-s.ended; !errors.Is(err, want) {
				t.Errorf("%s, shared: %v", camera, err)
			}
		}
		if all := p.All(); len(all) != 0 {
			t.Errorf("%v are left", all)
		}
		p.Close()
		who := bob
		who.Camera = "phone"
		if err := p.Run(t.Context(), who, newSender(false)); !errors.Is(err, stream.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
		if _, _, err := p.Share(t.Context(), who, newSender(false)); !errors.Is(err, stream.ErrClosed) {
			t.Errorf("shared, after the end: %v", err)
		}
	})
}

// TestSharedOutlivesWhoStartedIt, and a connection does not.
func TestSharedOutlivesWhoStartedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := rig(t, nil)
		who := bob
		who.Camera = "phone"
		ctx, leave := context.WithCancel(t.Context())
		if _, _, err := p.Share(ctx, who, newSender(true)); err != nil {
			t.Fatal(err)
		}
		leave()
		synctest.Wait()
		if len(p.All()) != 1 {
			t.Error("what is shared ended with its first request")
		}
		ctx, leave = context.WithCancel(t.Context())
		who = ann
		who.Camera = "phone"
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx, who, newSender(false)) }()
		synctest.Wait()
		if all := p.All(); len(all) != 1 || all[0].Name != ann.Name || all[0].Since.IsZero() {
			t.Errorf("there are %v", all)
		}
		leave()
		if err := <-done; err != nil || len(p.All()) != 0 {
			t.Errorf("%v, and %v", err, p.All())
		}
	})
}

// camera is a source that gives a picture and sound each second for as long as it is
// bright, and after that only sound.
type camera struct{ bright time.Duration }

func (c camera) Run(ctx context.Context, emit func(media.Frame)) error {
	picture, sound := &media.Format{Codec: media.JPEG}, &media.Format{Codec: media.Opus}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for began := time.Now(); ctx.Err() == nil; {
		if time.Since(began) <= c.bright {
			emit(media.Frame{Format: picture, Key: true, Data: []byte{0xFF}})
		}
		emit(media.Frame{Format: sound, Key: true, Data: []byte{0xFC}})
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	return context.Cause(ctx)
}

// TestConnectionWithoutPicturesEnds, whatever else comes of it, and another has the
// camera.
func TestConnectionWithoutPicturesEnds(t *testing.T) {
	for _, bright := range []time.Duration{-1, 5 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			limits := make(chan string, 10)
			hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return nil, nil }})
			defer hub.Close()
			p := publish.New(hub, publish.Options{Limited: func(limit string) { limits <- limit }})
			defer p.Close()
			who, began := ann, time.Now()
			who.Camera = "phone"
			if err := p.Run(t.Context(), who, camera{bright}); !errors.Is(err, stream.ErrNoPicture) {
				t.Errorf("it ends with %v", err)
			}
			if dark := time.Since(began) - max(bright, 0); dark != time.Minute {
				t.Errorf("it ends after %v without a picture", dark)
			}
			if len(limits) != 1 || <-limits != publish.LimitSilence {
				t.Error("the limit is not told once")
			}
			connect(p, bob, newSender(false), false)
			if all := p.All(); len(all) != 1 || all[0].Address != bob.Address {
				t.Errorf("%v have the camera then", all)
			}
		})
	}
}

// TestComingAndGoingIsTold: whoever is told of a change sees it.
func TestComingAndGoingIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return nil, nil }})
		defer hub.Close()
		changes := make(chan struct{}, 10)
		p := publish.New(hub, publish.Options{Changed: func() { changes <- struct{}{} }})
		defer p.Close()
		expect := func(what, want string) {
			t.Helper()
			synctest.Wait()
			var name string
			for _, who := range p.All() {
				name += who.Address
			}
			if name != want || len(changes) == 0 {
				t.Errorf("%s: %q is there, told %d times", what, name, len(changes))
			}
			for len(changes) > 0 {
				<-changes
			}
		}
		phone := newSender(false)
		result := connect(p, ann, phone, false)
		expect("one comes", ann.Address)
		again := ann
		again.Address = "192.0.2.9"
		connect(p, again, newSender(false), false)
		expect("it comes again", again.Address)
		<-result
		connect(p, bob, newSender(false), false)
		if len(changes) != 0 {
			t.Error("told of one who is refused")
		}
		p.Close()
		expect("the end", "")
	})
}
