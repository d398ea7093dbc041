package store

import (
	"context"
	"errors"
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
