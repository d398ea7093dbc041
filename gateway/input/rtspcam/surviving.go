package rtspcam

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync/atomic"
)

// errBroken is what a connection gives after a panic within it.
var errBroken = errors.New("internal error while speaking to the camera")

// surviving is a connection in which a panic ends the connection and not the process:
// the goroutines that read and write it are gortsplib's.
type surviving struct {
	net.Conn
	fail   func(error) // ends the run
	log    *slog.Logger
	broken atomic.Bool // what is beneath may hold a lock for good
}

// Read reads, unless there was a panic.
func (s *surviving) Read(b []byte) (n int, err error) {
	defer s.survive(&n, &err)
	if s.broken.Load() {
		return 0, errBroken
	}
	return s.Conn.Read(b)
}

// Write writes, unless there was a panic.
func (s *surviving) Write(b []byte) (n int, err error) {
	defer s.survive(&n, &err)
	if s.broken.Load() {
		return 0, errBroken
	}
	return s.Conn.Write(b)
}

func (s *surviving) survive(n *int, err *error) {
	if p := recover(); p != nil {
		s.broken.Store(true)
		s.log.Error("panic while speaking to a camera", "panic", p, "stack", string(debug.Stack()))
		*n, *err = 0, fmt.Errorf("%w: %v", errBroken, p)
		s.fail(*err)
	}
}
