package transcode

import (
	"fmt"
	"strings"

	ffmpeg "github.com/u2takey/ffmpeg-go"
)

// defaultQuality is the quality of a JPEG where none was asked for.
const defaultQuality = 80

// patternArgs is ffmpeg's command line for a test pattern: multipart JPEG with
// lengths on standard output.
func patternArgs(s Spec) (args []string, err error) {
	defer func() {
		if p := recover(); p != nil { // ffmpeg-go panics on graphs it cannot order
			err = fmt.Errorf("composing ffmpeg's arguments: %v", p)
		}
	}()
	return ffmpeg.Input(patternGraph(s.Pattern), ffmpeg.KwArgs{"f": "lavfi", "re": ""}).
		Output("pipe:1", ffmpeg.KwArgs{
			"f":        "mpjpeg",
			"c:v":      "mjpeg",
			"q:v":      quantiser(s.Quality),
			"pix_fmt":  "yuvj420p", // JPEG is full range
			"threads":  1,          // more would hold frames back
			"fps_mode": "passthrough",
		}).
		GlobalArgs("-nostdin", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "pipe").
		GetArgs(), nil
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
