package media

import "testing"

// TestRefreshedFrom tells keyframes from pictures at which decoding may begin, by what
// comes first of them, however little of that there is.
func TestRefreshedFrom(t *testing.T) {
	unit := func(bytes ...byte) []byte { return append([]byte{0, 0, 0, byte(len(bytes))}, bytes...) }
	join := func(units ...[]byte) (all []byte) {
		for _, u := range units {
			all = append(all, u...)
		}
		return all
	}
	for name, c := range map[string]struct {
		codec Codec
		data  []byte
		want  bool
	}{
		"IDR":                     {H264, join(unit(0x67, 1, 2), unit(0x68, 1), unit(0x65, 0x88)), false},
		"recovery point":          {H264, join(unit(9, 0x10), unit(6, 6, 1, 0xC4, 0x80), unit(0x41, 0x9A)), true},
		"recovery point, cut off": {H264, join(unit(6, 6, 1, 0xC4, 0x80), []byte{0, 0, 9, 9, 0x41}), true},
		"nothing but sets":        {H264, join(unit(0x67, 1, 2), unit(0x68, 1)), false},
		"cut off before it":       {H264, join(unit(0x67, 1, 2), []byte{0, 0, 9, 9, 0x68, 1}), false},
		"an empty unit":           {H265, join(unit(), unit(19<<1, 1)), false},
		"CRA":                     {H265, join(unit(0x40, 1, 2), unit(21<<1, 1)), false},
		"recovery point of H.265": {H265, join(unit(0x4E, 1, 6), unit(1<<1, 1)), true},
		"JPEG":                    {JPEG, []byte{0xFF, 0xD8, 0xFF, 0xE0, 0, 0x10}, false},
		"nothing":                 {H264, nil, false},
	} {
		if got := RefreshedFrom(c.codec, c.data); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
