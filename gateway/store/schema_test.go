package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// tables lists what is in a database, with its version.
func tables(t *testing.T, s *Store) (names []string, version int) {
	t.Helper()
	names, err := collect(t.Context(), s.db, func(row scanner) (name string, err error) {
		err = row.Scan(&name)
		return name, err
	}, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.row(t.Context(), "PRAGMA user_version").Scan(&version); err != nil {
		t.Fatal(err)
	}
	return names, version
}

func TestMigration(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before, version := tables(t, s)
	if version != len(migrations) {
		t.Fatalf("a new database has version %d", version)
	}

	bad := append(slices.Clone(migrations), "CREATE TABLE one (a) ", "CREATE TABLE two (a); CREATE TABLE users (a)")
	if err := migrate(ctx, s.db, "x", bad); err == nil {
		t.Error("a migration that fails says nothing")
	}
	if names, version := tables(t, s); !slices.Equal(names, before) || version != len(migrations) {
		t.Errorf("a migration that failed left version %d with %v", version, names)
	}

	good := append(slices.Clone(migrations), "CREATE TABLE one (a)", "CREATE TABLE two (a)")
	for range 2 {
		if err := migrate(ctx, s.db, "x", good); err != nil {
			t.Fatal(err)
		}
		if names, version := tables(t, s); !slices.Contains(names, "two") || version != len(migrations)+2 {
			t.Errorf("version %d with %v", version, names)
		}
	}
	if err := migrate(ctx, s.db, "x", migrations); !errors.Is(err, ErrNewer) {
		t.Errorf("%v", err)
	}
}

// A user of a database from before that was kept is not told to have the
// password of the first start, nor a token to be sealed.
func TestLoginsFromBeforeStayAsTheyAre(t *testing.T) {
	ctx := t.Context()
	name := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := connect(name, busyTimeout)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const before = 4 // versions
	if err := migrate(ctx, db, "x", migrations[:before]); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO users (name, password, generation, created_ms) VALUES ('admin', 'x', 1, 1)"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO tokens (name, hash, created_ms, expires_ms, used_ms) VALUES ('nvr', x'01', 1, 0, 0)"); err != nil {
		t.Fatal(err)
	}
	if err := migrate(ctx, db, "x", migrations); err != nil {
		t.Fatal(err)
	}
	if token, err := scanToken(db.QueryRowContext(ctx, tokenColumns)); err != nil || token.Name != "nvr" || token.Sealed {
		t.Errorf("%+v, %v", token, err)
	}
	u, err := scanUser(db.QueryRowContext(ctx, userColumns))
	if err != nil || u.Name != "admin" || u.Password != "x" || u.First {
		t.Errorf("%+v, %v", u, err)
	}
}
