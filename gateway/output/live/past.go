package live

import (
	"context"
	"errors"
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/playback"
	"framegate/gateway/stream"
)

// Why there is no past to play.
var (
	// ErrForbidden: the client may not see recordings.
	ErrForbidden = errors.New("recordings of this camera are not for you to see; an admin can permit playback of it")
	// ErrNoPast: nothing is recorded here.
	ErrNoPast = errors.New("recordings are not there at the moment")
)

// Past is what was recorded of a camera, as one viewer plays it.
type Past struct {
	*playback.Session
	Allowed context.Context // ends when the client may not see it any more
	Stop    func()          // says that nobody asks any more whether it may
}

// wish is what a client wants of the past and was not done yet. What it says
// later takes the place of what it said before.
type wish struct {
	reset  bool // back to the present, and what follows from there
	at     *time.Time
	rate   *float64
	paused *bool
}

// any says whether something of the past is wanted.
func (w *wish) any() bool { return w.at != nil || w.rate != nil || w.paused != nil }

// longest bounds moments: year 5138.
const longest = 1e17 // microseconds

// takeWish notes what the client wants to see.
func (c *client) takeWish(m clientMessage) error {
	var at *time.Time
	if m.AtUs != nil {
		if !(*m.AtUs >= 0 && *m.AtUs < longest) {
			return faultNoMoment
		}
		t := time.UnixMicro(int64(*m.AtUs))
		at = &t
	}
	if m.Type == "seek" && at == nil {
		return faultNoMoment
	}
	c.mail(func(box *mailbox) { box.wish.add(m, at) })
	return nil
}

// add takes note of a message.
func (w *wish) add(m clientMessage, at *time.Time) {
	on, off := true, false
	switch {
	case m.Type == "seek":
		w.at = at
	case m.Type == "rate":
		w.rate, w.paused = &m.Rate, &off
	case m.Type == "pause":
		if w.paused = &on; at != nil {
			w.at = at
		}
	case at != nil:
		w.at, w.paused = at, &off
	default:
		*w = wish{reset: true}
	}
}

// attend does what the client wants of the past, and says how that is.
func (v *viewer) attend(ctx context.Context) error {
	v.box.mu.Lock()
	w, changed, revoked := v.box.wish, v.box.changed, v.box.revoked
	v.box.wish, v.box.changed, v.box.revoked = wish{}, false, false
	v.box.mu.Unlock()
	if v.past != nil && (w.reset || revoked && v.past.Allowed.Err() != nil) {
		if err := v.present(revoked); err != nil {
			return err
		}
	}
	if w.any() {
		if err := v.obey(ctx, w); err != nil {
			return err
		}
	}
	if changed && v.past != nil {
		return v.tellPlayback()
	}
	return nil
}

// obey plays the past as it is wanted: from the present on, where that was shown.
func (v *viewer) obey(ctx context.Context, w wish) error {
	past, err := v.past, error(nil)
	if past == nil {
		if past, err = v.openPast(ctx, w); err != nil {
			return v.refuse(err)
		}
	} else if w.at != nil {
		if w.paused != nil && *w.paused {
			past.Pause() // before it goes there, or what follows may be given, too
		}
		past.Seek(*w.at)
	}
	if w.rate != nil {
		err = past.Rate(*w.rate)
	}
	switch {
	case w.paused == nil || err != nil:
	case *w.paused:
		past.Pause()
	default:
		past.Play()
	}
	switch {
	case err != nil && v.past == nil:
		past.Stop()
		past.Close() // at once, since nothing was read
		return v.refuse(err)
	case err != nil:
		return v.refuse(err)
	case v.past == nil:
		if err := v.enter(past); err != nil {
			return err
		}
	}
	v.toldPlayback = playbackMessage{} // each wish is answered
	return v.tellPlayback()
}

// mostLeft is how many pasts that nobody plays any more may wait for a disk, each
// with a thread of the process, before nobody can look back.
const mostLeft = 64

// openPast begins a past.
func (v *viewer) openPast(ctx context.Context, w wish) (*Past, error) {
	if v.choice.Past == nil || v.handler.left.Load() >= mostLeft {
		return nil, ErrNoPast
	}
	from := time.Now()
	if w.at != nil {
		from = *w.at
	}
	return v.choice.Past(ctx, from, func() { v.mail(func(m *mailbox) { m.changed = true }) })
}

// enter has the viewer read the past.
func (v *viewer) enter(past *Past) error {
	v.past = past
	undo := context.AfterFunc(past.Allowed, func() { v.mail(func(m *mailbox) { m.revoked = true }) })
	stop := past.Stop
	past.Stop = func() { undo(); stop() }
	return v.read(past.Hub(), v.begins())
}

// begins gives the stream to begin with, of the present or the past: as the
// camera sends it, if that will do.
func (v *viewer) begins() stream.Key {
	if v.choice.Own == (stream.Key{}) {
		key, _ := v.choice.rendition(v.wanted) // there is one, or it would not be served
		return key
	}
	return v.choice.Own
}

// present has the viewer read the present again.
func (v *viewer) present(revoked bool) error {
	if err := v.read(v.handler.hub, v.begins()); err != nil {
		return err
	}
	v.leavePast()
	v.toldPlayback = playbackMessage{}
	if revoked {
		return v.refuse(ErrForbidden)
	}
	return v.tellPlayback()
}

// leavePast lets go of the past, without waiting for a disk.
func (v *viewer) leavePast() {
	if v.past == nil {
		return
	}
	v.past.Stop()
	v.handler.leave(v.past.Close)
	v.past = nil
}

// leave closes a past, which ends when the disk answers; Close waits for it.
func (h *Handler) leave(closePast func()) {
	h.left.Add(1)
	h.leaving.Go(func() {
		defer h.left.Add(-1)
		closePast()
	})
}

// refuse says why something cannot be done, and goes on as before.
func (v *viewer) refuse(why error) error {
	m := v.playback()
	m.Code, m.Message = 400, why.Error()
	switch {
	case errors.Is(why, ErrForbidden):
		m.Code = 403
	case errors.Is(why, ErrNoPast):
		m.Code = 404
	}
	v.toldPlayback = playbackMessage{}
	return v.seat.Write(delivery.Message{Head: appendText(nil, m)})
}

// tellPlayback says what is played, if that is news to the client.
func (v *viewer) tellPlayback() error {
	m := v.playback()
	news := m
	if news.AtUs = v.toldPlayback.AtUs; news == v.toldPlayback {
		return nil
	}
	v.toldPlayback = m
	return v.seat.Write(delivery.Message{Head: appendText(nil, m)})
}

// playback gives what is played.
func (v *viewer) playback() playbackMessage {
	m := playbackMessage{Type: "playback", Live: true, Rate: 1}
	if v.past == nil {
		return m
	}
	s := v.past.Status()
	m.Live, m.Rate, m.Paused, m.End, m.Message = false, s.Rate, s.Paused, s.End, s.Problem
	if !s.At.IsZero() {
		m.AtUs = s.At.UnixMicro()
	}
	switch s.Problem {
	case "":
	case playback.ErrNothing.Error():
		m.Code = 404
	default:
		m.Code = 503
	}
	return m
}
