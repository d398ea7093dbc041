//go:build !linux

package delivery

import "net"

// tryWrite leaves all to the write that may wait.
type tryWrite struct{}

func (tryWrite) init(*net.TCPConn)  {}
func (tryWrite) write(*net.Buffers) {}
