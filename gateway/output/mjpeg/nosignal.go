package mjpeg

import (
	"bytes"
	"image"
	"image/jpeg"
	"sync"
)

// maxNoSignals bounds how many no-signal pictures are kept.
const maxNoSignals = 32

// reason is why there are no pictures, as the picture that says so has it: what
// every viewer may know, in letters that drawLine has.
type reason string

const (
	connecting  reason = "CONNECTING"
	offline     reason = "OFFLINE"
	unreachable reason = "CANNOT BE REACHED"
	noEncoder   reason = "NO ENCODER IS FREE"
	ended       reason = "ACCESS HAS ENDED"
	serverEnded reason = "SERVER HAS ENDED"
	changed     reason = "CAMERA HAS CHANGED"
)

// noSignal makes the pictures that say that a camera is away, and keeps them
// by size and reason. The zero value is ready; it may be used from any goroutine.
//
// One picture is made at a time, because a large one takes a core for half a
// second and publishers choose the sizes.
type noSignal struct {
	mu       sync.Mutex
	pictures map[noSignalKey][]byte
}

type noSignalKey struct {
	width, height int
	why           reason
}

// picture gives a JPEG of the given size, which must not be changed.
func (s *noSignal) picture(width, height int, why reason) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := noSignalKey{width, height, why}
	if b := s.pictures[key]; b != nil {
		return b
	}
	if s.pictures == nil || len(s.pictures) >= maxNoSignals {
		s.pictures = make(map[noSignalKey][]byte)
	}
	b := drawNoSignal(width, height, why)
	s.pictures[key] = b
	return b
}

const (
	background = 0x40
	foreground = 0xC0
	neutral    = 0x80 // chroma of grey
)

// drawNoSignal draws the words across the middle, and why below. The picture is
// 4:2:0, as those of nearly all cameras are, since some decoders dislike a change.
func drawNoSignal(width, height int, why reason) []byte {
	img := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	fill(img.Y, background)
	fill(img.Cb, neutral)
	fill(img.Cr, neutral)
	drawLine(img, "NO SIGNAL", height*2/5, height/4)
	drawLine(img, string(why), height*7/10, height/12)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 60}); err != nil {
		panic(err) // a bytes.Buffer takes all
	}
	return bytes.Clone(b.Bytes())
}

func fill(b []byte, value byte) {
	for i := range b {
		b[i] = value
	}
}

// drawLine draws words about a height, as large as three quarters of the width and
// tallest allow. Where that is smaller than a dot a pixel nobody could read them, and
// nothing is drawn.
func drawLine(img *image.YCbCr, words string, middle, tallest int) {
	across := len(words)*letterPitch - 1
	scale := min(img.Rect.Dx()*3/4/across, tallest/letterRows)
	left, top := (img.Rect.Dx()-across*scale)/2, middle-letterRows*scale/2
	for y := range letterRows * scale {
		line := img.Y[img.YOffset(left, top+y):]
		for x := range across * scale {
			letter, column := x/scale/letterPitch, x/scale%letterPitch
			if column < len(letters[0]) && words[letter] != ' ' && letters[words[letter]-'A'][column]>>(y/scale)&1 != 0 {
				line[x] = foreground
			}
		}
	}
}

const (
	letterRows  = 7
	letterPitch = 6 // from one letter to the next, in dots
)

// letters are A to Z, each by its columns from the left, whose lowest bit is the dot at
// the top.
var letters = [26][5]byte{
	{0x7E, 0x09, 0x09, 0x09, 0x7E}, {0x7F, 0x49, 0x49, 0x49, 0x36}, {0x3E, 0x41, 0x41, 0x41, 0x22}, {0x7F, 0x41, 0x41, 0x41, 0x3E},
	{0x7F, 0x49, 0x49, 0x49, 0x41}, {0x7F, 0x09, 0x09, 0x09, 0x01}, {0x3E, 0x41, 0x49, 0x49, 0x3A}, {0x7F, 0x08, 0x08, 0x08, 0x7F},
	{0x00, 0x41, 0x7F, 0x41, 0x00}, {0x20, 0x40, 0x41, 0x3F, 0x01}, {0x7F, 0x08, 0x14, 0x22, 0x41}, {0x7F, 0x40, 0x40, 0x40, 0x40},
	{0x7F, 0x02, 0x0C, 0x02, 0x7F}, {0x7F, 0x02, 0x04, 0x08, 0x7F}, {0x3E, 0x41, 0x41, 0x41, 0x3E}, {0x7F, 0x09, 0x09, 0x09, 0x06},
	{0x3E, 0x41, 0x51, 0x21, 0x5E}, {0x7F, 0x09, 0x19, 0x29, 0x46}, {0x26, 0x49, 0x49, 0x49, 0x32}, {0x01, 0x01, 0x7F, 0x01, 0x01},
	{0x3F, 0x40, 0x40, 0x40, 0x3F}, {0x1F, 0x20, 0x40, 0x20, 0x1F}, {0x3F, 0x40, 0x38, 0x40, 0x3F}, {0x63, 0x14, 0x08, 0x14, 0x63},
	{0x03, 0x04, 0x78, 0x04, 0x03}, {0x61, 0x51, 0x49, 0x45, 0x43},
}
