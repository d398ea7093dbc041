package rig

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Wire is what becomes of what one machine sends to another. The zero value passes it on.
type Wire struct {
	Lost  bool          // nothing arrives, and nobody is told
	Reset bool          // connections are reset, and new ones refused
	Shut  bool          // connections that it begins are not let in, as by a router, and nobody is told
	Delay time.Duration // it arrives so much later
}

// Wires is a network between machines of a test, each of which is a network of its own
// with one address, and one that stands for this machine. All that passes goes through the test, which
// says for each pair of them, and each way, what becomes of it. So nothing finds a way
// around, by whichever addresses and ports they speak, and nobody learns that it is cut
// off but by silence. Its methods may be called from any goroutine.
type Wires struct {
	ends    map[string]*wireEnd // by machine, "" for this one
	byAddr  map[netip.Addr]*wireEnd
	passing sync.WaitGroup

	mu     sync.Mutex // guards what follows
	rules  map[[2]string]Wire
	passed map[[2]string]uint64
	closed bool
}

// wireEnd is a machine's end.
type wireEnd struct {
	machine string
	address netip.Addr
	network network
	tun     *os.File
}

// maxWires is how many machines there may be: addresses of a block, but for its own two.
const maxWires = 30

// NewWires makes the network until the test ends. It takes root, without which the test
// is skipped.
func NewWires(t *testing.T, machines ...string) *Wires {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a network of its own takes root")
	}
	Need(t, "ip")
	if len(machines) >= maxWires {
		t.Fatalf("%d machines are too many", len(machines))
	}
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	w := &Wires{ends: make(map[string]*wireEnd), byAddr: make(map[netip.Addr]*wireEnd), rules: make(map[[2]string]Wire), passed: make(map[[2]string]uint64)}
	t.Cleanup(w.close)
	address := netip.AddrFrom4([4]byte{198, 18 | b[0]&1, b[1], b[2] &^ 31}) // for trials: RFC 2544
	for i, machine := range append([]string{""}, machines...) {
		address = address.Next()
		end := &wireEnd{machine: machine, address: address}
		end.network = newNetwork(t, fmt.Sprintf("framegate-%x-%d", b, i))
		err := end.network.do(func() (err error) {
			end.tun, err = openTun("wire")
			return err
		})
		if err != nil {
			t.Skipf("no network of its own may be made: %v", err)
		}
		w.ends[machine], w.byAddr[address] = end, end
		within := "-n " + end.network.name() + " "
		ip(t, within+"addr add "+address.String()+"/27 dev wire", within+"link set wire up")
		w.passing.Go(func() { w.carry(end) }) // ends when its file is closed
	}
	return w
}

// openTun makes a device whose packets are read from and written to a file.
func openTun(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Address gives the one of a machine, of this one for "".
func (w *Wires) Address(machine string) string { return w.ends[machine].address.String() }

// Set says what becomes of what a machine sends to another from now on.
func (w *Wires) Set(from, to string, as Wire) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rules[[2]string{from, to}] = as
}

// Between is Set for both ways between a machine and each of others.
func (w *Wires) Between(machine string, others []string, as Wire) {
	for _, other := range others {
		w.Set(machine, other, as)
		w.Set(other, machine, as)
	}
}

// Passed counts the bytes that arrived, with all that stands before them in packets.
func (w *Wires) Passed(from, to string) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.passed[[2]string{from, to}]
}

// StartProcess is rig.StartProcess on one of the machines, where the gateway listens at
// a port of its address. Its URL leads there by the end that stands for this machine.
func (w *Wires) StartProcess(t *testing.T, machine, data, config string, variables ...string) *Process {
	t.Helper()
	p := startProcess(t, newServer(config, data, variables), w.ends[machine].network.start, net.JoinHostPort(w.Address(machine), "0"), "--allow-open")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pass(t, l, w.ends[""].network.dial("tcp", net.JoinHostPort(w.Address(machine), p.Port)))
	p.URL = "http://" + l.Addr().String()
	_, p.Port, _ = net.SplitHostPort(l.Addr().String()) // it has one
	return p
}

// Door gives an address by which machines reach one of this machine's loopback.
func (w *Wires) Door(t *testing.T, to string) string {
	t.Helper()
	var l net.Listener
	err := w.ends[""].network.do(func() (err error) {
		l, err = net.Listen("tcp", net.JoinHostPort(w.Address(""), "0"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	pass(t, l, func() (net.Conn, error) { return net.Dial("tcp", to) })
	return l.Addr().String()
}

// pass passes on who comes, until the test ends.
func pass(t *testing.T, l net.Listener, dial func() (net.Conn, error)) {
	var passing sync.WaitGroup
	passing.Go(func() { passTCP(l, dial) })
	t.Cleanup(func() { l.Close(); passing.Wait() })
}

// close ends what passes.
func (w *Wires) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	for _, end := range w.ends {
		end.tun.Close()
	}
	w.passing.Wait()
}

// carry passes on what a machine sends.
func (w *Wires) carry(from *wireEnd) {
	packet := make([]byte, 1<<16)
	for {
		n, err := from.tun.Read(packet)
		if err != nil {
			return
		}
		if b := packet[:n]; n >= 20 && b[0]>>4 == 4 {
			if to := w.byAddr[netip.AddrFrom4([4]byte(b[16:20]))]; to != nil {
				w.pass(from, to, b)
			}
		}
	}
}

// pass does with a packet what it was told.
func (w *Wires) pass(from, to *wireEnd, packet []byte) {
	pair := [2]string{from.machine, to.machine}
	w.mu.Lock()
	as := w.rules[pair]
	as.Lost = as.Lost || as.Shut && begins(packet)
	if !as.Lost && !as.Reset {
		w.passed[pair] += uint64(len(packet))
	}
	late := as.Delay > 0 && !w.closed
	if late {
		w.passing.Add(1)
	}
	w.mu.Unlock()
	switch {
	case as.Lost:
	case as.Reset:
		if reset := resetOf(packet); reset != nil {
			_, _ = from.tun.Write(reset) // what is lost comes again
		}
	case late:
		later := append([]byte{}, packet...)
		time.AfterFunc(as.Delay, func() {
			defer w.passing.Done()
			_, _ = to.tun.Write(later) // likewise
		})
	default:
		_, _ = to.tun.Write(packet) // likewise
	}
}

// The flags of TCP: RFC 9293, 3.1.
const tcpFIN, tcpSYN, tcpRST, tcpACK = 1, 2, 4, 16

// begins says whether a packet begins a connection.
func begins(packet []byte) bool {
	head := int(packet[0]&0xF) * 4
	return packet[9] == unix.IPPROTO_TCP && len(packet) >= head+20 && packet[head+13]&(tcpSYN|tcpACK) == tcpSYN
}

// resetOf gives the segment that resets the connection which a packet is of, as the
// other side would send it: RFC 9293, 3.5.2. It gives nil where it is of none.
func resetOf(packet []byte) []byte {
	head := int(packet[0]&0xF) * 4
	if packet[9] != unix.IPPROTO_TCP || len(packet) < head+20 {
		return nil
	}
	segment := packet[head:]
	length := uint32(len(segment) - int(segment[12]>>4)*4)
	flags := segment[13]
	if flags&tcpRST != 0 {
		return nil
	}
	if flags&tcpSYN != 0 {
		length++
	}
	if flags&tcpFIN != 0 {
		length++
	}
	b := make([]byte, 40)
	b[0], b[8], b[9] = 0x45, 64, unix.IPPROTO_TCP
	binary.BigEndian.PutUint16(b[2:], 40)
	copy(b[12:], packet[16:20])
	copy(b[16:], packet[12:16])
	binary.BigEndian.PutUint16(b[10:], checksum(0, b[:20]))
	copy(b[20:], segment[2:4])
	copy(b[22:], segment[:2])
	b[32], b[33] = 5<<4, tcpRST
	if flags&tcpACK != 0 {
		copy(b[24:], segment[8:12])
	}
	if flags&tcpACK == 0 || flags&tcpSYN != 0 {
		b[33] |= tcpACK
	}
	binary.BigEndian.PutUint32(b[28:], binary.BigEndian.Uint32(segment[4:])+length)
	const pseudo = unix.IPPROTO_TCP + 20 // and both addresses
	binary.BigEndian.PutUint16(b[36:], checksum(pseudo, b[12:40]))
	return b
}

// checksum is that of the internet: RFC 1071. b has an even number of bytes.
func checksum(sum uint32, b []byte) uint16 {
	for ; len(b) > 0; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	for sum > 0xFFFF {
		sum = sum>>16 + sum&0xFFFF
	}
	return ^uint16(sum)
}

// ip runs commands of that program, and skips the test where none may change networks.
func ip(t *testing.T, commands ...string) {
	t.Helper()
	for _, args := range commands {
		if said, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			if strings.Contains(string(said), "not permitted") {
				t.Skipf("no network of its own may be made: ip %s: %s", args, said)
			}
			t.Fatalf("ip %s: %v: %s", args, err, said)
		}
	}
}
