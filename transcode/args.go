package transcode

import (
	"fmt"
	"maps"
	"strings"
	"time"

	ffmpeg "github.com/u2takey/ffmpeg-go"
)

// Defaults for what a Spec leaves open.
const (
	defaultQuality = 80
	nominalFPS     = 25 // what ffmpeg takes a camera for that does not tell its rate
	gop            = 50 // frames between keyframes of what is encoded
)

// arguments is ffmpeg's command line for a Spec.
//
// Frames held back were counted, not timed, on ffmpeg 5.1.9 and 7.1.5. None is,
// with these: a demuxer that knows a packet's end (frames of IVF, tags of FLV, blocks of Matroska)
// and does not probe (probesize, analyzeduration); one thread in each decoder,
// filter and encoder; low_delay and zerolatency; a muxer whose packet is whole when it
// is written (SMJPEG, FLV). Never "-fflags nobuffer": it throws away the packets
// that were probed, the first keyframe among them.
//
// JPEGs do not go in as multipart, though no frame is held back there either:
// their times would be ffmpeg's count, and from version 7 on it does not count
// those that it cannot decode.
func arguments(s Spec) (args []string, err error) {
	defer func() {
		if p := recover(); p != nil { // ffmpeg-go panics on graphs it cannot order
			err = fmt.Errorf("composing ffmpeg's arguments: %v", p)
		}
	}()
	global := []string{"-nostdin", "-hide_banner", "-loglevel", "error", "-copyts", "-filter_threads", "1"}
	if s.accelerated() {
		global = append(global, s.HWAccel.opens()...)
	}
	return input(s).Output("pipe:1", output(s)).GlobalArgs(global...).GetArgs(), nil
}

func input(s Spec) *ffmpeg.Stream {
	options := ffmpeg.KwArgs{
		"protocol_whitelist": "pipe",
		"max_pixels":         maxPixels,
		"threads":            1,
	}
	name := "pipe:0"
	switch s.In {
	case JPEG:
		options["f"], options["format_whitelist"], options["codec_whitelist"] = "ivf", "ivf", "mjpeg"
		options["probesize"], options["analyzeduration"] = 32, 0
		if s.timed() {
			options["f"], options["format_whitelist"], options["c:v"] = "flv", "flv", "mjpeg"
		}
	case H264, H265:
		options["f"], options["format_whitelist"], options["codec_whitelist"] = "flv", "flv", "h264"
		if s.In == H265 {
			options["f"], options["format_whitelist"], options["codec_whitelist"] = "matroska", "matroska", "hevc"
		}
		options["probesize"], options["analyzeduration"] = 32, 0
		if !s.Whole {
			options["flags"] = "low_delay"
		}
		if s.accelerated() {
			maps.Copy(options, s.HWAccel.decoder(s))
		}
	default:
		if s.Device != "" {
			return deviceInput(s, options)
		}
		options["re"] = ""
		if s.File != "" {
			name = "file:" + s.File // so that no name means anything but a file
			options["protocol_whitelist"], options["stream_loop"] = "file,pipe", -1
			break
		}
		name = patternGraph(s.Pattern)
		options["f"] = "lavfi"
	}
	return ffmpeg.Input(name, options)
}

// deviceInput is a capture device, opened by ffmpeg itself. Nothing is probed
// but its first packet. H.264 is not parsed either: the device gives whole
// pictures, but the parser waits for the next to be sure.
func deviceInput(s Spec, options ffmpeg.KwArgs) *ffmpeg.Stream {
	options["f"], options["format_whitelist"] = "v4l2", "v4l2"
	options["probesize"], options["analyzeduration"] = 32, 0
	options["codec_whitelist"] = "rawvideo,mjpeg,h264"
	if s.DeviceFormat != "" {
		options["input_format"], options["codec_whitelist"] = s.DeviceFormat, s.DeviceFormat
	}
	if s.DeviceWidth > 0 {
		options["video_size"] = fmt.Sprintf("%dx%d", s.DeviceWidth, s.DeviceHeight)
	}
	if s.DeviceFPS > 0 {
		options["framerate"] = s.DeviceFPS
	}
	if s.deviceCodec() == H264 {
		options["flags"], options["fflags"] = "low_delay", "noparse"
	}
	return ffmpeg.Input(s.Device, options)
}

// copies says whether packets come out as they came in. What a device gives
// compressed is not decoded without need.
func copies(s Spec) bool {
	return s.Copy || s.Device != "" && s.deviceCodec() == s.Out && s.Width == 0
}

func output(s Spec) ffmpeg.KwArgs {
	options := ffmpeg.KwArgs{
		"threads":       1,
		"fps_mode":      "passthrough",
		"flush_packets": 1,
		"an":            "",
	}
	if s.In == 0 && s.File != "" {
		options["output_ts_offset"] = fileLead.Seconds()
	}
	if filters := filters(s); len(filters) > 0 {
		options["vf"] = strings.Join(filters, ",")
	}
	if s.Out == JPEG {
		options["f"], options["c:v"] = "smjpeg", "mjpeg"
		if copies(s) {
			options["c:v"] = "copy"
			return options
		}
		options["pix_fmt"] = "yuvj420p" // JPEG is full range
		options["q:v"] = quantiser(s.Quality)
		options["enc_time_base"] = "1:1000" // smjpeg's, so that times stay exact
		if s.Device != "" {
			options["enc_time_base"] = "1:1000000" // for two pictures within a millisecond
		}
		return options
	}
	options["f"] = "flv"
	options["flvflags"] = "no_duration_filesize+no_metadata"
	if copies(s) {
		options["c:v"] = "copy"
		if s.Device != "" {
			options["copyinkf"] = "" // what is not parsed is not known to be a keyframe
		}
		return options
	}
	maps.Copy(options, s.HWAccel.encoder())
	if s.In.leans() || s.timed() {
		options["enc_time_base"] = "1:1000" // FLV's and our Matroska's; ffmpeg would round times to the rate that parameter sets tell
	}
	options["profile:v"], options["bf"], options["g"] = "main", 0, gop
	if s.Lasting {
		maps.Copy(options, lasting)
		if level := level(s.size()); level != "" {
			options["level"] = level
		}
		if s.Evenly {
			options["x264-params"] = fmt.Sprint("force-cfr=1:fps=", nominalFPS)
		}
		delete(options, "tune")
		return options
	}
	rate := bitrate(s.size())
	options["b:v"], options["maxrate"], options["bufsize"] = rate, rate, rate*3/nominalFPS
	return options
}

// lasting is how H.264 is encoded for a file: by how it looks.
var lasting = ffmpeg.KwArgs{"preset": "veryfast", "crf": 21}

// levels are those that hold 60 pictures a second of so many macroblocks: H.264,
// table A-1.
var levels = []struct {
	macroblocks int
	level       string
}{{1800, "3.1"}, {4096, "4"}, {8704, "4.2"}, {16384, "5.1"}, {34560, "5.2"}}

// level gives that of a size. The encoder would go by the rate that it takes its input
// for, and what is made of several inputs would not have one format. "" leaves it to
// it.
func level(width, height int) string {
	for _, l := range levels {
		if (width+15)/16*((height+15)/16) <= l.macroblocks {
			return l.level
		}
	}
	return ""
}

// filters is what happens to pictures between decoder and encoder.
func filters(s Spec) []string {
	var filters []string
	switch {
	case s.Hurry > 0 && s.Unshown:
		filters = append(filters, fmt.Sprintf(`select=gte(n\,%d)`, s.Hurry))
	case s.Hurry > 0:
		filters = append(filters, fmt.Sprintf(`select=eq(n\,0)+gte(n\,%d)`, s.Hurry))
	}
	if s.MaxFPS > 0 && s.In.leans() {
		// A little less than the interval, since cameras' times jitter.
		interval := 0.9 / float64(s.MaxFPS)
		filters = append(filters, fmt.Sprintf(`select=isnan(prev_selected_t)+gte(t-prev_selected_t\,%.4f)`, interval))
	}
	if s.Skip > 0 {
		// Half a millisecond less, since times are whole ones.
		filters = append(filters, fmt.Sprintf(`select=gte(t\,%.4f)`, float64(labelBase+s.Skip.Milliseconds())/1000-0.0005))
	}
	switch {
	case s.accelerated():
		filters = append(filters, s.HWAccel.filters(s)...)
	case s.Width > 0 && s.Fit:
		filters = append(filters, fmt.Sprintf("scale=%d:%d:force_original_aspect_ratio=decrease:force_divisible_by=2,pad=%[1]d:%[2]d:-1:-1,setsar=1", s.Width, s.Height))
	case s.Width > 0:
		filters = append(filters, fmt.Sprintf("scale=%d:%d", s.Width, s.Height))
	}
	if s.useZscale {
		filters = append(filters, s.zscale()...)
	}
	if !s.Clock.IsZero() {
		filters = append(filters, s.clocks()...)
	}
	return filters
}

// timed says whether JPEGs have to be labelled with their times rather than with
// their places, since they are shown.
func (s Spec) timed() bool { return s.In == JPEG && !s.Clock.IsZero() }

// clockLasts is how much media time at most has its clock right when its zone has
// another offset from UTC in the middle.
const clockLasts = 48 * time.Hour

// clocks are the filters that burn the time in: one for each offset from UTC that
// the clock's zone has meanwhile, since a filter has one.
func (s Spec) clocks() (filters []string) {
	for at := s.Clock; ; {
		_, until := at.ZoneBounds()
		if until.Sub(s.Clock) > clockLasts {
			until = time.Time{}
		}
		filters = append(filters, s.clock(at, until))
		if until.IsZero() {
			return filters
		}
		at = until
	}
}

// clock is the filter that burns in the time from a moment until another, or the end
// where that is zero, with the offset from UTC of that moment. The time is that of
// the label, of which labelBase is that of the first packet. ffmpeg cuts it off to
// seconds, and so half a millisecond is added for what rounding took.
func (s Spec) clock(from, until time.Time) string {
	_, offset := from.Zone()
	zero := s.Clock.Add(-labelBase*time.Millisecond + 500*time.Microsecond)
	local := zero.Add(time.Duration(offset) * time.Second)
	_, height := s.size()
	size := max(12, height/24)
	parts := []string{
		fmt.Sprintf(`drawtext=text=%%{pts\\:gmtime\\:%d.%06d} %s`, local.Unix(), local.Nanosecond()/1000, strings.ReplaceAll(from.Format("-07:00"), ":", `\\:`)),
		"expansion=normal",
		fmt.Sprintf("fontsize=%d", size),
		"fontcolor=white",
		"box=1",
		"boxcolor=black@0.6",
		fmt.Sprintf("boxborderw=%d", size/4),
		fmt.Sprintf("x=%d", size/2),
		fmt.Sprintf("y=%d", size/2),
	}
	var enable []string
	if !from.Equal(s.Clock) {
		enable = append(enable, fmt.Sprintf(`gte(t\,%.6f)`, from.Sub(zero).Seconds()))
	}
	if !until.IsZero() {
		enable = append(enable, fmt.Sprintf(`lt(t\,%.6f)`, until.Sub(zero).Seconds()))
	}
	if len(enable) > 0 {
		parts = append(parts, "enable="+strings.Join(enable, "*"))
	}
	return strings.Join(parts, ":")
}

// bitrate is 3 Mbit/s for 1280x720 and where the size is not known, and for
// other sizes in proportion.
func bitrate(width, height int) int {
	if width == 0 || height == 0 {
		return 3_000_000
	}
	return max(200_000, width*height*3_000_000/(1280*720))
}

// patternGraph is the filter graph that draws the pattern.
func patternGraph(p Pattern) string {
	graph := fmt.Sprintf("testsrc2=size=%dx%d:rate=%d", p.Width, p.Height, p.FPS)
	if !p.Clock {
		return graph
	}
	size := max(12, p.Height/8)
	return graph + "," + strings.Join([]string{
		`drawtext=text=%{localtime\\:%T}`,
		"expansion=normal",
		fmt.Sprintf("fontsize=%d", size),
		"fontcolor=white",
		"box=1",
		"boxcolor=black@0.6",
		fmt.Sprintf("boxborderw=%d", size/4),
		"x=(w-text_w)/2",
		"y=(h-text_h)/2",
	}, ":")
}

// quantiser turns a quality of 1 to 100 into the scale of ffmpeg's mjpeg
// encoder, where 2 is the best and 31 the worst.
func quantiser(quality int) int {
	if quality == 0 {
		quality = defaultQuality
	}
	return 2 + (100-quality)*29/99
}
