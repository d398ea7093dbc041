// Package regular reads files that somebody names: configurations, keys,
// certificates, passwords; and writes some, whole or not at all. What is no file
// is refused in words before it is opened: a named pipe would hold up whoever
// opens it until somebody writes, a device may never end, or do something by
// being opened. Links are followed, for secrets are often mounted as such. What
// a shell opened for this process is taken only where it says so.
//
// It knows nothing of what the files hold. Everything that reads a file by a
// configured name calls it.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// ErrKind says that a name is not that of a file.
var ErrKind = errors.New("not a file")

// Open opens a file to read. The error is of package os, or ErrKind with what
// the name is of instead.
func Open(name string) (*os.File, error) {
	if info, err := os.Stat(name); err == nil { // else opening it says what is wrong
		if err := check(name, info); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may be another by now
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = check(name, info)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Read reads all of a file of at most maxBytes bytes.
func Read(name string, maxBytes int64) ([]byte, error) {
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, name, maxBytes)
}

// ReadGiven is Read, which also takes what Given says.
func ReadGiven(name string, maxBytes int64) ([]byte, error) {
	if !Given(name) {
		return Read(name, maxBytes)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, name, maxBytes)
}

// Given says that a name is of what a shell opened for this process: its
// standard input, or a pipe as of --config <(decrypt framegate.yaml). It can be
// read once.
func Given(name string) bool {
	return name == "/dev/stdin" || strings.HasPrefix(name, "/dev/fd/") || strings.HasPrefix(name, "/proc/self/fd/")
}

// readAll reads all of r, and refuses more than maxBytes without reading on.
// The error begins with name.
func readAll(r io.Reader, name string, maxBytes int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > maxBytes {
		return nil, fmt.Errorf("%s: is larger than %s", name, sizeText(maxBytes))
	}
	return b, nil
}

// check refuses what is no file.
func check(name string, info fs.FileInfo) error {
	kind := "something else"
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		kind = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return fmt.Errorf("%s is %s, %w; name a file", name, kind, ErrKind)
}

// sizeText writes a size with the largest unit it is a whole number of.
func sizeText(n int64) string {
	switch {
	case n%(1<<20) == 0:
		return strconv.FormatInt(n>>20, 10) + "MiB"
	case n%(1<<10) == 0:
		return strconv.FormatInt(n>>10, 10) + "KiB"
	}
	return strconv.FormatInt(n, 10) + "B"
}
