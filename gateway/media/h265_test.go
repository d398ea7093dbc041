package media_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"framegate/gateway/media"
	"framegate/transcode/nal"
)

// Parameter sets of x265 for 1280x720, and pictures that begin as theirs do.
var (
	vps265, _ = hex.DecodeString("40010c01ffff01600000030090000003000003005d959009")
	sps265, _ = hex.DecodeString("42010101600000030090000003000003005da00280802d16595912930bc05a020000030002000003003210")
	pps265    = []byte{0x44, 0x01, 0xC0, 0x73, 0xC1, 0x89}
	idr265    = []byte{0x28, 0x01, 0xAF, 0x12, 0x34}
	cra265    = []byte{0x2A, 0x01, 0xAC, 0x12, 0x34}
	trail265  = []byte{0x02, 0x01, 0xD0, 0x12, 0x34}
	rasl265   = []byte{0x10, 0x01, 0xE0, 0x12, 0x34}
	sei265    = []byte{0x4E, 0x01, 0x05, 0x01, 0x00, 0x80}
	point265  = []byte{0x4E, 0x01, 0x06, 0x01, 0xC4, 0x80}
	aud265    = []byte{0x46, 0x01, 0x50}
)

func frame265(t *testing.T, f *media.H265Framer, nalus ...[]byte) media.Frame {
	t.Helper()
	frame, ok, err := f.Frame(nalus)
	if err != nil || !ok {
		t.Fatalf("no frame: %v", err)
	}
	return frame
}

// TestH265OfAccessUnits: parameter sets are taken out and make the Format,
// keyframes are known, and what leads to none is marked.
func TestH265OfAccessUnits(t *testing.T) {
	var f media.H265Framer
	if _, ok, err := f.Frame([][]byte{idr265}); ok || err != nil {
		t.Fatalf("a frame without parameter sets: %v, %v", ok, err)
	}
	above := bytes.Clone(trail265)
	above[1] |= 1 << 3 // of layer 1
	key := frame265(t, &f, aud265, vps265, sps265, pps265, sei265, idr265, above)
	if !key.Key || key.Leading || key.Format.Codec != media.H265 || key.Format.Width != 1280 || key.Format.Height != 720 {
		t.Errorf("%+v", key)
	}
	if want := "\x00\x00\x00\x06" + string(sei265) + "\x00\x00\x00\x05" + string(idr265); string(key.Data) != want {
		t.Errorf("data %x", key.Data)
	}
	vps, sps, pps := key.Format.ParameterSets()
	if len(vps) != 1 || len(sps) != 1 || len(pps) != 1 || !bytes.Equal(vps[0], vps265) || !bytes.Equal(sps[0], sps265) || !bytes.Equal(pps[0], pps265) {
		t.Errorf("%x, %x, %x", vps, sps, pps)
	}
	if n, certain := key.Format.Reordering(); n != 2 || !certain || key.Format.InOrder() {
		t.Errorf("%d frames are reordered", n)
	}
	if ticks, ok := key.Format.FrameTicks(90000); !ok || ticks != 3600 {
		t.Errorf("a frame lasts %d ticks", ticks)
	}
	if _, ok := key.Format.LowDelay(); ok {
		t.Error("it is made low-delay")
	}
	if next := frame265(t, &f, trail265); next.Key || next.Leading || next.Format != key.Format {
		t.Errorf("%+v", next)
	}
	if again := frame265(t, &f, vps265, sps265, pps265, cra265); !again.Key || again.Format != key.Format {
		t.Errorf("%+v", again)
	}
	if leading := frame265(t, &f, rasl265); leading.Key || !leading.Leading {
		t.Errorf("%+v", leading)
	}
	if _, ok, err := f.Frame([][]byte{sei265, nil, {0x28}, above}); ok || err != nil {
		t.Errorf("a frame without a picture: %v, %v", ok, err)
	}
}

// TestH265ThatChangesItsParameterSets: a new Format comes with the next keyframe.
func TestH265ThatChangesItsParameterSets(t *testing.T) {
	var f media.H265Framer
	f.Announce(vps265, sps265, pps265)
	first := frame265(t, &f, idr265).Format
	changed := append(bytes.Clone(pps265), 0x55)
	if between := frame265(t, &f, changed, trail265); between.Format != first || !bytes.Contains(between.Data, changed) {
		t.Error("a set that changes within a GOP gives another format, or is lost")
	}
	second := frame265(t, &f, idr265).Format
	_, _, pps := second.ParameterSets()
	if second == first || !bytes.Equal(pps[0], changed) {
		t.Errorf("then it is %x", second.Config)
	}
	again, err := media.FormatOfConfig(media.H265, second.Config)
	if err != nil || !bytes.Equal(again.Config, second.Config) || again.Width != second.Width {
		t.Errorf("of its configuration it is %+v, %v", again, err)
	}
	f.AnnounceHVCC(first.Config)
	if third := frame265(t, &f, idr265).Format; !bytes.Equal(third.Config, first.Config) {
		t.Error("what a container announces is not taken")
	}
}

// TestH265BehindACut: pictures that need what was before it are none, and others
// are, up to the next keyframe that goes on.
func TestH265BehindACut(t *testing.T) {
	var f media.H265Framer
	f.Announce(vps265, sps265, pps265)
	end := []byte{0x48, 0x01}
	bla := bytes.Clone(cra265)
	bla[0] = 17 << 1
	frame265(t, &f, idr265)
	for name, c := range map[string][][][]byte{
		"BLA":                   {{bla}},
		"end before a keyframe": {{end, cra265}},
		"end behind a picture":  {{trail265, end}, {cra265}},
		"end by itself":         {{end}, {sei265, cra265}},
	} {
		for i, unit := range c {
			if i == len(c)-1 {
				frame265(t, &f, unit...)
				continue
			}
			if _, _, err := f.Frame(unit); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if _, ok, err := f.Frame([][]byte{rasl265}); ok || err != nil {
				t.Errorf("%s: a picture that cannot be decoded: %v", name, err)
			}
		}
		if next := frame265(t, &f, trail265); next.Leading {
			t.Errorf("%s: %+v", name, next)
		}
		frame265(t, &f, cra265)
		if leading := frame265(t, &f, rasl265); !leading.Leading {
			t.Errorf("%s: %+v", name, leading)
		}
	}
}

// TestH265WithoutKeyframes begins at recovery points, and says so.
func TestH265WithoutKeyframes(t *testing.T) {
	var f media.H265Framer
	f.Announce(vps265, sps265, pps265)
	if first := frame265(t, &f, trail265); first.Key {
		t.Error("it begins anywhere")
	}
	if point := frame265(t, &f, point265, trail265); !point.Key || !point.Format.Refreshed {
		t.Errorf("%+v", point)
	}
	if key := frame265(t, &f, idr265); !key.Key || key.Format.Refreshed {
		t.Errorf("%+v", key)
	}
	if point := frame265(t, &f, point265, trail265); point.Key {
		t.Error("a recovery point is a keyframe, where keyframes come")
	}
}

// TestBadH265IsRefused in words.
func TestBadH265IsRefused(t *testing.T) {
	for name, sets := range map[string][3][]byte{
		"no VPS":    {nil, sps265, pps265},
		"no SPS":    {vps265, pps265, pps265},
		"cut off":   {vps265, sps265[:16], pps265},
		"no PPS":    {vps265, sps265, nil},
		"too large": {vps265, large265(), pps265},
	} {
		if f, err := media.H265Format(sets[0], sets[1], sets[2]); !errors.Is(err, media.ErrBadParameterSets) {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
	if _, err := media.H265Format(vps265, large265(), pps265); err == nil || !strings.Contains(err.Error(), "65536x65536") {
		t.Errorf("of 65536 pixels a side: %v", err)
	}
	var f media.H265Framer
	f.Announce(vps265, sps265[:16], pps265)
	if _, ok, err := f.Frame([][]byte{idr265}); ok || !errors.Is(err, media.ErrBadParameterSets) {
		t.Errorf("of sets that cannot be read it makes %v, %v", ok, err)
	}
}

// large265 is a parameter set of pictures of 65536 pixels a side.
func large265() []byte {
	const upToLevel = 18
	var w nal.BitWriter
	w.UE(0)
	w.UE(1) // 4:2:0
	w.UE(1 << 16)
	w.UE(1 << 16)
	w.Bits(0, 1) // nothing is cut off
	w.UE(0)
	w.UE(0)
	w.UE(4)
	w.Bits(0xFFFFFF, 24)
	return nal.Escape(bytes.Clone(sps265[:upToLevel]), w.B)
}

// FuzzH265 holds that no NAL units make the framer panic, and that a format is
// never beyond the limits.
func FuzzH265(f *testing.F) {
	f.Add(vps265, sps265, pps265, idr265)
	f.Add(vps265, large265(), pps265, cra265)
	f.Fuzz(func(t *testing.T, vps, sps, pps, nalu []byte) {
		var framer media.H265Framer
		framer.Announce(vps, sps, pps)
		frame, ok, err := framer.Frame([][]byte{nalu})
		if err != nil || !ok {
			return
		}
		if w, h := frame.Format.Width, frame.Format.Height; w < 1 || h < 1 || w > media.MaxSide || h > media.MaxSide || w*h > media.MaxPixels {
			t.Fatalf("format of %dx%d", w, h)
		}
		if _, err := media.FormatOfHVCC(frame.Format.Config); err != nil {
			t.Fatal(err)
		}
	})
}
