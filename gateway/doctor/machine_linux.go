package doctor

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Kernel says which one runs.
func Kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

// synchronized says whether something keeps the clock right; known is false where the
// kernel does not tell.
func synchronized() (yes, known bool) {
	state, err := unix.Adjtimex(&unix.Timex{})
	return state != unix.TIME_ERROR, err == nil
}

// owners gives the processes that listen on a port of "tcp" or "udp", names by number,
// as far as they can be seen.
func owners(network, port string) map[string]string {
	all := make(map[string]string)
	number, err := strconv.Atoi(port)
	if err != nil {
		return all
	}
	inodes := make(map[string]bool)
	for _, table := range []string{network, network + "6"} {
		listeners("/proc/net/"+table, fmt.Sprintf(":%04X", number), inodes)
	}
	files, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, file := range files {
		if to, err := os.Readlink(file); err == nil && inodes[to] {
			pid := strings.Split(file, "/")[2]
			name, _ := os.ReadFile("/proc/" + pid + "/comm")
			all[pid] = strings.TrimSpace(string(name))
		}
	}
	return all
}

// listeners collects the sockets of a table that listen on a port, as links of open
// files name them (proc_net_tcp: local address, remote address, state, ... inode). Those of
// UDP have the state that is a closed one of TCP.
func listeners(table, port string, inodes map[string]bool) {
	f, err := os.Open(table)
	if err != nil {
		return
	}
	defer f.Close()
	listening := "0A"
	if strings.Contains(table, "udp") {
		listening = "07"
	}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 9 && strings.HasSuffix(fields[1], port) && fields[3] == listening {
			inodes["socket:["+fields[9]+"]"] = true
		}
	}
}
