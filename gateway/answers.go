package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/input/upload"
	"framegate/gateway/media"
	"framegate/gateway/output/live"
	"framegate/gateway/output/snapshot"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
	"framegate/web"
)

// statuses says which error is which HTTP status; the first that fits counts.
var statuses = []struct {
	err    error
	status int
}{
	{stream.ErrUnknown, http.StatusNotFound},
	{errNoForm, http.StatusNotFound},
	{errNotThere, http.StatusNotFound},
	{errUnreachable, http.StatusBadGateway},
	{errShuttingDown, http.StatusServiceUnavailable},
	{context.Canceled, http.StatusServiceUnavailable}, // the server ends, or nobody is there to hear
	{auth.ErrDenied, http.StatusUnauthorized},
	{auth.ErrRevoked, http.StatusUnauthorized},
	{auth.ErrTooManyAttempts, http.StatusTooManyRequests},
	{auth.ErrUnwritten, http.StatusInsufficientStorage},
	{stream.ErrBusy, http.StatusConflict},
	{stream.ErrPulled, http.StatusConflict},
	{stream.ErrFull, http.StatusServiceUnavailable},
	{stream.ErrClosed, http.StatusServiceUnavailable},
	{media.ErrNotJPEG, http.StatusUnsupportedMediaType},
	{media.ErrMalformed, http.StatusUnprocessableEntity},
	{media.ErrTooManyPixels, http.StatusUnprocessableEntity},
	{media.ErrUnshowable, http.StatusUnprocessableEntity},
	{upload.ErrBadBody, http.StatusBadRequest},
	{upload.ErrTooLarge, http.StatusRequestEntityTooLarge},
	{upload.ErrTooSlow, http.StatusRequestTimeout},
	{upload.ErrTooMany, http.StatusTooManyRequests},
	{upload.ErrCrossOrigin, http.StatusForbidden},
	{upload.ErrNotWebSocket, http.StatusBadRequest},
	{live.ErrNotWebSocket, http.StatusUpgradeRequired},
	{live.ErrCrossOrigin, http.StatusForbidden},
	{live.ErrBadCodec, http.StatusUnprocessableEntity},
	{snapshot.ErrBadQuery, http.StatusBadRequest},
	{snapshot.ErrNoFrame, http.StatusGatewayTimeout},
	{rendition.ErrBadRequest, http.StatusUnprocessableEntity},
}

// Errors of the router itself.
var (
	errNoForm       = errors.New("no such form")
	errShuttingDown = errors.New("shutting down")
	errUnreachable  = errors.New("unreachable") // a camera, to who may not know more
	errNotThere     = errors.New("there is nothing of that name here, or you may not see it")
)

// statusOf turns an error into an HTTP status. What is wrong with a camera is
// not wrong with the request; that there are too many encoders is not wrong with
// the camera.
func statusOf(err error) int {
	var failed *stream.SourceError
	if errors.As(err, &failed) && !errors.Is(err, stream.ErrFull) {
		return http.StatusBadGateway
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status
		}
	}
	return http.StatusInternalServerError
}

// answering makes a handler of a route: it lets in who may use it, and answers
// with what becomes of that. A panic ends its request alone.
func (g *gateway) answering(t route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				g.log.Error("handler panicked", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				panic(http.ErrAbortHandler) // whatever was written is all there is
			}
		}()
		camera := t.camera(r)
		admitted, leave, err := g.admit(r, t, camera)
		if err == nil {
			defer leave()
			err = told(principalOf(admitted), t.serve(w, admitted, camera))
		}
		if err != nil {
			g.answerError(w, r, err)
		}
		hearOut(w, r)
	})
}

const (
	// hearingTime and hearingBytes bound what is taken of a body that nobody
	// wants any more.
	hearingTime  = 500 * time.Millisecond
	hearingBytes = 8 << 20
)

// hearOut takes for a moment what a client still sends that was answered
// already, so that it gets to read the answer. net/http does so by itself, but
// not for those that want the connection closed behind the answer: it resets
// that at once, which can undo the answer (RFC 9112, 9.6).
func hearOut(w http.ResponseWriter, r *http.Request) {
	if !r.Close || r.ProtoMajor != 1 || r.ContentLength == 0 || r.Header.Get("Expect") != "" {
		return
	}
	control := http.NewResponseController(w)
	if control.Flush() != nil || control.SetReadDeadline(time.Now().Add(hearingTime)) != nil {
		return // it is not net/http's any more
	}
	_, _ = io.CopyN(io.Discard, r.Body, hearingBytes)
}

// told gives what a principal may know of an error: what is wrong with a
// camera, and so where it is, is for admins alone. Others find it in no answer,
// the log has it.
func told(p auth.Principal, err error) error {
	var failed *stream.SourceError
	if errors.As(err, &failed) && !errors.Is(err, stream.ErrFull) && !auth.Authorize(p, auth.Admin, "") {
		return errUnreachable
	}
	return err
}

// why gives what puts into words for a principal what is wrong with a camera; nil
// where that may not know more than that something is.
func why(p auth.Principal) func(*stream.SourceError) string {
	if !auth.Authorize(p, auth.Admin, "") {
		return nil
	}
	return func(failed *stream.SourceError) string {
		if failed.Err == nil {
			return "it ended without a picture"
		}
		return failed.Err.Error()
	}
}

// answerError answers with what went wrong before anything else was said.
func (g *gateway) answerError(w http.ResponseWriter, r *http.Request, err error) {
	status, text := statusOf(err), err.Error()
	g.log.Debug("refused", "method", r.Method, "path", r.URL.Path, "address", clientAddress(r), "status", status, "err", err)
	switch status {
	case http.StatusInternalServerError:
		g.log.Error("request failed", "path", r.URL.Path, "err", err)
		text = "something went wrong inside; the log says what"
	case http.StatusUnauthorized:
		if isPage(r) {
			sendTo(w, r, loginPath(r), http.StatusSeeOther)
			return
		}
		if isAPI(r) {
			text = challengeAPI(w, r, err)
		} else {
			auth.Challenge(w, r)
		}
	case http.StatusTooManyRequests:
		if wait := auth.RetryAfter(err); wait > 0 {
			w.Header().Set("Retry-After", seconds(wait))
		}
	}
	g.refuse(w, r, status, text)
}

// refuse answers as those expect it who asked: under /api/ with a problem
// document, a person with a page, and programs with a line of text.
func (g *gateway) refuse(w http.ResponseWriter, r *http.Request, status int, text string) {
	if (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests && !isAPI(r)) && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "5")
	}
	switch {
	case isAPI(r):
		api.Answer(w, status, text)
	case takesPages(r):
		g.pages.Refuse(w, r, status, refusalOf(r, status, text))
	default:
		answer(w, status, text)
	}
}

// refusalOf puts into words for a person what programs get as a line.
func refusalOf(r *http.Request, status int, text string) web.Refusal {
	title, known := map[int]string{
		http.StatusForbidden:          "This is not allowed",
		http.StatusNotFound:           "There is nothing here",
		http.StatusMisdirectedRequest: "This server has another name",
		http.StatusTooManyRequests:    "That was too often",
		http.StatusServiceUnavailable: "This server cannot do it now",
		http.StatusGatewayTimeout:     "There is no picture",
		http.StatusBadGateway:         "The camera cannot be reached",
	}[status]
	if !known {
		title = http.StatusText(status)
	}
	refusal := web.Refusal{Title: title, Text: sentence(text)}
	if r.Method == http.MethodGet && (status == http.StatusForbidden || status == http.StatusNotFound) {
		refusal.Login = strings.TrimPrefix(loginPath(r), "/")
	}
	return refusal
}

// sentence gives a line of text the capital letter and the full stop of one.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// seconds gives a time as Retry-After has it, rounded up.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// answer answers with a status and one line of text.
func answer(w http.ResponseWriter, status int, text string) {
	if (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests) && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "5")
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, text, status)
}
