package cluster

import (
	"bytes"
	"testing"
)

// TestFloodKeepsNobodyFromBeingHeard: a node that says too much, in beats, pulses or nonsense, fills its own share.
func TestFloodKeepsNobodyFromBeingHeard(t *testing.T) {
	ids := identities(t, "a", "b", "liar")
	beat := func(id *Identity, sequence uint64) []byte {
		t.Helper()
		message, err := id.seal(Beat{Node: id.Node, Incarnation: 1, Sequence: sequence, Relay: "x:1"})
		if err != nil {
			t.Fatal(err)
		}
		return message
	}
	for name, flood := range map[string]func(n uint64) []byte{
		"beats": func(n uint64) []byte { return beat(ids[2], n) },
		"pulses": func(n uint64) []byte {
			return pulse{node: "liar", incarnation: 1, sequence: n + 1, beat: 1}.append(nil)
		},
		"nothing":       func(uint64) []byte { return nil },
		"what is wrong": func(n uint64) []byte { return []byte{0xFE, byte(n), byte(n >> 8)} },
	} {
		t.Run(name, func(t *testing.T) {
			in := newInbox()
			for n := range uint64(3 * inboxCap) {
				in.put(heard{message: flood(n + 1)})
			}
			if got := len(in.heard); got != inboxShare || in.late.Load() != 3*inboxCap-inboxShare {
				t.Errorf("%d of it wait, and %d were dropped", got, in.late.Load())
			}
			honest := [][]byte{beat(ids[0], 1), beat(ids[1], 1), pulse{node: "a", incarnation: 1, sequence: 2, beat: 1}.append(nil), pulse{node: "b", incarnation: 1, sequence: 2, beat: 1}.append(nil)}
			for _, message := range honest {
				in.put(heard{message: message})
			}
			var last [][]byte
			for len(in.heard) > 0 {
				h := <-in.heard
				in.took(h)
				last = append(last, h.message)
			}
			if len(last) != inboxShare+len(honest) || !bytes.Equal(bytes.Join(last[inboxShare:], nil), bytes.Join(honest, nil)) {
				t.Errorf("%d are heard, and not those of others behind the flood", len(last))
			}
			if len(in.waits) > 0 {
				t.Errorf("nothing waits, and there is counted %v", in.waits)
			}
			in.put(heard{message: flood(1)})
			if len(in.heard) != 1 {
				t.Error("who flooded is not heard any more")
			}
		})
	}
	in := newInbox()
	for n := range 200 { // of a sender each
		in.put(heard{message: append(pulse{node: string(rune('a' + n))}.append(nil), make([]byte, 256<<10)...)})
	}
	if in.bytes > inboxBytes || len(in.heard) != inboxBytes/(256<<10)-1 {
		t.Errorf("%d wait, of %d bytes", len(in.heard), in.bytes)
	}
	in = newInbox()
	for n := range 2 * inboxCap { // of so many senders
		in.put(heard{message: pulse{node: string(rune('a' + n)), incarnation: 1, sequence: 2, beat: 1}.append(nil)})
	}
	if len(in.heard) != inboxCap || in.late.Load() != inboxCap {
		t.Errorf("%d wait, %d were dropped", len(in.heard), in.late.Load())
	}
}
