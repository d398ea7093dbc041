package device

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
)

// What a capture device is asked, as the kernel lays it out in memory: Linux,
// include/uapi/linux/videodev2.h. All fields are as long as their alignment
// asks for, so that there is no room between them.
type (
	// v4l2Capability is struct v4l2_capability, for VIDIOC_QUERYCAP.
	v4l2Capability struct {
		driver       [16]byte
		card         [32]byte
		busInfo      [32]byte
		version      uint32
		capabilities uint32 // of the whole device
		deviceCaps   uint32 // of the node that was opened
		_            [3]uint32
	}
	// v4l2Format is struct v4l2_fmtdesc, for VIDIOC_ENUM_FMT.
	v4l2Format struct {
		index       uint32
		kind        uint32 // enum v4l2_buf_type
		flags       uint32
		description [32]byte
		pixelFormat fourCC
		mbusCode    uint32
		_           [3]uint32
	}
	// v4l2FrameSize is struct v4l2_frmsizeenum, for VIDIOC_ENUM_FRAMESIZES.
	v4l2FrameSize struct {
		index       uint32
		pixelFormat fourCC
		kind        uint32    // enum v4l2_frmsizetypes
		size        [6]uint32 // width and height; or least, most and step of either
		_           [2]uint32
	}
)

// Constants of videodev2.h.
const (
	capVideoCapture       = 0x00000001
	capVideoCapturePlanes = 0x00001000
	capMetaCapture        = 0x00800000
	capStreaming          = 0x04000000
	capDeviceCaps         = 0x80000000 // deviceCaps is filled in

	bufVideoCapture   = 1
	formatCompressed  = 1 // v4l2_fmtdesc.flags
	frameSizeDiscrete = 1
)

// Bounds on what a driver may list.
const (
	maxFormats    = 64
	maxFrameSizes = 256
)

// fourCC names a pixel format by four characters, the first in the lowest byte.
type fourCC uint32

const (
	fourCCMJPEG = fourCC('M' | 'J'<<8 | 'P'<<16 | 'G'<<24)
	fourCCJPEG  = fourCC('J' | 'P'<<8 | 'E'<<16 | 'G'<<24)
	fourCCH264  = fourCC('H' | '2'<<8 | '6'<<16 | '4'<<24)
)

// v4l2Device answers the three questions, as ioctl(2) does: each argument is
// filled in, and EINVAL ends a list.
type v4l2Device interface {
	queryCapability(*v4l2Capability) error
	enumFormat(*v4l2Format) error
	enumFrameSize(*v4l2FrameSize) error
}

// offerKind is a way for pictures to come from a device, as transcode.Spec
// names it.
type offerKind string

const (
	givesMJPEG offerKind = "mjpeg"
	givesH264  offerKind = "h264"
	givesRaw   offerKind = ""
)

func (k offerKind) String() string {
	switch k {
	case givesMJPEG:
		return "Motion JPEG"
	case givesH264:
		return "H.264"
	}
	return "raw pictures"
}

// offer is what a device has.
type offer struct {
	card   string // what the device is called
	sizes  map[offerKind][]sizeRange
	others []string // compressed formats that are of no use here
}

// sizeRange is sizes of pictures, in pixels: from least to most by step, or
// one alone.
type sizeRange struct{ least, most, step pixels }

type pixels struct{ width, height int }

func (p pixels) String() string { return fmt.Sprintf("%dx%d", p.width, p.height) }

// choice is what a device is asked for. A size of 0x0 is the one it has now.
type choice struct {
	kind offerKind
	pixels
}

var (
	errNoVideo     = errors.New("is no video device")
	errNoCapture   = errors.New("is no capture device: it gives no pictures")
	errMetadata    = errors.New("gives a camera's metadata, not its pictures; these have a device of their own, as a rule the one numbered before")
	errPlanes      = errors.New("gives pictures in several planes only (multi-planar API), which ffmpeg does not read")
	errNoStreaming = errors.New("has no streaming I/O, which ffmpeg needs")
)

// ask asks a device for what it has.
func ask(d v4l2Device) (offer, error) {
	var c v4l2Capability
	if err := d.queryCapability(&c); err != nil {
		return offer{}, fmt.Errorf("%w: %w", errNoVideo, err)
	}
	if err := c.check(); err != nil {
		return offer{}, err
	}
	o := offer{card: text(c.card[:]), sizes: make(map[offerKind][]sizeRange)}
	for i := range uint32(maxFormats) {
		f := v4l2Format{index: i, kind: bufVideoCapture}
		if err := d.enumFormat(&f); errors.Is(err, syscall.EINVAL) {
			break
		} else if err != nil {
			return offer{}, fmt.Errorf("listing its formats: %w", err)
		}
		kind, usable := f.offers()
		if !usable {
			o.others = append(o.others, text(f.description[:]))
			continue
		}
		o.sizes[kind] = append(o.sizes[kind], frameSizes(d, f.pixelFormat)...)
	}
	return o, nil
}

// explainOpening says in words why a device cannot be opened.
func explainOpening(err error) error {
	for errno, explained := range map[syscall.Errno]error{
		syscall.ENOENT: errNotThere, syscall.ENOTDIR: errNotThere,
		syscall.EACCES: errNotAllowed, syscall.EPERM: errNotAllowed,
		syscall.EBUSY:  errDeviceBusy,
		syscall.ENODEV: errUnplugged, syscall.ENXIO: errUnplugged,
	} {
		if errors.Is(err, errno) {
			return fmt.Errorf("%w (%w)", explained, err)
		}
	}
	return fmt.Errorf("cannot be opened: %w", err)
}

// check says whether a device is one to take pictures from.
func (c *v4l2Capability) check() error {
	can := c.capabilities
	if can&capDeviceCaps != 0 {
		can = c.deviceCaps
	}
	switch {
	case can&capVideoCapture != 0 && can&capStreaming == 0:
		return errNoStreaming
	case can&capVideoCapture != 0:
		return nil
	case can&capMetaCapture != 0:
		return errMetadata
	case can&capVideoCapturePlanes != 0:
		return errPlanes
	}
	return errNoCapture
}

// offers says what pictures come in this format.
func (f *v4l2Format) offers() (kind offerKind, usable bool) {
	switch {
	case f.pixelFormat == fourCCMJPEG || f.pixelFormat == fourCCJPEG:
		return givesMJPEG, true
	case f.pixelFormat == fourCCH264:
		return givesH264, true
	}
	return givesRaw, f.flags&formatCompressed == 0
}

// frameSizes gives the sizes of a format. Old drivers list none, though they
// have some: then it is one range, of whatever size.
func frameSizes(d v4l2Device, f fourCC) (sizes []sizeRange) {
	for i := range uint32(maxFrameSizes) {
		s := v4l2FrameSize{index: i, pixelFormat: f}
		if d.enumFrameSize(&s) != nil {
			break
		}
		sizes = append(sizes, s.sizes())
		if s.kind != frameSizeDiscrete {
			break // the one range is all (V4L2 API, VIDIOC_ENUM_FRAMESIZES)
		}
	}
	if len(sizes) == 0 {
		return []sizeRange{{}}
	}
	return sizes
}

func (s *v4l2FrameSize) sizes() sizeRange {
	n := func(i int) int { return int(min(s.size[i], 1<<16)) }
	if s.kind == frameSizeDiscrete {
		only := pixels{n(0), n(1)}
		return sizeRange{only, only, pixels{1, 1}}
	}
	return sizeRange{pixels{n(0), n(3)}, pixels{n(1), n(4)}, pixels{max(1, n(2)), max(1, n(5))}}
}

// unknown says that any size may do.
func (r sizeRange) unknown() bool { return r.most == pixels{} }

func (r sizeRange) has(p pixels) bool {
	fits := func(n, least, most, step int) bool { return n >= least && n <= most && (n-least)%step == 0 }
	return r.unknown() || fits(p.width, r.least.width, r.most.width, r.step.width) &&
		fits(p.height, r.least.height, r.most.height, r.step.height)
}

// largest gives the largest size up to a bound, or else the smallest.
func (r sizeRange) largest(bound pixels) pixels {
	if r.unknown() || r.least.width > bound.width || r.least.height > bound.height {
		return r.least
	}
	reach := func(bound, least, most, step int) int { return least + (min(bound, most)-least)/step*step }
	return pixels{
		reach(bound.width, r.least.width, r.most.width, r.step.width),
		reach(bound.height, r.least.height, r.most.height, r.step.height),
	}
}

// choose takes what costs least: Motion JPEG, which everybody can be shown as
// it is, then H.264, then raw pictures; the first that has the size asked for,
// where one is.
func (o offer) choose(width, height int) (choice, error) {
	wanted := pixels{width, height}
	for _, kind := range []offerKind{givesMJPEG, givesH264, givesRaw} {
		sizes := o.sizes[kind]
		switch {
		case len(sizes) == 0:
		case wanted == pixels{}:
			return choice{kind, usual(kind, sizes)}, nil
		case slices.ContainsFunc(sizes, func(r sizeRange) bool { return r.has(wanted) }):
			return choice{kind, wanted}, nil
		}
	}
	if len(o.sizes) > 0 {
		return choice{}, fmt.Errorf("has no pictures of %v, but %s", wanted, o.list())
	}
	if len(o.others) > 0 {
		return choice{}, fmt.Errorf("gives neither Motion JPEG, H.264 nor raw pictures, only %s", strings.Join(o.others, ", "))
	}
	return choice{}, errNoCapture
}

// usual is the size to take where none was asked for: the largest up to a
// bound, or else the smallest.
func usual(kind offerKind, sizes []sizeRange) pixels {
	bound := pixels{1280, 720}
	if kind == givesRaw {
		bound = pixels{640, 480}
	}
	return slices.MaxFunc(sizes, func(a, b sizeRange) int {
		return cmp.Compare(a.largest(bound).worth(bound), b.largest(bound).worth(bound))
	}).largest(bound)
}

// worth is a size's area, or minus that where it is beyond a bound.
func (p pixels) worth(bound pixels) int {
	if p.width > bound.width || p.height > bound.height {
		return -p.width * p.height
	}
	return p.width * p.height
}

// list names all sizes, smallest first, for people.
func (o offer) list() string {
	var all []sizeRange
	for _, sizes := range o.sizes {
		all = append(all, sizes...)
	}
	slices.SortFunc(all, func(a, b sizeRange) int {
		return cmp.Or(cmp.Compare(a.most.width*a.most.height, b.most.width*b.most.height), cmp.Compare(a.most.width, b.most.width))
	})
	var names []string
	for _, r := range slices.Compact(all) {
		if r.least == r.most {
			names = append(names, r.most.String())
		} else {
			names = append(names, fmt.Sprintf("%v to %v in steps of %v", r.least, r.most, r.step))
		}
	}
	return strings.Join(names, ", ")
}

// text is a C string.
func text(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return strings.ToValidUTF8(string(b), "?")
}
