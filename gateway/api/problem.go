package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"framegate/gateway/auth"
	"framegate/gateway/store"
	"framegate/gateway/stream"
)

// Texts that stand in more than one place.
const (
	noAddress = "there is no such address; /api/docs lists those there are"
	notThere  = "there is nothing of that name here, or you may not see it"
)

// problem is an error as it is answered (RFC 9457). It is an error too, so that
// handlers return it.
type problem struct {
	Type   string  `json:"type" doc:"always about:blank: status says what kind of problem it is" example:"about:blank"`
	Title  string  `json:"title" doc:"the status in words" example:"Unprocessable Entity"`
	Status int     `json:"status" doc:"the status of the answer" example:"422"`
	Detail string  `json:"detail" doc:"what is wrong, and what to do instead" example:"the camera cannot be taken"`
	Errors []fault `json:"errors,omitempty" nullable:"false" doc:"each mistake, where there may be several"`

	retryAfter time.Duration // 0: not said
	cause      error         // for the log; not answered
}

// fault is one mistake in what was sent.
type fault struct {
	Location string `json:"location" doc:"where it stands" example:"body.source"`
	Detail   string `json:"detail" doc:"what is wrong there, and what to write instead" example:"names no host; write rtsp://host:port/path"`
}

// What a problem may say at most, whatever was sent.
const (
	maxFaults       = 10
	maxFaultBytes   = 300 // of a location or a detail
	maxDetailBytes  = 1 << 10
	maxProblemBytes = 8 << 10
)

func newProblem(status int, detail string) *problem {
	return &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// Error, GetStatus and ContentType are what package huma wants of an error.
func (p *problem) Error() string             { return p.Detail }
func (p *problem) GetStatus() int            { return p.Status }
func (p *problem) ContentType(string) string { return problemType }
func (p *problem) Unwrap() error             { return p.cause }

const problemType = "application/problem+json"

// headers sets what goes with the problem.
func (p *problem) headers(h http.Header) {
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((p.retryAfter+time.Second-1)/time.Second), 10))
	}
	if p.Status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", `Bearer realm="Framegate"`) // RFC 9110 section 15.5.2
	}
}

// bound leaves out what is too much: what is wrong may be repeated in a
// problem, and must not make more of it.
func (p *problem) bound() {
	p.Detail = shortened(p.Detail, maxDetailBytes)
	total := len(p.Errors)
	p.Errors = slices.Clone(p.Errors[:min(total, maxFaults)])
	for i, f := range p.Errors {
		p.Errors[i] = fault{shortened(f.Location, maxFaultBytes), shortened(f.Detail, maxFaultBytes)}
	}
	for n := len(p.Errors); n > 0 && p.size() > maxProblemBytes; n-- { // what is escaped is longer
		p.Errors = p.Errors[:n-1]
	}
	if left := total - len(p.Errors); left > 0 {
		p.Detail += "; " + strconv.Itoa(left) + " more mistakes are not listed"
	}
}

func (p *problem) size() int {
	text, _ := json.Marshal(p) // of texts and numbers
	return len(text)
}

// shortened cuts a text behind so many bytes, and leaves out what terminals
// would obey.
func shortened(text string, maxBytes int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text[:min(len(text), maxBytes+1)])
	if len(text) <= maxBytes {
		return text
	}
	return strings.ToValidUTF8(text[:maxBytes], "") + "…"
}

func (p *problem) write(w http.ResponseWriter) {
	p.bound()
	p.headers(w.Header())
	w.Header().Set("Content-Type", problemType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the peer is gone if it fails
}

// Answer answers with a problem document of a status, for what goes wrong
// before a request reaches the API. Headers such as Retry-After are set before.
func Answer(w http.ResponseWriter, status int, detail string) {
	newProblem(status, detail).write(w)
}

// statuses says which error is which status; the first that fits counts.
var statuses = []struct {
	err    error
	status int
}{
	{auth.ErrDenied, http.StatusUnauthorized},
	{auth.ErrTooManyAttempts, http.StatusTooManyRequests},
	{auth.ErrForbidden, http.StatusForbidden},
	{auth.ErrUnwritten, http.StatusInsufficientStorage},
	{auth.ErrBadName, http.StatusUnprocessableEntity},
	{auth.ErrWeakPassword, http.StatusUnprocessableEntity},
	{auth.ErrBadPassword, http.StatusUnprocessableEntity},
	{auth.ErrBadGrant, http.StatusUnprocessableEntity},
	{auth.ErrBadLifetime, http.StatusUnprocessableEntity},
	{store.ErrExists, http.StatusConflict},
	{store.ErrTooMany, http.StatusConflict},
	{store.ErrLastAdmin, http.StatusConflict},
	{store.ErrConflict, http.StatusPreconditionFailed},
	{store.ErrUnknown, http.StatusNotFound},
	{store.ErrBusy, http.StatusServiceUnavailable},
	{store.ErrFull, http.StatusInsufficientStorage},
	{stream.ErrClosed, http.StatusServiceUnavailable},
	{context.DeadlineExceeded, http.StatusServiceUnavailable},
	{context.Canceled, http.StatusServiceUnavailable},
}

// problemOf makes a problem of an error. What is of nobody's making but ours is
// told to the log alone.
func problemOf(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	for _, s := range statuses {
		if !errors.Is(err, s.err) {
			continue
		}
		p := newProblem(s.status, err.Error())
		p.cause = err
		p.retryAfter = auth.RetryAfter(err)
		if s.status == http.StatusServiceUnavailable {
			p.retryAfter = 5 * time.Second
		}
		return p
	}
	p = newProblem(http.StatusInternalServerError, "something went wrong inside; the log says what")
	p.cause = err
	return p
}

// answerUnrouted answers what no route takes. The handler is the mux's own,
// which knows which methods there are.
func answerUnrouted(w http.ResponseWriter, r *http.Request, handler http.Handler) {
	said := headersOnly{header: make(http.Header)}
	handler.ServeHTTP(&said, r)
	if said.status != http.StatusMethodNotAllowed {
		Answer(w, http.StatusNotFound, noAddress)
		return
	}
	allowed := said.header.Get("Allow")
	w.Header().Set("Allow", allowed)
	Answer(w, http.StatusMethodNotAllowed, "this address takes "+strings.ReplaceAll(allowed, ", ", " and "))
}

// headersOnly is where an answer goes of which only the head is wanted.
type headersOnly struct {
	header http.Header
	status int
}

func (h *headersOnly) Header() http.Header         { return h.header }
func (h *headersOnly) Write(b []byte) (int, error) { return len(b), nil }
func (h *headersOnly) WriteHeader(status int)      { h.status = status }
