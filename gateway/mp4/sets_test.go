package mp4

import (
	"bytes"
	"slices"
	"testing"

	"framegate/gateway/media"
)

// TestInitHasAllParameterSets, the Format's own first.
func TestInitHasAllParameterSets(t *testing.T) {
	first := sps{profile: 66, refs: 1, width: 20, height: 15}.bytes()
	other := sps{profile: 66, refs: 2, width: 20, height: 15}.bytes()
	f, err := media.H264Format(first, []byte{0x68, 0xCE, 0x3C, 0x80}, other, []byte{0x68, 0x4E, 0x3C, 0x80})
	if err != nil {
		t.Fatal(err)
	}
	init, err := Init(f)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := ReadInit(init)
	if err != nil || !bytes.Equal(got.SPS, f.SPS) || !bytes.Equal(got.PPS, f.PPS) || !slices.EqualFunc(got.More, f.More, bytes.Equal) {
		t.Errorf("%+v, %v", got, err)
	}
}
