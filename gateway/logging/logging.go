// Package logging makes what the server logs to: lines of text for people at a terminal,
// JSON for what collects logs, and in either case no more of the same than tells anybody
// anything.
//
// It does not keep what was said: package journal does, and is one of the places that
// lines go to. Package command calls it.
package logging

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"
)

// Format says how lines look.
type Format string

// The formats. Auto is Text on a terminal and JSON elsewhere.
const (
	Auto Format = "auto"
	Text Format = "text"
	JSON Format = "json"
)

// Options say where lines go.
type Options struct {
	To     io.Writer
	Format Format // "" is Auto
	Level  slog.Level
	// Kept is given all lines as text too; nil is nobody.
	Kept io.Writer
}

// New makes a logger. Lines that repeat are held back (Repeats), but not where debugging
// is asked for. end tells what is held back still; to log after that is allowed.
func New(o Options) (log *slog.Logger, end func()) {
	options := &slog.HandlerOptions{Level: o.Level}
	var to slog.Handler = slog.NewTextHandler(o.To, options)
	if o.Format.on(o.To) == JSON {
		to = slog.NewJSONHandler(o.To, options)
	}
	if o.Kept != nil {
		to = both{to, slog.NewTextHandler(o.Kept, options)}
	}
	if o.Level < slog.LevelInfo {
		return slog.New(to), func() {}
	}
	quiet := NewRepeats(to)
	return slog.New(quiet), quiet.Close
}

// on gives the format for what goes somewhere.
func (f Format) on(to io.Writer) Format {
	if f != Auto && f != "" {
		return f
	}
	if file, ok := to.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		return Text
	}
	return JSON
}

// UnmarshalText reads a format.
func (f *Format) UnmarshalText(text []byte) error {
	switch Format(text) {
	case Auto, Text, JSON:
		*f = Format(text)
		return nil
	}
	return fmt.Errorf("%q is none of auto, text and json", text)
}

// both hands each record on to two handlers of one level.
type both [2]slog.Handler

func (b both) Enabled(ctx context.Context, l slog.Level) bool { return b[0].Enabled(ctx, l) }

func (b both) Handle(ctx context.Context, r slog.Record) error {
	kept := b[1].Handle(ctx, r.Clone())
	if err := b[0].Handle(ctx, r); err != nil {
		return err
	}
	return kept
}

func (b both) WithAttrs(attrs []slog.Attr) slog.Handler {
	return both{b[0].WithAttrs(attrs), b[1].WithAttrs(attrs)}
}

func (b both) WithGroup(name string) slog.Handler {
	return both{b[0].WithGroup(name), b[1].WithGroup(name)}
}
