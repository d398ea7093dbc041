package rtspserver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

const (
	// reportEvery is how often a viewer is told when pictures were taken.
	reportEvery = 5 * time.Second
	// slowRate is up to how many pictures a second a camera is begun with its newest
	// keyframe: others are with the next, since players such as VLC would be behind by
	// what they got at once for as long as they play.
	slowRate = 5
)

// out is one track as it goes out to a viewer.
type out struct {
	packer
	way *way
}

// viewer is one client that plays. It belongs to its own goroutine, or to the pump
// while it rides that; but mail is for all.
type viewer struct {
	conn   *conn
	shown  *shown
	seat   *delivery.Seat
	sounds *stream.Companion // nil: none goes out
	tracks [2]*out
	to     *peer // where datagrams go; nil: packets go within the connection
	ctx    context.Context
	gone   chan struct{} // closed when it has left
	begin  sync.Once
	box    mailbox

	first    media.Frame // where it joined
	joined   bool
	clock    clock
	begun    bool // it has got a keyframe to begin with
	paused   bool
	reported time.Time // when the last reports went out, by the arrival of pictures
	packets  *packets  // that are being written; nil: none are
}

// packets is room for those of a frame. Viewers of a server lend it to each other, so
// that who rides the pump finds in the processor's cache what the one before wrote.
type packets struct{ b []byte }

// maxLent bounds the room that is kept: a larger frame is rare.
const maxLent = 1 << 20

// room gives room for packets, which Written gives back.
func (v *viewer) room() []byte {
	if v.packets == nil {
		v.packets = v.conn.server.lent.Get().(*packets)
	}
	return v.packets.b[:0]
}

// Written gives back the room for what was written.
func (v *viewer) Written() {
	if p := v.packets; p != nil && cap(p.b) <= maxLent {
		v.conn.server.lent.Put(p)
	}
	v.packets = nil
}

// mailbox is what a viewer is to write besides frames.
type mailbox struct {
	mu     sync.Mutex
	out    []byte // answers
	last   bool   // it ends behind them
	paused bool
}

// newViewer makes a viewer of what was set up, which reads already.
func (c *conn) newViewer() (*viewer, error) {
	v := &viewer{conn: c, shown: c.shown, tracks: c.tracks, ctx: c.visit.Context, gone: make(chan struct{})}
	reader, err := c.shown.open(c.shown.key, stream.ReadOptions{Idle: idleAfter})
	if err != nil {
		return nil, err
	}
	if v.tracks[1] != nil {
		sound, err := c.shown.open(c.shown.soundKey, stream.ReadOptions{Sound: true})
		if err != nil {
			reader.Close()
			return nil, err
		}
		v.sounds = stream.NewCompanion(sound)
	}
	v.seat = c.server.crowd.Enter(v, delivery.NewConn(c.under), c.shown.key, reader)
	if v.seat == nil {
		reader.Close()
		if v.sounds != nil {
			v.sounds.Close()
		}
		return nil, stream.ErrClosed
	}
	v.seat.Accompany(v.sounds)
	v.to = c.peer()
	v.first, v.joined, _ = v.seat.TryNext() // so that nothing is old that comes behind the answer; an error comes again
	return v, nil
}

// peer gives where datagrams go, nil where none do.
func (c *conn) peer() *peer {
	var to []netip.AddrPort
	for _, track := range c.tracks {
		if track != nil && track.way.overUDP() {
			to = append(to, track.way.to[:]...)
		}
	}
	if to == nil {
		return nil
	}
	return c.server.options.UDP.add(to)
}

// start has the viewer see what comes, until leave, or until it is over. Starting it
// again does nothing.
func (v *viewer) start() {
	v.begin.Do(func() { go v.serve() }) // ends with leave, or before
}

// leave ends the viewer, and waits until it has left. It gets a moment to take what
// waits.
func (v *viewer) leave() {
	v.start()
	_ = v.mail(func(m *mailbox) { m.last = true }) // it ends anyway
	cut := time.AfterFunc(goodbyeTime, v.seat.Cut)
	defer cut.Stop()
	<-v.gone
}

// Bounds of the end of a viewer, and of answers that it does not take.
const (
	goodbyeTime = time.Second
	maxAnswers  = 64 << 10
)

// errAnswers ends a viewer that asks and does not take the answers.
var errAnswers = errors.New("answers are not taken")

// mail changes what there is to write, and has the viewer's goroutine write it.
func (v *viewer) mail(change func(*mailbox)) error {
	v.box.mu.Lock()
	change(&v.box)
	waiting := len(v.box.out)
	v.box.mu.Unlock()
	v.seat.Recall()
	if waiting > maxAnswers {
		return errAnswers
	}
	return nil
}

// serve writes what comes until the viewer or the server ends it. It leaves the
// connection closed, which its own goroutine then sees.
func (v *viewer) serve() {
	defer close(v.gone)
	if v.to != nil {
		defer v.to.leave()
	}
	defer v.seat.Leave()
	if v.sounds != nil {
		defer v.sounds.Close()
	}
	defer v.seat.RecallWith(v.ctx)()
	err := v.run()
	if v.ctx.Err() != nil {
		err = context.Cause(v.ctx)
	}
	if !v.seat.Gone() {
		v.sayBye()
	}
	v.conn.server.log.Debug("viewer left", "stream", v.seat.Key().String(), "address", v.conn.from.String(), "dropped", v.seat.Reader().Dropped(), "err", err)
}

// errOther ends a viewer whose description is of something else than what comes: it
// comes again, and gets another.
var errOther = errors.New("the camera's pictures are others than it was described with")

// run sees frames as they come, and answers in between. A panic ends this viewer
// alone.
func (v *viewer) run() (err error) {
	defer func() {
		if p := recover(); p != nil {
			v.conn.server.log.Error("viewer panicked", "stream", v.seat.Key().String(), "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	err = v.attend()
	if err == nil && v.joined {
		first := v.first
		v.first = media.Frame{} // which nobody keeps for it from then on
		err = v.show(&first)
	}
	for ; ; err = v.step() {
		failed := (*stream.SourceError)(nil)
		switch {
		case err == nil:
		case v.seat.Gone():
		case errors.Is(err, stream.ErrInterrupted) && v.ctx.Err() == nil:
			err = v.attend()
		case errors.Is(err, stream.ErrSound):
			err = v.write(v.appendSound(v.room(), nil))
		case errors.Is(err, stream.ErrIdle), errors.As(err, &failed) && !errors.Is(err, stream.ErrFull):
			err = nil // it waits for the camera
		}
		if err != nil {
			return err
		}
	}
}

// step waits for a frame and shows it.
func (v *viewer) step() error {
	frame, err := v.seat.Next(v.ctx)
	if err != nil {
		return err
	}
	return v.show(&frame)
}

// show writes a frame, and those behind it for as long as the pump does that. Datagrams
// are not the pump's, which waits for nobody; nor is who has yet to begin, since what
// is old to it (Frame.Backlog) its own reader knows.
func (v *viewer) show(f *media.Frame) error {
	m, ok := v.Message(f)
	if !ok {
		return errOther
	}
	if err := v.write(m.Head); err != nil || v.to != nil || v.paused || !v.begun {
		return err
	}
	return v.seat.Ride()
}

// Message gives the packets of a frame and of the sound before it, and false for one
// that is other than was described. While the viewer waits for its beginning, or is
// paused, they are none.
func (v *viewer) Message(f *media.Frame) (delivery.Message, bool) {
	if !fits(v.shown.pictures, f.Format) {
		return delivery.Message{}, false
	}
	if v.paused || !v.begun && !v.begins(f) {
		return delivery.Message{}, true
	}
	pictures := v.tracks[0]
	if pictures != nil && pictures.takes(f) != nil {
		return delivery.Message{}, false
	}
	v.begun = true
	at := v.clock.at(f)
	b := v.room()
	if f.Arrived.Sub(v.reported) >= reportEvery {
		v.reported = f.Arrived
		for _, track := range v.tracks {
			if track != nil {
				b = track.appendReport(b, f.Wall, at)
			}
		}
	}
	b = v.appendSound(b, f)
	if pictures != nil {
		b = pictures.appendFrame(b, f, at)
	}
	v.packets.b = b
	return delivery.Message{Head: b}, true
}

// begins says that a viewer may begin with a frame.
func (v *viewer) begins(f *media.Frame) bool {
	return f.Key && (!f.Backlog || v.shown.backlog || v.seat.Reader().FPS() < slowRate)
}

// appendSound appends the sound that goes out before a picture, or all there is if f
// is nil.
func (v *viewer) appendSound(b []byte, f *media.Frame) []byte {
	if v.sounds == nil {
		return b
	}
	for {
		sound, ok := v.sounds.Next(f)
		if !ok {
			v.packets.b = b
			return b
		}
		if v.begun && !v.paused && fits(v.shown.sound, sound.Format) {
			b = v.tracks[1].appendFrame(b, &sound, v.clock.beside(&sound))
		}
	}
}

// write writes packets to where they go.
func (v *viewer) write(packets []byte) error {
	if v.to == nil {
		return v.seat.Write(delivery.Message{Head: packets})
	}
	v.to.send(packets, func(channel byte) netip.AddrPort { return v.tracks[channel/2].way.to[channel%2] })
	v.Written()
	v.seat.Sent()
	return nil
}

// attend writes the answers that wait, and does what was asked.
func (v *viewer) attend() error {
	v.box.mu.Lock()
	out, last, paused := v.box.out, v.box.last, v.box.paused
	v.box.out = nil
	v.box.mu.Unlock()
	if v.paused && !paused {
		v.begun = false
	}
	v.paused = paused
	if len(out) > 0 {
		if err := v.seat.Write(delivery.Message{Head: out}); err != nil {
			return err
		}
	}
	if last {
		return errDone
	}
	return nil
}

// sayBye says that nothing more comes.
func (v *viewer) sayBye() {
	b := v.room()
	for _, track := range v.tracks {
		if track != nil {
			b = track.appendBye(b)
		}
	}
	_ = v.write(b) // whoever is gone misses nothing
}
