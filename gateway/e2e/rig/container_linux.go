package rig

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
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

// newPair makes two networks that are connected with each other, and gives the address in
// the second. This machine has no part in either, so that browsers which run beside the test
// do not take its network for another, and drop what they load.
func newPair(t *testing.T) (here, there network, inside string) {
	t.Helper()
	var b [3]byte
	_, _ = rand.Read(b[:]) // never fails
	here, there = newNetwork(t, fmt.Sprintf("framegate-%x-o", b)), newNetwork(t, fmt.Sprintf("framegate-%x-i", b))
	block := netip.AddrFrom4([4]byte{198, 18 | b[0]&1, b[1], b[2] &^ 3}) // for trials: RFC 2544
	outside, within := block.Next(), block.Next().Next()
	ip(t,
		"-n "+here.name()+" link add out type veth peer name in netns "+there.name(),
		"-n "+here.name()+" addr add "+outside.String()+"/30 dev out",
		"-n "+here.name()+" link set out up",
		"-n "+there.name()+" addr add "+within.String()+"/30 dev in",
		"-n "+there.name()+" link set in up",
	)
	return here, there, within.String()
}

// network is one of its own, by the file that stands for it.
type network string

// newNetwork makes one that has nothing but its loopback, until the test ends.
func newNetwork(t *testing.T, name string) network {
	t.Helper()
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() }) // which may not be there
	ip(t, "netns add "+name, "-n "+name+" link set lo up")
	return network("/run/netns/" + name)
}

// name is what the program ip calls it.
func (n network) name() string { return filepath.Base(string(n)) }

// start starts a command in the network.
func (n network) start(cmd *exec.Cmd) error { return n.do(cmd.Start) }

// dial gives what connects to an address of the network.
func (n network) dial(kind, address string) func() (net.Conn, error) {
	return func() (conn net.Conn, err error) {
		err = n.do(func() (err error) {
			conn, err = net.Dial(kind, address)
			return err
		})
		return conn, err
	}
}

// do does something on a thread that is in the network, where what that opens stays.
func (n network) do(what func() error) error {
	runtime.LockOSThread()
	back, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(back)
	there, err := unix.Open(string(n), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(there)
	if err := unix.Setns(there, unix.CLONE_NEWNET); err != nil {
		return err
	}
	err = what()
	if failed := unix.Setns(back, unix.CLONE_NEWNET); failed != nil {
		return errors.Join(err, failed) // the thread stays locked, and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
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
