// Package transcode is ffmpeg as a function: a Spec says what is wanted, a
// Process gives it, frame by frame. It knows no camera and no HTTP, and opens
// no network connection and no file: ffmpeg gets bytes by pipe, or draws a
// test pattern, and gives bytes by pipe.
//
// Sources of the gateway call it. What ffmpeg needs to be told stands in
// args.go and nowhere else.
package transcode

import "fmt"

// Spec says what ffmpeg is to make.
type Spec struct {
	FFmpeg  string  // the program; "" means ffmpeg on the PATH
	Pattern Pattern // the picture to draw
	Quality int     // of the JPEGs made, 1 (poor) to 100; 0 means 80
}

// Pattern is a moving test picture, drawn by ffmpeg at its own pace.
type Pattern struct {
	Width, Height int  // pixels, even, 16 to 4096
	FPS           int  // pictures a second, 1 to 60
	Clock         bool // with the time of day, for which ffmpeg needs a font
}

// Packet is one frame that ffmpeg made.
type Packet struct {
	Data []byte // a whole JPEG; the receiver's to keep
}

// check refuses what ffmpeg should not be asked for.
func (s Spec) check() error {
	p := s.Pattern
	switch {
	case p.Width < 16 || p.Width > 4096 || p.Width%2 != 0 || p.Height < 16 || p.Height > 4096 || p.Height%2 != 0:
		return fmt.Errorf("test pattern of %dx%d: each side is even and 16 to 4096", p.Width, p.Height)
	case p.FPS < 1 || p.FPS > 60:
		return fmt.Errorf("test pattern of %d pictures a second: 1 to 60 it can be", p.FPS)
	case s.Quality < 0 || s.Quality > 100:
		return fmt.Errorf("quality %d: 1 to 100 it can be", s.Quality)
	}
	return nil
}
