//go:build linux

package store_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/store"
)

// process starts this binary in a role.
func process(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, "/proc/self/exe")
	c.Env = append(os.Environ(), "FRAMEGATE_TEST_STORE_ROLE="+role, "FRAMEGATE_TEST_STORE_DIR="+dir)
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c
}

// TestKilledWhileWriting kills a writer again and again. What it said it wrote
// has to be there, and each user with all of its grants or with none.
func TestKilledWhileWriting(t *testing.T) {
	rounds := 30
	if testing.Short() {
		rounds = 3
	}
	dir := folder(t)
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	written, interrupted := 0, 0
	for round := range rounds {
		// From within the making of the database to many writes after.
		after, delay := random.IntN(10), time.Duration(random.IntN(10_000))*time.Microsecond
		if round%3 == 0 {
			after, delay = 0, time.Duration(random.IntN(150))*time.Millisecond
		}
		last := killedWriter(t, dir, after, delay)
		if _, err := os.Stat(filepath.Join(dir, "state.db")); errors.Is(err, os.ErrNotExist) {
			continue // killed before there was anything
		}
		s := open(t, dir)
		users, err := s.Users(t.Context())
		must(t, err)
		if last != "" {
			n, err := strconv.Atoi(last)
			must(t, err)
			if len(users) <= n {
				t.Fatalf("user %d was written, and there are %d", n, len(users))
			}
			if len(users) > n+1 {
				interrupted++
			}
		}
		for i, u := range users {
			partial := len(u.Grants) != 100 && (len(u.Grants) != 0 || i != len(users)-1 && !wasLastOnce(u))
			if partial {
				t.Fatalf("user %s has %d grants", u.Name, len(u.Grants))
			}
		}
		written = len(users)
		must(t, s.Close())
	}
	t.Logf("%d users written in %d lives, %d times there was one more than was told", written, rounds, interrupted)
	if written == 0 {
		t.Error("nothing was ever written")
	}
}

// wasLastOnce says of a user that it may have been the last before a kill,
// between two writes: of those the writer takes all grants for a moment.
func wasLastOnce(u store.User) bool {
	n, err := strconv.Atoi(u.Name)
	return err == nil && n%3 == 0
}

// killedWriter runs a writer and kills it a while after it said that it wrote so
// many users. It gives the last user that it said it wrote, or "".
func killedWriter(t *testing.T, dir string, users int, delay time.Duration) (last string) {
	t.Helper()
	writer := process(t, "write", dir)
	stdout, err := writer.StdoutPipe()
	must(t, err)
	must(t, writer.Start())
	killLater := func() { time.AfterFunc(delay, func() { writer.Process.Kill() }) }
	if users == 0 {
		killLater()
	}
	said := 0
	for lines := bufio.NewScanner(stdout); lines.Scan(); { // until it is killed
		if _, err := strconv.Atoi(lines.Text()); err != nil {
			t.Errorf("the writer says: %s", lines.Text())
			continue
		}
		last = lines.Text()
		if said++; said == users {
			killLater()
		}
	}
	writer.Wait()
	return last
}

func TestOtherProcessIsSeen(t *testing.T) {
	dir := folder(t)
	s := open(t, dir)
	fill(t, s)
	access, cameras := revisions(t, s)
	said, err := process(t, "revoke", dir).Output()
	if err != nil || string(said) != "<nil>\n" {
		t.Fatalf("%s, %v", said, err)
	}
	if _, err := s.TokenOf(t.Context(), []byte("token")); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("the token: %v", err)
	}
	if now, _ := revisions(t, s); now <= access {
		t.Errorf("access revision stays at %d", now)
	}
	if said, err := process(t, "change", dir).Output(); err != nil || string(said) != "<nil>\n" {
		t.Fatalf("%s, %v", said, err)
	}
	if _, now := revisions(t, s); now <= cameras {
		t.Errorf("cameras revision stays at %d", now)
	}
}

// TestManyProcessesStartAnew lets several processes find nothing at once: they
// have to agree on one key and one database.
func TestManyProcessesStartAnew(t *testing.T) {
	dir := folder(t)
	var all []*exec.Cmd
	var outputs []io.ReadCloser
	for range 4 {
		c := process(t, "open", dir)
		out, err := c.StdoutPipe()
		must(t, err)
		must(t, c.Start())
		all, outputs = append(all, c), append(outputs, out)
	}
	for i, c := range all {
		said, _ := io.ReadAll(outputs[i])
		if err := c.Wait(); err != nil || string(said) != "<nil>\n" {
			t.Errorf("%s, %v", said, err)
		}
	}
	s := open(t, dir)
	fill(t, s)
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) != 4 {
		t.Errorf("left in the folder: %v", entries)
	}
}

// mounted gives a file system of its own of a size, or skips.
func mounted(t *testing.T, size string) (dir string, remount func(options string)) {
	t.Helper()
	at := t.TempDir()
	if err := syscall.Mount("framegate-test", at, "tmpfs", 0, "size="+size+",mode=700"); err != nil {
		t.Skip("mounting needs rights that this user does not have: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(at, syscall.MNT_DETACH) })
	return filepath.Join(at, "data"), func(options string) {
		t.Helper()
		var flags uintptr = syscall.MS_REMOUNT
		if options == "ro" {
			flags |= syscall.MS_RDONLY
		}
		must(t, syscall.Mount("framegate-test", at, "tmpfs", flags, ""))
	}
}

func TestFullDisk(t *testing.T) {
	dir, _ := mounted(t, "2m")
	s := open(t, dir)
	fill(t, s)
	must(t, os.WriteFile(filepath.Join(dir, "ballast"), nil, 0o600))
	f, err := os.OpenFile(filepath.Join(dir, "ballast"), os.O_WRONLY, 0)
	must(t, err)
	for { // until nothing fits any more
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			break
		}
	}
	must(t, f.Close())

	before, err := s.Users(t.Context())
	must(t, err)
	var full error
	for i := 0; full == nil && i < 100; i++ { // the log may have room of its own
		_, full = s.SetCamera(t.Context(), store.Camera{ID: "cam-aa", Document: make([]byte, 60000)})
	}
	if !errors.Is(full, store.ErrFull) || !strings.Contains(full.Error(), dir) || !strings.Contains(full.Error(), "free some space") {
		t.Errorf("%v", full)
	}
	after, err := s.Users(t.Context())
	if err != nil || len(after) != len(before) {
		t.Errorf("reading on a full disk: %d of %d, %v", len(after), len(before), err)
	}
	must(t, os.Remove(filepath.Join(dir, "ballast")))
	if _, err := s.SetCamera(t.Context(), store.Camera{ID: "cam-aa", Document: []byte("fits")}); err != nil {
		t.Errorf("with room again: %v", err)
	}
	must(t, s.Close())
	if c, err := open(t, dir).Camera(t.Context(), "cam-aa"); err != nil || string(c.Document) != "fits" {
		t.Errorf("%s, %v", c.Document, err)
	}
}

func TestFullDiskAtFirstStart(t *testing.T) {
	dir, _ := mounted(t, "16k")
	_, err := store.Open(t.Context(), dir)
	if !errors.Is(err, store.ErrFull) || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "state.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a database: %v", err)
	}
}

func TestReadOnlyDisk(t *testing.T) {
	dir, remount := mounted(t, "2m")
	if _, err := os.Stat(filepath.Dir(dir)); err != nil {
		t.Fatal(err)
	}
	remount("ro")
	if _, err := store.Open(t.Context(), dir); !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), dir) {
		t.Errorf("an empty disk: %v", err)
	}
	remount("rw")
	s, err := store.Open(t.Context(), dir)
	must(t, err)
	fill(t, s)
	must(t, s.Close())
	remount("ro")
	refused(t, dir, store.ErrReadOnly, "read-only")
}

// TestOtherUsersFolder opens the folder of one user as another, who may not
// write to it.
func TestOtherUsersFolder(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	dir := closed(t)
	for d := dir; d != "/" && d != "."; d = filepath.Dir(d) {
		if info, err := os.Stat(d); err == nil && info.Mode().Perm()&0o055 != 0o055 && strings.HasPrefix(d, os.TempDir()+"/") {
			must(t, os.Chmod(d, 0o755))
		}
	}
	c := process(t, "open", dir)
	c.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	said, err := c.Output()
	if err != nil {
		t.Skip("the test binary cannot be run as another user: ", err)
	}
	if !strings.Contains(string(said), dir) || !strings.Contains(string(said), "run this as the user") {
		t.Errorf("%s", said)
	}
}
