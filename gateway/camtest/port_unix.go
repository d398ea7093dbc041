//go:build unix

package camtest

import (
	"fmt"
	"syscall"
)

// HoldPort gives a TCP port of 127.0.0.1 for a program that has to be told one
// and cannot say which it took. Until release nobody gets the port who asks for
// any; who asks for it by number may have it, as programs do that reuse
// addresses (SO_REUSEADDR): the socket that holds it does too, and never
// listens.
func HoldPort() (port int, release func(), err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return 0, nil, err
	}
	syscall.CloseOnExec(fd)
	err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err == nil {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		var address syscall.Sockaddr
		if address, err = syscall.Getsockname(fd); err == nil {
			port = address.(*syscall.SockaddrInet4).Port
		}
	}
	if err != nil {
		syscall.Close(fd)
		return 0, nil, fmt.Errorf("holding a port: %w", err)
	}
	return port, func() { syscall.Close(fd) }, nil
}
