// Package problem is an error as an API answers it: a problem document
// (RFC 9457), of one line in words and perhaps a list of mistakes. Whatever was
// sent, it is short, and does nothing to a terminal that shows it.
//
// It does not know which error is which status: who makes a Problem says so.
package problem

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// ContentType is that of a problem document.
const ContentType = "application/problem+json"

// Problem is an error as it is answered. It is an error too, so that handlers
// return it. Make it with New.
type Problem struct {
	Type   string  `json:"type" doc:"always about:blank: status and code say what kind of problem it is" example:"about:blank"`
	Code   Code    `json:"code" enum:"bad_request,not_logged_in,wrong_login,not_allowed,not_there,nothing_recorded,wrong_method,too_slow,conflict,exists,too_many,last_admin,of_file,not_done,no_ptz,changed_meanwhile,too_large,wrong_type,wrong_host,invalid,weak_password,wrong_password,too_long,too_often,too_many_attempts,internal,camera_failed,camera_login,busy,locked,read_only,ending,apart,camera_silent,disk_full,not_written" doc:"what kind of problem it is, for programs: it stays what it is when words change" example:"invalid"`
	Title  string  `json:"title" doc:"the status in words" example:"Unprocessable Entity"`
	Status int     `json:"status" doc:"the status of the answer" example:"422"`
	Detail string  `json:"detail" doc:"what is wrong, and what to do instead" example:"the camera cannot be taken"`
	Errors []Fault `json:"errors,omitempty" nullable:"false" doc:"each mistake, where there may be several"`

	RetryAfter time.Duration `json:"-"` // said in a header; 0: not said
	Cause      error         `json:"-"` // for the log; not answered
}

// Fault is one mistake in what was sent.
type Fault struct {
	Location string `json:"location" doc:"where it stands" example:"body.source"`
	Detail   string `json:"detail" doc:"what is wrong there, and what to write instead" example:"names no host; write rtsp://host:port/path"`
}

// What a problem may say at most.
const (
	MaxFaults      = 10
	MaxBytes       = 8 << 10
	maxFaultBytes  = 300 // of a location or a detail
	maxDetailBytes = 1 << 10
)

// New makes the problem of a status, with the code of it.
func New(status int, detail string) *Problem {
	return &Problem{Type: "about:blank", Code: codeOf(status), Title: http.StatusText(status), Status: status, Detail: detail}
}

// Error gives the line in words.
func (p *Problem) Error() string { return p.Detail }

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.Cause }

// GetStatus gives the status: with it and ContentType package huma answers the
// problem as it is.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType gives the type of what is answered, whatever was to be.
func (p *Problem) ContentType(string) string { return ContentType }

// SetHeaders sets what goes with the problem.
func (p *Problem) SetHeaders(h http.Header) {
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((p.RetryAfter+time.Second-1)/time.Second), 10))
	}
	if p.Status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", `Bearer realm="Framegate"`) // RFC 9110 section 15.5.2
	}
}

// Bound leaves out what is too much: what is wrong may be repeated in a
// problem, and must not make more of it.
func (p *Problem) Bound() {
	p.Detail = shortened(p.Detail, maxDetailBytes)
	total := len(p.Errors)
	p.Errors = slices.Clone(p.Errors[:min(total, MaxFaults)])
	for i, f := range p.Errors {
		p.Errors[i] = Fault{shortened(f.Location, maxFaultBytes), shortened(f.Detail, maxFaultBytes)}
	}
	for n := len(p.Errors); n > 0 && p.size() > MaxBytes; n-- { // what is escaped is longer
		p.Errors = p.Errors[:n-1]
	}
	if left := total - len(p.Errors); left > 0 {
		p.Detail += "; " + strconv.Itoa(left) + " more mistakes are not listed"
	}
}

func (p *Problem) size() int {
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

// Write answers with the problem.
func (p *Problem) Write(w http.ResponseWriter) {
	p.Bound()
	p.SetHeaders(w.Header())
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the peer is gone if it fails
}
