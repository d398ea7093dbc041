-- A database of version 2, as commit 8f4c4c2 wrote it. Its key:
-- c1ecb473c7448a3093458fb858c199a1302582011fdbb6e6f0ed605f1b82e0a1
PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1181185125;
PRAGMA user_version = 2;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE changes (
	area TEXT PRIMARY KEY,
	n    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO changes VALUES('access',8);
INSERT INTO changes VALUES('cameras',4);
CREATE TABLE secrets (
	name  TEXT PRIMARY KEY,
	value BLOB NOT NULL -- sealed
) STRICT, WITHOUT ROWID;
INSERT INTO secrets VALUES('key-check',X'01d32c9eeef4203b108d652a9f4f856250faff2569c3b99c6d17fae2d2748a1a3c9b6181844a');
INSERT INTO secrets VALUES('links',X'01d9b274b7be11d677cc3c39548110446b246eda7718ed376b14e5cb8c6edc9050aae9bdc6899ddeae76aa9dc8');
CREATE TABLE cameras (
	id         TEXT PRIMARY KEY,
	document   BLOB NOT NULL,
	secret     BLOB, -- sealed
	revision   INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO cameras VALUES('front',X'7b226e616d65223a2246726f6e74222c22736f75726365223a22727473703a2f2f3139322e3136382e312e32303a3535342f73747265616d31222c22757365726e616d65223a22766965776572222c226b656570223a22616c77617973222c227265636f7264223a7b226d6f6465223a22636f6e74696e756f7573227d7d',X'01efbe270683fd21f3aedb9b6505dbab6f11c2a86c2b2c1300df54ae2b10f2c06fdf220f384c90fcdf7d28117a087245735d',2,1795986794911,1795986794911);
INSERT INTO cameras VALUES('phone',X'7b226e616d65223a22412070686f6e65222c22736f75726365223a2275706c6f61643a227d',NULL,4,1795986794912,1795986794913);
CREATE TABLE users (
	id         INTEGER PRIMARY KEY AUTOINCREMENT, -- an id is never used again
	name       TEXT NOT NULL UNIQUE COLLATE NOCASE,
	password   TEXT NOT NULL, -- hash
	generation INTEGER NOT NULL, -- which password this is
	created_ms INTEGER NOT NULL
) STRICT;
INSERT INTO users VALUES(1,'admin','hash of the admin',1,1795986794878);
INSERT INTO users VALUES(2,'anna','another hash of anna',2,1795986794888);
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
) STRICT;
INSERT INTO tokens VALUES(1,'nvr',X'68617368206f66206e7672',1795986794909,4950849600000,1795183200000);
INSERT INTO tokens VALUES(2,'prometheus',X'68617368206f662070726f6d657468657573',1795986794909,0,0);
CREATE TABLE token_grants (
	token  INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
	camera TEXT NOT NULL,
	action TEXT NOT NULL,
	PRIMARY KEY (token, camera, action)
) STRICT, WITHOUT ROWID;
INSERT INTO token_grants VALUES(1,'*','view');
INSERT INTO token_grants VALUES(2,'','metrics');
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
INSERT INTO sessions VALUES(1,X'73657373696f6e',2,1795986794910,1795986794910,4950849600000,'192.0.2.1','Firefox');
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
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('users',3);
INSERT INTO sqlite_sequence VALUES('tokens',2);
INSERT INTO sqlite_sequence VALUES('sessions',1);
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
COMMIT;
