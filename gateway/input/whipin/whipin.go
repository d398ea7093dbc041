// Package whipin takes what somebody sends by WebRTC (WHIP, RFC 9725): H.264, with Opus,
// as OBS and browsers do.
//
// How packets come is package rtc's, and what is in them rtpvideo's and rtpaudio's, as
// of cameras. Here the sender is told what did not come, which it sends again, and asked
// for keyframes, since browsers make none by themselves (reception.go).
//
// Package server calls Serve for each offer; Close comes before the hub's.
package whipin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/rtc"
	"framegate/gateway/stream"
)

// The limits on who sends, by name.
const (
	LimitFrameBytes       = "frame_bytes"
	LimitPublisherSilence = "publisher_silence"
)

// ErrNotTaken: an offer of what is not taken.
var ErrNotTaken = errors.New("the offer has no video of H.264 with packetization-mode=1 that it would send")

// Options are what a handler works with. Port and Limited are needed.
type Options struct {
	Port    *rtc.Port
	Silence time.Duration      // without a picture; 0 is 20 s
	Limited func(limit string) // is called from any goroutine, and must return at once
	Log     *slog.Logger       // nil discards
}

// Visit is somebody who was let in to send a camera's pictures.
type Visit struct {
	Context context.Context // ends with the permission
	Leave   func()          // is called once, at the end
	// Publish runs a source as the publisher of the camera, until its context is done.
	Publish       func(ctx context.Context, source stream.Source) error
	Lets          func(*media.Frame) bool // whether a picture may go on; calls come one by one
	MaxFrameBytes int
	Silent        bool   // no sound is taken
	Host          string // by which the client came here
	Where         string // the address that it asked, as it is in answers
}

// Handler serves all who send. Its methods may be called from any goroutine.
type Handler struct {
	options Options
	log     *slog.Logger
	serving sync.WaitGroup

	mu      sync.Mutex // guards what follows
	closed  bool
	senders map[*sender]struct{}
}

// New makes a handler. It starts nothing.
func New(o Options) *Handler {
	o.Silence = cmp.Or(o.Silence, silence)
	return &Handler{options: o, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)), senders: make(map[*sender]struct{})}
}

// Close ends all who send, and waits until they are gone.
func (h *Handler) Close() {
	h.mu.Lock()
	h.closed = true
	for s := range h.senders {
		s.session.End(stream.ErrClosed)
	}
	h.mu.Unlock()
	h.serving.Wait()
}

// Offered reads the offer of a request. The error is one of package rtc, or ErrNotTaken.
func (h *Handler) Offered(w http.ResponseWriter, r *http.Request) (*rtc.Offer, error) {
	offer, err := h.options.Port.Offered(w, r)
	if err != nil {
		return nil, err
	}
	if tracks, _, _ := tracksOf(offer, false); tracks == nil {
		return nil, ErrNotTaken
	}
	return offer, nil
}

// Serve answers an offer once the camera is the sender's, and takes what comes until
// one end has enough. The visit is the handler's from now on. An error means that
// nothing was answered: it is one of package rtc, or of Visit.Publish.
func (h *Handler) Serve(w http.ResponseWriter, offer *rtc.Offer, visit *Visit) error {
	s := &sender{handler: h, visit: visit, begun: make(chan struct{}), wake: make(chan struct{}, 1)}
	tracks, video, audio := tracksOf(offer, visit.Silent)
	if tracks == nil {
		visit.Leave()
		return ErrNotTaken
	}
	s.video.payload, s.audio.payload, s.hears = tracks[video].Codec.Payload, tracks[max(audio, 0)].Codec.Payload, audio >= 0 && offer.Taken(tracks, audio)
	session, answer, err := h.options.Port.Open(visit.Context, offer, rtc.Answer{Tracks: tracks, Host: visit.Host, Take: s.take})
	if err != nil {
		visit.Leave()
		return err
	}
	s.session = session
	if !h.enter(s) {
		session.Close()
		visit.Leave()
		return stream.ErrClosed
	}
	ended := make(chan error, 1)
	go s.serve(ended) // ends with the session; Close waits for it
	select {
	case <-s.begun:
		return session.Created(w, visit.Where, answer)
	case err := <-ended:
		return err
	}
}

// enter has Close wait for a sender, unless it has been.
func (h *Handler) enter(s *sender) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.serving.Add(1)
	h.senders[s] = struct{}{}
	return true
}

// leave is the end of a sender that entered.
func (h *Handler) leave(s *sender) {
	h.mu.Lock()
	delete(h.senders, s)
	h.mu.Unlock()
	h.serving.Done()
}

// startRate is with how many kilobits a second browsers begin, of which by themselves
// they come to no more than a tenth for the first half minute.
const startRate = 2000

// tracksOf gives what is answered, with the numbers of the pictures and of the sound,
// -1 for none; nil where no pictures come.
func tracksOf(o *rtc.Offer, silent bool) (tracks map[int]rtc.Track, video, audio int) {
	tracks, video, audio = make(map[int]rtc.Track), -1, -1
	for n := range o.Media {
		m := &o.Media[n]
		switch {
		case !m.Sends:
		case m.Kind == "video" && video < 0:
			if c, ok := pictureCodec(m); ok {
				video = n
				tracks[n] = rtc.Track{Codec: c, FMTP: parameters(c)}
			}
		case m.Kind == "audio" && audio < 0 && !silent:
			for _, c := range m.Codecs {
				if c.Name == "OPUS" && c.Rate == 48000 && audio < 0 {
					audio = n
					tracks[n] = rtc.Track{Codec: c, FMTP: "minptime=10;useinbandfec=1"}
				}
			}
		}
	}
	if video < 0 {
		return nil, -1, -1
	}
	return tracks, video, audio
}

// pictureCodec chooses among those of an offer: Constrained Baseline, which costs
// nobody a delay, else the first.
func pictureCodec(m *rtc.Media) (best rtc.Codec, ok bool) {
	for _, c := range m.Codecs {
		if c.Name != "H264" || c.Rate != 90000 || c.Params["packetization-mode"] != "1" {
			continue
		}
		usual := strings.HasPrefix(strings.ToLower(c.Params["profile-level-id"]), "42e0")
		if !ok || usual && !strings.HasPrefix(strings.ToLower(best.Params["profile-level-id"]), "42e0") {
			best, ok = c, true
		}
	}
	return best, ok
}

// parameters gives those that are answered for a codec: the profile that was offered, at
// the level that pictures of any size have (RFC 6184, 8.1).
func parameters(c rtc.Codec) string {
	const anySize = "34"
	profile := strings.ToLower(c.Params["profile-level-id"])
	if len(profile) != 6 || strings.Trim(profile, "0123456789abcdef") != "" {
		profile = "42e01f"
	}
	return fmt.Sprintf("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=%s;x-google-start-bitrate=%d", profile[:4]+anySize, startRate)
}
