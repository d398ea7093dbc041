package metrics

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// Panics counts those that were caught: whoever catches one tells the log, with the
// attribute "panic".
type Panics struct{ caught atomic.Uint64 }

// Count gives how many there were.
func (p *Panics) Count() uint64 { return p.caught.Load() }

// Counting gives a handler that counts what it hands on.
func (p *Panics) Counting(to slog.Handler) slog.Handler { return panicHandler{to, p} }

type panicHandler struct {
	slog.Handler
	panics *Panics
}

// Handle hands a record on.
func (h panicHandler) Handle(ctx context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "panic" {
			return true
		}
		h.panics.caught.Add(1)
		return false
	})
	return h.Handler.Handle(ctx, r)
}

// WithAttrs is that of a slog.Handler.
func (h panicHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return panicHandler{h.Handler.WithAttrs(attrs), h.panics}
}

// WithGroup is that of a slog.Handler.
func (h panicHandler) WithGroup(name string) slog.Handler {
	return panicHandler{h.Handler.WithGroup(name), h.panics}
}
