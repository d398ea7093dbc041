package rig

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

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
