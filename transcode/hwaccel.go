package transcode

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	ffmpeg "github.com/u2takey/ffmpeg-go"
)

// HWAccel names hardware that decodes, scales and encodes H.264, and decodes
// H.265.
//
// JPEGs are always decoded and encoded by the processor: what cameras send is
// of kinds that hardware refuses, each another; drivers of some cards encode
// none; and those that do take the range of colours as it comes, though in a
// JPEG it must be the full one.
type HWAccel string

// The kinds of hardware. HWAuto is for Probe alone.
const (
	HWNone         HWAccel = "none"
	HWAuto         HWAccel = "auto"
	HWVAAPI        HWAccel = "vaapi"        // Intel and AMD, on Linux
	HWCUDA         HWAccel = "cuda"         // NVIDIA
	HWQSV          HWAccel = "qsv"          // Intel
	HWVideoToolbox HWAccel = "videotoolbox" // Apple
)

// hwDevice is how ffmpeg's arguments call the device that is opened for them.
const hwDevice = "hw"

func (a HWAccel) known() bool {
	switch a {
	case "", HWNone, HWVAAPI, HWCUDA, HWQSV, HWVideoToolbox:
		return true
	}
	return false
}

// accelerated says whether hardware has any part in this: with JPEGs alone, or
// packets that stay as they are, it has none.
func (s Spec) accelerated() bool {
	if s.HWAccel == "" || s.HWAccel == HWNone || copies(s) {
		return false
	}
	return s.In.leans() || s.Out == H264
}

// opens are the global options that open the device, for decoder, filters and
// encoder alike.
func (a HWAccel) opens() []string {
	if a == HWVideoToolbox {
		return nil // it is opened by whoever uses it
	}
	return []string{"-init_hw_device", string(a) + "=" + hwDevice, "-filter_hw_device", hwDevice}
}

// decoder are the options of an input of H.264 or H.265. Pictures stay in the
// hardware if it has more to do with them. A stream that the hardware cannot
// decode is decoded by the processor, except by qsv, which is a decoder of its
// own: so H.265, which not all such hardware decodes, is the processor's there.
func (a HWAccel) decoder(s Spec) ffmpeg.KwArgs {
	if a == HWQSV && s.In == H265 {
		return nil
	}
	options := ffmpeg.KwArgs{"hwaccel": string(a)}
	if a == HWVideoToolbox {
		return options // it gives pictures to the processor's memory, which is its own
	}
	options["hwaccel_device"] = hwDevice
	if s.stays() {
		options["hwaccel_output_format"] = string(a)
	}
	if a == HWQSV {
		options["c:v"], options["async_depth"] = "h264_qsv", 1
		options["codec_whitelist"] = "h264,h264_qsv" // h264 reads the stream's head
	}
	return options
}

// stays says whether the hardware does more with pictures than decode them.
func (s Spec) stays() bool { return s.Out == H264 || s.Width > 0 }

// filters bring pictures to the encoder in the size asked for: from wherever
// they are to the hardware, and back again to be made JPEGs.
func (a HWAccel) filters(s Spec) (filters []string) {
	if a == HWVideoToolbox {
		if s.Width > 0 {
			filters = append(filters, fmt.Sprintf("scale=%d:%d", s.Width, s.Height))
		}
		return filters
	}
	if !s.stays() {
		return nil
	}
	upload := "hwupload" // does nothing with what is there already
	if a == HWQSV {
		upload += "=extra_hw_frames=16" // it allots all frames at once
	}
	filters = append(filters, fmt.Sprintf("format=nv12|%s", a), upload)
	var scale []string
	if s.Width > 0 {
		scale = append(scale, fmt.Sprintf("w=%d:h=%d", s.Width, s.Height))
	}
	if s.In == H265 {
		scale = append(scale, "format=nv12") // it may have 10 bits
	}
	if len(scale) > 0 {
		filters = append(filters, fmt.Sprintf("scale_%s=%s", a, strings.Join(scale, ":")))
	}
	if s.Out == JPEG {
		filters = append(filters, "hwdownload", "format=nv12")
	}
	return filters
}

// encoder are the options of the encoder of H.264, none of whose frames may
// wait for the next. Each names what makes it so in its own way.
func (a HWAccel) encoder() ffmpeg.KwArgs {
	switch a {
	case HWVAAPI:
		return ffmpeg.KwArgs{"c:v": "h264_vaapi", "async_depth": 1}
	case HWCUDA:
		return ffmpeg.KwArgs{"c:v": "h264_nvenc", "preset": "p3", "tune": "ull", "rc": "vbr", "zerolatency": 1, "delay": 0}
	case HWQSV:
		return ffmpeg.KwArgs{"c:v": "h264_qsv", "preset": "veryfast", "async_depth": 1, "look_ahead": 0}
	case HWVideoToolbox:
		return ffmpeg.KwArgs{"c:v": "h264_videotoolbox", "pix_fmt": "yuv420p", "realtime": 1, "allow_sw": 0}
	}
	return ffmpeg.KwArgs{
		"c:v": "libx264", "preset": "superfast", "tune": "zerolatency", "sc_threshold": 0,
		"pix_fmt": "yuv420p", // others make a profile that hardware refuses
	}
}

// devices lists what the hardware's drivers open.
func (a HWAccel) devices() []string {
	switch a {
	case HWVAAPI, HWQSV:
		return []string{"/dev/dri"}
	case HWCUDA:
		return cudaDevices()
	}
	return nil
}

func cudaDevices() []string {
	devices, _ := filepath.Glob("/dev/nvidia*")    // the pattern is a good one
	return append(devices, "/dev/dri", "/dev/dxg") // the last is Windows' own Linux's
}

// candidates lists the hardware that this machine may have, the likeliest to
// work first.
func candidates() []HWAccel {
	switch runtime.GOOS {
	case "darwin":
		return []HWAccel{HWVideoToolbox}
	case "windows":
		return []HWAccel{HWCUDA, HWQSV}
	}
	var all []HWAccel
	if any, _ := filepath.Glob("/dev/nvidia[0-9]*"); len(any) > 0 || exists("/dev/dxg") {
		all = append(all, HWCUDA)
	}
	if any, _ := filepath.Glob("/dev/dri/renderD*"); len(any) > 0 {
		all = append(all, HWVAAPI, HWQSV)
	}
	return all
}
