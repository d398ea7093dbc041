package record

import (
	"time"

	"golang.org/x/sys/unix"
)

// sinceBoot is the time since the host was started, or 0.
func sinceBoot() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	return time.Duration(now.Nano())
}
