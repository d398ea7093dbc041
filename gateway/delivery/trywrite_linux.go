package delivery

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

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
