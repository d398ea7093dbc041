package media_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"framegate/gateway/media"
)

// Parameter sets of x264 for 1280x720, and the same with 640x360.
var (
	sps720 = []byte{0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19, 0x60}
	pps    = []byte{0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0}
	idr    = []byte{0x65, 0x88, 0x84}
	slice  = []byte{0x41, 0x9a, 0x24}
	sei    = []byte{0x06, 0x05, 0x01}
	aud    = []byte{0x09, 0xf0}
)

func frameOf(t *testing.T, f *media.H264Framer, nalus ...[]byte) media.Frame {
	t.Helper()
	frame, ok, err := f.Frame(nalus)
	if err != nil || !ok {
		t.Fatalf("no frame: %v", err)
	}
	return frame
}

// holds says whether these are a format's parameter sets, in this order.
func holds(f *media.Format, sps, pps [][]byte) bool {
	_, gotSPS, gotPPS := f.ParameterSets()
	return slices.EqualFunc(gotSPS, sps, bytes.Equal) && slices.EqualFunc(gotPPS, pps, bytes.Equal)
}

func TestParameterSetsInBand(t *testing.T) {
	var f media.H264Framer
	if _, ok, err := f.Frame([][]byte{idr}); ok || err != nil {
		t.Fatalf("a frame without parameter sets: %v, %v", ok, err)
	}
	key := frameOf(t, &f, aud, sps720, pps, sei, idr)
	if !key.Key || key.Format.Codec != media.H264 || key.Format.Width != 1280 || key.Format.Height != 720 {
		t.Errorf("key %v, format %+v", key.Key, key.Format)
	}
	want := []byte("\x00\x00\x00\x03\x06\x05\x01\x00\x00\x00\x03\x65\x88\x84")
	if !bytes.Equal(key.Data, want) || !holds(key.Format, [][]byte{sps720}, [][]byte{pps}) {
		t.Errorf("data %x, format %+v", key.Data, key.Format)
	}
	if next := frameOf(t, &f, slice); next.Key || next.Format != key.Format {
		t.Errorf("key %v, format %p of %p", next.Key, next.Format, key.Format)
	}
	if again := frameOf(t, &f, sps720, pps, idr); again.Format != key.Format {
		t.Error("the same parameter sets give another format")
	}
	other := append([]byte{}, pps...)
	other[5] = 0xc4
	if changed := frameOf(t, &f, other, idr); changed.Format == key.Format || !holds(changed.Format, [][]byte{sps720}, [][]byte{other}) {
		t.Error("other parameter sets give the same format")
	}
}

func TestParameterSetsAnnounced(t *testing.T) {
	var f media.H264Framer
	f.Announce(sps720, pps)
	f.Announce(nil, nil)
	if frame := frameOf(t, &f, idr); frame.Format.Height != 720 {
		t.Errorf("format %+v", frame.Format)
	}
	if _, ok, err := f.Frame([][]byte{sei, nil, aud}); ok || err != nil {
		t.Errorf("a frame without a picture: %v, %v", ok, err)
	}
}

func TestBadParameterSetsAreRefused(t *testing.T) {
	for name, sps := range map[string][]byte{
		"short":                   {0x67, 0x64},
		"no SPS":                  idr,
		"cut off":                 sps720[:8],
		"16384 pixels":            squareSPS(1023, 0),
		"too many lines":          squareSPS(600, 0),
		"0 pixels":                squareSPS(9, 80),
		"less than 0":             squareSPS(9, 81),
		"far less":                squareSPS(9, 1<<30),
		"16384 pixels, cut to 16": squareSPS(1023, (16384-16)/2),
		"2^32 pixels":             squareSPS(1<<28-1, 0),
	} {
		if _, err := media.H264Format(sps, pps); !errors.Is(err, media.ErrBadParameterSets) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f, err := media.H264Format(squareSPS(9, 79), pps); err != nil || f.Width != 2 || f.Height != 2 {
		t.Errorf("of 160 pixels cut to 2: %+v, %v", f, err)
	}
	if _, err := media.H264Format(sps720, nil); !errors.Is(err, media.ErrBadParameterSets) {
		t.Errorf("no PPS: %v", err)
	}
}

// squareSPS writes a baseline SPS with n+1 macroblocks a side, of which so many
// pairs of pixels are cut off at the right and at the bottom.
func squareSPS(n, cut int) []byte {
	var bits []byte
	put := func(value, count int) {
		for i := count - 1; i >= 0; i-- {
			bits = append(bits, byte(value>>i&1))
		}
	}
	golomb := func(v int) {
		length := 0
		for (v+1)>>(length+1) > 0 {
			length++
		}
		put(0, length)
		put(v+1, length+1)
	}
	golomb(0) // seq_parameter_set_id
	golomb(0) // log2_max_frame_num_minus4
	golomb(2) // pic_order_cnt_type
	golomb(1) // max_num_ref_frames
	put(0, 1)
	golomb(n)
	golomb(n)
	put(1, 1) // frame_mbs_only_flag
	put(0, 1) // direct_8x8
	if cut == 0 {
		put(0, 1) // cropping
	} else {
		put(1, 1)
		for _, offset := range []int{0, cut, 0, cut} { // left, right, top, bottom
			golomb(offset)
		}
	}
	put(0, 1) // vui
	put(1, 1)
	for len(bits)%8 != 0 {
		bits = append(bits, 0)
	}
	b := []byte{0x67, 66, 0, 40}
	for i := 0; i < len(bits); i += 8 {
		var v byte
		for _, bit := range bits[i : i+8] {
			v = v<<1 | bit
		}
		b = append(b, v)
	}
	return b
}

// FuzzH264 holds that no parameter sets make the framer panic, and that a
// format is never beyond the limits.
func FuzzH264(f *testing.F) {
	f.Add(sps720, pps, idr)
	f.Add(squareSPS(10, 0), pps, slice)
	f.Add(squareSPS(9, 80), pps, idr)
	f.Fuzz(func(t *testing.T, sps, pps, nalu []byte) {
		var framer media.H264Framer
		framer.Announce(sps, pps)
		frame, ok, err := framer.Frame([][]byte{nalu})
		if err != nil || !ok {
			return
		}
		if w, h := frame.Format.Width, frame.Format.Height; w < 1 || h < 1 || w > media.MaxSide || h > media.MaxSide || w*h > media.MaxPixels {
			t.Fatalf("format of %dx%d", w, h)
		}
	})
}
