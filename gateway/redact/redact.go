// Package redact takes secrets of a camera, or of another peer, out of what is said
// about it. Cameras
// repeat in their answers what they are told, and errors and logs tell their
// answers.
package redact

import (
	"cmp"
	"context"
	"encoding/base64"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"framegate/gateway/config"
	"framegate/gateway/media"
	"framegate/gateway/secret"
	"framegate/gateway/stream"
)

// Redactor knows the secrets of one camera, as they are and as they are sent.
// It may be used from any goroutine.
type Redactor struct{ secrets []mask } // the longest first

// New makes the Redactor of a camera: of its password, of what the paths of its
// URLs hold of credentials, and of what their queries hold.
func New(c config.Camera) Redactor {
	all := make(map[string]bool)
	hide := func(secrets ...string) {
		for _, s := range secrets {
			all[s] = true
			quoted := strconv.Quote(s) // as in a camera's words that we quote
			all[quoted[1:len(quoted)-1]] = true
		}
	}
	if password := c.Password.Reveal(); password != "" {
		hide(password, url.QueryEscape(password), url.PathEscape(password))
		hide(base64.StdEncoding.EncodeToString([]byte(c.Username + ":" + password)))
	}
	for _, source := range []config.Source{c.Source, c.Sub} {
		hide(source.Credentials()...)
		_, query, _ := strings.Cut(source.URL, "?")
		hide(query)
		values, _ := url.ParseQuery(query) // what cannot be read is hidden whole
		for _, of := range values {
			for _, value := range of {
				if len(value) > 3 { // shorter ones are sizes, channels and the like
					hide(value, url.QueryEscape(value))
				}
			}
		}
	}
	return redactorOf(all)
}

// Of makes the Redactor of these texts, none of which may be seen, as they are.
func Of(texts ...string) Redactor {
	all := make(map[string]bool)
	for _, s := range texts {
		all[s] = true
		quoted := strconv.Quote(s)
		all[quoted[1:len(quoted)-1]] = true
	}
	return redactorOf(all)
}

func redactorOf(all map[string]bool) Redactor {
	delete(all, "")
	var r Redactor
	for s := range all {
		r.secrets = append(r.secrets, newMask(s))
	}
	slices.SortFunc(r.secrets, func(a, b mask) int {
		return cmp.Or(cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.text, b.text))
	})
	return r
}

// Text gives a text without secrets, and without what would do something to a
// terminal or turn the text around.
func (r Redactor) Text(text string) string {
	text = printable(text)
	for _, s := range r.secrets {
		text = s.hide(text)
	}
	return strings.ReplaceAll(text, hidden, secret.Redacted)
}

// Source gives a source whose errors hold no secrets. Of nil it gives nil.
func (r Redactor) Source(s stream.Source) stream.Source {
	if s == nil {
		return nil
	}
	return source{s, r}
}

type source struct {
	stream.Source
	redactor Redactor
}

// Run runs the source, and gives its error without secrets.
func (s source) Run(ctx context.Context, emit func(media.Frame)) error {
	return s.redactor.Error(s.Source.Run(ctx, emit))
}

// Error gives an error that says what Text makes of it, and is the same
// otherwise.
func (r Redactor) Error(err error) error {
	if err == nil {
		return nil
	}
	text := r.Text(err.Error())
	if text == err.Error() {
		return err
	}
	return redactedError{text, err}
}

type redactedError struct {
	text string
	err  error
}

func (e redactedError) Error() string { return e.text }

// Unwrap lets callers branch on what it is. What it says they take from Error.
func (e redactedError) Unwrap() error { return e.err }

// Log gives a log that no secrets come into.
func (r Redactor) Log(log *slog.Logger) *slog.Logger {
	return slog.New(handler{log.Handler(), r})
}

type handler struct {
	slog.Handler
	redactor Redactor
}

// Handle hands a record on without secrets.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, h.redactor.Text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.redactor.attr(a))
		return true
	})
	return h.Handler.Handle(ctx, clean)
}

// WithAttrs gives a handler that hands these on too, without secrets.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(h.redactor.attrs(attrs)), h.redactor}
}

// WithGroup gives a handler of a group.
func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.redactor}
}

func (r Redactor) attrs(attrs []slog.Attr) []slog.Attr {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = r.attr(a)
	}
	return clean
}

// attr redacts texts and errors: what else is logged of cameras are numbers.
func (r Redactor) attr(a slog.Attr) slog.Attr {
	a.Value = a.Value.Resolve()
	switch value := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(r.Text(value))
	case error:
		a.Value = slog.AnyValue(r.Error(value))
	case []slog.Attr:
		a.Value = slog.GroupValue(r.attrs(value)...)
	}
	return a
}
