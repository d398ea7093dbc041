package command

import (
	"fmt"
	"net"

	"github.com/coreos/go-systemd/v22/activation"
)

// inherited gives the socket that systemd listens at for this process
// (sd_listen_fds(3)), or nil where it does not. What the process starts does not
// inherit it again.
func inherited() (*net.TCPListener, error) {
	sockets, err := activation.Listeners()
	if err != nil {
		return nil, fmt.Errorf("taking the socket that systemd gives: %w", err)
	}
	switch len(sockets) {
	case 0:
		return nil, nil
	case 1:
	default:
		return nil, fmt.Errorf("systemd gives %d sockets, and one is taken", len(sockets))
	}
	listener, ok := sockets[0].(*net.TCPListener)
	if !ok {
		return nil, fmt.Errorf("the socket that systemd gives is none of TCP that listens")
	}
	return listener, nil
}
