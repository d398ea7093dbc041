//go:build !linux

package httplimit

import "net"

// maxQueued bounds the kernel's send queue: two frames of common size.
const maxQueued = 192 << 10

// BoundQueue bounds the kernel's send queue of a connection, which otherwise
// grows to megabytes for a client that is slow or reads nothing.
func BoundQueue(tcp *net.TCPConn) { _ = tcp.SetWriteBuffer(maxQueued) }
