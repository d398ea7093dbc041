package rtc

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// What bodies are of.
const (
	typeSDP      = "application/sdp"
	typeFragment = "application/trickle-ice-sdpfrag"
)

// Offered reads the offer that a request brings (RFC 9725, 4.2). The error is one of
// this package's.
func (p *Port) Offered(w http.ResponseWriter, r *http.Request) (*Offer, error) {
	if !p.On() {
		return nil, fmt.Errorf("%w: webrtc.listen in the configuration is off", ErrOff)
	}
	text, err := p.body(w, r, typeSDP)
	if err != nil {
		return nil, err
	}
	return ReadOffer(text)
}

// body reads what a request brings, which is to be of a type, and to come in as much time
// as the head of a request gets.
func (p *Port) body(w http.ResponseWriter, r *http.Request, wanted string) (string, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != wanted {
		return "", ErrNotSDP
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(p.options.HeadTime)) // where there can be none, the answer is late
	text, err := io.ReadAll(io.LimitReader(r.Body, MaxOffer+1))
	_ = control.SetReadDeadline(time.Time{}) // as it was
	if err != nil {
		return "", fmt.Errorf("%w: it does not come to its end", ErrBadOffer)
	}
	if len(text) > MaxOffer {
		p.options.Limited(LimitOffer)
		return "", ErrTooLarge
	}
	return string(text), nil
}

// Created answers an offer. Where is the address that was asked, under which the
// session's resource is.
func (s *Session) Created(w http.ResponseWriter, where, answer string) error {
	h := w.Header()
	h.Set("Content-Type", typeSDP)
	h.Set("Location", where+"/"+s.name)
	h.Set("ETag", `"`+s.frag+`"`)
	h.Set("Accept-Patch", typeFragment)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusCreated)
	_, err := io.WriteString(w, answer)
	return err
}

// Explain answers OPTIONS, for clients that ask what is taken (RFC 9725, 4.2).
func (p *Port) Explain(w http.ResponseWriter) error {
	h := w.Header()
	h.Set("Accept-Post", typeSDP)
	h.Set("Allow", "OPTIONS, POST")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// Serve answers a request for a session's resource, whose name is all that it takes: its
// end (RFC 9725, 4.2), or candidates of the client (4.3.1), which a lite end has no use
// for. The error is one of this package's.
func (p *Port) Serve(w http.ResponseWriter, r *http.Request, name string) error {
	s, err := p.Find(name)
	if err != nil {
		return err
	}
	switch r.Method {
	case http.MethodDelete:
		s.End(ErrGone)
		w.WriteHeader(http.StatusOK)
		return nil
	case http.MethodPatch:
		text, err := p.body(w, r, typeFragment)
		switch {
		case errors.Is(err, ErrNotSDP):
			return ErrNotFragment
		case err != nil:
			return err
		}
		if s.Restarts(fragOf(text)) {
			return ErrRestart
		}
	}
	w.Header().Set("Allow", "OPTIONS, PATCH, DELETE")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// ErrNotFragment: what is sent to a session is no fragment of SDP.
var ErrNotFragment = errors.New("it is Content-Type: application/trickle-ice-sdpfrag that is taken here")

// fragOf gives the name for ICE in a fragment (RFC 8840, 9); "" is none.
func fragOf(text string) string {
	for line := range strings.Lines(text) {
		if frag, ok := strings.CutPrefix(strings.TrimSpace(line), "a=ice-ufrag:"); ok {
			return frag
		}
	}
	return ""
}
