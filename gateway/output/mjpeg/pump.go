package mjpeg

import (
	"context"
	"errors"

	"framegate/gateway/stream"
)

// pump is one goroutine that writes the frames of a stream to all its viewers
// on TCP that keep up, one after the other, and waits for none of them. With a
// goroutine for each instead, a crowd of 200 takes a fifth more CPU and gets
// its pictures a third later, because all of them wake at once on all cores.
//
// A viewer boards the pump after a part that it wrote by itself, and is handed
// back when there is more to do than to write a frame that fits into the
// kernel's queue. The pump lives while it has viewers.
type pump struct {
	handler *Handler
	key     stream.Key
	lead    *stream.Reader // says when there is a frame; each viewer has a reader of its own
	riding  []*viewer      // the pump's goroutine alone

	// The handler's lock guards what follows.
	boarding []*viewer
	seq      uint64 // the newest frame that riding viewers got
}

// ride has the pump write frames to v from now on, and returns nil when v must
// finish a part or catch up by itself; or an error of Reader.Next.
func (h *Handler) ride(v *viewer) error {
	boarded, err := h.board(v)
	if err != nil || !boarded {
		return err
	}
	return <-v.back
}

// board gives false for a viewer that is behind what the pump gave out, since
// nobody would write it what it lacks before the next frame.
func (h *Handler) board(v *viewer) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false, stream.ErrClosed
	}
	p := h.pumps[v.key]
	if p == nil {
		lead, err := h.hub.Open(v.key, stream.ReadOptions{Idle: repeatAfter})
		if err != nil {
			return false, err
		}
		p = &pump{handler: h, key: v.key, lead: lead}
		h.pumps[v.key] = p
		h.serving.Add(1)
		go p.run() // ends without viewers, or with lead; Close waits for it
	}
	if v.last.Seq < p.seq {
		return false, nil
	}
	p.boarding = append(p.boarding, v)
	return true, nil
}

func (p *pump) run() {
	defer p.handler.serving.Done()
	defer p.lead.Close()
	for {
		frame, err := p.lead.Next(context.Background())
		failed := (*stream.SourceError)(nil)
		switch {
		case errors.As(err, &failed): // viewers here had frames, and wait
		case err != nil:
			p.end(err)
			return
		default:
			p.start(frame.Seq)
			p.writeAll()
			if p.stop() {
				return
			}
		}
	}
}

// start takes those on board who wait for frame seq.
func (p *pump) start(seq uint64) {
	p.handler.mu.Lock()
	defer p.handler.mu.Unlock()
	p.seq = seq
	p.riding = append(p.riding, p.boarding...)
	clear(p.boarding)
	p.boarding = p.boarding[:0]
}

// writeAll writes the newest frame to each viewer, and hands back those who
// have to go on by themselves.
func (p *pump) writeAll() {
	stay := p.riding[:0]
	for _, v := range p.riding {
		if done, err := v.step(); done {
			stay = append(stay, v)
		} else {
			v.back <- err
		}
	}
	clear(p.riding[len(stay):])
	p.riding = stay
}

// stop says that nobody is left, after which nobody can board.
func (p *pump) stop() bool {
	p.handler.mu.Lock()
	defer p.handler.mu.Unlock()
	if len(p.riding)+len(p.boarding) > 0 {
		return false
	}
	delete(p.handler.pumps, p.key)
	return true
}

// end hands all viewers back with err, after which nobody can board.
func (p *pump) end(err error) {
	p.handler.mu.Lock()
	defer p.handler.mu.Unlock()
	delete(p.handler.pumps, p.key)
	for _, v := range append(p.riding, p.boarding...) {
		v.back <- err // has room: it is sent to once a ride
	}
}
