package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"framegate/gateway/secret"
)

// usedStep is how exactly nodes tell each other when something was last used.
const usedStep = time.Hour

// kind says what a column holds, and how it stands in JSON.
type kind int

const (
	number   kind = iota // an integer
	optional             // an integer, or NULL
	text
	bytes64 // bytes, in base64
	sealed  // bytes that the key of this store seals, or NULL; as the text in them
)

type column struct {
	name string
	kind kind
}

// table is one whose rows all nodes have in common. The first column is its key.
type table struct {
	name    string
	columns []column
	where   string                 // which rows; "" for all
	place   func(row []any) string // in which the sealed column is
	used    string                 // the column that says when a row was last used, which only grows; "" for none
	grants  string                 // the table of grants that belong to a row; "" for none
	owner   string                 // the column of that table that names the row
	of      int                    // the column that is a user's number; 0 for none
}

// commonTables are in an order in which rows can be added. Where users logged in, which
// bounds what strangers may try, is each node's own.
var commonTables = []table{
	{name: "secrets", columns: []column{{"name", text}, {"value", sealed}}, where: "name <> '" + keyCheckName + "'", place: func(row []any) string { return secretPlace(row[0].(string)) }},
	{name: "cameras", columns: []column{{"id", text}, {"document", bytes64}, {"secret", sealed}, {"revision", number}, {"created_ms", number}, {"changed_ms", number}},
		place: func(row []any) string { return cameraPlace(row[0].(string)) }},
	{name: "users", columns: []column{{"id", number}, {"name", text}, {"password", text}, {"generation", number}, {"created_ms", number}, {"first", number}}, grants: "user_grants", owner: "user"},
	{name: "tokens", columns: []column{{"id", number}, {"name", text}, {"hash", bytes64}, {"created_ms", number}, {"expires_ms", number}, {"text", sealed}}, used: "used_ms",
		place: func(row []any) string { return tokenPlace(row[2].([]byte)) }, grants: "token_grants", owner: "token"},
	{name: "sessions", columns: []column{{"id", number}, {"hash", bytes64}, {"user", number}, {"created_ms", number}, {"expires_ms", number}, {"address", text}, {"agent", text}}, of: 2, used: "seen_ms"},
	{name: "logins", columns: []column{{"hash", bytes64}, {"user", number}, {"expires_ms", number}}, of: 1},
	{name: "links", columns: []column{{"id", number}, {"name", text}, {"camera", text}, {"action", text}, {"maker", text}, {"created_ms", number}, {"expires_ms", number}}, used: "used_ms"},
	{name: "preferences", columns: []column{{"owner", number}, {"user", optional}, {"document", bytes64}}, of: 1},
	{name: "settings", columns: []column{{"key", text}, {"value", text}}},
	{name: "notified", columns: []column{{"name", text}, {"revision", number}, {"document", bytes64}, {"secret", sealed}, {"created_ms", number}, {"changed_ms", number}},
		place: func(row []any) string { return notifiedPlace(row[0].(string)) }},
}

// sequence is the table of SQLite with the numbers that were given last, which are
// never given again.
const sequence = "sqlite_sequence"

// counted are the tables whose rows have such numbers. Those of sessions are drawn by
// lot, since logins are possible at nodes that do not reach each other.
var counted = []string{"users", "tokens", "links"}

// rows are what nodes have in common: by table and key what is in a row, as JSON.
type rows map[string]json.RawMessage

// dump reads all that nodes have in common.
func (s *Store) dump(ctx context.Context, tx *sql.Tx) (rows, error) {
	all := make(rows)
	for _, t := range commonTables {
		if err := s.dumpTable(ctx, tx, t, all); err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	found, err := tx.QueryContext(ctx, "SELECT name, seq FROM "+sequence)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for found.Next() {
		var name string
		var n int64
		if err := found.Scan(&name, &n); err != nil {
			return nil, err
		}
		if slices.Contains(counted, name) {
			all[sequence+"/"+name] = strconv.AppendInt(nil, n, 10)
		}
	}
	return all, found.Err()
}

// selection is the query for a table's rows, the last column of which are the grants.
func (t table) selection() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	query := "SELECT " + strings.Join(names, ", ")
	if t.grants != "" {
		query += fmt.Sprintf(", (SELECT json_group_array(json_array(camera, action)) FROM %s WHERE %s = %s.id)", t.grants, t.owner, t.name)
	}
	if t.used != "" {
		query += ", " + t.used
	}
	query += " FROM " + t.name
	if t.where != "" {
		query += " WHERE " + t.where
	}
	return query
}

func (s *Store) dumpTable(ctx context.Context, tx *sql.Tx, t table, all rows) error {
	found, err := tx.QueryContext(ctx, t.selection())
	if err != nil {
		return err
	}
	defer found.Close()
	width := t.width()
	if t.used != "" {
		width++
	}
	for found.Next() {
		row, to := make([]any, width), make([]any, width)
		for i := range row {
			to[i] = &row[i]
		}
		if err := found.Scan(to...); err != nil {
			return err
		}
		if err := s.dumpRow(t, row, all); err != nil {
			return err
		}
	}
	return found.Err()
}

// dumpRow puts a row as the database has it among all.
func (s *Store) dumpRow(t table, row []any, all rows) error {
	for i, c := range t.columns {
		b, _ := row[i].([]byte)
		if c.kind != sealed || row[i] == nil {
			continue
		}
		opened, err := s.opened(b, t.place(row))
		if err != nil {
			return err
		}
		row[i] = opened.Reveal()
	}
	if t.used != "" {
		at := row[len(row)-1].(int64)
		if at -= at % usedStep.Milliseconds(); at > 0 {
			all[usedKey+t.key(row[0])] = strconv.AppendInt(nil, at, 10)
		}
		row = row[:len(row)-1]
	}
	if t.grants != "" {
		grants, err := parseGrants(row[len(row)-1].(string)) // which sorts them
		if err != nil {
			return err
		}
		row[len(row)-1] = grants
	}
	as, err := json.Marshal(row) // bytes are in base64
	if err != nil {
		return err
	}
	all[t.key(row[0])] = as
	return nil
}

// width is how many values a row has as JSON.
func (t table) width() int {
	if t.grants != "" {
		return len(t.columns) + 1
	}
	return len(t.columns)
}

// key names a row of which this is the first column.
func (t table) key(first any) string {
	if b, ok := first.([]byte); ok {
		first = base64.RawURLEncoding.EncodeToString(b)
	}
	return fmt.Sprint(t.name, "/", first)
}

// parse reads a row that another node wrote: as the database takes it, but what is to
// be sealed, and its grants.
func (t table) parse(key string, as json.RawMessage) (row []any, grants []Grant, err error) {
	var parts []json.RawMessage
	if err := json.Unmarshal(as, &parts); err != nil {
		return nil, nil, err
	}
	if len(parts) != t.width() {
		return nil, nil, fmt.Errorf("%d columns, not %d", len(parts), t.width())
	}
	for i, c := range t.columns {
		v, err := c.parse(parts[i])
		if err != nil {
			return nil, nil, fmt.Errorf("column %s: %w", c.name, err)
		}
		row = append(row, v)
	}
	if t.key(row[0]) != key {
		return nil, nil, fmt.Errorf("it is row %.63s", t.key(row[0]))
	}
	if t.grants != "" {
		err = json.Unmarshal(parts[len(t.columns)], &grants)
	}
	return row, grants, err
}

func (c column) parse(as json.RawMessage) (any, error) {
	null := string(as) == "null"
	switch c.kind {
	case text:
		return parseAs[string](as, null)
	case bytes64:
		return parseAs[[]byte](as, null)
	case sealed:
		if null {
			return nil, nil
		}
		return parseAs[string](as, false)
	case optional:
		if null {
			return nil, nil
		}
	}
	return parseAs[int64](as, null)
}

func parseAs[T any](as json.RawMessage, null bool) (v T, err error) {
	if null {
		return v, fmt.Errorf("is missing")
	}
	return v, json.Unmarshal(as, &v)
}

// apply makes the rows what they are to be, and gives the names of the tables that
// changed.
func (s *Store) apply(ctx context.Context, tx *sql.Tx, is, toBe rows) (changed map[string]bool, err error) {
	changed = make(map[string]bool)
	for _, t := range commonTables {
		for key := range is {
			if _, stays := toBe[key]; stays || !strings.HasPrefix(key, t.name+"/") {
				continue
			}
			row, _, err := t.parse(key, is[key])
			if err == nil {
				_, err = tx.ExecContext(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s = ?", t.name, t.columns[0].name), row[0])
			}
			if err != nil {
				return nil, fmt.Errorf("removing %s: %w", key, err)
			}
			changed[t.name] = true
		}
	}
	for _, t := range commonTables {
		for key, as := range toBe {
			if !strings.HasPrefix(key, t.name+"/") || string(is[key]) == string(as) {
				continue
			}
			if err := s.put(ctx, tx, t, key, as); err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			changed[t.name] = true
		}
	}
	return changed, cmp.Or(touch(ctx, tx, is, toBe), countOn(ctx, tx, toBe))
}

// put makes a row what it is to be.
func (s *Store) put(ctx context.Context, tx *sql.Tx, t table, key string, as json.RawMessage) error {
	row, grants, err := t.parse(key, as)
	if err != nil {
		return err
	}
	var names, marks, sets []string
	for i, c := range t.columns {
		if plain, ok := row[i].(string); ok && c.kind == sealed {
			row[i] = s.seal.seal(plain, t.place(row))
		}
		names, marks = append(names, c.name), append(marks, "?")
		sets = append(sets, c.name+" = excluded."+c.name)
	}
	if t.used != "" {
		names, marks, row = append(names, t.used), append(marks, "?"), append(row, t.unused(row))
	}
	statement := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (%s) DO UPDATE SET %s", t.name,
		strings.Join(names, ", "), strings.Join(marks, ", "), names[0], strings.Join(sets[1:], ", "))
	if _, err := tx.ExecContext(ctx, statement, row...); err != nil {
		return err
	}
	if t.grants == "" {
		return nil
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s = ?", t.grants, t.owner), row[0]); err != nil {
		return err
	}
	return insertGrants(ctx, tx, t.grants, row[0].(int64), grants)
}

// unused is when a row was last used of which nobody says so: a session when it began.
func (t table) unused(row []any) any {
	if i := slices.Index(t.columns, column{"created_ms", number}); t.name == "sessions" {
		return row[i]
	}
	return 0
}

// touch notes what was used elsewhere. It moves no table.
func touch(ctx context.Context, tx *sql.Tx, is, toBe rows) error {
	for key, as := range toBe {
		row, isUsed := strings.CutPrefix(key, usedKey)
		t, ok := tableOf(row)
		if !isUsed || !ok || string(is[key]) == string(as) {
			continue
		}
		at, err := strconv.ParseInt(string(as), 10, 64)
		if err != nil {
			return err
		}
		_, id, _ := strings.Cut(row, "/")
		statement := fmt.Sprintf("UPDATE %s SET %s = max(%s, ?) WHERE %s = ?", t.name, t.used, t.used, t.columns[0].name)
		if _, err := tx.ExecContext(ctx, statement, at, id); err != nil {
			return err
		}
	}
	return nil
}

// countOn has no number given again that was given anywhere.
func countOn(ctx context.Context, tx *sql.Tx, toBe rows) error {
	for _, name := range counted {
		n, err := strconv.ParseInt(string(toBe[sequence+"/"+name]), 10, 64)
		if err != nil {
			continue // none was given
		}
		result, err := tx.ExecContext(ctx, "UPDATE "+sequence+" SET seq = max(seq, ?) WHERE name = ?", n, name)
		if err := changedOne(result, err); err == nil {
			continue
		} else if err != ErrUnknown {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO "+sequence+" (name, seq) VALUES (?, ?)", name, n); err != nil {
			return err
		}
	}
	return nil
}

// check says what is wrong with rows that another node wrote, as far as they show it.
func (all rows) check() error {
	users, admins := 0, 0
	for key, as := range all {
		if !known(key) {
			return fmt.Errorf("%.63q is nothing that nodes have in common", key)
		}
		t, ok := tableOf(key)
		if !ok {
			if _, err := strconv.ParseInt(string(as), 10, 64); err != nil {
				return fmt.Errorf("%.63q: %w", key, err)
			}
			continue
		}
		_, grants, err := t.parse(key, as)
		if err != nil {
			return fmt.Errorf("%.63q: %w", key, err)
		}
		if t.name == "users" {
			users++
			if slices.ContainsFunc(grants, func(g Grant) bool { return g.Action == AdminAction }) {
				admins++
			}
		}
	}
	if users > 0 && admins == 0 {
		return ErrLastAdmin
	}
	whole := maps.Clone(all)
	if whole.withoutOrphans(); len(whole) < len(all) {
		return errors.New("something in it belongs to a user who is not there")
	}
	return nil
}

// withoutOrphans leaves out what belongs to users that are not there.
func (all rows) withoutOrphans() {
	for key, as := range all {
		t, ok := tableOf(key)
		if !ok || t.of == 0 {
			continue
		}
		row, _, err := t.parse(key, as)
		if err != nil || row[t.of] == nil {
			continue
		}
		if _, there := all[fmt.Sprint("users/", row[t.of])]; !there {
			delete(all, key)
		}
	}
	for key := range all {
		if row, isUsed := strings.CutPrefix(key, usedKey); isUsed && all[row] == nil {
			delete(all, key)
		}
	}
}

// own says whether somebody put anything in by hand.
func (all rows) own() bool {
	for key := range all {
		if t, ok := tableOf(key); ok && slices.Contains([]string{"users", "tokens", "links", "cameras", "settings", "notified"}, t.name) {
			return true
		}
	}
	return false
}

// cameras gives the cameras among rows that are sound.
func (all rows) cameras() (cameras []Camera) {
	for key, as := range all {
		if t, ok := tableOf(key); ok && t.name == "cameras" {
			if row, _, err := t.parse(key, as); err == nil {
				c := Camera{ID: row[0].(string), Document: row[1].([]byte)}
				if plain, ok := row[2].(string); ok {
					c.Secret = secret.New(plain)
				}
				cameras = append(cameras, c)
			}
		}
	}
	return cameras
}

func known(key string) bool {
	_, ok := tableOf(key)
	return ok || isCount(key)
}

// usedKey begins the keys of when something was used, before those of its row.
const usedKey = "used/"

// isCount says of a row that it is a number that only grows.
func isCount(key string) bool {
	if name, ok := strings.CutPrefix(key, sequence+"/"); ok {
		return slices.Contains(counted, name)
	}
	row, ok := strings.CutPrefix(key, usedKey)
	t, is := tableOf(row)
	return ok && is && t.used != ""
}

func tableOf(key string) (table, bool) {
	name, _, _ := strings.Cut(key, "/")
	i := slices.IndexFunc(commonTables, func(t table) bool { return t.name == name })
	if i < 0 {
		return table{}, false
	}
	return commonTables[i], true
}
