package cluster

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
)

// common waits until nodes keep something, and gives what it is.
func (n *node) common(t *testing.T) (text string, revision uint64) {
	t.Helper()
	last := ""
	await(t, n.Node()+" reads what all have", func() bool {
		b, at, err := n.Fetch(t.Context())
		text, revision = string(b), at
		if err != nil && err.Error() != last {
			last = err.Error()
			t.Log(err)
		}
		return err == nil
	})
	return text, revision
}

// TestOneNodeKeeps what all have in common: it is there at once, sealed, only replaced
// by who saw it, and after a restart.
func TestOneNodeKeeps(t *testing.T) {
	t.Parallel()
	ids := identities(t, "a", "b")
	disk := filepath.Join(t.TempDir(), "nats")
	keep := func(o *Options) { o.Stores, o.Disk, o.Roles = []string{"a"}, disk, append(o.Roles, RoleStore) }
	a := startWith(t, ids[0], nil, keep)
	b := start(t, ids[1], []string{a.Address()})
	if _, _, err := b.Fetch(t.Context()); !errors.Is(err, ErrApart) {
		t.Errorf("before it is kept: %v", err)
	}
	await(t, "a keeps", func() bool { return a.Prepare(t.Context()) == nil })
	await(t, "b sees that nothing is kept", func() bool { _, _, err := b.Fetch(t.Context()); return errors.Is(err, ErrAbsent) })
	if !a.Heir() || b.Heir() {
		t.Error("a is to put in its copy, and b is not")
	}

	const text = "the password is swordfish"
	first, err := b.Replace(t.Context(), []byte(text), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Replace(t.Context(), []byte("another"), 0); !errors.Is(err, ErrChanged) {
		t.Errorf("replacing what was not seen: %v", err)
	}
	if got, at := a.common(t); got != text || at != first {
		t.Errorf("%q at %d, not %d", got, at, first)
	}
	if _, err := b.Replace(t.Context(), make([]byte, maxCommon+1), first); !errors.Is(err, ErrTooMuch) {
		t.Errorf("too much: %v", err)
	}
	noise := make([]byte, maxSealed)
	rand.Read(noise)
	if _, err := b.Replace(t.Context(), noise, first); !errors.Is(err, ErrTooMuch) {
		t.Errorf("too much that cannot be pressed: %v", err)
	}
	if second, err := b.Replace(t.Context(), noise[:maxSealed-16<<10], first); err != nil || second <= first {
		t.Errorf("as much as may be: %d, %v", second, err)
	}
	b.end()
	a.end()
	seen := 0
	err = filepath.WalkDir(disk, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		if seen += len(content); strings.Contains(string(content), "swordfish") || bytes.Contains(content, noise[:100]) {
			t.Errorf("%s shows what is kept", name)
		}
		return err
	})
	if err != nil || seen < 1<<10 {
		t.Errorf("%d bytes on the disk, %v", seen, err)
	}

	a = startWith(t, ids[0], nil, keep)
	_, second := a.common(t)
	await(t, "it can be replaced again", func() bool { _, err := a.Replace(t.Context(), []byte(text), second); return err == nil })
	liar := nats.NewMsg(a.bus.kept.subject) // of who has a certificate
	liar.Data = []byte("garbage")
	if err := a.bus.conn.PublishMsg(liar); err != nil {
		t.Fatal(err)
	}
	await(t, "garbage is seen to be", func() bool { _, at, err := a.Fetch(t.Context()); return errors.Is(err, ErrUnreadable) && at > second })
}

// TestThreeNodesKeep what all have in common, one of them is killed, and then another.
func TestThreeNodesKeep(t *testing.T) {
	t.Parallel()
	names := []string{"a", "b", "c"}
	var all []*node
	var seeds []string
	for _, id := range identities(t, names...) {
		disk := filepath.Join(t.TempDir(), "nats")
		n := startWith(t, id, seeds, func(o *Options) { o.Stores, o.Disk, o.Roles = names, disk, append(o.Roles, RoleStore) })
		all = append(all, n)
		seeds = append(seeds, n.Address())
	}
	a, b, c := all[0], all[1], all[2]
	await(t, "they keep", func() bool { return b.Prepare(t.Context()) == nil })
	await(t, "one is heir", func() bool { return a.Heir() && !b.Heir() && !c.Heir() })
	var revision uint64
	await(t, "one puts it in", func() (put bool) {
		var err error
		revision, err = c.Replace(t.Context(), []byte("one"), 0)
		return err == nil
	})
	a.end()
	await(t, "two of three replace it", func() bool {
		next, err := b.Replace(t.Context(), []byte("two"), revision)
		if err != nil { // it may have happened all the same
			var text []byte
			if text, next, err = b.Fetch(t.Context()); string(text) != "two" {
				return false
			}
		}
		revision = next
		return err == nil
	})
	await(t, "the third sees it", func() bool { text, _ := c.common(t); return text == "two" })
	b.end()
	if text, _ := c.common(t); text != "two" {
		t.Errorf("alone it reads %q", text)
	}
	if _, err := c.Replace(t.Context(), []byte("three"), revision); !errors.Is(err, ErrApart) {
		t.Errorf("one of three replaced it: %v", err)
	}
}

func FuzzOpenCommon(f *testing.F) {
	id := identities(f, "a")[0]
	good, err := id.sealCommon([]byte("text"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:20])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if text, err := id.openCommon(sealed); err == nil && !bytes.Equal(sealed, good) {
			t.Errorf("%x opens to %q", sealed, text)
		}
	})
}
