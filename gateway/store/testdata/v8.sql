-- A database of version 7, as commit 1e01dbf wrote it, with what version 8 adds. Its key:
-- f220b442e55e2649575d1a00311dfd6302cb0e34039210f611a412f424100792
PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1181185125;
PRAGMA user_version = 8;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE changes (
	area TEXT PRIMARY KEY,
	n    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO changes VALUES('access',9);
INSERT INTO changes VALUES('cameras',4);
INSERT INTO changes VALUES('notified',3);
CREATE TABLE secrets (
	name  TEXT PRIMARY KEY,
	value BLOB NOT NULL -- sealed
) STRICT, WITHOUT ROWID;
INSERT INTO secrets VALUES('key-check',X'015e17e7faf43bd6d7ea63bea742c79a473b16be04153e44dd25dbc2ca78f78c1cf1427d310c');
INSERT INTO secrets VALUES('links',X'010f1a5c27a4c2881f2fc4926186ac52ec57c1e7c0bb33d5488d88149a597656b715fad4bfe50f0a9725f02cf2');
CREATE TABLE cameras (
	id         TEXT PRIMARY KEY,
	document   BLOB NOT NULL,
	secret     BLOB, -- sealed
	revision   INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO cameras VALUES('front',X'7b226e616d65223a2246726f6e74222c22736f75726365223a22727473703a2f2f3139322e3136382e312e32303a3535342f73747265616d31222c22757365726e616d65223a22766965776572222c226b656570223a22616c77617973222c227265636f7264223a7b226d6f6465223a22636f6e74696e756f7573227d7d',X'01fdaee16bada746f4d06491572d74288166d29b82c7c9dd4704b4a194b44ac479d6b9b85dc7e103388890b24436f1619b17',2,1795987470931,1795987470931);
INSERT INTO cameras VALUES('phone',X'7b226e616d65223a22412070686f6e65222c22736f75726365223a2275706c6f61643a227d',NULL,4,1795987470933,1795987470934);
CREATE TABLE users (
	id         INTEGER PRIMARY KEY AUTOINCREMENT, -- an id is never used again
	name       TEXT NOT NULL UNIQUE COLLATE NOCASE,
	password   TEXT NOT NULL, -- hash
	generation INTEGER NOT NULL, -- which password this is
	created_ms INTEGER NOT NULL
, first INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO users VALUES(1,'admin','hash of the admin',1,1795987470918,1);
INSERT INTO users VALUES(2,'anna','another hash of anna',2,1795987470921,0);
CREATE TABLE user_grants (
	user   INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	camera TEXT NOT NULL,
	action TEXT NOT NULL,
	PRIMARY KEY (user, camera, action)
) STRICT, WITHOUT ROWID;
INSERT INTO user_grants VALUES(1,'','admin');
INSERT INTO user_grants VALUES(2,'*','playback');
INSERT INTO user_grants VALUES(2,'front','view');
CREATE TABLE tokens (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	name       TEXT NOT NULL UNIQUE COLLATE NOCASE,
	hash       BLOB NOT NULL UNIQUE,
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,
	used_ms    INTEGER NOT NULL
, text BLOB) STRICT;
INSERT INTO tokens VALUES(1,'nvr',X'68617368206f66206e7672',1795987470926,4950849600000,1795183200000,NULL);
INSERT INTO tokens VALUES(2,'prometheus',X'68617368206f662070726f6d657468657573',1795987470928,0,0,NULL);
INSERT INTO tokens VALUES(3,'recorder',X'68617368206f66207265636f72646572',1795987470956,0,0,X'0147614f6eea75a56e02c4a6037465ec9c1c52b7dbac25a8e0c86af280a8c7b2b6e621ef89b1868e3c80cc');
CREATE TABLE token_grants (
	token  INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
	camera TEXT NOT NULL,
	action TEXT NOT NULL,
	PRIMARY KEY (token, camera, action)
) STRICT, WITHOUT ROWID;
INSERT INTO token_grants VALUES(1,'*','view');
INSERT INTO token_grants VALUES(2,'','metrics');
INSERT INTO token_grants VALUES(3,'front','view');
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
INSERT INTO sessions VALUES(1,X'73657373696f6e',2,1795987470930,1795987470930,4950849600000,'192.0.2.1','Firefox');
CREATE TABLE logins (
	hash       BLOB PRIMARY KEY,
	user       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO logins VALUES(X'6c6f67696e',1,4950849600000);
CREATE TABLE places (
	user    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	network TEXT NOT NULL, -- in which the user logged in
	seen_ms INTEGER NOT NULL,
	PRIMARY KEY (user, network)
) STRICT, WITHOUT ROWID;
INSERT INTO places VALUES(2,'192.0.2.0/24',1795176000000);
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
INSERT INTO links VALUES(1,'dashboard','front','view','user:admin',1795987470955,0,0);
CREATE TABLE preferences (
	owner    INTEGER PRIMARY KEY, -- the user's id; 0 is whoever comes where auth is off
	user     INTEGER REFERENCES users (id) ON DELETE CASCADE, -- the same, NULL for 0
	document BLOB NOT NULL
) STRICT;
INSERT INTO preferences VALUES(2,2,X'7b2277616c6c223a7b226f72646572223a5b2266726f6e74222c2270686f6e65225d7d7d');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('users',3);
INSERT INTO sqlite_sequence VALUES('tokens',3);
INSERT INTO sqlite_sequence VALUES('sessions',1);
INSERT INTO sqlite_sequence VALUES('links',1);
CREATE INDEX sessions_by_user ON sessions (user, seen_ms);
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
CREATE TRIGGER links_changed AFTER UPDATE OF name, camera, action, expires_ms ON links BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE TRIGGER links_removed AFTER DELETE ON links BEGIN UPDATE changes SET n = n + 1 WHERE area = 'access'; END;
CREATE INDEX preferences_by_user ON preferences (user);
CREATE TABLE settings (
	key   TEXT PRIMARY KEY, -- of the configuration
	value TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;
INSERT INTO settings VALUES('limits.viewers','["3"]');
CREATE TABLE notified (
	name       TEXT PRIMARY KEY, -- webhook/ and its own name, or mqtt
	revision   INTEGER NOT NULL, -- here, so that a page of cameras in the place of one of these does not pass for it
	document   BLOB NOT NULL,
	secret     BLOB, -- sealed
	created_ms INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO notified VALUES('mqtt',3,X'7B2275726C223A226D7174743A2F2F3139322E3136382E312E353A31383833227D',NULL,1796038541612,1796038541612);
INSERT INTO notified VALUES('webhook/ops',2,X'7B226576656E7473223A5B2263616D6572615F6F66666C696E65225D7D',X'01F284A19BAFA23940AE90AD412CF5872A7ADC3FB3E5E0521AC0DE4F2872AF1FC923DADBCBFA2A833D81E943B39DDBAB4B39C39CE9293633B6586462E1BCF5',1796038541610,1796038541610);
CREATE TRIGGER notified_added AFTER INSERT ON notified BEGIN UPDATE changes SET n = n + 1 WHERE area = 'notified'; END;
CREATE TRIGGER notified_changed AFTER UPDATE ON notified BEGIN UPDATE changes SET n = n + 1 WHERE area = 'notified'; END;
CREATE TRIGGER notified_removed AFTER DELETE ON notified BEGIN UPDATE changes SET n = n + 1 WHERE area = 'notified'; END;
COMMIT;
