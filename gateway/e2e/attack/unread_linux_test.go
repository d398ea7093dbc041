package attack

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"framegate/gateway/e2e/rig"

	"golang.org/x/sys/unix"
)

// TestWhoReadsNothingCostsLittleAndGoes replays an attack that needs no login:
// 200 connections that ask for an asset 200 times and read nothing, and as many
// from one address as it may have not. What they cost is the kernel's memory on
// both ends of each.
func TestWhoReadsNothingCostsLittleAndGoes(t *testing.T) {
	t.Parallel()
	const clients, most = 200, 64 << 20
	g := rig.StartGuarded(t, "limits: {viewer_patience: 4s, connections_per_address: 100, viewers_per_address: 100}")
	u, err := url.Parse(g.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(u.Port())
	asked := bytes.Repeat([]byte("GET /assets/framegate-player.js HTTP/1.1\r\nHost: localhost\r\n\r\n"), 200)
	var connections []net.Conn
	for range clients + 50 {
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			continue // one of those that are too many
		}
		defer c.Close()
		connections = append(connections, c)
	}
	for _, c := range connections { // once all are there, for the first ones go soon
		_ = c.SetWriteDeadline(time.Now().Add(rig.Ceiling))
		_, _ = c.Write(asked) // fails on those that are too many
	}
	cost := 0
	rig.Await(t, "the server ends them", func() bool {
		memory, theirs := socketMemory(t, port)
		cost = max(cost, memory)
		return theirs == 0
	})
	t.Logf("%d connections cost %d kB", clients, cost>>10)
	if cost > most {
		t.Errorf("they cost %d MB", cost>>20)
	}
	rig.Await(t, "somebody else is answered", func() bool {
		return g.Get(t, "/healthz", rig.Credentials{}).StatusCode == 200
	})
	metrics := metricsOf(t, g)
	// How many are one too many depends on how soon the first ones go.
	for limit, least := range map[string]float64{"answer_patience": 50, "connections_per_address": 1} {
		if hits := metrics[`framegate_limit_hits_total{limit="`+limit+`"}`]; hits < least {
			t.Errorf("%s was hit %v times", limit, hits)
		}
	}
}

// socketMemory is what the kernel keeps for the connections of this process to
// and from a port, and how many of those the server has still.
func socketMemory(t *testing.T, port int) (memory, served int) {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		fd, _ := strconv.Atoi(f.Name())
		to, err := unix.Getpeername(fd)
		if err != nil {
			continue // no connection, or not any more
		}
		at, _ := unix.Getsockname(fd)
		if portAt(at) != port && portAt(to) != port {
			continue
		}
		if portAt(at) == port {
			served++
		}
		memory += memoryOf(fd)
	}
	return memory, served
}

func portAt(a unix.Sockaddr) int {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return a.Port
	case *unix.SockaddrInet6:
		return a.Port
	}
	return 0
}

// memoryOf is what the kernel has allocated for a socket: received, to be sent,
// and put aside (SO_MEMINFO, socket(7)).
func memoryOf(fd int) (memory int) {
	const soMeminfo = 55
	var info [9 * 4]byte
	length := uint32(len(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, soMeminfo,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&length)), 0)
	if errno != 0 {
		return 0 // it is gone
	}
	for _, at := range []int{0, 2, 4} { // SK_MEMINFO_RMEM_ALLOC, _WMEM_ALLOC, _FWD_ALLOC
		memory += int(binary.NativeEndian.Uint32(info[at*4:]))
	}
	return memory
}

// metricsOf gives the samples that a scrape finds.
func metricsOf(t *testing.T, g *rig.Guarded) map[string]float64 {
	t.Helper()
	a := g.Get(t, "/metrics", rig.Credentials{Bearer: g.AddToken(t, "scraper", "admin")})
	samples := make(map[string]float64)
	for line := range strings.Lines(string(a.Content)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(line, "#") {
			if _, err := fmt.Sscan(value, new(float64)); err == nil {
				samples[name], _ = strconv.ParseFloat(value, 64)
			}
		}
	}
	return samples
}
