package delivery

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// Seat is one viewer's place in a crowd: what it reads and where it is written
// to. It belongs to the viewer's own goroutine, but for Recall and Cut.
type Seat struct {
	crowd  *Crowd
	viewer Viewer
	lender Lender // the viewer, if it is one
	conn   Conn
	back   chan error    // cap 1: the pump hands the viewer back
	done   chan struct{} // closed with the crowd
	tally  *stream.Tally // of the viewer's form
	gone   bool          // a write failed

	// Of Crowd.Serve.
	choice  Choice
	client  stream.Client
	counted *stream.Reader // what counts the viewer

	// Of the viewer's own goroutine, or of the pump's while it rides.
	sound *stream.Companion // that Next reads along, or nil
	seq   uint64            // the last frame that the viewer got
	got   uint64            // frames that the pump gave it this time, or withheld
	came  time.Time         // when the frame came that is to be written; zero where none is
	old   bool              // that frame was old when the viewer came
	rode  bool              // the pump wrote its frame, and has not counted that yet

	// The crowd's lock guards what follows.
	key      stream.Key
	reader   *stream.Reader
	pump     *pump // that it rides, or nil
	recalled bool
}

// Leave closes what the viewer reads and, but for HTTP/2, its connection. It
// must be called once, at the end.
func (s *Seat) Leave() {
	c := s.crowd
	c.mu.Lock()
	delete(c.seats, s)
	c.mu.Unlock()
	s.reader.Close()
	if s.counted != nil {
		s.counted.Close() // before anybody is told that the viewer is gone
	}
	s.conn.Close()
	c.serving.Done()
}

// Key gives the stream that the viewer reads.
func (s *Seat) Key() stream.Key { return s.key }

// Reader gives what the viewer reads with, for its counters.
func (s *Seat) Reader() *stream.Reader { return s.reader }

// Done is closed when the crowd is.
func (s *Seat) Done() <-chan struct{} { return s.done }

// Gone says that a write failed: nothing more can be written.
func (s *Seat) Gone() bool { return s.gone }

// Cut makes writes fail, now and later, without waiting. It may be called from
// any goroutine until Leave.
func (s *Seat) Cut() { s.conn.Cut() }

// HangUp closes the connection, but for HTTP/2, before Leave.
func (s *Seat) HangUp() { s.conn.Close() }

// Attend gives a context of a viewer of whom nothing is read, which ends with ctx and
// when the client is gone, and then recalls the viewer: for those to whom nothing may
// be written for long. leave closes the connection and waits for what looked.
func (s *Seat) Attend(ctx context.Context) (attended context.Context, leave func()) {
	attended, end := context.WithCancel(ctx)
	undo := s.RecallWith(attended)
	var looking sync.WaitGroup
	looking.Go(func() { // ends when the connection is closed, at the latest
		if s.conn.awaitEnd() {
			end()
		}
	})
	return attended, func() {
		undo()
		s.HangUp()
		looking.Wait()
		end()
	}
}

// Change has the viewer read another stream. reader is the seat's from now on;
// the one before is the caller's again.
func (s *Seat) Change(key stream.Key, reader *stream.Reader) {
	s.crowd.mu.Lock()
	defer s.crowd.mu.Unlock()
	s.key, s.reader, s.seq = key, reader, 0
	reader.Accompany(s.sound)
	if s.recalled {
		reader.Interrupt() // the one before was, and is not asked any more
	}
	if s.crowd.closed {
		reader.Close()
	}
}

// Next is the reader's Next.
func (s *Seat) Next(ctx context.Context) (media.Frame, error) {
	f, err := s.reader.Next(ctx)
	s.note(f, err == nil, err)
	return f, err
}

// TryNext is the reader's TryNext.
func (s *Seat) TryNext() (media.Frame, bool, error) {
	f, ok, err := s.reader.TryNext()
	s.note(f, ok, err)
	return f, ok, err
}

// Accompany has Next give stream.ErrSound when sound of the companion is due
// without a picture, whatever the viewer reads; nil ends that. The companion is the
// caller's. It is for the viewer's own goroutine.
func (s *Seat) Accompany(sound *stream.Companion) {
	s.sound = sound
	s.reader.Accompany(sound)
}

// note takes note of what the reader gave. A recall that is heard is over; one
// that comes meanwhile will be heard by the next Next.
func (s *Seat) note(f media.Frame, ok bool, err error) {
	if ok {
		s.seq, s.came, s.old = f.Seq, f.Arrived, f.Backlog
	}
	if errors.Is(err, stream.ErrInterrupted) {
		s.crowd.mu.Lock()
		s.recalled = false
		s.crowd.mu.Unlock()
	}
}

// Write writes a message, for as long as the viewer takes it. After an error
// nothing more can be written.
func (s *Seat) Write(m Message) error {
	err := s.conn.Write(m)
	s.gone = err != nil
	s.written()
	s.tell()
	return err
}

// Sent is Write of a frame that goes out otherwise than by the connection.
func (s *Seat) Sent() {
	s.written()
	s.tell()
}

// written says that nothing of a message is left.
func (s *Seat) written() {
	if s.lender != nil {
		s.lender.Written()
	}
}

// tell counts the frame that was written, if it was one.
func (s *Seat) tell() {
	switch {
	case s.gone || s.came.IsZero():
		return
	case s.old:
		s.tally.GivenOld()
	default:
		s.tally.Given(1, time.Since(s.came))
	}
	s.came = time.Time{}
}

// leastRidden is how many pictures a second there must be for the pump to write to
// who hears sound: it writes that along with pictures alone.
const leastRidden = 12

// Ride has the pump write frames to the viewer, if it has all there are so far
// and its connection can be pumped, and returns nil when there is something to
// do that the pump does not; or else an error of the reader or, where Gone says
// so, of a write. It does not end with a context: see RecallWith.
func (s *Seat) Ride() error {
	if !s.conn.pumped() || s.sound != nil && s.reader.FPS() < leastRidden {
		return nil
	}
	if s.sound != nil {
		s.sound.Rest() // what is heard goes out with pictures
	}
	boarded, err := s.crowd.board(s)
	if err != nil || !boarded {
		return err
	}
	err = <-s.back
	s.alight()
	if err != nil {
		return err
	}
	err = s.conn.finish()
	s.gone = err != nil
	s.written()
	s.tell()
	return err
}

// alight has the viewer's own reader go on where the pump's got to.
func (s *Seat) alight() {
	s.crowd.mu.Lock()
	s.pump = nil
	s.crowd.mu.Unlock()
	s.reader.Passed(s.seq, s.got)
}

// Recall has the viewer's goroutine come back from Ride with nil, and get
// stream.ErrInterrupted from the Next under way or to come, before it can ride
// again. It may be called from any goroutine, and does not wait.
func (s *Seat) Recall() {
	c := s.crowd
	c.mu.Lock()
	defer c.mu.Unlock()
	s.recalled = true
	s.reader.Interrupt()
	if s.pump != nil {
		s.pump.lead.Interrupt()
	}
}

// RecallWith has the viewer recalled when ctx is done, which the pump does not
// look at. Who then sees stream.ErrInterrupted looks at ctx. stop undoes it.
func (s *Seat) RecallWith(ctx context.Context) (stop func()) {
	undo := context.AfterFunc(ctx, s.Recall)
	return func() { undo() }
}

// step is what the pump does for a viewer: it writes a frame, as far as that
// goes without waiting. It gives false when the viewer must go on by itself,
// with err, with the rest of the message, or with the whole frame.
func (s *Seat) step(f *media.Frame) (stays bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.crowd.log.Error("viewer panicked", "stream", s.key.String(), "panic", p, "stack", string(debug.Stack()))
			s.gone, stays, err = true, false, fmt.Errorf("internal error: %v", p)
		}
	}()
	if f.Seq <= s.seq {
		return true, nil
	}
	if s.reader.Withholds(f) {
		s.seq = f.Seq
		s.got++
		return true, nil
	}
	m, ok := s.viewer.Message(f)
	if !ok {
		return false, nil
	}
	s.seq = f.Seq
	s.got++
	if !s.conn.try(m) {
		s.came, s.old = f.Arrived, false
		return false, nil
	}
	s.written()
	s.rode = true
	return true, nil
}
