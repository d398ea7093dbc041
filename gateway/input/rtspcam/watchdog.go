package rtspcam

import (
	"context"
	"errors"
	"sync"
	"time"

	"framegate/gateway/input/rtspcam/rtspquirks"
	"framegate/gateway/stream"
)

// afterGoodbye is how long a camera may take to show that it goes on.
const afterGoodbye = time.Second

// Why a camera is given up.
var (
	errUnreachable   = errors.New("camera cannot be reached in time")
	errNoAnswer      = errors.New("camera does not answer")
	errNoDescription = errors.New("camera answers, but does not describe its pictures")
	errNoPacket      = errors.New("camera answers, but sends no video packets")
	errNoPicture     = errors.New("camera sends packets, but no whole picture to start with")
	errSilent        = errors.New("camera has fallen silent: no whole picture any more")
)

// stage is how far a run has come. It never goes back.
type stage uint8

const (
	connecting stage = iota
	connected
	answered
	detailed
	playing
	receiving
	showing
)

// watchdog cancels a run that does not come forward in time. What counts in
// the end are whole pictures: a camera may keep a connection busy without
// anything of use, such as packets from a source (SSRC) that is not the one it
// began with. Its methods may be called from any goroutine; none blocks.
type watchdog struct {
	patience patience
	cancel   context.CancelCauseFunc

	mu       sync.Mutex // guards what follows
	stage    stage
	timer    *time.Timer
	fires    time.Time // the timer, at the latest
	deadline time.Time // until when something must come,
	missing  error     // or this is why the run ends
	silence  stream.Silence
}

// reach notes that the run has come as far as a stage. Reaching it again, or
// after a later one, changes nothing, so that nobody is kept waiting by a
// camera that only repeats itself.
func (w *watchdog) reach(s stage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s < w.stage || s == w.stage && w.timer != nil {
		return
	}
	w.stage = s
	now := time.Now()
	switch s {
	case connecting:
		w.expect(now, w.patience.connect, errUnreachable)
	case connected, detailed:
		w.expect(now, w.patience.answer, errNoAnswer)
	case answered:
		w.expect(now, max(w.patience.describe, w.patience.answer), errNoDescription)
	case playing:
		w.expect(now, w.patience.answer, errNoPacket)
	case receiving:
		w.expect(now, w.patience.picture, errNoPicture)
	}
}

// picture notes a whole picture, and from now on limits the silence until the
// next one by the camera's own pace.
func (w *watchdog) picture(arrived time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stage = showing
	w.silence.Picture(arrived)
	w.expect(arrived, w.silence.Allowed(), errSilent)
}

// goodbye notes that the camera says it ends. If it does not mean that, a
// picture comes soon.
func (w *watchdog) goodbye() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if left := w.deadline.Sub(now); left > afterGoodbye {
		w.expect(now, afterGoodbye, rtspquirks.ErrEnded)
	} else {
		w.missing = rtspquirks.ErrEnded
	}
}

// nextSilence is that of the run after this one, which was silent for too long.
func (w *watchdog) nextSilence() stream.Silence {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.silence.Next()
}

func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

// expect cancels the run with the error otherwise, unless it is called again
// within the time. The lock is held. A deadline that is only put off leaves the
// timer alone, as there is one for each picture: it looks again when it fires.
func (w *watchdog) expect(from time.Time, within time.Duration, otherwise error) {
	w.deadline, w.missing = from.Add(within), otherwise
	switch {
	case w.timer == nil:
		w.timer = time.AfterFunc(time.Until(w.deadline), w.look)
	case w.deadline.Before(w.fires):
		w.timer.Reset(time.Until(w.deadline))
	default:
		return
	}
	w.fires = w.deadline
}

// look cancels the run if it is time.
func (w *watchdog) look() {
	w.mu.Lock()
	left, missing := time.Until(w.deadline), w.missing
	if left > 0 {
		w.timer.Reset(left)
		w.fires = w.deadline
	}
	w.mu.Unlock()
	if left <= 0 {
		w.cancel(missing)
	}
}
