package rtspcam

import (
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
)

// explosive is a connection that panics where it is read.
type explosive struct {
	net.Conn
	written int
}

func (*explosive) Read(b []byte) (int, error) { return int(b[len(b)]), nil }

func (e *explosive) Write(b []byte) (int, error) {
	e.written += len(b)
	return len(b), nil
}

// TestPanicEndsTheConnection, and the run, and nothing else: what is beneath is not
// touched any more, since it may hold a lock.
func TestPanicEndsTheConnection(t *testing.T) {
	beneath := new(explosive)
	var failed error
	var log strings.Builder
	s := &surviving{Conn: beneath, fail: func(err error) { failed = err }, log: slog.New(slog.NewTextHandler(&log, nil))}
	if n, err := s.Write(make([]byte, 3)); n != 3 || err != nil {
		t.Fatalf("wrote %d: %v", n, err)
	}
	if n, err := s.Read(make([]byte, 3)); n != 0 || !errors.Is(err, errBroken) || !errors.Is(failed, errBroken) {
		t.Errorf("read %d: %v, and the run ends for %v", n, err, failed)
	}
	if _, err := s.Write(make([]byte, 3)); !errors.Is(err, errBroken) || beneath.written != 3 {
		t.Errorf("%d bytes are written: %v", beneath.written, err)
	}
	if text := log.String(); !strings.Contains(text, "index out of range") || !strings.Contains(text, "explosive") {
		t.Errorf("the log says %q", text)
	}
}
