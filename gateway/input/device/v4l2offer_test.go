package device

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fakeDevice answers as a driver does.
type fakeDevice struct {
	capability v4l2Capability
	failing    error // of every question
	formats    []v4l2Format
	sizes      map[fourCC][]v4l2FrameSize
}

func (d *fakeDevice) queryCapability(c *v4l2Capability) error {
	*c = d.capability
	return d.failing
}

func (d *fakeDevice) enumFormat(f *v4l2Format) error {
	if f.kind != bufVideoCapture || int(f.index) >= len(d.formats) {
		return syscall.EINVAL
	}
	index := f.index
	*f = d.formats[index]
	f.index, f.kind = index, bufVideoCapture
	return nil
}

func (d *fakeDevice) enumFrameSize(s *v4l2FrameSize) error {
	sizes := d.sizes[s.pixelFormat]
	if sizes == nil {
		return syscall.ENOTTY // as of drivers that do not know the question
	}
	if int(s.index) >= len(sizes) && sizes[0].kind == frameSizeDiscrete {
		return syscall.EINVAL
	}
	*s = sizes[min(int(s.index), len(sizes)-1)]
	return nil
}

const (
	fourCCYUYV = fourCC('Y' | 'U'<<8 | 'Y'<<16 | 'V'<<24)
	fourCCNV12 = fourCC('N' | 'V'<<8 | '1'<<16 | '2'<<24)
	fourCCHEVC = fourCC('H' | 'E'<<8 | 'V'<<16 | 'C'<<24)
)

// driver makes a device with formats in the order of a driver, all of the same
// sizes.
func driver(sizes []v4l2FrameSize, formats ...fourCC) *fakeDevice {
	d := &fakeDevice{sizes: make(map[fourCC][]v4l2FrameSize)}
	d.capability.capabilities = capDeviceCaps
	d.capability.deviceCaps = capVideoCapture | capStreaming
	copy(d.capability.card[:], "HD Webcam\x00garbage")
	for _, code := range formats {
		f := v4l2Format{pixelFormat: code}
		if code != fourCCYUYV && code != fourCCNV12 {
			f.flags = formatCompressed
		}
		for i := range 4 {
			f.description[i] = byte(code >> (8 * i))
		}
		d.formats = append(d.formats, f)
		d.sizes[code] = sizes
	}
	return d
}

func discrete(sizes ...pixels) (list []v4l2FrameSize) {
	for i, p := range sizes {
		list = append(list, v4l2FrameSize{index: uint32(i), kind: frameSizeDiscrete, size: [6]uint32{uint32(p.width), uint32(p.height)}})
	}
	return list
}

// stepwise is from 32x24 to 1920x1080 by 16x8 (V4L2_FRMSIZE_TYPE_STEPWISE).
var stepwise = []v4l2FrameSize{{kind: 3, size: [6]uint32{32, 1920, 16, 24, 1080, 8}}}

// webcam lists its sizes as webcams do: the usual one first, then any order.
var webcam = discrete(pixels{640, 480}, pixels{160, 120}, pixels{1920, 1080}, pixels{1280, 720}, pixels{960, 540})

func TestWhatADeviceIsAskedFor(t *testing.T) {
	mixed := driver(webcam, fourCCYUYV, fourCCMJPEG, fourCCH264)
	mixed.sizes[fourCCMJPEG] = discrete(pixels{640, 480})
	unlisted := driver(nil, fourCCYUYV, fourCCMJPEG)
	twoRaw := driver(discrete(pixels{320, 240}), fourCCYUYV, fourCCNV12)
	twoRaw.sizes[fourCCNV12] = discrete(pixels{640, 480})
	old := driver(webcam, fourCCMJPEG)
	old.capability.capabilities, old.capability.deviceCaps = capVideoCapture|capStreaming, 0
	for _, c := range []struct {
		name          string
		device        *fakeDevice
		width, height int
		want          choice
	}{
		{"JPEGs before all", driver(webcam, fourCCYUYV, fourCCH264, fourCCMJPEG), 0, 0, choice{givesMJPEG, pixels{1280, 720}}},
		{"its other name", driver(webcam, fourCCYUYV, fourCCJPEG), 0, 0, choice{givesMJPEG, pixels{1280, 720}}},
		{"H.264 before raw", driver(webcam, fourCCYUYV, fourCCH264), 0, 0, choice{givesH264, pixels{1280, 720}}},
		{"raw", driver(webcam, fourCCYUYV), 0, 0, choice{givesRaw, pixels{640, 480}}},
		{"raw beside what is of no use", driver(webcam, fourCCHEVC, fourCCYUYV), 0, 0, choice{givesRaw, pixels{640, 480}}},
		{"several raw", twoRaw, 0, 0, choice{givesRaw, pixels{640, 480}}},
		{"size asked for", driver(webcam, fourCCYUYV, fourCCMJPEG), 1920, 1080, choice{givesMJPEG, pixels{1920, 1080}}},
		{"size that only H.264 has", mixed, 1920, 1080, choice{givesH264, pixels{1920, 1080}}},
		{"size of the second raw one", twoRaw, 640, 480, choice{givesRaw, pixels{640, 480}}},
		{"all larger than usual", driver(discrete(pixels{3840, 2160}, pixels{1920, 1080}), fourCCMJPEG), 0, 0, choice{givesMJPEG, pixels{1920, 1080}}},
		{"upright", driver(discrete(pixels{720, 1280}, pixels{360, 640}), fourCCMJPEG), 0, 0, choice{givesMJPEG, pixels{360, 640}}},
		{"steps", driver(stepwise, fourCCMJPEG), 0, 0, choice{givesMJPEG, pixels{1280, 720}}},
		{"a step", driver(stepwise, fourCCMJPEG), 48, 32, choice{givesMJPEG, pixels{48, 32}}},
		{"sizes are not listed", unlisted, 0, 0, choice{givesMJPEG, pixels{}}},
		{"nor known", unlisted, 800, 600, choice{givesMJPEG, pixels{800, 600}}},
		{"driver without device_caps", old, 0, 0, choice{givesMJPEG, pixels{1280, 720}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := ask(c.device)
			if err != nil {
				t.Fatal(err)
			}
			got, err := o.choose(c.width, c.height)
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
			if o.card != "HD Webcam" {
				t.Errorf("called %q", o.card)
			}
		})
	}
}

func TestDevicesThatGiveNoPictures(t *testing.T) {
	capable := func(caps uint32) *fakeDevice {
		d := driver(webcam, fourCCMJPEG)
		d.capability.deviceCaps = caps
		return d
	}
	for _, c := range []struct {
		name          string
		device        *fakeDevice
		width, height int
		want          string
	}{
		{"not V4L2", &fakeDevice{failing: syscall.ENOTTY}, 0, 0, "is no video device"},
		{"output", capable(2 | capStreaming), 0, 0, "is no capture device"},
		{"the second node of a webcam", capable(capMetaCapture | capStreaming), 0, 0, "metadata"},
		{"planes", capable(capVideoCapturePlanes | capStreaming), 0, 0, "several planes"},
		{"read alone", capable(capVideoCapture | 0x01000000), 0, 0, "no streaming I/O"},
		{"nothing at all", driver(webcam), 0, 0, "is no capture device"},
		{"HEVC", driver(webcam, fourCCHEVC), 0, 0, "gives neither Motion JPEG, H.264 nor raw pictures, only HEVC"},
		{"another size", driver(webcam, fourCCYUYV, fourCCMJPEG), 800, 600,
			"has no pictures of 800x600, but 160x120, 640x480, 960x540, 1280x720, 1920x1080"},
		{"between the steps", driver(stepwise, fourCCMJPEG), 50, 32,
			"has no pictures of 50x32, but 32x24 to 1920x1080 in steps of 16x8"},
		{"beyond the steps", driver(stepwise, fourCCMJPEG), 1936, 1080, "has no pictures of 1936x1080"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := ask(c.device)
			if err == nil {
				_, err = o.choose(c.width, c.height)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestADriverThatListsForEver holds that lists have an end.
func TestADriverThatListsForEver(t *testing.T) {
	o, err := ask(endless{driver(webcam)})
	if err != nil || len(o.sizes[givesMJPEG]) != maxFormats*maxFrameSizes {
		t.Errorf("%d sizes, %v", len(o.sizes[givesMJPEG]), err)
	}
}

type endless struct{ *fakeDevice }

func (endless) enumFormat(f *v4l2Format) error {
	f.pixelFormat = fourCCMJPEG
	return nil
}

func (endless) enumFrameSize(s *v4l2FrameSize) error {
	s.kind, s.size = frameSizeDiscrete, [6]uint32{1 << 31, 1<<32 - 1}
	return nil
}

func TestWhyADeviceCannotBeOpened(t *testing.T) {
	for errno, want := range map[syscall.Errno]string{
		syscall.EBUSY:  "is busy",
		syscall.EACCES: "group video",
		syscall.EPERM:  "group video",
		syscall.ENODEV: "unplugged",
		syscall.ENXIO:  "unplugged",
		syscall.ENOENT: "plugged in?",
		syscall.EIO:    "cannot be opened",
	} {
		err := explainOpening(&fs.PathError{Op: "open", Path: "/dev/video0", Err: errno})
		if !strings.Contains(err.Error(), want) || !errors.Is(err, errno) {
			t.Errorf("%v: got %v, want %q", errno, err, want)
		}
	}
}

// otherFiles are paths that are no video device.
func otherFiles(t *testing.T) map[string]error {
	t.Helper()
	plain := filepath.Join(t.TempDir(), "video0")
	if err := os.WriteFile(plain, []byte("no device"), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]error{
		plain:                         errNoVideo,
		filepath.Dir(plain):           errNoVideo,
		"/dev/null":                   errNoVideo,
		plain + ".none":               errNotThere,
		filepath.Join(plain, "below"): errNotThere,
	}
}
