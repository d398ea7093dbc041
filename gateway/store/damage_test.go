package store_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framegate/gateway/store"
)

// refused opens a folder that must not open, and checks that the error says
// where and what to do, and that nothing in the folder was changed.
func refused(t *testing.T, dir string, want error, words ...string) {
	t.Helper()
	before := contents(t, dir)
	s, err := store.Open(t.Context(), dir)
	if err == nil {
		s.Close()
		t.Fatal("it opened")
	}
	if !errors.Is(err, want) {
		t.Errorf("%v; want %v", err, want)
	}
	for _, word := range append(words, dir) {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%v; does not say %q", err, word)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q is more than a line", err)
	}
	for name, was := range before {
		if now := contents(t, dir)[name]; now != was {
			t.Errorf("%s was changed from %d to %d bytes", name, len(was), len(now))
		}
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, name := range []string{"state.db", "key"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		all[name] = string(b)
	}
	return all
}

func TestDamagedFiles(t *testing.T) {
	database := func(change func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			name := filepath.Join(dir, "state.db")
			b, err := os.ReadFile(name)
			must(t, err)
			must(t, os.WriteFile(name, change(b), 0o600))
		}
	}
	write := func(name, text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)) }
	}
	execute := func(statement string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			db := raw(t, dir)
			_, err := db.Exec(statement)
			must(t, err)
			must(t, db.Close())
		}
	}
	for name, test := range map[string]struct {
		damage func(*testing.T, string)
		want   error
		words  []string
	}{
		"cut to nothing":        {database(func(b []byte) []byte { return nil }), store.ErrDamaged, []string{"state.db", "backup"}},
		"cut within the header": {database(func(b []byte) []byte { return b[:50] }), store.ErrDamaged, []string{"state.db", "backup"}},
		"cut to one page":       {database(func(b []byte) []byte { return b[:4096] }), store.ErrDamaged, []string{"state.db", "backup"}},
		"cut in the middle":     {database(func(b []byte) []byte { return b[:len(b)/2] }), store.ErrDamaged, []string{"state.db", "backup"}},
		"cut by a byte":         {database(func(b []byte) []byte { return b[:len(b)-1] }), store.ErrDamaged, []string{"state.db", "backup"}},
		"garbage in the header": {database(func(b []byte) []byte { copy(b, "garbage garbage!"); return b }), store.ErrDamaged, []string{"state.db", "backup"}},
		"zeros in the header":   {database(func(b []byte) []byte { clear(b[:100]); return b }), store.ErrDamaged, []string{"state.db", "backup"}},
		"zeros in the middle":   {database(func(b []byte) []byte { clear(b[8192:16384]); return b }), store.ErrDamaged, []string{"state.db", "backup"}},
		"another's database":    {execute("PRAGMA application_id = 7"), store.ErrDamaged, []string{"another program"}},
		"without version":       {execute("PRAGMA user_version = 0"), store.ErrDamaged, nil},
		"a newer version":       {execute("PRAGMA user_version = 1000"), store.ErrNewer, []string{"1000", "backup"}},
		"key gone":              {func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "key"))) }, store.ErrKey, []string{"key is missing", "backup"}},
		"key cut":               {write("key", "0123\n"), store.ErrKey, []string{"key", "backup"}},
		"key empty":             {write("key", ""), store.ErrKey, []string{"key", "backup"}},
		"key of another":        {write("key", strings.Repeat("5a", 32)+"\n"), store.ErrKey, []string{"key", "restore"}},
		"database gone, log there": {func(t *testing.T, dir string) {
			must(t, os.Rename(filepath.Join(dir, "state.db"), filepath.Join(dir, "state.db-wal")))
		}, store.ErrDamaged, []string{"state.db-wal", "restore"}},
		"database a folder": {func(t *testing.T, dir string) {
			must(t, os.Remove(filepath.Join(dir, "state.db")))
			must(t, os.Mkdir(filepath.Join(dir, "state.db"), 0o700))
			must(t, os.Rename(filepath.Join(dir, "key"), filepath.Join(dir, "state.db", "key")))
			must(t, os.Link(filepath.Join(dir, "state.db", "key"), filepath.Join(dir, "key2")))
		}, store.ErrDamaged, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := closed(t)
			test.damage(t, dir)
			if name == "database a folder" {
				if _, err := store.Open(t.Context(), dir); !errors.Is(err, test.want) {
					t.Errorf("%v", err)
				}
				return
			}
			refused(t, dir, test.want, test.words...)
		})
	}
}

// TestFlippedBits damages one page after another. Not every bit that flips can
// be seen, since SQLite keeps no sums; but none may end the process, nor make a
// store that lacks what was in it.
func TestFlippedBits(t *testing.T) {
	dir := closed(t)
	name := filepath.Join(dir, "state.db")
	good, err := os.ReadFile(name)
	must(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	refusals := 0
	for page := 0; page < len(good); page += 4096 {
		bad := append([]byte(nil), good...)
		for range 64 {
			bad[page+random.IntN(4096)] ^= 1 << random.IntN(8)
		}
		must(t, os.WriteFile(name, bad, 0o600))
		s, err := store.Open(t.Context(), dir)
		if err != nil {
			if !errors.Is(err, store.ErrDamaged) && !errors.Is(err, store.ErrKey) && !errors.Is(err, store.ErrNewer) {
				t.Errorf("page %d: %v", page/4096, err)
			}
			refusals++
			continue
		}
		users, err := s.Users(t.Context())
		if err == nil && len(users) == 0 {
			t.Errorf("page %d: the user is gone and nobody says so", page/4096)
		}
		must(t, s.Close())
	}
	if pages := len(good) / 4096; refusals < pages/4 {
		t.Errorf("of %d damaged pages %d were refused", pages, refusals)
	}
}

func TestLostPages(t *testing.T) {
	dir := closed(t)
	name := filepath.Join(dir, "state.db")
	good, err := os.ReadFile(name)
	must(t, err)
	for page := 0; page < len(good); page += 4096 {
		for what, lose := range map[string]func([]byte){
			"zeros": func(b []byte) { clear(b) },
			"flipped": func(b []byte) {
				for i := range b {
					b[i] = ^b[i]
				}
			},
			"moved": func(b []byte) { copy(b, good[(page+4096)%len(good):]) },
		} {
			bad := append([]byte(nil), good...)
			lose(bad[page : page+4096])
			if bytes.Equal(bad, good) { // two empty pages
				continue
			}
			must(t, os.WriteFile(name, bad, 0o600))
			if s, err := store.Open(t.Context(), dir); !errors.Is(err, store.ErrDamaged) {
				t.Errorf("page %d %s: %v", page/4096, what, err)
				if err == nil {
					s.Close()
				}
			}
		}
	}
}

func TestFolderOfItsOwn(t *testing.T) {
	dir := folder(t)
	s := open(t, dir)
	fill(t, s)
	for name, want := range map[string]os.FileMode{"": 0o700, "key": 0o600, "state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%q has mode %04o", name, info.Mode().Perm())
		}
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) != 4 {
		t.Errorf("left in the folder: %v", entries)
	}
}

func TestLeftoversAreSwept(t *testing.T) {
	dir := closed(t)
	old := time.Now().Add(-2 * time.Hour)
	for name, at := range map[string]time.Time{".state.db.new-OLD": old, ".state.db.new-OLD-wal": old, ".key.new-OLD": old, ".room-1": old, ".key.new-YOUNG": time.Now(), "mine.new-x": old, ".hidden": old} {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
		must(t, os.Chtimes(filepath.Join(dir, name), at, at))
	}
	must(t, open(t, dir).Close())
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != ".hidden .key.new-YOUNG key mine.new-x state.db" {
		t.Error(got)
	}
}

func TestWhatIsOpenToOthers(t *testing.T) {
	t.Run("key", func(t *testing.T) {
		for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o644} {
			dir := closed(t)
			must(t, os.Chmod(filepath.Join(dir, "key"), mode))
			refused(t, dir, store.ErrUnsafe, "chmod 600")
		}
	})
	t.Run("folder", func(t *testing.T) {
		dir := closed(t)
		must(t, os.Chmod(dir, 0o777))
		refused(t, dir, store.ErrUnsafe, "chmod 700")
		must(t, os.Chmod(dir, 0o755)) // others see names, no more
		open(t, dir)
	})
	t.Run("database", func(t *testing.T) {
		dir := closed(t)
		name := filepath.Join(dir, "state.db")
		must(t, os.Chmod(name, 0o644))
		open(t, dir)
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	})
}

func TestFolderIsAFile(t *testing.T) {
	dir := folder(t)
	must(t, os.WriteFile(dir, nil, 0o600))
	if _, err := store.Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v", err)
	}
}

func TestNamesThatMeanSomethingToSQLite(t *testing.T) {
	for _, name := range []string{"a?mode=memory", "b%20c", "d#e", "ü ö", "x&_pragma=foreign_keys(0)"} {
		dir := filepath.Join(t.TempDir(), name)
		s := open(t, dir)
		fill(t, s)
		if _, err := os.Stat(filepath.Join(dir, "state.db")); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}
