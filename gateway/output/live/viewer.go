package live

import (
	"context"
	"errors"
	"net"
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/output/live/wire"
	"framegate/gateway/stream"
)

// viewer is one client on a WebSocket. It belongs to its request's goroutine,
// or to the pump while it rides that; but mail is for all.
type viewer struct {
	handler *Handler
	choice  Choice
	client  stream.Client
	dialect string
	wanted  []media.Codec // that the client can show; nil until it said so
	seat    *delivery.Seat
	under   net.Conn       // what the seat writes to
	own     *stream.Reader // of the camera, that counts it
	hub     *stream.Hub    // of the present, or of past
	past    *Past          // what it plays of what was recorded; nil for the present
	pinger  *time.Timer
	box     mailbox

	track         track
	sound         sound
	epoch         uint32
	kind          go2rtcMessage // of what goes out, as go2rtc's players are told it
	discontinuity bool          // the next frame does not follow on the last
	sounds        bool          // the camera has sound, when that was looked up
	soundsAt      time.Time     // when
	toldState     stateMessage
	toldPlayback  playbackMessage
	lent          *[]byte // where what stands before a picture and before its sound is, until it is written; or nil
}

// mail changes what there is to answer, and has the viewer's goroutine answer.
func (v *viewer) mail(change func(*mailbox)) {
	v.box.mu.Lock()
	change(&v.box)
	v.box.mu.Unlock()
	select {
	case v.box.came <- struct{}{}:
	default: // that it has not been seen
	}
	v.seat.Recall()
}

// readRendition has the viewer read what is encoded for it.
func (v *viewer) readRendition() error {
	key, ok := v.choice.rendition(v.wanted)
	switch {
	case !ok:
		return faultNoH265
	case key == v.seat.Key():
		return faultUnfit
	}
	return v.read(v.hub, key)
}

// read has the viewer read another stream. The camera's own, of the present, stays
// open: it counts the viewer.
func (v *viewer) read(hub *stream.Hub, key stream.Key) error {
	reader, err := hub.Open(key, stream.ReadOptions{Client: &v.client, Besides: v.own, Idle: idleAfter})
	if err != nil {
		return err
	}
	before := v.seat.Reader()
	v.seat.Change(key, reader)
	if before != v.own {
		before.Close()
	}
	changed := v.hub != hub
	v.hub = hub
	v.track.leave()
	if changed && v.sound.on() {
		return v.hear(v.choice.camera())
	}
	return nil
}

// watch shows frames as they come, and says how the camera is and answers the
// client in between. It returns with an error.
func (v *viewer) watch(ctx context.Context) error {
	failed := (*stream.SourceError)(nil)
	err := v.first(ctx)
	for {
		switch {
		case err == nil:
		case v.seat.Gone():
			return err
		case errors.Is(err, stream.ErrInterrupted) && ctx.Err() == nil:
			err = v.answer(ctx)
		case errors.Is(err, stream.ErrSound):
			err = v.showSound()
		case errors.Is(err, stream.ErrIdle):
			err = v.tell(nil)
		case errors.Is(err, stream.ErrFull):
			return err
		case errors.As(err, &failed):
			err = v.tell(failed)
		default:
			return err
		}
		if err != nil {
			return err
		}
		err = v.step(ctx)
	}
}

// first says how the camera is unless there is a picture at once.
func (v *viewer) first(ctx context.Context) error {
	frame, ok, err := v.seat.TryNext()
	if ok {
		return v.show(ctx, &frame)
	}
	if err == nil {
		err = stream.ErrIdle
	}
	return err
}

// step waits for the next frame and shows it, and those behind it for as long
// as the pump does it.
func (v *viewer) step(ctx context.Context) error {
	frame, err := v.seat.Next(ctx)
	if err != nil {
		return err
	}
	if err := v.show(ctx, &frame); err != nil || v.past != nil {
		return err // nobody else reads the same past, for the pump to write it to
	}
	return v.seat.Ride()
}

// show writes one frame, and before it what it takes to understand it.
func (v *viewer) show(ctx context.Context, f *media.Frame) error {
	if v.track.begins(f) {
		if !v.choice.stays(v.seat.Key(), f.Format, v.wanted) {
			return v.readRendition()
		}
		if err := v.begin(ctx, f); err != nil {
			return err
		}
	}
	v.lookForSound(f)
	if err := v.tellOnline(); err != nil {
		return err
	}
	if err := v.hush(); err != nil {
		return err
	}
	if err := v.changeSound(); err != nil {
		return err
	}
	m, _ := v.Message(f)
	return v.seat.Write(m)
}

// begin opens an epoch with hello and init segment.
func (v *viewer) begin(ctx context.Context, f *media.Frame) error {
	if v.dialect != DialectFramegate && v.epoch == 0 {
		v.sound.await(ctx, v.hub, v.seat, &v.track, v.choice, v.soundOptions())
	}
	init, err := v.track.begin(&v.handler.shapes, v.seat.Reader().Stream(), f.Format, v.sound.only)
	if err != nil {
		return err
	}
	v.epoch++
	v.discontinuity = v.epoch > 1
	var b []byte
	switch v.dialect {
	case DialectFramegate:
		b = appendText(b, v.hello(f))
	case DialectGo2RTC:
		if b, err = v.appendKind(b, f.Format); err != nil {
			return err
		}
	}
	if len(init) > 0 {
		at := 0
		b, at = beginMessage(b)
		b = v.appendHeader(b, wire.KindInit, 0, f)
		b = endMessage(b, at, opBinary, len(init))
	}
	return v.seat.Write(delivery.Message{Head: b, Body: init})
}

func (v *viewer) hello(f *media.Frame) helloMessage {
	v.sounds, v.soundsAt = v.hasSound(), f.Arrived
	m := helloMessage{
		Type: "hello", Epoch: v.epoch, Codec: f.Format.Codec.String(),
		Width: f.Format.Width, Height: f.Format.Height, FPS: v.seat.Reader().FPS(),
		KeyAgeMs: max(0, time.Since(f.Wall).Milliseconds()), ServerTimeUs: nowMicros(),
		MIME: "image/jpeg", Sound: v.sounds, Nodes: v.choice.Nodes,
	}
	if v.choice.Doubt != nil && v.past == nil {
		m.DoubtMs = float64(v.choice.Doubt()) / float64(time.Millisecond)
	}
	if mp4.Carries(f.Format.Codec) {
		m.MIME, m.Timescale = mp4.MIME(f.Format), mp4.Timescale
	}
	return m
}

// Message gives what goes out for a frame, in the present epoch. A gap is told
// in the same write.
func (v *viewer) Message(f *media.Frame) (delivery.Message, bool) {
	v.lookForSound(f)
	if v.track.begins(f) || v.toldState.Camera != stateNames[stream.Online] || v.toldState.Sound != v.sounds || v.sound.unfit {
		return delivery.Message{}, false
	}
	if v.lent == nil {
		v.lent = v.handler.heads.Get().(*[]byte)
	}
	b := (*v.lent)[:0]
	if n := v.track.skipped(f); n > 0 {
		v.discontinuity = true
		if v.dialect == DialectFramegate {
			b = appendDrop(b, n)
		}
	}
	b, at := beginMessage(b)
	b = v.appendHeader(b, wire.KindFrame, v.flags(f), f)
	from := len(b)
	b = v.track.appendHead(b, f)
	if v.dialect == DialectFramegate {
		wire.PutOffset(b[from-wire.HeadSize:], len(b)-from)
	}
	b = endMessage(b, at, opBinary, len(f.Data))
	v.discontinuity = false
	m := delivery.Message{Head: b, Body: f.Data}
	if v.sound.on() {
		n := len(b)
		b, m.End = v.soundWith(b, f)
		m.Head, m.Tail = b[:n], b[n:]
	}
	*v.lent = b
	return m, true
}

// Written gives back the memory that what was written was in. So viewers to whom the pump
// writes one after the other have it from each other, and with it what the processor has of
// it at hand.
func (v *viewer) Written() {
	if v.lent != nil && cap(*v.lent) <= mostLent {
		v.handler.heads.Put(v.lent)
	}
	v.lent = nil
}

// mostLent is how much memory is kept for what stands before pictures and sound, which
// is a few hundred bytes, in bytes.
const mostLent = 4 << 10

func (v *viewer) flags(f *media.Frame) uint16 {
	flags := uint16(0)
	if f.Key {
		flags |= wire.FlagKey
	}
	if f.Backlog {
		flags |= wire.FlagBacklog
	}
	if v.discontinuity {
		flags |= wire.FlagDiscontinuity
	}
	if f.Beside == media.Behind {
		flags |= wire.FlagBehind
	}
	return flags
}

// appendHeader appends the header of a payload, if the dialect has one.
func (v *viewer) appendHeader(b []byte, kind byte, flags uint16, f *media.Frame) []byte {
	if v.dialect != DialectFramegate {
		return b
	}
	b = append(b, make([]byte, wire.HeadSize)...)
	head := wire.Head{Kind: kind, Flags: flags, Epoch: v.epoch, Wall: f.Wall, Seq: f.Seq}
	if v.choice.Ahead != nil {
		head.Wall = head.Wall.Add(v.choice.Ahead())
	}
	head.Put(b[len(b)-wire.HeadSize:])
	return b
}

// tell says how the camera is, if that is news to the client.
func (v *viewer) tell(failed *stream.SourceError) error {
	m := newStateMessage(v.seat.Reader().CameraState(), failed, v.choice.Why)
	m.Sound = v.sounds
	return v.say(m)
}

func (v *viewer) tellOnline() error {
	return v.say(stateMessage{Type: "state", Camera: stateNames[stream.Online], Sound: v.sounds})
}

func (v *viewer) say(m stateMessage) error {
	if !m.news(v.toldState) {
		return nil
	}
	v.toldState = m
	if v.dialect != DialectFramegate {
		return nil
	}
	return v.seat.Write(delivery.Message{Head: appendText(nil, m)})
}

// answer answers what the client asked.
func (v *viewer) answer(ctx context.Context) error {
	if err := v.reply(); err != nil {
		return err
	}
	if err := v.attendSound(); err != nil {
		return err
	}
	return v.attend(ctx)
}

// reply sends what is owed to the client at once.
func (v *viewer) reply() error {
	b, pinged := v.box.empty(nil)
	if pinged {
		v.pinger.Reset(pingEvery)
	}
	if len(b) == 0 {
		return nil
	}
	return v.seat.Write(delivery.Message{Head: b})
}
