package httplimit

import (
	"net"

	"golang.org/x/sys/unix"
)

// maxQueued is how much may wait in the kernel that is not sent yet. Less does
// not bring a slow client nearer to the present; more does the contrary.
const maxQueued = 32 << 10

// BoundQueue bounds the kernel's send queue of a connection, which otherwise
// grows to megabytes for a client that is slow or reads nothing: seconds of
// delay that no choice of newer frames can make up for, and memory that nobody
// accounts for.
func BoundQueue(tcp *net.TCPConn) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return // the next write says what is wrong
	}
	// A kernel that knows no such option serves slow viewers with more delay.
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, maxQueued)
	})
}
