package rendition

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// desk is a hub of cameras that need no encoder, and of renditions that hold a
// slot while they run. Those whose name begins with "all" are common ones.
type desk struct {
	*testing.T
	slots *Slots
	hub   *stream.Hub
}

// starting is how long an encoder of the desk takes for its first picture.
const starting = 150 * time.Millisecond

type slotted struct {
	desk *desk
	key  stream.Key
}

func (s slotted) Run(ctx context.Context, emit func(media.Frame)) error {
	j := &job{slots: s.desk.slots, stream: s.key, use: forSome}
	if strings.HasPrefix(s.key.Rendition, "all") {
		j.use = forAll
	}
	defer j.end()
	if err := j.take(ctx); err != nil {
		return err
	}
	time.Sleep(starting)
	emit(media.Frame{Key: true, Format: &media.Format{Codec: media.JPEG}, Data: []byte("picture")})
	<-ctx.Done()
	return ctx.Err()
}

// atDesk runs a test in virtual time.
func atDesk(t *testing.T, slots int, tell func(d *desk)) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{T: t, slots: NewSlots(slots, 100)}
		d.hub = stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) { return slotted{d, k}, nil }})
		defer d.hub.Close()
		tell(d)
	})
}

// ask has who asks wait for a picture of a camera in a rendition, for 5 s.
func (d *desk) ask(who stream.Client, camera, rendition string) (*stream.Reader, error) {
	d.Helper()
	r, err := d.hub.Open(stream.Key{Camera: camera, Rendition: rendition}, stream.ReadOptions{Client: &who})
	if err != nil {
		d.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(d.Context(), 5*time.Second)
	defer cancel()
	_, err = r.Next(ctx)
	return r, err
}

func (d *desk) gets(who stream.Client, camera, rendition string) *stream.Reader {
	d.Helper()
	r, err := d.ask(who, camera, rendition)
	if err != nil {
		d.Fatalf("%s of %s for %v: %v", rendition, camera, who, err)
	}
	return r
}

// refused finds that somebody gets no picture for a limit, and leaves.
func (d *desk) refused(who stream.Client, camera, rendition, limit string) {
	d.Helper()
	if err := d.slots.Refusal(stream.Key{Camera: camera, Rendition: rendition}, who); !errors.Is(err, stream.ErrFull) {
		d.Errorf("it is not foreseen: %v", err)
	}
	before := d.slots.Stats().Refused[limit]
	r, err := d.ask(who, camera, rendition)
	r.Close()
	if !errors.Is(err, stream.ErrFull) || !strings.Contains(err.Error(), "ask for one of those again") {
		d.Fatalf("%s of %s for %v: %v", rendition, camera, who, err)
	}
	if hits := d.slots.Stats().Refused[limit]; hits == before {
		d.Errorf("no hit of %s is counted", limit)
	}
}

var (
	ann = stream.Client{Principal: "user:ann", Address: "10.0.0.1"}
	bob = stream.Client{Principal: "user:bob", Address: "10.0.0.2"}
)

func TestOneViewerHasTwoEncodersOfItsOwn(t *testing.T) {
	atDesk(t, 32, func(d *desk) {
		d.gets(ann, "front", "w160")
		last := d.gets(ann, "gate", "w160")
		d.refused(ann, "yard", "w160", LimitEncodersPerPrincipal)
		if err := d.slots.Refusal(stream.Key{Camera: "yard", Rendition: "w160"}, ann); errors.Is(err, ErrCrowded) {
			d.Error("another node may make what a user has too much of")
		}
		elsewhere := ann
		elsewhere.Address = "10.0.0.9"
		d.refused(elsewhere, "yard", "w160", LimitEncodersPerPrincipal)
		for n := range 10 { // which is no size of their own
			d.gets(ann, fmt.Sprint("cam", n), "all")
		}
		d.gets(bob, "yard", "w160")
		d.gets(ann, "yard", "w160") // it is there already
		if err := d.slots.Refusal(stream.Key{Camera: "yard", Rendition: "w160"}, ann); err != nil {
			d.Error(err)
		}
		last.Close()
		d.gets(ann, "yard", "w240")
	})
}

func TestOneAddressHasFourEncodersOfItsOwn(t *testing.T) {
	atDesk(t, 32, func(d *desk) {
		for n := range 4 {
			d.gets(stream.Client{Address: "10.0.0.1", Principal: fmt.Sprint("link:", n)}, fmt.Sprint("cam", n), "w160")
		}
		d.refused(stream.Client{Address: "10.0.0.1"}, "front", "w160", LimitEncodersPerAddress)
		d.gets(stream.Client{Address: "10.0.0.2"}, "front", "w160")
	})
}

// by gives who asks as another node does for it.
func by(node string, who stream.Client) stream.Client {
	return stream.Client{Principal: "node:" + node, Address: "10.9.9.9", Node: true, For: who.Payer()}
}

// TestWhoAsksByNodesHasNoMore than who asks here.
func TestWhoAsksByNodesHasNoMore(t *testing.T) {
	atDesk(t, 32, func(d *desk) {
		d.gets(ann, "front", "w160")
		d.gets(by("b", ann), "gate", "w160")
		d.refused(by("c", ann), "yard", "w160", LimitEncodersPerPrincipal)
		d.refused(ann, "yard", "w160", LimitEncodersPerPrincipal)
		d.gets(by("b", bob), "yard", "w160")
		for n := range 3 {
			d.gets(by("c", stream.Client{Address: bob.Address, Principal: fmt.Sprint("link:", n)}), fmt.Sprint("cam", n), "w160")
		}
		d.refused(stream.Client{Address: bob.Address, Principal: "link:9"}, "cam9", "w160", LimitEncodersPerAddress)
		d.gets(by("b", stream.Client{}), "cam9", "w160") // an older node, which says nobody
	})
}

// TestNodeHasHalfOfTheEncoders for however many it says that it asks.
func TestNodeHasHalfOfTheEncoders(t *testing.T) {
	atDesk(t, 8, func(d *desk) {
		who := func(n int) stream.Client {
			return by("b", stream.Client{Address: fmt.Sprint("10.0.1.", n), Principal: fmt.Sprint("user:", n)})
		}
		for n := range 3 {
			d.gets(who(n), fmt.Sprint("cam", n), "w160")
		}
		d.refused(who(3), "cam3", "w160", LimitEncodersPerNode)
		if err := d.slots.Refusal(stream.Key{Camera: "cam3", Rendition: "w160"}, who(3)); !errors.Is(err, ErrCrowded) {
			t.Errorf("another node may not make it: %v", err)
		}
		d.gets(by("c", bob), "cam3", "w160")
		d.gets(ann, "cam4", "w160")
	})
}

// TestCameraHasHalfOfTheEncoders for what not all of its viewers ask for.
func TestCameraHasHalfOfTheEncoders(t *testing.T) {
	atDesk(t, 4, func(d *desk) {
		d.gets(ann, "front", "w160")
		d.gets(ann, "front", "w240")
		d.refused(bob, "front", "w320", LimitEncodersPerCamera)
		d.gets(bob, "front", "w240")
		d.gets(bob, "front", "all")
		d.gets(bob, "gate", "w160")
	})
}

// TestSlotIsKeptForWholeCameras whatever sizes are asked for, and they go first.
func TestSlotIsKeptForWholeCameras(t *testing.T) {
	atDesk(t, 4, func(d *desk) {
		first := d.gets(ann, "front", "w160")
		d.gets(ann, "front", "w240")
		d.gets(bob, "gate", "w160")
		if _, err := d.ask(bob, "yard", "w160"); !errors.Is(err, context.DeadlineExceeded) {
			d.Fatalf("a fourth: %v", err)
		}
		d.gets(bob, "gate", "all")
		late, err := d.ask(bob, "front", "all")
		if !errors.Is(err, context.DeadlineExceeded) {
			d.Fatalf("a fifth: %v", err)
		}
		first.Close()
		if _, err := late.Next(d.Context()); err != nil {
			d.Error(err)
		}
		if s := d.slots.Stats(); s.Running != 4 || s.Waiting != 1 || s.Queued != 2 {
			d.Errorf("%+v", s)
		}
	})
}

// TestEncoderThatNobodyReadsEndsWhenOthersWait, and otherwise runs on.
func TestEncoderThatNobodyReadsEndsWhenOthersWait(t *testing.T) {
	atDesk(t, 1, func(d *desk) {
		d.gets(ann, "front", "all").Close()
		began := time.Now()
		d.gets(ann, "front", "all").Close()
		if took := time.Since(began); took != 0 {
			d.Errorf("it was started anew, in %v", took)
		}
		gate := d.gets(ann, "gate", "all")
		if took := time.Since(began); took != starting {
			d.Errorf("the second waited for %v", took)
		}
		time.AfterFunc(time.Second, gate.Close) // meanwhile the third waits
		d.gets(ann, "yard", "all")
		if took := time.Since(began); took != time.Second+2*starting {
			d.Errorf("the third waited for %v", took)
		}
	})
}

// TestSnapshotsOfManyCamerasComeInTurn, also where each takes an encoder that
// one viewer may have two of.
func TestSnapshotsOfManyCamerasComeInTurn(t *testing.T) {
	for _, rendition := range []string{"all", "w160"} {
		atDesk(t, 4, func(d *desk) {
			for range 3 {
				began := time.Now()
				answers := make(chan error)
				for n := range 10 {
					go func() {
						r, err := d.ask(ann, fmt.Sprint("cam", n), rendition)
						r.Close()
						answers <- err
					}()
				}
				for range 10 {
					if err := <-answers; err != nil {
						d.Errorf("%s: %v", rendition, err)
					}
				}
				if took := time.Since(began); took > 6*starting {
					d.Errorf("%s: ten took %v", rendition, took)
				}
				time.Sleep(10 * time.Second)
			}
		})
	}
}
