package logging

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// window is how long lines of the same are counted, and mostInWindow how many of them
	// are written as they come. Of those beyond, the last is written at the end.
	window       = 5 * time.Minute
	mostInWindow = 5
	// mostKinds bounds what is counted at a time; what comes beyond that is written.
	mostKinds = 1000
)

// subjects are the attributes that say what a line is about. Lines of the same message
// about the same are of one kind, whatever else they say.
var subjects = []string{"camera", "stream", "rendition", "with", "limit", "export", "name", "address", "user", "path"}

// Repeats is a handler that holds back lines of a kind of which there were many lately, so
// that a camera that comes and goes does not hide all else. At the end of a window the last
// one is written, with how many were held back ("repeated"). Errors pass.
type Repeats struct {
	to    slog.Handler
	about []string // subjects that WithAttrs gave
	*counted
}

// counted is what all handlers made of one Repeats have in common.
type counted struct {
	mu     sync.Mutex // guards what follows
	kinds  map[string]*kind
	closed bool
}

// kind is what is known of lines of one kind in the present window.
type kind struct {
	lines int
	timer *time.Timer // ends the window
	last  slog.Record // held back, and to where
	to    slog.Handler
	held  int
}

// NewRepeats makes one that hands on to a handler.
func NewRepeats(to slog.Handler) *Repeats {
	return &Repeats{to: to, counted: &counted{kinds: make(map[string]*kind)}}
}

// Enabled is that of the handler.
func (h *Repeats) Enabled(ctx context.Context, l slog.Level) bool { return h.to.Enabled(ctx, l) }

// Handle hands a record on, or holds it back.
func (h *Repeats) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelError && h.holds(r) {
		return nil
	}
	return h.to.Handle(ctx, r)
}

// holds says whether a record is held back.
func (h *Repeats) holds(r slog.Record) bool {
	key := h.keyOf(r)
	h.mu.Lock()
	defer h.mu.Unlock()
	k := h.kinds[key]
	if k == nil {
		if h.closed || len(h.kinds) == mostKinds {
			return false
		}
		k = &kind{}
		k.timer = time.AfterFunc(window, func() { h.endWindow(key) })
		h.kinds[key] = k
	}
	if k.lines++; k.lines <= mostInWindow {
		return false
	}
	k.last, k.to = r.Clone(), h.to
	k.held++
	return true
}

// keyOf says of which kind a record is.
func (h *Repeats) keyOf(r slog.Record) string {
	about := slices.Clone(h.about)
	r.Attrs(func(a slog.Attr) bool {
		about = appendSubject(about, a)
		return true
	})
	return r.Level.String() + "\n" + r.Message + "\n" + strings.Join(about, "\n")
}

func appendSubject(about []string, a slog.Attr) []string {
	if slices.Contains(subjects, a.Key) {
		return append(about, a.Key+"="+a.Value.String())
	}
	return about
}

// endWindow writes what is held back of a kind, and forgets it.
func (c *counted) endWindow(key string) {
	c.mu.Lock()
	k := c.kinds[key]
	delete(c.kinds, key)
	c.mu.Unlock()
	if k != nil && k.held > 0 {
		k.last.AddAttrs(slog.Int("repeated", k.held))
		_ = k.to.Handle(context.Background(), k.last) // nobody is there to be told
	}
}

// Close writes what is held back. From then on nothing is.
func (h *Repeats) Close() {
	h.mu.Lock()
	h.closed = true
	var keys []string
	for key, k := range h.kinds {
		k.timer.Stop()
		keys = append(keys, key)
	}
	h.mu.Unlock()
	slices.Sort(keys)
	for _, key := range keys {
		h.endWindow(key)
	}
}

// WithAttrs is that of a slog.Handler.
func (h *Repeats) WithAttrs(attrs []slog.Attr) slog.Handler {
	about := slices.Clone(h.about)
	for _, a := range attrs {
		about = appendSubject(about, a)
	}
	return &Repeats{to: h.to.WithAttrs(attrs), about: about, counted: h.counted}
}

// WithGroup is that of a slog.Handler.
func (h *Repeats) WithGroup(name string) slog.Handler {
	return &Repeats{to: h.to.WithGroup(name), about: h.about, counted: h.counted}
}
