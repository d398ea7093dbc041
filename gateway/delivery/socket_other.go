//go:build !linux

package delivery

import "net"

// maxQueued bounds the kernel's send queue: two frames of common size.
const maxQueued = 192 << 10

// boundQueue bounds the kernel's send queue, which otherwise grows to
// megabytes for a viewer that is slow.
func boundQueue(tcp *net.TCPConn) { _ = tcp.SetWriteBuffer(maxQueued) }

// tryWrite leaves all to the write that may wait.
type tryWrite struct{}

func (tryWrite) init(*net.TCPConn)  {}
func (tryWrite) write(*net.Buffers) {}
