//go:build !linux

package rtspcam

import "net"

// socket is nothing on these systems.
type socket struct{}

func newSocket(net.Conn) socket { return socket{} }

func (socket) wakeFor(int) {}

func (socket) readPresent([]byte) int { return 0 }
