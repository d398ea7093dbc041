package rtspcam

import (
	"context"
	"sync"
	"time"

	"framegate/gateway/input/rtspcam/rtspquirks"
	"framegate/gateway/stream"
)

// afterGoodbye is how long a camera may take to show that it goes on.
const afterGoodbye = time.Second

// soundAnswer is how long a camera may take to answer when it is asked for its sound.
// It is given up then, and not asked for that again soon.
const soundAnswer = 4 * time.Second

// Why a camera is given up.
var (
	errUnreachable   = stream.Unreachable("camera cannot be reached in time")
	errNoAnswer      = stream.Silent("camera does not answer")
	errNoDescription = stream.Silent("camera answers, but does not describe its pictures")
	errNoPacket      = stream.Silent("camera answers, but sends no video packets")
	errNoPicture     = stream.Silent("camera sends packets, but no whole picture to start with")
	errSilent        = stream.Silent("camera has fallen silent: no whole picture any more")
)

// stage is how far a run has come. It never goes back.
type stage uint8

const (
	unbegun stage = iota
	connecting
	connected
	answered
	detailed
	adding // its sound to the video
	added
	playing
	receiving
	showing
)

// watchdog cancels a run that does not come forward in time. What counts in
// the end are whole pictures: a camera may keep a connection busy without
// anything of use, such as packets from a source (SSRC) that is not the one it
// began with. Its methods may be called from any goroutine; none blocks.
type watchdog struct {
	*stream.Watchdog
	patience patience

	mu    sync.Mutex // guards stage, and what is expected in it
	stage stage
}

func newWatchdog(cancel context.CancelCauseFunc, p patience, silence stream.Silence) *watchdog {
	return &watchdog{Watchdog: stream.NewWatchdog(cancel, silence), patience: p}
}

// reach notes that the run has come as far as a stage. Reaching it again, or
// after a later one, changes nothing, so that nobody is kept waiting by a
// camera that only repeats itself.
func (w *watchdog) reach(s stage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s <= w.stage {
		return
	}
	w.stage = s
	switch s {
	case connecting:
		w.Expect(w.patience.connect, errUnreachable)
	case connected, detailed, added:
		w.Expect(w.patience.answer, errNoAnswer)
	case adding:
		w.Expect(min(w.patience.answer, soundAnswer), errNoAnswer)
	case answered:
		w.Expect(max(w.patience.describe, w.patience.answer), errNoDescription)
	case playing:
		w.Expect(w.patience.answer, errNoPacket)
	case receiving:
		w.Expect(w.patience.picture, errNoPicture)
	}
}

// reached says whether the run has come as far as a stage.
func (w *watchdog) reached(s stage) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stage >= s
}

// picture notes a whole picture, and from now on limits the silence until the
// next one by the camera's own pace.
func (w *watchdog) picture(arrived time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stage = showing
	w.Picture(arrived, errSilent)
}

// goodbye notes that the camera says it ends. If it does not mean that, a
// picture comes soon.
func (w *watchdog) goodbye() { w.Hasten(afterGoodbye, rtspquirks.ErrEnded) }
