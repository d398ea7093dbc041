package cluster

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestLiarOnTheBus has a node with a valid certificate say to two others what cannot be,
// again and again, and faster than they read: each lie is refused and counted, they stay
// who they are, and take no memory for it.
func TestLiarOnTheBus(t *testing.T) {
	ids := identities(t, "a", "b", "z")
	cameras := numbered(4)
	a := start(t, ids[0], nil, cameras...)
	b := start(t, ids[1], []string{a.Address()}, cameras...)
	for _, c := range cameras {
		agree(t, c.ID, a, b)
	}
	liar, err := startBus(Options{Identity: ids[2], Listen: "127.0.0.1:0", Seeds: []string{a.Address()}, Log: a.options.Log}, newGuests(ids[2], new(atomic.Uint64)), func([]byte) {}, func([]byte) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(liar.close)
	sound := func(change func(*Beat)) []byte {
		t.Helper()
		beat := Beat{Node: "z", Incarnation: 7, Sequence: 1, Relay: "127.0.0.1:9", Roles: []string{RoleCamera}}
		change(&beat)
		message, err := ids[2].seal(beat)
		if err != nil {
			t.Fatal(err)
		}
		return message
	}
	say := func(message []byte) {
		t.Helper()
		if err := liar.say(message); err != nil {
			t.Fatal(err)
		}
	}
	said := sound(func(*Beat) {})
	await(t, "the liar is heard", func() bool {
		say(said)
		_, atA := a.Member("z")
		_, atB := b.Member("z")
		return atA && atB
	})

	owned := func(epoch uint64) func(*Beat) {
		return func(b *Beat) { b.Sequence, b.Owned = 99, []Claim{{Camera: "cam-0", Epoch: epoch}} }
	}
	stranger := identities(t, "a")[0] // of another cluster
	foreign, err := stranger.seal(Beat{Node: "a", Incarnation: 1 << 60, Sequence: 1, Relay: "x:1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, lie := range []struct {
		what    string
		why     error
		message []byte
	}{
		{"the name of another", errName, sound(func(b *Beat) { b.Node, b.Incarnation, b.Leaving = "a", 1<<60, true })},
		{"an epoch of 2^64-1", errEpoch, sound(owned(1<<64 - 1))},
		{"an epoch of 2^40+1", errEpoch, sound(owned(maxEpoch + 1))},
		{"an epoch that leaps", errEpoch, sound(owned(maxLeap + 99))},
		{"the same again", errOld, said},
		{"an earlier life", errOld, sound(func(b *Beat) { b.Incarnation, b.Sequence = 6, 99 })},
		{"a time in ten thousand years", errBroken, sound(func(b *Beat) { b.Sequence, b.At = 99, 1<<63-1 })},
		{"less than no viewers", errBroken, sound(func(b *Beat) { b.Sequence, b.Viewers = 99, -1 })},
		{"an address of 300 bytes", errTooLarge, sound(func(b *Beat) { b.Sequence, b.Relay = 99, strings.Repeat("x", 300)+":1" })},
		{"cameras of another role", errRole, sound(func(b *Beat) { owned(3)(b); b.Roles = []string{RoleEdge} })},
		{"half a message", errBroken, said[:len(said)/2]},
		{"a message without its end", errStranger, said[:len(said)-20]},
		{"two bytes", errBroken, said[:2]},
		{"a message of a megabyte", errTooLarge, make([]byte, 1<<20)},
		{"a certificate of another cluster", errStranger, foreign},
		{"a certificate that is none", errStranger, append(binary.BigEndian.AppendUint16(nil, 100), bytes.Repeat([]byte{0x30}, 300)...)},
	} {
		before := []uint64{a.refused[lie.why].Load(), b.refused[lie.why].Load()}
		say(lie.message)
		await(t, lie.what+" is counted as "+lie.why.Error(), func() bool {
			return a.refused[lie.why].Load() > before[0] && b.refused[lie.why].Load() > before[1]
		})
	}

	flood := make([][]byte, 0, 64)
	for i := range cap(flood) { // of many certificates that are none, and of its own
		sum := sha256.Sum256([]byte{byte(i)})
		flood = append(flood, append(binary.BigEndian.AppendUint16(nil, 400), bytes.Repeat(sum[:], 30)...), said, append(bytes.Clone(said), sum[:]...))
	}
	before := inUse()
	for i := range 100_000 {
		if err := liar.conn.Publish(subject, flood[i%len(flood)]); err != nil {
			t.Fatal(err)
		}
	}
	if err := liar.conn.FlushTimeout(time.Minute); err != nil {
		t.Fatal(err)
	}
	counted := func(n *node) (all uint64) {
		for _, count := range n.refused {
			all += count.Load()
		}
		return all + n.inbox.late.Load()
	}
	most := before
	await(t, "the flood is counted, and no memory taken for it", func() bool {
		now := inUse()
		most = max(most, now)
		return counted(a) > 1000 && counted(b) > 1000 && now < before+4<<20
	})
	t.Logf("of 100000 messages a counts %d, of which %d came too fast to be read; three nodes had %d kB more for a moment", counted(a), a.inbox.late.Load(), (most-before)>>10)
	if most > before+128<<20 {
		t.Errorf("memory grew from %d to %d bytes", before, most)
	}
	for _, c := range cameras {
		if p := agree(t, c.ID, a, b); p.Node == "z" {
			t.Errorf("%s is at the liar", c.ID)
		}
	}
	if m, _ := a.Member("b"); m.Left {
		t.Error("b has left, as the liar said")
	}
}

// inUse gives the bytes of the heap that are in use.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// FuzzToken has somebody join by anything.
func FuzzToken(f *testing.F) {
	authority, err := MakeAuthority(f.TempDir(), "yard")
	if err != nil {
		f.Fatal(err)
	}
	token, err := authority.Token("a")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add(tokenPrefix)
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := parseToken(text)
		if err != nil {
			if !errors.Is(err, ErrToken) {
				t.Error(err)
			}
			return
		}
		for _, part := range parts {
			if len(part) > len(text) {
				t.Errorf("a part of %d bytes of %d", len(part), len(text))
			}
		}
	})
}
