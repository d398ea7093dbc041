package transcode

import (
	"fmt"
	"strings"

	ffmpeg "github.com/u2takey/ffmpeg-go"
)

// Defaults for what a Spec leaves open.
const (
	defaultQuality = 80
	nominalFPS     = 25 // what ffmpeg takes JPEGs for, which carry no time
	gop            = 50 // frames between keyframes of what is encoded
)

// arguments is ffmpeg's command line for a Spec.
//
// Frames held back were counted, not timed, on ffmpeg 5.1.9. None is, with
// these: a demuxer that knows a packet's end (lengths in the parts of mpjpeg,
// tags of FLV) and does not probe (probesize, analyzeduration); one thread in
// each decoder and encoder; low_delay and zerolatency; a muxer whose packet
// is whole when it is written (smjpeg, FLV). Never "-fflags nobuffer": it
// throws away the packets that were probed, the first keyframe among them.
func arguments(s Spec) (args []string, err error) {
	defer func() {
		if p := recover(); p != nil { // ffmpeg-go panics on graphs it cannot order
			err = fmt.Errorf("composing ffmpeg's arguments: %v", p)
		}
	}()
	return input(s).Output("pipe:1", output(s)).
		GlobalArgs("-nostdin", "-hide_banner", "-loglevel", "error", "-copyts").
		GetArgs(), nil
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
		options["f"], options["format_whitelist"], options["codec_whitelist"] = "mpjpeg", "mpjpeg", "mjpeg"
		options["probesize"], options["analyzeduration"] = 32, 0
	case H264:
		options["f"], options["format_whitelist"], options["codec_whitelist"] = "flv", "flv", "h264"
		options["probesize"], options["analyzeduration"] = 32, 0
		options["flags"] = "low_delay"
	default:
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

func output(s Spec) ffmpeg.KwArgs {
	options := ffmpeg.KwArgs{
		"threads":       1,
		"fps_mode":      "passthrough",
		"flush_packets": 1,
		"an":            "",
	}
	if filters := filters(s); len(filters) > 0 {
		options["vf"] = strings.Join(filters, ",")
	}
	if s.Out == JPEG {
		options["f"], options["c:v"] = "smjpeg", "mjpeg"
		options["pix_fmt"] = "yuvj420p" // JPEG is full range
		options["q:v"] = quantiser(s.Quality)
		options["enc_time_base"] = "1:1000" // smjpeg's, so that times stay exact
		return options
	}
	options["f"], options["c:v"] = "flv", "libx264"
	options["flvflags"] = "no_duration_filesize+no_metadata"
	if s.Copy {
		options["c:v"] = "copy"
		return options
	}
	options["pix_fmt"] = "yuv420p" // others make a profile that hardware refuses
	options["preset"], options["tune"], options["profile:v"] = "superfast", "zerolatency", "main"
	options["bf"], options["g"], options["sc_threshold"] = 0, gop, 0
	rate := s.Bitrate
	if rate == 0 {
		rate = defaultBitrate(s.Width, s.Height)
	}
	options["b:v"], options["maxrate"], options["bufsize"] = rate, rate, rate*3/nominalFPS
	return options
}

// filters is what happens to pictures between decoder and encoder.
func filters(s Spec) []string {
	var filters []string
	if s.Hurry > 0 {
		filters = append(filters, fmt.Sprintf(`select=eq(n\,0)+gte(n\,%d)`, s.Hurry))
	}
	if s.MaxFPS > 0 && s.In == H264 {
		// A little less than the interval, since cameras' times jitter.
		interval := 0.9 / float64(s.MaxFPS)
		filters = append(filters, fmt.Sprintf(`select=isnan(prev_selected_t)+gte(t-prev_selected_t\,%.4f)`, interval))
	}
	if s.Width > 0 {
		filters = append(filters, fmt.Sprintf("scale=%d:%d", s.Width, s.Height))
	}
	return filters
}

// defaultBitrate is 3 Mbit/s for 1280x720, and for other sizes in proportion.
func defaultBitrate(width, height int) int {
	if width == 0 {
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
