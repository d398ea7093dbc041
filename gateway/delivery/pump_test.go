package delivery

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon is what anything that a test waits for may take.
const soon = 30 * time.Second

var front = stream.Key{Camera: "front"}

// rig is a crowd before a camera under the test's thumb.
type rig struct {
	t      *testing.T
	hub    *stream.Hub
	crowd  *Crowd
	frames chan media.Frame
	taken  chan struct{}
}

func newRig(t *testing.T) *rig {
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return nil, nil }})
	r := &rig{t: t, hub: hub, frames: make(chan media.Frame), taken: make(chan struct{})}
	r.crowd = NewCrowd(Options{Hub: hub}, time.Minute)
	ended := make(chan struct{})
	go func() { // ends with the hub
		defer close(ended)
		_ = hub.Attach(context.Background(), front, r)
	}()
	t.Cleanup(func() { r.crowd.Close(time.Second); hub.Close(); <-ended })
	return r
}

// Run is the camera.
func (r *rig) Run(ctx context.Context, emit func(media.Frame)) error {
	for {
		select {
		case f := <-r.frames:
			emit(f)
			r.taken <- struct{}{}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var format = &media.Format{Codec: media.JPEG, Width: 1, Height: 1}

// give emits a picture.
func (r *rig) give(data string) {
	r.frames <- media.Frame{Key: true, Format: format, Data: []byte(data)}
	<-r.taken
}

// guest is a viewer whose messages are the frames' data.
type guest struct {
	seat     *Seat
	far      net.Conn // its client's end
	returned chan error
	rides    atomic.Int64 // times it came back from Ride
	refuse   atomic.Bool  // it wants no frame from the pump
	panics   atomic.Bool
}

func (g *guest) Message(f *media.Frame) (Message, bool) {
	if g.panics.Load() {
		panic("a broken viewer")
	}
	return Message{Body: f.Data}, !g.refuse.Load()
}

// enter adds a guest, who writes what comes until its reader ends.
func (r *rig) enter(interrupted func(*guest)) *guest {
	r.t.Helper()
	near, far := tcpPair(r.t)
	reader, err := r.hub.Open(front, stream.ReadOptions{Idle: time.Minute, Client: &stream.Client{Form: "guests"}})
	if err != nil {
		r.t.Fatal(err)
	}
	g := &guest{far: far, returned: make(chan error, 1)}
	g.seat = r.crowd.Enter(g, NewConn(near), front, reader)
	if g.seat == nil {
		r.t.Fatal("the crowd is closed")
	}
	go func() { // ends with the crowd
		g.returned <- g.watch(interrupted)
		g.seat.Leave()
	}()
	return g
}

func (g *guest) watch(interrupted func(*guest)) error {
	for {
		f, err := g.seat.Next(context.Background())
		if errors.Is(err, stream.ErrInterrupted) {
			interrupted(g)
			continue
		}
		if err != nil {
			return err
		}
		if err := g.seat.Write(Message{Body: f.Data}); err != nil {
			return err
		}
		if err := g.seat.Ride(); err != nil {
			return err
		}
		g.rides.Add(1)
	}
}

// expect reads exactly want.
func (g *guest) expect(t *testing.T, want string) {
	t.Helper()
	_ = g.far.SetReadDeadline(time.Now().Add(soon))
	b := make([]byte, len(want))
	if n, err := io.ReadFull(g.far, b); err != nil || string(b) != want {
		t.Fatalf("%d bytes, %.20q, %v; want %d, %.20q", n, b[:n], err, len(want), want)
	}
}

// awaitRider waits until the pump has n viewers.
func (r *rig) awaitRiders(n int) {
	r.t.Helper()
	for end := time.Now().Add(soon); r.riders() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("%d ride, want %d", r.riders(), n)
		}
	}
}

func (r *rig) riders() (n int) {
	r.crowd.mu.Lock()
	defer r.crowd.mu.Unlock()
	for s := range r.crowd.seats {
		if s.pump != nil {
			n++
		}
	}
	return n
}

func tcpPair(tb testing.TB) (near, far net.Conn) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		tb.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

// TestPumpLivesWhileItHasViewers also has the last viewer leave without a
// word.
func TestPumpLivesWhileItHasViewers(t *testing.T) {
	r := newRig(t)
	g := r.enter(nil)
	r.give("a")
	r.awaitRiders(1)
	r.give("b")
	g.expect(t, "ab")
	for end := time.Now().Add(soon); ; time.Sleep(time.Millisecond) { // until the pump has counted, too
		given := uint64(0)
		f := r.hub.Forms()[0]
		for _, n := range f.Delays {
			given += n
		}
		if f.Form == "guests" && f.Viewers == 1 && f.Frames == 2 && given == 2 && f.Delay > 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the form has %+v", f)
		}
	}
	g.far.Close()
	for end := time.Now().Add(soon); r.pumps() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the pump lives on")
		}
		r.give("c")
	}
	again := r.enter(nil)
	r.give("d")
	for b := make([]byte, 1); b[0] != 'd'; { // it may have got a "c" first
		if _, err := again.far.Read(b); err != nil {
			t.Fatal(err)
		}
	}
}

func (r *rig) pumps() int {
	r.crowd.mu.Lock()
	defer r.crowd.mu.Unlock()
	return len(r.crowd.pumps)
}

func TestPanicEndsOneViewer(t *testing.T) {
	r := newRig(t)
	broken, sound := r.enter(nil), r.enter(nil)
	r.give("a")
	r.awaitRiders(2)
	broken.panics.Store(true)
	r.give("b")
	if err := <-broken.returned; err == nil || !strings.Contains(err.Error(), "internal error") || !broken.seat.Gone() {
		t.Errorf("ended with %v, gone %v", err, broken.seat.Gone())
	}
	r.give("c")
	sound.expect(t, "abc")
}

// TestViewerBehindThePumpDoesNotBoard: it would wait for the next frame while
// there is one that it lacks.
func TestViewerBehindThePumpDoesNotBoard(t *testing.T) {
	r := newRig(t)
	reader, err := r.hub.Open(front, stream.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	r.crowd.pumps[reader.Stream()] = &pump{seq: 5}
	defer delete(r.crowd.pumps, reader.Stream())
	s := &Seat{crowd: r.crowd, key: front, reader: reader}
	for seq, want := range map[uint64]bool{4: false, 5: true, 6: true} {
		s.seq = seq
		if got, err := r.crowd.board(s); got != want || err != nil {
			t.Errorf("after frame %d: boards %v, %v", seq, got, err)
		}
	}
	s.recalled = true
	if got, err := r.crowd.board(s); got || err != nil {
		t.Errorf("recalled: boards %v, %v", got, err)
	}
}

// TestRecall has a viewer called away from the pump while no frame comes, and
// sees that it gets all frames none the less, from its own reader and then from
// the pump again.
func TestRecall(t *testing.T) {
	r := newRig(t)
	called := make(chan struct{})
	g := r.enter(func(g *guest) {
		if err := g.seat.Write(Message{Head: []byte("!")}); err != nil {
			t.Error(err)
		}
		close(called)
	})
	other := r.enter(nil)
	r.give("a")
	r.awaitRiders(2)
	g.seat.Recall()
	<-called
	r.awaitRiders(1)
	r.give("b")
	g.expect(t, "a!b")
	other.expect(t, "ab") // before there is a newer one to skip to
	r.awaitRiders(2)
	r.give("c")
	g.expect(t, "c")
	other.expect(t, "c")
	if n := other.rides.Load(); n != 0 {
		t.Errorf("the other came back %d times", n)
	}
}

// TestRecallReachesTheWaiting has a viewer called that does not ride.
func TestRecallReachesTheWaiting(t *testing.T) {
	r := newRig(t)
	called := make(chan struct{}, 1)
	g := r.enter(func(*guest) { called <- struct{}{} })
	g.seat.Recall()
	<-called
	r.give("a")
	g.expect(t, "a")
}

// TestRefusedFrameIsTheViewers: a frame that the viewer does not take from the
// pump comes to it by its own reader.
func TestRefusedFrameIsTheViewers(t *testing.T) {
	r := newRig(t)
	g := r.enter(nil)
	r.give("a")
	r.awaitRiders(1)
	g.refuse.Store(true)
	r.give("b")
	g.expect(t, "ab")
	if g.rides.Load() == 0 {
		t.Error("the pump wrote it")
	}
}

// TestDropsAreCountedOnce has the pump write two frames and then looks at what
// the viewer's reader believes.
func TestDropsAreCountedOnce(t *testing.T) {
	r := newRig(t)
	g := r.enter(func(*guest) {})
	r.give("a")
	r.awaitRiders(1)
	r.give("b")
	g.expect(t, "ab")
	r.give("c")
	g.expect(t, "c")
	g.seat.Recall()
	r.awaitRiders(0)
	r.give("d")
	g.expect(t, "d")
	if n := g.seat.Reader().Dropped(); n != 0 {
		t.Errorf("%d dropped", n)
	}
}

// TestSlowViewerIsHandedBack has a client that reads nothing for a while: the
// other gets every frame meanwhile, and it gets the frame under way, whole, and
// then the newest.
func TestSlowViewerIsHandedBack(t *testing.T) {
	r := newRig(t)
	slow, quick := r.enter(nil), r.enter(nil)
	_ = slow.far.(*net.TCPConn).SetReadBuffer(64 << 10)
	r.give("a")
	r.awaitRiders(2)
	quick.expect(t, "a")
	const size = 4 << 20 // more than the queues take
	for _, c := range "bcd" {
		data := strings.Repeat(string(c), size)
		r.give(data)
		quick.expect(t, data)
	}
	slow.expect(t, "a"+strings.Repeat("b", size)+strings.Repeat("d", size))
	if n := slow.seat.Reader().Dropped(); n != 1 {
		t.Errorf("%d dropped, want 1", n)
	}
}

func TestCloseEndsAll(t *testing.T) {
	r := newRig(t)
	riding, waiting := r.enter(nil), r.enter(nil)
	r.give("a")
	r.awaitRiders(2)
	r.crowd.Close(soon)
	for _, g := range []*guest{riding, waiting} {
		if err := <-g.returned; !errors.Is(err, stream.ErrClosed) {
			t.Errorf("ended with %v", err)
		}
		select {
		case <-g.seat.Done():
		default:
			t.Error("not told")
		}
	}
	reader, err := r.hub.Open(front, stream.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	near, _ := tcpPair(t)
	if r.crowd.Enter(&guest{}, NewConn(near), front, reader) != nil {
		t.Error("somebody entered after Close")
	}
	if _, err := near.Write([]byte("goodbye")); err != nil {
		t.Errorf("who does not enter cannot be told: %v", err)
	}
}
