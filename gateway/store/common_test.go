package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/secret"
	"framegate/gateway/store"
)

// shelf keeps a text for several stores, as a cluster does.
type shelf struct {
	mu       sync.Mutex // guards what follows
	text     []byte     // nil for none
	garbled  bool
	revision uint64
	away     bool // nothing is reached
	few      bool // it can be read and not be replaced
	silent   bool // replaces, and does not say so
	told     []func()
}

// at is the shelf as a node has it.
type at struct {
	*shelf
	heir bool
}

func (s at) Heir() bool { return s.heir }

func (s *shelf) Fetch(context.Context) ([]byte, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.away:
		return nil, 0, store.ErrApart
	case s.garbled:
		return nil, s.revision, store.ErrGarbled
	case s.text == nil:
		return nil, 0, store.ErrAbsent
	}
	return s.text, s.revision, nil
}

func (s *shelf) Replace(_ context.Context, text []byte, revision uint64) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.away, s.few:
		return 0, store.ErrApart
	case revision != s.revision:
		return 0, store.ErrReplaced
	}
	s.text, s.garbled = text, false
	s.revision++
	if s.silent {
		s.silent = false
		return 0, store.ErrApart
	}
	return s.revision, nil
}

// set changes how the shelf is.
func (s *shelf) set(how func(*shelf)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	how(s)
}

// sharing is a store that has things in common with others.
type sharing struct {
	*store.Store
	shelf *shelf

	mu      sync.Mutex // guards cameras and access
	changes int
}

// share opens the store of a node in a folder, and runs it until end.
func share(t *testing.T, dir string, on *shelf, node string, heir bool) (s *sharing, end func()) {
	t.Helper()
	opened, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	s = &sharing{Store: opened, shelf: on}
	err = s.Share(t.Context(), store.CommonOptions{
		Keeper: at{on, heir}, Cluster: "yard", Node: node, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Check: func(cameras []store.Camera) error {
			for _, c := range cameras {
				if !json.Valid(c.Document) {
					return errors.New("no camera: " + c.ID)
				}
			}
			return nil
		},
		Changed: func(context.Context, bool) { s.mu.Lock(); defer s.mu.Unlock(); s.changes++ },
		Told: func() {
			on.mu.Lock()
			defer on.mu.Unlock()
			for _, tell := range on.told {
				tell()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	on.set(func(on *shelf) { on.told = append(on.told, s.LookSoon) })
	ctx, cancel := context.WithCancel(context.Background())
	var life sync.WaitGroup
	life.Go(func() { s.RunCommon(ctx) })
	end = sync.OnceFunc(func() { cancel(); life.Wait(); s.Close() })
	t.Cleanup(end)
	return s, end
}

// soon waits until it is so.
func soon(t *testing.T, what string, so func() bool) {
	t.Helper()
	for late := time.Now().Add(30 * time.Second); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("never: %s", what)
		}
	}
}

// all gives what a store has that all have in common, but for times of use.
func (s *sharing) all(t *testing.T) (all []any) {
	t.Helper()
	users, err1 := s.Users(t.Context())
	tokens, err2 := s.Tokens(t.Context())
	cameras, err3 := s.Cameras(t.Context())
	links, err4 := s.Links(t.Context())
	sessions, err5 := s.Sessions(t.Context(), 0)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	for i := range sessions {
		sessions[i].Seen = time.Time{}
	}
	key, err := s.Secret(t.Context(), "link key")
	if err != nil && !errors.Is(err, store.ErrUnknown) {
		t.Fatal(err)
	}
	text, _ := s.TokenText(t.Context(), "nas")
	preferences, err := s.Preferences(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := s.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	notified, err := s.AllNotified(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return []any{users, tokens, cameras, links, sessions, key.Reveal(), text.Reveal(), string(preferences), settings, notified}
}

// alike waits until these stores have the same.
func alike(t *testing.T, stores ...*sharing) {
	t.Helper()
	soon(t, "they have the same", func() bool {
		for _, s := range stores[1:] {
			if !reflect.DeepEqual(s.all(t), stores[0].all(t)) {
				return false
			}
		}
		return true
	})
}

var admin = []store.Grant{{Camera: "*", Action: store.AdminAction}}

// TestStoresInCommon has three nodes write all that there is to write, one at a time and
// at once, and each has what the others wrote.
func TestStoresInCommon(t *testing.T) {
	t.Parallel()
	on := new(shelf)
	first := folder(t)
	ctx := t.Context()
	before := open(t, first)
	if _, err := before.AddUser(ctx, store.User{Name: "ann", Password: "h1", Grants: admin}); err != nil {
		t.Fatal(err)
	}
	if _, err := before.SecretOrSet(ctx, "link key", secret.New("of all")); err != nil {
		t.Fatal(err)
	}
	before.Close()
	other := folder(t)
	before = open(t, other)
	if _, err := before.AddUser(ctx, store.User{Name: "bob", Password: "h2", Grants: admin}); err != nil {
		t.Fatal(err)
	}
	before.Close()

	a, _ := share(t, first, on, "a", true)
	b, _ := share(t, other, on, "b", false)
	c, _ := share(t, folder(t), on, "c", false)
	alike(t, a, b, c)
	if u, err := c.UserNamed(ctx, "ann"); err != nil || u.ID != 1 {
		t.Fatalf("c knows %+v, %v", u, err)
	}
	copies, err := filepath.Glob(filepath.Join(other, "state.db.before-cluster-*"))
	if err != nil || len(copies) != 1 {
		t.Fatalf("of what b had of its own there are the copies %q, %v", copies, err)
	}
	if info, err := os.Stat(copies[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info.Mode(), err)
	}
	if b, err := os.ReadFile(copies[0]); err != nil || len(b) < 20 || b[18] != 2 || b[19] != 2 { // https://sqlite.org/fileformat.html#file_format_version_numbers
		t.Errorf("the copy has no write-ahead log: %d bytes, %v", len(b), err)
	}

	ann, err := b.User(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	camera, err := b.AddCamera(ctx, store.Camera{ID: "front", Document: []byte(`{"source":"x"}`), Secret: secret.New("swordfish")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.AddToken(ctx, store.Token{Name: "nas", Hash: []byte("hash"), Grants: []store.Grant{{Camera: "front", Action: "view"}}}, secret.New("the text"))
	if err == nil {
		_, err = a.AddLink(ctx, store.Link{Name: "gran", Camera: "front", Action: "view", Maker: "ann"})
	}
	if err == nil {
		_, err = b.AddSession(ctx, store.Session{Hash: []byte("s1"), User: ann.ID, Expires: time.Now().Add(time.Hour)}, 10)
	}
	if err == nil {
		err = c.SetPreferences(ctx, ann.ID, []byte(`{"a":1}`))
	}
	if err == nil {
		err = b.SetSettings(ctx, nil, map[string]string{"limits.viewers": `["3"]`, "hosts": `["a"]`})
	}
	var hook store.Notified
	if err == nil {
		hook, err = c.AddNotified(ctx, store.Notified{Name: "webhook/ops", Document: []byte("{}"), Secret: secret.New("an address")})
	}
	if err != nil {
		t.Fatal(err)
	}
	alike(t, a, b, c)
	if got, err := a.Notified(ctx, "webhook/ops"); err != nil || got.Secret.Reveal() != "an address" || got.Revision != hook.Revision {
		t.Errorf("a has %+v, %v", got, err)
	}
	if got, err := c.Camera(ctx, "front"); err != nil || got.Secret.Reveal() != "swordfish" || got.Revision != camera.Revision {
		t.Errorf("c has %+v, %v", got, err)
	}
	if err := c.SetSettings(ctx, nil, map[string]string{"hosts": `["b"]`}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("c replaces what b wrote: %v", err)
	}
	if err := c.SetSettings(ctx, map[string]string{"limits.viewers": `["3"]`, "hosts": `["a"]`}, map[string]string{"hosts": `["b"]`}); err != nil {
		t.Error(err)
	}
	revision, err := c.AccessRevision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.RemoveCamera(ctx, "front", camera.Revision), b.RemoveNotified(ctx, "webhook/ops", hook.Revision)); err != nil {
		t.Fatal(err)
	}
	alike(t, a, b, c)
	if now, err := c.AccessRevision(ctx); err != nil || now <= revision {
		t.Errorf("c does not notice that grants and links went: %d after %d, %v", now, revision, err)
	}

	var all sync.WaitGroup
	const each = 8
	for i, s := range []*sharing{a, b, c} {
		all.Go(func() {
			for n := range each {
				if _, err := s.AddUser(ctx, store.User{Name: fmt.Sprintf("u%d-%d", i, n), Password: "h"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	alike(t, a, b, c)
	users, err := a.Users(ctx)
	if err != nil || len(users) != 1+3*each {
		t.Errorf("%d users, %v", len(users), err)
	}
	if err := a.RemoveUser(ctx, 1); !errors.Is(err, store.ErrLastAdmin) {
		t.Errorf("the last admin went: %v", err)
	}
	if err := b.SetPassword(ctx, 1, "h3"); err != nil {
		t.Fatal(err)
	}
	alike(t, a, b, c)
	if _, err := c.SessionOf(ctx, []byte("s1")); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("a session outlived its password: %v", err)
	}
}

// TestFirstAdminInCommon has two nodes make the first admin, one of which has not heard
// of the other's yet.
func TestFirstAdminInCommon(t *testing.T) {
	t.Parallel()
	on := new(shelf)
	a, _ := share(t, folder(t), on, "a", true)
	b, _ := share(t, folder(t), on, "b", false)
	if err := errors.Join(a.Met(t.Context()), b.Met(t.Context())); err != nil {
		t.Fatal(err)
	}
	on.set(func(s *shelf) { s.told = nil })
	for i, s := range []*sharing{a, b} {
		u, added, err := s.AddFirstAdmin(t.Context(), store.User{Name: "admin", Password: fmt.Sprint(i), Grants: admin}, store.Login{Hash: []byte{byte(i)}})
		if err != nil || added != (i == 0) {
			t.Errorf("%+v, %v, %v", u, added, err)
		}
	}
	alike(t, a, b)
}

// twoOfAnn starts two nodes that know a user, of which a can be ended.
func twoOfAnn(t *testing.T) (on *shelf, dir string, a *sharing, endA func(), b *sharing, ann store.User) {
	t.Helper()
	on, dir = new(shelf), folder(t)
	a, endA = share(t, dir, on, "a", true)
	b, _ = share(t, folder(t), on, "b", false)
	err := a.Met(t.Context())
	if err == nil {
		ann, err = a.AddUser(t.Context(), store.User{Name: "ann", Password: "h", Grants: admin})
	}
	if err != nil {
		t.Fatal(err)
	}
	alike(t, a, b)
	return on, dir, a, endA, b, ann
}

// TestStoreApart has a node not reach the others: it reads, and changes nothing but who is
// logged in, which the others have later.
func TestStoreApart(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	on, dir, a, endA, b, ann := twoOfAnn(t)

	on.set(func(s *shelf) { s.silent = true })
	if _, err := a.AddUser(ctx, store.User{Name: "bob", Password: "h"}); err != nil {
		t.Errorf("what was done and not said to be: %v", err)
	}
	alike(t, a, b)
	if users, err := b.Users(ctx); err != nil || len(users) != 2 {
		t.Errorf("%d users, %v", len(users), err)
	}

	on.set(func(s *shelf) { s.few = true })
	hasty, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if _, err := a.AddUser(hasty, store.User{Name: "eve", Password: "h"}); !errors.Is(err, store.ErrApart) {
		t.Errorf("without the others: %v", err)
	}
	if _, err := a.UserNamed(ctx, "eve"); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("half of it was done: %v", err)
	}
	waiting, given := context.WithCancel(ctx)
	var write sync.WaitGroup
	write.Go(func() { _, _ = a.AddUser(waiting, store.User{Name: "eve", Password: "h"}) }) // ends with waiting
	soon(t, "a look at the state finds the write on its way", func() bool {
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		if err := a.Ready(short); err != nil {
			t.Fatalf("while a write waits for others the state is said to be in trouble: %v", err)
		}
		return short.Err() != nil
	})
	given()
	write.Wait()
	on.set(func(s *shelf) { s.away = true })
	endA()
	a, _ = share(t, dir, on, "a", true)
	if _, err := a.UserNamed(ctx, "bob"); err != nil || a.Met(ctx) != nil {
		t.Errorf("after a restart it has nothing: %v", err)
	}
	if _, err := a.AddSession(ctx, store.Session{Hash: []byte("s1"), User: ann.ID, Expires: time.Now().Add(time.Hour)}, 10); err != nil {
		t.Errorf("nobody can log in: %v", err)
	}
	if s := a.CommonStatus(); s.Apart.IsZero() || s.Version == 0 {
		t.Errorf("it says %+v", s)
	}
	beside := open(t, dir) // as framegate user does
	if err := beside.SetPassword(ctx, 2, "of the command"); err != nil {
		t.Fatal(err)
	}
	on.set(func(s *shelf) { s.away, s.few = false, false })
	alike(t, a, b)
	if _, err := b.SessionOf(ctx, []byte("s1")); err != nil {
		t.Errorf("the others do not know of the login: %v", err)
	}
	soon(t, "b has the password", func() bool { u, err := b.User(ctx, 2); return err == nil && u.Password == "of the command" })
}

// TestLoginWithAnOldPassword at a node that has not heard of the new one ends once they meet.
func TestLoginWithAnOldPassword(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	on, dir, _, endA, b, ann := twoOfAnn(t)
	session := func(s *sharing, hash string) {
		t.Helper()
		if _, err := s.AddSession(ctx, store.Session{Hash: []byte(hash), User: ann.ID, Expires: time.Now().Add(time.Hour)}, 10); err != nil {
			t.Fatal(err)
		}
	}
	endA()
	if err := b.SetPassword(ctx, ann.ID, "new"); err != nil {
		t.Fatal(err)
	}
	session(b, "new")
	on.set(func(s *shelf) { s.away = true })
	a, _ := share(t, dir, on, "a", true)
	session(a, "old") // by its copy that password is right
	on.set(func(s *shelf) { s.away = false })
	alike(t, a, b)
	for _, s := range []*sharing{a, b} {
		if _, err := s.SessionOf(ctx, []byte("old")); !errors.Is(err, store.ErrUnknown) {
			t.Errorf("a session outlived its password: %v", err)
		}
		if _, err := s.SessionOf(ctx, []byte("new")); err != nil {
			t.Errorf("one with the new password did not last: %v", err)
		}
	}
}

// TestBadDocuments has the keeper have what takes nothing away from who has the last
// good one, and a write put it right.
func TestBadDocuments(t *testing.T) {
	t.Parallel()
	on := new(shelf)
	ctx := t.Context()
	a, _ := share(t, folder(t), on, "a", true)
	b, _ := share(t, folder(t), on, "b", false)
	if err := a.Met(ctx); err != nil {
		t.Fatal(err)
	}
	_, err := a.AddUser(ctx, store.User{Name: "ann", Password: "h", Grants: admin})
	if err == nil {
		_, err = b.AddCamera(ctx, store.Camera{ID: "front", Document: []byte(`{}`)})
	}
	if err != nil {
		t.Fatal(err)
	}
	alike(t, a, b)
	good := a.all(t)
	var last []byte
	on.set(func(s *shelf) { last = s.text })
	edit := func(how func(map[string]any)) []byte {
		var d map[string]any
		if err := json.Unmarshal(last, &d); err != nil {
			t.Fatal(err)
		}
		d["version"] = d["version"].(float64) + 1
		d["writes"] = []string{"a lie"}
		how(d)
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	rows := func(d map[string]any) map[string]any { return d["rows"].(map[string]any) }
	for name, lie := range map[string][]byte{
		"garbled":          nil,
		"content no text":  []byte("\x00"),
		"content no rows":  []byte(`{"form":1,"version":99,"rows":{"users/1":[]}}`),
		"form":             edit(func(d map[string]any) { d["form"] = 2 }),
		"old":              edit(func(d map[string]any) { d["version"] = 1 }),
		"content counts":   edit(func(d map[string]any) { d["version"] = 1e18 }),
		"content no admin": edit(func(d map[string]any) { rows(d)["users/1"].([]any)[6] = []any{} }),
		"content orphan":   edit(func(d map[string]any) { rows(d)["logins/YQ"] = []any{"YQ==", 99, 1} }),
		"content camera":   edit(func(d map[string]any) { rows(d)["cameras/front"].([]any)[1] = "fg==" }),
		"content table":    edit(func(d map[string]any) { rows(d)["places/1"] = []any{} }),
		"content name":     edit(func(d map[string]any) { rows(d)["cameras/back"] = rows(d)["cameras/front"] }),
	} {
		why, _, _ := strings.Cut(name, " ")
		before := b.CommonStatus().Refused[why]
		on.set(func(s *shelf) { s.text, s.garbled, s.revision = lie, lie == nil, s.revision+1 })
		soon(t, name+" is refused", func() bool { a.LookSoon(); b.LookSoon(); return b.CommonStatus().Refused[why] > before })
		if s := b.CommonStatus(); s.Problem == "" || !reflect.DeepEqual(a.all(t), good) || !reflect.DeepEqual(b.all(t), good) {
			t.Errorf("%s: %+v", name, s)
		}
	}
	on.set(func(s *shelf) { s.garbled, s.revision = true, s.revision+1 })
	if _, err := b.AddUser(ctx, store.User{Name: "bob", Password: "h"}); err != nil {
		t.Fatal(err)
	}
	alike(t, a, b)
	if s := a.CommonStatus(); s.Problem != "" {
		t.Errorf("after it was put right: %+v", s)
	}
}

// FuzzDocument has a node read what another may write.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"form":1,"version":2,"node":"a","writes":["x"],"rows":{"users/1":[1,"ann","h",1,1,0,[{"Camera":"*","Action":"admin"}]],"sqlite_sequence/users":1,"used/tokens/1":3600000}}`))
	f.Add([]byte(`{"form":1,"version":2,"rows":{"tokens/1":[1,"n","aGFzaA==",1,0,null,[]],"links/2":[2,"n","c","a","m",1,0],"preferences/0":[0,null,"e30="],"secrets/link key":["link key","x"]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := filepath.Join(t.TempDir(), "data")
		on := &shelf{text: text, revision: 1}
		s, end := share(t, dir, on, "a", false)
		defer end()
		for s.CommonVersion() == 0 && s.CommonStatus().Problem == "" {
			time.Sleep(time.Millisecond)
		}
		if s.CommonVersion() == 0 {
			return
		}
		if _, err := s.Users(t.Context()); err != nil {
			t.Errorf("%s is taken, and cannot be read: %v", text, err)
		}
	})
}
