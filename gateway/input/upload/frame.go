package upload

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/publish"
)

// How far a sender's clock may be off for its capture time to be believed.
const (
	oldestCapture = 10 * time.Second
	clockAhead    = time.Second
)

// How long single POSTs keep a camera from other publishers, by their interval.
const (
	claimIntervals = 3
	shortestClaim  = 5 * time.Second
	longestClaim   = 10 * time.Second
)

// ServeFrame serves a POST whose body is one picture, raw or in a form. It
// answers 204 with the number of viewers. The errors are those of this package
// and of media, and stream's ErrUnknown, ErrPulled, ErrBusy and ErrClosed.
func (h *Handler) ServeFrame(w http.ResponseWriter, r *http.Request, who publish.Publisher) error {
	err := h.serveFrame(w, r, named(r, who))
	h.count(err)
	return err
}

func (h *Handler) serveFrame(w http.ResponseWriter, r *http.Request, who publish.Publisher) error {
	b, err := h.readPicture(w, r, who.Address)
	if err != nil {
		stopReading(w)
		return err
	}
	frame, err := h.check(b, nil)
	if err != nil {
		return err
	}
	frame.Wall = captureTime(r.Header.Get("X-Timestamp"), time.Now())
	dropped, err := h.publishSingle(r.Context(), who, frame)
	if err != nil {
		return err
	}
	if dropped {
		w.Header().Set("X-Framegate-Dropped", "1")
	}
	h.answer(w, who.Camera)
	return nil
}

// captureTime reads seconds.micros since 1970, and gives zero for what cannot
// be true.
func captureTime(s string, now time.Time) time.Time {
	seconds, err := strconv.ParseFloat(s, 64)
	age := float64(now.UnixMicro())/1e6 - seconds
	if err != nil || !(age < oldestCapture.Seconds() && age > -clockAhead.Seconds()) {
		return time.Time{}
	}
	return time.UnixMicro(int64(seconds * 1e6))
}

// publishSingle publishes the frame of one POST through the session it shares
// with the others of its owner.
func (h *Handler) publishSingle(ctx context.Context, who publish.Publisher, frame media.Frame) (dropped bool, err error) {
	for {
		shared, gone, err := h.publishers.Share(ctx, who, h.newSession(who.Camera))
		if err != nil {
			return false, err
		}
		dropped, ok, err := shared.(*session).publish(ctx, gone, frame)
		if err != nil || ok {
			return dropped, err
		}
		select { // it ended just now: the next one takes the frame
		case <-gone:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// newSession makes the session that a POST starts where its owner has none.
func (h *Handler) newSession(camera string) *session {
	return &session{handler: h, camera: camera, opened: make(chan struct{})}
}

// lastPace gives the pace of the camera's last session, so that POSTs minutes
// apart come to share one.
func (h *Handler) lastPace(camera string) pace {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.paces[camera]
}

func (h *Handler) keepPace(camera string, p pace) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.paces[camera] = p
}

// session is the publisher that consecutive POSTs of one owner make up. It is
// a publish.Shared.
type session struct {
	handler *Handler
	camera  string
	opened  chan struct{} // closed when it takes frames
	err     error         // why it never opened; set before the camera is free again

	mu    sync.Mutex // guards what follows
	in    *intake    // nil before and after the run
	pace  pace
	quiet *time.Timer // fires when no POST came for too long
}

// QuietSince says whether POSTs, the first of which came at began, have stayed
// out for so long that another publisher may have the camera. The session itself
// goes on for longer, so that viewers of rare pictures see no end between them.
func (s *session) QuietSince(began time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pace.last.After(began) {
		began = s.pace.last
	}
	return time.Since(began) >= min(max(claimIntervals*s.pace.interval, shortestClaim), longestClaim)
}

// Run is the time between the first POST and the silence after the last. The
// frames are emitted meanwhile by the goroutines of the POSTs.
func (s *session) Run(ctx context.Context, emit func(media.Frame)) error {
	s.mu.Lock()
	s.pace = s.handler.lastPace(s.camera) // the one before is gone by now
	s.in = s.handler.newIntake(emit)
	s.quiet = time.NewTimer(s.pace.patience())
	s.mu.Unlock()
	close(s.opened)

	select {
	case <-ctx.Done():
	case <-s.quiet.C:
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.in = nil
	s.quiet.Stop()
	return nil
}

// Ended notes why it never opened, or else at what pace POSTs came.
func (s *session) Ended(err error) {
	if s.err = err; err == nil {
		s.handler.keepPace(s.camera, s.pace)
	}
}

// publish emits one frame. It gives ok = false if the session ended before, and
// is gone.
func (s *session) publish(ctx context.Context, gone <-chan struct{}, frame media.Frame) (dropped, ok bool, err error) {
	select {
	case <-s.opened:
	case <-gone:
		return false, false, s.err
	case <-ctx.Done():
		return false, false, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in == nil {
		return false, false, nil
	}
	s.pace.step(time.Now())
	s.quiet.Reset(s.pace.patience())
	return s.in.take(frame, noTime), true, nil
}
