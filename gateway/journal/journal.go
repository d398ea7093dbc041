// Package journal keeps the newest lines of the log in memory, so that an admin
// can read them where the log itself is not at hand. It stands between a
// slog.TextHandler and where that writes, and copies each line; what a line says is
// understood only when somebody asks.
//
// It takes nothing out of what is logged: whatever must not be seen must not be
// logged. It is no file, and forgets all with the process. Package command makes
// one, and package api shows it.
package journal

import (
	"io"
	"slices"
	"sync"
	"unicode/utf8"
)

const (
	// maxLines bounds the lines that are kept, and maxBytes what they take.
	maxLines = 1000
	maxBytes = 512 << 10
	// maxLine bounds one: of a longer one the beginning is kept.
	maxLine = 8 << 10
)

// Journal keeps lines. Make it with New. Its methods may be called from any
// goroutine.
type Journal struct {
	to    io.Writer
	added chan struct{} // holds a token while there is something new

	mu    sync.Mutex // guards what follows
	lines [][]byte   // the oldest first; not changed once they are here
	bytes int        // of lines
	last  uint64     // the number of the last line; the first there ever was has 1
}

// New makes a Journal that passes on what it is given.
func New(to io.Writer) *Journal { return &Journal{to: to, added: make(chan struct{}, 1)} }

// Write keeps a line, and passes it on, whose result it gives. It blocks as long as
// that does.
func (j *Journal) Write(line []byte) (int, error) {
	j.keep(slices.Clone(line[:min(len(line), maxLine)]))
	select {
	case j.added <- struct{}{}:
	default: // it is known already
	}
	return j.to.Write(line)
}

func (j *Journal) keep(line []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	j.lines = append(j.lines, line)
	j.bytes += len(line)
	for len(j.lines) > maxLines || j.bytes > maxBytes {
		j.bytes -= len(j.lines[0])
		j.lines[0] = nil
		j.lines = j.lines[1:]
	}
}

// Added gives a channel that holds a token when lines came since it was read last.
func (j *Journal) Added() <-chan struct{} { return j.added }

// After gives what is kept behind the line with a number, the oldest first, and the
// number of the last line there was. A number that there was not yet is of an
// earlier process, and gives all.
func (j *Journal) After(number uint64) (records []Record, last uint64) {
	j.mu.Lock()
	lines, last := j.lines, j.last
	first := last + 1 - uint64(len(lines))
	if number <= last && number >= first {
		lines = lines[number-first+1:]
		first = number + 1
	}
	lines = slices.Clone(lines)
	j.mu.Unlock()
	for i, line := range lines {
		r := read(line)
		r.Number = first + uint64(i)
		records = append(records, r)
	}
	return records, last
}

// cutText gives the beginning of a text that is too long, with a mark at its end.
func cutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}
