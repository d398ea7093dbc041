package store_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"framegate/gateway/secret"
	"framegate/gateway/store"
)

func TestSecretOrSetIsTheSameForAll(t *testing.T) {
	dir := folder(t)
	var mu sync.Mutex
	got := make(map[secret.Text]int)
	var race sync.WaitGroup
	for i := range 4 {
		s := open(t, dir)
		race.Go(func() {
			secret, err := s.SecretOrSet(t.Context(), "k", secret.New(fmt.Sprint("secret", i)))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got[secret]++
		})
	}
	race.Wait()
	if len(got) != 1 {
		t.Errorf("%d different secrets", len(got))
	}
}

func TestSecretsAreNowhereInClear(t *testing.T) {
	dir := folder(t)
	s := open(t, dir)
	fill(t, s)
	look := func(when string) {
		t.Helper()
		for _, name := range []string{"state.db", "state.db-wal"} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			if bytes.Contains(b, []byte("canary")) {
				t.Errorf("%s: a secret is in %s", when, name)
			}
		}
	}
	// A copy made by another process, since this one would lose SQLite's locks by
	// closing the files it reads.
	for _, name := range []string{"state.db", "state.db-wal"} {
		copied, err := exec.Command("cat", filepath.Join(dir, name)).Output()
		must(t, err)
		if len(copied) == 0 || bytes.Contains(copied, []byte("canary")) {
			t.Errorf("a secret is in %s, or nothing at all", name)
		}
	}
	must(t, s.Close())
	look("closed")
	b, err := os.ReadFile(filepath.Join(dir, "state.db"))
	must(t, err)
	if !bytes.Contains(b, []byte("cam-aa")) {
		t.Error("the database is not where it was looked for")
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	var out bytes.Buffer
	c := store.Camera{Secret: secret.New("canary")}
	for _, v := range []any{c, &c, c.Secret, &c.Secret} {
		fmt.Fprintf(&out, "%v %+v %#v %s %q %x %d\n", v, v, v, v, v, v, v)
		b, err := json.Marshal(v)
		must(t, err)
		out.Write(b)
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "v", v)
	}
	if strings.Contains(out.String(), "canary") || strings.Contains(out.String(), fmt.Sprintf("%x", "canary")) {
		t.Errorf("a secret shows in %s", out.String())
	}
	if !strings.Contains(out.String(), "<redacted>") {
		t.Error("nothing says that something was left out")
	}
}

// TestSecretIsBoundToItsPlace moves a sealed password to another camera, and a text to
// another token, as somebody with the database but not the key could.
func TestSecretIsBoundToItsPlace(t *testing.T) {
	dir := closed(t)
	db := raw(t, dir)
	_, err := db.Exec("UPDATE cameras SET secret = (SELECT secret FROM cameras WHERE id = 'cam-aa') WHERE id = 'cam-ba'")
	must(t, err)
	s := open(t, dir)
	_, err = s.AddToken(t.Context(), store.Token{Name: "other", Hash: []byte("other")}, secret.New("x"))
	must(t, err)
	if text, err := s.TokenText(t.Context(), "NVR"); err != nil || text.Reveal() != "canary-token" {
		t.Errorf("the text is %d bytes, %v", len(text.Reveal()), err)
	}
	_, err = db.Exec("UPDATE tokens SET text = (SELECT text FROM tokens WHERE name = 'nvr') WHERE name = 'other'")
	must(t, err)
	if _, err := s.TokenText(t.Context(), "other"); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("of another token: %v", err)
	}
	if _, err := s.Camera(t.Context(), "cam-aa"); err != nil {
		t.Error(err)
	}
	if _, err := s.Camera(t.Context(), "cam-ba"); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("%v", err)
	}
}
