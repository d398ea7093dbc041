package cluster

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"framegate/gateway/regular"
)

// TestThreeNodes has three nodes share cameras by a real bus, one of them lie, one
// leave, and a line between two be cut and mended.
func TestThreeNodes(t *testing.T) {
	t.Parallel()
	ids := identities(t, "a", "b", "c")
	cameras := numbered(6)
	a := start(t, ids[0], nil, cameras...)
	away := newLine(t, a.Address())
	b := start(t, ids[1], []string{away.address()}, cameras...)
	for _, c := range cameras {
		if p := agree(t, c.ID, a, b); p.Node != "a" {
			t.Fatalf("%s is at %s, and a had it before b came", c.ID, p.Node)
		}
	}

	await(t, "one speaks for what nobody owns", func() bool { return a.Speaks("") && !b.Speaks("") })
	if !a.Speaks("cam-0") || b.Speaks("cam-0") || !b.Speaks("another") {
		t.Error("of a camera somebody else speaks than its owner")
	}

	lie := Beat{Node: "a", Incarnation: 1 << 60, Sequence: 1, Relay: "x:1", Roles: []string{RoleCamera}, Owned: []Claim{{Camera: "cam-0", Epoch: 99}}}
	message, err := ids[2].seal(lie) // who has a valid certificate, of another name
	if err != nil {
		t.Fatal(err)
	}
	if err := b.bus.say(message); err != nil {
		t.Fatal(err)
	}
	await(t, "the lie is counted", func() bool { return a.refused[errName].Load() == 1 })
	if p, _ := b.Where("cam-0"); p.Node != "a" || p.Epoch == 99 {
		t.Fatalf("after a lie cam-0 is at %+v", p)
	}

	away.set(true)
	await(t, "b takes over", func() bool { return b.Owns("cam-0") })
	if !a.Owns("cam-0") {
		t.Error("a, which lives, gave up a camera that it hears of from nobody")
	}
	away.set(false)
	if p := agree(t, "cam-0", a, b); p.Epoch < 2 {
		t.Errorf("after the split cam-0 is at %+v; there was a higher epoch", p)
	}

	c := start(t, ids[2], []string{b.Address()}, cameras...)
	agree(t, "cam-0", a, b, c) // c hears of a by b
	b.end()
	agree(t, "cam-0", a, c)
	await(t, "a knows who lives", func() bool {
		for _, m := range a.Status().Members {
			if m.Alive != (m.Node != "b") {
				return false
			}
		}
		return true
	})
}

func TestSentPicturesMoveTheCamera(t *testing.T) {
	t.Parallel()
	ids := identities(t, "a", "b")
	phone := Camera{ID: "phone", Sent: true}
	a := start(t, ids[0], nil, phone)
	b := start(t, ids[1], []string{a.Address()}, phone)
	b.sent.Store(&[]string{"phone"})
	if p := agree(t, "phone", a, b); p.Node != "b" {
		t.Fatalf("it is at %+v", p)
	}
	b.sent.Store(new([]string))
	await(t, "nobody owns it", func() bool {
		_, atA := a.Where("phone")
		_, atB := b.Where("phone")
		return !atA && !atB
	})
}

// TestStrangersAreKeptOut has a node of another cluster knock.
func TestStrangersAreKeptOut(t *testing.T) {
	t.Parallel()
	ids, others := identities(t, "a"), identities(t, "b")
	a := start(t, ids[0], nil, numbered(1)...)
	b := start(t, others[0], []string{a.Address()}, numbered(1)...)
	agree(t, "cam-0", a)
	agree(t, "cam-0", b) // each by itself
	if n := len(a.Status().Members) + len(b.Status().Members); n != 2 {
		t.Errorf("%d members, of two clusters of one", n)
	}
	message, err := others[0].seal(Beat{Node: "b", Incarnation: 1, Sequence: 1, Relay: "x:1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newOpener(ids[0]).open(message); !errors.Is(err, errStranger) {
		t.Errorf("what a node of another cluster says is answered by %v", err)
	}
}

func TestIdentity(t *testing.T) {
	data := t.TempDir()
	authority, err := MakeAuthority(data, "yard")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := MakeAuthority(data, "yard"); !errors.Is(err, ErrExists) {
		t.Errorf("a second authority: %v", err)
	}
	if _, err := OpenIdentity(data); !errors.Is(err, ErrNoIdentity) {
		t.Errorf("before it joined: %v", err)
	}
	token, err := authority.Token("a")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "x", token[1:], token[:len(token)-5], strings.ToUpper(token)} {
		if _, err := Join(t.TempDir(), bad); !errors.Is(err, ErrToken) {
			t.Errorf("token %.20q: %v", bad, err)
		}
	}
	if _, err := Join(data, " "+token+"\n"); err != nil {
		t.Fatal(err)
	}
	id, err := OpenIdentity(data)
	if err != nil || id.Node != "a" || id.Cluster != "yard" {
		t.Fatalf("%+v, %v", id, err)
	}
	first, err := NextLife(data)
	second, err2 := NextLife(data)
	if err := errors.Join(err, err2, regular.Write(fileIn(data, lives), []byte("18000000000000000000"), 0o600)); err != nil || second <= first {
		t.Errorf("lives %d and %d, %v", first, second, err)
	}
	if third, err := NextLife(data); err != nil || third != 18000000000000000001 {
		t.Errorf("after the clock went back a life is %d, %v", third, err)
	}
	for _, name := range []string{authorityKey, nodeKey} {
		if info, err := os.Stat(fileIn(data, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	foreign := identities(t, "a")[0]
	other, err := (&Authority{cert: foreign.authority, key: foreign.key, data: data}).Token("x")
	if err == nil {
		if _, err := Join(t.TempDir(), other); !errors.Is(err, ErrToken) {
			t.Errorf("a certificate that the authority did not sign: %v", err)
		}
	}
	if _, err := authority.Token("No Name"); err == nil {
		t.Error("a token for no name")
	}
}

func FuzzOpen(f *testing.F) {
	ids := identities(f, "a")
	o := newOpener(ids[0])
	good, err := ids[0].seal(Beat{Node: "a", Incarnation: 1, Sequence: 1, Relay: "a:1", Roles: []string{RoleCamera}, Owned: []Claim{{Camera: "front", Epoch: 1}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{})
	f.Add(good[:90])
	f.Fuzz(func(t *testing.T, message []byte) {
		b, err := o.open(message)
		if err == nil && b.check() != nil {
			t.Errorf("%+v is taken", b)
		}
	})
}

// FuzzBeat has the table hear what any node with a certificate may say.
func FuzzBeat(f *testing.F) {
	f.Add([]byte(`{"node":"b","incarnation":1,"sequence":1,"relay":"b:1","roles":["camera"],"owned":[{"camera":"cam-0","epoch":1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var b Beat
		if json.Unmarshal(text, &b) != nil || b.check() != nil {
			return
		}
		w := newWorld(t, numbered(3), "a")
		table := w.tables["a"]
		_ = table.take(b, w.now)
		table.settle(w.now.Add(deadAfter + 1))
		if own := table.beat(); own.check() != nil {
			t.Errorf("having heard %s it says what is wrong: %+v", text, own)
		}
	})
}
