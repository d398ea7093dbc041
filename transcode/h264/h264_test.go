package h264_test

import (
	"testing"

	"framegate/transcode/h264"
	"framegate/transcode/nal"
)

// Parameter sets of x264 for 1280x720.
var (
	sps = []byte{0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19, 0x60}
	pps = []byte{0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0}
)

// head is the header of a slice by these sets.
type head struct {
	kind              byte // of its NAL unit
	first, pps        uint32
	number, idr, poc  uint32
	withoutReferences bool
}

func (h head) read(t *testing.T) h264.Slice {
	t.Helper()
	var known h264.Sets
	if !known.Learn(sps) || !known.Learn(pps) {
		t.Fatal("the sets are not read")
	}
	parsed, _ := h264.ParseSPS(sps)
	var w nal.BitWriter
	w.UE(h.first)
	w.UE(h264.SliceP)
	w.UE(h.pps)
	w.Bits(h.number, parsed.FrameNumBits)
	if h.kind == h264.TypeIDR {
		w.UE(h.idr)
	}
	w.Bits(h.poc, parsed.LSBBits)
	w.Bits(0xA5A5, 16)
	header := h.kind | 0x60
	if h.withoutReferences {
		header = h.kind
	}
	slice, ok := known.Slice(nal.Escape([]byte{header}, w.B))
	if !ok || slice.First != h.first {
		t.Fatalf("read %v as %+v", h, slice)
	}
	return slice
}

// TestPicturesBegin where one of the numbers of 7.4.1.2.4 differs, or the first
// macroblock comes.
func TestPicturesBegin(t *testing.T) {
	before := head{kind: h264.TypeSlice, first: 20, number: 3, poc: 6}
	for name, c := range map[string]struct {
		change func(*head)
		want   bool
	}{
		"the same":             {func(*head) {}, false},
		"further macroblocks":  {func(h *head) { h.first = 40 }, false},
		"the first macroblock": {func(h *head) { h.first = 0 }, true},
		"frame_num":            {func(h *head) { h.number = 4 }, true},
		"picture order count":  {func(h *head) { h.poc = 8 }, true},
		"no reference":         {func(h *head) { h.withoutReferences = true }, true},
		"IDR":                  {func(h *head) { h.kind = h264.TypeIDR }, true},
		"another set alone":    {func(h *head) { h.pps = 9 }, false},
	} {
		after := before
		c.change(&after)
		if got := after.read(t).Begins(before.read(t)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	one, two := head{kind: h264.TypeIDR, first: 1, idr: 1}, head{kind: h264.TypeIDR, first: 1, idr: 2}
	if !two.read(t).Begins(one.read(t)) || one.read(t).Begins(one.read(t)) {
		t.Error("idr_pic_id is not looked at")
	}
}

// TestOrderOfOutput counts over the end of the count, and over IDR pictures.
func TestOrderOfOutput(t *testing.T) {
	parsed, _ := h264.ParseSPS(sps)
	cycle := uint32(1) << parsed.LSBBits
	var o h264.Order
	var last nal.Place
	for n := range 3 * cycle { // P b P b, in the order of decoding
		poc := 4 * (n/2 + 1)
		if n%2 == 1 {
			poc -= 2
		}
		at := o.Next(head{kind: h264.TypeSlice, poc: poc % cycle, withoutReferences: n%2 == 1}.read(t))
		if n > 0 && at.Less(last) != (n%2 == 1) {
			t.Fatalf("picture %d: %+v after %+v", n, at, last)
		}
		last = at
	}
	if idr := o.Next(head{kind: h264.TypeIDR}.read(t)); !last.Less(idr) {
		t.Error("an IDR picture is shown before what came earlier")
	}
}

// FuzzSlice holds that no sets and slices make the reading panic.
func FuzzSlice(f *testing.F) {
	f.Add(sps, pps, []byte{0x65, 0x88, 0x84, 0, 1, 2, 3})
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		var s h264.Sets
		s.Learn(a)
		s.Learn(b)
		slice, _ := s.Slice(c)
		var o h264.Order
		o.Next(slice)
		slice.Begins(slice)
		slice.Completes(slice)
		s.Of(slice)
		s.Others(nil, nil)
		if len(c) > 0 {
			h264.IsRecoveryPoint(c)
		}
	})
}
