package playback

import (
	"context"
	"math"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

const (
	// usual is the time between two pictures where nothing tells, and the least
	// between two keyframes where there are no others.
	usual = 40 * time.Millisecond
	// late is how much later than it is due a picture may be. One that is later,
	// since it was not written yet or could not be read, moves the rest.
	late = 100 * time.Millisecond
)

// player is one life of a Session: it gives pictures when they are due, on one
// line of media time without holes, whatever is jumped over.
type player struct {
	session *Session
	cursor  *Cursor
	emit    func(media.Frame)
	life    stream.Life
	rate    float64
	paused  bool
	sought  time.Time // where to go to, for a picture that is given even while paused; zero for nowhere
	ends    bool      // too little comes behind what is sought for decoders that reorder pictures to show it

	held  *Frame    // read, and not due yet
	last  Frame     // given last, without its Data; no Format before the first
	due   time.Time // when that was due
	pts   time.Duration
	ahead time.Time // Wall at pts
	heard time.Time // sound that is over by then is not given
	dry   time.Time // since when there is nothing more; zero while there is

	sound  *media.Format // that was announced; nil for silence
	failed string        // what was logged last
}

// obey takes note of what the viewer wants.
func (p *player) obey(w wanted) {
	if p.paused && !w.paused {
		p.due = time.Now()
	}
	p.paused = w.paused
	if w.rate != p.rate {
		p.turn(w.rate)
	}
	if !w.at.IsZero() {
		p.sought, p.ends, p.held = w.at, false, nil
	}
}

// every says whether all pictures are played, and not keyframes alone.
func (p *player) every() bool { return p.rate > 0 && p.rate <= EveryRate }

// turn plays at another rate, from the picture that there is on.
func (p *player) turn(rate float64) {
	every := p.every()
	p.rate, p.due, p.dry = rate, time.Now(), time.Time{}
	p.session.note(func(status *Status) { status.End = false })
	if every && p.every() || p.held == nil {
		return
	}
	if p.held = nil; p.every() && p.sought.IsZero() {
		p.sought = p.last.Wall // the cursor is far from it
	}
}

// play gives the next picture once it is due, or returns where something else is
// wanted before that. The error is that of the cursor.
func (p *player) play(ctx context.Context) error {
	switch {
	case !p.sought.IsZero():
		return p.seek(ctx)
	case p.paused:
		p.wait(ctx, -1)
		return nil
	case p.held == nil:
		f, err := p.next(ctx)
		if err != nil {
			return err
		}
		p.held = &f
	}
	if p.await(ctx) {
		return nil
	}
	f := *p.held
	p.held = nil
	p.due = p.dueAt(&f)
	if time.Since(p.due) > late {
		p.due = time.Now()
	}
	p.give(f, p.rate)
	return nil
}

// await waits until the picture that is held is due, and gives the sound that is
// heard until then. It says whether something else is wanted before that.
func (p *player) await(ctx context.Context) bool {
	for {
		listens := p.listen()
		d := time.Until(p.dueAt(p.held))
		if d <= 0 {
			return false
		}
		if listens || p.sound != nil && p.rate == 1 { // somebody may listen soon
			d = min(d, soundAhead/2)
		}
		if p.wait(ctx, d) {
			return true
		}
	}
}

const (
	// soundAhead is how much earlier than it is heard sound is given, so that no
	// picture has to wait for it.
	soundAhead = 100 * time.Millisecond
	// soundBehind is how much later than the newest picture sound is still given:
	// pictures that are shown in another order are given before it.
	soundBehind = 300 * time.Millisecond
)

// listen gives the sound that goes along with the pictures now, where somebody
// listens and time passes as it did, and says whether it does.
func (p *player) listen() bool {
	listens := p.rate == 1 && p.life.Heard()
	if p.cursor.Listen(listens); !listens || p.last.Format == nil || p.held.Joins {
		return listens
	}
	after := later(p.heard, p.ahead.Add(-soundBehind))
	before := p.ahead.Add(time.Since(p.due))
	if next := later(p.ahead, p.held.Wall); before.After(next) { // the picture comes late
		before = next
	}
	before = before.Add(soundAhead)
	for {
		f, ok := p.cursor.Sound(after, before)
		if !ok {
			return true
		}
		if f.PTS = p.pts + f.Wall.Sub(p.ahead); f.PTS >= 0 {
			p.emit(f)
		}
	}
}

// next reads the picture that comes next at this rate.
func (p *player) next(ctx context.Context) (Frame, error) {
	step := time.Duration(p.rate * float64(usual))
	switch {
	case p.every():
		return p.cursor.Next(ctx)
	case p.rate > 0:
		return p.cursor.NextKey(ctx, p.last.Wall.Add(step))
	}
	return p.cursor.PrevKey(ctx, p.last.Wall.Add(step))
}

// dueAt gives when a picture is due, behind the last one.
func (p *player) dueAt(f *Frame) time.Time {
	if f.Joins || p.last.Format == nil {
		return p.due.Add(usual)
	}
	return p.due.Add(max(scaled(f.Decode.Sub(p.last.Decode), p.rate), 0))
}

// scaled gives how long a stretch of what is recorded takes at a rate.
func scaled(d time.Duration, rate float64) time.Duration {
	return time.Duration(float64(d) / rate)
}

// seek goes to a moment and gives its picture, and before that, as fast as may
// be, those that lead to it: where it is paused the very picture, whatever the rate,
// and so much of what comes behind it that decoders show it that reorder pictures.
func (p *player) seek(ctx context.Context) error {
	at, exact := p.sought, p.every() || p.paused
	if err := p.cursor.Seek(ctx, at); err != nil {
		return err
	}
	p.sought, p.held, p.dry = time.Time{}, nil, time.Time{}
	// Decoders that are to hold nothing back learn how pictures are reordered,
	// from some that they lose.
	reordered := p.cursor.reordered()
	shown := p.cursor.shownAt(at)
	near := shown
	if p.ends {
		near = shown.Add(-4 * reordered)
	}
	var found bool
	var behind time.Duration // how much is given that is shown later
	for ctx.Err() == nil && !p.session.seeks() {
		f, err := p.cursor.Next(ctx)
		if err != nil {
			return err
		}
		f.Backlog = exact && f.Wall.Before(shown.Add(-4*reordered))
		switch {
		case exact && f.Wall.Before(near):
			f.Beside = media.Before
		case p.paused && f.Wall.After(shown):
			f.Beside = media.Behind
			behind += p.apart(&f)
		}
		p.due = time.Now()
		p.give(f, math.Abs(p.rate)) // they lead forward, whatever the rate
		found = found || !f.Wall.Before(shown)
		if !exact || found && p.enough(ctx, shown, behind >= 2*reordered) {
			p.heard = shown
			if p.paused && !p.ends && behind < 2*reordered {
				p.sought, p.ends = at, true // again, and one near it is shown
			}
			return nil
		}
	}
	return nil
}

// apart gives how long after the picture that was given last one is to be decoded.
func (p *player) apart(f *Frame) time.Duration {
	if f.Joins {
		return usual
	}
	return f.Decode.Sub(p.last.Decode)
}

// enough says whether all was given that leads to a picture, which was itself. While it
// pauses that is ample of what comes next, too, for decoders that reorder pictures;
// otherwise that comes when it is due, as keyframes do, to which slow readers skip.
func (p *player) enough(ctx context.Context, shown time.Time, ample bool) bool {
	next, key, err := p.cursor.Peek(ctx)
	if p.paused {
		return ample || err != nil
	}
	return err != nil || key || !next.Before(shown)
}

// give gives a picture, with its place on the line of media time, on which times are
// as far apart as they are at a rate.
func (p *player) give(f Frame, rate float64) {
	p.announce(p.cursor.SoundFormat())
	frame := f.Frame
	frame.PTS = p.place(&f, rate)
	p.emit(frame)
	f.Data = nil
	p.last, p.dry, p.failed = f, time.Time{}, ""
	p.session.note(func(status *Status) {
		if status.End, status.Problem = false, ""; f.Beside != media.Behind {
			status.At = f.Wall
		}
	})
}

// announce says what there is to hear, so that whoever gets the next picture knows.
func (p *player) announce(sound *media.Format) {
	switch {
	case sound == p.sound:
		return
	case sound == nil:
		p.life.Silence()
	default:
		p.emit(media.Frame{Format: sound})
	}
	p.sound = sound
}

// place gives the media time of a picture: as far from the one before as they
// are apart at a rate, or as usual where they have nothing to do with each
// other.
func (p *player) place(f *Frame, rate float64) time.Duration {
	if p.last.Format == nil {
		p.ahead = f.Wall
		return 0
	}
	after := scaled(f.Wall.Sub(p.ahead), rate)
	if f.Joins {
		after = usual
	}
	if after <= 0 {
		return max(p.pts+after, 1) // it is shown before one that came before it
	}
	p.pts, p.ahead = p.pts+after, f.Wall
	return p.pts
}

// wait waits for a while, or where that is negative for ever, and says whether
// something else is wanted or ctx is done.
func (p *player) wait(ctx context.Context, d time.Duration) bool {
	var over <-chan time.Time
	if d >= 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
		return false
	case <-p.session.wake:
	case <-ctx.Done():
	}
	return true
}
