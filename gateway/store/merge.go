package store

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// marks are short digests of rows, by table and key.
type marks map[string]string

func (all rows) marks() marks {
	m := make(marks, len(all))
	for key, as := range all {
		m[key] = markOf(as)
	}
	return m
}

func markOf(as json.RawMessage) string {
	sum := sha256.Sum256(as)
	return base64.RawStdEncoding.EncodeToString(sum[:9])
}

// same says whether these are the rows.
func (m marks) same(all rows) bool {
	if len(m) != len(all) {
		return false
	}
	for key, as := range all {
		if m[key] != markOf(as) {
			return false
		}
	}
	return true
}

// merge gives what another node's rows become with what was changed here since both
// were as base says. A row that both added is the other's; lost names those.
func merge(base marks, here, other rows) (merged rows, lost []string) {
	merged = make(rows, len(other))
	for key, as := range other {
		merged[key] = as
	}
	for key, as := range here {
		_, both := other[key]
		switch before, had := base[key]; {
		case had && before == markOf(as): // it was not changed here
		case isCount(key):
			merged[key] = largest(as, other[key])
		case !had && both:
			if string(other[key]) != string(as) {
				lost = append(lost, key)
			}
		case had && !both: // it was removed there
		default:
			merged[key] = as
		}
	}
	for key := range base {
		if _, stays := here[key]; !stays && !isCount(key) {
			delete(merged, key)
		}
	}
	merged.withoutOldLogins(here, other)
	merged.withoutOrphans()
	return merged, lost
}

// withoutOldLogins leaves out the sessions and logins of users who have another password
// now, or another hash of it, than where these were made: who changed it ended all that
// were, also those made elsewhere meanwhile.
func (all rows) withoutOldLogins(here, other rows) {
	for key, as := range all {
		t, ok := tableOf(key)
		if !ok || t.name != "sessions" && t.name != "logins" {
			continue
		}
		row, _, err := t.parse(key, as)
		if err != nil {
			continue
		}
		made := here
		if _, there := other[key]; there {
			made = other
		}
		if user := fmt.Sprint("users/", row[t.of]); passwordOf(user, made[user]) != passwordOf(user, all[user]) {
			delete(all, key)
		}
	}
}

// passwordOf gives which password a user has; "" of one who is not there.
func passwordOf(key string, as json.RawMessage) string {
	t, ok := tableOf(key)
	if !ok {
		return ""
	}
	row, _, err := t.parse(key, as)
	if err != nil {
		return ""
	}
	return fmt.Sprint(row[slices.Index(t.columns, column{"generation", number})], " ", row[slices.Index(t.columns, column{"password", text})])
}

// largest gives the larger of two numbers.
func largest(a, b json.RawMessage) json.RawMessage {
	x, _ := strconv.ParseInt(string(a), 10, 64)
	y, _ := strconv.ParseInt(string(b), 10, 64)
	if x > y {
		return a
	}
	return b
}
