package delivery

import (
	"context"
	"errors"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// pump is one goroutine that writes the frames of a stream to all its viewers
// on TCP that keep up, one after the other, and waits for none of them. With a
// goroutine for each instead, a crowd of 200 takes a fifth more CPU and gets
// its pictures a third later, because all of them wake at once on all cores.
//
// It reads each frame once; the viewers' own readers stand still meanwhile, and
// are told how far they got when they are handed back.
//
// A viewer boards the pump after a frame that it wrote by itself, and is handed
// back when there is more to do than to write a message that fits into the
// kernel's queue. The pump lives while it has viewers.
type pump struct {
	crowd  *Crowd
	lead   *stream.Reader
	riding []*Seat // the pump's goroutine alone
	tally  *stream.Tally
	given  int // of the frame under way, to viewers in a row that tally counts

	// The crowd's lock guards what follows.
	boarding []*Seat
	seq      uint64 // the newest frame that riding viewers got
}

// board gives false for a viewer that is recalled, for one that is behind what
// the pump gave out, since nobody would write it what it lacks before the next
// frame, and for one whose stream was ended, which its reader will tell.
func (c *Crowd) board(s *Seat) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false, stream.ErrClosed
	}
	if s.recalled {
		return false, nil
	}
	p := c.pumps[s.reader.Stream()]
	if p == nil {
		lead, err := c.hub.Open(s.key, stream.ReadOptions{Idle: c.idle, Leading: true})
		if err != nil {
			return false, nil
		}
		if lead.Stream() != s.reader.Stream() { // there is another of the same name already
			lead.Close()
			return false, nil
		}
		p = &pump{crowd: c, lead: lead}
		c.pumps[lead.Stream()] = p
		c.serving.Add(1)
		go p.run() // ends without viewers, or with lead; Close waits for it
	}
	if s.seq < p.seq {
		return false, nil
	}
	s.pump, s.got = p, 0
	p.boarding = append(p.boarding, s)
	return true, nil
}

func (p *pump) run() {
	defer p.crowd.serving.Done()
	defer p.lead.Close()
	for {
		frame, err := p.lead.Next(context.Background())
		failed := (*stream.SourceError)(nil)
		switch {
		case errors.As(err, &failed): // viewers here had frames, and wait
			continue
		case errors.Is(err, stream.ErrInterrupted):
			p.release()
		case err != nil:
			p.end(err)
			return
		default:
			p.start(frame.Seq)
			p.writeAll(frame)
		}
		if p.stop() {
			return
		}
	}
}

// start takes those on board who wait for frame seq.
func (p *pump) start(seq uint64) {
	p.crowd.mu.Lock()
	defer p.crowd.mu.Unlock()
	p.seq = seq
	p.takeIn()
}

func (p *pump) takeIn() {
	p.riding = append(p.riding, p.boarding...)
	clear(p.boarding)
	p.boarding = p.boarding[:0]
}

// writeAll writes a frame to each viewer, and hands back those who have to go
// on by themselves.
func (p *pump) writeAll(frame media.Frame) {
	p.keep(func(s *Seat) (bool, error) {
		stays, err := s.step(&frame)
		if s.rode {
			s.rode = false
			p.count(s.tally, frame.Arrived)
		}
		return stays, err
	})
	p.count(nil, frame.Arrived)
}

// count counts a frame that came then and was given, together with those before it that go
// into the same tally: the viewers of one stream share one as a rule, and so a look at the
// clock and two additions do for all of them. A tally of nil ends that.
func (p *pump) count(t *stream.Tally, came time.Time) {
	if t != p.tally {
		if p.tally != nil {
			p.tally.Given(p.given, time.Since(came))
		}
		p.tally, p.given = t, 0
	}
	p.given++
}

// release hands back those who are recalled.
func (p *pump) release() {
	p.crowd.mu.Lock()
	defer p.crowd.mu.Unlock()
	p.takeIn()
	p.keep(func(s *Seat) (bool, error) { return !s.recalled, nil })
}

// keep hands back those for whom stays gives false.
func (p *pump) keep(stays func(*Seat) (bool, error)) {
	kept := p.riding[:0]
	for _, s := range p.riding {
		if ok, err := stays(s); ok {
			kept = append(kept, s)
		} else {
			s.back <- err // has room: it is sent to once a ride
		}
	}
	clear(p.riding[len(kept):])
	p.riding = kept
}

// stop says that nobody is left, after which nobody can board.
func (p *pump) stop() bool {
	p.crowd.mu.Lock()
	defer p.crowd.mu.Unlock()
	if len(p.riding)+len(p.boarding) > 0 {
		return false
	}
	delete(p.crowd.pumps, p.lead.Stream())
	return true
}

// end hands all viewers back with err, after which nobody can board.
func (p *pump) end(err error) {
	p.crowd.mu.Lock()
	defer p.crowd.mu.Unlock()
	delete(p.crowd.pumps, p.lead.Stream())
	for _, s := range append(p.riding, p.boarding...) {
		s.back <- err
	}
}
