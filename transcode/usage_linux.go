package transcode

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of times in /proc, which Linux has as USER_HZ on every
// architecture that Go knows.
const clockTick = 10 * time.Millisecond

// timeOf gives the processor time that a process took so far; 0 where it is gone.
func timeOf(pid int) time.Duration {
	line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(line[bytes.LastIndexByte(line, ')')+1:]) // names may hold anything (proc(5))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(string(fields[11]), 10, 64)
	system, _ := strconv.ParseInt(string(fields[12]), 10, 64)
	return time.Duration(user+system) * clockTick
}
