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
	network, inside := newNetwork(t)
	c := &Container{Outside: "127.0.0.2"}
	udp, tcp := bothAt(t, c.Outside)
	c.RTC = udp.LocalAddr().(*net.UDPAddr).Port
	s := newServer(WriteConfig(t, configuration+fmt.Sprintf("\nwebrtc: {listen: '0.0.0.0:%d'}\n", c.RTC)), t.TempDir(), []string{"FRAMEGATE_AUTH=off"})
	c.Process = startProcess(t, s, network.start, "0.0.0.0:0", "--allow-open")
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
	passing.Go(func() { passTCP(web, net.JoinHostPort(inside, port)) })
	passing.Go(func() { passTCP(tcp, net.JoinHostPort(inside, strconv.Itoa(c.RTC))) })
	passing.Go(func() { passUDP(udp, netip.AddrPortFrom(netip.MustParseAddr(inside), uint16(c.RTC))) })
	return c
}

// network is one of its own, by the file that stands for it.
type network string

// newNetwork makes one that this machine's is connected with, and gives the address in
// it.
func newNetwork(t *testing.T) (n network, inside string) {
	t.Helper()
	var b [3]byte
	_, _ = rand.Read(b[:]) // never fails
	name, out, in := fmt.Sprintf("framegate-%x", b), fmt.Sprintf("fg%xo", b), fmt.Sprintf("fg%xi", b)
	block := netip.AddrFrom4([4]byte{198, 18 | b[0]&1, b[1], b[2] &^ 3}) // for trials: RFC 2544
	outside, within := block.Next(), block.Next().Next()
	t.Cleanup(func() {
		for _, args := range []string{"link del " + out, "netns del " + name} {
			_ = exec.Command("ip", strings.Fields(args)...).Run() // which may not be there
		}
	})
	ip(t,
		"netns add "+name,
		"link add "+out+" type veth peer name "+in+" netns "+name,
		"addr add "+outside.String()+"/30 dev "+out,
		"link set "+out+" up",
		"-n "+name+" addr add "+within.String()+"/30 dev "+in,
		"-n "+name+" link set lo up",
		"-n "+name+" link set "+in+" up",
	)
	return network(filepath.Join("/run/netns", name)), within.String()
}

// start starts a command in the network.
func (n network) start(cmd *exec.Cmd) error {
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
	err = cmd.Start()
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

// passTCP connects who comes with another address, until nobody is listened for.
func passTCP(l net.Listener, to string) {
	var passing sync.WaitGroup
	defer passing.Wait()
	for {
		from, err := l.Accept()
		if err != nil {
			return
		}
		there, err := net.Dial("tcp", to)
		if err != nil {
			from.Close()
			continue
		}
		for _, way := range [][2]net.Conn{{from, there}, {there, from}} {
			passing.Go(func() { // ends with either
				_, _ = io.Copy(way[0], way[1])
				way[0].Close()
				way[1].Close()
			})
		}
	}
}

// passUDP passes datagrams of each client to an address by a socket of its own, and
// back, until its socket is closed.
func passUDP(front *net.UDPConn, to netip.AddrPort) {
	clients := make(map[netip.AddrPort]*net.UDPConn)
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
			if back, err = net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to)); err != nil {
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
