package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"framegate/gateway/backup"
	"framegate/gateway/certs"
	"framegate/gateway/secret"
	"framegate/gateway/store"
)

// used makes a data folder with something of everything.
func used(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	s := open(t, data)
	if _, err := s.AddUser(t.Context(), store.User{Name: "anna", Password: "hash", Grants: []store.Grant{{Action: "admin"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddCamera(t.Context(), store.Camera{ID: "front", Document: []byte("{}"), Secret: secret.New("canary")}); err != nil {
		t.Fatal(err)
	}
	if _, err := certs.OpenAuthority(filepath.Join(data, "tls"), func() []string { return nil }); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(data, "acme", "example.org"), "a certificate")
	write(t, filepath.Join(data, "acme", ".example.org123"), "half a certificate")
	write(t, filepath.Join(data, "cluster", "node.key"), "a key")
	write(t, filepath.Join(data, "cluster", "revoked"), "a list")
	write(t, filepath.Join(data, "cluster", "ca.count"), "3")
	write(t, filepath.Join(data, "cluster", "life"), "7")
	write(t, filepath.Join(data, "exports", "film.mp4"), "a film")
	return data
}

func open(t *testing.T, data string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// backedUp gives a backup.
func backedUp(t *testing.T, data string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := backup.Write(t.Context(), data, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tree gives the names and modes of all files of a folder that are not SQLite's own.
func tree(t *testing.T, data string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(data, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(name, "-wal") || strings.Contains(name, "-shm") {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			fmt.Fprintf(&b, "%s %o\n", strings.TrimPrefix(name, data), info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWhatIsRestoredIsWhatWasBackedUp(t *testing.T) {
	data := used(t) // which is in use
	before := tree(t, data)
	restored := filepath.Join(t.TempDir(), "a", "folder")
	if err := backup.Read(t.Context(), restored, bytes.NewReader(backedUp(t, data))); err != nil {
		t.Fatal(err)
	}
	if after := tree(t, data); after != before {
		t.Errorf("the data folder has\n%s\nand had\n%s", after, before)
	}
	const want = "/acme/example.org 600\n/cluster/ca.count 600\n/cluster/node.key 600\n/cluster/revoked 600\n/key 600\n/state.db 600\n/tls/ca.crt 600\n/tls/ca.key 600\n"
	if got := tree(t, restored); got != want {
		t.Errorf("restored is\n%s\nnot\n%s", got, want)
	}
	for _, name := range []string{"key", "tls/ca.crt", "tls/ca.key", "acme/example.org", "cluster/node.key", "cluster/revoked", "cluster/ca.count"} {
		a, err1 := os.ReadFile(filepath.Join(data, name))
		b, err2 := os.ReadFile(filepath.Join(restored, name))
		if err1 != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs: %v, %v", name, err1, err2)
		}
	}
	s := open(t, restored)
	users, err1 := s.Users(t.Context())
	cameras, err2 := s.Cameras(t.Context())
	if err1 != nil || err2 != nil || len(users) != 1 || users[0].Name != "anna" || len(cameras) != 1 || cameras[0].Secret.Reveal() != "canary" {
		t.Errorf("restored are %v, %v, %v, %v", users, cameras, err1, err2)
	}
	if _, err := s.AddUser(t.Context(), store.User{Name: "ben", Password: "hash"}); err != nil {
		t.Error("it cannot be written:", err)
	}
}

// TestWhatRootRestoresIsTheServers, as whom it runs: nobody else could read it.
func TestWhatRootRestoresIsTheServers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("it takes root")
	}
	b, restored := backedUp(t, used(t)), t.TempDir()
	const server = 12345
	if err := os.Chown(restored, server, server); err != nil {
		t.Fatal(err)
	}
	if err := backup.Read(t.Context(), restored, bytes.NewReader(b)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(restored, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		about, err := entry.Info()
		if owner := about.Sys().(*syscall.Stat_t); owner.Uid != server || owner.Gid != server {
			t.Errorf("%s is of %d:%d", name, owner.Uid, owner.Gid)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFoldersMayBeRelative, as the data folder beside a configuration in this folder is.
func TestFoldersMayBeRelative(t *testing.T) {
	t.Chdir(filepath.Dir(used(t)))
	if err := backup.Read(t.Context(), "restored", bytes.NewReader(backedUp(t, "data"))); err != nil {
		t.Fatal(err)
	}
	if users, err := open(t, "restored").Users(t.Context()); err != nil || len(users) != 1 {
		t.Errorf("restored are %v, %v", users, err)
	}
}

// TestBackupsAreOfOneMoment makes them while users come, each with two grants.
func TestBackupsAreOfOneMoment(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := open(t, data)
	ctx, cancel := context.WithCancel(t.Context())
	written := make(chan error, 1)
	go func() {
		for n := 0; ; n++ {
			_, err := s.AddUser(ctx, store.User{Name: fmt.Sprint("user-", n), Password: "hash", Grants: []store.Grant{{Action: "view", Camera: "a"}, {Action: "view", Camera: "b"}}})
			if err != nil {
				written <- err
				return
			}
		}
	}()
	most := 0
	for range 5 {
		restored := filepath.Join(t.TempDir(), "data")
		if err := backup.Read(t.Context(), restored, bytes.NewReader(backedUp(t, data))); err != nil {
			t.Fatal(err)
		}
		users, err := open(t, restored).Users(t.Context())
		if err != nil || len(users) < most {
			t.Fatalf("%d users, after %d: %v", len(users), most, err)
		}
		most = len(users)
		for _, user := range users {
			if len(user.Grants) != 2 {
				t.Fatalf("%s has %v", user.Name, user.Grants)
			}
		}
	}
	cancel()
	if err := <-written; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestFilesAreReplacedWhole(t *testing.T) {
	data, name := used(t), filepath.Join(t.TempDir(), "backup.tar")
	for range 2 {
		if err := backup.WriteFile(t.Context(), data, name); err != nil {
			t.Fatal(err)
		}
	}
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(data, "key")); err != nil {
		t.Fatal(err)
	}
	if err := backup.WriteFile(t.Context(), data, name); !errors.Is(err, store.ErrKey) {
		t.Error("without a key:", err)
	}
	if now, err := os.ReadFile(name); err != nil || !bytes.Equal(now, good) {
		t.Error("the last good backup is gone", err)
	}
	if got := tree(t, filepath.Dir(name)); got != "/backup.tar 600\n" {
		t.Errorf("beside it is %s", got)
	}
}

func TestNothingIsBackedUpWhereNothingIs(t *testing.T) {
	empty := t.TempDir()
	for _, data := range []string{empty, filepath.Join(empty, "nowhere")} {
		if err := backup.Write(t.Context(), data, io.Discard); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", data, err)
		}
	}
	if got := tree(t, empty); got != "" {
		t.Error("it made", got)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	data := used(t)
	whole := backedUp(t, data)
	for _, name := range []string{"key", "state.db", "state.db-wal", "tls"} {
		taken := t.TempDir()
		write(t, filepath.Join(taken, name), "mine")
		err := backup.Read(t.Context(), taken, bytes.NewReader(whole))
		if err == nil || !strings.Contains(err.Error(), filepath.Join(taken, name)+" is there already") {
			t.Errorf("where %s is there: %v", name, err)
		}
		if content, err := os.ReadFile(filepath.Join(taken, name)); err != nil || string(content) != "mine" {
			t.Errorf("%s is %q, %v", name, content, err)
		}
	}
}

// archive makes one of names with contents.
func archive(t *testing.T, entries ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, header := range entries {
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, header.Size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func compress(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(content)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decompress(t *testing.T, content []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// TestBadBackupsAreRefused: whatever is restored, nothing is left of it.
func TestBadBackupsAreRefused(t *testing.T) {
	data := used(t)
	whole := backedUp(t, data)
	plain := decompress(t, whole)
	huge := archive(t, tar.Header{Name: "key"})
	copy(huge[124:136], "77777777777\x00") // the size, of which nothing follows
	many := make([]tar.Header, 1001)
	for i := range many {
		many[i] = tar.Header{Name: fmt.Sprint("acme/", i), Typeflag: tar.TypeReg}
	}
	otherKey := mustRead(t, filepath.Join(used(t), "key"))
	damaged := bytes.Clone(whole)
	damaged[len(damaged)/2] ^= 1
	cases := map[string][]byte{
		"empty":      nil,
		"no archive": []byte(strings.Repeat("no archive ", 200)),
		"damaged":    damaged,
		"plain":      plain,
	}
	for name, archive := range map[string][]byte{
		"no archive within": []byte(strings.Repeat("no archive ", 200)),
		"a path upwards":    archive(t, tar.Header{Name: "acme/../../../key", Typeflag: tar.TypeReg}),
		"an absolute path":  archive(t, tar.Header{Name: "/key", Typeflag: tar.TypeReg}),
		"a link":            archive(t, tar.Header{Name: "key", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}),
		"something else":    archive(t, tar.Header{Name: "exports/film.mp4", Typeflag: tar.TypeReg, Size: 10}),
		"a key twice":       archive(t, tar.Header{Name: "key", Typeflag: tar.TypeReg}, tar.Header{Name: "key", Typeflag: tar.TypeReg}),
		"a key alone":       archive(t, tar.Header{Name: "key", Typeflag: tar.TypeReg, Size: 64}),
		"a lie about size":  huge,
		"too many files":    archive(t, many...),
		"another key":       bytes.Replace(plain, mustRead(t, filepath.Join(data, "key")), otherKey, 1),
		"another header":    bytes.Replace(plain, []byte("SQLite format 3"), []byte("SQLite format 4"), 1),
		"much behind it":    append(bytes.Clone(plain), make([]byte, 2<<20)...),
	} {
		cases[name] = compress(t, archive)
	}
	for n := 0; n < len(whole); n += 1 + len(whole)/20 {
		cases[fmt.Sprintf("cut off at %d", n)] = whole[:n]
	}
	cases["cut off before its sum"] = whole[:len(whole)-8]
	for name, content := range cases {
		restored := filepath.Join(t.TempDir(), "data")
		if err := backup.Read(t.Context(), restored, bytes.NewReader(content)); err == nil {
			t.Errorf("%s: it is restored", name)
		}
		if got := tree(t, restored); got != "" {
			t.Errorf("%s: left is %s", name, got)
		}
	}
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
