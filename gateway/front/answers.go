package front

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/media"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
	"framegate/web"
)

// refusals are those of what all forms have in common, and of package front; the
// first that fits counts.
var refusals = []Refusal{
	{stream.ErrUnknown, http.StatusNotFound},
	{errNoForm, http.StatusNotFound},
	{errNoCompat, http.StatusNotFound},
	{errNoOffer, http.StatusBadRequest},
	{errNoSource, http.StatusBadRequest},
	{errNotThere, http.StatusNotFound},
	{errUnreachable, http.StatusBadGateway},
	{errShuttingDown, http.StatusServiceUnavailable},
	{errDraining, http.StatusServiceUnavailable},
	{ErrUnready, http.StatusServiceUnavailable},
	{context.Canceled, http.StatusServiceUnavailable}, // the server ends, or nobody is there to hear
	{auth.ErrDenied, http.StatusUnauthorized},
	{auth.ErrRevoked, http.StatusUnauthorized},
	{auth.ErrTooManyAttempts, http.StatusTooManyRequests},
	{auth.ErrUnwritten, http.StatusInsufficientStorage},
	{stream.ErrBusy, http.StatusConflict},
	{stream.ErrPulled, http.StatusConflict},
	{stream.ErrFull, http.StatusServiceUnavailable},
	{stream.ErrEnded, http.StatusForbidden},
	{stream.ErrClosed, http.StatusServiceUnavailable},
	{media.ErrNotJPEG, http.StatusUnsupportedMediaType},
	{media.ErrMalformed, http.StatusUnprocessableEntity},
	{media.ErrTooManyPixels, http.StatusUnprocessableEntity},
	{media.ErrUnshowable, http.StatusUnprocessableEntity},
	{rendition.ErrBadRequest, http.StatusUnprocessableEntity},
}

// Errors of the router itself.
var (
	errNoForm       = errors.New("no such form")
	errShuttingDown = errors.New("shutting down")
	errDraining     = errors.New("this server is about to end and takes nobody new; come back later")
	// ErrUnready, wrapped, is what Options.Unready gives.
	ErrUnready     = errors.New("not ready")
	errUnreachable = errors.New("unreachable") // a camera, to who may not know more
	errNotThere    = errors.New("there is nothing of that name here, or you may not see it")
)

// statusOf turns an error into an HTTP status. What is wrong with a camera is
// not wrong with the request; that there are too many encoders is not wrong with
// the camera.
func (f *Front) statusOf(err error) int {
	var failed *stream.SourceError
	if errors.As(err, &failed) && !errors.Is(err, stream.ErrFull) {
		return http.StatusBadGateway
	}
	i := slices.IndexFunc(f.refusals, func(r Refusal) bool { return errors.Is(err, r.Err) })
	if i < 0 {
		return http.StatusInternalServerError
	}
	return f.refusals[i].Status
}

// answering makes a handler of a route: it lets in who may use it, and answers
// with what becomes of that. A panic ends its request alone.
func (f *Front) answering(t route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				f.options.Log.Error("handler panicked", "path", logged(r), "panic", p, "stack", string(debug.Stack()))
				panic(http.ErrAbortHandler) // whatever was written is all there is
			}
		}()
		camera := t.camera(r)
		admitted, p, leave, err := f.admit(r, t, camera)
		if err == nil {
			defer leave()
			if t.needs == auth.Playback {
				w.Header().Add("Vary", "Cookie, Authorization") // a browser that keeps it shows it to nobody who logs in next
			}
			err = tellable(p, t.serve(w, admitted, Visit{Camera: camera, Principal: p, Address: clientAddress(r)}))
		}
		if err != nil {
			f.answerError(w, r, err)
		}
		drain(w, r)
	})
}

// logged gives the path of a request as logs may have it, which is without the name of a
// session, since that is all that it takes to end it.
func logged(r *http.Request) string {
	name := r.PathValue("session")
	if name == "" {
		return r.URL.Path
	}
	return strings.TrimSuffix(r.URL.Path, name) + "…"
}

const (
	// drainTime and drainBytes bound what is taken of a body that nobody
	// wants any more.
	drainTime  = 500 * time.Millisecond
	drainBytes = 8 << 20
)

// drain takes for a moment what a client still sends that was answered
// already, so that it gets to read the answer. net/http does so by itself, but
// not for those that want the connection closed behind the answer: it resets
// that at once, which can undo the answer (RFC 9112, 9.6).
func drain(w http.ResponseWriter, r *http.Request) {
	if !r.Close || r.ProtoMajor != 1 || r.ContentLength == 0 || r.Header.Get("Expect") != "" {
		return
	}
	control := http.NewResponseController(w)
	if control.Flush() != nil || control.SetReadDeadline(time.Now().Add(drainTime)) != nil {
		return // it is not net/http's any more
	}
	_, _ = io.CopyN(io.Discard, r.Body, drainBytes)
}

// tellable gives what a principal may know of an error: what is wrong with a
// camera, and so where it is, is for admins alone. Others find it in no answer,
// the log has it.
func tellable(p auth.Principal, err error) error {
	var failed *stream.SourceError
	if errors.As(err, &failed) && !errors.Is(err, stream.ErrFull) && !auth.Authorize(p, auth.Admin, "") {
		return errUnreachable
	}
	return err
}

// answerError answers with what went wrong before anything else was said.
func (f *Front) answerError(w http.ResponseWriter, r *http.Request, err error) {
	status, text := f.statusOf(err), err.Error()
	f.options.Log.Debug("refused", "method", r.Method, "path", logged(r), "address", clientAddress(r), "status", status, "err", err)
	switch status {
	case http.StatusInternalServerError:
		f.options.Log.Error("request failed", "path", logged(r), "err", err)
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
	f.refuse(w, r, status, text)
}

// refuse answers as those expect it who asked: under /api/ with a problem
// document, a person with a page, and programs with a line of text.
func (f *Front) refuse(w http.ResponseWriter, r *http.Request, status int, text string) {
	if (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests && !isAPI(r)) && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "5")
	}
	switch {
	case isAPI(r):
		api.Answer(w, status, text)
	case takesPages(r):
		f.options.Pages.Refuse(w, r, status, refusalOf(r, status, text))
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
