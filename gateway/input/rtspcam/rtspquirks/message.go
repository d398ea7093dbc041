package rtspquirks

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// What a message may have, in bytes. Of a header there is no other limit:
// gortsplib gets the few fields that it needs, and those are short.
const (
	maxHead = 32 << 10
	maxBody = 128 << 10 // gortsplib's own limit
)

var (
	errLongMessage = fmt.Errorf("camera sends a message whose head is over %d kB, or its body over %d kB", maxHead>>10, maxBody>>10)
	errNoStatus    = errors.New("camera sends an answer without a status")
)

// message is a request or an answer of RTSP (RFC 2326, 4), read as cameras
// write it.
type message struct {
	method, url string // of a request
	status      int    // of an answer; 0: it is a request
	reason      string
	header      []field
	body        []byte // belongs to what it was read from
}

// field is one of a header. A name comes in any case.
type field struct{ name, value string }

// readMessage reads the message that b begins with, and gives its size in
// bytes. That is 0 if the message is not whole yet; it will not be before there
// are so many bytes as wanted says.
//
// Lines may end with LF alone; those that begin with a blank go on the one
// before; those without a colon, or with too long a name, are passed over.
func readMessage(b []byte) (m message, size, wanted int, err error) {
	head := headSize(b)
	switch {
	case head == 0 && len(b) < maxHead:
		return m, 0, len(b) + 1, nil
	case head == 0 || head > maxHead:
		return m, 0, 0, errLongMessage
	}
	first, rest, _ := strings.Cut(string(b[:head]), "\n")
	m.header = readHeader(rest)
	if err := m.begin(strings.Fields(first)); err != nil {
		return m, 0, 0, err
	}
	body := m.length()
	switch {
	case body > maxBody:
		return m, 0, 0, errLongMessage
	case len(b) < head+body:
		return m, 0, head + body, nil
	}
	m.body = b[head : head+body]
	return m, head + body, 0, nil
}

// headSize gives the size of a message's first line and header, with the empty
// line behind them; 0 while that has not come.
func headSize(b []byte) int {
	for at := 0; ; {
		end := bytes.IndexByte(b[at:], '\n')
		if end < 0 {
			return 0
		}
		line := b[at : at+end]
		at += end + 1
		if len(line) == 0 || len(line) == 1 && line[0] == '\r' {
			return at
		}
	}
}

// begin reads the words of the first line.
func (m *message) begin(words []string) error {
	if len(words) < 2 {
		return errNoStatus
	}
	if !beginsWith(words[0], answerWord) {
		m.method, m.url = words[0], words[1]
		return nil
	}
	code := words[1][:min(3, len(words[1]))] // the reason may follow without a blank
	status, err := strconv.Atoi(code)
	if err != nil || status < 100 {
		return errNoStatus
	}
	m.status, m.reason = status, printable(strings.Join(words[2:], " "))
	return nil
}

// maxName bounds the names of fields, in bytes: gortsplib takes 511.
const maxName = 255

func readHeader(text string) []field {
	var header []field
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(strings.Map(textual, line), blanks)
		if last := len(header) - 1; last >= 0 && line != "" && strings.ContainsAny(line[:1], blanks) {
			header[last].value += " " + strings.TrimLeft(line, blanks)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if name = strings.Trim(name, blanks); ok && name != "" && len(name) <= maxName {
			header = append(header, field{name, strings.Trim(value, blanks)})
		}
	}
	return header
}

// textual takes control characters out of a line, CR too.
func textual(r rune) rune {
	if r < ' ' && r != '\t' || r == 0x7F {
		return -1
	}
	return r
}

// get gives the first value of a name, or nothing.
func (m *message) get(name string) string {
	for _, f := range m.header {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// all gives every value of a name.
func (m *message) all(name string) []string {
	var values []string
	for _, f := range m.header {
		if strings.EqualFold(f.name, name) {
			values = append(values, f.value)
		}
	}
	return values
}

// length of the body, in bytes. What is no number is none.
func (m *message) length() int {
	n, err := strconv.Atoi(m.get("Content-Length"))
	if errors.Is(err, strconv.ErrRange) {
		return maxBody + 1
	}
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// beginsWith says whether a text begins with a word, in any case.
func beginsWith(text, word string) bool {
	return len(text) >= len(word) && strings.EqualFold(text[:len(word)], word)
}

// printable is as much of a camera's words as goes into a message of ours.
func printable(text string) string {
	const most = 60
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text)
	return strings.TrimSpace(text[:min(len(text), most)])
}
