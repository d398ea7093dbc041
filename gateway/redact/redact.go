package main

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/url"
	"strings"

	"framegate/gateway/config"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// hiding takes a camera's secrets out of what is said about it. Cameras repeat
// in their answers what they are told, and errors and logs tell their answers.
type hiding struct{ secrets *strings.Replacer }

// newHiding knows the secrets of a camera, as they are and as they are sent.
func newHiding(c config.Camera) hiding {
	var pairs []string
	hide := func(secrets ...string) {
		for _, s := range secrets {
			if s != "" {
				pairs = append(pairs, s, "<redacted>")
			}
		}
	}
	if password := c.Password.Reveal(); password != "" {
		hide(password, url.QueryEscape(password), url.PathEscape(password))
		hide(base64.StdEncoding.EncodeToString([]byte(c.Username + ":" + password)))
	}
	_, query, _ := strings.Cut(c.Source.URL, "?")
	hide(query)
	values, _ := url.ParseQuery(query) // what cannot be read is hidden whole
	for _, all := range values {
		for _, value := range all {
			if len(value) > 3 { // shorter ones are sizes, channels and the like
				hide(value, url.QueryEscape(value))
			}
		}
	}
	return hiding{strings.NewReplacer(pairs...)}
}

// source gives a source whose errors hold no secrets. Of none it gives none.
func (h hiding) source(s stream.Source) stream.Source {
	if s == nil {
		return nil
	}
	return hidingSource{s, h}
}

type hidingSource struct {
	stream.Source
	hiding
}

// Run runs the source, and gives its error without secrets.
func (s hidingSource) Run(ctx context.Context, emit func(media.Frame)) error {
	return s.err(s.Source.Run(ctx, emit))
}

// err gives an error that says the same without secrets, and is the same
// otherwise.
func (h hiding) err(err error) error {
	if err == nil {
		return nil
	}
	text := h.secrets.Replace(err.Error())
	if text == err.Error() {
		return err
	}
	return hiddenError{text, err}
}

type hiddenError struct {
	text string
	err  error
}

func (e hiddenError) Error() string { return e.text }

// Unwrap lets callers branch on what it is. What it says they take from Error.
func (e hiddenError) Unwrap() error { return e.err }

// log gives a log that no secrets come into.
func (h hiding) log(log *slog.Logger) *slog.Logger {
	return slog.New(hidingHandler{log.Handler(), h})
}

type hidingHandler struct {
	slog.Handler
	hiding
}

// Handle hands a record on without secrets.
func (h hidingHandler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, h.secrets.Replace(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attr(a))
		return true
	})
	return h.Handler.Handle(ctx, clean)
}

func (h hidingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.attr(a)
	}
	return hidingHandler{h.Handler.WithAttrs(clean), h.hiding}
}

func (h hidingHandler) WithGroup(name string) slog.Handler {
	return hidingHandler{h.Handler.WithGroup(name), h.hiding}
}

// attr hides in texts and errors: what else is logged of cameras are numbers.
func (h hiding) attr(a slog.Attr) slog.Attr {
	a.Value = a.Value.Resolve()
	switch value := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(h.secrets.Replace(value))
	case error:
		a.Value = slog.AnyValue(h.err(value))
	case []slog.Attr:
		clean := make([]slog.Attr, len(value))
		for i, inner := range value {
			clean[i] = h.attr(inner)
		}
		a.Value = slog.GroupValue(clean...)
	}
	return a
}
