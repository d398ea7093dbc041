package store_test

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"framegate/gateway/secret"
	"framegate/gateway/store"
)

func TestMain(m *testing.M) {
	if role := os.Getenv("FRAMEGATE_TEST_STORE_ROLE"); role != "" {
		os.Exit(playRole(role))
	}
	goleak.VerifyTestMain(m)
}

// folder gives the name of a folder that does not exist yet.
func folder(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "data")
}

// open opens a store that is closed at the end of the test at the latest.
func open(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// raw opens the database past the store.
func raw(t *testing.T, dir string) *sql.DB {
	t.Helper()
	file := url.URL{Scheme: "file", Path: filepath.Join(dir, "state.db"), RawQuery: "mode=rw"}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// closed makes a folder with a store that was used and closed.
func closed(t *testing.T) string {
	t.Helper()
	dir := folder(t)
	s, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fill puts something of everything into a store.
func fill(t *testing.T, s *store.Store) store.User {
	t.Helper()
	ctx := t.Context()
	user, err := s.AddUser(ctx, store.User{Name: "anna", Password: "hash", Grants: []store.Grant{{Action: "admin"}, {Camera: "front", Action: "view"}}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		id := "cam-" + string(rune('a'+i%26)) + string(rune('a'+i/26))
		if _, err := s.AddCamera(ctx, store.Camera{ID: id, Document: make([]byte, 500), Secret: secret.New("canary-camera")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.AddToken(ctx, store.Token{Name: "nvr", Hash: []byte("token"), Grants: []store.Grant{{Camera: "*", Action: "view"}}}, secret.New("canary-token")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddSession(ctx, store.Session{Hash: []byte("session"), User: user.ID}, 10); err != nil {
		t.Fatal(err)
	}
	must(t, s.SetPreferences(ctx, user.ID, []byte(`{"order": []}`)))
	if _, err := s.SecretOrSet(ctx, "links", secret.New("canary-links")); err != nil {
		t.Fatal(err)
	}
	must(t, s.SetSettings(ctx, nil, map[string]string{"limits.viewers": `["3"]`}))
	if _, err := s.AddNotified(ctx, store.Notified{Name: "webhook/ops", Document: []byte("{}"), Secret: secret.New("canary-webhook")}); err != nil {
		t.Fatal(err)
	}
	return user
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
