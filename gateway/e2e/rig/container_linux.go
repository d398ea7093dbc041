package rig

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Container is a gateway in a network of its own, as containers have one: what its
// interfaces are called by means nothing outside, and ports of Outside lead into it.
type Container struct {
	*Process
	Outside string // the address by which it is reached
	RTC     int    // the port of WebRTC, inside and outside
}

// StartContainer runs a gateway of a configuration without logins in a network of its
// own. It takes root, without which the test is skipped.
func StartContainer(t *testing.T, configuration string) *Container {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a network of its own takes root")
	}
	Need(t, "ip")
	here, there, inside := newPair(t)
	c := &Container{Outside: "127.0.0.2"}
	udp, tcp := bothAt(t, c.Outside)
	c.RTC = udp.LocalAddr().(*net.UDPAddr).Port
	s := newServer(WriteConfig(t, configuration+fmt.Sprintf("\nwebrtc: {listen: '0.0.0.0:%d'}\n", c.RTC)), t.TempDir(), []string{"FRAMEGATE_AUTH=off"})
	c.Process = startProcess(t, s, there.start, "0.0.0.0:0", "--allow-open")
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	web, err := net.Listen("tcp", net.JoinHostPort(c.Outside, "0"))
	if err != nil {
		t.Fatal(err)
	}
	s.URL = "http://" + web.Addr().String()
	var passing sync.WaitGroup
	t.Cleanup(func() {
		for _, one := range []io.Closer{web, tcp, udp} {
			one.Close()
		}
		passing.Wait()
	})
	passing.Go(func() { passTCP(web, here.dial("tcp", net.JoinHostPort(inside, port))) })
	media := net.JoinHostPort(inside, strconv.Itoa(c.RTC))
	passing.Go(func() { passTCP(tcp, here.dial("tcp", media)) })
	passing.Go(func() { passUDP(udp, here.dial("udp", media)) })
	return c
}

// bothAt gives two sockets of the same number.
func bothAt(t *testing.T, host string) (*net.UDPConn, net.Listener) {
	t.Helper()
	for range 20 {
		udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(host)})
		if err != nil {
			t.Fatal(err)
		}
		if tcp, err := net.Listen("tcp", udp.LocalAddr().String()); err == nil {
			return udp, tcp
		}
		udp.Close()
	}
	t.Fatal("no number is free for both UDP and TCP")
	return nil, nil
}

// passTCP connects who comes with whom dial connects to, until nobody is listened for; then
// it ends what passes.
func passTCP(l net.Listener, dial func() (net.Conn, error)) {
	var passing sync.WaitGroup
	defer passing.Wait()
	over := make(chan struct{})
	defer close(over)
	for {
		from, err := l.Accept()
		if err != nil {
			return
		}
		there, err := dial()
		if err != nil {
			from.Close()
			continue
		}
		ended := make(chan struct{}, 2)
		for _, way := range [][2]net.Conn{{from, there}, {there, from}} {
			passing.Go(func() { // ends with either
				_, _ = io.Copy(way[0], way[1])
				ended <- struct{}{}
			})
		}
		passing.Go(func() {
			select {
			case <-ended:
			case <-over:
			}
			from.Close()
			there.Close()
		})
	}
}

// passUDP passes datagrams of each client on by a socket of its own, which dial makes, and
// back, until its socket is closed.
func passUDP(front *net.UDPConn, dial func() (net.Conn, error)) {
	clients := make(map[netip.AddrPort]net.Conn)
	var passing sync.WaitGroup
	defer func() {
		for _, back := range clients {
			back.Close()
		}
		passing.Wait()
	}()
	b := make([]byte, 4096)
	for {
		n, from, err := front.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		back := clients[from]
		if back == nil {
			if back, err = dial(); err != nil {
				continue
			}
			clients[from] = back
			passing.Go(func() { // ends with the socket
				b := make([]byte, 4096)
				for {
					n, err := back.Read(b)
					if errors.Is(err, net.ErrClosed) {
						return
					}
					_, _ = front.WriteToUDPAddrPort(b[:n], from) // what is lost comes again
				}
			})
		}
		_, _ = back.Write(b[:n]) // likewise
	}
}
