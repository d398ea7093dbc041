//go:build linux && (386 || amd64 || arm || arm64 || loong64 || riscv64 || s390x)

package device

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Numbers of ioctls, as _IOR and _IOWR of include/uapi/asm-generic/ioctl.h make
// them of V4L2's letter, a number and the size of the argument. MIPS and
// PowerPC make them otherwise.
const (
	iocRead  = 2 << 30
	iocWrite = 1 << 30
	iocV4L2  = 'V' << 8

	vidiocQueryCap       = iocRead | unsafe.Sizeof(v4l2Capability{})<<16 | iocV4L2
	vidiocEnumFmt        = iocRead | iocWrite | unsafe.Sizeof(v4l2Format{})<<16 | iocV4L2 | 2
	vidiocEnumFrameSizes = iocRead | iocWrite | unsafe.Sizeof(v4l2FrameSize{})<<16 | iocV4L2 | 74
)

// videoMajor is the major number of all V4L2 devices (Linux,
// Documentation/admin-guide/devices.txt).
const videoMajor = 81

// inspect opens a device and asks it for what it has, which disturbs nobody
// who takes its pictures. Only devices of V4L2 are opened: merely to open
// another may do harm.
func inspect(path string) (offer, error) {
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		return offer{}, explainOpening(err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFCHR || unix.Major(uint64(stat.Rdev)) != videoMajor {
		return offer{}, errNoVideo
	}
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return offer{}, explainOpening(err)
	}
	defer unix.Close(fd)
	return ask(openDevice(fd))
}

// uptime is the clock by which the kernel stamps pictures.
func uptime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// openDevice is a file descriptor of a device. It implements v4l2Device.
type openDevice int

func (d openDevice) queryCapability(c *v4l2Capability) error {
	return d.ioctl(vidiocQueryCap, unsafe.Pointer(c))
}

func (d openDevice) enumFormat(f *v4l2Format) error {
	return d.ioctl(vidiocEnumFmt, unsafe.Pointer(f))
}

func (d openDevice) enumFrameSize(s *v4l2FrameSize) error {
	return d.ioctl(vidiocEnumFrameSizes, unsafe.Pointer(s))
}

func (d openDevice) ioctl(request uintptr, argument unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(d), request, uintptr(argument))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
		default:
			return errno
		}
	}
}
