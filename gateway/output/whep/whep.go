// Package whep gives cameras out by WebRTC (draft-ietf-wish-whep): H.264 and H.265 as
// the camera sends them where a browser can take that, else H.264 that is made of it,
// with the camera's sound as Opus.
//
// It encodes nothing and knows no camera: it reads frames from the hub. A stream's
// pictures are put into packets once (pack.go), and each viewer sends them under numbers
// of its own and remembers what it sent (sender.go), so that what is lost is sent again.
// Who joins, and who asks for a keyframe, gets what there is since the newest one. A
// viewer whose line loses too much is shown less, for as long as it does (loss.go).
//
// How packets come to a browser is package rtc's. Package server calls Serve for each
// offer; Close comes before the hub's.
package whep

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/rtc"
	"framegate/gateway/stream"
)

// Form is what viewers of this output are called, as stream.Client.Form has it.
const Form = "webrtc"

const (
	// idleAfter is how long without a frame a viewer waits before it looks again.
	idleAfter = time.Second
	// firstPicture is how long a camera gets to its first picture, without which nobody
	// knows what it sends.
	firstPicture = 10 * time.Second
)

// Errors of this package, for the router's table.
var (
	// ErrNoH264: a browser that cannot take what is sent.
	ErrNoH264 = errors.New("the offer has no video of H.264 with packetization-mode=1 that it would receive")
	// ErrNoPicture: nobody can be told what the camera sends.
	ErrNoPicture = errors.New("the camera gives no picture at the moment")
)

// Options are what a handler works with. Hub and Port are needed.
type Options struct {
	delivery.Options
	Port *rtc.Port
	// Clean is for how long a line has to be clean until a viewer that was shown less is
	// shown more again; 0: half a minute.
	Clean time.Duration
}

// Visit is somebody who was let in to see a camera.
type Visit struct {
	Context context.Context // ends with the permission
	Leave   func()          // is called once, at the end
	Client  stream.Client   // its Form is set
	Choice  Choice
	Host    string // by which the client came here
	Where   string // the address that it asked, as it is in answers
}

// Choice is the streams that can be shown.
type Choice struct {
	Own      stream.Key   // the camera's
	Plain    bool         // the camera's own pictures will do
	H264     stream.Key   // its pictures as H.264, as they are asked for
	Straight stream.Key   // the same without pictures that are reordered
	Lesser   []stream.Key // ever less of it, for lines that lose packets
	Opus     stream.Key   // its sound; zero: it has none
	// Encodes says why there would be no encoder for a stream; nil is not asked.
	Encodes func(stream.Key) error
}

// Handler serves all viewers of this form. Its methods may be called from any
// goroutine.
type Handler struct {
	options Options
	log     *slog.Logger
	shelf   shelf
	serving sync.WaitGroup

	mu     sync.Mutex // guards what follows
	closed bool
	ends   map[*viewer]struct{}
}

// New makes a handler. It starts nothing.
func New(o Options) *Handler {
	return &Handler{options: o, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)), ends: make(map[*viewer]struct{})}
}

// Close ends all viewers and waits until they are gone.
func (h *Handler) Close() {
	h.mu.Lock()
	h.closed = true
	for v := range h.ends {
		v.session.End(stream.ErrClosed)
	}
	h.mu.Unlock()
	h.serving.Wait()
}

// Offered reads the offer of a request. The error is one of package rtc, or ErrNoH264.
func (h *Handler) Offered(w http.ResponseWriter, r *http.Request) (*rtc.Offer, error) {
	return suitable(h.options.Port.Offered(w, r))
}

// Read is Offered for an offer that did not come as a request's body.
func (h *Handler) Read(text string) (*rtc.Offer, error) { return suitable(rtc.ReadOffer(text)) }

// suitable gives an offer by which pictures can be shown.
func suitable(offer *rtc.Offer, err error) (*rtc.Offer, error) {
	if err != nil {
		return nil, err
	}
	if _, ok := pictureTracks(offer); !ok {
		return nil, ErrNoH264
	}
	return offer, nil
}

// Serve answers an offer, and shows the camera until one end has enough. The visit is
// the handler's from now on. An error means that nothing was answered: it is one of
// Hub.Open, of package rtc, a *stream.SourceError, ErrNoPicture or ErrNoH264.
func (h *Handler) Serve(ctx context.Context, w http.ResponseWriter, offer *rtc.Offer, visit *Visit) error {
	session, answer, err := h.Answer(ctx, offer, visit)
	if err != nil {
		return err
	}
	return session.Created(w, visit.Where, answer)
}

// Answer is Serve for whoever gives the answer himself.
func (h *Handler) Answer(ctx context.Context, offer *rtc.Offer, visit *Visit) (*rtc.Session, string, error) {
	v, answer, err := h.open(ctx, offer, visit)
	if err != nil {
		visit.Leave()
		return nil, "", err
	}
	if !h.enter(v) {
		v.close()
		return nil, "", stream.ErrClosed
	}
	go v.serve() // ends with the session; Close waits for it
	return v.session, answer, nil
}

// enter has Close wait for a viewer, unless it has been.
func (h *Handler) enter(v *viewer) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.serving.Add(1)
	h.ends[v] = struct{}{}
	return true
}

// leave is the end of a viewer that entered.
func (h *Handler) leave(v *viewer) {
	h.mu.Lock()
	delete(h.ends, v)
	h.mu.Unlock()
	h.serving.Done()
}

// carried says that a format can be shown as it is to somebody with certain tracks.
func (t tracks) carried(f *media.Format) bool {
	if f == nil || f.Refreshed {
		return false
	}
	if frames, certain := f.Reordering(); frames > 0 && certain {
		return false
	}
	switch f.Codec {
	case media.H264:
		return true
	case media.H265:
		return t.h265For(f) != nil
	}
	return false
}
