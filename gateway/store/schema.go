package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// applicationID marks our databases among others (PRAGMA application_id): "Fgte".
const applicationID = 0x46677465

// pageBytes is the unit in which the file grows.
const pageBytes = 4096

// migrations lead from each version of the database (PRAGMA user_version) to
// the next; the first makes version 1. One that was released never changes.
//
// Times are milliseconds since 1970, 0 for never. The triggers move the
// revisions, so that no write can forget to, not even one by hand.
var migrations = []string{`
CREATE TABLE changes (
	area TEXT PRIMARY KEY,
	n    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO changes VALUES ('access', 1), ('cameras', 1);

CREATE TABLE secrets (
	name  TEXT PRIMARY KEY,
	value BLOB NOT NULL -- sealed
) STRICT, WITHOUT ROWID;

CREATE TABLE cameras (
	id         TEXT PRIMARY KEY,
	document   BLOB NOT NULL,
	secret     BLOB, -- sealed
	revision   INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
	id         INTEGER PRIMARY KEY AUTOINCREMENT, -- an id is never used again
	name       TEXT NOT NULL UNIQUE COLLATE NOCASE,
	password   TEXT NOT NULL, -- hash
	generation INTEGER NOT NULL, -- which password this is
	created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE user_grants (
	user   INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	camera TEXT NOT NULL,
	action TEXT NOT NULL,
	PRIMARY KEY (user, camera, action)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	name       TEXT NOT NULL UNIQUE COLLATE NOCASE,
	hash       BLOB NOT NULL UNIQUE,
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,
	used_ms    INTEGER NOT NULL
) STRICT;

CREATE TABLE token_grants (
	token  INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
	camera TEXT NOT NULL,
	action TEXT NOT NULL,
	PRIMARY KEY (token, camera, action)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	hash       BLOB NOT NULL UNIQUE,
	user       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	created_ms INTEGER NOT NULL,
	seen_ms    INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,
	address    TEXT NOT NULL,
	agent      TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user, seen_ms);

CREATE TABLE logins (
	hash       BLOB PRIMARY KEY,
	user       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX logins_by_user ON logins (user);

CREATE TRIGGER users_changed AFTER UPDATE OF name, generation ON users BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE TRIGGER users_removed AFTER DELETE ON users BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE TRIGGER user_grants_added AFTER INSERT ON user_grants BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE TRIGGER user_grants_changed AFTER UPDATE ON user_grants BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE TRIGGER user_grants_removed AFTER DELETE ON user_grants BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE TRIGGER tokens_changed AFTER UPDATE OF name, hash, expires_ms ON tokens BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE TRIGGER tokens_removed AFTER DELETE ON tokens BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE TRIGGER token_grants_added AFTER INSERT ON token_grants BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE TRIGGER token_grants_changed AFTER UPDATE ON token_grants BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE TRIGGER token_grants_removed AFTER DELETE ON token_grants BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE TRIGGER sessions_changed AFTER UPDATE OF hash, user, expires_ms ON sessions BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE TRIGGER sessions_removed AFTER DELETE ON sessions BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE TRIGGER cameras_added AFTER INSERT ON cameras BEGIN UPDATE changes SET n = n + 1 WHERE area = 'cameras'; END;
CREATE TRIGGER cameras_changed AFTER UPDATE ON cameras BEGIN UPDATE changes SET n = n + 1 WHERE area = 'cameras'; END;
CREATE TRIGGER cameras_removed AFTER DELETE ON cameras BEGIN UPDATE changes SET n = n + 1 WHERE area = 'cameras'; END;
`, `
CREATE TABLE places (
	user    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	network TEXT NOT NULL, -- in which the user logged in
	seen_ms INTEGER NOT NULL,
	PRIMARY KEY (user, network)
) STRICT, WITHOUT ROWID;
`, `
CREATE TABLE links (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	name       TEXT NOT NULL,
	camera     TEXT NOT NULL,
	action     TEXT NOT NULL,
	maker      TEXT NOT NULL,
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,
	used_ms    INTEGER NOT NULL
) STRICT;
CREATE TRIGGER links_changed AFTER UPDATE OF name, camera, action, expires_ms ON links BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE TRIGGER links_removed AFTER DELETE ON links BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
`, `
CREATE TABLE preferences (
	owner    INTEGER PRIMARY KEY, -- the user's id; 0 is whoever comes where auth is off
	user     INTEGER REFERENCES users (id) ON DELETE CASCADE, -- the same, NULL for 0
	document BLOB NOT NULL
) STRICT;
CREATE INDEX preferences_by_user ON preferences (user);
`, `
ALTER TABLE users ADD COLUMN first INTEGER NOT NULL DEFAULT 0; -- 1 while the password is that of the first start
`, `
ALTER TABLE tokens ADD COLUMN text BLOB; -- sealed; NULL: the hash is all there is of it
`, `
CREATE TABLE settings (
	key   TEXT PRIMARY KEY, -- of the configuration
	value TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;
`, `
CREATE TABLE notified (
	name       TEXT PRIMARY KEY, -- webhook/ and its own name, or mqtt
	revision   INTEGER NOT NULL, -- here, so that a page of cameras in the place of one of these does not pass for it
	document   BLOB NOT NULL,
	secret     BLOB, -- sealed
	created_ms INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO changes VALUES ('notified', 1);
CREATE TRIGGER notified_added AFTER INSERT ON notified BEGIN UPDATE changes SET n = n + 1 WHERE area = 'notified'; END;
CREATE TRIGGER notified_changed AFTER UPDATE ON notified BEGIN UPDATE changes SET n = n + 1 WHERE area = 'notified'; END;
CREATE TRIGGER notified_removed AFTER DELETE ON notified BEGIN UPDATE changes SET n = n + 1 WHERE area = 'notified'; END;
`}

// fillDatabase makes an empty file a database of the present version.
func fillDatabase(ctx context.Context, name string, seal *sealer) error {
	db, err := connect(name, busyTimeout)
	if err != nil {
		return err
	}
	defer db.Close()
	// These belong to the file and stay with it.
	settings := fmt.Sprintf("PRAGMA page_size = %d; PRAGMA journal_mode = WAL; PRAGMA application_id = %d", pageBytes, applicationID)
	if _, err := db.ExecContext(ctx, settings); err != nil {
		return err
	}
	if err := migrate(ctx, db, name, migrations); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "INSERT INTO secrets VALUES (?, ?)", keyCheckName, seal.seal(keyCheckText, secretPlace(keyCheckName)))
	if err != nil {
		return err
	}
	return db.Close() // writes the log into the file, which is complete then
}

// checkHeader looks whether this is a database of ours that we understand.
func checkHeader(ctx context.Context, db *sql.DB, name string) error {
	var id, version int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	if id != applicationID {
		return damaged(name, "a database of another program, or its first page is overwritten")
	}
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version < 1 {
		return damaged(name, "without a version")
	}
	return refuseNewer(name, version, len(migrations))
}

func refuseNewer(name string, version, known int) error {
	if version > known {
		return fmt.Errorf("%s %w (version %d, this one knows %d): start that Framegate, or restore a backup from before it", name, ErrNewer, version, known)
	}
	return nil
}

// migrate brings the database to the version that the migrations lead to, in one
// transaction.
func migrate(ctx context.Context, db *sql.DB, name string, migrations []string) error {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil || version == len(migrations) {
		return err
	}
	return transact(ctx, db, func(tx *sql.Tx) error {
		// Again, now that no other process can be at it.
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if err := refuseNewer(name, version, len(migrations)); err != nil {
			return err
		}
		for ; version < len(migrations); version++ {
			if _, err := tx.ExecContext(ctx, migrations[version]); err != nil {
				return fmt.Errorf("migrating from version %d: %w", version, err)
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
		return err
	})
}

// checkPages has SQLite look at every page, index and constraint.
func checkPages(ctx context.Context, db *sql.DB, name string) error {
	var answer string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&answer); err != nil {
		return err
	}
	if answer != "ok" {
		return damaged(name, strings.Join(strings.Fields(answer), " "))
	}
	return nil
}
