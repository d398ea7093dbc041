//go:build linux && (386 || amd64 || arm || arm64 || loong64 || riscv64 || s390x)

package device

import (
	"errors"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"framegate/gateway/media"
)

// TestLayouts compares the structures and numbers with those that a C compiler
// makes of <linux/videodev2.h>.
func TestLayouts(t *testing.T) {
	var c v4l2Capability
	var f v4l2Format
	var s v4l2FrameSize
	for _, l := range []struct {
		name      string
		got, want uintptr
	}{
		{"VIDIOC_QUERYCAP", vidiocQueryCap, 0x80685600},
		{"VIDIOC_ENUM_FMT", vidiocEnumFmt, 0xC0405602},
		{"VIDIOC_ENUM_FRAMESIZES", vidiocEnumFrameSizes, 0xC02C564A},
		{"v4l2_capability", unsafe.Sizeof(c), 0x68},
		{"v4l2_capability.card", unsafe.Offsetof(c.card), 0x10},
		{"v4l2_capability.capabilities", unsafe.Offsetof(c.capabilities), 0x54},
		{"v4l2_capability.device_caps", unsafe.Offsetof(c.deviceCaps), 0x58},
		{"v4l2_fmtdesc", unsafe.Sizeof(f), 0x40},
		{"v4l2_fmtdesc.type", unsafe.Offsetof(f.kind), 0x4},
		{"v4l2_fmtdesc.flags", unsafe.Offsetof(f.flags), 0x8},
		{"v4l2_fmtdesc.description", unsafe.Offsetof(f.description), 0xC},
		{"v4l2_fmtdesc.pixelformat", unsafe.Offsetof(f.pixelFormat), 0x2C},
		{"v4l2_frmsizeenum", unsafe.Sizeof(s), 0x2C},
		{"v4l2_frmsizeenum.pixel_format", unsafe.Offsetof(s.pixelFormat), 0x4},
		{"v4l2_frmsizeenum.type", unsafe.Offsetof(s.kind), 0x8},
		{"v4l2_frmsizeenum.discrete", unsafe.Offsetof(s.size), 0xC},
		{"V4L2_PIX_FMT_MJPEG", uintptr(fourCCMJPEG), 0x47504A4D},
		{"V4L2_PIX_FMT_JPEG", uintptr(fourCCJPEG), 0x4745504A},
		{"V4L2_PIX_FMT_H264", uintptr(fourCCH264), 0x34363248},
	} {
		if l.got != l.want {
			t.Errorf("%s: %#x, want %#x", l.name, l.got, l.want)
		}
	}
}

// TestPathsThatAreNoVideoDevice asks the kernel about them.
func TestPathsThatAreNoVideoDevice(t *testing.T) {
	for path, want := range otherFiles(t) {
		err := NewV4L2(V4L2Options{Path: path}).Run(t.Context(), func(media.Frame) { t.Error("a frame of nothing") })
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}
}

// TestTheKernelIsAsked puts the questions to a device that is none of V4L2.
func TestTheKernelIsAsked(t *testing.T) {
	fd, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	d := openDevice(fd)
	for name, err := range map[string]error{
		"QUERYCAP":        d.queryCapability(new(v4l2Capability)),
		"ENUM_FMT":        d.enumFormat(new(v4l2Format)),
		"ENUM_FRAMESIZES": d.enumFrameSize(new(v4l2FrameSize)),
	} {
		if !errors.Is(err, unix.ENOTTY) {
			t.Errorf("%s of /dev/null: %v", name, err)
		}
	}
}

// TestDevicesWithoutACamera makes devices that no driver serves.
func TestDevicesWithoutACamera(t *testing.T) {
	for _, c := range []struct {
		major uint32
		want  error
	}{
		{videoMajor, errUnplugged},
		{240, errNoVideo}, // which is not even opened
	} {
		path := filepath.Join(t.TempDir(), "video9")
		if err := unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(c.major, 200))); err != nil {
			t.Skipf("making a device takes the right to: %v", err)
		}
		if _, err := inspect(path); !errors.Is(err, c.want) {
			t.Errorf("major number %d: got %v, want %v", c.major, err, c.want)
		}
	}
}
