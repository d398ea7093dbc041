package journal

import (
	"bytes"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// maxValue bounds the text of a value that is shown, in bytes.
const maxValue = 2 << 10

// Record is one line of the log.
type Record struct {
	Number     uint64 // the next one's is one more
	Time       time.Time
	Level      slog.Level
	Message    string
	Attributes []Attribute // in the order in which they were logged
}

// Attribute is what a line says besides its message.
type Attribute struct{ Key, Value string }

// read understands a line of a slog.TextHandler. What is no such line is a message of
// its own; what was cut off ends with a mark.
func read(line []byte) (r Record) {
	rest, whole := strings.CutSuffix(string(line), "\n")
	for rest != "" {
		key, value, after, ok := pair(rest, whole)
		switch {
		case !ok && !whole && r.Message != "": // half a key says nothing
			return r
		case !ok:
			r.Message = cutText(strings.TrimSpace(r.Message+" "+rest), maxValue)
			return r
		}
		r.put(key, cutText(value, maxValue))
		rest = after
	}
	return r
}

// put takes what a pair says. The first three of a line have names of their own.
func (r *Record) put(key, value string) {
	switch {
	case key == slog.TimeKey && r.Time.IsZero():
		r.Time, _ = time.Parse(time.RFC3339Nano, value) // it is slog's own
	case key == slog.LevelKey && r.Message == "" && r.Attributes == nil:
		_ = r.Level.UnmarshalText([]byte(value)) // it is slog's own
	case key == slog.MessageKey && r.Message == "" && r.Attributes == nil:
		r.Message = value
	default:
		r.Attributes = append(r.Attributes, Attribute{key, value})
	}
}

// pair reads key=value from the beginning of a text, each of which may be quoted.
// whole says that the text ends where the line did.
func pair(text string, whole bool) (key, value, rest string, ok bool) {
	key, rest, ok = word(text, '=', whole)
	if !ok || !strings.HasPrefix(rest, "=") {
		return "", "", "", false
	}
	value, rest, ok = word(rest[1:], ' ', whole)
	return key, value, strings.TrimPrefix(rest, " "), ok
}

// word reads what is quoted, or goes up to a byte or the end. Where the end was cut
// off it is marked.
func word(text string, end byte, whole bool) (word, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		at := strings.IndexByte(text, end)
		if at < 0 {
			at = len(text)
		}
		word, rest = text[:at], text[at:]
		if rest == "" && !whole {
			word += "…"
		}
		return word, rest, true
	}
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return unfinished(text), "", !whole
	}
	word, err = strconv.Unquote(quoted)
	return word, text[len(quoted):], err == nil
}

// unfinished gives what a quoted text says whose end was cut off.
func unfinished(text string) string {
	for cut := len(text); cut > 0 && cut > len(text)-12; cut-- { // an escape that was cut through is no longer
		if word, err := strconv.Unquote(text[:cut] + `"`); err == nil {
			return word + "…"
		}
	}
	return string(bytes.ToValidUTF8([]byte(text), nil)) + "…"
}
