package cluster

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
)

// yard is a cluster of a test, with the folders that its nodes have.
type yard struct {
	authority *Authority
	folders   map[string]string
}

func newYard(t testing.TB, names ...string) *yard {
	t.Helper()
	y := &yard{folders: make(map[string]string)}
	for _, name := range names {
		y.folders[name] = t.TempDir()
		if y.authority == nil {
			var err error
			if y.authority, err = MakeAuthority(y.folders[name], "yard"); err != nil {
				t.Fatal(err)
			}
		}
		y.join(t, name)
	}
	return y
}

// join gives a node another token.
func (y *yard) join(t testing.TB, name string) *Identity {
	t.Helper()
	token, err := y.authority.Token(name)
	if err == nil {
		_, err = Join(y.folders[name], token)
	}
	if err != nil {
		t.Fatal(err)
	}
	return y.identity(t, name)
}

func (y *yard) identity(t testing.TB, name string) *Identity {
	t.Helper()
	id, err := OpenIdentity(y.folders[name])
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (y *yard) revoke(t testing.TB, name string) []byte {
	t.Helper()
	list, err := y.authority.Revoke(name)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestAuthorityOutOfABackup shuts out who got a token after the backup, and others hear it though
// they have a list that is newer than the backup. Who gets a token then is let in.
func TestAuthorityOutOfABackup(t *testing.T) {
	t.Parallel()
	y := newYard(t, "a", "b", "c")
	a := y.folders["a"]
	backup := t.TempDir()
	if err := os.CopyFS(backup, os.DirFS(a)); err != nil {
		t.Fatal(err)
	}
	for range 3 { // later ones of all, and lists
		y.join(t, "c")
		y.revoke(t, "c")
	}
	second := y.join(t, "c")
	b := y.identity(t, "b")
	if _, err := b.Adopt(y.revoke(t, "d")); err != nil || second.ShutOut() || b.voids("c", second.number) {
		t.Fatal("c is shut out before:", err)
	}

	restored, err := OpenAuthority(backup)
	if err != nil {
		t.Fatal(err)
	}
	y.authority = restored
	if news, err := b.Adopt(y.revoke(t, "c")); err != nil || !news || !b.voids("c", second.number) {
		t.Errorf("c is shut out by a list that is news: %t, %v; it is: %t", news, err, b.voids("c", second.number))
	}
	if third := y.join(t, "c"); b.voids("c", third.number) {
		t.Error("a new token does not let c in")
	}
}

// lives says whether a node is alive to another.
func (n *node) lives(name string) bool {
	m, _ := n.Member(name)
	return m.Alive
}

// TestRevoke has three nodes share cameras, one of which is shut out, goes on as if it
// had not heard it, and is let in again.
func TestRevoke(t *testing.T) {
	t.Parallel()
	y := newYard(t, "a", "b", "c")
	cameras := numbered(6)
	told := make(chan []string, 1)
	a := startWith(t, y.identity(t, "a"), nil, func(o *Options) { o.ShutOut = func(nodes []string) { told <- nodes } }, cameras...)
	b := start(t, y.identity(t, "b"), []string{a.Address()}, cameras...)
	movedAtC := make(chan []string, 64)
	c := startWith(t, y.identity(t, "c"), []string{a.Address()}, func(o *Options) {
		o.Public = "https://c.example"
		o.Moved = func(cameras []string) { movedAtC <- cameras }
	}, append(cameras, Camera{ID: "phone", Sent: true})...)
	c.sent.Store(&[]string{"phone"})
	await(t, "all live", func() bool { return a.lives("c") && b.lives("c") && c.lives("b") && len(b.Publics()) == 1 })
	for _, camera := range cameras {
		agree(t, camera.ID, a, b, c)
	}
	others := a.bus.server.NumRoutes() // to b and c

	await(t, "c owns what is sent there", func() bool { return c.Owns("phone") })
	for len(movedAtC) > 0 {
		<-movedAtC
	}
	if err := a.Revoke(y.revoke(t, "c")); err != nil {
		t.Fatal(err)
	}
	if nodes := <-told; len(nodes) != 1 || nodes[0] != "c" {
		t.Errorf("it is told of %v", nodes)
	}
	await(t, "c is gone at both", func() bool { return !a.lives("c") && !b.lives("c") })
	await(t, "c knows it, and owns nothing", func() bool {
		owned := slices.ContainsFunc(c.Status().Cameras, func(p CameraPlace) bool { return p.Node != "" })
		return c.options.Identity.ShutOut() && !owned
	})
	moved := make(map[string]bool) // so that what shows them, or is connected to them, ends
	await(t, "it is told that its cameras are nowhere", func() bool {
		for len(movedAtC) > 0 {
			for _, id := range <-movedAtC {
				moved[id] = true
			}
		}
		return len(moved) == len(cameras)+1
	})
	await(t, "a is connected to b alone", func() bool { return a.bus.server.NumRoutes() == others/2 })
	for _, camera := range cameras {
		agree(t, camera.ID, a, b)
	}
	if m, _ := b.Member("c"); !m.ShutOut || len(b.Publics()) > 0 {
		t.Errorf("b does not say that c is shut out, or lets its pages ask: %v", b.Publics())
	}
	c.end()
	if !y.identity(t, "c").ShutOut() || y.identity(t, "b").ShutOut() {
		t.Error("it is forgotten, or of another")
	}

	deaf := y.identity(t, "c") // who does as if it had not heard it
	deaf.revoked.Store(nil)
	deaf.data = ""
	message, err := deaf.seal(Beat{Node: "c", Incarnation: 1 << 60, Sequence: 1, Relay: "c:1", Roles: []string{RoleCamera}})
	if err != nil {
		t.Fatal(err)
	}
	b.receive(heard{message: message})
	await(t, "what c says is counted, and not heard", func() bool { return b.refused[errVoid].Load() > 0 })
	liar := start(t, deaf, []string{a.Address(), b.Address()}, cameras...)
	liar.options.Identity.adopting.Lock() // so that it goes on
	await(t, "it is by itself", func() bool { return liar.Owns("cam-0") && liar.Owns("cam-1") })
	await(t, "its connections are counted", func() bool { return a.refused[errVoid].Load() > 1 })
	if n := liar.bus.server.NumRoutes(); n > 0 || a.lives("c") || b.lives("c") {
		t.Errorf("%d ways to others, and c is heard", n)
	}
	liar.options.Identity.adopting.Unlock()
	liar.end()

	again := start(t, y.join(t, "c"), []string{b.Address()}, cameras...)
	await(t, "c is there again", func() bool { return a.lives("c") && b.lives("c") && again.lives("a") })
	if m, _ := a.Member("c"); m.ShutOut {
		t.Error("a says that c is shut out, which has another token")
	}
}

// TestRevokedWhileAway has a node hear who was shut out as it comes back.
func TestRevokedWhileAway(t *testing.T) {
	t.Parallel()
	y := newYard(t, "a", "b", "c")
	a := start(t, y.identity(t, "a"), nil, numbered(1)...)
	if err := a.Revoke(y.revoke(t, "c")); err != nil {
		t.Fatal(err)
	}
	b := start(t, y.identity(t, "b"), []string{a.Address()}, numbered(1)...)
	await(t, "b heard it", func() bool { return b.options.Identity.voids("c", 1) })
	if a.lives("c") || b.options.Identity.ShutOut() {
		t.Error("the wrong one is shut out")
	}
	await(t, "b keeps it", func() bool {
		list, err := readRevoked(y.folders["b"], y.authority.cert)
		return err == nil && list.number() > 0
	})
}

func TestListsThatAreNotTaken(t *testing.T) {
	y, stranger := newYard(t, "a", "b", "c"), newYard(t, "a")
	first := y.revoke(t, "c")
	second := y.revoke(t, "b")
	signedBy := func(key ed25519.PrivateKey, r revoked) []byte {
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return append(ed25519.Sign(key, append([]byte(revokedSigned), text...)), text...)
	}
	many := make(map[string]uint64)
	for i := range maxRevoked + 1 {
		many[fmt.Sprint("n", i)] = 1
	}
	b := y.identity(t, "b")
	for what, list := range map[string][]byte{
		"nothing":            nil,
		"of half":            first[:len(first)-1],
		"changed":            bytes.Replace(second, []byte(`"number":`), []byte(`"number":9`), 1),
		"of another cluster": stranger.revoke(t, "b"),
		"of a node":          signedBy(b.key, revoked{Cluster: "yard", Number: 9, Until: map[string]uint64{"a": 1 << 40}}),
		"of no number":       signedBy(y.authority.key, revoked{Cluster: "yard"}),
		"of another name":    signedBy(y.authority.key, revoked{Cluster: "barn", Number: 9}),
		"of too many":        signedBy(y.authority.key, revoked{Cluster: "yard", Number: 9, Until: many}),
		"too large":          append(bytes.Clone(first), make([]byte, MaxRevokedList)...),
	} {
		if news, err := b.Adopt(list); news || !errors.Is(err, ErrNoList) {
			t.Errorf("a list %s: %v, %v", what, news, err)
		}
	}
	for _, step := range []struct {
		list []byte
		news bool
	}{{first, true}, {first, false}, {second, true}, {first, false}} {
		if news, err := b.Adopt(step.list); err != nil || news != step.news {
			t.Errorf("it is news: %v, %v", news, err)
		}
	}
	if !b.ShutOut() || !y.identity(t, "b").ShutOut() {
		t.Error("b is not shut out, or forgot it")
	}
	if err := os.WriteFile(fileIn(y.folders["b"], revokedFile), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenIdentity(y.folders["b"]); !errors.Is(err, ErrNoList) {
		t.Errorf("a damaged list is answered by %v", err)
	}
}

// TestTokensAndRevocations has tokens be made and voided one after the other.
func TestTokensAndRevocations(t *testing.T) {
	y := newYard(t, "a", "b")
	if _, err := y.authority.Revoke("a"); !errors.Is(err, ErrOwnNode) {
		t.Errorf("the node with the authority is shut out: %v", err)
	}
	for range 3 {
		old, err := y.authority.Token("b")
		if err != nil {
			t.Fatal(err)
		}
		list := y.revoke(t, "b")
		if _, err := y.identity(t, "b").Adopt(list); err != nil {
			t.Fatal(err)
		}
		if _, err := Join(y.folders["b"], old); !errors.Is(err, ErrRevoked) {
			t.Errorf("with a token that is void it joins: %v", err)
		}
		if y.join(t, "b").ShutOut() {
			t.Error("a token that was made afterwards is void")
		}
	}
	if err := os.Remove(fileIn(y.folders["a"], countFile)); err != nil { // as in an older copy of the folder
		t.Fatal(err)
	}
	if y.join(t, "b").ShutOut() {
		t.Error("a token is void as it is made")
	}
	elsewhere := newYard(t, "b") // another cluster
	token, err := elsewhere.authority.Token("b")
	if err != nil {
		t.Fatal(err)
	}
	if id, err := Join(y.folders["b"], token); err != nil || id.ShutOut() {
		t.Errorf("it joins another cluster: %v", err)
	}
}

func FuzzRevoked(f *testing.F) {
	y := newYard(f, "a")
	f.Add(y.revoke(f, "b")[ed25519.SignatureSize:])
	f.Add([]byte(`{"cluster":"yard","number":1,"until":{"b":99999999999999999999}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list := append(ed25519.Sign(y.authority.key, append([]byte(revokedSigned), text...)), text...)
		r, err := openRevoked(y.authority.cert, list)
		if err != nil {
			return
		}
		if r.Number == 0 || len(r.Until) > maxRevoked {
			t.Errorf("%+v is taken", r)
		}
		for node := range maps.Keys(r.Until) {
			r.voids(node, 1)
		}
	})
}

// TestWhoWasLetInAgainIsNotShutOutAnew by a list that shuts another one out.
func TestWhoWasLetInAgainIsNotShutOutAnew(t *testing.T) {
	first := &revoked{Number: 1, Until: map[string]uint64{"c": 7}}
	if got := first.since(nil); !slices.Equal(got, []string{"c"}) {
		t.Errorf("by the first list: %q", got)
	}
	next := &revoked{Number: 2, Until: map[string]uint64{"c": 7, "d": 9, "b": 8}}
	if got := next.since(first); !slices.Equal(got, []string{"b", "d"}) {
		t.Errorf("by the next: %q", got)
	}
	again := &revoked{Number: 3, Until: map[string]uint64{"c": 10, "d": 9, "b": 8}}
	if got := again.since(next); !slices.Equal(got, []string{"c"}) {
		t.Errorf("once more: %q", got)
	}
}
