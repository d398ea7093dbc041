package watch

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// writersOf asks the kernel, which grants a lease to read on a file that nobody
// has open to write, to the file's owner (fcntl(2), F_SETLEASE). A lease is
// given back at once: it would hold up whoever comes to write.
func writersOf(f *os.File) openness {
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return some
	case err != nil:
		return unknown
	}
	_, _ = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
	return none
}
