package logging

import (
	"bytes"
	"io"
)

// unsolicited is how net/http says that more came than was asked for, of which it then
// repeats up to 4 kB.
const unsolicited = "Unsolicited response received on idle HTTP channel"

// Foreign gives where package log is to write, which is what libraries say: all of that
// goes on, but for what net/http says in the words of somebody else. A camera can have it
// say anything, after each picture, and the secrets that it was sent are not known there.
func Foreign(to io.Writer) io.Writer { return foreign{to} }

type foreign struct{ to io.Writer }

// Write takes one line, as package log writes it.
func (f foreign) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(unsolicited)) {
		return len(line), nil
	}
	return f.to.Write(line)
}
