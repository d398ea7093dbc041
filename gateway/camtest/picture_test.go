package camtest_test

import (
	"testing"

	"framegate/gateway/camtest"
)

func TestNumberIsReadBack(t *testing.T) {
	for _, n := range []int{0, 1, 2, 255, 4711, 32768, 65535, 65536 + 7} {
		for _, size := range [][2]int{{32, 16}, {96, 64}, {641, 359}} {
			got, err := camtest.ReadJPEGNumber(camtest.Picture(n, size[0], size[1]))
			if err != nil || got != n%65536 {
				t.Errorf("%d at %v: read %d, %v", n, size, got, err)
			}
		}
	}
}

func TestPicturesHaveTheSizeAskedFor(t *testing.T) {
	small := len(camtest.Picture(7, 96, 64))
	for _, size := range []int{small, small + 4, small + 65537, small + 65538, small + 65540, 75_000, 200_000} {
		b := camtest.PictureOfSize(7, 96, 64, size)
		if n, err := camtest.ReadJPEGNumber(b); len(b) != size || n != 7 || err != nil {
			t.Errorf("%d bytes, want %d; read %d, %v", len(b), size, n, err)
		}
	}
	b := camtest.NoisePicture(7, 640, 360, 75_000)
	if n, err := camtest.ReadJPEGNumber(b); len(b) != 75_000 || n != 7 || err != nil {
		t.Errorf("%d bytes with noise; read %d, %v", len(b), n, err)
	}
}
