package passage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/nettest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait")) // which sleeps for half a second
}

// post carries messages between nodes of a test as a bus does: each node's are taken by one
// goroutine, in order, and nobody who sends waits for that.
type post struct {
	mu    sync.Mutex // guards boxes
	boxes map[string]chan []byte
}

func newPost() *post { return &post{boxes: make(map[string]chan []byte)} }

// box has messages for a node be taken, until the test ends.
func (p *post) box(t testing.TB, node string, take func([]byte)) {
	box := make(chan []byte, 1<<16)
	p.mu.Lock()
	p.boxes[node] = box
	p.mu.Unlock()
	var carrying sync.WaitGroup
	carrying.Go(func() { // ends when the box is closed
		for m := range box {
			take(m)
		}
	})
	t.Cleanup(func() {
		p.mu.Lock()
		delete(p.boxes, node)
		close(box)
		p.mu.Unlock()
		carrying.Wait()
	})
}

// poster is the Line of a node.
type poster struct {
	post *post
	sent atomic.Int64 // bytes
}

func (p *poster) Send(node string, message []byte) error {
	p.post.mu.Lock()
	defer p.post.mu.Unlock()
	p.sent.Add(int64(len(message)))
	select {
	case p.post.boxes[node] <- bytes.Clone(message): // or nobody is there
	default:
	}
	return nil
}

func (p *poster) Most() int { return 1 << 20 }
func (p *poster) Close()    {}

// pair gives both ends of a connection between nodes a and b, and what they are among.
func pair(t testing.TB) (ends [2]*lineConn, all [2]*lines) {
	p := newPost()
	id := newNonce()
	names := [2]string{"a", "b"}
	for i, name := range names {
		all[i] = newLines(new(atomic.Uint64))
		all[i].by = &poster{post: p}
		ends[i] = all[i].open(id, names[1-i], "192.0.2.1:7422", i == 1, nil)
		p.box(t, name, all[i].take)
	}
	ends[1].accept()
	return ends, all
}

// TestLineIsAConnection as all others are.
func TestLineIsAConnection(t *testing.T) {
	nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
		ends, all := pair(t)
		return ends[0], ends[1], func() { all[0].close(); all[1].close() }, nil
	})
}

// TestStoppedReaderCostsItsWindow, and the writer nothing: nothing is sent beyond what was
// granted, and after ten seconds the connection ends.
func TestStoppedReaderCostsItsWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ends, all := pair(t)
		defer all[1].close()
		b := make([]byte, 100_000)
		wrote, began := 0, time.Now()
		var err error
		for err == nil {
			n := 0
			n, err = ends[0].Write(b)
			wrote += n
		}
		if took := time.Since(began); !errors.Is(err, errStalled) || wrote != window || took != stalled {
			t.Errorf("it took %d bytes, and ended after %v with %v", wrote, took, err)
		}
		if sent := all[0].by.(*poster).sent.Load(); sent > window+10_000 {
			t.Errorf("%d bytes were sent", sent)
		}
		synctest.Wait()
		if _, err := ends[1].Read(b); !errors.Is(err, errReset) {
			t.Errorf("its reader reads on: %v", err)
		}
		if all[0].links["b"].inFlight != 0 || all[0].with("b")+all[1].with("a") != 0 {
			t.Error("something of it is left")
		}
	})
}

// TestSlowLineIsNotFull: where bytes take long to come few are under way, and many where they
// do not.
func TestSlowLineIsNotFull(t *testing.T) {
	c := &lineConn{}
	k := &link{limit: firstInFlight, conns: map[*lineConn]bool{c: true}}
	probe := func(took time.Duration) {
		k.full, k.probe, k.probed, k.since = true, c, c.arrived, time.Now().Add(-took)
		k.arrived(c, c.arrived)
	}
	for range 20 {
		probe(time.Second)
	}
	if k.limit != minInFlight {
		t.Errorf("of a slow line %d bytes are used", k.limit)
	}
	for range 20 {
		probe(time.Millisecond)
	}
	if k.limit != maxInFlight {
		t.Errorf("of a fast line %d bytes are used", k.limit)
	}
}

// TestSmallPiecesAreKeptTogether, so that what they cost is about their bytes.
func TestSmallPiecesAreKeptTogether(t *testing.T) {
	l := newLines(new(atomic.Uint64))
	l.by = &poster{post: newPost()}
	defer l.close()
	c := l.open(newNonce(), "a", "", true, nil)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for at := range window {
		f := frame{kind: frameData, id: c.id, at: uint64(at), rest: []byte{byte(at)}}
		if _, err := c.take(f); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 4*window {
		t.Errorf("%d bytes that came one by one hold %d", window, held)
	}
	b, err := io.ReadAll(io.LimitReader(c, window))
	for i := range b {
		if b[i] != byte(i) {
			t.Fatalf("byte %d is %d", i, b[i])
		}
	}
	if err != nil || len(b) != window {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := c.take(frame{kind: frameData, id: c.id, at: window, rest: make([]byte, window+1)}); !errors.Is(err, errBroken) {
		t.Errorf("beyond what was granted it takes more: %v", err)
	}
}

// TestMessagesThatCannotBe break their connection at most.
func TestMessagesThatCannotBe(t *testing.T) {
	number := func(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
	for _, row := range []struct {
		name   string
		frame  frame
		want   error
		counts uint64
	}{
		{"data again", frame{kind: frameData, at: 0, rest: []byte("x")}, errLost, 0},
		{"data beyond a hole", frame{kind: frameData, at: 9, rest: []byte("x")}, errLost, 0},
		{"an end beyond a hole", frame{kind: frameEnd, at: 9}, errLost, 0},
		{"more came than was sent", frame{kind: frameGrant, at: 1, rest: number(window)}, errBroken, 1},
		{"a grant without bounds", frame{kind: frameGrant, at: 0, rest: number(1 << 40)}, errBroken, 1},
		{"a reset", frame{kind: frameReset}, errReset, 0},
		{"a kind of its own", frame{kind: 9}, nil, 1},
		{"a grant without a number", frame{kind: frameGrant}, nil, 1},
		{"data without any", frame{kind: frameData, at: 1}, nil, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			ends, all := pair(t)
			defer all[0].close()
			defer all[1].close()
			if _, err := ends[0].Write([]byte("a")); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(ends[1], make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			f := row.frame
			f.id = ends[1].id
			all[1].take(f.append(nil))
			_, err := ends[1].Write([]byte("b"))
			if !errors.Is(err, row.want) || all[1].broken.Load() != row.counts {
				t.Errorf("it goes on with %v, and counted are %d", err, all[1].broken.Load())
			}
		})
	}
}

// TestOthersMessagesAreNothing: what names no connection changes none.
func TestOthersMessagesAreNothing(t *testing.T) {
	ends, all := pair(t)
	defer all[0].close()
	defer all[1].close()
	all[0].take(frame{kind: frameReset, id: newNonce()}.append(nil))
	if err := ends[0].SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := ends[0].Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("it reads %v", err)
	}
}

// FuzzFrame: whatever comes, nothing is kept beyond what was granted, nor counted as sent that
// was not.
func FuzzFrame(f *testing.F) {
	id := nonce{1}
	for _, seed := range []frame{
		{kind: frameData, id: id, rest: []byte("hello")}, {kind: frameGrant, id: id, at: 5, rest: make([]byte, 8)}, {kind: frameEnd, id: id, at: 5}, {kind: frameReset, id: id},
	} {
		b := seed.append(nil)
		f.Add(append([]byte{byte(len(b))}, b...))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		l := newLines(new(atomic.Uint64))
		l.by = &poster{post: newPost()}
		defer l.close()
		c := l.open(id, "b", "", true, nil)
		if _, err := c.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		for len(said) > 0 {
			n := min(int(said[0]), len(said)-1)
			l.take(said[1 : 1+n])
			said = said[1+n:]
		}
		k := c.link
		k.mu.Lock()
		defer k.mu.Unlock()
		held := 0
		for _, b := range c.queue {
			held += len(b)
		}
		if held > window || c.received > c.granted || c.arrived > c.sent || c.allowed > c.arrived+window || k.inFlight < 0 || k.inFlight > 5 {
			t.Errorf("%d bytes are held; %+v", held, c)
		}
	})
}

// FuzzKnock and calls: what is read is what would be written.
func FuzzKnock(f *testing.F) {
	f.Add([]byte(knocks(nonce{1})))
	f.Add([]byte(`{"what":"back","nonce":"000102030405060708090a0b0c0d0e0f"}`))
	f.Fuzz(func(t *testing.T, said []byte) {
		if n, err := readKnock(said); err == nil && !bytes.EqualFold([]byte(knocks(n)), said) {
			t.Errorf("%q is read as %x", said, n)
		}
		if c, _, err := readCall(said); err == nil && (len(c.Why) > maxWhy || c.What == "") {
			t.Errorf("%q is read as %+v", said, c)
		}
	})
}
