package transcode

import (
	"encoding/hex"
	"math"
	"strings"
	"testing"
)

// TestMatroska holds what ffmpeg is given, byte by byte.
func TestMatroska(t *testing.T) {
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"head": {appendMatroskaHead(nil, []byte("hvcC"), 1920, 1080), `
			1a45dfa3 0100000000000012  4282 0100000000000008 6d6174726f736b61
			18538067 01ffffffffffffff
			1549a966 010000000000000f  2ad7b1 0100000000000004 000f4240
			1654ae6b 0100000000000098  ae 010000000000008f
			  d7 0100000000000004 00000001
			  73c5 0100000000000004 00000001
			  83 0100000000000004 00000001
			  86 0100000000000010 565f4d504547482f49534f2f48455643
			  23e383 0100000000000004 02625a00
			  e0 0100000000000028
			    b0 0100000000000004 00000780  ba 0100000000000004 00000438  54b2 0100000000000004 00000004
			  63a2 0100000000000004 68766343`},
		"keyframe": {appendClusterHead(nil, true, 10_040, 5), `
			1f43b675 0100000000000023  e7 0100000000000008 0000000000002738  a3 0100000000000009 81000080`},
		"large picture, late": {appendClusterHead(nil, false, math.MaxUint32, 1<<28), `
			1f43b675 010000001000001e  e7 0100000000000008 00000000ffffffff  a3 0100000010000004 81000000`},
	} {
		want := strings.NewReplacer(" ", "", "\n", "", "\t", "").Replace(c.want)
		if got := hex.EncodeToString(c.got); got != want {
			t.Errorf("%s: got  %s\nwant %s", name, got, want)
		}
	}
}
