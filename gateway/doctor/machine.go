package doctor

import (
	"time"

	"golang.org/x/sys/unix"
)

// Free gives how many bytes are free for this user where a folder is.
func Free(folder string) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(folder, &fs); err != nil {
		return 0, err
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil
}

// Clock looks at the system's. wrong is what is known to be wrong with it, or nil.
func Clock(wrong error) Finding {
	const name = "clock"
	now := time.Now().UTC().Format(time.DateTime) + " UTC"
	if wrong != nil {
		return But(name, Bad, "set the clock, and have it kept right: timedatectl set-ntp true", "%s: it %v", now, wrong)
	}
	if yes, known := synchronized(); known && !yes {
		return But(name, Warn, "have the clock kept right, where that is not done outside of a container or virtual machine: timedatectl set-ntp true", "%s; the kernel knows of nothing that keeps it right", now)
	}
	return Good(name, "%s", now)
}

// Files looks whether a process may open as many files as it may come to need.
func Files(need int) Finding {
	const name = "open files"
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return But(name, Warn, "", "cannot be asked for: %v", err)
	}
	if limit.Max < uint64(need) { // up to which Go raises the other by itself
		return But(name, Warn, "raise it: LimitNOFILE= in the unit, ulimits of the container, or ulimit -n", "%d at a time, while limits allow for connections that need %d", limit.Max, need)
	}
	return Good(name, "%d at a time, of which all connections that limits allow need %d", limit.Max, need)
}
