package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/secret"
	"framegate/gateway/store"
)

// TestEveryVersionIsBroughtUpToDate: what each Framegate of before wrote
// (testdata/vN.sql) is refused by who may change nothing, means after Open what it
// meant, and is then as if it had always been of this version.
func TestEveryVersionIsBroughtUpToDate(t *testing.T) {
	fresh := closed(t)
	present := number(t, raw(t, fresh), "PRAGMA user_version")
	want := schema(t, raw(t, fresh))
	for version := 1; version <= present; version++ {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			dir := written(t, version)
			before := contentOf(t, dir)
			s, err := store.OpenAsItIs(t.Context(), dir)
			switch {
			case version < present && !errors.Is(err, store.ErrOlder):
				t.Errorf("as it is: %v", err)
			case version == present && err != nil:
				t.Error(err)
			case err == nil:
				must(t, s.Close())
			}
			if !bytes.Equal(contentOf(t, dir), before) {
				t.Error("who was to change nothing did")
			}
			for range 2 { // the second time it is up to date
				s := open(t, dir)
				means(t, s, version)
				must(t, s.Close())
			}
			db := raw(t, dir)
			if got := schema(t, db); !slices.Equal(got, want) {
				t.Errorf("its tables are\n%s\nand those of a new one\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if got := number(t, db, "PRAGMA user_version"); got != present {
				t.Errorf("it is of version %d", got)
			}
			must(t, db.Close())
			user, err := open(t, dir).AddUser(t.Context(), store.User{Name: "bert", Password: "hash", Grants: []store.Grant{{Action: "admin"}}})
			if err != nil || user.ID != 4 { // 3 was somebody's who is gone
				t.Errorf("%+v, %v", user, err)
			}
		})
	}
}

// written makes a data folder of a fixture.
func written(t *testing.T, version int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("testdata/v%d.sql", version))
	if err != nil {
		t.Fatalf("a version needs a fixture, written by the last commit before the next: %v", err)
	}
	lines := strings.SplitN(string(text), "\n", 3)
	dir := folder(t)
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "key"), []byte(strings.TrimPrefix(lines[1], "-- ")+"\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "state.db"), nil, 0o600))
	db := raw(t, dir)
	_, err = db.Exec(lines[2])
	must(t, err)
	must(t, db.Close())
	return dir
}

// means holds a store to what all fixtures have, and those from a version on.
func means(t *testing.T, s *store.Store, version int) {
	t.Helper()
	ctx := context.Background()
	same := func(what string, got any, err error, want any) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) || err != nil {
			t.Errorf("%s: %v, %v; want %v", what, got, err, want)
		}
	}
	from := func(first int, then any) any { // or nothing
		if version < first {
			return []string(nil)
		}
		return then
	}

	users, err := s.Users(ctx)
	var people []string
	for _, u := range users {
		people = append(people, fmt.Sprint(u.ID, u.Name, u.Password, u.Generation, u.First, u.Grants, u.Created.Year()))
	}
	same("users", strings.Join(people, "\n"), err, fmt.Sprint(
		1, "admin", "hash of the admin", 1, version >= 5, []store.Grant{{Action: "admin"}}, 2026)+"\n"+fmt.Sprint(
		2, "anna", "another hash of anna", 2, false, []store.Grant{{Camera: "*", Action: "playback"}, {Camera: "front", Action: "view"}}, 2026))

	tokens, err := s.Tokens(ctx)
	var programs []string
	for _, k := range tokens {
		programs = append(programs, fmt.Sprint(k.ID, k.Name, string(k.Hash), k.Sealed, k.Grants, k.Expires.Year(), k.Used.Year()))
	}
	all := []string{
		fmt.Sprint(1, "nvr", "hash of nvr", false, []store.Grant{{Camera: "*", Action: "view"}}, 2126, map[bool]int{true: 2026, false: 1}[version >= 2]),
		fmt.Sprint(2, "prometheus", "hash of prometheus", false, []store.Grant{{Action: "metrics"}}, 1, 1),
	}
	if version >= 6 {
		all = append(all, fmt.Sprint(3, "recorder", "hash of recorder", true, []store.Grant{{Camera: "front", Action: "view"}}, 1, 1))
		text, err := s.TokenText(ctx, "recorder")
		same("the sealed token", text.Reveal(), err, "a sealed token")
	}
	same("tokens", strings.Join(programs, "\n"), err, strings.Join(all, "\n"))

	session, err := s.SessionOf(ctx, []byte("session"))
	same("session", []any{session.ID, session.User, session.Address, session.Agent, session.Expires.Year()}, err, []any{1, 2, "192.0.2.1", "Firefox", 2126})
	places, err := s.Places(ctx)
	var networks []string
	for _, p := range places {
		networks = append(networks, p.Name+" "+p.Network+" "+p.Seen.UTC().Format(time.DateOnly))
	}
	same("places", networks, err, from(2, []string{"anna 192.0.2.0/24 2026-11-20"}))
	links, err := s.Links(ctx)
	var dashboards []string
	for _, l := range links {
		dashboards = append(dashboards, fmt.Sprint(l.ID, l.Name, l.Camera, l.Action, l.Maker, l.Expires.IsZero()))
	}
	same("links", dashboards, err, from(3, []string{fmt.Sprint(1, "dashboard", "front", "view", "user:admin", true)}))
	preferences, err := s.Preferences(ctx, 2)
	same("preferences", string(preferences), err, map[bool]string{true: `{"wall":{"order":["front","phone"]}}`}[version >= 4])

	kept, err := s.Settings(ctx)
	same("settings", kept, err, map[bool]map[string]string{true: {"limits.viewers": `["3"]`}}[version >= 7])

	notified, err := s.AllNotified(ctx)
	var told []string
	for _, n := range notified {
		told = append(told, fmt.Sprint(n.Name, string(n.Document), n.Secret.Reveal(), n.Revision))
	}
	same("who is told of what happens", told, err, from(8, []string{`webhook/ops{"events":["camera_offline"]}{"url":"https://example.org/hook"}2`, `mqtt{"url":"mqtt://192.168.1.5:1883"}3`}))

	cameras, err := s.Cameras(ctx)
	var documents []string
	for _, c := range cameras {
		documents = append(documents, c.ID+" "+string(c.Document)+" "+c.Secret.Reveal())
	}
	same("cameras", strings.Join(documents, "\n"), err, `front {"name":"Front","source":"rtsp://192.168.1.20:554/stream1","username":"viewer","keep":"always","record":{"mode":"continuous"}} the camera's password`+
		"\n"+`phone {"name":"A phone","source":"upload:"} `)
	key, err := s.SecretOrSet(ctx, "links", secret.New("another"))
	same("the key of links", key.Reveal(), err, "the key of links")
}

// schema lists all tables, indexes and triggers of a database.
func schema(t *testing.T, db *sql.DB) (all []string) {
	t.Helper()
	rows, err := db.Query("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var line string
		must(t, rows.Scan(&line))
		all = append(all, line)
	}
	must(t, rows.Err())
	return all
}

// number asks for a number.
func number(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	must(t, db.QueryRow(query).Scan(&n))
	return n
}

// contentOf gives the bytes of a database.
func contentOf(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "state.db"))
	must(t, err)
	return b
}
