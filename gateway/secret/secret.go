// Package secret is a text that must not be seen, and what stands in its place.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Redacted stands where something is that must not be seen.
const Redacted = "<redacted>"

// Text is a text that must not be seen: however it is printed, logged or
// marshalled, "<redacted>" appears in its place. The zero value is an empty
// secret, and is redacted too, so that nobody learns which are empty.
type Text struct{ text string }

// New makes a secret of a text.
func New(text string) Text { return Text{text} }

// Reveal gives the text, to be sent where it belongs and nowhere else.
func (t Text) Reveal() string { return t.text }

// Empty says whether there is nothing to reveal.
func (t Text) Empty() bool { return t.text == "" }

// String gives "<redacted>".
func (t Text) String() string { return Redacted }

// Format prints "<redacted>" for every verb: those for numbers would otherwise
// show what is inside.
func (t Text) Format(f fmt.State, _ rune) { io.WriteString(f, Redacted) }

// GoString gives "<redacted>".
func (t Text) GoString() string { return Redacted }

// MarshalText gives "<redacted>".
func (t Text) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// MarshalJSON gives "<redacted>" as a JSON string.
func (t Text) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// LogValue gives "<redacted>", for slog.
func (t Text) LogValue() slog.Value { return slog.StringValue(Redacted) }
