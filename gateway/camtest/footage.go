package camtest

import (
	"bytes"
	"cmp"
	"fmt"
	"os/exec"
	"strconv"
	"time"
)

// FootageOptions says what Footage is of.
type FootageOptions struct {
	Codec         string   // h264, h265 or mjpeg
	Width, Height int      // 0 = 640 and 360
	Rate          int      // pictures a second; 0 = 15
	Seconds       int      // 0 = 8
	Numbered      bool     // pictures that Picture draws, from number 1 on; else ffmpeg's test pattern
	Args          []string // of ffmpeg besides
}

// Footage is what a camera films, again and again. It is read only.
type Footage struct {
	Codec    string
	Rate     int        // pictures a second
	Pictures [][][]byte // the NAL units of each, without start codes and delimiters, or one JPEG
}

// footageCodecs are ffmpeg's words for what cameras send, with the delimiters by which
// pictures are told apart.
var footageCodecs = map[string][]string{
	"h264":  {"-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-x264-params", "sliced-threads=0:scenecut=0", "-bsf:v", "h264_metadata=aud=insert", "-f", "h264"},
	"h265":  {"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:pools=1:frame-threads=1:bframes=0:scenecut=0:open-gop=0:repeat-headers=1", "-bsf:v", "hevc_metadata=aud=insert", "-f", "hevc"},
	"mjpeg": {"-c:v", "mjpeg", "-huffman", "default", "-q:v", "5", "-f", "mjpeg"},
}

// NewFootage makes footage, with ffmpeg but for numbered JPEGs. It has a keyframe every
// two seconds and no B-frames.
func NewFootage(o FootageOptions) (*Footage, error) {
	o.Width, o.Height = cmp.Or(o.Width, 640), cmp.Or(o.Height, 360)
	o.Rate, o.Seconds = cmp.Or(o.Rate, 15), cmp.Or(o.Seconds, 8)
	codec, known := footageCodecs[o.Codec]
	if !known {
		return nil, fmt.Errorf("there is footage of h264, h265 and mjpeg, and not of %q", o.Codec)
	}
	f := &Footage{Codec: o.Codec, Rate: o.Rate}
	rate, gop := strconv.Itoa(o.Rate), strconv.Itoa(2*o.Rate)
	input := []string{"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=%dx%d:rate=%d:duration=%d", o.Width, o.Height, o.Rate, o.Seconds)}
	var drawn bytes.Buffer
	if o.Numbered {
		for n := range o.Rate * o.Seconds {
			picture := Picture(n+1, o.Width, o.Height)
			drawn.Write(picture)
			f.Pictures = append(f.Pictures, [][]byte{picture})
		}
		if o.Codec == "mjpeg" {
			return f, nil
		}
		input = []string{"-f", "mjpeg", "-framerate", rate, "-i", "pipe:0"}
	}
	pixels := "yuv420p"
	if o.Codec == "mjpeg" {
		pixels = "yuvj420p"
	}
	args := append(append([]string{"-v", "error"}, input...), "-pix_fmt", pixels, "-g", gop, "-keyint_min", gop, "-bf", "0")
	args = append(append(append(args, o.Args...), codec...), "pipe:1")
	encode := exec.Command("ffmpeg", args...)
	var said bytes.Buffer
	encode.Stdin, encode.Stderr = &drawn, &said
	stream, err := encode.Output()
	if err != nil {
		return nil, fmt.Errorf("encoding footage: %w: %s", err, &said)
	}
	f.Pictures = cutFootage(o.Codec, stream)
	return f, nil
}

// cutFootage gives the units of each picture of a stream.
func cutFootage(codec string, stream []byte) (pictures [][][]byte) {
	if codec == "mjpeg" {
		const start = "\xff\xd8\xff"
		for rest := range bytes.SplitSeq(stream[len(start):], []byte(start)) {
			pictures = append(pictures, [][]byte{append([]byte(start), rest...)})
		}
		return pictures
	}
	for unit := range bytes.SplitSeq(stream, []byte{0, 0, 1}) {
		unit = bytes.TrimRight(unit, "\x00")
		switch {
		case len(unit) == 0:
		case isDelimiter(codec, unit):
			pictures = append(pictures, nil)
		default:
			pictures[len(pictures)-1] = append(pictures[len(pictures)-1], unit)
		}
	}
	return pictures
}

// isDelimiter is about H.264, 7.4.1, and H.265, 7.4.2.2.
func isDelimiter(codec string, unit []byte) bool {
	return unitType(codec, unit) == map[string]byte{"h264": 9, "h265": 35}[codec]
}

func unitType(codec string, unit []byte) byte {
	if codec == "h265" {
		return unit[0] >> 1 & 0x3F
	}
	return unit[0] & 0x1F
}

// Set gives the first parameter set of a type in it.
func (f *Footage) Set(unit byte) []byte {
	for _, b := range f.Pictures[0] {
		if unitType(f.Codec, b) == unit {
			return b
		}
	}
	return nil
}

// At gives the number of the picture, from 0 on, that is shown after a time. It
// counts on where that begins again.
func (f *Footage) At(since time.Duration) int {
	return int(since * time.Duration(f.Rate) / time.Second)
}

// Picture gives the units of a picture by such a number.
func (f *Footage) Picture(n int) [][]byte { return f.Pictures[n%len(f.Pictures)] }
