// Package camtest is the other side of Framegate, for its tests and
// benchmarks: pictures that carry a number which can be read back after any
// number of encodings, cameras that misbehave as scripted, publishers, and
// viewers that check what they get.
//
// Nothing that a user runs imports it.
package camtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
)

// A numbered picture shows its number as a field of cells, black for 0 and
// white for 1: the 16 bits of the number, the highest first, and below them the
// same bits inverted, so that a misread shows.
const (
	cellsAcross = 8
	cellsDown   = 4
)

// Picture draws a numbered JPEG (4:2:0) of the given size in pixels, at least
// 32x16. The number is n modulo 65536.
func Picture(n, width, height int) []byte { return draw(n, width, height, 0) }

// NoisePicture is a numbered picture of exactly size bytes that are mostly
// entropy-coded data, as of a detailed scene. Drawing one takes long. It
// panics where the picture cannot be that small.
func NoisePicture(n, width, height, size int) []byte {
	best := Picture(n, width, height)
	for low, high := 0, 100; low < high; {
		noise := (low + high + 1) / 2
		if b := draw(n, width, height, noise); len(b) <= size-4 {
			best, low = b, noise
		} else {
			high = noise - 1
		}
	}
	return PadTo(best, size)
}

// draw draws the cells with noise of up to the given amplitude.
func draw(n, width, height, noise int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	img := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	for y := range height {
		for x := range width {
			level := 16 + random.IntN(noise+1)
			if cellBit(uint16(n), x*cellsAcross/width, y*cellsDown/height) {
				level = 255 - level
			}
			img.Y[img.YOffset(x, y)] = byte(level)
		}
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 128, 128
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 75}); err != nil {
		panic(err) // a bytes.Buffer takes all
	}
	return b.Bytes()
}

// PictureOfSize is Picture, filled up with comment segments to exactly the
// given number of bytes. It panics if the picture alone takes more.
func PictureOfSize(n, width, height, size int) []byte {
	return PadTo(Picture(n, width, height), size)
}

// PadTo fills a JPEG up to exactly size bytes with comment segments behind
// its SOI. It panics if that cannot be: a segment takes four bytes at least.
func PadTo(picture []byte, size int) []byte {
	missing := size - len(picture)
	if missing != 0 && missing < 4 {
		panic(fmt.Sprintf("camtest: a picture of %d bytes cannot be padded to %d", len(picture), size))
	}
	b := append(make([]byte, 0, size), picture[:2]...)
	for missing > 0 {
		n := min(missing, 0xFFFF+2)
		if rest := missing - n; rest > 0 && rest < 4 {
			n -= 4
		}
		b = append(b, 0xFF, 0xFE)
		b = binary.BigEndian.AppendUint16(b, uint16(n-2))
		b = append(b, make([]byte, n-4)...)
		missing -= n
	}
	return append(b, picture[2:]...)
}

// ReadNumber reads the number of a picture that Picture drew, after whatever
// scaling and encoding it went through. It is an error if the two halves of
// the picture disagree.
func ReadNumber(img image.Image) (int, error) {
	number, inverse := uint16(0), uint16(0)
	for bit := range 16 {
		x, y := bit%cellsAcross, bit/cellsAcross
		number = number<<1 | readCell(img, x, y)
		inverse = inverse<<1 | readCell(img, x, y+cellsDown/2)
	}
	if number != ^inverse {
		return 0, fmt.Errorf("picture reads %016b, its inverse %016b", number, inverse)
	}
	return int(number), nil
}

// ReadJPEGNumber decodes a JPEG and reads its number.
func ReadJPEGNumber(b []byte) (int, error) {
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		return 0, err
	}
	return ReadNumber(img)
}

func cellBit(n uint16, x, y int) bool {
	if y >= cellsDown/2 {
		n, y = ^n, y-cellsDown/2
	}
	return n>>(15-(y*cellsAcross+x))&1 == 1
}

func readCell(img image.Image, x, y int) uint16 {
	b := img.Bounds()
	px := b.Min.X + (2*x+1)*b.Dx()/(2*cellsAcross)
	py := b.Min.Y + (2*y+1)*b.Dy()/(2*cellsDown)
	if color.GrayModel.Convert(img.At(px, py)).(color.Gray).Y > 127 {
		return 1
	}
	return 0
}
