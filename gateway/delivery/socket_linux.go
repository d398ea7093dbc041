package delivery

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxQueued is how many bytes the kernel may hold back for a viewer before it
// has sent them once. What is in there is old when it arrives. Less does not
// bring a slow viewer nearer to the present; more does the contrary.
const maxQueued = 32 << 10

// boundQueue bounds the kernel's send queue, which otherwise grows to
// megabytes for a viewer that is slow: seconds of delay that no choice of
// newer frames can make up for.
func boundQueue(tcp *net.TCPConn) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return // the next write says what is wrong
	}
	// A kernel that knows no such option serves slow viewers with more delay.
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, maxQueued)
	})
}

// tryWrite writes to a socket without ever waiting for room.
type tryWrite struct {
	raw     syscall.RawConn
	call    func(fd uintptr)
	buffers *net.Buffers
}

func (t *tryWrite) init(tcp *net.TCPConn) {
	t.raw, _ = tcp.SyscallConn() // fails for no connection that a listener gave
	t.call = t.writev
}

// write takes from buffers what the kernel takes at once. Errors show at the
// next write that may wait. Whoever may write here is alone, so this needs
// neither the runtime's write lock nor its deadlines, and is not RawConn.Write.
func (t *tryWrite) write(buffers *net.Buffers) {
	t.buffers = buffers
	_ = t.raw.Control(t.call)
}

func (t *tryWrite) writev(fd uintptr) {
	n, err := unix.Writev(int(fd), *t.buffers)
	if err == nil {
		consume(t.buffers, n)
	}
}

// consume takes the first n bytes away.
func consume(buffers *net.Buffers, n int) {
	for b := *buffers; n > 0 || len(b) > 0 && len(b[0]) == 0; b = *buffers {
		if n < len(b[0]) {
			b[0] = b[0][n:]
			return
		}
		n -= len(b[0])
		*buffers = b[1:]
	}
}
