package sse

import (
	"context"
	"errors"
	"net/http"
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

const (
	retry   = "retry: 1000\n\n"
	comment = ": ping\n\n"
)

// state is what viewers are told of their camera: a whole event. Why a camera
// cannot be reached concerns those who run it alone.
type state string

const (
	connecting  state = `event: state` + "\n" + `data: {"camera":"connecting","code":"connecting","message":"Connecting to the camera."}` + "\n\n"
	online      state = `event: state` + "\n" + `data: {"camera":"online","code":"online","message":"The camera is online."}` + "\n\n"
	away        state = `event: state` + "\n" + `data: {"camera":"offline","code":"away","message":"The camera is offline. Its pictures go on by themselves when it is back."}` + "\n\n"
	unreachable state = `event: state` + "\n" + `data: {"camera":"offline","code":"unreachable","message":"The camera cannot be reached. It is tried again and again."}` + "\n\n"
	full        state = `event: state` + "\n" + `data: {"camera":"offline","code":"full","message":"There are too many encoders for this size, rate or quality. Ask for fewer, or without."}` + "\n\n"
)

// viewer is one response under way. It belongs to its request's goroutine, or
// to the pump while it rides that.
type viewer struct {
	handler *Handler
	seat    *delivery.Seat
	feed    *feed

	said  state     // the last state written
	sent  uint64    // Seq of the last event written
	wrote time.Time // when anything was written last
}

// Describe sets the headers of the response. no-transform keeps proxies from
// compressing it, and thereby from holding events back.
func (v *viewer) Describe(h http.Header) {
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
}

// Show writes the response's head and then events, of which there is something
// each 15 s at least.
func (v *viewer) Show(ctx context.Context, seat *delivery.Seat, head []byte) error {
	v.seat = seat
	number := seat.Reader().Stream()
	v.feed = v.handler.subscribe(number)
	defer v.handler.unsubscribe(number, v.feed)
	v.said = firstState(seat.Reader().CameraState())
	if err := v.write(string(head) + retry + string(v.said)); err != nil {
		return err
	}
	for {
		err := seat.Follow(ctx)
		failed := (*stream.SourceError)(nil)
		switch {
		case seat.Gone():
			return err
		case errors.Is(err, stream.ErrIdle):
			err = v.look()
		case errors.Is(err, stream.ErrFull):
			return errors.Join(err, v.say(full))
		case errors.As(err, &failed):
			err = v.say(unreachable)
		}
		if err != nil {
			return err
		}
		if err := v.ping(); err != nil {
			return err
		}
	}
}

// Message gives the event of a frame, or of a newer one; or nothing, where
// that was written instead of an earlier frame. It gives false for what is no
// JPEG.
func (v *viewer) Message(frame *media.Frame) (delivery.Message, bool) {
	var m delivery.Message
	if frame.Format.Codec != media.JPEG || frame.Format.Unshowable {
		return m, false
	}
	event, seq := v.feed.get(frame)
	if seq > v.sent {
		m.Body = event
		v.sent = seq
	}
	if v.said != online {
		v.said = online
		m.Head = []byte(online)
	}
	v.wrote = time.Now()
	return m, true
}

// look says what became of a camera that has given nothing for a tick. One
// that is away is tried again and again; that it is connecting is said only to
// those who just came.
func (v *viewer) look() error {
	now := v.seat.Reader().CameraState()
	lost := v.said == online && now != stream.Online
	if lost || v.said == connecting && now == stream.Offline {
		return v.say(away)
	}
	return nil
}

// ping writes something that is no event, if nothing was written for long.
func (v *viewer) ping() error {
	if time.Since(v.wrote) < pingAfter {
		return nil
	}
	return v.write(comment)
}

// say tells the state, once.
func (v *viewer) say(s state) error {
	if v.said == s {
		return nil
	}
	v.said = s
	return v.write(string(s))
}

func (v *viewer) write(text string) error {
	v.wrote = time.Now()
	return v.seat.Write(delivery.Message{Head: []byte(text)})
}

func firstState(s stream.State) state {
	switch s {
	case stream.Online:
		return online
	case stream.Offline:
		return away
	}
	return connecting
}
