package rtspcam

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// socket is what lies below a connection, or nothing where that cannot be
// reached. It belongs to the goroutine that reads.
type socket struct {
	raw   syscall.RawConn // nil: nothing
	least int             // what wakeFor was told
}

func newSocket(conn net.Conn) socket {
	s := socket{least: 1}
	if conn, ok := conn.(syscall.Conn); ok {
		s.raw, _ = conn.SyscallConn()
	}
	return s
}

// wakeFor has the system tell us of what comes only when there are so many
// bytes (socket(7), SO_RCVLOWAT), or the connection ends. Go waits for all
// connections in one place, which is woken also for those that nobody reads.
func (s *socket) wakeFor(least int) {
	if s.raw == nil || s.least == least {
		return
	}
	s.least = least
	_ = s.raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVLOWAT, least)
	})
}

// readPresent reads what is there, without waiting. It gives 0 if there is
// nothing, or not anything more.
func (s *socket) readPresent(p []byte) (n int) {
	if s.raw == nil {
		return 0
	}
	err := s.raw.Read(func(fd uintptr) bool {
		n, _ = unix.Read(int(fd), p)
		return true
	})
	if err != nil {
		return 0
	}
	return max(n, 0)
}
