package wire

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestHead(t *testing.T) {
	h := Head{Kind: KindFrame, Flags: FlagKey | FlagDiscontinuity, Epoch: 0xA1A2A3A4, Seq: 0x0102030405060708, Wall: time.UnixMicro(0x1112131415161718)}
	b := make([]byte, HeadSize)
	h.Put(b)
	PutOffset(b, 0x71727374)
	want := "01 02 00 05 a1 a2 a3 a4 11 12 13 14 15 16 17 18 01 02 03 04 05 06 07 08 71 72 73 74 00 00 00 00"
	if got := fmt.Sprintf("% x", b); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got, payload, err := Read(append(b, "payload"...))
	if err != nil || got != h || string(payload) != "payload" {
		t.Errorf("%+v, %q, %v", got, payload, err)
	}
	for _, bad := range [][]byte{nil, b[:HeadSize-1], append([]byte{2}, b[1:]...)} {
		if _, _, err := Read(bad); !errors.Is(err, ErrNoHead) {
			t.Errorf("of %d bytes: %v", len(bad), err)
		}
	}
}
