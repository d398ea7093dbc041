package mjpeg

import (
	"bytes"
	"image"
	"image/jpeg"
	"strings"
	"sync"
)

// maxNoSignals bounds how many sizes of the no-signal picture are kept.
const maxNoSignals = 16

// noSignal makes the pictures that say that a camera is away, and keeps them
// by size. The zero value is ready; it may be used from any goroutine.
//
// One picture is made at a time, because a large one takes a core for half a
// second and publishers choose the sizes.
type noSignal struct {
	mu       sync.Mutex
	pictures map[image.Point][]byte
}

// picture gives a JPEG of the given size, which must not be changed.
func (s *noSignal) picture(width, height int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := image.Pt(width, height)
	if b := s.pictures[size]; b != nil {
		return b
	}
	if s.pictures == nil || len(s.pictures) >= maxNoSignals {
		s.pictures = make(map[image.Point][]byte)
	}
	b := drawNoSignal(width, height)
	s.pictures[size] = b
	return b
}

const (
	background = 0x40
	foreground = 0xC0
	neutral    = 0x80 // chroma of grey
)

// drawNoSignal draws the words across the middle. The picture is 4:2:0, as
// those of nearly all cameras are, since some decoders dislike a change.
func drawNoSignal(width, height int) []byte {
	img := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	fill(img.Y, background)
	fill(img.Cb, neutral)
	fill(img.Cr, neutral)
	drawWords(img)
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

// drawWords scales the words to three quarters of the picture's width, or to
// half of its height if that is less.
func drawWords(img *image.YCbCr) {
	rows := strings.Split(strings.TrimSpace(words), "\n")
	size := img.Rect.Size()
	across, down := len(rows[0]), len(rows)
	width := min(size.X*3/4, size.Y/2*across/down)
	height := width * down / across
	left, top := (size.X-width)/2, (size.Y-height)/2
	for y := range height {
		row := rows[y*down/height]
		line := img.Y[img.YOffset(left, top+y):]
		for x := range width {
			if row[x*across/width] == '#' {
				line[x] = foreground
			}
		}
	}
}

// words is what the picture says.
const words = `
#...#..###.........####..###...###..#...#..###..#....
##..#.#...#.......#.......#...#...#.##..#.#...#.#....
##..#.#...#.......#.......#...#.....##..#.#...#.#....
#.#.#.#...#........###....#...#.###.#.#.#.#####.#....
#..##.#...#...........#...#...#...#.#..##.#...#.#....
#..##.#...#...........#...#...#...#.#..##.#...#.#....
#...#..###........####...###...###..#...#.#...#.#####
`
