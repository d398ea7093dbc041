package doctor

import (
	"errors"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFolders: what cannot be written or made is bad, and little room is worth a word.
func TestFolders(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		folder string
		least  int64
		state  State
		says   string
	}{
		"fine":            {dir, 1, OK, "can be written and has"},
		"little room":     {dir, math.MaxInt64, Warn, "and should have 9.22e+03 PB"},
		"not there yet":   {filepath.Join(dir, "a", "b"), 1, OK, "the server makes it"},
		"a file":          {file, 1, Bad, "is no folder"},
		"behind a file":   {filepath.Join(file, "a"), 1, Bad, "not a directory"},
		"where none goes": {"/proc/framegate", 1, Bad, "cannot be made"},
		"not to be wrote": {"/proc/self", 1, Bad, "cannot be written"},
	}
	for name, c := range cases {
		f := Folder("data", c.folder, c.least)
		if f.State != c.state || !strings.Contains(f.Text, c.says) || (f.State == OK) != (f.Next == "") {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("it left %v, %v", left, err)
	}
}

// TestPorts: free, taken by us, taken by another, and nowhere.
func TestPorts(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	taken := listener.Addr().String()
	for name, c := range map[string]struct {
		network string
		address string
		running *Server
		state   State
		says    string
	}{
		"free":            {"tcp", "127.0.0.1:0", nil, OK, "is free"},
		"taken":           {"tcp", taken, nil, Bad, "does not answer as Framegate"},
		"by us":           {"tcp", taken, ServerAt(taken), OK, "as it should be"},
		"of another host": {"tcp", "192.0.2.1:0", nil, Bad, "no address of this machine"},
		"free packets":    {"udp", "127.0.0.1:0", nil, OK, "is free"},
		"taken packets":   {"udp", packets.LocalAddr().String(), nil, Bad, "does not answer as Framegate"},
		"none":            {"tcp", "nowhere", nil, Bad, "cannot be listened on"},
	} {
		f := Port("port", c.network, c.address, c.running)
		if f.State != c.state || !strings.Contains(f.Text, c.says) || (f.State == OK) != (f.Next == "") {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if _, err := os.Stat("/proc/net/tcp"); err == nil {
		for network, address := range map[string]string{"tcp": taken, "udp": packets.LocalAddr().String()} {
			if f := Port("port", network, address, nil); !strings.Contains(f.Text, "doctor.test (process ") {
				t.Errorf("not told by whom: %+v", f)
			}
			others := &Server{map[string]string{"1": "framegate"}}
			if f := Port("port", network, address, others); f.State != Bad || !strings.Contains(f.Text, "not the server that runs") {
				t.Errorf("taken by another than the server: %+v", f)
			}
		}
	}
}

// TestWorstCounts of what was found.
func TestWorstCounts(t *testing.T) {
	good, warn, bad := Good("a", "%d", 1), Files(math.MaxInt), Clock(errors.New("is wrong"))
	if warn.State != Warn || bad.State != Bad || Files(1).State != OK {
		t.Errorf("%+v, %+v", warn, bad)
	}
	for want, all := range map[State][]Finding{OK: {good}, Warn: {good, warn, good}, Bad: {warn, bad, good, warn}} {
		if got := Worst(all); got != want {
			t.Errorf("%+v: %s", all, got)
		}
	}
	for want, n := range map[string]int64{"999 B": 999, "1 kB": 1000, "999 kB": 999_499, "1 MB": 999_500, "1.5 MB": 1_500_000, "9.22e+03 PB": math.MaxInt64} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
