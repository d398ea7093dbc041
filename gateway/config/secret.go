package config

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "<redacted>"

// Secret is a text that must not be seen: however it is printed, logged or
// marshalled, "<redacted>" appears in its place. The zero value is an empty
// secret, and is redacted too, so that nobody learns which are empty.
type Secret struct{ text string }

// NewSecret makes a secret of a text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal gives the text, to be sent where it belongs and nowhere else.
func (s Secret) Reveal() string { return s.text }

// Empty says whether there is nothing to reveal.
func (s Secret) Empty() bool { return s.text == "" }

// String gives "<redacted>".
func (s Secret) String() string { return redacted }

// Format prints "<redacted>" for every verb: those for numbers would otherwise
// show what is inside.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// GoString gives "<redacted>".
func (s Secret) GoString() string { return redacted }

// MarshalText gives "<redacted>".
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON gives "<redacted>" as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue gives "<redacted>", for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
